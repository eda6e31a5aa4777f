//! Native functions: how JavaScript calls Rust.
//!
//! One trampoline serves every op, another every closure. Each opens a scope, so an op's locals end with the call, and
//! catches panics: a Rust panic becomes a JavaScript `Error` (rule NO-ABORT). Ops are plain function pointers in
//! static tables, found by name and made into functions on first use; closures own what they captured and drop it
//! after the function object has been collected.

use std::any::Any;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::Rc;

use mozjs::jsapi::{
    GCContext, GetFunctionNativeReserved, HandleId, HandleObject, JS_DefinePropertyById2,
    JS_GetFunctionObject, JS_NewObject, JS_SetReservedSlot, JSCLASS_FOREGROUND_FINALIZE,
    JSCLASS_RESERVED_SLOTS_SHIFT, JSClass, JSClassOps, JSContext, JSObject, JSPROP_RESOLVING,
    NewFunctionByIdWithReserved, SetFunctionNativeReserved,
};
use mozjs::jsval::{JSVal, ObjectValue, PrivateValue, UndefinedValue};

use super::context::{ContextState, Graveyard};
use super::error::Error;
use super::local::Local;
use super::roots::root;
use super::scope::Scope;

/// A native operation: what `ops.<name>(...)` calls.
pub type OpFunction = for<'s> fn(&Scope<'s>, Arguments<'s>) -> Result<Local<'s>, Error>;

/// What the engine calls of a native function.
pub(super) type Native = unsafe extern "C" fn(*mut JSContext, u32, *mut JSVal) -> bool;

/// A named native operation, for static tables.
#[derive(Debug, Clone, Copy)]
pub struct Op {
    /// The property of `ops`, in camel case, unique in the whole crate.
    pub name: &'static str,
    /// The function's `length`.
    pub length: u32,
    run: Run,
}

#[derive(Debug, Clone, Copy)]
enum Run {
    /// In a scope of its own.
    Scoped(OpFunction),
    /// As the engine calls it.
    Bare(Native),
}

impl Op {
    /// An entry of a table.
    pub const fn new(name: &'static str, length: u32, function: OpFunction) -> Op {
        Op {
            name,
            length,
            run: Run::Scoped(function),
        }
    }

    /// An operation without a scope, for what is asked so often that opening one counts. It must not panic.
    pub(super) const fn bare(name: &'static str, length: u32, native: Native) -> Op {
        Op {
            name,
            length,
            run: Run::Bare(native),
        }
    }
}

/// A closure as a native function.
pub type Closure = Box<dyn for<'s> Fn(&Scope<'s>, Arguments<'s>) -> Result<Local<'s>, Error>>;

/// The arguments of a running native call.
#[derive(Clone, Copy)]
pub struct Arguments<'s> {
    values: *mut JSVal,
    count: u32,
    _call: std::marker::PhantomData<&'s JSVal>,
}

impl<'s> Arguments<'s> {
    /// How many were passed.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether none was passed.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The argument, or undefined past the end.
    pub fn get(&self, index: usize) -> Local<'s> {
        if index >= self.len() {
            return Local::undefined();
        }
        // SAFETY: `values` is the engine's rooted frame of this call: callee, this, then `count` arguments.
        unsafe { Local::at(ptr::NonNull::new_unchecked(self.values.add(2 + index))) }
    }

    /// The receiver. Ops are called as plain functions, so only closures see one worth having.
    pub fn this(&self) -> Local<'s> {
        // SAFETY: as in `get`. A lazily boxed receiver is marked by a magic value.
        unsafe {
            let this = self.values.add(1);
            if (*this).is_magic() {
                Local::undefined()
            } else {
                Local::at(ptr::NonNull::new_unchecked(this))
            }
        }
    }

    /// The value that the function was made with (`Scope::function_with`).
    pub fn held(&self, scope: &Scope<'s>) -> Local<'s> {
        // SAFETY: the callee is rooted by the frame and is one of our functions, with two reserved slots. The value is rooted
        // before anything can move the function.
        scope.root(unsafe { *GetFunctionNativeReserved((*self.values).to_object(), 1) })
    }

    /// All arguments.
    pub fn all(&self) -> Vec<Local<'s>> {
        (0..self.len()).map(|index| self.get(index)).collect()
    }
}

