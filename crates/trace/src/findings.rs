//! What a recording says in words: what blocked the loop, with the line and what to do about it, and what else a reader should look at.

use std::collections::HashMap;

use twinloop_loop::trace::{Kind, Language, Record};

use crate::places::Place;
use crate::recording::{LoopRecording, Recording};

/// What the loop waited for in vain: nothing else ran meanwhile.
pub(crate) struct Blocked {
    /// Of the recording.
    pub(crate) loop_index: usize,
    /// The place of the bar among the loop's.
    pub(crate) bar_index: usize,
    pub(crate) nanoseconds: u64,
    pub(crate) title: Place,
    /// Where it was most of the time, if it was looked at.
    pub(crate) hottest: Option<Place>,
    /// How often it was there, of how many looks.
    pub(crate) looks: (usize, usize),
    pub(crate) advice: String,
}

/// The whole of it.
pub(crate) struct Findings {
    /// The longest first.
    pub(crate) blocked: Vec<Blocked>,
    pub(crate) warnings: Vec<String>,
    /// From the first bar to the last, in nanoseconds; of the loop that has most.
    pub(crate) span: u64,
    pub(crate) busy: u64,
    pub(crate) turns: u64,
    pub(crate) entries: u64,
}

/// More than these are not listed.
const MOST: usize = 200;

/// Looks a recording through; a bar is slow from `slow` nanoseconds on.
pub(crate) fn find(recording: &Recording, slow: u64) -> Findings {
    let mut findings = Findings {
        blocked: Vec::new(),
        warnings: Vec::new(),
        span: 0,
        busy: 0,
        turns: 0,
        entries: 0,
    };
    for (index, each) in recording.loops.iter().enumerate() {
        blocked_in(each, index, slow, &mut findings.blocked);
        let begin = each.bars.first().map_or(0, |bar| bar.start);
        let end = each.bars.iter().map(|bar| bar.end).max().unwrap_or(begin);
        let turns = || each.bars.iter().filter(|bar| bar.kind == Kind::Turn);
        findings.span = findings.span.max(end - begin);
        findings.busy += turns().map(|bar| bar.end - bar.start).sum::<u64>();
        findings.turns += turns().count() as u64;
        findings.entries += turns().map(|bar| u64::from(bar.value)).sum::<u64>();
        warn(each, slow, &mut findings.warnings);
    }
    findings
        .blocked
        .sort_by_key(|each| std::cmp::Reverse(each.nanoseconds));
    if findings.blocked.len() > MOST {
        let more = findings.blocked.len() - MOST;
        findings.warnings.push(format!(
            "{more} more bars were slow; the longest are listed"
        ));
        findings.blocked.truncate(MOST);
    }
    findings
}

fn runs_on_loop(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Callback
            | Kind::Step
            | Kind::Io
            | Kind::Future
            | Kind::Timer
            | Kind::Chain
            | Kind::Microtasks
    )
}

fn blocked_in(each: &LoopRecording, loop_index: usize, slow: u64, found: &mut Vec<Blocked>) {
    // Slow chains say more than the microtasks that they are some of.
    let slow_chains: Vec<&Record> = (each.bars.iter())
        .filter(|bar| bar.kind == Kind::Chain && bar.end - bar.start >= slow)
        .collect();
    for (bar_index, bar) in each.bars.iter().enumerate() {
        let nanoseconds = bar.end - bar.start;
        if !runs_on_loop(bar.kind) || nanoseconds < slow {
            continue;
        }
        let is_inside = |chain: &&Record| chain.start >= bar.start && chain.end <= bar.end;
        if bar.kind == Kind::Microtasks && slow_chains.iter().any(is_inside) {
            continue;
        }
        let (hottest, looks) = hottest(each, bar.bar);
        let title = each.title(bar);
        let language = match bar.language {
            Language::Rust => guessed_language(hottest.as_ref().or(Some(&title))),
            language => language,
        };
        let stack = (each.samples.get(&bar.bar)).and_then(|samples| samples.first());
        let innermost = stack.and_then(|sample| sample.frames.first());
        let advice = advice(language, bar, [innermost, hottest.as_ref()]);
        found.push(Blocked {
            loop_index,
            bar_index,
            nanoseconds,
            title,
            hottest,
            looks,
            advice,
        });
    }
}

fn guessed_language(place: Option<&Place>) -> Language {
    match place {
        Some(place) if place.file.ends_with(".py") => Language::Python,
        Some(place) if !place.file.is_empty() => Language::JavaScript,
        _ => Language::Rust,
    }
}

/// Built-in code, of either language: who called it is the program.
fn is_library(place: &Place) -> bool {
    place.file.starts_with("twinloop:")
        || place.file.starts_with('<')
        || place.file.is_empty()
        || place.file.contains("/site-packages/")
        || place.file.contains("/node_modules/")
        || place.file.contains("/lib/python3")
}

/// The line of the program that most samples have innermost, or nearest to it.
fn hottest(each: &LoopRecording, bar: u32) -> (Option<Place>, (usize, usize)) {
    let Some(samples) = each.samples.get(&bar) else {
        return (None, (0, 0));
    };
    let mut counts: HashMap<&Place, usize> = HashMap::new();
    for sample in samples {
        let own = sample.frames.iter().find(|frame| !is_library(frame));
        if let Some(frame) = own.or(sample.frames.first()) {
            *counts.entry(frame).or_default() += 1;
        }
    }
    let most = counts
        .into_iter()
        .max_by_key(|(place, count)| (*count, std::cmp::Reverse(place.line)));
    match most {
        Some((place, count)) => (Some(place.clone()), (count, samples.len())),
        None => (None, (0, samples.len())),
    }
}

