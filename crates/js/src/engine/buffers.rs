//! ArrayBuffers, typed arrays and their bytes.
//!
//! A large Rust `Vec<u8>` becomes a buffer without a copy, as memory of another language does (`lent.rs`). Bytes are lent out to a
//! function, during which the engine cannot be used, so nothing can move, detach or resize them; memory that other threads
//! may share is copied first, and back.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use bytes::Bytes;
use mozjs::jsapi::glue::NewArrayBufferWithContents;
use mozjs::jsapi::{
    DetachArrayBuffer, GetArrayBufferMaybeSharedLengthAndData, IsArrayBufferObjectMaybeShared,
    IsSharedArrayBufferObject, JS_GetArrayBufferViewBuffer, JS_GetObjectAsArrayBufferView,
    JS_IsArrayBufferViewObject, JS_NewUint8Array, JS_NewUint8ArrayWithBuffer, JS_malloc, JSObject,
    JSProtoKey, NewArrayBuffer,
};

use super::error::Error;
use super::lent::{OwnBytes, OwnPart};
use super::local::Local;
use super::roots::{Slot, root};
use super::scope::Scope;

/// What a view is a view of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the language's own")]
pub enum ViewType {
    Int8,
    Uint8,
    Int16,
    Uint16,
    Int32,
    Uint32,
    Float32,
    Float64,
    Uint8Clamped,
    BigInt64,
    BigUint64,
    Float16,
    DataView,
}

/// What has bytes, and whose they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BufferKind {
    /// A typed array or a DataView; an ArrayBuffer otherwise.
    pub is_view: bool,
    /// Other threads may have the same memory.
    pub is_shared: bool,
}

/// Up to this size a copy is cheaper than an object with a finaliser of its own.
const COPIED: usize = 64 * 1024;

/// The same where an ArrayBuffer is made in any case.
const COPIED_BUFFER: usize = 32 * 1024;

/// Where the bytes of an ArrayBuffer may begin: at a multiple of the largest element, as the engine takes for granted.
const ALIGNMENT: usize = 8;

/// From here on memory that is written as a whole is not cleared first.
const UNCLEARED: usize = 16 * 1024;

/// From here on the bytes do not stand in the object of a typed array.
const INLINE: usize = 65;

/// Functions of JavaScript that make arrays.
#[derive(Default)]
struct ArrayMakers {
    uint8: RefCell<Option<Slot>>,
}

pub(super) struct Raw {
    pub(super) data: *mut u8,
    pub(super) length: usize,
    pub(super) shared: bool,
}

