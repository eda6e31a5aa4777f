//! Timers, immediates and signals: JavaScript callbacks that the loop runs.
//!
//! One [`Host`] of the loop serves them. Its token says what kind of callback is due and which; a timer or immediate is an object
//! in the traced root table (rule ROOTED) that goes back to the `timers` module when it is due. The loop keeps deadlines
//! and order; here is only the way from its token to the object. Loop thread only.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use slab::Slab;
use twinloop_loop::{Entry, Host, HostId, Loop, TimerKey, signals};

use crate::engine::{Arguments, Context, Error, Local, Op, Scope, Slot};

pub(crate) const OPS: &[Op] = &[
    Op::new("setTimerCallback", 1, set_timer_callback),
    Op::new("startTimer", 3, start_timer),
    Op::new("cancelTimer", 1, cancel_timer),
    Op::new("referenceTimer", 2, reference_timer),
    Op::new("startImmediate", 1, start_immediate),
    Op::new("cancelImmediate", 1, cancel_immediate),
    Op::new("watchSignal", 2, watch_signal),
    Op::new("unwatchSignal", 1, unwatch_signal),
    Op::new("sendSignal", 2, send_signal),
];

/// Token kinds, in the upper half of a token.
const TIMER: u64 = 0;
const SIGNAL: u64 = 1 << 32;

#[derive(Default)]
struct Callbacks {
    host: Cell<Option<HostId>>,
    /// Calls a timer or immediate that is due; set when the `timers` module is loaded.
    run: RefCell<Option<Slot>>,
    due: RefCell<Slab<Due>>,
    signals: RefCell<HashMap<i32, Signal>>,
}

/// A timer, or an immediate (which has no deadline).
struct Due {
    object: Slot,
    timer: Option<TimerKey>,
}

struct Signal {
    callback: Slot,
    _watch: signals::Watch,
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
            let outcome = if token & SIGNAL != 0 {
                self.run_signal(scope, token)
            } else {
                self.run_due(scope, token)
            };
            if let Err(error) = outcome {
                scope.report_uncaught(error);
            }
        });
    }

    fn discard(&self, token: u64) {
        if token & SIGNAL == 0 {
            self.callbacks.due.borrow_mut().try_remove(token as usize);
        }
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
        scope.call(run, Local::undefined(), &[object]).map(|_| ())
    }

    fn run_signal(&self, scope: &Scope<'_>, token: u64) -> Result<(), Error> {
        let number = (token & 0xffff_ffff) as i32;
        let callback = self
            .callbacks
            .signals
            .borrow()
            .get(&number)
            .map(|signal| scope.local(&signal.callback));
        let Some(callback) = callback else {
            return Ok(());
        };
        scope
            .call(callback, Local::undefined(), &[scope.number(number.into())])
            .map(|_| ())
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

/// `setTimerCallback(run)`: `run(object)` is called with each timer or immediate that is due.
fn set_timer_callback<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let callbacks = scope.state::<Callbacks>();
    *callbacks.run.borrow_mut() = Some(scope.persist(arguments.get(0)));
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
    let key = running.push_at(deadline, Entry::Host(host, TIMER | index as u64));
    if !referenced {
        running.set_timer_referenced(key, false);
    }
    vacant.insert(Due {
        object: scope.persist(arguments.get(0)),
        timer: Some(key),
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

/// `startImmediate(object)`: due in the next turn; a number for `cancelImmediate`.
fn start_immediate<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let callbacks = scope.state::<Callbacks>();
    let host = host(scope, &callbacks);
    let index = callbacks.due.borrow_mut().insert(Due {
        object: scope.persist(arguments.get(0)),
        timer: None,
    });
    Loop::current().push(Entry::Host(host, TIMER | index as u64));
    Ok(scope.number((index + 1) as f64))
}

/// `cancelImmediate(number)`. Its entry of the ready queue stays, so its number does: another timer must not get it before.
fn cancel_immediate<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let callbacks = scope.state::<Callbacks>();
    let due = callbacks.due.borrow();
    if let Some(due) = index_of(arguments.get(0)).and_then(|index| due.get(index)) {
        scope.replace(&due.object, Local::null());
    }
    Ok(Local::undefined())
}

/// `watchSignal(name, callback)`: `callback(number)` is called for each arrival instead of the default action.
fn watch_signal<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let name = scope.string_of(arguments.get(0))?;
    let number = signal_number(&name)?;
    let callbacks = scope.state::<Callbacks>();
    let host = host(scope, &callbacks);
    let remote = Loop::current().remote();
    let watch = signals::watch(number, move || {
        remote.post_host(host, SIGNAL | number as u64)
    })
    .map_err(|error| Error::coded("EINVAL", format!("cannot watch the signal {name}: {error}")))?;
    let signal = Signal {
        callback: scope.persist(arguments.get(1)),
        _watch: watch,
    };
    callbacks.signals.borrow_mut().insert(number, signal);
    Ok(Local::undefined())
}

/// `unwatchSignal(name)`: the default action again.
fn unwatch_signal<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let name = scope.string_of(arguments.get(0))?;
    scope
        .state::<Callbacks>()
        .signals
        .borrow_mut()
        .remove(&signal_number(&name)?);
    Ok(Local::undefined())
}

/// `sendSignal(pid, name or number)`; 0 asks only whether the process is there.
fn send_signal<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let id = scope.int32_of(arguments.get(0))?;
    let name = scope.string_of(arguments.get(1))?;
    let number = name
        .parse::<i32>()
        .map_or_else(|_| signal_number(&name), Ok)?;
    let Some(process) = rustix::process::Pid::from_raw(id) else {
        return Err(Error::coded(
            "ESRCH",
            format!("cannot send a signal to the process {id}"),
        ));
    };
    let sent = match rustix::process::Signal::from_named_raw(number) {
        Some(signal) => rustix::process::kill_process(process, signal),
        None if number == 0 => rustix::process::test_kill_process(process),
        None => {
            return Err(Error::coded(
                "ERR_UNKNOWN_SIGNAL",
                format!("Unknown signal: {name}"),
            ));
        }
    };
    sent.map(|()| Local::undefined()).map_err(|error| {
        let code = if error == rustix::io::Errno::SRCH {
            "ESRCH"
        } else {
            "EPERM"
        };
        Error::coded(code, format!("kill {code}")).with("syscall", "kill")
    })
}

fn signal_number(name: &str) -> Result<i32, Error> {
    let number = match name {
        "SIGHUP" => 1,
        "SIGINT" => 2,
        "SIGQUIT" => 3,
        "SIGKILL" => 9,
        "SIGUSR1" => 10,
        "SIGUSR2" => 12,
        "SIGPIPE" => 13,
        "SIGALRM" => 14,
        "SIGTERM" => 15,
        "SIGCHLD" => 17,
        "SIGCONT" => 18,
        "SIGTSTP" => 20,
        "SIGWINCH" => 28,
        _ => {
            return Err(Error::coded(
                "ERR_UNKNOWN_SIGNAL",
                format!("Unknown signal: {name}"),
            ));
        }
    };
    Ok(number)
}
