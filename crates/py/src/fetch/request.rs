//! The arguments of a fetch, as a request of `web`.
//!
//! What is wrong with them is raised at the call, not where it is awaited. GIL held.

use std::borrow::Cow;
use std::cell::RefCell;
use std::time::Duration;

use bytes::Bytes;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use twinloop_web::fetch::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, PROXY_AUTHORIZATION};
use twinloop_web::fetch::{
    HeaderMap, HeaderName, HeaderValue, Method, RedirectMode, Url, basic_authorization,
    form_urlencoded, parse_url,
};
use twinloop_web::{Request, RequestBody};

use super::abort;
use super::failures::fetch_error;
use super::headers::{for_each_pair, read_into};
use super::upload::{self, Raised, Upload};
use crate::ffi::buffers::{is_bytes_like, shared};
use crate::ffi::{GilBound, Object};
use crate::waiting::Limit;

/// What a request may be told besides its url.
#[derive(Default)]
pub(crate) struct Wanted<'py> {
    pub(crate) method: Option<Bound<'py, PyAny>>,
    pub(crate) headers: Option<Bound<'py, PyAny>>,
    pub(crate) params: Option<Bound<'py, PyAny>>,
    pub(crate) json: Option<Bound<'py, PyAny>>,
    pub(crate) data: Option<Bound<'py, PyAny>>,
    pub(crate) content: Option<Bound<'py, PyAny>>,
    pub(crate) files: Option<Bound<'py, PyAny>>,
    pub(crate) cookies: Option<Bound<'py, PyAny>>,
    pub(crate) auth: Option<Bound<'py, PyAny>>,
    pub(crate) timeout: Option<Bound<'py, PyAny>>,
    pub(crate) redirect: Option<Bound<'py, PyAny>>,
    pub(crate) decompress: Option<Bound<'py, PyAny>>,
    pub(crate) signal: Option<Bound<'py, PyAny>>,
}

impl<'py> Wanted<'py> {
    /// Out of the keywords of the method `name` of a session.
    pub(super) fn of(options: Option<&Bound<'py, PyDict>>, name: &str) -> PyResult<Wanted<'py>> {
        let mut wanted = Wanted::default();
        for (keyword, value) in options.into_iter().flat_map(|options| options.iter()) {
            let keyword = keyword.cast_into::<PyString>()?;
            let place = match keyword.to_str()? {
                "method" => &mut wanted.method,
                "headers" => &mut wanted.headers,
                "params" => &mut wanted.params,
                "json" => &mut wanted.json,
                "data" => &mut wanted.data,
                "content" => &mut wanted.content,
                "files" => &mut wanted.files,
                "cookies" => &mut wanted.cookies,
                "auth" => &mut wanted.auth,
                "timeout" => &mut wanted.timeout,
                "redirect" => &mut wanted.redirect,
                "decompress" => &mut wanted.decompress,
                "signal" => &mut wanted.signal,
                unknown => {
                    return Err(PyTypeError::new_err(format!(
                        "Session.{name}() got an unexpected keyword argument '{unknown}'"
                    )));
                }
            };
            *place = Some(value).filter(|value| !value.is_none());
        }
        Ok(wanted)
    }

    /// The method of a call that says it by its name.
    pub(super) fn set_method(&mut self, py: Python<'py>, method: &str, name: &str) -> PyResult<()> {
        if self.method.is_some() {
            return Err(PyTypeError::new_err(format!(
                "Session.{name}() got an unexpected keyword argument 'method'"
            )));
        }
        self.method = Some(PyString::new(py, method).into_any());
        Ok(())
    }

    /// The time that all may take.
    pub(super) fn limit(&self) -> PyResult<Option<Limit>> {
        self.timeout.as_ref().map(read_timeout).transpose()
    }
}

/// What the requests of a session have in common.
pub(crate) struct Defaults {
    /// What urls without a scheme are below.
    base: Option<Url>,
    headers: HeaderMap,
    pub(super) limit: Option<Limit>,
    last_url: RefCell<Option<(String, Url)>>,
}

/// Who a client is, which is for the base url's origin alone.
const OF_THE_ORIGIN: [HeaderName; 3] = [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE];

impl Defaults {
    pub(super) fn of(base: Option<&Bound<'_, PyAny>>, wanted: &Wanted<'_>) -> PyResult<Defaults> {
        let base = base.map(read_url).transpose()?;
        if let Some(base) = &base
            && !matches!(base.scheme(), "http" | "https")
        {
            return Err(PyValueError::new_err(format!(
                "the base url '{base}' is not http or https"
            )));
        }
        let mut headers = HeaderMap::new();
        add_headers(&mut headers, wanted)?;
        Ok(Defaults {
            base,
            headers,
            limit: wanted.limit()?,
            last_url: RefCell::default(),
        })
    }