impl<'s> Scope<'s> {
    /// An `ArrayBuffer` that takes over these bytes.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn array_buffer(&self, bytes: Vec<u8>) -> Result<Local<'s>, Error> {
        if bytes.len() <= COPIED_BUFFER {
            return self.array_buffer_copy(&bytes);
        }
        self.array_buffer_over(Arc::new(OwnBytes(bytes)))
    }

    /// An `ArrayBuffer` that takes over these bytes, which may be a part of a larger piece of memory. Nothing is copied if nobody else has that, and they begin
    /// at a multiple of eight.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn array_buffer_of(&self, bytes: Bytes) -> Result<Local<'s>, Error> {
        if bytes.len() <= COPIED_BUFFER {
            return self.array_buffer_copy(&bytes);
        }
        match bytes.try_into_mut() {
            Ok(bytes) if bytes.as_ptr().addr().is_multiple_of(ALIGNMENT) => {
                self.array_buffer_over(Arc::new(OwnPart::new(bytes)))
            }
            // They move to where their memory begins.
            Ok(bytes) => self.array_buffer(Vec::from(bytes)),
            Err(bytes) => self.array_buffer_copy(&bytes),
        }
    }

    /// An `ArrayBuffer` with a copy of these bytes, in memory that the collector counts.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn array_buffer_copy(&self, bytes: &[u8]) -> Result<Local<'s>, Error> {
        if bytes.len() >= UNCLEARED {
            // SAFETY: as many bytes are written as the memory has, which is nobody's yet.
            return self.array_buffer_uncleared(bytes.len(), |memory| unsafe {
                std::ptr::copy_nonoverlapping(bytes.as_ptr(), memory, bytes.len());
            });
        }
        // SAFETY: the result is rooted at once.
        let buffer = self.root_object(unsafe { NewArrayBuffer(self.cx(), bytes.len()) })?;
        self.with_bytes_mut(buffer, |target| target.copy_from_slice(bytes))?;
        Ok(buffer)
    }

    /// An `ArrayBuffer` in memory of the engine's that nobody cleared; `write` may fill it.
    fn array_buffer_uncleared(
        &self,
        length: usize,
        write: impl FnOnce(*mut u8),
    ) -> Result<Local<'s>, Error> {
        let cx = self.cx();
        // SAFETY: a plain allocation; on failure the engine has an exception pending, which `root_object` takes for null.
        let memory = unsafe { JS_malloc(cx, length) };
        if memory.is_null() {
            return self.root_object(std::ptr::null_mut());
        }
        write(memory.cast());
        // SAFETY: the memory is the engine's own kind, so it may free it, which it does also when making the buffer fails.
        self.root_object(unsafe { NewArrayBufferWithContents(cx, length, memory) })
    }

    /// A `Uint8Array` whose bytes are whatever stood in that memory before, as `Buffer.allocUnsafe` gives them.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn uint8_array_uncleared(&self, length: usize) -> Result<Local<'s>, Error> {
        self.view_of(self.array_buffer_uncleared(length, |_| {})?)
    }

    /// A `Uint8Array` over a buffer that takes over these bytes.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn uint8_array(&self, bytes: Vec<u8>) -> Result<Local<'s>, Error> {
        if bytes.len() <= COPIED {
            return self.uint8_array_copy(&bytes);
        }
        self.view_of(self.array_buffer(bytes)?)
    }

    /// A `Uint8Array` over a buffer as [`array_buffer_of`](Self::array_buffer_of) makes one, or with a copy of these bytes.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn uint8_array_of(&self, bytes: Bytes) -> Result<Local<'s>, Error> {
        if bytes.len() <= COPIED {
            return self.uint8_array_copy(&bytes);
        }
        self.view_of(self.array_buffer_of(bytes)?)
    }

    /// A `Uint8Array` with a copy of these bytes. It gets an ArrayBuffer when somebody asks for it.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn uint8_array_copy(&self, bytes: &[u8]) -> Result<Local<'s>, Error> {
        if bytes.len() >= UNCLEARED {
            return self.view_of(self.array_buffer_copy(bytes)?);
        }
        let array = self.uint8_array_of_zeros(bytes.len())?;
        self.with_bytes_mut(array, |target| target.copy_from_slice(bytes))?;
        Ok(array)
    }

    /// The engine's own function makes an ArrayBuffer with every array whose bytes do not stand in the object itself, and neither can die
    /// in the nursery: 600 ns for 1 KB. `new Uint8Array(length)` in compiled code makes none: 80, and 60 for the way there.
    fn uint8_array_of_zeros(&self, length: usize) -> Result<Local<'s>, Error> {
        if !(INLINE..=COPIED).contains(&length) {
            // SAFETY: the result is rooted at once.
            return self.root_object(unsafe { JS_NewUint8Array(self.cx(), length) });
        }
        let makers = self.state::<ArrayMakers>();
        let maker = makers.uint8.borrow().as_ref().map(|slot| self.local(slot));
        let maker = match maker {
            Some(maker) => maker,
            None => {
                let of_class = self.evaluate(
                    "(function (Class) { return function (length) { return new Class(length); }; })",
                    "twinloop:bytes",
                    1,
                )?;
                let class = self.class_object(JSProtoKey::JSProto_Uint8Array)?;
                let maker = self.call(of_class, Local::undefined(), &[class])?;
                *makers.uint8.borrow_mut() = Some(self.persist(maker));
                maker
            }
        };
        self.call(maker, Local::undefined(), &[self.number(length as f64)])
    }

    fn view_of(&self, buffer: Local<'_>) -> Result<Local<'s>, Error> {
        let cx = self.cx();
        root!(cx, buffer = buffer.object_or_null());
        // SAFETY: the handle is a root; -1 means the whole buffer.
        self.root_object(unsafe { JS_NewUint8ArrayWithBuffer(cx, buffer.handle(), 0, -1) })
    }

    /// Whether the value has bytes: an `ArrayBuffer`, a typed array, or a `DataView`.
    pub fn is_buffer_source(&self, value: Local<'_>) -> bool {
        self.raw_bytes(value.object_or_null()).is_some()
    }

    /// What kind of buffer or view the value is; nothing for all else. No ArrayBuffer is made for a view that has none yet.
    pub fn buffer_kind(&self, value: Local<'_>) -> Option<BufferKind> {
        let object = value.object_or_null();
        let raw = self.raw_bytes(object)?;
        Some(BufferKind {
            // SAFETY: a plain query of a live object.
            is_view: !unsafe { IsArrayBufferObjectMaybeShared(object) },
            is_shared: raw.shared,
        })
    }

    /// Lends the bytes of a buffer or view. `f` cannot use the engine.
    ///
    /// # Errors
    /// A TypeError when the value has no bytes.
    pub fn with_bytes<R>(&self, value: Local<'_>, f: impl FnOnce(&[u8]) -> R) -> Result<R, Error> {
        let raw = self
            .raw_bytes(value.object_or_null())
            .ok_or_else(not_bytes)?;
        Ok(self.lend(|| f(&lent(&raw))))
    }

    /// Lends the bytes of two buffers or views. `f` cannot use the engine.
    ///
    /// # Errors
    /// A TypeError when one of them has no bytes.
    pub fn with_both_bytes<R>(
        &self,
        left: Local<'_>,
        right: Local<'_>,
        f: impl FnOnce(&[u8], &[u8]) -> R,
    ) -> Result<R, Error> {
        let of = |value: Local<'_>| self.raw_bytes(value.object_or_null()).ok_or_else(not_bytes);
        let (left, right) = (of(left)?, of(right)?);
        Ok(self.lend(|| f(&lent(&left), &lent(&right))))
    }

    /// Lends the bytes of a buffer or view for writing. `f` cannot use the engine. Of memory that threads share it gets a copy,
    /// and what it changes is written back, byte by byte.
    ///
    /// # Errors
    /// A TypeError when the value has no bytes.
    pub fn with_bytes_mut<R>(
        &self,
        value: Local<'_>,
        f: impl FnOnce(&mut [u8]) -> R,
    ) -> Result<R, Error> {
        let raw = self
            .raw_bytes(value.object_or_null())
            .ok_or_else(not_bytes)?;
        if raw.shared {
            let before = copy_shared(&raw);
            let mut copy = before.clone();
            let result = self.lend(|| f(&mut copy));
            write_shared(&raw, &before, &copy);
            return Ok(result);
        }
        Ok(self.lend(|| {
            let bytes =
                // SAFETY: as in `with_bytes`; and no other reference to the bytes can exist, as only one may be lent.
                if raw.length == 0 { &mut [][..] } else { unsafe { std::slice::from_raw_parts_mut(raw.data, raw.length) } };
            f(bytes)
        }))
    }

    /// A copy of the bytes of a buffer or view.
    ///
    /// # Errors
    /// A TypeError when the value has none.
    pub fn bytes_of(&self, value: Local<'_>) -> Result<Vec<u8>, Error> {
        self.with_bytes(value, <[u8]>::to_vec)
    }

    /// Gives back the memory of a buffer, or of the one that a view is of, at once and not when it is collected. It has no bytes afterwards; one that is
    /// lent keeps them.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn release_bytes(&self, value: Local<'_>) -> Result<(), Error> {
        let cx = self.cx();
        root!(cx, object = value.object_or_null());
        let Some(raw) = self.raw_bytes(object.get()) else {
            return Ok(());
        };
        if raw.shared {
            return Ok(());
        }
        let mut shared = false;
        // SAFETY: the handle is a root; the result is rooted at once.
        let buffer = unsafe {
            if JS_IsArrayBufferViewObject(object.get()) {
                JS_GetArrayBufferViewBuffer(cx, object.handle(), &mut shared)
            } else {
                object.get()
            }
        };
        if buffer.is_null() {
            return Err(Error::pending(self));
        }
        root!(cx, buffer = buffer);
        // SAFETY: the handle is a root and an ArrayBuffer that no other thread has. No reference to its bytes can exist: they are lent to functions alone, and
        // what is lent for longer is pinned, which is refused.
        if !unsafe { DetachArrayBuffer(cx, buffer.handle()) } {
            // It says why not; it stays as it is.
            drop(Error::pending(self));
        }
        Ok(())
    }

    pub(super) fn raw_bytes(&self, object: *mut JSObject) -> Option<Raw> {
        self.cx();
        let mut raw = Raw {
            data: std::ptr::null_mut(),
            length: 0,
            shared: false,
        };
        // SAFETY: plain queries of a live object; the pointer is used only before the next collection (`lend`). A view
        // onto a nursery object's inline storage is such a pointer too, and as short-lived.
        unsafe {
            if object.is_null() {
                return None;
            }
            // A view is what nearly all are, and one call says all there is to know of it.
            let view = JS_GetObjectAsArrayBufferView(
                object,
                &mut raw.length,
                &mut raw.shared,
                &mut raw.data,
            );
            if !view.is_null() {
                return Some(raw);
            }
            if !IsArrayBufferObjectMaybeShared(object) {
                return None;
            }
            GetArrayBufferMaybeSharedLengthAndData(
                object,
                &mut raw.length,
                &mut raw.shared,
                &mut raw.data,
            );
            raw.shared |= IsSharedArrayBufferObject(object);
        }
        Some(raw)
    }
}

