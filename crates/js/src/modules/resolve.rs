//! What a specifier means: a file, a built-in module, a data URL, or a name in a scheme that somebody registered.
//!
//! Relative specifiers are URLs, as the language says, so they may carry a query. Beyond Node: an extension that was left
//! out is tried, and `.js` finds the `.ts` that it would be compiled from. Bare specifiers go through the import map, `paths` of the nearest
//! `tsconfig.json`, and `node_modules` with `exports`, the latter two by `oxc_resolver`. Knows the file system, no engine. Loop thread only.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use oxc_resolver::{
    ResolveError, ResolveOptions, Resolver as PackageResolver, TsConfig, TsconfigDiscovery,
};
use url::Url;

use super::import_map::ImportMap;
use crate::rooms;
use crate::typescript::{Decorators, Jsx, Settings};

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
const EXTENSIONS: [&str; 7] = [".ts", ".tsx", ".mts", ".js", ".mjs", ".jsx", ".json"];

/// The same for `require`: Node's first, in its order.
const REQUIRED_EXTENSIONS: [&str; 8] = [
    ".js", ".json", ".node", ".cjs", ".ts", ".tsx", ".cts", ".jsx",
];

/// What the command line says of it.
#[derive(Debug, Default)]
pub(crate) struct ResolverOptions {
    /// Exports of packages are taken also under these conditions.
    pub(crate) conditions: Vec<String>,
    /// Whether a link keeps its own name (`--preserve-symlinks`).
    pub(crate) keeps_links: bool,
    pub(crate) import_map: Option<ImportMap>,
}

/// Finds modules. The package resolvers, which keep caches, are made on first need.
#[derive(Default)]
pub(crate) struct Resolver {
    packages: OnceCell<PackageResolver>,
    required: OnceCell<PackageResolver>,
    /// Those for other lists of extensions, which `require.extensions` may have got.
    extended: RefCell<HashMap<Vec<String>, PackageResolver>>,
    options: ResolverOptions,
}

impl Resolver {
    pub(crate) fn new(options: ResolverOptions) -> Resolver {
        Resolver {
            options,
            ..Resolver::default()
        }
    }

    /// What the nearest `tsconfig.json` that includes this file says of its text.
    pub(crate) fn settings(&self, path: &Path) -> Settings {
        // JavaScript with JSX is as its neighbours are, also in a project that has its JavaScript not compiled (`allowJs`).
        let is_jsx = path.extension().is_some_and(|extension| extension == "jsx");
        let path = match is_jsx {
            true => &path.with_extension("tsx"),
            false => path,
        };
        match self.for_imports().find_tsconfig(path) {
            Ok(Some(config)) => settings_of(&config),
            _ => Settings::default(),
        }
    }

    fn for_imports(&self) -> &PackageResolver {
        self.packages
            .get_or_init(|| self.package_resolver(&["import", "module-sync", "node", "default"]))
    }

    fn for_requires(&self) -> &PackageResolver {
        self.required
            .get_or_init(|| self.package_resolver(REQUIRE_CONDITIONS))
    }

    /// Resolves `specifier` as imported by the module at `base`.
    pub(crate) fn resolve(
        &self,
        specifier: &str,
        base: &Url,
        is_scheme: &dyn Fn(&str) -> bool,
    ) -> Result<Target, Problem> {
        if let Some(map) = &self.options.import_map
            && let Some(mapped) = map.resolve(specifier, base)
        {
            let mapped = mapped.ok_or_else(|| {
                Problem::new(
                    "ERR_MODULE_NOT_FOUND",
                    format!("The import map allows no module for '{specifier}'"),
                )
            })?;
            return self.resolve_unmapped(&mapped, map.base(), is_scheme);
        }
        self.resolve_unmapped(specifier, base, is_scheme)
    }

    fn resolve_unmapped(
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
        self.resolve_package(specifier, base, self.for_imports())
    }

    /// Resolves `specifier` as `require` in the CommonJS module at `base` does.
    pub(crate) fn resolve_required(&self, specifier: &str, base: &Url) -> Result<Target, Problem> {
        if let Some(file) = rooms::index().builtin_module(specifier) {
            return Ok(Target::Builtin(file));
        }
        if specifier.starts_with("node:") {
            return Err(unknown_builtin(specifier));
        }
        self.resolve_package(&as_folder(specifier), base, self.for_requires())
    }

    /// The same where `require.extensions` has these names.
    pub(crate) fn resolve_required_with(
        &self,
        specifier: &str,
        base: &Url,
        extensions: Vec<String>,
    ) -> Result<Target, Problem> {
        let mut extended = self.extended.borrow_mut();
        let resolver = extended.entry(extensions).or_insert_with_key(|extensions| {
            let options = self.package_options(REQUIRE_CONDITIONS);
            self.for_requires().clone_with_options(ResolveOptions {
                extensions: extensions.clone(),
                ..options
            })
        });
        self.resolve_package(&as_folder(specifier), base, resolver)
    }

    fn package_resolver(&self, conditions: &[&str]) -> PackageResolver {
        PackageResolver::new(self.package_options(conditions))
    }