    /// The url that a text means: as it is if it has a scheme, else below the base.
    fn url(&self, text: &Bound<'_, PyAny>) -> PyResult<Url> {
        let (Some(base), Ok(text)) = (&self.base, text.cast::<PyString>()) else {
            return read_url(text);
        };
        let shown = text.to_str()?;
        if let Some((known, url)) = &*self.last_url.borrow()
            && known == shown
        {
            return Ok(url.clone());
        }
        let url = match Url::parse(shown) {
            Ok(url) => url,
            Err(_) => below(base, shown).map_err(|error| fetch_error(text.py(), &error))?,
        };
        *self.last_url.borrow_mut() = Some((shown.to_owned(), url.clone()));
        Ok(url)
    }

    /// The headers that go to `url`.
    fn headers(&self, url: &Url) -> HeaderMap {
        let mut headers = self.headers.clone();
        if let Some(base) = &self.base
            && base.origin() != url.origin()
        {
            for name in OF_THE_ORIGIN {
                headers.remove(name);
            }
        }
        headers
    }
}

/// `text` put behind the path of `base`, whose user and password stay.
fn below(base: &Url, text: &str) -> Result<Url, twinloop_web::Error> {
    let mut whole = base.clone();
    whole.set_query(None);
    whole.set_fragment(None);
    let start = whole.as_str();
    let is_path = !text.is_empty() && !text.starts_with(['?', '#']);
    parse_url(&match is_path {
        true => format!(
            "{}/{}",
            start.trim_end_matches('/'),
            text.trim_start_matches('/')
        ),
        false => format!("{start}{text}"),
    })
}

const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain;charset=UTF-8");

/// Where a request goes, and with which headers: its own, or those that a session has.
pub(crate) fn address(
    url: &Bound<'_, PyAny>,
    wanted: &Wanted<'_>,
    defaults: Option<&Defaults>,
) -> PyResult<(Url, HeaderMap)> {
    let mut url = match defaults {
        Some(defaults) => defaults.url(url)?,
        None => read_url(url)?,
    };
    if let Some(params) = &wanted.params {
        add_params(&mut url, params)?;
    }
    let mut own = HeaderMap::new();
    add_headers(&mut own, wanted)?;
    let Some(defaults) = defaults else {
        return Ok((url, own));
    };
    let mut headers = defaults.headers(&url);
    for name in own.keys() {
        headers.remove(name);
    }
    headers.extend(own);
    Ok((url, headers))
}

/// The request that the arguments mean.
pub(super) fn read(
    url: &Bound<'_, PyAny>,
    wanted: &Wanted<'_>,
    defaults: Option<&Defaults>,
) -> PyResult<Prepared> {
    let (url, headers) = address(url, wanted, defaults)?;
    let mut request = Request::with_url(Method::GET, url);
    request.headers = headers;
    let mut raised = None;
    if let Some(body) = read_body(wanted)? {
        request.body = body.content;
        raised = body.raised;
        if let Some(kind) = body.kind {
            request.headers.entry(CONTENT_TYPE).or_insert(kind);
        }
        request.method = Method::POST;
    }
    if let Some(method) = &wanted.method {
        request.method = read_method(method)?;
    }
    if let Some(redirect) = &wanted.redirect {
        request.redirect = read_redirect(redirect)?;
    }
    if let Some(decompress) = &wanted.decompress {
        request.decompress = decompress.is_truthy()?;
    }
    let signal = wanted.signal.as_ref().map(abort::listen).transpose()?;
    Ok(Prepared {
        request,
        raised,
        signal,
    })
}

/// A request to be sent.
pub(super) struct Prepared {
    pub(super) request: Request,
    /// Where to find what the program's own code raised while the body was read.
    pub(super) raised: Option<Raised>,
    /// The hook of what may end it.
    pub(super) signal: Option<Object>,
}

// ---- url

/// The url of the last fetch: programs ask for the same one again and again, and parsing it takes a microsecond.
static LAST_URL: GilBound<RefCell<Option<(String, Url)>>> = GilBound::new(RefCell::new(None));

fn read_url(url: &Bound<'_, PyAny>) -> PyResult<Url> {
    let py = url.py();
    let shown;
    let text = match url.cast::<PyString>() {
        Ok(text) => text,
        // Of yarl, httpx and others, which know how it is written.
        Err(_) if url.get_type().name()?.to_str()?.contains("URL") => {
            shown = url.str()?;
            &shown
        }
        Err(_) => {
            return Err(PyTypeError::new_err(format!(
                "a url is a str, not '{}'",
                url.get_type().name()?
            )));
        }
    };
    let text = text.to_str()?;
    if let Some((known, url)) = &*LAST_URL.get(py).borrow()
        && known == text
    {
        return Ok(url.clone());
    }
    let parsed = parse_url(text).map_err(|error| fetch_error(py, &error))?;
    *LAST_URL.get(py).borrow_mut() = Some((text.to_owned(), parsed.clone()));
    Ok(parsed)
}

/// Adds to the query; a value that is None adds nothing, a list a pair for each of its items.
fn add_params(url: &mut Url, params: &Bound<'_, PyAny>) -> PyResult<()> {
    if let Ok(text) = params.cast::<PyString>() {
        let more = text.to_str()?.trim_start_matches('?').to_owned();
        if !more.is_empty() {
            let query = match url.query() {
                Some(query) if !query.is_empty() => format!("{query}&{more}"),
                _ => more,
            };
            url.set_query(Some(&query));
        }
        return Ok(());
    }
    let pairs = text_pairs(params, "params")?;
    if !pairs.is_empty() {
        url.query_pairs_mut().extend_pairs(pairs);
    }
    Ok(())
}

/// Names and values as texts.
fn text_pairs(source: &Bound<'_, PyAny>, what: &str) -> PyResult<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    for_each_pair(source, what, |name, value| {
        let name = text_of(name, what)?;
        if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
            for each in value.try_iter()? {
                pairs.push((name.clone(), text_of(&each?, what)?));
            }
        } else if !value.is_none() {
            pairs.push((name, text_of(value, what)?));
        }
        Ok(())
    })?;
    Ok(pairs)
}

