//! [`Js`]: JavaScript on a loop. One per loop and thread, in the command and inside Python alike.
//!
//! It joins the loop as a host (checkpoints, helper-thread work), runs the futures behind promises on the loop, connects
//! the engine's hooks with the globals, and knows how a program begins and ends. It never ends the process: a program
//! that is over has an exit status, which [`Js::run_main`] returns, or `Options::on_exit` hears when somebody else
//! runs the loop. Loop thread only; under Python the GIL is held whenever it runs. Keeps CHECKPOINT and NO-ABORT.

pub(crate) mod outcome;
mod start;
pub(crate) mod workers;

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use slab::Slab;
use twinloop_loop::trace::{Language, Recorder};
use twinloop_loop::{Entry, Host, HostId, Loop, Remote, WeakLoop};
use url::Url;

use self::outcome::Ending;
pub use self::start::Input;
use self::start::Load;
use crate::builtins;
use crate::builtins::guest::{Guest, GuestState, guest};
use crate::builtins::permissions::{Permissions, limits};
use crate::engine::{
    Context, ContextOptions, Error, Frame, Hooks, Local, Owner, Scope, Spawner, Task, TaskSink,
};
use crate::modules::resolve::file_url;
use crate::modules::source_maps::SourceMaps;
use crate::modules::waiting::top_level_awaits;
use crate::modules::{Loader, LoaderHost, SchemeExports, coverage};
use crate::node::process::operations::{CommandLine, Exit};
use crate::web::console::operations::print_error;
use crate::web::url::base::Base;
use crate::{rooms, web};

/// The status of a program whose heap grew beyond its limit: a shell shows the same for Node, which aborts.
pub(crate) const OUT_OF_MEMORY: i32 = 134;

/// Hears the exit status of a program that left.
pub type OnExit = Box<dyn Fn(i32)>;

/// How JavaScript is set up.
#[derive(Default)]
pub struct Options {
    /// `process.argv`: the command, the program, the program's own arguments.
    pub arguments: Vec<String>,
    /// The command's options as they were written: `process.execArgv`.
    pub written_options: Vec<String>,
    /// Node's options by name with their values, from the command line and NODE_OPTIONS.
    pub options: Vec<(String, String)>,
    /// Where to keep compiled code for the next start; `None` for the user's cache folder.
    pub cache_folder: Option<PathBuf>,
    /// How many bytes the program's heap may have: beyond, the program is ended with status 134. `None` for as many as the engine can have,
    /// which are 4 GiB; then what is too much is an error that the program can catch.
    pub heap_limit: Option<u32>,
    /// What the program may do; `None` for all that its user may.
    pub permissions: Option<Permissions>,
    /// Called once, on the loop thread, when the program left by `process.exit` or by an error that nobody handled, with
    /// the exit status. Not called when the program just comes to its end.
    pub on_exit: Option<OnExit>,
}

/// JavaScript on a loop.
pub struct Js {
    owner: RefCell<Option<Owner>>,
    context: Context,
    event_loop: Loop,
    loader: Rc<Loader>,
}

/// A program's main module on its way; see [`Js::begin_main`].
#[derive(Debug)]
pub struct Main(Rc<Cell<bool>>);

impl Js {
    /// Starts JavaScript on this thread's loop.
    ///
    /// # Errors
    /// When the engine cannot start, or the thread already has one.
    pub fn new(event_loop: &Loop, options: Options) -> Result<Rc<Js>, String> {
        web::performance::clock::start();
        let context_options = ContextOptions {
            cache_folder: (options.cache_folder.clone()).or_else(user_cache_folder),
            heap_limit: options.heap_limit,
            ..ContextOptions::default()
        };
        Js::with_context(event_loop, options, context_options)
    }

