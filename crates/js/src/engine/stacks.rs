//! V8's interface to stacks (<https://v8.dev/docs/stack-trace-api>), which packages of npm count on, over the engine's own.
//!
//! The engine captures stacks as V8 does and has `Error.captureStackTrace` and `Error.stackTraceLimit`, but leaves out the line
//! with name and message, and knows no `Error.prepareStackTrace`. This replaces `captureStackTrace` and the getter of
//! `Error.prototype.stack` when a program first touches `Error`. As in V8 a captured stack becomes text when it is first
//! read, and so with the name and message of then. What `prepareStackTrace` gets is made by the embedder
//! ([`Hooks::call_sites`](super::Hooks::call_sites)) from [`Frame`]s.

use std::cell::{Cell, RefCell};
use std::ptr;

use mozjs::jsapi::{
    CaptureCurrentStack, ExceptionStackOrNull, GetSavedFrameColumn,
    GetSavedFrameFunctionDisplayName, GetSavedFrameLine, GetSavedFrameParent, GetSavedFrameSource,
    HandleObject, JS_StackCapture_MaxFrames, JSObject, JSProtoKey, JSString, SavedFrameResult,
    SavedFrameSelfHosted, StackCapture, TaggedColumnNumberOneOrigin,
};
use mozjs::jsval::ObjectOrNullValue;

use super::error::Error;
use super::functions::{Arguments, Op};
use super::local::Local;
use super::objects::Attributes;
use super::roots::{Slot, root};
use super::scope::Scope;

/// A call that was running when a stack was captured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frame {
    /// The function's name, or what the engine made up for one without; empty at the top level.
    pub function: String,
    /// File name or URL; `FILE line N > eval` for code of `eval`, `... > Function` for that of `Function`.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

/// More frames than this the engine does not keep.
const MOST: f64 = 128.0;

/// V8's limit.
const USUAL: f64 = 10.0;

const CAPTURE: Op = Op::new("captureStackTrace", 2, capture_stack_trace);
const GET_CAPTURED: Op = Op::new("get stack", 0, captured_stack);
const SET_CAPTURED: Op = Op::new("set stack", 1, set_stack);
const GET_OF_ERROR: Op = Op::new("get stack", 0, stack_of_error);

/// What the context keeps.
#[derive(Default)]
struct Stacks {
    constructor: RefCell<Option<Slot>>,
    /// The engine's own getter of `Error.prototype.stack`.
    original: RefCell<Option<Slot>>,
    setter: RefCell<Option<Slot>>,
    /// While `prepareStackTrace` runs, stacks are text.
    preparing: Cell<bool>,
    /// The last error of an operation that had been called long before, and what had called it. One is enough: what nobody handles is reported at
    /// the checkpoint that follows.
    failed: RefCell<Option<(Slot, Slot)>>,
}

/// Puts the interface on the realm's `Error`, once.
pub(super) fn install(scope: &Scope<'_>) -> Result<(), Error> {
    let stacks = scope.state::<Stacks>();
    if stacks.constructor.borrow().is_some() {
        return Ok(());
    }
    let constructor = scope.class_object(JSProtoKey::JSProto_Error)?;
    *stacks.constructor.borrow_mut() = Some(scope.persist(constructor));
    scope.full_stacks_are_range_errors()?;
    install_on(scope, constructor)
}

/// The same on the `Error` of a further realm, which is the current one.
pub(super) fn install_in_realm(scope: &Scope<'_>) -> Result<(), Error> {
    scope.full_stacks_are_range_errors()?;
    install_on(scope, scope.class_object(JSProtoKey::JSProto_Error)?)
}