/// A text, a number, or a truth as JSON has it.
fn text_of(value: &Bound<'_, PyAny>, what: &str) -> PyResult<String> {
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(text.to_str()?.to_owned());
    }
    if let Ok(truth) = value.cast::<PyBool>() {
        return Ok(truth.is_true().to_string());
    }
    if value.is_instance_of::<PyInt>() || value.is_instance_of::<PyFloat>() {
        return Ok(value.str()?.to_str()?.to_owned());
    }
    Err(PyTypeError::new_err(format!(
        "names and values of {what} are str, int, float or bool, not '{}'",
        value.get_type().name()?
    )))
}

// ---- time

/// Seconds, or an object that knows how many it is.
fn read_timeout(timeout: &Bound<'_, PyAny>) -> PyResult<Limit> {
    let seconds: f64 = match timeout.extract() {
        Ok(seconds) => seconds,
        Err(_) => timeout
            .call_method0("total_seconds")
            .and_then(|seconds| seconds.extract())
            .map_err(|_| {
                PyTypeError::new_err("timeout is a number of seconds, a timedelta or None")
            })?,
    };
    Duration::try_from_secs_f64(seconds)
        .map(Limit::of)
        .map_err(|_| PyValueError::new_err(format!("timeout cannot be {seconds} seconds")))
}

