//! An open WebSocket's state, shared by its sender, its receiver and its writing task. Loop thread only.
//!
//! Life: open; closing (our close frame is queued, messages are no longer accepted); ended (a [`CloseStatus`] is known,
//! `receive` gives `None`). The transport is dropped, which closes the socket, once the connection has ended and what
//! was queued before is sent or cannot be. Every borrow of the state ends before a waker runs foreign code: wakers of the
//! loop only queue.

use super::deflate::Deflate;
use super::frame::{Opcode, Role};
use super::handshake::{Handshake, Opened};
use super::inbound::{Event, Inbound};
use super::keepalive::{Keepalive, Pings};
use super::outbound::Outbound;
use super::{CloseStatus, Message, close_payload, code_of};
use crate::connect::Transport;
use crate::{Error, ErrorKind, Result};
use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use twinloop_loop::Loop;
use twinloop_loop::time::{self, Sleep};
use url::Url;

/// `send` waits above this many queued bytes.
const SHORT_QUEUE: usize = 64 * 1024;

/// After so many messages or reads without a pause the receiver's task lets others run.
const FAIR_SHARE: u32 = 64;

pub(super) struct Connection {
    url: Url,
    protocol: String,
    extensions: String,
    max_queued_bytes: usize,
    close_timeout: Duration,
    state: RefCell<ConnectionState>,
    /// The queue became shorter, or the connection ended.
    drained: Notify,
    /// A ping was answered, or the connection ended.
    answered: Notify,
}

struct ConnectionState {
    transport: Option<Transport>,
    inbound: Inbound,
    outbound: Outbound,
    deflate: Option<Deflate>,
    /// Our close frame is queued or sent.
    close_queued: bool,
    /// All handles are gone: nobody will receive.
    abandoned: bool,
    /// A write failed; the reader learns why from its side.
    write_broken: bool,
    ended: Option<CloseStatus>,
    /// What the next `receive` fails with.
    failure: Option<Error>,
    close_timer: Option<Pin<Box<Sleep>>>,
    pings: Pings,
    keepalive: Option<Keepalive>,
    reader: Option<Waker>,
    writer: Option<Waker>,
    /// Reading waits until the queue is shorter.
    reading_paused: bool,
    without_pause: u32,
}

