//! The root table: every reference that Rust holds into the JS heap lives here.
//!
//! Two stores: a stack of short-lived roots behind [`Local`](super::Local), opened and closed in last-in-first-out order
//! by `Scope`, and a table of long-lived roots behind [`Slot`], freed when the `Slot` drops. Both are traced through one
//! stack root of the engine ([`Anchor`]) that is linked first and unlinked last. (The extra-roots tracer would not do:
//! minor collections skip it.) Stack roots are visited exactly, at each minor and each major collection, and updated when
//! a cell moves, so neither store needs barriers: an entry that disappears during an incremental mark was marked when
//! that mark began (roots are marked in its first slice), and a value that enters an entry during it came either from a
//! live object, whose own barriers guard it, or from a fresh allocation, which is black.
//!
//! A third, behind [`WeakSlot`], is a table like the second and keeps nothing alive: only minor collections trace it, major ones say what has
//! died or moved, and what is read from it passes a barrier.
//!
//! Runs on the context's thread only. Keeps the rule ROOTED: a Rust future holds a `Slot`, never a GC pointer.

use std::cell::{Cell, RefCell, UnsafeCell};
use std::ffi::c_void;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::rc::Rc;

use mozjs::glue::CallValueRootTracer;
use mozjs::jsapi::{
    IncrementalPreWriteBarrier, JS_AddWeakPointerZonesCallback,
    JS_UpdateWeakPointerAfterGCUnbarriered, JSContext, JSTracer, JSValueType, Rooted, TracerKind,
};
use mozjs::jsval::{JSVal, ObjectValue, UndefinedValue};
use mozjs_sys::jsgc::{RootKind, Rootable};
use mozjs_sys::trace::Traceable;

const CHUNK: usize = 256;

/// So many chunks stay beyond the last one in use: 64 KiB.
const SPARE: usize = 32;

type Chunk = [UnsafeCell<JSVal>; CHUNK];

/// The stack of short-lived roots. Chunks never move, so an entry's address is stable until it is truncated away.
pub(super) struct RootStack {
    #[allow(
        clippy::vec_box,
        reason = "the boxes keep the chunks in place when the vector grows"
    )]
    chunks: RefCell<Vec<Box<Chunk>>>,
    length: Cell<usize>,
    /// Where the next entry goes; null at the end of a chunk.
    next: Cell<*mut JSVal>,
}

impl RootStack {
    fn new() -> Self {
        RootStack {
            chunks: RefCell::new(Vec::new()),
            length: Cell::new(0),
            next: Cell::new(std::ptr::null_mut()),
        }
    }

    pub(super) fn length(&self) -> usize {
        self.length.get()
    }

    #[inline]
    pub(super) fn truncate(&self, length: usize) {
        let before = self.length.replace(length);
        debug_assert!(length <= before, "scopes close in last-in-first-out order");
        if length / CHUNK == before / CHUNK {
            self.next.set(self.next.get().wrapping_sub(before - length));
        } else {
            self.next.set(self.address(length));
            // What one large scope took is not kept for ever.
            let mut chunks = self.chunks.borrow_mut();
            if chunks.len() > length / CHUNK + 1 + SPARE {
                chunks.truncate(length / CHUNK + 1 + SPARE);
            }
        }
    }

    /// Roots `value` and gives the address that the collector keeps up to date. Every operation of JavaScript's makes some, so it is a
    /// store and two additions unless a chunk begins.
    #[inline]
    pub(super) fn push(&self, value: JSVal) -> NonNull<JSVal> {
        let index = self.length.get();
        let mut address = self.next.get();
        if address.is_null() {
            address = self.address(index);
        }
        // SAFETY: the entry `index` is inside a live boxed chunk, at the address that `address` gave it or the steps from there; no
        // reference to its content exists (all access is by raw pointer, and entries at or above `length` have no `Local`).
        unsafe { address.write(value) };
        let is_last = (index + 1).is_multiple_of(CHUNK);
        let next = if is_last {
            std::ptr::null_mut()
        } else {
            address.wrapping_add(1)
        };
        self.next.set(next);
        self.length.set(index + 1);
        // SAFETY: an address inside a box is not null.
        unsafe { NonNull::new_unchecked(address) }
    }

    /// Where an entry stands or will stand, in a new chunk if there is none for it yet.
    #[cold]
    fn address(&self, index: usize) -> *mut JSVal {
        let mut chunks = self.chunks.borrow_mut();
        if index / CHUNK == chunks.len() {
            chunks.push(Box::new([const { UnsafeCell::new(UNDEFINED) }; CHUNK]));
        }
        UnsafeCell::raw_get(chunks[index / CHUNK].as_ptr()).wrapping_add(index % CHUNK)
    }
}

