//! The operations of `node:tls` for contexts, and for whom the process trusts.

use std::rc::Rc;

use openssl::x509::X509Crl;
use openssl::x509::verify::X509VerifyFlags;
use twinloop_web::crypto::certificate::Certificate;
use twinloop_web::tls::{Context, Version, authorities, cipher_names, resumed_session, ticket_of};

use crate::engine::{Arguments, Bytes, Error, IntoJs, Local, Op, Scope, tls};
use crate::web::crypto::failed;

pub(crate) const OPS: &[Op] = &[
    Op::new("tlsAuthorities", 1, authorities_of),
    Op::new("tlsCiphers", 0, ciphers),
    Op::new("tlsContext", 2, context),
    Op::new("tlsContextCertificate", 2, certificate),
    Op::new("tlsContextSet", 4, set),
    Op::new("tlsSetAuthorities", 1, set_authorities),
    Op::new("tlsTicket", 1, ticket),
];

pub(super) fn context_of(scope: &Scope<'_>, value: Local<'_>) -> Result<Rc<Context>, Error> {
    scope.expect_host::<Context>(value, "a context of TLS")
}

fn version_of(scope: &Scope<'_>, value: Local<'_>) -> Result<Option<Version>, Error> {
    if value.is_undefined() {
        return Ok(None);
    }
    Ok(Version::named(&scope.string_of(value)?))
}

/// `tlsContext(least, most)`: a context for these versions; the library's own bounds where there is none.
fn context<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let least = version_of(scope, arguments.get(0))?;
    let most = version_of(scope, arguments.get(1))?;
    let context = Context::new(least, most).map_err(failed)?;
    let lookup = context.change(|builder| {
        tls::set_session_lookup(builder, resumed_session);
        Ok(())
    });
    lookup.map_err(failed)?;
    scope.host_object(Rc::new(context))
}

/// `tlsContextSet(context, what, value, passphrase)`: what comes of it is the size of a prime, for `dh`.
fn set<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let context = context_of(scope, arguments.get(0))?;
    let value = arguments.get(2);
    let what = scope.string_of(arguments.get(1))?;
    let outcome = match what.as_str() {
        "key" => {
            let passphrase = if arguments.get(3).is_undefined() {
                None
            } else {
                Some(scope.bytes_of(arguments.get(3))?)
            };
            scope.with_bytes(value, |pem| context.set_key(pem, passphrase.as_deref()))?
        }
        "certificate" => scope.with_bytes(value, |pem| context.set_certificate(pem))?,
        "bundle" => {
            let passphrase = scope.string_of(arguments.get(3))?;
            scope.with_bytes(value, |bytes| context.set_bundle(bytes, &passphrase))?
        }
        "authorities" => scope.with_bytes(value, |pem| context.add_authorities(pem))?,
        "defaultAuthorities" => context.add_default_authorities(),
        "partialChains" => context.allow_partial_chains(),
        "ciphers" => context.set_ciphers(&scope.string_of(value)?),
        "suites" => context.set_cipher_suites(&scope.string_of(value)?),
        "groups" => context.set_groups(&scope.string_of(value)?),
        "signatures" => context.set_signatures(&scope.string_of(value)?),
        "dh" => {
            let bits = scope.with_bytes(value, |pem| context.set_dh(pem))?;
            return Ok(scope.number(bits.map_err(failed)?.into()));
        }
        "dhAuto" => context.set_dh_auto(),
        "least" => context.set_least(version_of(scope, value)?),
        "options" => context.set_options(scope.number_of(value)? as u64),
        "sessionTimeout" => {
            let seconds = scope.int32_of(value)?;
            context.change(|builder| {
                tls::set_session_timeout(builder, seconds);
                Ok(())
            })
        }
        "pskHint" => {
            let hint = scope.string_of(value)?;
            context.change(|builder| tls::set_psk_hint(builder, &hint))
        }
        "ticketKeys" => {
            let mut keys = scope.with_bytes(value, expanded)?;
            (context.built()).and_then(|context| Ok(tls::set_ticket_keys(context, &mut keys)?))
        }
        "revoked" => {
            let list = scope.with_bytes(value, X509Crl::from_pem)?;
            list.map_err(Into::into).and_then(|list| {
                context.change(|builder| {
                    tls::add_revoked(builder, &list)?;
                    let flags = X509VerifyFlags::CRL_CHECK | X509VerifyFlags::CRL_CHECK_ALL;
                    builder.cert_store_mut().set_flags(flags)
                })
            })
        }
        "sessionContext" => context.set_session_context(&scope.bytes_of(value)?),
        other => return Err(Error::type_error(format!("a context has no '{other}'"))),
    };
    outcome.map_err(failed)?;
    Ok(Local::undefined())
}

