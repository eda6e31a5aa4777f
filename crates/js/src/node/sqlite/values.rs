//! Values on their way between SQLite and JavaScript: null, numbers, BigInts, strings and bytes.

use rusqlite::types::{Value, ValueRef};

use crate::engine::{Error, Local, Scope, Type};

const SAFE: i64 = (1 << 53) - 1;

/// A value of the database; integers as BigInts, or as numbers where they fit.
pub(super) fn to_js<'s>(
    scope: &Scope<'s>,
    value: ValueRef<'_>,
    as_bigint: bool,
) -> Result<Local<'s>, Error> {
    match value {
        ValueRef::Null => Ok(Local::null()),
        ValueRef::Integer(value) => integer(scope, value, as_bigint),
        ValueRef::Real(value) => Ok(scope.number(value)),
        ValueRef::Text(text) => scope.string(&String::from_utf8_lossy(text)),
        ValueRef::Blob(bytes) => scope.uint8_array_copy(bytes),
    }
}

/// An integer of the database.
pub(super) fn integer<'s>(
    scope: &Scope<'s>,
    value: i64,
    as_bigint: bool,
) -> Result<Local<'s>, Error> {
    if as_bigint {
        scope.bigint(value)
    } else if (-SAFE..=SAFE).contains(&value) {
        Ok(scope.number(value as f64))
    } else {
        let message =
            format!("Value is too large to be represented as a JavaScript number: {value}");
        Err(Error::range_error(message).with("code", "ERR_OUT_OF_RANGE"))
    }
}

/// What SQLite can hold of a value.
pub(super) enum Bindable {
    Value(Value),
    /// A BigInt of more than 64 bits.
    TooLarge,
    Unsupported,
}

/// A value of JavaScript.
pub(super) fn from_js(scope: &Scope<'_>, value: Local<'_>) -> Result<Bindable, Error> {
    Ok(match value.type_of() {
        Type::Null => Bindable::Value(Value::Null),
        Type::Number => Bindable::Value(Value::Real(scope.number_of(value)?)),
        Type::String => Bindable::Value(Value::Text(scope.string_of(value)?)),
        Type::BigInt => match scope.bigint_digits(value)?.parse() {
            Ok(value) => Bindable::Value(Value::Integer(value)),
            Err(_) => Bindable::TooLarge,
        },
        Type::Object if scope.is_buffer_source(value) => {
            Bindable::Value(Value::Blob(scope.bytes_of(value)?))
        }
        _ => Bindable::Unsupported,
    })
}
