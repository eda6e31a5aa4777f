//! Modules: what the engine's hooks ask for, found, read, compiled and remembered.
//!
//! The [`Loader`] is the engine's `ModuleHost`. Loading is synchronous (small local files; rule ONE-WAIT is about waiting
//! for peers), so a graph loads in one go. A module is remembered by its URL and stays, as the language demands. Modules
//! without a source of their own (built-ins, `python:` names) are a generated module that reads its values from
//! `import.meta`. Loop thread only.

mod commonjs;
pub(crate) mod deep_stack;
mod export_names;
mod graph;
mod hooked;
mod import_map;
mod javascript;
mod module_syntax;
pub(crate) mod operations;
mod prompt;
pub(crate) mod resolve;
pub(crate) mod source;
pub(crate) mod source_maps;
pub(crate) mod waiting;
mod watched;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use url::Url;

pub use graph::{graph_names_scheme, source_names_scheme};
use import_map::ImportMap;
use javascript::Javascript;
use resolve::{Problem, Resolver, ResolverOptions, Target, file_url, is_path};
use source::FileKind;
use source_maps::SourceMaps;
pub use watched::is_watched;

use crate::engine::{
    Error, ImportType, Local, ModuleHost, ModuleRequest, Scope, Slot, transcoding,
};
use crate::program::Input;
use crate::{builtins, rooms, typescript};

/// The exports of a module of a registered scheme: the default and the named, by name.
pub type SchemeExports =
    Rc<dyn for<'s> Fn(&Scope<'s>, &str) -> Result<Vec<(String, Local<'s>)>, Error>>;

/// The loader of a context, reachable from native functions.
#[derive(Default)]
struct InstalledLoader(RefCell<Option<Rc<Loader>>>);

/// Finds, compiles and remembers modules.
#[derive(Default)]
pub(crate) struct Loader {
    resolver: Resolver,
    /// Whether the program's file keeps the name of the link that it is.
    keeps_main_link: bool,
    /// Module records by URL and kind.
    modules: RefCell<HashMap<(String, Flavour), Slot>>,
    schemes: RefCell<HashMap<String, SchemeExports>>,
    /// The URL of the program, for `import.meta.main`.
    main: RefCell<Option<String>>,
    /// What `require` gave for ES modules, by their URL.
    required: RefCell<HashMap<String, Slot>>,
    /// `require.cache`: module objects by the file's path.
    require_cache: RefCell<Option<Slot>>,
    /// Whether the program is code from the command line that is no module.
    main_is_script: Cell<bool>,
    /// `require.main`: the module of the program, if that is CommonJS.
    main_module: RefCell<Option<Slot>>,
    /// What the last imported CommonJS file that failed threw, and the stack of that.
    thrown: RefCell<Option<(Slot, String)>>,
    /// The prototype of CommonJS modules.
    module_prototype: RefCell<Option<Slot>>,
    /// The class of CommonJS modules, once `node:module` is loaded.
    module_class: RefCell<Option<Slot>>,
    /// Whether the program has hooks (`registerHooks`), which are asked for each module.
    has_hooks: Cell<bool>,
}

/// The same file can be imported as code and as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Flavour {
    Code,
    Json,
    Text,
    Bytes,
    /// A module of WebAssembly that is not made an instance of (`import source`).
    Source,
}

