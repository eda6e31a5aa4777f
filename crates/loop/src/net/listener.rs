//! A listening socket on the loop.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, acceptfrom_with, bind, listen, sockopt,
};

use super::stream::{Stream, new_socket};
use crate::event_loop::Loop;
use crate::source::{Mode, Readiness, Source};

/// As many waiting connections as Linux allows by default.
const BACKLOG: i32 = 4096;

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
        let family = if address.is_ipv4() {
            AddressFamily::INET
        } else {
            AddressFamily::INET6
        };
        let fd = new_socket(family)?;
        sockopt::set_socket_reuseaddr(&fd, true)?;
        bind(&fd, &address)?;
        Listener::listen(fd)
    }

    /// Listens on a path, which must not exist yet.
    ///
    /// # Errors
    /// What the operating system reports.
    pub fn bind_unix(path: &Path) -> io::Result<Listener> {
        let fd = new_socket(AddressFamily::UNIX)?;
        bind(&fd, &SocketAddrUnix::new(path)?)?;
        Listener::listen(fd)
    }

    fn listen(fd: OwnedFd) -> io::Result<Listener> {
        use std::os::fd::AsRawFd;
        listen(&fd, BACKLOG)?;
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
            let source = source
                .as_ref()
                .expect("the registration lives as long as the listener");
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

    /// The address it listens on.
    ///
    /// # Errors
    /// When it is not an IP socket.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(SocketAddr::try_from(rustix::net::getsockname(&self.fd)?)?)
    }
}
