//! The tables that indices point into: one that is the same for everybody (RFC 7541, appendix A), one that the blocks of a connection make.

use super::OVERHEAD;
use std::collections::VecDeque;

pub(super) const STATIC: [(&str, &str); 61] = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];

/// The index of the first entry of that name in the static table.
pub(super) fn static_name(name: &[u8]) -> Option<usize> {
    // Names that begin alike stand together, and pseudo-header fields first: a look at the first byte leaves a handful.
    (STATIC.iter())
        .position(|(each, _)| each.len() == name.len() && each.as_bytes() == name)
        .map(|at| at + 1)
}

#[derive(Debug)]
pub(super) struct Entry {
    /// The name, then the value.
    text: Vec<u8>,
    name: usize,
}

impl Entry {
    pub(super) fn new(name: &[u8], value: &[u8]) -> Entry {
        let mut text = Vec::with_capacity(name.len() + value.len());
        text.extend_from_slice(name);
        text.extend_from_slice(value);
        Entry {
            text,
            name: name.len(),
        }
    }

    pub(super) fn name(&self) -> &[u8] {
        &self.text[..self.name]
    }

    pub(super) fn value(&self) -> &[u8] {
        &self.text[self.name..]
    }

    fn size(&self) -> usize {
        self.text.len() + OVERHEAD
    }
}

/// The entries of a connection's blocks, the newest first.
#[derive(Debug)]
pub(super) struct Dynamic {
    pub(super) entries: VecDeque<Entry>,
    pub(super) size: usize,
    pub(super) limit: usize,
}

impl Dynamic {
    pub(super) fn new(limit: usize) -> Dynamic {
        Dynamic {
            entries: VecDeque::new(),
            size: 0,
            limit,
        }
    }

    pub(super) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
        self.make_room(0);
    }

    /// Adds an entry, which one that is larger than the table empties.
    pub(super) fn add(&mut self, name: &[u8], value: &[u8]) {
        let size = name.len() + value.len() + OVERHEAD;
        self.make_room(size);
        if size <= self.limit {
            self.entries.push_front(Entry::new(name, value));
            self.size += size;
        }
    }

    fn make_room(&mut self, size: usize) {
        while self.size + size > self.limit {
            let Some(old) = self.entries.pop_back() else {
                break;
            };
            self.size -= old.size();
        }
    }

    /// The entry behind an index of a block.
    pub(super) fn entry(&self, index: usize) -> Option<(&[u8], &[u8])> {
        let index = index.checked_sub(1)?;
        match STATIC.get(index) {
            Some((name, value)) => Some((name.as_bytes(), value.as_bytes())),
            None => {
                (self.entries.get(index - STATIC.len())).map(|entry| (entry.name(), entry.value()))
            }
        }
    }
}