impl Loader {
    /// A loader that does what these options of the command line say, by name.
    ///
    /// # Errors
    /// Says what is wrong with the import map.
    pub(crate) fn new(options: &[(String, String)]) -> Result<Loader, String> {
        let values = |name: &'static str| {
            let named = options.iter().filter(move |(option, _)| option == name);
            named.map(|(_, value)| value)
        };
        let import_map = values("--import-map").next_back();
        Ok(Loader {
            resolver: Resolver::new(ResolverOptions {
                conditions: values("--conditions").cloned().collect(),
                keeps_links: values("--preserve-symlinks").next().is_some(),
                import_map: (import_map.map(|file| ImportMap::read(Path::new(file))))
                    .transpose()?,
            }),
            keeps_main_link: values("--preserve-symlinks-main").next().is_some(),
            ..Loader::default()
        })
    }

    /// Makes this the loader of the scope's context.
    pub(crate) fn install(self: &Rc<Self>, scope: &Scope<'_>) {
        *scope.state::<InstalledLoader>().0.borrow_mut() = Some(self.clone());
    }

    /// The loader of the scope's context.
    pub(crate) fn of(scope: &Scope<'_>) -> Result<Rc<Loader>, Error> {
        let installed = scope.state::<InstalledLoader>();
        let loader = installed.0.borrow().clone();
        loader.ok_or_else(|| Error::new("this context has no module loader"))
    }

    pub(crate) fn register_scheme(&self, scheme: &str, exports: SchemeExports) {
        self.schemes.borrow_mut().insert(scheme.to_owned(), exports);
    }

    /// Forgets everything, before the context goes.
    pub(crate) fn clear(&self) {
        self.modules.borrow_mut().clear();
        self.schemes.borrow_mut().clear();
        self.required.borrow_mut().clear();
        self.require_cache.borrow_mut().take();
        self.main_module.borrow_mut().take();
        self.module_prototype.borrow_mut().take();
        self.thrown.borrow_mut().take();
        self.module_class.borrow_mut().take();
    }

    /// `require.cache`, made on first use.
    fn require_cache<'s>(&self, scope: &Scope<'s>) -> Result<Local<'s>, Error> {
        if let Some(cache) = &*self.require_cache.borrow() {
            return Ok(scope.local(cache));
        }
        let cache = scope.object()?;
        *self.require_cache.borrow_mut() = Some(scope.persist(cache));
        Ok(cache)
    }

    /// Says what the program is, when it is no module.
    pub(crate) fn set_main(&self, url: &str) {
        *self.main.borrow_mut() = Some(url.to_owned());
    }

    /// The URL of the program, or of the current folder when it has none.
    pub(crate) fn main_url(&self) -> String {
        self.main.borrow().clone().unwrap_or_else(|| {
            let folder = std::env::current_dir().unwrap_or_default();
            file_url(&folder.join("[script]")).to_string()
        })
    }

    /// Whether this is the URL of the program.
    fn is_main(&self, url: &str) -> bool {
        self.main.borrow().as_deref() == Some(url)
    }

    /// The module record of the program itself.
    pub(crate) fn main_module<'s>(
        &self,
        scope: &Scope<'s>,
        path: &Path,
    ) -> Result<Local<'s>, Error> {
        let missing = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => Error::coded(
                "ERR_MODULE_NOT_FOUND",
                format!("Cannot find module '{}'", path.display()),
            ),
            _ => Error::coded(
                "ERR_MODULE_NOT_FOUND",
                format!("Cannot read the module '{}': {error}", path.display()),
            ),
        };
        let path = match self.keeps_main_link {
            true => std::path::absolute(path),
            false => path.canonicalize(),
        }
        .map_err(missing)?;
        if path.is_dir() {
            return Err(Error::coded(
                "ERR_UNSUPPORTED_DIR_IMPORT",
                format!("Cannot run the directory '{}'", path.display()),
            ));
        }
        let url = file_url(&path);
        *self.main.borrow_mut() = Some(url.to_string());
        if self.module_class(scope).is_some() {
            return self.run_main(scope, &path);
        }
        self.module(scope, Target::File { url, path }, Flavour::Code)
    }

    /// The module that runs a program whose loader is JavaScript's.
    fn run_main<'s>(&self, scope: &Scope<'s>, path: &Path) -> Result<Local<'s>, Error> {
        let file = path.to_string_lossy().into_owned();
        let run = scope.closure("run", 0, move |scope, _| {
            let class = builtins::exports(scope, "node/module/module")?;
            scope.call_method(class, "runProgram", &[scope.string(&file)?])
        })?;
        let private = scope.object()?;
        scope.set(private, "run", run)?;
        scope.set(private, "url", scope.string(file_url(path).as_str())?)?;
        let code = "const p=import.meta.run();if(p!==undefined)await p;";
        scope.compile_module(code, "twinloop:main", private)
    }

    /// The file of the program, if it is one.
    pub(crate) fn main_file(&self) -> Option<PathBuf> {
        let main = self.main.borrow();
        Url::parse(main.as_deref()?).ok()?.to_file_path().ok()
    }

    /// Whether the program's main module is a CommonJS file (that has begun to run).
    pub(crate) fn main_is_commonjs(&self) -> bool {
        self.main_is_script.get() || self.main_module.borrow().is_some()
    }

    /// The module record of code without a file (`-e`), which imports relative to the current folder.
    pub(crate) fn eval_module<'s>(
        &self,
        scope: &Scope<'s>,
        code: &str,
    ) -> Result<Local<'s>, Error> {
        let path = std::env::current_dir().unwrap_or_default().join("[eval]");
        let url = file_url(&path).to_string();
        *self.main.borrow_mut() = Some(url.clone());
        if !source::is_module_text(code) && source::is_script(code) {
            return commonjs::module(self, scope, &path, code);
        }
        self.code_module(scope, code, url)
    }

    /// The same for code that is a module, whatever it looks like.
    fn code_module<'s>(
        &self,
        scope: &Scope<'s>,
        code: &str,
        url: String,
    ) -> Result<Local<'s>, Error> {
        SourceMaps::keep(scope, "[eval]", code);
        self.code_record(scope, code, "[eval]", &url)
            .or_else(|error| match typescript::strip(code) {
                Ok(stripped) if stripped != code => {
                    self.code_record(scope, &stripped, "[eval]", &url)
                }
                // Perhaps it was TypeScript; it was not, and the first error is the one to show.
                _ => Err(error),
            })
    }

    /// The module record of code from the command line or standard input.
    pub(crate) fn input_module<'s>(
        &self,
        scope: &Scope<'s>,
        input: &Input,
    ) -> Result<Local<'s>, Error> {
        let code = match input.kind.as_deref() {
            Some("commonjs-typescript" | "module-typescript") => {
                typescript::strip(&input.code).map_err(|problem| problem.into_error(&input.name))?
            }
            _ => input.code.clone(),
        };
        let is_module = match input.kind.as_deref() {
            Some(kind) => kind.starts_with("module"),
            None => source::is_module_text(&code) || !source::is_script(&code),
        };
        if is_module && input.prints {
            return Err(Error::coded(
                "ERR_EVAL_ESM_CANNOT_PRINT",
                "--print cannot be used with ESM input",
            ));
        }
        let url = folder_url(&input.name);
        *self.main.borrow_mut() = Some(url.clone());
        if is_module {
            return self.code_module(scope, &code, url);
        }
        self.main_is_script.set(true);
        SourceMaps::keep(scope, &input.name, &code);
        let input = Input {
            code,
            ..input.clone()
        };
        let run = scope.closure("run", 0, move |scope, _| {
            let evaluate = builtins::exports(scope, "node/process/evaluate")?;
            let code = scope.string(&input.code)?;
            let name = scope.string(&input.name)?;
            scope.call_method(
                evaluate,
                "evaluate",
                &[code, name, Local::boolean(input.prints)],
            )
        })?;
        let private = scope.object()?;
        scope.set(private, "run", run)?;
        scope.set(private, "url", scope.string(&url)?)?;
        scope.compile_module("import.meta.run();", &url, private)
    }

    /// Looks at the syntax of a program's file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn check_main(&self, scope: &Scope<'_>, path: &Path) -> Result<(), Error> {
        let shown = path.display().to_string();
        let text = source::read(path)
            .map_err(|error| Error::new(format!("Cannot read '{shown}': {error}")))?;
        if source::kind(path) == FileKind::Json {
            return scope.json_parse(&text).map(|_| ());
        }
        let syntax = source::kind(path).syntax();
        let Javascript { code, is_commonjs } = self.javascript(scope, path, text, syntax)?;
        if is_commonjs {
            commonjs::compiled(scope, &code, &shown).map(|_| ())
        } else {
            scope
                .compile_module(&code, &shown, scope.string(&shown)?)
                .map(|_| ())
        }
    }

    /// The same for code without a file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn check_code(
        &self,
        scope: &Scope<'_>,
        code: &str,
        kind: Option<&str>,
    ) -> Result<(), Error> {
        let is_module = match kind {
            Some(kind) => kind.starts_with("module"),
            None => source::is_module_text(code),
        };
        if is_module {
            scope
                .compile_module(code, "[stdin]", scope.string("[stdin]")?)
                .map(|_| ())
        } else {
            commonjs::compiled(scope, code, "[stdin]").map(|_| ())
        }
    }

    /// The program's module from a `data:` URL.
    pub(crate) fn data_main<'s>(&self, scope: &Scope<'s>, url: &str) -> Result<Local<'s>, Error> {
        let parsed = Url::parse(url);
        let parsed = parsed.map_err(|error| Error::type_error(format!("{url}: {error}")))?;
        self.set_main(url);
        self.module(scope, Target::Data(parsed), Flavour::Code)
    }

    /// The program's module from text that was read elsewhere.
    pub(crate) fn text_module<'s>(
        &self,
        scope: &Scope<'s>,
        text: &str,
        url: &str,
    ) -> Result<Local<'s>, Error> {
        self.set_main(url);
        self.code_record(scope, text, url, url)
    }

    /// A promise for the namespace of the module that `specifier` names, imported from `base` (a file or folder path,
    /// the latter with a slash at its end).
    pub(crate) fn import<'s>(
        &self,
        scope: &Scope<'s>,
        specifier: &str,
        base: &Url,
    ) -> Result<Local<'s>, Error> {
        let module = self.imported(scope, specifier, base)?;
        self.evaluated_namespace(scope, module)
    }

    fn imported<'s>(
        &self,
        scope: &Scope<'s>,
        specifier: &str,
        base: &Url,
    ) -> Result<Local<'s>, Error> {
        if self.has_hooks.get() {
            return self.hooked_module(scope, specifier, base.as_str(), Flavour::Code);
        }
        let target = self
            .resolve(specifier, base)
            .map_err(|problem| problem.into_error(&base_text(base), 0, 0))?;
        self.module(scope, target, Flavour::Code)
    }

    /// What a specifier means in the module at `base`.
    fn resolve(&self, specifier: &str, base: &Url) -> Result<Target, Problem> {
        let is_scheme = |scheme: &str| self.schemes.borrow().contains_key(scheme);
        self.resolver.resolve(specifier, base, &is_scheme)
    }

    /// Runs a module; a promise for its namespace.
    fn evaluated_namespace<'s>(
        &self,
        scope: &Scope<'s>,
        module: Local<'s>,
    ) -> Result<Local<'s>, Error> {
        let evaluation = run_module(scope, module)?;
        let namespace = scope.persist(scope.module_namespace(module)?);
        let (promise, resolver) = scope.promise()?;
        scope.when_settled(evaluation, move |scope, outcome| {
            resolver.settle_in(scope, outcome.map(|_| namespace));
            Ok(())
        })?;
        Ok(promise)
    }

    fn module<'s>(
        &self,
        scope: &Scope<'s>,
        target: Target,
        flavour: Flavour,
    ) -> Result<Local<'s>, Error> {
        let key = match &target {
            Target::File { url, .. } | Target::Data(url) => url.to_string(),
            Target::Builtin(file) => format!("twinloop:{file}"),
            Target::Scheme { scheme, rest } => format!("{scheme}:{rest}"),
        };
        let key = (key, flavour);
        if let Some(module) = self.modules.borrow().get(&key) {
            return Ok(scope.local(module));
        }
        let module = match target {
            Target::File { path, .. } => self.file_module(scope, &path, &key.0, flavour)?,
            Target::Data(url) => data_module(scope, &url, flavour)?,
            Target::Builtin(file) => builtin_module(scope, file)?,
            Target::Scheme { scheme, rest } => {
                let exports = self.schemes.borrow().get(&scheme).cloned();
                let exports =
                    exports.ok_or_else(|| Error::new(format!("no such scheme: {scheme}")))?;
                let exports = exports(scope, &rest)?;
                synthetic_module(scope, &key.0, &exports)?
            }
        };
        self.modules.borrow_mut().insert(key, scope.persist(module));
        Ok(module)
    }

    fn file_module<'s>(
        &self,
        scope: &Scope<'s>,
        path: &Path,
        url: &str,
        flavour: Flavour,
    ) -> Result<Local<'s>, Error> {
        let shown = path.display().to_string();
        source::require_loadable(scope, path)?;
        watched::note(path);
        let failed = |error| {
            Error::coded(
                "ERR_MODULE_NOT_FOUND",
                format!("Cannot read the module '{shown}': {error}"),
            )
        };
        let private = scope.string(url)?;
        let kind = source::kind(path);
        if flavour == Flavour::Bytes || kind == FileKind::WebAssembly {
            let bytes = std::fs::read(path).map_err(failed)?;
            return binary_module(scope, bytes, url, flavour);
        }
        let text = source::read(path).map_err(failed)?;
        match (flavour, kind) {
            (Flavour::Source, _) => Err(no_source_phase(&shown)),
            (Flavour::Text, _) => scope.default_module(scope.string(&text)?),
            (Flavour::Json, _) | (_, FileKind::Json) => scope.json_module(&text, &shown),
            _ => {
                let Javascript { code, is_commonjs } =
                    self.javascript(scope, path, text, kind.syntax())?;
                if is_commonjs {
                    commonjs::module(self, scope, path, &code)
                } else {
                    scope.compile_module(&code, &shown, private)
                }
            }
        }
    }

    /// The record of a module that is this code, remembered by its URL. Stacks have it as `shown`.
    fn code_record<'s>(
        &self,
        scope: &Scope<'s>,
        code: &str,
        shown: &str,
        url: &str,
    ) -> Result<Local<'s>, Error> {
        let key = (url.to_owned(), Flavour::Code);
        if let Some(module) = self.modules.borrow().get(&key) {
            return Ok(scope.local(module));
        }
        let module = scope.compile_module(code, shown, scope.string(url)?)?;
        self.modules.borrow_mut().insert(key, scope.persist(module));
        Ok(module)
    }

    /// `import.meta.resolve`, one closure for all modules: the base is bound per module.
    fn resolve_from(&self, specifier: &str, base: &str) -> Result<String, Error> {
        let base = Url::parse(base)
            .map_err(|error| Error::type_error(format!("invalid base URL: {error}")))?;
        let target = match self.resolve(specifier, &base) {
            Ok(target) => target,
            // A path is a URL whether or not there is a file.
            Err(problem) if problem.code == "ERR_MODULE_NOT_FOUND" && is_path(specifier) => {
                return base
                    .join(specifier)
                    .map(|url| url.to_string())
                    .map_err(|error| Error::type_error(format!("invalid URL: {error}")));
            }
            Err(problem) => return Err(problem.into_error(&base_text(&base), 0, 0)),
        };
        Ok(match target {
            Target::File { url, .. } | Target::Data(url) => url.to_string(),
            Target::Builtin(_) if !specifier.starts_with("node:") => format!("node:{specifier}"),
            _ => specifier.to_owned(),
        })
    }
}

