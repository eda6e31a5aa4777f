//! The static module graph, read before anything runs: does this program import a `python:` module?
//!
//! The command uses the answer to run the program under Python instead; nothing has run yet, so that is invisible. Files
//! that cannot be read or parsed are left for the real load to report. Only files are parsed that have an import. What is imported dynamically
//! is not followed, so that a program that loads little at its start stays one.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use url::Url;

use super::resolve::{Resolver, Target, file_url};
use super::source;

/// How a program names modules of a scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SchemeUse {
    /// Not, as far as its texts tell.
    Nowhere,
    /// By `import("scheme:name")`, which it may never come to.
    Dynamic,
    /// By a static import.
    Static,
}

/// How the module at `entry`, and what it imports statically through files, names modules of `scheme`.
pub fn graph_names_scheme(entry: &Path, scheme: &str) -> SchemeUse {
    let entry = entry.canonicalize().unwrap_or_else(|_| entry.to_owned());
    let Ok(text) = source::read(&entry) else {
        return SchemeUse::Nowhere;
    };
    scheme_use(&file_url(&entry), entry, text, scheme)
}

/// The same for a module's text, as of `-e`.
pub fn source_names_scheme(code: &str, scheme: &str) -> SchemeUse {
    let path = std::env::current_dir()
        .unwrap_or_default()
        .join("[eval].ts");
    scheme_use(&file_url(&path), path, code.to_owned(), scheme)
}

fn scheme_use(url: &Url, path: PathBuf, text: String, scheme: &str) -> SchemeUse {
    let mut found = SchemeUse::Nowhere;
    let prefix = format!("{scheme}:");
    let named = walk(url, path, text, scheme, &mut |path, text| {
        if found == SchemeUse::Nowhere
            && text.contains(&prefix)
            && source::dynamic_imports(text, path)
                .iter()
                .any(|specifier| specifier.starts_with(&prefix))
        {
            found = SchemeUse::Dynamic;
        }
    });
    if named { SchemeUse::Static } else { found }
}

/// Shows each file of a graph to `look`, until one imports a module of `scheme`; whether that was so.
pub(super) fn walk(
    url: &Url,
    path: PathBuf,
    text: String,
    scheme: &str,
    look: &mut dyn FnMut(&Path, &str),
) -> bool {
    let resolver = Resolver::default();
    let mut seen = HashSet::from([path.clone()]);
    let mut open = vec![(url.clone(), path, text)];
    while let Some((url, path, text)) = open.pop() {
        look(&path, &text);
        for specifier in source::static_imports(&text, &path) {
            match resolver.resolve(&specifier, &url, &|name| name == scheme) {
                Ok(Target::Scheme { .. }) => return true,
                Ok(Target::File { url, path })
                    if source::is_code(&path) && seen.insert(path.clone()) =>
                {
                    if let Ok(text) = source::read(&path) {
                        open.push((url, path, text));
                    }
                }
                _ => {}
            }
        }
    }
    false
}
