//! Modules of programs that have hooks (<https://nodejs.org/api/module.html#customization-hooks>): `node/module/hooks.js` says what a specifier
//! means and what its text is, here it becomes a module record. And what the loader in JavaScript asks of the one in Rust.

use std::path::{Path, PathBuf};

use url::Url;

use super::data::data_type;
use super::generated::{builtin_module, synthetic_module, wasm_module};
use super::resolve::{Problem, Target, file_url, is_path, split_scheme};
use super::source::FileKind;
use super::{Flavour, Loader, commonjs, source};
use crate::engine::{Error, Local, Scope};
use crate::{builtins, rooms};

/// What a module is made from.
pub(super) struct Given<'s> {
    pub(super) url: String,
    pub(super) format: String,
    /// Text, bytes, or nothing where the format says all.
    pub(super) source: Local<'s>,
}

impl Loader {
    /// The record of the module that the hooks find and read. The program itself is imported from nowhere.
    pub(super) fn hooked_module<'s>(
        &self,
        scope: &Scope<'s>,
        specifier: &str,
        base: Option<&str>,
        flavour: Flavour,
    ) -> Result<Local<'s>, Error> {
        let hooks = builtins::exports(scope, "node/module/hooks")?;
        let kind = match flavour {
            Flavour::Json => scope.string("json")?,
            Flavour::Text => scope.string("text")?,
            Flavour::Bytes => scope.string("bytes")?,
            _ => Local::undefined(),
        };
        let base = base.map_or(Ok(Local::undefined()), |base| scope.string(base))?;
        let given = [scope.string(specifier)?, base, kind];
        let resolved = scope.call_method(hooks, "resolveImport", &given)?;
        let url = scope.string_of(scope.get(resolved, "url")?)?;
        let key = (url.clone(), flavour);
        if let Some(module) = self.modules.borrow().get(&key) {
            return Ok(scope.local(module));
        }
        let format = scope.get(resolved, "format")?;
        let given = [scope.string(&url)?, format, kind];
        let loaded = scope.call_method(hooks, "loadImport", &given)?;
        let exports = scope.get(loaded, "exports")?;
        if exports.is_object() {
            // A mocked module.
            let mut named = Vec::new();
            for key in scope.keys(exports)? {
                named.push((scope.string_of(key)?, scope.get(exports, key)?));
            }
            let module = synthetic_module(scope, &url, &named)?;
            self.modules.borrow_mut().insert(key, scope.persist(module));
            return Ok(module);
        }
        let format = scope.get(loaded, "format")?;
        if format.is_undefined() || format.is_null() {
            return self.of_url(scope, &url, flavour);
        }
        let given = Given {
            url,
            format: scope.string_of(format)?,
            source: scope.get(loaded, "source")?,
        };
        self.given_module(scope, given, flavour)
    }

    /// As without hooks.
    fn of_url<'s>(
        &self,
        scope: &Scope<'s>,
        url: &str,
        flavour: Flavour,
    ) -> Result<Local<'s>, Error> {
        let target = (self.resolve(url, &file_url(Path::new("/"))))
            .map_err(|problem| problem.into_error(url, 0, 0))?;
        self.module(scope, target, flavour)
    }

    /// The record of a module that is given, unless there is one of its URL already.
    pub(super) fn given_module<'s>(
        &self,
        scope: &Scope<'s>,
        given: Given<'s>,
        flavour: Flavour,
    ) -> Result<Local<'s>, Error> {
        let Given {
            url,
            format,
            source,
        } = given;
        let key = (url, flavour);
        if let Some(module) = self.modules.borrow().get(&key) {
            return Ok(scope.local(module));
        }
        let url = &key.0;
        let text = || -> Result<String, Error> {
            if source.is_string() {
                return scope.string_of(source);
            }
            scope
                .bytes_of(source)
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        };
        let has_source = !source.is_undefined() && !source.is_null();
        let path = path_of(url);
        let shown = path.display().to_string();
        let module = match format.as_str() {
            "builtin" => match rooms::index().builtin_module(url) {
                Some(file) => builtin_module(scope, file)?,
                None => return Err(Error::type_error(format!("'{url}' is no built-in module"))),
            },
            "commonjs" | "commonjs-typescript" if has_source => {
                let code = self.given_code(scope, &path, &format, text()?)?;
                commonjs::module(self, scope, &path, &code)?
            }
            "module" | "module-typescript" if has_source => {
                let code = self.given_code(scope, &path, &format, text()?)?;
                scope.compile_file_module(&code, &shown, scope.string(url)?)?
            }
            "json" if has_source => scope.json_module(&text()?, &shown)?,
            "text" if has_source => scope.default_module(scope.string(&text()?)?)?,
            "bytes" if has_source => scope.default_module(source)?,
            "wasm" if has_source => wasm_module(scope, scope.bytes_of(source)?, url)?,
            "commonjs"
            | "commonjs-typescript"
            | "module"
            | "module-typescript"
            | "json"
            | "wasm" => return self.of_url(scope, url, flavour),
            _ => {
                return Err(Error::type_error(format!(
                    "Unknown module format: {format} for URL {url}"
                ))
                .with("code", "ERR_UNKNOWN_MODULE_FORMAT"));
            }
        };
        self.modules.borrow_mut().insert(key, scope.persist(module));
        Ok(module)
    }

    /// The JavaScript of a text that is in the format that it is said to be, whatever the file is called.
    fn given_code(
        &self,
        scope: &Scope<'_>,
        path: &Path,
        format: &str,
        text: String,
    ) -> Result<String, Error> {
        let is_typescript = format.ends_with("-typescript");
        let syntax = is_typescript.then(|| source::typescript_syntax(path));
        self.code(scope, path, text, syntax, format.starts_with("module"))
    }

    /// What a specifier means without hooks: its URL, and the format of the file where its name or its package tells that.
    pub(super) fn resolved_url(
        &self,
        specifier: &str,
        base: &str,
        requires: bool,
    ) -> Result<(String, Option<&'static str>), Error> {
        let base = Url::parse(base).unwrap_or_else(|_| file_url(Path::new(base)));
        let target = if requires && split_scheme(specifier).is_none() {
            commonjs::target(self, specifier, &base)?
        } else {
            self.resolve(specifier, &base)
                .map_err(|problem| missing(problem, specifier, &base))?
        };
        Ok(match target {
            Target::File { url, path } => (url.to_string(), format_of(&path)),
            Target::Data(url) => (url.to_string(), Some(data_format(&url))),
            Target::Builtin(file) => (rooms::index().module_name(file).to_owned(), Some("builtin")),
            Target::Scheme { .. } => (specifier.to_owned(), None),
        })
    }
}

