//! An answer between its exchange and its connection, compressed piece by piece.
//!
//! Every piece is flushed: a server-sent event arrives when it is sent, not when a block is full. Short pieces are compressed on the spot, long ones on
//! the blocking pool, and what waits for that counts as not sent, so the writer of an answer waits for both (rules ONE-WAIT, BOUNDED).

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use twinloop_loop::Loop;

use super::arriving::{gone, remember, wake};
use super::coding::Coding;
use super::exchange::{Channel, Content};
use super::fields::Fields;
use crate::compression::{Coder, Failure, drive};
use crate::{Error, ErrorKind, Result};

/// Up to so many bytes are compressed on the loop's thread: a fraction of a millisecond, and a visit to the pool would cost some of that.
pub(super) const SHORT: usize = 32 * 1024;

/// The most that is compressed in one visit to the pool.
const PIECE: usize = 256 * 1024;

/// Above so much that is not compressed yet the writer waits.
const WAITING_LIMIT: usize = 64 * 1024;

pub(super) struct Squeezing {
    channel: Rc<dyn Channel>,
    id: u32,
    state: RefCell<State>,
}

struct State {
    /// None while the pool has it.
    coder: Option<Box<dyn Coder>>,
    /// What was written and is not compressed.
    waiting: VecDeque<Bytes>,
    waiting_bytes: usize,
    /// The end was written, with these.
    trailers: Option<Fields>,
    /// Nothing can be said to the client any more.
    is_over: bool,
    writer: Option<Waker>,
}

impl Squeezing {
    pub(super) fn new(channel: Rc<dyn Channel>, id: u32, coding: Coding) -> Result<Rc<Squeezing>> {
        Ok(Rc::new(Squeezing {
            channel,
            id,
            state: RefCell::new(State {
                coder: Some(coding.encoder().map_err(failed)?),
                waiting: VecDeque::new(),
                waiting_bytes: 0,
                trailers: None,
                is_over: false,
                writer: None,
            }),
        }))
    }

    pub(super) fn write(self: &Rc<Self>, bytes: Bytes) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let state = &mut *self.state.borrow_mut();
        if state.is_over {
            return Err(gone());
        }
        match &mut state.coder {
            Some(coder) if bytes.len() <= SHORT => {
                let flush = coder.flush();
                let output = squeeze(&mut **coder, &bytes, flush);
                self.send(output)
            }
            _ => {
                state.waiting_bytes += bytes.len();
                state.waiting.push_back(bytes);
                self.go_on(state);
                Ok(())
            }
        }
    }

    pub(super) fn finish(self: &Rc<Self>, trailers: &Fields) -> Result<()> {
        let state = &mut *self.state.borrow_mut();
        if state.is_over {
            return Err(gone());
        }
        let Some(coder) = &mut state.coder else {
            state.trailers = Some(trailers.clone());
            return Ok(());
        };
        let end = coder.finish();
        self.send(squeeze(&mut **coder, &[], end))?;
        self.channel.finish(self.id, trailers)
    }

    pub(super) fn queued(&self) -> usize {
        self.state.borrow().waiting_bytes + self.channel.queued(self.id)
    }

    pub(super) fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<()>> {
        let state = &mut *self.state.borrow_mut();
        if state.is_over {
            return Poll::Ready(Err(gone()));
        }
        if state.waiting_bytes >= WAITING_LIMIT {
            remember(&mut state.writer, context);
            return Poll::Pending;
        }
        self.channel.poll_ready(self.id, context)
    }

    fn send(&self, output: std::result::Result<Vec<u8>, Failure>) -> Result<()> {
        match output {
            Ok(output) => self.channel.write(self.id, Content::Lent(&output)),
            Err(failure) => {
                self.channel.cut(self.id);
                Err(failed(failure))
            }
        }
    }

    /// Has the pool compress what waits, unless it is at it.
    fn go_on(self: &Rc<Self>, state: &mut State) {
        let Some(coder) = state.coder.take() else {
            return;
        };
        let me = Rc::clone(self);
        drop(Loop::current().spawn(async move {
            let outcome = me.squeeze_waiting(coder).await;
            let state = &mut *me.state.borrow_mut();
            // Whoever writes on is told.
            state.is_over = outcome.is_err();
            state.waiting.clear();
            state.waiting_bytes = 0;
            wake(&mut state.writer);
        }));
    }

    async fn squeeze_waiting(&self, mut coder: Box<dyn Coder>) -> Result<()> {
        loop {
            let next = {
                let state = &mut *self.state.borrow_mut();
                let next = state.waiting.front_mut().map(|first| {
                    let count = first.len().min(PIECE);
                    first.split_to(count)
                });
                if state.waiting.front().is_some_and(Bytes::is_empty) {
                    state.waiting.pop_front();
                }
                next
            };
            let Some(piece) = next else {
                let trailers = {
                    let state = &mut *self.state.borrow_mut();
                    let trailers = state.trailers.take();
                    if trailers.is_none() {
                        state.coder = Some(coder);
                        return Ok(());
                    }
                    trailers
                };
                let end = coder.finish();
                self.send(squeeze(&mut *coder, &[], end))?;
                return self.channel.finish(self.id, &trailers.unwrap_or_default());
            };
            let (count, flush) = (piece.len(), coder.flush());
            let working = Loop::current().spawn_blocking(move || {
                let output = squeeze(&mut *coder, &piece, flush);
                (coder, output)
            });
            let Ok((back, output)) = working.await else {
                self.channel.cut(self.id);
                return Err(gone());
            };
            coder = back;
            self.send(output)?;
            poll_fn(|context| self.channel.poll_ready(self.id, context)).await?;
            let state = &mut *self.state.borrow_mut();
            state.waiting_bytes -= count;
            if state.waiting_bytes < WAITING_LIMIT {
                wake(&mut state.writer);
            }
        }
    }
}

/// All that comes out of these bytes.
pub(super) fn squeeze(
    coder: &mut dyn Coder,
    bytes: &[u8],
    flush: i32,
) -> std::result::Result<Vec<u8>, Failure> {
    drive(coder, bytes, flush, usize::MAX).map(|driven| driven.output)
}

pub(super) fn failed(failure: Failure) -> Error {
    Error::new(ErrorKind::Internal, "cannot compress an answer").with_source(failure.message)
}