/// The module of bytes: themselves, or what they are as WebAssembly.
fn binary_module<'s>(
    scope: &Scope<'s>,
    bytes: Vec<u8>,
    url: &str,
    flavour: Flavour,
) -> Result<Local<'s>, Error> {
    match flavour {
        Flavour::Bytes => scope.default_module(scope.uint8_array(bytes)?),
        Flavour::Text => scope.default_module(scope.string(&String::from_utf8_lossy(&bytes))?),
        Flavour::Source => scope.wasm_source_module(&bytes, url),
        _ => wasm_module(scope, bytes, url),
    }
}

/// A module of WebAssembly (<https://webassembly.github.io/esm-integration/>), which the engine has as a source only: a generated module imports
/// what it needs, makes an instance and exports what that has.
pub(super) fn wasm_module<'s>(
    scope: &Scope<'s>,
    bytes: Vec<u8>,
    url: &str,
) -> Result<Local<'s>, Error> {
    let exports = builtins::exports(scope, "node/module/wasm")?;
    let prepared = scope.call_method(exports, "prepare", &[scope.uint8_array(bytes)?])?;
    let names = |key: &str| scope.strings_of(scope.get(prepared, key)?);
    let mut code = String::new();
    let mut given = String::new();
    for (index, name) in names("imports")?.iter().enumerate() {
        let _ = write!(code, "import*as m{index} from {};", quote(name));
        let _ = write!(given, "m{index},");
    }
    let _ = write!(code, "const v=import.meta.run([{given}]);");
    let mut list = String::new();
    for (index, name) in names("exports")?.iter().enumerate() {
        let _ = write!(code, "const v{index}=v[{index}];");
        let _ = write!(list, "v{index} as {},", quote(name));
    }
    let _ = write!(code, "export{{{list}}};");
    let private = scope.object()?;
    scope.set(private, "run", scope.get(prepared, "run")?)?;
    scope.set(private, "url", scope.string(url)?)?;
    scope.compile_module(&code, url, private)
}

