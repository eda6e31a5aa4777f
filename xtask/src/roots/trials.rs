//! What is done with each package in a root: installing, running, measuring, removing.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::root::{self, Extra, HOME, Root, Who};
use super::{lintian, newest};
use crate::{paths, terminal};

/// A kind of package and its trial.
pub(super) struct Package {
    pub(super) name: &'static str,
    trial: fn(&str) -> Result<Outcome>,
}

pub(super) const PACKAGES: [Package; 3] = [
    Package {
        name: "deb",
        trial: deb,
    },
    Package {
        name: "npm",
        trial: npm,
    },
    Package {
        name: "wheel",
        trial: wheel,
    },
];

impl Package {
    pub(super) fn try_in(&self, suite: &str) -> Result<Outcome> {
        terminal::timed(&format!("{suite}: {}", self.name), || (self.trial)(suite))
    }
}

pub(super) enum Outcome {
    Works(Figures),
    Skipped(String),
}

/// What a person wants to know before installing.
pub(super) struct Figures {
    pub(super) package_bytes: u64,
    pub(super) installed_bytes: u64,
    pub(super) javascript_us: Option<u64>,
    pub(super) python_us: Option<u64>,
}

const INSTALLING: Duration = Duration::from_secs(900);
const RUNNING: Duration = Duration::from_secs(120);

/// Where the packages lie in a root.
const PACKAGES_PLACE: &str = "packages";

/// The programs in `packaging/trials`, and what each prints.
const JAVASCRIPT: (&str, &str) = ("answer.ts", "/javascript 21:00:00 trusts");
const PYTHON: (&str, &str) = ("answer.py", "/python EventLoop");
const JAVASCRIPT_WITH_PYTHON: (&str, &str) = ("both.mjs", "/both 42");
const PYTHON_WITH_JAVASCRIPT: (&str, &str) = ("both.py", "JavaScript and Python");

// ---- the packages

fn deb(suite: &str) -> Result<Outcome> {
    let Some(package) = newest("packages", "twinloop_", ".deb") else {
        return Ok(Outcome::Skipped(
            "no package; cargo xtask pack deb".to_owned(),
        ));
    };
    lintian(&package)?;
    let root = prepared(suite, Extra::Nothing, &package)?;
    let name = name(&package)?;
    root.succeed(
        Who::Administrator,
        &format!("apt-get update -qq\napt-get install -qq -y /{PACKAGES_PLACE}/{name}"),
        INSTALLING,
    )?;
    let version = name.split('_').nth(1).unwrap_or_default();
    has_version(&root, "twinloop", version)?;
    beside_the_command(&root)?;
    runs(&root, "twinloop", JAVASCRIPT)?;
    asks_for_python(&root)?;
    let javascript_us = Some(start_up(&root, "twinloop", "empty.mjs")?);
    let installed = root.succeed(
        Who::User,
        "dpkg-query --showformat '${Installed-Size}' --show twinloop",
        RUNNING,
    )?;
    let installed: u64 = installed.parse().context("dpkg knows the installed size")?;
    root.succeed(
        Who::Administrator,
        "apt-get purge -qq -y twinloop",
        INSTALLING,
    )?;
    leaves_nothing(&root)?;
    root.discard()?;
    Ok(Outcome::Works(Figures {
        package_bytes: package.metadata()?.len(),
        installed_bytes: installed * 1024,
        javascript_us,
        python_us: None,
    }))
}

