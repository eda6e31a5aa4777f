//! `cargo xtask fuzz`: parsers of what comes from outside, with input that libFuzzer finds by the code that it reaches.
//!
//! The targets are in `fuzz/targets`. They are compiled as cargo-fuzz does it, without that program and on the stable compiler: what marks the code that
//! was reached is a pass of LLVM's, and sanitizers, which need another compiler, have little to find in code that is safe.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::terminal::{note, step};
use crate::test::{Plan, Tally, show_line};
use crate::{Arguments, paths, process};

const HELP: &str = "\
cargo xtask fuzz [TARGET ...] [--seconds N] [--keep]

Runs the targets of fuzz/targets, or those that are named, for N seconds each (60). They begin with fuzz/corpus/TARGET and with what earlier runs found
(.cache/fuzz). Input that breaks something is left in .cache/fuzz/TARGET-crash-*; give the program that is named that file to see it again.

  --keep   afterwards, take into fuzz/corpus what reaches code that nothing there does
";

/// What marks code, as cargo-fuzz has it.
const FLAGS: [&str; 9] = [
    "--cfg",
    "fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
    "-Cdebug-assertions",
];

/// Input that takes longer is a fault.
const INPUT_SECONDS: u32 = 10;

/// How long each target runs among the long tests.
const MINUTE: u64 = 60;

pub(crate) fn command(mut arguments: Arguments) -> Result<()> {
    let mut chosen = Vec::new();
    let mut seconds = MINUTE;
    let mut keeps = false;
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("help") | lexopt::Arg::Short('h') => {
                print!("{HELP}");
                return Ok(());
            }
            lexopt::Arg::Long("seconds") => {
                let text = arguments.value()?;
                let text = text.to_string_lossy();
                seconds = text.parse().with_context(|| format!("--seconds {text}"))?;
            }
            lexopt::Arg::Long("keep") => keeps = true,
            lexopt::Arg::Value(name) => chosen.push(name.to_string_lossy().into_owned()),
            other => return Err(other.unexpected().into()),
        }
    }
    let known = targets()?;
    if let Some(unknown) = chosen.iter().find(|name| !known.contains(name)) {
        bail!("no such target: {unknown}; there are {}", known.join(", "));
    }
    if chosen.is_empty() {
        chosen = known;
    }
    build()?;
    let mut failed = Vec::new();
    for target in &chosen {
        if !run(target, seconds)? {
            failed.push(target.as_str());
        } else if keeps {
            keep(target)?;
        }
    }
    if failed.is_empty() {
        Ok(())
    } else {
        bail!("input was found that breaks {}", failed.join(", "))
    }
}

/// Each target for a minute, as tests.
pub(crate) fn every_target(plan: &Plan) -> Result<Tally> {
    build()?;
    let mut total = Tally::default();
    for target in targets()?.iter().filter(|name| plan.matches(name)) {
        total.add(Tally::one(run(target, MINUTE)?));
    }
    Ok(total)
}

fn folder() -> PathBuf {
    paths::root().join("fuzz")
}

fn found() -> PathBuf {
    paths::cache().join("fuzz")
}

fn targets() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder().join("targets"))? {
        let path = entry?.path();
        if let Some(name) = path.file_stem() {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// The machine's own triple: with a target that is named, programs of the build are not marked.
fn triple() -> Result<String> {
    let told = process::output(Command::new("rustc").arg("-vV"))?;
    let line = told.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(line.context("rustc -vV names no host")?.to_owned())
}

fn target_folder() -> PathBuf {
    paths::target().join("fuzz")
}

fn build() -> Result<()> {
    step("Targets of the fuzzer");
    process::run(
        Command::new("cargo")
            .args(["build", "--release", "--target", &triple()?])
            .current_dir(folder())
            .env("CARGO_TARGET_DIR", target_folder())
            .env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\x1f")),
    )
}

fn program(target: &str) -> Result<Command> {
    let built = target_folder().join(triple()?).join("release");
    Ok(Command::new(built.join(target)))
}

/// Whether nothing was found within the time.
fn run(target: &str, seconds: u64) -> Result<bool> {
    step(&format!("{target}, for {seconds} s"));
    let own = found().join(target);
    std::fs::create_dir_all(&own)?;
    let mut command = program(target)?;
    command
        .arg(&own)
        .args(std::iter::once(folder().join("corpus").join(target)).filter(|path| path.exists()))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-timeout={INPUT_SECONDS}"))
        .arg(format!(
            "-artifact_prefix={}-",
            found().join(target).display()
        ))
        .args([
            "-rss_limit_mb=2048",
            "-max_len=8192",
            "-verbosity=0",
            "-print_final_stats=1",
        ]);
    let limit = Duration::from_secs(seconds + 120);
    let finished = process::gather(&mut command, limit, show_line)?;
    if !finished.success() {
        note(&format!("{}: {}", process::shown(&command), finished.how()));
    }
    Ok(finished.success())
}

/// Takes into the kept corpus what reaches code that nothing there does. How often it is reached does not count, so that the corpus stays small.
fn keep(target: &str) -> Result<()> {
    let kept = folder().join("corpus").join(target);
    std::fs::create_dir_all(&kept)?;
    process::run(
        program(target)?
            .args(["-merge=1", "-verbosity=0", "-use_counters=0"])
            .arg(kept)
            .arg(found().join(target)),
    )
}