fn no_source_phase(shown: &str) -> Error {
    Error::syntax_error(format!(
        "Source phase import object is not defined for module '{shown}'"
    ))
    .with("code", "ERR_SOURCE_PHASE_NOT_DEFINED")
}

/// The engine's view of the loader.
pub(crate) struct LoaderHost(pub(crate) Rc<Loader>);

impl ModuleHost for LoaderHost {
    fn load<'s>(&self, scope: &Scope<'s>, request: ModuleRequest<'s>) -> Result<Local<'s>, Error> {
        let loader = &self.0;
        if let Some(load) = method_of(scope, request.referrer, "load")? {
            // A module of `node:vm`, which has linked what it imports itself.
            return scope.call(load, Local::undefined(), &[request.specifier]);
        }
        let specifier = scope.string_of(request.specifier)?;
        let base = base_of(scope, request.referrer)?;
        let flavour = match request.kind {
            ImportType::JavaScript if request.is_source_phase => Flavour::Source,
            ImportType::JavaScript => Flavour::Code,
            ImportType::Json => Flavour::Json,
            ImportType::Text => Flavour::Text,
            ImportType::Bytes => Flavour::Bytes,
            ImportType::Other if asks_for_bytes(scope, &base, &request) => Flavour::Bytes,
            ImportType::Other => {
                return Err(Error::type_error(format!(
                    "cannot import '{specifier}': unknown import type"
                )));
            }
        };
        if loader.has_hooks.get() {
            return loader.hooked_module(scope, &specifier, base.as_str(), flavour);
        }
        let target = loader.resolve(&specifier, &base).map_err(|problem| {
            let (line, column) = place_of(scope, &request);
            let importer = base_text(&base);
            let error = problem.into_error(&importer, line, column);
            // The import is the place that the report shows.
            match line {
                0 => error,
                _ => scope.with_importer(error, &format!("{importer}:{line}:{column}")),
            }
        })?;
        // What fails in another language has none of the importer's lines.
        let is_foreign = matches!(target, Target::Scheme { .. });
        loader.module(scope, target, flavour).map_err(|error| {
            let (line, column) = place_of(scope, &request);
            if is_foreign && line != 0 {
                scope.with_importer(error, &format!("{}:{line}:{column}", base_text(&base)))
            } else {
                error
            }
        })
    }

