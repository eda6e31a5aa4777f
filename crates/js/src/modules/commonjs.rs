//! CommonJS modules (<https://nodejs.org/api/modules.html>): `require`, `module`, `__filename`, `require.cache`.
//!
//! As long as nobody asks for `node:module` this is all that there is of the loader. A program that does (`module.constructor`,
//! `require.extensions` and `require('module')` are such questions) may replace any part of it, so from then on it is the one in
//! `node/module/module.js`, whose prototype the modules had from the beginning.
//!
//! An ES module that imports one gets `module.exports` as the default, and the names that `export_names` finds in its text. It runs in the
//! order of the graph, after what was imported before it. `require` of an ES module works when that module does not await at its top level.
//! Loop thread only.

use std::collections::HashSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use url::Url;

use super::export_names::export_names;
use super::generated::{generated, named_exports, quote};
use super::javascript::Javascript;
use super::resolve::{Target, file_url, split_scheme};
use super::source::FileKind;
use super::{Flavour, Loader, run_module, source, watched};
use crate::builtins;
use crate::engine::{Arguments, Attributes, Error, Local, Op, PromiseState, Scope, Source};

/// The `type` of the nearest `package.json`.
pub(super) fn package_type(path: &Path) -> Option<String> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("mjs" | "mts") => return Some("module".to_owned()),
        Some("cjs" | "cts") => return Some("commonjs".to_owned()),
        _ => {}
    }
    for folder in path.ancestors().skip(1) {
        if folder
            .file_name()
            .is_some_and(|name| name == "node_modules")
        {
            return None;
        }
        let Ok(text) = std::fs::read_to_string(folder.join("package.json")) else {
            continue;
        };
        return field(&text, "type");
    }
    None
}

/// The string value of a top-level field, found without a JSON parser: the files are small and the question is one.
pub(super) fn field(text: &str, name: &str) -> Option<String> {
    let value = serde_json::from_str::<serde_json::Value>(text).ok()?;
    value.get(name)?.as_str().map(str::to_owned)
}

/// The ES module that stands for a CommonJS file. It runs when its turn comes among the modules of the graph, so its names are told from
/// its text.
pub(super) fn module<'s>(
    loader: &Loader,
    scope: &Scope<'s>,
    path: &Path,
    text: &str,
) -> Result<Local<'s>, Error> {
    let mut names = Vec::new();
    collect_names(loader, scope, path, text, &mut HashSet::new(), &mut names)?;
    // On one line: the file's own lines are those of its function.
    let mut code = String::from(
        "const m=import.meta.run();const o=m!==null&&(typeof m==='object'||typeof m==='function')?m:{};",
    );
    let mut list = String::from("export{m as default,m as 'module.exports',");
    for (index, name) in names.iter().enumerate() {
        let name = quote(name);
        let _ = write!(code, "const v{index}=o[{name}];");
        let _ = write!(list, "v{index} as {name},");
    }
    code.push_str(&list);
    code.push_str("};");
    let url = file_url(path);
    let file = path.to_owned();
    let text = text.to_owned();
    let run = scope.closure("run", 0, move |scope, _| {
        let loader = Loader::of(scope)?;
        let exports = match loader.module_class(scope) {
            Some(class) => {
                let file = scope.string(&file.to_string_lossy())?;
                scope.call_method(class, "loadImported", &[file])
            }
            None => run(&loader, scope, &file, &text, None),
        };
        // The promise of the evaluation will not say where it was thrown.
        exports.inspect_err(|error| loader.note_throw(scope, error))
    })?;
    generated(scope, &code, url.as_str(), LOADER, "run", run)
}

/// What stacks call the code that runs a CommonJS file: as in Node it is a frame of the library's, and none of the file's.
const LOADER: &str = "node:internal/modules/cjs/loader";

