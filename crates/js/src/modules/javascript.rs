//! The JavaScript of a file, whatever it is written in, and what kind of module it is.

use std::path::Path;

use super::source_maps::SourceMaps;
use super::{Loader, commonjs, source};
use crate::engine::{Error, Scope};
use crate::typescript;

impl Loader {
    /// The JavaScript of a file's text. Remembers where its lines come from, if they moved or the text says that they did.
    ///
    /// # Errors
    /// A SyntaxError for text that cannot be parsed.
    pub(super) fn javascript(
        &self,
        scope: &Scope<'_>,
        path: &Path,
        text: String,
    ) -> Result<String, Error> {
        let shown = path.display().to_string();
        let Some(syntax) = source::kind(path).syntax() else {
            SourceMaps::note(scope, &shown, &text);
            return Ok(text);
        };
        let mut settings = self.resolver.settings(path);
        settings.is_module = commonjs::package_type(path).as_deref() == Some("module");
        let compiled = typescript::compile(&text, path, syntax, &settings)
            .map_err(|problem| problem.into_error(&shown))?;
        match &compiled.map {
            Some(map) => SourceMaps::made(scope, &shown, map),
            None => SourceMaps::note(scope, &shown, &text),
        }
        Ok(compiled.code)
    }
}
