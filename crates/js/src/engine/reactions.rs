//! The engine's records of what is to happen when a promise settles, and whom a promise serves by them.
//!
//! A promise does not tell who waits for it, but its reactions do: each holds the generator of the function that awaits, the promise that
//! `then` or a combinator gave, or the closure of ours that is to be called. Their layout is the engine's own affair:
//! `tests/engine/promises.rs` and `crates/cli/tests/trace.rs` fail if it changes.

use std::ffi::CStr;

use mozjs::glue::JS_GetReservedSlot;
use mozjs::jsapi::{
    FunctionHasNativeReserved, GetFunctionNativeReserved, JS_GetFunctionScript,
    JS_GetObjectFunction, JS_IsNativeFunction, JS_ObjectIsFunction, JSObject,
};
use mozjs::jsval::{JSVal, UndefinedValue};

use super::functions::call_closure;
use super::local::Local;
use super::promises::PromiseState;
use super::roots::root;
use super::scope::Scope;

/// Places in a record (`PromiseReactionRecord` in the engine's Promise.cpp).
const PROMISE: u32 = 0;
pub(super) const ON_FULFILLED: u32 = 5;
pub(super) const ON_REJECTED: u32 = 6;
pub(super) const FLAGS: u32 = 9;
/// The generator, or the promise that is settled alike.
pub(super) const GENERATOR: u32 = 10;
pub(super) const IS_FULFILLED: i32 = 0x2;
const SETTLES_ALIKE: i32 = 0x4;
pub(super) const IS_ASYNC_FUNCTION: i32 = 0x8;
pub(super) const IS_ASYNC_GENERATOR: i32 = 0x10;
/// In a promise that is pending: its record, or a list of them.
const REACTIONS: u32 = 1;
/// In the generator of an async function: the promise that the call gave.
const PROMISE_OF_CALL: u32 = 5;
/// In the function that resolves a promise: that promise, until it is called.
const RESOLVED: usize = 0;
/// In an async generator: the request under way, or a list of them; and in a request, its promise.
const REQUEST: u32 = 6;
const PROMISE_OF_REQUEST: u32 = 2;

/// After so many promises nothing is said of whom they serve (rule BOUNDED).
const MOST: usize = 1000;

/// # Safety
/// The object must be alive and have so many reserved slots.
pub(super) unsafe fn place(object: *mut JSObject, index: u32) -> JSVal {
    let mut value = UndefinedValue();
    // SAFETY: as the caller promises.
    unsafe { JS_GetReservedSlot(object, index, &mut value) };
    value
}

/// Whether the object is of the engine's class with this name.
///
/// # Safety
/// The object must be alive.
pub(super) unsafe fn is_of(object: *mut JSObject, class: &CStr) -> bool {
    // SAFETY: a live object has a class, whose name is a static text.
    unsafe { CStr::from_ptr((*mozjs::rust::get_object_class(object)).name) == class }
}

/// Who waits for a promise.
enum Waiters<'s> {
    /// What settles by it, and nothing else.
    Promises(Vec<Local<'s>>),
    /// Closures of Rust's, and nothing else.
    Host,
}