/// Adds what a CommonJS file exports, also through the modules that it passes on.
fn collect_names(
    loader: &Loader,
    scope: &Scope<'_>,
    path: &Path,
    text: &str,
    seen: &mut HashSet<PathBuf>,
    names: &mut Vec<String>,
) -> Result<(), Error> {
    if !seen.insert(path.to_owned()) {
        return Ok(());
    }
    let mut add = |name: String| {
        if name != "default" && name != "module.exports" && !names.contains(&name) {
            names.push(name);
        }
    };
    let found = export_names(text);
    found.names.into_iter().for_each(&mut add);
    // What ran already tells more than its text.
    if let Some(exports) = known(loader, scope, path)?
        && exports.is_object()
    {
        for key in scope.keys(exports)? {
            add(scope.string_of(key)?);
        }
    }
    let base = file_url(path);
    for specifier in found.passed_on {
        match loader.resolver.resolve_required(&specifier, &base) {
            Ok(Target::Builtin(file)) => {
                for (name, _) in named_exports(scope, builtins::exports(scope, file)?)? {
                    add(name);
                }
            }
            Ok(Target::File { path, .. }) => {
                if let Ok(text) = source::read(&path)
                    && matches!(
                        source::kind(&path),
                        FileKind::CommonJs | FileKind::JavaScript
                    )
                {
                    let mut more = Vec::new();
                    collect_names(loader, scope, &path, &text, seen, &mut more)?;
                    more.into_iter().for_each(&mut add);
                }
            }
            // What cannot be found fails when it is required.
            _ => {}
        }
    }
    Ok(())
}

/// The `exports` of a file that was required already, also while it runs.
fn known<'s>(loader: &Loader, scope: &Scope<'s>, path: &Path) -> Result<Option<Local<'s>>, Error> {
    let cache = loader.require_cache(scope)?;
    let module = scope.get(cache, &*path.to_string_lossy())?;
    if module.is_object() {
        scope.get(module, "exports").map(Some)
    } else {
        Ok(None)
    }
}

/// Runs a CommonJS file, once; gives `module.exports`.
fn run<'s>(
    loader: &Loader,
    scope: &Scope<'s>,
    path: &Path,
    text: &str,
    parent: Option<Local<'s>>,
) -> Result<Local<'s>, Error> {
    run_once(loader, scope, path, parent, |module| {
        let exports = scope.get(module, "exports")?;
        let require = require_function(scope, module)?;
        let file = scope.get(module, "filename")?;
        let folder = scope.get(module, "path")?;
        let function = compiled(scope, text, &path.display().to_string())?;
        scope.call(function, exports, &[exports, require, module, file, folder])?;
        Ok(())
    })
}

/// The text of a CommonJS file as a function of what stands around it, which has a line of its own: the file's lines and columns stay.
pub(super) fn compiled<'s>(scope: &Scope<'s>, text: &str, file: &str) -> Result<Local<'s>, Error> {
    let hashbang = if text.starts_with("#!") { "//" } else { "" };
    let code = format!(
        "(function (exports, require, module, __filename, __dirname) {{\n{hashbang}{text}\n}})"
    );
    let source = Source {
        column: 0,
        text: &code,
        file,
        line: 0,
    };
    let url = match split_scheme(file) {
        Some(_) => scope.string(file)?,
        None => scope.string(file_url(Path::new(file)).as_str())?,
    };
    scope.run_file(source, url)
}

/// The exports of a file, which `fill` makes if nobody required it before.
fn run_once<'s>(
    loader: &Loader,
    scope: &Scope<'s>,
    path: &Path,
    parent: Option<Local<'s>>,
    fill: impl FnOnce(Local<'s>) -> Result<(), Error>,
) -> Result<Local<'s>, Error> {
    if let Some(exports) = known(loader, scope, path)? {
        return Ok(exports);
    }
    let module = module_object(loader, scope, path, parent)?;
    // Registered before it runs: cycles see what is there so far, as in Node.
    let cache = loader.require_cache(scope)?;
    let file = path.to_string_lossy();
    scope.set(cache, &*file, module)?;
    if let Err(error) = fill(module) {
        scope.delete(cache, &*file)?;
        return Err(error);
    }
    scope.set(module, "loaded", Local::boolean(true))?;
    scope.get(module, "exports")
}

