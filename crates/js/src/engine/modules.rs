//! The engine's side of modules: compile, link, evaluate, and the hooks that ask a [`ModuleHost`] for what a module
//! imports. What a specifier means, and where source comes from, is decided by the host, outside.
//!
//! A module record is an opaque object to everyone but the engine. Each carries a private value, which the host chooses
//! and gets back as the referrer of an import; Twinloop's is the module's URL, or an object with more.

use std::ffi::CString;
use std::ptr;

use mozjs::glue::{
    DeleteCompileOptions, JS_GetModulePrivate, JS_GetScriptPrivate, NewCompileOptions,
};
use mozjs::jsapi::{
    ColumnNumberOneOrigin, CompileJsonModule1, CompileModule1, CompileWasmModuleAsSource,
    CreateDefaultExportSyntheticModule, Evaluate2, FinishLoadingImportedModule,
    FinishLoadingImportedModuleFailed, GetModuleNamespace, GetModuleRequestSpecifier,
    GetModuleRequestType, GetNonCCWObjectGlobal, Handle, JS_GetRuntime,
    JS_Utf8BufferIsCompilableUnit, JSContext, JSObject, JSScript, LoadRequestedModules1,
    ModuleEvaluate, ModuleLink, ModuleRequestIsSourcePhase, ModuleType, ReadOnlyCompileOptions,
    SetModuleLoadHook, SetModuleMetadataHook, SetModulePrivate, SourceText, Value,
};
use mozjs::jsval::UndefinedValue;
use mozjs_sys::jsapi::mozilla::Utf8Unit;

use super::error::Error;
use super::functions::native_body;
use super::local::Local;
use super::objects::{Attributes, Class};
use super::promises::PromiseState;
use super::realms::Entered;
use super::roots::root;
use super::scope::Scope;

/// What an import asks for with `with { type: ... }`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportType {
    /// No attribute: JavaScript.
    JavaScript,
    /// `type: 'json'`.
    Json,
    /// `type: 'text'`.
    Text,
    /// `type: 'bytes'`.
    Bytes,
    /// Anything else.
    Other,
}

/// One import that the engine wants resolved.
#[derive(Debug, Clone, Copy)]
pub struct ModuleRequest<'s> {
    /// The specifier as written.
    pub specifier: Local<'s>,
    /// The kind of module asked for.
    pub kind: ImportType,
    /// Whether it is the source of the module that is asked for (`import source`).
    pub is_source_phase: bool,
    /// The private value of the importing module or script; undefined if it has none.
    pub referrer: Local<'s>,
    /// Whether it is an `import()`.
    pub is_dynamic: bool,
    /// Line of the import in the importer, from 1; 0 if unknown.
    pub line: u32,
    /// Column of the import, from 1; 0 if unknown.
    pub column: u32,
}

/// Finds and loads modules.
pub trait ModuleHost {
    /// The module record for an import. Must give the same record each time for the same referrer and specifier.
    /// For a dynamic import it may be a promise, whose outcome the import then has.
    ///
    /// # Errors
    /// What the import shall fail with.
    fn load<'s>(&self, scope: &Scope<'s>, request: ModuleRequest<'s>) -> Result<Local<'s>, Error>;

    /// Fills `import.meta` of the module with this private value.
    ///
    /// # Errors
    /// What the access shall throw.
    fn meta<'s>(&self, scope: &Scope<'s>, private: Local<'s>, meta: Local<'s>)
    -> Result<(), Error>;
}

/// The engine's compile options, freed with this.
pub(super) struct Options(pub(super) *mut ReadOnlyCompileOptions);

impl Options {
    pub(super) fn new(cx: *mut JSContext, file: &str, line: u32) -> Self {
        let file = CString::new(file.replace('\0', "\u{fffd}")).unwrap_or_default();
        // SAFETY: the engine copies the name; it must not be null.
        Options(unsafe { NewCompileOptions(cx, file.as_ptr(), line) })
    }
}

impl Drop for Options {
    fn drop(&mut self) {
        // SAFETY: made by `NewCompileOptions`, dropped once.
        unsafe { DeleteCompileOptions(self.0) };
    }
}

