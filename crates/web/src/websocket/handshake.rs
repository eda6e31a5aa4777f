//! The opening handshake (RFC 6455, section 4), the client's side.

use super::deflate::{self, Agreement};
use super::frame::broken;
use crate::connect::{Alpn, Transport};
use crate::fetch::{Client, parse_url};
use crate::http1::is_token;
use crate::{Error, ErrorKind, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONNECTION, HOST, UPGRADE, USER_AGENT};
use http::{HeaderMap, HeaderName};
use sha1::{Digest, Sha1};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use twinloop_loop::time;
use url::{Position, Url};

/// What every server appends to the key before hashing it.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const LONGEST_ANSWER: usize = 64 * 1024;
const MOST_HEADERS: usize = 128;

/// What a WebSocket is opened with. Fields are public: fill in what differs.
#[derive(Clone, Debug)]
pub struct Handshake {
    /// `ws://` or `wss://`; `http` and `https` mean the same. A fragment is not sent.
    pub url: Url,
    /// Subprotocols that we speak, the preferred one first.
    pub protocols: Vec<String>,
    /// Further headers of the opening request.
    pub headers: HeaderMap,
    /// Offer permessage-deflate.
    pub compress: bool,
    /// The longest message accepted, decompressed; a longer one closes the connection with 1009.
    pub max_message_bytes: usize,
    /// The most bytes that may wait to be sent.
    pub max_queued_bytes: usize,
    /// How long the peer may take to answer our close.
    pub close_timeout: Duration,
    /// How often the peer is asked by a ping whether it is still there; never, if `None`.
    pub ping_interval: Option<Duration>,
    /// How long it may then be silent before the connection is given up.
    pub ping_timeout: Duration,
}

impl Handshake {
    /// A handshake without subprotocols, with compression and the default limits (64 MiB a message, 16 MiB queued).
    ///
    /// # Errors
    /// `is_url()` when `url` is not an absolute url; `is_scheme()` when it is not one of a WebSocket.
    pub fn new(url: &str) -> Result<Handshake> {
        Handshake::with_url(parse_url(url)?)
    }

    /// As [`Handshake::new`], for a url parsed already.
    ///
    /// # Errors
    /// `is_scheme()` when the url is not one of a WebSocket.
    pub fn with_url(mut url: Url) -> Result<Handshake> {
        let scheme = match url.scheme() {
            "ws" | "http" => "ws",
            "wss" | "https" => "wss",
            other => {
                let message =
                    format!("cannot open a websocket to {url}: scheme '{other}' is not ws or wss");
                return Err(Error::new(ErrorKind::Scheme, message));
            }
        };
        url.set_fragment(None);
        if url.set_scheme(scheme).is_err() {
            return Err(Error::new(
                ErrorKind::Url,
                format!("invalid websocket url '{url}'"),
            ));
        }
        Ok(Handshake {
            url,
            protocols: Vec::new(),
            headers: HeaderMap::new(),
            compress: true,
            max_message_bytes: 64 << 20,
            max_queued_bytes: 16 << 20,
            close_timeout: Duration::from_secs(10),
            ping_interval: None,
            ping_timeout: Duration::from_secs(20),
        })
    }
}

/// An open connection and what was agreed for it.
pub(super) struct Opened {
    pub(super) transport: Transport,
    pub(super) protocol: String,
    pub(super) extensions: String,
    pub(super) agreement: Option<Agreement>,
    /// What the server sent right behind its answer: the first frames.
    pub(super) received: Vec<u8>,
}

/// Connects and shakes hands, all within the connect timeout.
pub(super) async fn open(client: &Client, handshake: &Handshake) -> Result<Opened> {
    let opening = connect_and_agree(client, handshake);
    let Some(limit) = client.config().connect_timeout else {
        return opening.await;
    };
    time::timeout(limit, opening)
        .await
        .unwrap_or_else(|_elapsed| {
            let message = format!(
                "cannot open a websocket to {} within {} ms",
                handshake.url,
                limit.as_millis()
            );
            Err(Error::new(ErrorKind::Timeout, message))
        })
}

