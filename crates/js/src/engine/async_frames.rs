//! The async functions that an error leaves: what stands in its stack as `at async f (file:1:2)`.
//!
//! The engine can keep the stack of every promise that is made, which would cost each of them more than all the rest. Here nothing is kept until a
//! promise is rejected: the microtask that throws its reason into the function that awaits it says which function that is, and where it waits. So an
//! error has these frames from the moment on at which it leaves them. Those that it has left before its first `await`
//! stand in its stack already, and are not told twice; nor is a place that it leaves again.
//!
//! Where a function waits is in its compiled code, whose layout is the engine's own affair: `tests/js/builtins/call_sites.test.mjs` fails if it changes.

use std::ffi::CStr;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use mozjs::jsapi::{
    GetWeakMapEntry, JS_GetFunctionScript, JS_GetMaybePartialFunctionDisplayId,
    JS_GetObjectFunction, JS_GetScriptBaseLineNumber, JS_GetScriptFilename, JS_ObjectIsFunction,
    JSClass, JSContext, JSMicroTask, JSObject, JSScript, NewWeakMapObject, SetWeakMapEntry,
};
use mozjs::jsval::{JSVal, UndefinedValue};

use super::error::Error;
use super::local::Local;
use super::reactions::{
    FLAGS, GENERATOR, IS_ASYNC_FUNCTION, IS_ASYNC_GENERATOR, IS_FULFILLED, ON_FULFILLED, is_of,
    place,
};
use super::roots::{Slot, root};
use super::scope::Scope;
use super::tracing::{BUILT_IN, callee};

unsafe extern "C" {
    /// `js::PCToLineNumber`
    #[link_name = "_ZN2js14PCToLineNumberEP8JSScriptPhPN2JS28LimitedColumnNumberOneOriginE"]
    fn line_of(script: *mut JSScript, instruction: *mut u8, column: *mut u32) -> u32;
}

/// So many frames an error has at most (rule BOUNDED).
const MOST: usize = 32;

/// In the record of a rejection: what the promise was rejected with.
const REASON: u32 = ON_FULFILLED;
/// In a generator: by which of its places it goes on.
const RESUME_INDEX: u32 = 4;
/// In that slot while it runs.
const RUNNING: i32 = i32::MAX;

/// Where the parts of a compiled function are, in bytes (`BaseScript`, `SharedImmutableScriptData` and `ImmutableScriptData` of the engine).
mod layout {
    /// In a script: the line at which it begins, which is looked at to see that all this is still so, and its shared data.
    pub(super) const LINE: usize = 48;
    pub(super) const SHARED: usize = 72;
    /// In the shared data: the immutable data.
    pub(super) const IMMUTABLE: usize = 8;
    /// In these: where the table of places begins, the length of the code, and the code.
    pub(super) const PLACES: usize = 0;
    pub(super) const CODE_LENGTH: usize = 4;
    pub(super) const CODE: usize = 33;
}

/// The class of the engine's records of reactions, once one was seen.
static REACTION: AtomicPtr<JSClass> = AtomicPtr::new(ptr::null_mut());

/// Whether this microtask is a reaction's record. Asked of each one, so by the class and not by its name.
///
/// # Safety
/// The job must be alive.
unsafe fn is_reaction(job: *mut JSMicroTask) -> bool {
    // SAFETY: as the caller promises.
    let class = unsafe { mozjs::rust::get_object_class(job) }.cast_mut();
    if class == REACTION.load(Ordering::Relaxed) {
        return true;
    }
    // SAFETY: as the caller promises.
    let is_one = unsafe { is_of(job, c"PromiseReactionRecord") };
    if is_one {
        REACTION.store(class, Ordering::Relaxed);
    }
    is_one
}

/// What the context keeps: by errors the frames that they have left, as text, in a WeakMap.
#[derive(Default)]
struct Left(std::cell::RefCell<Option<Slot>>);

impl<'s> Scope<'s> {
    /// Before a microtask runs: if it throws into an async function, the error is about to leave a frame of that function.
    ///
    /// # Safety
    /// The job must be alive. It may move.
    pub(super) unsafe fn note_async_frame(&self, job: *mut JSMicroTask) {
        // SAFETY: as the caller promises; nothing here allocates before reason and generator are rooted.
        unsafe {
            if !is_reaction(job) {
                return;
            }
            let flags = place(job, FLAGS);
            let is_thrown = flags.is_int32()
                && flags.to_int32() & IS_FULFILLED == 0
                && flags.to_int32() & (IS_ASYNC_FUNCTION | IS_ASYNC_GENERATOR) != 0;
            if !is_thrown {
                return;
            }
            let (reason, generator) = (place(job, REASON), place(job, GENERATOR));
            if reason.is_object() && generator.is_object() {
                self.nested(|scope| scope.note(scope.root(reason), generator.to_object()));
            }
        }
    }

