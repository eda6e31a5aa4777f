//! Threads that run JavaScript: the mechanism below `Worker` of the web and of `node:worker_threads`.
//!
//! A worker is a thread with a loop and a context of its own. It shares with its parent the ends of three channels (messages of the program,
//! messages of the two built-in files that stand for it on either side, and one that says by its end that the thread is over), a flag that
//! ends it, and the engine's own library. It can be ended at any moment: running JavaScript at its next safe point, also in a regular
//! expression, in WebAssembly and in `Atomics.wait`; a waiting loop at once. A call of the system is not cut short.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use twinloop_loop::{Loop, Remote};
use url::Url;

use super::{Input, Js, Main, Options};
use crate::builtins::permissions::{Permissions, limits};
use crate::builtins::{self, Room};
use crate::engine::{
    Arguments, ContextOptions, Error, InterruptHandle, Local, Op, Parent, Scope, Slot,
};
use crate::modules::{Loader, compile_cache, data_text, run_module, script_text};
use crate::node::process::operations::{CommandLine, Exit};
use crate::web::messaging::endpoint::{Endpoint, Message, join_broadcast};
use crate::web::messaging::operations::{
    message_object, open_member, open_port, take_endpoint, take_message,
};

/// The operations of threads; the files are in `web/workers` and `node/worker_threads`.
pub(crate) const ROOM: Room = Room {
    files: &[],
    operations: &[&[
        Op::new("evaluateScript", 2, evaluate_script),
        Op::new("programUrl", 0, program_url),
        Op::new("scriptText", 1, script_text_of),
        Op::new("threadClose", 0, thread_close),
        Op::new("threadFacts", 0, thread_facts),
        Op::new("threadMailbox", 0, thread_mailbox),
        Op::new("threadOutcome", 1, thread_outcome),
        Op::new("threadSetFail", 1, thread_set_fail),
        Op::new("threadSetup", 0, thread_setup),
        Op::new("threadStart", 7, thread_start),
        Op::new("threadTerminate", 1, thread_terminate),
        Op::new("threadTimes", 1, thread_times),
    ]],
};

/// How a thread ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reason {
    /// Its program came to its end, or left.
    Over,
    OutOfMemory,
    /// It never began.
    Failed,
}

/// What a thread and its parent share.
struct Shared {
    terminate: AtomicBool,
    /// How to reach it while it runs.
    inside: Mutex<Option<(InterruptHandle, Remote)>>,
    outcome: Mutex<Option<(i32, Reason, String)>>,
    /// The system's number of the thread and when its loop began, once it has.
    begun: OnceLock<(i32, Instant)>,
}

impl Shared {
    fn terminate(&self) {
        self.terminate.store(true, Ordering::SeqCst);
        let inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((interrupt, remote)) = &*inside {
            interrupt.end();
            remote.post(Box::new(|_| ()));
        }
    }
}

/// What a context's threads are stopped by when it ends.
#[derive(Default)]
struct Threads(RefCell<Vec<std::sync::Weak<Shared>>>);

impl Drop for Threads {
    fn drop(&mut self) {
        for shared in self.0.borrow().iter().filter_map(std::sync::Weak::upgrade) {
            shared.terminate();
        }
    }
}

/// The parent's side of a thread.
struct Thread(Arc<Shared>);

/// What a thread begins with.
struct Start {
    id: u32,
    name: String,
    /// The built-in file that stands for the parent inside.
    boot: String,
    setup: Message,
    control: Endpoint,
    public: Endpoint,
    mailbox: Endpoint,
    parent: Parent,
    cache_folder: Option<PathBuf>,
    heap_limit: Option<u32>,
    permissions: Option<Permissions>,
    /// The path of the command, for `process.execPath`.
    command: Vec<String>,
    /// Those of the command.
    options: Vec<(String, String)>,
}

/// What a worker's context knows of itself.
#[derive(Default)]
pub(crate) struct Inside {
    id: Cell<u32>,
    name: RefCell<String>,
    begin: RefCell<Option<(Message, Endpoint, Endpoint)>>,
    /// Where messages of threads that are no relatives come.
    mailbox: RefCell<Option<Endpoint>>,
    /// Tells the parent of an error that nobody handled; true if the worker goes on.
    fail: RefCell<Option<Slot>>,
    /// The program wants to end with this turn.
    closing: Rc<Cell<bool>>,
}

