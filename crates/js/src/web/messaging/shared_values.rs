//! JavaScript's values as messages that Python reads too: null and undefined, booleans, numbers, BigInts of 64 bits, strings, bytes (a
//! `Uint8Array` when they come out), arrays and plain objects.
//!
//! What else a message has is a DataCloneError that names the place: `structuredClone` knows more, but only this language does.

use encoding_rs::mem;
use twinloop_web::broadcast::{DEEPEST, Reader, Refusal, Token, Writer};

use crate::engine::{Attributes, Class, Error, Local, Scope, Type, Units, ViewType};
use crate::web::network::network_error;

/// Up to here a double is an integer that it alone stands for.
const SAFE: f64 = 9_007_199_254_740_992.0;

/// The message of a value.
///
/// # Errors
/// A DataCloneError for what cannot cross; what getters throw.
pub(super) fn write(scope: &Scope<'_>, value: Local<'_>) -> Result<Vec<u8>, Error> {
    let mut writer = Writer::default();
    let written = write_one(scope, &mut writer, value, 0);
    written.map_err(|refusal| {
        refusal.into_error(|what, place| {
            let message = format!("{what} cannot be broadcast (message{place})");
            Error::dom("DataCloneError", message)
        })
    })?;
    Ok(writer.finish())
}

fn write_one(
    scope: &Scope<'_>,
    writer: &mut Writer,
    value: Local<'_>,
    depth: usize,
) -> Result<(), Refusal<Error>> {
    match value.type_of() {
        Type::Undefined | Type::Null => writer.null(),
        Type::Boolean => writer.boolean(value.as_bool() == Some(true)),
        Type::Number => {
            let number = value.as_f64().unwrap_or(f64::NAN);
            let is_integer = number.fract() == 0.0 && number.abs() <= SAFE;
            if is_integer && !(number == 0.0 && number.is_sign_negative()) {
                writer.integer(number as i64);
            } else {
                writer.float(number);
            }
        }
        Type::String => match text_of(scope, value)? {
            Some(text) => writer.text(&text),
            None => return Err(Refusal::new("a string with lone surrogates")),
        },
        Type::BigInt => {
            let digits = scope.bigint_digits(value)?;
            if let Ok(number) = digits.parse::<i64>() {
                writer.integer(number);
            } else if let Ok(number) = digits.parse::<u64>() {
                writer.unsigned(number);
            } else {
                return Err(Refusal::new("a BigInt of more than 64 bits"));
            }
        }
        Type::Symbol => return Err(Refusal::new("a symbol")),
        Type::Object => return write_object(scope, writer, value, depth),
    }
    Ok(())
}

fn write_object(
    scope: &Scope<'_>,
    writer: &mut Writer,
    value: Local<'_>,
    depth: usize,
) -> Result<(), Refusal<Error>> {
    if depth > DEEPEST {
        let what = format!("more than {DEEPEST} levels, or an object inside of itself,");
        return Err(Refusal::new(what));
    }
    if let Some(kind) = scope.buffer_kind(value) {
        let is_bytes = !kind.is_view
            || matches!(
                scope.view_type(value),
                Some(ViewType::Uint8 | ViewType::Uint8Clamped | ViewType::DataView)
            );
        if kind.is_shared || !is_bytes {
            return Err(Refusal::new(format!(
                "a value of {}",
                class_name(scope, value)
            )));
        }
        scope.with_bytes(value, |bytes| writer.bytes(bytes))?;
        return Ok(());
    }
    match scope.class_of(value) {
        Some(Class::Array) => {
            let length = scope.array_length(value)?;
            writer.list(length as usize);
            for index in 0..length {
                scope
                    .nested(|scope| {
                        let item = scope.get(value, index)?;
                        write_one(scope, writer, item, depth + 1)
                    })
                    .map_err(|refusal| refusal.within(|| format!("[{index}]")))?;
            }
        }
        Some(Class::Object) if is_plain(scope, value)? => {
            let keys = scope.keys(value)?;
            writer.map(keys.len());
            for key in keys {
                let Some(name) = text_of(scope, key)? else {
                    return Err(Refusal::new("a key with lone surrogates"));
                };
                writer.text(&name);
                scope
                    .nested(|scope| {
                        let item = scope.get(value, key)?;
                        write_one(scope, writer, item, depth + 1)
                    })
                    .map_err(|refusal| refusal.within(|| format!(".{name}")))?;
            }
        }
        _ => {
            return Err(Refusal::new(format!(
                "a value of {}",
                class_name(scope, value)
            )));
        }
    }
    Ok(())
}

