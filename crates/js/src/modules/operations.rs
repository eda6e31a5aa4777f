//! What `node:module`, `process.getBuiltinModule` and the text of uncaught errors ask of the loader.

use std::path::PathBuf;

use super::commonjs::{self, compiled};
use super::hooked::{self, Given};
use super::javascript::Javascript;
use super::prompt;
use super::resolve::{Target, file_url};
use super::source_maps::SourceMaps;
use super::{Flavour, Loader, source, watched};
use super::{compile_cache, coverage};
use crate::builtins::{self, Room};
use crate::engine::{Arguments, Error, Local, Op, Scope};
use crate::rooms;
use crate::typescript::{self, Settings, Syntax};

/// The operations of the loader, which has no files of its own among the rooms.
pub(crate) const ROOM: Room = Room {
    files: &[],
    operations: &[&[
        Op::new("builtinExports", 1, builtin_exports),
        Op::new("builtinSpecifiers", 0, builtin_specifiers),
        Op::new("compileCacheFolder", 0, compile_cache::folder),
        Op::new("compileCacheFlush", 0, compile_cache::flush),
        Op::new("compileCacheEnable", 1, compile_cache::enable),
        Op::new("coverageReport", 0, coverage_report),
        Op::new("coverageWrite", 0, coverage_write),
        Op::new("commonJsFunction", 2, common_js_function),
        Op::new("promptExpression", 1, prompt_expression),
        Op::new("promptIsWhole", 1, prompt_is_whole),
        Op::new("promptScript", 1, prompt_script),
        Op::new("formatOf", 1, format_of),
        Op::new("importMain", 1, import_main),
        Op::new("importModule", 4, import_module),
        Op::new("javascriptOf", 3, javascript_of),
        Op::new("mainUrl", 0, main_url),
        Op::new("modulePrototype", 0, module_prototype),
        Op::new("noteSourceMap", 2, note_source_map),
        Op::new("programText", 1, program_text),
        Op::new("requireCache", 0, require_cache),
        Op::new("requireFunction", 1, require_function),
        Op::new("requireModule", 4, require_module),
        Op::new("requireOf", 1, require_of),
        Op::new("resolveRequired", 3, resolve_required),
        Op::new("resolveSpecifier", 3, resolve_specifier),
        Op::new("setHooks", 1, set_hooks),
        Op::new("setMainModule", 1, set_main_module),
        Op::new("setModuleClass", 1, set_module_class),
        Op::new("sourceLine", 2, source_line),
        Op::new("sourceMapOf", 1, source_map_of),
        Op::new("sourceMapsOn", 2, source_maps_on),
        Op::new("strippedTypes", 1, stripped_types),
        Op::new("transformedTypes", 2, transformed_types),
    ]],
};

/// `coverageReport()`: what ran so far, as V8's JSON; undefined when nobody counts.
fn coverage_report<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    match coverage::report(&scope.context()) {
        Some(report) => scope.string(&report),
        None => Ok(Local::undefined()),
    }
}

/// `coverageWrite()`: the same into the folder that the environment named.
fn coverage_write<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    coverage::write(&scope.context());
    Ok(Local::undefined())
}

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

/// `formatOf(path)`: Node's name for what a file holds, or undefined where its text has to tell.
fn format_of<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let path = PathBuf::from(scope.string_of(arguments.get(0))?);
    hooked::format_of(&path).map_or(Ok(Local::undefined()), |format| scope.string(format))
}

/// `javascriptOf(text, file, isTypeScript)`: JavaScript, and whether it is CommonJS.
fn javascript_of<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let text = scope.string_of(arguments.get(0))?;
    let path = PathBuf::from(scope.string_of(arguments.get(1))?);
    let syntax = match scope.bool_of(arguments.get(2)) {
        true => Some(source::typescript_syntax(&path)),
        false => source::kind(&path).syntax(),
    };
    let Javascript { code, is_commonjs } =
        Loader::of(scope)?.javascript(scope, &path, text, syntax)?;
    scope.array(&[scope.string(&code)?, Local::boolean(is_commonjs)])
}

/// `mainUrl()`: of the program.
fn main_url<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    scope.string(&Loader::of(scope)?.main_url())
}

/// `modulePrototype()`.
fn module_prototype<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    Loader::of(scope)?.module_prototype(scope)
}

/// `noteSourceMap(file, text)`: text that stands for a file may name its map.
fn note_source_map<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let file = scope.string_of(arguments.get(0))?;
    SourceMaps::note(scope, &file, &scope.string_of(arguments.get(1))?);
    Ok(Local::undefined())
}

/// `programText(path)`.
fn program_text<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let path = PathBuf::from(scope.string_of(arguments.get(0))?);
    source::require_loadable(scope, &path)?;
    watched::note(&path);
    let text = source::read(&path).map_err(|error| {
        let shown = path.display();
        Error::coded(
            "MODULE_NOT_FOUND",
            format!("Cannot read '{shown}': {error}"),
        )
    })?;
    scope.string(&text)
}

/// `requireCache()`.
fn require_cache<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    Loader::of(scope)?.require_cache(scope)
}

/// `requireFunction(module)`.
fn require_function<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    commonjs::require_function(scope, arguments.get(0))
}

/// `requireOf(path)`.
fn require_of<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let path = PathBuf::from(scope.string_of(arguments.get(0))?);
    let loader = Loader::of(scope)?;
    let module = commonjs::new_module(&loader, scope, &path)?;
    commonjs::require_function(scope, module)
}

