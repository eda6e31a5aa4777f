//! A request and what answers it, whatever protocol they travel by.
//!
//! [`Exchange`] is what a handler gets. It may answer within the call or later, whole or in pieces, and reads the request's body when it wants
//! to. One that is dropped unanswered is answered by 500, and one that is dropped in the middle of an answer ends the connection, so that
//! nobody takes the half for the whole.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell, RefCell};
use std::fs::File;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use twinloop_loop::Loop;
use twinloop_loop::time::sleep;

use super::arriving::gone;
use super::coding::{Coding, Compression, add_accepted, negotiate};
use super::fields::Fields;
use super::link::Link;
use super::listening::Core;
use super::squeezing::{SHORT, Squeezing, failed, squeeze};
use super::tls::Agreed;
use super::wire::Wire;
use crate::http1::{Head, Start};
use crate::{Error, ErrorKind, Result};

/// Bytes of a body.
#[derive(Clone, Copy)]
pub(super) enum Content<'c> {
    /// For the call: of what the system does not take at once a copy is made.
    Lent(&'c [u8]),
    /// They may be kept.
    Shared(&'c Bytes),
}

impl Content<'_> {
    pub(super) fn to_bytes(self) -> Bytes {
        match self {
            Content::Lent(bytes) => Bytes::copy_from_slice(bytes),
            Content::Shared(bytes) => bytes.clone(),
        }
    }
}

impl std::ops::Deref for Content<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Content::Lent(bytes) => bytes,
            Content::Shared(bytes) => bytes,
        }
    }
}

