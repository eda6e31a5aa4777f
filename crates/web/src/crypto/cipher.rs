//! Ciphers: what there is of each, and one run of one over a message.

use openssl::cipher::{Cipher, CipherRef};
use openssl::cipher_ctx::{CipherCtx, CipherCtxFlags};
use openssl::nid::Nid;

use super::{Failure, Outcome};

/// How a cipher makes blocks into a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the field's")]
pub enum Mode {
    Stream,
    Ecb,
    Cbc,
    Cfb,
    Ofb,
    Ctr,
    Gcm,
    Ccm,
    Ocb,
    Siv,
    GcmSiv,
    Xts,
    Wrap,
    Poly1305,
}

impl Mode {
    /// Its name in `node:crypto`.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Stream | Mode::Poly1305 => "stream",
            Mode::Ecb => "ecb",
            Mode::Cbc => "cbc",
            Mode::Cfb => "cfb",
            Mode::Ofb => "ofb",
            Mode::Ctr => "ctr",
            Mode::Gcm => "gcm",
            Mode::Ccm => "ccm",
            Mode::Ocb => "ocb",
            Mode::Siv => "siv",
            Mode::GcmSiv => "gcm-siv",
            Mode::Xts => "xts",
            Mode::Wrap => "wrap",
        }
    }

    /// Whether a message is proved to be whole.
    pub fn is_authenticated(self) -> bool {
        matches!(
            self,
            Mode::Gcm | Mode::Ccm | Mode::Ocb | Mode::Poly1305 | Mode::Siv | Mode::GcmSiv
        )
    }

    /// By the cipher's name: the crate does not ask OpenSSL.
    fn of(name: &str) -> Mode {
        let name = name.to_ascii_lowercase();
        let has = |part: &str| name.contains(part);
        if name == "chacha20-poly1305" {
            Mode::Poly1305
        } else if has("gcm-siv") {
            Mode::GcmSiv
        } else if has("siv") {
            Mode::Siv
        } else if has("gcm") {
            Mode::Gcm
        } else if has("ccm") {
            Mode::Ccm
        } else if has("ocb") {
            Mode::Ocb
        } else if has("wrap") {
            Mode::Wrap
        } else if has("xts") {
            Mode::Xts
        } else if has("ctr") {
            Mode::Ctr
        } else if has("cfb") {
            Mode::Cfb
        } else if has("ofb") {
            Mode::Ofb
        } else if has("ecb") || name == "des-ede" || name == "des-ede3" {
            Mode::Ecb
        } else if has("chacha") || has("rc4") {
            Mode::Stream
        } else {
            Mode::Cbc
        }
    }
}

/// A cipher by any of its names.
pub fn find(name: &str) -> Option<Cipher> {
    if name.is_empty() || name.contains('\0') {
        return None;
    }
    Cipher::fetch(None, name, None).ok()
}

/// What there is to know of a cipher.
#[derive(Debug, Clone)]
pub struct Facts {
    /// OpenSSL's number of it.
    pub number: i32,
    /// Its name, in small letters.
    pub name: String,
    /// How it makes blocks into a stream.
    pub mode: Mode,
    /// Bytes of a block; 1 for a stream.
    pub block_size: usize,
    /// Bytes of an initialization vector.
    pub iv_length: usize,
    /// Bytes of a key.
    pub key_length: usize,
}

/// The facts of a cipher.
pub fn facts(name: &str) -> Option<Facts> {
    let cipher = find(name)?;
    Some(facts_of(&cipher, name))
}

/// The same by OpenSSL's number.
pub fn facts_of_number(number: i32) -> Option<Facts> {
    facts(Nid::from_raw(number).short_name().ok()?)
}

fn facts_of(cipher: &CipherRef, given: &str) -> Facts {
    let nid = cipher.nid();
    let name = nid.short_name().unwrap_or(given).to_ascii_lowercase();
    Facts {
        number: nid.as_raw(),
        mode: Mode::of(&name),
        name,
        block_size: cipher.block_size(),
        iv_length: cipher.iv_length(),
        key_length: cipher.key_length(),
    }
}

/// What is asked for beside key and vector.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// The length of the tag.
    pub tag_length: Option<usize>,
    /// Whether Node's rule holds that a tag of GCM shorter than 16 bytes must be asked for.
    pub full_tags_only: bool,
}

