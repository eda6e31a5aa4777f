//! Another language that lives in the process, and what JavaScript asks of it: Python, where JavaScript runs inside Python.
//!
//! Its objects reach JavaScript as Proxies, which no test of the language takes for bytes. Whoever knows both languages says here
//! which of them are (`Js::set_guest`), and whether a rejection is still the other language's to handle.

use std::cell::RefCell;
use std::rc::Rc;

use crate::engine::{Arguments, Error, Local, Op, Scope};

/// The other language.
pub trait Guest {
    /// Whether the value is one of its buffers of bytes: a BufferSource to web APIs.
    fn is_buffer(&self, scope: &Scope<'_>, value: Local<'_>) -> bool;

    /// The bytes of such a buffer as a `Uint8Array` of their own.
    ///
    /// # Errors
    /// What the other language raises, as an error of JavaScript.
    fn bytes_of<'s>(&self, scope: &Scope<'s>, value: Local<'_>) -> Result<Local<'s>, Error>;

    /// Whether the value is one of its dictionaries: a record to web APIs, although it can be iterated.
    fn is_record(&self, scope: &Scope<'_>, value: Local<'_>) -> bool;

    /// A copy in JavaScript's own types of what is data in the other language, at any depth; nothing for all else.
    ///
    /// # Errors
    /// As for `bytes_of`.
    fn copy_of<'s>(&self, scope: &Scope<'s>, value: Local<'_>) -> Result<Option<Local<'s>>, Error>;

    /// Whether the other language holds this rejected promise and may handle it yet. Then nothing is reported, until it comes
    /// back with `Js::report_rejection`.
    fn keeps_rejection(&self, scope: &Scope<'_>, promise: Local<'_>) -> bool;

    /// A rejection that it kept got its handler; false if it kept none of this promise.
    fn rejection_handled(&self, scope: &Scope<'_>, promise: Local<'_>) -> bool;
}

/// The guest of a context.
#[derive(Default)]
pub(crate) struct GuestState(pub(crate) RefCell<Option<Rc<dyn Guest>>>);

/// The guest of the scope's context.
pub(crate) fn guest(scope: &Scope<'_>) -> Option<Rc<dyn Guest>> {
    scope.state::<GuestState>().0.borrow().clone()
}

pub(super) const OPS: &[Op] = &[
    Op::new("hasGuest", 0, has_guest),
    Op::new("isGuestBuffer", 1, is_guest_buffer),
    Op::new("guestBytes", 1, guest_bytes),
    Op::new("isGuestRecord", 1, is_guest_record),
    Op::new("guestCopy", 1, guest_copy),
];

/// The other language's objects are Proxies: nearly everything that is asked about is none.
fn may_be_guests(scope: &Scope<'_>, value: Local<'_>) -> bool {
    scope.class_name(value) == Some("Proxy")
}

/// `hasGuest()`: whether another language is here.
fn has_guest<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    Ok(Local::boolean(guest(scope).is_some()))
}

/// `isGuestBuffer(value)`
fn is_guest_buffer<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let value = arguments.get(0);
    Ok(Local::boolean(
        may_be_guests(scope, value)
            && guest(scope).is_some_and(|guest| guest.is_buffer(scope, value)),
    ))
}

/// `guestBytes(buffer)`
fn guest_bytes<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    guest(scope)
        .ok_or_else(|| Error::type_error("the value is not a buffer"))?
        .bytes_of(scope, arguments.get(0))
}

/// `isGuestRecord(value)`
fn is_guest_record<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let value = arguments.get(0);
    Ok(Local::boolean(
        may_be_guests(scope, value)
            && guest(scope).is_some_and(|guest| guest.is_record(scope, value)),
    ))
}

/// `guestCopy(value)`: undefined for what is no data of the other language's.
fn guest_copy<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let value = arguments.get(0);
    let guest = guest(scope).filter(|_| may_be_guests(scope, value));
    let copy = guest.map_or(Ok(None), |guest| guest.copy_of(scope, value))?;
    Ok(copy.unwrap_or(Local::undefined()))
}
