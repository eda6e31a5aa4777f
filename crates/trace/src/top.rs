//! `twinloop top PID`: what a live process is at, read from what its loop writes once it was asked (`twinloop_loop::trace::attach`).

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use twinloop_loop::trace::{Kind, Record, SNAPSHOT, folder_of, top_signal};

use crate::command::shown;
use crate::recording::{LoopRecording, Recording};

const HELP: &str = "\
Show what the event loop of a running process is at.

Usage: twinloop top [--once] [--json] [--interval SECONDS] PID

The process is any of Twinloop's, in either language, of the same user; it needs no option of its own. While it is looked at it
records what it does, which costs it a few percent, and ends that some seconds after nobody looks.

  --once          print once, and end
  --json          print JSON, a line each time
  --interval S    how often to look (1)
  -h, --help      print this
";

const USAGE_ERROR: i32 = 2;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// What kept the loop for longer is told.
const SLOW_NS: u64 = 5_000_000;
/// As many lines of each kind.
const MOST: usize = 12;

struct Settings {
    process: u32,
    once: bool,
    json: bool,
    interval: Duration,
}

/// Runs `twinloop top` with these words; the exit status.
pub fn top(words: &[OsString]) -> i32 {
    let settings = match parse(words) {
        Ok(Some(settings)) => settings,
        Ok(None) => {
            print!("{HELP}");
            return 0;
        }
        Err(message) => {
            eprintln!("twinloop top: {message}");
            return USAGE_ERROR;
        }
    };
    match look(&settings) {
        Ok(()) => 0,
        Err(message) => {
            eprintln!("twinloop top: {message}");
            1
        }
    }
}

fn parse(words: &[OsString]) -> Result<Option<Settings>, String> {
    let (mut once, mut json, mut seconds, mut process) = (false, false, 1.0, None);
    let mut words = words.iter().map(|word| word.to_string_lossy());
    while let Some(word) = words.next() {
        match &*word {
            "-h" | "--help" => return Ok(None),
            "--once" => once = true,
            "--json" => json = true,
            "--interval" => {
                let value = words.next().unwrap_or_default();
                let number = value
                    .parse()
                    .ok()
                    .filter(|it: &f64| (0.1..=5.0).contains(it));
                seconds = number.ok_or(format!(
                    "--interval needs seconds from 0.1 to 5, not {value:?}"
                ))?;
            }
            other => {
                let number = other
                    .parse()
                    .ok()
                    .filter(|it: &u32| *it > 0 && process.is_none());
                process = Some(number.ok_or(format!("{other:?} is not the number of a process"))?);
            }
        }
    }
    let process =
        process.ok_or("it needs the number of a process; twinloop top --help says more")?;
    Ok(Some(Settings {
        process,
        once,
        json,
        interval: Duration::from_secs_f64(seconds),
    }))
}

fn look(settings: &Settings) -> Result<(), String> {
    let process = settings.process;
    let folder = Folder::make(process)?;
    // The first answer begins the recording, the second has something of it to tell.
    let mut before = ask(process, &folder.path)?;
    let mut seen = HashMap::new();
    loop {
        std::thread::sleep(settings.interval);
        let now = ask(process, &folder.path)?;
        let view = View::of(&folder.path, process, &before, &now, &mut seen);
        let text = if settings.json {
            format!("{}\n", view.json())
        } else {
            view.text()
        };
        let mut output = io::stdout();
        let clear = !settings.once && !settings.json && output.is_terminal();
        let start = if clear { "\x1b[H\x1b[J" } else { "" };
        if write!(output, "{start}{text}")
            .and_then(|()| output.flush())
            .is_err()
            || settings.once
        {
            return Ok(());
        }
        before = now;
    }
}

/// Asks the process and waits for its answer.
fn ask(process: u32, folder: &Path) -> Result<Value, String> {
    require_handler(process)?;
    let answer = folder.join(SNAPSHOT);
    let _ = std::fs::remove_file(&answer);
    twinloop_loop::kill_thread(process.cast_signed(), top_signal())
        .map_err(|error| format!("process {process} cannot be asked: {error}"))?;
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if let Ok(text) = std::fs::read_to_string(&answer) {
            return serde_json::from_str(&text)
                .map_err(|error| format!("process {process} answered something else: {error}"));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    require_handler(process)?;
    let seconds = PATIENCE.as_secs();
    Err(format!(
        "process {process} did not answer for {seconds} s: something keeps its loop, or its main thread runs none now"
    ))
}

/// Without a handler the signal would end the process.
fn require_handler(process: u32) -> Result<(), String> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))
        .map_err(|_| format!("there is no process {process}"))?;
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    if caught.unwrap_or(0) >> (top_signal() - 1) & 1 == 0 {
        return Err(format!("process {process} runs no event loop of Twinloop"));
    }
    Ok(())
}

/// The folder that the process writes to, removed with what is in it.
struct Folder {
    path: PathBuf,
}