    fn with_context(
        event_loop: &Loop,
        options: Options,
        context_options: ContextOptions,
    ) -> Result<Rc<Js>, String> {
        let is_named = |name: &str| options.options.iter().any(|(known, _)| known == name);
        coverage::begin(is_named("--experimental-test-coverage"));
        let owner = Context::create(&context_options)?;
        let context = owner.context().clone();
        let loader = Rc::new(Loader::new(&options.options)?);
        context.set_hooks(Rc::new(ProgramHooks));
        context.set_module_host(Rc::new(LoaderHost(loader.clone())));
        context.set_spawner(Rc::new(LoopSpawner(event_loop.downgrade())));
        let host = Rc::new(JsHost {
            context: context.clone(),
            tasks: Arc::default(),
            on_exit: RefCell::new(options.on_exit),
        });
        let tasks = host.tasks.clone();
        let id = event_loop.add_host(host);
        let sink = Arc::new(LoopSink {
            remote: event_loop.remote(),
            host: id,
            tasks,
        });
        context.set_task_sink(sink, pending_holds(event_loop));
        context.enter(|scope| {
            loader.install(scope);
            if options.permissions.is_some() {
                limits(scope).set(options.permissions);
                SourceMaps::limit(scope);
            }
            *scope.state::<Exit>().arguments.borrow_mut() = options.arguments;
            scope
                .state::<CommandLine>()
                .set(options.written_options, options.options);
            builtins::open(scope, rooms::index()).map_err(|error| error.to_string())
        })?;
        Ok(Rc::new(Js {
            owner: RefCell::new(Some(owner)),
            context,
            event_loop: event_loop.clone(),
            loader,
        }))
    }

    /// The engine.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The loop.
    pub fn event_loop(&self) -> &Loop {
        &self.event_loop
    }

    /// Serves imports of `scheme:name`: `exports(scope, name)` gives the exported values by name, the default among them
    /// as `default`. It is asked once for each name.
    pub fn register_scheme(&self, scheme: &str, exports: SchemeExports) {
        self.loader.register_scheme(scheme, exports);
    }

    /// Says which other language shares the process.
    pub fn set_guest(&self, guest: Rc<dyn Guest>) {
        self.context.enter(|scope| {
            *scope.state::<GuestState>().0.borrow_mut() = Some(guest);
        });
    }

    /// Reports a rejection that the guest kept and that nobody will handle.
    pub fn report_rejection(&self, scope: &Scope<'_>, promise: Local<'_>) {
        let reason = scope.promise_result(promise);
        outcome::conclude(scope, outcome::unhandled_rejection(scope, promise, reason));
    }

