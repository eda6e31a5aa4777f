//! How a program begins that is not just a file: what the command line has run first, code from the command line or standard input, a program
//! that is one of the built-in files, and a look at syntax alone.

use std::cell::Cell;
use std::path::Path;

use super::Js;
use crate::builtins;
use crate::engine::{Error, Local, Scope};
use crate::modules::{Loader, compile_cache, run_module};
use crate::node::process::operations::CommandLine;

/// Code that is in no file.
#[derive(Debug, Clone)]
pub struct Input {
    /// The text.
    pub code: String,
    /// What stacks call it: `[eval]` or `[stdin]`.
    pub name: String,
    /// Whether its completion value is printed.
    pub prints: bool,
    /// `--input-type`; without it the text tells.
    pub kind: Option<String>,
}

/// Gives the main module.
pub(super) type Load = Box<dyn for<'s> FnOnce(&Scope<'s>, &Loader) -> Result<Local<'s>, Error>>;

impl Js {
    /// Runs this code until nothing is left to do, and gives its exit status.
    pub fn run_input(&self, input: Input) -> i32 {
        let name = input.name.clone();
        self.run_program(
            &name,
            Box::new(move |scope, loader| loader.input_module(scope, &input)),
        )
    }

    /// Runs the `main` that this built-in file exports, likewise.
    pub fn run_builtin(&self, file: &'static str) -> i32 {
        self.run_program(file, builtin_program(file))
    }

    /// Looks at the syntax of a file; the exit status.
    pub fn check_main(&self, path: &Path) -> i32 {
        let path = path.to_owned();
        let name = path.to_string_lossy().into_owned();
        self.run_program(
            &name,
            Box::new(move |scope, loader| {
                loader.check_main(scope, &path)?;
                nothing(scope)
            }),
        )
    }

    /// The same for code without a file.
    pub fn check_input(&self, code: &str, kind: Option<&str>) -> i32 {
        let code = code.to_owned();
        let kind = kind.map(str::to_owned);
        self.run_program(
            "[stdin]",
            Box::new(move |scope, loader| {
                loader.check_code(scope, &code, kind.as_deref())?;
                nothing(scope)
            }),
        )
    }
}

fn nothing<'s>(scope: &Scope<'s>) -> Result<Local<'s>, Error> {
    scope.compile_module("", "twinloop:nothing", scope.string("twinloop:nothing")?)
}

/// Runs the main module after what the command line says has to run before; gives the promise of its evaluation.
pub(super) fn run_main<'s>(
    scope: &Scope<'s>,
    loader: &Loader,
    load: Load,
) -> Result<Local<'s>, Error> {
    compile_cache::of_environment(scope);
    if !scope.state::<CommandLine>().prepares() {
        let module = load(scope, loader)?;
        return run_module(scope, module);
    }
    let prepare = builtins::exports(scope, "node/process/start")?;
    let imports = scope.call_method(prepare, "prepare", &[])?;
    if scope.array_length(imports)? == 0 {
        let module = load(scope, loader)?;
        return run_module(scope, module);
    }
    let load = Cell::new(Some(load));
    let run = scope.closure("run", 0, move |scope, _| {
        let loader = Loader::of(scope)?;
        let load = load
            .take()
            .ok_or_else(|| Error::new("the program has begun"))?;
        let module = load(scope, &loader)?;
        run_module(scope, module)
    })?;
    let private = scope.object()?;
    scope.set(private, "values", imports)?;
    scope.set(private, "run", run)?;
    let base = crate::modules::folder_url("[preload]");
    scope.set(private, "url", scope.string(&base)?)?;
    let code = "const{values,run}=import.meta;\
        for(let i=0;i<values.length;i+=1)await import(values[i]);await run();";
    let module = scope.compile_module(code, "twinloop:preload", private)?;
    run_module(scope, module)
}

/// A program that is part of the command: the `main` of a built-in file.
pub(super) fn builtin_program(file: &'static str) -> Load {
    Box::new(move |scope, _| {
        let private = scope.object()?;
        let run = scope.closure("run", 0, move |scope, _| {
            let exports = builtins::exports(scope, file)?;
            scope.call_method(exports, "main", &[])
        })?;
        scope.set(private, "run", run)?;
        scope.set(private, "url", scope.string("twinloop:command")?)?;
        scope.compile_module("await import.meta.run();", "twinloop:command", private)
    })
}
