//! SpiderMonkey: finds a prebuilt archive, downloads one, or builds it from source. It always ends as one archive file.
//!
//! The crate `mozjs_sys` takes the archive by `MOZJS_ARCHIVE`; by itself it would download with no time limit, and once for each
//! profile, so that is done here. A changed variable makes the crate build again: every command of xtask sets the same one, and the
//! engine's debug build, which has an archive of its own, gets a target folder of its own.

pub(crate) mod profiled;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{paths, process, system, terminal};

/// Which build of the engine.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    /// What the product links.
    Ordinary,
    /// With the engine's assertions and its adjustable collector; the workspace is then built with `DEBUG_FEATURE`.
    Debug,
}

/// The feature that makes the workspace use the engine's debug build.
pub(crate) const DEBUG_FEATURE: &str = "twinloop-js/debugmozjs";

impl Build {
    /// The variable that names an archive of this build.
    fn variable(self) -> &'static str {
        match self {
            Build::Ordinary => "MOZJS_ARCHIVE",
            Build::Debug => "MOZJS_DEBUG_ARCHIVE",
        }
    }

    /// What the crate calls its archive: so it is published, and so a build from source leaves it in the target folder.
    fn published_name(self, host: &str) -> String {
        match self {
            Build::Ordinary => format!("libmozjs-{host}.tar.gz"),
            // The optimisation is that of the cargo profile; tests use the one without.
            Build::Debug => format!("libmozjs-{host}-debugmozjs-O0.tar.gz"),
        }
    }

    /// What an archive that somebody put beside the checkout or the ordinary archive may be called.
    fn prebuilt_names(self, host: &str) -> Vec<String> {
        let mut names = vec![self.published_name(host)];
        if self == Build::Debug {
            names.push(format!("libmozjs-{host}-debug.tar.gz"));
        }
        names
    }
}

/// The engine's archive, wherever it had to come from. In order: the variable (`MOZJS_ARCHIVE`); a prebuilt archive beside the
/// checkout, or for the debug build beside the ordinary one; the user's cache folder; the crate's release download; a build from
/// source.
pub(crate) fn archive(build: Build) -> Result<PathBuf> {
    if let Some(archive) = std::env::var_os(build.variable()) {
        return Ok(PathBuf::from(archive));
    }
    let (release, host) = (release()?, host()?);
    let name = build.published_name(&host);
    let kept = kept(&release, &name);
    let mut folders = vec![paths::root().join("../shared/mozjs")];
    if let Some(ordinary) = std::env::var_os(Build::Ordinary.variable()) {
        folders.extend(Path::new(&ordinary).parent().map(Path::to_owned));
    }
    let names = build.prebuilt_names(&host);
    if let Some(archive) = folders
        .iter()
        .flat_map(|folder| names.iter().map(|name| folder.join(name)))
        .chain([kept.clone()])
        .find_map(|path| path.canonicalize().ok())
    {
        return Ok(archive);
    }
    std::fs::create_dir_all(kept.parent().expect("the cache folder has a parent"))
        .context("make the cache folder")?;
    let wants_source = std::env::var_os("MOZJS_FROM_SOURCE").is_some();
    if !wants_source && download(&release, &name, &kept) {
        return Ok(kept);
    }
    build_from_source(build, &name, &kept)?;
    Ok(kept)
}

/// Which release of `mozjs_sys` the workspace uses; its downloads have one folder a release.
fn release() -> Result<String> {
    let lock =
        std::fs::read_to_string(paths::root().join("Cargo.lock")).context("read Cargo.lock")?;
    let version = lock
        .split("[[package]]")
        .find(|package| package.contains("name = \"mozjs_sys\""))
        .and_then(|package| package.split("version = \"").nth(1))
        .and_then(|rest| rest.split('"').next())
        .context("Cargo.lock names no mozjs_sys")?;
    Ok(version.to_owned())
}

/// `x86_64-unknown-linux-gnu`, or what this machine is.
fn host() -> Result<String> {
    let verbose = process::output(Command::new("rustc").arg("-vV"))?;
    let host = verbose.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("`rustc -vV` names no host")?.to_owned())
}

