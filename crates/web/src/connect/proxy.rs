//! Proxies: which of them a connection goes through, as the environment says, and how it gets through.
//!
//! `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` in small or capital letters, with curl's meaning: the small ones come first, and
//! `HTTP_PROXY` does not count in a CGI program, where a client can set it. A proxy is `http://`, `https://`, `socks5://` (names are looked up
//! here) or `socks5h://` (there), with a user and a password if it wants them; a name without a scheme is `http://`.
//!
//! Requests of `http://` urls go to an HTTP proxy as they are, by their whole url; everything else goes through a tunnel: CONNECT
//! (RFC 9110, section 9.3.6) or SOCKS (RFC 1928 and 1929). On the loop's thread, under the limit of the connection that is made.

use super::without_brackets;
use crate::{Error, ErrorKind, Result, dns};
use http::HeaderValue;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use url::Url;

/// The largest answer to CONNECT.
const ANSWER_LIMIT: usize = 64 * 1024;

/// The proxies of a client, and what goes past them.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    http: Option<Result<Proxy>>,
    https: Option<Result<Proxy>>,
    past: Vec<Past>,
}

/// A proxy.
#[derive(Clone, Debug)]
pub(crate) struct Proxy {
    pub(crate) speaks: ProxySpeaks,
    pub(crate) host: String,
    pub(crate) port: u16,
    user: Vec<u8>,
    password: Vec<u8>,
    /// The header Proxy-Authorization, if the proxy's url has a user.
    pub(crate) authorization: Option<HeaderValue>,
}

/// What is spoken with a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProxySpeaks {
    Http,
    Https,
    /// SOCKS 5; names are looked up here, or by the proxy.
    Socks {
        names: bool,
    },
}

/// What a connection goes past the proxies to: an entry of `no_proxy`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Past {
    Everything,
    /// A domain and all below it, at one port or at each.
    Domain(String, Option<u16>),
    /// Addresses whose first bits are these.
    Network(IpAddr, u8),
    Address(IpAddr, Option<u16>),
}

impl Proxies {
    /// The proxies that the environment of the process names. One that cannot be read is told by the connection that needs it.
    pub fn from_environment() -> Proxies {
        Proxies::of(|name| {
            let is_of_client = name == "HTTP_PROXY" && std::env::var_os("REQUEST_METHOD").is_some();
            (!is_of_client).then(|| std::env::var(name).ok()).flatten()
        })
    }

