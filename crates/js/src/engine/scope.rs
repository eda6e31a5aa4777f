//! [`Scope`]: the right to use the engine, and the owner of the locals made through it.
//!
//! Scopes nest in last-in-first-out order; only the innermost may be used (checked at each use, so a mistake is a
//! panic, which a native function turns into a JavaScript error, and never a dangling root). While bytes of the heap
//! are lent out by `with_bytes`, no scope may be used, so nothing can move or detach them.

use std::any::{Any, TypeId};
use std::marker::PhantomData;
use std::ptr;
use std::rc::Rc;

use mozjs::jsapi::{
    BuildStackString, GCReason, JS_GC, JS_GetClassObject, JSContext, JSObject, JSProtoKey,
    StackFormat,
};
use mozjs::jsval::{DoubleValue, Int32Value, JSVal, ObjectValue, StringValue};

use super::context::{Context, ContextState};
use super::error::Error;
use super::local::Local;
use super::roots::{Slot, WeakSlot, root};

/// `depth` while bytes are lent out: no scope has it.
const BORROWED: u32 = u32::MAX;

/// Access to the engine for a bounded time; see the module's documentation.
pub struct Scope<'s> {
    inner: &'s ContextState,
    depth: u32,
    base: usize,
    /// Invariant, so that no local can pass for one of another scope.
    _brand: PhantomData<fn(&'s ()) -> &'s ()>,
}

/// Where the innermost running script is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// File name or URL; empty when no script runs.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

impl<'s> Scope<'s> {
    pub(super) fn open(inner: &'s ContextState) -> Scope<'s> {
        inner.cx();
        let depth = inner.depth.get();
        assert!(
            depth != BORROWED,
            "the engine cannot be entered while bytes of its heap are lent out"
        );
        inner.depth.set(depth + 1);
        inner.touched.set(true);
        if depth == 0 {
            inner.interrupt.mark();
        }
        Scope {
            inner,
            depth: depth + 1,
            base: inner.roots.stack.length(),
            _brand: PhantomData,
        }
    }

    pub(super) fn inner(&self) -> &'s ContextState {
        self.inner
    }

    /// The raw context, for a call that is about to be made.
    pub(super) fn cx(&self) -> *mut JSContext {
        assert!(
            self.depth == self.inner.depth.get(),
            "only the innermost scope may be used"
        );
        self.inner.cx()
    }

