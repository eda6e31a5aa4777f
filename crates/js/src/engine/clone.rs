//! The structured clone algorithm (<https://html.spec.whatwg.org/#safe-passing-of-structured-data>), with transfer: in one step within a
//! context, or in two, with a [`CloneBuffer`] in between that another thread may read.
//!
//! What the engine does not know is left out of a buffer: a *hole* (`Scope::clone_hole`) stands for it, and whoever reads gives what
//! belongs there. A `WebAssembly.Module` is shared, as its code never changes.

use std::ffi::{CStr, c_char, c_void};
use std::ptr;
use std::rc::Rc;

use mozjs::jsapi::{
    CloneDataPolicy, HandleObject, IsArrayBufferObject, IsWasmModuleObject, JS_ReadStructuredClone,
    JS_STRUCTURED_CLONE_VERSION, JS_WriteStructuredClone, JSContext, JSObject,
    JSStructuredCloneCallbacks, JSStructuredCloneReader, JSStructuredCloneWriter,
    StructuredCloneScope,
};
use mozjs::jsval::{JSVal, ObjectValue, UndefinedValue};
use mozjs::rust::JSAutoStructuredCloneBufferWrapper;

use super::error::Error;
use super::functions::native_body;
use super::lent::is_over;
use super::local::Local;
use super::roots::root;
use super::scope::Scope;
use super::wasm_modules::WasmModule;

unsafe extern "C" {
    /// `JS_WriteUint32PairUnchecked`; its checked form is an inline function of the header, and so not in the bindings.
    #[link_name = "_Z27JS_WriteUint32PairUncheckedP23JSStructuredCloneWriterjj"]
    fn write_pair(writer: *mut JSStructuredCloneWriter, tag: u32, data: u32) -> bool;
}

/// Tags of our own stand between `JS_SCTAG_USER_MIN` and `JS_SCTAG_USER_MAX`.
const HOLE: u32 = 0xFFFF_8001;
const MODULE: u32 = 0xFFFF_8002;

static CALLBACKS: JSStructuredCloneCallbacks = JSStructuredCloneCallbacks {
    read: Some(read_own),
    write: Some(write_own),
    reportError: Some(note_failure),
    readTransfer: None,
    writeTransfer: None,
    freeTransfer: None,
    canTransfer: None,
    sabCloned: None,
};

/// Within one process, memory that threads share may be shared with the copy.
const POLICY: CloneDataPolicy = CloneDataPolicy {
    allowIntraClusterClonableSharedObjects_: true,
    allowSharedMemoryObjects_: true,
};

/// A value as a context of this process wrote it, for one to read it. What was transferred goes with it: reading takes that out, and a
/// buffer that nobody reads frees it.
pub struct CloneBuffer {
    buffer: JSAutoStructuredCloneBufferWrapper,
    modules: Vec<WasmModule>,
}

// SAFETY: a buffer of the scope `SameProcess` is made to be sent to another thread (`js/StructuredClone.h`): it holds bytes, memory that
// was detached from its buffer, and counted references to shared memory. It names no context and no cell of a heap.
unsafe impl Send for CloneBuffer {}

/// Why a value was not written.
pub enum CloneFailure<'s> {
    /// The algorithm does not know this object.
    Refused(Local<'s>),
    /// What a getter threw, or a `DataCloneError`.
    Failed(Error),
}

/// Stands for an object that whoever reads makes.
struct Hole(u32);

/// What the callbacks of one run share.
struct Run<'r> {
    /// The engine's reason for a failure.
    message: Option<String>,
    /// The object that was refused, a root.
    refused: *mut JSVal,
    /// What belongs into the holes: an array.
    made: Local<'r>,
    modules: &'r mut Vec<WasmModule>,
}

