//! Source files: what kind a file is, its text, and its static imports.

use std::borrow::Cow;
use std::path::Path;

use super::deep_stack::with_deep_stack;
use oxc_allocator::Allocator;
use oxc_ast::ast::Statement;
use oxc_parser::{ParseOptions, Parser, ParserReturn};
use oxc_span::SourceType;

use super::module_syntax::has_module_syntax;
use super::waiting::has_top_level_await;
use crate::builtins::permissions::{Access, limits};
use crate::engine::{Error, Scope};
use crate::typescript::{self, Settings, Syntax};

/// What a file holds, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    JavaScript,
    TypeScript,
    CommonTypeScript,
    /// TypeScript with JSX.
    Tsx,
    /// JavaScript with JSX.
    Jsx,
    Json,
    CommonJs,
    WebAssembly,
}

impl FileKind {
    /// What has to be compiled before the engine can read it.
    pub(crate) fn syntax(self) -> Option<Syntax> {
        match self {
            FileKind::TypeScript | FileKind::CommonTypeScript => Some(Syntax::TypeScript),
            FileKind::Tsx => Some(Syntax::Tsx),
            FileKind::Jsx => Some(Syntax::Jsx),
            _ => None,
        }
    }
}

/// The kind of a file.
pub(crate) fn kind(path: &Path) -> FileKind {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("ts" | "mts") => FileKind::TypeScript,
        Some("cts") => FileKind::CommonTypeScript,
        Some("tsx") => FileKind::Tsx,
        Some("jsx") => FileKind::Jsx,
        Some("json") => FileKind::Json,
        Some("wasm") => FileKind::WebAssembly,
        Some("cjs") => FileKind::CommonJs,
        _ => FileKind::JavaScript,
    }
}

/// What a text is written in that is said to be TypeScript, whatever its file is called.
pub(super) fn typescript_syntax(path: &Path) -> Syntax {
    kind(path).syntax().unwrap_or(Syntax::TypeScript)
}

/// Whether the file is a module whose imports matter.
pub(crate) fn is_code(path: &Path) -> bool {
    !matches!(
        kind(path),
        FileKind::Json | FileKind::WebAssembly | FileKind::CommonJs
    )
}

/// Reads a text file as UTF-8 without a byte order mark.
pub(crate) fn read(path: &Path) -> Result<String, std::io::Error> {
    // What is no UTF-8 becomes marks for it, as in Node.
    let mut text = String::from_utf8(std::fs::read(path)?)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    if text.starts_with('\u{feff}') {
        text.drain(..3);
    }
    Ok(text)
}

/// Refuses a file that the program may not read, or that only Node itself can load.
///
/// # Errors
/// `ERR_ACCESS_DENIED`; `ERR_DLOPEN_FAILED` for a native addon (`.node`).
pub(super) fn require_loadable(scope: &Scope<'_>, path: &Path) -> Result<(), Error> {
    limits(scope).path(Access::READ, path)?;
    if path
        .extension()
        .is_some_and(|extension| extension == "node")
    {
        return Err(Error::coded(
            "ERR_DLOPEN_FAILED",
            format!(
                "'{}' is a native addon for Node, which cannot be loaded here: use the package's form in WebAssembly or JavaScript, if it has one",
                path.display()
            ),
        ));
    }
    Ok(())
}

/// The text with the types of TypeScript taken away; `None` if it cannot be parsed.
pub(crate) fn without_types<'t>(text: &'t str, path: &Path) -> Option<Cow<'t, str>> {
    let Some(syntax) = kind(path).syntax() else {
        return Some(Cow::Borrowed(text));
    };
    let compiled = typescript::compile(text, path, syntax, &Settings::default());
    compiled.ok().map(|compiled| Cow::Owned(compiled.code))
}

/// The specifiers of static imports and re-exports that survive type stripping, in no particular order.
pub(crate) fn static_imports(text: &str, path: &Path) -> Vec<String> {
    // Most files of most programs answer without a parse.
    if !has_word(text, "import") && !has_word(text, "export") {
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

/// The specifiers of dynamic imports that the text says as they are, in no particular order.
pub(crate) fn dynamic_imports(text: &str, path: &Path) -> Vec<String> {
    let Some(text) = without_types(text, path) else {
        return Vec::new();
    };
    let imports = with_deep_stack(text.len(), || {
        let allocator = Allocator::default();
        let parsed = Parser::new(&allocator, &text, SourceType::mjs()).parse();
        let imports = parsed.module_record.dynamic_imports.iter();
        imports
            .filter_map(|import| literal(import.module_request.source_text(&text)))
            .map(str::to_owned)
            .collect()
    });
    imports.unwrap_or_default()
}

/// What stands in a string literal without escapes.
fn literal(text: &str) -> Option<&str> {
    let inner = ['\'', '"', '`']
        .iter()
        .find_map(|&quote| text.strip_prefix(quote)?.strip_suffix(quote))?;
    (!inner.contains(['\\', '$'])).then_some(inner)
}

/// What a module imports, in the order of its text, each once.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Imports {
    pub(crate) requests: Vec<Request>,
    /// Whether it has `await` outside of functions.
    pub(crate) awaits: bool,
    /// The text without attributes, which the engine knows few of.
    pub(crate) text: String,
}

/// A specifier and its attributes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) specifier: String,
    pub(crate) attributes: Vec<(String, String)>,
}

