//! A fresh root of Debian: made once and kept, copied for each trial, and entered with namespaces of its own, so that nothing stays mounted
//! and nothing goes on running, whatever ends a trial.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::process::{self, Finished};
use crate::{paths, terminal};

/// What a root has beside the smallest system.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Extra {
    Nothing,
    Python,
    Npm,
}

impl Extra {
    fn name(self) -> &'static str {
        match self {
            Extra::Nothing => "minimal",
            Extra::Python => "python",
            Extra::Npm => "npm",
        }
    }

    fn package(self) -> Option<&'static str> {
        match self {
            Extra::Nothing => None,
            Extra::Python => Some("python3-venv"),
            Extra::Npm => Some("npm"),
        }
    }
}

/// Who runs a command in a root.
#[derive(Clone, Copy)]
pub(super) enum Who {
    Administrator,
    /// An ordinary user, in the home folder.
    User,
}

/// A folder that is a system of its own.
pub(super) struct Root {
    pub(super) folder: PathBuf,
}

/// The home folder of the ordinary user.
pub(super) const HOME: &str = "home/user";

/// What every installer of Debian leaves, and debootstrap does not; and packages are unpacked without waiting for the disk.
const PREPARATION: &str = "
printf '127.0.0.1\\tlocalhost\\n::1\\tlocalhost ip6-localhost ip6-loopback\\n' > /etc/hosts
echo force-unsafe-io > /etc/dpkg/dpkg.cfg.d/unsafe-io
useradd --create-home --uid 1000 user
apt-get clean
";

const MAKING: Duration = Duration::from_secs(1800);

/// Why there can be no root here, if there can be none.
pub(super) fn hindrance() -> Option<&'static str> {
    let is_root = process::output(Command::new("id").arg("-u")).is_ok_and(|id| id == "0");
    if !is_root {
        return Some("only root may make a root of Debian (chroot, device files)");
    }
    if !process::succeeds(Command::new("unshare").args(["--mount", "--pid", "--fork", "true"])) {
        return Some("this system makes no namespaces for mounts and processes (unshare)");
    }
    None
}

/// Where everything of a suite is.
fn place(suite: &str) -> PathBuf {
    paths::target().join("roots").join(suite)
}

/// Removes what is kept of a suite.
pub(super) fn forget(suite: &str) -> Result<()> {
    remove(&place(suite))
}

fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(|| format!("remove {}", folder.display()))?;
    }
    Ok(())
}

/// A copy, to be spoilt, of the root of `suite` that has `extra`.
pub(super) fn fresh(suite: &str, extra: Extra) -> Result<Root> {
    let kept = kept(suite, extra)?;
    kept.copy(&place(suite).join("trial"))
}

/// The root of `suite` that has `extra`, made if it is not there.
fn kept(suite: &str, extra: Extra) -> Result<Root> {
    let folder = place(suite).join(extra.name());
    if folder.exists() {
        return Ok(Root { folder });
    }
    // The name changes last, so that what broke is never taken for a root.
    let partial = place(suite).join("partial");
    let what = format!("making a root of Debian {suite}, {}", extra.name());
    terminal::timed(&what, || match extra.package() {
        None => bootstrap(suite, &partial),
        Some(package) => {
            let root = kept(suite, Extra::Nothing)?.copy(&partial)?;
            root.succeed(
                Who::Administrator,
                &format!("apt-get update -qq\napt-get install -qq -y --no-install-recommends {package}\napt-get clean"),
                MAKING,
            )
            .map(drop)
        }
    })?;
    std::fs::rename(&partial, &folder)?;
    Ok(Root { folder })
}

fn bootstrap(suite: &str, folder: &Path) -> Result<()> {
    remove(folder)?;
    std::fs::create_dir_all(folder)?;
    // It mounts /proc in there, and is not to leave it so when it is ended.
    let mut debootstrap = Command::new("unshare");
    debootstrap
        .args([
            "--mount",
            "debootstrap",
            "--variant=minbase",
            "--merged-usr",
            suite,
        ])
        .arg(folder);
    let finished = process::gather(&mut debootstrap, MAKING, |_| {})?;
    ensure!(
        finished.success(),
        "debootstrap {suite} {}:\n{}",
        finished.how(),
        last_lines(&finished.output)
    );
    let root = Root {
        folder: folder.to_owned(),
    };
    root.succeed(Who::Administrator, PREPARATION, MAKING)
        .map(drop)
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

impl Root {
    fn copy(&self, to: &Path) -> Result<Root> {
        remove(to)?;
        let mut copy = Command::new("cp");
        copy.args(["--archive", "--reflink=auto"]);
        process::run(copy.args([&self.folder, to]))?;
        Ok(Root {
            folder: to.to_owned(),
        })
    }

    /// Runs lines of bash in the root, with an environment of its own.
    pub(super) fn run(&self, who: Who, script: &str, limit: Duration) -> Result<Finished> {
        let mut enter = Command::new("unshare");
        enter
            .args(["--mount", "--pid", "--ipc", "--fork", "--kill-child"])
            .arg(format!(
                "--mount-proc={}",
                self.folder.join("proc").display()
            ));
        let (ids, home) = match who {
            Who::Administrator => ("0:0", "/root".to_owned()),
            Who::User => ("1000:1000", format!("/{HOME}")),
        };
        enter
            .args(["chroot", &format!("--userspec={ids}"), "--groups="])
            .arg(&self.folder)
            .args(["bash", "-euc"])
            .arg(format!("cd {home}\n{script}"));
        enter
            .env_clear()
            .env(
                "PATH",
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            )
            .env("HOME", home)
            .env("LANG", "C.UTF-8")
            .env("DEBIAN_FRONTEND", "noninteractive");
        // The way to the packages is the machine's own.
        for name in ["http_proxy", "https_proxy", "no_proxy"] {
            if let Some(value) = std::env::var_os(name) {
                enter.env(name, value);
            }
        }
        process::gather(&mut enter, limit, |_| {})
    }

    /// As [`Self::run`]; fails unless it succeeds, and gives what was printed to standard output.
    pub(super) fn succeed(&self, who: Who, script: &str, limit: Duration) -> Result<String> {
        let finished = self.run(who, script, limit)?;
        ensure!(
            finished.success(),
            "in {}: {} {}:\n{}",
            self.folder.display(),
            script.trim(),
            finished.how(),
            last_lines(&finished.output)
        );
        Ok(finished.printed.trim_end().to_owned())
    }

    /// Puts a file of this machine into a folder of the root, where its user may read it.
    pub(super) fn put(&self, file: &Path, folder: &str) -> Result<()> {
        let folder = self.folder.join(folder);
        std::fs::create_dir_all(&folder)?;
        let name = file.file_name().context("a file has a name")?;
        std::fs::copy(file, folder.join(name))
            .with_context(|| format!("copy {}", file.display()))?;
        Ok(())
    }

    /// Removes the root; what is kept for others is another.
    pub(super) fn discard(self) -> Result<()> {
        remove(&self.folder)
    }
}
