//! Accepting at, receiving from and sending to a descriptor that a Python socket object owns.
//!
//! The descriptor is a plain number here: the program may close its socket at any time, which these calls then report as
//! EBADF, as the socket object's own methods would.

use std::io;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};

use rustix::net::addr::SocketAddrStorage;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrAny, SocketFlags, acceptfrom_with, connect,
    recv, recvfrom, send, sendto,
};
use twinloop_loop::net::Boundaries;

/// What a short read of a socket proves.
pub(crate) fn boundaries_of(fd: RawFd) -> Boundaries {
    borrow(fd).map_or(Boundaries::Anywhere, Boundaries::of)
}

/// What is in an address of the family AF_UNIX behind the family, as long as the kernel says; `None` for any other family.
///
/// rustix's own reading of it takes a path that fills the field for a defect, and no name for one of the abstract namespace.
pub(crate) fn unix_name(address: &SocketAddrAny) -> Option<&[u8]> {
    if address.address_family() != AddressFamily::UNIX {
        return None;
    }
    let length = (address.addr_len() as usize)
        .min(size_of::<SocketAddrStorage>())
        .saturating_sub(size_of::<u16>());
    // SAFETY: the storage is initialised and at least as long as the address; the family is the u16 at its beginning.
    unsafe {
        let start = address.as_ptr().cast::<u8>().add(size_of::<u16>());
        Some(std::slice::from_raw_parts(start, length))
    }
}

/// Accepts a connection that waits at a listening socket that does not block: a socket that does not block either, and the peer.
pub(crate) fn accept(fd: RawFd) -> io::Result<(OwnedFd, Option<SocketAddrAny>)> {
    retry(|| acceptfrom_with(borrow(fd)?, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK))
}

/// Receives once, without blocking.
pub(crate) fn receive(fd: RawFd, memory: &mut [u8]) -> io::Result<usize> {
    retry(|| recv(borrow(fd)?, &mut *memory, RecvFlags::DONTWAIT).map(|(count, _)| count))
}

/// Sends once, without blocking.
pub(crate) fn transmit(fd: RawFd, data: &[u8]) -> io::Result<usize> {
    retry(|| send(borrow(fd)?, data, SendFlags::DONTWAIT | SendFlags::NOSIGNAL))
}

/// Receives one datagram, without blocking, and where it came from.
pub(crate) fn receive_from(
    fd: RawFd,
    memory: &mut [u8],
) -> io::Result<(usize, Option<SocketAddrAny>)> {
    retry(|| {
        let (count, _, address) = recvfrom(borrow(fd)?, &mut *memory, RecvFlags::DONTWAIT)?;
        Ok((count, address))
    })
}

/// Sends one datagram, without blocking, to an address or to the peer that the socket is connected to.
pub(crate) fn transmit_to(
    fd: RawFd,
    data: &[u8],
    address: Option<&SocketAddrAny>,
) -> io::Result<usize> {
    let Some(address) = address else {
        return transmit(fd, data);
    };
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    retry(|| sendto(borrow(fd)?, data, flags, address))
}

/// Begins to connect a socket that does not block, or tells how that went.
pub(crate) fn begin_connect(fd: RawFd, address: &SocketAddrAny) -> Result<(), rustix::io::Errno> {
    connect(borrow(fd)?, address)
}

/// Takes over a descriptor that the caller gives up; one that is not open is refused.
pub(crate) fn owned(fd: RawFd) -> io::Result<OwnedFd> {
    rustix::io::fcntl_getfd(borrow(fd)?)?;
    // SAFETY: open, and the caller's to give: whoever calls this lets go of it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn retry<T>(mut call: impl FnMut() -> Result<T, rustix::io::Errno>) -> io::Result<T> {
    loop {
        match call() {
            Err(rustix::io::Errno::INTR) => {}
            result => return Ok(result?),
        }
    }
}

fn borrow<'a>(fd: RawFd) -> Result<BorrowedFd<'a>, rustix::io::Errno> {
    if fd < 0 {
        return Err(rustix::io::Errno::BADF);
    }
    // SAFETY: not -1, and only used for one system call, which reports EBADF if the number is not open any more.
    Ok(unsafe { BorrowedFd::borrow_raw(fd) })
}
