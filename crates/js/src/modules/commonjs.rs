//! CommonJS modules, as far as packages of `node_modules` need: `require`, `module.exports`, `__filename`.
//!
//! An ES module that imports one gets `module.exports` as the default, and its own enumerable keys as named exports.
//! `require` of an ES module works when that module does not await at its top level.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use url::Url;

use super::resolve::{Target, file_url};
use super::{Flavour, Loader, named_exports, run_module, source, synthetic_module};
use crate::engine::{Error, Local, PromiseState, Scope};
use crate::{builtins, program};

/// Whether a `.js` file is CommonJS: the nearest `package.json` decides; without a word from it, inside `node_modules`,
/// the text does.
pub(super) fn is_commonjs(path: &Path, text: &str) -> bool {
    match package_type(path).as_deref() {
        Some("module") => false,
        Some("commonjs") => !source::is_module_text(text),
        _ => in_node_modules(path) && !source::is_module_text(text),
    }
}

fn in_node_modules(path: &Path) -> bool {
    path.components()
        .any(|component| component.as_os_str() == "node_modules")
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
fn field(text: &str, name: &str) -> Option<String> {
    let value = serde_json::from_str::<serde_json::Value>(text).ok()?;
    value.get(name)?.as_str().map(str::to_owned)
}

/// The ES module that stands for a CommonJS file.
pub(super) fn module<'s>(
    loader: &Loader,
    scope: &Scope<'s>,
    path: &Path,
    text: &str,
) -> Result<Local<'s>, Error> {
    let exports = run(loader, scope, path, text)?;
    synthetic_module(
        scope,
        file_url(path).as_str(),
        &named_exports(scope, exports)?,
    )
}

/// Runs a CommonJS file, once; gives `module.exports`.
fn run<'s>(
    loader: &Loader,
    scope: &Scope<'s>,
    path: &Path,
    text: &str,
) -> Result<Local<'s>, Error> {
    let known = loader
        .required
        .borrow()
        .get(path)
        .map(|module| scope.local(module));
    if let Some(module) = known {
        return scope.get(module, "exports");
    }
    let module = scope.object()?;
    let exports = scope.object()?;
    let file = scope.string(&path.to_string_lossy())?;
    let folder = scope.string(&path.parent().unwrap_or(Path::new("/")).to_string_lossy())?;
    scope.set(module, "exports", exports)?;
    scope.set(module, "id", file)?;
    scope.set(module, "filename", file)?;
    scope.set(module, "loaded", Local::boolean(false))?;
    // Registered before it runs: cycles see what is there so far, as in Node.
    loader
        .required
        .borrow_mut()
        .insert(path.to_owned(), scope.persist(module));
    let require = require_function(scope, path)?;
    let text = text
        .strip_prefix("#!")
        .map_or_else(|| text.to_owned(), |rest| format!("//{rest}"));
    // On one line with the text, so that line numbers stay.
    let code = format!("(function (exports, require, module, __filename, __dirname) {{{text}\n}})");
    let outcome = scope
        .evaluate(&code, &path.display().to_string(), 1)
        .and_then(|function| {
            scope.call(function, exports, &[exports, require, module, file, folder])
        });
    if let Err(error) = outcome {
        loader.required.borrow_mut().remove(path);
        return Err(error);
    }
    scope.set(module, "loaded", Local::boolean(true))?;
    scope.get(module, "exports")
}

/// `require` for the module at `path`.
pub(crate) fn require_function<'s>(scope: &Scope<'s>, path: &Path) -> Result<Local<'s>, Error> {
    let base: Rc<Url> = Rc::new(file_url(path));
    let resolve_base = base.clone();
    let require = scope.closure("require", 1, move |scope, arguments| {
        let specifier = scope.string_of(arguments.get(0))?;
        let loader = program::loader(scope)?;
        require(&loader, scope, &specifier, &base)
    })?;
    let resolve = scope.closure("resolve", 1, move |scope, arguments| {
        let specifier = scope.string_of(arguments.get(0))?;
        let loader = program::loader(scope)?;
        match target(&loader, &specifier, &resolve_base)? {
            Target::File { path, .. } => scope.string(&path.to_string_lossy()),
            _ => scope.string(&specifier),
        }
    })?;
    scope.set(require, "resolve", resolve)?;
    Ok(require)
}

fn target(loader: &Loader, specifier: &str, base: &Url) -> Result<Target, Error> {
    loader
        .resolver
        .resolve_required(specifier, base)
        .map_err(|problem| {
            let importer = super::base_text(base);
            // Node's code for `require`.
            let code = if problem.code == "ERR_MODULE_NOT_FOUND" {
                "MODULE_NOT_FOUND"
            } else {
                problem.code
            };
            Error::coded(
                code,
                format!("{} required from {importer}", problem.message),
            )
        })
}

fn require<'s>(
    loader: &Loader,
    scope: &Scope<'s>,
    specifier: &str,
    base: &Url,
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
    let text = source::read(&path).map_err(|error| {
        Error::coded(
            "MODULE_NOT_FOUND",
            format!("Cannot read '{}': {error}", path.display()),
        )
    })?;
    match source::kind(&path) {
        source::Kind::Json => scope.json_parse(&text),
        source::Kind::CommonJs => run(loader, scope, &path, &text),
        source::Kind::JavaScript if is_commonjs(&path, &text) || !source::is_module_text(&text) => {
            run(loader, scope, &path, &text)
        }
        _ => {
            let module = loader.module(scope, Target::File { url, path }, Flavour::Code)?;
            let evaluation = run_module(scope, module)?;
            match scope.promise_state(evaluation) {
                Some(PromiseState::Fulfilled) => scope.module_namespace(module),
                Some(PromiseState::Rejected) => {
                    scope.mark_promise_handled(evaluation);
                    Err(Error::thrown(scope, scope.promise_result(evaluation)))
                }
                _ => Err(Error::coded(
                    "ERR_REQUIRE_ASYNC_MODULE",
                    format!(
                        "Cannot require '{specifier}': it awaits at its top level; use import()"
                    ),
                )),
            }
        }
    }
}
