//! `data:` urls (<https://fetch.spec.whatwg.org/#data-url-processor>).

use super::{Request, Response};
use crate::{Error, ErrorKind, Result};
use bytes::Bytes;
use data_url::DataUrl;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};

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
    // <https://fetch.spec.whatwg.org/#concept-main-fetch>, step 21.
    let mut response = match request.method {
        Method::HEAD => Response::from_bytes(url.clone(), Bytes::new()),
        _ => Response::from_bytes(url.clone(), Bytes::from(bytes)),
    };
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
