//! JavaScript started from Python: modules that a Python program imports, code that it evaluates, and whole JavaScript
//! programs that need Python (`twinloop app.mjs` with a `python:` import).
//!
//! The asyncio loop object runs the turns; JavaScript only joins them. A program that leaves by `process.exit`, or by an
//! error that nobody handled, ends the loop with SystemExit. GIL held, loop thread.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::{PyRuntimeError, PySystemExit};
use pyo3::prelude::*;
use twinloop_js::engine::Local;
use twinloop_js::{Js, Main, Options};
use twinloop_loop::{Entry, Loop, signals};
use twinloop_py::web_error;
use twinloop_web::Config;

use crate::bridge::Bridge;
use crate::crossing::{Crossing, Depth};
use crate::python_in_js::modules;

/// What `js_configure` said last, for the engines that start from then on, whatever their thread.
static SETTINGS: Mutex<Settings> = Mutex::new(Settings::new());

thread_local! {
    /// The program that `js_begin` began.
    static MAIN: RefCell<Option<Main>> = const { RefCell::new(None) };
}

#[derive(Clone)]
struct Settings {
    arguments: Vec<String>,
    /// What stands between the interpreter and the program: `process.execArgv`.
    written: Vec<String>,
    connect_to: Vec<String>,
    ca_file: Option<PathBuf>,
}

impl Settings {
    const fn new() -> Settings {
        Settings {
            arguments: Vec::new(),
            written: Vec::new(),
            connect_to: Vec::new(),
            ca_file: None,
        }
    }
}

fn settings() -> MutexGuard<'static, Settings> {
    SETTINGS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Adds the functions to the extension module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(js_configure, module)?)?;
    module.add_function(wrap_pyfunction!(js_import, module)?)?;
    module.add_function(wrap_pyfunction!(js_import_at_once, module)?)?;
    module.add_function(wrap_pyfunction!(js_eval, module)?)?;
    module.add_function(wrap_pyfunction!(js_require, module)?)?;
    module.add_function(wrap_pyfunction!(js_builtin, module)?)?;
    module.add_function(wrap_pyfunction!(js_to_js, module)?)?;
    module.add_function(wrap_pyfunction!(js_step, module)?)?;
    module.add_function(wrap_pyfunction!(js_begin, module)?)?;
    module.add_function(wrap_pyfunction!(js_begin_serving, module)?)?;
    module.add_function(wrap_pyfunction!(js_hears_interrupt, module)?)?;
    module.add_function(wrap_pyfunction!(js_before_exit, module)?)?;
    module.add_function(wrap_pyfunction!(js_conclude, module)?)?;
    module.add_function(wrap_pyfunction!(js_shut_down, module)?)?;
    module.add_function(wrap_pyfunction!(js_collect_garbage, module)?)?;
    module.add_function(wrap_pyfunction!(crate::bridge::js_depth, module)?)?;
    module.add_function(wrap_pyfunction!(crate::bridge::js_is_put_away, module)?)?;
    module.add_function(wrap_pyfunction!(crate::bridge::js_watch_greenlets, module)?)?;
    module.add_function(wrap_pyfunction!(js_collect, module)?)?;
    module.add_function(wrap_pyfunction!(js_end, module)?)
}

/// Starts JavaScript on the thread's loop, with Python modules in reach.
pub(crate) fn start_engine(event_loop: &Loop) -> Result<Rc<Js>, String> {
    let settings = settings().clone();
    let config = config(&settings).map_err(|error| error.chain())?;
    let leaving = event_loop.downgrade();
    let options = Options {
        arguments: settings.arguments,
        written_options: settings.written,
        on_exit: Some(Box::new(move |status| {
            if let Some(event_loop) = leaving.upgrade() {
                event_loop.push(Entry::call(move |_| leave(status)));
            }
        })),
        ..Options::default()
    };
    let js = Js::new(event_loop, options)?;
    if let Some(config) = config {
        js.set_client(config).map_err(|error| error.chain())?;
    }
    js.register_scheme(modules::SCHEME, Rc::new(modules::exports));
    Ok(js)
}

/// How to connect by the given settings; without any, as the environment says.
fn config(settings: &Settings) -> twinloop_web::Result<Option<Config>> {
    Config::of_program(&settings.connect_to, settings.ca_file.as_deref())
}