    /// The proxies by the variables that `variable` knows.
    ///
    /// # Examples
    /// ```
    /// let proxies = twinloop_web::Proxies::of(|name| (name == "https_proxy").then(|| "proxy.example:3128".to_owned()));
    /// ```
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Proxies {
        let first = |names: &[&'static str]| {
            let set = names
                .iter()
                .find_map(|name| Some((*name, variable(name).filter(|text| !text.is_empty())?)));
            set.map(|(name, text)| Proxy::parse(name, &text))
        };
        let past = variable("no_proxy").or_else(|| variable("NO_PROXY"));
        let past = past.unwrap_or_default();
        Proxies {
            http: first(&["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]),
            https: first(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
            past: past
                .split([',', ' ', '\t'])
                .filter(|text| !text.is_empty())
                .map(Past::parse)
                .collect(),
        }
    }

    /// The proxy for a connection to `host:port`.
    pub(super) fn find(&self, secure: bool, host: &str, port: u16) -> Result<Option<&Proxy>> {
        let proxy = if secure { &self.https } else { &self.http };
        let Some(proxy) = proxy else {
            return Ok(None);
        };
        if self.past.iter().any(|past| past.matches(host, port)) {
            return Ok(None);
        }
        proxy.as_ref().map(Some).map_err(Error::clone)
    }
}

impl Proxy {
    fn parse(variable: &str, text: &str) -> Result<Proxy> {
        // The value may hold a password, so the message does not.
        let invalid = |what: &str| {
            Error::new(
                ErrorKind::Argument,
                format!("the proxy in {variable} {what}"),
            )
        };
        let whole = match text.contains("://") {
            true => text.to_owned(),
            false => format!("http://{text}"),
        };
        let url = Url::parse(&whole).map_err(|cause| invalid("is no url").with_source(cause))?;
        let (speaks, usual_port) = match url.scheme() {
            "http" => (ProxySpeaks::Http, 80),
            "https" => (ProxySpeaks::Https, 443),
            "socks5" => (ProxySpeaks::Socks { names: false }, 1080),
            "socks5h" | "socks" => (ProxySpeaks::Socks { names: true }, 1080),
            scheme => return Err(invalid(&format!("has the unknown scheme '{scheme}'"))),
        };
        let host = url.host_str().filter(|host| !host.is_empty());
        let authorization = (!url.username().is_empty() || url.password().is_some())
            .then(|| crate::fetch::basic_credentials(&url));
        Ok(Proxy {
            speaks,
            host: host.ok_or_else(|| invalid("names no host"))?.to_owned(),
            port: url.port().unwrap_or(usual_port),
            user: crate::fetch::percent_decode(url.username()),
            password: crate::fetch::percent_decode(url.password().unwrap_or_default()),
            authorization,
        })
    }

    /// Whether requests of `http://` urls are given to it as they are.
    pub(crate) fn forwards(&self) -> bool {
        matches!(self.speaks, ProxySpeaks::Http | ProxySpeaks::Https)
    }

    /// Asks the proxy on `stream` for a tunnel to `host:port`. Afterwards the stream is the other end's.
    pub(super) async fn open_tunnel(
        &self,
        stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
        host: &str,
        port: u16,
    ) -> Result<()> {
        match self.speaks {
            ProxySpeaks::Http | ProxySpeaks::Https => self.connect(stream, host, port).await,
            ProxySpeaks::Socks { names } => self.socks(stream, host, port, names).await,
        }
    }

    async fn connect(
        &self,
        stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
        host: &str,
        port: u16,
    ) -> Result<()> {
        let cut = |cause: io::Error| {
            self.failed(host, port, "closed the connection")
                .with_source(cause)
        };
        let mut request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n");
        if let Some(authorization) = &self.authorization {
            let value = String::from_utf8_lossy(authorization.as_bytes());
            request.push_str(&format!("Proxy-Authorization: {value}\r\n"));
        }
        request.push_str("\r\n");
        send(stream, request.as_bytes()).await.map_err(cut)?;
        let mut answer = Vec::with_capacity(512);
        loop {
            if stream.read_buf(&mut answer).await.map_err(cut)? == 0 {
                return Err(self.failed(host, port, "closed the connection"));
            }
            let mut headers = [httparse::EMPTY_HEADER; 128];
            let mut head = httparse::Response::new(&mut headers);
            match head.parse(&answer) {
                Ok(httparse::Status::Complete(length)) => {
                    let status = head.code.unwrap_or_default();
                    let reason = head.reason.unwrap_or_default();
                    if !(200..300).contains(&status) {
                        let what = format!("answered {status} {reason}");
                        return Err(self.failed(host, port, what.trim_end()));
                    }
                    if answer.len() > length {
                        // Nobody speaks first to a client of TLS or WebSocket.
                        return Err(self.failed(host, port, "sent more than an answer"));
                    }
                    return Ok(());
                }
                Ok(httparse::Status::Partial) if answer.len() < ANSWER_LIMIT => {}
                _ => return Err(self.failed(host, port, "did not answer in http")),
            }
        }
    }

    async fn socks(
        &self,
        stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
        host: &str,
        port: u16,
        names: bool,
    ) -> Result<()> {
        let cut = |cause: io::Error| {
            self.failed(host, port, "closed the connection")
                .with_source(cause)
        };
        let strange = || self.failed(host, port, "did not answer in socks 5");
        let has_user = self.authorization.is_some();
        // Without authentication, or by user and password.
        let methods: &[u8] = if has_user { &[5, 2, 0, 2] } else { &[5, 1, 0] };
        send(stream, methods).await.map_err(cut)?;
        let mut chosen = [0; 2];
        stream.read_exact(&mut chosen).await.map_err(cut)?;
        match chosen {
            [5, 0] => {}
            [5, 2] if has_user => {
                let too_long = |_| self.failed(host, port, "takes no user as long as that");
                let mut login = vec![1, u8::try_from(self.user.len()).map_err(too_long)?];
                login.extend_from_slice(&self.user);
                login.push(u8::try_from(self.password.len()).map_err(too_long)?);
                login.extend_from_slice(&self.password);
                send(stream, &login).await.map_err(cut)?;
                let mut outcome = [0; 2];
                stream.read_exact(&mut outcome).await.map_err(cut)?;
                if outcome[1] != 0 {
                    return Err(self.failed(host, port, "does not accept the user"));
                }
            }
            [5, _] => return Err(self.failed(host, port, "wants another authentication")),
            _ => return Err(strange()),
        }
        let mut request = vec![5, 1, 0];
        let bare = without_brackets(host);
        match bare.parse() {
            Ok(address) => push_address(&mut request, address),
            Err(_) if names => {
                request.push(3);
                let too_long = |_| self.failed(host, port, "takes no name as long as that");
                request.push(u8::try_from(bare.len()).map_err(too_long)?);
                request.extend_from_slice(bare.as_bytes());
            }
            Err(_) => push_address(&mut request, dns::lookup(&[], bare, port).await?[0].ip()),
        }
        request.extend_from_slice(&port.to_be_bytes());
        send(stream, &request).await.map_err(cut)?;
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).await.map_err(cut)?;
        if answer[0] != 5 {
            return Err(strange());
        }
        if answer[1] != 0 {
            return Err(self.failed(host, port, socks_failure(answer[1])));
        }
        // The address from which the proxy connects, and its port: nobody needs it.
        let length = match answer[3] {
            1 => 4,
            4 => 16,
            3 => stream.read_u8().await.map_err(cut)?.into(),
            _ => return Err(strange()),
        };
        let mut bound = vec![0; length + 2];
        stream.read_exact(&mut bound).await.map_err(cut)?;
        Ok(())
    }

    fn failed(&self, host: &str, port: u16, what: &str) -> Error {
        let message = format!(
            "cannot connect to {host}:{port}: the proxy {}:{} {what}",
            self.host, self.port
        );
        Error::new(ErrorKind::Connect, message)
    }
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}

fn push_address(request: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(address) => {
            request.push(1);
            request.extend_from_slice(&address.octets());
        }
        IpAddr::V6(address) => {
            request.push(4);
            request.extend_from_slice(&address.octets());
        }
    }
}

/// RFC 1928, section 6.
fn socks_failure(code: u8) -> &'static str {
    match code {
        2 => "does not allow it",
        3 => "cannot reach the network",
        4 => "cannot reach the host",
        5 => "was refused",
        6 => "waited too long",
        7 | 8 => "does not support it",
        _ => "failed",
    }
}

