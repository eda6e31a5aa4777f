//! Blocks as fields. A block is read to its end whatever becomes of its fields, because the next one builds on the table; fields beyond the
//! bounds are counted and not kept, so that a block of a few bytes cannot become a list of megabytes.

use super::table::Dynamic;
use super::{DEFAULT_TABLE, Fields, OVERHEAD, huffman};

/// The block is none: the connection cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid;

/// Reads blocks.
#[derive(Debug)]
pub struct Decoder {
    table: Dynamic,
    /// The largest table that the other side may ask for.
    most: usize,
    /// A table that has become smaller must be told of at the beginning of the next block.
    expects_size: bool,
    name: Vec<u8>,
    value: Vec<u8>,
}

impl Default for Decoder {
    fn default() -> Decoder {
        Decoder {
            table: Dynamic::new(DEFAULT_TABLE),
            most: DEFAULT_TABLE,
            expects_size: false,
            name: Vec::new(),
            value: Vec::new(),
        }
    }
}

impl Decoder {
    /// The setting that bounds the table has been acknowledged.
    pub fn set_most(&mut self, most: usize) {
        self.most = most;
        self.expects_size = self.table.limit > most;
    }

    /// What the table holds, in bytes.
    #[must_use]
    pub fn table_size(&self) -> usize {
        self.table.size
    }

    /// Adds the fields of a block to `fields`.
    ///
    /// # Errors
    /// When the block is damaged.
    pub fn decode(&mut self, block: &[u8], fields: &mut Fields) -> Result<(), Invalid> {
        let mut at = 0;
        let mut may_resize = true;
        while at < block.len() {
            let first = block[at];
            if first & 0xe0 == 0x20 {
                let size = integer(block, &mut at, 5)?;
                if !may_resize || size > self.most {
                    return Err(Invalid);
                }
                self.expects_size = false;
                self.table.set_limit(size);
                continue;
            }
            if self.expects_size {
                return Err(Invalid);
            }
            may_resize = false;
            if first & 0x80 != 0 {
                let index = integer(block, &mut at, 7)?;
                let (name, value) = self.table.entry(index).ok_or(Invalid)?;
                fields.add(name, value, false);
                continue;
            }
            let (prefix, is_indexed, is_sensitive) = match first {
                byte if byte & 0x40 != 0 => (6, true, false),
                byte => (4, false, byte & 0x10 != 0),
            };
            let index = integer(block, &mut at, prefix)?;
            self.name.clear();
            self.value.clear();
            if index == 0 {
                text(block, &mut at, &mut self.name)?;
            } else {
                let (name, _) = self.table.entry(index).ok_or(Invalid)?;
                self.name.extend_from_slice(name);
            }
            text(block, &mut at, &mut self.value)?;
            fields.add(&self.name, &self.value, is_sensitive);
            if is_indexed {
                self.table.add(&self.name, &self.value);
            }
        }
        if self.expects_size {
            return Err(Invalid);
        }
        Ok(())
    }
}

/// RFC 7541 5.1; at most what 32 bits hold.
fn integer(block: &[u8], at: &mut usize, prefix: u32) -> Result<usize, Invalid> {
    let mask = (1 << prefix) - 1;
    let first = usize::from(*block.get(*at).ok_or(Invalid)?) & mask;
    *at += 1;
    if first < mask {
        return Ok(first);
    }
    let mut value = first as u64;
    for shift in [0, 7, 14, 21, 28] {
        let byte = *block.get(*at).ok_or(Invalid)?;
        *at += 1;
        value += u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            let value = u32::try_from(value).map_err(|_| Invalid)?;
            return Ok(value as usize);
        }
    }
    Err(Invalid)
}

/// RFC 7541 5.2.
fn text(block: &[u8], at: &mut usize, out: &mut Vec<u8>) -> Result<(), Invalid> {
    let is_coded = block.get(*at).ok_or(Invalid)? & 0x80 != 0;
    let length = integer(block, at, 7)?;
    let end = at.checked_add(length).ok_or(Invalid)?;
    let bytes = block.get(*at..end).ok_or(Invalid)?;
    *at = end;
    if is_coded {
        // A field that is larger than the table passes through it all the same: its size is bounded by the block's.
        if !huffman::decode(bytes, out) {
            return Err(Invalid);
        }
    } else {
        out.extend_from_slice(bytes);
    }
    Ok(())
}

impl Fields {
    /// Keeps a field as long as the bounds allow, and counts it in any case.
    fn add(&mut self, name: &[u8], value: &[u8], is_sensitive: bool) {
        self.size += name.len() + value.len() + OVERHEAD;
        if self.size > self.size_limit || self.count >= self.count_limit {
            self.is_over = true;
            return;
        }
        self.push(name, value, is_sensitive);
    }
}