impl Connection {
    /// Takes over an opened transport and starts its writing task.
    pub(super) fn start(opened: Opened, handshake: Handshake) -> Rc<Connection> {
        let state = ConnectionState {
            transport: Some(opened.transport),
            inbound: Inbound::new(&opened.received, handshake.max_message_bytes, Role::Client),
            outbound: Outbound::default(),
            deflate: opened.agreement.map(Deflate::new),
            close_queued: false,
            abandoned: false,
            write_broken: false,
            ended: None,
            failure: None,
            close_timer: None,
            pings: Pings::default(),
            keepalive: handshake
                .ping_interval
                .map(|interval| Keepalive::new(interval, handshake.ping_timeout)),
            reader: None,
            writer: None,
            reading_paused: false,
            without_pause: 0,
        };
        let connection = Rc::new(Connection {
            url: handshake.url,
            protocol: opened.protocol,
            extensions: opened.extensions,
            max_queued_bytes: handshake.max_queued_bytes,
            close_timeout: handshake.close_timeout,
            state: RefCell::new(state),
            drained: Notify::new(),
            answered: Notify::new(),
        });
        let writing = connection.clone();
        drop(
            Loop::current()
                .spawn(async move { poll_fn(|context| writing.poll_writing(context)).await }),
        );
        connection
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    pub(super) fn protocol(&self) -> &str {
        &self.protocol
    }

    pub(super) fn extensions(&self) -> &str {
        &self.extensions
    }

    pub(super) fn close_status(&self) -> Option<CloseStatus> {
        self.state.borrow().ended.clone()
    }

    pub(super) fn buffered_amount(&self) -> usize {
        self.state.borrow().outbound.buffered()
    }

    // ---- sending --------------------------------------------------------------------------------------------------

    pub(super) fn queue_message(&self, opcode: Opcode, payload: &[u8]) -> Result<()> {
        let state = &mut *self.state.borrow_mut();
        self.check_open(state, payload.len())?;
        let compressed = match &mut state.deflate {
            Some(deflate) => deflate.compress(payload)?,
            None => None,
        };
        let (bytes, is_compressed) = match &compressed {
            Some(compressed) => (compressed.as_slice(), true),
            None => (payload, false),
        };
        state
            .outbound
            .push(opcode, is_compressed, bytes, payload.len())?;
        wake(&state.writer);
        Ok(())
    }

    pub(super) fn queue_control(&self, opcode: Opcode, payload: &[u8]) -> Result<()> {
        let state = &mut *self.state.borrow_mut();
        self.check_open(state, payload.len())?;
        state.outbound.push(opcode, false, payload, 0)?;
        wake(&state.writer);
        Ok(())
    }

    pub(super) async fn round_trip(&self) -> Result<Duration> {
        let number = self.state.borrow_mut().pings.next();
        self.queue_control(Opcode::Ping, &number.to_be_bytes())?;
        let sent = Loop::current().now();
        loop {
            {
                let state = self.state.borrow();
                if state.pings.is_answered(number) {
                    let time = Loop::current().now().saturating_sub(sent);
                    return Ok(Duration::from_nanos(time));
                }
                if state.ended.is_some() {
                    return Err(Error::new(
                        ErrorKind::Closed,
                        format!("{} was closed before it answered a ping", self.url),
                    ));
                }
            }
            self.answered.notified().await;
        }
    }

    fn check_open(&self, state: &ConnectionState, length: usize) -> Result<()> {
        if state.ended.is_some() || state.close_queued || state.write_broken {
            return Err(Error::new(
                ErrorKind::Closed,
                format!("cannot send to {}: the websocket is closed", self.url),
            ));
        }
        // An empty queue takes any one message: a message longer than the limit could never be sent otherwise.
        if !state.outbound.is_empty() && state.outbound.len() + length > self.max_queued_bytes {
            let message = format!(
                "cannot send to {}: {} bytes wait already",
                self.url,
                state.outbound.len()
            );
            return Err(Error::new(ErrorKind::Full, message));
        }
        Ok(())
    }

    pub(super) async fn wait_until_short(&self) {
        self.wait_until(|queued| queued < SHORT_QUEUE).await;
    }

    pub(super) async fn wait_until_empty(&self) {
        self.wait_until(|queued| queued == 0).await;
    }

    async fn wait_until(&self, enough: impl Fn(usize) -> bool) {
        loop {
            {
                let state = self.state.borrow();
                if enough(state.outbound.len()) || state.write_broken || state.transport.is_none() {
                    return;
                }
            }
            self.drained.notified().await;
        }
    }

    /// The writing task: sends what is queued, watches the close timeout, and ends with the connection.
    fn poll_writing(&self, context: &mut Context<'_>) -> Poll<()> {
        let state = &mut *self.state.borrow_mut();
        remember(&mut state.writer, context);
        self.write_queued(state, context);
        if state.transport.is_none() {
            return Poll::Ready(());
        }
        let is_empty = state.outbound.is_empty();
        if is_empty && (state.ended.is_some() || (state.abandoned && state.close_queued)) {
            self.end(state, CloseStatus::unclean());
            close_transport(state);
            return Poll::Ready(());
        }
        if state.close_queued {
            let timer = state
                .close_timer
                .get_or_insert_with(|| Box::pin(time::sleep(self.close_timeout)));
            if timer.as_mut().poll(context).is_ready() {
                self.end(state, CloseStatus::unclean());
                close_transport(state);
                return Poll::Ready(());
            }
        } else if let Some(keepalive) = &mut state.keepalive {
            if keepalive.is_over(context) {
                self.give_up(state);
                return Poll::Ready(());
            }
            if keepalive.is_due(context) {
                let number = state.pings.next();
                self.push_or_fail(state, Opcode::Ping, &number.to_be_bytes());
                self.write_queued(state, context);
            }
        }
        Poll::Pending
    }

    /// The peer does not answer.
    fn give_up(&self, state: &mut ConnectionState) {
        let payload = close_payload(Some(1011), "keepalive ping timeout");
        state.close_queued = true;
        self.push_or_fail(state, Opcode::Close, &payload);
        self.write_queued(state, &mut Context::from_waker(Waker::noop()));
        state.failure = Some(Error::new(
            ErrorKind::Timeout,
            format!("{} did not answer a ping", self.url),
        ));
        self.end(state, CloseStatus::unclean());
        close_transport(state);
    }

    /// Hands the queue to the socket as far as it takes it.
    fn write_queued(&self, state: &mut ConnectionState, context: &mut Context<'_>) {
        let before = state.outbound.len();
        let Some(transport) = &mut state.transport else {
            return;
        };
        let mut transport = Pin::new(transport);
        let outcome = loop {
            if state.outbound.is_empty() {
                // TLS keeps records that the socket did not take.
                break transport.as_mut().poll_flush(context);
            }
            match transport
                .as_mut()
                .poll_write(context, state.outbound.unsent())
            {
                Poll::Ready(Ok(0)) => break Poll::Ready(Err(std::io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(count)) => state.outbound.advance(count),
                Poll::Ready(Err(cause)) => break Poll::Ready(Err(cause)),
                Poll::Pending => break Poll::Pending,
            }
        };
        if let Poll::Ready(Err(_cause)) = outcome {
            // The peer's last messages and its close may still be there to be read.
            state.write_broken = true;
            state.outbound.discard();
        }
        if state.outbound.len() < before {
            self.drained.notify_waiters();
            if std::mem::take(&mut state.reading_paused) {
                wake(&state.reader);
            }
        }
    }

    // ---- receiving ------------------------------------------------------------------------------------------------

    pub(super) fn poll_receive(&self, context: &mut Context<'_>) -> Poll<Result<Option<Message>>> {
        let state = &mut *self.state.borrow_mut();
        loop {
            if let Some(failure) = state.failure.take() {
                return Poll::Ready(Err(failure));
            }
            if state.ended.is_some() {
                return Poll::Ready(Ok(None));
            }
            state.without_pause += 1;
            if state.without_pause > FAIR_SHARE {
                state.without_pause = 0;
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            if let Some(keepalive) = &mut state.keepalive {
                keepalive.reads();
            }
            match state.inbound.next(&mut state.deflate) {
                Ok(Some(Event::Message(message))) => return Poll::Ready(Ok(Some(message))),
                Ok(Some(event)) => self.answer(state, event),
                Ok(None) => {
                    if self.read_more(state, context).is_pending() {
                        state.without_pause = 0;
                        remember(&mut state.reader, context);
                        if !state.reading_paused
                            && let Some(keepalive) = &mut state.keepalive
                        {
                            keepalive.listens();
                        }
                        return Poll::Pending;
                    }
                }
                Err(error) => self.fail(state, error),
            }
        }
    }

    fn read_more(&self, state: &mut ConnectionState, context: &mut Context<'_>) -> Poll<()> {
        // Answers that the peer does not read are no reason to read on.
        if state.outbound.len() > self.max_queued_bytes {
            state.reading_paused = true;
            return Poll::Pending;
        }
        let Some(transport) = &mut state.transport else {
            self.end(state, CloseStatus::unclean());
            return Poll::Ready(());
        };
        let mut buffer = ReadBuf::new(state.inbound.space());
        let polled = Pin::new(transport).poll_read(context, &mut buffer);
        let count = buffer.filled().len();
        match std::task::ready!(polled) {
            Ok(()) if count > 0 => {
                state.inbound.received(count);
                if let Some(keepalive) = &mut state.keepalive {
                    keepalive.heard();
                }
            }
            Ok(()) => self.lost(state, None),
            Err(cause) => self.lost(state, Some(cause)),
        }
        Poll::Ready(())
    }

    /// The peer ended the connection without a close frame.
    fn lost(&self, state: &mut ConnectionState, cause: Option<std::io::Error>) {
        if !state.close_queued {
            let error = Error::new(
                ErrorKind::Closed,
                format!("the connection to {} was cut", self.url),
            );
            state.failure = Some(match cause {
                Some(cause) => error.with_source(cause),
                None => error,
            });
        }
        self.end(state, CloseStatus::unclean());
        close_transport(state);
    }

    /// Answers what is not a message.
    fn answer(&self, state: &mut ConnectionState, event: Event) {
        match event {
            Event::Message(_) => {}
            Event::Pong(payload) => {
                if state.pings.answered(&payload) {
                    self.answered.notify_waiters();
                }
            }
            Event::Ping(payload) => {
                if !state.close_queued {
                    self.push_or_fail(state, Opcode::Pong, &payload);
                    wake(&state.writer);
                }
            }
            Event::Close { code, reason } => {
                if !state.close_queued {
                    self.push_close(state, code, "");
                }
                self.end(
                    state,
                    CloseStatus {
                        code: code.unwrap_or(1005),
                        reason,
                        was_clean: true,
                    },
                );
                // At once if it can be: the program may end before the writing task runs again.
                self.write_queued(state, &mut Context::from_waker(Waker::noop()));
                if state.outbound.is_empty() || state.write_broken {
                    close_transport(state);
                }
            }
        }
    }

    /// The peer broke the rules: tells it the code of the rule, and ends.
    fn fail(&self, state: &mut ConnectionState, error: Error) {
        if !state.close_queued {
            self.push_close(state, Some(code_of(&error)), "");
        }
        self.write_queued(state, &mut Context::from_waker(Waker::noop()));
        let message = format!("the websocket to {} failed", self.url);
        state.failure = Some(Error::new(error.kind(), message).with_source(error));
        self.end(state, CloseStatus::unclean());
        close_transport(state);
    }

    // ---- closing --------------------------------------------------------------------------------------------------

    pub(super) fn begin_close(&self, code: Option<u16>, reason: &str) {
        let state = &mut *self.state.borrow_mut();
        if state.ended.is_none() && !state.close_queued {
            self.push_close(state, code, reason);
        }
    }

    /// All handles are gone: a close under way is finished by the writing task, anything else is cut.
    pub(super) fn abandon(&self) {
        let state = &mut *self.state.borrow_mut();
        state.abandoned = true;
        if !state.close_queued {
            self.end(state, CloseStatus::unclean());
            close_transport(state);
        }
        wake(&state.writer);
    }

    /// Ends the connection without saying anything.
    pub(super) fn cut(&self) {
        let state = &mut *self.state.borrow_mut();
        self.end(state, CloseStatus::unclean());
        close_transport(state);
    }

    fn push_close(&self, state: &mut ConnectionState, code: Option<u16>, reason: &str) {
        let payload = close_payload(code, reason);
        state.close_queued = true;
        self.push_or_fail(state, Opcode::Close, &payload);
        wake(&state.writer);
    }

    /// Control frames are small and few; only a system without random numbers refuses one.
    fn push_or_fail(&self, state: &mut ConnectionState, opcode: Opcode, payload: &[u8]) {
        if let Err(error) = state.outbound.push(opcode, false, payload, 0) {
            state.failure = Some(error);
            self.end(state, CloseStatus::unclean());
            close_transport(state);
        }
    }

    /// Notes how it ended; the first to say so is right.
    fn end(&self, state: &mut ConnectionState, status: CloseStatus) {
        state.ended.get_or_insert(status);
        wake(&state.reader);
        wake(&state.writer);
        self.drained.notify_waiters();
        self.answered.notify_waiters();
    }
}

/// Closes the socket; with TLS, after saying so if the socket takes it.
fn close_transport(state: &mut ConnectionState) {
    if let Some(mut transport) = state.transport.take() {
        let _ = Pin::new(&mut transport).poll_shutdown(&mut Context::from_waker(Waker::noop()));
    }
    state.outbound.discard();
    state.close_timer = None;
}

fn wake(waker: &Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake_by_ref();
    }
}

fn remember(slot: &mut Option<Waker>, context: &Context<'_>) {
    match slot {
        Some(waker) => waker.clone_from(context.waker()),
        None => *slot = Some(context.waker().clone()),
    }
}
