//! What a traced process (`twinloop trace`) writes down of Python: whose step or callback an entry of the loop is, where a slow step stopped, and
//! the stack of what runs for long.
//!
//! A task of asyncio's arrives as a callback that is bound to it. Its lane has the name of the task, of its coroutine and of where that is defined;
//! it ends when the task has ended. Loop thread, GIL held.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::sync::{Mutex, PoisonError};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyFunction, PyString, PyType, PyWeakrefMethods, PyWeakrefReference};
use twinloop_loop::trace::{self, ByNumber, LaneKind, Language, Recorder};

/// A step that took longer says where its task waits afterwards.
const SLOW_NS: u64 = 1_000_000;
/// The most frames of a sample, and of what a task waits in.
const FRAMES: usize = 24;
/// Beyond the first of the signals for real time; `twinloop top` has the eleventh, `--ps` the twelfth.
const SAMPLE_SIGNAL: i32 = 13;
/// Tasks that were never seen to end are looked for when there are so many.
const MANY: usize = 1024;

thread_local! {
    static KNOWN: RefCell<Known> = RefCell::default();
}

/// What is known of the tasks and functions of a loop.
#[derive(Default)]
struct Known {
    recorder: Weak<Recorder>,
    /// By address, which another task may have afterwards: the reference tells.
    tasks: HashMap<usize, Task, ByNumber>,
    /// Names of code, by its address, and what keeps it there.
    codes: HashMap<usize, (Py<PyAny>, u32), ByNumber>,
    limit: usize,
}

struct Task {
    reference: Py<PyWeakrefReference>,
    lane: u32,
    name: u32,
}

/// A step of a task that runs.
pub(crate) struct Step<'py> {
    recorder: Rc<Recorder>,
    task: Bound<'py, PyAny>,
    lane: u32,
}

/// Says what the entry that runs is: a call of `callback`. Gives the step, if it is one of a task.
pub(crate) fn begin<'py>(callback: &Bound<'py, PyAny>) -> Option<Step<'py>> {
    if !trace::is_on() {
        return None;
    }
    describe(callback).ok().flatten()
}

fn describe<'py>(callback: &Bound<'py, PyAny>) -> PyResult<Option<Step<'py>>> {
    let py = callback.py();
    let Some(recorder) = Recorder::current() else {
        return Ok(None);
    };
    // A function has none, and would make an exception of that.
    let owner = match callback.is_exact_instance_of::<PyFunction>() {
        true => None,
        false => callback.getattr_opt(intern!(py, "__self__"))?,
    };
    if let Some(task) = owner
        && is_task(&task)?
    {
        let (lane, name) = lane_of(&recorder, &task)?;
        recorder.step(Language::Python, lane, name);
        return Ok(Some(Step {
            recorder,
            task,
            lane,
        }));
    }
    let name = function_name(&recorder, callback)?;
    recorder.describe(Language::Python, name);
    Ok(None)
}

/// Says that a task makes its first step in the entry that runs, which is something else.
pub(crate) fn first_step(task: &Bound<'_, PyAny>) {
    if !trace::is_on() {
        return;
    }
    if let Some(recorder) = Recorder::current()
        && let Ok((lane, name)) = lane_of(&recorder, task)
    {
        recorder.step(Language::Python, lane, name);
        Step {
            recorder,
            task: task.clone(),
            lane,
        }
        .end();
    }
}

impl Step<'_> {
    /// The step is over. An exception that is on its way stays so.
    pub(crate) fn end(self) {
        let py = self.task.py();
        let error = PyErr::take(py);
        // What cannot be found out is not written down.
        let _ = self.conclude();
        if let Some(error) = error {
            error.restore(py);
        }
    }

    fn conclude(&self) -> PyResult<()> {
        let py = self.task.py();
        if self.task.call_method0(intern!(py, "done"))?.is_truthy()? {
            self.recorder.end_lane(self.lane);
            with_known(&self.recorder, |known| {
                known.tasks.remove(&(self.task.as_ptr() as usize))
            });
            return Ok(());
        }
        let place = || self.place().unwrap_or(0);
        self.recorder.waits_at(SLOW_NS, place);
        Ok(())
    }

    /// Where the task waits: the innermost of its coroutines.
    fn place(&self) -> PyResult<u32> {
        let py = self.task.py();
        let mut coroutine = self.task.call_method0(intern!(py, "get_coro"))?;
        let mut place = 0;
        for _ in 0..FRAMES {
            if let Some(frame) = coroutine.getattr_opt(intern!(py, "cr_frame"))?
                && !frame.is_none()
            {
                place = self.recorder.name(&frame_text(&frame)?);
            }
            match coroutine.getattr_opt(intern!(py, "cr_await"))? {
                Some(inner) if !inner.is_none() => coroutine = inner,
                _ => break,
            }
        }
        Ok(place)
    }
}

