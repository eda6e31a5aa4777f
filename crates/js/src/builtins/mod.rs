//! The globals and `node:` modules that JavaScript programs see: JavaScript files over native operations, in rooms.
//!
//! A [`Room`] is a folder: of one specification in `web`, of one module in `node`, or of what they share here. Its `mod.rs` declares in
//! one place which files it has, which globals and modules they export, and which operations Rust gives them. This file loads what
//! `rooms` lists, and knows none of them but its own. Arrows run `builtins` <- `web` <- `node` <- `rooms`.
//!
//! A file is written as CommonJS, so that editors and `tsc` understand it: `require('web/fetch/headers')` gives another file's exports,
//! `ops` has every native operation, `module.exports` is what others get. At its head it names what it takes: `require` in a `const` is
//! taken when the file runs, `const loadX = () => require(...)` on first need. Nothing is compiled until a program touches a
//! global or imports a module, so an empty script pays for none of them but the primordials of syntax, which are taken before any program runs.
//!
//! To add a web API: a folder in `web` with its `ROOM`, its two lines in `web/mod.rs`, a test in `tests/js/web`. Loop thread only.

mod async_context;
mod buffers;
pub(crate) mod errno;
pub(crate) mod guest;
mod host;
pub(crate) mod inspect;
pub(crate) mod permissions;
pub(crate) mod results;
mod room;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::HashSet;

pub(crate) use self::room::{File, Index, Room};
use crate::engine::{Arguments, Attributes, Error, Local, Op, Scope, Slot};

/// What the rooms share.
pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("builtins/abortable", include_str!("abortable.js")),
        File::new("builtins/async_context", include_str!("async_context.js")),
        File::new("builtins/call_sites", include_str!("call_sites.js")),
        File::new("builtins/bound", include_str!("bound.js")),
        File::new("builtins/coded_error", include_str!("coded_error.js")),
        File::new("builtins/domexception", include_str!("domexception.js"))
            .globals(&["DOMException"]),
        File::new("builtins/invalid_type", include_str!("invalid_type.js")),
        File::new("builtins/own_frames", include_str!("own_frames.js")),
        File::new("builtins/primordials", include_str!("primordials.js")),
        File::new(
            "builtins/syntax_primordials",
            include_str!("syntax_primordials.js"),
        ),
        File::new("builtins/webidl", include_str!("webidl.js")),
    ],
    operations: &[
        LOADER_OPS,
        async_context::OPS,
        buffers::OPS,
        guest::OPS,
        host::OPS,
    ],
};

const LOADER_OPS: &[Op] = &[Op::new("fileFunction", 1, file_function)];

/// What was loaded, per context.
#[derive(Default)]
struct Loader {
    index: Cell<Option<&'static Index>>,
    /// The `require` of the files.
    require: RefCell<Option<Slot>>,
    loaded: RefCell<HashSet<&'static str>>,
    /// Whether the program may name a global next of which nothing was taken yet.
    untouched: Cell<bool>,
    /// The globals that are there, where not all are.
    allowed: RefCell<Option<HashSet<String>>>,
}

/// Opens the rooms to a context, and takes the language's own methods that syntax reaches before any program runs, so that none can give
/// the files others: what they take from `builtins/primordials` is what the engine made.
///
/// # Errors
/// What loading the primordials throws.
pub(crate) fn open(scope: &Scope<'_>, index: &'static Index) -> Result<(), Error> {
    let loader = scope.state::<Loader>();
    loader.index.set(Some(index));
    exports(scope, "builtins/syntax_primordials")?;
    loader.untouched.set(true);
    Ok(())
}

/// The program names a global of the engine's, which was just made: the last moment to take the methods of all others.
///
/// # Errors
/// What loading the primordials throws.
pub(crate) fn take_primordials(scope: &Scope<'_>) -> Result<(), Error> {
    if scope.state::<Loader>().untouched.replace(false) {
        exports(scope, "builtins/primordials")?;
    }
    Ok(())
}

fn index(loader: &Loader) -> Result<&'static Index, Error> {
    let index = loader.index.get();
    index.ok_or_else(|| Error::new("this context has no built-in files"))
}

/// Defines the property `name` of the global object; false if it is none of ours.
///
/// # Errors
/// What loading the file throws.
pub(crate) fn resolve<'s>(scope: &Scope<'s>, global: Local<'s>, name: &str) -> Result<bool, Error> {
    let loader = scope.state::<Loader>();
    if !allows(&loader, name) {
        return Ok(false);
    }
    let value = if room::names_global_object(name) {
        global
    } else {
        let Some(file) = index(&loader)?.with_global(name) else {
            return Ok(false);
        };
        scope.get(exports(scope, file.name)?, name)?
    };
    // A name that depends on how the program was started.
    if value.is_undefined() {
        return Ok(false);
    }
    scope.define(global, name, value, Attributes::HIDDEN)?;
    Ok(true)
}

