//! How answers become frames of HTTP/2: the half of [`Multiplexed`] that an exchange talks to.

use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;

use super::super::arriving::{gone, remember};
use super::super::exchange::{Channel, Content};
use super::super::fields::Fields;
use super::super::link::Link;
use super::super::listening::Core;
use super::super::wire::{Tunnel, Wire};
use super::{Multiplexed, Outgoing, QUEUE_LIMIT, Stream, Tunneled};
use crate::Result;
use crate::http2::{self, Code};

impl Multiplexed {
    pub(super) fn send_head(
        &self,
        protocol: &mut http2::Connection,
        stream: &mut Stream,
        id: u32,
        status: u16,
        fields: &Fields,
        body: Option<Content<'_>>,
    ) -> Result<()> {
        let status = match (stream.tunnel, status) {
            // It would say that the other protocol begins.
            (Tunneled::Asked, 200..=299) => 501,
            _ => status,
        };
        let has_no_body = stream.arriving.is_head_request || matches!(status, 204 | 304);
        let own = fields.length;
        let length = match body {
            _ if status == 204 => None,
            // As over HTTP/1.1: of a body that was not given nobody knows the length.
            Some(body) if has_no_body => {
                own.or_else(|| (!body.is_empty()).then_some(body.len() as u64))
            }
            Some(body) => Some(body.len() as u64),
            None => own,
        };
        let ends = has_no_body || body.is_some_and(|body| body.is_empty());
        let mut sent = wire_fields(status, fields);
        if let Some(length) = length {
            sent.push(b"content-length", length.to_string().as_bytes(), false);
        }
        if !fields.has_date {
            self.server
                .with_date(|date| sent.push(b"date", date, false));
        }
        protocol
            .headers(id, &sent, ends && body.is_some())
            .map_err(|_| gone())?;
        stream.outgoing = match body {
            Some(_) => Outgoing::Over,
            None if has_no_body => Outgoing::Silent,
            None => Outgoing::Open,
        };
        match body {
            Some(body) if !ends => {
                stream.queue(protocol, id, &body)?;
                protocol.end(id).map_err(|_| gone())
            }
            _ => Ok(()),
        }
    }
}

impl Channel for Multiplexed {
    fn respond(&self, id: u32, status: u16, fields: &Fields, body: Content<'_>) -> Result<()> {
        self.with_stream(id, |protocol, stream| {
            self.send_head(protocol, stream, id, status, fields, Some(body))
        })
    }

    fn begin(&self, id: u32, status: u16, fields: &Fields) -> Result<()> {
        self.with_stream(id, |protocol, stream| {
            self.send_head(protocol, stream, id, status, fields, None)
        })
    }

    fn write(&self, id: u32, bytes: Content<'_>) -> Result<()> {
        self.with_stream(id, |protocol, stream| match stream.outgoing {
            Outgoing::Silent => Ok(()),
            _ if bytes.is_empty() => Ok(()),
            _ => stream.queue(protocol, id, &bytes),
        })
    }

    fn finish(&self, id: u32, trailers: &Fields) -> Result<()> {
        self.with_stream(id, |protocol, stream| {
            stream.outgoing = Outgoing::Over;
            let ended = if trailers.bytes.is_empty() {
                protocol.end(id)
            } else {
                let mut fields = http2::Fields::default();
                push_all(&mut fields, trailers);
                protocol.trailers(id, fields)
            };
            ended.map_err(|_| gone())
        })
    }

    fn inform(&self, id: u32, status: u16, fields: &Fields) -> Result<()> {
        self.with_stream(id, |protocol, _| {
            protocol
                .headers(id, &wire_fields(status, fields), false)
                .map_err(|_| gone())
        })
    }

    fn cut(&self, id: u32) {
        let inner = &mut *self.inner.borrow_mut();
        if let Some(stream) = inner.streams.get(&id) {
            let code = match stream.tunnel {
                Tunneled::Accepted => Code::CANCEL,
                _ => Code::INTERNAL,
            };
            let _ = inner.protocol.reset(id, code);
            inner.forget(id);
            self.flush(inner);
        }
    }

