//! Memory that JavaScript shares with its host, in both directions: an ArrayBuffer over memory of the host's, and the memory of an
//! ArrayBuffer lent to the host.
//!
//! What is lent is *pinned*: the engine refuses to detach, transfer or resize such a buffer with an error. It goes back by
//! [`LentBytes`], on any thread, and is let go of by [`Scope::take_back_bytes`]. When the context ends first, the memory outlives its heap:
//! it is taken away from its buffer, or it was the host's from the beginning ([`OVER`]).
//!
//! The engine does not count memory of the host's, so this file does, and collects in time (rule BOUNDED).

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};
use std::{fmt, ptr};

use bytes::BytesMut;
use mozjs::jsapi::glue::NewExternalArrayBuffer;
use mozjs::jsapi::{
    ArrayBuffer_FixedLengthUnsharedClass, EnsureNonInlineArrayBufferOrView,
    GetArrayBufferLengthAndData, HasDefinedArrayBufferDetachKey, IsDetachedArrayBufferObject,
    JS_GetArrayBufferViewBuffer, JS_GetArrayBufferViewType, JS_IsArrayBufferViewObject,
    JS_NewBigInt64ArrayWithBuffer, JS_NewBigUint64ArrayWithBuffer, JS_NewDataView,
    JS_NewFloat16ArrayWithBuffer, JS_NewFloat32ArrayWithBuffer, JS_NewFloat64ArrayWithBuffer,
    JS_NewInt8ArrayWithBuffer, JS_NewInt16ArrayWithBuffer, JS_NewInt32ArrayWithBuffer,
    JS_NewUint8ArrayWithBuffer, JS_NewUint8ClampedArrayWithBuffer, JS_NewUint16ArrayWithBuffer,
    JS_NewUint32ArrayWithBuffer, JS_free, PinArrayBufferOrViewLength, StealArrayBufferContents,
};
use twinloop_loop::StableMemory;

use super::buffers::{ViewType, not_bytes};
use super::context::ContextState;
use super::error::Error;
use super::local::Local;
use super::microtasks::KeptObjects;
use super::roots::{Slot, root};
use super::scope::Scope;

/// So many bytes of uncounted memory between two collections, or half of what lives if that is more.
const COLLECT_AFTER: usize = 64 * 1024 * 1024;

/// Bytes of uncounted memory now, and given out since the last collection. For the process: they only say when to collect.
static LIVE: AtomicUsize = AtomicUsize::new(0);
static SINCE_COLLECTION: AtomicUsize = AtomicUsize::new(0);

/// Memory of the host's that ArrayBuffers stand over, by its address; several buffers may stand over one. An entry goes with its buffer.
static OVER: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);

type Known = HashMap<usize, Vec<Weak<dyn StableMemory>>>;

