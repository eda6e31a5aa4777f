//! What fetch, bodies and WebSockets share in one context: the client, the tables of what JavaScript names by number, and errors.
//!
//! JavaScript holds numbers, never pointers; a number is never used twice, so a late `bodyCancel` from a FinalizationRegistry
//! cannot hit another body. Everything runs on the loop's thread. Rule BOUNDED: each table holds what the program has open, and
//! each entry buffers at most what its connection does.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use twinloop_web::fetch::{Body, Url, parse_url};
use twinloop_web::{Client, Config, ErrorKind, Gate, JavaScriptClass};

use super::fetch::upload::Upload;
use super::url::base::Base;
use super::url::operations;
use crate::Js;
use crate::builtins::errno::errno;
use crate::builtins::permissions::{Denied, Limits, limits};
use crate::engine::{Error, Local, Property, Scope, Slot, Units};

/// The network state of a context; see `Scope::state`.
#[derive(Default)]
pub(crate) struct Network {
    client: OnceCell<Client>,
    last_number: Cell<u32>,
    /// The url of the last fetch: programs ask for the same one again and again, and parsing it takes a microsecond.
    last_url: RefCell<Option<KnownUrl>>,
    /// At how many arriving bodies the next collection is due.
    collect_at: Cell<usize>,
    /// Bodies that are still arriving.
    pub(crate) bodies: RefCell<HashMap<u32, Rc<ArrivingBody>>>,
    /// Request bodies that a ReadableStream feeds.
    pub(crate) uploads: RefCell<HashMap<u32, Rc<Upload>>>,
    /// Fetches under way that have an AbortSignal, by the number that JavaScript chose.
    pub(crate) abortable: RefCell<HashMap<u32, Rc<AbortFlag>>>,
}

impl Network {
    /// The client, with the default configuration unless [`Js::set_client`] came first.
    pub(crate) fn client(&self, scope: &Scope<'_>) -> Result<Client, Error> {
        if let Some(client) = self.client.get() {
            return Ok(client.clone());
        }
        let mut config = Config::from_environment().map_err(network_error)?;
        config.gate = gate(&limits(scope));
        let client = Client::new(config).map_err(network_error)?;
        Ok(self.client.get_or_init(|| client).clone())
    }

    /// The url that this text means to `URL`.
    pub(crate) fn parse_url(&self, scope: &Scope<'_>, text: Local<'_>) -> Result<Url, Error> {
        if let Some(known) = &*self.last_url.borrow() {
            let is_known = scope.read_units(
                text,
                |units| matches!(units, Units::Latin1(bytes) if bytes == known.text.as_bytes()),
            )?;
            if is_known {
                return Ok(known.url.clone());
            }
        }
        let text = scope.string_of(text)?;
        // As `URL` reads it, which differs in places from how the crate of the client would.
        let parsed = operations::parse(&text, scope.state::<Base>().href());
        let Some(parsed) = parsed else {
            let failure = Error::type_error(format!("Failed to parse URL from {text}"));
            return Err(failure.with("input", Property::String(text)));
        };
        let url = parse_url(parsed.href()).map_err(network_error)?;
        // Only ASCII is the same in UTF-8 and in the engine's strings.
        if text.is_ascii() {
            let known = KnownUrl {
                text,
                url: url.clone(),
                string: None,
            };
            *self.last_url.borrow_mut() = Some(known);
        }
        Ok(url)
    }

    /// A url as a string of JavaScript, the same one for the url of the last fetch.
    pub(crate) fn url_string<'s>(&self, scope: &Scope<'s>, url: &Url) -> Result<Local<'s>, Error> {
        if let Some(known) = &mut *self.last_url.borrow_mut()
            && known.url == *url
        {
            if let Some(string) = &known.string {
                return Ok(scope.local(string));
            }
            let string = scope.string(url.as_str())?;
            known.string = Some(scope.persist(string));
            return Ok(string);
        }
        scope.string(url.as_str())
    }

    /// A program that drops responses without reading them gives their connections back only when they are collected, and an idle heap
    /// gives the collector no reason: with every connection of an origin taken, the next fetch would wait for ever.
    pub(crate) fn collect_forgotten_bodies(&self, scope: &Scope<'_>) {
        let open = self.bodies.borrow().len();
        if open < BODIES_BETWEEN_COLLECTIONS {
            self.collect_at.set(BODIES_BETWEEN_COLLECTIONS);
        } else if open >= self.collect_at.get() {
            self.collect_at.set(open + BODIES_BETWEEN_COLLECTIONS);
            scope.collect_garbage();
        }
    }

    /// The number by which JavaScript has this body until it reads or cancels it.
    pub(crate) fn keep<'s>(&self, scope: &Scope<'s>, body: Body) -> Local<'s> {
        let number = self.next_number();
        let body = Rc::new(ArrivingBody::new(body));
        self.bodies.borrow_mut().insert(number, body);
        scope.number(number.into())
    }

    pub(crate) fn next_number(&self) -> u32 {
        self.last_number
            .set(self.last_number.get().wrapping_add(1).max(1));
        self.last_number.get()
    }
}

