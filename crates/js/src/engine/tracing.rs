//! What a traced process (`twinloop trace`) writes down of JavaScript: the chains of its microtasks, the names and lines of functions, and the
//! stack of what runs for long.
//!
//! A chain is one call of an asynchronous function, or the reactions (`then`) that queue each other. The engine tells of neither, but a microtask says what
//! it will do: the record of a reaction names the generator of the function that goes on, or the handler. Which microtask or entry queued it
//! follows from its place in the queue. So a promise costs nothing more when it is made, and nothing at all without a trace. What
//! built-in files and native functions do on the way is left out: it counts as an act of who queued it.
//!
//! The layout of the engine's records is in `reactions.rs`.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::ffi::{CStr, CString};
use std::ptr;

use mozjs::jsapi::{
    CaptureCurrentStack, GetWeakMapEntry, JS_ClearPendingException, JS_GetFunctionScript,
    JS_GetMaybePartialFunctionDisplayId, JS_GetObjectFunction, JS_GetScriptBaseLineNumber,
    JS_GetScriptFilename, JS_ObjectIsFunction, JS_RequestInterruptCallbackCanWait,
    JS_StackCapture_MaxFrames, JSClass, JSContext, JSMicroTask, JSObject, NewWeakMapObject,
    SetWeakMapEntry, StackCapture,
};
use mozjs::jsval::{Int32Value, ObjectOrNullValue, ObjectValue, UndefinedValue};
use twinloop_loop::trace::{ByNumber, LaneKind, Language, Recorder};

use super::context::ContextState;
use super::local::Local;
use super::reactions::{
    FLAGS, GENERATOR, IS_ASYNC_FUNCTION, IS_ASYNC_GENERATOR, IS_FULFILLED, ON_FULFILLED,
    ON_REJECTED, place,
};
use super::roots::{Slot, root};
use super::scope::Scope;

/// In a generator: its function, or null when that has returned.
const CALLEE: u32 = 0;

/// Frames of a sample.
const FRAMES: u32 = 24;
/// How the names of the built-in library's files begin, and those of the bridge's.
pub(super) const BUILT_IN: [&str; 2] = ["node:", "twinloop:"];

/// What a context knows while the process is traced; empty otherwise.
#[derive(Default)]
pub(super) struct Tracing {
    /// Who queued what: up to a place of the queue of microtasks, a bar and the chain of reactions that it is of (0 for none).
    queued: RefCell<VecDeque<(u64, Source)>>,
    /// The lane of each generator that is alive and not the last: a WeakMap. Most functions are over once they go on, and never come here: an entry
    /// costs more than all their records.
    lanes: RefCell<Option<Slot>>,
    names: RefCell<HashMap<Place, (CString, u32), ByNumber>>,
    /// The class of the engine's records of reactions, once one was seen.
    reaction_class: Cell<Option<*const JSClass>>,
    /// The chain of reactions whose microtask runs.
    reactions: Cell<u32>,
    /// The generator that went on last, which often does again, and whether it does now.
    last: RefCell<Option<Resumed>>,
    is_resumed: Cell<bool>,
    asked: Cell<bool>,
    /// The number of the recorder that all this is of.
    recording: Cell<u32>,
}

/// A generator that went on.
struct Resumed {
    generator: Slot,
    lane: u32,
    name: u32,
    /// It is in the map.
    is_kept: bool,
}

impl Resumed {
    fn generator(&self) -> *mut JSObject {
        self.generator.value().to_object_or_null()
    }

    /// Whether it has returned.
    fn is_over(&self) -> bool {
        let generator = self.generator();
        !generator.is_null() && callee(generator).is_null()
    }
}

#[derive(Clone, Copy, Default)]
struct Source {
    bar: u32,
    reactions: u32,
}

/// A function in its file.
#[derive(PartialEq, Eq, Hash)]
struct Place {
    /// Where the file's name and its own are. What is there may be another one by now, of the file at least that is looked at.
    file: usize,
    name: usize,
    line: u32,
}

impl Tracing {
    pub(super) fn forget(&self) {
        self.lanes.take();
        self.last.take();
        self.queued.borrow_mut().clear();
        self.names.borrow_mut().clear();
        self.reactions.set(0);
        self.asked.set(false);
    }

