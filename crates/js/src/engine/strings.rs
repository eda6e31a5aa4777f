//! Strings, symbols, BigInts and primitive conversions.
//!
//! JavaScript strings are sequences of 16-bit units and may hold lone surrogates: `string_of` replaces those by U+FFFD,
//! `utf16_of` keeps them.

use std::ptr;

use encoding_rs::mem;

use mozjs::jsapi::{
    BigIntFromInt64, BigIntToString, JS_DeprecatedStringHasLatin1Chars, JS_EnsureLinearString,
    JS_GetEmptyString, JS_GetLatin1StringCharsAndLength, JS_GetTwoByteStringCharsAndLength,
    JS_NewStringCopyN, JS_NewUCStringCopyN, JSString, StringToBigInt, ToBigInt, ToBooleanSlow,
    ToNumberSlow, ToStringSlow,
};
use mozjs::jsval::BigIntValue;

use super::error::Error;
use super::local::{Local, Type};
use super::roots::root;
use super::scope::Scope;
use super::transcoding;

/// The longest string that the engine makes, in units.
const LONGEST: usize = (1 << 30) - 2;

impl<'s> Scope<'s> {
    /// A string.
    ///
    /// # Errors
    /// When memory runs out or the string is longer than the engine allows (2^30 - 2 units).
    pub fn string(&self, text: &str) -> Result<Local<'s>, Error> {
        let cx = self.cx();
        if text.is_empty() {
            // SAFETY: plain query.
            return self.root_string(unsafe { JS_GetEmptyString(cx) });
        }
        if text.len() > LONGEST * 3 {
            return Err(Error::range_error("cannot make a string this long"));
        }
        // The engine's own conversion from UTF-8 takes a byte at a time, twice.
        if text.is_ascii() {
            self.string_latin1(text.as_bytes())
        } else {
            let mut latin1 = vec![0; text.len()];
            if let Some(length) = transcoding::utf8_to_latin1(text.as_bytes(), &mut latin1) {
                return self.string_latin1(&latin1[..length]);
            }
            drop(latin1);
            let mut units = vec![0; text.len()];
            let length = transcoding::utf8_to_utf16(text.as_bytes(), &mut units)
                .expect("a string of Rust's is well-formed");
            self.string_utf16(&units[..length])
        }
    }

    /// A string of Latin-1 bytes (`atob`, binary strings).
    ///
    /// # Errors
    /// As for [`string`](Self::string).
    pub fn string_latin1(&self, bytes: &[u8]) -> Result<Local<'s>, Error> {
        // SAFETY: the engine copies the bytes.
        self.root_string(unsafe {
            JS_NewStringCopyN(self.cx(), bytes.as_ptr().cast(), bytes.len())
        })
    }

    /// A string of UTF-16 units, lone surrogates included.
    ///
    /// # Errors
    /// As for [`string`](Self::string).
    pub fn string_utf16(&self, units: &[u16]) -> Result<Local<'s>, Error> {
        // SAFETY: the engine copies the units.
        self.root_string(unsafe { JS_NewUCStringCopyN(self.cx(), units.as_ptr(), units.len()) })
    }

    /// `String(value)` for a non-symbol: may run JavaScript.
    ///
    /// # Errors
    /// What the conversion throws.
    pub fn to_js_string(&self, value: Local<'_>) -> Result<Local<'s>, Error> {
        if value.is_string() {
            return Ok(self.root(value.value()));
        }
        // SAFETY: the handle is a root.
        self.root_string(unsafe { ToStringSlow(self.cx(), value.handle()) })
    }

    /// `String(value)` as a Rust string, lone surrogates replaced.
    ///
    /// # Errors
    /// What the conversion throws.
    pub fn string_of(&self, value: Local<'_>) -> Result<String, Error> {
        self.read_units(value, |units| match units {
            Units::Latin1(bytes) => mem::decode_latin1(bytes).into_owned(),
            Units::TwoByte(units) => {
                // No unit becomes more than three bytes.
                let mut text = "\0".repeat(units.len() * 3);
                let length = mem::convert_utf16_to_str(units, &mut text);
                text.truncate(length);
                text
            }
        })
    }

    /// `String(value)` as UTF-16 units.
    ///
    /// # Errors
    /// What the conversion throws.
    pub fn utf16_of(&self, value: Local<'_>) -> Result<Vec<u16>, Error> {
        self.read_units(value, |units| match units {
            Units::Latin1(bytes) => bytes.iter().map(|&byte| u16::from(byte)).collect(),
            Units::TwoByte(units) => units.to_vec(),
        })
    }

    /// The string's units as bytes, if all are below 256 (`btoa`, header values).
    ///
    /// # Errors
    /// What the conversion throws.
    pub fn latin1_of(&self, value: Local<'_>) -> Result<Option<Vec<u8>>, Error> {
        self.read_units(value, |units| match units {
            Units::Latin1(bytes) => Some(bytes.to_vec()),
            Units::TwoByte(units) => units.iter().map(|&unit| u8::try_from(unit).ok()).collect(),
        })
    }

    /// Lends the units of a string (after conversion) to `f`, without a copy.
    ///
    /// # Errors
    /// What the conversion throws.
    pub fn read_units<R>(
        &self,
        value: Local<'_>,
        f: impl FnOnce(Units<'_>) -> R,
    ) -> Result<R, Error> {
        let string = self.linear_string(value)?;
        // SAFETY: the string is rooted and linear, and `lend` forbids every use of the engine while `f` reads.
        let units = unsafe { self.units(string) };
        Ok(self.lend(|| f(units)))
    }

    /// Lends the units of a string (after conversion) and the bytes of a buffer or view for writing, without a copy of either.
    ///
    /// # Errors
    /// What the conversion throws; a TypeError when there are no bytes, or they are shared with other threads.
    pub fn write_units<R>(
        &self,
        value: Local<'_>,
        target: Local<'_>,
        f: impl FnOnce(Units<'_>, &mut [u8]) -> R,
    ) -> Result<R, Error> {
        let string = self.linear_string(value)?;
        // SAFETY: as in `read_units`; taking the units does not collect, so the bytes below stay where they are as well.
        let units = unsafe { self.units(string) };
        self.with_bytes_mut(target, |bytes| f(units, bytes))
    }

    /// `String(value)`, its characters in one piece.
    fn linear_string(&self, value: Local<'_>) -> Result<Local<'s>, Error> {
        let string = self.to_js_string(value)?;
        // SAFETY: the string is rooted; a cell that moves in linearising is read again through the root.
        if unsafe { JS_EnsureLinearString(self.cx(), string.string_or_null()) }.is_null() {
            return Err(Error::pending(self));
        }
        Ok(string)
    }

    /// # Safety
    /// The string must be linear, and the result must not be used after the next call that may collect.
    unsafe fn units<'u>(&self, string: Local<'_>) -> Units<'u> {
        let cx = self.cx();
        let pointer: *mut JSString = string.string_or_null();
        let mut length = 0;
        // SAFETY: the string is rooted and linear: its characters stay where they are until the next collection.
        unsafe {
            if JS_DeprecatedStringHasLatin1Chars(pointer) {
                let chars = JS_GetLatin1StringCharsAndLength(cx, ptr::null(), pointer, &mut length);
                Units::Latin1(slice_or_empty(chars, length))
            } else {
                let chars =
                    JS_GetTwoByteStringCharsAndLength(cx, ptr::null(), pointer, &mut length);
                Units::TwoByte(slice_or_empty(chars, length))
            }
        }
    }

    /// `Number(value)`.
    ///
    /// # Errors
    /// What the conversion throws (a BigInt and a Symbol are TypeErrors).
    pub fn number_of(&self, value: Local<'_>) -> Result<f64, Error> {
        if let Some(number) = value.as_f64() {
            return Ok(number);
        }
        let mut number = 0.0;
        // SAFETY: the handle is a root.
        let ok = unsafe { ToNumberSlow(self.cx(), value.handle(), &mut number) };
        self.check(ok)?;
        Ok(number)
    }

    /// `value | 0`.
    ///
    /// # Errors
    /// What the conversion throws.
    pub fn int32_of(&self, value: Local<'_>) -> Result<i32, Error> {
        let number = self.number_of(value)?;
        // Modulo 2^32, then the sign; the engine's own function is only for what is no integer yet.
        Ok(if number.is_finite() {
            (number.trunc() % 4_294_967_296.0) as i64 as i32
        } else {
            0
        })
    }

    /// `Boolean(value)`.
    pub fn bool_of(&self, value: Local<'_>) -> bool {
        self.cx();
        match value.type_of() {
            Type::Undefined | Type::Null => false,
            Type::Boolean => value.as_bool() == Some(true),
            Type::Number => value
                .as_f64()
                .is_some_and(|number| number != 0.0 && !number.is_nan()),
            Type::Symbol => true,
            // SAFETY: the handle is a root, of a kind that the slow path takes; this never runs code.
            Type::String | Type::BigInt | Type::Object => unsafe { ToBooleanSlow(value.handle()) },
        }
    }

    /// A BigInt.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn bigint(&self, value: i64) -> Result<Local<'s>, Error> {
        // SAFETY: the result is rooted at once.
        let bigint = unsafe { BigIntFromInt64(self.cx(), value) };
        self.root_bigint(bigint)
    }

    /// A BigInt of any size from its decimal digits (with a leading `-` if negative).
    ///
    /// # Errors
    /// A SyntaxError for anything else.
    pub fn bigint_from_decimal(&self, digits: &str) -> Result<Local<'s>, Error> {
        let magnitude = digits.strip_prefix('-').unwrap_or(digits);
        if magnitude.is_empty() || !magnitude.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Error::syntax_error("cannot convert the digits to a BigInt"));
        }
        let chars = range(digits.as_ptr(), digits.len());
        // SAFETY: the engine reads the digits only.
        let bigint = unsafe { StringToBigInt(self.cx(), &raw const chars) };
        self.root_bigint(bigint)
    }

    /// The decimal digits of a BigInt (or of what `BigInt(value)` makes of it).
    ///
    /// # Errors
    /// What the conversion throws.
    pub fn bigint_digits(&self, value: Local<'_>) -> Result<String, Error> {
        let cx = self.cx();
        // SAFETY: handles are roots.
        unsafe {
            root!(cx, bigint = ToBigInt(cx, value.handle()));
            if bigint.get().is_null() {
                return Err(Error::pending(self));
            }
            let digits = self.root_string(BigIntToString(cx, bigint.handle(), 10))?;
            self.string_of(digits)
        }
    }

    fn root_bigint(&self, bigint: *mut mozjs::jsapi::BigInt) -> Result<Local<'s>, Error> {
        if bigint.is_null() {
            return Err(Error::pending(self));
        }
        // SAFETY: not null, rooted at once.
        Ok(self.root(BigIntValue(unsafe { &*bigint })))
    }
}

/// The units of a string, lent by `read_units`.
#[derive(Debug, Clone, Copy)]
pub enum Units<'u> {
    /// Every unit is below 256.
    Latin1(&'u [u8]),
    /// UTF-16, possibly with lone surrogates.
    TwoByte(&'u [u16]),
}

/// # Safety
/// `pointer` must give `length` readable elements, unless `length` is 0.
unsafe fn slice_or_empty<'u, T>(pointer: *const T, length: usize) -> &'u [T] {
    if length == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(pointer, length) }
}

/// The engine's range over `length` bytes, which it only reads.
fn range(start: *const u8, length: usize) -> mozjs_sys::jsapi::mozilla::Range<u8> {
    use mozjs_sys::jsapi::mozilla::{Range, RangedPtr};
    let start = start.cast_mut();
    let end = start.wrapping_add(length);
    let pointer = |at| RangedPtr {
        _phantom_0: std::marker::PhantomData,
        mPtr: at,
        #[cfg(feature = "debugmozjs")]
        mRangeStart: start,
        #[cfg(feature = "debugmozjs")]
        mRangeEnd: end,
    };
    Range {
        _phantom_0: std::marker::PhantomData,
        mStart: pointer(start),
        mEnd: pointer(end),
    }
}