    /// Imports a module; a promise for its namespace. `base` is the file whose imports `specifier` is relative to, or
    /// `None` for the current folder.
    ///
    /// # Errors
    /// What resolving, loading or linking throws.
    pub fn import<'s>(
        &self,
        scope: &Scope<'s>,
        specifier: &str,
        base: Option<&Path>,
    ) -> Result<Local<'s>, Error> {
        self.loader.import(scope, specifier, &base_url(base))
    }

    /// As [`import`](Self::import), the namespace itself.
    ///
    /// # Errors
    /// What the module throws too; `ERR_REQUIRE_ASYNC_MODULE` if it awaits at its top level.
    pub fn import_at_once<'s>(
        &self,
        scope: &Scope<'s>,
        specifier: &str,
        base: Option<&Path>,
    ) -> Result<Local<'s>, Error> {
        self.loader
            .import_at_once(scope, specifier, &base_url(base))
    }

    /// Runs the program in this file until nothing is left to do, and gives its exit status.
    pub fn run_main(&self, path: &Path) -> i32 {
        self.run_program(&path.to_string_lossy(), file_program(path))
    }

    /// Runs this code as a module, like [`run_main`](Self::run_main). Types are stripped.
    pub fn eval(&self, code: &str) -> i32 {
        self.run_program("[eval]", code_program(code))
    }

    fn run_program(&self, name: &str, load: Load) -> i32 {
        let _current = self.event_loop.enter();
        let traced = (self.event_loop).record(Language::JavaScript, || main_name(name));
        let main = self.begin(load);
        self.event_loop.checkpoint();
        drop(traced);
        self.run_until_idle();
        self.conclude(&main)
    }

    /// Begins the program in this file, for a caller that runs the loop itself. When nothing is left to do it asks
    /// [`before_exit`](Self::before_exit) and then [`conclude`](Self::conclude).
    pub fn begin_main(&self, path: &Path) -> Main {
        if let Some(recorder) = Recorder::current() {
            let name = recorder.name(&main_name(&path.to_string_lossy()));
            recorder.describe(Language::JavaScript, name);
        }
        self.begin(file_program(path))
    }

    /// As [`begin_main`](Self::begin_main), for this code as a module.
    pub fn begin_eval(&self, code: &str) -> Main {
        self.begin(code_program(code))
    }

    /// As [`begin_main`](Self::begin_main), for a program that is part of the command.
    pub fn begin_builtin(&self, file: &'static str) -> Main {
        self.begin(start::builtin_program(file))
    }

    fn begin(&self, load: Load) -> Main {
        let finished = Rc::new(Cell::new(false));
        let flag = finished.clone();
        self.context.enter(|scope| {
            let started = start::run_main(scope, &self.loader, load).and_then(|evaluation| {
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
        });
        Main(finished)
    }

    /// The exit status of a program that has nothing left to do.
    pub fn conclude(&self, main: &Main) -> i32 {
        // A program that left in the middle of a turn has sent what it wrote.
        self.event_loop.flush_writes();
        coverage::write(&self.context);
        self.keep_compiled();
        if self.context.is_out_of_memory() {
            print_error(
                "FATAL ERROR: JavaScript heap out of memory: --max-old-space-size sets its limit",
            );
            return OUT_OF_MEMORY;
        }
        if main.0.get() || self.context.is_stopped() {
            return self.exit_status();
        }
        print_error(&self.unsettled_warning());
        outcome::end_at_rest(&self.context, Ending::Unsettled)
    }

    /// Names the top-level await that waits in vain, or those of which one does.
    fn unsettled_warning(&self) -> String {
        const MOST_PLACES: usize = 5;
        let main = self.loader.main_file();
        let mut places = main.map_or_else(Vec::new, |main| top_level_awaits(&main));
        if places.len() > MOST_PLACES {
            places.truncate(MOST_PLACES);
            places.push("...".to_owned());
        }
        let place = match places.as_slice() {
            [] => String::new(),
            [place] => format!(" at {place}"),
            _ => format!(" (one of {})", places.join(", ")),
        };
        format!(
            "Warning: the program ended while its top-level await{place} was waiting for a promise that nothing can settle"
        )
    }

    /// Fires `beforeExit`; true if that gave the program something to do again.
    pub fn before_exit(&self) -> bool {
        if self.context.is_stopped() {
            return false;
        }
        self.context.enter(|scope| {
            if let Err(error) = outcome::before_exit(scope) {
                scope.report_uncaught(error);
            }
        });
        self.event_loop.checkpoint();
        !self.context.is_stopped() && self.event_loop.is_alive()
    }

    /// Turns of the loop until the program left or nothing is referenced, also after `beforeExit`.
    fn run_until_idle(&self) {
        let event_loop = &self.event_loop;
        loop {
            event_loop.run_until(&|| self.context.is_stopped() || !event_loop.is_alive());
            if !self.before_exit() {
                return;
            }
        }
    }

    /// The exit status of a program that has come to its end; runs its `exit` listeners if they did not run yet.
    pub fn exit_status(&self) -> i32 {
        outcome::end_at_rest(&self.context, Ending::Done)
    }

    /// Writes what was compiled, for the next start. The command leaves without [`end`](Self::end), Python's loop may end without a program;
    /// what is written is not written again.
    fn keep_compiled(&self) {
        self.context.keep_compiled();
        self.context.write_compile_cache();
    }

    /// Ends JavaScript in order: pending work of helper threads is cancelled, the heap is freed. Every later use of the
    /// context finds it closed. Does nothing the second time.
    pub fn end(&self) {
        let owner = self.owner.borrow_mut().take();
        if owner.is_some() {
            self.keep_compiled();
            self.context.stop();
            self.loader.clear();
        }
        drop(owner);
    }
}

impl Drop for Js {
    fn drop(&mut self) {
        self.end();
    }
}

/// What imports of a file are relative to; of none, the current folder.
fn base_url(file: Option<&Path>) -> Url {
    match file {
        Some(file) => file_url(file),
        None => file_url(&std::env::current_dir().unwrap_or_default().join("[import]")),
    }
}

/// What a trace calls the first run of a program.
fn main_name(file: &str) -> String {
    let path = std::path::absolute(file).unwrap_or_else(|_| file.into());
    let file = if file.starts_with('[') {
        file.into()
    } else {
        path.to_string_lossy()
    };
    format!("(main program)\t{file}\t1")
}

fn file_program(path: &Path) -> Load {
    let path = path.to_owned();
    Box::new(move |scope, loader| loader.main_module(scope, &path))
}

fn code_program(code: &str) -> Load {
    let code = code.to_owned();
    Box::new(move |scope, loader| loader.eval_module(scope, &code))
}

/// `$XDG_CACHE_HOME/twinloop`, or `~/.cache/twinloop`.
fn user_cache_folder() -> Option<PathBuf> {
    let set = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let base = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")))?;
    Some(base.join("twinloop"))
}

/// Connects the engine with the globals.
struct ProgramHooks;

impl Hooks for ProgramHooks {
    fn resolve_global<'s>(
        &self,
        scope: &Scope<'s>,
        global: Local<'s>,
        name: &str,
    ) -> Result<bool, Error> {
        builtins::resolve(scope, global, name)
    }

    fn may_resolve_global(&self, name: &str) -> bool {
        rooms::index().is_global(name)
    }

    fn standard_global_made(&self, scope: &Scope<'_>) -> Result<(), Error> {
        builtins::take_primordials(scope)
    }

    fn global_names(&self, scope: &Scope<'_>) -> Vec<&'static str> {
        let mut names = builtins::global_names(scope);
        // A name that is listed must have a descriptor.
        if scope.state::<Base>().href().is_none() {
            names.retain(|name| *name != "location");
        }
        names
    }

    fn call_sites<'s>(&self, scope: &Scope<'s>, frames: Vec<Frame>) -> Result<Local<'s>, Error> {
        let exports = builtins::exports(scope, "builtins/call_sites")?;
        let mut values = Vec::with_capacity(frames.len() * 4);
        for frame in frames {
            values.push(scope.string(&frame.function)?);
            values.push(scope.string(&frame.file)?);
            values.push(scope.number(frame.line.into()));
            values.push(scope.number(frame.column.into()));
        }
        scope.call_method(exports, "callSites", &values)
    }

    fn mapped_stack(&self, scope: &Scope<'_>, stack: &str) -> Option<String> {
        scope.state::<SourceMaps>().mapped(stack)
    }

    fn dom_exception<'s>(
        &self,
        scope: &Scope<'s>,
        name: &str,
        message: &str,
    ) -> Result<Local<'s>, Error> {
        outcome::dom_exception(scope, name, message)
    }

    fn unhandled_rejection(&self, scope: &Scope<'_>, promise: Local<'_>, reason: Local<'_>) {
        if guest(scope).is_some_and(|guest| guest.keeps_rejection(scope, promise)) {
            return;
        }
        outcome::conclude(scope, outcome::unhandled_rejection(scope, promise, reason));
    }

    fn rejection_handled(&self, scope: &Scope<'_>, promise: Local<'_>, reason: Local<'_>) {
        if guest(scope).is_some_and(|guest| guest.rejection_handled(scope, promise)) {
            return;
        }
        outcome::conclude(scope, outcome::rejection_handled(scope, promise, reason));
    }

    fn uncaught(&self, scope: &Scope<'_>, error: Error) {
        if error.is_terminated()
            && !scope.context().is_stopped()
            && scope.context().take_interrupted()
        {
            // Ctrl-C. To a guest the signal comes by its own way, as it still waits on the guest's loop: JavaScript goes on.
            if guest(scope).is_some() {
                return;
            }
            // The status of a program that SIGINT ended.
            scope.state::<Exit>().code.set(Some(130));
            scope.context().stop();
            return;
        }
        outcome::conclude(scope, outcome::uncaught(scope, &error));
    }
}

