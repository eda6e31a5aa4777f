//! `cargo xtask wheels`: the Python package as wheels, each tried in an environment that has nothing else in it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::python::{Interpreter, Venv, interpreters};
use crate::{Arguments, cargo, paths, process, system, terminal};

const HELP: &str = "\
cargo xtask wheels [3.11] [3.12] [3.13]

Builds the Python package by maturin for the versions that are named, or for all that are there, into target/wheels/, installs each
wheel into a fresh environment outside the checkout, and runs a program of both languages and the command `twinloop` in it. A wheel is for the machine's
own C library or a newer one (its name says which).
";

/// Python awaits JavaScript that awaits Python.
const TRIAL: &str = r#"
import asyncio, pathlib, subprocess, sys, twinloop

async def main():
    pathlib.Path("lib.mjs").write_text(
        'import asyncio from "python:asyncio";\n'
        'export async function twice(value) { await asyncio.sleep(0.01); return 2 * value; }\n'
    )
    assert isinstance(asyncio.get_running_loop(), twinloop.EventLoop)
    return await (await twinloop.js.import_module("./lib.mjs")).twice(21)

assert twinloop.run(main()) == 42
command = [str(pathlib.Path(sys.executable).with_name("twinloop")), "-c", "print('command')"]
assert subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout == b"command\n"
print("works", twinloop.__file__)
"#;

pub(crate) fn command(mut arguments: Arguments) -> Result<()> {
    let mut wanted = Vec::new();
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("help") | lexopt::Arg::Short('h') => {
                print!("{HELP}");
                return Ok(());
            }
            lexopt::Arg::Value(version) => wanted.push(version.to_string_lossy().into_owned()),
            other => return Err(other.unexpected().into()),
        }
    }
    system::provide(&system::BUILD)?;
    let present = interpreters();
    if let Some(missing) = wanted
        .iter()
        .find(|version| !present.iter().any(|there| there.version() == **version))
    {
        bail!("no CPython {missing} is on PATH or under pyenv, or it is not supported");
    }
    let tools = Venv::named("venv-wheels", None)?;
    tools.provide("wheels.txt")?;
    for interpreter in present {
        if wanted.is_empty() || wanted.contains(&interpreter.version()) {
            let wheel = build(&tools, &interpreter)?;
            try_out(&interpreter, &wheel)?;
        }
    }
    Ok(())
}

fn build(tools: &Venv, interpreter: &Interpreter) -> Result<PathBuf> {
    terminal::step(&format!("building the wheel for {}", interpreter.version()));
    let folder = paths::target().join("wheels").join(interpreter.version());
    // What an earlier version of the package left would be taken for this one.
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let mut maturin = Command::new(tools.program("maturin"));
    maturin
        .args(["build", "--release", "--quiet", "--interpreter"])
        .arg(&interpreter.program)
        .arg("--out")
        .arg(&folder)
        .current_dir(paths::root());
    cargo::with_engine(&mut maturin)?;
    process::run(&mut maturin)?;
    let wheel = std::fs::read_dir(&folder)?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .with_context(|| format!("maturin left no wheel in {}", folder.display()))?;
    let size = wheel.metadata()?.len() / (1 << 20);
    terminal::note(&format!("{} ({size} MiB)", wheel.display()));
    Ok(wheel)
}

fn try_out(interpreter: &Interpreter, wheel: &Path) -> Result<()> {
    let folder = paths::target().join("wheels").join("trial");
    let mut venv = Command::new(&interpreter.program);
    process::run(venv.args(["-m", "venv", "--clear"]).arg(&folder))?;
    let python = folder.join("bin/python");
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--no-index"]);
    process::run(install.arg("--disable-pip-version-check").arg(wheel))?;
    let program = folder.join("trial.py");
    std::fs::write(&program, TRIAL)?;
    let mut trial = Command::new(&python);
    trial.arg(&program).current_dir(&folder);
    let finished = process::gather(&mut trial, Duration::from_secs(60), |_| {})?;
    if !finished.success() || !finished.output.contains("works") {
        bail!(
            "the wheel for {} does not work: {}\n{}",
            interpreter.version(),
            finished.how(),
            finished.output
        );
    }
    terminal::note("installed into a fresh environment: works");
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
