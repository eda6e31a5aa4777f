//! TLS by rustls: the trusted roots and the client's certificate, loaded once and off the loop, and the handshake.
//!
//! Roots come from the configured file alone, else from `SSL_CERT_FILE` and `SSL_CERT_DIR` alone, else from the
//! system's store, else (an empty store, as in a bare container) from Mozilla's list built in. One configuration per
//! ALPN offer is kept for the life of the connector, and with it rustls' session cache, so later handshakes resume.

use super::{Alpn, ClientCertificate, Config};
use crate::{Error, ErrorKind, Result};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use twinloop_loop::Loop;

/// The lazily made configurations of one connector.
pub(super) struct Files {
    ca_file: Option<PathBuf>,
    client_certificate: Option<ClientCertificate>,
    configs: OnceCell<Configs>,
}

struct Configs {
    http: Arc<ClientConfig>,
    http1: Arc<ClientConfig>,
    none: Arc<ClientConfig>,
}

impl Files {
    pub(super) fn new(config: &Config) -> Files {
        Files {
            ca_file: config.ca_file.clone(),
            client_certificate: config.client_certificate.clone(),
            configs: OnceCell::new(),
        }
    }

    /// The configuration that offers `protocols`; the first call loads the files on the blocking pool.
    pub(super) async fn config(&self, protocols: Alpn) -> Result<Arc<ClientConfig>> {
        let configs = self
            .configs
            .get_or_try_init(|| load(self.ca_file.clone(), self.client_certificate.clone()))
            .await?;
        Ok(match protocols {
            Alpn::Http => configs.http.clone(),
            Alpn::Http1 => configs.http1.clone(),
            Alpn::None => configs.none.clone(),
        })
    }
}

type ClientChain = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

async fn load(ca_file: Option<PathBuf>, client: Option<ClientCertificate>) -> Result<Configs> {
    let loaded = Loop::current().spawn_blocking(move || {
        let roots = match ca_file {
            Some(file) => roots_of_file(&file),
            None => roots_of_system(),
        };
        Ok::<_, Error>((roots?, client.as_ref().map(client_chain).transpose()?))
    });
    let (roots, client) = loaded.await.map_err(|failure| {
        Error::new(
            ErrorKind::Internal,
            format!("cannot load the certificate authorities: {failure}"),
        )
    })??;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|cause| Error::new(ErrorKind::Internal, "cannot set up tls").with_source(cause))?
        .with_root_certificates(roots);
    let config = match client {
        None => config.with_no_client_auth(),
        Some((chain, key)) => {
            let config = config.with_client_auth_cert(chain, key);
            config.map_err(|cause| {
                let message = "the client's certificate and its key do not fit together";
                Error::new(ErrorKind::Certificate, message).with_source(cause)
            })?
        }
    };
    let mut http = config.clone();
    http.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let mut http1 = config.clone();
    http1.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Configs {
        http: Arc::new(http),
        http1: Arc::new(http1),
        none: Arc::new(config),
    })
}

fn client_chain(files: &ClientCertificate) -> Result<ClientChain> {
    let failed = |what: &str, file: &Path| {
        let message = format!("cannot load the client's {what} from '{}'", file.display());
        Error::new(ErrorKind::Certificate, message)
    };
    let read = |what, file: &Path| {
        std::fs::read(file).map_err(|cause| failed(what, file).with_source(cause))
    };
    let text = read("certificate", &files.certificate)?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|cause| {
            failed("certificate", &files.certificate).with_source(cause.to_string())
        })?;
    let text = read("key", &files.key)?;
    let key = PrivateKeyDer::from_pem_slice(&text)
        .map_err(|cause| failed("key", &files.key).with_source(cause.to_string()))?;
    if chain.is_empty() {
        let failed = failed("certificate", &files.certificate);
        return Err(failed.with_source("the file holds no certificate"));
    }
    Ok((chain, key))
}

fn roots_of_file(file: &Path) -> Result<RootCertStore> {
    let failed = || {
        let message = format!(
            "cannot load certificate authorities from '{}'",
            file.display()
        );
        Error::new(ErrorKind::Certificate, message)
    };
    let text = std::fs::read(file).map_err(|cause| failed().with_source(cause))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|cause| failed().with_source(cause.to_string()))?;
        roots
            .add(certificate)
            .map_err(|cause| failed().with_source(cause))?;
    }
    if roots.is_empty() {
        return Err(failed().with_source("the file holds no certificate"));
    }
    Ok(roots)
}

fn roots_of_system() -> Result<RootCertStore> {
    // Honours SSL_CERT_FILE and SSL_CERT_DIR, which then stand alone.
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if !roots.is_empty() {
        return Ok(roots);
    }
    for variable in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
        // Whoever names a store must not silently get another one.
        if let Some(path) = std::env::var_os(variable) {
            let message = format!(
                "cannot load certificate authorities from {variable} '{}'",
                path.display()
            );
            let error = Error::new(ErrorKind::Certificate, message);
            return Err(match found.errors.into_iter().next() {
                Some(cause) => error.with_source(cause.to_string()),
                None => error,
            });
        }
    }
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    Ok(roots)
}

/// The TLS handshake over `stream`, checking that the certificate is for `host`.
pub(super) async fn handshake<S: AsyncRead + AsyncWrite + Unpin>(
    config: Arc<ClientConfig>,
    stream: S,
    host: &str,
    port: u16,
) -> Result<TlsStream<S>> {
    let host = super::without_brackets(host);
    let name = ServerName::try_from(host.to_owned()).map_err(|cause| {
        Error::new(ErrorKind::Url, format!("'{host}' is no name for tls")).with_source(cause)
    })?;
    TlsConnector::from(config)
        .connect(name, stream)
        .await
        .map_err(|cause| handshake_error(cause, host, port))
}

/// A certificate that was not accepted is a kind of its own: users act differently on it.
fn handshake_error(cause: io::Error, host: &str, port: u16) -> Error {
    let (kind, message) = match rustls_error(&cause) {
        Some(rustls::Error::InvalidCertificate(_)) => (
            ErrorKind::Certificate,
            format!("the certificate of {host}:{port} is not accepted"),
        ),
        _ => (
            ErrorKind::Tls,
            format!("the tls handshake with {host}:{port} failed"),
        ),
    };
    Error::new(kind, message).with_source(cause)
}

/// The rustls error inside an I/O error.
pub(crate) fn rustls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}
