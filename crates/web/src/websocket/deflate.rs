//! permessage-deflate (RFC 7692).
//!
//! As a client we offer `client_max_window_bits` and take what the server answers: context takeover each way or not, windows of 9 to 15 bits. As a server,
//! which has many connections, we take the first offer that can be kept and no context either way. The contexts of a connection that keeps them cost about
//! 300 KiB and are made with the first message that needs them; all others of a thread share two, which costs a stream of small messages like each other some
//! of what compression saves. A message is decompressed under its size limit, so a bomb ends as "message too big" (rule BOUNDED).

use std::cell::RefCell;

use super::frame::broken;
use crate::{Error, ErrorKind, Result};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// What we put into Sec-WebSocket-Extensions.
pub(super) const OFFER: &str = "permessage-deflate; client_max_window_bits";

/// A flushed block ends with these bytes, which the wire leaves out.
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// Shorter messages grow by compressing, or win less than the time it takes.
const SHORTEST_COMPRESSED: usize = 64;

const STEP: usize = 16 * 1024;

/// What was agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Agreement {
    /// Whether what we send refers to what we sent before.
    we_keep_context: bool,
    they_keep_context: bool,
    our_window_bits: u8,
}

impl Agreement {
    /// Reads the server's Sec-WebSocket-Extensions; `None` when it takes up nothing.
    pub(super) fn parse(header: &str) -> Result<Option<Agreement>> {
        let mut agreement = None;
        for extension in header
            .split(',')
            .map(str::trim)
            .filter(|text| !text.is_empty())
        {
            let mut parts = extension.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            if !name.eq_ignore_ascii_case("permessage-deflate") || agreement.is_some() {
                return Err(broken(&format!(
                    "the server chose the extension '{extension}', which was not offered"
                )));
            }
            agreement = Some(Agreement::of_parameters(parts)?);
        }
        Ok(agreement)
    }

    fn of_parameters<'a>(parameters: impl Iterator<Item = &'a str>) -> Result<Agreement> {
        let mut agreement = Agreement::default();
        for parameter in parameters {
            let (name, value) = read_parameter(parameter);
            match (name.as_str(), value, bits(value)) {
                ("server_no_context_takeover", None, _) => agreement.they_keep_context = false,
                ("client_no_context_takeover", None, _) => agreement.we_keep_context = false,
                // Any window of the server's fits into the 15 bits that we decompress with.
                ("server_max_window_bits", _, Some(_)) => {}
                ("client_max_window_bits", _, Some(bits)) => agreement.our_window_bits = bits,
                _ => {
                    return Err(broken(&format!(
                        "the server answered permessage-deflate with '{parameter}'"
                    )));
                }
            }
        }
        Ok(agreement)
    }
}

impl Default for Agreement {
    fn default() -> Agreement {
        Agreement {
            we_keep_context: true,
            they_keep_context: true,
            our_window_bits: 15,
        }
    }
}

thread_local! {
    /// What compresses for connections that keep no context, with its window; and what decompresses for them.
    static SHARED_COMPRESS: RefCell<Option<(u8, Compress)>> = const { RefCell::new(None) };
    static SHARED_DECOMPRESS: RefCell<Option<Decompress>> = const { RefCell::new(None) };
}

fn new_compress(bits: u8) -> Compress {
    Compress::new_with_window_bits(Compression::fast(), false, bits)
}

/// The first of a client's offers that a server can keep, and the answer to it. A server may ask for no context whatever was offered (RFC 7692, 7.1.1).
pub(crate) fn accept_offer(header: &str) -> Option<(Agreement, String)> {
    header.split(',').find_map(|offer| {
        let mut parts = offer.split(';').map(str::trim);
        if !parts.next()?.eq_ignore_ascii_case("permessage-deflate") {
            return None;
        }
        let mut agreement = Agreement {
            we_keep_context: false,
            they_keep_context: false,
            ..Agreement::default()
        };
        let mut answer =
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover".to_owned();
        let mut named = Vec::new();
        for parameter in parts {
            let (name, value) = read_parameter(parameter);
            match (name.as_str(), value, bits(value)) {
                ("server_no_context_takeover" | "client_no_context_takeover", None, _) => {}
                // zlib knows no window of 8 bits.
                ("server_max_window_bits", _, Some(bits @ 9..)) => {
                    agreement.our_window_bits = bits;
                    answer.push_str(&format!("; server_max_window_bits={bits}"));
                }
                // We decompress with 15 bits, whatever the client uses.
                ("client_max_window_bits", None, _) | ("client_max_window_bits", _, Some(_)) => {}
                _ => return None,
            }
            if named.contains(&name) {
                return None;
            }
            named.push(name);
        }
        Some((agreement, answer))
    })
}

