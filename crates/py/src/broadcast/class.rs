//! `BroadcastCore`: the native half of `twinloop.BroadcastChannel`. Loop thread, GIL held.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use twinloop_web::broadcast::{Channel, Event, Options};
use twinloop_web::{Error, Result};

use super::values;
use crate::asyncio::event_loop::LoopState;
use crate::errors::web_error;
use crate::fetch::client::{Running, client_of, running};
use crate::ffi::{GilBound, done};
use crate::waiting;

/// The native half of `twinloop.BroadcastChannel`: opened on the loop that first uses it.
#[pyclass(frozen, subclass, weakref, module = "_twinloop._native")]
struct BroadcastCore {
    state: GilBound<State>,
}

struct State {
    name: String,
    url: String,
    options: Options,
    open: RefCell<Option<Open>>,
}

#[derive(Clone)]
struct Open {
    channel: Rc<Channel>,
    core: Rc<LoopState>,
}

impl BroadcastCore {
    /// The channel, which is opened if it was not, on the running loop.
    fn channel<'py>(&self, py: Python<'py>) -> PyResult<(Open, Running<'py>)> {
        let state = self.state.get(py);
        let running = running(py, "a twinloop.BroadcastChannel")?;
        let known = state.open.borrow().clone();
        if let Some(open) = known {
            if !Rc::ptr_eq(&open.core, &running.core) {
                let message = "a BroadcastChannel belongs to the event loop that opened it";
                return Err(PyRuntimeError::new_err(message));
            }
            return Ok((open, running));
        }
        let client = client_of(py, &running.core)?;
        let event_loop = running.core.open()?;
        let _entered = event_loop.enter();
        let channel = Channel::open(&client, &state.name, &state.url, &state.options)
            .map_err(|error| broadcast_error(py, &error))?;
        let open = Open {
            channel: Rc::new(channel),
            core: Rc::clone(&running.core),
        };
        *state.open.borrow_mut() = Some(open.clone());
        Ok((open, running))
    }

    /// A coroutine for a future of the channel.
    fn awaited<'py, F: Future<Output = Result<()>> + 'static>(
        &self,
        py: Python<'py>,
        name: &'static str,
        begin: impl FnOnce(&Channel) -> F,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (open, running) = self.channel(py)?;
        let future = begin(&open.channel);
        let finish = |py: Python<'_>, outcome: Result<()>| match outcome {
            Ok(()) => Ok(py.None()),
            Err(error) => Err(broadcast_error(py, &error)),
        };
        let event_loop = running.event_loop.as_borrowed();
        waiting::coroutine(event_loop, &open.core, name, future, finish)
    }
}

