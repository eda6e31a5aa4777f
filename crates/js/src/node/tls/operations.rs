//! The operations of `node:tls` for connections, as host objects. What happens on one is told to functions that JavaScript gives once
//! (`tlsSetReceiver`), with the object that `tlsOpen` named (see `endpoint`). Loop thread only.

use std::rc::Rc;

use openssl::nid::Nid;
use twinloop_web::tls::{Connection, verdict_name};

use super::contexts::context_of;
use super::endpoint::{Endpoint, Told};
use crate::engine::{Arguments, Bytes, Error, IntoJs, Local, Op, Scope, tls};
use crate::node::net::receivers::Receivers;
use crate::node::net::sockets::socket_in;
use crate::web::crypto::failed;

pub(crate) const OPS: &[Op] = &[
    Op::new("tlsAsk", 2, ask),
    Op::new("tlsClose", 1, close),
    Op::new("tlsEnd", 1, end),
    Op::new("tlsExport", 4, export),
    Op::new("tlsHello", 1, hello),
    Op::new("tlsJoin", 2, join),
    Op::new("tlsMaxSendFragment", 2, max_send_fragment),
    Op::new("tlsOpen", 3, open),
    Op::new("tlsRead", 2, read),
    Op::new("tlsReceive", 2, receive),
    Op::new("tlsRelease", 1, release),
    Op::new("tlsRenegotiate", 3, renegotiate),
    Op::new("tlsSet", 4, set),
    Op::new("tlsSetReceiver", 1, set_receiver),
    Op::new("tlsShutdown", 1, shut_down),
    Op::new("tlsStart", 1, start),
    Op::new("tlsWrite", 3, write),
];

fn endpoint_of<'s>(scope: &Scope<'s>, arguments: &Arguments<'s>) -> Result<Rc<Endpoint>, Error> {
    scope.expect_host::<Endpoint>(arguments.get(0), "a connection of TLS")
}

/// `tlsSetReceiver([happened, received, drained, failed, faulted, output, asked])`
fn set_receiver<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    Receivers::<Told>::set(scope, arguments.get(0))?;
    Ok(Local::undefined())
}

/// `tlsOpen(object, context, isServer)`: a connection that has not begun, and tells this object.
fn open<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let context = context_of(scope, arguments.get(1))?;
    let is_server = scope.bool_of(arguments.get(2));
    let connection = Connection::new(&context, is_server).map_err(failed)?;
    let endpoint = Endpoint::new(scope, arguments.get(0), connection, is_server);
    scope.host_object(endpoint)
}

/// `tlsJoin(tls, socket)`: it reads from this socket of `node:net` and writes to it from now on.
fn join<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let socket = socket_in(scope, arguments.get(1))?;
    endpoint_of(scope, &arguments)?.join(socket);
    Ok(Local::undefined())
}

/// `tlsSet(tls, what, first, second)`: before the handshake; false when it is closed or at work.
fn set<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let endpoint = endpoint_of(scope, &arguments)?;
    let first = arguments.get(2);
    let is_server = endpoint.is_server();
    let outcome = match scope.string_of(arguments.get(1))?.as_str() {
        "request" => {
            let (asks, insists) = (scope.bool_of(first), scope.bool_of(arguments.get(3)));
            endpoint.with(|connection| connection.set_request(asks, insists))
        }
        "serverName" => {
            let name = scope.string_of(first)?;
            endpoint.with(|connection| connection.set_server_name(&name))
        }
        "protocols" => {
            let list = scope.bytes_of(first)?;
            endpoint.with(|connection| connection.set_protocols(&list, is_server))
        }
        "requestStatus" => endpoint.with(Connection::request_status),
        "status" => {
            let answer = scope.bytes_of(first)?;
            endpoint.with(|connection| {
                connection.set_status(answer);
                Ok(())
            })
        }
        "resumed" => {
            let session = scope.bytes_of(first)?;
            endpoint.with(|connection| {
                connection.set_resumed(session);
                Ok(())
            })
        }
        "session" => {
            let session = scope.bytes_of(first)?;
            // What is none any more is as good as none.
            endpoint.with(|connection| {
                let _ = connection.resume(&session, tls::set_session);
                Ok(())
            })
        }
        "keys" => endpoint.with(|connection| {
            connection.want_keys();
            Ok(())
        }),
        "sessions" => endpoint.with(|connection| {
            connection.want_sessions();
            Ok(())
        }),
        "context" => {
            let context = context_of(scope, first)?;
            endpoint.with(|connection| connection.set_context(&context))
        }
        "keyAndCertificate" => {
            let context = context_of(scope, first)?;
            endpoint.with(|connection| connection.set_key_and_certificate(&context))
        }
        "hello" => {
            endpoint.want_hello();
            Some(Ok(()))
        }
        "psk" => {
            endpoint.answer_psk();
            Some(Ok(()))
        }
        other => return Err(Error::type_error(format!("a connection has no '{other}'"))),
    };
    match outcome {
        Some(outcome) => outcome.map(|()| Local::boolean(true)).map_err(failed),
        None => Ok(Local::boolean(false)),
    }
}