/// Ops by name.
#[derive(Default)]
pub(super) struct OpTable {
    pub(super) tables: Vec<&'static [Op]>,
    by_name: HashMap<&'static str, &'static Op>,
}

impl OpTable {
    fn find(&mut self, name: &str) -> Option<&'static Op> {
        if self.by_name.is_empty() {
            for op in self.tables.iter().copied().flatten() {
                let before = self.by_name.insert(op.name, op);
                debug_assert!(before.is_none(), "two ops are named {}", op.name);
            }
        }
        self.by_name.get(name).copied()
    }
}

impl<'s> Scope<'s> {
    /// The object that holds every op of these tables, made into functions when first read.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn ops_object(&self, tables: Vec<&'static [Op]>) -> Result<Local<'s>, Error> {
        self.inner().ops.borrow_mut().tables = tables;
        // SAFETY: the class is static; the result is rooted at once.
        self.root_object(unsafe { JS_NewObject(self.cx(), &OPS_CLASS.0) })
    }

    /// A function that runs a static op.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn function(&self, op: &'static Op) -> Result<Local<'s>, Error> {
        let call = match op.run {
            Run::Scoped(_) => call_op,
            Run::Bare(native) => native,
        };
        let function = self.native(op.name, op.length, call)?;
        // SAFETY: the function was made with reserved slots; the op is static.
        unsafe {
            SetFunctionNativeReserved(
                function.object_or_null(),
                0,
                &PrivateValue((&raw const *op).cast()),
            );
        }
        Ok(function)
    }

    /// As [`function`](Self::function), with a value that each call finds in [`Arguments::held`].
    ///
    /// # Errors
    /// When memory runs out.
    pub fn function_with(&self, op: &'static Op, value: Local<'_>) -> Result<Local<'s>, Error> {
        let function = self.function(op)?;
        // SAFETY: the function was made with two reserved slots, and the second is free.
        unsafe { SetFunctionNativeReserved(function.object_or_null(), 1, &value.value()) };
        Ok(function)
    }

    /// A function that runs a closure, which is dropped at the checkpoint after the function has been collected.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn closure(
        &self,
        name: &str,
        length: u32,
        closure: impl for<'c> Fn(&Scope<'c>, Arguments<'c>) -> Result<Local<'c>, Error> + 'static,
    ) -> Result<Local<'s>, Error> {
        let boxed: Closure = Box::new(closure);
        let holder = self.host_object(Rc::new(boxed))?;
        let function = self.native(name, length, call_closure)?;
        // SAFETY: the function was made with reserved slots; the holder is rooted.
        unsafe { SetFunctionNativeReserved(function.object_or_null(), 0, &holder.value()) };
        Ok(function)
    }

    fn native(&self, name: &str, length: u32, call: Native) -> Result<Local<'s>, Error> {
        let cx = self.cx();
        root!(cx, id = self.id(super::objects::Key::Name(name))?);
        // SAFETY: the id is a root; the result is rooted at once.
        unsafe {
            let function = NewFunctionByIdWithReserved(cx, Some(call), length, 0, id.get());
            if function.is_null() {
                return Err(Error::pending(self));
            }
            self.root_object(JS_GetFunctionObject(function))
        }
    }

    /// An opaque object that owns a Rust value: what JavaScript classes keep in a private field and hand back to ops.
    /// The value is dropped at the checkpoint after the object has been collected.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn host_object<T: Any>(&self, value: Rc<T>) -> Result<Local<'s>, Error> {
        // SAFETY: the class is static; the result is rooted before anything else allocates.
        let object = self.root_object(unsafe { JS_NewObject(self.cx(), &HOST_CLASS.0) })?;
        self.give_host(object, value, Some(self.inner().graveyard.clone()));
        Ok(object)
    }

    /// As [`host_object`](Self::host_object), for a value whose drop runs no code but its own and does not use the engine: it is
    /// dropped as soon as the object is collected.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn memory_object<T: Any>(&self, value: Rc<T>) -> Result<Local<'s>, Error> {
        // SAFETY: as above.
        let object = self.root_object(unsafe { JS_NewObject(self.cx(), &HOST_CLASS.0) })?;
        self.give_host(object, value, None);
        Ok(object)
    }

    fn give_host<T: Any>(&self, object: Local<'_>, value: Rc<T>, graveyard: Option<Graveyard>) {
        let cell = Box::new(HostCell { value, graveyard });
        let slot = PrivateValue(Box::into_raw(cell).cast_const().cast());
        // SAFETY: a host object has one reserved slot.
        unsafe { JS_SetReservedSlot(object.object_or_null(), 0, &slot) };
    }

    /// The Rust value of a host object, if it is one of this type.
    pub fn host_value<T: Any>(&self, object: Local<'_>) -> Option<Rc<T>> {
        self.cx();
        let object = object.object_or_null();
        // SAFETY: a live object has a class; if that is ours, slot 0 holds a `HostCell`, or undefined if making the
        // object was cut short.
        let cell = unsafe {
            if object.is_null() || !ptr::eq(mozjs::rust::get_object_class(object), &HOST_CLASS.0) {
                return None;
            }
            host_cell(object)?
        };
        // SAFETY: the cell lives until the object is finalised, and the object is rooted by the caller's local.
        let value: Rc<dyn Any> = unsafe { (*cell).value.clone() };
        value.downcast::<T>().ok()
    }

    /// Like [`host_value`](Self::host_value), with a TypeError that says `what` was expected.
    ///
    /// # Errors
    /// A TypeError when the object is none, or holds another type.
    pub fn expect_host<T: Any>(&self, object: Local<'_>, what: &str) -> Result<Rc<T>, Error> {
        self.host_value(object)
            .ok_or_else(|| Error::type_error(format!("the value is not {what}")))
    }
}