    fn package_options(&self, conditions: &[&str]) -> ResolveOptions {
        let requires = conditions.contains(&"require");
        ResolveOptions {
            tsconfig: Some(TsconfigDiscovery::Auto),
            condition_names: conditions
                .iter()
                .map(|&condition| condition.to_owned())
                .chain(self.options.conditions.iter().cloned())
                .collect(),
            extensions: if requires {
                REQUIRED_EXTENSIONS.map(Into::into).into()
            } else {
                EXTENSIONS.map(Into::into).into()
            },
            // As Node: `module` is a field of bundlers, and what it names is often no file that an engine can run.
            main_fields: vec!["main".into()],
            symlinks: !self.options.keeps_links,
            // NODE_PATH is a matter of `require`.
            node_path: requires,
            ..ResolveOptions::default()
        }
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
        let Some(found) = self.existing(&path) else {
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
        let file = base.to_file_path().ok();
        let file =
            file.unwrap_or_else(|| (std::env::current_dir().unwrap_or_default()).join("[import]"));
        let mut found = resolver.resolve_file(&file, specifier);
        if matches!(found, Err(ResolveError::NotFound(_))) {
            // The resolver remembers what was not there; it may be there by now.
            resolver.clear_cache();
            found = resolver.resolve_file(&file, specifier);
        }
        let found = match found {
            // A `tsconfig.json` that cannot be read is nothing to a program that needs none.
            Err(
                ResolveError::TsconfigNotFound(_)
                | ResolveError::TsconfigLoadFailed { .. }
                | ResolveError::TsconfigSelfReference(_)
                | ResolveError::TsconfigCircularExtend(_),
            ) => resolver.resolve(file.parent().unwrap_or(Path::new("/")), specifier),
            found => found,
        };
        match found {
            Ok(found) => {
                let path = found.into_path_buf();
                Ok(Target::File {
                    url: file_url(&path),
                    path,
                })
            }
            Err(error) => Err(match error {
                ResolveError::NotFound(_) => not_found(specifier, &file),
                ResolveError::Json(error) => Problem::new(
                    "ERR_INVALID_PACKAGE_CONFIG",
                    format!("Invalid package config {}.", error.path.display()),
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

/// As Node says it, which packages read: the name of a package that is not there, the path in one that is.
fn not_found(specifier: &str, importer: &Path) -> Problem {
    let parts = if specifier.starts_with('@') { 2 } else { 1 };
    let name = specifier
        .match_indices('/')
        .nth(parts - 1)
        .map_or(specifier, |(end, _)| &specifier[..end]);
    let package = importer
        .ancestors()
        .skip(1)
        .map(|folder| folder.join("node_modules"))
        .find(|folder| name != specifier && folder.join(name).is_dir());
    let message = match package {
        Some(folder) => format!("Cannot find module '{}'", folder.join(specifier).display()),
        None => format!("Cannot find package '{name}'"),
    };
    Problem::new("ERR_MODULE_NOT_FOUND", message)
}

/// What ends in a step to a folder means that folder, also where there is a file of its name.
fn as_folder(specifier: &str) -> Cow<'_, str> {
    let last = specifier.rsplit('/').next();
    if !matches!(last, Some("." | "..")) {
        return specifier.into();
    }
    if !specifier.starts_with('/') {
        return format!("{specifier}/").into();
    }
    // What is stepped out of need not be there.
    let mut parts = Vec::new();
    for part in specifier.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}/", parts.join("/")).into()
}

fn unknown_builtin(specifier: &str) -> Problem {
    Problem::new(
        "ERR_UNKNOWN_BUILTIN_MODULE",
        format!("No such built-in module: {specifier}"),
    )
}

const REQUIRE_CONDITIONS: &[&str] = &["require", "module-sync", "node", "default"];

/// As the options of the compiler that mean something at run time (<https://www.typescriptlang.org/tsconfig>).
fn settings_of(config: &TsConfig) -> Settings {
    let options = &config.compiler_options;
    let is_on = |option: Option<bool>| option == Some(true);
    // Fields are defined by the language since ES2022; a project that compiles for an older one counts on assignments.
    let is_old = options.target.as_deref().is_some_and(|target| {
        let target = target.to_ascii_lowercase();
        let year = target
            .strip_prefix("es")
            .and_then(|it| it.parse::<u32>().ok());
        year.is_some_and(|year| year < 2022)
    });
    Settings {
        jsx: match options
            .jsx
            .as_deref()
            .map(str::to_ascii_lowercase)
            .as_deref()
        {
            Some("react") => Jsx::Classic,
            Some("react-jsx") => Jsx::Automatic,
            Some("react-jsxdev") => Jsx::Development,
            // Left to a later tool, which takes the classic way where a function is named.
            _ if options.jsx_factory.is_some() => Jsx::Classic,
            _ => Jsx::Automatic,
        },
        jsx_import_source: options.jsx_import_source.clone(),
        jsx_factory: options.jsx_factory.clone(),
        jsx_fragment_factory: options.jsx_fragment_factory.clone(),
        decorators: if is_on(options.experimental_decorators) {
            Decorators::Legacy
        } else {
            Decorators::Standard
        },
        decorator_metadata: is_on(options.emit_decorator_metadata),
        strict_null_checks: (options.strict_null_checks.or(options.strict)).unwrap_or(false),
        assigns_fields: !options.use_define_for_class_fields.unwrap_or(!is_old),
        keeps_imports: is_on(options.verbatim_module_syntax)
            || is_on(options.preserve_value_imports),
        ..Settings::default()
    }
}

/// Whether a specifier names a file by its path.
pub(crate) fn is_path(specifier: &str) -> bool {
    specifier.starts_with("./") || specifier.starts_with("../") || specifier.starts_with('/')
}

impl Resolver {
    /// The file itself, or what the specifier may have meant.
    fn existing(&self, path: &Path) -> Option<PathBuf> {
        let canonical = |path: &Path| match self.options.keeps_links {
            true => path.to_owned(),
            false => canonical(path),
        };
        if path.is_file() {
            return Some(canonical(path));
        }
        // `./x.js` in TypeScript sources means `./x.ts`.
        for (written, meant) in [
            ("js", "ts"),
            ("js", "tsx"),
            ("mjs", "mts"),
            ("cjs", "cts"),
            ("jsx", "tsx"),
        ] {
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
