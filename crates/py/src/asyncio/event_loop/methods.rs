//! The hot methods of the loop: called by vectorcall, installed into `LoopCore`.
//!
//! In debug mode they hand over to Python, where asyncio's own handles remember where they were made. GIL held; which
//! thread may call what is decided in `state.rs`.

use pyo3::Borrowed;
use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDict, PyInt, PyString, PyTuple, PyType};

use super::core::{LoopCore, core_of};
use super::state::{LoopState, deadline};
use crate::asyncio::sockets;
use crate::ffi::fastcall::call_with_keywords;
use crate::ffi::handle::{self, Handle, HandleKind};
use crate::ffi::{Arguments, Parameters, fast_methods};
use crate::tracing;

fast_methods! {
    fn install_methods;

    c"call_soon", Parameters::with_more(&["callback"], "context"),
    c"call_soon($self, callback, *args, context=None)\n--\n\n\
        Calls callback(*args) in the next turn of the loop, in the order of the calls.",
    |py, receiver, arguments| call_soon(py, receiver, arguments, "call_soon", "_call_soon_debug");

    c"call_soon_threadsafe", Parameters::with_more(&["callback"], "context"),
    c"call_soon_threadsafe($self, callback, *args, context=None)\n--\n\n\
        As call_soon, from any thread.",
    |py, receiver, arguments| {
        call_soon(py, receiver, arguments, "call_soon_threadsafe", "_call_soon_threadsafe_debug")
    };

    c"call_later", Parameters::with_more(&["delay", "callback"], "context"),
    c"call_later($self, delay, callback, *args, context=None)\n--\n\n\
        Calls callback(*args) after delay seconds, never before.",
    |py, receiver, arguments| {
        let state = core_of(&receiver)?.state.get(py);
        let delay = arguments.required(0, "call_later", "delay")?;
        if delay.is_none() {
            return Err(PyTypeError::new_err("delay must not be None"));
        }
        let when = state.time_of(receiver)? + delay.extract::<f64>()?;
        call_at(py, receiver, arguments, when, false, "call_later")
    };

    c"call_at", Parameters::with_more(&["when", "callback"], "context"),
    c"call_at($self, when, callback, *args, context=None)\n--\n\n\
        Calls callback(*args) when the loop's clock has reached when.",
    |py, receiver, arguments| {
        let when = arguments.required(0, "call_at", "when")?;
        if when.is_none() {
            return Err(PyTypeError::new_err("when cannot be None"));
        }
        if core_of(&receiver)?.state.get(py).debug.get() {
            arguments.required(1, "call_at", "callback")?;
            return arguments.forward(&receiver.getattr("_call_at_debug")?);
        }
        // The handle tells the time as it was given: programs look whether they rounded it.
        let is_integer = when.is_instance_of::<PyInt>();
        let when = when.extract::<f64>()?;
        call_at(py, receiver, arguments, when, is_integer, "call_at")
    };

    c"time", Parameters::NONE,
    c"time($self)\n--\n\nThe time on the loop's clock, in seconds.",
    |py, receiver, _arguments| Ok(core_of(&receiver)?.state.get(py).seconds_now());

    c"get_debug", Parameters::NONE,
    c"get_debug($self)\n--\n\nTrue in debug mode.",
    |py, receiver, _arguments| Ok(core_of(&receiver)?.state.get(py).debug.get());

    c"is_running", Parameters::NONE,
    c"is_running($self)\n--\n\nTrue while the loop runs.",
    |py, receiver, _arguments| Ok(core_of(&receiver)?.state.get(py).runner.get().is_some());

    c"is_closed", Parameters::NONE,
    c"is_closed($self)\n--\n\nTrue once the loop was closed.",
    |py, receiver, _arguments| Ok(core_of(&receiver)?.state.get(py).event_loop.borrow().is_none());

    c"stop", Parameters::NONE,
    c"stop($self)\n--\n\nEnds run_forever after the current turn.",
    |py, receiver, _arguments| {
        core_of(&receiver)?.state.get(py).stopping.set(true);
        Ok(())
    };

    c"create_future", Parameters::NONE,
    c"create_future($self)\n--\n\nA new asyncio.Future of this loop.",
    |py, receiver, _arguments| {
        let constructors = Constructors::of(py)?;
        call_with_keywords(
            constructors.future.bind(py),
            &[],
            &[receiver],
            constructors.future_keywords.bind(py),
        )
    };

    c"create_task", Parameters::ANY,
    c"create_task($self, coro, *, name=None, context=None, **kwargs)\n--\n\n\
        Schedules a coroutine as an asyncio.Task.",
    |py, receiver, arguments| create_task(py, receiver, arguments);

    c"_begin_task", Parameters::named(&["coro"]),
    c"_begin_task($self, coro)\n--\n\nAs create_task, with the first step made at once.",
    |py, receiver, arguments| {
        let coroutine = arguments.required(0, "_begin_task", "coro")?;
        begin_task(py, receiver, core_of(&receiver)?.state.get(py), &coroutine)
    };
}