struct HostCell {
    value: Rc<dyn Any>,
    /// Where the value waits for its drop, if that may run any code.
    graveyard: Option<Graveyard>,
}

/// # Safety
/// `object` must be of `HOST_CLASS`.
unsafe fn host_cell(object: *mut JSObject) -> Option<*mut HostCell> {
    let mut slot = UndefinedValue();
    // SAFETY: the class has a slot 0.
    unsafe { mozjs::glue::JS_GetReservedSlot(object, 0, &mut slot) };
    (!slot.is_undefined()).then(|| slot.to_private().cast_mut().cast())
}

/// A class that threads may share: it is never written.
pub(super) struct StaticClass(pub(super) JSClass);
// SAFETY: immutable, and its pointers are to statics or null.
unsafe impl Sync for StaticClass {}

pub(super) const EMPTY_OPS: JSClassOps = JSClassOps {
    addProperty: None,
    delProperty: None,
    enumerate: None,
    newEnumerate: None,
    resolve: None,
    mayResolve: None,
    finalize: None,
    call: None,
    construct: None,
    trace: None,
};

static HOST_CLASS_OPS: JSClassOps = JSClassOps {
    finalize: Some(finalize_host),
    ..EMPTY_OPS
};
static HOST_CLASS: StaticClass = StaticClass(JSClass {
    name: c"Object".as_ptr(),
    flags: (1 << JSCLASS_RESERVED_SLOTS_SHIFT) | JSCLASS_FOREGROUND_FINALIZE,
    cOps: &raw const HOST_CLASS_OPS,
    spec: ptr::null(),
    ext: ptr::null(),
    oOps: ptr::null(),
});

static OPS_CLASS_OPS: JSClassOps = JSClassOps {
    resolve: Some(resolve_op),
    ..EMPTY_OPS
};
static OPS_CLASS: StaticClass = StaticClass(JSClass {
    name: c"Object".as_ptr(),
    flags: 0,
    cOps: &raw const OPS_CLASS_OPS,
    spec: ptr::null(),
    ext: ptr::null(),
    oOps: ptr::null(),
});

/// # Safety
/// Called by the collector, on the context's thread, for an object of `HOST_CLASS`.
unsafe extern "C" fn finalize_host(_: *mut GCContext, object: *mut JSObject) {
    // SAFETY: the object is of the class, and nothing can reach its cell any more.
    if let Some(cell) = unsafe { host_cell(object) } {
        // SAFETY: made by `Box::into_raw` in `host_object`, and taken back only here.
        let HostCell { value, graveyard } = *unsafe { Box::from_raw(cell) };
        match graveyard {
            // Dropping may run any code, which may not touch the engine now: the next checkpoint does it.
            Some(graveyard) => graveyard.borrow_mut().push(value),
            None => drop(value),
        }
    }
}