async fn connect_and_agree(client: &Client, handshake: &Handshake) -> Result<Opened> {
    let url = &handshake.url;
    client.config().require_allowed(url)?;
    let no_host = || Error::new(ErrorKind::Url, format!("{url} names no host"));
    let host = url.host_str().ok_or_else(no_host)?;
    let port = url.port_or_known_default().ok_or_else(no_host)?;
    let mut transport = match url.scheme() {
        "wss" => {
            client
                .connector()
                .connect_tls(host, port, Alpn::Http1)
                .await?
        }
        _ => client.connector().connect_plain(host, port).await?,
    };
    let key = new_key()?;
    let request = request_bytes(client, handshake, &key)?;
    let cut = |cause: std::io::Error| {
        let message = format!(
            "cannot open a websocket to {url}: the connection was closed before the answer"
        );
        Error::new(ErrorKind::Closed, message).with_source(cause)
    };
    transport.write_all(&request).await.map_err(cut)?;
    transport.flush().await.map_err(cut)?;
    let mut answer = Vec::with_capacity(1024);
    loop {
        if let Some(agreed) = read_answer(&answer, handshake, &key)? {
            let received = answer.split_off(agreed.length);
            let Agreed {
                protocol,
                extensions,
                agreement,
                ..
            } = agreed;
            return Ok(Opened {
                transport,
                protocol,
                extensions,
                agreement,
                received,
            });
        }
        if answer.len() >= LONGEST_ANSWER {
            return Err(refused(url, "its answer has no end"));
        }
        let mut chunk = [0; 4096];
        match transport.read(&mut chunk).await.map_err(cut)? {
            0 => return Err(cut(std::io::ErrorKind::UnexpectedEof.into())),
            count => answer.extend_from_slice(&chunk[..count]),
        }
    }
}

fn new_key() -> Result<String> {
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).map_err(|cause| {
        Error::new(ErrorKind::Internal, "the system has no random numbers").with_source(cause)
    })?;
    Ok(STANDARD.encode(nonce))
}

fn request_bytes(client: &Client, handshake: &Handshake, key: &str) -> Result<Vec<u8>> {
    let url = &handshake.url;
    for protocol in &handshake.protocols {
        if !is_token(protocol.as_bytes()) {
            return Err(Error::new(
                ErrorKind::Argument,
                format!("invalid websocket subprotocol '{protocol}'"),
            ));
        }
    }
    let mut lines = vec![
        format!(
            "GET {} HTTP/1.1",
            &url[Position::BeforePath..Position::AfterQuery]
        ),
        "Upgrade: websocket".into(),
        "Connection: Upgrade".into(),
        format!("Sec-WebSocket-Key: {key}"),
        "Sec-WebSocket-Version: 13".into(),
    ];
    if !handshake.headers.contains_key(HOST) {
        lines.insert(
            1,
            format!("Host: {}", &url[Position::BeforeHost..Position::AfterPort]),
        );
    }
    if !handshake.protocols.is_empty() {
        lines.push(format!(
            "Sec-WebSocket-Protocol: {}",
            handshake.protocols.join(", ")
        ));
    }
    if handshake.compress {
        lines.push(format!("Sec-WebSocket-Extensions: {}", deflate::OFFER));
    }
    if let Some(user_agent) = &client.config().user_agent
        && !handshake.headers.contains_key(USER_AGENT)
    {
        lines.push(format!("User-Agent: {user_agent}"));
    }
    let mut bytes = lines.join("\r\n").into_bytes();
    let has_credentials = !url.username().is_empty() || url.password().is_some();
    if has_credentials && !handshake.headers.contains_key(AUTHORIZATION) {
        append_header(
            &mut bytes,
            &AUTHORIZATION,
            crate::fetch::basic_credentials(url).as_bytes(),
        );
    }
    for (name, value) in &handshake.headers {
        append_header(&mut bytes, name, value.as_bytes());
    }
    bytes.extend_from_slice(b"\r\n\r\n");
    Ok(bytes)
}

