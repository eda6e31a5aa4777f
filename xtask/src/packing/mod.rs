//! `cargo xtask pack`: the command `twinloop` as an npm package and a Debian package, each tried where nothing else of it is.

mod deb;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

use crate::paths::Profile;
use crate::{Arguments, cargo, paths, process, system, terminal};

const HELP: &str = "\
cargo xtask pack [npm] [deb] [--no-build]

Builds the command and packs it into target/packages/: as an npm package, which `npm install` makes the command of, and as a Debian package with a manual
page and completion for bash, zsh and fish. Each is unpacked where nothing else of Twinloop is, and runs a program there. Both are for the machine's own
processor and for its C library or a newer one. packaging/Dockerfile makes an image of the Debian package.
";

const LICENSES: [&str; 4] = [
    "LICENSE-MIT",
    "LICENSE-APACHE",
    "LICENSE-MPL",
    "LICENSE-readable-stream",
];

const VERSION: &str = env!("CARGO_PKG_VERSION");
const DESCRIPTION: &str = "JavaScript and Python programs on one event loop";
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

pub(crate) fn command(mut arguments: Arguments) -> Result<()> {
    let mut wanted = Vec::new();
    let mut builds = true;
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("help") | lexopt::Arg::Short('h') => {
                print!("{HELP}");
                return Ok(());
            }
            lexopt::Arg::Long("no-build") => builds = false,
            lexopt::Arg::Value(kind) if kind == "npm" || kind == "deb" => {
                wanted.push(kind.to_string_lossy().into_owned());
            }
            lexopt::Arg::Value(kind) => {
                bail!(
                    "there are packages for npm and deb, not for {}",
                    kind.display()
                )
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let wants = |kind: &str| wanted.is_empty() || wanted.iter().any(|each| each == kind);
    system::provide(&system::PACKAGING)?;
    if builds {
        process::run(&mut cargo::products(Profile::Release)?)?;
    }
    let binary = stripped()?;
    if wants("npm") {
        let package = npm(&binary)?;
        try_npm(&package)?;
    }
    if wants("deb") {
        deb::make_and_try(&binary)?;
    }
    Ok(())
}

fn folder() -> PathBuf {
    paths::target().join("packages")
}

/// A folder of this name with nothing in it.
fn fresh(name: &str) -> Result<PathBuf> {
    let folder = folder().join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// The command without what only a debugger reads.
fn stripped() -> Result<PathBuf> {
    let built = Profile::Release.artifact("twinloop");
    let binary = fresh("command")?.join("twinloop");
    let mut strip = Command::new("strip");
    process::run(strip.arg("-o").args([&binary, &built]))
        .with_context(|| format!("strip {}", built.display()))?;
    Ok(binary)
}

fn put(from: &Path, to: &Path, mode: u32) -> Result<()> {
    std::fs::create_dir_all(to.parent().context("a file stands in a folder")?)?;
    std::fs::copy(from, to).with_context(|| format!("copy {}", from.display()))?;
    Ok(std::fs::set_permissions(
        to,
        std::fs::Permissions::from_mode(mode),
    )?)
}

fn told(package: &Path) -> Result<()> {
    let size = package.metadata()?.len() as f64 / f64::from(1 << 20);
    terminal::note(&format!("{} ({size:.1} MiB)", package.display()));
    Ok(())
}

// ---- npm

fn npm(binary: &Path) -> Result<PathBuf> {
    terminal::step("packing for npm");
    let tree = fresh("npm")?;
    put(binary, &tree.join("bin/twinloop"), 0o755)?;
    for name in LICENSES.into_iter().chain(["README.md", "CHANGELOG.md"]) {
        put(&paths::root().join(name), &tree.join(name), 0o644)?;
    }
    let about = json!({
        "name": "twinloop",
        "version": VERSION,
        "description": DESCRIPTION,
        "keywords": ["runtime", "event-loop", "asyncio", "python", "typescript", "spidermonkey"],
        // The engine in it is and stays under the MPL.
        "license": "(MIT OR Apache-2.0) AND MPL-2.0",
        "author": "The Twinloop contributors",
        "repository": { "type": "git", "url": format!("git+{REPOSITORY}.git") },
        "homepage": format!("{REPOSITORY}#readme"),
        "bugs": format!("{REPOSITORY}/issues"),
        "bin": { "twinloop": "bin/twinloop" },
        "os": ["linux"],
        "cpu": [if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" }],
        "libc": ["glibc"],
        // A program of the system cannot be run inside of an archive, as yarn keeps packages.
        "preferUnplugged": true,
    });
    std::fs::write(
        tree.join("package.json"),
        serde_json::to_string_pretty(&about)? + "\n",
    )?;
    let mut pack = Command::new("npm");
    pack.args(["pack", "--silent", "--pack-destination"])
        .arg(folder())
        .current_dir(&tree);
    process::run(&mut pack)?;
    let package = folder().join(format!("twinloop-{}.tgz", VERSION));
    told(&package)?;
    Ok(package)
}

fn try_npm(package: &Path) -> Result<()> {
    let trial = fresh("trial")?;
    std::fs::write(trial.join("package.json"), "{ \"private\": true }\n")?;
    let mut install = Command::new("npm");
    install
        .args([
            "install",
            "--silent",
            "--offline",
            "--no-audit",
            "--no-fund",
        ])
        .arg(package)
        .current_dir(&trial);
    process::run(&mut install)?;
    try_command(&trial.join("node_modules/.bin/twinloop"), &trial)
}

/// Runs a program of each kind that needs nothing else.
fn try_command(program: &Path, trial: &Path) -> Result<()> {
    std::fs::write(
        trial.join("trial.ts"),
        "const value: number = await Promise.resolve(42);\nconsole.log(`works ${value}`);\n",
    )?;
    let mut run = Command::new(program);
    let printed = process::output(run.arg("trial.ts").current_dir(trial).env_clear())?;
    ensure!(
        printed.trim() == "works 42",
        "{} printed {printed:?}",
        program.display()
    );
    terminal::note("installed into a fresh folder: works");
    Ok(())
}
