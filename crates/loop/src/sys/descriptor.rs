//! A socket's descriptor, owned here or by somebody else, and the read that fills uninitialised memory.

use std::any::Any;
use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use rustix::fs::{Mode, OFlags};
use rustix::io::DupFlags;
use rustix::net::{RecvFlags, recv};
use tokio::io::ReadBuf;

/// An open descriptor. Dropping it closes it, or drops the owner that does.
pub(crate) enum Descriptor {
    Owned(OwnedFd),
    Shared { fd: RawFd, _owner: Box<dyn Any> },
}

impl Descriptor {
    pub(crate) fn owned(fd: OwnedFd) -> Descriptor {
        Descriptor::Owned(fd)
    }

    pub(crate) fn shared(fd: RawFd, owner: Box<dyn Any>) -> io::Result<Descriptor> {
        if fd < 0 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("invalid file descriptor: {fd}"),
            ));
        }
        Ok(Descriptor::Shared { fd, _owner: owner })
    }
}

impl AsFd for Descriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Descriptor::Owned(fd) => fd.as_fd(),
            // SAFETY: not -1 (checked by `shared`), and kept open by the owner beside it. An owner that a program closes
            // early (a Python socket) makes the system call answer EBADF, or reach another socket of the same
            // program, as it would through that language's own socket API; memory is not at stake.
            Descriptor::Shared { fd, .. } => unsafe { BorrowedFd::borrow_raw(*fd) },
        }
    }
}

impl AsRawFd for Descriptor {
    fn as_raw_fd(&self) -> RawFd {
        match self {
            Descriptor::Owned(fd) => fd.as_raw_fd(),
            Descriptor::Shared { fd, .. } => *fd,
        }
    }
}

/// A duplicate of the open descriptor `fd`, closed on exec.
///
/// # Errors
/// `InvalidInput` for a negative number, EBADF for one that is not open.
pub fn duplicate(fd: RawFd) -> io::Result<OwnedFd> {
    if fd < 0 {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("invalid file descriptor: {fd}"),
        ));
    }
    // SAFETY: not -1; the borrow lives for one system call, which answers EBADF if the number is not open.
    let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
    Ok(rustix::io::fcntl_dupfd_cloexec(borrowed, 0)?)
}

/// A duplicate of a descriptor that whoever started this process left open for it: what this process opens itself is closed on exec.
///
/// # Errors
/// As for [`duplicate`]; EBADF for a descriptor of this process's own.
pub fn inherited(fd: RawFd) -> io::Result<OwnedFd> {
    let own = duplicate(fd)?;
    // SAFETY: not -1, as `duplicate` found; the borrow lives for one system call.
    let flags = rustix::io::fcntl_getfd(unsafe { BorrowedFd::borrow_raw(fd) })?;
    if flags.contains(rustix::io::FdFlags::CLOEXEC) {
        return Err(rustix::io::Errno::BADF.into());
    }
    Ok(own)
}

/// As [`inherited`], once: the descriptor is not passed on to children.
///
/// # Errors
/// As for [`inherited`].
pub fn take_inherited(fd: RawFd) -> io::Result<OwnedFd> {
    let own = inherited(fd)?;
    // SAFETY: not -1, as `duplicate` found; the borrow lives for one system call.
    let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
    rustix::io::fcntl_setfd(borrowed, rustix::io::FdFlags::CLOEXEC)?;
    Ok(own)
}

/// Gives up a descriptor that this process was started with. Its number stays taken, by nothing that could be read or written, so that what is opened
/// later is never taken for it; children get that too for a standard stream.
///
/// # Errors
/// As for [`inherited`], of descriptors above 2; that `/dev/null` cannot be opened.
pub fn close_inherited(fd: RawFd) -> io::Result<()> {
    let is_standard = (0..=2).contains(&fd);
    if is_standard {
        duplicate(fd)?;
    } else {
        inherited(fd)?;
    }
    let nothing = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    let flags = if is_standard {
        DupFlags::empty()
    } else {
        DupFlags::CLOEXEC
    };
    // SAFETY: an open descriptor, as was found above, that nobody closes here: it is forgotten again.
    let mut place = ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(fd) });
    Ok(rustix::io::dup3(&nothing, &mut place, flags)?)
}

/// Receives into the unfilled part of `buffer` without clearing it first; returns the number of bytes.
pub(crate) fn receive_into(fd: BorrowedFd<'_>, buffer: &mut ReadBuf<'_>) -> io::Result<usize> {
    // SAFETY: the slice is only written to by the kernel; nothing initialised in it becomes uninitialised.
    let unfilled = unsafe { buffer.unfilled_mut() };
    let ((filled, _), _) = recv(fd, unfilled, RecvFlags::DONTWAIT)?;
    let count = filled.len();
    // SAFETY: rustix returned the first `count` bytes of the unfilled part as initialised.
    unsafe { buffer.assume_init(count) };
    buffer.advance(count);
    Ok(count)
}
