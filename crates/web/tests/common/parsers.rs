//! What must hold of the parsers, whatever bytes they get: for tests that change good input, and for the fuzzer's targets (`fuzz/targets`).

use std::time::Instant;
use twinloop_web::http1::{Event, Kind, Parser};
use twinloop_web::http2::{self, Decoder, Encoder, Fields, Options, Role};

/// Reads as both sides' messages: no other, if it comes in pieces of this size.
pub(crate) fn http1(bytes: &[u8], size: usize) {
    for kind in [Kind::Request, Kind::Response] {
        let whole = told(kind, &[bytes]);
        let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
        assert_eq!(
            told(kind, &pieces),
            whole,
            "{:?}",
            String::from_utf8_lossy(bytes)
        );
    }
}

/// What a parser of HTTP/1 tells of the bytes in these pieces: bodies joined, and why it ended.
fn told(kind: Kind, pieces: &[&[u8]]) -> String {
    let mut parser = Parser::new(kind, 1000);
    let mut text = String::new();
    let mut steps = 0;
    for piece in pieces {
        let mut at = 0;
        loop {
            steps += 1;
            assert!(steps < 100_000, "it goes on for ever");
            match parser.next(piece, &mut at) {
                Ok(Some(Event::Data(range))) => {
                    for byte in &piece[range] {
                        text.push_str(&format!("{byte:02x}"));
                    }
                }
                Ok(Some(event)) => {
                    let is_end = matches!(event, Event::End(_));
                    text.push_str(&format!("\n{event:?}\n"));
                    // Who upgrades leaves HTTP.
                    if let Event::Head(head) = &event
                        && head.upgrades
                    {
                        parser.hand_over();
                        return text;
                    }
                    if is_end && text.len() > 100_000 {
                        return text;
                    }
                }
                Ok(None) => break,
                // Which of two faults is met first may depend on how it is cut, that it is refused may not.
                Err(_) => {
                    text.push_str("refused");
                    return text;
                }
            }
        }
        assert!(at <= piece.len());
    }
    match parser.finish() {
        Ok(event) => text.push_str(&format!("\n{event:?}")),
        Err(_) => text.push_str("refused"),
    }
    text
}

/// Has one end of a connection read these bytes and answer: neither goes on for ever, and no more is sent than what came can be worth.
pub(crate) fn http2(role: Role, bytes: &[u8], size: usize) {
    let mut end = http2::Connection::new(role, Options::default());
    let mut status = Fields::default();
    status.push(b":status", b"200", false);
    if role == Role::Client {
        let mut fields = Fields::default();
        for (name, value) in [
            (":method", "POST"),
            (":scheme", "http"),
            (":authority", "x"),
            (":path", "/"),
        ] {
            fields.push(name.as_bytes(), value.as_bytes(), false);
        }
        for _ in 0..3 {
            if let Ok(stream) = end.request(fields.clone(), false, None) {
                let _ = end.data(stream, vec![b'x'; 1000]);
            }
        }
        end.take(65_536);
    }
    let now = Instant::now();
    let mut events = 0;
    for piece in bytes.chunks(size) {
        let mut at = 0;
        while let Ok(Some(event)) = end.receive(piece, &mut at, now) {
            events += 1;
            assert!(events < 100_000, "it goes on for ever");
            match event {
                http2::Event::Data { stream, range } => {
                    assert!(range.end <= piece.len());
                    end.consume(stream, range.len() as u32);
                }
                http2::Event::Head {
                    stream,
                    kind: http2::Kind::Request,
                    ends,
                    ..
                } => {
                    let _ = end.headers(stream, &status, false);
                    let _ = end.data(stream, b"answer".to_vec());
                    if ends {
                        let _ = end.end(stream);
                    }
                }
                _ => {}
            }
        }
        assert!(at <= piece.len());
        let sent = end.take(65_536);
        assert!(
            sent.len() < 1 << 20,
            "{} bytes answer {}",
            sent.len(),
            bytes.len()
        );
    }
}

/// Reads a block of fields, which come back from another block as they were.
pub(crate) fn hpack(bytes: &[u8]) {
    let mut fields = Fields::default();
    if Decoder::default().decode(bytes, &mut fields).is_err() {
        return;
    }
    let mut block = Vec::new();
    Encoder::new(4096).encode(&fields, &mut block);
    let mut again = Fields::default();
    assert!(Decoder::default().decode(&block, &mut again).is_ok());
    assert_eq!(again.text(), fields.text());
}
