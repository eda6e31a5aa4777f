//! The program itself: its file, code from the command line or standard input, a `data:` URL, or text that was read elsewhere, as the module
//! that is run; and the look at its syntax alone (`--check`).

use std::path::{Path, PathBuf};

use url::Url;

use super::generated::generated;
use super::javascript::Javascript;
use super::resolve::{Target, file_url};
use super::source::FileKind;
use super::source_maps::SourceMaps;
use super::{Flavour, Loader, commonjs, folder_url, source};
use crate::engine::{Error, Local, Scope};
use crate::program::Input;
use crate::{builtins, typescript};

impl Loader {
    /// Says what the program is. Who forked it is answered whatever it asks for: that a socket has arrived, or that a cluster's worker is there.
    fn begin_main(&self, scope: &Scope<'_>, url: &str) -> Result<(), Error> {
        self.set_main(url);
        if std::env::var_os("NODE_CHANNEL_FD").is_some() {
            builtins::exports(scope, "node/process/process")?;
        }
        Ok(())
    }

    /// The same for what no other process begins.
    pub(crate) fn set_main(&self, url: &str) {
        *self.main.borrow_mut() = Some(url.to_owned());
    }

    /// The URL of the program, or of the current folder when it has none.
    pub(crate) fn main_url(&self) -> String {
        let main = self.main.borrow().clone();
        main.unwrap_or_else(|| folder_url("[script]"))
    }

    /// Whether this is the URL of the program.
    pub(super) fn is_main(&self, url: &str) -> bool {
        self.main.borrow().as_deref() == Some(url)
    }