#[pymethods]
impl BroadcastCore {
    #[new]
    #[expect(
        clippy::too_many_arguments,
        reason = "each is an option of its own, given by keyword"
    )]
    #[pyo3(signature = (name, url, *, history, since, presence, beat, open_timeout, stall_timeout))]
    fn new(
        name: String,
        url: String,
        history: Option<u64>,
        since: Option<String>,
        presence: Option<&Bound<'_, PyAny>>,
        beat: f64,
        open_timeout: f64,
        stall_timeout: f64,
    ) -> PyResult<BroadcastCore> {
        let time = |seconds: f64, what: &str| {
            Duration::try_from_secs_f64(seconds).map_err(|_| {
                let message = format!("{what} is a number of seconds, not {seconds}");
                pyo3::exceptions::PyValueError::new_err(message)
            })
        };
        let options = Options {
            history,
            since,
            presence: presence.map(values::write).transpose()?,
            beat: time(beat, "beat")?,
            open_timeout: time(open_timeout, "open_timeout")?,
            stall_timeout: time(stall_timeout, "stall_timeout")?,
        };
        let state = State {
            name,
            url,
            options,
            open: RefCell::default(),
        };
        Ok(BroadcastCore {
            state: GilBound::new(state),
        })
    }

    /// Waits until it hears of all that others post.
    fn ready<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.awaited(py, "BroadcastChannel.ready", Channel::ready)
    }

    /// Posts a message, at once.
    fn post_message(&self, message: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = message.py();
        let body = values::write(message)?;
        let (open, _) = self.channel(py)?;
        let event_loop = open.core.open()?;
        let _entered = event_loop.enter();
        let posted = open.channel.post(&body);
        posted.map_err(|error| broadcast_error(py, &error))
    }

    /// Posts a message; what is awaited is that there is room for the next.
    fn send<'py>(&self, message: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = message.py();
        self.post_message(message)?;
        self.awaited(py, "BroadcastChannel.send", |channel| {
            let drained = channel.drain();
            async move {
                drained.await;
                Ok(())
            }
        })
    }

    /// Waits until all that was posted has been handed over.
    fn flush<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.awaited(py, "BroadcastChannel.flush", Channel::flush)
    }

    /// The next event, as a tuple of its kind and what belongs to it; None once it is closed.
    fn next_event<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let (open, running) = self.channel(py)?;
        let channel = Rc::clone(&open.channel);
        let future = async move { channel.next().await };
        let finish = |py: Python<'_>, event: Option<Event>| match event {
            Some(event) => shown(py, event).map(Bound::unbind),
            None => Ok(py.None()),
        };
        let event_loop = running.event_loop.as_borrowed();
        waiting::coroutine(
            event_loop,
            &open.core,
            "BroadcastChannel.__anext__",
            future,
            finish,
        )
    }

    /// Leaves; what was posted is still sent.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let open = self.state.get(py).open.borrow().clone();
        if let Some(open) = open
            && let Ok(event_loop) = open.core.open()
        {
            let _entered = event_loop.enter();
            open.channel.close();
        }
        Ok(())
    }

    #[pyo3(signature = (*exception))]
    fn __aexit__<'py>(
        &self,
        py: Python<'py>,
        exception: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.close(py)?;
        let has_failed = exception.get_item(0).is_ok_and(|class| !class.is_none());
        match (self.is_open(py), has_failed) {
            (false, _) => Ok(done(py)),
            (true, false) => self.flush(py),
            // What was posted has its time to leave here too; that it did not is not what whoever awaits this has to be told.
            (true, true) => self.awaited(py, "BroadcastChannel.flush", |channel| {
                let flushed = channel.flush();
                async move { flushed.await.or(Ok(())) }
            }),
        }
    }

    #[getter]
    fn name<'a>(&'a self, py: Python<'a>) -> &'a str {
        &self.state.get(py).name
    }

    /// Who else is there, by id.
    #[getter]
    fn others<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let others = PyDict::new(py);
        let open = self.state.get(py).open.borrow().clone();
        for (id, data) in open.map_or_else(Vec::new, |open| open.channel.others()) {
            others.set_item(id, values::read(py, &data)?)?;
        }
        Ok(others)
    }

    /// Whether it was closed.
    #[getter]
    fn closed(&self, py: Python<'_>) -> bool {
        let open = self.state.get(py).open.borrow();
        open.as_ref().is_some_and(|open| open.channel.is_closed())
    }
}

impl BroadcastCore {
    fn is_open(&self, py: Python<'_>) -> bool {
        self.state.get(py).open.borrow().is_some()
    }
}

/// An event as Python's half takes it apart.
fn shown(py: Python<'_>, event: Event) -> PyResult<Bound<'_, PyAny>> {
    Ok(match event {
        Event::Message(message) => {
            let value = values::read(py, &message.body)?;
            (intern!(py, "message"), value, message.position)
                .into_pyobject(py)?
                .into_any()
        }
        Event::Lost(count) => (intern!(py, "lost"), count).into_pyobject(py)?.into_any(),
        Event::Open => (intern!(py, "open"),).into_pyobject(py)?.into_any(),
        Event::Cut(reason) => (intern!(py, "cut"), reason).into_pyobject(py)?.into_any(),
        Event::Joined { id, data } => (intern!(py, "join"), values::read(py, &data)?, id)
            .into_pyobject(py)?
            .into_any(),
        Event::Left { id, data } => (intern!(py, "leave"), values::read(py, &data)?, id)
            .into_pyobject(py)?
            .into_any(),
        Event::Refused(reason) => (intern!(py, "refused"), reason)
            .into_pyobject(py)?
            .into_any(),
        Event::Unreadable(reason) => (intern!(py, "unreadable"), reason)
            .into_pyobject(py)?
            .into_any(),
    })
}

/// The exception for what goes wrong with a channel.
#[cold]
fn broadcast_error(py: Python<'_>, error: &Error) -> PyErr {
    web_error(py, error)
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<BroadcastCore>()
}
