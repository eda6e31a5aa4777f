//! The operations of broadcast channels beyond this process, over `web`'s `broadcast`.
//!
//! A task for each channel gives its events to JavaScript, one an entry of the loop, so each has a checkpoint of its own. As with ports, a channel
//! that is listened to keeps its object, as long as it is open; one that is not is closed when the program forgets it. Loop thread only.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::{Rc, Weak};
use std::task::Poll;

use twinloop_loop::{Hold, Loop};
use twinloop_web::broadcast::{Channel, Event, Options};

use super::shared_values;
use crate::builtins::permissions::limits;
use crate::engine::{Arguments, Context, Error, ErrorClass, Local, Op, Scope, Slot};
use crate::web::network::{Network, network_error};

pub(crate) const OPS: &[Op] = &[
    Op::new("sharedClose", 1, close),
    Op::new("sharedFlush", 1, flush),
    Op::new("sharedIsOpen", 1, is_open),
    Op::new("sharedKeep", 2, keep),
    Op::new("sharedOpen", 5, open),
    Op::new("sharedOthers", 1, others),
    Op::new("sharedPost", 2, post),
    Op::new("sharedReady", 1, ready),
    Op::new("sharedReference", 2, reference),
    Op::new("sharedSetReceiver", 1, set_receiver),
    Op::new("sharedUrl", 1, url),
    Op::new("sharedUsualUrl", 0, usual_url),
];

/// Where channels reach that are told nothing.
const VARIABLE: &str = "TWINLOOP_BROADCAST";

/// What hears of the events of a context's channels.
#[derive(Default)]
struct Receiver(RefCell<Option<Slot>>);

struct Shared {
    channel: Channel,
    /// The object that hears of events; the program may have forgotten it otherwise.
    object: RefCell<Option<Slot>>,
    hold: RefCell<Option<Hold>>,
}

fn shared_of(scope: &Scope<'_>, arguments: &Arguments<'_>) -> Result<Rc<Shared>, Error> {
    scope.expect_host::<Shared>(arguments.get(0), "a native broadcast channel")
}

/// `sharedSetReceiver(receive)`.
fn set_receiver<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let receiver = scope.persist(arguments.get(0));
    *scope.state::<Receiver>().0.borrow_mut() = Some(receiver);
    Ok(Local::undefined())
}

/// `sharedUsualUrl()`: undefined for a program with limits, which reaches no other process that it was not given.
fn usual_url<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    if limits(scope).are_set() {
        return Ok(Local::undefined());
    }
    match std::env::var(VARIABLE) {
        Ok(url) if !url.is_empty() => scope.string(&url),
        _ => Ok(Local::undefined()),
    }
}

/// `sharedOpen(name, url, history, since, presence)`.
fn open<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let name = scope.string_of(arguments.get(0))?;
    let url = scope.string_of(arguments.get(1))?;
    let client = scope.state::<Network>().client(scope)?;
    let since = arguments.get(3);
    let options = Options {
        history: arguments.get(2).as_f64().map(|history| history as u64),
        since: match since.is_string() {
            true => Some(scope.string_of(since)?),
            false => None,
        },
        presence: match arguments.get(4) {
            none if none.is_undefined() => None,
            data => Some(shared_values::write(scope, data)?),
        },
        ..Options::default()
    };
    let channel = Channel::open(&client, &name, &url, &options).map_err(network_error)?;
    let shared = Rc::new(Shared {
        channel,
        object: RefCell::default(),
        hold: RefCell::default(),
    });
    Loop::current().spawn(deliver(scope.context(), Rc::downgrade(&shared)));
    scope.host_object(shared)
}

/// Gives a channel's events to JavaScript until it is closed or forgotten.
async fn deliver(context: Context, weak: Weak<Shared>) {
    loop {
        let event = poll_fn(|context| match weak.upgrade() {
            Some(shared) => shared.channel.poll_next(context),
            None => Poll::Ready(None),
        });
        let Some(event) = event.await else { return };
        let Some(shared) = weak.upgrade() else { return };
        if !context.is_open() || context.is_stopped() {
            return;
        }
        context.enter(|scope| {
            if let Err(error) = tell(scope, &shared, event) {
                scope.report_uncaught(error);
            }
        });
        drop(shared);
        another_entry().await;
    }
}

