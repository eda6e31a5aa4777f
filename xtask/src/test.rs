//! `cargo xtask test`: Rust, JavaScript and Python tests and the examples, each counted; ends with a plain total.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::examples::{self, Example, Runner};
use crate::fixtures::Fixtures;
use crate::npm_programs::{Program, Suite};
use crate::paths::{self, Profile};
use crate::process::Finished;
use crate::python::Venv;
use crate::servers::{Absence, Servers};
use crate::terminal::{dim, duration, green, red, step};
use crate::{
    Arguments, apps, cargo, disk, fuzz, javascript, npm_programs, process, system, terminal, zeal,
};

const HELP: &str = "\
cargo xtask test [rust] [js] [npm] [real] [python] [apps] [mixed] [examples] [fuzz] [zeal] [--filter TEXT] [--full] [--release]

Runs the kinds of test that are named, or all:
  rust       every crate's tests (by cargo-nextest if it is installed) and documentation tests
  js         tests/js/{web,node}/*.test.mjs and tests/both, each a program for `twinloop`; FIXTURES holds the local servers' addresses as JSON
  npm        tests/npm: packages from npm, each used by a program that must print what it prints on Node
  real       tests/real: the same against real servers, which are installed if this kind is named (or CI is set), and skipped otherwise
  python     tests/py and tests/both by pytest, on `python3` and the newest other CPython up to 3.13 that is on PATH or under pyenv
  apps       tests/apps: the applications of examples/apps, in browsers and against servers, which are installed as those of `real`
  mixed      tests/mixed: programs over packages of both languages, with servers as `apps`
  examples   examples/ and crates/twinloop/examples, whose output must be what examples/expected says
  fuzz       only if it is named, or with --full: every target of `cargo xtask fuzz` for a minute
  zeal       only if it is named, or with --full: what holds JavaScript values, with the engine's debug build and collections at
             every turn (half an hour; the build is looked for like the ordinary one, and skipped if it cannot be had)

  --filter TEXT   only tests (js: files) whose name contains TEXT
  --full          the long ones too (TWINLOOP_FULL=1; otherwise they skip themselves), on each CPython from 3.11 to 3.13, fuzz and zeal
  --release       test the optimised build
  --node PROGRAM  instead of testing npm or real, write down what Node prints

The last line is `N passed, N failed, N skipped`.
";

/// The longest that one JavaScript file may take, and one Python suite; `Session` can give files longer.
pub(crate) const FILE_LIMIT: Duration = Duration::from_secs(180);
const SUITE_LIMIT: Duration = Duration::from_secs(1200);

/// What was counted.
#[derive(Default, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Tally {
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    /// One test that could not be run.
    pub(crate) fn skipped() -> Tally {
        Tally {
            skipped: 1,
            ..Tally::default()
        }
    }

    pub(crate) fn one(passed: bool) -> Tally {
        Tally {
            passed: usize::from(passed),
            failed: usize::from(!passed),
            skipped: 0,
        }
    }
}

/// What to test.
pub(crate) struct Plan {
    kinds: Vec<String>,
    filter: Option<String>,
    full: bool,
    profile: Profile,
    /// The Node whose output is to be kept for the programs of npm.
    node: Option<PathBuf>,
}

impl Plan {
    /// Everything but the long tests.
    pub(crate) fn everything() -> Plan {
        Plan {
            kinds: Vec::new(),
            filter: None,
            full: false,
            profile: Profile::Dev,
            node: None,
        }
    }

    fn has(&self, kind: &str) -> bool {
        self.kinds.is_empty() || self.kinds.iter().any(|wanted| wanted == kind)
    }

    /// Whether a kind of the long tests is wanted: by its name, or with everything else that is long.
    fn has_long(&self, kind: &str) -> bool {
        self.kinds.iter().any(|wanted| wanted == kind) || (self.full && self.kinds.is_empty())
    }

    /// Databases and browsers are no tools that a person expects to be installed by a test of something else.
    fn may_install(&self) -> bool {
        !self.kinds.is_empty() || disk::is_used_once()
    }

    /// Only tests whose name contains this.
    pub(crate) fn filter(&self) -> Option<&str> {
        self.filter.as_deref()
    }

    pub(crate) fn matches(&self, name: &str) -> bool {
        self.filter
            .as_ref()
            .is_none_or(|filter| name.contains(filter))
    }
}

pub(crate) fn command(mut arguments: Arguments) -> Result<()> {
    let mut plan = Plan::everything();
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("help") | lexopt::Arg::Short('h') => {
                print!("{HELP}");
                return Ok(());
            }
            lexopt::Arg::Long("filter") => {
                plan.filter = Some(arguments.value()?.to_string_lossy().into_owned())
            }
            lexopt::Arg::Long("full") => plan.full = true,
            lexopt::Arg::Long("release") => plan.profile = Profile::Release,
            lexopt::Arg::Long("node") => plan.node = Some(arguments.value()?.into()),
            lexopt::Arg::Value(kind)
                if [
                    "rust", "js", "npm", "real", "python", "apps", "mixed", "examples", "fuzz",
                    "zeal",
                ]
                .iter()
                .any(|known| kind == *known) =>
            {
                plan.kinds.push(kind.to_string_lossy().into_owned());
            }
            other => return Err(other.unexpected().into()),
        }
    }
    test(&plan)
}

/// Runs the plan; fails if a test failed.
pub(crate) fn test(plan: &Plan) -> Result<()> {
    system::provide(&system::BUILD)?;
    let mut total = Tally::default();
    if plan.has("rust") {
        total.add(rust(plan)?);
        disk::give_back_test_programs(plan.profile);
    }
    if let Some(node) = &plan.node {
        return keep(plan, node);
    }
    if ["js", "npm", "real", "python", "apps", "mixed", "examples"]
        .iter()
        .any(|kind| plan.has(kind))
    {
        cargo::build(plan.profile)?;
        let session = Session {
            plan,
            fixtures: Fixtures::start(&plan.profile.artifact("twinloop-fixtures"), None)?,
            twinloop: plan.profile.artifact("twinloop"),
            environment: Vec::new(),
            file_limit: FILE_LIMIT,
        };
        if plan.has("js") {
            total.add(session.javascript(|_| true)?);
        }
        if plan.has("npm") {
            total.add(session.npm()?);
            disk::give_back(&Suite::Npm.place());
        }
        if plan.has("real") {
            total.add(session.real()?);
            disk::give_back(&Suite::Real.place());
        }
        if plan.has("examples") {
            total.add(session.examples_without_python()?);
        }
        if plan.has("apps") {
            total.add(session.apps()?);
        }
        if plan.has("mixed") {
            total.add(session.mixed()?);
        }
        if plan.has("python") || plan.has("examples") {
            let venvs = if plan.full {
                Venv::all()?
            } else {
                Venv::outermost()?
            };
            for venv in venvs {
                total.add(session.python_version(&venv)?);
            }
        }
    }
    if plan.has_long("fuzz") {
        total.add(fuzz::every_target(plan)?);
    }
    if plan.has_long("zeal") {
        total.add(zeal::zeal(plan)?);
    }
    println!(
        "\n{} passed, {} failed, {} skipped",
        total.passed, total.failed, total.skipped
    );
    if total.failed > 0 {
        bail!("{} tests failed", total.failed);
    }
    Ok(())
}

pub(crate) fn show_line(line: &str) {
    println!("{line}");
}

fn rust(plan: &Plan) -> Result<Tally> {
    step("Rust tests");
    let has_nextest = process::find("cargo-nextest").is_some();
    let mut total = Tally::default();
    let mut run = |words: &[&str]| -> Result<()> {
        let mut command = cargo::cargo(words[0])?;
        command.args(&words[1..]);
        // The extension module links against the interpreter that loads it, so it is no test program; only PyO3 is built
        // otherwise without it, to link against the library of Python.
        command.args(["--workspace", "--exclude", "twinloop-native"]);
        command.args(plan.profile.words());
        if plan.full {
            command.env("TWINLOOP_FULL", "1");
        }
        command.args(plan.filter.iter());
        let finished = process::gather(&mut command, SUITE_LIMIT * 2, show_line)?;
        total.add(cargo_tally(&finished));
        Ok(())
    };
    if has_nextest {
        run(&["nextest", "run", "--no-fail-fast", "--no-tests", "pass"])?;
        run(&["test", "--doc", "--no-fail-fast"])?;
    } else {
        run(&["test", "--no-fail-fast"])?;
    }
    Ok(total)
}

/// The programs of `tests/real` that are wanted, and the servers that they need.
fn with_servers(plan: &Plan) -> Result<(Vec<Program>, Servers)> {
    let mut programs = npm_programs::provide(Suite::Real)?;
    programs.retain(|program| plan.matches(&program.name));
    let needed: Vec<&str> = programs
        .iter()
        .flat_map(|program| program.servers.iter().map(String::as_str))
        .collect();
    let servers = Servers::start(&needed, plan.may_install())?;
    Ok((programs, servers))
}

/// Writes down what programs print on Node.
fn keep(plan: &Plan, node: &Path) -> Result<()> {
    if plan.has("npm") {
        let programs = npm_programs::provide(Suite::Npm)?;
        let wanted = programs
            .iter()
            .filter(|program| plan.matches(&program.name));
        npm_programs::keep(&wanted.collect::<Vec<_>>(), node, None)?;
    }
    if plan.has("real") {
        let (programs, servers) = with_servers(plan)?;
        npm_programs::keep(&programs.iter().collect::<Vec<_>>(), node, Some(&servers))?;
    }
    Ok(())
}

/// What a run of cargo test or nextest counted.
pub(crate) fn cargo_tally(finished: &Finished) -> Tally {
    let mut counted = cargo_counts(&finished.output);
    // A crate that does not compile, or a test program that dies, prints no count.
    if !finished.success() && counted.failed == 0 {
        println!("{} cargo: {}", red("✘"), finished.how());
        counted.failed = 1;
    }
    counted
}

/// Adds up the lines `test result: ...` of cargo test and `Summary [...] ...` of nextest. Nextest shows what a test printed with
/// blanks before it, and its own summary too, so only a line of cargo test stands at the margin.
fn cargo_counts(output: &str) -> Tally {
    let mut total = Tally::default();
    for line in output.lines() {
        if line.starts_with("test result:") || line.trim_start().starts_with("Summary [") {
            let line = line
                .replace("ignored", "skipped")
                .replace("timed out", "failed");
            total.add(Tally {
                passed: number_before(&line, "passed"),
                failed: number_before(&line, "failed"),
                skipped: number_before(&line, "skipped"),
            });
        }
    }
    total
}

/// The sum of the numbers that stand before `word`.
fn number_before(line: &str, word: &str) -> usize {
    let words: Vec<&str> = line
        .split([' ', ',', ';', '(', ')', '='])
        .filter(|part| !part.is_empty())
        .collect();
    words
        .windows(2)
        .filter(|pair| pair[1] == word)
        .filter_map(|pair| pair[0].parse::<usize>().ok())
        .sum()
}

/// What the tests of the built programs share.
pub(crate) struct Session<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) fixtures: Fixtures,
    pub(crate) twinloop: PathBuf,
    /// Further variables that every test program sees.
    pub(crate) environment: Vec<(&'static str, OsString)>,
    /// The longest that one JavaScript file may take.
    pub(crate) file_limit: Duration,
}

impl Session<'_> {
    /// The environment that every test program sees.
    fn environment(&self, command: &mut Command) {
        command
            .env("FIXTURES", self.fixtures.addresses.to_string())
            .env("TWINLOOP", &self.twinloop)
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        if self.plan.full {
            command.env("TWINLOOP_FULL", "1");
        }
    }

    /// The files of tests/js and tests/both that `wanted` lets through.
    pub(crate) fn javascript(&self, wanted: fn(&str) -> bool) -> Result<Tally> {
        step("JavaScript tests");
        let mut total = Tally::default();
        for file in javascript_files()? {
            let name = file
                .strip_prefix(paths::root())
                .unwrap_or(&file)
                .display()
                .to_string();
            if !self.plan.matches(&name) || !wanted(&name) {
                continue;
            }
            let mut command = Command::new(&self.twinloop);
            command
                .arg("--ca-file")
                .arg(self.fixtures.text("ca_file"))
                .args(self.fixtures.redirections())
                .arg(&file);
            self.environment(&mut command);
            let finished =
                process::gather(command.current_dir(paths::root()), self.file_limit, |_| {})?;
            // Warnings may come after the total, on the other stream.
            let mut counted = javascript_tally(&finished.printed);
            if counted == Tally::default() || (!finished.success() && counted.failed == 0) {
                counted.failed += 1;
            }
            let summary = format!(
                "{} passed, {} failed, {} skipped",
                counted.passed, counted.failed, counted.skipped
            );
            if counted.failed > 0 {
                println!(
                    "{} {name}: {summary}; {}\n{}",
                    red("✘"),
                    finished.how(),
                    finished.output.trim_end()
                );
            } else {
                println!(
                    "{} {name}: {summary} {}",
                    green("✔"),
                    dim(&duration(finished.time))
                );
            }
            total.add(counted);
        }
        Ok(total)
    }

    /// The programs that use packages from npm.
    fn npm(&self) -> Result<Tally> {
        step("Packages from npm");
        let mut total = Tally::default();
        for program in npm_programs::provide(Suite::Npm)? {
            if self.plan.matches(&program.name) {
                total.add(self.npm_program(&program, None)?);
            }
        }
        Ok(total)
    }

    /// Those that use them against real servers.
    fn real(&self) -> Result<Tally> {
        step("Packages from npm against real servers");
        let (programs, servers) = with_servers(self.plan)?;
        let mut total = Tally::default();
        for program in &programs {
            total.add(match servers.absence(&program.servers) {
                None => self.npm_program(program, Some(&servers))?,
                Some(Absence { reason, is_fault }) if is_fault => {
                    println!("{} {}\n{reason}", red("✘"), program.name);
                    Tally::one(false)
                }
                Some(Absence { reason, .. }) => {
                    println!("- {} is skipped: {reason}", program.name);
                    Tally::skipped()
                }
            });
        }
        Ok(total)
    }

    fn npm_program(&self, program: &Program, servers: Option<&Servers>) -> Result<Tally> {
        let finished = program.run(&self.twinloop, servers)?;
        let fault = program.fault(&finished);
        let name = &program.name;
        match &fault {
            None => println!("{} {name} {}", green("✔"), dim(&duration(finished.time))),
            Some(fault) => println!("{} {name}\n{fault}", red("✘")),
        }
        Ok(Tally::one(fault.is_none()))
    }

    fn examples_without_python(&self) -> Result<Tally> {
        step("Examples in JavaScript and Rust");
        let venv = Venv::default()?;
        let runner = self.runner(&venv);
        let mut programs = examples::programs()?;
        programs.retain(|example| !example.needs_python());
        programs.extend(examples::rust_programs()?);
        self.run_examples(&runner, &programs)
    }

    /// The applications, with the browser and the servers that are there.
    fn apps(&self) -> Result<Tally> {
        step("Applications");
        let venv = Venv::default()?;
        venv.provide("test.txt")?;
        venv.install_package(self.plan.profile)?;
        apps::provide(&venv)?;
        if self.plan.may_install()
            && let Err(error) = system::provide(&system::APPS)
        {
            terminal::note(&format!("{error:#}"));
        }
        let servers = ["mariadb", "nats", "postgresql", "redis"];
        self.pytest_with(&venv, "tests/apps", &servers)
    }

    /// The programs over packages of both languages.
    fn mixed(&self) -> Result<Tally> {
        step("Packages of both languages");
        javascript::packages_of_both_languages()?;
        // An environment of its own: its list has a version of each package, also of those that other tests want newer.
        let venv = Venv::named("venv-mixed", None)?;
        let list = paths::root().join("tests/mixed/requirements.txt");
        venv.provide_list(&list, "mixed.txt")?;
        venv.install_package(self.plan.profile)?;
        self.pytest_with(&venv, "tests/mixed", &["postgresql", "redis"])
    }

    /// The Python tests below `folder`, and the servers that they need: one that is there and does not start has failed.
    fn pytest_with(&self, venv: &Venv, folder: &str, needed: &[&str]) -> Result<Tally> {
        let servers = Servers::start(needed, self.plan.may_install())?;
        let mut total = self.pytest(venv, &[folder], Some(&servers))?;
        for name in needed {
            if let Some(Absence { reason, is_fault }) = servers.absence(&[(*name).to_owned()])
                && is_fault
            {
                println!("{} {reason}", red("✘"));
                total.add(Tally::one(false));
            }
        }
        Ok(total)
    }

    /// The package's tests and the examples on one Python version.
    fn python_version(&self, venv: &Venv) -> Result<Tally> {
        step(&format!("Python {}", venv.interpreter.version()));
        venv.provide("test.txt")?;
        venv.install_package(self.plan.profile)?;
        let mut total = Tally::default();
        if self.plan.has("python") {
            total.add(self.pytest(venv, &["tests/py", "tests/both"], None)?);
        }
        if self.plan.has("examples") {
            let mut programs = examples::programs()?;
            programs.retain(Example::needs_python);
            total.add(self.run_examples(&self.runner(venv), &programs)?);
        }
        Ok(total)
    }

    /// The Python tests below `folders`, with the addresses of the servers that they need.
    pub(crate) fn pytest(
        &self,
        venv: &Venv,
        folders: &[&str],
        servers: Option<&Servers>,
    ) -> Result<Tally> {
        let mut command = Command::new(venv.python());
        command.args(["-m", "pytest", "-q", "--color=no", "-p", "no:cacheprovider"]);
        command.args(folders);
        if let Some(filter) = &self.plan.filter {
            command.args(["-k", filter]);
        }
        self.environment(&mut command);
        if let Some(servers) = servers {
            command.env("SERVERS", servers.addresses().to_string());
        }
        let finished = process::gather(command.current_dir(paths::root()), SUITE_LIMIT, show_line)?;
        let mut counted = pytest_tally(&finished.output);
        // Exit status 5: nothing was selected.
        let nothing = finished
            .status
            .is_some_and(|status| status.code() == Some(5));
        if !finished.success() && counted.failed == 0 && !nothing {
            println!("{} pytest: {}", red("✘"), finished.how());
            counted.failed = 1;
        }
        Ok(counted)
    }

    fn runner<'a>(&'a self, venv: &'a Venv) -> Runner<'a> {
        Runner {
            twinloop: &self.twinloop,
            fixtures: &self.fixtures,
            venv,
            profile: self.plan.profile,
        }
    }

    fn run_examples(&self, runner: &Runner<'_>, examples: &[Example]) -> Result<Tally> {
        let mut total = Tally::default();
        for example in examples {
            let name = example
                .source
                .strip_prefix(paths::root())
                .unwrap_or(&example.source)
                .display()
                .to_string();
            if !self.plan.matches(&name) {
                continue;
            }
            let finished = runner.run(example)?;
            let fault = examples::fault(example, &finished);
            total.add(Tally::one(fault.is_none()));
            match fault {
                None => println!("{} {name} {}", green("✔"), dim(&duration(finished.time))),
                Some(fault) => println!(
                    "{} {name}\n{}\n{fault}",
                    red("✘"),
                    finished.output.trim_end()
                ),
            }
        }
        Ok(total)
    }
}

fn javascript_files() -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![
        paths::root().join("tests/js"),
        paths::root().join("tests/both"),
    ];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(".test.mjs") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// The harness's last line is `N passed, N failed`; each skipped test has a line of its own.
fn javascript_tally(output: &str) -> Tally {
    let last = output.trim_end().lines().last().unwrap_or_default();
    Tally {
        passed: number_before(last, "passed"),
        failed: number_before(last, "failed"),
        skipped: output
            .lines()
            .filter(|line| line.starts_with("skipped: "))
            .count(),
    }
}

/// pytest's last line: `2 failed, 10 passed, 1 skipped, 1 error in 0.5s`.
fn pytest_tally(output: &str) -> Tally {
    let last = output.trim_end().lines().last().unwrap_or_default();
    let count = |words: &[&str]| words.iter().map(|word| number_before(last, word)).sum();
    Tally {
        passed: count(&["passed", "xfailed"]),
        failed: count(&["failed", "error", "errors", "xpassed"]),
        skipped: count(&["skipped"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_of_every_tool_are_understood() {
        let cargo = "test result: FAILED. 8 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out\n\
                     test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured\n";
        assert_eq!(
            cargo_counts(cargo),
            Tally {
                passed: 11,
                failed: 1,
                skipped: 2
            }
        );
        let nextest = "    test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured\n     Summary [   0.471s] 12 tests run: 10 passed (1 slow), 1 failed, 1 timed out, 4 skipped\n";
        assert_eq!(
            cargo_counts(nextest),
            Tally {
                passed: 10,
                failed: 2,
                skipped: 4
            }
        );
        assert_eq!(
            pytest_tally("x\n1 failed, 10 passed, 2 skipped, 1 error in 0.50s\n"),
            Tally {
                passed: 10,
                failed: 2,
                skipped: 2
            }
        );
        assert_eq!(
            javascript_tally("skipped: a (b)\n3 passed, 1 failed\n"),
            Tally {
                passed: 3,
                failed: 1,
                skipped: 1
            }
        );
    }

    #[test]
    fn a_program_that_dies_before_its_total_counts_nothing() {
        assert_eq!(
            javascript_tally("TypeError: x is undefined\n    at y\n"),
            Tally::default()
        );
    }
}
