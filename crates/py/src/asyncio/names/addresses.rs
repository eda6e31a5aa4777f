//! Socket addresses between the kernel and Python: what the `socket` module makes of them, and back.
//!
//! Only what is a plain number already is read here: literals of IPv4 and IPv6 and paths of Unix sockets. Names, and
//! families that are rarer, are `None` and left to Python's own socket object. GIL held.

use std::cell::{Cell, RefCell};
use std::ffi::OsStr;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use pyo3::exceptions::PyOSError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyString, PyTuple, PyType};
use rustix::net::{AddressFamily, SocketAddrAny, SocketAddrUnix};
use twinloop_loop::net::Stream;

use crate::ffi::Object;
use crate::ffi::sockets::unix_name;

/// What Python calls an address; `None` for a family that only Python's own socket module knows.
pub(crate) fn to_python<'py>(
    py: Python<'py>,
    address: &SocketAddrAny,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    if let Ok(address) = SocketAddr::try_from(address.clone()) {
        return internet_to_python(py, &address).map(Some);
    }
    unix_name(address)
        .map(|name| unix_to_python(py, name))
        .transpose()
}

/// An address that is kept, as small as the kernel's own form of it where that is known: the tuple is made when somebody asks.
pub(crate) enum Name {
    Internet(SocketAddr),
    Made(Object),
    Unknown,
}

impl Name {
    /// Of an address of the internet; any other is unknown.
    pub(crate) fn of(address: SocketAddrAny) -> Name {
        SocketAddr::try_from(address).map_or(Name::Unknown, Name::Internet)
    }

    pub(crate) fn share(&self, py: Python<'_>) -> Name {
        match self {
            Name::Internet(address) => Name::Internet(*address),
            Name::Made(object) => Name::Made(object.share(py)),
            Name::Unknown => Name::Unknown,
        }
    }

    /// None if it is unknown.
    pub(crate) fn to_python<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Name::Internet(address) => internet_to_python(py, address),
            Name::Made(object) => Ok(object.bind(py).to_owned()),
            Name::Unknown => Ok(py.None().into_bound(py)),
        }
    }
}

/// The names of this end and of the other; the methods of `sock` are asked unless it is a plain socket of the internet. `peer` is known
/// already where a server accepted the connection.
pub(crate) fn names_of(
    sock: &Bound<'_, PyAny>,
    stream: &Stream,
    peer: Option<Name>,
) -> PyResult<[Name; 2]> {
    static PLAIN: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let py = sock.py();
    let is_plain = sock.get_type().is(PLAIN.import(py, "socket", "socket")?);
    let ask = |known: io::Result<SocketAddr>, method| match known {
        Ok(address) if is_plain => Ok(Name::Internet(address)),
        _ => match sock.call_method0(method) {
            Ok(name) => Ok(Name::Made(Object::new(name))),
            Err(error) if error.is_instance_of::<PyOSError>(py) => Ok(Name::Unknown),
            Err(error) => Err(error),
        },
    };
    let local = ask(stream.local_addr(), intern!(py, "getsockname"))?;
    let peer = match peer {
        Some(name) => name,
        None => ask(stream.peer_addr(), intern!(py, "getpeername"))?,
    };
    Ok([local, peer])
}

pub(crate) fn internet_to_python<'py>(
    py: Python<'py>,
    address: &SocketAddr,
) -> PyResult<Bound<'py, PyAny>> {
    let host = PyString::new(py, &address.ip().to_string()).into_any();
    let port = address.port().into_pyobject(py)?.into_any();
    let tuple = match address {
        SocketAddr::V4(_) => PyTuple::new(py, [host, port])?,
        SocketAddr::V6(address) => {
            // The standard library keeps the flow as the kernel has it, in network order.
            let flow = u32::from_be(address.flowinfo()).into_pyobject(py)?;
            let scope = address.scope_id().into_pyobject(py)?;
            PyTuple::new(py, [host, port, flow.into_any(), scope.into_any()])?
        }
    };
    Ok(tuple.into_any())
}

/// As the socket module: bytes for a name of the abstract namespace, text for a path, which is empty for a socket without one.
fn unix_to_python<'py>(py: Python<'py>, name: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    if name.first() == Some(&0) {
        return Ok(PyBytes::new(py, name).into_any());
    }
    let path = name.split(|byte| *byte == 0).next().unwrap_or_default();
    Ok(OsStr::from_bytes(path).into_pyobject(py)?.into_any())
}