    fn note(&self, reason: Local<'_>, generator: *mut JSObject) {
        // Without memory a frame is missing.
        let noted = || -> Result<(), Error> {
            let Some(line) = self.waiting_at(generator)? else {
                return Ok(());
            };
            let mut text = self.left(reason)?.unwrap_or_default();
            if text.lines().any(|known| known == line) || text.lines().count() >= MOST {
                return Ok(());
            }
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&line);
            let text = self.string(&text)?;
            self.set_left(reason, text.value())
        };
        let _ = noted();
    }

    /// The frame of a function that waits, as V8 writes it; nothing for what is not the program's.
    fn waiting_at(&self, generator: *mut JSObject) -> Result<Option<String>, Error> {
        let cx = self.cx();
        // SAFETY: plain queries of live objects, null excluded; nothing allocates before the script is rooted, which keeps its file's name.
        unsafe {
            let index = place(generator, RESUME_INDEX);
            let function = callee(generator);
            if function.is_null() || !JS_ObjectIsFunction(function) || !index.is_int32() {
                return Ok(None);
            }
            root!(cx, raw = JS_GetObjectFunction(function));
            root!(cx, script = JS_GetFunctionScript(cx, raw.handle()));
            if script.get().is_null() {
                return Ok(None);
            }
            let file = JS_GetScriptFilename(script.get());
            if file.is_null() {
                return Ok(None);
            }
            let Ok(file) = CStr::from_ptr(file).to_str() else {
                return Ok(None);
            };
            if file == "self-hosted" || BUILT_IN.iter().any(|start| file.starts_with(start)) {
                return Ok(None);
            }
            let (line, column) = position(cx, script.get(), index.to_int32());
            let name = JS_GetMaybePartialFunctionDisplayId(raw.get());
            let name = match name.is_null() {
                true => String::new(),
                false => self.string_of(self.root_string(name)?)?,
            };
            Ok(Some(match name.as_str() {
                "" => format!("    at async {file}:{line}:{column}"),
                name => format!("    at async {name} ({file}:{line}:{column})"),
            }))
        }
    }

    fn left(&self, error: Local<'_>) -> Result<Option<String>, Error> {
        let cx = self.cx();
        let map = match &*self.state::<Left>().0.borrow() {
            Some(map) if error.is_object() => self.local(map),
            _ => return Ok(None),
        };
        root!(cx, map = map.object_or_null());
        root!(cx, key = error.value());
        root!(cx, text = UndefinedValue());
        // SAFETY: handles are roots; the key is an object.
        let ok = unsafe { GetWeakMapEntry(cx, map.handle(), key.handle(), text.handle_mut()) };
        self.check(ok)?;
        let text = self.root(text.get());
        Ok(match text.is_string() {
            true => Some(self.string_of(text)?),
            false => None,
        })
    }

    fn set_left(&self, error: Local<'_>, text: JSVal) -> Result<(), Error> {
        let cx = self.cx();
        root!(cx, value = text);
        let left = self.state::<Left>();
        if left.0.borrow().is_none() {
            // SAFETY: the result is rooted at once.
            let map = self.root_object(unsafe { NewWeakMapObject(cx) })?;
            *left.0.borrow_mut() = Some(self.persist(map));
        }
        let map = left.0.borrow().as_ref().map(|map| self.local(map));
        let map = map.map_or(ptr::null_mut(), |map| map.object_or_null());
        root!(cx, map = map);
        root!(cx, key = error.value());
        // SAFETY: handles are roots; the key is an object.
        let ok = unsafe { SetWeakMapEntry(cx, map.handle(), key.handle(), value.handle()) };
        self.check(ok)
    }

    /// The frames of async functions that an error has left, innermost first, one a line, without those that this stack has.
    pub fn async_frames(&self, error: Local<'_>, stack: &str) -> String {
        let left = self.left(error).ok().flatten();
        let Some(left) = left.filter(|left| !left.is_empty()) else {
            return String::new();
        };
        let left = self.mapped(left);
        let is_new = |line: &&str| {
            let call = line.replacen("at async ", "at ", 1);
            // The same line: a call stands a few columns beside its `await`.
            let until_column = call.rfind(':').map_or(call.as_str(), |end| &call[..=end]);
            !stack.contains(until_column)
        };
        left.lines().filter(is_new).collect::<Vec<_>>().join("\n")
    }

    /// From now on the error has left nothing.
    pub fn forget_async_frames(&self, error: Local<'_>) {
        if error.is_object() && self.state::<Left>().0.borrow().is_some() {
            // Without memory they stay.
            let _ = self.set_left(error, UndefinedValue());
        }
    }
}

/// Line and column of the place at which a function goes on; those of its beginning if the engine is not as it was.
///
/// # Safety
/// The script must be alive and compiled.
unsafe fn position(cx: *mut JSContext, script: *mut JSScript, index: i32) -> (u32, u32) {
    // SAFETY: a script that has run has its data, whose layout the line confirms; an index below the number of places is one of the engine's own.
    unsafe {
        let base = JS_GetScriptBaseLineNumber(cx, script);
        let read = |object: *const u8, at: usize| object.add(at).cast::<u32>().read_unaligned();
        let follow = |object: *const u8, at: usize| object.add(at).cast::<*const u8>().read();
        let script_data = script.cast_const().cast::<u8>();
        if read(script_data, layout::LINE) != base || !(0..RUNNING).contains(&index) {
            return (base, 1);
        }
        let shared = follow(script_data, layout::SHARED);
        if shared.is_null() {
            return (base, 1);
        }
        let data = follow(shared, layout::IMMUTABLE);
        let places = read(data, layout::PLACES) as usize;
        let offset = read(data, places + 4 * index as usize);
        if offset >= read(data, layout::CODE_LENGTH) {
            return (base, 1);
        }
        let instruction = data.add(layout::CODE + offset as usize).cast_mut();
        let mut column = 1;
        let line = line_of(script, instruction, &mut column);
        (line, column)
    }
}
