//! What `node:module` and `process.getBuiltinModule` ask of the loader.

use std::path::PathBuf;

use super::commonjs::{self, compiled};
use super::prompt;
use crate::builtins::{self, Room};
use crate::engine::{Arguments, Error, Local, Op, Scope};
use crate::{rooms, typescript};

/// The operations of the loader, which has no files of its own among the rooms.
pub(crate) const ROOM: Room = Room {
    files: &[],
    operations: &[&[
        Op::new("builtinExports", 1, builtin_exports),
        Op::new("builtinSpecifiers", 0, builtin_specifiers),
        Op::new("commonJsFunction", 2, common_js_function),
        Op::new("promptExpression", 1, prompt_expression),
        Op::new("promptIsWhole", 1, prompt_is_whole),
        Op::new("promptScript", 1, prompt_script),
        Op::new("requireOf", 1, require_of),
        Op::new("strippedTypes", 1, stripped_types),
    ]],
};

/// `builtinExports(specifier)`: undefined when there is no such module.
fn builtin_exports<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let specifier = scope.string_of(arguments.get(0))?;
    match rooms::index().builtin_module(&specifier) {
        Some(file) => builtins::exports(scope, file),
        None => Ok(Local::undefined()),
    }
}

/// `builtinSpecifiers()`: in order, with `node:`.
fn builtin_specifiers<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    let specifiers = rooms::index()
        .module_names()
        .into_iter()
        .map(|name| scope.string(name))
        .collect::<Result<Vec<_>, _>>()?;
    scope.array(&specifiers)
}

/// `commonJsFunction(text, file)`.
fn common_js_function<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let text = scope.string_of(arguments.get(0))?;
    let file = scope.string_of(arguments.get(1))?;
    compiled(scope, &text, &file)
}

/// `promptExpression(text)`: an expression without effects as a tree (`prompt.rs` has its nodes); undefined for any other.
fn prompt_expression<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let text = scope.string_of(arguments.get(0))?;
    match prompt::expression(&text) {
        Some(tree) => scope.json_parse(&tree.to_string()),
        None => Ok(Local::undefined()),
    }
}

/// `promptIsWhole(text)`, of a text that is no script: false if more lines may make one of it, or a text that awaits.
fn prompt_is_whole<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let text = scope.string_of(arguments.get(0))?;
    // A script has no such statement, so the engine has nothing to say about its end.
    let imports = text.trim_start().starts_with("import {") && !text.contains('}');
    // What is no mistake in an async function ends too early in one that is never closed.
    let is_whole = !imports
        && scope.is_compilable_unit(&text)?
        && (!text.contains("await")
            || prompt::awaiting(&text).is_some()
            || scope.is_compilable_unit(&format!("(async () => {{{text}"))?);
    Ok(Local::boolean(is_whole))
}

/// `promptScript(text)`: what a prompt runs in its place; undefined for the text itself.
fn prompt_script<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let text = scope.string_of(arguments.get(0))?;
    match prompt::awaiting(&text) {
        Some(script) => scope.string(&script),
        None => Ok(Local::undefined()),
    }
}

/// `requireOf(path)`.
fn require_of<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let path = PathBuf::from(scope.string_of(arguments.get(0))?);
    commonjs::require_function(scope, &path, None)
}

/// `strippedTypes(text)`.
fn stripped_types<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let text = scope.string_of(arguments.get(0))?;
    let stripped = typescript::strip(&text).map_err(|problem| problem.into_error("typescript"))?;
    scope.string(&stripped)
}
