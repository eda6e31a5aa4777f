//! `getaddrinfo` for names, on the loop's blocking pool: one future, and no Python thread.
//!
//! Literals are answered in Python without any thread (`_twinloop.names.addresses`). Loop thread, GIL held; the pool runs the
//! resolver alone (rule NO-GIL-OFF-LOOP).

use std::ffi::CString;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyList;
use twinloop_loop::net::{Answer, Question, Unresolved, resolve};

use super::addresses::internet_to_python;
use crate::asyncio::event_loop::LoopCore;
use crate::errors::os_error;
use crate::ffi::{self, Object};

/// Resolves into `future`: a list of (family, type, protocol, canonical name, address), or the error.
pub(crate) fn resolve_into(
    core: &Bound<'_, LoopCore>,
    future: Bound<'_, PyAny>,
    host: Option<Vec<u8>>,
    service: Option<Vec<u8>>,
    [family, kind, protocol, flags]: [i32; 4],
) -> PyResult<()> {
    let question = Question {
        host: host.map(without_zero).transpose()?,
        service: service.map(without_zero).transpose()?,
        family,
        kind,
        protocol,
        flags,
    };
    let state = std::rc::Rc::clone(core.get().state(core.py()));
    let event_loop = state.open()?;
    let future = Object::new(future);
    let answers = resolve(&event_loop, question);
    drop(event_loop.spawn(async move {
        let answers = answers.await;
        ffi::with_gil_held(|py| {
            if let Err(error) = settle(py, &future, answers) {
                state.host().interrupt(error);
            }
        });
    }));
    Ok(())
}

fn without_zero(text: Vec<u8>) -> PyResult<CString> {
    CString::new(text).map_err(|_| PyValueError::new_err("embedded null byte"))
}

fn settle(
    py: Python<'_>,
    future: &Object,
    answers: Result<Vec<Answer>, Unresolved>,
) -> PyResult<()> {
    let future = future.bind(py);
    if future.call_method0("done")?.is_truthy()? {
        return Ok(());
    }
    match answers {
        Ok(answers) => {
            let list = PyList::empty(py);
            for answer in answers {
                let address = internet_to_python(py, &answer.address)?;
                let Answer {
                    family,
                    kind,
                    protocol,
                    canonical_name,
                    ..
                } = answer;
                list.append((family, kind, protocol, canonical_name, address))?;
            }
            future.call_method1("set_result", (list,))?;
        }
        Err(Unresolved::Reason(code, text)) => {
            let error = py
                .import("socket")?
                .getattr("gaierror")?
                .call1((code, text))?;
            future.call_method1("set_exception", (error,))?;
        }
        Err(Unresolved::System(error)) => {
            future.call_method1("set_exception", (os_error(py, &error).into_value(py),))?;
        }
    }
    Ok(())
}
