//! JetStream's API (<https://docs.nats.io/reference/reference-protocols/nats_api_reference>): requests as JSON, and where a message stands.
//!
//! A channel with history is a stream of its own. It is read by an ordered consumer: one without acknowledgements, which is made anew from the last
//! message on when something is missing.

use serde_json::{Value, json};

use super::protocol::token;
use crate::broadcast::link::Position;

/// The subject of a channel with history.
pub(super) fn subject(name: &str) -> String {
    format!("twinloop.kept.{}", token(name))
}

/// Its stream.
pub(super) fn stream(name: &str) -> String {
    format!("TWINLOOP_{}", token(name))
}

/// The request that makes its stream, if it is not there: subject and payload.
pub(super) fn create_stream(name: &str, history: u64) -> (String, Value) {
    let config = json!({
        "name": stream(name),
        "subjects": [subject(name)],
        "retention": "limits",
        "storage": "file",
        "discard": "old",
        "max_msgs": history.min(i64::MAX as u64),
        "max_consumers": -1,
        "max_bytes": -1,
        "max_age": 0,
        "num_replicas": 1,
        // Nanoseconds.
        "duplicate_window": 120_000_000_000_u64,
    });
    (format!("$JS.API.STREAM.CREATE.{}", stream(name)), config)
}

/// The request that tells of its stream.
pub(super) fn stream_info(name: &str) -> (String, Value) {
    (format!("$JS.API.STREAM.INFO.{}", stream(name)), json!({}))
}

/// The request for a consumer that gives what stands behind a position to a subject.
pub(super) fn create_consumer(name: &str, after: Position, deliver: &str) -> (String, Value) {
    let stream = stream(name);
    let request = json!({
        "stream_name": stream,
        "config": {
            "deliver_subject": deliver,
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": after.1 + 1,
            "ack_policy": "none",
            "replay_policy": "instant",
            "flow_control": true,
            "idle_heartbeat": 5_000_000_000_u64,
            "mem_storage": true,
            "num_replicas": 1,
        },
    });
    (format!("$JS.API.CONSUMER.CREATE.{stream}"), request)
}

/// What the server says against a request, unless it is that the stream is there already, with another history.
pub(super) fn failure(answer: &Value) -> Option<String> {
    const STREAM_IS_THERE: u64 = 10_058;
    let error = answer.get("error")?;
    let code = error.get("err_code").and_then(Value::as_u64);
    if code == Some(STREAM_IS_THERE) {
        return None;
    }
    let said = error.get("description").and_then(Value::as_str);
    Some(said.unwrap_or("an error without a description").to_owned())
}

/// Where a message stands in its stream, and how many the consumer has given with it, as its reply says.
pub(super) fn place(reply: &str) -> Option<(Position, u64)> {
    let words: Vec<&str> = reply.split('.').collect();
    if words.len() < 9 || words[0] != "$JS" || words[1] != "ACK" {
        return None;
    }
    // Newer servers tell the domain and the account first.
    let skipped = if words.len() > 9 { 2 } else { 0 };
    let number = |index: usize| words.get(index + skipped)?.parse().ok();
    Some((Position(0, number(5)?), number(6)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_says_where_a_message_stands() {
        let known = place("$JS.ACK.S.c.1.42.7.1700000000.0");
        assert_eq!(known, Some((Position(0, 42), 7)));
        let known = place("$JS.ACK._.acc.S.c.1.42.7.1700000000.0.rand");
        assert_eq!(known, Some((Position(0, 42), 7)));
        assert_eq!(place("_INBOX.1"), None);
    }
}