fn install_on(scope: &Scope<'_>, constructor: Local<'_>) -> Result<(), Error> {
    let stacks = scope.state::<Stacks>();
    let capture = scope.function(&CAPTURE)?;
    scope.define(
        constructor,
        "captureStackTrace",
        capture,
        Attributes::HIDDEN,
    )?;
    scope.set(constructor, "stackTraceLimit", scope.number(USUAL))?;
    let prototype = scope.get(constructor, "prototype")?;
    let object = scope.class_object(JSProtoKey::JSProto_Object)?;
    let name = scope.string("stack")?;
    let descriptor = scope.call_method(object, "getOwnPropertyDescriptor", &[prototype, name])?;
    // One does for the errors of all realms.
    if stacks.original.borrow().is_none() {
        *stacks.original.borrow_mut() = Some(scope.persist(scope.get(descriptor, "get")?));
    }
    let getter = scope.function(&GET_OF_ERROR)?;
    let setter = scope.get(descriptor, "set")?;
    scope.define_accessor(prototype, c"stack", getter, setter)
}

/// `Error.captureStackTrace(object, function)`.
fn capture_stack_trace<'s>(
    scope: &Scope<'s>,
    arguments: Arguments<'s>,
) -> Result<Local<'s>, Error> {
    let object = arguments.get(0);
    if !object.is_object() {
        return Err(Error::type_error(
            "Error.captureStackTrace: the target is not an object",
        ));
    }
    let Some(limit) = limit(scope)? else {
        scope.define(object, "stack", Local::undefined(), Attributes::HIDDEN)?;
        return Ok(Local::undefined());
    };
    let frames = capture(scope, limit, arguments.get(1))?;
    let stacks = scope.state::<Stacks>();
    let setter = stacks
        .setter
        .borrow()
        .as_ref()
        .map(|setter| scope.local(setter));
    let setter = match setter {
        Some(setter) => setter,
        None => {
            let setter = scope.function(&SET_CAPTURED)?;
            *stacks.setter.borrow_mut() = Some(scope.persist(setter));
            setter
        }
    };
    let getter = scope.function_with(&GET_CAPTURED, frames)?;
    scope.define_accessor(object, c"stack", getter, setter)?;
    Ok(Local::undefined())
}

/// `Error.stackTraceLimit`: as many frames; none if it is no number any more.
fn limit(scope: &Scope<'_>) -> Result<Option<u32>, Error> {
    let constructor = scope.class_object(JSProtoKey::JSProto_Error)?;
    let limit = scope.get(constructor, "stackTraceLimit")?.as_f64();
    Ok(limit.map(|limit| limit.clamp(0.0, MOST) as u32))
}

/// Of what called an operation so many frames are kept: the library's own are among them.
const CALLS: u32 = 8;

impl<'s> Scope<'s> {
    /// The calls that are running, as saved frames.
    pub(super) fn calls(&self) -> Result<Local<'s>, Error> {
        capture(self, CALLS, Local::undefined())
    }

    /// Keeps what had called the operation that failed with this error.
    pub(super) fn note_calls(&self, error: Local<'_>, calls: Local<'_>) {
        let noted = (self.persist(error), self.persist(calls));
        *self.state::<Stacks>().failed.borrow_mut() = Some(noted);
    }

    /// What had called the operation that failed with this error, one frame a line, if it was the last to fail; empty otherwise.
    pub fn calls_of(&self, error: Local<'_>) -> String {
        let Some((failed, calls)) = self.state::<Stacks>().failed.take() else {
            return String::new();
        };
        match self.strictly_equal(self.local(&failed), error) {
            Ok(true) => self.format_stack(self.local(&calls)),
            _ => String::new(),
        }
    }
}

/// The innermost frames as a chain of saved frames, or null; those above the topmost call of `function` are left out.
fn capture<'s>(scope: &Scope<'s>, limit: u32, function: Local<'_>) -> Result<Local<'s>, Error> {
    if limit == 0 {
        return Ok(Local::null());
    }
    let cx = scope.cx();
    let after = if scope.is_function(function) {
        function.object_or_null()
    } else {
        ptr::null_mut()
    };
    root!(cx, after = after);
    root!(cx, stack = ptr::null_mut::<JSObject>());
    let mut how = std::mem::MaybeUninit::<StackCapture>::uninit();
    // SAFETY: `how` is initialised by the first call; handles are roots.
    let ok = unsafe {
        JS_StackCapture_MaxFrames(limit, how.as_mut_ptr());
        CaptureCurrentStack(cx, stack.handle_mut(), how.as_mut_ptr(), after.handle())
    };
    scope.check(ok)?;
    Ok(scope.root(ObjectOrNullValue(stack.get())))
}

