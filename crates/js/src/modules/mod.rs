//! Modules: what the engine's hooks ask for, found, read, compiled and remembered.
//!
//! The [`Loader`] is the engine's `ModuleHost`. Loading is synchronous (small local files; rule ONE-WAIT is about waiting
//! for peers), so a graph loads in one go. A module is remembered by its URL and stays, as the language demands. Here are the
//! loader and what the engine asks of it; the program itself stands in `entry`, what is in no file in `generated` and `data`.
//! Loop thread only.

mod commonjs;
pub(crate) mod compile_cache;
pub(crate) mod coverage;
mod data;
pub(crate) mod deep_stack;
mod entry;
mod export_names;
mod gate;
mod generated;
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
use std::path::Path;
use std::rc::Rc;

use url::Url;

use data::data_module;
pub(crate) use data::data_text;
pub(crate) use gate::Gate;
use generated::{binary_module, builtin_module, no_source_phase, synthetic_module};
pub use graph::{SchemeUse, graph_names_scheme, source_names_scheme};
use import_map::ImportMap;
use javascript::Javascript;
use resolve::{Problem, Resolver, ResolverOptions, Target, file_url, is_path};
use source::FileKind;
use source_maps::SourceMaps;
pub use watched::is_watched;

use crate::builtins;
use crate::engine::{Error, ImportType, Local, ModuleHost, ModuleRequest, Scope, Slot};

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
    /// What a closed context may import.
    gate: RefCell<Option<Gate>>,
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
        let is_set = |variable: &str| std::env::var_os(variable).is_some_and(|value| value == "1");
        Ok(Loader {
            resolver: Resolver::new(ResolverOptions {
                conditions: values("--conditions").cloned().collect(),
                keeps_links: values("--preserve-symlinks").next().is_some()
                    || is_set("NODE_PRESERVE_SYMLINKS"),
                import_map: (import_map.map(|file| ImportMap::read(Path::new(file))))
                    .transpose()?,
            }),
            keeps_main_link: values("--preserve-symlinks-main").next().is_some()
                || is_set("NODE_PRESERVE_SYMLINKS_MAIN"),
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

    /// The namespace of the module that `specifier` names, at once.
    ///
    /// # Errors
    /// What it throws; `ERR_REQUIRE_ASYNC_MODULE` if it awaits at its top level.
    pub(crate) fn import_at_once<'s>(
        &self,
        scope: &Scope<'s>,
        specifier: &str,
        base: &Url,
    ) -> Result<Local<'s>, Error> {
        let module = self.imported(scope, specifier, base)?;
        commonjs::evaluated(scope, module, specifier)
    }

    fn imported<'s>(
        &self,
        scope: &Scope<'s>,
        specifier: &str,
        base: &Url,
    ) -> Result<Local<'s>, Error> {
        if self.has_hooks.get() {
            return self.hooked_module(scope, specifier, Some(base.as_str()), Flavour::Code);
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
                    scope.compile_file_module(&code, &shown, private)
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

/// The engine's view of the loader.
pub(crate) struct LoaderHost(pub(crate) Rc<Loader>);

impl ModuleHost for LoaderHost {
    fn load<'s>(&self, scope: &Scope<'s>, request: ModuleRequest<'s>) -> Result<Local<'s>, Error> {
        let loader = &self.0;
        if let Some(load) = method_of(scope, request.referrer, "load")? {
            // A module of `node:vm`, which has linked what it imports itself.
            let given = [request.specifier, Local::boolean(request.is_dynamic)];
            return scope.call(load, Local::undefined(), &given);
        }
        let specifier = scope.string_of(request.specifier)?;
        if let Some(module) = loader.within_gate(scope, &specifier, request.referrer)? {
            return Ok(module);
        }
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
            return loader.hooked_module(scope, &specifier, Some(base.as_str()), flavour);
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
        if !self.0.tells_places(&url) {
            return Ok(());
        }
        let loader = Rc::downgrade(&self.0);
        let resolve = scope.closure("resolve", 1, move |scope, arguments| {
            let specifier = scope.string_of(arguments.get(0))?;
            let loader = loader
                .upgrade()
                .ok_or_else(|| Error::new("the program has ended"))?;
            if loader.has_hooks.get() {
                let hooks = builtins::exports(scope, "node/module/hooks")?;
                let given = [scope.string(&specifier)?, scope.string(&url)?];
                return scope.call_method(hooks, "resolveMeta", &given);
            }
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
        // Code that is in no file may have a name all the same: `[eval]`.
        let is_name = text.starts_with('[') && !text.contains('/');
        file_url(&folder.join(if is_name { &text } else { "[script]" }))
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