    /// The module record of the program itself.
    pub(crate) fn main_module<'s>(
        &self,
        scope: &Scope<'s>,
        path: &Path,
    ) -> Result<Local<'s>, Error> {
        let missing = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => Error::coded(
                "ERR_MODULE_NOT_FOUND",
                format!("Cannot find module '{}'", path.display()),
            ),
            _ => Error::coded(
                "ERR_MODULE_NOT_FOUND",
                format!("Cannot read the module '{}': {error}", path.display()),
            ),
        };
        let path = match self.keeps_main_link {
            true => std::path::absolute(path),
            false => path.canonicalize(),
        }
        .map_err(missing)?;
        if path.is_dir() {
            return Err(Error::coded(
                "ERR_UNSUPPORTED_DIR_IMPORT",
                format!("Cannot run the directory '{}'", path.display()),
            ));
        }
        let url = file_url(&path);
        self.begin_main(scope, url.as_str())?;
        if self.module_class(scope).is_some() {
            return self.run_main(scope, &path);
        }
        self.module(scope, Target::File { url, path }, Flavour::Code)
    }

    /// The module that runs a program whose loader is JavaScript's.
    fn run_main<'s>(&self, scope: &Scope<'s>, path: &Path) -> Result<Local<'s>, Error> {
        let file = path.to_string_lossy().into_owned();
        let run = scope.closure("run", 0, move |scope, _| {
            let class = builtins::exports(scope, "node/module/module")?;
            scope.call_method(class, "runProgram", &[scope.string(&file)?])
        })?;
        let private = scope.object()?;
        scope.set(private, "run", run)?;
        scope.set(private, "url", scope.string(file_url(path).as_str())?)?;
        let code = "const p=import.meta.run();if(p!==undefined)await p;";
        scope.compile_module(code, "twinloop:main", private)
    }

    /// Runs a program as `import` would; a promise for its namespace.
    pub(super) fn import_main<'s>(
        &self,
        scope: &Scope<'s>,
        path: &Path,
    ) -> Result<Local<'s>, Error> {
        let url = file_url(path);
        let module = if self.has_hooks.get() {
            self.hooked_module(scope, url.as_str(), None, Flavour::Code)?
        } else {
            let path = path.to_owned();
            self.module(scope, Target::File { url, path }, Flavour::Code)?
        };
        self.evaluated_namespace(scope, module)
    }

    /// The file of the program, if it is one.
    pub(crate) fn main_file(&self) -> Option<PathBuf> {
        let main = self.main.borrow();
        Url::parse(main.as_deref()?).ok()?.to_file_path().ok()
    }

    /// Whether the program's main module is a CommonJS file (that has begun to run).
    pub(crate) fn main_is_commonjs(&self) -> bool {
        self.main_is_script.get() || self.main_module.borrow().is_some()
    }

    /// The module record of code without a file (`-e`), which imports relative to the current folder.
    pub(crate) fn eval_module<'s>(
        &self,
        scope: &Scope<'s>,
        code: &str,
    ) -> Result<Local<'s>, Error> {
        let path = std::env::current_dir().unwrap_or_default().join("[eval]");
        let url = file_url(&path).to_string();
        self.begin_main(scope, &url)?;
        if !source::is_module_text(code) && source::is_script(code) {
            return commonjs::module(self, scope, &path, code);
        }
        self.code_module(scope, code, url)
    }

    /// The same for code that is a module, whatever it looks like.
    fn code_module<'s>(
        &self,
        scope: &Scope<'s>,
        code: &str,
        url: String,
    ) -> Result<Local<'s>, Error> {
        SourceMaps::keep(scope, "[eval]", code);
        self.code_record(scope, code, "[eval]", &url)
            .or_else(|error| match typescript::strip(code) {
                Ok(stripped) if stripped != code => {
                    self.code_record(scope, &stripped, "[eval]", &url)
                }
                // Perhaps it was TypeScript; it was not, and the first error is the one to show.
                _ => Err(error),
            })
    }

    /// The module record of code from the command line or standard input.
    pub(crate) fn input_module<'s>(
        &self,
        scope: &Scope<'s>,
        input: &Input,
    ) -> Result<Local<'s>, Error> {
        let url = folder_url(&input.name);
        self.begin_main(scope, &url)?;
        let code = match input.kind.as_deref() {
            Some("commonjs-typescript" | "module-typescript") => {
                typescript::strip(&input.code).map_err(|problem| problem.into_error(&input.name))?
            }
            _ => input.code.clone(),
        };
        let is_module = match input.kind.as_deref() {
            Some(kind) => kind.starts_with("module"),
            None => source::is_module_text(&code) || !source::is_script(&code),
        };
        if is_module && input.prints {
            return Err(Error::coded(
                "ERR_EVAL_ESM_CANNOT_PRINT",
                "--print cannot be used with ESM input",
            ));
        }
        if is_module {
            return self.code_module(scope, &code, url);
        }
        self.main_is_script.set(true);
        SourceMaps::keep(scope, &input.name, &code);
        let input = Input {
            code,
            ..input.clone()
        };
        let run = scope.closure("run", 0, move |scope, _| {
            let evaluate = builtins::exports(scope, "node/process/evaluate")?;
            let code = scope.string(&input.code)?;
            let name = scope.string(&input.name)?;
            scope.call_method(
                evaluate,
                "evaluate",
                &[code, name, Local::boolean(input.prints)],
            )
        })?;
        generated(scope, "import.meta.run();", &url, &url, "run", run)
    }

    /// Looks at the syntax of a program's file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn check_main(&self, scope: &Scope<'_>, path: &Path) -> Result<(), Error> {
        let shown = path.display().to_string();
        let text = source::read(path)
            .map_err(|error| Error::new(format!("Cannot read '{shown}': {error}")))?;
        if source::kind(path) == FileKind::Json {
            return scope.json_parse(&text).map(|_| ());
        }
        let syntax = source::kind(path).syntax();
        let Javascript { code, is_commonjs } = self.javascript(scope, path, text, syntax)?;
        if is_commonjs {
            commonjs::compiled(scope, &code, &shown).map(|_| ())
        } else {
            scope
                .compile_module(&code, &shown, scope.string(&shown)?)
                .map(|_| ())
        }
    }

    /// The same for code without a file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn check_code(
        &self,
        scope: &Scope<'_>,
        code: &str,
        kind: Option<&str>,
    ) -> Result<(), Error> {
        let is_module = match kind {
            Some(kind) => kind.starts_with("module"),
            None => source::is_module_text(code),
        };
        if is_module {
            scope
                .compile_module(code, "[stdin]", scope.string("[stdin]")?)
                .map(|_| ())
        } else {
            commonjs::compiled(scope, code, "[stdin]").map(|_| ())
        }
    }

    /// The program's module from a `data:` URL.
    pub(crate) fn data_main<'s>(&self, scope: &Scope<'s>, url: &str) -> Result<Local<'s>, Error> {
        let parsed = Url::parse(url);
        let parsed = parsed.map_err(|error| Error::type_error(format!("{url}: {error}")))?;
        self.set_main(url);
        self.module(scope, Target::Data(parsed), Flavour::Code)
    }

    /// The program's module from text that was read elsewhere.
    pub(crate) fn text_module<'s>(
        &self,
        scope: &Scope<'s>,
        text: &str,
        url: &str,
    ) -> Result<Local<'s>, Error> {
        self.set_main(url);
        self.code_record(scope, text, url, url)
    }
}
