//! What a stream tells of its ends, and the options of its socket. Loop thread only.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::net::{AddressFamily, sockopt};

use super::{Boundaries, Stream};

impl Stream {
    /// The address of the other end.
    ///
    /// # Errors
    /// When the stream is closed, not connected, or not an IP socket.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        let address = rustix::net::getpeername(self.fd()?.as_fd())?;
        Ok(SocketAddr::try_from(
            address.ok_or(io::ErrorKind::AddrNotAvailable)?,
        )?)
    }

    /// The address of this end.
    ///
    /// # Errors
    /// When the stream is closed or not an IP socket.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(SocketAddr::try_from(rustix::net::getsockname(
            self.fd()?.as_fd(),
        )?)?)
    }

    /// The user that the process at the other end of a Unix socket has, as it was when they connected.
    ///
    /// # Errors
    /// When the stream is closed or not a Unix socket.
    pub fn peer_user(&self) -> io::Result<u32> {
        Ok(sockopt::socket_peercred(self.fd()?.as_fd())?.uid.as_raw())
    }

    /// True for a connection over TCP.
    #[must_use]
    pub fn is_tcp(&self) -> bool {
        self.0.boundaries == Boundaries::None
    }

    /// Turns Nagle's algorithm off or on.
    ///
    /// # Errors
    /// When the stream is closed or not a TCP socket.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        Ok(sockopt::set_tcp_nodelay(self.fd()?.as_fd(), nodelay)?)
    }

    /// Has the system ask from time to time whether the other end is there, after so long without a byte (at least a
    /// second, if it is given).
    ///
    /// # Errors
    /// When the stream is closed or not a TCP socket.
    pub fn set_keepalive(&self, keepalive: bool, idle: Option<Duration>) -> io::Result<()> {
        let fd = self.fd()?;
        sockopt::set_socket_keepalive(fd.as_fd(), keepalive)?;
        if let Some(idle) = idle.filter(|_| keepalive) {
            sockopt::set_tcp_keepidle(fd.as_fd(), idle)?;
        }
        Ok(())
    }

    /// The type of service (IPv4) or the traffic class (IPv6) of what is sent.
    ///
    /// # Errors
    /// When the stream is closed or not an IP socket.
    pub fn type_of_service(&self) -> io::Result<u8> {
        let fd = self.fd()?;
        Ok(if self.is_ipv6()? {
            sockopt::ipv6_tclass(fd.as_fd())? as u8
        } else {
            sockopt::ip_tos(fd.as_fd())?
        })
    }

    /// Sets what [`Stream::type_of_service`] tells.
    ///
    /// # Errors
    /// As there.
    pub fn set_type_of_service(&self, value: u8) -> io::Result<()> {
        let fd = self.fd()?;
        if self.is_ipv6()? {
            sockopt::set_ipv6_tclass(fd.as_fd(), value.into())?;
        } else {
            sockopt::set_ip_tos(fd.as_fd(), value)?;
        }
        Ok(())
    }

    fn is_ipv6(&self) -> io::Result<bool> {
        Ok(sockopt::socket_domain(self.fd()?.as_fd())? == AddressFamily::INET6)
    }
}