/// Tells the parent of an error that nobody handled, and whether the worker goes on; `None` in a context without a parent.
pub(crate) fn tell_parent(scope: &Scope<'_>, error: Local<'_>) -> Option<bool> {
    let inside = scope.state::<Inside>();
    let fail = (inside.fail.borrow().as_ref()).map(|fail| scope.local(fail))?;
    match scope.call(fail, Local::undefined(), &[error]) {
        Ok(goes_on) => Some(scope.bool_of(goes_on)),
        Err(_) => Some(false),
    }
}

impl Start {
    /// Runs the thread's program; on its thread.
    fn run(self, shared: &Shared) -> (i32, Reason, String) {
        /// Below this the engine's own library has no room.
        const LEAST_HEAP: u32 = 3 << 20;
        let failed = |text: String| (1, Reason::Failed, text);
        if self.heap_limit.is_some_and(|limit| limit < LEAST_HEAP) {
            return (1, Reason::OutOfMemory, String::new());
        }
        let event_loop = match Loop::new() {
            Ok(event_loop) => event_loop,
            Err(error) => return failed(format!("cannot make an event loop: {error}")),
        };
        let context_options = ContextOptions {
            cache_folder: self.cache_folder,
            parent: Some(self.parent),
            heap_limit: self.heap_limit,
        };
        let options = Options {
            arguments: self.command,
            options: self.options,
            permissions: self.permissions,
            ..Options::default()
        };
        let js = match Js::with_context(&event_loop, options, context_options) {
            Ok(js) => js,
            Err(error) => return failed(error),
        };
        js.register_scheme(
            "python",
            Rc::new(|_, name| {
                Err(Error::coded(
                    "ERR_WORKER_UNSUPPORTED_OPERATION",
                    format!(
                        "Cannot import 'python:{name}' in a worker: workers run JavaScript alone, Python is the main thread's"
                    ),
                ))
            }),
        );
        let reach = (js.context().interrupt_handle(), event_loop.remote());
        *shared.inside.lock().unwrap_or_else(PoisonError::into_inner) = Some(reach);
        let number = rustix::thread::gettid().as_raw_nonzero().get();
        let _ = shared.begun.set((number, Instant::now()));
        let closing = js.context().enter(|scope| {
            let inside = scope.state::<Inside>();
            inside.id.set(self.id);
            *inside.name.borrow_mut() = self.name;
            *inside.begin.borrow_mut() = Some((self.setup, self.control, self.public));
            *inside.mailbox.borrow_mut() = Some(self.mailbox);
            scope.state::<Exit>().in_worker.set(true);
            Rc::clone(&inside.closing)
        });
        let over = || closing.get() || shared.terminate.load(Ordering::SeqCst);
        let code = js.run_worker(&self.boot, &over);
        let reason = if js.context().is_out_of_memory() {
            Reason::OutOfMemory
        } else {
            Reason::Over
        };
        *shared.inside.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let _current = event_loop.enter();
        js.end();
        event_loop.close();
        (code, reason, String::new())
    }
}

impl Js {
    /// Runs a worker's program until nothing is left to do or it is over; its exit status.
    fn run_worker(&self, boot: &str, over: &dyn Fn() -> bool) -> i32 {
        let event_loop = &self.event_loop;
        let _current = event_loop.enter();
        if over() {
            return 1;
        }
        let main = self.begin_worker(boot);
        event_loop.checkpoint();
        loop {
            event_loop.run_until(&|| over() || self.context.is_stopped() || !event_loop.is_alive());
            if over() || !self.before_exit() {
                break;
            }
        }
        if over() {
            // A worker that closes itself has ended well; one that was ended runs nothing more.
            main.0.set(true);
        }
        if self.context.is_out_of_memory() {
            // The parent tells its program.
            return 1;
        }
        self.conclude(&main)
    }

    fn begin_worker(&self, boot: &str) -> Main {
        let finished = Rc::new(Cell::new(false));
        let flag = finished.clone();
        self.context.enter(|scope| {
            compile_cache::of_environment(scope);
            let started = start_program(scope, &self.loader, boot).and_then(|evaluation| {
                let Some(evaluation) = evaluation else {
                    flag.set(true);
                    return Ok(());
                };
                scope.when_settled(evaluation, move |scope, outcome| {
                    flag.set(true);
                    if let Err(error) = outcome {
                        scope.report_uncaught(error);
                    }
                    Ok(())
                })
            });
            if !self.loader.main_is_commonjs() {
                scope.microtasks_first();
            }
            if let Err(error) = started {
                finished.set(true);
                scope.report_uncaught(error);
            }
            let ready = builtins::exports(scope, boot)
                .and_then(|exports| scope.call_method(exports, "ready", &[]));
            if let Err(error) = ready {
                scope.report_uncaught(error);
            }
        });
        Main(finished)
    }
}

