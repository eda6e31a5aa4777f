//! Further realms of the context: globals of their own in the same compartment, so that their objects and those of the program meet
//! without wrappers. They have the language and nothing of ours but V8's interface to stacks. Scripts and functions can be compiled for one, with objects before
//! its global in the scope.

use std::ffi::CString;
use std::ptr;

use mozjs::jsapi::glue::{AppendToEnvironmentChain, DeleteEnvironmentChain, NewEnvironmentChain};
use mozjs::jsapi::{Compartment, CompartmentSpecifier};
use mozjs::jsapi::{
    Compile1, CompileFunction, CompileFunction1, EnterRealm, EnvironmentChain,
    GetCurrentRealmOrNull, JS_ExecuteScript, JS_ExecuteScript2, JS_FireOnNewGlobalObject,
    JS_GetFunctionObject, JS_GetFunctionScript, JS_GlobalObjectTraceHook,
    JS_MayResolveStandardClass, JS_NewEnumerateStandardClasses, JS_NewGlobalObject,
    JS_ResolveStandardClass, JSCLASS_GLOBAL_FLAGS, JSClass, JSClassOps, JSContext, JSObject,
    JSScript, LeaveRealm, OnNewGlobalHookOption, Realm, SetScriptPrivate, SupportUnscopables,
};
use mozjs::jsval::UndefinedValue;
use mozjs::rust::RealmOptions;

use super::error::Error;
use super::functions::StaticClass;
use super::local::Local;
use super::modules::{Options, source_text, wide_source_text};
use super::roots::root;
use super::scope::Scope;

static GLOBAL_OPS: JSClassOps = JSClassOps {
    addProperty: None,
    delProperty: None,
    enumerate: None,
    newEnumerate: Some(JS_NewEnumerateStandardClasses),
    resolve: Some(JS_ResolveStandardClass),
    mayResolve: Some(JS_MayResolveStandardClass),
    finalize: None,
    call: None,
    construct: None,
    trace: Some(JS_GlobalObjectTraceHook),
};

static GLOBAL_CLASS: StaticClass = StaticClass(JSClass {
    name: c"Object".as_ptr(),
    flags: JSCLASS_GLOBAL_FLAGS,
    cOps: &raw const GLOBAL_OPS,
    spec: ptr::null(),
    ext: ptr::null(),
    oOps: ptr::null(),
});

/// Inside of another realm until dropped.
pub(super) struct Entered {
    cx: *mut JSContext,
    before: *mut Realm,
}

impl Entered {
    /// # Safety
    /// `cx` must be a live context of ours, `global` an object of the realm that is not moved meanwhile: a root. Entered realms
    /// are left in reverse order.
    pub(super) unsafe fn new(cx: *mut JSContext, global: *mut JSObject) -> Entered {
        // SAFETY: the caller's promise.
        let before = unsafe { EnterRealm(cx, global) };
        Entered { cx, before }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        // SAFETY: entered by `new`, from this realm.
        unsafe { LeaveRealm(self.cx, self.before) };
    }
}

/// The objects between a script and its global.
struct Chain(*mut EnvironmentChain);

impl Chain {
    fn new(scope: &Scope<'_>, objects: &[Local<'_>]) -> Result<Chain, Error> {
        // SAFETY: a live context; the chain is a list of roots of its own, freed when this drops, before any root made earlier.
        let chain = Chain(unsafe { NewEnvironmentChain(scope.cx(), SupportUnscopables::No) });
        for object in objects {
            let object = scope.object_of(*object)?;
            // SAFETY: a live chain and object; nothing allocates in between.
            if !unsafe { AppendToEnvironmentChain(chain.0, object) } {
                return Err(Error::new("out of memory"));
            }
        }
        Ok(chain)
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        // SAFETY: made by `NewEnvironmentChain`, dropped once.
        unsafe { DeleteEnvironmentChain(self.0) };
    }
}