/// The way back to the connection that a request came by.
pub(super) trait Channel {
    fn respond(&self, id: u32, status: u16, fields: &Fields, body: Content<'_>) -> Result<()>;
    fn begin(&self, id: u32, status: u16, fields: &Fields) -> Result<()>;
    fn write(&self, id: u32, bytes: Content<'_>) -> Result<()>;
    /// Whether bytes of a file can go to the socket as they are.
    fn sends_files(&self) -> bool {
        false
    }
    /// Sends bytes of a file from the system's cache: how many the socket took. Zero where that is not done, or not now.
    fn send_file(&self, _id: u32, _file: &File, _offset: u64, _length: u64) -> Result<u64> {
        Ok(0)
    }
    fn finish(&self, id: u32, trailers: &Fields) -> Result<()>;
    fn inform(&self, id: u32, status: u16, fields: &Fields) -> Result<()>;
    fn cut(&self, id: u32);
    fn queued(&self, id: u32) -> usize;
    /// Whether something can be said to the client still.
    fn is_there(&self, id: u32) -> bool;
    fn poll_ready(&self, id: u32, context: &mut Context<'_>) -> Poll<Result<()>>;
    fn take_whole_body(&self, id: u32) -> Option<Bytes>;
    fn poll_body(&self, id: u32, context: &mut Context<'_>) -> Poll<Option<Result<Bytes>>>;
    fn poll_gone(&self, id: u32, context: &mut Context<'_>) -> Poll<()>;
    /// Ready when the system has taken all that was written of the answer, or there is none any more.
    fn poll_flushed(&self, id: u32, context: &mut Context<'_>) -> Poll<()>;
    /// Accepts what is asked for instead of an answer, with these fields: the bytes of another protocol, and those of it that have come.
    fn take_wire(self: Rc<Self>, id: u32, fields: &Fields) -> Result<(Rc<Core>, Wire, Vec<u8>)>;
    fn link(&self) -> Option<Rc<Link>>;
    fn is_http2(&self) -> bool {
        false
    }
}

/// How far an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Unanswered,
    Begun,
    Over,
}

/// Who wants to know that an exchange is over.
type Over = Box<dyn FnOnce(&Exchange)>;

/// A request, and the way to answer it. Dropping it unanswered answers with 500.
pub struct Exchange {
    channel: Rc<dyn Channel>,
    id: u32,
    head: Box<Head>,
    progress: Cell<Progress>,
    status: Cell<u16>,
    compression: Cell<Option<Compression>>,
    /// What compresses the body of an answer that has begun.
    squeezing: OnceCell<Rc<Squeezing>>,
    /// How long the body is to be of an answer that has begun.
    promised: Cell<Option<u64>>,
    sent: Cell<u64>,
    received: Cell<u64>,
    /// Of the watches over its idleness, the latest.
    watch: Cell<u32>,
    over: RefCell<Option<Over>>,
}

impl Exchange {
    pub(super) fn new(channel: Rc<dyn Channel>, id: u32, head: Box<Head>) -> Exchange {
        Exchange {
            channel,
            id,
            head,
            progress: Cell::new(Progress::Unanswered),
            status: Cell::new(500),
            compression: Cell::new(None),
            squeezing: OnceCell::new(),
            promised: Cell::new(None),
            sent: Cell::new(0),
            received: Cell::new(0),
            watch: Cell::new(0),
            over: RefCell::new(None),
        }
    }

    // ---- the request

    /// In capitals.
    #[must_use]
    pub fn method(&self) -> &str {
        match &self.head.start {
            Start::Request { method, .. } => method,
            Start::Response { .. } => "",
        }
    }

    /// What is asked for, as it came: a path with its query, a whole url, or `*`.
    #[must_use]
    pub fn target(&self) -> &[u8] {
        match &self.head.start {
            Start::Request { target, .. } => target,
            Start::Response { .. } => b"",
        }
    }

    /// Of HTTP/1.
    #[must_use]
    pub fn minor_version(&self) -> u8 {
        self.head.minor_version
    }

    /// `HTTP/1.1`, as logs name it.
    #[must_use]
    pub fn version(&self) -> &'static str {
        match (self.is_http2(), self.head.minor_version) {
            (true, _) => "HTTP/2.0",
            (false, 0) => "HTTP/1.0",
            (false, _) => "HTTP/1.1",
        }
    }

    /// Whether it came by HTTP/2.
    #[must_use]
    pub fn is_http2(&self) -> bool {
        self.channel.is_http2()
    }

    /// Names and values of the request's fields as they came, in their order.
    pub fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let mut parts = self.head.fields.split(|&byte| byte == 0);
        std::iter::from_fn(move || {
            let name = parts.next().filter(|name| !name.is_empty())?;
            Some((name, parts.next()?))
        })
    }

    /// Names and values in turn, each followed by a zero byte.
    #[must_use]
    pub fn raw_fields(&self) -> &[u8] {
        &self.head.fields
    }

    /// The first value of a field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&[u8]> {
        self.fields()
            .find(|(other, _)| other.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value)
    }

    /// Whether the client asks for another protocol (`Connection: upgrade`).
    #[must_use]
    pub fn upgrades(&self) -> bool {
        self.head.upgrades
    }

    /// Whether bytes of a body belong to the request.
    #[must_use]
    pub fn has_body(&self) -> bool {
        self.head.has_body
    }

    /// Whether the connection is by TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.channel.link().is_some_and(|link| link.is_secure())
    }

    /// What was agreed with the client, if the connection is by TLS.
    #[must_use]
    pub fn agreed(&self) -> Option<Agreed> {
        self.channel.link()?.agreed()
    }

    /// The client's address, if it has one of IP and is still there.
    #[must_use]
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        self.channel.link()?.peer_addr()
    }

