//! Signals, handled on a thread of their own: a signal handler itself may do next to nothing.
//!
//! The callback runs on that thread (rule NO-GIL-OFF-LOOP: it posts to the inbox, or asks an engine to interrupt).

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use signal_hook::consts::{SIGHUP, SIGINT, SIGPIPE, SIGTERM};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithRawSiginfo;

/// The interrupt from the keyboard.
pub const INTERRUPT: i32 = SIGINT;
/// The polite request to end.
pub const TERMINATE: i32 = SIGTERM;
/// The terminal is gone.
pub const HANG_UP: i32 = SIGHUP;

type Callback = Arc<dyn Fn() + Send + Sync>;

/// Calls a callback for each arrival of one signal until dropped.
#[derive(Debug)]
pub struct Watch {
    signal: i32,
    number: u64,
}

/// A signal that was watched once: its handler stays in the process, and does what the default action would while nobody watches.
struct Handled {
    watches: Vec<Watcher>,
    unwatched: Arc<AtomicBool>,
    /// The process whose thread takes the signal in: a fork has none of its parent's threads.
    process: u32,
}

struct Watcher {
    number: u64,
    alone: bool,
    callback: Callback,
}

#[derive(Default)]
struct Registry {
    /// The number of the last watch.
    last: u64,
    handled: HashMap<i32, Handled>,
}

static REGISTRY: Mutex<Option<Registry>> = Mutex::new(None);

fn registry() -> MutexGuard<'static, Option<Registry>> {
    REGISTRY
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Starts the thread that takes a signal in.
fn start_thread(signal: i32) -> io::Result<()> {
    // With their details, of which nobody needs any: without them those that come together would be told as one.
    let mut signals = SignalsInfo::<WithRawSiginfo>::new([signal])?;
    std::thread::Builder::new()
        .name("twinloop-signals".into())
        .spawn(move || {
            for _ in signals.forever() {
                // Called without the lock, so that a callback may watch itself.
                for callback in called(signal) {
                    callback();
                }
            }
        })?;
    Ok(())
}

/// Who is called now: the newest watch that wants to be alone, or all.
fn called(signal: i32) -> Vec<Callback> {
    let registry = registry();
    let handled = (registry.as_ref()).and_then(|registry| registry.handled.get(&signal));
    let watches = handled.map_or(&[][..], |handled| &handled.watches);
    match watches.iter().rev().find(|watch| watch.alone) {
        Some(watch) => vec![Arc::clone(&watch.callback)],
        None => (watches.iter())
            .map(|watch| Arc::clone(&watch.callback))
            .collect(),
    }
}

/// Watches `signal`; its default action does not take place until every watch of it was dropped.
///
/// # Errors
/// When the signal cannot be handled (SIGKILL, SIGSTOP, or not a signal), or no thread can be started.
pub fn watch(signal: i32, callback: impl Fn() + Send + Sync + 'static) -> io::Result<Watch> {
    begin(signal, false, Arc::new(callback))
}

/// As [`watch`], and no other watch hears of the signal meanwhile.
///
/// # Errors
/// As [`watch`].
pub fn watch_alone(signal: i32, callback: impl Fn() + Send + Sync + 'static) -> io::Result<Watch> {
    begin(signal, true, Arc::new(callback))
}

/// Whether anybody watches `signal`.
#[must_use]
pub fn is_watched(signal: i32) -> bool {
    !called(signal).is_empty()
}

fn begin(signal: i32, alone: bool, callback: Callback) -> io::Result<Watch> {
    if signal_hook::consts::FORBIDDEN.contains(&signal) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("signal {signal} cannot be handled"),
        ));
    }
    let mut registry = registry();
    let Registry { last, handled } = registry.get_or_insert_default();
    *last += 1;
    let number = *last;
    let watcher = Watcher {
        number,
        alone,
        callback,
    };
    let process = std::process::id();
    match handled.get_mut(&signal) {
        Some(known) => {
            if known.process != process {
                start_thread(signal)?;
                known.process = process;
            }
            known.watches.push(watcher);
            known.unwatched.store(false, Ordering::SeqCst);
        }
        None => {
            start_thread(signal)?;
            let unwatched = Arc::new(AtomicBool::new(false));
            // A broken pipe is an error of the write in every Rust program, and no end of it. Of signals without a name here (SIGPWR,
            // SIGSTKFLT) it is not known what they do by default.
            if signal != SIGPIPE && signal_hook::low_level::signal_name(signal).is_some() {
                signal_hook::flag::register_conditional_default(signal, Arc::clone(&unwatched))?;
            }
            let new = Handled {
                watches: vec![watcher],
                unwatched,
                process,
            };
            handled.insert(signal, new);
        }
    }
    Ok(Watch { signal, number })
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut registry = registry();
        let known = (registry.as_mut()).and_then(|all| all.handled.get_mut(&self.signal));
        if let Some(known) = known {
            known.watches.retain(|watch| watch.number != self.number);
            let is_unwatched = known.watches.is_empty();
            known.unwatched.store(is_unwatched, Ordering::SeqCst);
        }
    }
}
