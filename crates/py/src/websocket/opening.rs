//! Opening a WebSocket, as a native coroutine: cancelling it closes the connection. Loop thread, GIL held.

use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use pyo3::prelude::*;
use twinloop_web::{Client, Error, ErrorKind, Result, WebSocket, websocket::Handshake};

use super::class::WebSocketCore;
use super::open::Open;
use crate::asyncio::event_loop::LoopState;
use crate::fetch::client::Running;
use crate::fetch::failures::{class, fetch_error};
use crate::ffi::Object;
use crate::ffi::coroutine::{self, Attempt, Operation, Waiter};
use crate::waiting::{self, Clock, Limit, Wakeup};

struct Opening {
    core: Rc<LoopState>,
    opened: Pin<Box<dyn Future<Output = Result<WebSocket>>>>,
    clock: Option<Clock>,
    /// The `WebSocketCore` that is opened.
    object: Object,
    wakeup: Option<Wakeup>,
}

impl Operation for Opening {
    fn name(&self) -> &'static str {
        "WebSocket.__aenter__"
    }

    fn attempt<'py>(&mut self, py: Python<'py>, waiter: &Waiter) -> Attempt<'py> {
        let (opened, clock) = (&mut self.opened, &mut self.clock);
        let polled = waiting::poll(
            py,
            &self.core,
            &mut self.wakeup,
            waiter,
            |context| match opened.as_mut().poll(context) {
                Poll::Ready(opened) => Poll::Ready(Some(opened)),
                Poll::Pending if waiting::is_over(clock, context) => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            },
        )?;
        let object = self.object.bind(py).to_owned();
        match polled {
            Poll::Pending => Ok(None),
            Poll::Ready(Some(Ok(opened))) => {
                let open = Open::start(&self.core, waiter.event_loop(py), opened)?;
                object.cast::<WebSocketCore>()?.get().opened(py, open);
                Ok(Some(object))
            }
            Poll::Ready(Some(Err(error))) => Err(opening_error(py, &error)),
            Poll::Ready(None) => {
                let when = self.clock.as_ref().map(|clock| clock.limit.shown());
                let url = object.getattr("url")?;
                let message = format!("{url} was not opened {}", when.unwrap_or_default());
                Err(PyErr::from_value(
                    class(py, "FetchTimeoutError")?.call1((message,))?,
                ))
            }
        }
    }

    fn withdraw(&mut self, _py: Python<'_>, _waiter: &Waiter) {
        // The coroutine leaves its slot by itself.
    }

    fn visit(&self, visitor: &mut dyn FnMut(&Object)) {
        visitor(&self.object);
    }
}

/// A coroutine that opens `object`, and gives it.
pub(super) fn open<'py>(
    object: &Bound<'py, WebSocketCore>,
    running: &Running<'py>,
    client: &Client,
    handshake: Handshake,
    limit: Option<Limit>,
) -> PyResult<Bound<'py, PyAny>> {
    let opening = Opening {
        core: Rc::clone(&running.core),
        opened: Box::pin(WebSocket::connect(client, handshake)),
        clock: limit.map(Clock::of),
        object: Object::new(object.clone().into_any()),
        wakeup: None,
    };
    coroutine::make(
        object.py(),
        running.event_loop.as_borrowed(),
        Box::new(opening),
    )
}

/// A server that refuses, or does not speak WebSocket, is told from one that is not there.
fn opening_error(py: Python<'_>, error: &Error) -> PyErr {
    let status = error.status();
    if status.is_none() && error.kind() != ErrorKind::Protocol {
        return fetch_error(py, error);
    }
    class(py, "WebSocketHandshakeError")
        .and_then(|class| class.call1((error.chain(), status)))
        .map_or_else(|failure| failure, PyErr::from_value)
}
