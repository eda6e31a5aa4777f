//! The Debian package: the command, its manual page, completion for shells, and what Debian wants to find beside them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{DESCRIPTION, REPOSITORY, VERSION, folder, fresh, put, told, try_command};
use crate::{paths, process, terminal};

const MAINTAINER: &str = "The Twinloop contributors <twinloop@localhost>";

/// It has authorities of its own for TLS, and prefers the system's; Python needs the package `twinloop`, which is installed into an environment.
const RELATIONS: &str = "Recommends: ca-certificates\nSuggests: npm, python3-venv (>= 3.11)\n";

const LONG_DESCRIPTION: &str =
    " Twinloop runs JavaScript, TypeScript and Python programs, alone or together, in
 one process and on one event loop, with the APIs of the web, of Node and of
 asyncio.
 .
 JavaScript and TypeScript need nothing else. Python programs run in the
 interpreter of a virtual environment that has the Python package twinloop.
";

const COPYRIGHT: &str = concat!(
    "Twinloop, ",
    env!("CARGO_PKG_REPOSITORY"),
    "

Copyright (c) 2026 The Twinloop contributors

It is licensed under either of MIT, whose text is below, or Apache-2.0, whose text is in /usr/share/common-licenses/Apache-2.0, at your choice.

The command contains SpiderMonkey, Copyright (c) Mozilla and its contributors, licensed under MPL-2.0, whose text is in
/usr/share/common-licenses/MPL-2.0; its sources are in the crate mozjs_sys, https://crates.io/crates/mozjs_sys. It contains OpenSSL, Copyright (c) The OpenSSL
Project Authors, licensed under Apache-2.0, and readable-stream, whose licence is below.
",
);

/// Makes the package, and tries what is in it.
pub(super) fn make_and_try(binary: &Path) -> Result<()> {
    try_out(&make(binary)?)
}

fn make(binary: &Path) -> Result<PathBuf> {
    terminal::step("packing for Debian");
    let tree = fresh("deb")?;
    put(binary, &tree.join("usr/bin/twinloop"), 0o755)?;
    for (name, place) in [
        ("twinloop.bash", "bash-completion/completions/twinloop"),
        ("_twinloop", "zsh/vendor-completions/_twinloop"),
        ("twinloop.fish", "fish/vendor_completions.d/twinloop.fish"),
    ] {
        let from = paths::root().join("packaging/completions").join(name);
        put(&from, &tree.join("usr/share").join(place), 0o644)?;
    }
    documents(&tree)?;
    manual(binary, &tree.join("usr/share/man/man1/twinloop.1"))?;
    let machine = process::output(Command::new("dpkg").arg("--print-architecture"))?;
    let size = process::output(
        Command::new("du")
            .args(["-sk", "--apparent-size"])
            .arg(&tree),
    )?;
    let control = format!(
        "Package: twinloop\nVersion: {VERSION}\nArchitecture: {}\nMaintainer: {MAINTAINER}\nInstalled-Size: {}\n\
         Section: interpreters\nPriority: optional\nDepends: {}\n{RELATIONS}Homepage: {REPOSITORY}\n\
         Description: {DESCRIPTION}\n{LONG_DESCRIPTION}",
        machine.trim(),
        size.split_whitespace().next().unwrap_or_default(),
        libraries(&tree)?,
    );
    std::fs::create_dir_all(tree.join("DEBIAN"))?;
    std::fs::write(tree.join("DEBIAN/control"), control)?;
    let package = folder().join(format!("twinloop_{}_{}.deb", VERSION, machine.trim()));
    let mut build = Command::new("dpkg-deb");
    build.args(["--root-owner-group", "--build"]);
    process::output(build.args([&tree, &package]))?;
    told(&package)?;
    Ok(package)
}

/// What Debian wants to find in every package: the licences, what changed, and why its checker is not followed.
fn documents(tree: &Path) -> Result<()> {
    let about = tree.join("usr/share/doc/twinloop");
    std::fs::create_dir_all(&about)?;
    let mut copyright = COPYRIGHT.to_owned();
    for name in ["LICENSE-MIT", "LICENSE-readable-stream"] {
        let text = std::fs::read_to_string(paths::root().join(name))?;
        copyright += &format!("\n---- {name}\n\n{text}");
    }
    std::fs::write(about.join("copyright"), copyright)?;
    let changes = paths::root().join("CHANGELOG.md");
    let copy = about.join("CHANGELOG.md");
    put(&changes, &copy, 0o644)?;
    // Debian's tools read one of their own form.
    let mut date = Command::new("date");
    date.args(["--rfc-email", "--utc", "--reference"])
        .arg(&changes)
        .env("LC_ALL", "C");
    let entry = format!(
        "twinloop ({VERSION}) unstable; urgency=medium\n\n  * What changed stands in CHANGELOG.md beside this file.\n\n -- {MAINTAINER}  {}\n",
        process::output(&mut date)?
    );
    let debians = about.join("changelog");
    std::fs::write(&debians, entry)?;
    process::run(Command::new("gzip").arg("-9n").args([&copy, &debians]))?;
    put(
        &paths::root().join("packaging/lintian-overrides"),
        &tree.join("usr/share/lintian/overrides/twinloop"),
        0o644,
    )
}

/// The manual page, of what `--help` says.
fn manual(program: &Path, page: &Path) -> Result<()> {
    std::fs::create_dir_all(page.parent().context("a file stands in a folder")?)?;
    let mut help2man = Command::new("help2man");
    help2man.args(["--no-info", "--name", DESCRIPTION, "--output"]);
    process::run(help2man.args([page, program]))?;
    // It takes the further lines of the usage for a paragraph.
    let text = std::fs::read_to_string(page)?;
    let text = text.replacen("\n.IP\n", "\n.PP\n.nf\n", 1).replacen(
        "\n.PP\nFILE ",
        "\n.fi\n.PP\nFILE ",
        1,
    );
    std::fs::write(page, text)?;
    process::run(Command::new("gzip").args(["-9n"]).arg(page))
}

/// The packages of the libraries that the command is linked to.
fn libraries(tree: &Path) -> Result<String> {
    // It asks for the description of a source package, of which it reads nothing.
    let place = fresh("shlibdeps")?;
    std::fs::create_dir_all(place.join("debian"))?;
    std::fs::write(
        place.join("debian/control"),
        "Source: twinloop\n\nPackage: twinloop\nArchitecture: any\n",
    )?;
    let mut ask = Command::new("dpkg-shlibdeps");
    ask.args(["-O", "-e"])
        .arg(tree.join("usr/bin/twinloop"))
        .current_dir(&place);
    let answer = process::output(&mut ask)?;
    let found = answer.trim().strip_prefix("shlibs:Depends=");
    Ok(found
        .context("dpkg-shlibdeps named no packages")?
        .to_owned())
}

fn try_out(package: &Path) -> Result<()> {
    let trial = fresh("trial")?;
    let mut unpack = Command::new("dpkg-deb");
    process::run(unpack.arg("-x").arg(package).arg(&trial))?;
    for file in [
        "usr/share/man/man1/twinloop.1.gz",
        "usr/share/bash-completion/completions/twinloop",
    ] {
        ensure!(trial.join(file).exists(), "the package has no {file}");
    }
    try_command(&trial.join("usr/bin/twinloop"), &trial)
}
