//! [`Local`]: a JavaScript value that lives as long as its scope.
//!
//! It is the address of a root (an entry of the root stack, an argument of the running native call, or a constant), so
//! it is two words' worth of nothing to copy and stays right when the collector moves what it names. The lifetime ties
//! it to the scope that made it. Type questions are answered here, without touching the engine; whatever may allocate
//! or run code is a method of `Scope`.

use std::marker::PhantomData;
use std::ptr::NonNull;

use mozjs::jsapi::{HandleValue, JSObject, JSString, JSValueType};
use mozjs::jsval::{BooleanValue, JSVal, NullValue, UndefinedValue};

/// A rooted JavaScript value, valid in its scope.
#[derive(Clone, Copy)]
pub struct Local<'s> {
    address: NonNull<JSVal>,
    scope: PhantomData<&'s JSVal>,
}

/// What `typeof` says, with null, arrays and integers told apart no further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the language's own")]
pub enum Type {
    Undefined,
    Null,
    Boolean,
    Number,
    String,
    Symbol,
    BigInt,
    Object,
}

struct Constant(JSVal);
// SAFETY: the constants are plain numbers that nothing writes.
unsafe impl Sync for Constant {}

// How 64-bit values box a type tag, as `mozjs::jsval` builds them (its functions are not `const`; `constant` checks).
const fn tagged(tag: JSValueType, payload: u64) -> Constant {
    Constant(JSVal {
        asBits_: ((0x1_fff0 | tag as u64) << 47) | payload,
    })
}

static UNDEFINED: Constant = tagged(JSValueType::JSVAL_TYPE_UNDEFINED, 0);
static NULL: Constant = tagged(JSValueType::JSVAL_TYPE_NULL, 0);
static TRUE: Constant = tagged(JSValueType::JSVAL_TYPE_BOOLEAN, 1);
static FALSE: Constant = tagged(JSValueType::JSVAL_TYPE_BOOLEAN, 0);

impl<'s> Local<'s> {
    /// # Safety
    /// `address` must be a root for all of `'s`.
    pub(super) unsafe fn at(address: NonNull<JSVal>) -> Local<'s> {
        Local {
            address,
            scope: PhantomData,
        }
    }

    fn constant(constant: &'static Constant, value: JSVal) -> Local<'s> {
        debug_assert_eq!(constant.0.asBits_, value.asBits_);
        let _ = value;
        Local {
            address: NonNull::from(&constant.0),
            scope: PhantomData,
        }
    }

    /// `undefined`.
    pub fn undefined() -> Local<'s> {
        Local::constant(&UNDEFINED, UndefinedValue())
    }

    /// `null`.
    pub fn null() -> Local<'s> {
        Local::constant(&NULL, NullValue())
    }

    /// `true` or `false`.
    pub fn boolean(value: bool) -> Local<'s> {
        Local::constant(if value { &TRUE } else { &FALSE }, BooleanValue(value))
    }

    pub(super) fn value(self) -> JSVal {
        // SAFETY: the address is a root for the scope's life, so it holds a valid value.
        unsafe { *self.address.as_ptr() }
    }

    /// Where the root is, for the engine to write to one of this scope's own.
    pub(super) fn address(self) -> *mut JSVal {
        self.address.as_ptr()
    }

    pub(super) fn handle(self) -> HandleValue {
        // SAFETY: as above: a marked location.
        unsafe { HandleValue::from_marked_location(self.address.as_ptr()) }
    }

    /// The object, or null when this is no object.
    pub(super) fn object_or_null(self) -> *mut JSObject {
        let value = self.value();
        if value.is_object() {
            value.to_object()
        } else {
            std::ptr::null_mut()
        }
    }

    pub(super) fn string_or_null(self) -> *mut JSString {
        let value = self.value();
        if value.is_string() {
            value.to_string()
        } else {
            std::ptr::null_mut()
        }
    }

    /// Which of the language's types this is.
    pub fn type_of(self) -> Type {
        let value = self.value();
        if value.is_undefined() {
            Type::Undefined
        } else if value.is_null() {
            Type::Null
        } else if value.is_boolean() {
            Type::Boolean
        } else if value.is_number() {
            Type::Number
        } else if value.is_string() {
            Type::String
        } else if value.is_symbol() {
            Type::Symbol
        } else if value.is_bigint() {
            Type::BigInt
        } else {
            Type::Object
        }
    }

    /// Whether this is `undefined`.
    pub fn is_undefined(self) -> bool {
        self.value().is_undefined()
    }

    /// Whether this is `null`.
    pub fn is_null(self) -> bool {
        self.value().is_null()
    }

    /// Whether this is a string.
    pub fn is_string(self) -> bool {
        self.value().is_string()
    }

    /// Whether this is an object (functions included, null not).
    pub fn is_object(self) -> bool {
        self.value().is_object()
    }

    /// The boolean, if this is one.
    pub fn as_bool(self) -> Option<bool> {
        let value = self.value();
        value.is_boolean().then(|| value.to_boolean())
    }

    /// The number, if this is one.
    pub fn as_f64(self) -> Option<f64> {
        let value = self.value();
        value.is_number().then(|| value.to_number())
    }

    /// The number as an integer, if this is a number without a fraction in the range of `i64`.
    pub fn as_i64(self) -> Option<i64> {
        let number = self.as_f64()?;
        let integer = number as i64;
        (integer as f64 == number && number.abs() < 9.3e18).then_some(integer)
    }

    /// The number as an integer from 0 to 2^53 - 1, if it is one.
    pub fn as_index(self) -> Option<u64> {
        let integer = self.as_i64()?;
        (0..=0x1f_ffff_ffff_ffff)
            .contains(&integer)
            .then_some(integer as u64)
    }

    /// Whether both are the very same value (`===`, except that NaN equals itself bit by bit and equal strings may differ).
    pub fn is_same(self, other: Local<'_>) -> bool {
        self.value().asBits_ == other.value().asBits_
    }
}

impl std::fmt::Debug for Local<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Local({:?})", self.type_of())
    }
}