fn with_known<R>(recorder: &Rc<Recorder>, body: impl FnOnce(&mut Known) -> R) -> R {
    let mut is_new = false;
    let result = KNOWN.with_borrow_mut(|known| {
        if !std::ptr::eq(known.recorder.as_ptr(), Rc::as_ptr(recorder)) {
            *known = Known {
                recorder: Rc::downgrade(recorder),
                limit: MANY,
                ..Known::default()
            };
            is_new = true;
        }
        body(known)
    });
    if is_new {
        // In another thread than the main one there are no samples.
        let _ = Python::attach(|py| watch(py, recorder));
    }
    result
}

fn is_task(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    static TASK: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let class = TASK.import(object.py(), "asyncio", "Task")?;
    Ok(object.get_type().is(class) || object.is_instance(class)?)
}

/// The lane of a task and its name.
fn lane_of(recorder: &Rc<Recorder>, task: &Bound<'_, PyAny>) -> PyResult<(u32, u32)> {
    let py = task.py();
    let address = task.as_ptr() as usize;
    let known = with_known(recorder, |known| {
        let found = known.tasks.get(&address)?;
        let is_same = found.reference.bind(py).upgrade()?.is(task);
        is_same.then_some((found.lane, found.name))
    });
    if let Some(known) = known {
        return Ok(known);
    }
    let coroutine = task.call_method0(intern!(py, "get_coro"))?;
    let name = coroutine_name(recorder, &coroutine)?;
    let shown = task.call_method0(intern!(py, "get_name"))?;
    let lane_name = with_name(
        recorder,
        name,
        &coroutine,
        shown.cast::<PyString>()?.to_str()?,
    )?;
    let lane = recorder.lane(LaneKind::Task, Language::Python, lane_name);
    let reference = PyWeakrefReference::new(task)?.unbind();
    with_known(recorder, |known| {
        if known.tasks.len() >= known.limit {
            (known.tasks).retain(|_, task| task.reference.bind(py).upgrade().is_some());
            known.limit = (known.tasks.len() * 2).max(MANY);
        }
        let task = Task {
            reference,
            lane,
            name,
        };
        known.tasks.insert(address, task);
    });
    Ok((lane, name))
}

/// A task's name with its coroutine's and where that is.
fn with_name(
    recorder: &Recorder,
    name: u32,
    coroutine: &Bound<'_, PyAny>,
    shown: &str,
) -> PyResult<u32> {
    // Tasks without a name of their own are numbered: a text for each would be as many texts as tasks.
    if shown.starts_with("Task-") {
        return Ok(name);
    }
    let (function, file, line) = coroutine_place(coroutine)?;
    Ok(recorder.name(&format!("{shown}: {function}\t{file}\t{line}")))
}

fn coroutine_name(recorder: &Rc<Recorder>, coroutine: &Bound<'_, PyAny>) -> PyResult<u32> {
    match code_of(coroutine)? {
        Some(code) => named(recorder, &code, || coroutine_place(coroutine)),
        None => {
            let (function, ..) = coroutine_place(coroutine)?;
            Ok(recorder.name(&format!("{function}\t\t0")))
        }
    }
}

/// The code of a coroutine or generator.
fn code_of<'py>(coroutine: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    for field in ["cr_code", "gi_code", "ag_code"] {
        if let Some(code) = coroutine.getattr_opt(field)? {
            return Ok(Some(code));
        }
    }
    Ok(None)
}

fn coroutine_place(coroutine: &Bound<'_, PyAny>) -> PyResult<(String, String, u32)> {
    let py = coroutine.py();
    let function = match coroutine.getattr_opt(intern!(py, "__qualname__"))? {
        Some(name) => name.str()?.to_string(),
        None => coroutine.get_type().qualname()?.to_string(),
    };
    match code_of(coroutine)? {
        Some(code) => place_of(&code, function),
        None => Ok((function, String::new(), 0)),
    }
}

fn place_of(code: &Bound<'_, PyAny>, function: String) -> PyResult<(String, String, u32)> {
    let py = code.py();
    let file = code.getattr(intern!(py, "co_filename"))?;
    let line = code.getattr(intern!(py, "co_firstlineno"))?;
    Ok((function, file.str()?.to_string(), line.extract()?))
}

/// The number of what `place` says of this code, which is asked once.
fn named(
    recorder: &Rc<Recorder>,
    code: &Bound<'_, PyAny>,
    place: impl FnOnce() -> PyResult<(String, String, u32)>,
) -> PyResult<u32> {
    let address = code.as_ptr() as usize;
    if let Some(number) = with_known(recorder, |known| known.codes.get(&address).map(|it| it.1)) {
        return Ok(number);
    }
    let (function, file, line) = place()?;
    let number = recorder.name(&format!("{function}\t{file}\t{line}"));
    let code = code.clone().unbind();
    with_known(recorder, |known| {
        known.codes.insert(address, (code, number))
    });
    Ok(number)
}