    fn meta<'s>(
        &self,
        scope: &Scope<'s>,
        private: Local<'s>,
        meta: Local<'s>,
    ) -> Result<(), Error> {
        if let Some(fill) = method_of(scope, private, "meta")? {
            scope.call(fill, Local::undefined(), &[meta])?;
            return Ok(());
        }
        if private.is_object() {
            // A generated module: what it exports, or how to run what it stands for.
            for name in ["values", "run"] {
                scope.set(meta, name, scope.get(private, name)?)?;
            }
            return Ok(());
        }
        let url = scope.string_of(private)?;
        scope.set(meta, "url", private)?;
        if let Some(path) = Url::parse(&url)
            .ok()
            .and_then(|url| url.to_file_path().ok())
        {
            scope.set(meta, "filename", scope.string(&path.to_string_lossy())?)?;
            let folder = path.parent().unwrap_or(Path::new("/"));
            scope.set(meta, "dirname", scope.string(&folder.to_string_lossy())?)?;
        }
        scope.set(meta, "main", Local::boolean(self.0.is_main(&url)))?;
        let loader = Rc::downgrade(&self.0);
        let resolve = scope.closure("resolve", 1, move |scope, arguments| {
            let specifier = scope.string_of(arguments.get(0))?;
            let loader = loader
                .upgrade()
                .ok_or_else(|| Error::new("the program has ended"))?;
            scope.string(&loader.resolve_from(&specifier, &url)?)
        })?;
        scope.set(meta, "resolve", resolve)
    }
}

