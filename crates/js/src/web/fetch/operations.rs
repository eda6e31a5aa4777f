//! The operations behind `fetch`: one starts a fetch and resolves to its head, one aborts it, three feed a request body, one checks bytes.
//!
//! `fetchStart(method, url, headers, body, redirect, number)` resolves to a [`ResponseHead`]. Headers cross as one string,
//! `name:value\n` for each, in both directions. A body that is here with the head crosses as a string if it is ASCII, else as a
//! `Uint8Array`; another stays here under a number. `number` names the fetch for `fetchAbort`, 0 if it has no signal. A seventh argument is
//! the integrity metadata, an eighth where the request comes from.
//! On the loop's thread; rule BOUNDED: an upload holds one chunk that the connection has not taken.

use std::rc::Rc;

use twinloop_web::fetch::{
    HeaderMap, HeaderName, HeaderValue, Integrity, Method, Provenance, RedirectMode,
    ReferrerPolicy, parse_url,
};
use twinloop_web::{Bytes, Client, Request, RequestBody, Response};

use super::upload::Upload;
use crate::builtins::results::Chunk;
use crate::engine::{Arguments, Error, IntoJs, Local, Op, Scope, Type, Units};
use crate::web::network::{AbortFlag, Network, network_error};

pub(crate) const OPS: &[Op] = &[
    Op::new("fetchStart", 6, start),
    Op::new("integrityAllows", 2, integrity_allows),
    Op::new("fetchAbort", 1, abort),
    Op::new("isNullBodyStatus", 1, is_null_body_status),
    Op::new("uploadOpen", 0, upload_open),
    Op::new("uploadWrite", 2, upload_write),
    Op::new("uploadClose", 2, upload_close),
];

fn start<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let network = scope.state::<Network>();
    let number = scope.number_of(arguments.get(5))? as u32;
    let prepared = network
        .client(scope)
        .and_then(|client| Ok((client, read_request(scope, &network, &arguments)?)));
    let (client, request) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return scope.promise_from_future::<()>(async move { Err(error) }),
    };
    if number == 0 {
        return scope.promise_from_long_future(async move {
            let response = client.fetch(request).await.map_err(network_error)?;
            Ok(ResponseHead { network, response })
        });
    }
    scope.promise_from_long_future(async move {
        let response = fetch_abortable(&network, client, request, number).await?;
        Ok(ResponseHead { network, response })
    })
}

async fn fetch_abortable(
    network: &Network,
    client: Client,
    request: Request,
    number: u32,
) -> Result<Response, Error> {
    let flag = Rc::new(AbortFlag::default());
    network.abortable.borrow_mut().insert(number, flag.clone());
    let outcome = flag.guard(client.fetch(request)).await;
    network.abortable.borrow_mut().remove(&number);
    match outcome {
        Some(outcome) => outcome.map_err(network_error),
        None => Err(Error::dom("AbortError", "the fetch was aborted")),
    }
}

fn abort<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let number = scope.number_of(arguments.get(0))? as u32;
    let flag = scope
        .state::<Network>()
        .abortable
        .borrow_mut()
        .remove(&number);
    if let Some(flag) = flag {
        flag.set();
    }
    Ok(Local::undefined())
}

/// `isNullBodyStatus(status)`: whether a response with it has no body.
fn is_null_body_status<'s>(
    scope: &Scope<'s>,
    arguments: Arguments<'s>,
) -> Result<Local<'s>, Error> {
    let status = scope.number_of(arguments.get(0))? as u16;
    Ok(Local::boolean(twinloop_web::fetch::is_null_body_status(
        status,
    )))
}

fn read_request(
    scope: &Scope<'_>,
    network: &Network,
    arguments: &Arguments<'_>,
) -> Result<Request, Error> {
    let method = read_method(scope, arguments.get(0))?;
    let url = network.parse_url(scope, arguments.get(1))?;
    // Step 7 of <https://fetch.spec.whatwg.org/#dom-request>, for a url that went past `new Request`; redirects may carry them.
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid(format!(
            "fetch: the URL {} must not carry credentials",
            &url[url::Position::BeforeHost..url::Position::AfterPort]
        )));
    }
    let mut request = Request::with_url(method, url);
    request.blocks_ports = true;
    read_headers(scope, arguments.get(2), &mut request.headers)?;
    request.body = read_body(scope, network, arguments.get(3))?;
    request.redirect = scope.read_units(arguments.get(4), |units| match units {
        Units::Latin1(b"error") => RedirectMode::Error,
        Units::Latin1(b"manual") => RedirectMode::Manual,
        _ => RedirectMode::Follow,
    })?;
    let integrity = arguments.get(6);
    if integrity.type_of() == Type::String {
        request.integrity = Integrity::parse(&scope.string_of(integrity)?);
    }
    let provenance = arguments.get(7);
    if provenance.type_of() == Type::String {
        request.provenance = read_provenance(&scope.string_of(provenance)?);
    }
    Ok(request)
}

/// Of `referrer\npolicy\norigin\nmode`, each empty where there is none: what is none tells nothing.
fn read_provenance(text: &str) -> Option<Box<Provenance>> {
    let mut parts = text.split('\n');
    let mut next = || parts.next().unwrap_or_default();
    let (referrer, policy) = (parse_url(next()).ok(), ReferrerPolicy::named(next()));
    let (own, mode) = (parse_url(next()).ok(), next());
    Some(Box::new(Provenance {
        referrer,
        policy: policy.unwrap_or_default(),
        origin: own.map(|url| url.origin()),
        is_cors: mode == "cors",
        stays_home: mode == "same-origin",
    }))
}