/// The number of a function's name and place, of whatever kind it is.
fn function_name(recorder: &Rc<Recorder>, callback: &Bound<'_, PyAny>) -> PyResult<u32> {
    let py = callback.py();
    let mut function = callback.clone();
    for _ in 0..8 {
        if let Some(code) = function.getattr_opt(intern!(py, "__code__"))? {
            return named(recorder, &code, || {
                let name = function.getattr(intern!(py, "__qualname__"))?;
                place_of(&code, name.str()?.to_string())
            });
        }
        let inner = match function.getattr_opt(intern!(py, "__func__"))? {
            Some(inner) => Some(inner),
            None => function.getattr_opt(intern!(py, "func"))?,
        };
        match inner {
            Some(inner) => function = inner,
            None => break,
        }
    }
    let (name, ..) = match function.getattr_opt(intern!(py, "__qualname__"))? {
        Some(name) => (name.str()?.to_string(), ()),
        None => (function.get_type().qualname()?.to_string(), ()),
    };
    Ok(recorder.name(&format!("{name}\t\t0")))
}

/// Whether this process's main thread handles the signal that asks for a sample. Who sends it holds the lock.
static IS_HANDLED: Mutex<bool> = Mutex::new(false);

fn set_handled(is_handled: bool) {
    *IS_HANDLED.lock().unwrap_or_else(PoisonError::into_inner) = is_handled;
}

/// Has this thread, the main one, say what it is at when something runs for long: by a signal, whose handler Python calls between two instructions. What
/// it interrupts goes on by itself. (`Py_AddPendingCall` and `PyErr_SetInterruptEx` of another thread are not seen by a main thread that computes.)
fn watch(py: Python<'_>, recorder: &Recorder) -> PyResult<()> {
    let signal = py.import("signal")?;
    let first: i32 = signal.getattr("SIGRTMIN")?.extract()?;
    let number = first + SAMPLE_SIGNAL;
    let handler = wrap_pyfunction!(sample, py)?;
    signal.call_method1("signal", (number, handler))?;
    signal.call_method1("siginterrupt", (number, false))?;
    // The end of the interpreter takes the handler away, and the signal would end the process.
    let stop = wrap_pyfunction!(stop_samples, py)?;
    py.import("atexit")?.call_method1("register", (stop,))?;
    set_handled(true);
    recorder.ask_when_blocked(Box::new(move || {
        let is_handled = IS_HANDLED.lock().unwrap_or_else(PoisonError::into_inner);
        if *is_handled {
            let _ = twinloop_loop::kill_thread(std::process::id().cast_signed(), number);
        }
    }));
    Ok(())
}

#[pyfunction]
fn stop_samples() {
    set_handled(false);
}

#[pyfunction]
fn sample(_signal: i32, frame: Option<Bound<'_, PyAny>>) {
    if let Some(recorder) = Recorder::current()
        && recorder.is_sample_due()
        && let Some(frame) = frame
        && let Ok(frames) = stack(frame)
        && !frames.is_empty()
    {
        recorder.sample(Language::Python, &frames.join("\n"));
    }
}

/// The frames of the entry that runs, the innermost first.
fn stack(mut frame: Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    let mut frames = Vec::new();
    while frames.len() < FRAMES && !frame.is_none() {
        let text = frame_text(&frame)?;
        // What is above runs the loop.
        if text.starts_with("run_forever\t") {
            break;
        }
        frames.push(text);
        frame = frame.getattr(intern!(frame.py(), "f_back"))?;
    }
    Ok(frames)
}

/// Whether the running loop is recorded.
#[pyfunction]
fn is_recorded() -> bool {
    trace::is_on() && Recorder::current().is_some()
}

/// Writes down a call of `function` in another thread, by the times of the monotonic clock, in nanoseconds.
#[pyfunction]
fn record_work(function: &Bound<'_, PyAny>, queued: u64, started: u64, ended: u64) -> PyResult<()> {
    if let Some(recorder) = Recorder::current() {
        let name = function_name(&recorder, function)?;
        recorder.work(Language::Python, name, 0, [queued, started, ended]);
    }
    Ok(())
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(is_recorded, module)?)?;
    module.add_function(wrap_pyfunction!(record_work, module)?)
}

fn frame_text(frame: &Bound<'_, PyAny>) -> PyResult<String> {
    let py = frame.py();
    let code = frame.getattr(intern!(py, "f_code"))?;
    let (name, file) = (
        code.getattr(intern!(py, "co_name"))?,
        code.getattr(intern!(py, "co_filename"))?,
    );
    let line = frame.getattr(intern!(py, "f_lineno"))?;
    Ok(format!("{name}\t{file}\t{line}"))
}
