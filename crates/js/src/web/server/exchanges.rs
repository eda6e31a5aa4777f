//! The operations on requests and their answers.
//!
//! A request crosses as its method, target and fields, strings that are made at once (a copy of some hundred bytes costs less than an object that
//! could be asked later); its body stays here until somebody wants it. An answer that is whole is one call. Fields are `name:value\n` for each,
//! in both directions, as for `fetch`. A number whose exchange is over means nothing any more. On the loop's thread.

use std::borrow::Cow;
use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::time::Duration;

use twinloop_web::Bytes;
use twinloop_web::fetch::Body;
use twinloop_web::server::{AccessLog, Compression, Exchange, Fields, Handler};

use super::table::{Heard, Servers, tell};
use crate::builtins::results::Chunk;
use crate::engine::{
    Arguments, Context, Error, IntoJs, Local, Op, Scope, Type, Units, transcoding,
};
use crate::web::fetch::kept::KeptBytes;
use crate::web::network::{Network, network_error};

pub(super) const OPS: &[Op] = &[
    Op::new("serverBegin", 3, begin),
    Op::new("serverBody", 1, body),
    Op::new("serverCoding", 5, coding),
    Op::new("serverCut", 1, cut),
    Op::new("serverFinish", 1, finish),
    Op::new("serverGone", 1, gone),
    Op::new("serverPeer", 1, peer),
    Op::new("serverReady", 1, ready),
    Op::new("serverRespond", 5, respond),
    Op::new("serverTimeout", 2, timeout),
    Op::new("serverWrite", 2, write),
];

// The flags of a request, as `operations.d.ts` tells them.
const HAS_BODY: u32 = 1;
const IS_SECURE: u32 = 2;
const ASKS_FOR_SOCKET: u32 = 4;

/// A short body is most likely text, and a string is what text becomes. A long one stays here until somebody says what it is to be.
const LARGEST_CROSSING: usize = 16 * 1024;

/// What follows the requests of a server, if anything does.
pub(super) type Log = Rc<RefCell<Option<Rc<AccessLog>>>>;

/// Hands requests to JavaScript.
pub(super) struct ToJavaScript {
    pub(super) context: Context,
    pub(super) servers: Rc<Servers>,
    pub(super) number: f64,
    pub(super) compression: Option<Compression>,
    pub(super) log: Log,
}

impl Handler for ToJavaScript {
    fn request(&self, exchange: Exchange) {
        if let Some(log) = &*self.log.borrow() {
            log.follow(&exchange);
        }
        if let Some(compression) = self.compression {
            exchange.compress(compression);
        }
        self.hand(Rc::new(exchange), "");
    }
}

impl ToJavaScript {
    /// With a root that a proxy took away from what was asked for.
    fn hand(&self, exchange: Rc<Exchange>, root: &str) {
        let number = self.servers.exchanges.insert(Rc::clone(&exchange));
        tell(&self.context, Heard::Request, |scope| {
            let mut flags = 0;
            if exchange.has_body() {
                flags |= HAS_BODY;
            }
            if exchange.is_secure() {
                flags |= IS_SECURE;
            }
            if exchange.upgrades() && exchange.asks_for_socket() {
                flags |= ASKS_FOR_SOCKET;
            }
            Ok(vec![
                scope.number(self.number),
                scope.number(number),
                scope.string_latin1(exchange.method().as_bytes())?,
                scope.string_latin1(&rooted(root, exchange.target()))?,
                scope.string_latin1(&field_text(&exchange))?,
                scope.number(flags.into()),
            ])
        });
    }
}

/// Takes a request from JavaScript, which has not answered it: whoever has it now answers.
#[must_use]
pub fn take_exchange(scope: &Scope<'_>, number: f64) -> Option<Rc<Exchange>> {
    scope.state::<Servers>().exchanges.remove(number)
}

/// Has the handlers of a JavaScript server, which may listen nowhere, answer a request that came to another one, whose clients see `root` before what
/// they ask for.
pub fn hand_over(scope: &Scope<'_>, server: f64, exchange: Rc<Exchange>, root: &str) {
    let handler = ToJavaScript {
        context: scope.context(),
        servers: scope.state::<Servers>(),
        number: server,
        compression: None,
        // The server that it came to follows it.
        log: Log::default(),
    };
    handler.hand(exchange, root);
}

fn rooted<'t>(root: &str, target: &'t [u8]) -> Cow<'t, [u8]> {
    if root.is_empty() || !target.starts_with(b"/") {
        return Cow::Borrowed(target);
    }
    Cow::Owned([root.as_bytes(), target].concat())
}

