//! How answers become bytes on a connection of HTTP/1.1: the half of [`Connection`] that an exchange talks to.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;

use super::super::arriving::{gone, remember};
use super::super::exchange::{Channel, Content};
use super::super::fields::Fields;
use super::super::link::Link;
use super::super::listening::Core;
use super::super::wire::Wire;
use super::{Connection, Outgoing, Running, WAITING_LIMIT};
use crate::Result;

/// An answer of which more than this waits is not written on.
pub(super) const QUEUE_LIMIT: usize = 64 * 1024;

/// Up to this size a body is copied behind its head, into one write.
const COPIED_BODY: usize = 16 * 1024;

thread_local! {
    /// Where heads are written before they are queued.
    static HEAD: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl Connection {
    /// Writes a head, and a short body behind it, and says how the body is to be sent.
    fn write_head(
        &self,
        running: &mut Running,
        status: u16,
        fields: &Fields,
        body: Option<Content<'_>>,
    ) -> io::Result<Outgoing> {
        running.keeps_alive &= !fields.closes && !self.server.is_closing();
        // Whether a client sends a body that it was not asked for, nobody knows.
        running.keeps_alive &= !(running.arriving.awaits_continue && running.arriving.is_coming());
        let has_no_body = matches!(status, 204 | 304);
        let outgoing = match body {
            _ if has_no_body || running.arriving.is_head_request => Outgoing::Silent,
            Some(_) => Outgoing::Length,
            None => match fields.length {
                Some(_) => Outgoing::Length,
                None if running.minor_version == 1 => Outgoing::Chunked,
                None => Outgoing::Rest,
            },
        };
        running.keeps_alive &= outgoing != Outgoing::Rest;
        let length = match (outgoing, body) {
            (Outgoing::Length, Some(body)) => Some(body.len() as u64),
            // 204 has none at all (RFC 9110, 8.6).
            (Outgoing::Silent, _) if status == 204 => None,
            // To HEAD a handler may give the body that GET gets, or none: then nobody knows its length.
            (Outgoing::Silent, Some(body)) => fields
                .length
                .or_else(|| (!body.is_empty()).then_some(body.len() as u64)),
            (Outgoing::Length | Outgoing::Silent, None) => fields.length,
            _ => None,
        };
        HEAD.with_borrow_mut(|head| {
            head.clear();
            push_status(head, status);
            head.extend_from_slice(&fields.bytes);
            if let Some(length) = length {
                head.extend_from_slice(b"content-length: ");
                push_number(head, length);
                head.extend_from_slice(b"\r\n");
            } else if outgoing == Outgoing::Chunked {
                head.extend_from_slice(b"transfer-encoding: chunked\r\n");
            }
            if !fields.has_date {
                self.server.push_date(head);
            }
            match (running.keeps_alive, running.minor_version) {
                (false, _) => head.extend_from_slice(b"connection: close\r\n"),
                (true, 0) => head.extend_from_slice(b"connection: keep-alive\r\n"),
                (true, _) => {}
            }
            head.extend_from_slice(b"\r\n");
            match body.filter(|_| outgoing != Outgoing::Silent) {
                Some(body) if body.len() > COPIED_BODY => {
                    self.link.write(head)?;
                    self.link.write_content(body)
                }
                Some(body) => {
                    head.extend_from_slice(&body);
                    self.link.write(head)
                }
                None => self.link.write(head),
            }
        })?;
        Ok(outgoing)
    }

    fn write_piece(&self, running: &Running, bytes: Content<'_>) -> io::Result<()> {
        match running.outgoing {
            Outgoing::Chunked => HEAD.with_borrow_mut(|frame| {
                frame.clear();
                push_hex(frame, bytes.len());
                if bytes.len() > COPIED_BODY {
                    self.link.write(frame)?;
                    self.link.write_content(bytes)?;
                    return self.link.write(b"\r\n");
                }
                frame.extend_from_slice(&bytes);
                frame.extend_from_slice(b"\r\n");
                self.link.write(frame)
            }),
            _ => self.link.write_content(bytes),
        }
    }

    /// The request that is meant, or why nothing can be said to it any more.
    fn with_running<T>(
        &self,
        id: u32,
        act: impl FnOnce(&mut Running) -> io::Result<T>,
    ) -> Result<T> {
        let inner = &mut *self.inner.borrow_mut();
        let running = (inner.running.as_mut()).filter(|running| running.id == id);
        let outcome = match running {
            Some(running) => act(running),
            None => Err(io::ErrorKind::NotConnected.into()),
        };
        outcome.map_err(|cause| {
            if cause.kind() != io::ErrorKind::NotConnected {
                self.close(inner);
            }
            gone().with_source(cause)
        })
    }
}

impl Channel for Connection {
    fn respond(&self, id: u32, status: u16, fields: &Fields, body: Content<'_>) -> Result<()> {
        self.with_running(id, |running| {
            self.write_head(running, status, fields, Some(body))?;
            running.outgoing = Outgoing::Over;
            Ok(())
        })?;
        self.settle_now();
        Ok(())
    }

    fn begin(&self, id: u32, status: u16, fields: &Fields) -> Result<()> {
        self.with_running(id, |running| {
            running.outgoing = self.write_head(running, status, fields, None)?;
            Ok(())
        })
    }

    fn write(&self, id: u32, bytes: Content<'_>) -> Result<()> {
        self.with_running(id, |running| match running.outgoing {
            Outgoing::Silent => Ok(()),
            _ if bytes.is_empty() => Ok(()),
            _ => self.write_piece(running, bytes),
        })
    }

    fn sends_files(&self) -> bool {
        self.link.sends_files()
    }

    fn send_file(&self, id: u32, file: &File, offset: u64, length: u64) -> Result<u64> {
        self.with_running(id, |running| match running.outgoing {
            Outgoing::Length => self.link.send_file(file, offset, length),
            _ => Ok(0),
        })
    }

    fn finish(&self, id: u32, trailers: &Fields) -> Result<()> {
        self.with_running(id, |running| {
            match running.outgoing {
                Outgoing::Chunked => HEAD.with_borrow_mut(|end| {
                    end.clear();
                    end.extend_from_slice(b"0\r\n");
                    end.extend_from_slice(&trailers.bytes);
                    end.extend_from_slice(b"\r\n");
                    self.link.write(end)
                })?,
                Outgoing::Rest => running.keeps_alive = false,
                _ => {}
            }
            running.outgoing = Outgoing::Over;
            Ok(())
        })?;
        self.settle_now();
        Ok(())
    }

    fn inform(&self, id: u32, status: u16, fields: &Fields) -> Result<()> {
        self.with_running(id, |running| {
            // HTTP/1.0 knows no answers before the answer.
            if running.minor_version == 0 {
                return Ok(());
            }
            HEAD.with_borrow_mut(|head| {
                head.clear();
                push_status(head, status);
                head.extend_from_slice(&fields.bytes);
                head.extend_from_slice(b"\r\n");
                self.link.write(head)
            })
        })
    }

    fn cut(&self, id: u32) {
        let inner = &mut *self.inner.borrow_mut();
        if inner
            .running
            .as_ref()
            .is_some_and(|running| running.id == id)
        {
            // What was written before is the client's, who sees that it is not all.
            self.link.flush();
            self.close(inner);
        }
    }

    fn queued(&self, _id: u32) -> usize {
        self.link.queued()
    }

    fn is_there(&self, id: u32) -> bool {
        let inner = self.inner.borrow();
        (inner.running.as_ref()).is_some_and(|running| running.id == id)
    }

    fn poll_ready(&self, id: u32, context: &mut Context<'_>) -> Poll<Result<()>> {
        let inner = &mut *self.inner.borrow_mut();
        match inner.running.as_mut().filter(|running| running.id == id) {
            None => Poll::Ready(Err(gone())),
            Some(_) if self.link.queued() < QUEUE_LIMIT => Poll::Ready(Ok(())),
            Some(running) => {
                remember(&mut running.writer, context);
                Poll::Pending
            }
        }
    }

    fn take_whole_body(&self, id: u32) -> Option<Bytes> {
        let inner = &mut *self.inner.borrow_mut();
        let running = inner.running.as_mut().filter(|running| running.id == id)?;
        let whole = running.arriving.take_whole()?;
        self.resume(inner);
        Some(whole)
    }

    fn poll_body(&self, id: u32, context: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        let inner = &mut *self.inner.borrow_mut();
        let Some(running) = inner.running.as_mut().filter(|running| running.id == id) else {
            return Poll::Ready(Some(Err(gone())));
        };
        let polled = running.arriving.poll(context);
        match &polled {
            Poll::Ready(Some(Ok(_))) => {
                if running.arriving.size() < WAITING_LIMIT / 2 && inner.held.len() < WAITING_LIMIT {
                    self.resume(inner);
                }
            }
            Poll::Pending => {
                if std::mem::take(&mut running.arriving.awaits_continue)
                    && running.outgoing == Outgoing::Unbegun
                    && self.link.write(b"HTTP/1.1 100 Continue\r\n\r\n").is_err()
                {
                    self.close(inner);
                    return Poll::Ready(Some(Err(gone())));
                }
            }
            Poll::Ready(_) => {}
        }
        polled
    }

    fn poll_gone(&self, id: u32, context: &mut Context<'_>) -> Poll<()> {
        let inner = &mut *self.inner.borrow_mut();
        match inner.running.as_mut().filter(|running| running.id == id) {
            Some(running) if !inner.peer_ended => {
                running.arriving.watch(context);
                Poll::Pending
            }
            _ => Poll::Ready(()),
        }
    }

    fn poll_flushed(&self, id: u32, context: &mut Context<'_>) -> Poll<()> {
        let inner = &mut *self.inner.borrow_mut();
        match inner.running.as_mut().filter(|running| running.id == id) {
            Some(running) if self.link.queued() > 0 => {
                remember(&mut running.writer, context);
                Poll::Pending
            }
            _ => Poll::Ready(()),
        }
    }

    fn take_wire(self: Rc<Self>, id: u32, fields: &Fields) -> Result<(Rc<Core>, Wire, Vec<u8>)> {
        let inner = &mut *self.inner.borrow_mut();
        if inner
            .running
            .as_ref()
            .is_none_or(|running| running.id != id)
        {
            return Err(gone());
        }
        if inner.peer_ended {
            // Nobody would be told of it again.
            self.close(inner);
            return Err(gone());
        }
        let mut answer =
            b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
                .to_vec();
        answer.extend_from_slice(&fields.bytes);
        answer.extend_from_slice(b"\r\n");
        if let Err(cause) = self.link.write(&answer) {
            self.close(inner);
            return Err(gone().with_source(cause));
        }
        let held = std::mem::take(&mut inner.held);
        self.resume(inner);
        self.leave(inner);
        let wire = Wire::Link(Rc::clone(&self.link));
        Ok((Rc::clone(&self.server), wire, held))
    }

    fn link(&self) -> Option<Rc<Link>> {
        Some(Rc::clone(&self.link))
    }
}

pub(super) fn reason(status: u16) -> &'static str {
    http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("")
}

fn push_status(head: &mut Vec<u8>, status: u16) {
    if status == 200 {
        head.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
        return;
    }
    head.extend_from_slice(b"HTTP/1.1 ");
    push_number(head, status.into());
    head.push(b' ');
    head.extend_from_slice(reason(status).as_bytes());
    head.extend_from_slice(b"\r\n");
}

fn push_number(head: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    head.extend_from_slice(&digits[at..]);
}

/// The line before a chunk.
fn push_hex(frame: &mut Vec<u8>, length: usize) {
    use std::io::Write;
    let _ = write!(frame, "{length:x}\r\n");
}
