//! As much of DER (X.690) as keys need that OpenSSL's crate has no functions for: walking through elements, and writing them.

/// One element: its tag, its content, and all of it.
#[derive(Debug, Clone, Copy)]
pub struct Element<'a> {
    /// The byte that says what it is.
    pub tag: u8,
    /// What is in it.
    pub content: &'a [u8],
    /// The whole with tag and length.
    pub whole: &'a [u8],
}

/// Tags.
#[allow(missing_docs, reason = "the names are the standard's")]
pub mod tag {
    pub const INTEGER: u8 = 0x02;
    pub const BIT_STRING: u8 = 0x03;
    pub const OCTET_STRING: u8 = 0x04;
    pub const NULL: u8 = 0x05;
    pub const OBJECT: u8 = 0x06;
    pub const SEQUENCE: u8 = 0x30;
}

/// Reads elements one after the other.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Reads from here.
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader(bytes)
    }

    /// Whether nothing is left.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The next element, whatever it is.
    pub fn any(&mut self) -> Option<Element<'a>> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = if first < 0x80 {
            (usize::from(first), rest)
        } else {
            let count = usize::from(first & 0x7f);
            if count == 0 || count > 4 || rest.len() < count {
                return None;
            }
            let (digits, rest) = rest.split_at(count);
            let length = (digits.iter()).fold(0_usize, |sum, digit| sum << 8 | usize::from(*digit));
            (length, rest)
        };
        if rest.len() < length {
            return None;
        }
        let head = self.0.len() - rest.len();
        let whole = &self.0[..head + length];
        self.0 = &rest[length..];
        Some(Element {
            tag,
            content: &rest[..length],
            whole,
        })
    }

    /// The next element if it has this tag; its content.
    pub fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        let mut next = *self;
        let element = next.any()?;
        (element.tag == tag).then(|| {
            *self = next;
            element.content
        })
    }

    /// The next element if it is a sequence, to be read.
    pub fn sequence(&mut self) -> Option<Reader<'a>> {
        self.expect(tag::SEQUENCE).map(Reader)
    }
}

/// An element with this tag and content.
pub fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut all = vec![tag];
    let length = content.len();
    if length < 0x80 {
        all.push(length as u8);
    } else {
        let digits = length.to_be_bytes();
        let skipped = length.leading_zeros() as usize / 8;
        all.push(0x80 | (digits.len() - skipped) as u8);
        all.extend_from_slice(&digits[skipped..]);
    }
    all.extend_from_slice(content);
    all
}

/// A sequence of these elements.
pub fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(tag::SEQUENCE, &parts.concat())
}

/// An INTEGER from the bytes of a number that is not negative.
pub fn integer(bytes: &[u8]) -> Vec<u8> {
    let skipped = bytes.iter().take_while(|byte| **byte == 0).count();
    let mut digits = bytes[skipped..].to_vec();
    if digits.first().is_none_or(|first| *first >= 0x80) {
        digits.insert(0, 0);
    }
    element(tag::INTEGER, &digits)
}

/// The bytes of an INTEGER that is not negative, without zeros in front.
pub fn unsigned(content: &[u8]) -> Option<&[u8]> {
    let (&first, _) = content.split_first()?;
    if first >= 0x80 {
        return None;
    }
    let skipped = content.iter().take_while(|byte| **byte == 0).count();
    Some(&content[skipped..])
}

/// The text between the lines of the first PEM block, with its label.
pub fn pem_label(text: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(text);
    let start = text.find("-----BEGIN ")? + "-----BEGIN ".len();
    let end = text[start..].find("-----")?;
    Some(text[start..start + end].to_owned())
}

/// Bytes in PEM, with this label.
pub fn pem(label: &str, bytes: &[u8]) -> String {
    let text = openssl::base64::encode_block(bytes);
    let mut all = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(64) {
        all.push_str(&String::from_utf8_lossy(line));
        all.push('\n');
    }
    all.push_str(&format!("-----END {label}-----\n"));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let long = vec![7; 300];
        let written = sequence(&[&integer(&[0, 0x80]), &element(tag::OCTET_STRING, &long)]);
        let mut reader = Reader::new(&written);
        let mut inner = reader.sequence().unwrap();
        assert!(reader.is_empty());
        assert_eq!(
            unsigned(inner.expect(tag::INTEGER).unwrap()),
            Some(&[0x80][..])
        );
        assert_eq!(inner.expect(tag::NULL), None);
        assert_eq!(inner.expect(tag::OCTET_STRING), Some(&long[..]));
        assert!(inner.is_empty());
    }

    #[test]
    fn what_is_cut_off_is_nothing() {
        let written = sequence(&[&integer(&[1, 2, 3])]);
        for end in 0..written.len() {
            assert!(Reader::new(&written[..end]).any().is_none());
        }
        assert!(Reader::new(&[0x30, 0x85, 1, 1, 1, 1, 1]).any().is_none());
        assert!(
            Reader::new(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff])
                .any()
                .is_none()
        );
    }
}
