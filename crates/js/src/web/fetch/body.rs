//! Operations on bodies that are here in Rust, or still arriving, and the making of values from bytes.
//!
//! `bodyRead` pulls one chunk; `bodyText`, `bodyJson`, `bodyBytes` and `bodyBuffer` read to the end and make the value here, so that a whole
//! `response.json()` is one operation; of bytes that are kept here they make it at once. A chunk is only pulled when JavaScript asks (rule BOUNDED). On the loop's thread.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};

use twinloop_web::Bytes as Arrived;
use twinloop_web::fetch::Body;

use crate::builtins::results::{BodyJson, BodyText, Chunk, body_text};
use crate::engine::{Arguments, Buffer, Error, IntoJs, Local, Op, Scope};
use crate::web::fetch::kept::KeptBytes;
use crate::web::network::{ArrivingBody, Network, network_error};

pub(crate) const OPS: &[Op] = &[
    Op::new("bodyRead", 1, read),
    Op::new("bodyBuffer", 1, buffer),
    Op::new("bodyBytes", 1, bytes),
    Op::new("bodyText", 1, text),
    Op::new("bodyJson", 1, json),
    Op::new("bodyCancel", 1, cancel),
    Op::new("bodyClone", 1, clone),
    Op::new("bodyKeep", 1, keep),
    Op::new("bodyKept", 2, kept),
    Op::new("bodyParseJson", 1, parse_json),
];

/// The body of a number, and whether it is to be forgotten when it has been read.
struct Handle {
    network: Rc<Network>,
    number: u32,
    body: Option<Rc<ArrivingBody>>,
}

impl Handle {
    fn of(scope: &Scope<'_>, arguments: &Arguments<'_>) -> Result<Handle, Error> {
        let network = scope.state::<Network>();
        let number = scope.number_of(arguments.get(0))? as u32;
        let body = network.bodies.borrow().get(&number).cloned();
        Ok(Handle {
            network,
            number,
            body,
        })
    }

    /// The next chunk; `None` (undefined in JavaScript) at the end, after which the number means nothing any more.
    async fn next(&self) -> Result<Option<Arrived>, Error> {
        let Some(body) = &self.body else {
            return Ok(None);
        };
        let chunk = poll_fn(|context| poll_chunk(body, context)).await;
        if !matches!(chunk, Ok(Some(_))) {
            self.network.bodies.borrow_mut().remove(&self.number);
        }
        chunk
    }

    /// Everything that is still to come.
    async fn whole(&self) -> Result<Arrived, Error> {
        let Some(arriving) = &self.body else {
            return Ok(Arrived::new());
        };
        let body = arriving.body.borrow_mut().take().ok_or_else(canceled)?;
        let whole = arriving.canceled.guard(body.bytes()).await;
        self.network.bodies.borrow_mut().remove(&self.number);
        whole.ok_or_else(canceled)?.map_err(read_error)
    }
}

fn poll_chunk(
    arriving: &ArrivingBody,
    context: &mut Context<'_>,
) -> Poll<Result<Option<Arrived>, Error>> {
    let mut body = arriving.body.borrow_mut();
    let Some(body) = body.as_mut() else {
        return Poll::Ready(Err(canceled()));
    };
    let polled = arriving
        .canceled
        .poll_unless_set(context, |context| body.poll_chunk(context));
    polled.map(|chunk| match chunk {
        Some(chunk) => chunk.transpose().map_err(read_error),
        None => Err(canceled()),
    })
}

/// One of a server's request that is too long has the status for its client.
fn read_error(error: twinloop_web::Error) -> Error {
    let is_too_long = error.is_full();
    let failure = network_error(error);
    match is_too_long {
        true => failure.with("status", 413.0),
        false => failure,
    }
}

fn canceled() -> Error {
    Error::dom("AbortError", "the body was canceled")
}

fn read<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let handle = Handle::of(scope, &arguments)?;
    scope.promise_from_future(async move { Ok(handle.next().await?.map(Chunk)) })
}

fn bytes<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    if let Some(kept) = KeptBytes::of(scope, arguments.get(0)) {
        return Chunk(kept.bytes(true)).into_js(scope);
    }
    let handle = Handle::of(scope, &arguments)?;
    scope.promise_from_future(async move { handle.whole().await.map(Chunk) })
}

fn buffer<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    if let Some(kept) = KeptBytes::of(scope, arguments.get(0)) {
        return Buffer(kept.bytes(true)).into_js(scope);
    }
    let handle = Handle::of(scope, &arguments)?;
    scope.promise_from_future(async move { handle.whole().await.map(Buffer) })
}

fn text<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    if let Some(kept) = KeptBytes::of(scope, arguments.get(0)) {
        return BodyText(kept.bytes(true)).into_js(scope);
    }
    let handle = Handle::of(scope, &arguments)?;
    scope.promise_from_future(async move { handle.whole().await.map(BodyText) })
}

fn json<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    if let Some(kept) = KeptBytes::of(scope, arguments.get(0)) {
        return BodyJson(kept.bytes(true)).into_js(scope);
    }
    let handle = Handle::of(scope, &arguments)?;
    scope.promise_from_future(async move { handle.whole().await.map(BodyJson) })
}

/// Gives up a body; one that ended already is no longer there, which is fine.
fn cancel<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let handle = Handle::of(scope, &arguments)?;
    handle.network.bodies.borrow_mut().remove(&handle.number);
    if let Some(body) = &handle.body {
        body.cancel();
    }
    Ok(Local::undefined())
}

fn clone<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let Handle { network, body, .. } = Handle::of(scope, &arguments)?;
    let bytes = body.and_then(|arriving| arriving.body.borrow().as_ref().and_then(Body::buffered));
    Ok(match bytes {
        Some(bytes) => network.keep(scope, Body::from(bytes)),
        None => Local::undefined(),
    })
}

/// Bytes that are to be sent, or read again: JavaScript may go on writing to its own.
fn keep<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let bytes = scope.bytes_of(arguments.get(0))?;
    KeptBytes::keep(scope, Arrived::from(bytes))
}

/// `bodyKept(kept, isLast)`: its bytes, for who does not write to them.
fn kept<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let kept = scope.expect_host::<KeptBytes>(arguments.get(0), "a kept body")?;
    Chunk(kept.bytes(scope.bool_of(arguments.get(1)))).into_js(scope)
}

fn parse_json<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let text = scope.with_bytes(arguments.get(0), |bytes| body_text(bytes).into_owned())?;
    scope.json_parse(&text)
}
