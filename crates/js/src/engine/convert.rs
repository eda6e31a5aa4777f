//! [`IntoJs`]: Rust results as JavaScript values, for the outcomes of futures and the convenience of ops.

use super::error::Error;
use super::local::Local;
use super::roots::Slot;
use super::scope::Scope;

/// A value that becomes a JavaScript value.
pub trait IntoJs: 'static {
    /// Makes the value.
    ///
    /// # Errors
    /// When memory runs out, or the type's own.
    fn into_js<'s>(self, scope: &Scope<'s>) -> Result<Local<'s>, Error>;
}

/// Bytes that become a `Uint8Array` over a buffer of their own, without a copy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

/// Bytes that become an `ArrayBuffer`, without a copy where nobody else has them ([`Scope::array_buffer_of`]).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Buffer(pub bytes::Bytes);

/// JSON text that becomes the value that it describes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json(pub String);

/// A function that makes the value when the time has come; for results with a shape of their own.
pub struct Make<F>(pub F);

impl<F> IntoJs for Make<F>
where
    F: for<'s> FnOnce(&Scope<'s>) -> Result<Local<'s>, Error> + 'static,
{
    fn into_js<'s>(self, scope: &Scope<'s>) -> Result<Local<'s>, Error> {
        (self.0)(scope)
    }
}

impl IntoJs for () {
    fn into_js<'s>(self, _: &Scope<'s>) -> Result<Local<'s>, Error> {
        Ok(Local::undefined())
    }
}

impl IntoJs for bool {
    fn into_js<'s>(self, _: &Scope<'s>) -> Result<Local<'s>, Error> {
        Ok(Local::boolean(self))
    }
}

macro_rules! number {
    ($($type:ty),*) => {$(
        impl IntoJs for $type {
            fn into_js<'s>(self, scope: &Scope<'s>) -> Result<Local<'s>, Error> {
                Ok(scope.number(self as f64))
            }
        }
    )*};
}
number!(i8, u8, i16, u16, i32, u32, i64, u64, usize, f64);

impl IntoJs for String {
    fn into_js<'s>(self, scope: &Scope<'s>) -> Result<Local<'s>, Error> {
        scope.string(&self)
    }
}

impl IntoJs for &'static str {
    fn into_js<'s>(self, scope: &Scope<'s>) -> Result<Local<'s>, Error> {
        scope.string(self)
    }
}

/// `None` is undefined.
impl<T: IntoJs> IntoJs for Option<T> {
    fn into_js<'s>(self, scope: &Scope<'s>) -> Result<Local<'s>, Error> {
        self.map_or(Ok(Local::undefined()), |value| value.into_js(scope))
    }
}

/// An array.
impl<T: IntoJs> IntoJs for Vec<T> {
    fn into_js<'s>(self, scope: &Scope<'s>) -> Result<Local<'s>, Error> {
        let items = self
            .into_iter()
            .map(|item| item.into_js(scope))
            .collect::<Result<Vec<_>, _>>()?;
        scope.array(&items)
    }
}

/// An array of two.
impl<A: IntoJs, B: IntoJs> IntoJs for (A, B) {
    fn into_js<'s>(self, scope: &Scope<'s>) -> Result<Local<'s>, Error> {
        let items = [self.0.into_js(scope)?, self.1.into_js(scope)?];
        scope.array(&items)
    }
}

impl IntoJs for Slot {
    fn into_js<'s>(self, scope: &Scope<'s>) -> Result<Local<'s>, Error> {
        Ok(scope.local(&self))
    }
}

impl IntoJs for Bytes {
    fn into_js<'s>(self, scope: &Scope<'s>) -> Result<Local<'s>, Error> {
        scope.uint8_array(self.0)
    }
}

impl IntoJs for Buffer {
    fn into_js<'s>(self, scope: &Scope<'s>) -> Result<Local<'s>, Error> {
        scope.array_buffer_of(self.0)
    }
}

impl IntoJs for Json {
    fn into_js<'s>(self, scope: &Scope<'s>) -> Result<Local<'s>, Error> {
        scope.json_parse(&self.0)
    }
}