/// `module` (<https://nodejs.org/api/modules.html#the-module-object>).
fn module_object<'s>(
    loader: &Loader,
    scope: &Scope<'s>,
    path: &Path,
    parent: Option<Local<'s>>,
) -> Result<Local<'s>, Error> {
    let is_main = parent.is_none() && loader.is_main(file_url(path).as_str());
    let module = new_module(loader, scope, path)?;
    if is_main {
        scope.define(module, "parent", Local::null(), Attributes::HIDDEN)?;
        scope.set(module, "id", scope.string(".")?)?;
        *loader.main_module.borrow_mut() = Some(scope.persist(module));
    }
    if let Some(parent) = parent {
        scope.define(module, "parent", parent, Attributes::HIDDEN)?;
        push_child(scope, parent, module)?;
    }
    Ok(module)
}

/// The same for a file that nobody requires.
pub(super) fn new_module<'s>(
    loader: &Loader,
    scope: &Scope<'s>,
    path: &Path,
) -> Result<Local<'s>, Error> {
    let module = scope.object_of_prototype(loader.module_prototype(scope)?)?;
    let file = scope.string(&path.to_string_lossy())?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    let paths = package_folders(path)
        .map(|folder| scope.string(&folder.to_string_lossy()))
        .collect::<Result<Vec<_>, _>>()?;
    scope.set(module, "id", file)?;
    scope.set(module, "path", scope.string(&folder.to_string_lossy())?)?;
    scope.set(module, "exports", scope.object()?)?;
    scope.set(module, "filename", file)?;
    scope.set(module, "loaded", Local::boolean(false))?;
    scope.set(module, "children", scope.array(&[])?)?;
    scope.set(module, "paths", scope.array(&paths)?)?;
    Ok(module)
}

/// Notes that a module required one that was there before, once.
fn add_child<'s>(scope: &Scope<'s>, parent: Local<'s>, child: Local<'s>) -> Result<(), Error> {
    let children = scope.get(parent, "children")?;
    if !scope.is_array(children) {
        return Ok(());
    }
    for index in 0..scope.array_length(children)? {
        if scope.strictly_equal(scope.get(children, index)?, child)? {
            return Ok(());
        }
    }
    push_child(scope, parent, child)
}

/// The same for a module that nobody can have required: no look at the others, of which there may be many.
fn push_child<'s>(scope: &Scope<'s>, parent: Local<'s>, child: Local<'s>) -> Result<(), Error> {
    let children = scope.get(parent, "children")?;
    if !scope.is_array(children) {
        return Ok(());
    }
    scope.set(children, scope.array_length(children)?, child)
}

const REQUIRE: Op = Op::new("require", 1, require_by);
const RESOLVE: Op = Op::new("resolve", 2, resolve_by);
const PATHS: Op = Op::new("paths", 1, paths_by);
const EXTENSIONS: Op = Op::new("get extensions", 0, extensions);
const MEMBER: Op = Op::new("get member", 0, member_of_class);

/// What the class of modules has on its prototype; the class itself is made when one of them is asked for.
const MEMBERS: [&std::ffi::CStr; 4] = [c"constructor", c"require", c"load", c"_compile"];

impl Loader {
    /// The prototype of modules, which `node/module/module.js` takes over when it is loaded.
    pub(super) fn module_prototype<'s>(&self, scope: &Scope<'s>) -> Result<Local<'s>, Error> {
        if let Some(prototype) = &*self.module_prototype.borrow() {
            return Ok(scope.local(prototype));
        }
        let prototype = scope.object()?;
        for name in MEMBERS {
            let text = scope.string(&name.to_string_lossy())?;
            let getter = scope.function_with(&MEMBER, text)?;
            scope.define_accessor(prototype, name, getter, Local::undefined())?;
        }
        *self.module_prototype.borrow_mut() = Some(scope.persist(prototype));
        Ok(prototype)
    }

    /// Keeps where the program's own file threw, for the report of that.
    pub(super) fn note_throw(&self, scope: &Scope<'_>, error: &Error) {
        if !error.is_terminated()
            && let Some(value) = error.to_local(scope)
        {
            let site = error.throw_site(scope);
            *self.thrown.borrow_mut() = Some((scope.persist(value), site));
        }
    }

    /// Where this value was thrown by a CommonJS file that was imported, if that was the last one to fail.
    pub(crate) fn throw_site(&self, scope: &Scope<'_>, value: Local<'_>) -> Option<String> {
        let (slot, site) = self.thrown.borrow_mut().take()?;
        let is_same = scope.strictly_equal(scope.local(&slot), value);
        is_same.unwrap_or(false).then_some(site)
    }

    /// The class of modules, if it was loaded.
    pub(super) fn module_class<'s>(&self, scope: &Scope<'s>) -> Option<Local<'s>> {
        let class = self.module_class.borrow();
        class.as_ref().map(|class| scope.local(class))
    }
}

