//! What the operating system must have, and installing it with apt where that is allowed.

use std::borrow::Cow;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::{process, terminal};

/// Something that a chore needs from the system.
pub(crate) struct Need {
    /// A shell command that succeeds when it is there.
    check: Cow<'static, str>,
    /// The Debian package that has it.
    package: Cow<'static, str>,
    /// What it is for, for people.
    purpose: &'static str,
}

const fn need(check: &'static str, package: &'static str, purpose: &'static str) -> Need {
    Need {
        check: Cow::Borrowed(check),
        package: Cow::Borrowed(package),
        purpose,
    }
}

impl Need {
    /// Whether this is the need for a server of that name.
    pub(crate) fn is_for(&self, server: &str) -> bool {
        self.package
            .strip_suffix("-server")
            .unwrap_or(&self.package)
            == server
    }

    /// Fails if it is not there.
    pub(crate) fn require(&self) -> Result<()> {
        anyhow::ensure!(
            is_there(self),
            "{} is not installed: apt-get install {}",
            self.purpose,
            self.package
        );
        Ok(())
    }
}

/// To make packages of the command.
pub(crate) const PACKAGING: [Need; 4] = [
    need(
        "command -v strip",
        "binutils",
        "packing the command without what debuggers read",
    ),
    need(
        "command -v dpkg-shlibdeps",
        "dpkg-dev",
        "naming the libraries of a Debian package",
    ),
    need("command -v help2man", "help2man", "the manual page"),
    need("command -v npm", "npm", "packing for npm"),
];

/// To try packages in fresh systems.
pub(crate) const ROOTS: [Need; 2] = [
    need(
        "command -v debootstrap",
        "debootstrap",
        "making a root of Debian",
    ),
    need(
        "command -v lintian",
        "lintian",
        "what Debian says of the package",
    ),
];

/// To build with a prebuilt engine.
pub(crate) const BUILD: [Need; 6] = [
    need(
        "command -v cc",
        "gcc",
        "linking, and the C parts of Rust crates",
    ),
    need(
        "command -v c++",
        "g++",
        "linking SpiderMonkey, which is C++",
    ),
    need("command -v curl", "curl", "downloading SpiderMonkey"),
    need("command -v make", "make", "compiling OpenSSL"),
    need(
        "perl -MIPC::Cmd -MFindBin -e 1",
        "perl",
        "configuring OpenSSL",
    ),
    // SQLite's sessions are not among the declarations that its crate brings, so it reads the header. libclang-cpp is another library.
    need(
        "ls /usr/lib/llvm-*/lib/libclang*.so* /usr/lib/*/libclang*.so* | grep -qv libclang-cpp",
        "libclang-dev",
        "declaring SQLite's functions",
    ),
];

/// To check JavaScript, and to fetch packages for tests.
pub(crate) const NPM: [Need; 1] = [need("command -v npm", "npm", "checking JavaScript")];

/// To make virtual environments.
pub(crate) const VENV: [Need; 1] = [need(
    "python3 -c 'import venv, ensurepip'",
    "python3-venv",
    "making .venv",
)];

/// The servers that packages from npm are tried with; each is `is_for` its name in the programs of `tests/real`.
pub(crate) const SERVERS: [Need; 5] = [
    need(
        "ls /usr/lib/postgresql/*/bin/postgres || command -v postgres",
        "postgresql",
        "PostgreSQL",
    ),
    need("command -v redis-server", "redis-server", "Redis"),
    need("command -v nats-server", "nats-server", "NATS"),
    need(
        "command -v mariadbd || test -x /usr/sbin/mariadbd",
        "mariadb-server",
        "MariaDB",
    ),
    need(
        "test -x /usr/lib/rabbitmq/bin/rabbitmq-server",
        "rabbitmq-server",
        "RabbitMQ",
    ),
];

/// What the tests of `examples/apps` look at pages with, and what encodes the stream that one of them shows.
pub(crate) const APPS: [Need; 2] = [
    need(
        "command -v chromium || command -v chromium-browser || command -v google-chrome",
        "chromium",
        "looking at pages",
    ),
    need("command -v ffmpeg", "ffmpeg", "encoding a stream"),
];

/// To build the engine from source, besides LLVM.
const ENGINE_FROM_SOURCE: [Need; 3] = [
    need("command -v m4", "m4", "configuring SpiderMonkey"),
    need("command -v make", "make", "compiling SpiderMonkey"),
    need(
        "command -v pkg-config",
        "pkg-config",
        "configuring SpiderMonkey",
    ),
];

/// The LLVM versions that can build the engine, newest first.
const LLVM: [u32; 6] = [22, 21, 20, 19, 18, 17];

