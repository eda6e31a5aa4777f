//! X.509 certificates (RFC 5280): what one says, who signed it, and whose it is.

use std::net::IpAddr;

use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkcs12::Pkcs12;
use openssl::x509::{GeneralNameRef, X509, X509NameRef, X509VerifyResult};

use super::der::{self, Reader, tag};
use super::key::Key;
use super::{Failure, Outcome};

/// A certificate.
pub struct Certificate(X509);

/// What a certificate says, as text in the forms that `node:crypto` shows.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the names are those of `X509Certificate`")]
pub struct Facts {
    pub subject: Option<String>,
    pub issuer: Option<String>,
    pub alternatives: Option<String>,
    pub access: Option<String>,
    pub from: String,
    pub to: String,
    pub sha1: String,
    pub sha256: String,
    pub sha512: String,
    /// The object identifiers of what the key may be used for.
    pub purposes: Vec<String>,
    pub serial: String,
    pub algorithm: Option<&'static str>,
    pub algorithm_object: String,
    pub pem: String,
    pub is_authority: bool,
}

/// What a bundle of PKCS #12 holds (RFC 7292).
pub struct Bundle {
    /// The private key.
    pub key: Option<Key>,
    /// The certificate of the key, as DER.
    pub certificate: Option<Vec<u8>>,
    /// The others.
    pub others: Vec<Vec<u8>>,
}

/// Opens a bundle in DER. Nothing and an empty passphrase are the same.
///
/// # Errors
/// When it is none, or the passphrase is another.
pub fn open_bundle(bytes: &[u8], passphrase: &str) -> Outcome<Bundle> {
    let parsed = Pkcs12::from_der(bytes)?.parse2(passphrase)?;
    let others = parsed.ca.into_iter().flatten();
    Ok(Bundle {
        key: parsed.pkey.map(Key::Private),
        certificate: parsed.cert.map(|found| found.to_der()).transpose()?,
        others: others
            .map(|found| Ok(found.to_der()?))
            .collect::<Outcome<_>>()?,
    })
}

/// How names are compared: OpenSSL's bits.
#[derive(Debug, Clone, Copy, Default)]
pub struct NameFlags(pub u32);

impl NameFlags {
    fn has(self, bit: u32) -> bool {
        self.0 & bit != 0
    }
    fn subject_always(self) -> bool {
        self.has(1)
    }
    fn no_wildcards(self) -> bool {
        self.has(2)
    }
    fn no_partial_wildcards(self) -> bool {
        self.has(4)
    }
    fn multi_label_wildcards(self) -> bool {
        self.has(8)
    }
    fn single_label_subdomains(self) -> bool {
        self.has(16)
    }
    fn subject_never(self) -> bool {
        self.has(0x20)
    }
}

const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];

impl Certificate {
    /// Reads PEM or DER.
    ///
    /// # Errors
    /// When it is neither.
    pub fn read(bytes: &[u8]) -> Outcome<Certificate> {
        if der::pem_label(bytes).is_some() {
            return Ok(Certificate(X509::from_pem(bytes)?));
        }
        match X509::from_der(bytes) {
            Ok(certificate) => Ok(Certificate(certificate)),
            // What is no PEM is told as PEM's fault.
            Err(_) => Ok(Certificate(X509::from_pem(bytes)?)),
        }
    }