/// The imports of a module's text; `None` if it is no module, or too long to look at.
pub(crate) fn imports(text: &str) -> Option<Imports> {
    with_deep_stack(text.len(), || {
        let allocator = Allocator::default();
        let parsed = Parser::new(&allocator, text, SourceType::mjs()).parse();
        if parsed.panicked || !parsed.diagnostics.is_empty() {
            return None;
        }
        let mut imports = Imports {
            text: text.to_owned(),
            ..Imports::default()
        };
        for statement in &parsed.program.body {
            let (source, with) = match statement {
                Statement::ImportDeclaration(import) => (&import.source, &import.with_clause),
                Statement::ExportAllDeclaration(export) => (&export.source, &export.with_clause),
                Statement::ExportFromDeclaration(export) => (&export.source, &export.with_clause),
                _ => continue,
            };
            let mut request = Request {
                specifier: source.value.to_string(),
                ..Request::default()
            };
            if let Some(with) = with {
                for entry in &with.with_entries {
                    let key = entry.key.as_arena_str().to_string();
                    request
                        .attributes
                        .push((key, entry.value.value.to_string()));
                }
                let span = source.span.end as usize..with.span.end as usize;
                let blank = " ".repeat(span.len());
                imports.text.replace_range(span, &blank);
            }
            if !imports.requests.contains(&request) {
                imports.requests.push(request);
            }
        }
        imports.awaits = has_top_level_await(&parsed.program);
        Some(imports)
    })
    .flatten()
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

/// Whether a keyword may stand in a text: as a word, not as a part of another one, as in `exports` or `__awaiter`.
pub(super) fn has_word(text: &str, word: &str) -> bool {
    let is_part = |byte: Option<&u8>| {
        byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$'))
    };
    let bytes = text.as_bytes();
    text.match_indices(word).any(|(start, _)| {
        let before = start.checked_sub(1).and_then(|at| bytes.get(at));
        !is_part(before) && !is_part(bytes.get(start + word.len()))
    })
}

/// Whether the text has `import` or `export` syntax, or top-level `await`: a module, not a CommonJS script.
pub(crate) fn is_module_text(text: &str) -> bool {
    if !["import", "export", "await"]
        .iter()
        .any(|word| has_word(text, word))
    {
        return false;
    }
    let is_module = with_deep_stack(text.len(), || {
        let allocator = Allocator::default();
        let parsed = Parser::new(&allocator, text, SourceType::unambiguous()).parse();
        if parsed.module_record.has_module_syntax || parsed.program.source_type.is_module() {
            return true;
        }
        // The parser tells a plain `await` by itself, but not `for await` and `await using`.
        has_word(text, "await") && {
            let parsed = Parser::new(&allocator, text, SourceType::mjs()).parse();
            parsed.diagnostics.is_empty() && has_top_level_await(&parsed.program)
        }
    });
    is_module.unwrap_or_else(|| has_module_syntax(text))
}

#[cfg(test)]
mod tests {
    use super::{has_word, is_module_text};

    #[test]
    fn keywords_are_looked_for_as_words() {
        for text in [
            "exports.a = 1",
            "__awaiter(b)",
            "$import",
            "important",
            "re_export",
        ] {
            for word in ["import", "export", "await"] {
                assert!(!has_word(text, word), "{text}");
            }
        }
        for text in [
            "exports;export{}",
            "import'a'",
            "a\nimport.meta",
            "\u{a0}export\u{a0}default 1",
            "[await 1]",
            "await using a = b",
            "if (a) { for await (const b of c) d }",
        ] {
            assert!(is_module_text(text), "{text}");
        }
        for text in [
            "async () => { for await (const a of b) c }",
            "async function f() { await using a = b }",
            "var await = 1; for (await of a) b",
            "// await\nfor (const a of b) c",
        ] {
            assert!(!is_module_text(text), "{text}");
        }
    }
}