/// `tlsStart(tls)`: the handshake begins.
fn start<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    endpoint_of(scope, &arguments)?.start();
    Ok(Local::undefined())
}

/// `tlsHello(tls)`: what the client said: `[session, serverName, asksForStatus, hasTicket, protocols]`.
fn hello<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let endpoint = endpoint_of(scope, &arguments)?;
    let hello = endpoint.hello.borrow();
    let Some(hello) = hello.as_ref() else {
        return Ok(Local::undefined());
    };
    let protocols = (hello.protocols.iter())
        .map(|name| scope.string_latin1(name))
        .collect::<Result<Vec<_>, Error>>()?;
    scope.array(&[
        scope.uint8_array_copy(&hello.session)?,
        hello.server_name.clone().into_js(scope)?,
        Local::boolean(hello.asks_for_status),
        Local::boolean(hello.has_ticket),
        scope.array(&protocols)?,
    ])
}

/// `tlsRelease(tls)`: the handshake goes on after the client's first message.
fn release<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    endpoint_of(scope, &arguments)?.release();
    Ok(Local::undefined())
}

/// `tlsRead(tls, on)`: whether JavaScript wants more.
fn read<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let on = scope.bool_of(arguments.get(1));
    endpoint_of(scope, &arguments)?.read(on);
    Ok(Local::undefined())
}

/// `tlsReceive(tls, bytes)`: what a stream of the program's brought.
fn receive<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let bytes = scope.bytes_of(arguments.get(1))?;
    endpoint_of(scope, &arguments)?.receive(&bytes);
    Ok(Local::undefined())
}

/// `tlsEnd(tls)`: that stream has ended.
fn end<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    endpoint_of(scope, &arguments)?.end();
    Ok(Local::undefined())
}

/// `tlsWrite(tls, content, isLatin1)`: 0 when it may be taken as sent, 1 when `drained` will be told, or the error's number.
fn write<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let endpoint = endpoint_of(scope, &arguments)?;
    let content = arguments.get(1);
    // A copy, as JavaScript may be told of something while it is written.
    let bytes = if content.is_string() {
        let latin1 = if scope.bool_of(arguments.get(2)) {
            scope.latin1_of(content)?
        } else {
            None
        };
        match latin1 {
            Some(bytes) => bytes,
            None => scope.string_of(content)?.into_bytes(),
        }
    } else {
        scope.bytes_of(content)?
    };
    Ok(scope.number(endpoint.write(&bytes).into()))
}

/// `tlsShutdown(tls)`: nothing more will be written; as `tlsWrite`.
fn shut_down<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let outcome = endpoint_of(scope, &arguments)?.shut_down();
    Ok(scope.number(outcome.into()))
}

/// `tlsClose(tls)`: it is of no use any more. The socket is its owner's to close.
fn close<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    endpoint_of(scope, &arguments)?.close();
    Ok(Local::undefined())
}

