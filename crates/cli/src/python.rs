//! Hands a program over to the right Python interpreter, in which the `twinloop` package runs it.
//!
//! The process becomes that interpreter (exec), so signals, exit status and standard streams are the program's own. The
//! environment decides which one: `--python`, else `$VIRTUAL_ENV`, else the nearest `.venv` above the file, else
//! `python3` on PATH.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::arguments::Arguments;

/// Starts the package's command line, or says how to install what is missing, as this interpreter's packages are installed: one that belongs to the
/// operating system takes none from pip (PEP 668), and the `.venv` that is named instead is found the next time; one that uv made has
/// no pip.
/// Runs as `python -c`, so it must be short.
const BOOTSTRAP: &str = "\
import sys
try:
    from twinloop.__main__ import main
except ImportError as error:
    if error.name not in ('twinloop', '_twinloop'):
        raise
    import importlib.util, os, shutil, sysconfig
    way = f'{sys.executable} -m pip install twinloop'
    if sys.prefix == sys.base_prefix and os.path.exists(os.path.join(sysconfig.get_path('stdlib'), 'EXTERNALLY-MANAGED')):
        way = f'{sys.executable} -m venv .venv && .venv/bin/python -m pip install twinloop'
    elif importlib.util.find_spec('pip') is None:
        way = f'uv pip install --python {sys.executable} twinloop' if shutil.which('uv') else f'{sys.executable} -m ensurepip && {way}'
    sys.exit(f'twinloop: {sys.executable} (Python {sys.version.split()[0]}) does not have the twinloop package;\\n'
             f'install it with: {way}\\n'
             f'or choose another interpreter with --python PATH')
main(sys.argv[1:])
";

/// Replaces this process by Python running `program`. Returns only if that fails, with the reason.
pub(crate) fn run(program: &Path, arguments: &Arguments) -> String {
    let environment = program.parent().unwrap_or(Path::new("."));
    hand_over(environment, arguments, &[program.as_os_str()])
}

/// Replaces this process by Python running what `-m`, `-c` or, for JavaScript that imports Python modules, `-e` says.
pub(crate) fn run_option(option: &str, value: &OsStr, arguments: &Arguments) -> String {
    hand_over(Path::new("."), arguments, &[OsStr::new(option), value])
}

/// Replaces this process by Python running the prompt for JavaScript, so that `python:` modules are in reach, if an interpreter was chosen or
/// the environment's own has the package. Returns if it does not, or that fails, with the reason.
pub(crate) fn run_prompt(arguments: &Arguments) -> Option<String> {
    if arguments.python.is_none() && !environment_has_package(Path::new(".")) {
        return None;
    }
    Some(hand_over(Path::new("."), arguments, &[OsStr::new("--js")]))
}

/// Whether the virtual environment of this folder has the package installed; said by its files, as asking Python would take its time.
pub(crate) fn environment_has_package(folder: &Path) -> bool {
    let environment = std::env::var_os("VIRTUAL_ENV").filter(|value| !value.is_empty());
    let environment = environment.map(PathBuf::from).or_else(|| {
        let interpreter = nearest_environment(folder)?;
        Some(interpreter.parent()?.parent()?.to_owned())
    });
    let versions = environment.and_then(|path| std::fs::read_dir(path.join("lib")).ok());
    let folders = versions.into_iter().flatten().flatten();
    folders
        .filter_map(|version| std::fs::read_dir(version.path().join("site-packages")).ok())
        .flatten()
        .flatten()
        .any(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with("twinloop-") && name.ends_with(".dist-info")
        })
}

/// Runs a command that the package has. Returns what went wrong, as it does not come back otherwise.
pub(crate) fn command(name: &str, arguments: &Arguments) -> String {
    hand_over(Path::new("."), arguments, &[OsStr::new(name)])
}

/// Serves a Python application. Returns what went wrong, as it does not come back otherwise.
pub(crate) fn serve(arguments: &Arguments) -> String {
    hand_over(Path::new("."), arguments, &[OsStr::new("serve")])
}

fn hand_over(folder: &Path, arguments: &Arguments, program: &[&OsStr]) -> String {
    if arguments.has("--permission") {
        return "--permission limits JavaScript alone: Python, and JavaScript that imports it, would not be limited".to_owned();
    }
    let interpreter = match interpreter_for(folder, arguments.python.as_deref()) {
        Ok(interpreter) => interpreter,
        Err(reason) => return reason,
    };
    let mut command = Command::new(&interpreter);
    command.arg("-c").arg(BOOTSTRAP);
    for rule in &arguments.connect_to {
        command.arg("--connect-to").arg(rule);
    }
    if let Some(file) = &arguments.ca_file {
        command.arg("--ca-file").arg(file);
    }
    // What only JavaScript has a use for.
    if let Some(location) = &arguments.location {
        command.env("TWINLOOP_LOCATION", location);
    }
    if let Some(file) = &arguments.localstorage_file {
        command.env("TWINLOOP_LOCALSTORAGE_FILE", file);
    }
    command.args(program).args(&arguments.rest);
    let error = command.exec();
    format!(
        "cannot run the Python interpreter {}: {error}",
        interpreter.display()
    )
}

fn interpreter_for(folder: &Path, chosen: Option<&Path>) -> Result<PathBuf, String> {
    if let Some(chosen) = chosen {
        return Ok(chosen.to_owned());
    }
    if let Some(environment) = std::env::var_os("VIRTUAL_ENV").filter(|value| !value.is_empty()) {
        return Ok(Path::new(&environment).join("bin/python"));
    }
    if let Some(interpreter) = nearest_environment(folder) {
        return Ok(interpreter);
    }
    find_on_path("python3").ok_or_else(|| {
        "no Python interpreter found: set --python PATH, activate a virtual environment, or install python3".to_owned()
    })
}

/// The interpreter of the first `.venv` in this folder or one above it.
fn nearest_environment(folder: &Path) -> Option<PathBuf> {
    // The folder of `app.py` is an empty path, which `std::path::absolute` refuses.
    let folder = std::env::current_dir().ok()?.join(folder);
    folder
        .ancestors()
        .map(|folder| folder.join(".venv/bin/python"))
        .find(|python| python.exists())
}

fn find_on_path(name: impl AsRef<OsStr>) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name.as_ref()))
        .find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_environment_wins() {
        let root = std::env::temp_dir().join(format!("twinloop-python-{}", std::process::id()));
        let inner = root.join("project/src");
        for folder in [&root, &root.join("project")] {
            std::fs::create_dir_all(folder.join(".venv/bin")).unwrap();
            std::fs::write(folder.join(".venv/bin/python"), "").unwrap();
        }
        std::fs::create_dir_all(&inner).unwrap();
        let found = nearest_environment(&inner).unwrap();
        assert_eq!(found, root.join("project/.venv/bin/python"));
        std::fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn an_explicit_interpreter_needs_no_search() {
        let chosen = interpreter_for(Path::new("."), Some(Path::new("my-python"))).unwrap();
        assert_eq!(chosen, PathBuf::from("my-python"));
    }
}
