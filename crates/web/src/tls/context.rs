//! What a program sets for its connections: keys and certificates, whom it trusts, versions, ciphers.
//!
//! A context is a draft until its first connection, which is when the library stops to let it be changed. Loop thread only.

use std::cell::{OnceCell, RefCell};

use openssl::dh::Dh;
use openssl::error::ErrorStack;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::PKey;
use openssl::ssl::{
    SslContext, SslContextBuilder, SslMethod, SslMode, SslOptions, SslSessionCacheMode, SslVersion,
};
use openssl::x509::X509;
use openssl::x509::verify::X509VerifyFlags;

use super::{authorities, callbacks};
use crate::crypto::{Failure, Outcome};

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the protocol's")]
pub enum Version {
    Tls1_0,
    Tls1_1,
    Tls1_2,
    Tls1_3,
}

impl Version {
    /// By its name in `node:tls`.
    pub fn named(name: &str) -> Option<Version> {
        Some(match name {
            "TLSv1" => Version::Tls1_0,
            "TLSv1.1" => Version::Tls1_1,
            "TLSv1.2" => Version::Tls1_2,
            "TLSv1.3" => Version::Tls1_3,
            _ => return None,
        })
    }

    fn raw(self) -> SslVersion {
        match self {
            Version::Tls1_0 => SslVersion::TLS1,
            Version::Tls1_1 => SslVersion::TLS1_1,
            Version::Tls1_2 => SslVersion::TLS1_2,
            Version::Tls1_3 => SslVersion::TLS1_3,
        }
    }
}

/// What connections are made of.
pub struct Context {
    draft: RefCell<Option<SslContextBuilder>>,
    built: OnceCell<SslContext>,
    authorities: RefCell<Vec<X509>>,
    certificate: RefCell<Option<X509>>,
    others: RefCell<Vec<X509>>,
}

/// A passphrase that is not given is none: the library would ask on the terminal.
fn read_key(
    pem: &[u8],
    passphrase: Option<&[u8]>,
) -> Result<PKey<openssl::pkey::Private>, ErrorStack> {
    PKey::private_key_from_pem_callback(pem, |into| {
        let Some(passphrase) = passphrase else {
            return Err(ErrorStack::get());
        };
        let Some(place) = into.get_mut(..passphrase.len()) else {
            return Err(ErrorStack::get());
        };
        place.copy_from_slice(passphrase);
        Ok(passphrase.len())
    })
}

fn read_certificates(pem: &[u8]) -> Outcome<Vec<X509>> {
    let found = X509::stack_from_pem(pem)?;
    if found.is_empty() {
        // The library takes nothing for an empty list; this makes it say what is missing.
        X509::from_pem(pem)?;
    }
    Ok(found)
}

