//! [`Error`]: how a Rust operation fails towards JavaScript, and how JavaScript fails towards Rust.
//!
//! Either a description (class, message, extra properties) that becomes a JavaScript error with a stack when it is
//! thrown or rejects a promise, or a thrown value held in a slot, or a termination, which no JavaScript can catch
//! (`process.exit`, Ctrl-C, a time limit). It is not `Send`; a helper thread returns its own error type, and the
//! future that awaits it converts.

use std::fmt;

use mozjs::jsapi::{
    ExceptionStack, JS_ClearPendingException, JS_IsExceptionPending, JSObject, JSProtoKey,
    ReportUncatchableException, Rooted, SetPendingExceptionStack, StealPendingExceptionStack,
};
use mozjs::jsval::{ObjectOrNullValue, UndefinedValue};

use super::local::Local;
use super::roots::Slot;
use super::scope::Scope;

/// The classes of errors that JavaScript itself defines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the language's own")]
pub enum ErrorClass {
    Error,
    TypeError,
    RangeError,
    SyntaxError,
    ReferenceError,
}

/// A failure of an operation.
pub struct Error(Box<Failure>);

enum Failure {
    Described {
        class: Class,
        message: String,
        properties: Vec<(&'static str, Property)>,
        /// What called the operation, as saved frames.
        calls: Option<Slot>,
    },
    Thrown {
        value: Slot,
        stack: Slot,
    },
    Terminated,
}

enum Class {
    Js(ErrorClass),
    Dom(&'static str),
}

/// The value of an extra property of an error, such as `errno`.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "each holds what its name says")]
pub enum Property {
    String(String),
    Number(f64),
    /// An array.
    Strings(Vec<String>),
}

impl From<&str> for Property {
    fn from(value: &str) -> Self {
        Property::String(value.to_owned())
    }
}
impl From<String> for Property {
    fn from(value: String) -> Self {
        Property::String(value)
    }
}
impl From<Vec<String>> for Property {
    fn from(value: Vec<String>) -> Self {
        Property::Strings(value)
    }
}
impl From<f64> for Property {
    fn from(value: f64) -> Self {
        Property::Number(value)
    }
}
impl From<i32> for Property {
    fn from(value: i32) -> Self {
        Property::Number(value.into())
    }
}

impl Error {
    /// An error of a class of the language.
    pub fn of(class: ErrorClass, message: impl Into<String>) -> Error {
        Error(Box::new(Failure::Described {
            class: Class::Js(class),
            message: message.into(),
            properties: Vec::new(),
            calls: None,
        }))
    }

    /// A plain `Error`.
    pub fn new(message: impl Into<String>) -> Error {
        Error::of(ErrorClass::Error, message)
    }

    /// A `TypeError`.
    pub fn type_error(message: impl Into<String>) -> Error {
        Error::of(ErrorClass::TypeError, message)
    }

    /// A `RangeError`.
    pub fn range_error(message: impl Into<String>) -> Error {
        Error::of(ErrorClass::RangeError, message)
    }

    /// A `SyntaxError`.
    pub fn syntax_error(message: impl Into<String>) -> Error {
        Error::of(ErrorClass::SyntaxError, message)
    }

    /// A `DOMException` with this name (`"AbortError"`, `"InvalidStateError"`, ...).
    pub fn dom(name: &'static str, message: impl Into<String>) -> Error {
        Error(Box::new(Failure::Described {
            class: Class::Dom(name),
            message: message.into(),
            properties: Vec::new(),
            calls: None,
        }))
    }

    /// A plain `Error` with a Node-style `code` (`"ENOENT"`, `"ERR_INVALID_ARG_TYPE"`, ...).
    pub fn coded(code: impl Into<String>, message: impl Into<String>) -> Error {
        Error::new(message).with("code", Property::String(code.into()))
    }

    /// A value to throw as it is.
    pub fn thrown(scope: &Scope<'_>, value: Local<'_>) -> Error {
        Error(Box::new(Failure::Thrown {
            value: scope.persist(value),
            stack: scope.persist(Local::undefined()),
        }))
    }

    /// The error that no JavaScript can catch: it unwinds to the outermost call.
    pub fn terminated() -> Error {
        Error(Box::new(Failure::Terminated))
    }

    /// The same error with one more property on the error object. No effect on a thrown value.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Property>) -> Error {
        if let Failure::Described { properties, .. } = &mut *self.0 {
            properties.push((name, value.into()));
        }
        self
    }

    /// The same error, of an operation that was called there. No effect on a thrown value.
    #[must_use]
    pub(super) fn called_by(mut self, frames: Slot) -> Error {
        if let Failure::Described { calls, .. } = &mut *self.0 {
            *calls = Some(frames);
        }
        self
    }

