//! Modules in `data:` URLs (<https://fetch.spec.whatwg.org/#data-urls>).

use url::Url;

use super::Flavour;
use super::generated::{binary_module, no_source_phase};
use super::source_maps::SourceMaps;
use crate::engine::{Error, Local, Scope, transcoding};
use crate::typescript;

/// The text of a `data:` URL.
///
/// # Errors
/// When it is malformed or no text.
pub(crate) fn data_text(url: &Url) -> Result<String, Error> {
    let bytes = data_bytes(url)?;
    String::from_utf8(bytes)
        .map_err(|_| Error::type_error("cannot import the data URL: it is malformed"))
}

/// The bytes of a `data:` URL.
fn data_bytes(url: &Url) -> Result<Vec<u8>, Error> {
    let bad = || Error::type_error("cannot import the data URL: it is malformed");
    let (head, body) = url.path().split_once(',').ok_or_else(bad)?;
    // A question mark belongs to the data.
    let body = match url.query() {
        Some(query) => format!("{body}?{query}"),
        None => body.to_owned(),
    };
    let bytes: Vec<u8> = percent_decode(&body);
    match head.strip_suffix(";base64") {
        Some(_) => transcoding::decode_base64_to_vec(&bytes).ok_or_else(bad),
        None => Ok(bytes),
    }
}

/// The type that a `data:` URL says, without its parameters.
pub(super) fn data_type(url: &Url) -> &str {
    (url.path().split([',', ';']).next()).unwrap_or_default()
}

/// `data:text/javascript,...`, `data:application/json,...`.
pub(super) fn data_module<'s>(
    scope: &Scope<'s>,
    url: &Url,
    flavour: Flavour,
) -> Result<Local<'s>, Error> {
    let essence = data_type(url);
    if flavour == Flavour::Bytes || essence == "application/wasm" {
        return binary_module(scope, data_bytes(url)?, url.as_str(), flavour);
    }
    let text = data_text(url)?;
    SourceMaps::note(scope, url.as_str(), &text);
    match (flavour, essence) {
        (Flavour::Text, _) => scope.default_module(scope.string(&text)?),
        (Flavour::Source, _) => Err(no_source_phase(url.as_str())),
        (_, "application/json") => scope.json_module(&text, url.as_str()),
        (_, "text/javascript" | "application/javascript") => {
            scope.compile_module(&text, url.as_str(), scope.string(url.as_str())?)
        }
        (_, "application/typescript" | "text/typescript") => {
            let code =
                typescript::strip(&text).map_err(|problem| problem.into_error(url.as_str()))?;
            scope.compile_module(&code, url.as_str(), scope.string(url.as_str())?)
        }
        _ => Err(Error::coded(
            "ERR_UNKNOWN_MODULE_FORMAT",
            format!("cannot import data of the type '{essence}'"),
        )),
    }
}

fn percent_decode(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while index < bytes.len() {
        let digit = |at: usize| bytes.get(at).and_then(|&byte| (byte as char).to_digit(16));
        match (bytes[index], digit(index + 1), digit(index + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                index += 3;
            }
            (byte, ..) => {
                decoded.push(byte);
                index += 1;
            }
        }
    }
    decoded
}
