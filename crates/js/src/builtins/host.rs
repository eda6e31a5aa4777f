//! What the machine and this build are called, for `navigator`, `process` and `node:os`.

use crate::engine::{Arguments, Error, Local, Op, Scope};

pub(crate) const OPS: &[Op] = &[
    Op::new("hostFacts", 0, host_facts),
    Op::new("parallelism", 0, parallelism),
];

/// `hostFacts()`: `{ platform, arch, version, engine }`, the first two by Node's names.
fn host_facts<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    let facts = scope.object()?;
    scope.set(facts, "platform", scope.string(platform())?)?;
    scope.set(facts, "arch", scope.string(architecture())?)?;
    scope.set(facts, "version", scope.string(env!("CARGO_PKG_VERSION"))?)?;
    scope.set(facts, "engine", scope.string("153")?)?;
    Ok(facts)
}

fn platform() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        "windows" => "win32",
        other => other,
    }
}

fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        "x86" => "ia32",
        other => other,
    }
}

/// `parallelism()`: how many threads can run at once.
fn parallelism<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    Ok(scope.number(count as f64))
}