fn missing(problem: Problem, specifier: &str, base: &Url) -> Error {
    let url = is_path(specifier)
        .then(|| base.join(specifier).ok())
        .flatten();
    let error = problem.into_error(&super::base_text(base), 0, 0);
    match url {
        Some(url) => error.with("url", url.as_str()),
        None => error,
    }
}

/// The path of a `file:` URL; the URL itself for others, which stand for a file of that name.
fn path_of(url: &str) -> PathBuf {
    (Url::parse(url).ok())
        .and_then(|url| url.to_file_path().ok())
        .unwrap_or_else(|| PathBuf::from(url))
}

fn data_format(url: &Url) -> &'static str {
    match data_type(url) {
        "application/json" => "json",
        "application/wasm" => "wasm",
        "application/typescript" | "text/typescript" => "module-typescript",
        _ => "module",
    }
}

/// The format by which Node calls what a file holds, where its name or its package tells it.
pub(super) fn format_of(path: &Path) -> Option<&'static str> {
    let is_module = commonjs::package_type(path);
    let named = |commonjs, module| match is_module.as_deref() {
        Some("module") => Some(module),
        Some("commonjs") => Some(commonjs),
        _ => None,
    };
    match source::kind(path) {
        FileKind::Json => Some("json"),
        FileKind::WebAssembly => Some("wasm"),
        FileKind::CommonJs => Some("commonjs"),
        FileKind::CommonTypeScript => Some("commonjs-typescript"),
        FileKind::TypeScript => named("commonjs-typescript", "module-typescript"),
        FileKind::JavaScript | FileKind::Jsx | FileKind::Tsx => named("commonjs", "module"),
    }
}