pub(super) fn source_text(source: &str) -> Result<SourceText<Utf8Unit>, Error> {
    let length = u32::try_from(source.len())
        .map_err(|_| Error::range_error("the source text is longer than 4 GiB"))?;
    Ok(SourceText {
        _phantom_0: std::marker::PhantomData,
        units_: source.as_ptr().cast(),
        length_: length,
        ownsUnits_: false,
    })
}

/// The same as UTF-16.
pub(super) fn wide_source_text(source: &[u16]) -> Result<SourceText<u16>, Error> {
    let length = u32::try_from(source.len())
        .map_err(|_| Error::range_error("the source text is longer than 4 GiB"))?;
    Ok(SourceText {
        _phantom_0: std::marker::PhantomData,
        units_: source.as_ptr(),
        length_: length,
        ownsUnits_: false,
    })
}

/// `mozilla::Vector<uint8_t>`: where its elements begin, how many there are, room for how many. The engine's debug build adds two words.
#[repr(C)]
struct Bytes {
    begin: *mut u8,
    length: usize,
    capacity: usize,
    debug: [usize; 2],
}

impl Bytes {
    fn copied(bytes: &[u8]) -> Result<Bytes, Error> {
        let capacity = bytes.len().max(1);
        // SAFETY: the C library's allocator, which is the engine's.
        let begin = unsafe { libc::malloc(capacity) }.cast::<u8>();
        if begin.is_null() {
            return Err(Error::range_error("out of memory"));
        }
        // SAFETY: there is room for all of them.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), begin, bytes.len()) };
        Ok(Bytes {
            begin,
            length: bytes.len(),
            capacity,
            debug: [capacity, 0],
        })
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        // Who took the memory left an empty vector, without room.
        if self.capacity > 0 {
            // SAFETY: it is the C library's, and nobody else's.
            unsafe { libc::free(self.begin.cast()) };
        }
    }
}

/// What the engine says of an `await` outside of async functions: of one it does not say what is wrong, the other forgets modules' own.
const MISPLACED_AWAIT: [&str; 2] = [
    "await is a reserved identifier",
    "await is only valid in async functions, async generators and modules",
];
/// As Node says it.
const AWAIT_IS_VALID: &str =
    "await is only valid in async functions and the top level bodies of modules";

