//! A server's certificates, and the configuration of TLS that they make.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::{Error, ErrorKind, Result};

/// What a server shows of itself: a chain of certificates and the key of the first.
#[derive(Clone, Debug)]
pub struct Identity {
    pub(super) config: Arc<ServerConfig>,
}

impl Identity {
    /// Of PEM texts: the chain, its own certificate first, and the key (PKCS #8, PKCS #1 or SEC 1).
    ///
    /// # Errors
    /// `is_certificate()` when either cannot be read or the key is not the certificate's.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Identity> {
        let failed = |what: &str, cause: String| {
            Error::new(ErrorKind::Certificate, format!("cannot use the {what}")).with_source(cause)
        };
        let mut certificates = Vec::new();
        for certificate in CertificateDer::pem_slice_iter(chain) {
            certificates
                .push(certificate.map_err(|cause| failed("certificate", cause.to_string()))?);
        }
        if certificates.is_empty() {
            return Err(failed(
                "certificate",
                "there is none in the text".to_owned(),
            ));
        }
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|cause| failed("private key", cause.to_string()))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|cause| {
                Error::new(ErrorKind::Internal, "cannot set up tls").with_source(cause)
            })?
            .with_no_client_auth()
            .with_single_cert(certificates, key)
            .map_err(|cause| failed("certificate and its key", cause.to_string()))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.ignore_client_order = true;
        // A client that comes again need not agree anew.
        if let Ok(tickets) = rustls::crypto::ring::Ticketer::new() {
            config.ticketer = tickets;
        }
        Ok(Identity {
            config: Arc::new(config),
        })
    }
}
