//! The globals and `node:` modules that JavaScript programs see: JavaScript files over native operations, in rooms.
//!
//! A [`Room`] is a folder: of one specification in `web`, of one module in `node`, or of what they share here. Its `mod.rs` declares in
//! one place which files it has, which globals and modules they export, and which operations Rust gives them; this file has the list of
//! rooms and loads them. Arrows run `builtins` <- `web` <- `node`.
//!
//! A file is written as CommonJS, so that editors and `tsc` understand it: `require('web/fetch/headers')` gives another file's exports,
//! `ops` has every native operation, `module.exports` is what others get. At its head it names what it takes: `require` in a `const` is
//! taken when the file runs, `const loadX = () => require(...)` on first need. Nothing is compiled until a program touches a
//! global or imports a module, so an empty script pays for none of them but the primordials, which are taken before any program runs.
//!
//! To add a web API: a folder in `web` with its `ROOM`, its two lines in `web/mod.rs`, a test in `tests/js/web`. Loop thread only.

pub(crate) mod errno;
pub(crate) mod guest;
mod host;
mod inspect;
pub(crate) mod results;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use crate::engine::{Arguments, Attributes, Error, Local, Op, Scope, Slot};
use crate::{node, program, web};

/// A room: the files of one concept and the operations that they call.
pub(crate) struct Room {
    pub(crate) files: &'static [File],
    pub(crate) operations: &'static [&'static [Op]],
}

/// A JavaScript file and what of it programs see.
pub(crate) struct File {
    /// Its path below `crates/js/src`, without `.js`: what `require` takes.
    pub(crate) name: &'static str,
    text: &'static str,
    /// Properties of the global object that are exports of this file under the same name.
    globals: &'static [&'static str],
    /// Specifiers of built-in modules (`node:` may be left out) whose exports are this file's.
    modules: &'static [&'static str],
}

impl File {
    /// A file that only other files see.
    pub(crate) const fn new(name: &'static str, text: &'static str) -> File {
        File {
            name,
            text,
            globals: &[],
            modules: &[],
        }
    }

    /// The same with these exports as globals.
    pub(crate) const fn globals(self, globals: &'static [&'static str]) -> File {
        File { globals, ..self }
    }

    /// The same as these built-in modules.
    pub(crate) const fn modules(self, modules: &'static [&'static str]) -> File {
        File { modules, ..self }
    }
}

/// What the rooms share.
const ROOM: Room = Room {
    files: &[
        File::new("builtins/call_sites", include_str!("call_sites.js")),
        File::new("builtins/coded_error", include_str!("coded_error.js")),
        File::new("builtins/domexception", include_str!("domexception.js"))
            .globals(&["DOMException"]),
        File::new("builtins/invalid_type", include_str!("invalid_type.js")),
        File::new("builtins/primordials", include_str!("primordials.js")),
        File::new("builtins/webidl", include_str!("webidl.js")),
    ],
    operations: &[LOADER_OPS, guest::OPS, host::OPS],
};

/// Every room.
fn rooms() -> impl Iterator<Item = &'static Room> {
    [&ROOM, &inspect::ROOM, &program::ROOM]
        .into_iter()
        .chain(web::ROOMS)
        .chain(node::ROOMS)
}

/// Where to find a file by each of its names.
struct Index {
    files: HashMap<&'static str, &'static File>,
    globals: HashMap<&'static str, &'static File>,
    modules: HashMap<&'static str, &'static File>,
}

fn index() -> &'static Index {
    static INDEX: OnceLock<Index> = OnceLock::new();
    INDEX.get_or_init(|| {
        let mut index = Index {
            files: HashMap::new(),
            globals: HashMap::new(),
            modules: HashMap::new(),
        };
        for file in rooms().flat_map(|room| room.files) {
            index.files.insert(file.name, file);
            index
                .globals
                .extend(file.globals.iter().map(|name| (*name, file)));
            index
                .modules
                .extend(file.modules.iter().map(|name| (*name, file)));
        }
        index
    })
}

const LOADER_OPS: &[Op] = &[Op::new("fileFunction", 1, file_function)];