    /// An entry of the loop has run, and its microtasks are to run now.
    pub(super) fn entry_ran(&self, inner: &ContextState) {
        let recording = Recorder::current().map_or(0, |recorder| recorder.number());
        if self.recording.replace(recording) != recording {
            self.forget();
        }
        self.ask_when_blocked(inner);
        self.note_queued(inner);
    }

    /// The microtasks that were queued since the last time are the doing of what acts now.
    fn note_queued(&self, inner: &ContextState) {
        let Some(recorder) = Recorder::current() else {
            return;
        };
        let end = inner.microtasks_queued();
        let source = Source {
            bar: recorder.acting(),
            reactions: self.reactions.get(),
        };
        let mut queued = self.queued.borrow_mut();
        match queued.back() {
            Some((known, _)) if *known >= end => {}
            _ => queued.push_back((end, source)),
        }
    }

    /// A microtask is about to run: a reaction's record, or a function of the program's.
    pub(super) fn begin(&self, scope: &Scope<'_>, task: Task, place: u64) {
        let Some(recorder) = Recorder::current() else {
            return;
        };
        let source = self.source(place);
        self.reactions.set(0);
        match task {
            Task::Function(function) => self.begin_reaction(scope, &recorder, function, source),
            Task::Job(job) => match self.work_of(job) {
                Work::Resume(generator) => self.resume(scope, &recorder, generator, source),
                Work::React(handler) => self.begin_reaction(scope, &recorder, handler, source),
                Work::Pass => self.pass(&recorder, source),
            },
        }
    }

    /// It has run.
    pub(super) fn end(&self, inner: &ContextState) {
        self.note_queued(inner);
        self.reactions.set(0);
        if !self.is_resumed.replace(false) {
            return;
        }
        let over = self.last.borrow_mut().take_if(|last| last.is_over());
        if let (Some(last), Some(recorder)) = (over, Recorder::current()) {
            recorder.end_lane(last.lane);
        }
    }

    /// Who queued the microtask that was at this place of the queue.
    fn source(&self, place: u64) -> Source {
        let mut queued = self.queued.borrow_mut();
        while queued.front().is_some_and(|(end, _)| *end <= place) {
            queued.pop_front();
        }
        queued.front().map_or_else(Source::default, |front| front.1)
    }

    /// Nothing of the program's: whoever queued it acts on.
    fn pass(&self, recorder: &Recorder, source: Source) {
        self.reactions.set(source.reactions);
        recorder.microtask(source.bar);
    }

    fn begin_reaction(
        &self,
        scope: &Scope<'_>,
        recorder: &Recorder,
        handler: *mut JSObject,
        source: Source,
    ) {
        let name = self.name_of(scope, recorder, handler);
        if name == 0 {
            return self.pass(recorder, source);
        }
        let lane = match source.reactions {
            0 => recorder.lane(LaneKind::Chain, Language::JavaScript, name),
            lane => lane,
        };
        self.reactions.set(lane);
        recorder.chain(Language::JavaScript, lane, name, source.bar);
    }

    fn resume(
        &self,
        scope: &Scope<'_>,
        recorder: &Recorder,
        generator: *mut JSObject,
        source: Source,
    ) {
        let cx = scope.cx();
        root!(cx, generator = generator);
        let known = {
            let last = self.last.borrow();
            let same = (last.as_ref()).filter(|last| last.generator() == generator.get());
            same.map(|last| (last.lane, last.name))
        };
        if let Some((lane, name)) = known {
            self.is_resumed.set(true);
            return recorder.chain(Language::JavaScript, lane, name, source.bar);
        }
        let name = self.name_of(scope, recorder, callee(generator.get()));
        if name == 0 {
            return self.pass(recorder, source);
        }
        self.keep_last(scope);
        let known = self.known_lane(scope, generator.get());
        let new = || recorder.lane(LaneKind::Chain, Language::JavaScript, name);
        let lane = known.unwrap_or_else(new);
        *self.last.borrow_mut() = Some(Resumed {
            generator: scope.inner().roots.slot(ObjectValue(generator.get())),
            lane,
            name,
            is_kept: known.is_some(),
        });
        self.is_resumed.set(true);
        recorder.chain(Language::JavaScript, lane, name, source.bar);
    }