/// Ends the running asyncio loop with SystemExit.
fn leave(status: i32) {
    Python::attach(|py| raise_from_loop(py, PySystemExit::new_err(status)));
}

/// Lets the running asyncio loop end with `error`, as a callback of it that raises does.
pub(crate) fn raise_from_loop(py: Python<'_>, error: PyErr) {
    let schedule = |error: PyErr| -> PyResult<()> {
        let raise = py.import("twinloop.js")?.getattr("_raise")?;
        let event_loop = py.import("asyncio")?.call_method0("get_running_loop")?;
        event_loop.call_method1("call_soon", (raise, error.into_value(py)))?;
        Ok(())
    };
    if let Err(failure) = schedule(error) {
        // No loop runs: whoever runs one next is not this program's.
        failure.write_unraisable(py, None);
    }
}

/// Sets how the JavaScript that this process starts connects, its `process.argv` and its `process.execArgv`.
#[pyfunction]
#[pyo3(signature = (arguments, written, connect_to, ca_file))]
fn js_configure(
    py: Python<'_>,
    arguments: Vec<String>,
    written: Vec<String>,
    connect_to: Vec<String>,
    ca_file: Option<PathBuf>,
) -> PyResult<()> {
    let given = Settings {
        arguments,
        written,
        connect_to,
        ca_file,
    };
    config(&given).map_err(|error| web_error(py, &error))?;
    *settings() = given;
    Ok(())
}

/// Whether a JavaScript program listens to Ctrl-C itself.
#[pyfunction]
fn js_hears_interrupt() -> bool {
    signals::is_watched(signals::INTERRUPT)
}

/// An awaitable for the namespace of the module that `specifier` means in the file `referrer`.
#[pyfunction]
fn js_import(py: Python<'_>, specifier: &str, referrer: &str) -> PyResult<Py<PyAny>> {
    let bridge = Bridge::running(py)?;
    bridge.enter(py, |crossing| {
        let referrer = Some(Path::new(referrer));
        let promise = bridge.js().import(crossing.scope, specifier, referrer);
        Ok(crossing.to_py(crossing.of_js(promise)?)?.unbind())
    })
}

/// The namespace of the module that `specifier` means in the file `referrer`, if it does not await.
#[pyfunction]
fn js_import_at_once(py: Python<'_>, specifier: &str, referrer: &str) -> PyResult<Py<PyAny>> {
    let bridge = Bridge::running(py)?;
    bridge.enter(py, |crossing| {
        let referrer = Some(Path::new(referrer));
        let namespace = (bridge.js()).import_at_once(crossing.scope, specifier, referrer);
        Ok(crossing.to_py(crossing.of_js(namespace)?)?.unbind())
    })
}

/// The value of a script's last expression.
#[pyfunction]
fn js_eval(py: Python<'_>, code: &str) -> PyResult<Py<PyAny>> {
    let bridge = Bridge::running(py)?;
    bridge.enter(py, |crossing| {
        let value = crossing.of_js(crossing.scope.evaluate(code, "<eval>", 1))?;
        Ok(crossing.to_py(value)?.unbind())
    })
}

/// The exports of the module that `specifier` means to `require` in the file `referrer`.
#[pyfunction]
fn js_require(py: Python<'_>, specifier: &str, referrer: &str) -> PyResult<Py<PyAny>> {
    let bridge = Bridge::running(py)?;
    bridge.enter(py, |crossing| {
        let scope = crossing.scope;
        let exports = || {
            let modules = twinloop_js::require(scope)?;
            let file = scope.string("node/module/module")?;
            let modules = scope.call(modules, Local::undefined(), &[file])?;
            let of_file =
                scope.call_method(modules, "createRequire", &[scope.string(referrer)?])?;
            scope.call(of_file, Local::undefined(), &[scope.string(specifier)?])
        };
        Ok(crossing.to_py(crossing.of_js(exports())?)?.unbind())
    })
}

/// What a built-in file exports: for the package's own rooms, whose other half it is.
#[pyfunction]
fn js_builtin(py: Python<'_>, file: &str) -> PyResult<Py<PyAny>> {
    let bridge = Bridge::running(py)?;
    bridge.enter(py, |crossing| {
        let exports = builtin(crossing, file)?;
        Ok(crossing.to_py(exports)?.unbind())
    })
}

