//! The scope: what an application is told of a request.
//!
//! Most of it is the same for all requests of a server and copied as a whole; the rest is put in its place. Loop thread, GIL held.

use std::cell::RefCell;
use std::net::SocketAddr;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};
use twinloop_web::server::{Agreed, Exchange};

use super::application::Application;
use crate::ffi::{GilBound, Object};

/// What the requests of one connection have in common.
pub(super) struct Ends {
    /// `(host, port)` or None.
    pub(super) client: Object,
    pub(super) server: Object,
    /// What the extension `tls` says, of a connection by TLS.
    pub(super) tls: Option<Object>,
}

impl Ends {
    /// The addresses of a connection; `listens_on` is the server's where the connection has none of IP.
    pub(super) fn of(
        py: Python<'_>,
        exchange: &Exchange,
        application: &Application,
    ) -> PyResult<Ends> {
        let listens_on = application.listens_on.borrow().share(py);
        Ok(Ends {
            client: name_of(py, exchange.peer_addr(), None)?,
            server: name_of(py, exchange.local_addr(), Some(&listens_on))?,
            tls: match exchange.agreed() {
                Some(agreed) => Some(tls_of(py, application, &agreed)?),
                None => None,
            },
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

/// What the extension `tls` says (https://asgi.readthedocs.io/en/latest/specs/tls.html); certificates are put into PEM by Python.
fn tls_of(py: Python<'_>, application: &Application, agreed: &Agreed) -> PyResult<Object> {
    let chain = agreed
        .client_chain
        .iter()
        .map(|each| PyBytes::new(py, each));
    let chain = PyList::new(py, chain)?;
    let said = application.hooks.bind(py).call_method1(
        intern!(py, "tls"),
        (
            agreed.version,
            agreed.cipher_suite,
            chain,
            agreed.client_name.as_deref(),
        ),
    )?;
    Ok(Object::new(said))
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
    if exchange.is_http2() {
        dict.set_item(intern!(py, "http_version"), intern!(py, "2"))?;
    } else if exchange.minor_version() == 0 {
        dict.set_item(intern!(py, "http_version"), intern!(py, "1.0"))?;
    }
    if exchange.is_secure() {
        let is_socket = dict.get_item(intern!(py, "scheme"))?;
        let is_socket = is_socket.is_some_and(|scheme| scheme.eq("ws").unwrap_or(false));
        let scheme = if is_socket { "wss" } else { "https" };
        dict.set_item(intern!(py, "scheme"), scheme)?;
    }
    if let Some(tls) = ends.and_then(|ends| ends.tls.as_ref()) {
        let extensions = dict.get_item(intern!(py, "extensions"))?;
        if let Some(extensions) = extensions {
            let tls = tls.bind(py).cast::<PyDict>()?.copy()?;
            extensions.set_item(intern!(py, "tls"), tls)?;
        }
    }
    if let Some(ends) = ends {
        dict.set_item(intern!(py, "client"), ends.client.bind(py))?;
        dict.set_item(intern!(py, "server"), ends.server.bind(py))?;
    }
    if dict.contains(intern!(py, "method"))? {
        dict.set_item(intern!(py, "method"), method(py, exchange.method()))?;
    }
    let (path, query) = split(exchange.target());
    let root = if application.is_mounted {
        ""
    } else {
        &application.root_path
    };
    let root_bytes = root.as_bytes();
    let raw_path = if root.is_empty() {
        PyBytes::new(py, path)
    } else {
        PyBytes::new(py, &[root_bytes, path].concat())
    };
    let path = decoded(py, path);
    let path = if root.is_empty() {
        path
    } else {
        PyString::new(py, root).add(path)?.cast_into()?
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
    let lines = LINES.get(py);
    for (name, value) in exchange.fields() {
        let line = lines.of(py, name, value)?;
        is_forwarded |= line.is_forwarded;
        list.append(&line.pair)?;
    }
    Ok((list, is_forwarded))
}

/// Headers that came lately, as pairs that scopes share: clients send the same ones with every request.
static LINES: GilBound<Lines> = GilBound::new(Lines(RefCell::new(Vec::new())));

/// Rule BOUNDED: so many lines, each of so many bytes.
const KEPT_LINES: usize = 256;
const LONGEST_LINE: usize = 256;

struct Lines(RefCell<Vec<Option<Kept>>>);

struct Kept {
    name: Box<[u8]>,
    value: Box<[u8]>,
    pair: Object,
    is_forwarded: bool,
}

struct Line<'py> {
    pair: Bound<'py, PyTuple>,
    is_forwarded: bool,
}

impl Lines {
    fn of<'py>(&self, py: Python<'py>, name: &[u8], value: &[u8]) -> PyResult<Line<'py>> {
        if name.len() + value.len() > LONGEST_LINE {
            return line(py, name, value);
        }
        let place = (mixed(name, 0) ^ mixed(value, 1)) as usize % KEPT_LINES;
        let mut kept = self.0.borrow_mut();
        if let Some(Some(found)) = kept.get(place)
            && *found.name == *name
            && *found.value == *value
        {
            return Ok(Line {
                pair: found.pair.bind(py).to_owned().cast_into()?,
                is_forwarded: found.is_forwarded,
            });
        }
        let made = line(py, name, value)?;
        if kept.is_empty() {
            kept.resize_with(KEPT_LINES, || None);
        }
        // A pair of bytes: letting go of it runs no code.
        kept[place] = Some(Kept {
            name: name.into(),
            value: value.into(),
            pair: Object::new(made.pair.clone().into_any()),
            is_forwarded: made.is_forwarded,
        });
        Ok(made)
    }
}

fn line<'py>(py: Python<'py>, name: &[u8], value: &[u8]) -> PyResult<Line<'py>> {
    let name = name.to_ascii_lowercase();
    let is_forwarded = matches!(&*name, b"x-forwarded-for" | b"x-forwarded-proto");
    let pair = PyTuple::new(py, [PyBytes::new(py, &name), PyBytes::new(py, value)])?;
    Ok(Line { pair, is_forwarded })
}

/// A number that is seldom the same for other bytes.
fn mixed(bytes: &[u8], seed: u64) -> u64 {
    let mut number = seed ^ bytes.len() as u64;
    for chunk in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        number =
            (number.rotate_left(5) ^ u64::from_le_bytes(word)).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
    number ^ (number >> 32)
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
