//! The static module graph, read before anything runs: does this program import a `python:` module?
//!
//! The command uses the answer to run the program under Python instead; nothing has run yet, so that is invisible. Files
//! that cannot be read or parsed are left for the real load to report. Only files are parsed that have an import.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use url::Url;

use super::resolve::{Resolver, Target, file_url};
use super::source;

/// Whether the static imports of the module at `entry`, followed through files, name a module of `scheme`.
pub fn graph_names_scheme(entry: &Path, scheme: &str) -> bool {
    let entry = entry.canonicalize().unwrap_or_else(|_| entry.to_owned());
    let Ok(text) = source::read(&entry) else {
        return false;
    };
    walk(&file_url(&entry), entry, text, scheme, &mut |_, _| {})
}

/// The same for a module's text, as of `-e`.
pub fn source_names_scheme(code: &str, scheme: &str) -> bool {
    let path = std::env::current_dir()
        .unwrap_or_default()
        .join("[eval].ts");
    walk(
        &file_url(&path),
        path,
        code.to_owned(),
        scheme,
        &mut |_, _| {},
    )
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
