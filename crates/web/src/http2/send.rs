//! Calls as frames. Frames with fields and those of control are made at once, in the order of the calls, because the tables of fields depend on
//! it; data waits for both windows and for the caller, who takes it in turns of one frame a stream.

use super::connection::{Connection, Role, Waiting};
use super::frame::{self, LAST_STREAM, MOST_WINDOW, flag, kind, setting, write_head};
use super::stream::{Closing, Ending, Stream};
use super::{Code, Failure, Fields, Padding, Priority, Refusal};

impl Connection {
    /// Whether there is something to take.
    #[must_use]
    pub fn has_output(&self) -> bool {
        !self.out.is_empty()
            || !self.later.is_empty()
            || (!self.waiting.is_empty() && self.may_begin())
            || (self.failure.is_none() && self.ready.iter().any(|&id| self.could_send(id)))
    }

    fn could_send(&self, id: u32) -> bool {
        (self.streams.get(&id)).is_some_and(|stream| {
            stream.is_ready() && (stream.body.is_empty() || self.send_window > 0)
        })
    }

    /// The bytes to send: all that is not data, and data while it is less than `limit`.
    pub fn take(&mut self, limit: usize) -> Vec<u8> {
        if self.failure.is_none() {
            self.begin_waiting();
        }
        self.answers = 0;
        // Streams in a row that only the connection's window stops.
        let mut stopped = 0;
        while self.failure.is_none() && self.out.len() < limit && stopped < self.ready.len() {
            let Some(id) = self.ready.pop_front() else {
                break;
            };
            let Some(stream) = self.streams.get_mut(&id) else {
                continue;
            };
            if stream.is_ready() && !stream.body.is_empty() && self.send_window <= 0 {
                self.ready.push_back(id);
                stopped += 1;
                continue;
            }
            stream.is_queued = false;
            if stream.is_ready() {
                stopped = 0;
                self.send_turn(id);
                self.enqueue(id);
            }
        }
        self.events.extend(self.later.drain(..));
        std::mem::take(&mut self.out.bytes)
    }

