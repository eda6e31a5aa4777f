//! Parsers of what comes from outside under changed input: good messages are cut, joined, repeated and overwritten, by numbers that are the same in each
//! run. No input may panic, loop or read differently because of how it was cut. `TWINLOOP_MUTATE_SECONDS` makes it go on for longer; `cargo xtask fuzz`
//! asks the same of input that it finds by what code is reached.

mod common;

use common::parsers;
use std::time::{Duration, Instant};
use twinloop_web::http2::{self, Options, Role};

/// A generator of numbers (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    /// A changed copy of one of the corpus.
    fn mutated(&mut self, corpus: &[Vec<u8>], words: &[&[u8]]) -> Vec<u8> {
        let mut bytes = corpus[self.below(corpus.len())].clone();
        for _ in 0..=self.below(6) {
            let at = self.below(bytes.len() + 1);
            match self.below(7) {
                0 if at < bytes.len() => bytes[at] = self.next() as u8,
                1 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
                2 => bytes.truncate(at),
                3 => {
                    let word = words[self.below(words.len())];
                    bytes.splice(at..at, word.iter().copied());
                }
                4 => {
                    let end = (at + self.below(20)).min(bytes.len());
                    bytes.drain(at..end);
                }
                5 => {
                    let end = (at + self.below(40)).min(bytes.len());
                    let part = bytes[at..end].to_vec();
                    bytes.splice(at..at, part);
                }
                _ => {
                    let other = &corpus[self.below(corpus.len())];
                    let from = self.below(other.len());
                    bytes.extend_from_slice(&other[from..]);
                }
            }
        }
        bytes
    }
}

/// Runs for so many rounds, or as long as the environment says.
fn rounds(least: u32, mut round: impl FnMut(&mut Numbers)) {
    let seconds = std::env::var("TWINLOOP_MUTATE_SECONDS").ok();
    let seconds = seconds.and_then(|text| text.parse().ok()).unwrap_or(0);
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut numbers = Numbers(1);
    let mut count = 0;
    while count < least || Instant::now() < end {
        round(&mut numbers);
        count += 1;
    }
}

#[test]
fn http1_reads_the_same_however_it_is_cut() {
    let corpus: Vec<Vec<u8>> = [
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;a=\"b;\\\"\"\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nX: y\r\n\r\nGET / HTTP/1.1\r\nHost: y\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\n\r\nrest",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 404 \r\nConnection: keep-alive\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec();
    let words: [&[u8]; 14] = [
        b"\r\n",
        b"\n",
        b"\r",
        b" ",
        b":",
        b"\0",
        b"chunked",
        b"Content-Length: 0\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"0\r\n\r\n",
        b"ffffffffffffffffff",
        b"\t",
        b"\xff",
        b"HTTP/1.1",
    ];
    rounds(20_000, |numbers| {
        let bytes = numbers.mutated(&corpus, &words);
        let size = numbers.below(8) + 1;
        parsers::http1(&bytes, size);
    });
}

/// What a peer of HTTP/2 sends first and then: a corpus that is made by the other end.
fn conversations() -> Vec<Vec<u8>> {
    let mut fields = http2::Fields::default();
    for (name, value) in [
        (":method", "POST"),
        (":scheme", "https"),
        (":authority", "x"),
        (":path", "/"),
        ("cookie", "a=b"),
        ("x-long", "0123456789012345678901234567890123456789"),
    ] {
        fields.push(name.as_bytes(), value.as_bytes(), false);
    }
    let mut client = http2::Connection::new(Role::Client, Options::default());
    let begun = client.take(usize::MAX);
    let stream = client.request(fields.clone(), false, None).unwrap();
    client.data(stream, vec![b'x'; 300]).unwrap();
    client.end(stream).unwrap();
    let asked = client.take(usize::MAX);
    client.request(fields, true, None).unwrap();
    client.ping([7; 8]);
    client
        .reset(stream, http2::Code::CANCEL)
        .unwrap_or_default();
    client.settings(vec![(4, 100_000), (5, 20_000)]);
    let more = client.take(usize::MAX);
    vec![
        begun.clone(),
        [begun.as_slice(), &asked].concat(),
        [begun.as_slice(), &asked, &more].concat(),
    ]
}

#[test]
fn http2_survives_whatever_a_client_sends() {
    let corpus = conversations();
    let words: [&[u8]; 8] = [
        &[0, 0, 0, 4, 0, 0, 0, 0, 0],
        &[0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 8],
        &[0, 0, 4, 8, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff],
        &[0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8],
        &[0, 0, 0, 9, 4, 0, 0, 0, 1],
        &[0x3f, 0xe1, 0xff, 0xff, 0xff, 0xff, 0x0f],
        &[0xff; 9],
        &[0; 20],
    ];
    rounds(20_000, |numbers| {
        let bytes = numbers.mutated(&corpus, &words);
        let size = if numbers.below(2) == 0 {
            bytes.len().max(1)
        } else {
            numbers.below(30) + 1
        };
        parsers::http2(Role::Server, &bytes, size);
    });
}
