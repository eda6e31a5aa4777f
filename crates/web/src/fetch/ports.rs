//! Ports that a page's requests may not go to (<https://fetch.spec.whatwg.org/#port-blocking>): services listen there that could take the lines
//! of a request for their own.

use url::Url;

use super::Request;
use crate::{Error, ErrorKind, Result};

/// In order.
const BAD: [u16; 82] = [
    1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102,
    103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465,
    512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993,
    995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668,
    6669, 6679, 6697, 10080,
];

/// Whether `url` names a port that the standard blocks.
pub fn has_bad_port(url: &Url) -> bool {
    url.port()
        .is_some_and(|port| BAD.binary_search(&port).is_ok())
}

/// That a request goes where it may.
pub(super) fn require_good(request: &Request) -> Result<()> {
    match request.blocks_ports && has_bad_port(&request.url) {
        true => Err(bad_port()),
        false => Ok(()),
    }
}

/// What the request fails with.
pub fn bad_port() -> Error {
    Error::new(ErrorKind::Denied, "bad port")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_searched_in_their_order() {
        assert!(BAD.is_sorted());
        let is_bad = |text: &str| has_bad_port(&Url::parse(text).unwrap());
        assert!(is_bad("http://a.test:6667/") && is_bad("https://a.test:25/"));
        assert!(!is_bad("http://a.test/") && !is_bad("https://a.test:8443/"));
    }
}