// What `UndefinedValue()` makes, which is not `const`; `Roots::new` checks.
/// Values side by side, as the engine wants the arguments of a call. Rooted until dropped; guards drop in reverse order.
pub(super) struct Contiguous<'r> {
    roots: &'r Roots,
    base: usize,
    large: bool,
    start: *const JSVal,
}

impl<'r> Contiguous<'r> {
    pub(super) fn new(roots: &'r Roots, values: impl ExactSizeIterator<Item = JSVal>) -> Self {
        let base = roots.stack.length();
        let count = values.len();
        if count > CHUNK {
            let mut values: Box<[JSVal]> = values.collect();
            let start = values.as_mut_ptr();
            roots.large.borrow_mut().push(values);
            return Contiguous {
                roots,
                base,
                large: true,
                start,
            };
        }
        // Skip to the next chunk if this one has not enough room left; the skipped entries hold undefined.
        if base % CHUNK + count > CHUNK {
            for _ in base % CHUNK..CHUNK {
                roots.stack.push(UNDEFINED);
            }
        }
        // Also an empty list needs an address.
        let mut start = NonNull::<JSVal>::dangling().as_ptr().cast_const();
        for (index, value) in values.enumerate() {
            let address = roots.stack.push(value);
            if index == 0 {
                start = address.as_ptr().cast_const();
            }
        }
        Contiguous {
            roots,
            base,
            large: false,
            start,
        }
    }

    pub(super) fn start(&self) -> *const JSVal {
        self.start
    }
}

impl Drop for Contiguous<'_> {
    fn drop(&mut self) {
        if self.large {
            self.roots.large.borrow_mut().pop();
        }
        self.roots.stack.truncate(self.base);
    }
}

const UNDEFINED: JSVal = JSVal {
    asBits_: (0x1_fff0 | JSValueType::JSVAL_TYPE_UNDEFINED as u64) << 47,
};

/// The table of long-lived roots.
///
/// A program may hold hundreds of thousands (timers), so a minor collection looks only at those written since the last
/// one: after it, nothing that a slot held at that time is in the nursery any more.
pub(super) struct SlotTable {
    values: RefCell<Vec<JSVal>>,
    free: RefCell<Vec<u32>>,
    /// Entries written since the last minor collection.
    young: RefCell<Vec<u32>>,
    /// The list of young entries grew too long (rule BOUNDED): the next minor collection looks at all entries.
    all_young: Cell<bool>,
}

impl SlotTable {
    fn new() -> Self {
        SlotTable {
            values: RefCell::default(),
            free: RefCell::default(),
            young: RefCell::default(),
            all_young: Cell::new(false),
        }
    }

    fn insert(&self, value: JSVal) -> u32 {
        let mut values = self.values.borrow_mut();
        let index = match self.free.borrow_mut().pop() {
            Some(index) => {
                values[index as usize] = value;
                index
            }
            None => {
                values.push(value);
                u32::try_from(values.len() - 1)
                    .expect("fewer than 2^32 live slots: each needs memory of its own")
            }
        };
        drop(values);
        self.written(index, value);
        index
    }

    fn set(&self, index: u32, value: JSVal) {
        self.values.borrow_mut()[index as usize] = value;
        self.written(index, value);
    }

    fn written(&self, index: u32, value: JSVal) {
        if !value.is_gcthing() || self.all_young.get() {
            return;
        }
        let mut young = self.young.borrow_mut();
        young.push(index);
        if young.len() > 4096 && young.len() > self.values.borrow().len() {
            young.clear();
            self.all_young.set(true);
        }
    }

    fn remove(&self, index: u32) {
        self.values.borrow_mut()[index as usize] = UndefinedValue();
        self.free.borrow_mut().push(index);
    }

    /// # Safety
    /// Called by the collector.
    unsafe fn trace(&self, tracer: *mut JSTracer) {
        let mut values = self.values.borrow_mut();
        // SAFETY: as the caller promises.
        let is_minor = unsafe { is_minor(tracer) };
        if is_minor && !self.all_young.get() {
            for index in self.young.borrow_mut().drain(..) {
                // SAFETY: the entry holds a value, and the collector is its only writer meanwhile.
                unsafe {
                    CallValueRootTracer(tracer, &mut values[index as usize], c"slot".as_ptr())
                };
            }
            return;
        }
        for value in values.iter_mut() {
            // SAFETY: as above. Freed entries hold undefined, which the tracer skips.
            unsafe { CallValueRootTracer(tracer, value, c"slot".as_ptr()) };
        }
        if is_minor {
            self.all_young.set(false);
        }
    }
}

/// # Safety
/// The tracer must be alive.
unsafe fn is_minor(tracer: *mut JSTracer) -> bool {
    // SAFETY: as the caller promises.
    unsafe { (*tracer).kind_ == TracerKind::Tenuring }
}

