//! The globals and `node:` modules that JavaScript programs see: JavaScript files over native operations.
//!
//! Each `<module>.js` is one function expression `(function (ops, use) { ... return exports; })`. `ops` has every native operation of
//! the `OPS` tables, `use('module')` gives another file's exports. Nothing is compiled until a program touches a
//! property of [`GLOBALS`] or imports a module of [`BUILTIN_MODULES`], so that an empty script pays for none of them.
//!
//! To add a web API: its JavaScript here, a line in [`SOURCES`], lines in the two tables, its operations in a Rust file with an
//! `OPS` table that [`operations`] lists. Loop thread only.

mod body;
mod callbacks;
mod clock;
mod console;
mod encoding;
mod errno;
mod fetch;
mod inspect;
mod network;
mod node_fs;
mod node_fs_error;
mod node_fs_handles;
mod node_os;
mod outcome;
pub(crate) mod process;
mod results;
mod structured_clone;
mod url;
mod websocket;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;

pub(crate) use console::print_error;
pub(crate) use outcome::{
    Outcome, before_exit, dom_exception, exit_code, rejection_handled, uncaught,
    unhandled_rejection,
};

use crate::engine::{Arguments, Attributes, Error, Local, Op, Scope, Slot};

/// Every operation, for the one `ops` object.
fn operations() -> Vec<&'static [Op]> {
    vec![
        LOADER_OPS,
        callbacks::OPS,
        clock::OPS,
        console::OPS,
        encoding::OPS,
        inspect::OPS,
        body::OPS,
        fetch::OPS,
        node_fs::OPS,
        node_fs_handles::OPS,
        node_os::OPS,
        outcome::OPS,
        process::OPS,
        structured_clone::OPS,
        url::OPS,
        websocket::OPS,
    ]
}

const LOADER_OPS: &[Op] = &[
    Op::new("loadModule", 1, load_module),
    Op::new("isModuleLoaded", 1, is_module_loaded),
];

/// The files: name and text.
const SOURCES: &[(&str, &str)] = &[
    ("abort", include_str!("abort.js")),
    ("base64", include_str!("base64.js")),
    ("blob", include_str!("blob.js")),
    ("body", include_str!("body.js")),
    ("buffer", include_str!("buffer.js")),
    ("console", include_str!("console.js")),
    ("console_counters", include_str!("console_counters.js")),
    ("console_table", include_str!("console_table.js")),
    ("deep_equal", include_str!("deep_equal.js")),
    ("domexception", include_str!("domexception.js")),
    ("encoding", include_str!("encoding.js")),
    ("event_classes", include_str!("event_classes.js")),
    ("events", include_str!("events.js")),
    ("fetch", include_str!("fetch.js")),
    ("format", include_str!("format.js")),
    ("formdata", include_str!("formdata.js")),
    ("fs_operations", include_str!("fs_operations.js")),
    ("fs_values", include_str!("fs_values.js")),
    ("global_events", include_str!("global_events.js")),
    ("headers", include_str!("headers.js")),
    ("inspect", include_str!("inspect.js")),
    ("inspect_errors", include_str!("inspect_errors.js")),
    ("inspect_types", include_str!("inspect_types.js")),
    ("interfaces", include_str!("interfaces.js")),
    ("microtask", include_str!("microtask.js")),
    ("navigator", include_str!("navigator.js")),
    ("node_assert", include_str!("node_assert.js")),
    ("node_assert_strict", include_str!("node_assert_strict.js")),
    ("node_events", include_str!("node_events.js")),
    ("node_fs", include_str!("node_fs.js")),
    ("node_fs_promises", include_str!("node_fs_promises.js")),
    ("node_os", include_str!("node_os.js")),
    ("node_path", include_str!("node_path.js")),
    ("node_process", include_str!("node_process.js")),
    ("node_timers", include_str!("node_timers.js")),
    (
        "node_timers_promises",
        include_str!("node_timers_promises.js"),
    ),
    ("node_url", include_str!("node_url.js")),
    ("node_util", include_str!("node_util.js")),
    ("node_util_types", include_str!("node_util_types.js")),
    ("performance", include_str!("performance.js")),
    ("process", include_str!("process.js")),
    ("request", include_str!("request.js")),
    ("response", include_str!("response.js")),
    ("streams", include_str!("streams.js")),
    ("string_width", include_str!("string_width.js")),
    ("structured_clone", include_str!("structured_clone.js")),
    ("timers", include_str!("timers.js")),
    ("url", include_str!("url.js")),
    ("url_search_params", include_str!("url_search_params.js")),
    ("websocket", include_str!("websocket.js")),
];

