//! Python as the guest of JavaScript's web APIs: which proxies are bytes and records, and rejections that Python may handle.

use std::rc::Weak;

use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyMemoryView};
use twinloop_js::Guest;
use twinloop_js::engine::{Error, Local, Scope};

use crate::bridge::Bridge;
use crate::crossing::{Crossing, Depth};

/// Python, for the JavaScript of one bridge.
pub(crate) struct Python(pub(crate) Weak<Bridge>);

impl Python {
    /// The Python object behind a proxy, if `f` says yes to it.
    fn is(
        &self,
        scope: &Scope<'_>,
        value: Local<'_>,
        f: impl FnOnce(&Bound<'_, PyAny>) -> bool,
    ) -> bool {
        let Some(bridge) = self.0.upgrade() else {
            return false;
        };
        pyo3::Python::attach(|py| {
            bridge
                .unwrap(scope, py, value)
                .is_some_and(|object| f(&object))
        })
    }
}

impl Guest for Python {
    fn is_buffer(&self, scope: &Scope<'_>, value: Local<'_>) -> bool {
        self.is(scope, value, |object| {
            // `array.array`, `numpy.ndarray` and their like share no class: a type that offers its bytes has a slot for it.
            object.is_instance_of::<PyBytes>() || PyMemoryView::from(object).is_ok()
        })
    }

    fn bytes_of<'s>(&self, scope: &Scope<'s>, value: Local<'_>) -> Result<Local<'s>, Error> {
        Crossing::in_js(scope, |crossing| {
            let object = crossing
                .bridge
                .unwrap(scope, crossing.py, value)
                .ok_or_else(|| Error::type_error("the value is not a proxy of a Python buffer"))?;
            crossing.buffer_to_js(&object)
        })
    }

    fn is_record(&self, scope: &Scope<'_>, value: Local<'_>) -> bool {
        self.is(scope, value, |object| object.is_instance_of::<PyDict>())
    }

    fn copy_of<'s>(&self, scope: &Scope<'s>, value: Local<'_>) -> Result<Option<Local<'s>>, Error> {
        Crossing::in_js(scope, |crossing| {
            let Some(object) = crossing.bridge.unwrap(scope, crossing.py, value) else {
                return Ok(None);
            };
            let copy = crossing.copy_to_js(&object, Depth::new(-1.0))?;
            // What stays what it is, is no data.
            Ok((!copy.is_same(value)).then_some(copy))
        })
    }

    fn keeps_rejection(&self, scope: &Scope<'_>, promise: Local<'_>) -> bool {
        let Some(bridge) = self.0.upgrade() else {
            return false;
        };
        // Nobody's error, as asyncio has it of a cancelled Task: above all at the end of the loop, which cancels what JavaScript still waits for.
        let is_cancellation = pyo3::Python::attach(|py| {
            let crossing = Crossing {
                bridge: &bridge,
                scope,
                py,
            };
            crossing.is_cancellation(scope.promise_result(promise))
        });
        is_cancellation || bridge.keep_rejection(scope, promise)
    }

    fn rejection_handled(&self, scope: &Scope<'_>, promise: Local<'_>) -> bool {
        self.0
            .upgrade()
            .is_some_and(|bridge| bridge.rejection_was_handled(scope, promise))
    }
}

impl<'s> Crossing<'_, 's, '_> {
    /// A copy of a Python buffer's bytes as a `Uint8Array`.
    pub(crate) fn buffer_to_js(&self, object: &Bound<'_, PyAny>) -> Result<Local<'s>, Error> {
        if let Ok(bytes) = object.cast::<PyBytes>() {
            return self.scope.uint8_array_copy(bytes.as_bytes());
        }
        let bytes = || -> PyResult<Vec<u8>> {
            if let Ok(bytes) = object.cast::<PyByteArray>() {
                return Ok(bytes.to_vec());
            }
            // Of any item type and shape, in C's order.
            let bytes = PyMemoryView::from(object)?.call_method0("tobytes")?;
            Ok(bytes.cast_into::<PyBytes>()?.as_bytes().to_vec())
        };
        self.scope.uint8_array(self.of_python(bytes())?)
    }
}
