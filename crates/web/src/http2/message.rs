//! What fields a message may have (RFC 9113, 8.1 to 8.5). What is not so is malformed: its stream is reset and nobody hears of it.

use super::{Fields, ValueSpace};

/// What is malformed about a message: nothing more is told of it than that.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// What the fields say that the connection must know.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) length: Option<u64>,
    /// Of a response.
    pub(super) status: u16,
    pub(super) is_head: bool,
    /// A request that opens a tunnel without a protocol of its own.
    pub(super) is_plain_connect: bool,
}

/// How fields are looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) is_request: bool,
    pub(super) allows_protocol: bool,
    pub(super) space: ValueSpace,
}

/// The pseudo-header fields that a message has had.
mod seen {
    pub(super) const METHOD: u8 = 1;
    pub(super) const SCHEME: u8 = 2;
    pub(super) const AUTHORITY: u8 = 4;
    pub(super) const PATH: u8 = 8;
    pub(super) const PROTOCOL: u8 = 16;
    pub(super) const STATUS: u8 = 32;
}

/// The head of a request or of a response.
pub(super) fn head(fields: &Fields, rules: Rules) -> Result<Facts, Malformed> {
    let mut facts = Facts::default();
    let mut seen = 0;
    let mut is_connect = false;
    let mut is_web = false;
    let mut path: &[u8] = b"*";
    let mut has_regular = false;
    for field in fields.iter() {
        let (name, text) = (field.name, field.value);
        value(text, rules.space)?;
        if name.first() != Some(&b':') {
            has_regular = true;
            regular(name, text, &mut facts)?;
            continue;
        }
        if has_regular {
            return Err(Malformed);
        }
        let bit = match (name, rules.is_request) {
            (b":method", true) => seen::METHOD,
            (b":scheme", true) => seen::SCHEME,
            (b":authority", true) => seen::AUTHORITY,
            (b":path", true) => seen::PATH,
            (b":protocol", true) if rules.allows_protocol => seen::PROTOCOL,
            (b":status", false) => seen::STATUS,
            _ => return Err(Malformed),
        };
        if seen & bit != 0 {
            return Err(Malformed);
        }
        seen |= bit;
        match bit {
            seen::METHOD => {
                if text.is_empty() || !text.iter().all(|&byte| is_token(byte)) {
                    return Err(Malformed);
                }
                is_connect = text == b"CONNECT";
                facts.is_head = text == b"HEAD";
            }
            seen::SCHEME => is_web = text == b"http" || text == b"https",
            seen::PATH => path = text,
            seen::STATUS => facts.status = status(text)?,
            _ => {}
        }
    }
    if !rules.is_request {
        return if seen & seen::STATUS != 0 && facts.status != 101 {
            Ok(facts)
        } else {
            Err(Malformed)
        };
    }
    let required = if is_connect && seen & seen::PROTOCOL == 0 {
        facts.is_plain_connect = true;
        if seen & (seen::SCHEME | seen::PATH) != 0 {
            return Err(Malformed);
        }
        seen::METHOD | seen::AUTHORITY
    } else {
        seen::METHOD | seen::SCHEME | seen::PATH
    };
    let has_protocol_alone = seen & seen::PROTOCOL != 0 && !is_connect;
    // A path of the web begins with a slash, unless it asks for the server as a whole.
    let has_odd_path = path.is_empty() || (is_web && path[0] != b'/' && path != b"*");
    if seen & required != required || has_protocol_alone || has_odd_path {
        return Err(Malformed);
    }
    Ok(facts)
}

/// What comes behind a body.
pub(super) fn trailers(fields: &Fields, rules: Rules) -> Result<(), Malformed> {
    for field in fields.iter() {
        value(field.value, rules.space)?;
        // None of them can be a pseudo-header field: a colon is no token.
        let mut told = Facts::default();
        regular(field.name, field.value, &mut told)?;
    }
    Ok(())
}

fn regular(name: &[u8], value: &[u8], facts: &mut Facts) -> Result<(), Malformed> {
    if name.is_empty()
        || !name
            .iter()
            .all(|&byte| is_token(byte) && !byte.is_ascii_uppercase())
    {
        return Err(Malformed);
    }
    match name {
        // They speak of a connection of HTTP/1.1.
        b"connection" | b"keep-alive" | b"proxy-connection" | b"transfer-encoding" | b"upgrade" => {
            Err(Malformed)
        }
        b"te" if !value.eq_ignore_ascii_case(b"trailers") => Err(Malformed),
        b"content-length" => {
            let length = length(value).ok_or(Malformed)?;
            if facts.length.is_some_and(|other| other != length) {
                return Err(Malformed);
            }
            facts.length = Some(length);
            Ok(())
        }
        _ => Ok(()),
    }
}

fn value(text: &[u8], space: ValueSpace) -> Result<(), Malformed> {
    if space == ValueSpace::Refused && has_space_around(text) {
        return Err(Malformed);
    }
    if text
        .iter()
        .any(|&byte| (byte < 0x20 && byte != b'\t') || byte == 0x7f)
    {
        return Err(Malformed);
    }
    Ok(())
}

/// Whether a value begins or ends with white space.
pub(super) fn has_space_around(text: &[u8]) -> bool {
    let is_space = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    is_space(text.first()) || is_space(text.last())
}

fn status(text: &[u8]) -> Result<u16, Malformed> {
    match text {
        [a @ b'1'..=b'9', b, c] if b.is_ascii_digit() && c.is_ascii_digit() => {
            Ok(u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0'))
        }
        _ => Err(Malformed),
    }
}

fn length(value: &[u8]) -> Option<u64> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(value).ok()?.parse().ok()
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
