//! The hot method of a datagram transport: `sendto`, called by vectorcall and installed into the Python class.
//!
//! GIL held; which thread may send is decided in `datagram.rs`.

use std::ffi::CStr;
use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::Borrowed;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyType;

use super::DatagramState;
use crate::ffi::buffers::{read_slot, slot_offset};
use crate::ffi::{Arguments, FastMethod, Parameters, install};

/// Where `DatagramTransport` instances keep their state; set once by `install_datagram_methods`.
static STATE_OFFSET: AtomicUsize = AtomicUsize::new(0);

struct SendTo;
impl FastMethod for SendTo {
    const NAME: &'static CStr = c"sendto";
    const DOC: &'static CStr = c"sendto($self, data, addr=None)\n--\n\n\
        Sends a datagram to addr, or to the transport's peer. It is copied if it has to wait.";
    const PARAMETERS: Parameters = Parameters::named(&["data", "addr"]);

    fn call<'py>(
        py: Python<'py>,
        receiver: Borrowed<'_, 'py, PyAny>,
        arguments: Arguments<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let data = arguments.required(0, "sendto", "data")?;
        let address = arguments.get(1).filter(|address| !address.is_none());
        let state = read_slot(receiver, STATE_OFFSET.load(Ordering::Relaxed))
            .ok_or_else(|| PyRuntimeError::new_err("the transport was not initialised"))?;
        let transport = state.cast::<DatagramState>()?.get().transport.get(py);
        transport.send(&data, address.as_deref())?;
        Ok(py.None().into_bound(py))
    }
}

/// Installs the native methods into the Python class `class`, whose slot `_state` they use.
#[pyfunction]
pub(super) fn install_datagram_methods(class: &Bound<'_, PyType>) -> PyResult<()> {
    let offset = slot_offset(&class.getattr("__dict__")?.get_item("_state")?)?;
    STATE_OFFSET.store(offset, Ordering::Relaxed);
    install::<SendTo>(class)
}
