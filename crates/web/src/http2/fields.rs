//! The fields of a message in one text: names and values in turn, each followed by a zero byte, as programs take them.

use std::ops::Range;

/// One field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// In small letters.
    pub name: &'a [u8],
    /// As it came.
    pub value: &'a [u8],
    /// Whether no table may keep it.
    pub is_sensitive: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Bounds {
    name: Range<usize>,
    value: Range<usize>,
    is_sensitive: bool,
}

/// All fields of a part of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields {
    text: Vec<u8>,
    bounds: Vec<Bounds>,
    /// With what each entry costs (RFC 9113, 6.5.2), those included that were not kept.
    pub(super) size: usize,
    pub(super) count: usize,
    pub(super) size_limit: usize,
    pub(super) count_limit: usize,
    /// Whether some were not kept.
    pub(super) is_over: bool,
}

impl Default for Fields {
    fn default() -> Fields {
        Fields::within(usize::MAX, usize::MAX)
    }
}

impl Fields {
    /// No fields, and no more than these.
    pub(super) fn within(size_limit: usize, count_limit: usize) -> Fields {
        Fields {
            text: Vec::new(),
            bounds: Vec::new(),
            size: 0,
            count: 0,
            size_limit,
            count_limit,
            is_over: false,
        }
    }

    /// From names and values in turn, each followed by a zero byte.
    #[must_use]
    pub fn from_text(text: &[u8]) -> Fields {
        let mut fields = Fields::default();
        let mut parts = text.split(|&byte| byte == 0);
        while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
            fields.push(name, value, false);
        }
        fields
    }

    /// Adds one.
    pub fn push(&mut self, name: &[u8], value: &[u8], is_sensitive: bool) {
        let from = self.text.len();
        self.text.extend_from_slice(name);
        let name = from..self.text.len();
        self.text.push(0);
        let from = self.text.len();
        self.text.extend_from_slice(value);
        let value = from..self.text.len();
        self.text.push(0);
        self.count += 1;
        self.bounds.push(Bounds {
            name,
            value,
            is_sensitive,
        });
    }

    /// Takes away those that are not wanted; nothing happens when all are.
    pub(super) fn retain(&mut self, mut is_wanted: impl FnMut(Field<'_>) -> bool) {
        if self.iter().all(&mut is_wanted) {
            return;
        }
        let mut kept = Fields::within(self.size_limit, self.count_limit);
        for field in self.iter().filter(|field| is_wanted(*field)) {
            kept.push(field.name, field.value, field.is_sensitive);
        }
        kept.is_over = self.is_over;
        kept.size = self.size;
        *self = kept;
    }

    /// No table may keep the fields of these names.
    pub fn mark_sensitive<'a>(&mut self, names: impl Iterator<Item = &'a [u8]> + Clone) {
        for bounds in &mut self.bounds {
            let name = &self.text[bounds.name.clone()];
            bounds.is_sensitive |= names.clone().any(|each| each == name);
        }
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = Field<'_>> {
        self.bounds.iter().map(|bounds| Field {
            name: &self.text[bounds.name.clone()],
            value: &self.text[bounds.value.clone()],
            is_sensitive: bounds.is_sensitive,
        })
    }

    /// Names and values in turn, each followed by a zero byte.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bounds.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bounds.is_empty()
    }
}
