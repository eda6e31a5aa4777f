//! Making connections: what fetch, WebSocket and later servers' clients share.
//!
//! A [`Connector`] turns a host and port into a [`Transport`]: `--connect-to`, lookup, happy eyeballs, TCP_NODELAY, and
//! TLS where asked. It runs on the loop's thread; lookups and the loading of root certificates go to the blocking pool.
//! Every wait here ends: the whole of it stands under `Config::connect_timeout`.

mod connect_to;
mod eyeballs;
mod proxy;
mod tls;
mod transport;

pub use connect_to::ConnectTo;
pub use proxy::Proxies;
pub use transport::Transport;

pub(crate) use connect_to::without_brackets;
pub(crate) use proxy::Proxy;
pub(crate) use tls::rustls_error;
pub(crate) use transport::Watch;

use crate::fetch::CookieJar;
use crate::{Error, ErrorKind, Result, dns};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};
use twinloop_loop::time;

/// What a [`crate::Client`] is told once, for fetch and WebSocket alike.
#[derive(Clone, Debug)]
pub struct Config {
    /// `--connect-to` rules; the first that matches wins.
    pub connect_to: Vec<ConnectTo>,
    /// The file of certificate authorities (PEM) to trust instead of the system's, as curl's `--cacert`.
    ///
    /// `None` reads `SSL_CERT_FILE` and `SSL_CERT_DIR`, else the system's store, else the built-in Mozilla list.
    pub ca_file: Option<PathBuf>,
    /// What TLS servers are shown that ask who connects.
    pub client_certificate: Option<ClientCertificate>,
    /// The `User-Agent` of requests that bring none; `None` sends none.
    pub user_agent: Option<String>,
    /// Limit on lookup, TCP connect and TLS handshake together.
    pub connect_timeout: Option<Duration>,
    /// How long an unused connection is kept for the next request.
    pub idle_timeout: Duration,
    /// The proxies that connections go through.
    pub proxies: Proxies,
    /// HTTP/1.1 connections to one origin at a time; further requests wait in order.
    pub max_connections_per_origin: usize,
    /// HTTP/1.1 connections to all origins together; further requests wait in order, and what is idle elsewhere makes room.
    pub max_connections: Option<usize>,
    /// Offer HTTP/2 where TLS agrees on the protocol.
    pub http2: bool,
    /// Where fetches keep the cookies that answers set, and what they send of them; `None` keeps none.
    pub cookies: Option<CookieJar>,
    /// Who is asked before anything is sent to a host, also after a redirect; `None` lets all through.
    pub gate: Option<Gate>,
}

/// A certificate of the client's own, and its key, as PEM files, which may be the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate, and those between it and its authority.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Says whether a host and port may be reached; the error, of any kind, is what the request fails with.
#[derive(Clone)]
pub struct Gate(Rc<GateFn>);

type GateFn = dyn Fn(&str, u16) -> Result<()>;

impl Gate {
    /// A gate that asks `decide`, on the loop's thread.
    pub fn new(decide: impl Fn(&str, u16) -> Result<()> + 'static) -> Gate {
        Gate(Rc::new(decide))
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Gate")
    }
}

impl Default for Config {
    fn default() -> Config {
        Config {
            connect_to: Vec::new(),
            ca_file: None,
            client_certificate: None,
            user_agent: Some(concat!("twinloop/", env!("CARGO_PKG_VERSION")).to_owned()),
            connect_timeout: Some(Duration::from_secs(30)),
            idle_timeout: Duration::from_secs(15),
            proxies: Proxies::default(),
            max_connections_per_origin: 256,
            max_connections: None,
            http2: true,
            cookies: None,
            gate: None,
        }
    }
}

impl Config {
    /// Asks the gate about a url's host.
    pub(crate) fn require_allowed(&self, url: &url::Url) -> Result<()> {
        let (Some(gate), Some(host)) = (&self.gate, url.host_str()) else {
            return Ok(());
        };
        (gate.0)(host, url.port_or_known_default().unwrap_or_default())
    }