    /// The address that the client connected to.
    #[must_use]
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.channel.link()?.local_addr()
    }

    /// The name that the client asked for by TLS.
    #[must_use]
    pub fn server_name(&self) -> Option<String> {
        self.channel.link()?.server_name()
    }

    /// What a handler keeps with the connection, made by the first of its requests that asks: names of addresses, which cost a system call
    /// each. None when the connection has gone, or when a value of another type is kept.
    pub fn noted<T: 'static>(&self, make: impl FnOnce() -> T) -> Option<Rc<T>> {
        let link = self.channel.link()?;
        let note = link.note().get_or_init(|| Rc::new(make()));
        Rc::clone(note).downcast().ok()
    }

    // ---- its body

    /// The body, if all of it is here and nothing was taken; empty without one.
    #[must_use]
    pub fn take_whole_body(&self) -> Option<Bytes> {
        if self.head.has_body {
            self.channel.take_whole_body(self.id)
        } else {
            Some(Bytes::new())
        }
    }

    /// The next piece of the body, or its end. What nobody takes is not read beyond 64 KiB.
    pub fn poll_body(&self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        if !self.head.has_body {
            return Poll::Ready(None);
        }
        let polled = self.channel.poll_body(self.id, context);
        if let Poll::Ready(Some(Ok(bytes))) = &polled {
            self.received.set(self.received.get() + bytes.len() as u64);
        }
        polled
    }

    /// The next piece of the body, or its end.
    ///
    /// # Errors
    /// `is_closed()` when the client has gone, `is_full()` when the body is longer than the server's limit, `is_protocol()` when it is malformed.
    ///
    /// # Cancel safety
    /// A dropped future loses nothing.
    pub async fn next_chunk(&self) -> Option<Result<Bytes>> {
        poll_fn(|context| self.poll_body(context)).await
    }

    /// The whole body.
    ///
    /// # Errors
    /// As [`Exchange::next_chunk`].
    pub async fn body(&self) -> Result<Bytes> {
        if let Some(whole) = self.take_whole_body() {
            return Ok(whole);
        }
        let mut bytes = BytesMut::new();
        while let Some(chunk) = self.next_chunk().await {
            bytes.extend_from_slice(&chunk?);
        }
        Ok(bytes.freeze())
    }

    /// The body as a stream of chunks, which keeps the exchange.
    pub fn body_stream(
        exchange: Rc<Exchange>,
    ) -> impl futures_core::Stream<Item = Result<Bytes>> + 'static {
        BodyStream {
            exchange,
            is_ended: false,
        }
    }

    // ---- the answer

    /// Has the answer compressed, if the client takes that and the answer is worth it: text of some kind and of some length, that is not compressed,
    /// no part of something, and may be changed (`no-transform`). To be called before there is an answer. What an answer holds that is secret should not
    /// be compressed together with what its client has sent (<https://www.breachattack.com/>).
    pub fn compress(&self, compression: Compression) {
        self.compression.set(Some(compression));
    }

    /// The fields of an answer as the client gets them, and by what its body is coded.
    fn negotiated<'f>(
        &self,
        status: u16,
        fields: &'f Fields,
        length: Option<u64>,
    ) -> (Cow<'f, Fields>, Option<Coding>) {
        let Some(compression) = self.compression.get() else {
            return (Cow::Borrowed(fields), None);
        };
        let mut accepted = String::new();
        for (name, value) in self.fields() {
            if name.eq_ignore_ascii_case(b"accept-encoding") {
                add_accepted(&mut accepted, value);
            }
        }
        negotiate(compression, &accepted, status, fields, length).applied(fields)
    }

    fn respond_coded(
        &self,
        coding: Coding,
        status: u16,
        fields: &Fields,
        body: Content<'_>,
    ) -> Result<()> {
        if self.method() == "HEAD" {
            // How long it would be only its bytes could say.
            self.channel.begin(self.id, status, fields)?;
            return self.channel.finish(self.id, &Fields::new());
        }
        if body.len() <= SHORT {
            let mut coder = coding.encoder().map_err(failed)?;
            let end = coder.finish();
            let output = squeeze(&mut *coder, &body, end).map_err(failed)?;
            let output = Bytes::from(output);
            return (self.channel).respond(self.id, status, fields, Content::Shared(&output));
        }
        let squeezing = Squeezing::new(Rc::clone(&self.channel), self.id, coding)?;
        self.channel.begin(self.id, status, fields)?;
        squeezing.write(body.to_bytes())?;
        squeezing.finish(&Fields::new())
    }

    /// Answers as a whole. The length is the body's; a program's own stands for answers that have no body to count (to HEAD, 304).
    ///
    /// # Errors
    /// `is_argument()` for a status that is none from 200 to 999 or an exchange that was answered before, `is_closed()` when the client has gone.
    pub fn respond(&self, status: u16, fields: &Fields, body: impl Into<Bytes>) -> Result<()> {
        self.respond_content(status, fields, Content::Shared(&body.into()))
    }

    /// As [`Exchange::respond`], with bytes that are lent for the call: only what the client does not take at once is copied.
    ///
    /// # Errors
    /// As [`Exchange::respond`].
    pub fn respond_lent(&self, status: u16, fields: &Fields, body: &[u8]) -> Result<()> {
        self.respond_content(status, fields, Content::Lent(body))
    }

    fn respond_content(&self, status: u16, fields: &Fields, body: Content<'_>) -> Result<()> {
        self.advance(Progress::Unanswered, Progress::Over)?;
        self.status.set(status);
        let length = body.len();
        let outcome = check_status(status).and_then(|()| {
            let length = fields.length().unwrap_or(body.len() as u64);
            let (fields, coding) = self.negotiated(status, fields, Some(length));
            match coding {
                None => self.channel.respond(self.id, status, &fields, body),
                Some(coding) => self.respond_coded(coding, status, &fields, body),
            }
        });
        let outcome = self.keep_answerable(outcome);
        if self.is_over() {
            self.count(length);
            self.tell_over();
        }
        outcome
    }

    /// Begins an answer whose body follows by [`Exchange::write`]: by chunks, unless `content-length` stands among the fields.
    ///
    /// # Errors
    /// As [`Exchange::respond`].
    pub fn begin(&self, status: u16, fields: &Fields) -> Result<()> {
        self.advance(Progress::Unanswered, Progress::Begun)?;
        self.status.set(status);
        let outcome = check_status(status).and_then(|()| {
            let length = fields.length();
            let (fields, coding) = self.negotiated(status, fields, length);
            if let Some(coding) = coding.filter(|_| self.method() != "HEAD") {
                let channel = Rc::clone(&self.channel);
                let squeezing = Squeezing::new(channel, self.id, coding)?;
                let _ = self.squeezing.set(squeezing);
            }
            self.promised.set(length.filter(|_| !self.is_silent()));
            self.channel.begin(self.id, status, &fields)
        });
        self.keep_answerable(outcome)
    }

    /// Queues a piece of the body. Wait for [`Exchange::ready`] before the next, or the queue grows.
    ///
    /// # Errors
    /// `is_argument()` for more than the length that was promised, `is_closed()` when the client has gone.
    pub fn write(&self, bytes: impl Into<Bytes>) -> Result<()> {
        self.write_content(Content::Shared(&bytes.into()))
    }

    /// As [`Exchange::write`], with bytes that are lent for the call: only what the client does not take at once is copied.
    ///
    /// # Errors
    /// As [`Exchange::write`].
    pub fn write_lent(&self, bytes: &[u8]) -> Result<()> {
        self.write_content(Content::Lent(bytes))
    }

    fn write_content(&self, bytes: Content<'_>) -> Result<()> {
        self.expect(Progress::Begun)?;
        let length = bytes.len();
        if self.left().is_some_and(|left| length as u64 > left) {
            self.break_promise("the body is longer than its content-length".to_owned())?;
        }
        match self.squeezing.get() {
            Some(squeezing) => squeezing.write(bytes.to_bytes())?,
            None => self.channel.write(self.id, bytes)?,
        }
        self.count(length);
        Ok(())
    }

    /// Whether bytes of a file can go to the client's socket as they are: neither encrypted nor framed nor compressed.
    pub(super) fn sends_files(&self) -> bool {
        self.squeezing.get().is_none() && self.channel.sends_files()
    }

    /// Sends bytes of a file, which are in the system's cache, as a piece of the body: how many the socket took. Zero where the next have to be written.
    pub(super) fn send_file(&self, file: &File, offset: u64, length: u64) -> Result<u64> {
        self.expect(Progress::Begun)?;
        if !self.sends_files() {
            return Ok(0);
        }
        let length = self.left().map_or(length, |left| length.min(left));
        let sent = self.channel.send_file(self.id, file, offset, length)?;
        self.count(usize::try_from(sent).unwrap_or(usize::MAX));
        Ok(sent)
    }

    /// Waits until less than 64 KiB wait for the client to read.
    ///
    /// # Errors
    /// `is_closed()` when the client has gone.
    ///
    /// # Cancel safety
    /// A dropped future changes nothing.
    pub async fn ready(&self) -> Result<()> {
        poll_fn(|context| self.poll_ready(context)).await
    }

    /// [`Exchange::ready`] for futures written by hand.
    pub fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<()>> {
        match self.squeezing.get() {
            Some(squeezing) => squeezing.poll_ready(context),
            None => self.channel.poll_ready(self.id, context),
        }
    }

    /// Bytes of the answer that the system has not taken yet.
    #[must_use]
    pub fn queued(&self) -> usize {
        match self.squeezing.get() {
            Some(squeezing) => squeezing.queued(),
            None => self.channel.queued(self.id),
        }
    }

    /// Ends the body, with trailers if it is sent by chunks.
    ///
    /// # Errors
    /// `is_argument()` for less than the length that was promised, `is_closed()` when the client has gone.
    pub fn finish(&self, trailers: &Fields) -> Result<()> {
        self.advance(Progress::Begun, Progress::Over)?;
        let is_kept = match self.left() {
            Some(missing @ 1..) => self.break_promise(format!(
                "the body is {missing} bytes shorter than its content-length"
            )),
            _ => Ok(()),
        };
        let outcome = is_kept.and_then(|()| match self.squeezing.get() {
            Some(squeezing) => squeezing.finish(trailers),
            None => self.channel.finish(self.id, trailers),
        });
        self.tell_over();
        outcome
    }

    /// Sends an answer before the answer, 100 to 199 but 101: early hints.
    ///
    /// # Errors
    /// `is_argument()` for another status or after the answer, `is_closed()` when the client has gone.
    pub fn inform(&self, status: u16, fields: &Fields) -> Result<()> {
        self.expect(Progress::Unanswered)?;
        if !(100..=199).contains(&status) || status == 101 {
            return Err(bad_status(status));
        }
        self.channel.inform(self.id, status, fields)
    }

    /// Ends the exchange at once: the client sees that its answer is not whole.
    pub fn cut(&self) {
        if !self.is_begun() {
            self.status.set(0);
        }
        self.progress.set(Progress::Over);
        self.channel.cut(self.id);
        self.tell_over();
    }

    /// Whether the answer is complete, or never will be.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.progress.get() == Progress::Over
    }

    /// Whether the answer has begun.
    #[must_use]
    pub fn is_begun(&self) -> bool {
        self.progress.get() != Progress::Unanswered
    }

    /// What it was answered with; 500 until then, as that is what who forgets to answer gives, and 0 when it was cut before.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status.get()
    }

    /// Bytes of a body that the answer has so far.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.sent.get()
    }

    /// Cuts the exchange when for so long nothing of it moves, neither to the client nor from it, and calls `gone` then; no time takes back what was
    /// asked for before. It is looked at as often.
    pub fn set_patience(exchange: &Rc<Exchange>, time: Duration, gone: impl FnOnce() + 'static) {
        let watch = exchange.watch.get().wrapping_add(1);
        exchange.watch.set(watch);
        if time.is_zero() {
            return;
        }
        let exchange = Rc::downgrade(exchange);
        let watching = async move {
            let mut before = None;
            loop {
                {
                    let Some(exchange) = exchange.upgrade() else {
                        return;
                    };
                    if exchange.is_over() || exchange.watch.get() != watch {
                        return;
                    }
                    let (sent, received) = (exchange.sent.get(), exchange.received.get());
                    let now = Some((sent, received, exchange.queued()));
                    if before == now {
                        if !exchange.is_begun() {
                            exchange.status.set(0);
                        }
                        // Whoever has it finds that its client has gone.
                        exchange.channel.cut(exchange.id);
                        break;
                    }
                    before = now;
                }
                sleep(time).await;
            }
            gone();
        };
        Loop::current().begin(Box::pin(watching), None);
    }

    /// Calls `tell` when the exchange is over: it was answered as a whole, or never will be.
    pub fn when_over(&self, tell: impl FnOnce(&Exchange) + 'static) {
        *self.over.borrow_mut() = Some(Box::new(tell));
    }

    /// Ready when the client has gone, or has at least said that it sends no more: who computes for nobody may stop.
    pub fn poll_gone(&self, context: &mut Context<'_>) -> Poll<()> {
        self.channel.poll_gone(self.id, context)
    }

    /// Goes on with another protocol, with what came of that behind the request.
    pub(super) fn take_wire(&self, fields: &Fields) -> Result<(Rc<Core>, Wire, Vec<u8>)> {
        self.advance(Progress::Unanswered, Progress::Over)?;
        self.status.set(if self.is_http2() { 200 } else { 101 });
        let taken = Rc::clone(&self.channel).take_wire(self.id, fields);
        self.tell_over();
        taken
    }

    /// Whether bytes of a body are not sent.
    fn is_silent(&self) -> bool {
        self.method() == "HEAD" || matches!(self.status.get(), 204 | 304)
    }

    /// What the length that was promised leaves.
    fn left(&self) -> Option<u64> {
        let promised = self.promised.get()?;
        Some(promised.saturating_sub(self.sent.get()))
    }

    /// The body is not as long as was said: its client sees that, unless it has gone.
    fn break_promise(&self, what: String) -> Result<()> {
        if !self.channel.is_there(self.id) {
            return Err(gone());
        }
        self.channel.cut(self.id);
        Err(Error::new(ErrorKind::Argument, what))
    }

    fn count(&self, bytes: usize) {
        if !self.is_silent() {
            self.sent.set(self.sent.get() + bytes as u64);
        }
    }

    fn tell_over(&self) {
        let over = self.over.take();
        if let Some(tell) = over {
            tell(self);
        }
    }

    fn expect(&self, progress: Progress) -> Result<()> {
        let is = self.progress.get();
        if is == progress {
            return Ok(());
        }
        let what = match is {
            Progress::Unanswered => "the answer has not begun",
            Progress::Begun => "the answer has begun already",
            Progress::Over => "the request is answered already",
        };
        Err(Error::new(ErrorKind::Argument, what))
    }

    fn advance(&self, from: Progress, to: Progress) -> Result<()> {
        self.expect(from)?;
        self.progress.set(to);
        Ok(())
    }

    /// What was refused because of its arguments has sent nothing: another answer may be tried.
    fn keep_answerable(&self, outcome: Result<()>) -> Result<()> {
        match &outcome {
            Err(error) if error.is_argument() => self.progress.set(Progress::Unanswered),
            // Whatever was said of it, no more will be.
            Err(error) if !error.is_closed() => self.channel.cut(self.id),
            _ => {}
        }
        outcome
    }
}

fn check_status(status: u16) -> Result<()> {
    if (200..=999).contains(&status) {
        Ok(())
    } else {
        Err(bad_status(status))
    }
}

fn bad_status(status: u16) -> Error {
    Error::new(
        ErrorKind::Argument,
        format!("{status} is no status that can be answered with"),
    )
}

struct BodyStream {
    exchange: Rc<Exchange>,
    is_ended: bool,
}

impl futures_core::Stream for BodyStream {
    type Item = Result<Bytes>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes>>> {
        if self.is_ended {
            return Poll::Ready(None);
        }
        let polled = self.exchange.poll_body(context);
        self.is_ended = matches!(polled, Poll::Ready(None | Some(Err(_))));
        polled
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        match self.progress.get() {
            Progress::Unanswered => {
                let nothing = Content::Lent(b"");
                let _ = (self.channel).respond(self.id, 500, &Fields::default(), nothing);
            }
            Progress::Begun => self.channel.cut(self.id),
            Progress::Over => {}
        }
        self.tell_over();
    }
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Exchange")
            .field("method", &self.method())
            .field("target", &String::from_utf8_lossy(self.target()))
            .finish_non_exhaustive()
    }
}