/// Downloads the archive that the crate's project publishes. False when it does not answer within ten seconds.
fn download(release: &str, name: &str, to: &Path) -> bool {
    let url =
        format!("https://github.com/servo/mozjs/releases/download/mozjs-sys-v{release}/{name}");
    terminal::step("looking for a prebuilt SpiderMonkey");
    terminal::note(&url);
    let start = std::time::Instant::now();
    let curl = |arguments: &[&str]| {
        let mut command = Command::new("curl");
        command
            .args(["--silent", "--fail", "--location"])
            .args(arguments)
            .arg(&url);
        process::succeeds(&mut command)
    };
    if !curl(&["--head", "--max-time", "10"]) {
        terminal::note("no answer");
        return false;
    }
    // The name changes last, so that a download that broke is never taken for the archive.
    let partial = to.with_extension("partial");
    let is_there = curl(&["--max-time", "900", "--output", &partial.to_string_lossy()])
        && std::fs::rename(&partial, to).is_ok();
    terminal::note(&format!("took {}", terminal::duration(start.elapsed())));
    is_there
}

/// Builds the engine once and keeps the archive of it.
fn build_from_source(build: Build, name: &str, keep: &Path) -> Result<()> {
    terminal::step("SpiderMonkey is built from source: expect about 20 minutes on two cores, once");
    if build == Build::Ordinary {
        terminal::note("`cargo xtask engine` makes a faster one, in three times that time");
    }
    let llvm = system::provide_engine_tools()?;
    let target = match build {
        Build::Ordinary => paths::target(),
        Build::Debug => paths::debug_engine_target(),
    };
    let made = from_source(build, name, &llvm, &target, "")?;
    keep_archive(&made, keep)
}

/// Compiles the engine into a target folder, with further flags for its C++, and gives the archive.
fn from_source(
    build: Build,
    name: &str,
    llvm: &Path,
    target: &Path,
    flags: &str,
) -> Result<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("cargo");
    command.arg("build").current_dir(paths::root());
    match build {
        // The engine's crate alone, which shares nothing with what the demo builds. Cargo's profile says how the crate's own glue
        // is optimised; the engine always is.
        Build::Ordinary => command.args(["--package", "mozjs_sys", "--release"]),
        // Cargo sets features of the workspace's own packages only.
        Build::Debug => command.args(["--package", "twinloop-js", "--features", DEBUG_FEATURE]),
    };
    command
        .env("CARGO_TARGET_DIR", target)
        .env("MOZJS_FROM_SOURCE", "1")
        .env("MOZJS_CREATE_ARCHIVE", "1")
        .env("LIBCLANG_PATH", llvm.with_file_name("lib"))
        .env("PATH", format!("{}:{path}", llvm.display()))
        .env_remove("MOZJS_ARCHIVE");
    if build == Build::Ordinary {
        // The crate's makefile would take `cc`, which is often another compiler, and its flags differ.
        for (variable, program) in [("CC", "clang"), ("CXX", "clang++"), ("AR", "llvm-ar")] {
            command.env(variable, llvm.join(program));
        }
        command.env("CFLAGS", flags).env("CXXFLAGS", flags);
        // The archive is stripped anyway, and without debug information it is made sooner.
        command.env("MOZ_DEBUG_FLAGS", "-g0");
    }
    let start = std::time::Instant::now();
    terminal::while_ticking("SpiderMonkey is being built", || process::run(&mut command))?;
    terminal::note(&format!("took {}", terminal::duration(start.elapsed())));
    Ok(target.join(name))
}

/// Where an archive stands for every checkout of this user.
fn kept(release: &str, name: &str) -> PathBuf {
    paths::user_cache()
        .join(format!("mozjs-{release}"))
        .join(name)
}

/// Puts an archive into the cache folder. Its name changes last, so that half a copy is never taken for an archive.
fn keep_archive(made: &Path, keep: &Path) -> Result<()> {
    let explain = || format!("keep {} in the cache folder", made.display());
    std::fs::create_dir_all(keep.parent().expect("the cache folder has a parent"))
        .with_context(explain)?;
    let partial = keep.with_extension("partial");
    std::fs::copy(made, &partial).with_context(explain)?;
    std::fs::rename(&partial, keep).with_context(explain)?;
    terminal::note(&format!("kept for the next time: {}", keep.display()));
    Ok(())
}
