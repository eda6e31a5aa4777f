//! `cargo xtask demo`: sets everything up, then shows each kind of program, what it printed and how long it took.

use std::path::Path;

use anyhow::{Result, bail};

use crate::examples::{self, Example, Runner};
use crate::fixtures::Fixtures;
use crate::paths::{self, Profile};
use crate::process::Finished;
use crate::python::Venv;
use crate::terminal::{bold, cyan, dim, duration, green, red};
use crate::{Arguments, apps, setup};

const HELP: &str = "\
cargo xtask demo [apps]

Does what `cargo xtask setup` does, starts servers on loopback that answer for example.com, and runs the six kinds of
program (examples/) and the five in Rust (crates/twinloop/examples). Shows each program, what it printed and how long it
took, and fails if one of them does not print what it should.

  apps   the applications of examples/apps instead: each is started, used, and ended, and what it did is shown
";

pub(crate) fn command(mut arguments: Arguments) -> Result<()> {
    match arguments.next()? {
        None => demo(),
        Some(lexopt::Arg::Value(word)) if word == "apps" => apps::demo(),
        Some(lexopt::Arg::Long("help") | lexopt::Arg::Short('h')) => {
            print!("{HELP}");
            Ok(())
        }
        Some(other) => Err(other.unexpected().into()),
    }
}

fn demo() -> Result<()> {
    let profile = Profile::Quick;
    setup::setup(profile, &examples::rust_names())?;
    let venv = Venv::default()?;
    let twinloop = profile.artifact("twinloop");
    let fixtures = Fixtures::start(&profile.artifact("twinloop-fixtures"), None)?;
    let runner = Runner {
        twinloop: &twinloop,
        fixtures: &fixtures,
        venv: &venv,
        profile,
    };

    println!();
    println!("{}", bold("One event loop, two languages (and Rust)"));
    println!(
        "{}",
        dim(
            "Each program below is a file of this repository. api.example.com is a local server with a throw-away certificate."
        )
    );
    let mut failed = 0;
    let mut count = 0;
    for example in examples::programs()?
        .iter()
        .chain(&examples::rust_programs()?)
    {
        let finished = runner.run(example)?;
        let fault = examples::fault(example, &finished);
        show(example, &finished, fault.as_deref())?;
        count += 1;
        failed += usize::from(fault.is_some());
    }
    println!();
    if failed > 0 {
        bail!("{failed} of {count} programs did not do what they should");
    }
    println!("{} {count} programs, each as it should be.", green("✔"));
    println!(
        "{}",
        dim(
            "Next: target/quick/twinloop YOUR_PROGRAM.js (or .mjs, .ts, .py), or read ARCHITECTURE.md."
        )
    );
    Ok(())
}

fn show(example: &Example, finished: &Finished, fault: Option<&str>) -> Result<()> {
    println!();
    println!("{}  {}", bold(example.title), dim(&shown(&example.source)));
    show_source(&example.source)?;
    for file in &example.beside {
        println!("  {}", dim(&format!("with {}", shown(file))));
        show_source(file)?;
    }
    for line in finished.output.trim_end().lines() {
        println!("  {} {}", cyan("▶"), cyan(line));
    }
    match fault {
        None => println!("  {} {}", green("✔"), dim(&duration(finished.time))),
        Some(fault) => println!("  {} {fault}", red("✘")),
    }
    Ok(())
}

fn shown(file: &Path) -> String {
    file.strip_prefix(paths::root())
        .unwrap_or(file)
        .display()
        .to_string()
}

fn show_source(file: &Path) -> Result<()> {
    for line in std::fs::read_to_string(file)?.trim_end().lines() {
        println!("  {} {line}", dim("│"));
    }
    Ok(())
}
