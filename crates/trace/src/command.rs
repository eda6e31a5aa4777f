//! The command line of `twinloop trace`: the program as a child whose environment names a folder for its records; afterwards what is made of them.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::{Arc, OnceLock};

use twinloop_loop::signals;
use twinloop_loop::trace::{FOLDER_VARIABLE, LIMIT_VARIABLE, USUAL_LIMIT};

use crate::findings::{self, Findings};
use crate::recording::Recording;
use crate::{chrome, page};

/// What `--help` prints.
const HELP: &str = "\
Run a program and show what its event loop did.

Usage: twinloop trace [-o FILE] [--slow MS] [--limit RECORDS] [OPTIONS] FILE [ARGUMENTS...]

FILE and OPTIONS are those of twinloop: a program in JavaScript, TypeScript or Python, -m MODULE, -e CODE, serve APP.

  -o, --output FILE   where to write (trace.html): a page if it ends in .html, the format of
                      chrome://tracing and ui.perfetto.dev if it ends in .json; repeatable
      --slow MS       what kept the loop for so long blocked it (20)
      --limit N       how many records each loop keeps, the newest; 40 bytes each (500000)
  -h, --help          print this

The exit status is the program's. Whatever ended it, Ctrl-C too, the trace is written.
";

/// The status of a wrong command line, as for other interpreters.
const USAGE_ERROR: i32 = 2;

struct Settings {
    outputs: Vec<PathBuf>,
    slow_ms: f64,
    limit: usize,
    program: Vec<OsString>,
}

/// Runs `twinloop trace` with these words; `start` is the command that runs a program. Gives the exit status.
pub fn run(words: &[OsString], start: &[OsString]) -> i32 {
    let settings = match parse(words) {
        Ok(Some(settings)) => settings,
        Ok(None) => {
            print!("{HELP}");
            return 0;
        }
        Err(message) => return refuse(&message),
    };
    match trace(&settings, start) {
        Ok(status) => status,
        Err(message) => refuse(&message),
    }
}

fn refuse(message: &str) -> i32 {
    eprintln!("twinloop trace: {message}");
    USAGE_ERROR
}

fn parse(words: &[OsString]) -> Result<Option<Settings>, String> {
    let mut settings = Settings {
        outputs: Vec::new(),
        slow_ms: 20.0,
        limit: USUAL_LIMIT,
        program: Vec::new(),
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let text = word.to_string_lossy();
        let (name, given) = match text.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name, Some(value)),
            _ => (&*text, None),
        };
        let mut value = || match given {
            Some(value) => Ok(OsString::from(value)),
            None => words
                .next()
                .cloned()
                .ok_or_else(|| format!("{name} needs a value")),
        };
        match name {
            "-h" | "--help" => return Ok(None),
            "-o" | "--output" => {
                let path = PathBuf::from(value()?);
                let is_known = path
                    .extension()
                    .is_some_and(|it| it == "html" || it == "json");
                if !is_known {
                    return Err(format!("{} should end in .html or .json", path.display()));
                }
                settings.outputs.push(path);
            }
            "--slow" => settings.slow_ms = number(name, &value()?, 0.0)?,
            "--limit" => settings.limit = number(name, &value()?, 1000.0)? as usize,
            _ => {
                settings.program.push(word.clone());
                settings.program.extend(words.cloned());
                break;
            }
        }
    }
    if settings.program.is_empty() {
        return Err("no program is named; twinloop trace --help says how".to_owned());
    }
    if settings.outputs.is_empty() {
        settings.outputs.push("trace.html".into());
    }
    Ok(Some(settings))
}

fn number(name: &str, value: &OsString, least: f64) -> Result<f64, String> {
    let text = value.to_string_lossy();
    let number = text
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite() && *number >= least);
    number.ok_or_else(|| format!("{name} needs a number, {least} at least, not {text:?}"))
}