    /// The lane of a generator that went on before.
    fn known_lane(&self, scope: &Scope<'_>, generator: *mut JSObject) -> Option<u32> {
        let map = self.lanes.borrow().as_ref()?.value().to_object_or_null();
        let cx = scope.cx();
        root!(cx, map = map);
        root!(cx, key = ObjectValue(generator));
        root!(cx, known = UndefinedValue());
        // SAFETY: handles are roots; the key is an object.
        let ok = unsafe { GetWeakMapEntry(cx, map.handle(), key.handle(), known.handle_mut()) };
        (ok && known.get().is_int32()).then(|| known.get().to_int32() as u32)
    }

    /// Another generator goes on: the lane of the last, which will go on again, is put where it is found then.
    fn keep_last(&self, scope: &Scope<'_>) {
        let last = self.last.take();
        let Some(last) = last.filter(|last| !last.is_kept && !last.is_over()) else {
            return;
        };
        let cx = scope.cx();
        if self.lanes.borrow().is_none() {
            // SAFETY: the result is rooted at once.
            let Ok(map) = scope.root_object(unsafe { NewWeakMapObject(cx) }) else {
                return;
            };
            *self.lanes.borrow_mut() = Some(scope.persist(map));
        }
        let map = self.lanes.borrow().as_ref().map(Slot::value);
        root!(
            cx,
            map = map.map_or(ptr::null_mut(), |map| map.to_object_or_null())
        );
        root!(cx, key = last.generator.value());
        root!(cx, value = Int32Value(last.lane as i32));
        // SAFETY: handles are roots; the key is an object.
        let ok = unsafe { SetWeakMapEntry(cx, map.handle(), key.handle(), value.handle()) };
        if !ok {
            // SAFETY: a live context; without memory the next microtask of the function begins another lane.
            unsafe { JS_ClearPendingException(cx) };
        }
    }

    /// The number of a function's name, file and line; 0 for one that is none of the program's.
    fn name_of(&self, scope: &Scope<'_>, recorder: &Recorder, function: *mut JSObject) -> u32 {
        let cx = scope.cx();
        // SAFETY: plain queries of live objects, null excluded; the file's name lives as long as the script, which is a root.
        unsafe {
            if function.is_null() || !JS_ObjectIsFunction(function) {
                return 0;
            }
            root!(cx, raw = JS_GetObjectFunction(function));
            root!(cx, script = JS_GetFunctionScript(cx, raw.handle()));
            if script.get().is_null() {
                return 0;
            }
            let file = JS_GetScriptFilename(script.get());
            if file.is_null() {
                return 0;
            }
            let file = CStr::from_ptr(file);
            let line = JS_GetScriptBaseLineNumber(cx, script.get());
            let name = JS_GetMaybePartialFunctionDisplayId(raw.get());
            let place = Place {
                file: file.as_ptr() as usize,
                name: name as usize,
                line,
            };
            if let Some((known, number)) = self.names.borrow().get(&place)
                && **known == *file
            {
                return *number;
            }
            let number = match file.to_str() {
                Ok(file)
                    if !BUILT_IN.iter().any(|start| file.starts_with(start))
                        && file != "self-hosted" =>
                {
                    let shown = match name.is_null() {
                        true => String::new(),
                        false => (scope.root_string(name))
                            .and_then(|name| scope.string_of(name))
                            .unwrap_or_default(),
                    };
                    recorder.name(&place_text(&shown, file, line))
                }
                _ => 0,
            };
            let known = (file.to_owned(), number);
            self.names.borrow_mut().insert(place, known);
            number
        }
    }

    fn work_of(&self, job: *mut JSMicroTask) -> Work {
        // SAFETY: a live microtask has a class; nothing here allocates.
        let (class, name) = unsafe {
            let class = mozjs::rust::get_object_class(job);
            (class, (*class).name)
        };
        if self.reaction_class.get() != Some(class) {
            // SAFETY: a class has a name, which ends.
            if unsafe { CStr::from_ptr(name) } != c"PromiseReactionRecord" {
                return Work::Pass;
            }
            self.reaction_class.set(Some(class));
        }
        work_of_reaction(job)
    }

    /// Says what the entry of the loop that runs is: a call of this function.
    fn describe(&self, scope: &Scope<'_>, function: Local<'_>) {
        let Some(recorder) = Recorder::current() else {
            return;
        };
        let name = self.name_of(scope, &recorder, function.object_or_null());
        if name != 0 {
            recorder.describe(Language::JavaScript, name);
        }
    }