impl Context {
    /// A context for the versions between these; by default the library's own bounds.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn new(least: Option<Version>, most: Option<Version>) -> Outcome<Context> {
        let mut builder = SslContext::builder(SslMethod::tls())?;
        builder.set_mode(
            SslMode::AUTO_RETRY | SslMode::RELEASE_BUFFERS | SslMode::ACCEPT_MOVING_WRITE_BUFFER,
        );
        // Who renegotiates too often is the program's to refuse.
        let allows_renegotiation = SslOptions::from_bits_retain(1 << 8);
        builder.set_options(SslOptions::NO_SSLV2 | SslOptions::NO_SSLV3 | allows_renegotiation);
        // Sessions are kept by the program, not in here.
        builder.set_session_cache_mode(
            SslSessionCacheMode::CLIENT
                | SslSessionCacheMode::SERVER
                | SslSessionCacheMode::NO_INTERNAL
                | SslSessionCacheMode::NO_AUTO_CLEAR,
        );
        builder.set_min_proto_version(least.map(Version::raw))?;
        builder.set_max_proto_version(most.map(Version::raw))?;
        callbacks::install(&mut builder)?;
        Ok(Context {
            draft: RefCell::new(Some(builder)),
            built: OnceCell::new(),
            authorities: RefCell::default(),
            certificate: RefCell::default(),
            others: RefCell::default(),
        })
    }

    /// Changes the library's own, for what has no function here.
    ///
    /// # Errors
    /// When the context is in use, or what the change comes to.
    pub fn change<T>(
        &self,
        change: impl FnOnce(&mut SslContextBuilder) -> Result<T, ErrorStack>,
    ) -> Outcome<T> {
        match self.draft.borrow_mut().as_mut() {
            Some(builder) => Ok(change(builder)?),
            None => Err(Failure::new(
                "ERR_INVALID_STATE",
                "The context has connections and cannot be changed",
            )),
        }
    }

    /// The library's own, which cannot be changed any more.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn built(&self) -> Outcome<&SslContext> {
        if let Some(built) = self.built.get() {
            return Ok(built);
        }
        let draft = self.draft.borrow_mut().take();
        let draft =
            draft.ok_or_else(|| Failure::new("ERR_INVALID_STATE", "The context is gone"))?;
        Ok(self.built.get_or_init(|| draft.build()))
    }

    /// The private key, in PEM.
    ///
    /// # Errors
    /// When it is none, the passphrase is another, or the certificate is for another key.
    pub fn set_key(&self, pem: &[u8], passphrase: Option<&[u8]>) -> Outcome<()> {
        let key = read_key(pem, passphrase)?;
        self.change(|builder| builder.set_private_key(&key))
    }

    /// The certificate and those between it and its root, in PEM.
    ///
    /// # Errors
    /// When there is none, or the key is another's.
    pub fn set_certificate(&self, pem: &[u8]) -> Outcome<()> {
        let mut chain = read_certificates(pem)?.into_iter();
        let Some(first) = chain.next() else {
            return Ok(());
        };
        self.take_certificate(first, chain.collect())
    }

    fn take_certificate(&self, certificate: X509, others: Vec<X509>) -> Outcome<()> {
        self.change(|builder| {
            builder.set_certificate(&certificate)?;
            for other in &others {
                builder.add_extra_chain_cert(other.clone())?;
            }
            Ok(())
        })?;
        *self.certificate.borrow_mut() = Some(certificate);
        self.others.borrow_mut().extend(others);
        Ok(())
    }

    /// A key with its certificates, in PKCS #12.
    ///
    /// # Errors
    /// When it is none, or the passphrase is another.
    pub fn set_bundle(&self, bytes: &[u8], passphrase: &str) -> Outcome<()> {
        let parsed = Pkcs12::from_der(bytes)?.parse2(passphrase)?;
        let (Some(key), Some(certificate)) = (parsed.pkey, parsed.cert) else {
            return Err(Failure::new(
                "ERR_CRYPTO_OPERATION_FAILED",
                "Unable to load private key from PFX data",
            ));
        };
        let others: Vec<X509> = parsed.ca.into_iter().flatten().collect();
        self.take_certificate(certificate, others.clone())?;
        self.change(|builder| builder.set_private_key(&key))?;
        for other in others {
            self.trust(other)?;
        }
        Ok(())
    }

    /// Trusts the certificates in PEM, and names them to clients. There may be none.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn add_authorities(&self, pem: &[u8]) -> Outcome<()> {
        // The library's form with notes on trust has a name of its own, and begins as the common one does.
        let text = String::from_utf8_lossy(pem).replace("TRUSTED CERTIFICATE", "CERTIFICATE");
        for certificate in X509::stack_from_pem(text.as_bytes())? {
            self.trust(certificate)?;
        }
        Ok(())
    }

    fn trust(&self, certificate: X509) -> Outcome<()> {
        self.change(|builder| {
            builder.cert_store_mut().add_cert(certificate.clone())?;
            builder.add_client_ca(&certificate)
        })?;
        self.authorities.borrow_mut().push(certificate);
        Ok(())
    }

    /// Trusts whom the process trusts (`authorities`).
    ///
    /// # Errors
    /// When memory runs out.
    pub fn add_default_authorities(&self) -> Outcome<()> {
        let defaults = authorities::defaults();
        self.change(|builder| {
            let store = builder.cert_store_mut();
            for certificate in defaults.iter() {
                store.add_cert(certificate.clone())?;
            }
            Ok(())
        })
    }

    /// A chain may end at any certificate that is trusted, and need not reach a root.
    ///
    /// # Errors
    /// When the context is in use.
    pub fn allow_partial_chains(&self) -> Outcome<()> {
        self.change(|builder| {
            builder
                .cert_store_mut()
                .set_flags(X509VerifyFlags::PARTIAL_CHAIN)
        })
    }

    /// Ciphers up to TLS 1.2, as OpenSSL's list.
    ///
    /// # Errors
    /// When none of them is there.
    pub fn set_ciphers(&self, list: &str) -> Outcome<()> {
        without_zero(list)?;
        self.change(|builder| builder.set_cipher_list(list))
    }

    /// Ciphers of TLS 1.3.
    ///
    /// # Errors
    /// When one of them is not there.
    pub fn set_cipher_suites(&self, list: &str) -> Outcome<()> {
        without_zero(list)?;
        self.change(|builder| builder.set_ciphersuites(list))
    }

    /// Curves and other groups for keys that are agreed on.
    ///
    /// # Errors
    /// When one of them is not there.
    pub fn set_groups(&self, list: &str) -> Outcome<()> {
        without_zero(list)?;
        self.change(|builder| builder.set_groups_list(list))
    }

    /// Algorithms of signatures.
    ///
    /// # Errors
    /// When one of them is not there.
    pub fn set_signatures(&self, list: &str) -> Outcome<()> {
        without_zero(list)?;
        self.change(|builder| builder.set_sigalgs_list(list))
    }

    /// Parameters of Diffie-Hellman, in PEM. How long their prime is, in bits.
    ///
    /// # Errors
    /// When they are none, or not taken.
    pub fn set_dh(&self, pem: &[u8]) -> Outcome<u32> {
        let parameters = Dh::params_from_pem(pem)?;
        let bits = parameters.prime_p().num_bits().unsigned_abs();
        if bits >= 1024 {
            self.change(|builder| builder.set_tmp_dh(&parameters))?;
        }
        Ok(bits)
    }

    /// Diffie-Hellman with a group of RFC 3526 that is as strong as the certificate asks for.
    ///
    /// # Errors
    /// When the context is in use.
    pub fn set_dh_auto(&self) -> Outcome<()> {
        self.change(|builder| {
            let prime = openssl::bn::BigNum::get_rfc3526_prime_2048()?;
            let generator = openssl::bn::BigNum::from_u32(2)?;
            builder.set_tmp_dh(&*Dh::from_pqg(prime, None, generator)?)
        })
    }

    /// No version before this one.
    ///
    /// # Errors
    /// When the context is in use.
    pub fn set_least(&self, version: Option<Version>) -> Outcome<()> {
        self.change(|builder| builder.set_min_proto_version(version.map(Version::raw)))
    }

    /// OpenSSL's options, as bits.
    ///
    /// # Errors
    /// When the context is in use.
    pub fn set_options(&self, bits: u64) -> Outcome<()> {
        self.change(|builder| {
            builder.set_options(SslOptions::from_bits_retain(bits));
            Ok(())
        })
    }

    /// What tells the sessions of this program's servers from those of others.
    ///
    /// # Errors
    /// When it is longer than 32 bytes.
    pub fn set_session_context(&self, context: &[u8]) -> Outcome<()> {
        self.change(|builder| builder.set_session_id_context(context))
    }

    /// Its own certificate, in DER.
    pub fn certificate(&self) -> Option<Vec<u8>> {
        (self.certificate.borrow().as_ref()).and_then(|found| found.to_der().ok())
    }

    /// The certificate that issued its own, if it has it, in DER.
    pub fn issuer(&self) -> Option<Vec<u8>> {
        let own = self.certificate.borrow();
        let own = own.as_ref()?;
        let issued = |other: &&X509| other.issued(own) == openssl::x509::X509VerifyResult::OK;
        let others = self.others.borrow();
        let authorities = self.authorities.borrow();
        let found = others.iter().chain(authorities.iter()).find(issued);
        found.and_then(|found| found.to_der().ok())
    }

    /// What a connection takes over from this context when it changes to it.
    pub(super) fn authorities(&self) -> Vec<X509> {
        self.authorities.borrow().clone()
    }

    pub(super) fn chain(&self) -> Vec<X509> {
        self.others.borrow().clone()
    }
}

/// The library's strings end at a zero, so none may be in them.
pub(super) fn without_zero(text: &str) -> Outcome<()> {
    if text.contains('\0') {
        return Err(Failure::new(
            "ERR_INVALID_ARG_VALUE",
            "Unexpected null byte",
        ));
    }
    Ok(())
}
