//! Which answers are compressed on their way, and by which coding (RFC 9110, 8.4 and 12.5.3).
//!
//! Only what is worth it: types that are text of some kind, from a size on, and nothing that says of itself that it must stay as it is. An answer that
//! might have been compressed says so in `vary`, whether it was or not; one that was has another length, no ranges and a weak tag.

use std::borrow::Cow;

use super::fields::Fields;
use crate::compression::{
    Coder, Container, Failure, Settings, brotli_encoder, deflater, zstd_encoder,
};
use crate::http1::words;

/// How answers are compressed for the clients that take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compression {
    /// What is known to be shorter is left alone.
    pub min_bytes: u64,
}

impl Default for Compression {
    fn default() -> Compression {
        Compression { min_bytes: 1024 }
    }
}

impl Compression {
    /// By which coding an answer should go that is sent in another way than by an exchange, `identity` if its client takes no other; none, if it stays as
    /// it is for everybody. `accept_encoding` is what the client said, `length` that of the body, if it is known.
    #[must_use]
    pub fn coding_for(
        self,
        accept_encoding: &str,
        status: u16,
        fields: &Fields,
        length: Option<u64>,
    ) -> Option<&'static str> {
        match negotiate(self, accept_encoding, status, fields, length) {
            Negotiated::AsItIs => None,
            Negotiated::ForThisClient => Some("identity"),
            Negotiated::Coded(coding) => Some(coding.name()),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Zstd,
    Brotli,
    Gzip,
}

/// In the order in which they are taken if a client likes them alike.
const CODINGS: [Coding; 3] = [Coding::Zstd, Coding::Brotli, Coding::Gzip];

/// Windows of 256 KiB (brotli, zstd): a stream that is compressed for hours keeps some hundred KiB, not some MiB (rule BOUNDED).
const WINDOW_LOG: i32 = 18;

impl Coding {
    pub(super) fn name(self) -> &'static str {
        match self {
            Coding::Zstd => "zstd",
            Coding::Brotli => "br",
            Coding::Gzip => "gzip",
        }
    }

    pub(super) fn encoder(self) -> Result<Box<dyn Coder>, Failure> {
        match self {
            // Level and window.
            Coding::Zstd => zstd_encoder(&[(100, 3), (101, WINDOW_LOG)], None, None),
            // Quality and window.
            Coding::Brotli => brotli_encoder(vec![(1, 4), (2, WINDOW_LOG.cast_unsigned())], None),
            Coding::Gzip => deflater(
                Container::Gzip,
                &Settings {
                    level: 6,
                    window_bits: 15,
                    memory_level: 8,
                    strategy: 0,
                    dictionary: None,
                },
            ),
        }
    }
}

/// What an answer may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Negotiated {
    /// It stays as it is for everybody.
    AsItIs,
    /// It stays as it is for this client.
    ForThisClient,
    Coded(Coding),
}

impl Negotiated {
    /// The fields of the answer, which had these, and by what its body is coded.
    pub(super) fn applied(self, fields: &Fields) -> (Cow<'_, Fields>, Option<Coding>) {
        match self {
            Negotiated::AsItIs => (Cow::Borrowed(fields), None),
            Negotiated::ForThisClient => {
                let mut fields = fields.clone();
                vary(&mut fields);
                (Cow::Owned(fields), None)
            }
            Negotiated::Coded(coding) => (Cow::Owned(coded_fields(fields, coding)), Some(coding)),
        }
    }
}

