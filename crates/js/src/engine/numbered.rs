//! Opaque objects that carry a number: a place in a table of the host's. A host object owns its value through two allocations; of what a
//! program may hold a hundred thousand, this is the smaller form.
//!
//! Runs on the context's thread, of which there is one at a time.

use std::cell::RefCell;
use std::ptr;
use std::rc::Rc;

use mozjs::jsapi::{
    GCContext, JS_NewObject, JS_NewObjectWithGivenProto, JS_SetReservedSlot,
    JSCLASS_FOREGROUND_FINALIZE, JSCLASS_RESERVED_SLOTS_SHIFT, JSClass, JSClassOps, JSObject,
};
use mozjs::jsval::{Int32Value, UndefinedValue};

use super::context::ContextState;
use super::error::Error;
use super::functions::{EMPTY_OPS, StaticClass};
use super::local::Local;
use super::roots::root;
use super::scope::Scope;

/// What is told of the numbers whose objects have been collected.
pub(super) type OnCollected = Rc<dyn Fn(&[u32])>;

thread_local! {
    /// Numbers whose objects have been collected: a finaliser may not run code that is not the engine's.
    static COLLECTED: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

impl<'s> Scope<'s> {
    /// An object that carries this number, which is below 2^31, and has room for one property. Without a prototype it has Object's.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn numbered_object(
        &self,
        prototype: Option<Local<'_>>,
        number: u32,
    ) -> Result<Local<'s>, Error> {
        let cx = self.cx();
        let object = match prototype {
            Some(prototype) => {
                root!(cx, prototype = self.object_of(prototype)?);
                // SAFETY: the class is static, the prototype a root; the result is rooted before anything else allocates.
                self.root_object(unsafe {
                    JS_NewObjectWithGivenProto(cx, &NUMBERED_CLASS.0, prototype.handle())
                })?
            }
            // SAFETY: as above.
            None => self.root_object(unsafe { JS_NewObject(cx, &NUMBERED_CLASS.0) })?,
        };
        // A number that does not fit would be another's.
        let number = i32::try_from(number)
            .map_err(|_| Error::range_error("JavaScript holds too many of the host's objects"))?;
        // SAFETY: the object has one reserved slot.
        unsafe { JS_SetReservedSlot(object.object_or_null(), 0, &Int32Value(number)) };
        Ok(object)
    }

    /// The number that an object carries, if it is of that kind.
    pub fn carried_number(&self, object: Local<'_>) -> Option<u32> {
        self.cx();
        let object = object.object_or_null();
        // SAFETY: a live object has a class; if that is ours, `number` may look at it.
        unsafe {
            let is_numbered = !object.is_null()
                && ptr::eq(mozjs::rust::get_object_class(object), &NUMBERED_CLASS.0);
            if is_numbered { number(object) } else { None }
        }
    }

    /// Has `f` told, where any code may run, of the numbers whose objects have been collected: a number may be used again then.
    pub fn on_collected(&self, f: impl Fn(&[u32]) + 'static) {
        *self.inner().on_collected.borrow_mut() = Some(Rc::new(f));
    }
}

/// # Safety
/// `object` must be of `NUMBERED_CLASS`.
unsafe fn number(object: *mut JSObject) -> Option<u32> {
    let mut slot = UndefinedValue();
    // SAFETY: the class has a slot 0; it holds undefined if making the object was cut short.
    unsafe { mozjs::glue::JS_GetReservedSlot(object, 0, &mut slot) };
    (slot.is_int32()).then(|| slot.to_int32().cast_unsigned())
}

static NUMBERED_CLASS_OPS: JSClassOps = JSClassOps {
    finalize: Some(finalize),
    ..EMPTY_OPS
};
static NUMBERED_CLASS: StaticClass = StaticClass(JSClass {
    name: c"Object".as_ptr(),
    flags: (1 << JSCLASS_RESERVED_SLOTS_SHIFT) | JSCLASS_FOREGROUND_FINALIZE,
    cOps: &raw const NUMBERED_CLASS_OPS,
    spec: ptr::null(),
    ext: ptr::null(),
    oOps: ptr::null(),
});

/// # Safety
/// Called by the collector, on the context's thread, for an object of `NUMBERED_CLASS`.
unsafe extern "C" fn finalize(_: *mut GCContext, object: *mut JSObject) {
    // SAFETY: the object is of the class.
    if let Some(number) = unsafe { number(object) } {
        // A thread that is ending has nobody left to tell.
        let _ = COLLECTED.try_with(|collected| collected.borrow_mut().push(number));
    }
}

/// Whether there is something to tell.
pub(super) fn are_collected() -> bool {
    COLLECTED.with_borrow(|collected| !collected.is_empty())
}

/// Tells whom it concerns; with nobody there, the numbers are nobody's.
pub(super) fn tell_collected(inner: &ContextState) {
    let collected = COLLECTED.take();
    let told = inner.on_collected.borrow().clone();
    if let Some(told) = told.filter(|_| !collected.is_empty()) {
        told(&collected);
    }
}