/// # Safety
/// Called by the engine when a property of the ops object is missing.
unsafe extern "C" fn resolve_op(
    cx: *mut JSContext,
    object: HandleObject,
    id: HandleId,
    resolved: *mut bool,
) -> bool {
    // SAFETY: the engine passes a live context of ours and valid handles.
    unsafe {
        *resolved = false;
        native_body(cx, "an op", |scope| {
            let Some(op) = id_text(*id).and_then(|name| scope.inner().ops.borrow_mut().find(&name))
            else {
                return Ok(());
            };
            let function = scope.function(op)?;
            let ok =
                JS_DefinePropertyById2(scope.cx(), object, id, function.handle(), JSPROP_RESOLVING);
            scope.check(ok)?;
            *resolved = true;
            Ok(())
        })
    }
}

/// The text of a string id, if it is ASCII. Never allocates in the heap.
///
/// # Safety
/// `id` must be a live id.
pub(super) unsafe fn id_text(id: mozjs::jsapi::jsid) -> Option<String> {
    if !id.is_string() {
        return None;
    }
    // SAFETY: the string of an id is an atom, which is linear.
    unsafe {
        let linear = id.to_string().cast::<mozjs::jsapi::JSLinearString>();
        let length = mozjs::jsapi::glue::GetLinearStringLength(linear);
        if length > 256 {
            return None;
        }
        (0..length)
            .map(|index| {
                char::from_u32(mozjs::jsapi::glue::GetLinearStringCharAt(linear, index).into())
            })
            .collect::<Option<String>>()
            .filter(|text| text.is_ascii())
    }
}

/// Runs the body of a native call or hook: scope, panics, errors. Gives what the engine wants to hear: true, or false
/// with an exception pending (or none: a termination).
///
/// # Safety
/// `cx` must be a live context of ours, on its thread.
pub(super) unsafe fn native_body(
    cx: *mut JSContext,
    what: &str,
    body: impl for<'s> FnOnce(&Scope<'s>) -> Result<(), Error>,
) -> bool {
    // SAFETY: the caller's promise.
    let inner = unsafe { ContextState::of(cx) };
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let scope = Scope::open(inner);
        match body(&scope) {
            // Nothing of a program that is leaving goes on.
            Ok(()) if inner.stopped.get() => {
                Error::terminated().raise(&scope);
                false
            }
            Ok(()) => true,
            Err(error) => {
                error.raise(&scope);
                false
            }
        }
    }));
    outcome.unwrap_or_else(|panic| {
        let message = format!("{what} panicked: {}", panic_text(&*panic));
        catch_unwind(AssertUnwindSafe(|| {
            let scope = Scope::open(inner);
            Error::new(message).raise(&scope);
        }))
        .ok();
        false
    })
}

/// What a panic said.
pub(super) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

/// # Safety
/// Called by the engine for functions made by `Scope::function`.
unsafe extern "C" fn call_op(cx: *mut JSContext, count: u32, values: *mut JSVal) -> bool {
    // SAFETY: `values[0]` is the callee, whose slot 0 is an op; the frame is rooted for the call.
    unsafe {
        let op = &*(*GetFunctionNativeReserved((*values).to_object(), 0))
            .to_private()
            .cast::<Op>();
        let Run::Scoped(function) = op.run else {
            return true;
        };
        native_body(cx, op.name, |scope| {
            let result = function(
                scope,
                Arguments {
                    values,
                    count,
                    _call: std::marker::PhantomData,
                },
            )?;
            *values = result.value();
            Ok(())
        })
    }
}

/// # Safety
/// Called by the engine for functions made by `Scope::closure`.
pub(super) unsafe extern "C" fn call_closure(
    cx: *mut JSContext,
    count: u32,
    values: *mut JSVal,
) -> bool {
    // SAFETY: as in `call_op`, with the holder of a `Closure` in slot 0.
    unsafe {
        native_body(cx, "a native function", |scope| {
            let holder = *GetFunctionNativeReserved((*values).to_object(), 0);
            let holder = scope.root(ObjectValue(holder.to_object()));
            let closure = scope.expect_host::<Closure>(holder, "a native closure")?;
            let result = closure(
                scope,
                Arguments {
                    values,
                    count,
                    _call: std::marker::PhantomData,
                },
            )?;
            *values = result.value();
            Ok(())
        })
    }
}