fn member_of_class<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let name = scope.string_of(arguments.held(scope))?;
    let class = builtins::exports(scope, "node/module/module")?;
    scope.get(scope.get(class, "prototype")?, &*name)
}

/// `require` of this module.
pub(super) fn require_function<'s>(
    scope: &Scope<'s>,
    module: Local<'s>,
) -> Result<Local<'s>, Error> {
    let require = scope.function_with(&REQUIRE, module)?;
    let resolve = scope.function_with(&RESOLVE, module)?;
    let paths = scope.function_with(&PATHS, module)?;
    scope.set(resolve, "paths", paths)?;
    let loader = Loader::of(scope)?;
    let main = loader
        .main_module
        .borrow()
        .as_ref()
        .map(|slot| scope.local(slot));
    scope.set(require, "resolve", resolve)?;
    scope.set(require, "main", main.unwrap_or_else(Local::undefined))?;
    scope.define_accessor(
        require,
        c"extensions",
        scope.function(&EXTENSIONS)?,
        Local::undefined(),
    )?;
    scope.set(require, "cache", loader.require_cache(scope)?)?;
    Ok(require)
}

/// `require(specifier)`.
fn require_by<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let module = arguments.held(scope);
    let loader = Loader::of(scope)?;
    if loader.module_class(scope).is_some() {
        return scope.call_method(module, "require", &[arguments.get(0)]);
    }
    let specifier = specifier_of(scope, arguments.get(0))?;
    if is_package(&specifier) && has_own_paths(scope, module)? {
        return scope.call_method(module, "require", &[arguments.get(0)]);
    }
    let base = base_of_module(scope, module)?;
    require(&loader, scope, &specifier, &base, Some(module))
}

/// Whether a request is neither a path nor a built-in module.
fn is_package(specifier: &str) -> bool {
    !specifier.starts_with(['.', '/', '#'])
        && crate::rooms::index().builtin_module(specifier).is_none()
}

/// Whether the program changed `module.paths`: what it put before or behind is found by the class of modules.
fn has_own_paths(scope: &Scope<'_>, module: Local<'_>) -> Result<bool, Error> {
    let paths = scope.get(module, "paths")?;
    if !scope.is_array(paths) {
        return Ok(false);
    }
    let file = scope.string_of(scope.get(module, "filename")?)?;
    let usual: Vec<_> = package_folders(Path::new(&file)).collect();
    if scope.array_length(paths)? as usize != usual.len() {
        return Ok(true);
    }
    let (Some(first), Some(last)) = (usual.first(), usual.last()) else {
        return Ok(false);
    };
    let is = |index: usize, folder: &Path| -> Result<bool, Error> {
        let path = scope.string_of(scope.get(paths, index as u32)?)?;
        Ok(Path::new(&path) == folder)
    };
    Ok(!is(0, first)? || !is(usual.len() - 1, last)?)
}

/// The folders in which the packages of a file are looked for.
fn package_folders(file: &Path) -> impl Iterator<Item = PathBuf> {
    let folder = file.parent().unwrap_or(Path::new("/"));
    folder
        .ancestors()
        .filter(|folder| folder.file_name().is_none_or(|name| name != "node_modules"))
        .map(|folder| folder.join("node_modules"))
}

/// `require.resolve(specifier, options)`.
fn resolve_by<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let module = arguments.held(scope);
    let loader = Loader::of(scope)?;
    let is_told_by_class = loader.module_class(scope).is_some()
        || !arguments.get(1).is_undefined()
        || specifier_of(scope, arguments.get(0)).is_ok_and(|name| name.starts_with("node:"));
    if is_told_by_class {
        let class = builtins::exports(scope, "node/module/module")?;
        let given = [arguments.get(0), module, arguments.get(1)];
        return scope.call_method(class, "resolveFor", &given);
    }
    let specifier = specifier_of(scope, arguments.get(0))?;
    match target(&loader, &specifier, &base_of_module(scope, module)?)? {
        Target::File { path, .. } => scope.string(&path.to_string_lossy()),
        _ => scope.string(&specifier),
    }
}