    /// Asks the gate about a host.
    pub(crate) fn require_host_allowed(&self, host: &str, port: u16) -> Result<()> {
        match &self.gate {
            Some(gate) => (gate.0)(host, port),
            None => Ok(()),
        }
    }

    /// The defaults with the rules of `TWINLOOP_CONNECT_TO` (comma-separated) and the proxies of the environment.
    ///
    /// # Errors
    /// When the variable holds something that is not a rule.
    pub fn from_environment() -> Result<Config> {
        let rules = std::env::var("TWINLOOP_CONNECT_TO").unwrap_or_default();
        Ok(Config {
            connect_to: ConnectTo::parse_list(&rules)?,
            proxies: Proxies::from_environment(),
            ..Config::default()
        })
    }

    /// [`Config::from_environment`] with what a program was started with: `--connect-to` rules, tried before the
    /// environment's, and `--ca-file`. `None` if there is neither, so that nobody has to make a client early.
    ///
    /// # Errors
    /// When a rule, or the environment's variable, is not one.
    pub fn of_program(connect_to: &[String], ca_file: Option<&Path>) -> Result<Option<Config>> {
        if connect_to.is_empty() && ca_file.is_none() {
            return Ok(None);
        }
        let mut config = Config::from_environment()?;
        let rules = connect_to.iter().map(|rule| rule.parse());
        let rules: Vec<ConnectTo> = rules.collect::<Result<_>>()?;
        config.connect_to.splice(0..0, rules);
        if let Some(file) = ca_file {
            config.ca_file = Some(file.to_owned());
        }
        Ok(Some(config))
    }
}

/// Makes connections by one [`Config`]. A cheap handle: clone it.
#[derive(Clone)]
pub struct Connector {
    shared: Rc<SharedConnector>,
}

struct SharedConnector {
    config: Config,
    tls: tls::Files,
}

impl Connector {
    /// A connector for `config`; it reads no file and resolves no name before it is used.
    pub fn new(config: Config) -> Connector {
        let tls = tls::Files::new(&config);
        Connector {
            shared: Rc::new(SharedConnector { config, tls }),
        }
    }

    /// What it was made with.
    pub fn config(&self) -> &Config {
        &self.shared.config
    }

    /// A TCP connection to `host:port` with TCP_NODELAY, through a tunnel where the configuration names a proxy.
    ///
    /// # Errors
    /// `is_dns()`, `is_connect()` or `is_timeout()`, naming host and port.
    pub async fn connect_plain(&self, host: &str, port: u16) -> Result<Transport> {
        let connected = self.connect_through(false, host, port);
        self.within_limit(host, port, connected).await
    }

    /// A TLS connection to `host:port` that offers `protocols` by ALPN, through a tunnel where the configuration names a proxy.
    ///
    /// # Errors
    /// As [`Connector::connect_plain`], and `is_tls()`.
    pub async fn connect_tls(&self, host: &str, port: u16, protocols: Alpn) -> Result<Transport> {
        let connected = async {
            // The first use loads the roots, before the connection is made: a peer is not kept waiting for its ClientHello
            // while a slow disk is read.
            let config = self.shared.tls.config(protocols).await?;
            let transport = self.connect_through(true, host, port).await?;
            transport.secure(config, host, port).await
        };
        self.within_limit(host, port, connected).await
    }

    /// TLS over a connection that has begun without it, for a protocol that has a port of its own.
    pub(crate) async fn secure(
        &self,
        transport: Transport,
        host: &str,
        port: u16,
    ) -> Result<Transport> {
        let secured = async {
            let config = self.shared.tls.config(Alpn::None).await?;
            transport.secure(config, host, port).await
        };
        self.within_limit(host, port, secured).await
    }

    /// The proxy that requests of `http://host:port` are given to as they are, if there is one.
    pub(crate) fn forwarding_proxy(&self, host: &str, port: u16) -> Result<Option<Proxy>> {
        let proxy = self.proxy(false, host, port)?;
        Ok(proxy.filter(|proxy| proxy.forwards()).cloned())
    }