impl Past {
    fn parse(text: &str) -> Past {
        if text == "*" {
            return Past::Everything;
        }
        if let Some((address, bits)) = text.split_once('/')
            && let (Ok(address), Ok(bits)) = (without_brackets(address).parse(), bits.parse())
        {
            return Past::Network(address, bits);
        }
        if let Ok(address) = without_brackets(text).parse() {
            return Past::Address(address, None);
        }
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) => match port.parse() {
                Ok(port) => (name, Some(port)),
                Err(_) => (text, None),
            },
            None => (text, None),
        };
        if let Ok(address) = without_brackets(name).parse() {
            return Past::Address(address, port);
        }
        let name = name.strip_prefix('*').unwrap_or(name);
        let name = name.strip_prefix('.').unwrap_or(name);
        Past::Domain(name.trim_end_matches('.').to_ascii_lowercase(), port)
    }

    fn matches(&self, host: &str, port: u16) -> bool {
        let host = without_brackets(host);
        let is_port = |wanted: Option<u16>| wanted.is_none_or(|wanted| wanted == port);
        match self {
            Past::Everything => true,
            Past::Domain(name, wanted) => {
                let host = host.trim_end_matches('.').to_ascii_lowercase();
                let below = host.strip_suffix(name.as_str());
                let is_it = below.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
                is_it && is_port(*wanted)
            }
            Past::Address(address, wanted) => {
                host.parse()
                    .is_ok_and(|host: IpAddr| host.to_canonical() == address.to_canonical())
                    && is_port(*wanted)
            }
            Past::Network(network, bits) => host
                .parse()
                .is_ok_and(|host: IpAddr| is_in(host.to_canonical(), *network, *bits)),
        }
    }
}