/// Properties of the global object and the file whose exports have them under the same name.
const GLOBALS: &[(&str, &str)] = &[
    ("AbortController", "abort"),
    ("AbortSignal", "abort"),
    ("Blob", "blob"),
    ("Buffer", "buffer"),
    ("ByteLengthQueuingStrategy", "streams"),
    ("CloseEvent", "websocket"),
    ("CountQueuingStrategy", "streams"),
    ("CustomEvent", "event_classes"),
    ("DOMException", "domexception"),
    ("ErrorEvent", "event_classes"),
    ("Event", "events"),
    ("EventTarget", "events"),
    ("File", "blob"),
    ("FormData", "formdata"),
    ("Headers", "headers"),
    ("MessageEvent", "event_classes"),
    ("Navigator", "navigator"),
    ("Performance", "performance"),
    ("PerformanceEntry", "performance"),
    ("PerformanceMark", "performance"),
    ("PerformanceMeasure", "performance"),
    ("ProgressEvent", "event_classes"),
    ("PromiseRejectionEvent", "event_classes"),
    ("ReadableStream", "streams"),
    ("ReadableStreamDefaultController", "streams"),
    ("ReadableStreamDefaultReader", "streams"),
    ("Request", "request"),
    ("Response", "response"),
    ("TextDecoder", "encoding"),
    ("TextEncoder", "encoding"),
    ("URL", "url"),
    ("URLSearchParams", "url_search_params"),
    ("WebSocket", "websocket"),
    ("addEventListener", "events"),
    ("atob", "base64"),
    ("btoa", "base64"),
    ("clearImmediate", "timers"),
    ("clearInterval", "timers"),
    ("clearTimeout", "timers"),
    ("console", "console"),
    ("dispatchEvent", "events"),
    ("fetch", "fetch"),
    ("navigator", "navigator"),
    ("onerror", "global_events"),
    ("onrejectionhandled", "global_events"),
    ("onunhandledrejection", "global_events"),
    ("performance", "performance"),
    ("process", "process"),
    ("queueMicrotask", "microtask"),
    ("removeEventListener", "events"),
    ("reportError", "global_events"),
    ("setImmediate", "timers"),
    ("setInterval", "timers"),
    ("setTimeout", "timers"),
    ("structuredClone", "structured_clone"),
];

/// Specifiers of built-in modules (`node:` may be left out) and the file whose exports they are.
const BUILTIN_MODULES: &[(&str, &str)] = &[
    ("node:assert", "node_assert"),
    ("node:assert/strict", "node_assert_strict"),
    ("node:buffer", "buffer"),
    ("node:events", "node_events"),
    ("node:fs", "node_fs"),
    ("node:fs/promises", "node_fs_promises"),
    ("node:os", "node_os"),
    ("node:path", "node_path"),
    ("node:path/posix", "node_path"),
    ("node:perf_hooks", "performance"),
    ("node:process", "node_process"),
    ("node:timers", "node_timers"),
    ("node:timers/promises", "node_timers_promises"),
    ("node:url", "node_url"),
    ("node:util", "node_util"),
    ("node:util/types", "node_util_types"),
];

/// What was loaded, per context.
#[derive(Default)]
struct Loader {
    ops: RefCell<Option<Slot>>,
    use_function: RefCell<Option<Slot>>,
    exports: RefCell<HashMap<&'static str, Slot>>,
}

/// Fixes the time origin and has a look at nothing else: to be called when a context is made.
pub(crate) fn install() {
    clock::start();
}

/// Whether `name` is a property that [`resolve`] defines.
pub(crate) fn is_global(name: &str) -> bool {
    name == "self" || file_of(name).is_some()
}

fn file_of(global: &str) -> Option<&'static str> {
    GLOBALS
        .iter()
        .find(|(name, _)| *name == global)
        .map(|(_, file)| *file)
}

