//! Objects: properties, calls, arrays, and what the console and the bridge need to look inside.

use std::ffi::CStr;
use std::ptr;

use mozjs::jsapi::{
    Call, Construct1, ESClass, GetArrayLength, GetBuiltinClass, GetPropertyKeys, HandleValue,
    HandleValueArray, IsArrayObject1, IsCallable, IsConstructor, JS_AtomizeStringN,
    JS_AtomizeUCStringN, JS_DefineProperty2, JS_DefinePropertyById2, JS_DeletePropertyById1,
    JS_ForwardSetPropertyTo, JS_GetElement, JS_GetPropertyById, JS_GetPrototype,
    JS_HasOwnPropertyById, JS_HasPropertyById, JS_IdToValue, JS_NewObjectWithGivenProto,
    JS_NewPlainObject, JS_ParseJSON1, JS_StringToId, JS_ValueToId, JSITER_HIDDEN, JSITER_OWNONLY,
    JSITER_SYMBOLS, JSObject, JSPROP_ENUMERATE, JSPROP_PERMANENT, JSPROP_READONLY, NewArrayObject,
    ObjectOpResult, StrictlyEqual, ToJSON, jsid,
};
use mozjs::jsval::{ObjectValue, UndefinedValue};

use super::error::Error;
use super::local::Local;
use super::roots::{Contiguous, root};
use super::scope::Scope;

/// A property key.
#[derive(Debug, Clone, Copy)]
pub enum Key<'k> {
    /// A string.
    Name(&'k str),
    /// An array index.
    Index(u32),
    /// A string, symbol or number value (others are converted as JavaScript does).
    Value(Local<'k>),
}

impl<'k> From<&'k str> for Key<'k> {
    fn from(name: &'k str) -> Self {
        Key::Name(name)
    }
}
impl<'k> From<&'k String> for Key<'k> {
    fn from(name: &'k String) -> Self {
        Key::Name(name)
    }
}
impl From<u32> for Key<'_> {
    fn from(index: u32) -> Self {
        Key::Index(index)
    }
}
impl<'k> From<Local<'k>> for Key<'k> {
    fn from(value: Local<'k>) -> Self {
        Key::Value(value)
    }
}

/// What a property that [`Scope::define`] makes allows. The default is all three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attributes {
    /// Assignments change it.
    pub writable: bool,
    /// Enumeration shows it.
    pub enumerable: bool,
    /// It can be deleted and redefined.
    pub configurable: bool,
}

impl Default for Attributes {
    fn default() -> Self {
        Attributes::PLAIN
    }
}

impl Attributes {
    /// Like a method of a class: writable, configurable, not enumerable.
    pub const HIDDEN: Attributes = Attributes {
        writable: true,
        enumerable: false,
        configurable: true,
    };
    /// Like an assignment: all three.
    pub const PLAIN: Attributes = Attributes {
        writable: true,
        enumerable: true,
        configurable: true,
    };
    /// None of the three, but enumerable.
    pub const CONSTANT: Attributes = Attributes {
        writable: false,
        enumerable: true,
        configurable: false,
    };

    pub(super) fn bits(self) -> u32 {
        let bit = |set: bool, bit: u8| if set { u32::from(bit) } else { 0 };
        bit(!self.writable, JSPROP_READONLY)
            | bit(self.enumerable, JSPROP_ENUMERATE)
            | bit(!self.configurable, JSPROP_PERMANENT)
    }
}

/// The built-in class of an object, seen through wrappers and proxies only where the language itself does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the language's own")]
pub enum Class {
    Object,
    Array,
    Number,
    String,
    Boolean,
    RegExp,
    ArrayBuffer,
    SharedArrayBuffer,
    Date,
    Set,
    Map,
    Promise,
    MapIterator,
    SetIterator,
    Arguments,
    Error,
    BigInt,
    Function,
    Other,
}

