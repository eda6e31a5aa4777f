//! The scope: what an application is told of a request.
//!
//! Most of it is the same for all requests of a server and copied as a whole; the rest is put in its place. Loop thread, GIL held.

use std::net::SocketAddr;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};
use twinloop_web::server::Exchange;

use super::application::Application;
use crate::ffi::Object;

/// What the requests of one connection have in common.
pub(super) struct Ends {
    /// `(host, port)` or None.
    pub(super) client: Object,
    pub(super) server: Object,
}

impl Ends {
    /// The addresses of a connection; `listens_on` is the server's where the connection has none of IP.
    pub(super) fn of(py: Python<'_>, exchange: &Exchange, listens_on: &Object) -> PyResult<Ends> {
        Ok(Ends {
            client: name_of(py, exchange.peer_addr(), None)?,
            server: name_of(py, exchange.local_addr(), Some(listens_on))?,
        })
    }
}

fn name_of(
    py: Python<'_>,
    address: Option<SocketAddr>,
    other: Option<&Object>,
) -> PyResult<Object> {
    let Some(address) = address else {
        return Ok(match other {
            Some(other) => other.share(py),
            None => Object::new(py.None().into_bound(py)),
        });
    };
    // A client of IPv4 is known by its address, also where it came to a socket of IPv6.
    let host = address.ip().to_canonical().to_string();
    let name = PyTuple::new(
        py,
        [
            PyString::new(py, &host).into_any(),
            address.port().into_pyobject(py)?.into_any(),
        ],
    )?;
    Ok(Object::new(name.into_any()))
}

/// A scope, and whether a proxy has said whom it speaks for.
pub(super) struct Scope<'py> {
    pub(super) dict: Bound<'py, PyDict>,
    pub(super) is_forwarded: bool,
}

/// Makes the scope of a request: `template` with what is its own.
pub(super) fn make<'py>(
    py: Python<'py>,
    application: &Application,
    template: &Object,
    exchange: &Exchange,
    ends: Option<&Ends>,
) -> PyResult<Scope<'py>> {
    let dict = template.bind(py).cast::<PyDict>()?.copy()?;
    for name in [
        intern!(py, "asgi"),
        intern!(py, "extensions"),
        intern!(py, "state"),
    ] {
        if let Some(value) = dict.get_item(name)? {
            dict.set_item(name, value.cast::<PyDict>()?.copy()?)?;
        }
    }
    if exchange.minor_version() == 0 {
        dict.set_item(intern!(py, "http_version"), intern!(py, "1.0"))?;
    }
    if exchange.is_secure() {
        let is_socket = dict.get_item(intern!(py, "scheme"))?;
        let is_socket = is_socket.is_some_and(|scheme| scheme.eq("ws").unwrap_or(false));
        let scheme = if is_socket { "wss" } else { "https" };
        dict.set_item(intern!(py, "scheme"), scheme)?;
    }
    if let Some(ends) = ends {
        dict.set_item(intern!(py, "client"), ends.client.bind(py))?;
        dict.set_item(intern!(py, "server"), ends.server.bind(py))?;
    }
    if dict.contains(intern!(py, "method"))? {
        dict.set_item(intern!(py, "method"), method(py, exchange.method()))?;
    }
    let (path, query) = split(exchange.target());
    let root = application.root_path.as_bytes();
    let raw_path = if root.is_empty() {
        PyBytes::new(py, path)
    } else {
        PyBytes::new(py, &[root, path].concat())
    };
    let path = decoded(py, path);
    let path = if root.is_empty() {
        path
    } else {
        PyString::new(py, &application.root_path)
            .add(path)?
            .cast_into()?
    };
    dict.set_item(intern!(py, "path"), path)?;
    dict.set_item(intern!(py, "raw_path"), raw_path)?;
    if !query.is_empty() {
        dict.set_item(intern!(py, "query_string"), PyBytes::new(py, query))?;
    }
    let (headers, is_forwarded) = headers(py, exchange)?;
    dict.set_item(intern!(py, "headers"), headers)?;
    Ok(Scope { dict, is_forwarded })
}

/// Names and values in their order, the names in small letters.
fn headers<'py>(py: Python<'py>, exchange: &Exchange) -> PyResult<(Bound<'py, PyList>, bool)> {
    let list = PyList::empty(py);
    let mut is_forwarded = false;
    let mut small = [0; 64];
    for (name, value) in exchange.fields() {
        let name = if name.len() <= small.len() {
            let small = &mut small[..name.len()];
            small.copy_from_slice(name);
            small.make_ascii_lowercase();
            is_forwarded |= &*small == b"x-forwarded-for" || &*small == b"x-forwarded-proto";
            PyBytes::new(py, small)
        } else {
            PyBytes::new(py, &name.to_ascii_lowercase())
        };
        list.append(PyTuple::new(py, [name, PyBytes::new(py, value)])?)?;
    }
    Ok((list, is_forwarded))
}

fn method<'py>(py: Python<'py>, method: &str) -> Bound<'py, PyString> {
    match method {
        "GET" => intern!(py, "GET").clone(),
        "POST" => intern!(py, "POST").clone(),
        "HEAD" => intern!(py, "HEAD").clone(),
        "PUT" => intern!(py, "PUT").clone(),
        "DELETE" => intern!(py, "DELETE").clone(),
        "PATCH" => intern!(py, "PATCH").clone(),
        "OPTIONS" => intern!(py, "OPTIONS").clone(),
        other => PyString::new(py, other),
    }
}

/// Path and query of a target. One that names scheme and host (RFC 9112, 3.2.2) is read behind them.
pub(super) fn split(target: &[u8]) -> (&[u8], &[u8]) {
    let mut target = target;
    let has_scheme = target.first().is_some_and(u8::is_ascii_alphabetic);
    if has_scheme && let Some(at) = memchr::memmem::find(target, b"://") {
        let behind = &target[at + 3..];
        let end = behind.iter().position(|&byte| matches!(byte, b'/' | b'?'));
        target = end.map_or(&b""[..], |end| &behind[end..]);
        if !target.starts_with(b"/") {
            return (
                "/".as_bytes(),
                target.strip_prefix(b"?").unwrap_or_default(),
            );
        }
    }
    match memchr::memchr(b'?', target) {
        Some(at) => (&target[..at], &target[at + 1..]),
        None => (target, b""),
    }
}

/// A path with percent-encodings and UTF-8 undone; what is not UTF-8 becomes U+FFFD.
fn decoded<'py>(py: Python<'py>, path: &[u8]) -> Bound<'py, PyString> {
    if memchr::memchr(b'%', path).is_none() {
        return PyString::new(py, &String::from_utf8_lossy(path));
    }
    let digit = |byte: Option<&u8>| byte.and_then(|&byte| char::from(byte).to_digit(16));
    let mut bytes = Vec::with_capacity(path.len());
    let mut at = 0;
    while let Some(&byte) = path.get(at) {
        if byte == b'%'
            && let (Some(high), Some(low)) = (digit(path.get(at + 1)), digit(path.get(at + 2)))
        {
            bytes.push((high * 16 + low) as u8);
            at += 3;
        } else {
            bytes.push(byte);
            at += 1;
        }
    }
    PyString::new(py, &String::from_utf8_lossy(&bytes))
}
