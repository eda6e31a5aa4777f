//! A server's certificates, the configuration of TLS that they make, and what was agreed with a client.

use std::sync::Arc;

use openssl::pkey::PKey;
use openssl::x509::X509;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig, ServerConnection};

use crate::{Error, ErrorKind, Result};

/// What a server shows of itself: a chain of certificates and the key of the first.
#[derive(Clone, Debug)]
pub struct Identity {
    pub(super) config: Arc<ServerConfig>,
}

/// Which certificates clients are asked for.
#[derive(Clone, Copy, Debug)]
pub struct Clients<'a> {
    /// PEM texts of the authorities.
    pub authorities: &'a [u8],
    /// Whether a client without one is let in.
    pub optional: bool,
}

fn failed(what: &str, cause: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Certificate, format!("cannot use the {what}"))
        .with_source(cause.to_string())
}

fn certificates(text: &[u8], what: &str) -> Result<Vec<CertificateDer<'static>>> {
    let mut found = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(text) {
        found.push(certificate.map_err(|cause| failed(what, cause))?);
    }
    if found.is_empty() {
        return Err(failed(what, "there is none in the text"));
    }
    Ok(found)
}

impl Identity {
    /// Of PEM texts: the chain, its own certificate first, and the key (PKCS #8, PKCS #1 or SEC 1).
    ///
    /// # Errors
    /// `is_certificate()` when either cannot be read or the key is not the certificate's.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Identity> {
        Identity::from_pem_for(chain, key, None, None)
    }

    /// As [`Identity::from_pem`], with the password of an encrypted key, and what clients are asked for.
    ///
    /// # Errors
    /// As there; also for a wrong password, and for authorities that cannot be read.
    pub fn from_pem_for(
        chain: &[u8],
        key: &[u8],
        password: Option<&str>,
        clients: Option<Clients<'_>>,
    ) -> Result<Identity> {
        let certificates = certificates(chain, "certificate")?;
        let key = private_key(key, password)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|cause| {
                Error::new(ErrorKind::Internal, "cannot set up tls").with_source(cause)
            })?;
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(clients) => {
                let what = "certificates of authorities";
                let mut roots = RootCertStore::empty();
                for authority in self::certificates(clients.authorities, what)? {
                    roots.add(authority).map_err(|cause| failed(what, cause))?;
                }
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                let verifier = if clients.optional {
                    verifier.allow_unauthenticated()
                } else {
                    verifier
                };
                let verifier = verifier.build().map_err(|cause| failed(what, cause))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut config = builder
            .with_single_cert(certificates, key)
            .map_err(|cause| failed("certificate and its key", cause))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config.ignore_client_order = true;
        // A client that comes again need not agree anew.
        if let Ok(tickets) = rustls::crypto::ring::Ticketer::new() {
            config.ticketer = tickets;
        }
        Ok(Identity {
            config: Arc::new(config),
        })
    }

    /// With another certificate for clients that ask for a host by this name, in which the first part may be `*`. The name that was added last goes first;
    /// who asks for none of them, or for no name, sees the first certificate. What clients are asked for is the same by every name.
    ///
    /// # Errors
    /// As [`Identity::from_pem`], with the password of an encrypted key.
    pub fn with_name(
        self,
        name: &str,
        chain: &[u8],
        key: &[u8],
        password: Option<&str>,
    ) -> Result<Identity> {
        let certificates = certificates(chain, "certificate")?;
        let key = private_key(key, password)?;
        let mut config = (*self.config).clone();
        let certified = CertifiedKey::from_der(certificates, key, config.crypto_provider())
            .map_err(|cause| failed("certificate and its key", cause))?;
        config.cert_resolver = Arc::new(Named {
            name: name.to_ascii_lowercase(),
            certified: Arc::new(certified),
            others: config.cert_resolver,
        });
        Ok(Identity {
            config: Arc::new(config),
        })
    }
}

/// A certificate for one name.
#[derive(Debug)]
struct Named {
    /// In lower case.
    name: String,
    certified: Arc<CertifiedKey>,
    others: Arc<dyn ResolvesServerCert>,
}

impl Named {
    /// A star stands for one part, as in certificates (RFC 9525, 6.3).
    fn is_meant(&self, asked: &str) -> bool {
        match self.name.strip_prefix("*.") {
            None => asked.eq_ignore_ascii_case(&self.name),
            Some(domain) => asked
                .split_once('.')
                .is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(domain)),
        }
    }
}

impl ResolvesServerCert for Named {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        if hello.server_name().is_some_and(|name| self.is_meant(name)) {
            return Some(Arc::clone(&self.certified));
        }
        self.others.resolve(hello)
    }
}

fn private_key(text: &[u8], password: Option<&str>) -> Result<PrivateKeyDer<'static>> {
    let what = "private key";
    let is_encrypted = text.windows(9).any(|word| word == b"ENCRYPTED");
    let key = match password {
        Some(password) if is_encrypted => {
            let key = PKey::private_key_from_pem_passphrase(text, password.as_bytes());
            let key = key.and_then(|key| key.private_key_to_pem_pkcs8());
            let key = key.map_err(|cause| failed(what, cause))?;
            PrivateKeyDer::from_pem_slice(&key)
        }
        None if is_encrypted => return Err(failed(what, "it is encrypted: a password is needed")),
        _ => PrivateKeyDer::from_pem_slice(text),
    };
    key.map_err(|cause| failed(what, cause))
}

/// What was agreed with a client by TLS.
#[derive(Clone, Debug)]
pub struct Agreed {
    /// As in the handshake: 0x0303 for TLS 1.2, 0x0304 for TLS 1.3.
    pub version: Option<u16>,
    /// The number that IANA has given the cipher suite.
    pub cipher_suite: Option<u16>,
    /// The client's certificates in DER, its own first.
    pub client_chain: Vec<Vec<u8>>,
    /// The subject of the client's own, as RFC 4514 writes it.
    pub client_name: Option<String>,
}

impl Agreed {
    pub(super) fn of(session: &ServerConnection) -> Agreed {
        let chain = session.peer_certificates().unwrap_or_default();
        Agreed {
            version: session.protocol_version().map(u16::from),
            cipher_suite: session
                .negotiated_cipher_suite()
                .map(|suite| u16::from(suite.suite())),
            client_name: chain
                .first()
                .and_then(|first| X509::from_der(first).ok())
                .map(|first| distinguished_name(&first)),
            client_chain: chain.iter().map(|each| each.to_vec()).collect(),
        }
    }
}

/// The subject, the most particular part first (RFC 4514, 2.1 to 2.4).
fn distinguished_name(certificate: &X509) -> String {
    let entries: Vec<_> = certificate.subject_name().entries().collect();
    let mut text = String::new();
    for entry in entries.into_iter().rev() {
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(entry.object().nid().short_name().unwrap_or("?"));
        text.push('=');
        let value = entry.data().to_string().unwrap_or_default();
        for (place, character) in value.char_indices() {
            let is_at_edge = place == 0 || place + character.len_utf8() == value.len();
            let is_special = matches!(character, '"' | '+' | ',' | ';' | '<' | '>' | '\\')
                || (place == 0 && character == '#')
                || (is_at_edge && character == ' ');
            if is_special {
                text.push('\\');
            }
            text.push(character);
        }
    }
    text
}