// ---- method and headers

/// Headers, cookies and `auth`, all of which are headers.
fn add_headers(headers: &mut HeaderMap, wanted: &Wanted<'_>) -> PyResult<()> {
    if let Some(given) = &wanted.headers {
        read_into(headers, given)?;
    }
    if let Some(cookies) = &wanted.cookies {
        add_cookies(headers, cookies)?;
    }
    if let Some(auth) = &wanted.auth {
        headers.insert(AUTHORIZATION, read_auth(auth)?);
    }
    Ok(())
}

fn read_method(method: &Bound<'_, PyAny>) -> PyResult<Method> {
    let text: Cow<'_, str> = method
        .extract()
        .map_err(|_| PyTypeError::new_err("a method is a str, such as \"POST\""))?;
    let upper = text.to_ascii_uppercase();
    match Method::from_bytes(upper.as_bytes()) {
        // Asks for a tunnel, which is no fetch (<https://fetch.spec.whatwg.org/#forbidden-method>).
        Ok(Method::CONNECT) => Err(PyValueError::new_err("fetch() opens no tunnels: CONNECT")),
        Ok(method) => Ok(method),
        Err(_) => Err(PyValueError::new_err(format!(
            "'{text}' is not a valid http method"
        ))),
    }
}

fn read_redirect(redirect: &Bound<'_, PyAny>) -> PyResult<RedirectMode> {
    let text: Option<Cow<'_, str>> = redirect.extract().ok();
    match text.as_deref() {
        Some("follow") => Ok(RedirectMode::Follow),
        Some("error") => Ok(RedirectMode::Error),
        Some("manual") => Ok(RedirectMode::Manual),
        _ => Err(PyValueError::new_err(format!(
            "redirect is 'follow', 'error' or 'manual', not {}",
            redirect.repr()?
        ))),
    }
}

/// Adds cookies to those that the headers have.
fn add_cookies(headers: &mut HeaderMap, cookies: &Bound<'_, PyAny>) -> PyResult<()> {
    for_each_pair(cookies, "cookies", |name, value| {
        let (name, value) = (text_of(name, "cookies")?, text_of(value, "cookies")?);
        let is_plain = |text: &str| !text.contains([';', '\r', '\n', '\0']);
        let cookie = format!("{name}={value}");
        let is_cookie = !name.is_empty() && !name.contains('=') && is_plain(&cookie);
        let line = HeaderValue::from_bytes(cookie.as_bytes())
            .ok()
            .filter(|_| is_cookie)
            .ok_or_else(|| PyValueError::new_err(format!("the cookie '{name}' cannot be sent")))?;
        headers.append(COOKIE, line);
        Ok(())
    })
}

/// A pair of user and password; a third, an encoding, is one that other clients' pairs have.
fn read_auth(auth: &Bound<'_, PyAny>) -> PyResult<HeaderValue> {
    let pair = auth.cast::<PyTuple>().ok().and_then(|auth| {
        let part = |index| -> Option<String> { auth.get_item(index).ok()?.extract().ok() };
        Some((part(0)?, part(1)?))
    });
    let Some((user, password)) = pair else {
        // Not shown: it may be a password.
        return Err(PyTypeError::new_err(format!(
            "auth is a pair of a user and a password, not '{}'; a token goes into the header 'authorization'",
            auth.get_type().name()?
        )));
    };
    if user.contains(':') {
        return Err(PyValueError::new_err("the user of auth has a colon"));
    }
    Ok(basic_authorization(user.as_bytes(), password.as_bytes()))
}

// ---- body

struct Content {
    content: RequestBody,
    kind: Option<HeaderValue>,
    raised: Option<Raised>,
}

