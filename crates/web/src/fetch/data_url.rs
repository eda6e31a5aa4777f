//! `data:` urls (<https://fetch.spec.whatwg.org/#data-url-processor>).

use super::{Request, Response};
use crate::{Error, ErrorKind, Result};
use bytes::Bytes;
use data_url::DataUrl;
use http::HeaderValue;
use http::header::CONTENT_TYPE;

/// The response that the url itself carries.
pub(super) fn response(request: &Request) -> Result<Response> {
    let mut url = request.url.clone();
    url.set_fragment(None);
    let failed = || {
        Error::new(
            ErrorKind::Url,
            format!("invalid data url '{}'", shortened(url.as_str())),
        )
    };
    let data = DataUrl::process(url.as_str())
        .map_err(|cause| failed().with_source(format!("{cause:?}")))?;
    let (bytes, _fragment) = data
        .decode_to_vec()
        .map_err(|cause| failed().with_source(format!("{cause:?}")))?;
    let media_type = HeaderValue::try_from(data.mime_type().to_string())
        .map_err(|cause| failed().with_source(cause))?;
    let mut response = Response::from_bytes(url.clone(), Bytes::from(bytes));
    response.headers.insert(CONTENT_TYPE, media_type);
    Ok(response)
}

/// A data url can be megabytes long; an error message must not be.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