/// The module of a URL, from what is given.
fn given_module<'s>(
    scope: &Scope<'s>,
    arguments: &Arguments<'s>,
) -> Result<(std::rc::Rc<Loader>, Local<'s>, String), Error> {
    let loader = Loader::of(scope)?;
    let url = scope.string_of(arguments.get(0))?;
    let given = Given {
        url: url.clone(),
        format: scope.string_of(arguments.get(1))?,
        source: arguments.get(2),
    };
    let module = loader.given_module(scope, given, Flavour::Code)?;
    Ok((loader, module, url))
}

/// `requireModule(url, format, source, specifier)`: what `require` gives for a module.
fn require_module<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let (_, module, url) = given_module(scope, &arguments)?;
    let specifier = scope.string_of(arguments.get(3))?;
    commonjs::required_exports(scope, module, &specifier, &url)
}

/// `importMain(path)`: a promise for the namespace of the program, run as `import` would.
fn import_main<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let path = PathBuf::from(scope.string_of(arguments.get(0))?);
    Loader::of(scope)?.import_main(scope, &path)
}

/// `importModule(url, format, source)`: a promise for the namespace.
fn import_module<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let (loader, module, _) = given_module(scope, &arguments)?;
    loader.evaluated_namespace(scope, module)
}

/// `resolveRequired(specifier, file, extensions)`: a path, or the specifier of a built-in module.
fn resolve_required<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let loader = Loader::of(scope)?;
    let specifier = scope.string_of(arguments.get(0))?;
    let base = file_url(&PathBuf::from(scope.string_of(arguments.get(1))?));
    let target = if arguments.get(2).is_undefined() {
        commonjs::target(&loader, &specifier, &base)?
    } else {
        let extensions = scope.strings_of(arguments.get(2))?;
        let target = (loader.resolver).resolve_required_with(&specifier, &base, extensions);
        commonjs::required(target, &specifier, &base)?
    };
    match target {
        Target::File { path, .. } => scope.string(&path.to_string_lossy()),
        _ => scope.string(&specifier),
    }
}

/// `resolveSpecifier(specifier, base, requires)`: a URL, and its format where that is known.
fn resolve_specifier<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let specifier = scope.string_of(arguments.get(0))?;
    let base = scope.string_of(arguments.get(1))?;
    let requires = scope.bool_of(arguments.get(2));
    let (url, format) = Loader::of(scope)?.resolved_url(&specifier, &base, requires)?;
    let format = format.map_or(Ok(Local::undefined()), |format| scope.string(format))?;
    scope.array(&[scope.string(&url)?, format])
}

/// `setHooks(has)`.
fn set_hooks<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let has = scope.bool_of(arguments.get(0));
    Loader::of(scope)?.has_hooks.set(has);
    Ok(Local::undefined())
}

/// `setMainModule(module)`: what `require.main` is from now on.
fn set_main_module<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let loader = Loader::of(scope)?;
    *loader.main_module.borrow_mut() = Some(scope.persist(arguments.get(0)));
    Ok(Local::undefined())
}

/// `setModuleClass(Module)`: the loader is this one's from now on.
fn set_module_class<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let loader = Loader::of(scope)?;
    *loader.module_class.borrow_mut() = Some(scope.persist(arguments.get(0)));
    Ok(Local::undefined())
}

/// `sourceLine(file, line)`: undefined when nobody knows it.
fn source_line<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let file = scope.string_of(arguments.get(0))?;
    let line = scope.int32_of(arguments.get(1))?;
    let line = u32::try_from(line).unwrap_or_default();
    let found = scope.state::<SourceMaps>().lines(&file, line, 1).pop();
    found.map_or(Ok(Local::undefined()), |line| scope.string(&line))
}

/// `sourceMapOf(file)`: its address and its text; undefined when there is none.
fn source_map_of<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let file = scope.string_of(arguments.get(0))?;
    match scope.state::<SourceMaps>().text(&file) {
        Some(found) => scope.array(&[scope.string(&found.url)?, scope.string(&found.text)?]),
        None => Ok(Local::undefined()),
    }
}

/// `sourceMapsOn(on, ofPackages)`: whether stacks have the places of the sources, and of those of packages, too.
fn source_maps_on<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let (on, of_packages) = (arguments.get(0), arguments.get(1));
    (scope.state::<SourceMaps>()).turn(scope.bool_of(on), scope.bool_of(of_packages));
    Ok(Local::undefined())
}

/// `strippedTypes(text)`.
fn stripped_types<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let text = scope.string_of(arguments.get(0))?;
    let stripped = typescript::strip(&text).map_err(|problem| problem.into_error("typescript"))?;
    scope.string(&stripped)
}

/// `transformedTypes(text, name)`: JavaScript, and its source map where lines moved.
fn transformed_types<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let text = scope.string_of(arguments.get(0))?;
    let name = scope.string_of(arguments.get(1))?;
    let compiled = typescript::compile(
        &text,
        &PathBuf::from(&name),
        Syntax::TypeScript,
        &Settings::default(),
    );
    let compiled = compiled.map_err(|problem| problem.into_error(&name))?;
    let map = match &compiled.map {
        Some(map) => scope.string(map)?,
        None => Local::undefined(),
    };
    scope.array(&[scope.string(&compiled.code)?, map])
}
