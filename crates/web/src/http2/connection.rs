//! A connection: what both sides have said about it, and its streams.

use super::budget::Budget;
use super::frame::{DEFAULT_WINDOW, LEAST_MAX_FRAME, MOST_WINDOW, Output, PREFACE, setting};
use super::hpack::{DEFAULT_TABLE, Decoder, Encoder};
use super::receive::Reading;
use super::stream::{Closing, Stream};
use super::{Code, Event, Failure, Fields, Options, Priority, State, Why};
use std::collections::{HashMap, VecDeque};
use std::time::Instant;

/// Which end of a connection this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The one that sends requests.
    Client,
    /// The one that answers.
    Server,
}

/// What one side has told of itself.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) table_size: u32,
    pub(super) enable_push: bool,
    pub(super) max_streams: u32,
    pub(super) window: u32,
    pub(super) max_frame: u32,
    pub(super) max_list: u32,
    pub(super) enable_connect: bool,
    /// Those that this file does not know, as they came.
    pub(super) others: Vec<(u16, u32)>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            table_size: DEFAULT_TABLE as u32,
            enable_push: true,
            max_streams: u32::MAX,
            window: DEFAULT_WINDOW,
            max_frame: LEAST_MAX_FRAME,
            max_list: u32::MAX,
            enable_connect: false,
            others: Vec::new(),
        }
    }
}

impl Settings {
    pub(super) fn set(&mut self, id: u16, value: u32) {
        match id {
            setting::HEADER_TABLE_SIZE => self.table_size = value,
            setting::ENABLE_PUSH => self.enable_push = value != 0,
            setting::MAX_CONCURRENT_STREAMS => self.max_streams = value,
            setting::INITIAL_WINDOW_SIZE => self.window = value,
            setting::MAX_FRAME_SIZE => self.max_frame = value,
            setting::MAX_HEADER_LIST_SIZE => self.max_list = value,
            setting::ENABLE_CONNECT_PROTOCOL => self.enable_connect = value != 0,
            _ => {
                self.others.retain(|(each, _)| *each != id);
                // No more than a handful can be of use to anybody.
                if self.others.len() < 64 {
                    self.others.push((id, value));
                }
            }
        }
    }

    fn list(&self) -> Vec<(u16, u32)> {
        let mut list = vec![
            (setting::HEADER_TABLE_SIZE, self.table_size),
            (setting::ENABLE_PUSH, u32::from(self.enable_push)),
            (setting::MAX_CONCURRENT_STREAMS, self.max_streams),
            (setting::INITIAL_WINDOW_SIZE, self.window),
            (setting::MAX_FRAME_SIZE, self.max_frame),
            (setting::MAX_HEADER_LIST_SIZE, self.max_list),
            (
                setting::ENABLE_CONNECT_PROTOCOL,
                u32::from(self.enable_connect),
            ),
        ];
        list.extend_from_slice(&self.others);
        list
    }
}

/// A request that waits until the peer lets it begin.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) stream: u32,
    pub(super) fields: Fields,
    pub(super) priority: Option<Priority>,
}

/// Both ends' windows of the connection, or of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// What the peer may send in all before this side gives something back.
    pub local: i64,
    /// What it may still send.
    pub local_left: i64,
    /// What this side may still send.
    pub remote_left: i64,
}

/// One end of a connection.
#[derive(Debug)]
pub struct Connection {
    pub(super) role: Role,
    pub(super) options: Options,
    pub(super) reading: Reading,
    pub(super) decoder: Decoder,
    pub(super) encoder: Encoder,
    pub(super) events: VecDeque<Event>,
    /// Ends of streams that this side has reset: told when the peer is.
    pub(super) later: Vec<Event>,
    pub(super) failure: Option<Failure>,
    pub(super) now: Option<Instant>,

    pub(super) local: Settings,
    pub(super) remote: Settings,
    /// Settings of this side that the peer has not acknowledged, the oldest first.
    pub(super) unacknowledged: VecDeque<Vec<(u16, u32)>>,
    pub(super) has_remote_settings: bool,

    pub(super) streams: HashMap<u32, Stream>,
    /// What became of the streams that were closed last.
    closings: VecDeque<(u32, Closing)>,
    pub(super) has_forgotten: bool,
    pub(super) next_stream: u32,
    pub(super) last_remote: u32,
    /// The last stream of the peer that somebody heard of.
    pub(super) last_told: u32,
    pub(super) local_count: usize,
    pub(super) remote_count: usize,
    pub(super) waiting: VecDeque<Waiting>,

    pub(super) send_window: i64,
    pub(super) receive_window: i64,
    pub(super) window_size: i64,
    pub(super) consumed: u32,

    pub(super) out: Output,
    pub(super) frames_received: u64,
    pub(super) answers: usize,
    /// Streams with something to send.
    pub(super) ready: VecDeque<u32>,
    pub(super) written: Vec<u32>,
    pub(super) queued_bytes: usize,