/// A url that was parsed.
struct KnownUrl {
    text: String,
    url: Url,
    /// It as a string of JavaScript, once it was one.
    string: Option<Slot>,
}

/// A collection takes about as long as this many fetches.
const BODIES_BETWEEN_COLLECTIONS: usize = 32;

impl Js {
    /// The client of this program's fetches and WebSockets (`--connect-to`, `--ca-file`). Without it, or when the program has fetched
    /// already, the default one stays, which is configured by the environment.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn set_client(&self, mut config: Config) -> Result<(), twinloop_web::Error> {
        self.context().enter(|scope| {
            config.gate = gate(&limits(scope));
            let _ = scope.state::<Network>().client.set(Client::new(config)?);
            Ok(())
        })
    }
}

/// Asks what the program may reach; nothing for one without limits.
fn gate(limits: &Rc<Limits>) -> Option<Gate> {
    let limits = limits.are_set().then(|| limits.clone())?;
    Some(Gate::new(move |host, port| {
        limits.host(&format!("{host}:{port}")).map_err(|denied| {
            twinloop_web::Error::new(ErrorKind::Denied, denied.to_string()).with_source(denied)
        })
    }))
}

/// A response's body while JavaScript can still read or cancel it.
pub(crate) struct ArrivingBody {
    /// `None` while an operation reads it to the end, and once canceled.
    pub(crate) body: RefCell<Option<Body>>,
    pub(crate) canceled: AbortFlag,
}

impl ArrivingBody {
    pub(crate) fn new(body: Body) -> ArrivingBody {
        ArrivingBody {
            body: RefCell::new(Some(body)),
            canceled: AbortFlag::default(),
        }
    }

    /// Drops the body, which gives up its connection, and fails the read under way.
    pub(crate) fn cancel(&self) {
        drop(self.body.borrow_mut().take());
        self.canceled.set();
    }
}

/// Tells a future that it is no longer wanted.
#[derive(Default)]
pub(crate) struct AbortFlag {
    set: Cell<bool>,
    waiting: RefCell<Option<Waker>>,
}

impl AbortFlag {
    pub(crate) fn set(&self) {
        self.set.set(true);
        if let Some(waiting) = self.waiting.borrow_mut().take() {
            waiting.wake();
        }
    }

    /// Runs the future unless, and until, the flag is set; then it is dropped and the outcome is `None`.
    pub(crate) async fn guard<F: Future>(&self, future: F) -> Option<F::Output> {
        let mut future = Box::pin(future);
        std::future::poll_fn(|context| self.poll_unless_set(context, |cx| future.as_mut().poll(cx)))
            .await
    }

    /// One poll of something, which is polled again when the flag is set; `None` once it is.
    pub(crate) fn poll_unless_set<T>(
        &self,
        context: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<Option<T>> {
        if self.set.get() {
            return Poll::Ready(None);
        }
        let polled = poll(context);
        if polled.is_pending() {
            *self.waiting.borrow_mut() = Some(context.waker().clone());
        }
        polled.map(Some)
    }
}

/// The JavaScript error for a network failure, by the table in `twinloop_web`. `fetch.js` takes one that is a TypeError for a fault of
/// the program itself.
pub(crate) fn network_error(error: twinloop_web::Error) -> Error {
    let cause = std::error::Error::source(&error);
    if let Some(denied) = cause.and_then(|cause| cause.downcast_ref::<Denied>()) {
        return denied.clone().into();
    }
    let message = error.chain();
    let face = error.kind().face();
    let made = match face.javascript {
        JavaScriptClass::Error => Error::new(message),
        JavaScriptClass::TypeError => Error::type_error(message),
        JavaScriptClass::RangeError => Error::range_error(message),
        JavaScriptClass::SyntaxError => Error::syntax_error(message),
        JavaScriptClass::AbortError => return Error::dom("AbortError", message),
    };
    let code = error.raw_os_error().map(|number| errno(number).code);
    made.with("code", code.unwrap_or(face.code))
}