    /// What called the operation that failed, if that is known.
    pub(super) fn calls<'s>(&self, scope: &Scope<'s>) -> Option<Local<'s>> {
        match &*self.0 {
            Failure::Described { calls, .. } => calls.as_ref().map(|calls| scope.local(calls)),
            _ => None,
        }
    }

    /// Whether this is a termination.
    pub fn is_terminated(&self) -> bool {
        matches!(*self.0, Failure::Terminated)
    }

    /// The thrown value, or the error object that this describes; `None` for a termination.
    pub fn to_local<'s>(&self, scope: &Scope<'s>) -> Option<Local<'s>> {
        match &*self.0 {
            Failure::Terminated => None,
            Failure::Thrown { value, .. } => Some(scope.local(value)),
            Failure::Described {
                class,
                message,
                properties,
                ..
            } => Some(describe(scope, class, message, properties)),
        }
    }

    /// The stack where a value that is no error object was thrown, in V8's format; empty when there is none.
    pub fn throw_site(&self, scope: &Scope<'_>) -> String {
        match &*self.0 {
            Failure::Thrown { stack, .. } => scope.format_stack(scope.local(stack)),
            _ => String::new(),
        }
    }

    /// Takes the exception that a failed engine call left behind; none means a termination.
    pub(super) fn pending(scope: &Scope<'_>) -> Error {
        let cx = scope.cx();
        // SAFETY: plain query of the current context.
        if !unsafe { JS_IsExceptionPending(cx) } {
            return Error::terminated();
        }
        let mut taken = ExceptionStack {
            exception_: Rooted::new_unrooted(UndefinedValue()),
            stack_: Rooted::new_unrooted(std::ptr::null_mut::<JSObject>()),
        };
        // SAFETY: both roots stay in place on this frame and are unlinked, last first, before it ends.
        unsafe {
            let exception = &raw mut taken.exception_;
            let stack = &raw mut taken.stack_;
            Rooted::add_to_root_stack(exception, cx);
            Rooted::add_to_root_stack(stack, cx);
            let error = if StealPendingExceptionStack(cx, &raw mut taken) {
                let roots = &scope.inner().roots;
                let value = roots.slot((*exception).data);
                let stack = roots.slot(ObjectOrNullValue((*stack).data));
                Error(Box::new(Failure::Thrown { value, stack }))
            } else {
                JS_ClearPendingException(cx);
                Error::terminated()
            };
            (*stack).remove_from_root_stack();
            (*exception).remove_from_root_stack();
            error
        }
    }

    /// Makes this the pending exception, for a native function that is about to return false.
    pub(super) fn raise(self, scope: &Scope<'_>) {
        let cx = scope.cx();
        let Some(value) = self.to_local(scope) else {
            // SAFETY: plain notice to the engine that the coming failure has no exception on purpose.
            unsafe { ReportUncatchableException(cx) };
            return;
        };
        let stack = match &*self.0 {
            Failure::Thrown { stack, .. } => scope.local(stack).object_or_null(),
            _ => std::ptr::null_mut(),
        };
        let mut exception = ExceptionStack {
            exception_: Rooted::new_unrooted(value.value()),
            stack_: Rooted::new_unrooted(stack),
        };
        // SAFETY: as in `pending`.
        unsafe {
            let value = &raw mut exception.exception_;
            let stack = &raw mut exception.stack_;
            Rooted::add_to_root_stack(value, cx);
            Rooted::add_to_root_stack(stack, cx);
            SetPendingExceptionStack(cx, &raw const exception);
            (*stack).remove_from_root_stack();
            (*value).remove_from_root_stack();
        }
    }
}

fn describe<'s>(
    scope: &Scope<'s>,
    class: &Class,
    message: &str,
    properties: &[(&'static str, Property)],
) -> Local<'s> {
    let made = match class {
        Class::Js(class) => scope.new_error(*class, message),
        Class::Dom(name) => {
            let hooks = scope.inner().hooks.borrow().clone();
            hooks.dom_exception(scope, name, message)
        }
    };
    let error = match made {
        Ok(error) => error,
        // Making the error failed (out of memory, recursion limit): that failure is what the caller gets to see.
        Err(failure) => return failure.to_local(scope).unwrap_or_else(Local::undefined),
    };
    for (name, value) in properties {
        let value = match value {
            Property::String(value) => scope.string(value),
            Property::Number(value) => Ok(scope.number(*value)),
            Property::Strings(values) => (values.iter().map(|value| scope.string(value)))
                .collect::<Result<Vec<_>, _>>()
                .and_then(|values| scope.array(&values)),
        };
        let _ = value.and_then(|value| scope.set(error, *name, value));
    }
    error
}

impl<'s> Scope<'s> {
    /// A new error object of `class`, with the current stack.
    ///
    /// # Errors
    /// When memory or the stack runs out.
    pub fn new_error(&self, class: ErrorClass, message: &str) -> Result<Local<'s>, Error> {
        let key = match class {
            ErrorClass::Error => JSProtoKey::JSProto_Error,
            ErrorClass::TypeError => JSProtoKey::JSProto_TypeError,
            ErrorClass::RangeError => JSProtoKey::JSProto_RangeError,
            ErrorClass::SyntaxError => JSProtoKey::JSProto_SyntaxError,
            ErrorClass::ReferenceError => JSProtoKey::JSProto_ReferenceError,
        };
        // The realm's original constructor, whatever the program did to the global of that name.
        let constructor = self.class_object(key)?;
        let message = self.string(message)?;
        self.construct(constructor, &[message])
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Failure::Described {
                class: Class::Js(class),
                message,
                ..
            } => write!(formatter, "{class:?}: {message}"),
            Failure::Described {
                class: Class::Dom(name),
                message,
                ..
            } => write!(formatter, "{name}: {message}"),
            Failure::Thrown { .. } => formatter.write_str("a thrown value"),
            Failure::Terminated => formatter.write_str("terminated"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, formatter)
    }
}

impl std::error::Error for Error {}