/// Whether the first `bits` of both addresses are the same.
fn is_in(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let low = 32u32.saturating_sub(bits.into());
            let of = |address: Ipv4Addr| u32::from(address).checked_shr(low);
            of(address) == of(network)
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let low = 128u32.saturating_sub(bits.into());
            let of = |address: Ipv6Addr| u128::from(address).checked_shr(low);
            of(address) == of(network)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(pairs: &'static [(&str, &str)]) -> Proxies {
        Proxies::of(|name| {
            let found = pairs.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn found(proxies: &Proxies, secure: bool, host: &str, port: u16) -> Option<(String, u16)> {
        let proxy = proxies.find(secure, host, port).unwrap()?;
        Some((proxy.host.clone(), proxy.port))
    }

    #[test]
    fn small_letters_come_first_and_all_proxy_last() {
        let these = proxies(&[
            ("http_proxy", "small.example:1"),
            ("HTTP_PROXY", "capital.example:2"),
            ("ALL_PROXY", "socks5://all.example"),
        ]);
        assert_eq!(
            found(&these, false, "a.test", 80),
            Some(("small.example".into(), 1))
        );
        assert_eq!(
            found(&these, true, "a.test", 443),
            Some(("all.example".into(), 1080))
        );
    }

    #[test]
    fn what_no_proxy_names_goes_past() {
        let these = proxies(&[
            ("http_proxy", "http://proxy.example"),
            (
                "no_proxy",
                "localhost, .a.test,*.b.test c.test:81,10.0.0.0/8,::1,192.0.2.1,fd00::/8",
            ),
        ]);
        for (host, port) in [
            ("localhost", 1),
            ("A.test", 80),
            ("x.a.test", 80),
            ("x.b.test", 80),
            ("c.test", 81),
            ("10.1.2.3", 80),
            ("[::1]", 80),
            ("192.0.2.1", 80),
            ("[fd12::1]", 80),
        ] {
            assert_eq!(found(&these, false, host, port), None, "{host}");
        }
        for (host, port) in [
            ("xa.test", 80),
            ("c.test", 80),
            ("11.1.2.3", 80),
            ("192.0.2.2", 80),
            ("[fe80::1]", 80),
        ] {
            assert!(found(&these, false, host, port).is_some(), "{host}");
        }
        let none = proxies(&[("https_proxy", "p.example"), ("NO_PROXY", "*")]);
        assert_eq!(found(&none, true, "a.test", 443), None);
    }

    #[test]
    fn a_proxy_that_cannot_be_read_is_told_without_its_password() {
        let these = proxies(&[("https_proxy", "ftp://user:secret@proxy.example")]);
        let error = these.find(true, "a.test", 443).unwrap_err();
        assert!(error.message().contains("https_proxy"), "{error}");
        assert!(!error.chain().contains("secret"), "{}", error.chain());
        assert_eq!(found(&these, false, "a.test", 80), None);
    }
}