fn npm(suite: &str) -> Result<Outcome> {
    let Some(package) = newest("packages", "twinloop-", ".tgz") else {
        return Ok(Outcome::Skipped(
            "no package; cargo xtask pack npm".to_owned(),
        ));
    };
    let root = prepared(suite, Extra::Npm, &package)?;
    let name = name(&package)?;
    root.succeed(
        Who::User,
        &format!("npm init --yes --silent\nnpm install --no-audit --no-fund --silent /{PACKAGES_PLACE}/{name}"),
        INSTALLING,
    )?;
    let version = name
        .trim_start_matches("twinloop-")
        .trim_end_matches(".tgz");
    has_version(&root, "npx twinloop", version)?;
    runs(&root, "npx twinloop", JAVASCRIPT)?;
    let program = "node_modules/.bin/twinloop";
    runs(&root, program, JAVASCRIPT)?;
    let figures = Figures {
        package_bytes: package.metadata()?.len(),
        installed_bytes: bytes(&root, "node_modules/twinloop")?,
        javascript_us: Some(start_up(&root, program, "empty.mjs")?),
        python_us: None,
    };
    root.succeed(
        Who::User,
        "npm uninstall --no-audit --no-fund --silent twinloop",
        INSTALLING,
    )?;
    // As an administrator, for everyone.
    let everywhere =
        format!("npm install --global --no-audit --no-fund --silent /{PACKAGES_PLACE}/{name}");
    root.succeed(Who::Administrator, &everywhere, INSTALLING)?;
    runs(&root, "twinloop", JAVASCRIPT)?;
    root.succeed(
        Who::Administrator,
        "npm uninstall --global --no-audit --no-fund --silent twinloop",
        INSTALLING,
    )?;
    leaves_nothing(&root)?;
    root.discard()?;
    Ok(Outcome::Works(figures))
}

fn wheel(suite: &str) -> Result<Outcome> {
    let root = root::fresh(suite, Extra::Python)?;
    let version = root.succeed(
        Who::User,
        "python3 -c 'import sys; print(\"%d.%d\" % sys.version_info[:2])'",
        RUNNING,
    )?;
    let Some(package) = newest(&format!("wheels/{version}"), "twinloop-", ".whl") else {
        root.discard()?;
        return Ok(Outcome::Skipped(format!(
            "no wheel for its Python; cargo xtask wheels {version}"
        )));
    };
    provided(&root, &package)?;
    let name = name(&package)?;
    root.succeed(Who::User, "python3 -m venv .venv", INSTALLING)?;
    let before = bytes(&root, ".venv")?;
    root.succeed(
        Who::User,
        &format!(
            ".venv/bin/pip install --quiet --disable-pip-version-check /{PACKAGES_PLACE}/{name}"
        ),
        INSTALLING,
    )?;
    let version = name.split('-').nth(1).unwrap_or_default();
    let program = ".venv/bin/twinloop";
    has_version(&root, program, version)?;
    for each in [
        JAVASCRIPT,
        PYTHON,
        JAVASCRIPT_WITH_PYTHON,
        PYTHON_WITH_JAVASCRIPT,
    ] {
        runs(&root, program, each)?;
    }
    let figures = Figures {
        package_bytes: package.metadata()?.len(),
        installed_bytes: bytes(&root, ".venv")? - before,
        javascript_us: Some(start_up(&root, program, "empty.mjs")?),
        python_us: Some(start_up(&root, program, "empty.py")?),
    };
    with_the_command(&root)?;
    root.succeed(
        Who::User,
        ".venv/bin/pip uninstall --quiet --yes --disable-pip-version-check twinloop",
        INSTALLING,
    )?;
    leaves_nothing(&root)?;
    root.discard()?;
    Ok(Outcome::Works(figures))
}

/// The command of the Debian package finds the environment beside a program, and runs Python in it.
fn with_the_command(root: &Root) -> Result<()> {
    let Some(package) = newest("packages", "twinloop_", ".deb") else {
        terminal::note("the Debian package is not there to be tried with it");
        return Ok(());
    };
    provided(root, &package)?;
    let install = format!(
        "apt-get install -qq -y --no-install-recommends /{PACKAGES_PLACE}/{}",
        name(&package)?
    );
    root.succeed(Who::Administrator, &install, INSTALLING)?;
    for each in [
        JAVASCRIPT,
        PYTHON,
        JAVASCRIPT_WITH_PYTHON,
        PYTHON_WITH_JAVASCRIPT,
    ] {
        runs(root, "/usr/bin/twinloop", each)?;
    }
    root.succeed(
        Who::Administrator,
        "apt-get purge -qq -y twinloop",
        INSTALLING,
    )
    .map(drop)
}

// ---- what each of them is asked

fn name(package: &Path) -> Result<&str> {
    let name = package.file_name().and_then(|name| name.to_str());
    name.context("a package has a name")
}