/// Runs the futures behind promises on the loop.
struct LoopSpawner(WeakLoop);

impl Spawner for LoopSpawner {
    fn spawn(&self, future: Pin<Box<dyn Future<Output = ()>>>) {
        let Some(event_loop) = self.0.upgrade() else {
            return;
        };
        let hold = event_loop.hold();
        // Dropping the handle lets the task go on by itself.
        drop(event_loop.spawn(async move {
            future.await;
            drop(hold);
        }));
    }

    fn begin(&self, future: Pin<Box<dyn Future<Output = ()>>>) {
        if let Some(event_loop) = self.0.upgrade() {
            event_loop.begin(future, Some(event_loop.hold()));
        }
    }
}

/// JavaScript as a host of the loop. Its tokens are work that the engine's helper threads handed over.
struct JsHost {
    context: Context,
    tasks: Arc<Mutex<Slab<Task>>>,
    on_exit: RefCell<Option<OnExit>>,
}

impl JsHost {
    fn take(&self, token: u64) -> Option<Task> {
        let mut tasks = self
            .tasks
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        tasks.try_remove(token as usize)
    }
}

impl Host for JsHost {
    fn run(&self, token: u64) {
        if let Some(task) = self.take(token) {
            self.context.run_task(task);
        }
    }

    fn discard(&self, token: u64) {
        self.take(token);
    }