    /// A connection to `proxy` itself.
    pub(crate) async fn connect_to_proxy(&self, proxy: &Proxy) -> Result<Transport> {
        let connected = self.connect_proxy(proxy);
        self.within_limit(&proxy.host, proxy.port, connected).await
    }

    /// The proxy of a connection. What a rule of `--connect-to` sends elsewhere goes there and through none.
    fn proxy(&self, secure: bool, host: &str, port: u16) -> Result<Option<&Proxy>> {
        let config = self.config();
        match config.proxies.find(secure, host, port) {
            Ok(None) => Ok(None),
            _ if ConnectTo::is_for(&config.connect_to, host, port) => Ok(None),
            found => found,
        }
    }

    /// A connection to `host:port`, through a tunnel where there is a proxy for it.
    async fn connect_through(&self, secure: bool, host: &str, port: u16) -> Result<Transport> {
        match self.proxy(secure, host, port)? {
            None => self.connect_tcp(host, port).await,
            Some(proxy) => self.connect_tunnel(proxy, host, port).await,
        }
    }

    // The two below are boxed: their states are kilobytes, which every connection without a proxy would carry.

    async fn connect_proxy(&self, proxy: &Proxy) -> Result<Transport> {
        let transport = self.connect_tcp(&proxy.host, proxy.port).await?;
        if proxy.speaks != proxy::ProxySpeaks::Https {
            return Ok(transport);
        }
        let secured = async {
            let config = self.shared.tls.config(Alpn::Http1).await?;
            transport.secure(config, &proxy.host, proxy.port).await
        };
        Box::pin(secured).await
    }

    async fn connect_tunnel(&self, proxy: &Proxy, host: &str, port: u16) -> Result<Transport> {
        let opened = async {
            let mut transport = self.connect_proxy(proxy).await?;
            proxy.open_tunnel(&mut transport, host, port).await?;
            transport.forget();
            Ok(transport)
        };
        Box::pin(opened).await
    }

    async fn connect_tcp(&self, host: &str, port: u16) -> Result<Transport> {
        let host = without_brackets(host);
        let addresses = dns::lookup(&self.shared.config.connect_to, host, port).await?;
        let count = addresses.len();
        let first = addresses[0];
        let start = Instant::now();
        let stream = eyeballs::connect_any(addresses)
            .await
            .map_err(|cause| connect_error(host, port, first, count).with_source(cause))?;
        // Only a socket that died meanwhile refuses the option; its first read or write says so better.
        let _ = stream.set_nodelay(true);
        Ok(Transport::plain(stream, start.elapsed()))
    }

    async fn within_limit<T>(
        &self,
        host: &str,
        port: u16,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let Some(limit) = self.shared.config.connect_timeout else {
            return work.await;
        };
        match time::timeout(limit, work).await {
            Ok(result) => result,
            Err(_elapsed) => {
                let message = format!(
                    "cannot connect to {host}:{port} within {} ms",
                    limit.as_millis()
                );
                Err(Error::new(ErrorKind::Timeout, message))
            }
        }
    }
}

/// Which protocols a TLS handshake offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alpn {
    /// HTTP/2, else HTTP/1.1.
    Http,
    /// HTTP/1.1 only: WebSocket.
    Http1,
    /// None: protocols that have a port of their own.
    None,
}

/// Names the host and, where another address stands behind it, that address too.
fn connect_error(host: &str, port: u16, first: SocketAddr, count: usize) -> Error {
    let mut message = format!("cannot connect to {host}:{port}");
    let literal = host
        .parse()
        .is_ok_and(|address: std::net::IpAddr| address == first.ip());
    if count > 1 {
        message.push_str(&format!(" ({count} addresses tried)"));
    } else if !literal || first.port() != port {
        message.push_str(&format!(" ({first})"));
    }
    Error::new(ErrorKind::Connect, message)
}