fn append_header(bytes: &mut Vec<u8>, name: &HeaderName, value: &[u8]) {
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(name.as_str().as_bytes());
    bytes.extend_from_slice(b": ");
    bytes.extend_from_slice(value);
}

struct Agreed {
    /// Bytes of the answer itself.
    length: usize,
    protocol: String,
    extensions: String,
    agreement: Option<Agreement>,
}

/// What the server agreed to; `None` while its answer is not here as a whole.
fn read_answer(bytes: &[u8], handshake: &Handshake, key: &str) -> Result<Option<Agreed>> {
    let url = &handshake.url;
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut answer = httparse::Response::new(&mut headers);
    let length = match answer.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(cause) => return Err(refused(url, "its answer is not http").with_source(cause)),
    };
    let status = answer.code.unwrap_or_default();
    if status != 101 {
        let reason = answer.reason.unwrap_or_default();
        let message =
            format!("cannot open a websocket to {url}: the server answered {status} {reason}");
        let error = Error::new(ErrorKind::Connect, message.trim_end().to_owned());
        return Err(error.with_status(status));
    }
    let values = |name: &HeaderName| header_values(answer.headers, name.as_str());
    let has_token = |name: &HeaderName, token: &str| {
        values(name)
            .split(',')
            .any(|part| part.trim().eq_ignore_ascii_case(token))
    };
    if !has_token(&UPGRADE, "websocket") || !has_token(&CONNECTION, "upgrade") {
        return Err(refused(url, "its answer upgrades to something else"));
    }
    if header_values(answer.headers, "sec-websocket-accept") != accept_of(key) {
        return Err(refused(
            url,
            "its answer has the wrong sec-websocket-accept",
        ));
    }
    let protocol = header_values(answer.headers, "sec-websocket-protocol");
    if !protocol.is_empty() && !handshake.protocols.contains(&protocol) {
        return Err(refused(
            url,
            &format!("it chose the subprotocol '{protocol}', which was not offered"),
        ));
    }
    let extensions = header_values(answer.headers, "sec-websocket-extensions");
    let agreement = match Agreement::parse(&extensions) {
        Ok(Some(_)) if !handshake.compress => Err(broken(
            "the server chose an extension, but none was offered",
        )),
        parsed => parsed,
    }
    .map_err(|cause| refused(url, "its extensions do not fit").with_source(cause))?;
    Ok(Some(Agreed {
        length,
        protocol,
        extensions,
        agreement,
    }))
}

/// The values of all headers of that name, as one list.
fn header_values(headers: &[httparse::Header<'_>], name: &str) -> String {
    let values = headers
        .iter()
        .filter(|header| header.name.eq_ignore_ascii_case(name));
    values
        .map(|header| String::from_utf8_lossy(header.value).trim().to_owned())
        .collect::<Vec<_>>()
        .join(", ")
}

/// What answers a client's key.
pub(crate) fn accept_of(key: &str) -> String {
    let mut hash = Sha1::new();
    hash.update(key.as_bytes());
    hash.update(GUID);
    STANDARD.encode(hash.finalize())
}

fn refused(url: &Url, what: &str) -> Error {
    Error::new(
        ErrorKind::Protocol,
        format!("cannot open a websocket to {url}: {what}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accept_value_is_that_of_the_rfc() {
        assert_eq!(
            accept_of("dGhlIHNhbXBsZSBub25jZQ=="),
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
    }

    #[test]
    fn schemes_are_mapped_or_refused() {
        assert_eq!(
            Handshake::new("https://example.com/a#b")
                .unwrap()
                .url
                .as_str(),
            "wss://example.com/a"
        );
        assert!(
            Handshake::new("ftp://example.com/")
                .unwrap_err()
                .is_scheme()
        );
        assert!(Handshake::new("example.com").unwrap_err().is_url());
    }
}