/// Names in small letters.
fn field_text(exchange: &Exchange) -> Vec<u8> {
    let raw = exchange.raw_fields();
    let mut text = Vec::with_capacity(raw.len());
    let mut is_name = true;
    let mut from = 0;
    for at in memchr::memchr_iter(0, raw) {
        let start = text.len();
        text.extend_from_slice(&raw[from..at]);
        if is_name {
            text[start..].make_ascii_lowercase();
            text.push(b':');
        } else {
            text.push(b'\n');
        }
        is_name = !is_name;
        from = at + 1;
    }
    text
}

pub(super) fn exchange_of<'s>(
    scope: &Scope<'s>,
    arguments: &Arguments<'s>,
) -> Result<Option<Rc<Exchange>>, Error> {
    let number = scope.number_of(arguments.get(0))?;
    Ok(scope.state::<Servers>().exchanges.get(number))
}

fn forget<'s>(scope: &Scope<'s>, arguments: &Arguments<'s>) -> Result<(), Error> {
    let number = scope.number_of(arguments.get(0))?;
    let exchange = scope.state::<Servers>().exchanges.remove(number);
    drop(exchange);
    Ok(())
}

pub(super) fn read_fields(scope: &Scope<'_>, value: Local<'_>) -> Result<Fields, Error> {
    let mut fields = Fields::new();
    let mut outcome = Ok(());
    let is_latin1 = scope.read_units(value, |units| match units {
        Units::Latin1(text) => {
            for line in text
                .split(|byte| *byte == b'\n')
                .filter(|line| !line.is_empty())
            {
                let colon = memchr::memchr(b':', line).unwrap_or(line.len());
                let value = line.get(colon + 1..).unwrap_or_default();
                if outcome.is_ok() {
                    outcome = fields.append(&line[..colon], value);
                }
            }
            true
        }
        Units::TwoByte(_) => false,
    })?;
    outcome.map_err(network_error)?;
    if !is_latin1 {
        return Err(Error::type_error("a header is not a byte string"));
    }
    Ok(fields)
}

/// Bytes of a body: where the engine has them, or made of it.
enum Lendable<'b> {
    Lent(&'b [u8]),
    Own(Bytes),
}

/// A string as UTF-8, bytes as they are, nothing for null. What the engine has in this form is lent for the call, in which nothing of it may run.
fn with_content<R>(
    scope: &Scope<'_>,
    value: Local<'_>,
    act: impl FnOnce(Lendable<'_>) -> R,
) -> Result<R, Error> {
    match value.type_of() {
        Type::Null | Type::Undefined => Ok(act(Lendable::Lent(b""))),
        Type::String => scope.read_units(value, |units| match units {
            Units::Latin1(text) if text.is_ascii() => act(Lendable::Lent(text)),
            units => {
                let mut bytes = vec![0; transcoding::length_in_utf8(units)];
                let length = transcoding::encode_utf8(units, &mut bytes);
                bytes.truncate(length);
                act(Lendable::Own(Bytes::from(bytes)))
            }
        }),
        _ => scope.with_bytes(value, |bytes| act(Lendable::Lent(bytes))),
    }
}

/// As `with_content`, for who keeps it.
pub(super) fn read_content(scope: &Scope<'_>, value: Local<'_>) -> Result<Bytes, Error> {
    with_content(scope, value, |content| match content {
        Lendable::Lent(bytes) => Bytes::copy_from_slice(bytes),
        Lendable::Own(bytes) => bytes,
    })
}

/// Whether something could be sent; what is wrong with the arguments is an error.
pub(super) fn sent(outcome: twinloop_web::Result<()>) -> Result<bool, Error> {
    match outcome {
        Ok(()) => Ok(true),
        Err(error) if error.is_closed() => Ok(false),
        Err(error) => Err(network_error(error)),
    }
}

/// `serverRespond(exchange, status, fields, content, isLast)`: whether there was anybody to answer. `isLast`: nobody has the content after this.
fn respond<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let Some(exchange) = exchange_of(scope, &arguments)? else {
        return Ok(Local::boolean(false));
    };
    let status = scope.int32_of(arguments.get(1))? as u16;
    let fields = read_fields(scope, arguments.get(2))?;
    let (content, is_last) = (arguments.get(3), scope.bool_of(arguments.get(4)));
    let is_sent = if let Some(kept) = KeptBytes::of(scope, content) {
        sent(exchange.respond(status, &fields, kept.bytes(is_last)))?
    } else {
        let outcome = with_content(scope, content, |content| match content {
            Lendable::Lent(bytes) => exchange.respond_lent(status, &fields, bytes),
            Lendable::Own(bytes) => exchange.respond(status, &fields, bytes),
        })?;
        let is_sent = sent(outcome)?;
        if is_last {
            scope.release_bytes(content)?;
        }
        is_sent
    };
    forget(scope, &arguments)?;
    Ok(Local::boolean(is_sent))
}

