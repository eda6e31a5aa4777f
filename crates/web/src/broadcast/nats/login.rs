//! Who we are, as a server of NATS wants to know it: a token, a name with a password, or a key of NATS's (an nkey) that signs what the server has
//! thought of, alone or with a signed statement of whose key it is (a JWT). <https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro>
//!
//! Files are read for every connection, on the blocking pool, as those who give them out renew them.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openssl::error::ErrorStack;
use openssl::pkey::{Id, PKey, Private};
use openssl::sign::Signer;
use serde_json::Value;
use twinloop_loop::Loop;

use crate::broadcast::address::ServerAddress;
use crate::{Error, ErrorKind, Result};

/// What the first byte of a key says, above its lowest three bits: that it is a secret one, and in the next five whose.
const SEED: u8 = 18 << 3;
const USER: u8 = 20 << 3;

/// Puts into the greeting who we are, by what the url says.
pub(super) async fn introduce(
    greeting: &mut Value,
    address: &ServerAddress,
    nonce: Option<&str>,
) -> Result<()> {
    match (&*address.user, &*address.password) {
        ("", "") => {}
        (token, "") => greeting["auth_token"] = token.into(),
        (user, password) => {
            greeting["user"] = user.into();
            greeting["pass"] = password.into();
        }
    }
    let files = &address.files;
    let (file, has_statement) = match (&files.credentials, &files.seed) {
        (Some(file), _) => (file.clone(), true),
        (None, Some(file)) => (file.clone(), false),
        (None, None) => return Ok(()),
    };
    let place = file.clone();
    let read = Loop::current().spawn_blocking(move || std::fs::read_to_string(file));
    let text = read
        .await
        .map_err(|failure| Error::new(ErrorKind::Internal, failure.to_string()))?
        .map_err(|cause| Error::file("open", Some(&place), cause))?;
    let key = Key::read(&text).map_err(|what| unusable(&place, what))?;
    if has_statement {
        let statement = block(&text, "JWT")
            .ok_or_else(|| unusable(&place, "there is no JWT of a user in it"))?;
        greeting["jwt"] = statement.into();
    } else {
        greeting["nkey"] = key.name().map_err(|cause| refused(&cause))?.into();
    }
    if let Some(nonce) = nonce {
        greeting["sig"] = key.sign(nonce).map_err(|cause| refused(&cause))?.into();
    }
    Ok(())
}

fn unusable(file: &Path, what: &str) -> Error {
    let message = format!("cannot use the credentials in '{}': {what}", file.display());
    Error::new(ErrorKind::Argument, message)
}

fn refused(cause: &ErrorStack) -> Error {
    let message = format!("cannot sign with an nkey: {cause}");
    Error::new(ErrorKind::Internal, message)
}

/// A user's own key.
struct Key(PKey<Private>);

impl Key {
    /// The key in a file: its only one, or that of the block that says so.
    fn read(text: &str) -> Result<Key, &'static str> {
        let mut lines = text.lines().map(str::trim);
        let seed = block(text, "SEED").or_else(|| lines.find(|line| line.starts_with('S')));
        let bytes = decode(seed.ok_or("there is no seed of an nkey in it")?)
            .ok_or("its seed is damaged")?;
        let [first, second, secret @ ..] = &*bytes else {
            return Err("its seed is damaged");
        };
        if first & 0xf8 != SEED || (first << 5 | second >> 3) != USER {
            return Err("its seed is not that of a user (SU...)");
        }
        let key = PKey::private_key_from_raw_bytes(secret, Id::ED25519);
        key.map(Key).map_err(|_| "its seed is damaged")
    }

    /// What the server knows the key by.
    fn name(&self) -> Result<String, ErrorStack> {
        Ok(encode(&[&[USER][..], &self.0.raw_public_key()?].concat()))
    }

    fn sign(&self, nonce: &str) -> Result<String, ErrorStack> {
        let mut signer = Signer::new_without_digest(&self.0)?;
        let signature = signer.sign_oneshot_to_vec(nonce.as_bytes())?;
        Ok(URL_SAFE_NO_PAD.encode(signature))
    }
}

/// What stands below the line that begins a block of this name.
fn block<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let mut lines = text.lines().map(str::trim);
    lines.find(|line| line.starts_with("---") && line.contains("BEGIN") && line.contains(name))?;
    lines
        .find(|line| !line.is_empty())
        .filter(|line| !line.starts_with("---"))
}

const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The bytes that a key's text (Base32, RFC 4648) stands for, without the checksum; `None` if that is wrong.
fn decode(text: &str) -> Option<Vec<u8>> {
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for letter in text.bytes() {
        let value = LETTERS.iter().position(|known| *known == letter)?;
        bits = bits << 5 | value as u32;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    let sum = bytes.split_off(bytes.len().checked_sub(2)?);
    (checksum(&bytes).to_le_bytes() == *sum).then_some(bytes)
}

fn encode(bytes: &[u8]) -> String {
    let sum = checksum(bytes).to_le_bytes();
    let (mut bits, mut count, mut text) = (0_u32, 0, String::new());
    for byte in bytes.iter().chain(&sum) {
        bits = bits << 8 | u32::from(*byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            text.push(char::from(LETTERS[(bits >> count) as usize % 32]));
        }
    }
    if count > 0 {
        text.push(char::from(LETTERS[(bits << (5 - count)) as usize % 32]));
    }
    text
}

/// CRC-16 as XMODEM has it.
fn checksum(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |mut sum, byte| {
        sum ^= u16::from(*byte) << 8;
        for _ in 0..8 {
            sum = match sum & 0x8000 {
                0 => sum << 1,
                _ => sum << 1 ^ 0x1021,
            };
        }
        sum
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_and_what_is_none_is_refused() {
        assert_eq!(checksum(b"123456789"), 0x31c3);
        let seed = encode(&[&[SEED | USER >> 5, USER << 3][..], &[7; 32]].concat());
        assert!(seed.starts_with("SU"), "{seed}");
        let file = format!(
            "-----BEGIN NATS USER JWT-----\ne30.e30.x\n------END NATS USER JWT------\n\n*** secret\n-----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
        );
        assert_eq!(block(&file, "JWT"), Some("e30.e30.x"));
        let name = Key::read(&file).unwrap().name().unwrap();
        assert!(name.starts_with('U') && name.len() == 56, "{name}");
        assert_eq!(Key::read(&seed).unwrap().name().unwrap(), name);
        assert_eq!(decode(&name).map(|bytes| bytes[0]), Some(USER));
        let account = encode(&[&[SEED, 0][..], &[7; 32]].concat());
        let damaged = seed.replace('A', "B");
        for (text, said) in [
            ("", "no seed"),
            (&*account, "not that of a user"),
            (&*damaged, "damaged"),
            ("S", "damaged"),
        ] {
            let error = Key::read(text).err().unwrap();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