pub(super) fn not_bytes() -> Error {
    Error::type_error("the value is not an ArrayBuffer, typed array or DataView")
}

/// The bytes while the engine is not used: in place, or a copy of what other threads may be writing.
fn lent(raw: &Raw) -> Cow<'_, [u8]> {
    if raw.shared {
        Cow::Owned(copy_shared(raw))
    } else if raw.length == 0 {
        // A zero length may come with a null pointer.
        Cow::Borrowed(&[])
    } else {
        // SAFETY: the memory is not shared with other threads, and the caller is inside of `lend`, which keeps this one from running
        // anything that could write, move, detach or free it.
        Cow::Borrowed(unsafe { std::slice::from_raw_parts(raw.data, raw.length) })
    }
}

/// Copies memory that other threads may be writing: byte by byte, atomically.
fn copy_shared(raw: &Raw) -> Vec<u8> {
    (0..raw.length)
        .map(|index| {
            // SAFETY: the memory lives as long as its object, which the caller roots; relaxed atomic reads are allowed
            // against any concurrent atomic write, and the engine's racy writes are compiled as such.
            unsafe { std::sync::atomic::AtomicU8::from_ptr(raw.data.add(index)) }
                .load(std::sync::atomic::Ordering::Relaxed)
        })
        .collect()
}

/// Writes what has changed into memory that other threads may be using: byte by byte, atomically.
fn write_shared(raw: &Raw, before: &[u8], after: &[u8]) {
    for (index, (before, after)) in before.iter().zip(after).enumerate() {
        if before != after {
            // SAFETY: as in `copy_shared`; shared memory may grow meanwhile, and never shrinks or moves.
            unsafe { std::sync::atomic::AtomicU8::from_ptr(raw.data.add(index)) }
                .store(*after, std::sync::atomic::Ordering::Relaxed);
        }
    }
}