/// Provides what a build of the engine from source needs, and gives the folder of LLVM's programs, which must come first on PATH.
///
/// The unversioned package `clang` of a distribution is often older than the engine allows, so a versioned one is looked for.
///
/// # Errors
/// Names what to install when no version is there and none may be installed.
pub(crate) fn provide_engine_tools() -> Result<PathBuf> {
    provide(&ENGINE_FROM_SOURCE)?;
    if let Some(version) = LLVM
        .into_iter()
        .find(|version| llvm_folder(*version).join("clang++").exists())
    {
        provide(&llvm_needs(version))?;
        return Ok(llvm_folder(version));
    }
    if apt_privilege().is_none() {
        bail!(
            "building SpiderMonkey needs LLVM 17 or later, and this user may not install it:\n  \
             apt-get install clang-19 libclang-19-dev lld-19 llvm-19"
        );
    }
    apt(&["update"])?;
    let is_offered = |version: &u32| {
        process::succeeds(Command::new("apt-cache").args(["show", &format!("clang-{version}")]))
    };
    let Some(version) = LLVM.into_iter().find(is_offered) else {
        bail!(
            "building SpiderMonkey needs clang 17 or later, which this system's packages do not have"
        );
    };
    provide(&llvm_needs(version))?;
    Ok(llvm_folder(version))
}

/// As [`provide_engine_tools`], with what a build with a profile needs: gives LLVM's folder and the library that writes profiles.
pub(crate) fn provide_profile_tools() -> Result<(PathBuf, PathBuf)> {
    let llvm = provide_engine_tools()?;
    // The name of the folder is `llvm-VERSION`, and the compiler's own libraries stand below its version once more.
    let version = llvm
        .parent()
        .and_then(|folder| folder.file_name())
        .map(|name| name.to_string_lossy().replace("llvm-", ""))
        .unwrap_or_default();
    let library = llvm.join(format!(
        "../lib/clang/{version}/lib/linux/libclang_rt.profile-{}.a",
        std::env::consts::ARCH
    ));
    provide(&[Need {
        check: format!("test -f {}", library.display()).into(),
        package: format!("libclang-rt-{version}-dev").into(),
        purpose: "writing profiles",
    }])?;
    Ok((llvm, library))
}

/// Where Debian puts the programs of one LLVM version, under their plain names.
fn llvm_folder(version: u32) -> PathBuf {
    PathBuf::from(format!("/usr/lib/llvm-{version}/bin"))
}

fn llvm_needs(version: u32) -> [Need; 4] {
    let folder = llvm_folder(version);
    let folder = folder.display();
    let need = |check: String, package: String, purpose| Need {
        check: check.into(),
        package: package.into(),
        purpose,
    };
    [
        need(
            format!("test -x {folder}/clang++"),
            format!("clang-{version}"),
            "compiling SpiderMonkey",
        ),
        need(
            format!("ls {folder}/../lib/libclang*.so* | grep -qv libclang-cpp"),
            format!("libclang-{version}-dev"),
            "generating its bindings",
        ),
        need(
            format!("test -x {folder}/ld.lld"),
            format!("lld-{version}"),
            "linking it",
        ),
        need(
            format!("test -x {folder}/llvm-objdump"),
            format!("llvm-{version}"),
            "compiling it",
        ),
    ]
}

/// Installs what is missing of `needs`.
///
/// # Errors
/// Names exactly what to install when this user may not, or when the system has no apt.
pub(crate) fn provide(needs: &[Need]) -> Result<()> {
    let missing: Vec<&Need> = needs.iter().filter(|need| !is_there(need)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().map(|need| need.package.as_ref()).collect();
    terminal::step(&format!("installing {}", packages.join(", ")));
    for need in &missing {
        terminal::note(&format!("{}: {}", need.package, need.purpose));
    }
    if apt_privilege().is_none() {
        bail!(
            "these packages are missing and this user may not install them:\n  apt-get install {}",
            packages.join(" ")
        );
    }
    apt(&["update"])?;
    let mut install = vec!["install", "-y", "--no-install-recommends"];
    install.extend(&packages);
    let start = std::time::Instant::now();
    apt(&install)?;
    terminal::note(&format!("took {}", terminal::duration(start.elapsed())));
    match missing.iter().find(|need| !is_there(need)) {
        Some(need) => bail!(
            "{} was installed, yet `{}` still fails",
            need.package,
            need.check
        ),
        None => Ok(()),
    }
}

/// Runs apt-get with the privilege that this user has.
fn apt(arguments: &[&str]) -> Result<()> {
    let privilege = apt_privilege().unwrap_or_default();
    let words = [
        privilege,
        &[
            "apt-get",
            "-o",
            "Dpkg::Use-Pty=0",
            "-o",
            "Acquire::Retries=3",
            "-o",
            "APT::Keep-Downloaded-Packages=false",
            "-qq",
        ],
        arguments,
    ]
    .concat();
    let mut command = Command::new(words[0]);
    command
        .args(&words[1..])
        .env("DEBIAN_FRONTEND", "noninteractive");
    process::run(&mut command)
}

fn is_there(need: &Need) -> bool {
    process::succeeds(Command::new("sh").args(["-c", need.check.as_ref()]))
}

/// The words before `apt-get`: none as root, `sudo -n` where sudo asks no password, `None` where neither holds.
fn apt_privilege() -> Option<&'static [&'static str]> {
    process::find("apt-get")?;
    let is_root = process::output(Command::new("id").arg("-u")).is_ok_and(|id| id == "0");
    if is_root {
        return Some(&["env"]);
    }
    process::succeeds(Command::new("sudo").args(["-n", "true"])).then_some(&["sudo", "-n"])
}