/// One message on its way through a cipher.
pub struct Run {
    context: CipherCtx,
    mode: Mode,
    encrypts: bool,
    tag_length: Option<usize>,
    tag: Tag,
    /// The most that CCM takes with a vector of this length.
    most: usize,
    /// CCM is proved whole in the update, and says so at the end.
    failed: bool,
}

#[derive(PartialEq, Eq)]
enum Tag {
    Unknown,
    Given(Vec<u8>),
    Set,
}

fn invalid_tag_length(length: usize) -> Failure {
    Failure::new(
        "ERR_CRYPTO_INVALID_AUTH_TAG",
        format!("Invalid authentication tag length: {length}"),
    )
}

fn unsupported_state() -> Failure {
    Failure::new(
        "ERR_CRYPTO_OPERATION_FAILED",
        "Unsupported state or unable to authenticate data",
    )
}

impl Run {
    /// Begins a message.
    ///
    /// # Errors
    /// When key, vector or the tag's length are not the cipher's.
    pub fn new(
        name: &str,
        encrypts: bool,
        key: &[u8],
        iv: Option<&[u8]>,
        wish: &Wish,
    ) -> Outcome<Run> {
        let unknown = || Failure::new("ERR_CRYPTO_UNKNOWN_CIPHER", "Unknown cipher");
        let cipher = find(name).ok_or_else(unknown)?;
        let facts = facts_of(&cipher, name);
        let mode = facts.mode;
        if key.len() != facts.key_length {
            return Err(Failure::new(
                "ERR_CRYPTO_INVALID_KEYLEN",
                "Invalid key length",
            ));
        }
        let wrong_iv = || Failure::new("ERR_CRYPTO_INVALID_IV", "Invalid initialization vector");
        let is_wrong = match iv {
            None => facts.iv_length != 0,
            Some(iv) if mode.is_authenticated() => {
                iv.is_empty() || (mode == Mode::Poly1305 && iv.len() > 12)
            }
            Some(iv) => iv.len() != facts.iv_length,
        };
        if is_wrong {
            return Err(wrong_iv());
        }
        let tag_length = tag_length(&facts, name, wish)?;
        let mut most = usize::MAX;
        let mut context = CipherCtx::new()?;
        if mode == Mode::Wrap {
            context.set_flags(CipherCtxFlags::FLAG_WRAP_ALLOW);
        }
        init(&mut context, encrypts, Some(&cipher), None, None)?;
        if let Some(iv) = iv
            && mode.is_authenticated()
        {
            context.set_iv_length(iv.len()).map_err(|_| wrong_iv())?;
            if mode == Mode::Ccm {
                let width = 15_usize
                    .checked_sub(iv.len())
                    .filter(|width| (2..=8).contains(width));
                let width = width.ok_or_else(wrong_iv)?;
                if width < 4 {
                    most = (1 << (8 * width)) - 1;
                }
            }
        }
        if matches!(mode, Mode::Ccm | Mode::Ocb)
            && let Some(length) = tag_length
        {
            context
                .set_tag_length(length)
                .map_err(|_| invalid_tag_length(length))?;
        }
        // Without a vector where the cipher has none.
        let iv = iv.filter(|_| facts.iv_length != 0 || mode.is_authenticated());
        init(&mut context, encrypts, None, Some(key), iv)?;
        Ok(Run {
            context,
            mode,
            encrypts,
            tag_length,
            tag: Tag::Unknown,
            most: most.min(i32::MAX as usize),
            failed: false,
        })
    }

    /// Whether messages are proved to be whole.
    pub fn is_authenticated(&self) -> bool {
        self.mode.is_authenticated()
    }

    /// Whether blocks are filled up.
    pub fn set_padding(&mut self, padding: bool) {
        self.context.set_padding(padding);
    }

    /// Takes the tag of a message that is to be decrypted.
    ///
    /// # Errors
    /// When it cannot be one.
    pub fn set_tag(&mut self, tag: &[u8]) -> Outcome<()> {
        let is_valid = match (self.mode, self.tag_length) {
            (Mode::Gcm, None) => valid_for_gcm(tag.len()),
            (_, Some(length)) => tag.len() == length,
            (_, None) => !tag.is_empty() && tag.len() <= 16,
        };
        if !is_valid {
            return Err(invalid_tag_length(tag.len()));
        }
        self.tag_length = Some(tag.len());
        self.tag = Tag::Given(tag.to_vec());
        Ok(())
    }