/// The getter that `captureStackTrace` leaves. Its value takes its own place, as in V8.
fn captured_stack<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let this = arguments.this();
    if !this.is_object() {
        return Ok(Local::undefined());
    }
    let frames = arguments.held(scope);
    let stack = match prepared(scope, this, frames)? {
        Some(stack) => stack,
        None => {
            let text = scope.format_stack(frames);
            let head = headline(scope, this)?;
            let text = if text.is_empty() {
                head
            } else {
                format!("{head}\n{text}")
            };
            scope.string(&with_async_frames(scope, this, text))?
        }
    };
    settle(scope, this, stack)?;
    Ok(stack)
}

fn set_stack<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    if arguments.this().is_object() {
        scope.define(
            arguments.this(),
            "stack",
            arguments.get(0),
            Attributes::HIDDEN,
        )?;
    }
    Ok(Local::undefined())
}

/// The getter of `Error.prototype.stack`.
fn stack_of_error<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let this = arguments.this();
    let frames = saved_frames(scope, this);
    if let Some(frames) = frames
        && let Some(stack) = prepared(scope, this, frames)?
    {
        settle(scope, this, stack)?;
        return Ok(stack);
    }
    let stacks = scope.state::<Stacks>();
    let original = stacks
        .original
        .borrow()
        .as_ref()
        .map(|getter| scope.local(getter));
    let Some(original) = original else {
        return Ok(Local::undefined());
    };
    let stack = scope.call(original, this, &[])?;
    if !stack.is_string() {
        return Ok(stack);
    }
    // The engine ends the line with name and message, frames or not.
    let text = scope.string_of(stack)?;
    let text = match frames {
        Some(_) => scope.mapped(text),
        None => text.trim_end_matches('\n').to_owned(),
    };
    scope.string(&with_async_frames(scope, this, text))
}

/// The stack with the async functions that the error has left by now, as far as `stackTraceLimit` goes.
fn with_async_frames(scope: &Scope<'_>, error: Local<'_>, mut text: String) -> String {
    let left = scope.async_frames(error, &text);
    if !left.is_empty() {
        let limit = limit(scope).ok().flatten().unwrap_or(0) as usize;
        let room = limit.saturating_sub(text.matches("\n    at ").count());
        for line in left.lines().take(room) {
            if !text.ends_with('\n') {
                text.push('\n');
            }
            text.push_str(line);
        }
    }
    text
}

/// The value takes the place of the accessor that gave it.
fn settle(scope: &Scope<'_>, object: Local<'_>, stack: Local<'_>) -> Result<(), Error> {
    // A frozen object keeps the accessor.
    match scope.define(object, "stack", stack, Attributes::HIDDEN) {
        Err(error) if error.is_terminated() => Err(error),
        _ => Ok(()),
    }
}

/// The saved frames of an error object.
fn saved_frames<'s>(scope: &Scope<'s>, error: Local<'_>) -> Option<Local<'s>> {
    let cx = scope.cx();
    if !error.is_object() {
        return None;
    }
    root!(cx, object = error.object_or_null());
    // SAFETY: the handle is a root.
    let frames = unsafe { ExceptionStackOrNull(object.handle()) };
    (!frames.is_null()).then(|| scope.root(ObjectOrNullValue(frames)))
}

/// What `Error.prepareStackTrace`, if the program has set one, makes of these frames.
fn prepared<'s>(
    scope: &Scope<'s>,
    error: Local<'s>,
    frames: Local<'s>,
) -> Result<Option<Local<'s>>, Error> {
    let stacks = scope.state::<Stacks>();
    if stacks.preparing.get() {
        return Ok(None);
    }
    let constructor = scope.class_object(JSProtoKey::JSProto_Error)?;
    let mut prepare = scope.get(constructor, "prepareStackTrace")?;
    if !scope.is_function(prepare) {
        // As in Node what the main realm has counts for errors of contexts that have none: Jest sets it there for the tests in its contexts.
        let main = stacks
            .constructor
            .borrow()
            .as_ref()
            .map(|main| scope.local(main));
        prepare = match main {
            Some(main) => scope.get(main, "prepareStackTrace")?,
            None => return Ok(None),
        };
        if !scope.is_function(prepare) {
            return Ok(None);
        }
    }
    struct Preparing<'p>(&'p Cell<bool>);
    impl Drop for Preparing<'_> {
        fn drop(&mut self) {
            self.0.set(false);
        }
    }
    stacks.preparing.set(true);
    let _preparing = Preparing(&stacks.preparing);
    let hooks = scope.inner().hooks.borrow().clone();
    let sites = hooks.call_sites(scope, scope.frames(frames)?)?;
    scope.call(prepare, constructor, &[error, sites]).map(Some)
}

