//! A listening socket on the loop.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::path::Path;
use std::rc::Rc;
use std::task::Poll;

use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, acceptfrom_with, bind, listen, sockopt,
};

use super::stream::{Stream, new_socket};
use crate::event_loop::Loop;
use crate::source::{IoHandler, Mode, Readiness, Source};

/// As many waiting connections as Linux allows by default.
const BACKLOG: i32 = 4096;

/// What a listener on a TCP address is to do otherwise than by default.
#[derive(Clone, Copy, Debug)]
pub struct ListenOptions {
    /// How many connections may wait to be accepted.
    pub backlog: i32,
    /// Whether an IPv6 address takes no connections over IPv4.
    pub ipv6_only: bool,
    /// Whether others, who say the same, listen on the same port: the system shares the connections out (`SO_REUSEPORT`).
    pub reuse_port: bool,
}

impl Default for ListenOptions {
    fn default() -> ListenOptions {
        ListenOptions {
            backlog: BACKLOG,
            ipv6_only: false,
            reuse_port: false,
        }
    }
}

/// Accepts connections. Dropping it closes the socket.
#[derive(Debug)]
pub struct Listener {
    // Declared before the descriptor: the registration must end first.
    source: RefCell<Option<Source>>,
    fd: OwnedFd,
}

impl Listener {
    /// Listens on a TCP address, on the current loop. Port 0 takes a free one.
    ///
    /// # Errors
    /// What the operating system reports, for instance an address in use.
    pub fn bind(address: SocketAddr) -> io::Result<Listener> {
        Listener::bind_with(address, ListenOptions::default())
    }

    /// As [`Listener::bind`], with options.
    ///
    /// # Errors
    /// As there.
    pub fn bind_with(address: SocketAddr, options: ListenOptions) -> io::Result<Listener> {
        Listener::listen(bound_socket(address, options)?, options.backlog)
    }

    /// Binds a TCP address for others to listen at: who gets a duplicate of the descriptor. It hears of no connection.
    ///
    /// # Errors
    /// As for [`Listener::bind`].
    pub fn bound(address: SocketAddr, options: ListenOptions) -> io::Result<Listener> {
        let source = RefCell::default();
        let fd = bound_socket(address, options)?;
        Ok(Listener { source, fd })
    }

    /// As [`Listener::bound`], for a path, which must not exist yet.
    ///
    /// # Errors
    /// As there.
    pub fn bound_unix(path: &Path) -> io::Result<Listener> {
        let fd = new_socket(AddressFamily::UNIX)?;
        bind(&fd, &unix_address(path)?)?;
        let source = RefCell::default();
        Ok(Listener { source, fd })
    }

    /// Listens on a path, which must not exist yet.
    ///
    /// # Errors
    /// What the operating system reports.
    pub fn bind_unix(path: &Path) -> io::Result<Listener> {
        Listener::bind_unix_with(path, BACKLOG)
    }

    /// As [`Listener::bind_unix`], for so many waiting connections. A path that begins with a zero byte is an abstract name.
    ///
    /// # Errors
    /// As there.
    pub fn bind_unix_with(path: &Path, backlog: i32) -> io::Result<Listener> {
        let fd = new_socket(AddressFamily::UNIX)?;
        bind(&fd, &unix_address(path)?)?;
        Listener::listen(fd, backlog)
    }

    /// Takes over a socket that is bound, and perhaps listens already, on the current loop.
    ///
    /// # Errors
    /// What the operating system reports, for instance that it is no such socket.
    pub fn from_fd(fd: OwnedFd, backlog: i32) -> io::Result<Listener> {
        rustix::io::ioctl_fionbio(&fd, true)?;
        Listener::listen(fd, backlog)
    }

    fn listen(fd: OwnedFd, backlog: i32) -> io::Result<Listener> {
        listen(&fd, backlog)?;
        let source = Loop::current().register(fd.as_raw_fd(), Mode::Edge)?;
        source.assume(Readiness::READ);
        Ok(Listener {
            source: RefCell::new(Some(source)),
            fd,
        })
    }

    /// Waits for the next connection. The address is that of the peer, if it has an IP address.
    ///
    /// # Errors
    /// What the operating system reports, for instance too many open files.
    ///
    /// # Cancel safety
    /// No connection is lost when the future is dropped.
    pub async fn accept(&self) -> io::Result<(Stream, Option<SocketAddr>)> {
        let (fd, address) = std::future::poll_fn(|context| {
            let source = self.source.borrow();
            let Some(source) = source.as_ref() else {
                return Poll::Ready(Err(rustix::io::Errno::INVAL.into()));
            };
            source.poll_io(Readiness::READ, context, || {
                Ok(acceptfrom_with(
                    &self.fd,
                    SocketFlags::NONBLOCK | SocketFlags::CLOEXEC,
                )?)
            })
        })
        .await?;
        let address = address.and_then(|address| SocketAddr::try_from(address).ok());
        Ok((Stream::from_fd(fd)?, address))
    }

    /// Tells `handler` of waiting connections from now on, each time in an entry of the turn; it takes them by
    /// [`Listener::accept_once`].
    pub fn set_handler(&self, handler: Option<Rc<dyn IoHandler>>) {
        if let Some(source) = self.source.borrow().as_ref() {
            let hears = handler.is_some();
            source.set_handler(handler);
            // What came before anybody listened.
            if hears {
                source.call_again(Readiness::READ);
            }
        }
    }

    /// A connection that waits, as a non-blocking socket. The handler is called once more after it, in the next turn.
    ///
    /// # Errors
    /// `WouldBlock` when none is there, or what the operating system reports, for instance too many open files.
    pub fn accept_once(&self) -> io::Result<OwnedFd> {
        let accepted = acceptfrom_with(&self.fd, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC);
        let source = self.source.borrow();
        match (&accepted, source.as_ref()) {
            (Ok(_), Some(source)) => source.call_again(Readiness::READ),
            (Err(rustix::io::Errno::AGAIN), Some(source)) => source.clear(Readiness::READ),
            _ => {}
        }
        Ok(accepted?.0)
    }

    /// Has the handler look once more: an accept failed, and may not fail now.
    pub fn look_again(&self) {
        if let Some(source) = self.source.borrow().as_ref() {
            source.assume(Readiness::READ);
            source.call_again(Readiness::READ);
        }
    }

    /// The descriptor's number.
    #[must_use]
    pub fn number(&self) -> RawFd {
        self.fd.as_raw_fd()
    }

    /// The address it listens on.
    ///
    /// # Errors
    /// When it is not an IP socket.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(SocketAddr::try_from(rustix::net::getsockname(&self.fd)?)?)
    }
}

fn bound_socket(address: SocketAddr, options: ListenOptions) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() {
        AddressFamily::INET
    } else {
        AddressFamily::INET6
    };
    let fd = new_socket(family)?;
    sockopt::set_socket_reuseaddr(&fd, true)?;
    if options.reuse_port {
        sockopt::set_socket_reuseport(&fd, true)?;
    }
    if address.is_ipv6() {
        sockopt::set_ipv6_v6only(&fd, options.ipv6_only)?;
    }
    bind(&fd, &address)?;
    Ok(fd)
}

/// A path as an address, or an abstract name.
pub(super) fn unix_address(path: &Path) -> io::Result<SocketAddrUnix> {
    use std::os::unix::ffi::OsStrExt;
    let bytes = path.as_os_str().as_bytes();
    Ok(match bytes.split_first() {
        Some((0, name)) => SocketAddrUnix::new_abstract_name(name)?,
        _ => SocketAddrUnix::new(path)?,
    })
}
