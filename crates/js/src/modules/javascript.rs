//! The JavaScript of a file, whatever it is written in, and what kind of module it is.

use std::path::Path;

use super::source::FileKind;
use super::source_maps::SourceMaps;
use super::{Loader, commonjs, source};
use crate::engine::{Error, Scope};
use crate::typescript::{self, Syntax};

/// What the engine reads in place of a file.
pub(super) struct Javascript {
    pub(super) code: String,
    pub(super) is_commonjs: bool,
}

impl Loader {
    /// The JavaScript of a file's text, and what it is: its name tells that, then the nearest `package.json`; without a word from either the
    /// text does, as Node detects it (<https://nodejs.org/api/packages.html#syntax-detection>). `syntax` is what the text is written in.
    ///
    /// # Errors
    /// A SyntaxError for text that cannot be parsed.
    pub(super) fn javascript(
        &self,
        scope: &Scope<'_>,
        path: &Path,
        text: String,
        syntax: Option<Syntax>,
    ) -> Result<Javascript, Error> {
        let is_module = commonjs::package_type(path).as_deref() == Some("module");
        let code = self.code(scope, path, text, syntax, is_module)?;
        let is_commonjs = source::kind(path) == FileKind::CommonJs
            || (!is_module && !source::is_module_text(&code));
        Ok(Javascript { code, is_commonjs })
    }

    /// The same where it is known what it is. Remembers where its lines come from, if they moved or the text says that they did.
    ///
    /// # Errors
    /// A SyntaxError for text that cannot be parsed.
    pub(super) fn code(
        &self,
        scope: &Scope<'_>,
        path: &Path,
        text: String,
        syntax: Option<Syntax>,
        is_module: bool,
    ) -> Result<String, Error> {
        let shown = path.display().to_string();
        let Some(syntax) = syntax else {
            SourceMaps::note(scope, &shown, &text);
            return Ok(text);
        };
        let mut settings = self.resolver.settings(path);
        settings.is_module = is_module;
        let compiled = typescript::compile(&text, path, syntax, &settings)
            .map_err(|problem| problem.into_error(&shown))?;
        match &compiled.map {
            Some(map) => SourceMaps::made(scope, &shown, map),
            None => SourceMaps::note(scope, &shown, &text),
        }
        Ok(compiled.code)
    }
}