    /// Has the engine stop at a safe point when something runs for long, from the first entry on.
    fn ask_when_blocked(&self, inner: &ContextState) {
        if self.asked.get() {
            return;
        }
        let Some(recorder) = Recorder::current() else {
            return;
        };
        self.asked.set(true);
        let handle = inner.interrupt.handle();
        recorder.ask_when_blocked(Box::new(move || handle.look()));
    }

    /// At a safe point: if something runs for long, what.
    pub(super) fn sample(&self, inner: &ContextState) {
        let Some(recorder) = Recorder::current().filter(|recorder| recorder.is_sample_due()) else {
            return;
        };
        let scope = Scope::open(inner);
        let cx = scope.cx();
        root!(cx, stack = ptr::null_mut::<JSObject>());
        root!(cx, none = ptr::null_mut::<JSObject>());
        let mut how = std::mem::MaybeUninit::<StackCapture>::uninit();
        // SAFETY: `how` is initialised by the first call; handles are roots.
        let ok = unsafe {
            JS_StackCapture_MaxFrames(FRAMES, how.as_mut_ptr());
            CaptureCurrentStack(cx, stack.handle_mut(), how.as_mut_ptr(), none.handle())
        };
        if !ok {
            // SAFETY: a live context.
            unsafe { JS_ClearPendingException(cx) };
            return;
        }
        let chain = scope.root(ObjectOrNullValue(stack.get()));
        let frames: Vec<_> = (scope.frames(chain).unwrap_or_default().iter())
            .map(|frame| place_text(&frame.function, &frame.file, frame.line))
            .collect();
        if !frames.is_empty() {
            recorder.sample(Language::JavaScript, &frames.join("\n"));
        }
    }
}

/// A microtask.
#[derive(Clone, Copy)]
pub(super) enum Task {
    /// One of the engine's.
    Job(*mut JSMicroTask),
    /// One of `queueMicrotask`.
    Function(*mut JSObject),
}

enum Work {
    /// A function goes on behind its `await`.
    Resume(*mut JSObject),
    /// A handler is called.
    React(*mut JSObject),
    /// A promise is settled with another's outcome.
    Pass,
}

fn work_of_reaction(job: *mut JSMicroTask) -> Work {
    // SAFETY: a live microtask, whose class tells that it has these places; nothing here allocates.
    unsafe {
        let flags = place(job, FLAGS);
        if !flags.is_int32() {
            return Work::Pass;
        }
        let flags = flags.to_int32();
        if flags & (IS_ASYNC_FUNCTION | IS_ASYNC_GENERATOR) != 0 {
            let generator = place(job, GENERATOR);
            return if generator.is_object() {
                Work::Resume(generator.to_object())
            } else {
                Work::Pass
            };
        }
        let is_fulfilled = flags & IS_FULFILLED != 0;
        let handler = place(
            job,
            if is_fulfilled {
                ON_FULFILLED
            } else {
                ON_REJECTED
            },
        );
        if handler.is_object() {
            Work::React(handler.to_object())
        } else {
            Work::Pass
        }
    }
}

/// The function of a generator; null when that has returned.
pub(super) fn callee(generator: *mut JSObject) -> *mut JSObject {
    if generator.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: a live generator, which has the place.
    let value = unsafe { place(generator, CALLEE) };
    if value.is_object() {
        value.to_object()
    } else {
        ptr::null_mut()
    }
}

/// A function as names have it: what it is, its file and its line, between tabs.
fn place_text(function: &str, file: &str, line: u32) -> String {
    let function = match function {
        // A module's own code, or a function without a name there.
        "" if line == 1 => "(top level)",
        "" => "(anonymous)",
        function => function,
    };
    format!("{function}\t{file}\t{line}")
}

impl Scope<'_> {
    /// Says what the entry of the loop that runs is, in a process that is traced: a call of this function.
    pub fn describe_entry(&self, function: Local<'_>) {
        self.inner().tracing.describe(self, function);
    }
}

/// Asks for [`Tracing::sample`], from any thread.
pub(super) fn request(cx: *mut JSContext) {
    // SAFETY: this request is allowed from any thread while the context is alive, which the caller sees to.
    unsafe { JS_RequestInterruptCallbackCanWait(cx) };
}