/// Has the boot file say what the program is, and begins it: a promise of its evaluation, or nothing for one that has run.
fn start_program<'s>(
    scope: &Scope<'s>,
    loader: &Loader,
    boot: &str,
) -> Result<Option<Local<'s>>, Error> {
    let exports = builtins::exports(scope, boot)?;
    let what = scope.call_method(exports, "start", &[])?;
    let kind = scope.string_of(scope.get(what, 0u32)?)?;
    let text = scope.string_of(scope.get(what, 1u32)?)?;
    let module = match kind.as_str() {
        "file" => {
            let path = Url::parse(&text)
                .ok()
                .and_then(|url| url.to_file_path().ok());
            loader.main_module(scope, path.as_deref().unwrap_or(Path::new(&text)))?
        }
        "eval" => {
            let input = Input {
                code: text,
                name: "[worker eval]".to_owned(),
                prints: false,
                kind: None,
            };
            loader.input_module(scope, &input)?
        }
        "data" => loader.data_main(scope, &text)?,
        "module" => {
            let url = scope.string_of(scope.get(what, 2u32)?)?;
            loader.text_module(scope, &text, &url)?
        }
        _ => {
            let name = scope.string_of(scope.get(what, 2u32)?)?;
            loader.set_main(&name);
            scope.evaluate(&text, &name, 1)?;
            return Ok(None);
        }
    };
    run_module(scope, module).map(Some)
}

/// `threadStart(boot, setup, ports, name, heapBytes, stackBytes, permissions)`: ports are those for messages, for control, and for the end;
/// permissions are options of the command and their values, in turn, or undefined for this thread's own. `[thread, id]`.
fn thread_start<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    static NEXT_ID: AtomicU32 = AtomicU32::new(1);
    const LEAST_STACK: usize = 512 << 10;
    let ports = arguments.get(2);
    let port = |index: u32| take_endpoint(scope, scope.get(ports, index)?);
    let heap_bytes = scope.number_of(arguments.get(4))?;
    let stack_bytes = scope.number_of(arguments.get(5))? as usize;
    limits(scope).worker()?;
    let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
    let start = Start {
        id,
        name: scope.string_of(arguments.get(3))?,
        boot: scope.string_of(arguments.get(0))?,
        setup: take_message(scope, arguments.get(1))?,
        public: port(0)?,
        control: port(1)?,
        mailbox: join_broadcast(&mailbox_name(id)),
        parent: scope.context().parent(),
        cache_folder: scope.context().cache_folder(),
        heap_limit: (heap_bytes > 0.0).then_some(heap_bytes as u32),
        permissions: permissions_of(scope, arguments.get(6))?,
        command: (scope
            .state::<Exit>()
            .arguments
            .borrow()
            .iter()
            .take(1)
            .cloned())
        .collect(),
        options: scope.state::<CommandLine>().options(),
    };
    // Dropped last of all, which the parent hears.
    let life = port(2)?;
    let shared = Arc::new(Shared {
        terminate: AtomicBool::new(false),
        inside: Mutex::new(None),
        outcome: Mutex::new(None),
        begun: OnceLock::new(),
    });
    let inside = Arc::clone(&shared);
    let thread = std::thread::Builder::new()
        .name(format!("worker-{id}"))
        .stack_size(stack_bytes.max(LEAST_STACK));
    let spawned = thread.spawn(move || {
        let outcome = catch_unwind(AssertUnwindSafe(|| start.run(&inside)));
        let outcome = outcome.unwrap_or_else(|_| (1, Reason::Failed, "the worker panicked".into()));
        *inside
            .outcome
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        drop(life);
    });
    if let Err(error) = spawned {
        return Err(Error::coded(
            "ERR_WORKER_INIT_FAILED",
            format!("Worker initialization failure: {error}"),
        ));
    }
    let threads = scope.state::<Threads>();
    let mut threads = threads.0.borrow_mut();
    threads.retain(|thread| thread.strong_count() > 0);
    threads.push(Arc::downgrade(&shared));
    let thread = scope.host_object(Rc::new(Thread(shared)))?;
    scope.array(&[thread, scope.number(id.into())])
}

/// What a thread may do: what these options say, or, where this one is limited itself, no more than this one.
fn permissions_of(scope: &Scope<'_>, given: Local<'_>) -> Result<Option<Permissions>, Error> {
    let own = limits(scope).copy();
    if given.is_undefined() || own.is_some() {
        return Ok(own);
    }
    let words = scope.strings_of(given)?;
    let options: Vec<(String, String)> = words
        .chunks_exact(2)
        .map(|pair| (pair[0].clone(), pair[1].clone()))
        .collect();
    Permissions::of_options(&options).map_err(Error::type_error)
}