/// The function of this name of a module's private value, if that has one.
fn method_of<'s>(
    scope: &Scope<'s>,
    private: Local<'s>,
    name: &str,
) -> Result<Option<Local<'s>>, Error> {
    if !private.is_object() {
        return Ok(None);
    }
    let method = scope.get(private, name)?;
    Ok(scope.is_function(method).then_some(method))
}

/// Loads, links and starts a module; gives the promise of its evaluation.
///
/// # Errors
/// What loading or linking throws.
pub(crate) fn run_module<'s>(scope: &Scope<'s>, module: Local<'_>) -> Result<Local<'s>, Error> {
    scope.load_dependencies(module)?;
    scope.link_module(module)?;
    scope.evaluate_module(module)
}

/// The module of a built-in: its exports as the default, and each of their keys.
fn builtin_module<'s>(scope: &Scope<'s>, file: &'static str) -> Result<Local<'s>, Error> {
    let exports = builtins::exports(scope, file)?;
    // The name stands in the engine's error for a name that the module does not export.
    let name = rooms::index().module_name(file);
    synthetic_module(scope, name, &named_exports(scope, exports)?)
}

/// The default export, and the keys of the object that it is.
fn named_exports<'s>(
    scope: &Scope<'s>,
    object: Local<'s>,
) -> Result<Vec<(String, Local<'s>)>, Error> {
    let mut exports = vec![("default".to_owned(), object)];
    if object.is_object() {
        for key in scope.keys(object)? {
            let name = scope.string_of(key)?;
            if name != "default" && name != "__esModule" {
                exports.push((name, scope.get(object, key)?));
            }
        }
    }
    Ok(exports)
}