/// `serverBegin(exchange, status, fields)`
fn begin<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let Some(exchange) = exchange_of(scope, &arguments)? else {
        return Ok(Local::boolean(false));
    };
    let status = scope.int32_of(arguments.get(1))? as u16;
    let fields = read_fields(scope, arguments.get(2))?;
    Ok(Local::boolean(sent(exchange.begin(status, &fields))?))
}

/// `serverCoding(accepted, status, fields, length, smallest)`: by what an answer of another server is to be coded, as `Compression::coding_for` says it.
fn coding<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let accepted = scope.string_of(arguments.get(0))?;
    let status = scope.int32_of(arguments.get(1))? as u16;
    let fields = read_fields(scope, arguments.get(2))?;
    let length = scope.number_of(arguments.get(3))?;
    let compression = Compression {
        min_bytes: scope.number_of(arguments.get(4))? as u64,
    };
    let length = (length >= 0.0).then_some(length as u64);
    match compression.coding_for(&accepted, status, &fields, length) {
        Some(coding) => scope.string(coding),
        None => Ok(Local::undefined()),
    }
}

/// `serverWrite(exchange, content)`: how many bytes wait now, -1 when the client has gone.
fn write<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let Some(exchange) = exchange_of(scope, &arguments)? else {
        return Ok(scope.number(-1.0));
    };
    let outcome = with_content(scope, arguments.get(1), |content| match content {
        Lendable::Lent(bytes) => exchange.write_lent(bytes),
        Lendable::Own(bytes) => exchange.write(bytes),
    })?;
    let waiting = if sent(outcome)? {
        exchange.queued() as f64
    } else {
        -1.0
    };
    Ok(scope.number(waiting))
}

/// `serverReady(exchange)`: resolves to whether the client is there and has read enough for more.
fn ready<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let exchange = exchange_of(scope, &arguments)?;
    scope.promise_from_future(async move {
        Ok(match exchange {
            Some(exchange) => exchange.ready().await.is_ok(),
            None => false,
        })
    })
}

/// `serverTimeout(exchange, seconds)`: cuts it when nothing moves for so long; 0 takes that back.
fn timeout<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    if let Some(exchange) = exchange_of(scope, &arguments)? {
        let number = scope.number_of(arguments.get(0))?;
        let seconds = scope.number_of(arguments.get(1))?;
        let servers = scope.state::<Servers>();
        // Whoever answers later answers nobody.
        let gone = move || drop(servers.exchanges.remove(number));
        let time = Duration::try_from_secs_f64(seconds).unwrap_or_default();
        Exchange::set_patience(&exchange, time, gone);
    }
    Ok(Local::undefined())
}

/// `serverFinish(exchange)`
fn finish<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    if let Some(exchange) = exchange_of(scope, &arguments)? {
        let outcome = sent(exchange.finish(&Fields::new()));
        forget(scope, &arguments)?;
        outcome?;
    }
    Ok(Local::undefined())
}

/// `serverCut(exchange)`: the client sees that there is no whole answer.
fn cut<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    if let Some(exchange) = exchange_of(scope, &arguments)? {
        exchange.cut();
    }
    forget(scope, &arguments)?;
    Ok(Local::undefined())
}

/// `serverGone(exchange)`: resolves when the exchange has ended, to whether the client went before it was answered.
fn gone<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let exchange = exchange_of(scope, &arguments)?;
    scope.promise_from_future(async move {
        let Some(exchange) = exchange else {
            return Ok(false);
        };
        // A weak reference would do for who is answered meanwhile; this one ends with the request all the same.
        poll_fn(|context| exchange.poll_gone(context)).await;
        Ok(!exchange.is_over())
    })
}

/// `serverBody(exchange)`: the body as `ResponseHead` has it: null, a string, bytes, or the number of one that is arriving.
fn body<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let Some(exchange) = exchange_of(scope, &arguments)? else {
        return Chunk(Bytes::new()).into_js(scope);
    };
    let body = match exchange.take_whole_body() {
        Some(bytes) if bytes.len() > LARGEST_CROSSING => return KeptBytes::keep(scope, bytes),
        Some(bytes) if bytes.is_ascii() => return scope.string_latin1(&bytes),
        Some(bytes) => return Chunk(bytes).into_js(scope),
        None => Body::stream(Exchange::body_stream(exchange)),
    };
    Ok(scope.state::<Network>().keep(scope, body))
}

/// `serverPeer(exchange)`: `[address, port]`, or null.
fn peer<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let exchange = exchange_of(scope, &arguments)?;
    address(scope, exchange.and_then(|exchange| exchange.peer_addr()))
}

pub(super) fn address<'s>(
    scope: &Scope<'s>,
    address: Option<std::net::SocketAddr>,
) -> Result<Local<'s>, Error> {
    match address {
        None => Ok(Local::null()),
        Some(address) => scope.array(&[
            scope.string(&address.ip().to_string())?,
            scope.number(address.port().into()),
        ]),
    }
}