impl<'s> Scope<'s> {
    /// Runs a classic script and gives its completion value.
    ///
    /// # Errors
    /// A SyntaxError, or what the script throws.
    pub fn evaluate(&self, source: &str, file: &str, line: u32) -> Result<Local<'s>, Error> {
        self.runnable()?;
        let cx = self.cx();
        let options = Options::new(cx, file, line);
        let mut text = source_text(source)?;
        root!(cx, value = UndefinedValue());
        // SAFETY: the source outlives the call, which does not keep it; handles are roots.
        let ok = unsafe { Evaluate2(cx, options.0, &mut text, value.handle_mut()) };
        self.check(ok).map_err(|error| self.with_place(error))?;
        Ok(self.root(value.get()))
    }

    /// Whether the text is a script, or can never become one by more lines: false for what ends too early.
    ///
    /// # Errors
    /// When the engine has no context to ask in.
    pub fn is_compilable_unit(&self, source: &str) -> Result<bool, Error> {
        self.runnable()?;
        let cx = self.cx();
        root!(cx, global = self.global().object_or_null());
        // SAFETY: the text outlives the call, which does not keep it; the handle is a root. It reports nothing of what it finds.
        Ok(unsafe {
            JS_Utf8BufferIsCompilableUnit(cx, global.handle(), source.as_ptr().cast(), source.len())
        })
    }

    /// Compiles an ES module. `private` comes back as the referrer of its imports and for its `import.meta`.
    ///
    /// # Errors
    /// A SyntaxError.
    pub fn compile_module(
        &self,
        source: &str,
        url: &str,
        private: Local<'_>,
    ) -> Result<Local<'s>, Error> {
        self.compile_module_at(source, url, 1, private)
    }

    /// The same, with the line of its beginning.
    pub(super) fn compile_module_at(
        &self,
        source: &str,
        url: &str,
        line: u32,
        private: Local<'_>,
    ) -> Result<Local<'s>, Error> {
        let cx = self.cx();
        let options = Options::new(cx, url, line);
        let mut text = source_text(source)?;
        // SAFETY: as in `evaluate`; the result is rooted at once.
        let module = self
            .root_object(unsafe { CompileModule1(cx, options.0, &mut text) })
            .map_err(|error| self.with_place(error))?;
        let private = private.value();
        // SAFETY: a fresh module record; the engine copies the value into a traced slot.
        unsafe { SetModulePrivate(module.object_or_null(), &private) };
        Ok(module)
    }

    /// A module whose default export is the value of this JSON text.
    ///
    /// # Errors
    /// A SyntaxError.
    pub fn json_module(&self, source: &str, url: &str) -> Result<Local<'s>, Error> {
        let cx = self.cx();
        let options = Options::new(cx, url, 1);
        let mut text = source_text(source)?;
        // SAFETY: as in `evaluate`.
        self.root_object(unsafe { CompileJsonModule1(cx, options.0, &mut text) })
            .map_err(|error| self.with_place(error))
    }

    /// Puts the place of a syntax error into its stack: nothing was running, so the engine leaves the stack without it. One about `await` says where that may
    /// stand.
    pub(super) fn with_place(&self, error: Error) -> Error {
        let add = |value: Local<'_>| -> Result<(), Error> {
            let line = self.get(value, "lineNumber")?.as_index();
            let column = self.get(value, "columnNumber")?.as_index();
            let (Some(line), Some(column)) = (line, column) else {
                return Ok(());
            };
            let message = self.get(value, "message")?;
            let message = self.string_of(message)?;
            let stack = self.get(value, "stack")?;
            let mut stack = self.string_of(stack)?;
            if MISPLACED_AWAIT.contains(&message.as_str()) {
                let clear = self.string(AWAIT_IS_VALID)?;
                self.define(value, "message", clear, Attributes::HIDDEN)?;
                stack = stack.replacen(&message, AWAIT_IS_VALID, 1);
            }
            let file = self.get(value, "fileName")?;
            let place = format!("    at {}:{line}:{column}", self.string_of(file)?);
            if stack.contains(&place) {
                return Ok(());
            }
            let (head, frames) = match stack.find("\n    at ") {
                Some(end) => stack.split_at(end),
                None => (stack.trim_end(), ""),
            };
            let head = if head.is_empty() {
                self.string_of(value)?
            } else {
                head.to_owned()
            };
            let stack = self.string(&format!("{head}\n{place}{frames}"))?;
            self.define(value, "stack", stack, Attributes::HIDDEN)
        };
        if let Some(value) = error.to_local(self)
            && self.class_of(value) == Some(Class::Error)
            && self.is_syntax_error(value)
        {
            // Where an error object resists (its property is frozen), it is reported as it is.
            let _ = add(value);
        }
        error
    }

    fn is_syntax_error(&self, value: Local<'_>) -> bool {
        let name = self
            .get(value, "name")
            .and_then(|name| self.string_of(name));
        name.is_ok_and(|name| name == "SyntaxError")
    }

    /// A module with one export, the default.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn default_module(&self, value: Local<'_>) -> Result<Local<'s>, Error> {
        // SAFETY: the handle is a root.
        self.root_object(unsafe { CreateDefaultExportSyntheticModule(self.cx(), value.handle()) })
    }

    /// A module that gives its `WebAssembly.Module` to `import source`.
    ///
    /// # Errors
    /// A CompileError.
    pub fn wasm_source_module(&self, bytes: &[u8], url: &str) -> Result<Local<'s>, Error> {
        let cx = self.cx();
        let options = Options::new(cx, url, 1);
        let mut source = Bytes::copied(bytes)?;
        // SAFETY: the bytes are a vector as the engine lays it out, which it may take the memory of; the result is rooted at once.
        self.root_object(unsafe {
            CompileWasmModuleAsSource(cx, options.0, (&raw mut source).cast())
        })
    }

    /// A promise for the loading of everything that a module imports.
    fn load_requested_modules(&self, module: Local<'_>) -> Result<Local<'s>, Error> {
        let cx = self.cx();
        root!(cx, module = self.object_of(module)?);
        root!(cx, promise = ptr::null_mut::<JSObject>());
        // SAFETY: handles are roots; the realm is the module's own.
        let ok = unsafe {
            let _entered = Entered::new(cx, module.get());
            LoadRequestedModules1(
                cx,
                module.handle(),
                mozjs::jsapi::HandleValue::undefined(),
                promise.handle_mut(),
            )
        };
        self.check(ok)?;
        self.root_object(promise.get())
    }

    /// Loads everything that a module imports; every load ends in its hook, so this is done when it returns.
    ///
    /// # Errors
    /// What the first failing load failed with.
    pub fn load_dependencies(&self, module: Local<'_>) -> Result<(), Error> {
        let loaded = self.load_requested_modules(module)?;
        if self.promise_state(loaded) == Some(PromiseState::Rejected) {
            self.mark_promise_handled(loaded);
            return Err(Error::thrown(self, self.promise_result(loaded)));
        }
        Ok(())
    }

    /// Links a loaded module: binds its imports to exports.
    ///
    /// # Errors
    /// A SyntaxError for an import that nothing exports.
    pub fn link_module(&self, module: Local<'_>) -> Result<(), Error> {
        let cx = self.cx();
        root!(cx, module = self.object_of(module)?);
        // SAFETY: the handle is a root; a module of another realm has that one's scope.
        let ok = unsafe {
            let _entered = Entered::new(cx, module.get());
            ModuleLink(cx, module.handle())
        };
        self.check(ok).map_err(|error| self.with_place(error))
    }

    /// Puts the place of the import into the stack of an error that made it fail, as its last frame.
    pub(crate) fn with_importer(&self, error: Error, place: &str) -> Error {
        let add = |value: Local<'_>| -> Result<(), Error> {
            let stack = self.get(value, "stack")?;
            let stack = self.string_of(stack)?;
            let frame = format!("    at {place}");
            if stack.contains(&frame) {
                return Ok(());
            }
            let head = match stack.trim_end() {
                "" => self.string_of(value)?,
                text => text.to_owned(),
            };
            let stack = self.string(&format!("{head}\n{frame}"))?;
            self.define(value, "stack", stack, Attributes::HIDDEN)
        };
        let Some(value) = error.to_local(self) else {
            return error;
        };
        if self.class_of(value) != Some(Class::Error) {
            return error;
        }
        // As above: an error object that resists is reported as it is.
        let _ = add(value);
        Error::thrown(self, value)
    }

    /// Runs a linked module; gives the promise of its evaluation (top-level await).
    ///
    /// # Errors
    /// What it throws where the engine reports that at once; else the promise is rejected.
    pub fn evaluate_module(&self, module: Local<'_>) -> Result<Local<'s>, Error> {
        self.runnable()?;
        let cx = self.cx();
        root!(cx, module = self.object_of(module)?);
        root!(cx, value = UndefinedValue());
        // SAFETY: handles are roots; the realm is the module's own.
        let ok = unsafe {
            let _entered = Entered::new(cx, module.get());
            ModuleEvaluate(cx, module.handle(), value.handle_mut())
        };
        self.check(ok)?;
        let value = self.root(value.get());
        // SAFETY: the module is a root.
        let global = unsafe { GetNonCCWObjectGlobal(module.get()) };
        self.drain_own_queue(global)?;
        Ok(value)
    }

    /// The namespace object of a linked module.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn module_namespace(&self, module: Local<'_>) -> Result<Local<'s>, Error> {
        let cx = self.cx();
        root!(cx, module = self.object_of(module)?);
        // SAFETY: the handle is a root; the realm is the module's own.
        self.root_object(unsafe {
            let _entered = Entered::new(cx, module.get());
            GetModuleNamespace(cx, module.handle())
        })
    }
}

