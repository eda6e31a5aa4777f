//! `cargo xtask engine`: SpiderMonkey as browsers build it, optimised by a profile of what programs do in it.
//!
//! Clang builds the engine so that it counts, the project's own benchmarks and suites run on that, and the counts tell a second build
//! which paths are hot: what is inlined, how code is laid out, which virtual call goes where. Code that the JIT makes is not affected.
//!
//! The command `twinloop` leaves by `_exit`, which runs no handler that would write the counts. The training's link puts a function of
//! its own in between (`--wrap`), so the product has nothing of this in it. `docs/design/engine.md` has the figures.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::{Build, from_source, host, keep_archive, kept, release};
use crate::fixtures::Fixtures;
use crate::process;
use crate::python::Venv;
use crate::terminal::{note, step};
use crate::test::{FILE_LIMIT, Plan, Session};
use crate::{Arguments, paths, system};

const HELP: &str = "\
cargo xtask engine

Builds SpiderMonkey from source, optimised by a profile (about an hour on two cores):
  1. a build that counts, by clang
  2. training: twinloop and the Python package on that build run the benchmarks (api, bridge, compute, microtasks, fetch, startup) and
     the suites of JavaScript and of the bridge
  3. the build that uses the counts

The archive is put where `cargo xtask setup` looks for it (the user's cache folder), and its path is printed. What the steps leave is in
target/engine, may be deleted, and makes a second run shorter.
";

/// What is called at the end of a process of the training.
const WRITES_AT_EXIT: &str = "\
int __llvm_profile_write_file(void);
_Noreturn void __real__exit(int status);

_Noreturn void __wrap__exit(int status) {
  __llvm_profile_write_file();
  __real__exit(status);
}
";

/// The longest that one program of the training may take; it is some times slower than the product.
const LIMIT: Duration = Duration::from_secs(600);

/// Suites that spend their time on a hundred thousand of the same, which would count for more than all the rest.
const TOO_MUCH: [&str; 3] = ["leaks.test.mjs", "format.test.mjs", "timers.test.mjs"];

/// How often an empty script and a hello are run: start-up is short, and counts as much as a second of anything else.
const STARTS: usize = 40;

pub(crate) fn command(mut arguments: Arguments) -> Result<()> {
    match arguments.next()? {
        None => engine(),
        Some(lexopt::Arg::Long("help") | lexopt::Arg::Short('h')) => {
            print!("{HELP}");
            Ok(())
        }
        Some(other) => Err(other.unexpected().into()),
    }
}

fn engine() -> Result<()> {
    system::provide(&system::BUILD)?;
    let (llvm, writer) = system::provide_profile_tools()?;
    let (release, host) = (release()?, host()?);
    let name = Build::Ordinary.published_name(&host);
    let folder = paths::target().join("engine");

    step("1 of 3: SpiderMonkey that counts");
    let instrumented = folder.join("instrumented");
    let flags = "-fprofile-generate";
    let archive = from_source(Build::Ordinary, &name, &llvm, &instrumented, flags)?;

    step("2 of 3: training");
    let trained = Trained::build(&folder, &archive, &llvm, &writer, &host)?;
    let counts = folder.join("counts");
    // Counts of an earlier build would belong to other code.
    let _ = std::fs::remove_dir_all(&counts);
    trained.run(&counts)?;
    let profile = folder.join("engine.profdata");
    merge(&llvm, &counts, &profile)?;

    step("3 of 3: SpiderMonkey that uses the counts");
    let profiled = folder.join("profiled");
    // The compiler's flags do not change with what is in the profile, so nothing would be compiled again.
    let _ = std::fs::remove_dir_all(&profiled);
    // Code that no program of the training reaches, and functions whose shape depends on the rest of the build, are no faults.
    let flags = format!(
        "-fprofile-use={} -Wno-profile-instr-unprofiled -Wno-profile-instr-out-of-date -Wno-backend-plugin",
        profile.display()
    );
    let made = from_source(Build::Ordinary, &name, &llvm, &profiled, &flags)?;
    let keep = kept(&release, &name);
    keep_archive(&made, &keep)?;
    println!("{}", keep.display());
    Ok(())
}

/// The product on the engine that counts.
struct Trained {
    /// The folder of the built programs.
    programs: PathBuf,
    /// A folder for PYTHONPATH with the package.
    package: PathBuf,
    venv: Venv,
}

impl Trained {
    fn build(
        folder: &Path,
        archive: &Path,
        llvm: &Path,
        writer: &Path,
        host: &str,
    ) -> Result<Trained> {
        let source = folder.join("writes_at_exit.c");
        let object = folder.join("writes_at_exit.o");
        std::fs::write(&source, WRITES_AT_EXIT).context("write the training's exit")?;
        let mut compile = Command::new(llvm.join("clang"));
        compile.args(["-O2", "-fPIC", "-c", "-o"]);
        process::run(compile.arg(&object).arg(&source))?;

        let target = folder.join("training");
        let flags = [
            "-Clink-arg=-Wl,--wrap=_exit".to_owned(),
            // Clang's own driver names this; here another one links.
            "-Clink-arg=-Wl,--undefined=__llvm_profile_runtime".to_owned(),
            format!("-Clink-arg={}", object.display()),
            format!("-Clink-arg={}", writer.display()),
        ];
        let mut build = Command::new("cargo");
        build
            .args(["build", "--workspace", "--lib", "--bins", "--release"])
            // With a target the flags are those of the programs alone, and not of build scripts too.
            .args(["--target", host])
            .current_dir(paths::root())
            .env("CARGO_TARGET_DIR", &target)
            .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"))
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
            .env("MOZJS_ARCHIVE", archive);
        process::run(&mut build)?;

        let programs = target.join(host).join("release");
        let venv = Venv::default()?;
        venv.provide("test.txt")?;
        let package = target.join("python");
        venv.copy_package(&programs.join("libtwinloop_native.so"), &package)?;
        Ok(Trained {
            programs,
            package,
            venv,
        })
    }

    /// Runs everything; each process adds its counts to files in `counts`.
    fn run(&self, counts: &Path) -> Result<()> {
        let plan = Plan::everything();
        let session = Session {
            plan: &plan,
            fixtures: Fixtures::start(&self.programs.join("twinloop-fixtures"), None)?,
            twinloop: self.programs.join("twinloop"),
            environment: self.environment(counts),
            file_limit: FILE_LIMIT,
        };
        let url = format!("http://{}/json1k", session.fixtures.text("http"));
        for _ in 0..STARTS {
            self.javascript(counts, &["empty.js"])?;
            self.javascript(counts, &["hello.js"])?;
        }
        self.javascript(counts, &["api.mjs", "20"])?;
        self.javascript(counts, &["microtasks.js"])?;
        self.javascript(counts, &["compute.mjs", "200"])?;
        self.javascript(counts, &["fetch.js", &url, "1", "2"])?;
        self.javascript(counts, &["fetch.js", &url, "64", "2"])?;
        self.python(counts, &["bridge.py", "twinloop", "20"])?;
        // A suite that fails here, for instance because the engine is slower, has trained all the same.
        session.javascript(|name| !TOO_MUCH.iter().any(|much| name.ends_with(much)))?;
        session.pytest(&self.venv, &["tests/py/bridge"], None)?;
        Ok(())
    }

    fn environment(&self, counts: &Path) -> Vec<(&'static str, OsString)> {
        vec![
            // Up to four processes at a time add to the files of a pool.
            ("LLVM_PROFILE_FILE", counts.join("%4m.profraw").into()),
            ("PYTHONPATH", self.package.clone().into()),
        ]
    }

    fn javascript(&self, counts: &Path, words: &[&str]) -> Result<()> {
        let command = Command::new(self.programs.join("twinloop"));
        self.train(counts, command, words)
    }

    fn python(&self, counts: &Path, words: &[&str]) -> Result<()> {
        self.train(counts, Command::new(self.venv.python()), words)
    }

    /// Runs a program of `bench/` with its arguments.
    fn train(&self, counts: &Path, mut command: Command, words: &[&str]) -> Result<()> {
        let (program, arguments) = words.split_first().context("a program to train on")?;
        command
            .arg(paths::root().join("bench").join(program))
            .args(arguments)
            .envs(self.environment(counts));
        let finished = process::gather(&mut command, LIMIT, |_| {})?;
        if !finished.success() {
            bail!("{program}: {}\n{}", finished.how(), finished.output);
        }
        if finished.time > Duration::from_secs(1) {
            note(&format!(
                "{program}: {}",
                crate::terminal::duration(finished.time)
            ));
        }
        Ok(())
    }
}

/// Makes one profile of what the processes left.
fn merge(llvm: &Path, counts: &Path, profile: &Path) -> Result<()> {
    let mut raw: Vec<PathBuf> = std::fs::read_dir(counts)
        .context("the training left no counts")?
        .flatten()
        .map(|entry| entry.path())
        .collect();
    raw.sort();
    if raw.is_empty() {
        bail!("the training left no counts in {}", counts.display());
    }
    let mut merge = Command::new(llvm.join("llvm-profdata"));
    process::run(merge.arg("merge").arg("-o").arg(profile).args(raw))
}