    /// The last stream that the peer's GOAWAY lets live.
    pub(super) peer_goes: Option<u32>,
    pub(super) we_go: Option<u32>,
    pub(super) resets: Budget,
    pub(super) idle_frames: Budget,
    pub(super) invalid: Budget,
}

/// How many closed streams are remembered.
const REMEMBERED: usize = 256;

impl Connection {
    /// One end, whose first bytes are there to be taken.
    #[must_use]
    pub fn new(role: Role, options: Options) -> Connection {
        let remote = Settings {
            max_streams: options.peer_max_streams,
            ..Settings::default()
        };
        let mut connection = Connection {
            role,
            reading: Reading::new(role),
            decoder: Decoder::default(),
            encoder: Encoder::new(options.max_encoder_table),
            events: VecDeque::new(),
            later: Vec::new(),
            failure: None,
            now: None,
            local: Settings::default(),
            remote,
            unacknowledged: VecDeque::new(),
            has_remote_settings: false,
            streams: HashMap::new(),
            closings: VecDeque::new(),
            has_forgotten: false,
            next_stream: if role == Role::Client { 1 } else { 2 },
            last_remote: 0,
            last_told: 0,
            local_count: 0,
            remote_count: 0,
            waiting: VecDeque::new(),
            send_window: DEFAULT_WINDOW.into(),
            receive_window: DEFAULT_WINDOW.into(),
            window_size: DEFAULT_WINDOW.into(),
            consumed: 0,
            out: Output::default(),
            frames_received: 0,
            answers: 0,
            ready: VecDeque::new(),
            written: Vec::new(),
            queued_bytes: 0,
            peer_goes: None,
            we_go: None,
            resets: Budget::new(options.reset_burst, options.reset_per_second),
            idle_frames: Budget::new(options.idle_frame_burst, options.idle_frames_per_second),
            invalid: Budget::new(options.invalid_burst + 1, options.invalid_per_second),
            options,
        };
        if role == Role::Client {
            connection.out.extend_from_slice(PREFACE);
        }
        let settings = std::mem::take(&mut connection.options.settings);
        connection.settings(settings);
        connection
    }