/// The kernel's form of what a program calls an address, for a socket of `family`; `None` if Python has to look at it.
pub(crate) fn from_python(
    family: AddressFamily,
    address: &Bound<'_, PyAny>,
) -> Option<SocketAddrAny> {
    match family {
        AddressFamily::INET | AddressFamily::INET6 => {
            internet_from_python(family, address.cast_exact::<PyTuple>().ok()?).map(Into::into)
        }
        AddressFamily::UNIX => unix_from_python(address).map(Into::into),
        _ => None,
    }
}

fn internet_from_python(family: AddressFamily, address: &Bound<'_, PyTuple>) -> Option<SocketAddr> {
    let host = address.get_borrowed_item(0).ok()?;
    let host = host.cast_exact::<PyString>().ok()?;
    let host = host.to_str().ok()?;
    let port = address.get_borrowed_item(1).ok()?.extract::<u16>().ok()?;
    if family == AddressFamily::INET {
        let host: Ipv4Addr = host.parse().ok()?;
        return (address.len() == 2).then(|| SocketAddr::new(IpAddr::V4(host), port));
    }
    if address.len() > 4 {
        return None;
    }
    let host: Ipv6Addr = host.parse().ok()?;
    let number = |index| match address.get_borrowed_item(index) {
        Ok(value) => value.extract::<u32>().ok(),
        Err(_) => Some(0),
    };
    // The field of the flow has 20 bits; Python's error says so.
    let flow = number(2).filter(|flow| *flow <= 0xf_ffff)?;
    Some(SocketAddrV6::new(host, port, flow.to_be(), number(3)?).into())
}

fn unix_from_python(address: &Bound<'_, PyAny>) -> Option<SocketAddrUnix> {
    let path = match address.cast_exact::<PyBytes>() {
        Ok(bytes) => PathBuf::from(OsStr::from_bytes(bytes.as_bytes())),
        Err(_) => address.cast_exact::<PyString>().ok()?.extract().ok()?,
    };
    match path.as_os_str().as_bytes() {
        [] => None,
        [0, name @ ..] => SocketAddrUnix::new_abstract_name(name).ok(),
        _ => SocketAddrUnix::new(&path).ok(),
    }
}

/// The Python addresses of the peers that were heard last: a datagram of a known peer costs no new tuple, and an answer
/// to the address that came with it is recognised without being read. Bounded by its fixed size (rule BOUNDED).
pub(crate) struct AddressBook {
    slots: RefCell<Vec<Option<(SocketAddr, Object)>>>,
    last: Cell<usize>,
}

/// A power of two.
const SLOTS: usize = 64;

impl Default for AddressBook {
    fn default() -> AddressBook {
        AddressBook {
            slots: RefCell::new(Vec::new()),
            last: Cell::new(0),
        }
    }
}

impl AddressBook {
    /// As [`to_python`], remembered.
    pub(crate) fn to_python<'py>(
        &self,
        py: Python<'py>,
        address: &SocketAddrAny,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Ok(internet) = SocketAddr::try_from(address.clone()) else {
            return to_python(py, address);
        };
        let index = slot_of(&internet);
        self.last.set(index);
        if let Some(Some((known, object))) = self.slots.borrow().get(index)
            && *known == internet
        {
            return Ok(Some(object.bind(py).to_owned()));
        }
        let object = internet_to_python(py, &internet)?;
        let mut slots = self.slots.borrow_mut();
        slots.resize_with(SLOTS, || None);
        let old = slots[index].replace((internet, Object::new(object.clone())));
        drop(slots);
        drop(old);
        Ok(Some(object))
    }

    /// The address behind `object` if it is the very object that was given out last.
    pub(crate) fn is_last(&self, object: &Bound<'_, PyAny>) -> Option<SocketAddr> {
        match self.slots.borrow().get(self.last.get())? {
            Some((address, known)) if known.as_ptr() == object.as_ptr() => Some(*address),
            _ => None,
        }
    }
}

fn slot_of(address: &SocketAddr) -> usize {
    let host = match address {
        SocketAddr::V4(address) => u32::from(*address.ip()),
        SocketAddr::V6(address) => {
            let bits = u128::from(*address.ip());
            (bits ^ (bits >> 32) ^ (bits >> 64) ^ (bits >> 96)) as u32
        }
    };
    // Fibonacci hashing: neighbouring ports and hosts go to different slots.
    let mixed = (host ^ u32::from(address.port()).rotate_left(16)).wrapping_mul(0x9e37_79b9);
    (mixed >> 26) as usize % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_do_not_share_a_slot() {
        let slots: std::collections::HashSet<usize> = (40_000..40_016)
            .map(|port| slot_of(&SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port)))
            .collect();
        assert!(slots.len() >= 12, "{slots:?}");
    }
}