/// What is compiled.
#[derive(Debug, Clone, Copy)]
pub struct Source<'t> {
    /// Its text.
    pub text: &'t str,
    /// The file that stacks name.
    pub file: &'t str,
    /// The line of its beginning, from 1.
    pub line: u32,
    /// How many columns its first line is away from that line's beginning.
    pub column: u32,
}

/// Sets what comes back as the referrer of a script's dynamic imports; nothing for undefined.
///
/// # Safety
/// A live script of the current context, which nothing moves: it is a root, or nothing allocates.
pub(super) unsafe fn set_private(script: *mut JSScript, private: Local<'_>) {
    if !private.is_undefined() {
        let private = private.value();
        // SAFETY: the caller's promise; the engine copies the value into a traced slot.
        unsafe { SetScriptPrivate(script, &private) };
    }
}

impl Options {
    /// Of a source that begins anywhere in its file.
    pub(super) fn of(cx: *mut JSContext, source: Source<'_>) -> Options {
        let options = Options::new(cx, source.file, source.line);
        // SAFETY: live options that nobody else uses.
        unsafe { (*options.0).column._base = source.column + 1 };
        options
    }
}

impl<'s> Scope<'s> {
    /// A realm of its own in this context: its global object.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn new_realm(&self) -> Result<Local<'s>, Error> {
        let cx = self.cx();
        let mut options = RealmOptions::default();
        options.creationOptions_.sharedMemoryAndAtomics_ = true;
        options.creationOptions_.defineSharedArrayBufferConstructor_ = true;
        options.creationOptions_.compSpec_ = CompartmentSpecifier::ExistingCompartment;
        // SAFETY: the context is in its realm. `JS::shadow::Realm` begins with the realm's compartment; it is what the engine's own inline
        // `GetCompartmentForRealm` reads.
        options.creationOptions_.__bindgen_anon_1.comp_ =
            unsafe { *GetCurrentRealmOrNull(cx).cast::<*mut Compartment>() };
        // SAFETY: the class is static; without principals the realm trusts all code alike; the result is rooted at once.
        let global = self.root_object(unsafe {
            JS_NewGlobalObject(
                cx,
                &GLOBAL_CLASS.0,
                ptr::null_mut(),
                OnNewGlobalHookOption::DontFireOnNewGlobalHook,
                &raw const *options,
            )
        })?;
        root!(cx, object = global.object_or_null());
        // SAFETY: the global is a root, and its realm is entered for the call.
        unsafe {
            let _entered = Entered::new(cx, object.get());
            JS_FireOnNewGlobalObject(cx, object.handle());
            super::stacks::install_in_realm(self)?;
        }
        Ok(global)
    }

    /// Whether a script's syntax is right.
    ///
    /// # Errors
    /// A SyntaxError.
    pub fn check_script(&self, source: Source<'_>) -> Result<(), Error> {
        let cx = self.cx();
        let options = Options::of(cx, source);
        let mut text = source_text(source.text)?;
        // SAFETY: the source outlives the call, which does not keep it.
        let script = unsafe { Compile1(cx, options.0, &mut text) };
        self.check(!script.is_null())
            .map_err(|error| self.with_place(error))
    }

    /// Runs a script in the realm of `global`, with `environment` before the global in its scope: the first is asked first, and is what `var`
    /// and `this` mean. `private` comes back as the referrer of its dynamic imports.
    ///
    /// # Errors
    /// A SyntaxError, or what the script throws.
    pub fn run_in_realm(
        &self,
        global: Local<'_>,
        environment: &[Local<'_>],
        source: Source<'_>,
        private: Local<'_>,
    ) -> Result<Local<'s>, Error> {
        self.runnable()?;
        let cx = self.cx();
        root!(cx, global = self.object_of(global)?);
        let chain = Chain::new(self, environment)?;
        root!(cx, value = UndefinedValue());
        let ok = {
            // SAFETY: the global is a root.
            let _entered = unsafe { Entered::new(cx, global.get()) };
            let options = Options::of(cx, source);
            let mut text = source_text(source.text)?;
            // SAFETY: live options that nobody else uses; the source outlives the compilation, which does not keep it; the script is rooted
            // before anything else allocates; the chain and the handle are roots.
            unsafe {
                (*options.0)._base.nonSyntacticScope = !environment.is_empty();
                let script = Compile1(cx, options.0, &mut text);
                root!(cx, script = script);
                if !script.get().is_null() {
                    set_private(script.get(), private);
                }
                if script.get().is_null() {
                    false
                } else if environment.is_empty() {
                    // A chain without objects is none to the engine.
                    JS_ExecuteScript(cx, script.handle(), value.handle_mut())
                } else {
                    JS_ExecuteScript2(cx, chain.0, script.handle(), value.handle_mut())
                }
            }
        };
        drop(chain);
        self.check(ok).map_err(|error| self.with_place(error))?;
        let value = self.root(value.get());
        self.drain_own_queue(global.get())?;
        Ok(value)
    }

    /// An ES module that is compiled in the realm of `global`. `private` comes back as the referrer of its imports and for its `import.meta`.
    ///
    /// # Errors
    /// A SyntaxError.
    pub fn compile_module_in(
        &self,
        global: Local<'_>,
        source: Source<'_>,
        private: Local<'_>,
    ) -> Result<Local<'s>, Error> {
        let cx = self.cx();
        root!(cx, global = self.object_of(global)?);
        // SAFETY: the global is a root.
        let _entered = unsafe { Entered::new(cx, global.get()) };
        self.compile_module_at(source.text, source.file, source.line, private)
    }

    /// A function from its parameters and its body, compiled in the realm of `global` with `environment` in its scope. `private`
    /// is the referrer of its imports, unless it is undefined.
    ///
    /// # Errors
    /// A SyntaxError; a TypeError for a parameter with a null character.
    pub fn compile_function(
        &self,
        global: Local<'_>,
        environment: &[Local<'_>],
        parameters: &[String],
        source: Source<'_>,
        private: Local<'_>,
    ) -> Result<Local<'s>, Error> {
        let cx = self.cx();
        root!(cx, global = self.object_of(global)?);
        let names = parameters
            .iter()
            .map(|name| CString::new(name.as_str()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| Error::type_error("a parameter has a null character"))?;
        let pointers: Vec<_> = names.iter().map(|name| name.as_ptr()).collect();
        let count =
            u32::try_from(pointers.len()).map_err(|_| Error::range_error("too many parameters"))?;
        let chain = Chain::new(self, environment)?;
        root!(cx, function = ptr::null_mut::<JSObject>());
        {
            // SAFETY: the global is a root.
            let _entered = unsafe { Entered::new(cx, global.get()) };
            // The engine puts a line with the parameters before the body.
            let options = Options::new(cx, source.file, source.line.saturating_sub(1));
            // What this call is given as UTF-8, the engine takes for Latin-1, so other text goes in as UTF-16.
            let wide: Vec<u16> = if source.text.is_ascii() {
                Vec::new()
            } else {
                source.text.encode_utf16().collect()
            };
            // SAFETY: live options; names, pointers and source outlive the call, which keeps none; the function is rooted at once, and
            // its script, which it has from being compiled, belongs to it.
            unsafe {
                (*options.0)._base.nonSyntacticScope = !environment.is_empty();
                let (names, no_name) = (pointers.as_ptr(), ptr::null());
                let made = if wide.is_empty() {
                    let mut text = source_text(source.text)?;
                    CompileFunction1(cx, chain.0, options.0, no_name, count, names, &mut text)
                } else {
                    let mut text = wide_source_text(&wide)?;
                    CompileFunction(cx, chain.0, options.0, no_name, count, names, &mut text)
                };
                if !made.is_null() {
                    function.handle_mut().set(JS_GetFunctionObject(made));
                    root!(cx, made = made);
                    let script = JS_GetFunctionScript(cx, made.handle());
                    if !script.is_null() {
                        set_private(script, private);
                    }
                }
            }
        }
        drop(chain);
        if function.get().is_null() {
            return Err(self.with_place(Error::pending(self)));
        }
        self.root_object(function.get())
    }
}