/// The rest is done in another entry of the loop.
async fn another_entry() {
    let mut is_first = true;
    poll_fn(|context| {
        if std::mem::take(&mut is_first) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
}

fn tell(scope: &Scope<'_>, shared: &Shared, event: Event) -> Result<(), Error> {
    let local = |slot: &RefCell<Option<Slot>>| slot.borrow().as_ref().map(|slot| scope.local(slot));
    let receiver = scope.state::<Receiver>();
    let (Some(object), Some(receive)) = (local(&shared.object), local(&receiver.0)) else {
        // What comes while nobody listens is for nobody.
        return Ok(());
    };
    let mut position = Local::undefined();
    let (kind, value) = match event {
        Event::Message(message) => match shared_values::read(scope, &message.body) {
            Ok(value) => {
                if let Some(text) = message.position {
                    position = scope.string(&text)?;
                }
                (0, value)
            }
            Err(error) => (1, error.to_local(scope).unwrap_or(Local::undefined())),
        },
        Event::Unreadable(reason) => (1, scope.new_error(ErrorClass::Error, &reason)?),
        Event::Open => (2, Local::undefined()),
        Event::Cut(reason) => (3, scope.string(&reason)?),
        Event::Refused(reason) => (3, scope.string(&reason)?),
        Event::Joined { id, data } => {
            position = scope.string(&id)?;
            (5, shared_values::read(scope, &data)?)
        }
        Event::Left { id, data } => {
            position = scope.string(&id)?;
            (6, shared_values::read(scope, &data)?)
        }
        Event::Lost(count) => (4, scope.number(count as f64)),
    };
    let kind = scope.number(f64::from(kind));
    scope.call(
        receive,
        Local::undefined(),
        &[object, kind, value, position],
    )?;
    Ok(())
}

/// `sharedKeep(shared, object)`: what hears of events; undefined lets it go.
fn keep<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let shared = shared_of(scope, &arguments)?;
    let object = arguments.get(1);
    let is_kept = !shared.channel.is_closed() && object.is_object();
    let before = shared
        .object
        .replace(is_kept.then(|| scope.persist(object)));
    drop(before);
    Ok(Local::undefined())
}

/// `sharedReference(shared, on)`: whether it keeps the program alive while it is open.
fn reference<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let shared = shared_of(scope, &arguments)?;
    let on = scope.bool_of(arguments.get(1)) && !shared.channel.is_closed();
    let mut hold = shared.hold.borrow_mut();
    if on != hold.is_some() {
        *hold = on.then(|| Loop::current().hold());
    }
    Ok(Local::undefined())
}

/// `sharedOthers(shared)`: an id and a value for each, in turn.
fn others<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let shared = shared_of(scope, &arguments)?;
    let mut parts = Vec::new();
    for (id, data) in shared.channel.others() {
        parts.push(scope.string(&id)?);
        parts.push(shared_values::read(scope, &data)?);
    }
    scope.array(&parts)
}

/// `sharedPost(shared, message)`.
fn post<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let shared = shared_of(scope, &arguments)?;
    let body = shared_values::write(scope, arguments.get(1))?;
    shared.channel.post(&body).map_err(network_error)?;
    Ok(Local::undefined())
}

/// `sharedReady(shared)`.
fn ready<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let ready = shared_of(scope, &arguments)?.channel.ready();
    scope.promise_from_future(async move { ready.await.map_err(network_error) })
}

/// `sharedFlush(shared)`.
fn flush<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let flushed = shared_of(scope, &arguments)?.channel.flush();
    scope.promise_from_future(async move { flushed.await.map_err(network_error) })
}

/// `sharedClose(shared)`.
fn close<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let shared = shared_of(scope, &arguments)?;
    shared.channel.close();
    let before = (shared.object.take(), shared.hold.take());
    drop(before);
    Ok(Local::undefined())
}

/// `sharedIsOpen(shared)`.
fn is_open<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let shared = shared_of(scope, &arguments)?;
    Ok(Local::boolean(!shared.channel.is_closed()))
}

/// `sharedUrl(shared)`.
fn url<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    scope.string(shared_of(scope, &arguments)?.channel.url())
}
