//! Requests that go from one language to the other: the very exchange with the client, so that bodies, WebSockets and the client's going are
//! the server's own on either side, and no body is copied on the way.
//!
//! Which handlers and applications these are is known to `web/server/mounts.js` and `node/serve/mounted.js` in JavaScript, and to
//! `_twinloop/serve/mounts.py` in Python. GIL held, loop thread.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::bridge::Bridge;
use crate::program::builtin;

/// Adds the functions to the extension module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(js_take_exchange, module)?)?;
    module.add_function(wrap_pyfunction!(js_mounted, module)?)?;
    module.add_function(wrap_pyfunction!(js_hand_over, module)?)
}

/// Has `server`, an `HttpServer`, answer the request that JavaScript knows by this number.
#[pyfunction]
fn js_take_exchange(server: &Bound<'_, PyAny>, number: f64) -> PyResult<()> {
    let bridge = Bridge::running(server.py())?;
    let exchange = bridge.enter(server.py(), |crossing| {
        Ok(twinloop_js::server::take_exchange(crossing.scope, number))
    })?;
    let exchange = exchange.ok_or_else(|| PyValueError::new_err("the request is over"))?;
    twinloop_py::take_exchange(server, exchange)
}

/// What answers requests by this JavaScript handler: `mount` of `node/serve/mounted.js`.
#[pyfunction]
fn js_mounted(handler: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    let bridge = Bridge::running(handler.py())?;
    bridge.enter(handler.py(), |crossing| {
        let scope = crossing.scope;
        let exports = builtin(crossing, "node/serve/mounted")?;
        let handler = crossing.to_js(handler)?;
        let mounted = crossing.of_js(scope.call_method(exports, "mount", &[handler]))?;
        Ok(crossing.to_py(mounted)?.unbind())
    })
}

/// Has the JavaScript server of this number answer the request behind `receive`; false if that is not a server's own, or was used.
#[pyfunction]
fn js_hand_over(number: f64, receive: &Bound<'_, PyAny>) -> PyResult<bool> {
    let bridge = Bridge::running(receive.py())?;
    let Some((exchange, root)) = twinloop_py::hand_over(receive)? else {
        return Ok(false);
    };
    bridge.enter(receive.py(), |crossing| {
        twinloop_js::server::hand_over(crossing.scope, number, exchange, &root);
        Ok(true)
    })
}
