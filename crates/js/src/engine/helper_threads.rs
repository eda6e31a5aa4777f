//! The engine's helper threads (collection, compilation), which are this file's own, so that they survive a fork.
//!
//! A forked process has the thread that forked and no other. The engine would wait for its own helper threads for ever:
//! when it collects, when a context ends, when it shuts down. So it gets a pool from here (`JS::SetHelperThreadTaskCallback`)
//! which is empty-handed at every fork (`pthread_atfork`) and makes its threads anew in the child. A fork waits until the
//! pool has run what it was given, because work that is cut in half cannot be finished in the child. A thread is made when there is work
//! for it: a short program has none.
//!
//! Work comes from any thread, and runs on these; none of it touches the GIL (rule NO-GIL-OFF-LOOP). The queue needs no
//! limit (rule BOUNDED): the engine hands out at most as many pieces as it was told that there are threads.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::ffi::c_void;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::process;

/// The engine's own size for such threads.
const STACK: usize = (2 << 20) - 2 * 4096;

/// Tier-2 WebAssembly compilation holds one thread while others compile.
const LEAST: usize = 2;

/// More helper threads than this gain nothing, the engine's authors found.
const MOST: usize = 8;

/// How long a fork waits for the pool. What takes longer than this (a large WebAssembly module) is lost to the child. And how long the
/// engine waits for a thread before the user hears of it.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long until the system is asked for a thread again.
const RETRY: Duration = Duration::from_millis(20);

unsafe extern "C" {
    /// `JS::SetHelperThreadTaskCallback`; in the library, not in the bindings.
    #[link_name = "_ZN2JS27SetHelperThreadTaskCallbackEPFvPNS_16HelperThreadTaskEEmm"]
    fn set_helper_thread_task_callback(
        callback: unsafe extern "C" fn(*mut c_void),
        thread_count: usize,
        stack_size: usize,
    );
    /// `JS::RunHelperThreadTask`.
    #[link_name = "_ZN2JS19RunHelperThreadTaskEPNS_16HelperThreadTaskE"]
    fn run_helper_thread_task(task: *mut c_void);
}

struct HelperTask(*mut c_void);

// SAFETY: the engine makes these to be run by any thread but its own.
unsafe impl Send for HelperTask {}

struct Pool {
    queue: VecDeque<HelperTask>,
    threads: Vec<JoinHandle<()>>,
    /// Threads that wait for work.
    idle: usize,
    /// Threads that run some.
    running: usize,
    most: usize,
    ending: bool,
}

static POOL: Mutex<Pool> = Mutex::new(Pool {
    queue: VecDeque::new(),
    threads: Vec::new(),
    idle: 0,
    running: 0,
    most: LEAST,
    ending: false,
});
static WORK: Condvar = Condvar::new();
static QUIET: Condvar = Condvar::new();

thread_local! {
    /// The pool while this thread forks.
    static AT_FORK: RefCell<Option<MutexGuard<'static, Pool>>> = const { RefCell::new(None) };
}

fn pool() -> MutexGuard<'static, Pool> {
    POOL.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Gives the engine its helper threads; once a process, after the engine was initialised and before there is a context.
pub(super) fn install() {
    let mut pool = pool();
    pool.most = std::thread::available_parallelism()
        .map_or(LEAST, usize::from)
        .clamp(LEAST, MOST);
    // SAFETY: the callback lives as long as the process, and runs each task once, on a thread with a stack of this size.
    unsafe { set_helper_thread_task_callback(dispatch, pool.most, STACK) };
    // SAFETY: plain functions, registered once. If there is no memory for that, a forked child lacks its threads as it did
    // before.
    unsafe { libc::pthread_atfork(Some(before_fork), Some(after_fork), Some(in_child)) };
}

fn spawn(pool: &mut Pool) -> std::io::Result<()> {
    let thread = std::thread::Builder::new()
        .name("JS Helper".into())
        .stack_size(STACK)
        .spawn(work)?;
    pool.threads.push(thread);
    Ok(())
}

/// # Safety
/// Called by the engine, from any thread, with a task that wants to be run.
unsafe extern "C" fn dispatch(task: *mut c_void) {
    let mut pool = pool();
    pool.queue.push_back(HelperTask(task));
    if pool.queue.len() <= pool.idle {
        WORK.notify_one();
        return;
    }
    let begun = Instant::now();
    let mut told = false;
    while pool.threads.len() < pool.most && pool.queue.len() > pool.idle {
        let Err(error) = spawn(&mut pool) else { return };
        // One more thread is a gain and no need once there are `LEAST`; without these the engine waits for ever, so this waits until
        // the system has one again.
        if pool.threads.len() >= LEAST {
            return;
        }
        drop(pool);
        if !told && begun.elapsed() > PATIENCE {
            eprintln!(
                "twinloop: JavaScript waits, because the system gives its engine no helper thread: {error}"
            );
            told = true;
        }
        std::thread::sleep(RETRY);
        pool = self::pool();
    }
}

fn work() {
    let mut pool = pool();
    loop {
        if let Some(task) = pool.queue.pop_front() {
            pool.running += 1;
            drop(pool);
            // SAFETY: the engine gave the task to be run once, on another thread.
            unsafe { run_helper_thread_task(task.0) };
            pool = self::pool();
            pool.running -= 1;
            if pool.running == 0 && pool.queue.is_empty() {
                QUIET.notify_all();
            }
        } else if pool.ending {
            return;
        } else {
            pool.idle += 1;
            pool = WORK
                .wait(pool)
                .unwrap_or_else(|poisoned| poisoned.into_inner());
            pool.idle -= 1;
        }
    }
}

/// Ends the threads; after the engine has shut down, which waits for its tasks.
pub(super) fn end() {
    let threads = {
        let mut pool = pool();
        pool.ending = true;
        std::mem::take(&mut pool.threads)
    };
    WORK.notify_all();
    for thread in threads {
        // A helper thread does not panic: it runs the engine's code alone.
        let _ = thread.join();
    }
}

/// # Safety
/// Called by the C library on the thread that forks, before.
unsafe extern "C" fn before_fork() {
    process::before_fork();
    let until = Instant::now() + PATIENCE;
    let mut pool = pool();
    while pool.running > 0 || !pool.queue.is_empty() {
        let Some(left) = until.checked_duration_since(Instant::now()) else {
            break;
        };
        pool = QUIET
            .wait_timeout(pool, left)
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .0;
    }
    // A thread that forks while its thread-local values are being dropped leaves the pool to chance.
    let _ = AT_FORK.try_with(|held| held.replace(Some(pool)));
}

/// # Safety
/// Called by the C library on the thread that forked, in the parent.
unsafe extern "C" fn after_fork() {
    let _ = AT_FORK.try_with(|held| drop(held.take()));
    process::after_fork_in_parent();
}

/// # Safety
/// Called by the C library on the only thread of the forked process.
unsafe extern "C" fn in_child() {
    let whole = AT_FORK.try_with(|held| {
        let Some(mut pool) = held.take() else {
            return false;
        };
        let whole = pool.running == 0 && pool.queue.is_empty();
        // These threads do not exist here: there is nothing to join, and nothing that a handle could be dropped for.
        std::mem::forget(std::mem::take(&mut pool.threads));
        pool.queue.clear();
        pool.idle = 0;
        pool.running = 0;
        whole
    });
    process::after_fork_in_child(whole.unwrap_or(false));
}
