//! The frames that begin messages, and the heads that come of them: requests, responses, promises, trailers.

use super::super::connection::{Connection, Role};
use super::super::frame::{self, Head, flag, setting, word};
use super::super::message::{self, Rules};
use super::super::stream::{Closing, Ending, Stream};
use super::super::{Code, Event, Failure, Fields, Kind, ValueSpace, Why};
use super::{Begin, Block, read_priority, unpadded};

/// The bounds of a head in bytes, when the settings name none, and what compression may hide at most.
const DEFAULT_LIST: usize = 65_535;
const BLOCK_FACTOR: usize = 4;
/// The largest list that a setting can allow.
const MOST_LIST: usize = 16_777_215;

impl Connection {
    pub(super) fn headers_frame(&mut self, head: Head, payload: &[u8]) -> Result<(), Failure> {
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

    pub(super) fn push_frame(&mut self, head: Head, payload: &[u8]) -> Result<(), Failure> {
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

    pub(super) fn continuation_frame(&mut self, head: Head, payload: &[u8]) -> Result<(), Failure> {
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

    pub(in super::super) fn list_limit(&self) -> usize {
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
}