impl<'s> Scope<'s> {
    /// `{}`.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn object(&self) -> Result<Local<'s>, Error> {
        // SAFETY: the result is rooted at once.
        self.root_object(unsafe { JS_NewPlainObject(self.cx()) })
    }

    /// A plain object with this prototype.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn object_of_prototype(&self, prototype: Local<'_>) -> Result<Local<'s>, Error> {
        let cx = self.cx();
        root!(cx, prototype = self.object_of(prototype)?);
        // SAFETY: the handle is a root; a null class is that of plain objects; the result is rooted at once.
        self.root_object(unsafe { JS_NewObjectWithGivenProto(cx, ptr::null(), prototype.handle()) })
    }

    /// Defines an accessor, neither enumerable nor fixed.
    ///
    /// # Errors
    /// A TypeError where the object refuses it.
    pub fn define_accessor(
        &self,
        object: Local<'_>,
        name: &CStr,
        getter: Local<'_>,
        setter: Local<'_>,
    ) -> Result<(), Error> {
        let cx = self.cx();
        root!(cx, object = object.object_or_null());
        root!(cx, getter = getter.object_or_null());
        root!(cx, setter = setter.object_or_null());
        // SAFETY: handles are roots; the name is a C string.
        let ok = unsafe {
            JS_DefineProperty2(
                cx,
                object.handle(),
                name.as_ptr(),
                getter.handle(),
                setter.handle(),
                0,
            )
        };
        self.check(ok)
    }

    /// An array of these values.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn array(&self, items: &[Local<'_>]) -> Result<Local<'s>, Error> {
        self.with_values(items, |cx, array| {
            // SAFETY: the values are rooted by their locals and by the array's own copies.
            unsafe { NewArrayObject(cx, array) }
        })
        .and_then(|object| self.root_object(object))
    }

    /// Gives the engine a contiguous, rooted copy of these values.
    fn with_values<R>(
        &self,
        items: &[Local<'_>],
        f: impl FnOnce(*mut mozjs::jsapi::JSContext, *const HandleValueArray) -> R,
    ) -> Result<R, Error> {
        let cx = self.cx();
        let values = Contiguous::new(&self.inner().roots, items.iter().map(|item| item.value()));
        let array = HandleValueArray {
            length_: items.len(),
            elements_: values.start(),
        };
        Ok(f(cx, &raw const array))
    }

    /// `object[key]`.
    ///
    /// # Errors
    /// What a getter or proxy throws; a TypeError for undefined and null.
    pub fn get<'k>(&self, object: Local<'_>, key: impl Into<Key<'k>>) -> Result<Local<'s>, Error> {
        let cx = self.cx();
        root!(cx, target = self.object_of(object)?);
        root!(cx, id = self.id(key.into())?);
        root!(cx, value = UndefinedValue());
        // SAFETY: handles are roots.
        let ok =
            unsafe { JS_GetPropertyById(cx, target.handle(), id.handle(), value.handle_mut()) };
        self.check(ok)?;
        Ok(self.root(value.get()))
    }

    /// `object[key] = value`, as in strict mode.
    ///
    /// # Errors
    /// What a setter or proxy throws; a TypeError where the assignment is refused.
    pub fn set<'k>(
        &self,
        object: Local<'_>,
        key: impl Into<Key<'k>>,
        value: Local<'_>,
    ) -> Result<(), Error> {
        let cx = self.cx();
        root!(cx, target = self.object_of(object)?);
        root!(cx, id = self.id(key.into())?);
        let mut result = ObjectOpResult {
            // Nothing is said yet: the engine's `Uninitialized`.
            code_: usize::MAX,
        };
        // SAFETY: handles are roots; the receiver is the object itself.
        let ok = unsafe {
            JS_ForwardSetPropertyTo(
                cx,
                target.handle(),
                id.handle(),
                value.handle(),
                object.handle(),
                &raw mut result,
            )
        };
        self.check(ok)?;
        // The engine's `OkCode`.
        if result.code_ == 0 {
            return Ok(());
        }
        root!(cx, name = UndefinedValue());
        // SAFETY: handles are roots.
        let ok = unsafe { JS_IdToValue(cx, id.get(), name.handle_mut()) };
        self.check(ok)?;
        let name = self
            .string_of(self.root(name.get()))
            .unwrap_or_else(|_| "a symbol".to_owned());
        Err(Error::type_error(format!(
            "cannot set the property {name}: it is read-only, or the object takes no new ones"
        )))
    }

    /// Defines an own data property.
    ///
    /// # Errors
    /// A TypeError where the object refuses.
    pub fn define<'k>(
        &self,
        object: Local<'_>,
        key: impl Into<Key<'k>>,
        value: Local<'_>,
        attributes: Attributes,
    ) -> Result<(), Error> {
        let cx = self.cx();
        root!(cx, target = self.object_of(object)?);
        root!(cx, id = self.id(key.into())?);
        // SAFETY: handles are roots.
        let ok = unsafe {
            JS_DefinePropertyById2(
                cx,
                target.handle(),
                id.handle(),
                value.handle(),
                attributes.bits(),
            )
        };
        self.check(ok)
    }

    /// `delete object[key]`; quietly keeps what cannot be deleted.
    ///
    /// # Errors
    /// What a proxy throws.
    pub fn delete<'k>(&self, object: Local<'_>, key: impl Into<Key<'k>>) -> Result<(), Error> {
        let cx = self.cx();
        root!(cx, target = self.object_of(object)?);
        root!(cx, id = self.id(key.into())?);
        // SAFETY: handles are roots.
        let ok = unsafe { JS_DeletePropertyById1(cx, target.handle(), id.handle()) };
        self.check(ok)
    }

    /// `key in object`.
    ///
    /// # Errors
    /// What a proxy throws.
    pub fn has<'k>(&self, object: Local<'_>, key: impl Into<Key<'k>>) -> Result<bool, Error> {
        let cx = self.cx();
        root!(cx, target = self.object_of(object)?);
        root!(cx, id = self.id(key.into())?);
        let mut found = false;
        // SAFETY: handles are roots.
        let ok = unsafe { JS_HasPropertyById(cx, target.handle(), id.handle(), &mut found) };
        self.check(ok)?;
        Ok(found)
    }

    /// `Object.hasOwn(object, key)`.
    ///
    /// # Errors
    /// What a proxy throws.
    pub fn has_own<'k>(&self, object: Local<'_>, key: impl Into<Key<'k>>) -> Result<bool, Error> {
        let cx = self.cx();
        root!(cx, target = self.object_of(object)?);
        root!(cx, id = self.id(key.into())?);
        let mut found = false;
        // SAFETY: handles are roots.
        let ok = unsafe { JS_HasOwnPropertyById(cx, target.handle(), id.handle(), &mut found) };
        self.check(ok)?;
        Ok(found)
    }

    /// `Object.keys(object)`.
    ///
    /// # Errors
    /// What a proxy throws.
    pub fn keys(&self, object: Local<'_>) -> Result<Vec<Local<'s>>, Error> {
        self.own_keys(object, JSITER_OWNONLY)
    }

    /// `Reflect.ownKeys(object)`: also symbols and non-enumerable keys.
    ///
    /// # Errors
    /// What a proxy throws.
    pub fn all_keys(&self, object: Local<'_>) -> Result<Vec<Local<'s>>, Error> {
        self.own_keys(object, JSITER_OWNONLY | JSITER_HIDDEN | JSITER_SYMBOLS)
    }

    fn own_keys(&self, object: Local<'_>, flags: u32) -> Result<Vec<Local<'s>>, Error> {
        let cx = self.cx();
        root!(cx, target = self.object_of(object)?);
        // SAFETY: the vector is a persistent root of the engine, destroyed below; its ids are read before anything
        // else can add to it.
        unsafe {
            let vector = mozjs::glue::CreateRootedIdVector(cx);
            let handle = mozjs::jsapi::MutableHandleIdVector {
                ptr: mozjs::glue::GetIdVectorAddress(vector),
            };
            let ok = GetPropertyKeys(cx, target.handle(), flags, handle);
            let result = self.check(ok).and_then(|()| {
                let mut length = 0;
                let ids = mozjs::glue::SliceRootedIdVector(vector, &mut length);
                (0..length)
                    .map(|index| self.id_value(*ids.add(index)))
                    .collect()
            });
            mozjs::glue::DestroyRootedIdVector(vector);
            result
        }
    }

    fn id_value(&self, id: jsid) -> Result<Local<'s>, Error> {
        let cx = self.cx();
        root!(cx, value = UndefinedValue());
        // SAFETY: the id is rooted by the caller's vector; the out handle is a root. Ids of integers become numbers.
        let ok = unsafe { JS_IdToValue(cx, id, value.handle_mut()) };
        self.check(ok)?;
        let value = self.root(value.get());
        // Keys are strings or symbols to everyone but the engine.
        if value.as_f64().is_some() {
            self.to_js_string(value)
        } else {
            Ok(value)
        }
    }

    /// `Object.getPrototypeOf(object)`.
    ///
    /// # Errors
    /// What a proxy throws.
    pub fn prototype(&self, object: Local<'_>) -> Result<Local<'s>, Error> {
        let cx = self.cx();
        root!(cx, target = self.object_of(object)?);
        root!(cx, prototype = ptr::null_mut::<JSObject>());
        // SAFETY: handles are roots.
        let ok = unsafe { JS_GetPrototype(cx, target.handle(), prototype.handle_mut()) };
        self.check(ok)?;
        Ok(if prototype.get().is_null() {
            Local::null()
        } else {
            self.root(ObjectValue(prototype.get()))
        })
    }

    /// `function.call(this, ...arguments)`.
    ///
    /// # Errors
    /// What the function throws; a TypeError if it is no function.
    pub fn call(
        &self,
        function: Local<'_>,
        this: Local<'_>,
        arguments: &[Local<'_>],
    ) -> Result<Local<'s>, Error> {
        self.runnable()?;
        let cx = self.cx();
        root!(cx, result = UndefinedValue());
        let ok = {
            let out = result.handle_mut();
            self.with_values(arguments, |cx, array| {
                // SAFETY: handles are roots, and the array's values are rooted for the call.
                unsafe { Call(cx, this.handle(), function.handle(), array, out) }
            })?
        };
        self.check(ok)?;
        Ok(self.root(result.get()))
    }

    /// `object[name](...arguments)`.
    ///
    /// # Errors
    /// What the look-up or the function throws.
    pub fn call_method(
        &self,
        object: Local<'_>,
        name: &str,
        arguments: &[Local<'_>],
    ) -> Result<Local<'s>, Error> {
        let function = self.get(object, name)?;
        if !self.is_function(function) {
            return Err(Error::type_error(format!("{name} is not a function")));
        }
        self.call(function, object, arguments)
    }

    /// `new constructor(...arguments)`.
    ///
    /// # Errors
    /// What the constructor throws; a TypeError if it is none.
    pub fn construct(
        &self,
        constructor: Local<'_>,
        arguments: &[Local<'_>],
    ) -> Result<Local<'s>, Error> {
        self.runnable()?;
        let cx = self.cx();
        let object = constructor.object_or_null();
        // SAFETY: a plain query of a live object.
        if object.is_null() || !unsafe { IsConstructor(object) } {
            return Err(Error::type_error("the value is not a constructor"));
        }
        root!(cx, result = ptr::null_mut::<JSObject>());
        let ok = {
            let out = result.handle_mut();
            self.with_values(arguments, |cx, array| {
                // SAFETY: handles are roots, and the array's values are rooted for the call.
                unsafe { Construct1(cx, constructor.handle(), array, out) }
            })?
        };
        self.check(ok)?;
        self.root_object(result.get())
    }

    /// Refuses to run code once the program is leaving.
    pub(super) fn runnable(&self) -> Result<(), Error> {
        if self.inner().stopped.get() {
            Err(Error::terminated())
        } else {
            Ok(())
        }
    }

    /// Whether the value can be called.
    pub fn is_function(&self, value: Local<'_>) -> bool {
        let object = value.object_or_null();
        // SAFETY: a plain query of a live object.
        !object.is_null() && unsafe { IsCallable(object) }
    }

    /// Whether the value can be constructed with `new`.
    pub fn is_constructor(&self, value: Local<'_>) -> bool {
        let object = value.object_or_null();
        // SAFETY: a plain query of a live object.
        !object.is_null() && unsafe { IsConstructor(object) }
    }

    /// Whether the value is an array (not a proxy of one).
    pub fn is_array(&self, value: Local<'_>) -> bool {
        let cx = self.cx();
        let object = value.object_or_null();
        if object.is_null() {
            return false;
        }
        root!(cx, object = object);
        let mut answer = false;
        // SAFETY: the handle is a root.
        let ok = unsafe { IsArrayObject1(cx, object.handle(), &mut answer) };
        self.check(ok).is_ok() && answer
    }

    /// The length of an array.
    ///
    /// # Errors
    /// A TypeError for anything that is no array.
    pub fn array_length(&self, array: Local<'_>) -> Result<u32, Error> {
        if !self.is_array(array) {
            return Err(Error::type_error("the value is not an array"));
        }
        let cx = self.cx();
        root!(cx, object = array.object_or_null());
        let mut length = 0;
        // SAFETY: the handle is a root.
        let ok = unsafe { GetArrayLength(cx, object.handle(), &mut length) };
        self.check(ok)?;
        Ok(length)
    }

    /// The element of an array at this index, as `array[index]`; none from its length on.
    ///
    /// # Errors
    /// A TypeError for what is no object; what a getter throws.
    pub fn element(&self, array: Local<'_>, index: u32) -> Result<Option<Local<'s>>, Error> {
        let cx = self.cx();
        root!(cx, object = self.object_of(array)?);
        let mut length = 0;
        // SAFETY: the handle is a root.
        let ok = unsafe { GetArrayLength(cx, object.handle(), &mut length) };
        self.check(ok)?;
        if index >= length {
            return Ok(None);
        }
        root!(cx, value = UndefinedValue());
        // SAFETY: the handles are roots.
        let ok = unsafe { JS_GetElement(cx, object.handle(), index, value.handle_mut()) };
        self.check(ok)?;
        Ok(Some(self.root(value.get())))
    }

    /// The items of an array as strings.
    ///
    /// # Errors
    /// A TypeError for anything that is no array; what reading or converting an item throws.
    pub fn strings_of(&self, array: Local<'_>) -> Result<Vec<String>, Error> {
        (0..self.array_length(array)?)
            .map(|index| self.string_of(self.get(array, index)?))
            .collect()
    }

    /// The built-in class of an object; `None` for a primitive.
    pub fn class_of(&self, value: Local<'_>) -> Option<Class> {
        let cx = self.cx();
        let object = value.object_or_null();
        if object.is_null() {
            return None;
        }
        root!(cx, object = object);
        let mut class = ESClass::Other;
        // SAFETY: the handle is a root.
        let ok = unsafe { GetBuiltinClass(cx, object.handle(), &mut class) };
        if self.check(ok).is_err() {
            return Some(Class::Other);
        }
        Some(match class {
            ESClass::Object => Class::Object,
            ESClass::Array => Class::Array,
            ESClass::Number => Class::Number,
            ESClass::String => Class::String,
            ESClass::Boolean => Class::Boolean,
            ESClass::RegExp => Class::RegExp,
            ESClass::ArrayBuffer => Class::ArrayBuffer,
            ESClass::SharedArrayBuffer => Class::SharedArrayBuffer,
            ESClass::Date => Class::Date,
            ESClass::Set => Class::Set,
            ESClass::Map => Class::Map,
            ESClass::Promise => Class::Promise,
            ESClass::MapIterator => Class::MapIterator,
            ESClass::SetIterator => Class::SetIterator,
            ESClass::Arguments => Class::Arguments,
            ESClass::Error => Class::Error,
            ESClass::BigInt => Class::BigInt,
            ESClass::Function => Class::Function,
            ESClass::Other => Class::Other,
        })
    }

    /// `a === b`.
    ///
    /// # Errors
    /// When memory runs out (comparing ropes flattens them).
    pub fn strictly_equal(&self, a: Local<'_>, b: Local<'_>) -> Result<bool, Error> {
        let mut equal = false;
        // SAFETY: handles are roots.
        let ok = unsafe { StrictlyEqual(self.cx(), a.handle(), b.handle(), &mut equal) };
        self.check(ok)?;
        Ok(equal)
    }

    /// `value instanceof constructor`.
    ///
    /// # Errors
    /// What `Symbol.hasInstance` throws; a TypeError if the right side is no constructor.
    pub fn instance_of(&self, value: Local<'_>, constructor: Local<'_>) -> Result<bool, Error> {
        let cx = self.cx();
        root!(cx, constructor = self.object_of(constructor)?);
        let mut answer = false;
        // SAFETY: handles are roots.
        let ok = unsafe {
            mozjs::jsapi::JS_HasInstance(cx, constructor.handle(), value.handle(), &mut answer)
        };
        self.check(ok)?;
        Ok(answer)
    }

    /// `JSON.parse(text)`.
    ///
    /// # Errors
    /// A SyntaxError.
    pub fn json_parse(&self, text: &str) -> Result<Local<'s>, Error> {
        let text = self.string(text)?;
        let cx = self.cx();
        root!(cx, text = text.string_or_null());
        root!(cx, value = UndefinedValue());
        // SAFETY: handles are roots.
        let ok = unsafe { JS_ParseJSON1(cx, text.handle(), value.handle_mut()) };
        self.check(ok)?;
        Ok(self.root(value.get()))
    }

    /// `JSON.stringify(value)`; `None` where JavaScript gives undefined.
    ///
    /// # Errors
    /// What `toJSON` throws; a TypeError for cycles.
    pub fn json_stringify(&self, value: Local<'_>) -> Result<Option<String>, Error> {
        unsafe extern "C" fn append(
            units: *const u16,
            length: u32,
            data: *mut std::ffi::c_void,
        ) -> bool {
            // SAFETY: called during `ToJSON` below, with its target and `length` readable units.
            let (units, text) = unsafe {
                (
                    std::slice::from_raw_parts(units, length as usize),
                    &mut *data.cast::<Vec<u16>>(),
                )
            };
            text.extend_from_slice(units);
            true
        }
        let cx = self.cx();
        let mut text: Vec<u16> = Vec::new();
        root!(cx, replacer = ptr::null_mut::<JSObject>());
        // SAFETY: handles are roots; the target outlives the call, and `append` expects it.
        let ok = unsafe {
            ToJSON(
                cx,
                value.handle(),
                replacer.handle(),
                HandleValue::undefined(),
                Some(append),
                (&raw mut text).cast(),
            )
        };
        self.check(ok)?;
        Ok((!text.is_empty()).then(|| String::from_utf16_lossy(&text)))
    }

    /// The target and handler of a `Proxy`; `None` for anything else. Both are null once it is revoked.
    pub fn proxy_details(&self, value: Local<'_>) -> Option<(Local<'s>, Local<'s>)> {
        self.cx();
        let object = value.object_or_null();
        if object.is_null() || !is_scripted_proxy(object) {
            return None;
        }
        let (mut target, mut handler) = (UndefinedValue(), UndefinedValue());
        // SAFETY: the object is a scripted proxy, which keeps its target as its private and its handler in slot 0;
        // reading them does not allocate, and both are rooted at once.
        unsafe {
            mozjs::glue::GetProxyPrivate(object, &mut target);
            mozjs::glue::GetProxyReservedSlot(object, 0, &mut handler);
        }
        let or_null = |value: mozjs::jsval::JSVal| {
            if value.is_object() {
                self.root(value)
            } else {
                Local::null()
            }
        };
        Some((or_null(target), or_null(handler)))
    }

    pub(super) fn object_of(&self, value: Local<'_>) -> Result<*mut JSObject, Error> {
        let object = value.object_or_null();
        if object.is_null() {
            return Err(Error::type_error(format!(
                "cannot use {} as an object",
                describe(value)
            )));
        }
        Ok(object)
    }

    pub(super) fn id(&self, key: Key<'_>) -> Result<jsid, Error> {
        let cx = self.cx();
        root!(cx, id = mozjs::jsid::VoidId());
        // SAFETY: handles are roots; the atoms are rooted before anything else allocates.
        let ok = unsafe {
            match key {
                Key::Index(index) => mozjs::jsapi::JS_IndexToId(cx, index, id.handle_mut()),
                Key::Value(value) => JS_ValueToId(cx, value.handle(), id.handle_mut()),
                Key::Name(name) => {
                    let atom = if name.is_ascii() {
                        JS_AtomizeStringN(cx, name.as_ptr().cast(), name.len())
                    } else {
                        let units: Vec<u16> = name.encode_utf16().collect();
                        JS_AtomizeUCStringN(cx, units.as_ptr(), units.len())
                    };
                    root!(cx, atom = atom);
                    !atom.get().is_null() && JS_StringToId(cx, atom.handle(), id.handle_mut())
                }
            }
        };
        self.check(ok)?;
        Ok(id.get())
    }
}

unsafe extern "C" {
    /// The handler of every `new Proxy`; not in the bindings.
    #[link_name = "_ZN2js20ScriptedProxyHandler9singletonE"]
    static SCRIPTED_PROXY_HANDLER: u8;
}

fn is_scripted_proxy(object: *mut JSObject) -> bool {
    // SAFETY: a live object has a class, and a proxy keeps its handler in the word after its shape (`ProxyDataOffset` of
    // the engine's Proxy.h, on 64-bit machines, the only ones supported). The glue's `GetProxyHandler` aborts for
    // handlers that are not the glue's own.
    unsafe {
        (*mozjs::rust::get_object_class(object)).flags & mozjs::jsapi::JSCLASS_IS_PROXY != 0
            && *object.cast::<*const u8>().add(1) == &raw const SCRIPTED_PROXY_HANDLER
    }
}

fn describe(value: Local<'_>) -> &'static str {
    use super::local::Type;
    match value.type_of() {
        Type::Undefined => "undefined",
        Type::Null => "null",
        Type::Boolean => "a boolean",
        Type::Number => "a number",
        Type::String => "a string",
        Type::Symbol => "a symbol",
        Type::BigInt => "a BigInt",
        Type::Object => "an object",
    }
}