/// Whether nothing but `Object`, of any realm, made it.
fn is_plain(scope: &Scope<'_>, value: Local<'_>) -> Result<bool, Error> {
    let prototype = scope.prototype(value)?;
    Ok(prototype.is_null() || scope.prototype(prototype)?.is_null())
}

/// What a person calls the class of a value.
fn class_name(scope: &Scope<'_>, value: Local<'_>) -> String {
    if scope.is_function(value) {
        return "class Function".to_owned();
    }
    let named = scope
        .get(value, "constructor")
        .and_then(|constructor| scope.get(constructor, "name"))
        .ok()
        .filter(|name| name.is_string());
    let name = named.and_then(|name| scope.string_of(name).ok());
    match name.filter(|name| !name.is_empty()) {
        Some(name) => format!("class {name}"),
        None => "a class without a name".to_owned(),
    }
}

/// A string as text; `None` if it is none, for lone surrogates.
fn text_of(scope: &Scope<'_>, value: Local<'_>) -> Result<Option<String>, Error> {
    scope.read_units(value, |units| match units {
        Units::Latin1(bytes) => Some(mem::decode_latin1(bytes).into_owned()),
        Units::TwoByte(units) => String::from_utf16(units).ok(),
    })
}

/// The value of a message.
///
/// # Errors
/// When it is none.
pub(super) fn read<'s>(scope: &Scope<'s>, body: &[u8]) -> Result<Local<'s>, Error> {
    let mut reader = Reader::new(body);
    let value = read_one(scope, &mut reader, 0)?;
    if !reader.is_at_end() {
        return Err(Error::new("a broadcast message has more than one value"));
    }
    Ok(value)
}

fn read_one<'s>(
    scope: &Scope<'s>,
    reader: &mut Reader<'_>,
    depth: usize,
) -> Result<Local<'s>, Error> {
    if depth > DEEPEST {
        let message = format!("a broadcast message has more than {DEEPEST} levels");
        return Err(Error::new(message));
    }
    Ok(match reader.next().map_err(network_error)? {
        Token::Null => Local::null(),
        Token::Boolean(flag) => Local::boolean(flag),
        Token::Integer(number) if number.unsigned_abs() <= SAFE as u64 => {
            scope.number(number as f64)
        }
        Token::Integer(number) => scope.bigint(number)?,
        Token::Unsigned(number) => scope.bigint_from_decimal(&number.to_string())?,
        Token::Float(number) => scope.number(number),
        Token::Text(text) => scope.string(text)?,
        Token::Bytes(bytes) => scope.uint8_array_copy(bytes)?,
        Token::List(length) => {
            let list = scope.array(&[])?;
            for index in 0..length {
                let index =
                    u32::try_from(index).map_err(|_| Error::range_error("a list too long"))?;
                scope.nested(|scope| {
                    let item = read_one(scope, reader, depth + 1)?;
                    scope.define(list, index, item, Attributes::PLAIN)
                })?;
            }
            list
        }
        Token::Map(length) => {
            let map = scope.object()?;
            for _ in 0..length {
                let Token::Text(key) = reader.next().map_err(network_error)? else {
                    let message = "a broadcast message has a key that is no text";
                    return Err(Error::new(message));
                };
                scope.nested(|scope| {
                    let item = read_one(scope, reader, depth + 1)?;
                    scope.define(map, key, item, Attributes::PLAIN)
                })?;
            }
            map
        }
    })
}
