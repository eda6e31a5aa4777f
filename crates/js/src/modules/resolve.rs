//! What a specifier means: a file, a built-in module, a data URL, or a name in a scheme that somebody registered.
//!
//! Relative specifiers are URLs, as the language says, so they may carry a query. Beyond Node: an extension that was left
//! out is tried, and `.js` finds the `.ts` that it would be compiled from. Bare specifiers go through `node_modules` with
//! `exports`, by `oxc_resolver`. Knows the file system, no engine. Loop thread only.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use oxc_resolver::{ResolveError, ResolveOptions, Resolver as PackageResolver};
use url::Url;

use crate::rooms;

/// Where a specifier leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// A file; the URL keeps the query, which makes a module of its own.
    File { url: Url, path: PathBuf },
    /// A built-in module, by the built-in file behind it.
    Builtin(&'static str),
    /// `data:` with its text.
    Data(Url),
    /// `scheme:rest`, for who registered the scheme.
    Scheme { scheme: String, rest: String },
}

/// Why a specifier leads nowhere: Node's code and a text that lacks the importer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Problem {
    fn new(code: &'static str, message: impl Into<String>) -> Problem {
        Problem {
            code,
            message: message.into(),
        }
    }
}

/// Extensions tried, in this order, where one was left out.
const EXTENSIONS: [&str; 5] = [".ts", ".mts", ".js", ".mjs", ".json"];

/// Finds modules. The package resolver, which keeps caches, is made on first need.
#[derive(Default)]
pub(crate) struct Resolver {
    packages: OnceCell<PackageResolver>,
    required: OnceCell<PackageResolver>,
    /// The user's own conditions.
    conditions: Vec<String>,
}

impl Resolver {
    /// A resolver that takes exports of packages also under these conditions.
    pub(crate) fn new(conditions: Vec<String>) -> Resolver {
        Resolver {
            conditions,
            ..Resolver::default()
        }
    }

    /// Resolves `specifier` as imported by the module at `base`.
    pub(crate) fn resolve(
        &self,
        specifier: &str,
        base: &Url,
        is_scheme: &dyn Fn(&str) -> bool,
    ) -> Result<Target, Problem> {
        if let Some(file) = rooms::index().builtin_module(specifier) {
            return Ok(Target::Builtin(file));
        }
        if is_path(specifier) {
            return self.resolve_path(specifier, base);
        }
        if let Some((scheme, rest)) = split_scheme(specifier) {
            return match scheme {
                "file" => self.resolve_path(specifier, base),
                "data" => Url::parse(specifier).map(Target::Data).map_err(|error| {
                    Problem::new("ERR_INVALID_URL", format!("invalid data URL: {error}"))
                }),
                "node" => Err(unknown_builtin(specifier)),
                _ if is_scheme(scheme) => Ok(Target::Scheme {
                    scheme: scheme.to_owned(),
                    rest: rest.to_owned(),
                }),
                _ => Err(Problem::new(
                    "ERR_UNSUPPORTED_ESM_URL_SCHEME",
                    format!(
                        "Cannot import '{specifier}': modules of the scheme '{scheme}:' are not supported"
                    ),
                )),
            };
        }
        self.resolve_package(
            specifier,
            base,
            self.packages.get_or_init(|| {
                self.package_resolver(&["import", "module-sync", "node", "default"])
            }),
        )
    }

    /// Resolves `specifier` as `require` in the CommonJS module at `base` does.
    pub(crate) fn resolve_required(&self, specifier: &str, base: &Url) -> Result<Target, Problem> {
        if let Some(file) = rooms::index().builtin_module(specifier) {
            return Ok(Target::Builtin(file));
        }
        if specifier.starts_with("node:") {
            return Err(unknown_builtin(specifier));
        }
        let required = self
            .required
            .get_or_init(|| self.package_resolver(&["require", "module-sync", "node", "default"]));
        self.resolve_package(specifier, base, required)
    }

    fn package_resolver(&self, conditions: &[&str]) -> PackageResolver {
        package_resolver(conditions, &self.conditions)
    }

