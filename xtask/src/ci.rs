//! `cargo xtask ci`: what CI runs, and what a person runs before pushing.

use anyhow::Result;

use crate::{Arguments, conformance, lint, test};

const HELP: &str = "\
cargo xtask ci

Runs `cargo xtask lint`, `cargo xtask test` and the quick suite of `cargo xtask conformance`. `.ci/run` is this on a machine that has nothing yet.
";

pub(crate) fn command(mut arguments: Arguments) -> Result<()> {
    match arguments.next()? {
        None => {}
        Some(lexopt::Arg::Long("help") | lexopt::Arg::Short('h')) => {
            print!("{HELP}");
            return Ok(());
        }
        Some(other) => return Err(other.unexpected().into()),
    }
    // Both run, so that one push shows everything that is wrong.
    let linted = lint::lint();
    if let Err(error) = &linted {
        eprintln!("{} {error:#}", crate::terminal::red("lint:"));
    }
    test::test(&test::Plan::everything())?;
    conformance::quick()?;
    linted
}