/// `require.resolve.paths(specifier)`.
fn paths_by<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let class = builtins::exports(scope, "node/module/module")?;
    let given = [arguments.get(0), arguments.held(scope)];
    scope.call_method(class, "pathsFor", &given)
}

/// `require.extensions`.
fn extensions<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    let class = builtins::exports(scope, "node/module/module")?;
    scope.get(class, "_extensions")
}

/// What a module's requests are relative to.
fn base_of_module(scope: &Scope<'_>, module: Local<'_>) -> Result<Url, Error> {
    let file = scope.string_of(scope.get(module, "filename")?)?;
    Ok(file_url(Path::new(&file)))
}

fn specifier_of(scope: &Scope<'_>, value: Local<'_>) -> Result<String, Error> {
    if value.is_string() {
        return scope.string_of(value);
    }
    Err(
        Error::type_error("The \"id\" argument must be of type string")
            .with("code", "ERR_INVALID_ARG_TYPE"),
    )
}

pub(super) fn target(loader: &Loader, specifier: &str, base: &Url) -> Result<Target, Error> {
    let target = loader.resolver.resolve_required(specifier, base);
    required(target, specifier, base)
}

/// What `require` says where there is nothing.
pub(super) fn required(
    target: Result<Target, super::Problem>,
    specifier: &str,
    base: &Url,
) -> Result<Target, Error> {
    target.map_err(|problem| {
        let importer = super::base_text(base);
        match problem.code {
            // Node's code and words for `require`, which programs look for.
            "ERR_MODULE_NOT_FOUND" => Error::coded(
                "MODULE_NOT_FOUND",
                format!("Cannot find module '{specifier}'\nRequire stack:\n- {importer}"),
            )
            .with("requireStack", vec![importer]),
            code @ "ERR_UNKNOWN_BUILTIN_MODULE" => Error::coded(code, problem.message),
            code => Error::coded(
                code,
                format!("{} required from {importer}", problem.message),
            ),
        }
    })
}

fn require<'s>(
    loader: &Loader,
    scope: &Scope<'s>,
    specifier: &str,
    base: &Url,
    parent: Option<Local<'s>>,
) -> Result<Local<'s>, Error> {
    let (url, path): (Url, PathBuf) = match target(loader, specifier, base)? {
        Target::Builtin(file) => {
            // A program may put something in the place of a built-in module, but for its name with the scheme.
            let cache = loader.require_cache(scope)?;
            if !specifier.starts_with("node:") && scope.has_own(cache, specifier)? {
                return scope.get(scope.get(cache, specifier)?, "exports");
            }
            return builtins::exports(scope, file);
        }
        Target::File { url, path } => (url, path),
        _ => {
            return Err(Error::coded(
                "MODULE_NOT_FOUND",
                format!("Cannot require '{specifier}'"),
            ));
        }
    };
    if let Some(exports) = known(loader, scope, &path)? {
        if let Some(parent) = parent {
            let module = scope.get(loader.require_cache(scope)?, &*path.to_string_lossy())?;
            add_child(scope, parent, module)?;
        }
        return Ok(exports);
    }
    if let Some(exports) = loader.required.borrow().get(url.as_str()) {
        return Ok(scope.local(exports));
    }
    let address = url.to_string();
    let kind = source::kind(&path);
    if kind == FileKind::WebAssembly {
        let module = loader.module(scope, Target::File { url, path }, Flavour::Code)?;
        return required_module(loader, scope, module, specifier, address);
    }
    source::require_loadable(scope, &path)?;
    watched::note(&path);
    let text = source::read(&path).map_err(|error| {
        Error::coded(
            "MODULE_NOT_FOUND",
            format!("Cannot read '{}': {error}", path.display()),
        )
    })?;
    match kind {
        FileKind::Json => run_once(loader, scope, &path, parent, |module| {
            let parsed = scope.json_parse(&text);
            scope.set(
                module,
                "exports",
                parsed.map_err(|error| in_file(scope, error, &path))?,
            )
        }),
        _ => {
            let Javascript { code, is_commonjs } =
                loader.javascript(scope, &path, text, kind.syntax())?;
            if is_commonjs {
                run(loader, scope, &path, &code, parent)
            } else {
                let module =
                    loader.code_record(scope, &code, &path.display().to_string(), &address)?;
                required_module(loader, scope, module, specifier, address)
            }
        }
    }
}