#[inline(always)]
fn call_soon<'py>(
    py: Python<'py>,
    receiver: Borrowed<'_, 'py, PyAny>,
    arguments: Arguments<'_, 'py>,
    name: &str,
    in_debug_mode: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let state = core_of(&receiver)?.state.get(py);
    let callback = arguments.required(0, name, "callback")?;
    if state.debug.get() {
        return arguments.forward(&receiver.getattr(in_debug_mode)?);
    }
    if let Err(closed) = state.check_open() {
        if !state.is_left_to_parent() {
            return Err(closed);
        }
        return arguments.forward(&receiver.getattr(intern!(py, "_call_soon_in_child"))?);
    }
    let context = arguments.keyword();
    let handle = Handle::new(
        py,
        HandleKind::Once,
        state.link(receiver)?,
        callback,
        arguments.rest(1),
        context,
    )?;
    if state.begins_task.get() {
        state.begins_task.set(false);
        state.first_step.replace(Some(handle.share(py)));
    } else {
        state.schedule(py, handle.share(py));
    }
    Ok(handle.into_bound(py))
}

/// A task whose first step is made before this returns, as by `eager_start` of Python 3.12: whoever does all it has to do without waiting
/// costs no turn. `Err` is what must leave `run_forever`, or what the coroutine is refused for.
pub(crate) fn begin_task<'py>(
    py: Python<'py>,
    event_loop: Borrowed<'_, 'py, PyAny>,
    state: &LoopState,
    coroutine: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    if state.has_task_factory.get() || state.debug.get() || state.is_nested.get() {
        return event_loop.call_method1(intern!(py, "create_task"), (coroutine,));
    }
    state.check_open()?;
    let none = py.None();
    let none = none.bind(py).as_borrowed();
    let constructors = Constructors::of(py)?;
    let current = match &constructors.eager {
        Eager::Offered(keywords) => {
            let yes = PyBool::new(py, true);
            let task = call_with_keywords(
                constructors.task.bind(py),
                &[coroutine.as_borrowed()],
                &[event_loop, yes.as_any().as_borrowed()],
                keywords.bind(py),
            )?;
            tracing::first_step(&task);
            return Ok(task);
        }
        Eager::Made(current) => current,
    };
    // The constructor calls `call_soon` with the first step: here it is kept, and made at once.
    state.begins_task.set(true);
    let task = call_with_keywords(
        constructors.task.bind(py),
        &[coroutine.as_borrowed()],
        &[event_loop, none, none],
        constructors.task_keywords.bind(py),
    );
    state.begins_task.set(false);
    let Some(step) = state.first_step.take() else {
        return task;
    };
    // Inside a step of another task that one is not the running task meanwhile.
    let current = current.bind(py);
    let outer = current.call_method1(intern!(py, "pop"), (event_loop, none))?;
    let left = handle::run(py, &step);
    if !outer.is_none() {
        current.set_item(event_loop, outer)?;
    }
    if let Some(error) = left {
        return Err(error);
    }
    task
}

/// A coroutine as a task of `event_loop`, which is one of ours, that begins at once, in `context` if one is given.
///
/// # Errors
/// As for `create_task`, and what must leave `run_forever`.
pub fn start_task<'py>(
    event_loop: &Bound<'py, PyAny>,
    coroutine: &Bound<'py, PyAny>,
    context: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = event_loop.py();
    match context {
        Some(context) => {
            let begin = event_loop.getattr(intern!(py, "_begin_task"))?;
            context.call_method1(intern!(py, "run"), (begin, coroutine))
        }
        None => {
            let event_loop = event_loop.as_borrowed();
            let state = core_of(&event_loop)?.state.get(py);
            begin_task(py, event_loop, state, coroutine)
        }
    }
}

