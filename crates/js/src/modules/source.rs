//! Source files: what kind a file is, its text, and its static imports.

use std::borrow::Cow;
use std::path::Path;

use super::deep_stack::with_deep_stack;
use oxc_allocator::Allocator;
use oxc_parser::{ParseOptions, Parser, ParserReturn};
use oxc_span::SourceType;

use crate::typescript;

/// What a file holds, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    JavaScript,
    TypeScript,
    CommonTypeScript,
    Json,
    CommonJs,
}

/// The kind of a file.
pub(crate) fn kind(path: &Path) -> FileKind {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("ts" | "mts") => FileKind::TypeScript,
        Some("cts") => FileKind::CommonTypeScript,
        Some("json") => FileKind::Json,
        Some("cjs") => FileKind::CommonJs,
        _ => FileKind::JavaScript,
    }
}

/// Whether the file is a module whose imports matter.
pub(crate) fn is_code(path: &Path) -> bool {
    matches!(kind(path), FileKind::JavaScript | FileKind::TypeScript)
}

/// Reads a text file as UTF-8 without a byte order mark.
pub(crate) fn read(path: &Path) -> Result<String, std::io::Error> {
    let mut text = std::fs::read_to_string(path)?;
    if text.starts_with('\u{feff}') {
        text.drain(..3);
    }
    Ok(text)
}

/// The text with the types of TypeScript taken away; `None` if it cannot be parsed.
pub(crate) fn without_types<'t>(text: &'t str, path: &Path) -> Option<Cow<'t, str>> {
    if kind(path) == FileKind::TypeScript {
        typescript::strip(text).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(text))
    }
}

/// The specifiers of static imports and re-exports that survive type stripping, in no particular order.
pub(crate) fn static_imports(text: &str, path: &Path) -> Vec<String> {
    // Most files of most programs answer without a parse.
    if !text.contains("import") && !text.contains("export") {
        return Vec::new();
    }
    let Some(text) = without_types(text, path) else {
        return Vec::new();
    };
    let imports = with_deep_stack(text.len(), || {
        let allocator = Allocator::default();
        let parsed = Parser::new(&allocator, &text, SourceType::mjs()).parse();
        let modules = parsed.module_record.requested_modules.keys();
        modules.map(|specifier| specifier.to_string()).collect()
    });
    imports.unwrap_or_default()
}

/// Whether the text is JavaScript that a CommonJS file may hold.
pub(crate) fn is_script(text: &str) -> bool {
    with_script(text, |parsed| {
        !parsed.panicked && parsed.diagnostics.is_empty()
    })
    .unwrap_or(true)
}

/// What `look` says of the text parsed as a CommonJS file; `None` for text too long to look at.
pub(super) fn with_script<R: Send>(
    text: &str,
    look: impl FnOnce(&ParserReturn<'_>) -> R + Send,
) -> Option<R> {
    with_deep_stack(text.len(), || {
        let allocator = Allocator::default();
        let options = ParseOptions {
            allow_return_outside_function: true,
            ..ParseOptions::default()
        };
        let parsed = Parser::new(&allocator, text, SourceType::cjs())
            .with_options(options)
            .parse();
        look(&parsed)
    })
}

/// Whether the text has `import` or `export` syntax, or top-level `await`: a module, not a CommonJS script.
pub(crate) fn is_module_text(text: &str) -> bool {
    if !text.contains("import") && !text.contains("export") && !text.contains("await") {
        return false;
    }
    let is_module = with_deep_stack(text.len(), || {
        let allocator = Allocator::default();
        let parsed = Parser::new(&allocator, text, SourceType::unambiguous()).parse();
        parsed.module_record.has_module_syntax || parsed.program.source_type.is_module()
    });
    // Text too long to look at is most likely a bundle with the syntax that it mentions.
    is_module.unwrap_or(true)
}