/// `integrityAllows(bytes, metadata)`: whether a body that did not come from the network is what the program means.
fn integrity_allows<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let allowed = match Integrity::parse(&scope.string_of(arguments.get(1))?) {
        None => Ok(true),
        Some(integrity) => scope.with_bytes(arguments.get(0), |bytes| integrity.allows(bytes))?,
    };
    Ok(Local::boolean(allowed.map_err(network_error)?))
}

fn read_method(scope: &Scope<'_>, value: Local<'_>) -> Result<Method, Error> {
    if scope.read_units(value, |units| matches!(units, Units::Latin1(b"GET")))? {
        return Ok(Method::GET);
    }
    let name = scope.string_of(value)?;
    Method::from_bytes(name.as_bytes())
        .map_err(|_| invalid(format!("'{name}' is not a valid http method")))
}

fn read_headers(scope: &Scope<'_>, value: Local<'_>, headers: &mut HeaderMap) -> Result<(), Error> {
    let text = scope
        .latin1_of(value)?
        .ok_or_else(|| invalid("a header is not a byte string".to_owned()))?;
    for line in text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        let colon = line
            .iter()
            .position(|byte| *byte == b':')
            .unwrap_or(line.len());
        let (name, value) = (&line[..colon], line.get(colon + 1..).unwrap_or_default());
        let shown = || String::from_utf8_lossy(name).into_owned();
        let name = HeaderName::from_bytes(name)
            .map_err(|_| invalid(format!("'{}' is not a valid header name", shown())))?;
        let value = HeaderValue::from_bytes(value)
            .map_err(|_| invalid(format!("the header '{name}' has an invalid value")))?;
        headers.append(name, value);
    }
    Ok(())
}

fn invalid(message: String) -> Error {
    Error::type_error(message).with("code", "ERR_INVALID_ARG_VALUE")
}

fn read_body(scope: &Scope<'_>, network: &Network, value: Local<'_>) -> Result<RequestBody, Error> {
    match value.type_of() {
        Type::Null | Type::Undefined => Ok(RequestBody::empty()),
        Type::String => Ok(RequestBody::from(scope.string_of(value)?)),
        Type::Number => {
            let number = scope.number_of(value)? as u32;
            let upload = network.uploads.borrow().get(&number).cloned();
            let upload =
                upload.ok_or_else(|| Error::new(format!("there is no upload {number}")))?;
            Ok(RequestBody::stream(upload.stream()))
        }
        _ => Ok(RequestBody::from(scope.bytes_of(value)?)),
    }
}

// ---- the head

/// A response on its way to JavaScript: what `fetch.js` calls `ResponseHead`, in its order.
struct ResponseHead {
    network: Rc<Network>,
    response: Response,
}

impl IntoJs for ResponseHead {
    fn into_js<'s>(self, scope: &Scope<'s>) -> Result<Local<'s>, Error> {
        let ResponseHead { network, response } = self;
        scope.array(&[
            scope.number(response.status.as_u16().into()),
            scope.string(&response.reason)?,
            network.url_string(scope, &response.url)?,
            Local::boolean(response.redirected),
            scope.string_latin1(&header_text(&response.headers))?,
            make_body(scope, &network, response)?,
        ])
    }
}

fn header_text(headers: &HeaderMap) -> Vec<u8> {
    let mut text = Vec::with_capacity(headers.len() * 40);
    for (name, value) in headers {
        text.extend_from_slice(name.as_str().as_bytes());
        text.push(b':');
        text.extend_from_slice(value.as_bytes());
        text.push(b'\n');
    }
    text
}

fn make_body<'s>(
    scope: &Scope<'s>,
    network: &Network,
    response: Response,
) -> Result<Local<'s>, Error> {
    if response.body.is_null() {
        return Ok(Local::null());
    }
    if let Some(bytes) = response.body.buffered() {
        // Most bodies are JSON in ASCII, and a string is what they become: it costs the collector less than a buffer.
        if bytes.is_ascii() {
            return scope.string_latin1(&bytes);
        }
        // The body lets go first, so that the bytes are the only owner and may move without a copy.
        drop(response);
        return Chunk(bytes).into_js(scope);
    }
    network.collect_forgotten_bodies(scope);
    Ok(network.keep(scope, response.body))
}

// ---- uploads

fn upload_open<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    let network = scope.state::<Network>();
    let number = network.next_number();
    network
        .uploads
        .borrow_mut()
        .insert(number, Rc::new(Upload::new()));
    Ok(scope.number(number.into()))
}

/// Resolves to true when there is room for the next chunk, to false when the request has ended.
fn upload_write<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let number = scope.number_of(arguments.get(0))? as u32;
    let chunk = Bytes::from(scope.bytes_of(arguments.get(1))?);
    let network = scope.state::<Network>();
    let sender = network
        .uploads
        .borrow()
        .get(&number)
        .and_then(|upload| upload.sender());
    scope.promise_from_future(async move {
        let Some(sender) = sender else {
            return Ok(false);
        };
        let sent = sender.send(chunk).await.is_ok();
        if !sent {
            network.uploads.borrow_mut().remove(&number);
        }
        Ok(sent)
    })
}

fn upload_close<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let number = scope.number_of(arguments.get(0))? as u32;
    let whole = scope.bool_of(arguments.get(1));
    if let Some(upload) = scope
        .state::<Network>()
        .uploads
        .borrow_mut()
        .remove(&number)
    {
        upload.close(whole);
    }
    Ok(Local::undefined())
}
