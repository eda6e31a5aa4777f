//! Timers, immediates and microtasks: JavaScript callbacks that the loop runs.
//!
//! One [`Host`] of the loop serves the first two. Its token says which is due; a timer or immediate is an object in the traced root table
//! (rule ROOTED) that goes back to the `timers` module when it is due. The loop keeps deadlines and order; here is only the
//! way from its token to the object. Loop thread only.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use slab::Slab;
use twinloop_loop::trace;
use twinloop_loop::{CheckKey, Entry, Host, HostId, Loop, TimerKey};

use crate::engine::{Arguments, Context, Error, Local, Op, Scope, Slot};

pub(crate) const OPS: &[Op] = &[
    Op::new("setTimerCallback", 2, set_timer_callback),
    Op::new("startTimer", 3, start_timer),
    Op::new("cancelTimer", 1, cancel_timer),
    Op::new("referenceTimer", 2, reference_timer),
    Op::new("startImmediate", 1, start_immediate),
    Op::new("cancelImmediate", 1, cancel_immediate),
    Op::new("referenceImmediate", 2, reference_immediate),
    Op::new("enqueueMicrotask", 1, enqueue_microtask),
];

#[derive(Default)]
struct Callbacks {
    host: Cell<Option<HostId>>,
    /// Calls a timer or immediate that is due; set when the `timers` module is loaded.
    run: RefCell<Option<Slot>>,
    /// Gives what such an object will call, for a trace.
    callback_of: RefCell<Option<Slot>>,
    due: RefCell<Slab<Due>>,
}

/// A timer, or an immediate (which has no deadline).
struct Due {
    object: Slot,
    timer: Option<TimerKey>,
    check: Option<CheckKey>,
    /// What it runs in.
    context: Option<Slot>,
}

struct CallbackHost {
    context: Context,
    callbacks: Rc<Callbacks>,
}

impl Host for CallbackHost {
    fn run(&self, token: u64) {
        if !self.context.is_open() || self.context.is_stopped() {
            return;
        }
        self.context.enter(|scope| {
            if let Err(error) = self.run_due(scope, token) {
                scope.report_uncaught(error);
            }
        });
    }

    fn tell(&self) -> Option<String> {
        let due = self.callbacks.due.borrow();
        let immediates = due.iter().filter(|(_, due)| due.check.is_some()).count();
        let timers = due.len() - immediates;
        Some(format!(
            "{{\"language\":\"JavaScript\",\"timers\":{timers},\"immediates\":{immediates}}}"
        ))
    }

    fn discard(&self, token: u64) {
        self.callbacks.due.borrow_mut().try_remove(token as usize);
    }
}

impl CallbackHost {
    fn run_due(&self, scope: &Scope<'_>, token: u64) -> Result<(), Error> {
        let Some(due) = self.callbacks.due.borrow_mut().try_remove(token as usize) else {
            return Ok(());
        };
        let Some(run) = self
            .callbacks
            .run
            .borrow()
            .as_ref()
            .map(|slot| scope.local(slot))
        else {
            return Ok(());
        };
        let object = scope.local(&due.object);
        if object.is_null() {
            return Ok(());
        }
        if trace::is_on() {
            let callback_of = self.callbacks.callback_of.borrow();
            if let Some(callback_of) = callback_of.as_ref().map(|slot| scope.local(slot)) {
                let callback = scope.call(callback_of, Local::undefined(), &[object])?;
                scope.describe_entry(callback);
            }
        }
        scope.enter_captured(due.context.as_ref());
        scope.call(run, Local::undefined(), &[object]).map(|_| ())
    }
}

/// The host's number, after joining the loop if this is the first callback.
fn host(scope: &Scope<'_>, callbacks: &Rc<Callbacks>) -> HostId {
    callbacks.host.get().unwrap_or_else(|| {
        let host = CallbackHost {
            context: scope.context(),
            callbacks: Rc::clone(callbacks),
        };
        let id = Loop::current().add_host(Rc::new(host));
        callbacks.host.set(Some(id));
        id
    })
}

/// `setTimerCallback(run, callbackOf)`: `run(object)` is called with each timer or immediate that is due; `callbackOf(object)` gives what that will call.
fn set_timer_callback<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let callbacks = scope.state::<Callbacks>();
    *callbacks.run.borrow_mut() = Some(scope.persist(arguments.get(0)));
    *callbacks.callback_of.borrow_mut() = Some(scope.persist(arguments.get(1)));
    Ok(Local::undefined())
}