/// A module that exports these values. The engine itself makes only default exports from values, so the module is a
/// generated source whose `import.meta` has them.
pub(crate) fn synthetic_module<'s>(
    scope: &Scope<'s>,
    url: &str,
    exports: &[(String, Local<'s>)],
) -> Result<Local<'s>, Error> {
    let mut code = String::from("const v=import.meta.values;");
    let mut names = String::from("export{");
    for (index, (name, _)) in exports.iter().enumerate() {
        let _ = write!(code, "const v{index}=v[{index}];");
        let _ = write!(names, "v{index} as {},", quote(name));
    }
    code.push_str(&names);
    code.push_str("};");
    let values: Vec<_> = exports.iter().map(|(_, value)| *value).collect();
    let private = scope.object()?;
    scope.set(private, "values", scope.array(&values)?)?;
    scope.set(private, "url", scope.string(url)?)?;
    scope.compile_module(&code, url, private)
}

/// A JavaScript string literal.
fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(character);
            }
            '\n' | '\r' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                let _ = write!(quoted, "\\u{:04x}", character as u32);
            }
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

/// The text of a `data:` URL.
///
/// # Errors
/// When it is malformed or no text.
pub(crate) fn data_text(url: &Url) -> Result<String, Error> {
    let bytes = data_bytes(url)?;
    String::from_utf8(bytes)
        .map_err(|_| Error::type_error("cannot import the data URL: it is malformed"))
}

/// The bytes of a `data:` URL.
fn data_bytes(url: &Url) -> Result<Vec<u8>, Error> {
    let bad = || Error::type_error("cannot import the data URL: it is malformed");
    let (head, body) = url.path().split_once(',').ok_or_else(bad)?;
    // A question mark belongs to the data.
    let body = match url.query() {
        Some(query) => format!("{body}?{query}"),
        None => body.to_owned(),
    };
    let bytes: Vec<u8> = percent_decode(&body);
    match head.strip_suffix(";base64") {
        Some(_) => transcoding::decode_base64_to_vec(&bytes).ok_or_else(bad),
        None => Ok(bytes),
    }
}

/// The text of the file that a URL names, its types taken away if it has some.
///
/// # Errors
/// When there is no such file, or it cannot be parsed.
pub(crate) fn script_text(scope: &Scope<'_>, url: &Url) -> Result<String, Error> {
    let missing = |reason: String| {
        Error::coded(
            "ERR_MODULE_NOT_FOUND",
            format!("Cannot read the script '{url}': {reason}"),
        )
    };
    let path = url
        .to_file_path()
        .map_err(|()| missing("only file: and data: URLs can be read".to_owned()))?;
    source::require_loadable(scope, &path)?;
    watched::note(&path);
    let text = source::read(&path).map_err(|error| missing(error.to_string()))?;
    let syntax = source::kind(&path).syntax();
    Loader::of(scope)?.code(scope, &path, text, syntax, false)
}

/// The type that a `data:` URL says, without its parameters.
fn data_type(url: &Url) -> &str {
    (url.path().split([',', ';']).next()).unwrap_or_default()
}

