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
import asyncio, importlib.metadata, pathlib, re, subprocess, sys, twinloop

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
described = importlib.metadata.metadata("twinloop").get_payload()
assert "](https://" in described and not re.search(r"\]\((?!https://|#)", described), "a link that leads nowhere on PyPI"
print("works", twinloop.__file__)
"#;

/// Gives the description of a wheel, which is the README, links that work where the repository is not beside it: on PyPI.
const DESCRIBE: &str = r#"
import base64, email, hashlib, os, re, sys, zipfile

def absolute(text, repository):
    def link(found):
        is_picture, words, target = found.groups()
        return f"{is_picture}[{words}]({repository}/{'raw' if is_picture else 'blob'}/main/{target})"
    # Not in the programs, which stand between fences.
    parts = re.split(r"(^```.*?^```$)", text, flags=re.DOTALL | re.MULTILINE)
    links = re.compile(r"(!?)\[([^\]]*)\]\((?!https?://|#)([^)]+)\)")
    # Twice, for a picture that is a link.
    return "".join(part if part.startswith("```") else links.sub(link, links.sub(link, part)) for part in parts)

def record(name, data):
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
    return f"{name},sha256={digest},{len(data)}"

wheel, = sys.argv[1:]
with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(wheel + ".new", "w", zipfile.ZIP_DEFLATED) as new:
    name = next(name for name in old.namelist() if name.endswith(".dist-info/METADATA"))
    head, _, body = old.read(name).decode().partition("\n\n")
    urls = dict(url.split(", ", 1) for url in email.message_from_string(head).get_all("Project-URL"))
    metadata = f"{head}\n\n{absolute(body, urls['Repository'])}".encode()
    for entry in old.infolist():
        data = old.read(entry)
        if entry.filename == name:
            data = metadata
        elif entry.filename == name.replace("METADATA", "RECORD"):
            lines = data.decode().splitlines()
            data = "\n".join(record(name, metadata) if line.startswith(name + ",") else line for line in lines + [""]).encode()
        new.writestr(entry, data, zipfile.ZIP_DEFLATED)
os.replace(wheel + ".new", wheel)
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
    let mut describe = Command::new(&interpreter.program);
    process::run(describe.args(["-c", DESCRIBE]).arg(&wheel))?;
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