/// What becomes of an answer; `length` of its body, if that is known.
pub(super) fn negotiate(
    compression: Compression,
    accept_encoding: &str,
    status: u16,
    fields: &Fields,
    length: Option<u64>,
) -> Negotiated {
    if matches!(status, 100..=199 | 204..=206 | 304)
        || length.is_some_and(|length| length < compression.min_bytes)
    {
        return Negotiated::AsItIs;
    }
    let mut is_suitable = false;
    for (name, value) in fields.iter() {
        match name.to_ascii_lowercase().as_slice() {
            b"content-type" => is_suitable = is_compressible(value),
            // Compressed already, a part, or with a sum that would be wrong.
            b"content-encoding" | b"content-range" | b"content-md5" | b"content-digest"
            | b"repr-digest" | b"digest" => return Negotiated::AsItIs,
            b"cache-control" if has_word(value, b"no-transform") => return Negotiated::AsItIs,
            _ => {}
        }
    }
    if !is_suitable {
        return Negotiated::AsItIs;
    }
    match choose(accept_encoding) {
        Some(coding) => Negotiated::Coded(coding),
        None => Negotiated::ForThisClient,
    }
}

/// The fields of an answer that is compressed.
fn coded_fields(fields: &Fields, coding: Coding) -> Fields {
    let mut coded = fields.without(&["accept-ranges", "etag"]);
    if let Some(tag) = fields.get("etag") {
        // The bytes are others, what they say is the same.
        let weak = match tag.starts_with("W/") {
            true => tag,
            false => format!("W/{tag}"),
        };
        let _ = coded.append(b"etag", weak.as_bytes());
    }
    let _ = coded.append(b"content-encoding", coding.name().as_bytes());
    vary(&mut coded);
    coded
}

/// Says that the answer depends on what the client accepts.
fn vary(fields: &mut Fields) {
    let is_said = fields.iter().any(|(name, value)| {
        name.eq_ignore_ascii_case(b"vary")
            && (has_word(value, b"accept-encoding") || has_word(value, b"*"))
    });
    if !is_said {
        let _ = fields.append(b"vary", b"accept-encoding");
    }
}

/// Adds a line of `accept-encoding`: all of them are one list (RFC 9110, 5.3).
pub(super) fn add_accepted(list: &mut String, line: &[u8]) {
    if !list.is_empty() {
        list.push(',');
    }
    list.push_str(&String::from_utf8_lossy(line));
}

/// How much a client wants a coding, from 0 to 1: 0, if it does not name it.
pub(super) fn weight(accept_encoding: &str, coding: &str) -> f32 {
    named_weight(accept_encoding, coding)
        .or_else(|| named_weight(accept_encoding, "*"))
        .unwrap_or(0.0)
}

fn named_weight(accept_encoding: &str, coding: &str) -> Option<f32> {
    accept_encoding.split(',').find_map(|item| {
        let mut parts = item.split(';').map(str::trim);
        let name = parts.next()?;
        let is_it = name.eq_ignore_ascii_case(coding)
            || (coding == "gzip" && name.eq_ignore_ascii_case("x-gzip"));
        is_it.then(|| {
            let told = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
            // What is no number is no consent.
            told.map_or(1.0, |told| told.trim().parse().unwrap_or(0.0))
        })
    })
}

fn choose(accept_encoding: &str) -> Option<Coding> {
    if accept_encoding.is_empty() {
        return None;
    }
    let plain = named_weight(accept_encoding, "identity").unwrap_or(0.0);
    let mut chosen = None;
    let mut most = 0.0;
    for coding in CODINGS {
        let weight = weight(accept_encoding, coding.name());
        if weight > most && weight >= plain {
            (chosen, most) = (Some(coding), weight);
        }
    }
    chosen
}

fn has_word(list: &[u8], word: &[u8]) -> bool {
    words(list).any(|each| each.eq_ignore_ascii_case(word))
}

