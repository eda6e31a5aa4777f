//! A UDP socket on the loop: bound from the start, connected or not.
//!
//! Registered once, edge-triggered. A datagram is sent at once or not at all: who must wait for room keeps it and is told by
//! [`Readiness::WRITE`]. Received ones are taken one by one; the handler is called again while there may be more (rule
//! BOUNDED: it decides how many it takes in one entry). Multicast settings are the system's own, under its names. Loop thread
//! only.

use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::rc::Rc;

use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendFlags, SocketFlags, SocketType, bind,
    connect, connect_unspec, netdevice, recvfrom, sendmsg, sendmsg_addr, socket_with, sockopt,
};

use crate::event_loop::Loop;
use crate::source::{IoHandler, Mode, Readiness, Source};
use crate::sys::{SourceMembership, set_source_membership};

/// What a socket on a UDP address is to do otherwise than by default.
#[derive(Clone, Copy, Debug, Default)]
pub struct DatagramOptions {
    /// Whether an IPv6 address takes nothing over IPv4.
    pub ipv6_only: bool,
    /// Whether others may bind the same address as well; the last one receives (`SO_REUSEADDR`).
    pub reuse_address: bool,
    /// Whether others, who say the same, bind the same port: the system shares the datagrams out (`SO_REUSEPORT`).
    pub reuse_port: bool,
}

/// A bound UDP socket. Dropping it closes it.
#[derive(Debug)]
pub struct Datagram {
    // Declared before the descriptor: the registration must end first.
    source: RefCell<Option<Source>>,
    fd: OwnedFd,
    is_ipv6: bool,
}

impl Datagram {
    /// Binds an address, on the current loop. Port 0 takes a free one.
    ///
    /// # Errors
    /// What the operating system reports, for instance an address in use.
    pub fn bind(address: SocketAddr, options: DatagramOptions) -> io::Result<Datagram> {
        let family = if address.is_ipv4() {
            AddressFamily::INET
        } else {
            AddressFamily::INET6
        };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let fd = socket_with(family, SocketType::DGRAM, flags, None)?;
        if options.reuse_address {
            sockopt::set_socket_reuseaddr(&fd, true)?;
        }
        if options.reuse_port {
            sockopt::set_socket_reuseport(&fd, true)?;
        }
        if address.is_ipv6() {
            sockopt::set_ipv6_v6only(&fd, options.ipv6_only)?;
        }
        bind(&fd, &address)?;
        Datagram::watched(fd, address.is_ipv6())
    }

