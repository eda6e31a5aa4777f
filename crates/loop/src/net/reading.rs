//! Reading from a stream's descriptor, and what a short read proves.
//!
//! An edge-triggered registration is told of arriving bytes once, so the loop has to know when a descriptor is empty. That a
//! read did not fill its buffer says so, and spares asking again until EAGAIN, only where bytes are all there is: the kernel
//! also stops at the descriptors and credentials that travel with bytes on Unix sockets, at urgent data (which the driver
//! reports as `Readiness::PRIORITY`) and between packets. Loop thread only.

use std::io::IoSliceMut;
use std::os::fd::BorrowedFd;

use rustix::buffer::spare_capacity;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvFlags, ReturnFlags, SocketType, ipproto, recv, recvmsg,
    sockopt,
};

use super::stream::DescriptorKind;

/// Where the kernel ends a read although there is more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boundaries {
    /// Nowhere: TCP.
    None,
    /// After bytes that something else travelled with, which `recvmsg` tells by MSG_CTRUNC: Unix stream sockets.
    Flagged,
    /// Anywhere: lines of a terminal, packets, and pipes, whose reading end does not tell whether its writer sends packets
    /// (O_DIRECT).
    Anywhere,
}

impl Boundaries {
    /// Of a socket. Asks the kernel, as what a program says of its sockets need not be true.
    #[must_use]
    pub fn of(fd: BorrowedFd<'_>) -> Boundaries {
        // A stream of the internet may be of another protocol, with messages in it (SCTP). Asked first, as most are TCP.
        if sockopt::socket_protocol(fd) == Ok(Some(ipproto::TCP)) {
            return Boundaries::None;
        }
        let is_unix = sockopt::socket_domain(fd) == Ok(AddressFamily::UNIX);
        if is_unix && sockopt::socket_type(fd) == Ok(SocketType::STREAM) {
            Boundaries::Flagged
        } else {
            Boundaries::Anywhere
        }
    }
}

/// What one system call came to.
pub(super) struct Read {
    pub(super) count: usize,
    /// The kernel may have stopped before the descriptor was empty.
    pub(super) at_boundary: bool,
}

/// Reads once, without blocking.
pub(super) fn read(
    fd: BorrowedFd<'_>,
    kind: DescriptorKind,
    boundaries: Boundaries,
    buffer: &mut [u8],
) -> Result<Read, Errno> {
    let count = match (kind, boundaries) {
        (DescriptorKind::Socket, Boundaries::Flagged) => {
            return read_flagged(fd, buffer);
        }
        (DescriptorKind::Socket, _) => recv(fd, buffer, RecvFlags::DONTWAIT)?.0,
        (DescriptorKind::Pipe | DescriptorKind::Device, _) => rustix::io::read(fd, buffer)?,
    };
    Ok(Read {
        count,
        at_boundary: boundaries == Boundaries::Anywhere,
    })
}

/// As [`read`], from a socket whose boundaries are not flagged, into what a vector has room for, which is not cleared first.
pub(super) fn read_into(
    fd: BorrowedFd<'_>,
    boundaries: Boundaries,
    buffer: &mut Vec<u8>,
) -> Result<Read, Errno> {
    Ok(Read {
        count: recv(fd, spare_capacity(buffer), RecvFlags::DONTWAIT)?.0,
        at_boundary: boundaries == Boundaries::Anywhere,
    })
}

fn read_flagged(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<Read, Errno> {
    // Without room for what travels with the bytes the kernel drops it, as `recv` would, but says so.
    let mut nothing = RecvAncillaryBuffer::default();
    let buffers = &mut [IoSliceMut::new(buffer)];
    let message = recvmsg(fd, buffers, &mut nothing, RecvFlags::DONTWAIT)?;
    Ok(Read {
        count: message.bytes,
        at_boundary: message.flags.contains(ReturnFlags::CTRUNC),
    })
}
