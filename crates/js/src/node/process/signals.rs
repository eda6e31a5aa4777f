//! Signals: the loop watches for those that a program listens to, and `process.kill` sends them. Loop thread only.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use twinloop_loop::{Host, HostId, Loop, signals};

use crate::builtins::errno::refused;
use crate::builtins::permissions::limits;
use crate::engine::{Arguments, Context, Error, Local, Op, Scope, Slot};
use crate::node::process::operations::Exit;

pub(crate) const OPS: &[Op] = &[
    Op::new("watchSignal", 3, watch_signal),
    Op::new("unwatchSignal", 1, unwatch_signal),
    Op::new("sendSignal", 2, send_signal),
];

/// The signals that a program listens to.
#[derive(Default)]
struct Signals {
    host: Cell<Option<HostId>>,
    /// The number of the last watch: no other ever has it.
    last: Cell<u64>,
    watched: RefCell<HashMap<i32, Watched>>,
}

struct Watched {
    number: u64,
    callback: Slot,
    _watch: signals::Watch,
}

/// Calls the callback of a signal that came. The token is the number of its watch and of the signal: one that waits in the queue
/// when its watch ends must not reach a later watch of the same signal.
struct SignalHost {
    context: Context,
    signals: Rc<Signals>,
}

impl Host for SignalHost {
    fn run(&self, token: u64) {
        if !self.context.is_open() || self.context.is_stopped() {
            return;
        }
        self.context.enter(|scope| {
            let (watch, number) = parts(token);
            let callback = self
                .signals
                .watched
                .borrow()
                .get(&number)
                .filter(|watched| watched.number == watch)
                .map(|watched| scope.local(&watched.callback));
            let Some(callback) = callback else {
                return;
            };
            let number = scope.number(number.into());
            if let Err(error) = scope.call(callback, Local::undefined(), &[number]) {
                scope.report_uncaught(error);
            }
        });
    }

    fn discard(&self, _: u64) {}
}

fn token(watch: u64, signal: i32) -> u64 {
    watch << 8 | u64::from(signal.unsigned_abs() & 0xff)
}

fn parts(token: u64) -> (u64, i32) {
    (token >> 8, (token & 0xff) as i32)
}

/// The host's number, after joining the loop if this is the first signal.
fn host(scope: &Scope<'_>, signals: &Rc<Signals>) -> HostId {
    signals.host.get().unwrap_or_else(|| {
        let host = SignalHost {
            context: scope.context(),
            signals: Rc::clone(signals),
        };
        let id = Loop::current().add_host(Rc::new(host));
        signals.host.set(Some(id));
        id
    })
}

/// `watchSignal(name, number, callback)`: `callback(number)` is called for each arrival instead of the default action.
fn watch_signal<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let number = scope.int32_of(arguments.get(1))?;
    if scope.state::<Exit>().in_worker.get() {
        // Signals are the main thread's, as in Node.
        return Ok(Local::undefined());
    }
    let state = scope.state::<Signals>();
    let host = host(scope, &state);
    let remote = Loop::current().remote();
    let watch_number = state.last.get() + 1;
    state.last.set(watch_number);
    let token = token(watch_number, number);
    let watch = signals::watch(number, move || remote.post_host(host, token)).map_err(|error| {
        let name = scope.string_of(arguments.get(0)).unwrap_or_default();
        Error::coded("EINVAL", format!("cannot watch the signal {name}: {error}"))
    })?;
    let watched = Watched {
        number: watch_number,
        callback: scope.persist(arguments.get(2)),
        _watch: watch,
    };
    state.watched.borrow_mut().insert(number, watched);
    Ok(Local::undefined())
}

/// `unwatchSignal(number)`: the default action again.
fn unwatch_signal<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let number = scope.int32_of(arguments.get(0))?;
    scope
        .state::<Signals>()
        .watched
        .borrow_mut()
        .remove(&number);
    Ok(Local::undefined())
}

/// `sendSignal(pid, number)`; 0 asks only whether the process is there.
fn send_signal<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let id = scope.int32_of(arguments.get(0))?;
    let number = scope.int32_of(arguments.get(1))?;
    if number != 0 && id.unsigned_abs() != std::process::id() {
        limits(scope).signals()?;
    }
    match twinloop_loop::kill(id, number) {
        Ok(()) => Ok(Local::undefined()),
        Err(error) => Err(refused(&error, "kill")),
    }
}