    fn queued(&self, id: u32) -> usize {
        let inner = self.inner.borrow();
        inner.streams.get(&id).map_or(0, |stream| stream.queued)
    }

    fn is_there(&self, id: u32) -> bool {
        self.inner.borrow().streams.contains_key(&id)
    }

    fn poll_ready(&self, id: u32, context: &mut Context<'_>) -> Poll<Result<()>> {
        let inner = &mut *self.inner.borrow_mut();
        match inner.streams.get_mut(&id) {
            None => Poll::Ready(Err(gone())),
            Some(stream) if stream.queued < QUEUE_LIMIT => Poll::Ready(Ok(())),
            Some(stream) => {
                remember(&mut stream.writer, context);
                Poll::Pending
            }
        }
    }

    fn take_whole_body(&self, id: u32) -> Option<Bytes> {
        let inner = &mut *self.inner.borrow_mut();
        let stream = inner.streams.get_mut(&id)?;
        let whole = stream.arriving.take_whole()?;
        inner.protocol.consume(id, whole.len() as u32);
        self.flush(inner);
        Some(whole)
    }

    fn poll_body(&self, id: u32, context: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        let inner = &mut *self.inner.borrow_mut();
        let Some(stream) = inner.streams.get_mut(&id) else {
            return Poll::Ready(Some(Err(gone())));
        };
        let polled = stream.arriving.poll(context);
        match &polled {
            Poll::Ready(Some(Ok(piece))) => inner.protocol.consume(id, piece.len() as u32),
            Poll::Pending
                if std::mem::take(&mut stream.arriving.awaits_continue)
                    && stream.outgoing == Outgoing::Unbegun =>
            {
                let head = wire_fields(100, &Fields::new());
                let _ = inner.protocol.headers(id, &head, false);
            }
            _ => return polled,
        }
        self.flush(inner);
        polled
    }

    fn poll_gone(&self, id: u32, context: &mut Context<'_>) -> Poll<()> {
        let inner = &mut *self.inner.borrow_mut();
        match inner.streams.get_mut(&id) {
            None => Poll::Ready(()),
            Some(stream) => {
                stream.arriving.watch(context);
                Poll::Pending
            }
        }
    }

    fn poll_flushed(&self, id: u32, context: &mut Context<'_>) -> Poll<()> {
        let inner = &mut *self.inner.borrow_mut();
        match inner.streams.get_mut(&id) {
            Some(stream) if stream.queued > 0 => {
                remember(&mut stream.writer, context);
                Poll::Pending
            }
            _ => Poll::Ready(()),
        }
    }

    fn take_wire(self: Rc<Self>, id: u32, fields: &Fields) -> Result<(Rc<Core>, Wire, Vec<u8>)> {
        let accepted = self.with_stream(id, |protocol, stream| {
            if stream.tunnel != Tunneled::Asked || !stream.arriving.is_coming() {
                return Err(gone());
            }
            let head = wire_fields(200, fields);
            protocol.headers(id, &head, false).map_err(|_| gone())?;
            stream.tunnel = Tunneled::Accepted;
            stream.outgoing = Outgoing::Open;
            stream.arriving.is_endless = true;
            Ok(())
        });
        if accepted.is_err() {
            // Nobody answers it any more.
            self.cut(id);
        }
        accepted?;
        let server = Rc::clone(&self.server);
        let wire = Wire::Stream(Rc::new(Tunnel::new(self, id)));
        Ok((server, wire, Vec::new()))
    }

    fn link(&self) -> Option<Rc<Link>> {
        Some(Rc::clone(&self.link))
    }

    fn is_http2(&self) -> bool {
        true
    }
}

fn wire_fields(status: u16, fields: &Fields) -> http2::Fields {
    let mut sent = http2::Fields::default();
    sent.push(b":status", status.to_string().as_bytes(), false);
    push_all(&mut sent, fields);
    sent
}

fn push_all(sent: &mut http2::Fields, fields: &Fields) {
    for (name, value) in fields.iter() {
        let name = name.to_ascii_lowercase();
        // What speaks of a connection of HTTP/1.1 has no meaning here.
        if name != b"upgrade" {
            sent.push(&name, value, false);
        }
    }
}
