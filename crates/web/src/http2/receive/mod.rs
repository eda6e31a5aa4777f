//! Frames as events. Data is told as it comes; every other frame is looked at when it is there whole, as are the frames of a head (`heads`). What
//! concerns the connection is in `control`.

mod control;
mod heads;

use super::connection::{Connection, Role};
use super::frame::{self, HEAD, Head, PREFACE, flag, kind, word};
use super::stream::Closing;
use super::{Code, Event, Failure, Priority, Why};
use std::ops::Range;
use std::time::Instant;

/// Where in a frame the reading is.
#[derive(Debug)]
enum Step {
    /// In what a client says first.
    Preface,
    Head,
    /// In the payload of a frame that is looked at whole.
    Payload(Head),
    /// In data: what is left of it, and of the padding behind.
    Data {
        stream: u32,
        left: usize,
        padding: usize,
        ends: bool,
        /// Nobody hears of it.
        is_ignored: bool,
    },
    /// Before the byte that tells the length of the padding.
    Padding(Head),
}

/// A head whose CONTINUATION frames are to come.
#[derive(Debug)]
struct Block {
    begin: Begin,
    bytes: Vec<u8>,
    continuations: usize,
}

/// What the first frame of a head said.
#[derive(Clone, Copy, Debug)]
struct Begin {
    stream: u32,
    ends: bool,
    priority: Option<Priority>,
    promised: Option<u32>,
}

#[derive(Debug)]
pub(super) struct Reading {
    step: Step,
    held: Vec<u8>,
    block: Option<Block>,
    is_first: bool,
}

impl Reading {
    pub(super) fn new(role: Role) -> Reading {
        Reading {
            step: match role {
                Role::Server => Step::Preface,
                Role::Client => Step::Head,
            },
            held: Vec::new(),
            block: None,
            is_first: true,
        }
    }
}