pub(super) fn install(cx: *mut JSContext) {
    // SAFETY: both hooks are plain functions.
    unsafe {
        let runtime = JS_GetRuntime(cx);
        SetModuleLoadHook(runtime, Some(load));
        SetModuleMetadataHook(runtime, Some(metadata));
    }
}

/// # Safety
/// Called by the engine for each import, static and dynamic.
unsafe extern "C" fn load(
    cx: *mut JSContext,
    referrer: Handle<*mut JSScript>,
    request: Handle<*mut JSObject>,
    _host_defined: Handle<Value>,
    payload: Handle<Value>,
    line: u32,
    column: ColumnNumberOneOrigin,
) -> bool {
    // SAFETY: the engine passes our context and valid handles; `Finish...` is called exactly once on each path that
    // returns true.
    unsafe {
        native_body(cx, "loading a module", |scope| {
            let mut private = UndefinedValue();
            if !referrer.get().is_null() {
                JS_GetScriptPrivate(referrer.get(), scratch(&mut private));
            }
            let private = scope.root(private);
            let specifier = scope.root_string(GetModuleRequestSpecifier(scope.cx(), request))?;
            let kind = match GetModuleRequestType(scope.cx(), request) {
                ModuleType::JavaScript => ImportType::JavaScript,
                ModuleType::JSON => ImportType::Json,
                ModuleType::Text => ImportType::Text,
                ModuleType::Bytes => ImportType::Bytes,
                _ => ImportType::Other,
            };
            let host = scope.inner().module_host.borrow().clone();
            // For a dynamic import the engine leaves the loading of what the module imports itself to the host.
            let is_dynamic = scope.is_promise(scope.root(payload.get()));
            let loaded = match host {
                None => Err(Error::new("this context cannot load modules")),
                Some(host) => host.load(
                    scope,
                    ModuleRequest {
                        specifier,
                        kind,
                        is_source_phase: ModuleRequestIsSourcePhase(scope.cx(), request),
                        referrer: private,
                        is_dynamic,
                        line,
                        column: column._base,
                    },
                ),
            };
            if let Ok(promised) = &loaded
                && is_dynamic
                && scope.is_promise(*promised)
            {
                return settle_import_later(scope, *promised, scope.root(payload.get()));
            }
            let loaded = loaded.and_then(|module| {
                if is_dynamic {
                    scope.load_dependencies(module)?;
                }
                Ok(module)
            });
            let ok = match loaded {
                Ok(module) => {
                    let cx = scope.cx();
                    root!(cx, module = scope.object_of(module)?);
                    FinishLoadingImportedModule(
                        cx,
                        referrer,
                        request,
                        payload,
                        module.handle(),
                        true,
                    )
                }
                Err(error) => {
                    let Some(reason) = error.to_local(scope) else {
                        return Err(error);
                    };
                    FinishLoadingImportedModuleFailed(scope.cx(), payload, reason.handle())
                }
            };
            scope.check(ok)
        })
    }
}