    /// Takes over a UDP socket, on the current loop.
    ///
    /// # Errors
    /// `InvalidInput` for another kind of descriptor, and what the operating system reports.
    pub fn from_fd(fd: OwnedFd) -> io::Result<Datagram> {
        rustix::io::ioctl_fionbio(&fd, true)?;
        let family = sockopt::socket_domain(&fd)?;
        let is_ip = family == AddressFamily::INET || family == AddressFamily::INET6;
        if sockopt::socket_type(&fd)? != SocketType::DGRAM || !is_ip {
            let text = "the descriptor is no UDP socket";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        Datagram::watched(fd, family == AddressFamily::INET6)
    }

    fn watched(fd: OwnedFd, is_ipv6: bool) -> io::Result<Datagram> {
        let source = Loop::current().register(fd.as_raw_fd(), Mode::Edge)?;
        source.assume(Readiness::READ | Readiness::WRITE);
        Ok(Datagram {
            source: RefCell::new(Some(source)),
            fd,
            is_ipv6,
        })
    }

    /// Tells `handler` of datagrams and of room from now on, each time in an entry of the turn.
    pub fn set_handler(&self, handler: Option<Rc<dyn IoHandler>>) {
        self.with_source(|source| source.set_handler(handler));
    }

    /// Calls the handler once more in the next turn: it left something, or did not look before.
    pub fn look_again(&self) {
        self.with_source(|source| {
            if source.readiness().contains(Readiness::READ) {
                source.call_again(Readiness::READ);
            }
        });
    }

    fn with_source(&self, then: impl FnOnce(&Source)) {
        if let Some(source) = self.source.borrow().as_ref() {
            then(source);
        }
    }

    /// The next datagram, as much of it as `buffer` takes, and who sent it.
    ///
    /// # Errors
    /// `WouldBlock` when none is there, or what the operating system reports: `ConnectionRefused` for an earlier one that
    /// nobody took.
    pub fn receive_once(&self, buffer: &mut [u8]) -> io::Result<(usize, Option<SocketAddr>)> {
        match recvfrom(&self.fd, &mut *buffer, RecvFlags::DONTWAIT) {
            Ok((count, _, address)) => {
                Loop::current().count_traffic(count, 0);
                let sender = address.and_then(|address| SocketAddr::try_from(address).ok());
                Ok((count, sender))
            }
            Err(error) => {
                if error == rustix::io::Errno::AGAIN {
                    self.with_source(|source| source.clear(Readiness::READ));
                }
                Err(error.into())
            }
        }
    }

    /// Sends one datagram from several pieces, to an address or to the peer that the socket is connected to.
    ///
    /// # Errors
    /// `WouldBlock` when there is no room, which the handler is told of later; or what the operating system reports.
    pub fn send_once(&self, parts: &[IoSlice<'_>], to: Option<SocketAddr>) -> io::Result<usize> {
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        let mut control = SendAncillaryBuffer::default();
        let sent = match to {
            Some(address) => sendmsg_addr(&self.fd, &address, parts, &mut control, flags),
            None => sendmsg(&self.fd, parts, &mut control, flags),
        };
        match sent {
            Ok(count) => {
                Loop::current().count_traffic(0, count);
                Ok(count)
            }
            Err(error) => {
                if error == rustix::io::Errno::AGAIN {
                    self.with_source(|source| source.clear(Readiness::WRITE));
                }
                Err(error.into())
            }
        }
    }

    /// Sends to this address only, and receives from it only.
    ///
    /// # Errors
    /// What the operating system reports.
    pub fn connect(&self, address: SocketAddr) -> io::Result<()> {
        Ok(connect(&self.fd, &address)?)
    }

    /// Takes [`Datagram::connect`] back.
    ///
    /// # Errors
    /// What the operating system reports.
    pub fn disconnect(&self) -> io::Result<()> {
        Ok(connect_unspec(&self.fd)?)
    }

    /// The descriptor's number.
    #[must_use]
    pub fn number(&self) -> RawFd {
        self.fd.as_raw_fd()
    }

    /// Its own address.
    ///
    /// # Errors
    /// What the operating system reports.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(SocketAddr::try_from(rustix::net::getsockname(&self.fd)?)?)
    }

    /// The address that it is connected to.
    ///
    /// # Errors
    /// `NotConnected` without one.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        match rustix::net::getpeername(&self.fd)? {
            Some(address) => Ok(SocketAddr::try_from(address)?),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    // ---- settings -------------------------------------------------------------------------------------------------

    /// Whether it may send to everybody on a network.
    ///
    /// # Errors
    /// What the operating system reports.
    pub fn set_broadcast(&self, on: bool) -> io::Result<()> {
        Ok(sockopt::set_socket_broadcast(&self.fd, on)?)
    }

    /// How many hops a datagram may take.
    ///
    /// # Errors
    /// What the operating system reports.
    pub fn set_ttl(&self, hops: u8) -> io::Result<()> {
        if self.is_ipv6 {
            sockopt::set_ipv6_unicast_hops(&self.fd, Some(hops))?;
        } else {
            sockopt::set_ip_ttl(&self.fd, hops.into())?;
        }
        Ok(())
    }

    /// How many hops a datagram to a group may take.
    ///
    /// # Errors
    /// What the operating system reports.
    pub fn set_multicast_ttl(&self, hops: u8) -> io::Result<()> {
        if self.is_ipv6 {
            sockopt::set_ipv6_multicast_hops(&self.fd, hops.into())?;
        } else {
            sockopt::set_ip_multicast_ttl(&self.fd, hops.into())?;
        }
        Ok(())
    }

    /// Whether what goes to a group comes back to this machine.
    ///
    /// # Errors
    /// What the operating system reports.
    pub fn set_multicast_loop(&self, on: bool) -> io::Result<()> {
        if self.is_ipv6 {
            sockopt::set_ipv6_multicast_loop(&self.fd, on)?;
        } else {
            sockopt::set_ip_multicast_loop(&self.fd, on)?;
        }
        Ok(())
    }

    /// Where what goes to a group leaves: an address of an interface, or its number.
    ///
    /// # Errors
    /// What the operating system reports.
    pub fn set_multicast_interface(&self, interface: Interface) -> io::Result<()> {
        match interface {
            Interface::Address(address) => sockopt::set_ip_multicast_if(&self.fd, &address)?,
            Interface::Index(index) => sockopt::set_ipv6_multicast_if(&self.fd, index)?,
        }
        Ok(())
    }

    /// Enters or leaves a group, at one interface or at the one that the system chooses.
    ///
    /// # Errors
    /// What the operating system reports; `InvalidInput` for an interface of the other family.
    pub fn set_membership(
        &self,
        group: IpAddr,
        interface: Option<Interface>,
        joins: bool,
    ) -> io::Result<()> {
        match group {
            IpAddr::V4(group) => {
                let interface = interface_v4(interface)?;
                if joins {
                    sockopt::set_ip_add_membership(&self.fd, &group, &interface)?;
                } else {
                    sockopt::set_ip_drop_membership(&self.fd, &group, &interface)?;
                }
            }
            IpAddr::V6(group) => {
                let index = interface_v6(interface)?;
                if joins {
                    sockopt::set_ipv6_add_membership(&self.fd, &group, index)?;
                } else {
                    sockopt::set_ipv6_drop_membership(&self.fd, &group, index)?;
                }
            }
        }
        Ok(())
    }

    /// As [`Datagram::set_membership`], for what one address sends to the group.
    ///
    /// # Errors
    /// As there; `InvalidInput` for two families.
    pub fn set_source_membership(
        &self,
        source: IpAddr,
        group: IpAddr,
        interface: Option<Interface>,
        joins: bool,
    ) -> io::Result<()> {
        match (source, group) {
            (IpAddr::V4(source), IpAddr::V4(group)) => {
                let interface = interface_v4(interface)?;
                if joins {
                    sockopt::set_ip_add_source_membership(&self.fd, &group, &interface, &source)?;
                } else {
                    sockopt::set_ip_drop_source_membership(&self.fd, &group, &interface, &source)?;
                }
                Ok(())
            }
            (IpAddr::V6(source), IpAddr::V6(group)) => {
                let index = interface_v6(interface)?;
                let membership = SourceMembership {
                    group,
                    source,
                    interface: index,
                };
                set_source_membership(self.fd.as_fd(), &membership, joins)
            }
            _ => Err(invalid("a group and its source are of two families")),
        }
    }

    /// How much the system keeps of what was received and not read yet.
    ///
    /// # Errors
    /// What the operating system reports.
    pub fn receive_buffer(&self) -> io::Result<usize> {
        Ok(sockopt::socket_recv_buffer_size(&self.fd)?)
    }

    /// How much the system keeps of what is not sent yet.
    ///
    /// # Errors
    /// What the operating system reports.
    pub fn send_buffer(&self) -> io::Result<usize> {
        Ok(sockopt::socket_send_buffer_size(&self.fd)?)
    }

    /// Asks for another size of [`Datagram::receive_buffer`].
    ///
    /// # Errors
    /// What the operating system reports.
    pub fn set_receive_buffer(&self, size: usize) -> io::Result<()> {
        Ok(sockopt::set_socket_recv_buffer_size(&self.fd, size)?)
    }

    /// Asks for another size of [`Datagram::send_buffer`].
    ///
    /// # Errors
    /// What the operating system reports.
    pub fn set_send_buffer(&self, size: usize) -> io::Result<()> {
        Ok(sockopt::set_socket_send_buffer_size(&self.fd, size)?)
    }
}

/// An interface of the machine, as IPv4 and as IPv6 name one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interface {
    /// One of its addresses.
    Address(Ipv4Addr),
    /// Its number; 0 lets the system choose.
    Index(u32),
}

