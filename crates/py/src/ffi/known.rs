//! Which Python object stands for a number: what a table of weak references is, without an object for each reference.
//!
//! The object carries its number with it, as a [`Known`], and takes itself off the list when it goes. Any thread that holds the GIL.

use std::hash::BuildHasher;
use std::ptr::{NonNull, from_ref};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use hashbrown::{DefaultHashBuilder, HashTable};
use pyo3::ffi;
use pyo3::prelude::*;

/// The number by which an object is known, and whose number it is. A field of the object.
pub struct Known {
    number: u64,
    owner: u32,
    /// How far into the object this stands; 0 as long as the object is not listed.
    offset: AtomicU32,
}

#[derive(Default)]
struct List {
    entries: HashTable<NonNull<Known>>,
    hasher: DefaultHashBuilder,
}

// SAFETY: what the pointers refer to may be read on any thread that holds the GIL, and is gone from here before it is freed.
unsafe impl Send for List {}

static LIST: LazyLock<Mutex<List>> = LazyLock::new(Mutex::default);

/// Nobody waits for it: it is held with the GIL, and nothing of Python's runs meanwhile.
fn list() -> MutexGuard<'static, List> {
    LIST.lock().unwrap_or_else(PoisonError::into_inner)
}

impl List {
    fn hash(&self, key: (u32, u64)) -> u64 {
        self.hasher.hash_one(key)
    }
}

/// Owner and number of what is listed.
fn key_of(known: &NonNull<Known>) -> (u32, u64) {
    // SAFETY: what is listed is alive.
    unsafe { known.as_ref() }.key()
}

impl Known {
    /// The number of an object that is not listed yet.
    pub fn new(owner: u32, number: u64) -> Known {
        Known {
            number,
            owner,
            offset: AtomicU32::new(0),
        }
    }

    /// The number.
    pub fn number(&self) -> u64 {
        self.number
    }

    fn key(&self) -> (u32, u64) {
        (self.owner, self.number)
    }

    /// Whose number it is.
    pub fn owner(&self) -> u32 {
        self.owner
    }

    /// Lists `object`, of which this is a field, in the place of any other of its number.
    ///
    /// # Panics
    /// When this is no part of `object`.
    pub fn list(&self, object: &Bound<'_, PyAny>) {
        let start = object.as_ptr() as usize;
        // SAFETY: a live object has a type.
        let size = unsafe { (*ffi::Py_TYPE(object.as_ptr())).tp_basicsize }.cast_unsigned();
        let offset = (from_ref(self) as usize).wrapping_sub(start);
        // What is inside is dropped with the object and never before: objects of Rust's classes do not move, and give no value of theirs away.
        assert!(
            offset > 0 && offset < size,
            "an object is known by a field of its own"
        );
        let mut list = list();
        let hash = list.hash(self.key());
        let List { entries, hasher } = &mut *list;
        let is_same = |known: &NonNull<Known>| key_of(known) == self.key();
        entries
            .entry(hash, is_same, |known| hasher.hash_one(key_of(known)))
            .insert(NonNull::from_ref(self));
        self.offset.store(offset as u32, Ordering::Relaxed);
    }

    /// The object that is known by this number, unless it is on its way out.
    pub fn find<'py>(py: Python<'py>, owner: u32, number: u64) -> Option<Bound<'py, PyAny>> {
        let list = list();
        let key = (owner, number);
        let known = (list.entries).find(list.hash(key), |known| key_of(known) == key)?;
        // SAFETY: what is listed is alive; `list` made sure that it stands in an object, so far from its start. Its memory is there until the field has
        // been dropped, which takes it off the list; with no reference left the object is being freed, and is nobody's any more.
        unsafe {
            let offset = known.as_ref().offset.load(Ordering::Relaxed) as usize;
            let object = known.as_ptr().cast::<u8>().sub(offset);
            let object = object.cast::<ffi::PyObject>();
            (ffi::Py_REFCNT(object) > 0).then(|| Bound::from_borrowed_ptr(py, object))
        }
    }
}

impl Drop for Known {
    fn drop(&mut self) {
        if *self.offset.get_mut() == 0 {
            return;
        }
        let mut list = list();
        let hash = list.hash(self.key());
        let this = NonNull::from_mut(self);
        if let Ok(entry) = list.entries.find_entry(hash, |known| *known == this) {
            entry.remove();
        }
    }
}
