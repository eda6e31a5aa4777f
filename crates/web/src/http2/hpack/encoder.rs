//! Fields as blocks. What comes again goes into the table, except what changes with every message, and what is secret: that is marked so
//! that no table on its way ever keeps it (RFC 7541 7.1.3).

use super::table::{Dynamic, STATIC, static_name};
use super::{DEFAULT_TABLE, Fields, huffman};

/// Writes blocks.
#[derive(Debug)]
pub struct Encoder {
    table: Dynamic,
    /// The largest table that this side wants, whatever the other allows.
    most: usize,
    /// The least limit since the last block, when the limit has changed: both are told.
    least: Option<usize>,
}

/// Values that hardly come twice: in the table they only push out others.
const PASSING: [&[u8]; 9] = [
    b":path",
    b"age",
    b"content-length",
    b"etag",
    b"if-modified-since",
    b"if-none-match",
    b"last-modified",
    b"location",
    b"set-cookie",
];

impl Encoder {
    /// An encoder whose table has at most `most` bytes.
    #[must_use]
    pub fn new(most: usize) -> Encoder {
        Encoder {
            table: Dynamic::new(DEFAULT_TABLE.min(most)),
            most,
            least: (most < DEFAULT_TABLE).then_some(most),
        }
    }

    /// The other side has told how large a table it has.
    pub fn set_allowed(&mut self, allowed: usize) {
        let limit = allowed.min(self.most);
        if limit == self.table.limit {
            return;
        }
        self.least = Some(self.least.unwrap_or(usize::MAX).min(limit));
        self.table.set_limit(limit);
    }

    /// What the table holds, in bytes.
    #[must_use]
    pub fn table_size(&self) -> usize {
        self.table.size
    }

    /// Adds the block of these fields to `out`.
    pub fn encode(&mut self, fields: &Fields, out: &mut Vec<u8>) {
        if let Some(least) = self.least.take() {
            if least < self.table.limit {
                integer(least, 5, 0x20, out);
            }
            integer(self.table.limit, 5, 0x20, out);
        }
        for field in fields.iter() {
            let is_secret = field.is_sensitive
                || field.name == b"authorization"
                // A short one could be guessed piece by piece.
                || (field.name == b"cookie" && field.value.len() < 20);
            self.field(field.name, field.value, is_secret, out);
        }
    }

    fn field(&mut self, name: &[u8], value: &[u8], is_secret: bool, out: &mut Vec<u8>) {
        let in_static = static_name(name);
        if is_secret {
            let index = in_static.or_else(|| self.dynamic_name(name)).unwrap_or(0);
            literal(index, 4, 0x10, name, value, out);
            return;
        }
        if let Some(first) = in_static {
            let same = STATIC[first - 1..]
                .iter()
                .take_while(|(each, _)| each.as_bytes() == name)
                .position(|(_, each)| each.as_bytes() == value);
            if let Some(offset) = same {
                integer(first + offset, 7, 0x80, out);
                return;
            }
        }
        let known = (self.table.entries.iter())
            .position(|entry| entry.value() == value && entry.name() == name);
        if let Some(at) = known {
            integer(STATIC.len() + 1 + at, 7, 0x80, out);
            return;
        }
        let index = in_static.or_else(|| self.dynamic_name(name)).unwrap_or(0);
        let is_large = (name.len() + value.len()) * 4 > self.table.limit * 3;
        if is_large || PASSING.contains(&name) {
            literal(index, 4, 0, name, value, out);
        } else {
            literal(index, 6, 0x40, name, value, out);
            self.table.add(name, value);
        }
    }

    fn dynamic_name(&self, name: &[u8]) -> Option<usize> {
        (self.table.entries.iter())
            .position(|entry| entry.name() == name)
            .map(|at| STATIC.len() + 1 + at)
    }
}

fn literal(index: usize, prefix: u32, kind: u8, name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    integer(index, prefix, kind, out);
    if index == 0 {
        text(name, out);
    }
    text(value, out);
}

fn integer(value: usize, prefix: u32, kind: u8, out: &mut Vec<u8>) {
    let mask = (1 << prefix) - 1;
    if value < mask {
        out.push(kind | value as u8);
        return;
    }
    out.push(kind | mask as u8);
    let mut rest = value - mask;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

fn text(bytes: &[u8], out: &mut Vec<u8>) {
    let coded = huffman::encoded_length(bytes);
    if coded < bytes.len() {
        integer(coded, 7, 0x80, out);
        huffman::encode(bytes, out);
    } else {
        integer(bytes.len(), 7, 0, out);
        out.extend_from_slice(bytes);
    }
}