fn is_compressible(content_type: &[u8]) -> bool {
    let essence = content_type.split(|&byte| byte == b';').next();
    let essence = essence
        .unwrap_or_default()
        .trim_ascii()
        .to_ascii_lowercase();
    let essence = std::str::from_utf8(&essence).unwrap_or_default();
    essence.starts_with("text/")
        || essence.ends_with("+json")
        || essence.ends_with("+xml")
        || matches!(
            essence,
            "application/json"
                | "application/javascript"
                | "application/x-javascript"
                | "application/ecmascript"
                | "application/xml"
                | "application/wasm"
                | "application/x-ndjson"
                | "application/jsonl"
                | "application/yaml"
                | "application/toml"
                | "application/graphql"
                | "application/rtf"
                | "application/sql"
                | "application/x-sh"
                | "application/vnd.ms-fontobject"
                | "font/otf"
                | "font/ttf"
                | "image/bmp"
                | "image/x-icon"
                | "image/vnd.microsoft.icon"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(list: &[(&str, &str)]) -> Fields {
        let mut fields = Fields::new();
        for (name, value) in list {
            fields.append(name.as_bytes(), value.as_bytes()).unwrap();
        }
        fields
    }

    #[test]
    fn the_client_says_what_it_takes() {
        for (accepted, expected) in [
            ("gzip, deflate, br, zstd", Some(Coding::Zstd)),
            ("gzip, deflate, br", Some(Coding::Brotli)),
            ("x-gzip", Some(Coding::Gzip)),
            ("br;q=0.5, GZIP;q=0.8", Some(Coding::Gzip)),
            ("zstd;q=0, *", Some(Coding::Brotli)),
            ("*;q=0", None),
            ("gzip;q=0", None),
            ("gzip;q=much", None),
            ("identity, gzip;q=0.5", None),
            ("deflate", None),
            ("", None),
        ] {
            assert_eq!(choose(accepted), expected, "{accepted}");
        }
    }

    #[test]
    fn only_what_is_worth_it_and_may_be_changed_is_compressed() {
        let of = |status, list: &[(&str, &str)], length| {
            negotiate(
                Compression::default(),
                "gzip",
                status,
                &fields(list),
                length,
            )
        };
        let text = ("Content-Type", "text/html; charset=utf-8");
        let coded = Negotiated::Coded(Coding::Gzip);
        assert_eq!(of(200, &[text], None), coded);
        assert_eq!(of(404, &[text], Some(1024)), coded);
        assert_eq!(of(200, &[("content-type", "image/svg+xml")], None), coded);
        for left in [
            of(200, &[text], Some(1023)),
            of(206, &[text], None),
            of(304, &[text], None),
            of(200, &[], None),
            of(200, &[("content-type", "image/png")], None),
            of(200, &[text, ("content-encoding", "br")], None),
            of(200, &[text, ("content-range", "bytes 0-1/2")], None),
            of(
                200,
                &[text, ("cache-control", "public, no-transform")],
                None,
            ),
            of(200, &[text, ("repr-digest", "sha-256=:x:")], None),
        ] {
            assert_eq!(left, Negotiated::AsItIs);
        }
        let nobody = negotiate(Compression::default(), "", 200, &fields(&[text]), None);
        assert_eq!(nobody, Negotiated::ForThisClient);
    }

    #[test]
    fn what_is_said_of_the_bytes_is_said_of_the_others() {
        let given = fields(&[
            ("ETag", "\"a\""),
            ("Vary", "Origin"),
            ("Accept-Ranges", "bytes"),
            ("Content-Length", "5000"),
            ("X-Other", "b"),
        ]);
        let coded = coded_fields(&given, Coding::Brotli);
        let text = String::from_utf8(coded.bytes.clone()).unwrap();
        assert_eq!(
            text,
            "Vary: Origin\r\nX-Other: b\r\netag: W/\"a\"\r\ncontent-encoding: br\r\nvary: accept-encoding\r\n"
        );
        assert_eq!(coded.length, None);
        let mut said = fields(&[("vary", "a, Accept-Encoding"), ("etag", "W/\"a\"")]);
        vary(&mut said);
        assert_eq!(said.iter().count(), 2);
        let weak = coded_fields(&said, Coding::Gzip);
        assert_eq!(weak.get("etag").as_deref(), Some("W/\"a\""));
    }
}
