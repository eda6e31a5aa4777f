//! The compile cache (<https://nodejs.org/api/module.html#module-compile-cache>) as programs may have it: by `module.enableCompileCache()` or by
//! `NODE_COMPILE_CACHE`, in a folder that they may read and write.

use std::path::{Path, PathBuf};

use crate::builtins::permissions::{Access, limits};
use crate::engine::{Arguments, Error, Local, Scope, own_folder};

/// Why there is none, if the environment says so.
const DISABLED: &str = "Disabled by NODE_DISABLE_COMPILE_CACHE";

/// Has the program's environment name a folder.
pub(crate) fn of_environment(scope: &Scope<'_>) {
    let folder = std::env::var_os("NODE_COMPILE_CACHE").filter(|value| !value.is_empty());
    if let Some(folder) = folder {
        // What cannot be kept costs time at the next start, nothing else.
        let _ = keep(scope, Path::new(&folder));
    }
}

/// Keeps compiled files below this folder; else why not, which is told to who asks for it as well.
fn keep(scope: &Scope<'_>, base: &Path) -> Result<(), String> {
    let folder = own(scope, base).inspect_err(|message| scope.tell_of_compile_cache(message))?;
    scope.set_compile_cache(folder);
    Ok(())
}

fn own(scope: &Scope<'_>, base: &Path) -> Result<PathBuf, String> {
    if std::env::var_os("NODE_DISABLE_COMPILE_CACHE").is_some_and(|value| !value.is_empty()) {
        return Err(DISABLED.to_owned());
    }
    let base = std::path::absolute(base).map_err(|error| error.to_string())?;
    for (access, name) in [(Access::WRITE, "write"), (Access::READ, "read")] {
        if limits(scope).path(access, &base).is_err() {
            return Err(format!(
                "Skipping compile cache because {name} permission for {} is not granted",
                base.display()
            ));
        }
    }
    own_folder(&base)
}

/// `compileCacheEnable(folder)`: undefined, or why not.
pub(super) fn enable<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let base = PathBuf::from(scope.string_of(arguments.get(0))?);
    match keep(scope, &base) {
        Ok(()) => Ok(Local::undefined()),
        Err(message) => scope.string(&message),
    }
}

/// `compileCacheFolder()`.
pub(super) fn folder<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    match scope.compile_cache() {
        Some(folder) => scope.string(&folder.to_string_lossy()),
        None => Ok(Local::undefined()),
    }
}

/// `compileCacheFlush()`.
pub(super) fn flush<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    scope.context().write_compile_cache();
    scope.tell_of_compile_cache("module.flushCompileCache() finished.");
    Ok(Local::undefined())
}