/// All stores, behind the pointer that the tracer gets.
pub(super) struct Roots {
    pub(super) stack: RootStack,
    pub(super) slots: SlotTable,
    /// Objects that live by others alone. A minor collection takes them for roots, as the engine takes its own weak references.
    weak: SlotTable,
    /// Argument lists longer than a chunk. Boxed, so that their addresses are stable.
    large: RefCell<Vec<Box<[JSVal]>>>,
}

impl Roots {
    pub(super) fn new() -> Rc<Roots> {
        debug_assert_eq!(UndefinedValue().asBits_, UNDEFINED.asBits_);
        Rc::new(Roots {
            stack: RootStack::new(),
            slots: SlotTable::new(),
            weak: SlotTable::new(),
            large: RefCell::new(Vec::new()),
        })
    }

    pub(super) fn slot(self: &Rc<Self>, value: JSVal) -> Slot {
        Slot {
            index: self.slots.insert(value),
            roots: self.clone(),
        }
    }

    pub(super) fn weak_slot(self: &Rc<Self>, value: JSVal) -> WeakSlot {
        WeakSlot {
            index: self.weak.insert(value),
            roots: self.clone(),
        }
    }

    /// Forgets every root; called when the context is about to go.
    pub(super) fn clear(&self) {
        self.stack.truncate(0);
        for table in [&self.slots, &self.weak] {
            table.values.borrow_mut().fill(UNDEFINED);
        }
    }

    /// Has the collector say when objects die to which only weak slots refer, or move.
    ///
    /// # Safety
    /// `cx` must be live, and `self` must outlive it.
    pub(super) unsafe fn watch_deaths(&self, cx: *mut JSContext) -> bool {
        let this = std::ptr::from_ref(self).cast_mut().cast();
        // SAFETY: as the caller promises.
        unsafe { JS_AddWeakPointerZonesCallback(cx, Some(update_weak_slots), this) }
    }

    pub(super) fn live_slots(&self) -> usize {
        self.slots.values.borrow().len() - self.slots.free.borrow().len()
    }
}

/// What the engine's own stack root holds: the way from the collector to both stores.
pub(super) struct Anchored(Rc<Roots>);

// SAFETY: `trace` visits every value that the stores hold.
unsafe impl Traceable for Anchored {
    unsafe fn trace(&self, tracer: *mut JSTracer) {
        // SAFETY: called by the collector, on the context's thread, while nothing else runs.
        unsafe { trace_roots(&self.0, tracer) };
    }
}

impl Rootable for Anchored {}

/// The engine's stack root for both stores: the first of the context, so that all others come and go above it.
pub(super) struct Anchor(*mut Rooted<Anchored>);

impl Anchor {
    /// # Safety
    /// `cx` must be a fresh context, without any stack root.
    pub(super) unsafe fn link(cx: *mut JSContext, roots: &Rc<Roots>) -> Anchor {
        let rooted = Box::into_raw(Box::new(Rooted::new_unrooted(Anchored(roots.clone()))));
        // SAFETY: the box does not move until `unlink` frees it.
        unsafe { Rooted::add_to_root_stack(rooted, cx) };
        Anchor(rooted)
    }

    /// # Safety
    /// Every other stack root of the context must be gone, and the stores must hold nothing any more.
    pub(super) unsafe fn unlink(self) {
        // SAFETY: linked by `link`; the caller promises that it is the last one left, as the list demands.
        unsafe {
            (*self.0).remove_from_root_stack();
            drop(Box::from_raw(self.0));
        }
    }
}

/// # Safety
/// Called by the collector on the context's thread.
unsafe fn trace_roots(roots: &Roots, tracer: *mut JSTracer) {
    let chunks = roots.stack.chunks.borrow();
    for index in 0..roots.stack.length.get() {
        let address = chunks[index / CHUNK][index % CHUNK].get();
        // SAFETY: the entry is below `length`, so it holds a value; the collector is the only writer meanwhile.
        unsafe { CallValueRootTracer(tracer, address, c"local".as_ptr()) };
    }
    for value in roots.large.borrow_mut().iter_mut().flatten() {
        // SAFETY: as above; the engine only reads these through the pointer that it was given.
        unsafe { CallValueRootTracer(tracer, value, c"arguments".as_ptr()) };
    }
    // SAFETY: as above.
    unsafe {
        roots.slots.trace(tracer);
        if is_minor(tracer) {
            roots.weak.trace(tracer);
        }
    }
}

/// # Safety
/// Called by the collector on the context's thread, with the `Roots` that were given to it. Nothing is in the nursery then.
unsafe extern "C" fn update_weak_slots(tracer: *mut JSTracer, roots: *mut c_void) {
    // SAFETY: as `watch_deaths` was promised.
    let roots = unsafe { &*roots.cast_const().cast::<Roots>() };
    for value in roots.weak.values.borrow_mut().iter_mut() {
        if value.is_object() {
            let mut object = value.to_object();
            // SAFETY: the object was alive before this collection; where it is not any more, its address stays as it was.
            let lives = unsafe { JS_UpdateWeakPointerAfterGCUnbarriered(tracer, &mut object) };
            *value = if lives {
                ObjectValue(object)
            } else {
                UNDEFINED
            };
        }
    }
}

