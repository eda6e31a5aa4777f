//! A connection of the load client: TCP or a Unix socket, or TLS over it.
//!
//! TLS is rustls, so that client and server share no code. The handshake is done before the connection is used, and what
//! it could not send yet leaves with the next read.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use rustix::event::epoll;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// A server on this machine, and how to talk to it.
pub(crate) struct Peer {
    address: String,
    tls: Option<Arc<ClientConfig>>,
}

/// A stream socket of any family.
pub(crate) trait Socket: Read + Write + AsFd {}

impl<S: Read + Write + AsFd> Socket for S {}

pub(crate) enum Channel {
    Plain(Box<dyn Socket>),
    Tls(Box<StreamOwned<ClientConnection, Box<dyn Socket>>>),
}

impl Peer {
    /// `address` is a port on this machine or the path of a Unix socket, `authority` a file of certificates that may vouch
    /// for `localhost`.
    pub(crate) fn new(address: &str, authority: Option<&str>) -> Result<Peer> {
        Ok(Peer {
            address: address.to_owned(),
            tls: authority.map(configuration).transpose()?,
        })
    }

    /// Connects and finishes the handshake; blocking, and the channel blocks too.
    pub(crate) fn connect(&self) -> Result<Channel> {
        let mut socket = self.socket()?;
        let Some(configuration) = &self.tls else {
            return Ok(Channel::Plain(socket));
        };
        let name = ServerName::try_from("localhost")?;
        let mut connection = ClientConnection::new(Arc::clone(configuration), name)?;
        connection.set_buffer_limit(None);
        while connection.is_handshaking() {
            connection
                .complete_io(&mut socket)
                .context("TLS handshake")?;
        }
        Ok(Channel::Tls(Box::new(StreamOwned::new(connection, socket))))
    }

    fn socket(&self) -> Result<Box<dyn Socket>> {
        if self.address.starts_with('/') {
            return Ok(Box::new(UnixStream::connect(&self.address)?));
        }
        let port: u16 = self.address.parse().context("ADDRESS")?;
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        Ok(Box::new(stream))
    }
}

fn configuration(authority: &str) -> Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(authority).context("AUTHORITY")? {
        roots.add(certificate?)?;
    }
    Ok(Arc::new(
        ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth(),
    ))
}

impl Channel {
    /// From now on it does not block, and `poll` tells of `flags`, edge-triggered, under this number.
    pub(crate) fn watch(
        &self,
        poll: impl AsFd,
        index: usize,
        flags: epoll::EventFlags,
    ) -> io::Result<()> {
        rustix::io::ioctl_fionbio(self.as_fd(), true)?;
        let data = epoll::EventData::new_u64(index as u64);
        Ok(epoll::add(
            poll,
            self.as_fd(),
            data,
            flags | epoll::EventFlags::ET,
        )?)
    }

    /// Reads until the kernel has nothing more: how many bytes there were.
    pub(crate) fn drain(&mut self, scratch: &mut [u8]) -> Result<usize> {
        let mut sum = 0;
        loop {
            match self.read(scratch) {
                Ok(0) => bail!("the server ended a connection"),
                Ok(count) => sum += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(sum),
                Err(error) => return Err(error).context("read"),
            }
        }
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Channel::Plain(socket) => socket.as_fd(),
            Channel::Tls(stream) => stream.sock.as_fd(),
        }
    }
}

impl Read for Channel {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Channel::Plain(stream) => stream.read(buffer),
            Channel::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Channel {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        match self {
            Channel::Plain(stream) => stream.write(data),
            Channel::Tls(stream) => stream.write(data),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Channel::Plain(stream) => stream.flush(),
            Channel::Tls(stream) => stream.flush(),
        }
    }
}