    fn checkpoint(&self) {
        if self.context.is_open() && !self.context.is_stopped() && self.context.has_run() {
            self.context.enter(outcome::end_if_failed);
        }
        self.context.checkpoint();
        if self.context.is_stopped() && self.context.is_open() {
            self.announce_exit();
        }
    }
}

impl JsHost {
    fn announce_exit(&self) {
        let Some(on_exit) = self.on_exit.take() else {
            return;
        };
        let status = self.context.enter(|scope| scope.state::<Exit>().code.get());
        if let Some(status) = status {
            on_exit(status);
        }
    }
}

/// Brings work of helper threads to the loop.
struct LoopSink {
    remote: Remote,
    host: HostId,
    tasks: Arc<Mutex<Slab<Task>>>,
}

impl TaskSink for LoopSink {
    fn post(&self, task: Task, delay_ms: u32) -> bool {
        let token = self
            .tasks
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .insert(task) as u64;
        let host = self.host;
        if delay_ms == 0 {
            self.remote.post_host(host, token);
        } else {
            self.remote.post(Box::new(move |event_loop| {
                let deadline = event_loop.now() + u64::from(delay_ms) * 1_000_000;
                let timer = event_loop.push_at(deadline, Entry::Host(host, token));
                // The timeout of an `Atomics.waitAsync`, which keeps no program alive, in Node neither.
                event_loop.set_timer_referenced(timer, false);
            }));
        }
        true
    }
}

/// Keeps the loop going for each task that has started and not finished.
fn pending_holds(event_loop: &Loop) -> Rc<dyn Fn(bool)> {
    let event_loop = event_loop.downgrade();
    let holds = RefCell::new(Vec::new());
    Rc::new(move |started| {
        if started {
            holds
                .borrow_mut()
                .extend(event_loop.upgrade().map(|event_loop| event_loop.hold()));
        } else {
            holds.borrow_mut().pop();
        }
    })
}