/// `data:text/javascript,...`, `data:application/json,...`.
fn data_module<'s>(scope: &Scope<'s>, url: &Url, flavour: Flavour) -> Result<Local<'s>, Error> {
    let essence = data_type(url);
    if flavour == Flavour::Bytes || essence == "application/wasm" {
        return binary_module(scope, data_bytes(url)?, url.as_str(), flavour);
    }
    let text = data_text(url)?;
    SourceMaps::note(scope, url.as_str(), &text);
    match (flavour, essence) {
        (Flavour::Text, _) => scope.default_module(scope.string(&text)?),
        (Flavour::Source, _) => Err(no_source_phase(url.as_str())),
        (_, "application/json") => scope.json_module(&text, url.as_str()),
        (_, "text/javascript" | "application/javascript") => {
            scope.compile_module(&text, url.as_str(), scope.string(url.as_str())?)
        }
        (_, "application/typescript" | "text/typescript") => {
            let code =
                typescript::strip(&text).map_err(|problem| problem.into_error(url.as_str()))?;
            scope.compile_module(&code, url.as_str(), scope.string(url.as_str())?)
        }
        _ => Err(Error::coded(
            "ERR_UNKNOWN_MODULE_FORMAT",
            format!("cannot import data of the type '{essence}'"),
        )),
    }
}

fn percent_decode(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while index < bytes.len() {
        let digit = |at: usize| bytes.get(at).and_then(|&byte| (byte as char).to_digit(16));
        match (bytes[index], digit(index + 1), digit(index + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                index += 3;
            }
            (byte, ..) => {
                decoded.push(byte);
                index += 1;
            }
        }
    }
    decoded
}

/// Where the import stands; the engine says so for static ones, and for dynamic ones it is where the script runs.
fn place_of(scope: &Scope<'_>, request: &ModuleRequest<'_>) -> (u32, u32) {
    if request.line != 0 {
        return (request.line, request.column);
    }
    let caller = scope.caller();
    (caller.line, caller.column)
}

/// Whether an import whose type the engine does not know asks for bytes: only its text tells.
fn asks_for_bytes(scope: &Scope<'_>, base: &Url, request: &ModuleRequest<'_>) -> bool {
    // As many lines as a statement may take.
    const LINES: usize = 8;
    let (line, _) = place_of(scope, request);
    let maps = scope.state::<SourceMaps>();
    let lines = maps.lines(&base_text(base), line, LINES);
    let text: String = lines.concat().split_whitespace().collect();
    [
        "type:'bytes'",
        "type:\"bytes\"",
        "type\":\"bytes\"",
        "type':'bytes'",
    ]
    .iter()
    .any(|form| text.contains(form))
}

/// The URL that imports of this referrer are relative to.
fn base_of(scope: &Scope<'_>, referrer: Local<'_>) -> Result<Url, Error> {
    let text = if referrer.is_object() {
        scope.string_of(scope.get(referrer, "url")?)?
    } else if referrer.is_string() {
        scope.string_of(referrer)?
    } else {
        // Code that the program made of a text belongs to the file that made it, whose name the engine keeps: `a.js line 3 > eval`.
        let file = scope.caller().file;
        let maker = file.split(" line ").next().unwrap_or_default();
        if maker.starts_with('/') {
            return Ok(file_url(Path::new(maker)));
        }
        maker.to_owned()
    };
    Ok(Url::parse(&text).unwrap_or_else(|_| {
        let folder = std::env::current_dir().unwrap_or_default();
        file_url(&folder.join("[script]"))
    }))
}

/// The URL of a name in the current folder, for what is in no file.
pub(crate) fn folder_url(name: &str) -> String {
    file_url(&std::env::current_dir().unwrap_or_default().join(name)).to_string()
}

/// The `main` of a folder's `package.json`.
pub fn package_main(folder: &Path) -> Option<String> {
    let text = std::fs::read_to_string(folder.join("package.json")).ok()?;
    commonjs::field(&text, "main")
}

/// How an importer is shown in messages: its path, if it is a file.
fn base_text(base: &Url) -> String {
    base.to_file_path()
        .map_or_else(|()| base.to_string(), |path| path.display().to_string())
}

impl Problem {
    fn into_error(self, importer: &str, line: u32, column: u32) -> Error {
        let place = if line == 0 {
            importer.to_owned()
        } else {
            format!("{importer}:{line}:{column}")
        };
        Error::coded(self.code, format!("{} imported from {place}", self.message))
    }
}
