//! What the fuzzer's targets (`fuzz/targets`) reach of this crate that nobody else may. Compiled for them alone.

use crate::websocket::{Event, Inbound, Role, deflate_for_fuzzing};

/// Reads frames of WebSockets as one side: no other messages, if they come in pieces of this size, and none longer than the limit.
pub fn websocket(is_client: bool, compresses: bool, bytes: &[u8], size: usize) {
    let whole = told(is_client, compresses, &[bytes]);
    let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
    assert_eq!(told(is_client, compresses, &pieces), whole);
}

fn told(is_client: bool, compresses: bool, pieces: &[&[u8]]) -> Vec<String> {
    const LIMIT: usize = 100_000;
    let role = if is_client {
        Role::Client
    } else {
        Role::Server
    };
    let mut inbound = Inbound::empty(LIMIT, role);
    let mut deflate = compresses.then(deflate_for_fuzzing).flatten();
    let mut heard = Vec::new();
    for piece in pieces {
        inbound.feed(piece);
        loop {
            match inbound.next(&mut deflate) {
                Ok(Some(event)) => {
                    if let Event::Message(message) = &event {
                        assert!(message.as_bytes().len() <= LIMIT);
                    }
                    heard.push(format!("{event:?}"));
                }
                Ok(None) => break,
                Err(_) => {
                    // Which of two faults is met first may depend on how it is cut, that it is refused may not.
                    heard.push("refused".to_owned());
                    return heard;
                }
            }
        }
    }
    heard
}