fn allows(loader: &Loader, name: &str) -> bool {
    (loader.allowed.borrow().as_ref()).is_none_or(|allowed| allowed.contains(name))
}

/// Leaves these of the globals; the names of the others, which may have been defined before.
///
/// # Errors
/// When the context has no files.
pub(crate) fn allow_globals(
    scope: &Scope<'_>,
    allowed: HashSet<String>,
) -> Result<Vec<&'static str>, Error> {
    let loader = scope.state::<Loader>();
    let mut others = index(&loader)?.global_names();
    others.retain(|name| !allowed.contains(*name));
    *loader.allowed.borrow_mut() = Some(allowed);
    Ok(others)
}

/// The names of the globals that are there.
pub(crate) fn global_names(scope: &Scope<'_>) -> Vec<&'static str> {
    let loader = scope.state::<Loader>();
    let mut names = index(&loader).map_or_else(|_| Vec::new(), Index::global_names);
    names.retain(|name| allows(&loader, name));
    names
}

/// The exports of a file, which is compiled and run if this is the first use.
///
/// # Errors
/// What the file throws; an Error when there is no such file.
pub(crate) fn exports<'s>(scope: &Scope<'s>, file: &str) -> Result<Local<'s>, Error> {
    scope.call(require(scope)?, Local::undefined(), &[scope.string(file)?])
}

/// Whether a file was loaded already: what nobody loaded needs no farewell.
pub(crate) fn is_loaded(scope: &Scope<'_>, file: &str) -> bool {
    scope.state::<Loader>().loaded.borrow().contains(file)
}

/// The files that were loaded until now, in order of their names.
pub(crate) fn loaded_files(scope: &Scope<'_>) -> Vec<&'static str> {
    let mut files: Vec<_> = (scope.state::<Loader>().loaded.borrow().iter().copied()).collect();
    files.sort_unstable();
    files
}

/// `require` is JavaScript with a table of its own: it stands in hot paths, where the JIT sees through it.
const REQUIRE: &str = "(function (ops) {
  'use strict';
  const { fileFunction } = ops;
  const loaded = { __proto__: null };
  // Files that have begun and not ended: files of packages may take what there is yet of each other.
  const begun = { __proto__: null };
  function require(file) {
    return (loaded[file] ??= run(file));
  }
  function run(file) {
    if (begun[file] !== undefined) return begun[file].exports;
    const module = (begun[file] = { exports: {} });
    try {
      fileFunction(file)(ops, require, module);
    } finally {
      begun[file] = undefined;
    }
    return module.exports;
  }
  return require;
})";

/// What stands around the text of a file, on its first and behind its last line.
const BEFORE: &str = "(function (ops, require, module) { ";
const BEHIND: &str = "\n})";

/// The `require` of the files, made with the first file: another crate's files may take theirs by it.
///
/// # Errors
/// When memory runs out.
pub fn require<'s>(scope: &Scope<'s>) -> Result<Local<'s>, Error> {
    let loader = scope.state::<Loader>();
    if let Some(require) = &*loader.require.borrow() {
        return Ok(scope.local(require));
    }
    let ops = scope.ops_object(index(&loader)?.operations())?;
    let make = scope.evaluate_cached(REQUIRE, "node:internal/require")?;
    let require = scope.call(make, Local::undefined(), &[ops])?;
    *loader.require.borrow_mut() = Some(scope.persist(require));
    Ok(require)
}

/// `fileFunction(name)`: the file as a function of `ops`, `require` and `module`.
fn file_function<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let name = scope.string_of(arguments.get(0))?;
    let loader = scope.state::<Loader>();
    let file = index(&loader)?
        .file(&name)
        .ok_or_else(|| Error::new(format!("there is no built-in file {name:?}")))?;
    loader.loaded.borrow_mut().insert(file.name);
    let text = edited(file.name).map_or(Cow::Borrowed(file.text), Cow::Owned);
    let source = [BEFORE, &text, BEHIND].concat();
    scope.evaluate_cached(&source, &file.script_name())
}

/// In debug builds, the file as it is below the folder that `TWINLOOP_BUILTINS` names (`crates/js/src`): to work on it without building.
fn edited(name: &str) -> Option<String> {
    if !cfg!(debug_assertions) {
        return None;
    }
    let folder = std::env::var_os("TWINLOOP_BUILTINS")?;
    std::fs::read_to_string(std::path::Path::new(&folder).join(format!("{name}.js"))).ok()
}