/// Every name that [`resolve`] defines.
pub(crate) fn names() -> Vec<&'static str> {
    GLOBALS
        .iter()
        .map(|(name, _)| *name)
        .chain(["self"])
        .collect()
}

/// Defines the property `name` of the global object; false if it is none of ours.
///
/// # Errors
/// What loading the file throws.
pub(crate) fn resolve<'s>(scope: &Scope<'s>, global: Local<'s>, name: &str) -> Result<bool, Error> {
    let value = if name == "self" {
        global
    } else {
        let Some(file) = file_of(name) else {
            return Ok(false);
        };
        scope.get(module(scope, file)?, name)?
    };
    scope.define(global, name, value, Attributes::HIDDEN)?;
    Ok(true)
}

/// The file behind the specifier of a built-in module.
pub(crate) fn builtin_module(specifier: &str) -> Option<&'static str> {
    let is_it = |name: &str| name == specifier || name.strip_prefix("node:") == Some(specifier);
    BUILTIN_MODULES
        .iter()
        .find(|(name, _)| is_it(name))
        .map(|(_, file)| *file)
}

/// The exports of a file, which is compiled and run if this is the first use.
///
/// # Errors
/// What the file throws; an Error when there is no such file.
pub(crate) fn module<'s>(scope: &Scope<'s>, file: &str) -> Result<Local<'s>, Error> {
    let loader = scope.state::<Loader>();
    if let Some(exports) = loader.exports.borrow().get(file) {
        return Ok(scope.local(exports));
    }
    let (file, source) = SOURCES
        .iter()
        .find(|(name, _)| *name == file)
        .ok_or_else(|| Error::new(format!("there is no built-in file {file:?}")))?;
    let (ops, use_function) = environment(scope, &loader)?;
    let source = edited(file).map_or(Cow::Borrowed(*source), Cow::Owned);
    let factory = scope.evaluate(&source, &format!("twinloop:{file}"), 1)?;
    let exports = scope.call(factory, Local::undefined(), &[ops, use_function])?;
    loader
        .exports
        .borrow_mut()
        .insert(file, scope.persist(exports));
    Ok(exports)
}

/// In debug builds, the file as it is in the folder that `TWINLOOP_GLOBALS` names: to work on it without building.
fn edited(file: &str) -> Option<String> {
    if !cfg!(debug_assertions) {
        return None;
    }
    let folder = std::env::var_os("TWINLOOP_GLOBALS")?;
    std::fs::read_to_string(std::path::Path::new(&folder).join(format!("{file}.js"))).ok()
}

/// Whether a file was loaded already: what nobody loaded needs no farewell.
pub(crate) fn is_loaded(scope: &Scope<'_>, file: &str) -> bool {
    scope.state::<Loader>().exports.borrow().contains_key(file)
}

/// A table in JavaScript in front of `loadModule`: `use` stands in hot paths, where the JIT sees through it.
const USE: &str = "(function (load) {
  'use strict';
  const loaded = { __proto__: null };
  return (file) => (loaded[file] ??= load(file));
})";

/// The arguments of every file.
fn environment<'s>(scope: &Scope<'s>, loader: &Loader) -> Result<(Local<'s>, Local<'s>), Error> {
    if let (Some(ops), Some(use_function)) = (&*loader.ops.borrow(), &*loader.use_function.borrow())
    {
        return Ok((scope.local(ops), scope.local(use_function)));
    }
    let ops = scope.ops_object(operations())?;
    let make = scope.evaluate(USE, "twinloop:use", 1)?;
    let use_function = scope.call(make, Local::undefined(), &[scope.get(ops, "loadModule")?])?;
    *loader.ops.borrow_mut() = Some(scope.persist(ops));
    *loader.use_function.borrow_mut() = Some(scope.persist(use_function));
    Ok((ops, use_function))
}

/// `loadModule(file)`.
fn load_module<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let file = scope.string_of(arguments.get(0))?;
    module(scope, &file)
}

/// `isModuleLoaded(file)`.
fn is_module_loaded<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let file = scope.string_of(arguments.get(0))?;
    Ok(Local::boolean(is_loaded(scope, &file)))
}