/// A parameter's name in small letters, and its value.
fn read_parameter(parameter: &str) -> (String, Option<&str>) {
    match parameter.split_once('=') {
        Some((name, value)) => (
            name.trim().to_ascii_lowercase(),
            Some(value.trim().trim_matches('"')),
        ),
        None => (parameter.to_ascii_lowercase(), None),
    }
}

fn bits(value: Option<&str>) -> Option<u8> {
    let bits = value?.parse().ok()?;
    (8..=15).contains(&bits).then_some(bits)
}

/// Compresses and decompresses the messages of one connection.
pub(crate) struct Deflate {
    agreement: Agreement,
    compress: Option<Box<Compress>>,
    decompress: Option<Box<Decompress>>,
}

impl Deflate {
    pub(crate) fn new(agreement: Agreement) -> Deflate {
        Deflate {
            agreement,
            compress: None,
            decompress: None,
        }
    }

    /// The compressed form of a message, if that is worth sending.
    pub(crate) fn compress(&mut self, message: &[u8]) -> Result<Option<Vec<u8>>> {
        // zlib knows no window of 8 bits; RFC 7692 lets a sender leave any message uncompressed.
        if message.len() < SHORTEST_COMPRESSED || self.agreement.our_window_bits < 9 {
            return Ok(None);
        }
        let bits = self.agreement.our_window_bits;
        if self.agreement.we_keep_context {
            let own = (self.compress).get_or_insert_with(|| Box::new(new_compress(bits)));
            return deflate(own, message).map(Some);
        }
        SHARED_COMPRESS.with_borrow_mut(|shared| {
            let (_, shared) = match shared {
                Some(shared) if shared.0 == bits => shared,
                _ => shared.insert((bits, new_compress(bits))),
            };
            shared.reset();
            deflate(shared, message).map(Some)
        })
    }

    /// The message that `payload` is the compressed form of; at most `limit` bytes.
    pub(crate) fn decompress(&mut self, payload: &[u8], limit: usize) -> Result<Vec<u8>> {
        let mut output = Vec::with_capacity((payload.len() * 4).min(limit).max(64));
        let mut inflate = |context: &mut Decompress| {
            inflate(context, payload, &mut output, limit)?;
            inflate(context, &TAIL, &mut output, limit)
        };
        if self.agreement.they_keep_context {
            let own = self
                .decompress
                .get_or_insert_with(|| Box::new(Decompress::new(false)));
            inflate(own)?;
        } else {
            SHARED_DECOMPRESS.with_borrow_mut(|shared| {
                let shared = shared.get_or_insert_with(|| Decompress::new(false));
                shared.reset(false);
                inflate(shared)
            })?;
        }
        Ok(output)
    }
}

fn deflate(context: &mut Compress, message: &[u8]) -> Result<Vec<u8>> {
    let mut output = Vec::with_capacity(message.len() / 2 + 64);
    let start = context.total_in();
    loop {
        let consumed = (context.total_in() - start) as usize;
        output.reserve(STEP.min(message.len() / 2 + 64));
        context
            .compress_vec(&message[consumed..], &mut output, FlushCompress::Sync)
            .map_err(|cause| {
                Error::new(ErrorKind::Internal, "cannot compress a message").with_source(cause)
            })?;
        // Room left over means that everything, the flush included, is out.
        if output.len() < output.capacity() {
            break;
        }
    }
    if output.ends_with(&TAIL) {
        output.truncate(output.len() - TAIL.len());
    }
    Ok(output)
}