/// `tlsAsk(tls, what)`: what is known of the connection; undefined what is not.
fn ask<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let endpoint = endpoint_of(scope, &arguments)?;
    let what = scope.string_of(arguments.get(1))?;
    let list = |certificates: Vec<Vec<u8>>| {
        let certificates: Vec<Bytes> = certificates.into_iter().map(Bytes).collect();
        certificates.into_js(scope)
    };
    let answer = endpoint.with(|connection| match what.as_str() {
        "peer" => list(connection.peer_certificates()),
        "chain" => list(connection.verified_chain()),
        "own" => connection.certificate().map(Bytes).into_js(scope),
        "verdict" => match connection.verdict() {
            Some((number, text)) if number != 0 => {
                scope.array(&[scope.string(verdict_name(number))?, scope.string(text)?])
            }
            _ => Ok(Local::undefined()),
        },
        "cipher" => match connection.cipher() {
            Some(cipher) => scope.array(&[
                scope.string(cipher.name)?,
                cipher.standard_name.into_js(scope)?,
                scope.string(cipher.version)?,
            ]),
            None => Ok(Local::undefined()),
        },
        "version" => connection.version().into_js(scope),
        "protocol" => match connection.protocol() {
            Some(name) => scope.string_latin1(&name),
            None => Ok(Local::undefined()),
        },
        "serverName" => connection.server_name().into_js(scope),
        "ephemeralKey" => match connection.ephemeral_key() {
            Some(key) => scope.array(&[
                scope.string(key.kind)?,
                key.name.into_js(scope)?,
                scope.number(key.bits.into()),
            ]),
            None => Ok(Local::undefined()),
        },
        "session" => connection.session().map(Bytes).into_js(scope),
        "sharedSignatures" => {
            let found = connection.library().map(tls::shared_signatures);
            let names: Vec<String> = (found.unwrap_or_default().into_iter())
                .map(|(sign, hash)| signature_name(sign, hash))
                .collect();
            names.into_js(scope)
        }
        "isResumed" => Ok(Local::boolean(connection.is_resumed())),
        "finished" => connection.finished(false).map(Bytes).into_js(scope),
        "peerFinished" => connection.finished(true).map(Bytes).into_js(scope),
        other => Err(Error::type_error(format!("a connection has no '{other}'"))),
    });
    answer.unwrap_or_else(|| Ok(Local::undefined()))
}

/// `RSA-PSS+SHA256`
fn signature_name(sign: Nid, hash: Nid) -> String {
    let short = |nid: Nid| match nid.short_name() {
        Ok(name) if nid != Nid::UNDEF => name.to_owned(),
        _ => "UNDEF".to_owned(),
    };
    let kind = match sign {
        Nid::RSAENCRYPTION => "RSA".to_owned(),
        Nid::RSASSAPSS => "RSA-PSS".to_owned(),
        Nid::X9_62_ID_ECPUBLICKEY => "ECDSA".to_owned(),
        other => match short(other).as_str() {
            "ED25519" => "Ed25519".to_owned(),
            "ED448" => "Ed448".to_owned(),
            name => name.to_owned(),
        },
    };
    format!("{kind}+{}", short(hash))
}

/// `tlsRenegotiate(tls, asks, insists)`: another handshake begins; a server may ask for a certificate this time. Throws since TLS 1.3.
fn renegotiate<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let endpoint = endpoint_of(scope, &arguments)?;
    let (asks, insists) = (arguments.get(1), arguments.get(2));
    let outcome = endpoint.with(|connection| {
        if let Some(ssl) = connection.library()
            && !asks.is_undefined()
        {
            tls::set_request(ssl, scope.bool_of(asks), scope.bool_of(insists));
        }
        connection.renegotiate(tls::renegotiate)
    });
    outcome.unwrap_or(Ok(())).map_err(failed)?;
    endpoint.start();
    Ok(Local::undefined())
}

/// `tlsMaxSendFragment(tls, size)`: the most that a record holds; false for what is not allowed.
fn max_send_fragment<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let endpoint = endpoint_of(scope, &arguments)?;
    let size = scope.int32_of(arguments.get(1))?;
    let is_set = endpoint.with(|connection| {
        (connection.library()).is_some_and(|ssl| tls::set_max_send_fragment(ssl, size))
    });
    Ok(Local::boolean(is_set == Some(true)))
}

/// `tlsExport(tls, length, label, context)`: bytes that both ends can make.
fn export<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let endpoint = endpoint_of(scope, &arguments)?;
    let length = usize::try_from(scope.int32_of(arguments.get(1))?).unwrap_or(0);
    let label = scope.string_of(arguments.get(2))?;
    let context = if arguments.get(3).is_undefined() {
        None
    } else {
        Some(scope.bytes_of(arguments.get(3))?)
    };
    let bytes =
        endpoint.with(|connection| connection.keying_material(length, &label, context.as_deref()));
    match bytes {
        Some(bytes) => Bytes(bytes.map_err(failed)?).into_js(scope),
        None => Ok(Local::undefined()),
    }
}