/// `threadTerminate(thread)`.
fn thread_terminate<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let thread = scope.expect_host::<Thread>(arguments.get(0), "a thread")?;
    thread.0.terminate();
    Ok(Local::undefined())
}

/// `threadOutcome(thread)`: `[exit code, reason, text]` of one that has ended: 0 it came to its end, 1 memory ran out, 2 it never began.
fn thread_outcome<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let thread = scope.expect_host::<Thread>(arguments.get(0), "a thread")?;
    let outcome = thread
        .0
        .outcome
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let (code, reason, text) = match &*outcome {
        Some((code, reason, text)) => (*code, *reason, text.as_str()),
        None => (1, Reason::Failed, "the worker has not ended"),
    };
    let reason = match reason {
        Reason::Over => 0.0,
        Reason::OutOfMemory => 1.0,
        Reason::Failed => 2.0,
    };
    scope.array(&[
        scope.number(code.into()),
        scope.number(reason),
        scope.string(text)?,
    ])
}

/// `threadTimes(thread)`: milliseconds that it computed, and that it exists; nothing before it has begun and after it has ended.
fn thread_times<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let thread = scope.expect_host::<Thread>(arguments.get(0), "a thread")?;
    let Some((number, begun)) = thread.0.begun.get() else {
        return scope.array(&[]);
    };
    // Its first number is the thread's time on processors, in nanoseconds.
    let text = std::fs::read_to_string(format!("/proc/self/task/{number}/schedstat"));
    let computed = text
        .ok()
        .and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    let Some(computed) = computed else {
        return scope.array(&[]);
    };
    let exists = begun.elapsed().as_secs_f64() * 1e3;
    scope.array(&[
        scope.number((computed / 1e6).min(exists)),
        scope.number(exists),
    ])
}

/// `threadFacts()`: `[id, name]` of this thread; 0 for the one that the program began in.
fn thread_facts<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    let inside = scope.state::<Inside>();
    let name = inside.name.borrow();
    scope.array(&[scope.number(inside.id.get().into()), scope.string(&name)?])
}

/// `threadSetup()`: `[message, port for messages, port for control]`, once, in a worker.
fn thread_setup<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    let begin = scope.state::<Inside>().begin.borrow_mut().take();
    let (setup, control, public) =
        begin.ok_or_else(|| Error::new("this thread was set up before"))?;
    scope.array(&[
        message_object(scope, setup)?,
        open_port(scope, public)?,
        open_port(scope, control)?,
    ])
}

/// The broadcast channel that a thread is reached by.
fn mailbox_name(id: u32) -> String {
    format!("\0thread {id}")
}

/// `threadMailbox()`: the native port by which this thread is reached, once.
fn thread_mailbox<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    let inside = scope.state::<Inside>();
    let name = mailbox_name(inside.id.get());
    let member = inside.mailbox.borrow_mut().take();
    let member = member.unwrap_or_else(|| join_broadcast(&name));
    open_member(scope, name, member)
}

/// `threadSetFail(fail)`: `fail(error)` tells the parent of an error that nobody handled; true if the worker goes on.
fn thread_set_fail<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    *scope.state::<Inside>().fail.borrow_mut() = Some(scope.persist(arguments.get(0)));
    Ok(Local::undefined())
}

/// `threadClose()`: this worker ends with the turn.
fn thread_close<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    scope.state::<Inside>().closing.set(true);
    let exit = scope.state::<Exit>();
    if exit.code.get().is_none() {
        exit.code.set(Some(0));
    }
    Ok(Local::undefined())
}

/// `programUrl()`: the URL of the program, or of the current folder.
fn program_url<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    let main = Loader::of(scope)?.main_url();
    scope.string(&main)
}

/// `scriptText(url)`: the text of a `file:` or `data:` URL.
fn script_text_of<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let text = scope.string_of(arguments.get(0))?;
    let url = Url::parse(&text).map_err(|error| Error::type_error(format!("{text}: {error}")))?;
    let text = match url.scheme() {
        "data" => data_text(&url)?,
        _ => script_text(scope, &url)?,
    };
    scope.string(&text)
}

/// `evaluateScript(text, name)`: runs it as a script of the global object.
fn evaluate_script<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let text = scope.string_of(arguments.get(0))?;
    let name = scope.string_of(arguments.get(1))?;
    scope.evaluate(&text, &name, 1)
}