/// The 48 bytes of a program's keys for tickets (a name of 16, which stays, and secrets) as the 80 that the library wants.
fn expanded(keys: &[u8]) -> [u8; 80] {
    let mut all = [0; 80];
    let name = &keys[..keys.len().min(16)];
    all[..name.len()].copy_from_slice(name);
    let derived = |purpose: &[u8]| openssl::sha::sha256(&[purpose, keys].concat());
    all[16..48].copy_from_slice(&derived(b"integrity"));
    all[48..].copy_from_slice(&derived(b"encryption"));
    all
}

/// `tlsContextCertificate(context, isIssuer)`: its certificate, or the one that issued it, in DER.
fn certificate<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let context = context_of(scope, arguments.get(0))?;
    let found = if scope.bool_of(arguments.get(1)) {
        context.issuer()
    } else {
        context.certificate()
    };
    found.map(Bytes).into_js(scope)
}

/// `tlsCiphers()`
fn ciphers<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    cipher_names().map_err(failed)?.into_js(scope)
}

fn pem_of(der: &[u8]) -> Option<String> {
    let certificate = Certificate::read(der).ok()?;
    Some(certificate.facts().ok()?.pem)
}

/// `tlsAuthorities(kind)`: whom the process may trust, in PEM: `bundled`, `system`, `extra`. What cannot be read is left out; a file that cannot, told as text.
fn authorities_of<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let kind = scope.string_of(arguments.get(0))?;
    let found: Vec<String> = match kind.as_str() {
        "bundled" => authorities::bundled().filter_map(pem_of).collect(),
        "system" => (authorities::system().iter())
            .filter_map(|der| pem_of(der))
            .collect(),
        _ => match authorities::extra() {
            Ok(found) => found.iter().filter_map(|der| pem_of(der)).collect(),
            Err(message) => return scope.string(&message),
        },
    };
    found.into_js(scope)
}

/// `tlsSetAuthorities(list)`: from now on the process trusts these, each in PEM or DER; how many there are. None changes nothing.
fn set_authorities<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let list = arguments.get(0);
    let mut found = Vec::new();
    for index in 0..scope.array_length(list)? {
        let certificate = scope.with_bytes(scope.get(list, index)?, Certificate::read)?;
        match certificate {
            Ok(certificate) => found.push(certificate.der().map_err(failed)?),
            // Text without a certificate is none.
            Err(failure) if failure.code.as_deref() == Some("ERR_OSSL_PEM_NO_START_LINE") => {}
            Err(failure) => return Err(failed(failure)),
        }
    }
    // Nobody is trusted, or somebody is; text without a certificate says neither.
    if !found.is_empty() || scope.array_length(list)? == 0 {
        authorities::set_defaults(&found).map_err(failed)?;
    }
    Ok(scope.number(found.len() as f64))
}

/// `tlsTicket(session)`: the ticket in it.
fn ticket<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let found = scope.with_bytes(arguments.get(0), ticket_of)?;
    found.map(Bytes).into_js(scope)
}