/// The exports of a built-in file.
pub(crate) fn builtin<'s>(crossing: &Crossing<'_, 's, '_>, file: &str) -> PyResult<Local<'s>> {
    let scope = crossing.scope;
    let require = crossing.of_js(twinloop_js::require(scope))?;
    let file = crossing.of_js(scope.string(file))?;
    crossing.of_js(scope.call(require, Local::undefined(), &[file]))
}

/// A copy of a Python value, as JavaScript has it; `converter` gives what stands for what has none.
#[pyfunction]
#[pyo3(signature = (value, depth, converter=None))]
fn js_to_js(
    py: Python<'_>,
    value: Py<PyAny>,
    depth: f64,
    converter: Option<Py<PyAny>>,
) -> PyResult<Py<PyAny>> {
    let bridge = Bridge::running(py)?;
    bridge.enter(py, |crossing| {
        let value = value.bind(crossing.py);
        let converter = converter.map(|converter| converter.into_bound(crossing.py));
        let copy = crossing.converted_to_js(value, Depth::new(depth), converter);
        Ok(crossing.to_py(crossing.of_js(copy)?)?.unbind())
    })
}

/// `{ done, value }`, as JavaScript's iteration protocol has it.
#[pyfunction]
fn js_step(py: Python<'_>, done: bool, value: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    let bridge = Bridge::running(py)?;
    bridge.enter(py, |crossing| {
        let scope = crossing.scope;
        let step = crossing.of_js(scope.object())?;
        crossing.of_js(scope.set(step, "done", Local::boolean(done)))?;
        crossing.of_js(scope.set(step, "value", crossing.to_js(value)?))?;
        Ok(crossing.to_py(step)?.unbind())
    })
}

/// Begins the JavaScript program in `path`, or `code`; called in a turn of the loop that then runs until it is idle.
#[pyfunction]
#[pyo3(signature = (path, code=None))]
fn js_begin(py: Python<'_>, path: PathBuf, code: Option<&str>) -> PyResult<()> {
    let bridge = Bridge::running(py)?;
    let main = match code {
        Some(code) => bridge.js().begin_eval(code),
        None => bridge.js().begin_main(&path),
    };
    MAIN.set(Some(main));
    Ok(())
}

/// As `js_begin`, for the command `serve`, whose words `js_configure` got.
#[pyfunction]
fn js_begin_serving(py: Python<'_>) -> PyResult<()> {
    let bridge = Bridge::running(py)?;
    MAIN.set(Some(bridge.js().begin_builtin("node/serve/command")));
    Ok(())
}

/// Fires `beforeExit`; true if the program has something to do again.
#[pyfunction]
fn js_before_exit(event_loop: &Bound<'_, PyAny>) -> PyResult<bool> {
    let bridge = Bridge::on(event_loop.py(), &twinloop_py::event_loop_of(event_loop)?)?;
    Ok(bridge.js().before_exit())
}

/// The exit status of the program that `js_begin` began.
#[pyfunction]
fn js_conclude(event_loop: &Bound<'_, PyAny>) -> PyResult<i32> {
    let bridge = Bridge::on(event_loop.py(), &twinloop_py::event_loop_of(event_loop)?)?;
    let main = MAIN
        .take()
        .ok_or_else(|| PyRuntimeError::new_err("no JavaScript program was begun"))?;
    Ok(bridge.js().conclude(&main))
}

/// Ends the JavaScript of a loop that is about to close.
#[pyfunction]
fn js_end(event_loop: &Bound<'_, PyAny>) -> PyResult<()> {
    Bridge::end_on(&twinloop_py::event_loop_of(event_loop)?);
    Ok(())
}

/// Ends this thread's JavaScript and the engine's helper threads; the last thing before the process ends.
#[pyfunction]
fn js_shut_down() {
    Bridge::end_here();
    twinloop_js::engine::shut_down_process();
}

/// Collects the garbage of this thread's JavaScript now.
#[pyfunction]
fn js_collect_garbage(py: Python<'_>) -> PyResult<()> {
    let bridge = Bridge::running(py)?;
    bridge.enter(py, |crossing| {
        crossing.scope.collect_garbage();
        Ok(())
    })
}

/// Collects both heaps of this thread; `None` when JavaScript is on the stack.
#[pyfunction]
fn js_collect(py: Python<'_>) -> PyResult<Option<usize>> {
    Bridge::running(py)?.collect(py)
}