/// An error whose message begins with the file that it is about.
fn in_file(scope: &Scope<'_>, error: Error, path: &Path) -> Error {
    let add = |value: Local<'_>| -> Result<(), Error> {
        let message = scope.string_of(scope.get(value, "message")?)?;
        let message = scope.string(&format!("{}: {message}", path.display()))?;
        scope.define(value, "message", message, Attributes::HIDDEN)
    };
    if let Some(value) = error.to_local(scope)
        && value.is_object()
    {
        // An error object that resists is thrown as it is.
        let _ = add(value);
    }
    error
}

/// What `require` gives for an ES module (<https://nodejs.org/api/modules.html#loading-ecmascript-modules-using-require>).
fn required_module<'s>(
    loader: &Loader,
    scope: &Scope<'s>,
    module: Local<'s>,
    specifier: &str,
    address: String,
) -> Result<Local<'s>, Error> {
    let exports = required_exports(scope, module, specifier, &address)?;
    let kept = scope.persist(exports);
    loader.required.borrow_mut().insert(address, kept);
    Ok(exports)
}

/// What `require` gives for a module record.
pub(super) fn required_exports<'s>(
    scope: &Scope<'s>,
    module: Local<'s>,
    specifier: &str,
    address: &str,
) -> Result<Local<'s>, Error> {
    let namespace = evaluated(scope, module, specifier)?;
    let keys = scope
        .keys(namespace)?
        .into_iter()
        .map(|key| scope.string_of(key))
        .collect::<Result<Vec<_>, _>>()?;
    let has = |name: &str| keys.iter().any(|key| key == name);
    if has("module.exports") {
        return scope.get(namespace, "module.exports");
    }
    if !has("default") || has("__esModule") {
        return Ok(namespace);
    }
    // Code that was compiled from ES modules looks for `__esModule` before it takes `default`.
    let from = quote(address);
    let code = format!(
        "export * from {from};export {{ default }} from {from};export const __esModule = true;"
    );
    let wrapper = scope.compile_module(&code, address, scope.string(address)?)?;
    evaluated(scope, wrapper, specifier)
}

/// The engine's error for a module that is required while it runs, in Node's words.
fn in_cycle(scope: &Scope<'_>, error: Error, specifier: &str) -> Error {
    let message = error.to_local(scope).filter(|value| value.is_object());
    let message = message.and_then(|value| scope.get(value, "message").ok());
    let message = message.and_then(|message| scope.string_of(message).ok());
    if message.is_some_and(|message| message.contains("module record has unexpected status")) {
        return Error::coded(
            "ERR_REQUIRE_CYCLE_MODULE",
            format!("Cannot require() ES Module {specifier} in a cycle."),
        );
    }
    error
}

/// Runs an ES module to its end; gives its namespace.
pub(super) fn evaluated<'s>(
    scope: &Scope<'s>,
    module: Local<'s>,
    specifier: &str,
) -> Result<Local<'s>, Error> {
    let evaluation =
        run_module(scope, module).map_err(|error| in_cycle(scope, error, specifier))?;
    match scope.promise_state(evaluation) {
        Some(PromiseState::Fulfilled) => scope.module_namespace(module),
        Some(PromiseState::Rejected) => {
            scope.mark_promise_handled(evaluation);
            Err(Error::thrown(scope, scope.promise_result(evaluation)))
        }
        _ => Err(Error::coded(
            "ERR_REQUIRE_ASYNC_MODULE",
            format!(
                "require() cannot be used on an ESM graph with top-level await. Use import() instead. Required was '{specifier}'"
            ),
        )),
    }
}