/// # Safety
/// Called by the engine during a run, with its `Run`.
unsafe extern "C" fn note_failure(
    _: *mut JSContext,
    _: u32,
    closure: *mut c_void,
    message: *const c_char,
) {
    // SAFETY: the closure is the `Run` of the call, which nothing else uses meanwhile; the message is a C string or null.
    unsafe {
        let text =
            (!message.is_null()).then(|| CStr::from_ptr(message).to_string_lossy().into_owned());
        (*closure.cast::<Run<'_>>()).message = Some(text.unwrap_or_default());
    }
}

/// # Safety
/// Called by the engine during a run, with its `Run`, for an object that is none of its own kinds.
unsafe extern "C" fn write_own(
    cx: *mut JSContext,
    writer: *mut JSStructuredCloneWriter,
    object: HandleObject,
    _: *mut bool,
    closure: *mut c_void,
) -> bool {
    let mut pair = None;
    // SAFETY: the engine passes a live context of ours on its thread, a root, and the `Run` of the call.
    let done = unsafe {
        native_body(cx, "a clone", |scope| {
            let run = &mut *closure.cast::<Run<'_>>();
            let value = scope.root(ObjectValue(object.get()));
            if let Some(hole) = scope.host_value::<Hole>(value) {
                pair = Some((HOLE, hole.0));
            } else if IsWasmModuleObject(object) {
                pair = Some((MODULE, run.modules.len() as u32));
                run.modules.push(WasmModule::of(object.get()));
            } else {
                *run.refused = value.value();
            }
            Ok(())
        })
    };
    // SAFETY: the writer is live for the call.
    done && pair.is_some_and(|(tag, data)| unsafe { write_pair(writer, tag, data) })
}

/// # Safety
/// Called by the engine during a run, with its `Run`, for what `write_own` wrote.
unsafe extern "C" fn read_own(
    cx: *mut JSContext,
    _: *mut JSStructuredCloneReader,
    _: *const CloneDataPolicy,
    tag: u32,
    data: u32,
    closure: *mut c_void,
) -> *mut JSObject {
    let mut object: *mut JSObject = ptr::null_mut();
    // SAFETY: the engine passes a live context of ours on its thread and the `Run` of the call. The result goes to the engine at once.
    unsafe {
        native_body(cx, "a clone", |scope| {
            let run = &mut *closure.cast::<Run<'_>>();
            let value = match (tag, run.modules.get(data as usize)) {
                (MODULE, Some(module)) => scope.root_object(module.make_object(scope.cx()))?,
                _ => scope.get(run.made, data)?,
            };
            if !value.is_object() {
                return Err(Error::dom(
                    "DataCloneError",
                    "the data name an object that is not there",
                ));
            }
            object = value.object_or_null();
            Ok(())
        });
    }
    object
}

impl<'s> Scope<'s> {
    /// A deep copy of `value`. `transfer` is undefined or an array of objects to move instead of copying: they are
    /// detached.
    ///
    /// # Errors
    /// A `DataCloneError` for what cannot be cloned; what getters throw.
    pub fn structured_clone(
        &self,
        value: Local<'_>,
        transfer: Local<'s>,
    ) -> Result<Local<'s>, Error> {
        match self.write_clone(value, transfer) {
            Ok(mut buffer) => self.read_clone(&mut buffer, Local::undefined()),
            Err(CloneFailure::Failed(error)) => Err(error),
            Err(CloneFailure::Refused(_)) => Err(Error::dom(
                "DataCloneError",
                "structuredClone: unsupported type for structured data",
            )),
        }
    }

    /// Writes `value`; `transfer` as in [`structured_clone`](Self::structured_clone).
    ///
    /// # Errors
    /// See [`CloneFailure`].
    pub fn write_clone(
        &self,
        value: Local<'_>,
        transfer: Local<'s>,
    ) -> Result<CloneBuffer, CloneFailure<'s>> {
        let cx = self.cx();
        let (transfer, of_host) = self
            .without_host_memory(transfer)
            .map_err(CloneFailure::Failed)?;
        let mut modules = Vec::new();
        let refused = self.root(UndefinedValue());
        let mut run = Run {
            message: None,
            refused: refused.address(),
            made: Local::undefined(),
            modules: &mut modules,
        };
        let closure = (&raw mut run).cast::<c_void>();
        let policy = POLICY;
        // SAFETY: handles are roots; the static callbacks outlive the buffer, and the closure the call, after which no callback runs: none
        // of ours frees anything.
        let (buffer, ok) = unsafe {
            let buffer = JSAutoStructuredCloneBufferWrapper::new(
                StructuredCloneScope::SameProcess,
                &CALLBACKS,
            );
            let ok = JS_WriteStructuredClone(
                cx,
                value.handle(),
                &raw mut (*buffer.as_raw_ptr()).data_,
                StructuredCloneScope::SameProcess,
                &raw const policy,
                &CALLBACKS,
                closure,
                transfer.handle(),
            );
            (buffer, ok)
        };
        if ok {
            for buffer in of_host {
                self.release_bytes(buffer).map_err(CloneFailure::Failed)?;
            }
            return Ok(CloneBuffer { buffer, modules });
        }
        let message = run.message.take();
        if refused.is_object() {
            return Err(CloneFailure::Refused(refused));
        }
        Err(CloneFailure::Failed(self.clone_error(message)))
    }

    /// The list without the ArrayBuffers over the host's memory, and those: the engine moves its own memory alone. They are copied with the value, and
    /// detached when that has been done, which is the same to whoever looks.
    fn without_host_memory(
        &self,
        transfer: Local<'s>,
    ) -> Result<(Local<'s>, Vec<Local<'s>>), Error> {
        if !self.is_array(transfer) {
            return Ok((transfer, Vec::new()));
        }
        let (mut left, mut of_host) = (Vec::new(), Vec::<Local<'s>>::new());
        for index in 0..self.array_length(transfer)? {
            let item = self.get(transfer, index)?;
            let object = item.object_or_null();
            // SAFETY: a query of a live object.
            let is_buffer = !object.is_null() && unsafe { IsArrayBufferObject(object) };
            let raw = is_buffer.then(|| self.raw_bytes(object)).flatten();
            // One that stands there twice is refused by the engine.
            let is_first = !of_host.iter().any(|known| known.is_same(item));
            if is_first && raw.is_some_and(|raw| is_over(raw.data)) {
                of_host.push(item);
            } else {
                left.push(item);
            }
        }
        if of_host.is_empty() {
            return Ok((transfer, of_host));
        }
        Ok((self.array(&left)?, of_host))
    }

    /// The value that a buffer holds, with the elements of the array `made` in its holes. What was transferred can be read once.
    ///
    /// # Errors
    /// A `DataCloneError` for a buffer that does not hold what it should.
    pub fn read_clone(
        &self,
        buffer: &mut CloneBuffer,
        made: Local<'_>,
    ) -> Result<Local<'s>, Error> {
        let cx = self.cx();
        let mut run = Run {
            message: None,
            refused: ptr::null_mut(),
            made: self.adopt(made),
            modules: &mut buffer.modules,
        };
        let closure = (&raw mut run).cast::<c_void>();
        root!(cx, copy = UndefinedValue());
        let policy = POLICY;
        // SAFETY: handles are roots; the callbacks and the closure outlive the call; what is read was written by the same engine with the
        // same callbacks in this process, as the scope `SameProcess` demands.
        let ok = unsafe {
            JS_ReadStructuredClone(
                cx,
                &raw const (*buffer.buffer.as_raw_ptr()).data_,
                JS_STRUCTURED_CLONE_VERSION,
                StructuredCloneScope::SameProcess,
                copy.handle_mut(),
                &raw const policy,
                &CALLBACKS,
                closure,
            )
        };
        if ok {
            return Ok(self.root(copy.get()));
        }
        let message = run.message.take();
        Err(self.clone_error(message))
    }

    /// An object that stands for the element `index` of what [`read_clone`](Self::read_clone) is given.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn clone_hole(&self, index: u32) -> Result<Local<'s>, Error> {
        self.host_object(Rc::new(Hole(index)))
    }

    fn clone_error(&self, message: Option<String>) -> Error {
        match message {
            Some(reason) if reason.is_empty() => Error::dom(
                "DataCloneError",
                "structuredClone: the value cannot be cloned",
            ),
            Some(reason) => Error::dom("DataCloneError", format!("structuredClone: {reason}")),
            None => Error::pending(self),
        }
    }
}