fn interface_v4(interface: Option<Interface>) -> io::Result<Ipv4Addr> {
    match interface {
        None => Ok(Ipv4Addr::UNSPECIFIED),
        Some(Interface::Address(address)) => Ok(address),
        Some(Interface::Index(_)) => Err(invalid("an interface of IPv4 is named by an address")),
    }
}

fn interface_v6(interface: Option<Interface>) -> io::Result<u32> {
    match interface {
        None => Ok(0),
        Some(Interface::Index(index)) => Ok(index),
        Some(Interface::Address(_)) => Err(invalid("an interface of IPv6 is named by a number")),
    }
}

fn invalid(text: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, text)
}

/// The number of an interface by its name or number, as a zone of an address has it (`eth0` in `fe80::1%eth0`).
///
/// # Errors
/// What the operating system reports, for instance that there is none.
pub fn interface_index(name: &str) -> io::Result<u32> {
    if let Ok(number) = name.parse() {
        return Ok(number);
    }
    Ok(netdevice::name_to_index(&any_socket()?, name)?)
}

/// The name of an interface by its number.
///
/// # Errors
/// As for [`interface_index`].
pub fn interface_name(index: u32) -> io::Result<String> {
    Ok(netdevice::index_to_name(&any_socket()?, index)?)
}

/// The system answers questions about interfaces at any socket.
fn any_socket() -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC;
    Ok(socket_with(
        AddressFamily::INET,
        SocketType::DGRAM,
        flags,
        None,
    )?)
}

/// An address as text, with the zone of one that is valid at one interface only: `fe80::1%eth0`.
#[must_use]
pub fn zoned(address: &SocketAddr) -> String {
    match address {
        SocketAddr::V6(v6) if v6.scope_id() != 0 && is_link_local(v6.ip()) => {
            let name = interface_name(v6.scope_id()).unwrap_or_else(|_| v6.scope_id().to_string());
            format!("{}%{name}", v6.ip())
        }
        _ => address.ip().to_string(),
    }
}

fn is_link_local(address: &Ipv6Addr) -> bool {
    address.segments()[0] & 0xffc0 == 0xfe80
}