    fn resolve_path(&self, specifier: &str, base: &Url) -> Result<Target, Problem> {
        let url = base.join(specifier).map_err(|error| {
            Problem::new(
                "ERR_INVALID_MODULE_SPECIFIER",
                format!("Invalid URL '{specifier}': {error}"),
            )
        })?;
        let path = url.to_file_path().map_err(|()| {
            Problem::new(
                "ERR_INVALID_MODULE_SPECIFIER",
                format!("'{specifier}' does not name a local file"),
            )
        })?;
        let Some(found) = existing(&path) else {
            return Err(if path.is_dir() {
                Problem::new(
                    "ERR_UNSUPPORTED_DIR_IMPORT",
                    format!("Cannot import the directory '{}'", path.display()),
                )
            } else {
                Problem::new(
                    "ERR_MODULE_NOT_FOUND",
                    format!("Cannot find module '{}'", path.display()),
                )
            });
        };
        let mut found_url = file_url(&found);
        found_url.set_query(url.query());
        found_url.set_fragment(url.fragment());
        Ok(Target::File {
            url: found_url,
            path: found,
        })
    }

    fn resolve_package(
        &self,
        specifier: &str,
        base: &Url,
        resolver: &PackageResolver,
    ) -> Result<Target, Problem> {
        let folder = base
            .to_file_path()
            .ok()
            .and_then(|path| path.parent().map(Path::to_owned));
        let folder = folder
            .or_else(|| std::env::current_dir().ok())
            .unwrap_or_default();
        match resolver.resolve(&folder, specifier) {
            Ok(found) => {
                let path = found.into_path_buf();
                Ok(Target::File {
                    url: file_url(&path),
                    path,
                })
            }
            Err(error) => Err(match error {
                ResolveError::NotFound(_) => Problem::new(
                    "ERR_MODULE_NOT_FOUND",
                    format!("Cannot find package '{specifier}'"),
                ),
                ResolveError::PackagePathNotExported { .. } => Problem::new(
                    "ERR_PACKAGE_PATH_NOT_EXPORTED",
                    format!("Cannot find package '{specifier}': {error}"),
                ),
                ResolveError::PackageImportNotDefined(..) => Problem::new(
                    "ERR_PACKAGE_IMPORT_NOT_DEFINED",
                    format!("Cannot find '{specifier}': {error}"),
                ),
                _ => Problem::new(
                    "ERR_MODULE_NOT_FOUND",
                    format!("Cannot find package '{specifier}': {error}"),
                ),
            }),
        }
    }
}

fn unknown_builtin(specifier: &str) -> Problem {
    Problem::new(
        "ERR_UNKNOWN_BUILTIN_MODULE",
        format!("No such built-in module: {specifier}"),
    )
}

fn package_resolver(conditions: &[&str], own: &[String]) -> PackageResolver {
    let requires = conditions.contains(&"require");
    PackageResolver::new(ResolveOptions {
        condition_names: conditions
            .iter()
            .map(|&condition| condition.to_owned())
            .chain(own.iter().cloned())
            .collect(),
        extensions: if requires {
            vec![".js".into(), ".json".into(), ".cjs".into()]
        } else {
            EXTENSIONS.map(Into::into).into()
        },
        // As Node: `module` is a field of bundlers, and what it names is often no file that an engine can run.
        main_fields: vec!["main".into()],
        ..ResolveOptions::default()
    })
}

/// Whether a specifier names a file by its path.
pub(crate) fn is_path(specifier: &str) -> bool {
    specifier.starts_with("./") || specifier.starts_with("../") || specifier.starts_with('/')
}

/// The file itself, or what the specifier may have meant.
fn existing(path: &Path) -> Option<PathBuf> {
    if path.is_file() {
        return Some(canonical(path));
    }
    // `./x.js` in TypeScript sources means `./x.ts`.
    for (written, meant) in [("js", "ts"), ("mjs", "mts")] {
        if path
            .extension()
            .is_some_and(|extension| extension == written)
        {
            let source = path.with_extension(meant);
            if source.is_file() {
                return Some(canonical(&source));
            }
        }
    }
    EXTENSIONS.iter().find_map(|extension| {
        let mut name = path.as_os_str().to_owned();
        name.push(extension);
        let candidate = PathBuf::from(name);
        candidate.is_file().then(|| canonical(&candidate))
    })
}

/// Links resolved, so that a file is one module whatever way leads to it.
fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// The `file:` URL of an absolute path.
pub(crate) fn file_url(path: &Path) -> Url {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    Url::from_file_path(&absolute)
        .unwrap_or_else(|()| Url::parse("file:///").expect("a constant URL"))
}

/// `scheme:rest`, where the scheme is what a URL allows. A single letter is no scheme.
pub(crate) fn split_scheme(specifier: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = specifier.split_once(':')?;
    let mut bytes = scheme.bytes();
    let good = scheme.len() > 1
        && bytes
            .next()
            .is_some_and(|first| first.is_ascii_alphabetic())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    good.then_some((scheme, rest))
}