impl<'s> Scope<'s> {
    /// The promise that everything leads to which waits for this one, over functions that await, `then` and the combinators, if only closures
    /// of Rust's wait for that; this promise itself if only those wait for it. `None` if anything else waits on the way, or nobody.
    pub fn served_by(&self, promise: Local<'_>) -> Option<Local<'s>> {
        let mut next = vec![self.root(promise.value())];
        let mut end: Option<Local<'s>> = None;
        for _ in 0..MOST {
            let Some(promise) = next.pop() else {
                return end;
            };
            match self.waiters(promise)? {
                Waiters::Host if end.is_none_or(|end| end.is_same(promise)) => end = Some(promise),
                Waiters::Host => return None,
                Waiters::Promises(mut promises) => next.append(&mut promises),
            }
        }
        None
    }

    /// Who waits for a promise that is pending; `None` if nobody does, or somebody of whom nothing is known.
    fn waiters(&self, promise: Local<'_>) -> Option<Waiters<'s>> {
        if self.promise_state(promise) != Some(PromiseState::Pending) {
            return None;
        }
        // SAFETY: a promise has the place.
        let reactions = unsafe { place(promise.object_or_null(), REACTIONS) };
        if !reactions.is_object() {
            return None;
        }
        // SAFETY: the object is alive.
        if unsafe { is_of(reactions.to_object(), c"PromiseReactionRecord") } {
            return Some(match self.waiter(reactions.to_object())? {
                Some(promise) => Waiters::Promises(vec![promise]),
                None => Waiters::Host,
            });
        }
        let list = self.root(reactions);
        let length = self.get(list, "length").ok()?.as_f64()? as u32;
        let mut promises = Vec::new();
        for index in 0..length {
            let record = self.get(list, index).ok()?.object_or_null();
            // SAFETY: what the list holds is alive.
            if record.is_null() || !unsafe { is_of(record, c"PromiseReactionRecord") } {
                return None;
            }
            promises.extend(self.waiter(record)?);
        }
        match promises.len() {
            0 => Some(Waiters::Host),
            count if count == length as usize => Some(Waiters::Promises(promises)),
            _ => None,
        }
    }

    /// What settles by this record, `Some(None)` for a closure of Rust's.
    fn waiter(&self, record: *mut JSObject) -> Option<Option<Local<'s>>> {
        // SAFETY: the caller has a live record, which has these places, as the generators have theirs; nothing in this block allocates.
        let (settled, handler) = unsafe {
            let flags = place(record, FLAGS);
            let other = place(record, GENERATOR);
            let settled = match flags.is_int32().then(|| flags.to_int32())? {
                flags if flags & IS_ASYNC_FUNCTION != 0 && other.is_object() => {
                    place(other.to_object(), PROMISE_OF_CALL)
                }
                flags if flags & IS_ASYNC_GENERATOR != 0 && other.is_object() => {
                    let request = place(other.to_object(), REQUEST);
                    if !request.is_object() || !is_of(request.to_object(), c"AsyncGeneratorRequest")
                    {
                        return None;
                    }
                    place(request.to_object(), PROMISE_OF_REQUEST)
                }
                flags if flags & SETTLES_ALIKE != 0 => other,
                _ => place(record, PROMISE),
            };
            (settled, place(record, ON_FULFILLED))
        };
        let handler = self.root(handler);
        if settled.is_object() {
            let promise = self.root(settled);
            let is_unheard = self.is_promise(promise) && !has_reactions(promise);
            // `then(resolve)`, as `await` itself adopts a thenable.
            let adopts = is_unheard.then(|| self.resolved_by(handler)).flatten();
            let promise = adopts.unwrap_or(promise);
            return self.is_promise(promise).then_some(Some(promise));
        }
        let handler = handler.object_or_null();
        // SAFETY: the object is alive.
        let is_ours =
            !handler.is_null() && unsafe { JS_IsNativeFunction(handler, Some(call_closure)) };
        is_ours.then_some(None)
    }

    /// The promise that the engine's function `resolve` settles.
    fn resolved_by(&self, function: Local<'_>) -> Option<Local<'s>> {
        let cx = self.cx();
        let object = function.object_or_null();
        // SAFETY: plain queries of a live object; what is native, as that function is, and has slots has the first one.
        let first = unsafe {
            if object.is_null() || !JS_ObjectIsFunction(object) {
                return None;
            }
            root!(cx, raw = JS_GetObjectFunction(object));
            let is_native = JS_GetFunctionScript(cx, raw.handle()).is_null();
            let object = raw.get().cast();
            if !is_native || !FunctionHasNativeReserved(object) {
                return None;
            }
            *GetFunctionNativeReserved(object, RESOLVED)
        };
        let promise = self.root(first);
        self.is_promise(promise).then_some(promise)
    }
}

/// Whether anything waits for a promise that is pending.
fn has_reactions(promise: Local<'_>) -> bool {
    // SAFETY: a promise has the place.
    unsafe { place(promise.object_or_null(), REACTIONS) }.is_object()
}