/// A root that outlives its scope: what futures, timers and host objects hold. Dropping it frees the entry.
///
/// Read it back with [`Scope::local`](super::Scope::local). Not `Send`: it belongs to one context's thread.
pub struct Slot {
    index: u32,
    pub(super) roots: Rc<Roots>,
}

impl Slot {
    pub(super) fn value(&self) -> JSVal {
        self.roots.slots.values.borrow()[self.index as usize]
    }

    pub(super) fn set(&self, value: JSVal) {
        self.roots.slots.set(self.index, value);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.roots.slots.remove(self.index);
    }
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Slot({})", self.index)
    }
}

/// Refers to an object and does not keep it alive. Dropping it frees the entry.
///
/// Read it back with [`Scope::upgrade`](super::Scope::upgrade). Not `Send`: it belongs to one context's thread.
pub struct WeakSlot {
    index: u32,
    pub(super) roots: Rc<Roots>,
}

impl WeakSlot {
    /// Whether the object has not been found dead yet.
    pub fn is_alive(&self) -> bool {
        self.roots.weak.values.borrow()[self.index as usize].is_object()
    }

    /// The object, if it is alive, as the engine's own weak references give theirs: from now on a collection that is under way has met it.
    pub(super) fn value(&self) -> Option<JSVal> {
        let value = self.roots.weak.values.borrow()[self.index as usize];
        if !value.is_object() {
            return None;
        }
        // SAFETY: the entry holds a live object, and no collection runs while Rust reads.
        unsafe { IncrementalPreWriteBarrier(value.to_object()) };
        Some(value)
    }
}

impl Drop for WeakSlot {
    fn drop(&mut self) {
        self.roots.weak.remove(self.index);
    }
}

impl std::fmt::Debug for WeakSlot {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "WeakSlot({})", self.index)
    }
}

/// A typed root on the engine's own linked list, for handles that are not values (objects, strings, ids). Made by
/// [`root!`], which keeps the `Rooted` and its guard on one stack frame, so they unlink in reverse order.
pub(super) struct RootGuard<'a, T: Copy + RootKind> {
    root: *mut Rooted<T>,
    frame: PhantomData<&'a mut Rooted<T>>,
}

impl<'a, T: Copy + RootKind> RootGuard<'a, T> {
    /// # Safety
    /// `root` must not move while the guard lives, and guards must drop in reverse order: use `root!`.
    pub(super) unsafe fn new(cx: *mut JSContext, root: &'a mut Rooted<T>) -> Self {
        let root: *mut Rooted<T> = root;
        // SAFETY: the caller keeps `root` in place until this guard unlinks it; `cx` is the current context.
        unsafe { Rooted::add_to_root_stack(root, cx) };
        RootGuard {
            root,
            frame: PhantomData,
        }
    }

    pub(super) fn get(&self) -> T {
        // SAFETY: the root is alive and in place (see `new`); the collector writes it through the same raw pointer.
        unsafe { (*self.root).data }
    }

    pub(super) fn handle(&self) -> mozjs::jsapi::Handle<T> {
        // SAFETY: `data` is registered as a root for as long as the guard lives.
        unsafe { mozjs::jsapi::Handle::from_marked_location(&raw const (*self.root).data) }
    }

    pub(super) fn handle_mut(&mut self) -> mozjs::jsapi::MutableHandle<T> {
        // SAFETY: as for `handle`.
        unsafe { mozjs::jsapi::MutableHandle::from_marked_location(&raw mut (*self.root).data) }
    }
}

impl<T: Copy + RootKind> Drop for RootGuard<'_, T> {
    fn drop(&mut self) {
        // SAFETY: added in `new`, and `root!` guards drop in reverse order of creation.
        unsafe { (*self.root).remove_from_root_stack() };
    }
}

/// Declares `$name`, a [`RootGuard`] for `$value`, valid until the end of the enclosing block.
macro_rules! root {
    ($cx:expr, $name:ident = $value:expr) => {
        let mut rooted = mozjs::jsapi::Rooted::new_unrooted($value);
        // SAFETY: `rooted` is a local that nothing else can name (macro hygiene), so it stays in place until after the
        // guard, declared later, has dropped.
        #[allow(unused_mut, unused_unsafe, reason = "some roots are only read, some are made inside an unsafe block")]
        let mut $name = unsafe { $crate::engine::roots::RootGuard::new($cx, &mut rooted) };
    };
}
pub(super) use root;
