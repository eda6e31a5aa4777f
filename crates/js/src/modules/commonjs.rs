//! CommonJS modules (<https://nodejs.org/api/modules.html>): `require`, `module`, `__filename`, `require.cache`.
//!
//! An ES module that imports one gets `module.exports` as the default, and the names that `export_names` finds in its text. It runs in the
//! order of the graph, after what was imported before it. `require` of an ES module works when that module does not await at its top level.
//! Loop thread only.

use std::collections::HashSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use url::Url;

use super::export_names::export_names;
use super::resolve::{Target, file_url};
use super::{Flavour, Loader, named_exports, quote, run_module, source, watched};
use crate::engine::{Attributes, Error, Key, Local, PromiseState, Scope, Source};
use crate::{builtins, typescript};

/// Whether a file without an extension that says so is CommonJS: the nearest `package.json` decides; without a word from it the text
/// does, as Node detects it (<https://nodejs.org/api/packages.html#syntax-detection>).
pub(super) fn is_commonjs(path: &Path, text: &str) -> bool {
    package_type(path).as_deref() != Some("module") && !source::is_module_text(text)
}

/// The `type` of the nearest `package.json`.
fn package_type(path: &Path) -> Option<String> {
    if path.extension().is_some_and(|extension| extension == "mjs") {
        return Some("module".to_owned());
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
        run(&loader, scope, &file, &text, None)
    })?;
    let private = scope.object()?;
    scope.set(private, "run", run)?;
    scope.set(private, "url", scope.string(url.as_str())?)?;
    scope.compile_module(&code, url.as_str(), private)
}

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
                        source::FileKind::CommonJs | source::FileKind::JavaScript
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
        let require = scope.get(module, "require")?;
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
        text: &code,
        file,
        line: 0,
    };
    let url = scope.string(file_url(Path::new(file)).as_str())?;
    scope.run_in_realm(scope.global(), &[], source, url)
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
    let module = scope.object()?;
    let file = scope.string(&path.to_string_lossy())?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    let is_main = parent.is_none() && loader.is_main(file_url(path).as_str());
    let id = if is_main { scope.string(".")? } else { file };
    let paths = folder
        .ancestors()
        .filter(|folder| folder.file_name().is_none_or(|name| name != "node_modules"))
        .map(|folder| scope.string(&folder.join("node_modules").to_string_lossy()))
        .collect::<Result<Vec<_>, _>>()?;
    scope.set(module, "id", id)?;
    scope.set(module, "path", scope.string(&folder.to_string_lossy())?)?;
    scope.set(module, "exports", scope.object()?)?;
    scope.set(module, "filename", file)?;
    scope.set(module, "loaded", Local::boolean(false))?;
    scope.set(module, "children", scope.array(&[])?)?;
    scope.set(module, "paths", scope.array(&paths)?)?;
    if is_main {
        *loader.main_module.borrow_mut() = Some(scope.persist(module));
    }
    if let Some(parent) = parent {
        scope.define(module, "parent", parent, Attributes::HIDDEN)?;
        let children = scope.get(parent, "children")?;
        if children.is_object() {
            let length = scope.get(children, "length")?;
            scope.set(children, Key::Value(length), module)?;
        }
    }
    let require = require_function(scope, path, Some(module))?;
    scope.define(module, "require", require, Attributes::HIDDEN)?;
    Ok(module)
}

/// `require` for the file at `path`, whose module is `module`.
pub(crate) fn require_function<'s>(
    scope: &Scope<'s>,
    path: &Path,
    module: Option<Local<'s>>,
) -> Result<Local<'s>, Error> {
    let base: Rc<Url> = Rc::new(file_url(path));
    let resolve_base = base.clone();
    let parent = path.to_string_lossy().into_owned();
    let is_module = module.is_some();
    let require = scope.closure("require", 1, move |scope, arguments| {
        let specifier = specifier_of(scope, arguments.get(0))?;
        let loader = Loader::of(scope)?;
        // Looked up, not kept: a closure that held its module would keep it alive through Rust.
        let parent = if is_module {
            Some(scope.get(loader.require_cache(scope)?, &*parent)?).filter(|it| it.is_object())
        } else {
            None
        };
        require(&loader, scope, &specifier, &base, parent)
    })?;
    let resolve = scope.closure("resolve", 1, move |scope, arguments| {
        let specifier = specifier_of(scope, arguments.get(0))?;
        let loader = Loader::of(scope)?;
        match target(&loader, &specifier, &resolve_base)? {
            Target::File { path, .. } => scope.string(&path.to_string_lossy()),
            _ => scope.string(&specifier),
        }
    })?;
    let loader = Loader::of(scope)?;
    let main = loader
        .main_module
        .borrow()
        .as_ref()
        .map(|slot| scope.local(slot));
    scope.set(require, "resolve", resolve)?;
    scope.set(require, "main", main.unwrap_or_else(Local::undefined))?;
    scope.set(require, "cache", loader.require_cache(scope)?)?;
    Ok(require)
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