    fn pass_tag(&mut self) -> Outcome<()> {
        if let Tag::Given(tag) = &self.tag {
            self.context.set_tag(tag)?;
            self.tag = Tag::Set;
        }
        Ok(())
    }

    /// Takes data that is proved and not encrypted; CCM wants to know the length of the message.
    ///
    /// # Errors
    /// When the message has begun, or is too long.
    pub fn set_additional_data(&mut self, data: &[u8], length: Option<usize>) -> Outcome<()> {
        if self.mode == Mode::Ccm {
            let length = length.ok_or_else(|| {
                Failure::new(
                    "ERR_MISSING_ARGS",
                    "options.plaintextLength required for CCM mode with AAD",
                )
            })?;
            if length > self.most {
                return Err(too_long());
            }
            if !self.encrypts {
                self.pass_tag()?;
            }
            self.context.set_data_len(length)?;
        } else if !self.encrypts {
            self.pass_tag()?;
        }
        self.context.cipher_update(data, None)?;
        Ok(())
    }

    /// Takes a piece of the message, and gives what is ready.
    ///
    /// # Errors
    /// When OpenSSL refuses it.
    pub fn update(&mut self, bytes: &[u8]) -> Outcome<Vec<u8>> {
        if bytes.len() > self.most {
            return Err(if self.mode == Mode::Ccm {
                too_long()
            } else {
                too_large()
            });
        }
        if !self.encrypts && self.mode.is_authenticated() {
            self.pass_tag()?;
        }
        let mut output = Vec::new();
        match self.context.cipher_update_vec(bytes, &mut output) {
            Ok(_) => Ok(output),
            Err(_) if self.mode == Mode::Ccm && !self.encrypts => {
                self.failed = true;
                Ok(Vec::new())
            }
            Err(stack) => Err(stack.into()),
        }
    }

    /// Ends the message: its last bytes, and its tag if it was encrypted and has one.
    ///
    /// # Errors
    /// When it is not whole.
    pub fn finish(&mut self) -> Outcome<(Vec<u8>, Option<Vec<u8>>)> {
        if self.failed
            || (!self.encrypts && self.mode.is_authenticated() && self.tag == Tag::Unknown)
        {
            return Err(unsupported_state());
        }
        if !self.encrypts && self.mode.is_authenticated() {
            self.pass_tag()?;
        }
        let mut output = Vec::new();
        // CCM is over when its one piece is.
        if self.mode != Mode::Ccm || self.encrypts {
            let outcome = self.context.cipher_final_vec(&mut output);
            if let Err(stack) = outcome {
                return Err(
                    if self.mode.is_authenticated() || stack.errors().is_empty() {
                        unsupported_state()
                    } else {
                        stack.into()
                    },
                );
            }
        }
        let tag = if self.encrypts && self.mode.is_authenticated() {
            let mut tag = vec![0; self.tag_length.unwrap_or(16)];
            self.context.tag(&mut tag)?;
            Some(tag)
        } else {
            None
        };
        Ok((output, tag))
    }
}

fn too_long() -> Failure {
    Failure::new("ERR_CRYPTO_INVALID_MESSAGELEN", "Invalid message length")
}

fn too_large() -> Failure {
    Failure::new("ERR_OUT_OF_RANGE", "data is too long")
}

fn valid_for_gcm(length: usize) -> bool {
    matches!(length, 4 | 8 | 12..=16)
}

/// The length of the tag, if it is known before the tag is.
fn tag_length(facts: &Facts, name: &str, wish: &Wish) -> Outcome<Option<usize>> {
    match (facts.mode, wish.tag_length) {
        (mode, _) if !mode.is_authenticated() => Ok(None),
        (Mode::Gcm, Some(length)) if !valid_for_gcm(length) => Err(invalid_tag_length(length)),
        (Mode::Gcm, None) if wish.full_tags_only => Ok(Some(16)),
        (Mode::Gcm, length) => Ok(length),
        (Mode::Poly1305, None) => Ok(Some(16)),
        (Mode::Ccm | Mode::Ocb, None) => Err(Failure::new(
            "ERR_CRYPTO_INVALID_AUTH_TAG",
            format!("authTagLength required for {name}"),
        )),
        (Mode::Ccm, Some(length)) if length % 2 != 0 || !(4..=16).contains(&length) => {
            Err(invalid_tag_length(length))
        }
        (_, Some(length)) if length == 0 || length > 16 => Err(invalid_tag_length(length)),
        (_, length) => Ok(length),
    }
}