fn inflate(
    context: &mut Decompress,
    input: &[u8],
    output: &mut Vec<u8>,
    limit: usize,
) -> Result<()> {
    let start = context.total_in();
    loop {
        let consumed = (context.total_in() - start) as usize;
        let before = output.len();
        // One byte over the limit shows that there is more without keeping it.
        let step = STEP.min(limit + 1 - before.min(limit)).max(1);
        if output.capacity() == before {
            output.reserve(step.max(before.min(limit)));
        }
        let status = context
            .decompress_vec(&input[consumed..], output, FlushDecompress::Sync)
            .map_err(|cause| broken("a compressed message is damaged").with_source(cause))?;
        if output.len() > limit {
            return Err(too_big(limit));
        }
        let all_taken = (context.total_in() - start) as usize == input.len();
        match status {
            // A final block inside a message ends the stream; the next message begins a new one.
            Status::StreamEnd => {
                context.reset(false);
                return Ok(());
            }
            _ if all_taken && output.len() < output.capacity() => return Ok(()),
            Status::BufError if output.len() == before && output.capacity() > before => {
                return if all_taken {
                    Ok(())
                } else {
                    Err(broken("a compressed message is damaged"))
                };
            }
            _ => {}
        }
    }
}

/// A message over the limit; the closing code is 1009.
pub(super) fn too_big(limit: usize) -> Error {
    Error::new(
        ErrorKind::Full,
        format!("a message is longer than the limit of {limit} bytes"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(header: &str) -> Deflate {
        Deflate::new(Agreement::parse(header).unwrap().unwrap())
    }

    #[test]
    fn messages_come_back_with_and_without_context() {
        let random: Vec<u8> = (0..200_000u32)
            .map(|index| (index.wrapping_mul(2_654_435_761) >> 13) as u8)
            .collect();
        let messages = [
            b"hello ".repeat(20),
            b"hello ".repeat(20),
            random,
            b"x".repeat(1_000_000),
        ];
        for header in [
            "permessage-deflate",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
            "permessage-deflate; client_max_window_bits=9; server_max_window_bits=\"10\"",
        ] {
            let (mut sender, mut receiver) = (both(header), both(header));
            for message in &messages {
                let compressed = sender.compress(message).unwrap().unwrap();
                assert_eq!(
                    &receiver.decompress(&compressed, message.len()).unwrap(),
                    message,
                    "{header}"
                );
            }
        }
    }

    #[test]
    fn a_bomb_ends_at_the_limit() {
        let mut sender = both("permessage-deflate");
        let bomb = sender.compress(&vec![0; 50_000_000]).unwrap().unwrap();
        let error = both("permessage-deflate")
            .decompress(&bomb, 100_000)
            .unwrap_err();
        assert!(error.is_full(), "{error}");
    }

    #[test]
    fn damaged_data_is_an_error() {
        let error = both("permessage-deflate")
            .decompress(&[0xff; 100], 1000)
            .unwrap_err();
        assert!(error.is_protocol(), "{error}");
    }

    #[test]
    fn an_answer_that_was_not_offered_is_refused() {
        for header in [
            "x-webkit-deflate-frame",
            "permessage-deflate; mystery",
            "permessage-deflate, permessage-deflate",
            "permessage-deflate; client_max_window_bits=20",
        ] {
            assert!(Agreement::parse(header).is_err(), "{header}");
        }
        assert_eq!(Agreement::parse("").unwrap(), None);
    }

    #[test]
    fn a_server_takes_the_first_offer_that_it_can_keep() {
        for (offers, answer) in [
            ("permessage-deflate", Some("")),
            (
                "x-other, permessage-deflate; client_max_window_bits; server_no_context_takeover",
                Some(""),
            ),
            (
                "permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=10; client_no_context_takeover",
                Some("; server_max_window_bits=10"),
            ),
            ("permessage-deflate; mystery", None),
            ("permessage-deflate; server_max_window_bits", None),
            (
                "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
                None,
            ),
            ("", None),
        ] {
            let accepted = accept_offer(offers).map(|(_, answer)| answer);
            // Connections of a server share their contexts.
            let all = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
            let answer = answer.map(|more| format!("{all}{more}"));
            assert_eq!(accepted, answer, "{offers}");
        }
    }
}
