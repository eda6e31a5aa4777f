//! The npm packages whose files are part of Twinloop, into `.cache/npm`: fetched once, at a fixed version and checksum.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{paths, process, terminal};

#[path = "../../crates/js/packages.rs"]
mod list;

use list::{Package, READABLE_STREAM};

const ALL: [Package; 1] = [READABLE_STREAM];

/// Who has the packages, unless npm's variable names another.
const REGISTRY: &str = "https://registry.npmjs.org";

/// Fetches what is not there.
///
/// # Errors
/// When a package cannot be had, or is not what it should be.
pub(crate) fn provide() -> Result<()> {
    for package in &ALL {
        let place = paths::cache().join("npm").join(package.folder());
        if !place.exists() {
            fetch(package, &place)?;
        }
    }
    Ok(())
}

fn fetch(package: &Package, place: &Path) -> Result<()> {
    let Package { name, version, .. } = package;
    let registry = std::env::var("NPM_CONFIG_REGISTRY").unwrap_or_else(|_| REGISTRY.to_owned());
    let url = format!(
        "{}/{name}/-/{}-{version}.tgz",
        registry.trim_end_matches('/'),
        name.rsplit('/').next().unwrap_or(name)
    );
    terminal::note(&format!(
        "fetching {name} {version} from npm, which is part of Twinloop"
    ));
    // The name changes last, so that what broke is never taken for the package.
    let partial = place.with_extension("partial");
    if partial.exists() {
        std::fs::remove_dir_all(&partial)?;
    }
    std::fs::create_dir_all(&partial)?;
    let archive = partial.join("archive.tgz");
    download(&url, &archive)
        .or_else(|error| pack(package, &partial, &archive).map_err(|_| error))
        .with_context(|| format!("cannot fetch {url}"))?;
    let sum = process::output(Command::new("sha512sum").arg(&archive))?;
    let sum = sum.split_whitespace().next().unwrap_or_default();
    if sum != package.sha512 {
        bail!(
            "{url} is not the archive that is wanted: its SHA-512 is {sum}, and should be {}",
            package.sha512
        );
    }
    let mut tar = Command::new("tar");
    tar.args(["--extract", "--gzip", "--strip-components=1", "--file"])
        .arg(&archive)
        .arg("--directory")
        .arg(&partial);
    process::output(&mut tar)?;
    std::fs::remove_file(&archive)?;
    std::fs::rename(&partial, place)?;
    Ok(())
}

fn download(url: &str, to: &Path) -> Result<()> {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--fail", "--location"])
        .args(["--retry", "3", "--connect-timeout", "10", "--output"])
        .arg(to)
        .arg(url);
    process::output(&mut curl).map(drop)
}

/// The same by npm, which may know another way to the registry.
fn pack(package: &Package, folder: &Path, to: &Path) -> Result<()> {
    let name = format!("{}@{}", package.name, package.version);
    let mut npm = Command::new("npm");
    npm.args(["pack", "--loglevel=error", &name])
        .current_dir(folder);
    let printed = process::fetch(&mut npm)?;
    let file = printed.lines().last().unwrap_or_default().trim();
    std::fs::rename(folder.join(file), to)?;
    Ok(())
}
