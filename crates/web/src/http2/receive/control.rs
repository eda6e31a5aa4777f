//! The frames that concern the connection or the course of a stream: settings, pings, windows, resets, farewells.

use super::super::connection::{Connection, Role};
use super::super::frame::{self, Head, MOST_MAX_FRAME, MOST_WINDOW, flag, setting, word};
use super::super::stream::Closing;
use super::super::{Code, Event, Failure, Why};
use super::read_priority;

impl Connection {
    pub(super) fn priority_frame(&mut self, head: Head, payload: &[u8]) -> Result<(), Failure> {
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

    pub(super) fn reset_frame(&mut self, head: Head, payload: &[u8]) -> Result<(), Failure> {
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

    pub(super) fn settings_frame(&mut self, head: Head, payload: &[u8]) -> Result<(), Failure> {
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

    pub(super) fn ping_frame(&mut self, head: Head, payload: &[u8]) -> Result<(), Failure> {
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

    pub(super) fn go_away_frame(&mut self, head: Head, payload: &[u8]) -> Result<(), Failure> {
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

    pub(super) fn window_frame(&mut self, head: Head, payload: &[u8]) -> Result<(), Failure> {
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

    pub(super) fn alt_svc_frame(&mut self, head: Head, payload: &[u8]) -> Result<(), Failure> {
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

    pub(super) fn origin_frame(&mut self, head: Head, payload: &[u8]) -> Result<(), Failure> {
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
