//! Subresource Integrity (<https://w3c.github.io/webappsec-subresource-integrity/>): whether a body is the one that the program means.
//!
//! The digests are computed as the chunks arrive; the body is given out when all of it is here and matches, as fetch has it.

use super::{Body, Response};
use crate::crypto::digest::{Algorithm, Digest};
use crate::{Error, ErrorKind, Result};
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::BytesMut;

/// The algorithms, the strongest last.
const ALGORITHMS: [(&str, &str); 3] = [
    ("sha256", "SHA256"),
    ("sha384", "SHA384"),
    ("sha512", "SHA512"),
];

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a body must be: one of some digests by one algorithm. Boxed, so that the requests without it, which most are, stay small.
#[derive(Clone, Debug)]
pub struct Integrity(Box<Expected>);

#[derive(Clone, Debug)]
struct Expected {
    algorithm: &'static str,
    digests: Vec<Vec<u8>>,
    text: String,
}

impl Integrity {
    /// Reads the metadata: of several algorithms the strongest counts. `None` if nothing in it is understood, which allows everything.
    pub fn parse(text: &str) -> Option<Integrity> {
        let mut strongest = None;
        let mut digests = Vec::new();
        for token in text.split_ascii_whitespace() {
            let expression = token.split('?').next().unwrap_or_default();
            let Some((name, value)) = expression.split_once('-') else {
                continue;
            };
            let place = ALGORITHMS
                .iter()
                .position(|(known, _)| known.eq_ignore_ascii_case(name));
            let Some(place) = place else { continue };
            if strongest > Some(place) {
                continue;
            }
            if strongest < Some(place) {
                strongest = Some(place);
                digests.clear();
            }
            // In the alphabet of urls as well. What is no base64 is no digest, and matches nothing.
            let value = value.replace('-', "+").replace('_', "/");
            digests.push(BASE64.decode(value).unwrap_or_default());
        }
        strongest.map(|place| {
            Integrity(Box::new(Expected {
                algorithm: ALGORITHMS[place].1,
                digests,
                text: text.to_owned(),
            }))
        })
    }

    /// Whether `bytes` are what is meant.
    ///
    /// # Errors
    /// `is_internal()` when the digest cannot be computed.
    pub fn allows(&self, bytes: &[u8]) -> Result<bool> {
        let mut digest = self.digest()?;
        digest.update(bytes).map_err(not_computed)?;
        self.matches(digest)
    }

    /// `response` with the whole of its body, if that is what is meant.
    pub(super) async fn check(&self, mut response: Response) -> Result<Response> {
        let mut digest = self.digest()?;
        let mut whole = BytesMut::new();
        let has_body = !response.body.is_null();
        while let Some(chunk) = response.body.next_chunk().await {
            let chunk = chunk?;
            digest.update(&chunk).map_err(not_computed)?;
            whole.extend_from_slice(&chunk);
        }
        if !has_body || !self.matches(digest)? {
            let message = format!(
                "the body of {} is not what its integrity '{}' says",
                response.url, self.0.text
            );
            return Err(Error::new(ErrorKind::Body, message));
        }
        response.body = Body::from(whole.freeze());
        Ok(response)
    }

    fn digest(&self) -> Result<Digest> {
        let algorithm = Algorithm::find(self.0.algorithm)
            .ok_or_else(|| Error::new(ErrorKind::Internal, "a digest of SHA-2 is missing"))?;
        Digest::new(algorithm, None).map_err(not_computed)
    }

    fn matches(&self, digest: Digest) -> Result<bool> {
        let found = digest.finish().map_err(not_computed)?;
        Ok(self.0.digests.contains(&found))
    }
}

fn not_computed(cause: crate::crypto::Failure) -> Error {
    Error::new(ErrorKind::Internal, "cannot compute a digest").with_source(cause)
}