impl Connection {
    /// The next event in `bytes`, from `at` on, which moves behind what was read. Nothing, when more bytes are needed. `now` is what rates are
    /// reckoned with.
    ///
    /// # Errors
    /// When the peer does not keep the protocol, or costs too much. What is to be sent then tells it; nothing more can be read.
    pub fn receive(
        &mut self,
        bytes: &[u8],
        at: &mut usize,
        now: Instant,
    ) -> Result<Option<Event>, Failure> {
        self.now = Some(now);
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some(event));
            }
            if let Some(failure) = self.failure {
                return Err(failure);
            }
            match self.step(bytes, at) {
                Ok(true) => {}
                Ok(false) => return Ok(None),
                Err(failure) => self.fail(failure),
            }
        }
    }

    /// Ends the connection: the peer is told, and every stream is over.
    pub fn fail(&mut self, failure: Failure) {
        if self.failure.is_some() {
            return;
        }
        self.failure = Some(failure);
        self.write_go_away(self.last_remote, failure.code, &[]);
    }

    /// Reads a piece; false when there is none.
    fn step(&mut self, bytes: &[u8], at: &mut usize) -> Result<bool, Failure> {
        let rest = &bytes[*at..];
        match self.reading.step {
            Step::Preface => {
                let expected = &PREFACE[self.reading.held.len()..];
                let count = expected.len().min(rest.len());
                if rest[..count] != expected[..count] {
                    let failure = Failure::protocol("the client does not begin as one of HTTP/2");
                    return Err(failure.because(Why::Preface));
                }
                self.reading.held.extend_from_slice(&rest[..count]);
                *at += count;
                if count < expected.len() {
                    return Ok(false);
                }
                self.reading.held.clear();
                self.reading.step = Step::Head;
            }
            Step::Head => {
                if !self.fill(bytes, at, HEAD) {
                    return Ok(false);
                }
                let mut head = [0; HEAD];
                head.copy_from_slice(&self.reading.held);
                self.reading.held.clear();
                self.began(Head::read(&head))?;
            }
            Step::Payload(head) => {
                // A payload that is there whole is not copied.
                if self.reading.held.is_empty() && rest.len() >= head.length {
                    *at += head.length;
                    self.reading.step = Step::Head;
                    self.frame(head, &rest[..head.length])?;
                } else {
                    if !self.fill(bytes, at, head.length) {
                        return Ok(false);
                    }
                    self.reading.step = Step::Head;
                    let mut payload = std::mem::take(&mut self.reading.held);
                    let outcome = self.frame(head, &payload);
                    payload.clear();
                    self.reading.held = payload;
                    outcome?;
                }
            }
            Step::Padding(head) => {
                let Some(&padding) = rest.first() else {
                    return Ok(false);
                };
                *at += 1;
                let padding = usize::from(padding);
                if padding >= head.length {
                    return Err(Failure::protocol("a frame has more padding than payload"));
                }
                self.data_began(head, head.length - 1 - padding, padding)?;
            }
            Step::Data {
                stream,
                left,
                padding,
                ends,
                is_ignored,
            } => return self.data_piece(stream, left, padding, ends, is_ignored, rest, at),
        }
        Ok(true)
    }

    /// Holds bytes until there are so many.
    fn fill(&mut self, bytes: &[u8], at: &mut usize, wanted: usize) -> bool {
        let held = &mut self.reading.held;
        let count = (wanted - held.len()).min(bytes.len() - *at);
        held.extend_from_slice(&bytes[*at..*at + count]);
        *at += count;
        held.len() == wanted
    }

    /// The head of a frame is there.
    fn began(&mut self, head: Head) -> Result<(), Failure> {
        self.frames_received += 1;
        if head.length > self.local.max_frame as usize {
            return Err(Failure::size("a frame is larger than allowed"));
        }
        if std::mem::take(&mut self.reading.is_first)
            && (head.kind != kind::SETTINGS || head.has(flag::ACK))
        {
            return Err(Failure::protocol("the first frame is not SETTINGS"));
        }
        if let Some(block) = &self.reading.block
            && (head.kind != kind::CONTINUATION || head.stream != block.begin.stream)
        {
            return Err(Failure::protocol("a frame stands between those of a head"));
        }
        if head.kind != kind::DATA {
            self.reading.step = Step::Payload(head);
            return Ok(());
        }
        if head.has(flag::PADDED) {
            if head.length == 0 {
                return Err(Failure::size("a padded frame has no length of padding"));
            }
            self.reading.step = Step::Padding(head);
            return Ok(());
        }
        self.data_began(head, head.length, 0)
    }

    /// A frame of data: what it costs is reckoned at once.
    fn data_began(&mut self, head: Head, length: usize, padding: usize) -> Result<(), Failure> {
        let (id, ends) = (head.stream, head.has(flag::END_STREAM));
        if id == 0 {
            return Err(Failure::protocol("data on stream 0"));
        }
        let cost = head.length as i64;
        if cost > self.receive_window {
            return Err(Failure::flow("more data than the connection's window"));
        }
        self.receive_window -= cost;
        // Nothing needs it, and no window stops it.
        if length == 0 && !ends {
            self.count_invalid()?;
        }
        let is_ignored = !self.accepts_data(id, cost, length, ends)?;
        // What nobody hears of is given back at once.
        let silent = if is_ignored {
            head.length
        } else {
            head.length - length
        };
        if silent > 0 {
            self.consume_connection(silent as u32);
            if !is_ignored {
                self.consume_stream(id, silent as u32);
            }
        }
        self.reading.step = Step::Data {
            stream: id,
            left: length,
            padding,
            ends,
            is_ignored,
        };
        Ok(())
    }

    /// Whether the data of a frame is told.
    fn accepts_data(
        &mut self,
        id: u32,
        cost: i64,
        length: usize,
        ends: bool,
    ) -> Result<bool, Failure> {
        let stream = self.streams.get_mut(&id);
        let Some(stream) = stream.filter(|stream| !stream.is_waiting) else {
            if self.is_idle(id) {
                return Err(Failure::protocol("data on an idle stream"));
            }
            return self.frame_after_end(id).map(|()| false);
        };
        if stream.remote_is_over {
            self.refuse(id, Code::STREAM_CLOSED)?;
            return Ok(false);
        }
        if !stream.has_head {
            self.refuse(id, Code::PROTOCOL)?;
            return Ok(false);
        }
        if cost > stream.receive_window {
            self.refuse(id, Code::FLOW_CONTROL)?;
            return Ok(false);
        }
        stream.receive_window -= cost;
        stream.received += length as u64;
        let is_wrong = (stream.length)
            .is_some_and(|length| stream.received > length || (ends && stream.received != length));
        if is_wrong {
            self.refuse(id, Code::PROTOCOL)?;
        }
        Ok(!is_wrong)
    }

    /// A frame on a stream that is closed: an error, unless the peer could not know.
    fn frame_after_end(&mut self, id: u32) -> Result<(), Failure> {
        match self.closing_of(id) {
            Some(Closing::Ended) => Err(Failure::new(
                Code::STREAM_CLOSED,
                "a frame on a stream that has ended",
            )),
            Some(Closing::ByPeer) => {
                self.count_reset()?;
                self.write_reset(id, Code::STREAM_CLOSED);
                Ok(())
            }
            Some(Closing::ByUs) | None => self.count_idle_frame(),
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of a step, which is taken apart once"
    )]
    fn data_piece(
        &mut self,
        id: u32,
        left: usize,
        padding: usize,
        ends: bool,
        is_ignored: bool,
        rest: &[u8],
        at: &mut usize,
    ) -> Result<bool, Failure> {
        let count = left.min(rest.len());
        let skipped = padding.min(rest.len() - count);
        let from = *at;
        *at += count + skipped;
        // It may have been reset since the frame began.
        let is_told = !is_ignored && self.streams.contains_key(&id);
        if count > 0 && is_told {
            let range: Range<usize> = from..from + count;
            self.events.push_back(Event::Data { stream: id, range });
        } else if count > 0 && !is_ignored {
            self.consume_connection(count as u32);
        }
        if left > count || padding > skipped {
            self.reading.step = Step::Data {
                stream: id,
                left: left - count,
                padding: padding - skipped,
                ends,
                is_ignored,
            };
            return Ok(count + skipped > 0);
        }
        self.reading.step = Step::Head;
        if ends && is_told {
            self.events.push_back(Event::End { stream: id });
            self.remote_ended(id);
        }
        Ok(true)
    }

    fn remote_ended(&mut self, id: u32) {
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.remote_is_over = true;
        }
        self.close_if_over(id);
    }

    /// A frame that is there whole.
    fn frame(&mut self, head: Head, payload: &[u8]) -> Result<(), Failure> {
        match head.kind {
            kind::HEADERS => self.headers_frame(head, payload),
            kind::PRIORITY => self.priority_frame(head, payload),
            kind::RST_STREAM => self.reset_frame(head, payload),
            kind::SETTINGS => self.settings_frame(head, payload),
            kind::PUSH_PROMISE => self.push_frame(head, payload),
            kind::PING => self.ping_frame(head, payload),
            kind::GOAWAY => self.go_away_frame(head, payload),
            kind::WINDOW_UPDATE => self.window_frame(head, payload),
            kind::CONTINUATION => self.continuation_frame(head, payload),
            kind::ALTSVC => self.alt_svc_frame(head, payload),
            kind::ORIGIN => self.origin_frame(head, payload),
            // RFC 9113, 5.5: what is not known is passed over.
            _ => self.count_idle_frame(),
        }
    }
}

fn unpadded(head: Head, payload: &[u8]) -> Result<&[u8], Failure> {
    if !head.has(flag::PADDED) {
        return Ok(payload);
    }
    let (&padding, rest) =
        (payload.split_first()).ok_or(Failure::size("a padded frame has no length of padding"))?;
    let length = rest.len().checked_sub(padding.into());
    length
        .map(|length| &rest[..length])
        .ok_or(Failure::protocol("a frame has more padding than payload"))
}

/// The five bytes that tell a priority.
fn read_priority(bytes: &[u8]) -> Priority {
    let parent = word(bytes, 0);
    Priority {
        parent: parent & frame::LAST_STREAM,
        weight: u16::from(bytes[4]) + 1,
        is_exclusive: parent > frame::LAST_STREAM,
    }
}