/// What to do about a bar that was in these frames.
fn advice(language: Language, bar: &Record, frames: [Option<&Place>; 2]) -> String {
    let source: String = frames.into_iter().flatten().map(source_line).collect();
    let is_in = |word: &str| {
        let mut frames = frames.into_iter().flatten();
        frames.any(|frame| frame.what == word)
    };
    let names = |words: &[&str]| (words.iter()).any(|word| source.contains(word) || is_in(word));
    let text = match language {
        Language::Python if names(&["time.sleep", "sleep("]) && !source.contains("await") => {
            "it sleeps: use `await asyncio.sleep(...)`, which lets the loop go on"
        }
        Language::Python if names(&["requests.", "urlopen", "httpx.get", "httpx.post"]) => {
            "it waits for the network: use `await twinloop.fetch(...)`"
        }
        Language::Python
            if names(&[
                "subprocess.run",
                "check_output",
                "check_call",
                "os.system",
                "communicate",
            ]) =>
        {
            "it waits for a child: use `await asyncio.create_subprocess_exec(...)`"
        }
        Language::Python if names(&["open(", "read_text", "read_bytes", "write_text"]) => {
            "it waits for the disk: use `async with twinloop.open(...)`, or `await asyncio.to_thread(...)`"
        }
        Language::Python if names(&["sqlite3", ".execute("]) => {
            "it waits for a database: use a driver that is awaited, or `await asyncio.to_thread(...)`"
        }
        Language::Python => {
            "it computes: move it to `twinloop.pool`, or to `asyncio.to_thread` if it lets go of the GIL"
        }
        Language::JavaScript
            if names(&["readFileSync", "writeFileSync", "readdirSync", "statSync"]) =>
        {
            "it waits for the disk: use the same function of `node:fs/promises`, and await it"
        }
        Language::JavaScript if names(&["execSync", "spawnSync", "execFileSync"]) => {
            "it waits for a child: use `spawn` or `exec`"
        }
        Language::JavaScript
            if names(&[
                "pbkdf2Sync",
                "scryptSync",
                "gzipSync",
                "deflateSync",
                "brotliCompressSync",
            ]) =>
        {
            "use the same function without `Sync`, which works on another thread"
        }
        Language::JavaScript if names(&["JSON.parse", "JSON.stringify"]) => {
            "so much JSON at once keeps the loop: read or write it in pieces, or do it in a Worker"
        }
        Language::JavaScript if bar.kind == Kind::Microtasks => {
            "so many microtasks in a row let nothing else run: `await` something of the loop's now and then (`scheduler.yield()`, a timer)"
        }
        Language::JavaScript => {
            "it computes: move it to a Worker, or do it in pieces with `await scheduler.yield()` between"
        }
        Language::Rust => "nothing of a language was seen in it",
    };
    text.to_owned()
}

/// The text of a line, if its file can be read here.
fn source_line(place: &Place) -> String {
    let text = std::fs::read_to_string(&place.file).unwrap_or_default();
    let line = (place.line as usize).checked_sub(1);
    line.and_then(|line| text.lines().nth(line))
        .unwrap_or_default()
        .to_owned()
}

fn warn(each: &LoopRecording, slow: u64, warnings: &mut Vec<String>) {
    let late = |bar: &&Record| bar.kind == Kind::Timer && u64::from(bar.value) * 1000 >= slow;
    let (count, worst) = (each.bars.iter().filter(late)).fold((0, 0), |(count, worst), bar| {
        (count + 1, worst.max(bar.value))
    });
    if count > 0 {
        let worst = worst / 1000;
        warnings.push(format!(
            "{count} timers fired late, by {worst} ms at worst: something else had the loop when they were due"
        ));
    }
    let queued = |bar: &&Record| bar.kind == Kind::PoolWait && bar.end - bar.start >= slow;
    let (count, worst) = (each.bars.iter().filter(queued)).fold((0, 0), |(count, worst), bar| {
        (count + 1, worst.max(bar.end - bar.start))
    });
    if count > 0 {
        let worst = worst / 1_000_000;
        warnings.push(format!(
            "{count} pieces of blocking work waited for a thread, for {worst} ms at worst: there is more of it than threads"
        ));
    }
    let waiting = each
        .lanes
        .values()
        .filter(|lane| lane.kind == 1 && lane.language == Language::Python && !lane.has_ended);
    let mut names: Vec<String> = waiting.map(|lane| each.place(lane.name).shown()).collect();
    if !names.is_empty() {
        names.sort();
        let count = names.len();
        names.dedup();
        names.truncate(5);
        let what = if count == 1 { "task" } else { "tasks" };
        warnings.push(format!(
            "{count} {what} had not ended when the trace did: {}",
            names.join(", ")
        ));
    }
    if each.lost > 0 {
        warnings.push(format!(
            "the {} oldest records made room for newer ones: --limit keeps more",
            each.lost
        ));
    }
}