    /// Roots a value in this scope.
    pub(super) fn root(&self, value: JSVal) -> Local<'s> {
        assert!(
            self.depth == self.inner.depth.get(),
            "only the innermost scope may be used"
        );
        // SAFETY: the entry stays until this scope closes, and `'s` cannot outlive it: scopes are made by `enter`,
        // `nested` and the trampolines only, each of which hands out a reference with a lifetime it chose itself.
        unsafe { Local::at(self.inner.roots.stack.push(value)) }
    }

    pub(super) fn root_object(&self, object: *mut JSObject) -> Result<Local<'s>, Error> {
        if object.is_null() {
            Err(Error::pending(self))
        } else {
            Ok(self.root(ObjectValue(object)))
        }
    }

    pub(super) fn root_string(
        &self,
        string: *mut mozjs::jsapi::JSString,
    ) -> Result<Local<'s>, Error> {
        if string.is_null() {
            return Err(Error::pending(self));
        }
        // SAFETY: not null, and rooted at once.
        Ok(self.root(StringValue(unsafe { &*string })))
    }

    /// `Ok` if the engine call succeeded, else the exception that it left.
    pub(super) fn check(&self, ok: bool) -> Result<(), Error> {
        if ok {
            Ok(())
        } else {
            Err(Error::pending(self))
        }
    }

    /// The context that this scope is in.
    pub fn context(&self) -> Context {
        Context(
            self.inner
                .this
                .upgrade()
                .expect("a scope borrows its context"),
        )
    }

    /// Runs `f` in a scope of its own, whose locals end with it: for loops that make many.
    pub fn nested<R>(&self, f: impl for<'n> FnOnce(&Scope<'n>) -> R) -> R {
        self.cx();
        let scope = Scope::open(self.inner);
        f(&scope)
    }

    /// Like [`nested`](Self::nested), keeping the one value that `f` returns.
    ///
    /// # Errors
    /// Those of `f`.
    pub fn nested_value(
        &self,
        f: impl for<'n> FnOnce(&Scope<'n>) -> Result<Local<'n>, Error>,
    ) -> Result<Local<'s>, Error> {
        self.cx();
        let scope = Scope::open(self.inner);
        let value = f(&scope)?.value();
        // Nothing can collect between the close of the inner scope and the root below.
        drop(scope);
        Ok(self.root(value))
    }

    /// Puts a value into a root that outlives the scope.
    pub fn persist(&self, value: Local<'_>) -> Slot {
        self.inner.roots.slot(value.value())
    }

    /// Reads a slot.
    pub fn local(&self, slot: &Slot) -> Local<'s> {
        assert!(
            Rc::ptr_eq(&slot.roots, &self.inner.roots),
            "the slot belongs to another context"
        );
        self.root(slot.value())
    }

    /// Refers to an object without keeping it alive.
    pub fn weak(&self, object: Local<'_>) -> WeakSlot {
        self.inner.roots.weak_slot(object.value())
    }

    /// The object of a weak slot, if it is alive.
    pub fn upgrade(&self, slot: &WeakSlot) -> Option<Local<'s>> {
        assert!(
            Rc::ptr_eq(&slot.roots, &self.inner.roots),
            "the slot belongs to another context"
        );
        slot.value().map(|value| self.root(value))
    }

    /// Replaces the value of a slot.
    pub fn replace(&self, slot: &Slot, value: Local<'_>) {
        assert!(
            Rc::ptr_eq(&slot.roots, &self.inner.roots),
            "the slot belongs to another context"
        );
        slot.set(value.value());
    }

    /// The same value in this scope, for one that came from an outer scope.
    pub fn adopt(&self, value: Local<'_>) -> Local<'s> {
        self.root(value.value())
    }

    /// A number.
    pub fn number(&self, value: f64) -> Local<'s> {
        let integer = value as i32;
        if f64::from(integer) == value && (integer != 0 || value.is_sign_positive()) {
            return self.root(Int32Value(integer));
        }
        // A NaN with a payload would look like a boxed value.
        self.root(DoubleValue(if value.is_nan() { f64::NAN } else { value }))
    }

    /// The global object.
    pub fn global(&self) -> Local<'s> {
        self.root(self.inner.global_value())
    }

    /// Per-context state of type `T`, made on first use. For Rust modules that need a table of their own.
    pub fn state<T: Default + 'static>(&self) -> Rc<T> {
        let mut states = self.inner.state.borrow_mut();
        let state: Rc<dyn Any> = states
            .entry(TypeId::of::<T>())
            .or_insert_with(|| Rc::new(T::default()) as Rc<dyn Any>)
            .clone();
        state
            .downcast::<T>()
            .unwrap_or_else(|_| unreachable!("keyed by type"))
    }

    /// Collects garbage now.
    pub fn collect_garbage(&self) {
        // SAFETY: all live values are rooted.
        unsafe { JS_GC(self.cx(), GCReason::API) };
    }

    /// Collects garbage now, and with it what WeakRefs keep for the running job: for where no job of JavaScript's runs.
    pub fn collect_unkept(&self) {
        super::microtasks::KeptObjects::clear_now(self.cx());
        self.collect_garbage();
    }

    /// One of the realm's own constructors, whatever the program did to the global of that name.
    pub(super) fn class_object(&self, key: JSProtoKey) -> Result<Local<'s>, Error> {
        let cx = self.cx();
        root!(cx, object = ptr::null_mut::<JSObject>());
        // SAFETY: the out handle is a root.
        let ok = unsafe { JS_GetClassObject(cx, key, object.handle_mut()) };
        self.check(ok)?;
        self.root_object(object.get())
    }

    /// A saved-frame chain as text, one frame a line; empty for anything else.
    pub(super) fn format_stack(&self, stack: Local<'_>) -> String {
        let cx = self.cx();
        let object = stack.object_or_null();
        if object.is_null() {
            return String::new();
        }
        root!(cx, object = object);
        root!(cx, text = ptr::null_mut::<mozjs::jsapi::JSString>());
        // SAFETY: handles are roots; no principals are in use.
        let ok = unsafe {
            BuildStackString(
                cx,
                ptr::null_mut(),
                object.handle(),
                text.handle_mut(),
                0,
                StackFormat::V8,
            )
        };
        if !ok || text.get().is_null() {
            let _ = Error::pending(self);
            return String::new();
        }
        match self.root_string(text.get()) {
            Ok(text) => self.mapped(self.string_of(text).unwrap_or_default()),
            Err(_) => String::new(),
        }
    }

    /// A stack as text with the places of the sources.
    pub(super) fn mapped(&self, stack: String) -> String {
        let hooks = self.inner().hooks.borrow().clone();
        hooks.mapped_stack(self, &stack).unwrap_or(stack)
    }

    /// Where the innermost running script is.
    pub fn caller(&self) -> Caller {
        unsafe extern "C" fn append(
            text: *const std::ffi::c_char,
            length: usize,
            target: *mut std::ffi::c_void,
        ) {
            // SAFETY: called by `DescribeScriptedCaller` below with its target and `length` readable bytes.
            let (bytes, target) = unsafe {
                (
                    std::slice::from_raw_parts(text.cast::<u8>(), length),
                    &mut *target.cast::<String>(),
                )
            };
            target.push_str(&String::from_utf8_lossy(bytes));
        }
        let mut caller = Caller::default();
        // SAFETY: the target outlives the call, and `append` expects a `String`.
        unsafe {
            mozjs::glue::DescribeScriptedCaller(
                self.cx(),
                Some(append),
                (&raw mut caller.file).cast(),
                &mut caller.line,
                &mut caller.column,
            );
        }
        // The glue counts columns from 0.
        caller.column += u32::from(caller.line != 0);
        caller
    }

    /// Runs `f` while no scope may be used.
    pub(super) fn lend<R>(&self, f: impl FnOnce() -> R) -> R {
        self.cx();
        self.inner.closed_while(f)
    }
}

impl ContextState {
    /// Runs `f` while no scope may be used.
    pub(super) fn closed_while<R>(&self, f: impl FnOnce() -> R) -> R {
        struct Restore<'i>(&'i ContextState, u32);
        impl Drop for Restore<'_> {
            fn drop(&mut self) {
                self.0.depth.set(self.1);
            }
        }
        let _restore = Restore(self, self.depth.replace(BORROWED));
        f()
    }
}

impl Drop for Scope<'_> {
    fn drop(&mut self) {
        self.inner.depth.set(self.depth - 1);
        self.inner.roots.stack.truncate(self.base);
        if self.depth == 1 {
            self.inner.interrupt.mark();
        }
    }
}