fn over<R>(f: impl FnOnce(&mut Known) -> R) -> R {
    f(&mut OVER.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Whether a buffer stands over the host's memory at this address.
pub(super) fn is_over(address: *const u8) -> bool {
    over(|known| known.contains_key(&(address as usize)))
}

/// Bytes of Rust's.
pub(super) struct OwnBytes(pub(super) Vec<u8>);

// SAFETY: a vector that nothing changes keeps its memory where it is, and may be dropped anywhere. Nobody has a reference to it: it is
// private to this value, which only gives its address away.
unsafe impl StableMemory for OwnBytes {
    fn start(&self) -> *mut u8 {
        self.0.as_ptr().cast_mut()
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

/// Bytes of Rust's that stand somewhere in memory of theirs.
pub(super) struct OwnPart {
    start: *mut u8,
    length: usize,
    _memory: BytesMut,
}

impl OwnPart {
    /// Nobody else has the memory: whoever gets a buffer over it may write.
    pub(super) fn new(mut memory: BytesMut) -> OwnPart {
        OwnPart {
            start: memory.as_mut_ptr(),
            length: memory.len(),
            _memory: memory,
        }
    }
}

// SAFETY: the address of memory that this value owns, which any thread may free.
unsafe impl Send for OwnPart {}
// SAFETY: as above; nothing here reads or writes it.
unsafe impl Sync for OwnPart {}

// SAFETY: nothing changes the `BytesMut`, which keeps its memory where it is, owned by nobody else, and may be dropped anywhere. Nobody has a
// reference to the bytes: it is private to this value, which only gives their address away.
unsafe impl StableMemory for OwnPart {
    fn start(&self) -> *mut u8 {
        self.start
    }

    fn len(&self) -> usize {
        self.length
    }
}

/// So much memory that an object of JavaScript's keeps and the engine does not see.
pub struct CountedMemory(usize);

impl Drop for CountedMemory {
    fn drop(&mut self) {
        LIVE.fetch_sub(self.0, Ordering::Relaxed);
    }
}

/// What an external buffer owns.
struct External {
    memory: Arc<dyn StableMemory>,
    _counted: CountedMemory,
}

/// Memory of this context's buffers that the host uses.
#[derive(Default)]
pub(super) struct Lent {
    /// By its address, which is the buffer's as long as that is pinned.
    out: RefCell<HashMap<usize, Out>>,
    /// Addresses that came back.
    returned: Arc<Mutex<Vec<usize>>>,
}

struct Out {
    buffer: Slot,
    block: Arc<Block>,
    /// How many have it.
    users: usize,
    /// Whether somebody else had pinned it before.
    was_pinned: bool,
}

/// Whose memory it is.
enum Owned {
    /// The buffer's, which is pinned and rooted.
    Heap,
    /// The host's, which the buffer stands over; kept here.
    Host { _memory: Arc<dyn StableMemory> },
    /// This value's: its buffer is gone.
    Us(*mut c_void),
}

struct Block(Mutex<Owned>);

impl Drop for Block {
    fn drop(&mut self) {
        let owned = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Owned::Us(contents) = owned {
            // SAFETY: taken from a buffer with `StealArrayBufferContents`, whose contents `JS_free` frees, once. It needs no context.
            unsafe { JS_free(ptr::null_mut(), *contents) };
        }
    }
}

// SAFETY: the pointer is memory that this value owns, which any thread may free.
unsafe impl Send for Block {}
// SAFETY: as above; what changes is under the lock.
unsafe impl Sync for Block {}

/// The bytes of an ArrayBuffer, or of a view's part of one.
pub struct LentBytes {
    block: Option<Arc<Block>>,
    /// Where the buffer begins, and where the view does.
    buffer: usize,
    start: *mut u8,
    length: usize,
    kind: ViewType,
    returned: Arc<Mutex<Vec<usize>>>,
    on_return: Arc<dyn Fn() + Send + Sync>,
}

// SAFETY: the address of memory that `block` and the pinned buffer keep where it is.
unsafe impl Send for LentBytes {}
// SAFETY: as above; nothing here reads or writes it.
unsafe impl Sync for LentBytes {}

// SAFETY: as long as the context lives, the buffer is rooted and pinned, and its bytes are not inside of a cell that could move; when
// the context ends, `outlive` takes the memory away from the heap, unless it is the host's, which the block holds. The drop only takes a
// lock and calls what the host gave for it.
unsafe impl StableMemory for LentBytes {
    fn start(&self) -> *mut u8 {
        self.start
    }

    fn len(&self) -> usize {
        self.length
    }
}

impl LentBytes {
    /// What the view's elements are; bytes, for an ArrayBuffer.
    pub fn kind(&self) -> ViewType {
        self.kind
    }
}

impl fmt::Debug for LentBytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LentBytes")
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

impl Drop for LentBytes {
    fn drop(&mut self) {
        // First what keeps the memory, so that nothing is left of it when the buffer is let go of.
        drop(self.block.take());
        (self.returned.lock())
            .unwrap_or_else(PoisonError::into_inner)
            .push(self.buffer);
        (self.on_return)();
    }
}

impl<'s> Scope<'s> {
    /// What the elements of a view are; nothing for a value that is none.
    pub fn view_type(&self, value: Local<'_>) -> Option<ViewType> {
        let object = value.object_or_null();
        // SAFETY: queries of a live object, which the local roots.
        unsafe {
            let is_view = !object.is_null() && JS_IsArrayBufferViewObject(object);
            is_view.then(|| kind_of(JS_GetArrayBufferViewType(object) as u32))
        }
    }

    /// Counts memory that an object which is made now keeps alive; collects first if much was counted since the last time.
    pub fn count_memory(&self, bytes: usize) -> CountedMemory {
        let since = SINCE_COLLECTION.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if since > COLLECT_AFTER.max(LIVE.load(Ordering::Relaxed) / 2) {
            SINCE_COLLECTION.store(0, Ordering::Relaxed);
            // Of the host's own calls, with no JavaScript below, each is a job of its own, after which nothing is kept for a WeakRef.
            if self.inner().depth.get() == 1 {
                KeptObjects::clear_now(self.cx());
            }
            self.collect_garbage();
        }
        LIVE.fetch_add(bytes, Ordering::Relaxed);
        CountedMemory(bytes)
    }

    /// Drops what collections left behind, which otherwise waits for the next checkpoint. For where any code may run.
    pub fn drop_collected(&self) {
        super::context::bury(self.inner());
    }

    /// An `ArrayBuffer` over this memory, which it keeps.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn array_buffer_over(&self, memory: Arc<dyn StableMemory>) -> Result<Local<'s>, Error> {
        unsafe extern "C" fn free(contents: *mut c_void, external: *mut c_void) {
            // SAFETY: `external` is the box leaked below, and the engine frees once. May run on a helper thread: the memory may be
            // dropped on any.
            let external = unsafe { Box::from_raw(external.cast::<External>()) };
            drop(external);
            over(|known| {
                if let Some(same) = known.get_mut(&(contents as usize)) {
                    same.retain(|memory| memory.strong_count() > 0);
                    if same.is_empty() {
                        known.remove(&(contents as usize));
                    }
                }
            });
        }
        if memory.is_empty() {
            return self.array_buffer_copy(&[]);
        }
        let (contents, length) = (memory.start(), memory.len());
        let counted = self.count_memory(length);
        over(|known| {
            // What the host still had when its buffer went is swept out now and then (rule BOUNDED).
            if known.len() >= 256 && known.len().is_power_of_two() {
                known.retain(|_, same| same.iter().any(|memory| memory.strong_count() > 0));
            }
            let same = known.entry(contents as usize).or_default();
            same.push(Arc::downgrade(&memory));
        });
        let external = Box::new(External {
            memory,
            _counted: counted,
        });
        debug_assert!(external.memory.start() == contents);
        let external = Box::into_raw(external);
        // The engine's debug build wants eight bytes' alignment, which what `malloc` gives has and a part of a buffer has not. Nothing but that
        // assertion asks for it: an element has its own alignment, by whoever lends.
        // SAFETY: the contents stay where they are until `free` gets the box back, which the engine's owning pointer does
        // also when making the buffer fails.
        self.root_object(unsafe {
            NewExternalArrayBuffer(
                self.cx(),
                length,
                contents.cast(),
                Some(free),
                external.cast(),
            )
        })
    }

    /// A view of `length` elements (or bytes, of a `DataView`) of a buffer.
    ///
    /// # Errors
    /// A RangeError when the buffer is too small or the offset no multiple of an element's size.
    pub fn view_over(
        &self,
        buffer: Local<'_>,
        kind: ViewType,
        offset: usize,
        length: usize,
    ) -> Result<Local<'s>, Error> {
        let make = match kind {
            ViewType::Int8 => JS_NewInt8ArrayWithBuffer,
            ViewType::Uint8 => JS_NewUint8ArrayWithBuffer,
            ViewType::Int16 => JS_NewInt16ArrayWithBuffer,
            ViewType::Uint16 => JS_NewUint16ArrayWithBuffer,
            ViewType::Int32 => JS_NewInt32ArrayWithBuffer,
            ViewType::Uint32 => JS_NewUint32ArrayWithBuffer,
            ViewType::Float32 => JS_NewFloat32ArrayWithBuffer,
            ViewType::Float64 => JS_NewFloat64ArrayWithBuffer,
            ViewType::Uint8Clamped => JS_NewUint8ClampedArrayWithBuffer,
            ViewType::BigInt64 => JS_NewBigInt64ArrayWithBuffer,
            ViewType::BigUint64 => JS_NewBigUint64ArrayWithBuffer,
            ViewType::Float16 => JS_NewFloat16ArrayWithBuffer,
            ViewType::DataView => {
                let cx = self.cx();
                root!(cx, buffer = self.object_of(buffer)?);
                // SAFETY: the handle is a root; the result is rooted at once.
                return self
                    .root_object(unsafe { JS_NewDataView(cx, buffer.handle(), offset, length) });
            }
        };
        let cx = self.cx();
        root!(cx, buffer = self.object_of(buffer)?);
        // SAFETY: as above.
        self.root_object(unsafe { make(cx, buffer.handle(), offset, length as i64) })
    }

    /// Lends the bytes of a buffer or view for as long as the host likes: meanwhile the buffer keeps its memory and its length.
    /// Nothing for what has no bytes, and for buffers whose memory or length is not theirs to keep: detached and resizable ones, shared
    /// memory, WebAssembly's. `on_return` is called on the thread that gives them back, and has `take_back_bytes` be called here.
    ///
    /// # Errors
    /// A TypeError when the value is no buffer; when memory runs out.
    pub fn lend_bytes(
        &self,
        value: Local<'_>,
        on_return: Arc<dyn Fn() + Send + Sync>,
    ) -> Result<Option<LentBytes>, Error> {
        self.take_back_bytes();
        let cx = self.cx();
        let object = value.object_or_null();
        if self.raw_bytes(object).is_none() {
            return Err(not_bytes());
        }
        root!(cx, object = object);
        // SAFETY: a query of a live object.
        let is_view = unsafe { JS_IsArrayBufferViewObject(object.get()) };
        let (of_view, kind) = if is_view {
            let mut shared = false;
            // SAFETY: the handle is a root and a view; the result is rooted below.
            let of_view = unsafe { JS_GetArrayBufferViewBuffer(cx, object.handle(), &mut shared) };
            if of_view.is_null() {
                return Err(Error::pending(self));
            }
            // SAFETY: a query of a live view.
            let kind = unsafe { JS_GetArrayBufferViewType(object.get()) };
            (of_view, kind_of(kind as u32))
        } else {
            (object.get(), ViewType::Uint8)
        };
        root!(cx, buffer = of_view);
        let mut is_keyed = false;
        // SAFETY: plain queries of a live object; the class is a static of the engine's. A buffer of a fixed length that no other
        // thread shares is asked for its key, which WebAssembly's memory has.
        let is_lendable = unsafe {
            ptr::eq(
                mozjs::rust::get_object_class(buffer.get()),
                ArrayBuffer_FixedLengthUnsharedClass,
            ) && !IsDetachedArrayBufferObject(buffer.get())
                && HasDefinedArrayBufferDetachKey(cx, buffer.handle(), &mut is_keyed)
                && !is_keyed
        };
        if !is_lendable {
            return Ok(None);
        }
        // SAFETY: the object is a live buffer, which the root keeps.
        let ok = unsafe { EnsureNonInlineArrayBufferOrView(cx, buffer.get()) };
        self.check(ok)?;
        let (mut length, mut shared, mut begin) = (0, false, ptr::null_mut());
        // SAFETY: plain query of a live buffer.
        unsafe {
            GetArrayBufferLengthAndData(buffer.get(), &mut length, &mut shared, &mut begin);
        }
        let Some(raw) = self.raw_bytes(object.get()).filter(|raw| raw.length > 0) else {
            return Ok(None);
        };
        let lent = &self.inner().lent;
        let address = begin as usize;
        let mut out = lent.out.borrow_mut();
        let entry = out.entry(address).or_insert_with(|| Out {
            buffer: self.persist(self.root(mozjs::jsval::ObjectValue(buffer.get()))),
            block: Arc::new(Block(Mutex::new(owner_of(address)))),
            users: 0,
            // SAFETY: a live buffer.
            was_pinned: !unsafe { PinArrayBufferOrViewLength(buffer.get(), true) },
        });
        entry.users += 1;
        Ok(Some(LentBytes {
            block: Some(entry.block.clone()),
            buffer: address,
            start: raw.data,
            length: raw.length,
            kind,
            returned: lent.returned.clone(),
            on_return,
        }))
    }

    /// Lets go of the buffers whose bytes came back.
    pub fn take_back_bytes(&self) {
        let lent = &self.inner().lent;
        let returned =
            std::mem::take(&mut *(lent.returned.lock()).unwrap_or_else(PoisonError::into_inner));
        for address in returned {
            let mut out = lent.out.borrow_mut();
            if let Some(entry) = out.get_mut(&address) {
                entry.users -= 1;
                if entry.users == 0
                    && let Some(entry) = out.remove(&address)
                {
                    entry.unpin();
                }
            }
        }
    }
}

impl Out {
    fn unpin(&self) {
        if !self.was_pinned {
            // SAFETY: the slot roots a live buffer.
            unsafe { PinArrayBufferOrViewLength(self.buffer.value().to_object(), false) };
        }
    }
}

/// Whose memory stands at this address.
fn owner_of(address: usize) -> Owned {
    let memory = over(|known| {
        let same = known.get(&address)?;
        same.iter().find_map(Weak::upgrade)
    });
    match memory {
        Some(memory) => Owned::Host { _memory: memory },
        None => Owned::Heap,
    }
}

/// The context is about to end: what is lent outlives it.
pub(super) fn outlive(inner: &ContextState) {
    if inner.lent.out.borrow().is_empty() {
        return;
    }
    let scope = Scope::open(inner);
    scope.take_back_bytes();
    let out = std::mem::take(&mut *inner.lent.out.borrow_mut());
    for entry in out.into_values() {
        entry.unpin();
        let mut owned = (entry.block.0.lock()).unwrap_or_else(PoisonError::into_inner);
        if matches!(*owned, Owned::Heap) {
            let cx = scope.cx();
            root!(cx, buffer = entry.buffer.value().to_object());
            // SAFETY: the handle is a root and an ArrayBuffer of a fixed length whose contents were allocated for it alone, which are
            // given away as they are.
            let contents = unsafe { StealArrayBufferContents(cx, buffer.handle()) };
            if contents.is_null() {
                // Without memory to say so. The heap goes, and this block with it.
                let _ = Error::pending(&scope);
            } else {
                *owned = Owned::Us(contents);
            }
        }
    }
}

/// What the engine's number of an element type means.
fn kind_of(number: u32) -> ViewType {
    const KINDS: [ViewType; 12] = [
        ViewType::Int8,
        ViewType::Uint8,
        ViewType::Int16,
        ViewType::Uint16,
        ViewType::Int32,
        ViewType::Uint32,
        ViewType::Float32,
        ViewType::Float64,
        ViewType::Uint8Clamped,
        ViewType::BigInt64,
        ViewType::BigUint64,
        ViewType::Float16,
    ];
    let kind = KINDS.get(number as usize).copied();
    kind.unwrap_or(ViewType::DataView)
}