    /// Which end this is.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// Whether it failed, or both sides are about to go and nothing is left.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.failure.is_some()
            || ((self.peer_goes.is_some() || self.we_go.is_some()) && self.streams.is_empty())
    }

    /// What the connection failed by.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        self.failure
    }

    /// The settings of this side, as far as the peer has acknowledged them.
    #[must_use]
    pub fn local_settings(&self) -> Vec<(u16, u32)> {
        self.local.list()
    }

    /// The settings of the peer.
    #[must_use]
    pub fn remote_settings(&self) -> Vec<(u16, u32)> {
        self.remote.list()
    }

    /// The windows of the connection.
    #[must_use]
    pub fn windows(&self) -> Windows {
        Windows {
            local: self.window_size,
            local_left: self.receive_window,
            remote_left: self.send_window,
        }
    }

    /// The windows of a stream.
    #[must_use]
    pub fn stream_windows(&self, stream: u32) -> Option<Windows> {
        self.streams.get(&stream).map(|stream| Windows {
            local: stream.window_size,
            local_left: stream.receive_window,
            remote_left: stream.send_window,
        })
    }

    /// The state of a stream.
    #[must_use]
    pub fn stream_state(&self, stream: u32) -> State {
        match self.streams.get(&stream) {
            Some(stream) => stream.state(),
            None if self.is_idle(stream) => State::Idle,
            None => State::Closed,
        }
    }

    /// What was last said of a stream's priority.
    #[must_use]
    pub fn stream_priority(&self, stream: u32) -> Option<Priority> {
        self.streams.get(&stream).and_then(|stream| stream.priority)
    }

    /// The number of the next stream of this side.
    #[must_use]
    pub fn next_stream(&self) -> u32 {
        self.next_stream
    }

    /// The last stream of the peer.
    #[must_use]
    pub fn last_stream(&self) -> u32 {
        self.last_told
    }

    /// Bytes of the tables that fields are written and read with.
    #[must_use]
    pub fn table_sizes(&self) -> (usize, usize) {
        (self.encoder.table_size(), self.decoder.table_size())
    }

    /// Bytes of data that wait for a window or for the caller.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.queued_bytes + self.out.len()
    }

    /// How many streams there are, those included that wait for their turn.
    #[must_use]
    pub fn stream_count(&self) -> usize {
        self.streams.len()
    }

    /// How many frames came, without those whose heads are not there.
    #[must_use]
    pub fn frames_received(&self) -> u64 {
        self.frames_received
    }

    /// How many frames were begun.
    #[must_use]
    pub fn frames_sent(&self) -> u64 {
        self.out.frames
    }

    pub(super) fn is_local(&self, stream: u32) -> bool {
        (stream % 2 == 1) == (self.role == Role::Client)
    }

    /// Whether nobody has used a stream, as far as the peer knows.
    pub(super) fn is_idle(&self, stream: u32) -> bool {
        if self.is_local(stream) {
            stream >= self.next_stream || self.is_waiting(stream)
        } else {
            stream > self.last_remote
        }
    }

    /// Whether a stream is one of this side's requests that have not begun.
    pub(super) fn is_waiting(&self, stream: u32) -> bool {
        (self.streams.get(&stream)).is_some_and(|stream| stream.is_waiting)
    }

    /// How a stream that is not there any more was closed, if that is remembered.
    pub(super) fn closing_of(&self, stream: u32) -> Option<Closing> {
        (self.closings.iter().rev())
            .find(|(each, _)| *each == stream)
            .map(|(_, closing)| *closing)
    }

    pub(super) fn remember(&mut self, stream: u32, closing: Closing) {
        if self.closings.len() == REMEMBERED {
            self.closings.pop_front();
            self.has_forgotten = true;
        }
        self.closings.push_back((stream, closing));
    }

    /// Takes a stream away and tells of it.
    pub(super) fn close(&mut self, id: u32, code: Code, closing: Closing) {
        let Some(stream) = self.streams.remove(&id) else {
            return;
        };
        if stream.is_remote {
            self.remote_count -= usize::from(!stream.is_reserved);
        } else if stream.is_waiting {
            self.waiting.retain(|each| each.stream != id);
        } else {
            self.local_count -= usize::from(!stream.is_reserved);
        }
        self.queued_bytes -= stream.unsent;
        self.remember(id, closing);
        let event = Event::Closed {
            stream: id,
            code,
            by_peer: closing == Closing::ByPeer,
        };
        if closing == Closing::ByUs {
            self.later.push(event);
        } else {
            self.events.push_back(event);
        }
    }

    /// Takes a stream away whose both sides are over.
    pub(super) fn close_if_over(&mut self, id: u32) {
        let is_over = (self.streams.get(&id))
            .is_some_and(|stream| stream.local_is_over() && stream.remote_is_over);
        if is_over {
            self.close(id, Code::NONE, Closing::Ended);
        }
    }

    /// A message that cannot be accepted: its stream is reset, and too many of them end the connection.
    pub(super) fn refuse(&mut self, id: u32, code: Code) -> Result<(), Failure> {
        self.count_invalid()?;
        // Resetting costs this side as much as it would cost the peer.
        self.count_reset()?;
        if self.streams.contains_key(&id) {
            self.write_reset(id, code);
            self.close(id, code, Closing::ByUs);
        } else {
            self.write_reset(id, code);
            self.remember(id, Closing::ByUs);
        }
        self.events.push_back(Event::Rejected { stream: id, code });
        Ok(())
    }

    pub(super) fn count_invalid(&mut self) -> Result<(), Failure> {
        let now = self.now.unwrap_or_else(Instant::now);
        if self.invalid.take(now) {
            Ok(())
        } else {
            Err(Failure::calm(Why::Invalid, "too many invalid messages"))
        }
    }

    pub(super) fn count_reset(&mut self) -> Result<(), Failure> {
        let now = self.now.unwrap_or_else(Instant::now);
        if self.resets.take(now) {
            Ok(())
        } else {
            Err(Failure::calm(Why::Flood, "too many streams were reset"))
        }
    }

    pub(super) fn count_idle_frame(&mut self) -> Result<(), Failure> {
        let now = self.now.unwrap_or_else(Instant::now);
        if self.idle_frames.take(now) {
            Ok(())
        } else {
            Err(Failure::calm(
                Why::Flood,
                "too many frames that are for nothing",
            ))
        }
    }

    /// What the peer's new window means for streams that are there.
    pub(super) fn change_send_windows(&mut self, window: u32) -> Result<(), Failure> {
        let change = i64::from(window) - i64::from(self.remote.window);
        let mut ready = Vec::new();
        for (id, stream) in &mut self.streams {
            stream.send_window += change;
            if stream.send_window > MOST_WINDOW {
                return Err(Failure::flow("a window is larger than it can be"));
            }
            if !stream.is_queued && stream.is_ready() {
                ready.push(*id);
            }
        }
        // In the order of their numbers: the map has none.
        ready.sort_unstable();
        for id in ready {
            self.enqueue(id);
        }
        Ok(())
    }

    pub(super) fn change_receive_windows(&mut self, window: u32) {
        let change = i64::from(window) - i64::from(self.local.window);
        for stream in self.streams.values_mut() {
            stream.receive_window += change;
            stream.window_size += change;
        }
    }

    /// Puts a stream into the queue of those that have something to send.
    pub(super) fn enqueue(&mut self, id: u32) {
        if let Some(stream) = self.streams.get_mut(&id)
            && !stream.is_queued
            && stream.is_ready()
        {
            stream.is_queued = true;
            self.ready.push_back(id);
        }
    }
}