impl Content {
    fn of(content: impl Into<RequestBody>, kind: Option<HeaderValue>) -> Content {
        Content {
            content: content.into(),
            kind,
            raised: None,
        }
    }

    fn uploaded(upload: Upload, kind: Option<HeaderValue>) -> Content {
        Content {
            content: upload.body,
            kind,
            raised: Some(upload.raised),
        }
    }
}

fn read_body(wanted: &Wanted<'_>) -> PyResult<Option<Content>> {
    if let Some(files) = &wanted.files {
        return multipart(wanted, files).map(Some);
    }
    let given = [
        ("json", &wanted.json),
        ("data", &wanted.data),
        ("content", &wanted.content),
    ];
    let mut given = given
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_ref()?)));
    let Some((name, value)) = given.next() else {
        return Ok(None);
    };
    if let Some((other, _)) = given.next() {
        return Err(PyTypeError::new_err(format!(
            "a request has one body: {name} or {other}"
        )));
    }
    let content = match name {
        "json" => Content::of(json_text(value)?, Some(JSON)),
        "data" if is_form(value)? => Content::of(form(value)?, Some(FORM)),
        _ => plain(value, name)?,
    };
    Ok(Some(content))
}

/// A mapping, or pairs.
fn is_form(data: &Bound<'_, PyAny>) -> PyResult<bool> {
    let has_pairs = || data.hasattr(intern!(data.py(), "items"));
    Ok(data.is_instance_of::<PyDict>()
        || data.is_instance_of::<PyList>()
        || data.is_instance_of::<PyTuple>()
        || has_pairs()?)
}

fn form(data: &Bound<'_, PyAny>) -> PyResult<String> {
    let pairs = text_pairs(data, "data")?;
    Ok(form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish())
}

fn plain(value: &Bound<'_, PyAny>, name: &str) -> PyResult<Content> {
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(Content::of(text.to_str()?.to_owned(), Some(TEXT)));
    }
    if is_bytes_like(value) {
        return Ok(Content::of(shared(value)?, None));
    }
    let parts = value
        .py()
        .import("_twinloop.fetch.uploads")?
        .call_method1("parts_of", (value, name))?;
    Ok(Content::uploaded(upload::read(&parts)?, None))
}

/// A form with files, and the fields of `data`.
fn multipart(wanted: &Wanted<'_>, files: &Bound<'_, PyAny>) -> PyResult<Content> {
    for (name, other) in [("json", &wanted.json), ("content", &wanted.content)] {
        if other.is_some() {
            return Err(PyTypeError::new_err(format!(
                "a request has one body: files or {name}"
            )));
        }
    }
    let fields = match &wanted.data {
        Some(data) => text_pairs(data, "data")?,
        None => Vec::new(),
    };
    let uploads = files.py().import("_twinloop.fetch.uploads")?;
    let form = uploads.call_method1("multipart", (fields, files))?;
    let (kind, parts): (String, Bound<'_, PyAny>) = form.extract()?;
    let kind = HeaderValue::from_str(&kind)
        .map_err(|_| PyValueError::new_err("the boundary of a form cannot be sent"))?;
    Ok(Content::uploaded(upload::read(&parts)?, Some(kind)))
}

/// JSON as the web writes it: no blanks, and UTF-8 as it is.
pub(crate) fn json_text(value: &Bound<'_, PyAny>) -> PyResult<Bytes> {
    static ENCODE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = value.py();
    let encode = ENCODE.get_or_try_init(py, || {
        let options = PyDict::new(py);
        options.set_item("ensure_ascii", false)?;
        options.set_item("allow_nan", false)?;
        options.set_item("separators", (",", ":"))?;
        let encoder = py
            .import("json")?
            .getattr("JSONEncoder")?
            .call((), Some(&options))?;
        Ok::<_, PyErr>(encoder.getattr("encode")?.unbind())
    })?;
    let text = encode.bind(py).call1((value,))?;
    let text = text.cast_into::<PyString>()?;
    Ok(Bytes::copy_from_slice(text.to_str()?.as_bytes()))
}
