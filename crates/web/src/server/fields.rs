//! The fields of a response, as bytes for the wire, checked as they are added.

use crate::http1::{is_token, length, words};
use crate::{Error, ErrorKind, Result};

/// Fields of a head or of trailers. What belongs to the connection is not among them: how long a body is, how it is sent and whether the
/// connection goes on are the server's business, and what a program says of them is taken as a wish.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    /// `name: value\r\n` for each.
    pub(super) bytes: Vec<u8>,
    /// What `content-length` said.
    pub(super) length: Option<u64>,
    /// `connection: close` was said.
    pub(super) closes: bool,
    pub(super) has_date: bool,
}

impl Fields {
    /// No fields.
    #[must_use]
    pub fn new() -> Fields {
        Fields::default()
    }

    /// Adds a field. `content-length` is kept as a number, `connection`, `keep-alive` and `transfer-encoding` (RFC 9112) are taken as wishes.
    ///
    /// # Errors
    /// `ErrorKind::Argument` for a name that is no token or a value with a line end or a zero byte in it (RFC 9110, 5.5), and for a length that is no
    /// number or not the one that was said before.
    pub fn append(&mut self, name: &[u8], value: &[u8]) -> Result<()> {
        if !is_token(name) {
            return Err(refused(name, "is no name of a header"));
        }
        if value.iter().any(|&byte| matches!(byte, 0 | b'\r' | b'\n')) {
            return Err(refused(
                name,
                "has a value with a line end or a zero byte in it",
            ));
        }
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"date") => self.has_date = true,
            10 if name.eq_ignore_ascii_case(b"connection") => {
                self.closes |= words(value).any(|word| word.eq_ignore_ascii_case(b"close"));
                return Ok(());
            }
            10 if name.eq_ignore_ascii_case(b"keep-alive") => return Ok(()),
            14 if name.eq_ignore_ascii_case(b"content-length") => return self.set_length(value),
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => return Ok(()),
            _ => {}
        }
        self.bytes.reserve(name.len() + value.len() + 4);
        self.bytes.extend_from_slice(name);
        self.bytes.extend_from_slice(b": ");
        self.bytes.extend_from_slice(value);
        self.bytes.extend_from_slice(b"\r\n");
        Ok(())
    }

    fn set_length(&mut self, value: &[u8]) -> Result<()> {
        match length(value) {
            Ok(length) if self.length.is_none_or(|other| other == length) => {
                self.length = Some(length);
                Ok(())
            }
            _ => {
                let text = String::from_utf8_lossy(value);
                Err(refused(b"content-length", &format!("cannot be '{text}'")))
            }
        }
    }

    /// Adds those of another, as they were added there.
    pub(super) fn extend(&mut self, more: &Fields) {
        self.bytes.extend_from_slice(&more.bytes);
        self.has_date |= more.has_date;
    }

    /// Has the answer go without the server's `date`.
    pub fn omit_date(&mut self) {
        self.has_date = true;
    }

    /// Names and values in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let lines = self.bytes.split(|&byte| byte == b'\n');
        lines.filter_map(|line| {
            let colon = line.iter().position(|&byte| byte == b':')?;
            Some((&line[..colon], line[colon + 1..].trim_ascii()))
        })
    }

    /// The first value of a field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        self.iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    }

    /// Whether a field of this name was added.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The same without fields of these names, and without a length: that was of other bytes.
    #[must_use]
    pub fn without(&self, names: &[&str]) -> Fields {
        let mut rest = Fields {
            closes: self.closes,
            has_date: self.has_date,
            ..Fields::new()
        };
        let is_wanted = |name: &[u8]| {
            !names
                .iter()
                .any(|other| name.eq_ignore_ascii_case(other.as_bytes()))
        };
        for (name, value) in self.iter().filter(|(name, _)| is_wanted(name)) {
            // They were checked when they were added.
            let _ = rest.append(name, value);
        }
        rest
    }

    /// What `content-length` said.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.length
    }
}

fn refused(name: &[u8], what: &str) -> Error {
    // A line end in it is none in a log.
    let name = String::from_utf8_lossy(name);
    let name = name.escape_debug();
    Error::new(ErrorKind::Argument, format!("the header '{name}' {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_split_a_response_is_refused() {
        let mut fields = Fields::new();
        for (name, value) in [
            (&b"a b"[..], &b"c"[..]),
            (b"", b"c"),
            (b"a", b"b\r\nset-cookie: c"),
            (b"a", b"b\nc"),
            (b"a", b"b\0c"),
            (b"a\r\nb", b"c"),
            (b"content-length", b"+1"),
            (b"content-length", b"1, 1"),
            (b"content-length", b""),
        ] {
            let error = fields.append(name, value).unwrap_err();
            assert!(error.is_argument() && !error.to_string().contains(['\r', '\n']));
        }
        assert!(fields.bytes.is_empty());
    }

    #[test]
    fn what_belongs_to_the_connection_is_no_field() {
        let mut fields = Fields::new();
        fields.append(b"Connection", b"keep-alive, Close").unwrap();
        fields.append(b"Transfer-Encoding", b"chunked").unwrap();
        fields.append(b"Content-Length", b"12").unwrap();
        fields.append(b"X-Name", b"\xe4 b").unwrap();
        assert_eq!(fields.bytes, b"X-Name: \xe4 b\r\n");
        assert!(fields.closes && fields.contains("x-name") && !fields.contains("x-nam"));
        assert_eq!(fields.length, Some(12));
        assert!(fields.append(b"content-length", b"13").is_err());
    }
}