fn init(
    context: &mut CipherCtx,
    encrypts: bool,
    cipher: Option<&CipherRef>,
    key: Option<&[u8]>,
    iv: Option<&[u8]>,
) -> Outcome<()> {
    if encrypts {
        context.encrypt_init(cipher, key, iv)?;
    } else {
        context.decrypt_init(cipher, key, iv)?;
    }
    Ok(())
}

/// Encrypts a whole message; the tag of an authenticated one stands behind it.
///
/// # Errors
/// As for [`Run`].
pub fn encrypt(
    name: &str,
    key: &[u8],
    iv: Option<&[u8]>,
    data: Option<&[u8]>,
    tag_length: Option<usize>,
    message: &[u8],
) -> Outcome<Vec<u8>> {
    let wish = Wish {
        tag_length,
        full_tags_only: false,
    };
    let mut run = Run::new(name, true, key, iv, &wish)?;
    if let Some(data) = data {
        run.set_additional_data(data, Some(message.len()))?;
    }
    let mut output = run.update(message)?;
    let (end, tag) = run.finish()?;
    output.extend_from_slice(&end);
    output.extend_from_slice(&tag.unwrap_or_default());
    Ok(output)
}

/// Decrypts a whole message, behind which its tag stands if it is authenticated.
///
/// # Errors
/// As for [`Run`].
pub fn decrypt(
    name: &str,
    key: &[u8],
    iv: Option<&[u8]>,
    data: Option<&[u8]>,
    tag_length: Option<usize>,
    message: &[u8],
) -> Outcome<Vec<u8>> {
    let wish = Wish {
        tag_length,
        full_tags_only: false,
    };
    let mut run = Run::new(name, false, key, iv, &wish)?;
    let mut message = message;
    if run.is_authenticated() {
        let length = tag_length.unwrap_or(16);
        let split = message
            .len()
            .checked_sub(length)
            .ok_or_else(unsupported_state)?;
        run.set_tag(&message[split..])?;
        message = &message[..split];
    }
    if let Some(data) = data {
        run.set_additional_data(data, Some(message.len()))?;
    }
    let mut output = run.update(message)?;
    output.extend_from_slice(&run.finish()?.0);
    Ok(output)
}

