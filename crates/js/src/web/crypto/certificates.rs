//! Operations for certificates.

use std::rc::Rc;

use twinloop_web::crypto::certificate::{Certificate, NameFlags, open_bundle};

use super::keys::{NewKey, key_of};
use super::work::{failed, optional_number};
use crate::engine::{Arguments, Bytes, Error, IntoJs, Local, Op, Scope};

pub(crate) const OPS: &[Op] = &[
    Op::new("certificateBytes", 1, bytes),
    Op::new("certificateCheck", 4, check),
    Op::new("certificateFacts", 1, facts),
    Op::new("certificateIssuedBy", 2, issued_by),
    Op::new("certificateKey", 1, key),
    Op::new("certificateOpen", 1, open),
    Op::new("certificateVerify", 2, verify),
    Op::new("pkcs12Open", 2, open_pkcs12),
];

fn certificate_of(scope: &Scope<'_>, value: Local<'_>) -> Result<Rc<Certificate>, Error> {
    scope.expect_host::<Certificate>(value, "a certificate")
}

/// `certificateOpen(bytes)`: PEM or DER.
fn open<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let certificate = scope.with_bytes(arguments.get(0), Certificate::read)?;
    scope.host_object(Rc::new(certificate.map_err(failed)?))
}

/// `pkcs12Open(bytes, passphrase)`: `[key, certificate, others]`, the certificates as DER; undefined what there is not.
fn open_pkcs12<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let passphrase = scope.string_of(arguments.get(1))?;
    let bundle = scope.with_bytes(arguments.get(0), |bytes| open_bundle(bytes, &passphrase))?;
    let bundle = bundle.map_err(failed)?;
    let others: Vec<Bytes> = bundle.others.into_iter().map(Bytes).collect();
    scope.array(&[
        bundle.key.map(NewKey).into_js(scope)?,
        bundle.certificate.map(Bytes).into_js(scope)?,
        others.into_js(scope)?,
    ])
}

/// `certificateBytes(certificate)`: its DER.
fn bytes<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let der = certificate_of(scope, arguments.get(0))?.der();
    Bytes(der.map_err(failed)?).into_js(scope)
}

/// `certificateFacts(certificate)`
fn facts<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let facts = certificate_of(scope, arguments.get(0))?.facts();
    let facts = facts.map_err(failed)?;
    // What there is not is not in the object.
    let mut object = serde_json::json!({
        "from": facts.from,
        "to": facts.to,
        "sha1": facts.sha1,
        "sha256": facts.sha256,
        "sha512": facts.sha512,
        "purposes": facts.purposes.join(" "),
        "serial": facts.serial,
        "algorithmObject": facts.algorithm_object,
        "pem": facts.pem,
        "isAuthority": facts.is_authority,
    });
    let optional = [
        ("subject", facts.subject),
        ("issuer", facts.issuer),
        ("alternatives", facts.alternatives),
        ("access", facts.access),
        ("algorithm", facts.algorithm.map(str::to_owned)),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            object[name] = value.into();
        }
    }
    scope.json_parse(&object.to_string())
}

/// `certificateKey(certificate)`
fn key<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let key = certificate_of(scope, arguments.get(0))?.key();
    NewKey(key.map_err(failed)?).into_js(scope)
}

/// `certificateIssuedBy(certificate, other)`
fn issued_by<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let certificate = certificate_of(scope, arguments.get(0))?;
    let other = certificate_of(scope, arguments.get(1))?;
    Ok(Local::boolean(certificate.is_issued_by(&other)))
}

/// `certificateVerify(certificate, key)`
fn verify<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let certificate = certificate_of(scope, arguments.get(0))?;
    let key = key_of(scope, arguments.get(1))?;
    let is_signed = certificate.is_signed_by(&key).map_err(failed)?;
    Ok(Local::boolean(is_signed))
}

/// `certificateCheck(certificate, kind, name, flags)`: the name in it that is meant, undefined if there is none; null for what is no address.
fn check<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let certificate = certificate_of(scope, arguments.get(0))?;
    let kind = scope.string_of(arguments.get(1))?;
    let name = scope.string_of(arguments.get(2))?;
    let flags = NameFlags(optional_number(arguments.get(3)).unwrap_or_default() as u32);
    match kind.as_str() {
        "host" => certificate.host(&name, flags).into_js(scope),
        "email" => certificate.email(&name, flags).into_js(scope),
        _ => match certificate.has_address(&name) {
            Ok(true) => scope.string(&name),
            Ok(false) => Ok(Local::undefined()),
            Err(_) => Ok(Local::null()),
        },
    }
}