impl Folder {
    fn make(process: u32) -> Result<Folder, String> {
        let owner = std::fs::metadata(format!("/proc/{process}"))
            .map_err(|_| format!("there is no process {process}"))?
            .uid();
        let path = folder_of(process, owner);
        let base = path.parent().unwrap_or(Path::new("/"));
        let failed = |what: &Path, error: io::Error| {
            format!("cannot make the folder {}: {error}", what.display())
        };
        match std::fs::DirBuilder::new().mode(0o700).create(base) {
            Ok(()) => give(base, owner).map_err(|error| failed(base, error))?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                require_private(base, owner)?
            }
            Err(error) => return Err(failed(base, error)),
        }
        // Of one who looked before and was killed.
        let _ = std::fs::remove_dir_all(&path);
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .and_then(|()| give(&path, owner))
            .map_err(|error| failed(&path, error))?;
        Ok(Folder { path })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
        // The last who looks leaves nothing.
        let _ = self.path.parent().map(std::fs::remove_dir);
    }
}

fn give(path: &Path, owner: u32) -> io::Result<()> {
    if rustix::process::geteuid().as_raw() == owner {
        return Ok(());
    }
    std::os::unix::fs::chown(path, Some(owner), None)
}

fn require_private(path: &Path, owner: u32) -> Result<(), String> {
    let found =
        std::fs::symlink_metadata(path).map_err(|error| format!("{}: {error}", path.display()))?;
    if found.is_dir() && found.uid() == owner && found.permissions().mode() & 0o077 == 0 {
        return Ok(());
    }
    Err(format!(
        "{} is not a folder of its owner's alone",
        path.display()
    ))
}

/// What is shown: between two answers.
struct View {
    process: u32,
    answer: Value,
    command: String,
    seconds: f64,
    turns: f64,
    entries: f64,
    busy: f64,
    /// The longest of all that were seen, the longest first.
    slow: Vec<(u64, String)>,
    /// Steps of tasks and chains in between, by their rows, the busiest first.
    lanes: Vec<(String, usize, u64)>,
}

impl View {
    fn of(
        folder: &Path,
        process: u32,
        before: &Value,
        now: &Value,
        seen: &mut HashMap<String, u64>,
    ) -> View {
        let number = |value: &Value, name: &str| value[name].as_u64().unwrap_or(0) as f64;
        let difference = |name: &str| number(now, name) - number(before, name);
        let seconds = (difference("age") / 1e9).max(1e-9);
        let idle = difference("idle") / 1e9;
        let (mut lanes, recording) = (HashMap::new(), Recording::read(folder).ok());
        let from = number(before, "clock") as u64;
        for each in recording.iter().flat_map(|all| &all.loops) {
            for bar in each.bars.iter().filter(|bar| bar.start >= from) {
                note(each, bar, seen, &mut lanes);
            }
        }
        let mut slow: Vec<_> = seen
            .iter()
            .map(|(title, longest)| (*longest, title.clone()))
            .collect();
        slow.sort_by(|a, b| b.cmp(a));
        let mut lanes: Vec<_> = (lanes.into_iter())
            .map(|(title, (steps, took))| (title, steps, took))
            .collect();
        lanes.sort_by_key(|(_, _, took)| std::cmp::Reverse(*took));
        View {
            process,
            command: command_of(process),
            seconds,
            turns: difference("turns") / seconds,
            entries: difference("entries") / seconds,
            busy: (1.0 - idle / seconds).clamp(0.0, 1.0),
            slow,
            lanes,
            answer: now.clone(),
        }
    }

    fn descriptors(&self) -> Vec<(u64, String)> {
        let known = self.answer["descriptors"].as_array().into_iter().flatten();
        known
            .filter_map(Value::as_u64)
            .map(|fd| {
                let target = std::fs::read_link(format!("/proc/{}/fd/{fd}", self.process));
                let target =
                    target.map_or("?".into(), |target| target.to_string_lossy().into_owned());
                (fd, target)
            })
            .collect()
    }

    fn languages(&self) -> &[Value] {
        self.answer["languages"]
            .as_array()
            .map_or(&[], Vec::as_slice)
    }

    fn json(&self) -> Value {
        let slow = self
            .slow
            .iter()
            .map(|(longest, title)| json!({ "ms": *longest as f64 / 1e6, "callback": title }));
        let lanes = self.lanes.iter().map(
            |(title, steps, took)| json!({ "name": title, "steps": steps, "ms": *took as f64 / 1e6 }),
        );
        let descriptors = self.descriptors().into_iter();
        let descriptors = descriptors.map(|(fd, target)| json!({ "fd": fd, "target": target }));
        json!({
            "process": self.process,
            "command": self.command,
            "seconds": self.seconds,
            "turnsPerSecond": self.turns,
            "callbacksPerSecond": self.entries,
            "busy": self.busy,
            "loop": {
                "ready": self.answer["ready"],
                "timers": self.answer["timers"],
                "nextTimerMs": self.answer["nextTimer"].as_f64().map(|next| next / 1e6),
                "operations": self.answer["futures"],
                "bytesReceived": self.answer["bytesReceived"],
                "bytesSent": self.answer["bytesSent"],
                "pool": self.answer["pool"],
            },
            "languages": self.languages(),
            "active": lanes.collect::<Vec<_>>(),
            "slow": slow.collect::<Vec<_>>(),
            "descriptors": descriptors.collect::<Vec<_>>(),
        })
    }

    fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string never fails.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        let answer = &self.answer;
        writeln!(text, "{} {}", self.process, self.command)?;
        writeln!(
            text,
            "busy {:.0} %, {:.0} turns/s, {:.0} callbacks/s, {} ready, {} timers{}, {} native operations",
            self.busy * 100.0,
            self.turns,
            self.entries,
            answer["ready"],
            answer["timers"],
            answer["nextTimer"]
                .as_u64()
                .map_or(String::new(), |next| format!(" (next in {})", shown(next))),
            answer["futures"],
        )?;
        let pool = &answer["pool"];
        writeln!(
            text,
            "blocking pool: {} threads, {} idle, {} pieces of work waiting",
            pool["threads"], pool["idle"], pool["waiting"]
        )?;
        for language in self.languages() {
            write_language(text, language)?;
        }
        if !self.lanes.is_empty() {
            writeln!(
                text,
                "\nACTIVE                                               STEPS      TIME"
            )?;
        }
        for (title, steps, took) in self.lanes.iter().take(MOST) {
            writeln!(
                text,
                "  {:<50} {steps:>6} {:>9}",
                cut(title, 50),
                shown(*took)
            )?;
        }
        if !self.slow.is_empty() {
            writeln!(
                text,
                "\nSLOW CALLBACKS                                                  LONGEST"
            )?;
        }
        for (longest, title) in self.slow.iter().take(MOST) {
            writeln!(text, "  {:<58} {:>10}", cut(title, 58), shown(*longest))?;
        }
        let descriptors = self.descriptors();
        writeln!(text, "\nDESCRIPTORS ({})", descriptors.len())?;
        for (fd, target) in descriptors.iter().take(MOST) {
            writeln!(text, "  {fd:>5} {target}")?;
        }
        Ok(())
    }
}

fn write_language(text: &mut String, language: &Value) -> std::fmt::Result {
    let name = language["language"].as_str().unwrap_or_default();
    if let Some(tasks) = language["tasks"].as_array() {
        writeln!(text, "\n{name}: {} tasks", tasks.len())?;
        for task in tasks.iter().take(2 * MOST) {
            let field = |name: &str| task[name].as_str().unwrap_or_default().to_owned();
            writeln!(
                text,
                "  {:<28} {:<34} {}",
                cut(&field("name"), 28),
                cut(&field("coroutine"), 34),
                field("waitsFor")
            )?;
            if let Some(at) = task["at"].as_str() {
                writeln!(text, "      at {at}")?;
            }
        }
    }
    if let Some(timers) = language["timers"].as_u64() {
        let immediates = language["immediates"].as_u64().unwrap_or(0);
        writeln!(
            text,
            "\n{name}: {timers} timers, {immediates} immediates that keep it alive"
        )?;
    }
    Ok(())
}

fn note(
    each: &LoopRecording,
    bar: &Record,
    seen: &mut HashMap<String, u64>,
    lanes: &mut HashMap<String, (usize, u64)>,
) {
    let took = bar.end - bar.start;
    if matches!(
        bar.kind,
        Kind::Turn | Kind::Wait | Kind::PoolWait | Kind::PoolRun
    ) {
        return;
    }
    if took >= SLOW_NS {
        let longest = seen.entry(each.title(bar).shown()).or_default();
        *longest = took.max(*longest);
    }
    if let Some(lane) = each.lanes.get(&bar.lane) {
        let (steps, sum) = lanes.entry(each.place(lane.name).shown()).or_default();
        *steps += 1;
        *sum += took;
    }
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let start: String = text.chars().take(most - 1).collect();
    format!("{start}…")
}

/// How the process was started.
fn command_of(process: u32) -> String {
    let words = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    let words = words.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    let mut text = words.collect::<Vec<_>>().join(" ");
    if let Some((start, _)) = text.split_once('\n') {
        text = format!("{start} ...");
    }
    cut(text.trim(), 120)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Result<Option<Settings>, String> {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        parse(&words)
    }

    #[test]
    fn a_process_is_named_by_its_number() {
        let settings = parsed(&["--once", "--json", "42", "--interval", "0.5"])
            .unwrap()
            .unwrap();
        assert!(settings.once && settings.json);
        assert_eq!(
            (settings.process, settings.interval),
            (42, Duration::from_millis(500))
        );
        assert!(parsed(&["--help"]).unwrap().is_none());
        for (words, part) in [
            (&[][..], "needs the number"),
            (&["app.js"], "\"app.js\" is not"),
            (&["1", "2"], "\"2\" is not"),
            (&["0"], "\"0\" is not"),
            (&["--interval", "9", "1"], "not \"9\""),
        ] {
            let Err(message) = parsed(words) else {
                panic!("{words:?} was taken");
            };
            assert!(message.contains(part), "{message}");
        }
    }
}