/// The names that there may be; which of them there are is OpenSSL's to say.
const NAMES: &[&str] = &[
    "aes-128-cbc",
    "aes-128-cbc-hmac-sha1",
    "aes-128-cbc-hmac-sha256",
    "aes-128-ccm",
    "aes-128-cfb",
    "aes-128-cfb1",
    "aes-128-cfb8",
    "aes-128-ctr",
    "aes-128-ecb",
    "aes-128-gcm",
    "aes-128-ocb",
    "aes-128-ofb",
    "aes-128-xts",
    "aes-192-cbc",
    "aes-192-ccm",
    "aes-192-cfb",
    "aes-192-cfb1",
    "aes-192-cfb8",
    "aes-192-ctr",
    "aes-192-ecb",
    "aes-192-gcm",
    "aes-192-ocb",
    "aes-192-ofb",
    "aes-256-cbc",
    "aes-256-cbc-hmac-sha1",
    "aes-256-cbc-hmac-sha256",
    "aes-256-ccm",
    "aes-256-cfb",
    "aes-256-cfb1",
    "aes-256-cfb8",
    "aes-256-ctr",
    "aes-256-ecb",
    "aes-256-gcm",
    "aes-256-ocb",
    "aes-256-ofb",
    "aes-256-xts",
    "aes128",
    "aes128-wrap",
    "aes128-wrap-pad",
    "aes192",
    "aes192-wrap",
    "aes192-wrap-pad",
    "aes256",
    "aes256-wrap",
    "aes256-wrap-pad",
    "aria-128-cbc",
    "aria-128-ccm",
    "aria-128-cfb",
    "aria-128-cfb1",
    "aria-128-cfb8",
    "aria-128-ctr",
    "aria-128-ecb",
    "aria-128-gcm",
    "aria-128-ofb",
    "aria-192-cbc",
    "aria-192-ccm",
    "aria-192-cfb",
    "aria-192-cfb1",
    "aria-192-cfb8",
    "aria-192-ctr",
    "aria-192-ecb",
    "aria-192-gcm",
    "aria-192-ofb",
    "aria-256-cbc",
    "aria-256-ccm",
    "aria-256-cfb",
    "aria-256-cfb1",
    "aria-256-cfb8",
    "aria-256-ctr",
    "aria-256-ecb",
    "aria-256-gcm",
    "aria-256-ofb",
    "aria128",
    "aria192",
    "aria256",
    "camellia-128-cbc",
    "camellia-128-cfb",
    "camellia-128-cfb1",
    "camellia-128-cfb8",
    "camellia-128-ctr",
    "camellia-128-ecb",
    "camellia-128-ofb",
    "camellia-192-cbc",
    "camellia-192-cfb",
    "camellia-192-cfb1",
    "camellia-192-cfb8",
    "camellia-192-ctr",
    "camellia-192-ecb",
    "camellia-192-ofb",
    "camellia-256-cbc",
    "camellia-256-cfb",
    "camellia-256-cfb1",
    "camellia-256-cfb8",
    "camellia-256-ctr",
    "camellia-256-ecb",
    "camellia-256-ofb",
    "camellia128",
    "camellia192",
    "camellia256",
    "chacha20",
    "chacha20-poly1305",
    "des-ede",
    "des-ede-cbc",
    "des-ede-cfb",
    "des-ede-ecb",
    "des-ede-ofb",
    "des-ede3",
    "des-ede3-cbc",
    "des-ede3-cfb",
    "des-ede3-cfb1",
    "des-ede3-cfb8",
    "des-ede3-ecb",
    "des-ede3-ofb",
    "des3",
    "des3-wrap",
    "id-aes128-CCM",
    "id-aes128-GCM",
    "id-aes128-wrap",
    "id-aes128-wrap-pad",
    "id-aes192-CCM",
    "id-aes192-GCM",
    "id-aes192-wrap",
    "id-aes192-wrap-pad",
    "id-aes256-CCM",
    "id-aes256-GCM",
    "id-aes256-wrap",
    "id-aes256-wrap-pad",
    "id-smime-alg-CMS3DESwrap",
    "sm4",
    "sm4-cbc",
    "sm4-cfb",
    "sm4-ctr",
    "sm4-ecb",
    "sm4-ofb",
];

/// The name of every cipher.
pub fn names() -> Vec<&'static str> {
    NAMES
        .iter()
        .copied()
        .filter(|name| find(name).is_some())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encrypted_is_decrypted() {
        for name in [
            "aes-128-cbc",
            "aes-256-ctr",
            "aes-192-gcm",
            "aes-128-ccm",
            "aes-128-ocb",
            "chacha20-poly1305",
            "aes-256-ecb",
        ] {
            let facts = facts(name).unwrap();
            let key = vec![1; facts.key_length];
            let iv = vec![2; facts.iv_length];
            let iv = (facts.iv_length > 0).then_some(&iv[..]);
            let data = facts.mode.is_authenticated().then_some(&b"head"[..]);
            let tag_length = facts.mode.is_authenticated().then_some(16);
            let sealed = encrypt(name, &key, iv, data, tag_length, b"a message").unwrap();
            assert_ne!(&sealed[..9], b"a message");
            assert_eq!(
                decrypt(name, &key, iv, data, tag_length, &sealed).unwrap(),
                b"a message",
                "{name}"
            );
            if facts.mode.is_authenticated() {
                let mut changed = sealed.clone();
                changed[0] ^= 1;
                let failure = decrypt(name, &key, iv, data, tag_length, &changed).unwrap_err();
                assert_eq!(
                    failure.message, "Unsupported state or unable to authenticate data",
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn wrong_keys_and_vectors_are_refused() {
        let code = |key: &[u8], iv: Option<&[u8]>| {
            Run::new("aes-128-cbc", true, key, iv, &Wish::default())
                .err()
                .unwrap()
                .code
                .unwrap()
        };
        assert_eq!(code(&[0; 15], Some(&[0; 16])), "ERR_CRYPTO_INVALID_KEYLEN");
        assert_eq!(code(&[0; 16], Some(&[0; 15])), "ERR_CRYPTO_INVALID_IV");
        assert_eq!(code(&[0; 16], None), "ERR_CRYPTO_INVALID_IV");
        assert!(find("no such cipher").is_none());
    }

    #[test]
    fn every_name_has_facts() {
        for name in names() {
            assert!(facts(name).unwrap().key_length > 0, "{name}");
        }
    }
}