    /// The whole in DER.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn der(&self) -> Outcome<Vec<u8>> {
        Ok(self.0.to_der()?)
    }

    /// The key that it is for.
    ///
    /// # Errors
    /// When OpenSSL does not know its kind.
    pub fn key(&self) -> Outcome<Key> {
        Ok(Key::Public(self.0.public_key()?))
    }

    /// What it says.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn facts(&self) -> Outcome<Facts> {
        let certificate = &self.0;
        let der = certificate.to_der()?;
        let print = |digest| -> Outcome<String> {
            let bytes = certificate.digest(digest)?;
            let pairs: Vec<_> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
            Ok(pairs.join(":"))
        };
        let algorithm = certificate.signature_algorithm().object().nid();
        let purposes = extension(&der, EXTENDED_KEY_USAGE)
            .and_then(|bytes| {
                let mut list = Reader::new(bytes).sequence()?;
                let mut purposes = Vec::new();
                while let Some(object) = list.expect(tag::OBJECT) {
                    purposes.push(dotted(object));
                }
                Some(purposes)
            })
            .unwrap_or_default();
        let is_authority = extension(&der, BASIC_CONSTRAINTS)
            .and_then(|bytes| Reader::new(bytes).sequence()?.expect(0x01))
            .is_some_and(|value| value.first().is_some_and(|byte| *byte != 0));
        Ok(Facts {
            subject: name_text(certificate.subject_name()),
            issuer: name_text(certificate.issuer_name()),
            alternatives: certificate.subject_alt_names().map(|names| {
                let texts: Vec<_> = names.iter().map(general_name).collect();
                texts.join(", ")
            }),
            access: certificate.authority_info().map(|list| {
                let lines: Vec<_> = (list.iter())
                    .map(|item| {
                        let method = item.method().nid().long_name().unwrap_or("UNDEF");
                        format!("{method} - {}", general_name(item.location()))
                    })
                    .collect();
                lines.join("\n")
            }),
            from: certificate.not_before().to_string(),
            to: certificate.not_after().to_string(),
            sha1: print(MessageDigest::sha1())?,
            sha256: print(MessageDigest::sha256())?,
            sha512: print(MessageDigest::sha512())?,
            purposes,
            serial: certificate
                .serial_number()
                .to_bn()?
                .to_hex_str()?
                .to_string(),
            algorithm: algorithm
                .long_name()
                .ok()
                .filter(|_| algorithm != Nid::UNDEF),
            algorithm_object: signature_object(&der).map(dotted).unwrap_or_default(),
            pem: String::from_utf8_lossy(&certificate.to_pem()?).into_owned(),
            is_authority,
        })
    }

    /// Whether the other says that it issued this one; the signature is not looked at.
    pub fn is_issued_by(&self, other: &Certificate) -> bool {
        other.0.issued(&self.0) == X509VerifyResult::OK
    }

    /// Whether this key signed it.
    ///
    /// # Errors
    /// When the key is none that signs.
    pub fn is_signed_by(&self, key: &Key) -> Outcome<bool> {
        Ok(self.0.verify(&*key.public()?).unwrap_or(false))
    }

    /// The name in it that stands for this host.
    pub fn host(&self, wanted: &str, flags: NameFlags) -> Option<String> {
        let mut has_names = false;
        for name in self.0.subject_alt_names().iter().flatten() {
            if let Some(pattern) = name.dnsname() {
                has_names = true;
                if matches(pattern, wanted, flags) {
                    return Some(pattern.to_owned());
                }
            }
        }
        if flags.subject_never() || (has_names && !flags.subject_always()) {
            return None;
        }
        let names = self.0.subject_name().entries_by_nid(Nid::COMMONNAME);
        let mut texts = names.filter_map(|entry| entry.data().to_string().ok());
        texts.find(|pattern| matches(pattern, wanted, flags))
    }

    /// The address in it that is this one.
    pub fn email(&self, wanted: &str, flags: NameFlags) -> Option<String> {
        let same = |known: &str| match (known.rsplit_once('@'), wanted.rsplit_once('@')) {
            (Some((local, domain)), Some((other, other_domain))) => {
                local == other && domain.eq_ignore_ascii_case(other_domain)
            }
            _ => known == wanted,
        };
        let mut has_addresses = false;
        for name in self.0.subject_alt_names().iter().flatten() {
            if let Some(known) = name.email() {
                has_addresses = true;
                if same(known) {
                    return Some(known.to_owned());
                }
            }
        }
        if flags.subject_never() || (has_addresses && !flags.subject_always()) {
            return None;
        }
        let names = self
            .0
            .subject_name()
            .entries_by_nid(Nid::PKCS9_EMAILADDRESS);
        let mut texts = names.filter_map(|entry| entry.data().to_string().ok());
        texts.find(|known| same(known))
    }

    /// Whether this address stands in it.
    ///
    /// # Errors
    /// When it is no address.
    pub fn has_address(&self, wanted: &str) -> Outcome<bool> {
        let address: IpAddr = wanted
            .parse()
            .map_err(|_| Failure::new("ERR_INVALID_ARG_VALUE", "Invalid IP"))?;
        let bytes = match address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        let names = self.0.subject_alt_names();
        Ok(names
            .iter()
            .flatten()
            .any(|name| name.ipaddress() == Some(&bytes[..])))
    }
}

/// Whether a name in a certificate, which may begin with a wildcard, stands for a host.
fn matches(pattern: &str, wanted: &str, flags: NameFlags) -> bool {
    let wanted = wanted.strip_suffix('.').unwrap_or(wanted);
    if let Some(suffix) = wanted.strip_prefix('.') {
        // Any host below a domain.
        let Some(start) = pattern.len().checked_sub(suffix.len()) else {
            return false;
        };
        let (Some(head), Some(tail)) = (pattern.get(..start), pattern.get(start..)) else {
            return false;
        };
        let is_below = tail.eq_ignore_ascii_case(suffix) && head.ends_with('.');
        let labels = head.trim_end_matches('.').matches('.').count();
        return is_below && (!flags.single_label_subdomains() || labels == 0);
    }
    if pattern.eq_ignore_ascii_case(wanted) {
        return true;
    }
    let Some((label, rest)) = pattern.split_once('.') else {
        return false;
    };
    let Some((before, after)) = label.split_once('*') else {
        return false;
    };
    let is_partial = !before.is_empty() || !after.is_empty();
    if flags.no_wildcards() || after.contains('*') || (is_partial && flags.no_partial_wildcards()) {
        return false;
    }
    // A wildcard below a top-level domain stands for nothing.
    if !rest.contains('.') || rest.contains('*') {
        return false;
    }
    let Some(start) = wanted.len().checked_sub(rest.len() + 1) else {
        return false;
    };
    let (Some(head), Some(tail)) = (wanted.get(..start), wanted.get(start..)) else {
        return false;
    };
    tail.starts_with('.')
        && tail[1..].eq_ignore_ascii_case(rest)
        && head.len() >= before.len() + after.len()
        && !head.is_empty()
        && (flags.multi_label_wildcards() && !is_partial || !head.contains('.'))
        && head
            .to_ascii_lowercase()
            .starts_with(&before.to_ascii_lowercase())
        && head
            .to_ascii_lowercase()
            .ends_with(&after.to_ascii_lowercase())
        && !(is_partial && head.to_ascii_lowercase().starts_with("xn--"))
}