fn target(loader: &Loader, specifier: &str, base: &Url) -> Result<Target, Error> {
    loader
        .resolver
        .resolve_required(specifier, base)
        .map_err(|problem| {
            let importer = super::base_text(base);
            match problem.code {
                // Node's code and words for `require`, which programs look for.
                "ERR_MODULE_NOT_FOUND" => Error::coded(
                    "MODULE_NOT_FOUND",
                    format!("Cannot find module '{specifier}'\nRequire stack:\n- {importer}"),
                ),
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
        Target::Builtin(file) => return builtins::exports(scope, file),
        Target::File { url, path } => (url, path),
        _ => {
            return Err(Error::coded(
                "MODULE_NOT_FOUND",
                format!("Cannot require '{specifier}'"),
            ));
        }
    };
    if let Some(exports) = known(loader, scope, &path)? {
        return Ok(exports);
    }
    source::require_loadable(&path)?;
    watched::note(&path);
    let text = source::read(&path).map_err(|error| {
        Error::coded(
            "MODULE_NOT_FOUND",
            format!("Cannot read '{}': {error}", path.display()),
        )
    })?;
    let strip = |text: &str| {
        typescript::strip(text).map_err(|problem| problem.into_error(&path.display().to_string()))
    };
    match source::kind(&path) {
        source::FileKind::Json => run_once(loader, scope, &path, parent, |module| {
            scope.set(module, "exports", scope.json_parse(&text)?)
        }),
        source::FileKind::CommonJs => run(loader, scope, &path, &text, parent),
        source::FileKind::CommonTypeScript => run(loader, scope, &path, &strip(&text)?, parent),
        source::FileKind::TypeScript if is_commonjs(&path, &strip(&text)?) => {
            run(loader, scope, &path, &strip(&text)?, parent)
        }
        source::FileKind::JavaScript if is_commonjs(&path, &text) => {
            run(loader, scope, &path, &text, parent)
        }
        _ => required_module(loader, scope, specifier, url, path),
    }
}

/// What `require` gives for an ES module (<https://nodejs.org/api/modules.html#loading-ecmascript-modules-using-require>).
fn required_module<'s>(
    loader: &Loader,
    scope: &Scope<'s>,
    specifier: &str,
    url: Url,
    path: PathBuf,
) -> Result<Local<'s>, Error> {
    let address = url.to_string();
    let module = loader.module(scope, Target::File { url, path }, Flavour::Code)?;
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
    let from = quote(&address);
    let code = format!(
        "export * from {from};export {{ default }} from {from};export const __esModule = true;"
    );
    let wrapper = scope.compile_module(&code, &address, scope.string(&address)?)?;
    evaluated(scope, wrapper, specifier)
}

/// Runs an ES module to its end; gives its namespace.
fn evaluated<'s>(
    scope: &Scope<'s>,
    module: Local<'s>,
    specifier: &str,
) -> Result<Local<'s>, Error> {
    let evaluation = run_module(scope, module)?;
    match scope.promise_state(evaluation) {
        Some(PromiseState::Fulfilled) => scope.module_namespace(module),
        Some(PromiseState::Rejected) => {
            scope.mark_promise_handled(evaluation);
            Err(Error::thrown(scope, scope.promise_result(evaluation)))
        }
        _ => Err(Error::coded(
            "ERR_REQUIRE_ASYNC_MODULE",
            format!("Cannot require '{specifier}': it awaits at its top level; use import()"),
        )),
    }
}