#[inline(always)]
fn call_at<'py>(
    py: Python<'py>,
    receiver: Borrowed<'_, 'py, PyAny>,
    arguments: Arguments<'_, 'py>,
    when: f64,
    is_integer: bool,
    name: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let state = core_of(&receiver)?.state.get(py);
    let callback = arguments.required(1, name, "callback")?;
    state.check_open()?;
    if state.debug.get() {
        return arguments.forward_from(1, when, &receiver.getattr("_call_at_debug")?);
    }
    let context = arguments.keyword();
    let handle = Handle::new(
        py,
        HandleKind::At {
            seconds: when,
            is_integer,
        },
        state.link(receiver)?,
        callback,
        arguments.rest(2),
        context,
    )?;
    let deadline = deadline(when);
    if state.is_here(py) {
        handle.set_timer(state.schedule_at(deadline, handle.share(py))?);
    } else {
        state.post_timer(deadline, handle.share(py));
    }
    Ok(handle.into_bound(py))
}

fn create_task<'py>(
    py: Python<'py>,
    receiver: Borrowed<'_, 'py, PyAny>,
    arguments: Arguments<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let state = core_of(&receiver)?.state.get(py);
    if arguments.len() != 1 || state.has_task_factory.get() || state.debug.get() {
        return arguments.forward(&receiver.getattr(intern!(py, "_create_task_in_python"))?);
    }
    state.check_open()?;
    let (mut name, mut context) = (None, None);
    for (keyword, value) in arguments.keywords() {
        match keyword.to_str()? {
            "name" => name = Some(value),
            "context" => context = Some(value),
            _ => {
                return arguments
                    .forward(&receiver.getattr(intern!(py, "_create_task_in_python"))?);
            }
        }
    }
    let coroutine = arguments.required(0, "create_task", "coro")?;
    let none = py.None();
    let none = none.bind(py).as_borrowed();
    let constructors = Constructors::of(py)?;
    call_with_keywords(
        constructors.task.bind(py),
        &[coroutine],
        &[receiver, name.unwrap_or(none), context.unwrap_or(none)],
        constructors.task_keywords.bind(py),
    )
}

/// CPython's own Task and Future, and the keyword tuples to call them with.
struct Constructors {
    future: Py<PyAny>,
    future_keywords: Py<PyTuple>,
    task: Py<PyAny>,
    task_keywords: Py<PyTuple>,
    eager: Eager,
}

/// How a task makes its first step at once.
enum Eager {
    /// By these keywords, from Python 3.12 on; tasks that end with their first step are not even listed among all tasks.
    Offered(Py<PyTuple>),
    /// By us. This is asyncio's own table of the running task of each loop: a task that makes a step meanwhile is taken out of it.
    Made(Py<PyDict>),
}

impl Constructors {
    fn of(py: Python<'_>) -> PyResult<&Constructors> {
        static CONSTRUCTORS: PyOnceLock<Constructors> = PyOnceLock::new();
        CONSTRUCTORS.get_or_try_init(py, || {
            let names = |names: &[&str]| {
                PyTuple::new(py, names.iter().map(|name| PyString::intern(py, name)))
            };
            Ok(Constructors {
                future: py.import("asyncio.futures")?.getattr("Future")?.unbind(),
                future_keywords: names(&["loop"])?.unbind(),
                task: py.import("asyncio.tasks")?.getattr("Task")?.unbind(),
                task_keywords: names(&["loop", "name", "context"])?.unbind(),
                eager: if py.version_info() >= (3, 12) {
                    Eager::Offered(names(&["loop", "eager_start"])?.unbind())
                } else {
                    let tasks = py.import("asyncio.tasks")?;
                    Eager::Made(
                        tasks
                            .getattr("_current_tasks")?
                            .cast_into::<PyDict>()?
                            .unbind(),
                    )
                },
            })
        })
    }
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let class: Bound<'_, PyType> = module.py().get_type::<LoopCore>();
    install_methods(&class)?;
    sockets::install_into(&class)?;
    module.add_class::<LoopCore>()
}