/// Has the promise of an `import()` follow another. The engine waits for nothing but that promise.
fn settle_import_later(
    scope: &Scope<'_>,
    promised: Local<'_>,
    import: Local<'_>,
) -> Result<(), Error> {
    let import = scope.persist(import);
    scope.when_settled(promised, move |scope, outcome| {
        let import = scope.local(&import);
        match outcome {
            Ok(value) => scope.resolve_promise(import, value),
            Err(error) => match error.to_local(scope) {
                Some(reason) => scope.reject_promise(import, reason),
                None => Err(error),
            },
        }
    })
}

/// # Safety
/// Called by the engine when a module first touches `import.meta`.
unsafe extern "C" fn metadata(
    cx: *mut JSContext,
    module: Handle<*mut JSObject>,
    meta: Handle<*mut JSObject>,
) -> bool {
    // SAFETY: the engine passes our context and valid handles.
    unsafe {
        native_body(cx, "import.meta", |scope| {
            let mut private = UndefinedValue();
            JS_GetModulePrivate(module.get(), scratch(&mut private));
            let private = scope.root(private);
            let meta = scope.root_object(meta.get())?;
            let host = scope.inner().module_host.borrow().clone();
            host.map_or(Ok(()), |host| host.meta(scope, private, meta))
        })
    }
}

/// An out handle for a value that is rooted before anything allocates.
fn scratch(value: &mut Value) -> mozjs::jsapi::MutableHandle<Value> {
    // SAFETY: the callee only writes, and does not collect.
    unsafe { mozjs::jsapi::MutableHandle::from_marked_location(value) }
}