fn trace(settings: &Settings, start: &[OsString]) -> Result<i32, String> {
    // Found out now, not when the program has run for an hour.
    let outputs: Result<Vec<File>, String> =
        (settings.outputs.iter()).map(|path| create(path)).collect();
    let outputs = outputs?;
    let folder =
        Folder::make().map_err(|error| format!("cannot make a folder for the records: {error}"))?;
    let status = run_program(settings, start, &folder.0)?;
    let recording = Recording::read(&folder.0)
        .map_err(|error| format!("cannot read the records in {}: {error}", folder.0.display()))?;
    let findings = findings::find(&recording, (settings.slow_ms * 1e6) as u64);
    for (path, file) in settings.outputs.iter().zip(outputs) {
        let mut output = BufWriter::new(file);
        let written = match path.extension().is_some_and(|it| it == "json") {
            true => chrome::write(&recording, &mut output),
            false => page::write(&recording, &findings, &mut output),
        };
        written
            .and_then(|()| output.flush())
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    report(settings, &recording, &findings);
    Ok(exit_status(status))
}

fn create(path: &Path) -> Result<File, String> {
    File::create(path).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

fn run_program(
    settings: &Settings,
    start: &[OsString],
    folder: &Path,
) -> Result<ExitStatus, String> {
    let (program, first) = start
        .split_first()
        .ok_or("there is no command that runs programs")?;
    let mut command = Command::new(program);
    command.args(first).args(&settings.program);
    command.env(FOLDER_VARIABLE, folder);
    command.env(LIMIT_VARIABLE, settings.limit.to_string());
    // Before the child is there, so that no signal is missed.
    let child = Arc::new(OnceLock::new());
    let pass_on = |signal: i32| {
        let child: Arc<OnceLock<i32>> = Arc::clone(&child);
        move || {
            // A terminal sends Ctrl-C to the program too; twice is another thing than once.
            if signal == signals::INTERRUPT && terminal_interrupts() {
                return;
            }
            if let Some(pid) = child.get() {
                let _ = twinloop_loop::kill(*pid, signal);
            }
        }
    };
    let signals = [signals::INTERRUPT, signals::TERMINATE, signals::HANG_UP];
    let watches: Result<Vec<_>, io::Error> = (signals.iter())
        .map(|signal| signals::watch(*signal, pass_on(*signal)))
        .collect();
    let _watches = watches.map_err(|error| format!("cannot watch signals: {error}"))?;
    let mut running = command
        .spawn()
        .map_err(|error| format!("cannot run {}: {error}", program.to_string_lossy()))?;
    let _ = child.set(running.id().cast_signed());
    running
        .wait()
        .map_err(|error| format!("cannot wait for the program: {error}"))
}

/// Whether this process is in the foreground of its terminal.
fn terminal_interrupts() -> bool {
    let foreground = rustix::termios::tcgetpgrp(io::stdin());
    foreground.is_ok_and(|group| group == rustix::process::getpgrp())
}

/// As a shell tells it.
fn exit_status(status: ExitStatus) -> i32 {
    let signal = status.signal().map(|signal| 128 + signal);
    status.code().or(signal).unwrap_or(1)
}

fn report(settings: &Settings, recording: &Recording, findings: &Findings) {
    let paths: Vec<String> = (settings.outputs.iter())
        .map(|path| path.display().to_string())
        .collect();
    let mut text = format!("\ntwinloop trace: {}", paths.join(", "));
    if recording.loops.is_empty() {
        eprintln!("{text}: no event loop of Twinloop ran in this program");
        return;
    }
    text.push_str(&format!(
        ": {} bars of {} turns in {}, of which the loop was busy {}\n",
        recording.bars(),
        findings.turns,
        shown(findings.span),
        shown(findings.busy)
    ));
    const SHOWN: usize = 5;
    for each in findings.blocked.iter().take(SHOWN) {
        let hottest = each.hottest.as_ref().filter(|place| **place != each.title);
        let at = hottest.map_or(String::new(), |place| format!(", at {}", place.shown()));
        text.push_str(&format!(
            "  blocked {}: {}{at}: {}\n",
            shown(each.nanoseconds),
            each.title.shown(),
            each.advice
        ));
    }
    if findings.blocked.len() > SHOWN {
        text.push_str(&format!("  and {} more\n", findings.blocked.len() - SHOWN));
    }
    for warning in &findings.warnings {
        text.push_str(&format!("  note: {warning}\n"));
    }
    eprint!("{text}");
}

/// A duration for people.
pub(crate) fn shown(nanoseconds: u64) -> String {
    match nanoseconds {
        0..10_000 => format!("{nanoseconds} ns"),
        10_000..1_000_000 => format!("{:.0} us", nanoseconds as f64 / 1e3),
        1_000_000..10_000_000 => format!("{:.1} ms", nanoseconds as f64 / 1e6),
        10_000_000..10_000_000_000 => format!("{:.0} ms", nanoseconds as f64 / 1e6),
        _ => format!("{:.1} s", nanoseconds as f64 / 1e9),
    }
}

/// A folder of this run's, removed with what is in it.
struct Folder(PathBuf);

impl Folder {
    fn make() -> io::Result<Folder> {
        // Memory, where there is such a folder: the records are written while the program runs.
        let base = [PathBuf::from("/dev/shm"), std::env::temp_dir()];
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for base in base {
            for attempt in 0..100 {
                let name = format!("twinloop-trace-{}-{attempt}", std::process::id());
                let path = base.join(name);
                match std::fs::DirBuilder::new().mode(0o700).create(&path) {
                    Ok(()) => return Ok(Folder(path)),
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
                    Err(error) => {
                        last = error;
                        break;
                    }
                }
            }
        }
        Err(last)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Result<Option<Settings>, String> {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        parse(&words)
    }

    #[test]
    fn what_is_not_of_the_trace_is_the_programs() {
        let settings = parsed(&[
            "-o",
            "a.json",
            "--slow=5",
            "--no-warnings",
            "app.js",
            "-o",
            "x",
        ])
        .unwrap()
        .unwrap();
        assert_eq!(settings.outputs, [PathBuf::from("a.json")]);
        assert_eq!(settings.slow_ms, 5.0);
        assert_eq!(settings.program, ["--no-warnings", "app.js", "-o", "x"]);
        assert_eq!(
            parsed(&["a"]).unwrap().unwrap().outputs,
            [PathBuf::from("trace.html")]
        );
        assert!(parsed(&["--help", "x"]).unwrap().is_none());
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (words, part) in [
            (&["-o"][..], "-o needs a value"),
            (&["-o", "a.txt", "x"], "a.txt should end in"),
            (&["--slow", "fast", "x"], "not \"fast\""),
            (&[], "no program"),
        ] {
            let Err(message) = parsed(words) else {
                panic!("{words:?} was taken");
            };
            assert!(message.contains(part), "{message}");
        }
    }
}
