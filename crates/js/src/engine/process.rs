//! The engine's life in a process: its start with the first context, its end, and what becomes of it in a fork.

use std::cell::RefCell;
use std::ffi::{CStr, c_void};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, Once};

use mozjs::jsapi::{JS_SetGlobalJitCompilerOption, JSContext, JSJitCompilerOption};

use super::{context, coverage, full_stack, helper_threads, selfhosted};

/// Contexts that live, of all threads.
static LIVE_CONTEXTS: AtomicUsize = AtomicUsize::new(0);

/// Where the engine of this process is.
#[derive(PartialEq, Clone, Copy)]
enum Process {
    New,
    Ready,
    Ended,
    /// Forked while the engine was at work on threads that this process does not have.
    Lost,
}

static PROCESS: Mutex<Process> = Mutex::new(Process::New);

const LOST: &str = "the JavaScript engine cannot be used in this process: it was forked while other threads ran JavaScript; \
                    fork before they do, or start processes by multiprocessing's \"spawn\" method";

thread_local! {
    /// The lock of `PROCESS` while this thread forks.
    static AT_FORK: RefCell<Option<std::sync::MutexGuard<'static, Process>>> = const { RefCell::new(None) };
}

/// A fork finds the engine between two starts or ends of other threads.
pub(super) fn before_fork() {
    let process = PROCESS
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let _ = AT_FORK.try_with(|held| held.replace(Some(process)));
}

pub(super) fn after_fork_in_parent() {
    let _ = AT_FORK.try_with(|held| drop(held.take()));
}

/// In a forked process. Its one context, if any, is this thread's; those of other threads may be in any state, locks of the
/// engine included, and so may the engine if the helper threads were cut short (`whole` is false).
pub(super) fn after_fork_in_child(whole: bool) {
    let here = usize::from(context::on_this_thread());
    let alone = LIVE_CONTEXTS.swap(here, Ordering::SeqCst) == here;
    let _ = AT_FORK.try_with(|held| {
        if let Some(mut process) = held.take()
            && *process == Process::Ready
            && !(whole && alone)
        {
            *process = Process::Lost;
        }
    });
}

pub(super) fn is_lost() -> bool {
    *PROCESS
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
        == Process::Lost
}

/// Counts a context that is about to be made; the first of the process starts the engine.
///
/// # Errors
/// When the engine cannot start, or cannot be used any more.
pub(super) fn begin_context() -> Result<(), String> {
    let mut process = PROCESS
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    match *process {
        Process::Lost => return Err(LOST.to_string()),
        Process::Ready => {}
        Process::Ended => {
            return Err("the JavaScript engine has been shut down in this process".to_string());
        }
        Process::New => {
            selfhosted::set_build_id();
            initialize()?;
            *process = Process::Ready;
            helper_threads::install();
            // SAFETY: a plain function, registered once.
            unsafe { on_exit(at_exit, ptr::null_mut()) };
        }
    }
    LIVE_CONTEXTS.fetch_add(1, Ordering::SeqCst);
    Ok(())
}

/// A context is gone.
pub(super) fn end_context() {
    LIVE_CONTEXTS.fetch_sub(1, Ordering::SeqCst);
}

/// The environment variable by which the engine takes the present moment for the process's beginning. Without it, it makes a thread to
/// read that from `/proc`, a tenth of an empty script's time; only its statistics show it.
const BEGINS_NOW: &CStr = c"MOZ_APP_RESTART";

fn initialize() -> Result<(), String> {
    let alone = is_single_threaded() && std::env::var_os("MOZ_APP_RESTART").is_none();
    if alone {
        // SAFETY: no other thread reads or writes the environment, as there is none; the strings are terminated.
        unsafe { libc::setenv(BEGINS_NOW.as_ptr(), c"1".as_ptr(), 1) };
    }
    // SAFETY: called once per process, under the lock of `PROCESS`, before any other use of the engine.
    let ready = unsafe { mozjs::jsapi::glue::JS_Init() };
    if alone {
        // SAFETY: as above: the engine makes no thread when it starts.
        unsafe { libc::unsetenv(BEGINS_NOW.as_ptr()) };
    }
    if ready {
        full_stack::reword();
        coverage::begin();
        Ok(())
    } else {
        Err("cannot initialise the JavaScript engine".to_string())
    }
}

/// Whether this is the process's only thread, as the system says.
fn is_single_threaded() -> bool {
    // The 18th field behind the name, which is in parentheses and may hold any others.
    let status = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = status.rsplit(')').next().unwrap_or_default();
    fields.split_ascii_whitespace().nth(17) == Some("1")
}

/// Settings of the engine that are the process's, made with the first context.
pub(super) fn set_options(cx: *mut JSContext) {
    static ONCE: Once = Once::new();
    // JIT code stays writable, as in Node and in browsers' content processes: to protect it takes two system calls for each inline cache
    // that is attached, and interrupts all threads.
    // SAFETY: a live context, and nothing has been compiled yet.
    ONCE.call_once(|| unsafe {
        JS_SetGlobalJitCompilerOption(cx, JSJitCompilerOption::JSJITCOMPILER_WRITE_PROTECT_CODE, 0);
    });
}

unsafe extern "C" {
    /// glibc's `atexit` whose handlers hear the exit status.
    fn on_exit(handler: unsafe extern "C" fn(i32, *mut c_void), argument: *mut c_void) -> i32;
}

/// The process exits normally. The engine's static destructors abort while its helper threads run, so they are stopped
/// first; if a context still lives (a thread was left behind), or the engine was lost in a fork, the process leaves at
/// once, with its status.
unsafe extern "C" fn at_exit(status: i32, _: *mut c_void) {
    if LIVE_CONTEXTS.load(Ordering::SeqCst) == 0 && !is_lost() {
        shut_down_process();
    } else {
        // SAFETY: flushing C streams and leaving are allowed in an exit handler.
        unsafe {
            libc::fflush(ptr::null_mut());
            libc::_exit(status);
        }
    }
}

/// Stops the engine's helper threads for good. Does nothing while a context lives. A normal exit of the process does it
/// by itself; call it earlier where a process wants to be sure.
pub fn shut_down_process() {
    let mut process = PROCESS
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    if *process == Process::Ready && LIVE_CONTEXTS.load(Ordering::SeqCst) == 0 {
        *process = Process::Ended;
        // SAFETY: no context is left, and the state forbids making another.
        unsafe { mozjs::jsapi::JS_ShutDown() };
        helper_threads::end();
    }
}

/// Ends the process with this status, at once: no destructor and no `atexit` handler runs, so the engine's helper threads
/// cannot meet a destroyed mutex and a large heap is not torn down. For a command whose program is over.
pub fn leave_process(status: i32) -> ! {
    use std::io::Write;
    // What Rust buffers is not written by `_exit`; a closed stdout is nobody's loss at this point.
    let _ = std::io::stdout().flush();
    // SAFETY: `_exit` has no preconditions.
    unsafe { libc::_exit(status) }
}
