//! The hot method of a datagram transport: `sendto`, called by vectorcall and installed into the Python class.
//!
//! GIL held; which thread may send is decided in `datagram.rs`.

use pyo3::prelude::*;
use pyo3::types::PyType;

use super::DatagramState;
use crate::ffi::{Parameters, StateSlot, fast_methods};

/// Where `DatagramTransport` instances keep their state.
static STATE: StateSlot<DatagramState> = StateSlot::new();

fast_methods! {
    fn install_methods;

    c"sendto", Parameters::named(&["data", "addr"]),
    c"sendto($self, data, addr=None)\n--\n\n\
        Sends a datagram to addr, or to the transport's peer. It is copied if it has to wait.",
    |py, receiver, arguments| {
        let data = arguments.required(0, "sendto", "data")?;
        let address = arguments.get(1).filter(|address| !address.is_none());
        STATE.of(receiver)?.transport.get(py).send(&data, address.as_deref())
    };
}

/// Installs the native methods into the Python class `class`, whose slot `_state` they use.
#[pyfunction]
pub(super) fn install_datagram_methods(class: &Bound<'_, PyType>) -> PyResult<()> {
    STATE.find(class)?;
    install_methods(class)
}
