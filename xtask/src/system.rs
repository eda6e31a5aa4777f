//! What the operating system must have, and installing it with apt where that is allowed.

use std::process::Command;

use anyhow::{Result, bail};

use crate::{process, terminal};

/// Something that a chore needs from the system.
pub(crate) struct Need {
    /// A shell command that succeeds when it is there.
    check: &'static str,
    /// The Debian package that has it.
    package: &'static str,
    /// What it is for, for people.
    purpose: &'static str,
}

/// To build with a prebuilt engine.
pub(crate) const BUILD: [Need; 3] = [
    Need {
        check: "command -v cc",
        package: "gcc",
        purpose: "linking, and the C parts of Rust crates",
    },
    Need {
        check: "command -v c++",
        package: "g++",
        purpose: "linking SpiderMonkey, which is C++",
    },
    Need {
        check: "command -v curl",
        package: "curl",
        purpose: "downloading SpiderMonkey",
    },
];

/// To make virtual environments.
pub(crate) const VENV: [Need; 1] = [Need {
    check: "python3 -c 'import venv, ensurepip'",
    package: "python3-venv",
    purpose: "making .venv",
}];

/// To build the engine from source.
pub(crate) const ENGINE_FROM_SOURCE: [Need; 7] = [
    Need {
        check: "command -v clang",
        package: "clang",
        purpose: "compiling SpiderMonkey",
    },
    Need {
        check: "ls /usr/lib/llvm-*/lib/libclang.so*",
        package: "libclang-dev",
        purpose: "generating bindings",
    },
    Need {
        check: "command -v ld.lld || command -v lld",
        package: "lld",
        purpose: "linking SpiderMonkey",
    },
    Need {
        check: "command -v llvm-objdump",
        package: "llvm",
        purpose: "compiling SpiderMonkey",
    },
    Need {
        check: "command -v m4",
        package: "m4",
        purpose: "configuring SpiderMonkey",
    },
    Need {
        check: "command -v make",
        package: "make",
        purpose: "compiling SpiderMonkey",
    },
    Need {
        check: "command -v pkg-config",
        package: "pkg-config",
        purpose: "configuring SpiderMonkey",
    },
];

/// Installs what is missing of `needs`.
///
/// # Errors
/// Names exactly what to install when this user may not, or when the system has no apt.
pub(crate) fn provide(needs: &[Need]) -> Result<()> {
    let missing: Vec<&Need> = needs.iter().filter(|need| !is_there(need)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().map(|need| need.package).collect();
    terminal::step(&format!("installing {}", packages.join(", ")));
    for need in &missing {
        terminal::note(&format!("{}: {}", need.package, need.purpose));
    }
    let Some(privilege) = apt_privilege() else {
        bail!(
            "these packages are missing and this user may not install them:\n  apt-get install {}",
            packages.join(" ")
        );
    };
    let apt = |arguments: &[&str]| {
        let mut words = privilege.to_vec();
        words.extend(["apt-get", "-o", "Dpkg::Use-Pty=0", "-qq"]);
        words.extend(arguments);
        let mut command = Command::new(words[0]);
        command
            .args(&words[1..])
            .env("DEBIAN_FRONTEND", "noninteractive");
        process::run(&mut command)
    };
    apt(&["update"])?;
    let mut install = vec!["install", "-y", "--no-install-recommends"];
    install.extend(&packages);
    apt(&install)?;
    match missing.iter().find(|need| !is_there(need)) {
        Some(need) => bail!(
            "{} was installed, yet `{}` still fails",
            need.package,
            need.check
        ),
        None => Ok(()),
    }
}

fn is_there(need: &Need) -> bool {
    process::succeeds(Command::new("sh").args(["-c", need.check]))
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
