//! `EventStream`: the parser of server-sent events, for `EventSource` (`_twinloop/fetch/events.py`). GIL held.

use std::cell::RefCell;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use twinloop_web::event_stream::{self, ServerEvent};

use super::failures::fetch_error;
use crate::ffi::GilBound;

/// Bytes in, events out.
#[pyclass(frozen, module = "_twinloop._native")]
struct EventStream {
    stream: GilBound<RefCell<event_stream::EventStream>>,
}

#[pymethods]
impl EventStream {
    #[new]
    fn new(last_id: &str, limit: usize) -> EventStream {
        let stream = event_stream::EventStream::new(last_id, limit);
        EventStream {
            stream: GilBound::new(RefCell::new(stream)),
        }
    }

    /// The events that end in these bytes, each as kind, data and id.
    fn feed<'py>(&self, bytes: &Bound<'py, PyBytes>) -> PyResult<Bound<'py, PyList>> {
        let py = bytes.py();
        let mut events = Vec::new();
        let mut stream = self.stream.get(py).borrow_mut();
        let take = |event: ServerEvent| events.push((event.kind, event.data, event.id));
        let fed = stream.feed(bytes.as_bytes(), take);
        drop(stream);
        fed.map_err(|error| fetch_error(py, &error))?;
        PyList::new(py, events)
    }

    #[getter]
    fn last_id(&self, py: Python<'_>) -> String {
        self.stream.get(py).borrow().last_id().to_owned()
    }

    /// Seconds that the server wants a client to wait before it comes again.
    #[getter]
    fn retry(&self, py: Python<'_>) -> Option<f64> {
        let milliseconds = self.stream.get(py).borrow().retry_ms()?;
        Some(milliseconds as f64 / 1000.0)
    }
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<EventStream>()
}