/// The parts of a name, one a line, escaped as RFC 2253 has it; `None` without parts.
fn name_text(name: &X509NameRef) -> Option<String> {
    let lines: Vec<_> = (name.entries())
        .map(|entry| {
            let kind = entry.object().nid().short_name().unwrap_or("UNDEF");
            let value = entry.data().to_string().unwrap_or_default();
            format!("{kind}={}", escaped(&value))
        })
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn escaped(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut text = String::new();
    for (index, character) in value.chars().enumerate() {
        let is_edge =
            (index == 0 && matches!(character, '#' | ' ')) || (index == last && character == ' ');
        if is_edge || matches!(character, ',' | '+' | '"' | '\\' | '<' | '>' | ';') {
            text.push('\\');
            text.push(character);
        } else if character.is_ascii_control() {
            text.push_str(&format!("\\{:02X}", character as u32));
        } else {
            text.push(character);
        }
    }
    text
}

/// A name of another kind, as OpenSSL prints it; what could be taken for two is quoted.
fn general_name(name: &GeneralNameRef) -> String {
    if let Some(text) = name.dnsname() {
        format!("DNS:{}", quoted(text))
    } else if let Some(text) = name.uri() {
        format!("URI:{}", quoted(text))
    } else if let Some(text) = name.email() {
        format!("email:{}", quoted(text))
    } else if let Some(bytes) = name.ipaddress() {
        let text = match bytes.len() {
            4 => bytes
                .iter()
                .map(u8::to_string)
                .collect::<Vec<_>>()
                .join("."),
            16 => (bytes.chunks(2))
                .map(|pair| format!("{:X}", u16::from_be_bytes([pair[0], pair[1]])))
                .collect::<Vec<_>>()
                .join(":"),
            _ => "<invalid>".to_owned(),
        };
        format!("IP Address:{text}")
    } else if let Some(name) = name.directory_name() {
        let text = name_text(name).unwrap_or_default().replace('\n', ",");
        format!("DirName:{}", quoted(&text))
    } else {
        "othername:<unsupported>".to_owned()
    }
}

fn quoted(text: &str) -> String {
    let is_safe = |character: char| {
        (' '..='~').contains(&character) && !matches!(character, '"' | '\\' | ',' | '\'')
    };
    if text.chars().all(is_safe) {
        return text.to_owned();
    }
    serde_json::to_string(text).unwrap_or_default()
}

/// The content of an extension.
fn extension<'a>(certificate: &'a [u8], object: &[u8]) -> Option<&'a [u8]> {
    let mut body = Reader::new(certificate).sequence()?.sequence()?;
    while let Some(element) = body.any() {
        if element.tag != 0xa3 {
            continue;
        }
        let mut list = Reader::new(element.content).sequence()?;
        while let Some(mut item) = list.sequence() {
            if item.expect(tag::OBJECT)? != object {
                continue;
            }
            // Whether it is critical may stand between.
            while let Some(part) = item.any() {
                if part.tag == tag::OCTET_STRING {
                    return Some(part.content);
                }
            }
        }
    }
    None
}

fn signature_object(certificate: &[u8]) -> Option<&[u8]> {
    let mut whole = Reader::new(certificate).sequence()?;
    whole.any()?;
    whole.sequence()?.expect(tag::OBJECT)
}

/// An object identifier with its dots.
fn dotted(object: &[u8]) -> String {
    let mut numbers = Vec::new();
    let mut number = 0_u64;
    for byte in object {
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            if numbers.is_empty() {
                let first = (number / 40).min(2);
                numbers.push(first);
                number -= first * 40;
            }
            numbers.push(number);
            number = 0;
        }
    }
    (numbers.iter().map(u64::to_string))
        .collect::<Vec<_>>()
        .join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_one_label() {
        let plain = NameFlags::default();
        assert!(matches("*.example.com", "www.example.com", plain));
        assert!(!matches("*.example.com", "a.b.example.com", plain));
        assert!(!matches("*.example.com", "example.com", plain));
        assert!(!matches("*.com", "example.com", plain));
        assert!(matches("f*.example.com", "foo.example.com", plain));
        assert!(!matches("f*.example.com", "foo.example.com", NameFlags(4)));
        assert!(!matches("*.example.com", "www.example.com", NameFlags(2)));
        assert!(matches("*.example.com", "a.b.example.com", NameFlags(8)));
        assert!(matches("WWW.example.com", "www.EXAMPLE.com", plain));
    }

    #[test]
    fn objects_have_dots() {
        assert_eq!(
            dotted(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d]),
            "1.2.840.113549"
        );
        assert_eq!(dotted(&[0x55, 0x1d, 0x13]), "2.5.29.19");
    }
}