/// `name: message`, as `Error.prototype.toString` has it whatever the program did to that.
fn headline(scope: &Scope<'_>, error: Local<'_>) -> Result<String, Error> {
    let part = |key, otherwise: &str| {
        let value = scope.get(error, key)?;
        if value.is_undefined() {
            return Ok(otherwise.to_owned());
        }
        scope.string_of(value)
    };
    let (name, message) = (part("name", "Error")?, part("message", "")?);
    Ok(match (name.as_str(), message.as_str()) {
        (_, "") => name,
        ("", _) => message,
        _ => format!("{name}: {message}"),
    })
}

impl Scope<'_> {
    /// Puts V8's interface to stacks on the realm's `Error` now, not when the program first touches that.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn install_stacks(&self) -> Result<(), Error> {
        install(self)
    }

    /// The frames of a chain of saved frames, innermost first.
    pub(super) fn frames(&self, chain: Local<'_>) -> Result<Vec<Frame>, Error> {
        let mut frames = Vec::new();
        let cx = self.cx();
        root!(cx, saved = chain.object_or_null());
        while !saved.get().is_null() {
            let frame = self.nested(|scope| frame(scope, saved.handle()))?;
            if frame.line != 0 || !frame.file.is_empty() {
                frames.push(frame);
            }
            root!(cx, parent = ptr::null_mut::<JSObject>());
            // SAFETY: handles are roots; without principals every frame is open.
            unsafe {
                GetSavedFrameParent(
                    cx,
                    ptr::null_mut(),
                    saved.handle(),
                    parent.handle_mut(),
                    SavedFrameSelfHosted::Exclude,
                );
            }
            saved.handle_mut().set(parent.get());
        }
        Ok(frames)
    }
}

fn frame(scope: &Scope<'_>, saved: HandleObject) -> Result<Frame, Error> {
    let cx = scope.cx();
    let mut found = Frame::default();
    let mut column = TaggedColumnNumberOneOrigin { value_: 0 };
    root!(cx, text = ptr::null_mut::<JSString>());
    // SAFETY: handles are roots, and `saved` is one of the caller; the numbers outlive their calls.
    let named = unsafe {
        let frame = || HandleObject {
            ptr: saved.ptr,
            ..saved
        };
        GetSavedFrameLine(
            cx,
            ptr::null_mut(),
            frame(),
            &mut found.line,
            SavedFrameSelfHosted::Exclude,
        );
        GetSavedFrameColumn(
            cx,
            ptr::null_mut(),
            frame(),
            &mut column,
            SavedFrameSelfHosted::Exclude,
        );
        GetSavedFrameSource(
            cx,
            ptr::null_mut(),
            frame(),
            text.handle_mut(),
            SavedFrameSelfHosted::Exclude,
        )
    };
    found.column = column.value_;
    if named == SavedFrameResult::Ok && !text.get().is_null() {
        found.file = scope.string_of(scope.root_string(text.get())?)?;
    }
    root!(cx, name = ptr::null_mut::<JSString>());
    // SAFETY: as above.
    let named = unsafe {
        GetSavedFrameFunctionDisplayName(
            cx,
            ptr::null_mut(),
            HandleObject {
                ptr: saved.ptr,
                ..saved
            },
            name.handle_mut(),
            SavedFrameSelfHosted::Exclude,
        )
    };
    if named == SavedFrameResult::Ok && !name.get().is_null() {
        found.function = scope.string_of(scope.root_string(name.get())?)?;
    }
    Ok(found)
}
