//! Receiving from and sending to a descriptor that a Python socket object owns.
//!
//! The descriptor is a plain number here: the program may close its socket at any time, which these calls then report as
//! EBADF, as the socket object's own methods would.

use std::io;
use std::os::fd::{BorrowedFd, RawFd};

use rustix::net::{RecvFlags, SendFlags, recv, send};

/// Receives once, without blocking.
pub(crate) fn receive(fd: RawFd, memory: &mut [u8]) -> io::Result<usize> {
    retry(|| recv(borrow(fd)?, &mut *memory, RecvFlags::DONTWAIT).map(|(count, _)| count))
}

/// Sends once, without blocking.
pub(crate) fn transmit(fd: RawFd, data: &[u8]) -> io::Result<usize> {
    retry(|| send(borrow(fd)?, data, SendFlags::DONTWAIT | SendFlags::NOSIGNAL))
}

fn retry(mut call: impl FnMut() -> Result<usize, rustix::io::Errno>) -> io::Result<usize> {
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
