//! Comments before the first statement that say what an element of JSX becomes (`@jsxRuntime`, `@jsxImportSource`, `@jsx`, `@jsxFrag`). The
//! transformer reads what they name; here they decide the runtime, each alone: who names a function to call wants the classic one, who
//! names a package the automatic one, whatever the project says.

use oxc_ast::ast::Program;
use oxc_span::GetSpan;

use super::{Jsx, Settings};

/// The settings of a file with these comments; `None` where they change nothing.
pub(super) fn adjusted(
    source: &str,
    program: &Program<'_>,
    settings: &Settings,
) -> Option<Settings> {
    let first = program.body.first()?.span().start;
    let comments = program.comments.iter();
    let names: Vec<_> = comments
        .take_while(|comment| comment.span.start < first)
        .flat_map(|comment| pragmas(comment.content_span().source_text(source)))
        .collect();
    let value = |name: &str| {
        let mut all = names.iter().rev();
        all.find(|(known, _)| *known == name)
            .map(|(_, value)| *value)
    };
    let is_classic = match (
        value("jsxRuntime"),
        value("jsxImportSource"),
        value("jsx").or(value("jsxFrag")),
    ) {
        (Some("classic"), _, _) | (None, None, Some(_)) => true,
        (Some("automatic"), _, _) | (None, Some(_), None) => false,
        _ => return None,
    };
    match (is_classic, settings.jsx) {
        (true, Jsx::Automatic | Jsx::Development) => Some(Jsx::Classic),
        (false, Jsx::Classic) => Some(Jsx::Automatic),
        _ => None,
    }
    .map(|jsx| Settings {
        jsx,
        // The other runtime's.
        jsx_import_source: settings.jsx_import_source.clone().filter(|_| !is_classic),
        ..settings.clone()
    })
}

/// The pragmas in a comment: a name, blanks, a value.
fn pragmas(comment: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut words = comment
        .split([' ', '\t', '\r', '\n', '*'])
        .filter(|word| !word.is_empty());
    std::iter::from_fn(move || {
        let name = words.by_ref().find_map(|word| word.strip_prefix('@'))?;
        Some((name, words.clone().next().unwrap_or_default()))
    })
    .filter(|(_, value)| !value.is_empty())
}
