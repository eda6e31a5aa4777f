//! SpiderMonkey: finds a prebuilt archive, downloads one, or builds it from source. It always ends as one archive file.
//!
//! The crate `mozjs_sys` takes the archive by `MOZJS_ARCHIVE`; by itself it would download with no time limit, and once for each
//! profile, so that is done here. A changed variable makes the crate build again: every command of xtask sets the same one.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{paths, process, system, terminal};

/// The engine's archive, wherever it had to come from. In order: `MOZJS_ARCHIVE`; a prebuilt archive beside the checkout;
/// the user's cache folder; the crate's release download; a build from source.
pub(crate) fn archive() -> Result<PathBuf> {
    if let Some(archive) = std::env::var_os("MOZJS_ARCHIVE") {
        return Ok(PathBuf::from(archive));
    }
    let (release, host) = (release()?, host()?);
    let name = format!("libmozjs-{host}.tar.gz");
    let beside = paths::root().join("../shared/mozjs").join(&name);
    let kept = paths::user_cache()
        .join(format!("mozjs-{release}"))
        .join(&name);
    if let Some(archive) = [&beside, &kept]
        .into_iter()
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
    build_from_source(&name, &kept)?;
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
    curl(&["--max-time", "900", "--output", &partial.to_string_lossy()])
        && std::fs::rename(&partial, to).is_ok()
}

/// Builds the engine once and keeps the archive of it.
fn build_from_source(name: &str, keep: &Path) -> Result<()> {
    terminal::step("SpiderMonkey is built from source: expect about 20 minutes on two cores, once");
    let llvm = system::provide_engine_tools()?;
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("cargo");
    command
        .args(["build", "--package", "twinloop-js"])
        .current_dir(paths::root());
    command
        .env("MOZJS_FROM_SOURCE", "1")
        .env("MOZJS_CREATE_ARCHIVE", "1")
        .env("LIBCLANG_PATH", llvm.join("../lib"))
        .env("PATH", format!("{}:{path}", llvm.display()));
    terminal::while_ticking("SpiderMonkey is being built", || process::run(&mut command))?;
    let made = paths::target().join(name);
    std::fs::copy(&made, keep)
        .with_context(|| format!("keep {} in the cache folder", made.display()))?;
    terminal::note(&format!("kept for the next time: {}", keep.display()));
    Ok(())
}