/// A root with the package and the programs in it.
fn prepared(suite: &str, extra: Extra, package: &Path) -> Result<Root> {
    let root = root::fresh(suite, extra)?;
    provided(&root, package)?;
    Ok(root)
}

fn provided(root: &Root, package: &Path) -> Result<()> {
    root.put(package, PACKAGES_PLACE)?;
    let programs: Vec<PathBuf> = std::fs::read_dir(paths::root().join("packaging/trials"))?
        .flatten()
        .map(|entry| entry.path())
        .collect();
    for program in programs {
        root.put(&program, HOME)?;
    }
    root.succeed(Who::User, "touch empty.mjs empty.py", RUNNING)
        .map(drop)
}

fn has_version(root: &Root, program: &str, version: &str) -> Result<()> {
    let printed = root.succeed(Who::User, &format!("{program} --version"), RUNNING)?;
    // The wheel's tells Python's version too.
    ensure!(
        printed.split(" (").next() == Some(&format!("twinloop {version}")),
        "the package of version {version} has a command that says {printed:?}"
    );
    Ok(())
}

fn runs(root: &Root, program: &str, (file, expected): (&str, &str)) -> Result<()> {
    let finished = root.run(Who::User, &format!("{program} {file}"), RUNNING)?;
    ensure!(
        finished.success() && finished.output.trim_end() == expected,
        "{program} {file}: {}, and printed {:?} instead of {expected:?}",
        finished.how(),
        finished.output
    );
    Ok(())
}

/// The manual page and the completions are where shells and `man` look, and can be read.
fn beside_the_command(root: &Root) -> Result<()> {
    let look = "
        zcat /usr/share/man/man1/twinloop.1.gz | grep -q '^.TH TWINLOOP'
        source /usr/share/bash-completion/completions/twinloop
        COMP_WORDS=(twinloop --perm) COMP_CWORD=1
        _twinloop || true  # outside of a completion, compopt fails
        printf '%s\\n' \"${COMPREPLY[@]}\" | grep -qx -- --permission
        grep -q '^#compdef twinloop' /usr/share/zsh/vendor-completions/_twinloop
        grep -q 'complete -c twinloop' /usr/share/fish/vendor_completions.d/twinloop.fish";
    root.succeed(Who::User, look, RUNNING).map(drop)
}

/// Where there is no Python, a program that needs it says so, and what to do.
fn asks_for_python(root: &Root) -> Result<()> {
    for file in [PYTHON.0, JAVASCRIPT_WITH_PYTHON.0] {
        let finished = root.run(Who::User, &format!("twinloop {file}"), RUNNING)?;
        ensure!(
            !finished.success() && finished.output.contains("no Python interpreter found"),
            "without Python, twinloop {file}: {}, {:?}",
            finished.how(),
            finished.output
        );
    }
    Ok(())
}

/// What an empty program takes from its start to its end, in microseconds: the middle one of 21.
fn start_up(root: &Root, program: &str, file: &str) -> Result<u64> {
    let measure = format!(
        "for turn in {{1..21}}; do
            start=$EPOCHREALTIME; {program} {file}; end=$EPOCHREALTIME
            echo $(( ${{end/./}} - ${{start/./}} ))
        done | sort -n | sed -n 11p"
    );
    let printed = root.succeed(Who::User, &measure, RUNNING)?;
    printed
        .parse()
        .with_context(|| format!("start-up: {printed:?}"))
}

fn bytes(root: &Root, folder: &str) -> Result<u64> {
    let printed = root.succeed(Who::User, &format!("du -sb {folder}"), RUNNING)?;
    let count = printed.split_whitespace().next().unwrap_or_default();
    count.parse().with_context(|| format!("du: {printed:?}"))
}

/// No file in the root has the name any more, but for the packages as they were brought, and what the command keeps for its next start in the
/// caches of those who ran it, which no installer knows.
fn leaves_nothing(root: &Root) -> Result<()> {
    let find = format!(
        "find / -xdev -iname '*twinloop*' -not -path '/{PACKAGES_PLACE}/*' -not -path '/proc/*' -not -path '*/.cache/*'"
    );
    let left = root.succeed(Who::Administrator, &find, RUNNING)?;
    ensure!(left.is_empty(), "removed, and yet there:\n{left}");
    Ok(())
}