    /// The streams of which a piece of data was sent to its end since the last time, once for each piece.
    pub fn take_written(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.written)
    }

    /// One frame of a stream's data, or its end.
    fn send_turn(&mut self, id: u32) {
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
        if stream.body.is_empty()
            && let Ending::Trailers(fields) = &mut stream.ending
        {
            let fields = std::mem::take(&mut **fields);
            stream.ending = Ending::Sent;
            self.write_fields(kind::HEADERS, id, flag::END_STREAM, &[], &fields);
            self.close_if_over(id);
            return;
        }
        let window = self.send_window.min(stream.send_window).max(0) as usize;
        let most = window.min(self.remote.max_frame as usize);
        let waits = stream.unsent;
        let mut length = most.min(waits);
        let padding = if length == 0 {
            None
        } else {
            padding_of(self.options.padding, length, most)
        };
        let extra = padding.map_or(0, |padding| padding + 1);
        length = length.min(most - extra);
        let ends = length == waits && matches!(stream.ending, Ending::Data);
        let flags = if ends { flag::END_STREAM } else { 0 };
        let padded = if padding.is_some() { flag::PADDED } else { 0 };
        write_head(
            &mut self.out,
            length + extra,
            kind::DATA,
            flags | padded,
            id,
        );
        if let Some(padding) = padding {
            self.out.push(padding as u8);
        }
        let mut left = length;
        while let Some(piece) = stream.body.front() {
            let rest = &piece[stream.body_at..];
            if rest.len() > left {
                self.out.extend_from_slice(&rest[..left]);
                stream.body_at += left;
                break;
            }
            self.out.extend_from_slice(rest);
            left -= rest.len();
            stream.body_at = 0;
            stream.body.pop_front();
            self.written.push(id);
        }
        let end = self.out.len() + padding.unwrap_or(0);
        self.out.resize(end, 0);
        let cost = (length + extra) as i64;
        stream.send_window -= cost;
        self.send_window -= cost;
        stream.unsent -= length;
        self.queued_bytes -= length;
        if ends {
            stream.ending = Ending::Sent;
            self.close_if_over(id);
        }
    }

    /// Requests that had to wait.
    fn begin_waiting(&mut self) {
        while self.may_begin() {
            let Some(waiting) = self.waiting.pop_front() else {
                break;
            };
            self.begin(&waiting);
        }
    }

    fn may_begin(&self) -> bool {
        self.local_count < self.remote.max_streams as usize
    }

    fn begin(&mut self, waiting: &Waiting) {
        let id = waiting.stream;
        let list_limit = self.list_limit();
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
        self.local_count += 1;
        stream.is_waiting = false;
        stream.send_window = self.remote.window.into();
        stream.receive_window = self.local.window.into();
        stream.window_size = stream.receive_window;
        stream.list_limit = list_limit;
        // An end without data before it goes with the head.
        let ends = stream.body.is_empty() && matches!(stream.ending, Ending::Data);
        if ends {
            stream.ending = Ending::Sent;
        }
        let mut flags = if ends { flag::END_STREAM } else { 0 };
        let mut prefix = Vec::new();
        if let Some(priority) = waiting.priority {
            flags |= flag::PRIORITY;
            write_priority(&mut prefix, priority);
        }
        self.write_fields(kind::HEADERS, id, flags, &prefix, &waiting.fields);
        self.enqueue(id);
    }

    /// Begins a request, as soon as the peer lets it; its stream's number is there at once.
    ///
    /// # Errors
    /// When the connection takes no more.
    pub fn request(
        &mut self,
        fields: Fields,
        ends: bool,
        priority: Option<Priority>,
    ) -> Result<u32, Refusal> {
        if self.failure.is_some() || self.peer_goes.is_some() || self.we_go.is_some() {
            return Err(Refusal::GoingAway);
        }
        let id = self.take_number()?;
        let mut stream = Stream::new(false, 0, 0);
        stream.is_waiting = true;
        stream.is_head_request =
            (fields.iter()).any(|field| field.name == b":method" && field.value == b"HEAD");
        stream.priority = priority;
        if ends {
            stream.ending = Ending::Data;
        }
        self.streams.insert(id, stream);
        self.waiting.push_back(Waiting {
            stream: id,
            fields,
            priority,
        });
        if self.waiting.len() == 1 {
            // At once, so that a reset that follows has something to reset.
            self.begin_waiting();
        }
        Ok(id)
    }

    fn take_number(&mut self) -> Result<u32, Refusal> {
        let id = self.next_stream;
        if id > LAST_STREAM {
            return Err(Refusal::NoNumbers);
        }
        self.next_stream += 2;
        Ok(id)
    }

    /// The next stream of this side gets this number.
    ///
    /// # Errors
    /// When it is not one of this side's, or not above the last.
    pub fn set_next_stream(&mut self, id: u32) -> Result<(), Refusal> {
        if id == 0 || id > LAST_STREAM || !self.is_local(id) || id < self.next_stream {
            return Err(Refusal::Invalid);
        }
        self.next_stream = id;
        Ok(())
    }

    /// Sends the head of a response, or one before it (1xx).
    ///
    /// # Errors
    /// When this side of the stream is over.
    pub fn headers(&mut self, id: u32, fields: &Fields, ends: bool) -> Result<(), Refusal> {
        let stream = self.sending(id)?;
        // A promised stream opens with its response.
        let is_promised = std::mem::take(&mut stream.is_reserved);
        if ends {
            stream.ending = Ending::Sent;
        }
        self.local_count += usize::from(is_promised);
        let flags = if ends { flag::END_STREAM } else { 0 };
        self.write_fields(kind::HEADERS, id, flags, &[], fields);
        self.close_if_over(id);
        Ok(())
    }

    /// Sends data, which may wait.
    ///
    /// # Errors
    /// When this side of the stream is over.
    pub fn data(&mut self, id: u32, bytes: Vec<u8>) -> Result<(), Refusal> {
        let length = bytes.len();
        let stream = self.sending(id)?;
        stream.body.push_back(bytes);
        stream.unsent += length;
        self.queued_bytes += length;
        self.enqueue(id);
        Ok(())
    }

    /// Ends this side of a stream when its data is sent.
    ///
    /// # Errors
    /// When this side of the stream is over.
    pub fn end(&mut self, id: u32) -> Result<(), Refusal> {
        self.sending(id)?.ending = Ending::Data;
        self.enqueue(id);
        Ok(())
    }

    /// Ends this side of a stream with fields, when its data is sent.
    ///
    /// # Errors
    /// When this side of the stream is over.
    pub fn trailers(&mut self, id: u32, fields: Fields) -> Result<(), Refusal> {
        self.sending(id)?.ending = Ending::Trailers(Box::new(fields));
        self.enqueue(id);
        Ok(())
    }

    /// A stream whose end nobody has told of.
    fn sending(&mut self, id: u32) -> Result<&mut Stream, Refusal> {
        if self.failure.is_some() {
            return Err(Refusal::GoingAway);
        }
        (self.streams.get_mut(&id))
            .filter(|stream| matches!(stream.ending, Ending::Open))
            .ok_or(Refusal::Closed)
    }

    /// Promises the response to a request that nobody has sent; the number of its stream.
    ///
    /// # Errors
    /// When the peer does not want it, or the stream is over.
    pub fn push(&mut self, parent: u32, fields: &Fields) -> Result<u32, Refusal> {
        if self.failure.is_some() || self.peer_goes.is_some() {
            return Err(Refusal::GoingAway);
        }
        if self.role == Role::Client || !self.remote.enable_push || self.is_local(parent) {
            return Err(Refusal::NoPush);
        }
        // Its own end may wait: the promise goes before.
        let may_carry = |stream: &Stream| !stream.local_is_over() && !stream.is_reserved;
        if !self.streams.get(&parent).is_some_and(may_carry) {
            return Err(Refusal::Closed);
        }
        let id = self.take_number()?;
        let (send, receive) = (self.remote.window.into(), self.local.window.into());
        let mut stream = Stream::new(false, send, receive);
        stream.is_reserved = true;
        stream.remote_is_over = true;
        self.streams.insert(id, stream);
        self.write_fields(kind::PUSH_PROMISE, parent, 0, &id.to_be_bytes(), fields);
        Ok(id)
    }

    /// Ends a stream at once.
    ///
    /// # Errors
    /// When it is over.
    pub fn reset(&mut self, id: u32, code: Code) -> Result<(), Refusal> {
        let Some(stream) = self.streams.get(&id) else {
            return Err(Refusal::Closed);
        };
        // Of what has not begun the peer does not know.
        if !stream.is_waiting && self.failure.is_none() {
            self.write_reset(id, code);
        }
        self.close(id, code, Closing::ByUs);
        Ok(())
    }

    /// Tells a priority.
    pub fn priority(&mut self, id: u32, priority: Priority) {
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.priority = Some(priority);
            write_head(&mut self.out, 5, kind::PRIORITY, 0, id);
            write_priority(&mut self.out, priority);
        }
    }

    /// Changes settings of this side, which are in force when the peer has acknowledged them.
    pub fn settings(&mut self, values: Vec<(u16, u32)>) {
        write_head(&mut self.out, values.len() * 6, kind::SETTINGS, 0, 0);
        for (id, value) in &values {
            self.out.extend_from_slice(&id.to_be_bytes());
            self.out.extend_from_slice(&value.to_be_bytes());
            // What the peer may do more it may do as soon as it knows.
            if *id == setting::MAX_FRAME_SIZE && *value > self.local.max_frame {
                self.local.max_frame = *value;
            }
        }
        self.unacknowledged.push_back(values);
    }

    /// Asks the peer for a sign of life.
    pub fn ping(&mut self, payload: [u8; 8]) {
        self.write_ping(payload, 0);
    }

    /// Tells the peer that no streams of its are looked at after `last`, or after those that were.
    pub fn go_away(&mut self, last: Option<u32>, code: Code, data: &[u8]) {
        let mut last = last.unwrap_or(self.last_told);
        if let Some(before) = self.we_go {
            last = last.min(before);
        }
        self.we_go = Some(last);
        self.write_go_away(last, code, data);
    }

    /// RFC 7838.
    pub fn alt_svc(&mut self, stream: u32, origin: &[u8], value: &[u8]) {
        // It would say something of a stream that nobody has.
        if stream != 0 && !self.streams.contains_key(&stream) {
            return;
        }
        let length = 2 + origin.len() + value.len();
        write_head(&mut self.out, length, kind::ALTSVC, 0, stream);
        self.out
            .extend_from_slice(&(origin.len() as u16).to_be_bytes());
        self.out.extend_from_slice(origin);
        self.out.extend_from_slice(value);
    }

    /// RFC 8336.
    pub fn origin(&mut self, origins: &[Vec<u8>]) {
        let length = origins.iter().map(|origin| origin.len() + 2).sum();
        write_head(&mut self.out, length, kind::ORIGIN, 0, 0);
        for origin in origins {
            self.out
                .extend_from_slice(&(origin.len() as u16).to_be_bytes());
            self.out.extend_from_slice(origin);
        }
    }

    /// The window of the connection becomes so large.
    ///
    /// # Errors
    /// When it cannot.
    pub fn set_window(&mut self, size: u32) -> Result<(), Refusal> {
        let size = i64::from(size);
        if size > MOST_WINDOW {
            return Err(Refusal::Invalid);
        }
        let change = size - self.window_size;
        self.window_size = size;
        if change > 0 {
            self.receive_window += change;
            self.write_window(0, change as u32);
        }
        // A smaller one comes by giving back less.
        Ok(())
    }

    /// Data of a stream was used: the peer may send as much again.
    pub fn consume(&mut self, id: u32, count: u32) {
        self.consume_connection(count);
        self.consume_stream(id, count);
    }

    /// The connection's part of [`Connection::consume`].
    pub fn consume_connection(&mut self, count: u32) {
        self.consumed = self.consumed.saturating_add(count);
        let due = self.window_size - self.receive_window;
        let given = i64::from(self.consumed).min(due);
        if given > 0 && given >= self.window_size / 2 {
            self.consumed = 0;
            self.receive_window += given;
            self.write_window(0, given as u32);
        }
    }

    /// The stream's part of [`Connection::consume`].
    pub fn consume_stream(&mut self, id: u32, count: u32) {
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
        stream.consumed = stream.consumed.saturating_add(count);
        let due = stream.window_size - stream.receive_window;
        let given = i64::from(stream.consumed).min(due);
        if stream.remote_is_over || given <= 0 || given < stream.window_size / 2 {
            return;
        }
        stream.consumed = 0;
        stream.receive_window += given;
        self.write_window(id, given as u32);
    }

    pub(super) fn write_window(&mut self, id: u32, increment: u32) {
        write_head(&mut self.out, 4, kind::WINDOW_UPDATE, 0, id);
        self.out.extend_from_slice(&increment.to_be_bytes());
    }

    pub(super) fn write_reset(&mut self, id: u32, code: Code) {
        write_head(&mut self.out, 4, kind::RST_STREAM, 0, id);
        self.out.extend_from_slice(&code.0.to_be_bytes());
    }

    pub(super) fn write_settings_answer(&mut self) {
        write_head(&mut self.out, 0, kind::SETTINGS, flag::ACK, 0);
    }

    pub(super) fn write_ping(&mut self, payload: [u8; 8], flags: u8) {
        write_head(&mut self.out, 8, kind::PING, flags, 0);
        self.out.extend_from_slice(&payload);
    }

    pub(super) fn write_go_away(&mut self, last: u32, code: Code, data: &[u8]) {
        write_head(&mut self.out, 8 + data.len(), kind::GOAWAY, 0, 0);
        self.out.extend_from_slice(&last.to_be_bytes());
        self.out.extend_from_slice(&code.0.to_be_bytes());
        self.out.extend_from_slice(data);
    }

    /// Fields as frames: the first of this kind, with what stands before them, the others CONTINUATION.
    fn write_fields(&mut self, kind: u8, id: u32, flags: u8, prefix: &[u8], fields: &Fields) {
        let mut block = prefix.to_vec();
        self.encoder.encode(fields, &mut block);
        let most = self.remote.max_frame as usize;
        let padding = padding_of(self.options.padding, block.len(), most);
        if let Some(padding) = padding
            && block.len() + padding < most
        {
            let whole = flag::PADDED | flag::END_HEADERS;
            write_head(
                &mut self.out,
                block.len() + padding + 1,
                kind,
                flags | whole,
                id,
            );
            self.out.push(padding as u8);
            self.out.extend_from_slice(&block);
            let end = self.out.len() + padding;
            self.out.resize(end, 0);
            return;
        }
        let (first, mut rest) = block.split_at(block.len().min(most));
        let end = |rest: &[u8]| {
            if rest.is_empty() {
                flag::END_HEADERS
            } else {
                0
            }
        };
        write_head(&mut self.out, first.len(), kind, flags | end(rest), id);
        self.out.extend_from_slice(first);
        while !rest.is_empty() {
            let (piece, more) = rest.split_at(rest.len().min(most));
            write_head(
                &mut self.out,
                piece.len(),
                frame::kind::CONTINUATION,
                end(more),
                id,
            );
            self.out.extend_from_slice(piece);
            rest = more;
        }
    }

    /// Ends the connection for a reason of this side's.
    pub fn terminate(&mut self, code: Code) {
        self.fail(Failure::new(code, "this side has ended the connection"));
    }
}

fn write_priority(out: &mut Vec<u8>, priority: Priority) {
    let exclusive = if priority.is_exclusive {
        LAST_STREAM + 1
    } else {
        0
    };
    out.extend_from_slice(&(priority.parent | exclusive).to_be_bytes());
    out.push(priority.weight.clamp(1, 256).wrapping_sub(1) as u8);
}

/// How many bytes of padding a frame gets, besides the byte that says so; `most` is the largest payload.
fn padding_of(padding: Padding, length: usize, most: usize) -> Option<usize> {
    let room = most.saturating_sub(length);
    let wanted = match padding {
        Padding::None => return None,
        Padding::Most => 256,
        Padding::Aligned => match (length + frame::HEAD) % 8 {
            0 => return None,
            over => 8 - over,
        },
    };
    // The byte that tells the length is part of it.
    wanted.min(room).min(256).checked_sub(1)
}