/// What was loaded, per context.
#[derive(Default)]
struct Loader {
    /// The `require` of the files.
    require: RefCell<Option<Slot>>,
    loaded: RefCell<HashSet<&'static str>>,
}

/// Whether `name` is a property that [`resolve`] defines.
pub(crate) fn is_global(name: &str) -> bool {
    name == "self" || name == "global" || index().globals.contains_key(name)
}

/// Every name that [`resolve`] defines.
pub(crate) fn global_names() -> Vec<&'static str> {
    index()
        .globals
        .keys()
        .copied()
        .chain(["self", "global"])
        .collect()
}

/// Defines the property `name` of the global object; false if it is none of ours.
///
/// # Errors
/// What loading the file throws.
pub(crate) fn resolve<'s>(scope: &Scope<'s>, global: Local<'s>, name: &str) -> Result<bool, Error> {
    // `global` is Node's name for it.
    let value = if name == "self" || name == "global" {
        global
    } else {
        let Some(file) = index().globals.get(name) else {
            return Ok(false);
        };
        scope.get(exports(scope, file.name)?, name)?
    };
    scope.define(global, name, value, Attributes::HIDDEN)?;
    Ok(true)
}

/// Takes the language's own methods before any program runs, so that none can give the files others: what they take from
/// `builtins/primordials` is what the engine made.
///
/// # Errors
/// What loading the file throws.
pub(crate) fn take_primordials(scope: &Scope<'_>) -> Result<(), Error> {
    exports(scope, "builtins/primordials").map(|_| ())
}

/// The file behind the specifier of a built-in module.
pub(crate) fn builtin_module(specifier: &str) -> Option<&'static str> {
    let modules = &index().modules;
    let file = if specifier.starts_with("node:") {
        modules.get(specifier)
    } else {
        modules.get(format!("node:{specifier}").as_str())
    };
    file.map(|file| file.name)
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

/// `require` is JavaScript with a table of its own: it stands in hot paths, where the JIT sees through it.
const REQUIRE: &str = "(function (ops) {
  'use strict';
  const { fileFunction } = ops;
  const loaded = { __proto__: null };
  function require(file) {
    return (loaded[file] ??= run(file));
  }
  function run(file) {
    const module = { exports: {} };
    fileFunction(file)(ops, require, module);
    return module.exports;
  }
  return require;
})";

/// What stands around the text of a file, on its first and behind its last line.
const BEFORE: &str = "(function (ops, require, module) { ";
const BEHIND: &str = "\n})";

/// The `require` of the files, made with the first file.
pub(crate) fn require<'s>(scope: &Scope<'s>) -> Result<Local<'s>, Error> {
    let loader = scope.state::<Loader>();
    if let Some(require) = &*loader.require.borrow() {
        return Ok(scope.local(require));
    }
    let ops = scope.ops_object(rooms().flat_map(|room| room.operations).copied().collect())?;
    let make = scope.evaluate(REQUIRE, "twinloop:require", 1)?;
    let require = scope.call(make, Local::undefined(), &[ops])?;
    *loader.require.borrow_mut() = Some(scope.persist(require));
    Ok(require)
}

/// `fileFunction(name)`: the file as a function of `ops`, `require` and `module`.
fn file_function<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let name = scope.string_of(arguments.get(0))?;
    let file = index()
        .files
        .get(name.as_str())
        .ok_or_else(|| Error::new(format!("there is no built-in file {name:?}")))?;
    scope
        .state::<Loader>()
        .loaded
        .borrow_mut()
        .insert(file.name);
    let text = edited(file.name).map_or(Cow::Borrowed(file.text), Cow::Owned);
    let source = [BEFORE, &text, BEHIND].concat();
    scope.evaluate(&source, &format!("twinloop:{}", file.name), 1)
}

/// In debug builds, the file as it is below the folder that `TWINLOOP_BUILTINS` names (`crates/js/src`): to work on it without building.
fn edited(name: &str) -> Option<String> {
    if !cfg!(debug_assertions) {
        return None;
    }
    let folder = std::env::var_os("TWINLOOP_BUILTINS")?;
    std::fs::read_to_string(std::path::Path::new(&folder).join(format!("{name}.js"))).ok()
}
