//! Frames as events. Data is told as it comes; every other frame is looked at when it is there whole, as are the frames of a head.

use super::connection::{Connection, Role};
use super::frame::{
    self, HEAD, Head, MOST_MAX_FRAME, MOST_WINDOW, PREFACE, flag, kind, setting, word,
};
use super::message::{self, Rules};
use super::stream::{Closing, Ending, Stream};
use super::{Code, Event, Failure, Fields, Kind, Priority, ValueSpace, Why};
use std::ops::Range;
use std::time::Instant;

/// The bounds of a head in bytes, when the settings name none, and what compression may hide at most.
const DEFAULT_LIST: usize = 65_535;
const BLOCK_FACTOR: usize = 4;
/// The largest list that a setting can allow.
const MOST_LIST: usize = 16_777_215;

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

    fn headers_frame(&mut self, head: Head, payload: &[u8]) -> Result<(), Failure> {
        if head.stream == 0 {
            return Err(Failure::protocol("a head on stream 0"));
        }
        let mut payload = unpadded(head, payload)?;
        let mut priority = None;
        if head.has(flag::PRIORITY) {
            let (first, rest) = (payload.split_at_checked(5))
                .ok_or(Failure::size("a head is too short for its priority"))?;
            priority = Some(read_priority(first));
            payload = rest;
        }
        let begin = Begin {
            stream: head.stream,
            ends: head.has(flag::END_STREAM),
            priority,
            promised: None,
        };
        self.block_began(begin, head, payload)
    }

    fn push_frame(&mut self, head: Head, payload: &[u8]) -> Result<(), Failure> {
        if self.role == Role::Server || !self.local.enable_push {
            return Err(Failure::protocol("a push that nobody wants"));
        }
        if head.stream == 0 {
            return Err(Failure::protocol("a push on stream 0"));
        }
        let payload = unpadded(head, payload)?;
        let (number, payload) = (payload.split_at_checked(4))
            .ok_or(Failure::size("a push is too short for its stream"))?;
        let promised = word(number, 0) & frame::LAST_STREAM;
        if promised == 0 || promised % 2 == 1 || promised <= self.last_remote {
            return Err(Failure::protocol("a push of a stream that cannot be"));
        }
        if !self.is_local(head.stream) || self.is_idle(head.stream) {
            return Err(Failure::protocol("a push on a stream that is not open"));
        }
        match self.streams.get(&head.stream) {
            Some(stream) if stream.remote_is_over => {
                return Err(Failure::protocol("a push on a stream that is over"));
            }
            None if self.closing_of(head.stream) != Some(Closing::ByUs) => {
                return Err(Failure::protocol("a push on a stream that is over"));
            }
            _ => {}
        }
        let begin = Begin {
            stream: head.stream,
            ends: false,
            priority: None,
            promised: Some(promised),
        };
        self.block_began(begin, head, payload)
    }

    fn block_began(&mut self, begin: Begin, head: Head, payload: &[u8]) -> Result<(), Failure> {
        if head.has(flag::END_HEADERS) {
            return self.block_ended(begin, payload);
        }
        self.reading.block = Some(Block {
            begin,
            bytes: payload.to_vec(),
            continuations: 0,
        });
        Ok(())
    }

    fn continuation_frame(&mut self, head: Head, payload: &[u8]) -> Result<(), Failure> {
        let most = self
            .list_limit()
            .max(DEFAULT_LIST)
            .saturating_mul(BLOCK_FACTOR);
        let Some(block) = &mut self.reading.block else {
            return Err(Failure::protocol("a continuation of nothing"));
        };
        block.continuations += 1;
        block.bytes.extend_from_slice(payload);
        if block.continuations > self.options.max_continuations || block.bytes.len() > most {
            return Err(Failure::calm(Why::Flood, "a head that does not end"));
        }
        if head.has(flag::END_HEADERS)
            && let Some(block) = self.reading.block.take()
        {
            return self.block_ended(block.begin, &block.bytes);
        }
        Ok(())
    }

    pub(super) fn list_limit(&self) -> usize {
        if self.local.max_list == u32::MAX {
            DEFAULT_LIST
        } else {
            (self.local.max_list as usize).min(MOST_LIST)
        }
    }

    /// All fields of a head are there. They are read whatever becomes of them: the next head builds on them.
    fn block_ended(&mut self, begin: Begin, block: &[u8]) -> Result<(), Failure> {
        let limit = match self.streams.get(&begin.stream) {
            Some(stream) if begin.promised.is_none() => stream.list_limit.min(MOST_LIST),
            _ => self.list_limit(),
        };
        let mut fields = Fields::within(limit, self.options.max_fields);
        (self.decoder.decode(block, &mut fields)).map_err(|_| {
            Failure::new(Code::COMPRESSION, "the fields of a message cannot be read")
        })?;
        if self.options.value_space == ValueSpace::Dropped {
            fields.retain(|field| {
                field.name.first() == Some(&b':') || !message::has_space_around(field.value)
            });
        }
        if let Some(promised) = begin.promised {
            return self.promised(begin, promised, fields);
        }
        let id = begin.stream;
        if begin.priority.is_some_and(|priority| priority.parent == id) {
            if self.streams.contains_key(&id) {
                return self.refuse(id, Code::PROTOCOL);
            }
            return Err(Failure::protocol("a stream that depends on itself"));
        }
        if self.streams.contains_key(&id) && !self.is_waiting(id) {
            return self.more_fields(begin, fields);
        }
        if self.role == Role::Client {
            if self.is_idle(id) {
                return Err(Failure::protocol("a response on an idle stream"));
            }
            return self.frame_after_end(id);
        }
        if self.is_local(id) {
            return Err(Failure::protocol("a request with a number of the server's"));
        }
        if id <= self.last_remote {
            if self.closing_of(id).is_none() && !self.has_forgotten {
                return Err(Failure::protocol(
                    "a request with a number that was passed over",
                ));
            }
            return self.frame_after_end(id);
        }
        self.request_began(begin, fields)
    }

    fn rules(&self, is_request: bool) -> Rules {
        Rules {
            is_request,
            allows_protocol: self.local.enable_connect || self.role == Role::Client,
            space: self.options.value_space,
        }
    }

    fn request_began(&mut self, begin: Begin, fields: Fields) -> Result<(), Failure> {
        let id = begin.stream;
        self.last_remote = id;
        if self.we_go.is_some_and(|last| id > last) {
            // After GOAWAY it is as if it had not been sent.
            self.remember(id, Closing::ByUs);
            return Ok(());
        }
        if self.remote_count >= self.allowed_streams() {
            return self.refuse(id, Code::REFUSED_STREAM);
        }
        if fields.is_over {
            return self.refuse(id, Code::ENHANCE_YOUR_CALM);
        }
        let Ok(facts) = message::head(&fields, self.rules(true)) else {
            return self.refuse(id, Code::PROTOCOL);
        };
        let length = facts.length.filter(|_| !facts.is_plain_connect);
        if begin.ends && length.is_some_and(|length| length > 0) {
            return self.refuse(id, Code::PROTOCOL);
        }
        let (send, receive) = (self.remote.window.into(), self.local.window.into());
        let mut stream = Stream::new(true, send, receive);
        stream.list_limit = self.list_limit();
        stream.has_head = true;
        stream.length = length;
        stream.remote_is_over = begin.ends;
        stream.priority = begin.priority;
        self.streams.insert(id, stream);
        self.remote_count += 1;
        self.last_told = id;
        self.events.push_back(Event::Head {
            stream: id,
            kind: Kind::Request,
            fields: Box::new(fields),
            ends: begin.ends,
            priority: begin.priority,
        });
        Ok(())
    }

    /// How many streams the peer may have: also what it was told and has not acknowledged, since it may be told less for a reason.
    fn allowed_streams(&self) -> usize {
        let told = (self.unacknowledged.iter().flatten())
            .filter(|(id, _)| *id == setting::MAX_CONCURRENT_STREAMS)
            .map(|(_, value)| *value);
        told.chain([self.local.max_streams]).min().unwrap_or(0) as usize
    }

    /// Fields on a stream that is there: a response, or trailers.
    fn more_fields(&mut self, begin: Begin, fields: Fields) -> Result<(), Failure> {
        let id = begin.stream;
        let Some(stream) = self.streams.get(&id) else {
            return Ok(());
        };
        if stream.remote_is_over {
            return if stream.is_reserved {
                Err(Failure::protocol("a head on a stream that is promised"))
            } else {
                self.refuse(id, Code::STREAM_CLOSED)
            };
        }
        if fields.is_over {
            return self.refuse(id, Code::ENHANCE_YOUR_CALM);
        }
        let kind = if stream.has_head {
            let is_short = (stream.length).is_some_and(|length| stream.received != length);
            let is_wrong = message::trailers(&fields, self.rules(false)).is_err();
            if !begin.ends || is_short || is_wrong {
                return self.refuse(id, Code::PROTOCOL);
            }
            Kind::Trailers
        } else {
            let Ok(facts) = message::head(&fields, self.rules(false)) else {
                return self.refuse(id, Code::PROTOCOL);
            };
            if facts.status < 200 {
                if begin.ends {
                    return self.refuse(id, Code::PROTOCOL);
                }
                Kind::Informational
            } else {
                let has_no_body = stream.is_head_request || matches!(facts.status, 204 | 304);
                let length = facts.length.filter(|_| !has_no_body);
                if begin.ends && length.is_some_and(|length| length > 0) {
                    return self.refuse(id, Code::PROTOCOL);
                }
                self.response_began(id, length);
                Kind::Response
            }
        };
        self.events.push_back(Event::Head {
            stream: id,
            kind,
            fields: Box::new(fields),
            ends: begin.ends,
            priority: begin.priority,
        });
        if begin.ends {
            self.remote_ended(id);
        }
        Ok(())
    }

    fn response_began(&mut self, id: u32, length: Option<u64>) {
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.has_head = true;
            stream.length = length;
            if std::mem::take(&mut stream.is_reserved) {
                self.remote_count += 1;
            }
        }
    }

    fn promised(&mut self, begin: Begin, promised: u32, fields: Fields) -> Result<(), Failure> {
        self.last_remote = promised;
        if !self.streams.contains_key(&begin.stream) {
            // Its request was given up; so is what came of it.
            return self.refuse(promised, Code::CANCEL);
        }
        if fields.is_over {
            return self.refuse(promised, Code::ENHANCE_YOUR_CALM);
        }
        let Ok(facts) = message::head(&fields, self.rules(true)) else {
            return self.refuse(promised, Code::PROTOCOL);
        };
        let (send, receive) = (self.remote.window.into(), self.local.window.into());
        let mut stream = Stream::new(true, send, receive);
        stream.list_limit = self.list_limit();
        stream.is_reserved = true;
        stream.ending = Ending::Sent;
        stream.is_head_request = facts.is_head;
        self.streams.insert(promised, stream);
        self.last_told = promised;
        self.events.push_back(Event::Push {
            parent: begin.stream,
            stream: promised,
            fields: Box::new(fields),
        });
        Ok(())
    }

    fn priority_frame(&mut self, head: Head, payload: &[u8]) -> Result<(), Failure> {
        let id = head.stream;
        if id == 0 {
            return Err(Failure::protocol("a priority of stream 0"));
        }
        self.count_idle_frame()?;
        if payload.len() != 5 {
            if self.streams.contains_key(&id) {
                return self.refuse(id, Code::FRAME_SIZE);
            }
            return Err(Failure::size("a priority has five bytes"));
        }
        let priority = read_priority(payload);
        if priority.parent == id {
            if self.streams.contains_key(&id) {
                return self.refuse(id, Code::PROTOCOL);
            }
            return Err(Failure::protocol("a stream that depends on itself"));
        }
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.priority = Some(priority);
            let stream = id;
            self.events.push_back(Event::Priority { stream, priority });
        }
        Ok(())
    }

    fn reset_frame(&mut self, head: Head, payload: &[u8]) -> Result<(), Failure> {
        let id = head.stream;
        if payload.len() != 4 {
            return Err(Failure::size("a reset has four bytes"));
        }
        if id == 0 || self.is_idle(id) {
            return Err(Failure::protocol("a reset of a stream that nobody uses"));
        }
        if self.role == Role::Server && !self.is_local(id) {
            self.count_reset()?;
        }
        self.close(id, Code(word(payload, 0)), Closing::ByPeer);
        Ok(())
    }

    fn settings_frame(&mut self, head: Head, payload: &[u8]) -> Result<(), Failure> {
        if head.stream != 0 {
            return Err(Failure::protocol("settings of a stream"));
        }
        if head.has(flag::ACK) {
            if !payload.is_empty() {
                return Err(Failure::size("an acknowledgement has no payload"));
            }
            let Some(values) = self.unacknowledged.pop_front() else {
                return Err(
                    Failure::protocol("settings are acknowledged that were not sent")
                        .because(Why::Unsolicited),
                );
            };
            self.acknowledged(&values);
            self.events.push_back(Event::SettingsAcknowledged);
            return Ok(());
        }
        if !payload.len().is_multiple_of(6) {
            return Err(Failure::size("settings have six bytes each"));
        }
        if payload.len() / 6 > self.options.max_settings {
            return Err(Failure::calm(Why::Code, "too many settings"));
        }
        if !std::mem::replace(&mut self.has_remote_settings, true) {
            // Without a word of the peer's there is no limit; with one, the guess is over.
            self.remote.max_streams = u32::MAX;
        }
        for each in payload.chunks_exact(6) {
            let id = u16::from_be_bytes([each[0], each[1]]);
            self.remote_setting(id, word(each, 2))?;
        }
        self.write_settings_answer();
        self.count_answer()?;
        self.events.push_back(Event::Settings);
        Ok(())
    }

    fn remote_setting(&mut self, id: u16, value: u32) -> Result<(), Failure> {
        match id {
            setting::HEADER_TABLE_SIZE => self.encoder.set_allowed(value as usize),
            setting::ENABLE_PUSH if value > 1 || (value == 1 && self.role == Role::Client) => {
                return Err(Failure::protocol("a setting that cannot be: ENABLE_PUSH"));
            }
            setting::INITIAL_WINDOW_SIZE => {
                if i64::from(value) > MOST_WINDOW {
                    return Err(Failure::flow(
                        "a setting that cannot be: INITIAL_WINDOW_SIZE",
                    ));
                }
                self.change_send_windows(value)?;
            }
            setting::MAX_FRAME_SIZE
                if !(frame::LEAST_MAX_FRAME..=MOST_MAX_FRAME).contains(&value) =>
            {
                return Err(Failure::protocol(
                    "a setting that cannot be: MAX_FRAME_SIZE",
                ));
            }
            setting::ENABLE_CONNECT_PROTOCOL
                if value > 1 || (value == 0 && self.remote.enable_connect) =>
            {
                return Err(Failure::protocol(
                    "a setting that cannot be: ENABLE_CONNECT_PROTOCOL",
                ));
            }
            setting::NO_RFC7540_PRIORITIES if value > 1 => {
                return Err(Failure::protocol(
                    "a setting that cannot be: NO_RFC7540_PRIORITIES",
                ));
            }
            _ => {}
        }
        self.remote.set(id, value);
        Ok(())
    }

    /// Settings of this side are in force.
    fn acknowledged(&mut self, values: &[(u16, u32)]) {
        for &(id, value) in values {
            match id {
                setting::HEADER_TABLE_SIZE => self.decoder.set_most(value as usize),
                setting::INITIAL_WINDOW_SIZE => self.change_receive_windows(value),
                _ => {}
            }
            self.local.set(id, value);
        }
    }

    fn count_answer(&mut self) -> Result<(), Failure> {
        self.answers += 1;
        if self.answers > self.options.max_answers {
            return Err(Failure::calm(
                Why::Flood,
                "too many answers that the peer does not read",
            ));
        }
        Ok(())
    }

    fn ping_frame(&mut self, head: Head, payload: &[u8]) -> Result<(), Failure> {
        if head.stream != 0 {
            return Err(Failure::protocol("a ping of a stream"));
        }
        let payload =
            <[u8; 8]>::try_from(payload).map_err(|_| Failure::size("a ping has eight bytes"))?;
        if head.has(flag::ACK) {
            // Whether it was sent the caller knows.
            self.count_idle_frame()?;
            self.events.push_back(Event::Pong(payload));
        } else {
            self.write_ping(payload, flag::ACK);
            self.count_answer()?;
            self.events.push_back(Event::Ping(payload));
        }
        Ok(())
    }

    fn go_away_frame(&mut self, head: Head, payload: &[u8]) -> Result<(), Failure> {
        if head.stream != 0 {
            return Err(Failure::protocol("a GOAWAY of a stream"));
        }
        if payload.len() < 8 {
            return Err(Failure::size("a GOAWAY has eight bytes at least"));
        }
        let last = word(payload, 0) & frame::LAST_STREAM;
        if self.peer_goes.is_some_and(|before| last > before) {
            return Err(Failure::protocol("a GOAWAY takes back another"));
        }
        self.peer_goes = Some(last);
        self.events.push_back(Event::GoAway {
            last,
            code: Code(word(payload, 4)),
            data: payload[8..].to_vec(),
        });
        // Nor does anything begin from now on (RFC 9113, 6.8).
        let mut over: Vec<u32> = (self.streams.iter())
            .filter(|&(&id, stream)| stream.is_waiting || (id > last && self.is_local(id)))
            .map(|(&id, _)| id)
            .collect();
        over.sort_unstable();
        for id in over {
            self.close(id, Code::REFUSED_STREAM, Closing::ByPeer);
        }
        Ok(())
    }

    fn window_frame(&mut self, head: Head, payload: &[u8]) -> Result<(), Failure> {
        if payload.len() != 4 {
            return Err(Failure::size("a window's increment has four bytes"));
        }
        let id = head.stream;
        let increment = i64::from(word(payload, 0) & frame::LAST_STREAM);
        if id == 0 {
            if increment == 0 {
                return Err(Failure::protocol("an increment of nothing"));
            }
            self.send_window += increment;
            if self.send_window > MOST_WINDOW {
                return Err(Failure::flow("a window is larger than it can be"));
            }
            return Ok(());
        }
        if self.is_idle(id) {
            return Err(Failure::protocol("an increment on an idle stream"));
        }
        let Some(stream) = self.streams.get_mut(&id) else {
            return self.count_idle_frame();
        };
        if increment == 0 {
            return self.refuse(id, Code::PROTOCOL);
        }
        stream.send_window += increment;
        if stream.send_window > MOST_WINDOW {
            return self.refuse(id, Code::FLOW_CONTROL);
        }
        self.enqueue(id);
        Ok(())
    }

    fn alt_svc_frame(&mut self, head: Head, payload: &[u8]) -> Result<(), Failure> {
        self.count_idle_frame()?;
        if self.role == Role::Server || payload.len() < 2 {
            return Ok(());
        }
        let length = usize::from(u16::from_be_bytes([payload[0], payload[1]]));
        let Some((origin, value)) = payload[2..].split_at_checked(length) else {
            return Ok(());
        };
        // RFC 7838, 4: the origin is named where the stream does not name it, and only there.
        if origin.is_empty() == (head.stream == 0) {
            return Ok(());
        }
        if head.stream != 0 && !self.streams.contains_key(&head.stream) {
            return Ok(());
        }
        self.events.push_back(Event::AltSvc {
            stream: head.stream,
            origin: origin.to_vec(),
            value: value.to_vec(),
        });
        Ok(())
    }

    fn origin_frame(&mut self, head: Head, payload: &[u8]) -> Result<(), Failure> {
        self.count_idle_frame()?;
        if self.role == Role::Server || head.stream != 0 || head.flags & 0x0f != 0 {
            return Ok(());
        }
        let mut origins = Vec::new();
        let mut rest = payload;
        while let Some((length, more)) = rest.split_at_checked(2) {
            let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
            let Some((origin, more)) = more.split_at_checked(length) else {
                return Ok(());
            };
            origins.push(origin.to_vec());
            rest = more;
        }
        self.events.push_back(Event::Origin(origins));
        Ok(())
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