/// `startTimer(object, milliseconds, referenced)`: a number, never 0, for `cancelTimer` until the timer has fired.
fn start_timer<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let delay = Duration::try_from_secs_f64(scope.number_of(arguments.get(1))? / 1000.0)
        .unwrap_or_default();
    let referenced = scope.bool_of(arguments.get(2));
    let callbacks = scope.state::<Callbacks>();
    let host = host(scope, &callbacks);
    let mut due = callbacks.due.borrow_mut();
    let vacant = due.vacant_entry();
    let index = vacant.key();
    let running = Loop::current();
    let deadline = running
        .now()
        .saturating_add(u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX));
    let key = running.push_at(deadline, Entry::Host(host, index as u64));
    if !referenced {
        running.set_timer_referenced(key, false);
    }
    vacant.insert(Due {
        object: scope.persist(arguments.get(0)),
        timer: Some(key),
        check: None,
        context: scope.capture_async_context(),
    });
    Ok(scope.number((index + 1) as f64))
}

/// The entry of a number that `startTimer` or `startImmediate` gave.
fn index_of(number: Local<'_>) -> Option<usize> {
    usize::try_from(number.as_index()?).ok()?.checked_sub(1)
}

/// `cancelTimer(number)`. A timer that is due already has an entry in the ready queue that nobody can take back, so it keeps its
/// number until that entry comes: another timer must not get the number, and fire, before.
fn cancel_timer<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let callbacks = scope.state::<Callbacks>();
    let mut due = callbacks.due.borrow_mut();
    let Some(index) = index_of(arguments.get(0)).filter(|index| due.contains(*index)) else {
        return Ok(Local::undefined());
    };
    let waiting = due[index].timer;
    if waiting.is_some_and(|key| Loop::current().cancel_timer(key).is_some()) {
        due.remove(index);
    } else {
        scope.replace(&due[index].object, Local::null());
    }
    Ok(Local::undefined())
}

/// `referenceTimer(number, referenced)`: whether it keeps the process alive.
fn reference_timer<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let callbacks = scope.state::<Callbacks>();
    let due = callbacks.due.borrow();
    let key = index_of(arguments.get(0))
        .and_then(|index| due.get(index))
        .and_then(|due| due.timer);
    if let Some(key) = key {
        Loop::current().set_timer_referenced(key, scope.bool_of(arguments.get(1)));
    }
    Ok(Local::undefined())
}

/// `startImmediate(object)`: due in the next check phase of the loop; a number for `cancelImmediate`.
fn start_immediate<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let callbacks = scope.state::<Callbacks>();
    let host = host(scope, &callbacks);
    let mut due = callbacks.due.borrow_mut();
    let vacant = due.vacant_entry();
    let index = vacant.key();
    let check = Loop::current().push_check(Entry::Host(host, index as u64));
    vacant.insert(Due {
        object: scope.persist(arguments.get(0)),
        timer: None,
        check: Some(check),
        context: scope.capture_async_context(),
    });
    Ok(scope.number((index + 1) as f64))
}

/// `cancelImmediate(number)`. Its entry of the check phase stays, so its number does: another timer must not get it before.
fn cancel_immediate<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let callbacks = scope.state::<Callbacks>();
    let due = callbacks.due.borrow();
    if let Some(due) = index_of(arguments.get(0)).and_then(|index| due.get(index)) {
        scope.replace(&due.object, Local::null());
        keep_alive(due, false);
    }
    Ok(Local::undefined())
}

/// `referenceImmediate(number, referenced)`: whether it keeps the process alive.
fn reference_immediate<'s>(
    scope: &Scope<'s>,
    arguments: Arguments<'s>,
) -> Result<Local<'s>, Error> {
    let callbacks = scope.state::<Callbacks>();
    let due = callbacks.due.borrow();
    if let Some(due) = index_of(arguments.get(0)).and_then(|index| due.get(index)) {
        keep_alive(due, scope.bool_of(arguments.get(1)));
    }
    Ok(Local::undefined())
}

fn keep_alive(immediate: &Due, referenced: bool) {
    if let Some(key) = immediate.check {
        Loop::current().set_check_referenced(key, referenced);
    }
}

/// `enqueueMicrotask(callback)`: what it throws is an uncaught exception.
fn enqueue_microtask<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    scope.queue_microtask(arguments.get(0))?;
    Ok(Local::undefined())
}
