//! Recording what a loop does, for `twinloop trace`: turns, entries, microtasks, tasks and their waits, as records in a file.
//!
//! A process is traced if its environment names a folder in [`FOLDER_VARIABLE`]; each of its loops writes files of its own there
//! (`format.rs`), and whoever started the process reads them, however it ended. So nothing has to be written at the end, and children that are
//! traced too need nothing more. In a process that is not traced a loop looks once a turn and once an entry whether it has a
//! [`Recorder`], and the languages look at a flag.
//!
//! Bars have numbers. What an entry queues (`origins.rs`) begins with the number of the entry that queued it, so that the reader sees who waited for
//! whom in any language: a task goes on because of the bar that its record names. What only passes a wake-up on (a done
//! callback of the bridge's) says so by [`Recorder::relay`], and is left out of the way. What blocks the loop for long is looked at
//! by a thread (`sampling.rs`).
//!
//! BOUNDED: a file is a ring, in which the newest records take the place of the oldest. Loop thread only, but for `sampling.rs`.

mod attach;
mod format;
mod hashing;
mod origins;
mod pool;
mod sampling;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use rustix::time::{ClockId, clock_gettime};

pub(crate) use attach::answer;
pub use attach::{SNAPSHOT, folder_of, signal as top_signal};
pub use format::{
    CAPACITY, CLOCK, HEADER, Kind, LaneKind, Language, MAGIC, PROCESS, Record, SIZE, TIME_OF_DAY,
    WRITTEN,
};
pub use hashing::ByNumber;
use origins::{Origin, Origins};
pub(crate) use pool::Timed;
use sampling::Watched;

use crate::clock::{Clock, Nanos};
use crate::event_loop::Loop;
use crate::sys::RecordFile;

/// Names the folder for the records in the environment of a process that is traced.
pub const FOLDER_VARIABLE: &str = "TWINLOOP_TRACE";
/// How many records a loop keeps there, if that is not the usual number.
pub const LIMIT_VARIABLE: &str = "TWINLOOP_TRACE_LIMIT";
/// The usual number: 20 MB.
pub const USUAL_LIMIT: usize = 500_000;

/// A wait shorter than this is the poll itself.
const SHORT_WAIT_NS: Nanos = 10_000;
/// More names than this are one (rule BOUNDED).
const MOST_NAMES: usize = 1 << 20;

/// What the environment says.
struct Settings {
    folder: PathBuf,
    limit: usize,
}

fn settings() -> Option<&'static Settings> {
    static SETTINGS: OnceLock<Option<Settings>> = OnceLock::new();
    let read = || {
        let folder = std::env::var_os(FOLDER_VARIABLE).filter(|folder| !folder.is_empty())?;
        let limit = std::env::var(LIMIT_VARIABLE).ok();
        let limit = limit.and_then(|limit| limit.parse().ok());
        Some(Settings {
            folder: folder.into(),
            limit: limit.unwrap_or(USUAL_LIMIT).clamp(1000, 100_000_000),
        })
    };
    SETTINGS.get_or_init(read).as_ref()
}

/// Whether any loop of this process is recorded.
static ON: AtomicBool = AtomicBool::new(false);
/// Counts recorders: lanes and names of one mean nothing to another.
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// Whether this process is traced, or looked at.
#[inline(always)]
#[must_use]
pub fn is_on() -> bool {
    ON.load(Ordering::Relaxed)
}

thread_local! {
    /// Of the loop whose turn runs.
    static CURRENT: RefCell<Option<Rc<Recorder>>> = const { RefCell::new(None) };
}

/// Writes down what one loop does.
pub struct Recorder {
    clock: Clock,
    file: RefCell<Ring>,
    names: RefCell<Names>,
    origins: RefCell<Origins>,
    watched: Arc<Watched>,
    bars: Cell<u32>,
    lanes: Cell<u32>,
    /// The time that was read last.
    now: Cell<Nanos>,
    entry: Cell<Open>,
    /// Who is said to have queued what is queued now.
    acting: Cell<u32>,
    microtasks: Cell<Checkpoint>,
    /// When the present turn's poll was over, and how many entries it ran since.
    turn_start: Cell<Nanos>,
    entries: Cell<u32>,
    is_stopped: Cell<bool>,
    /// The file of the records.
    path: PathBuf,
    number: u32,
    /// When it ends, if nobody asks again.
    until: Cell<Nanos>,
}

/// The entry that runs.
#[derive(Clone, Copy)]
struct Open {
    record: Record,
    is_open: bool,
}

/// The microtasks that run, and the chain of the last of them.
#[derive(Clone, Copy, Default)]
struct Checkpoint {
    is_open: bool,
    start: Nanos,
    count: u32,
    chain: Option<Record>,
}

struct Ring {
    file: RecordFile,
    capacity: usize,
    written: u64,
    /// Where the next record goes.
    place: usize,
    is_full: bool,
}

struct Names {
    file: File,
    known: HashMap<Box<str>, u32>,
}

const NOTHING: Record = Record {
    start: 0,
    end: 0,
    kind: Kind::Callback,
    language: Language::Rust,
    name: 0,
    lane: 0,
    bar: 0,
    origin: 0,
    value: 0,
};

impl Recorder {
    /// One for a loop, if the process is traced.
    pub(crate) fn of_process() -> Option<Rc<Recorder>> {
        let settings = settings()?;
        ON.store(true, Ordering::Relaxed);
        // Without room or with a folder that is gone the program runs as ever; whoever reads the folder sees that nothing is there.
        Recorder::create(settings).ok().map(Rc::new)
    }

    fn create(settings: &Settings) -> std::io::Result<Recorder> {
        static LOOPS: AtomicU32 = AtomicU32::new(0);
        let process = std::process::id();
        let number = LOOPS.fetch_add(1, Ordering::Relaxed);
        let base = settings.folder.join(format!("{process}-{number}"));
        let mut options = OpenOptions::new();
        let options = options.append(true).create_new(true).mode(0o600);
        let names = options.open(base.with_extension("names"))?;
        let clock = Clock::monotonic();
        let mut ring = Ring {
            file: RecordFile::create(&base.with_extension("loop"), HEADER + settings.limit * SIZE)?,
            capacity: settings.limit,
            written: 0,
            place: 0,
            is_full: false,
        };
        let time = clock_gettime(ClockId::Realtime);
        let now = clock.now();
        let mut header = [0; WRITTEN];
        header[..8].copy_from_slice(&MAGIC);
        header[PROCESS..PROCESS + 4].copy_from_slice(&process.to_le_bytes());
        header[CAPACITY..CAPACITY + 8].copy_from_slice(&(ring.capacity as u64).to_le_bytes());
        let of_day = time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64;
        if !ring.file.write(0, &header)
            || !ring.file.write(CLOCK, &now.to_le_bytes())
            || !ring.file.write(TIME_OF_DAY, &of_day.to_le_bytes())
        {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        Ok(Recorder {
            clock,
            file: RefCell::new(ring),
            names: RefCell::new(Names {
                file: names,
                known: HashMap::new(),
            }),
            origins: RefCell::default(),
            watched: sampling::watch(),
            bars: Cell::new(0),
            lanes: Cell::new(0),
            now: Cell::new(now),
            entry: Cell::new(Open {
                record: NOTHING,
                is_open: false,
            }),
            acting: Cell::new(0),
            microtasks: Cell::default(),
            turn_start: Cell::new(0),
            entries: Cell::new(0),
            is_stopped: Cell::new(false),
            path: base.with_extension("loop"),
            number: NUMBER.fetch_add(1, Ordering::Relaxed) + 1,
            until: Cell::new(Nanos::MAX),
        })
    }

    /// The recorder of the loop whose turn runs on this thread.
    #[must_use]
    pub fn current() -> Option<Rc<Recorder>> {
        CURRENT.with_borrow(Clone::clone)
    }

    /// Tells it apart from the others of the process, from 1.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// A forked process leaves the files to its parent.
    pub(crate) fn stop(&self) {
        self.is_stopped.set(true);
    }

    fn read_clock(&self) -> Nanos {
        let now = self.clock.now();
        self.now.set(now);
        now
    }

    fn next_bar(&self) -> u32 {
        let bar = self.bars.get().wrapping_add(1).max(1);
        self.bars.set(bar);
        bar
    }

    fn write(&self, record: &Record) {
        if !self.is_stopped.get() {
            self.file.borrow_mut().push(record);
        }
    }

    // ---- the turn -------------------------------------------------------------------------------------------------

    /// A turn begins. What it runs inside of goes on when the guard is dropped.
    pub(crate) fn begin_turn(self: &Rc<Self>, event_loop: &Loop, queued: usize) -> Turn {
        if self.now.get() >= self.until.get() {
            // This turn is on record still, which nobody reads.
            event_loop.set_recorder(None);
            ON.store(settings().is_some(), Ordering::Relaxed);
        }
        self.origins
            .borrow_mut()
            .grown_to(queued, self.acting.get());
        let outer = CURRENT.replace(Some(Rc::clone(self)));
        let turn = Turn {
            recorder: Rc::clone(self),
            outer,
            entry: self.entry.get(),
            acting: self.acting.replace(0),
            microtasks: self.microtasks.take(),
            entries: self.entries.replace(0),
            turn_start: self.turn_start.get(),
        };
        self.read_clock();
        self.watched.rest();
        turn
    }

    /// The poll is over.
    pub(crate) fn polled(&self, queued: usize) {
        self.origins.borrow_mut().grown_to(queued, 0);
        let before = self.now.get();
        let now = self.read_clock();
        self.turn_start.set(now);
        if now - before >= SHORT_WAIT_NS {
            let wait = Record {
                start: before,
                end: now,
                kind: Kind::Wait,
                ..NOTHING
            };
            self.write(&wait);
        }
    }

    /// A timer that was due came into the ready queue.
    pub(crate) fn timer(&self, place: usize, due: Nanos, now: Nanos) {
        // By the loop's time, which may be another one: what counts is by how much it is late.
        let late = now.saturating_sub(due);
        self.origins.borrow_mut().timer(place, late);
    }

    pub(crate) fn begin_entry(&self, kind: Kind, value: u32, was_queued: bool) {
        let origin = match was_queued {
            true => self.origins.borrow_mut().taken(),
            false => Origin::default(),
        };
        let (kind, value) = match (origin.late, kind) {
            (Some(late), _) => (Kind::Timer, u32::try_from(late / 1000).unwrap_or(u32::MAX)),
            (None, kind) => (kind, value),
        };
        self.open(kind, value, origin.bar);
    }

    fn open(&self, kind: Kind, value: u32, origin: u32) {
        let bar = self.next_bar();
        let start = self.now.get();
        self.acting.set(bar);
        self.entries.set(self.entries.get() + 1);
        self.watched.begin(bar, start);
        self.entry.set(Open {
            record: Record {
                start,
                kind,
                value,
                bar,
                origin,
                ..NOTHING
            },
            is_open: true,
        });
    }

    /// The ready queue is this long now.
    pub(crate) fn queued(&self, length: usize) {
        self.origins
            .borrow_mut()
            .grown_to(length, self.acting.get());
    }

    pub(crate) fn end_entry(&self) {
        let mut open = self.entry.get();
        let now = self.read_clock();
        let checkpoint = self.close_microtasks(now, &open.record);
        open.record.end = checkpoint.unwrap_or(now);
        self.write(&open.record);
        open.is_open = false;
        self.entry.set(open);
        self.acting.set(0);
    }

    // ---- what languages say ---------------------------------------------------------------------------------------

    /// A number for this text, whose parts stand between tabs: what it is, its file and its line.
    pub fn name(&self, text: &str) -> u32 {
        self.names.borrow_mut().number(text)
    }

    /// A new lane of this name.
    pub fn lane(&self, kind: LaneKind, language: Language, name: u32) -> u32 {
        let lane = self.lanes.get().wrapping_add(1).max(1);
        self.lanes.set(lane);
        let now = self.now.get();
        self.write(&Record {
            start: now,
            end: now,
            kind: Kind::Lane,
            language,
            name,
            lane,
            origin: self.acting.get(),
            value: kind as u32,
            ..NOTHING
        });
        lane
    }

    /// The lane's task has ended, with the bar that runs.
    pub fn end_lane(&self, lane: u32) {
        let now = self.now.get();
        self.write(&Record {
            start: now,
            end: now,
            kind: Kind::LaneEnd,
            lane,
            bar: self.acting.get(),
            ..NOTHING
        });
    }

    /// What the entry that runs is.
    pub fn describe(&self, language: Language, name: u32) {
        self.change(|record| {
            record.language = language;
            record.name = name;
        });
    }

    /// The entry that runs is a step of a lane's task.
    pub fn step(&self, language: Language, lane: u32, name: u32) {
        self.change(|record| {
            if record.kind == Kind::Callback {
                record.kind = Kind::Step;
            }
            record.language = language;
            record.lane = lane;
            record.name = name;
        });
    }

    /// Where the task of the entry that runs waits now, if that took longer than `least`.
    pub fn waits_at(&self, least: Nanos, line: impl FnOnce() -> u32) {
        let open = self.entry.get();
        if open.is_open && self.clock.now().saturating_sub(open.record.start) >= least {
            let line = line();
            self.change(|record| record.value = line);
        }
    }

    /// The entry that runs only passes on what queued it.
    pub fn relay(&self) {
        self.acting.set(self.entry.get().record.origin);
    }

    /// Who is said to have queued what is queued now.
    #[must_use]
    pub fn acting(&self) -> u32 {
        self.acting.get()
    }

    fn change(&self, change: impl FnOnce(&mut Record)) {
        let mut open = self.entry.get();
        if open.is_open {
            change(&mut open.record);
            self.entry.set(open);
        }
    }

    /// A bar that begins now and ends when the guard is dropped.
    pub(crate) fn span(self: &Rc<Self>, kind: Kind, language: Language, name: &str) -> Span {
        let outer = CURRENT.replace(Some(Rc::clone(self)));
        self.read_clock();
        self.open(kind, 0, 0);
        let name = self.name(name);
        self.describe(language, name);
        Span {
            recorder: Rc::clone(self),
            outer,
        }
    }

    /// Work of another thread, by the times of the loop's clock.
    pub fn work(&self, language: Language, name: u32, origin: u32, times: [Nanos; 3]) {
        let [queued, started, ended] = times;
        let record = Record {
            start: queued,
            end: started,
            kind: Kind::PoolWait,
            language,
            name,
            bar: self.next_bar(),
            origin,
            ..NOTHING
        };
        self.write(&record);
        self.write(&Record {
            start: started,
            end: ended,
            kind: Kind::PoolRun,
            ..record
        });
        // What goes on now goes on because of it.
        self.acting.set(record.bar);
        self.change(|entry| {
            if entry.origin == 0 {
                entry.origin = record.bar;
            }
        });
    }

    pub(crate) fn descriptor(&self, fd: i32) {
        let now = self.now.get();
        self.write(&Record {
            start: now,
            end: now,
            kind: Kind::Descriptor,
            value: fd as u32,
            ..NOTHING
        });
    }

    // ---- microtasks -----------------------------------------------------------------------------------------------

    /// A microtask runs, which is none of a chain, or passes something on: it counts as an act of `origin`.
    pub fn microtask(&self, origin: u32) {
        self.count_microtask();
        self.acting.set(origin);
    }

    /// A microtask of a chain runs, because of `origin`.
    pub fn chain(&self, language: Language, lane: u32, name: u32, origin: u32) {
        self.count_microtask();
        let mut all = self.microtasks.get();
        if let Some(chain) = &mut all.chain
            && chain.lane == lane
        {
            chain.value += 1;
            self.acting.set(chain.bar);
            self.microtasks.set(all);
            return;
        }
        // The first begins with the checkpoint.
        let now = match all.count {
            1 => all.start,
            _ => self.read_clock(),
        };
        self.close_chain(&mut all, now);
        let bar = self.next_bar();
        all.chain = Some(Record {
            start: now,
            kind: Kind::Chain,
            language,
            name,
            lane,
            bar,
            origin,
            value: 1,
            ..NOTHING
        });
        self.microtasks.set(all);
        self.acting.set(bar);
    }

    fn count_microtask(&self) {
        let mut all = self.microtasks.get();
        if !all.is_open {
            all = Checkpoint {
                is_open: true,
                start: self.read_clock(),
                ..Checkpoint::default()
            };
        }
        all.count += 1;
        self.microtasks.set(all);
    }

    fn close_chain(&self, all: &mut Checkpoint, now: Nanos) {
        if let Some(mut chain) = all.chain.take() {
            chain.end = now;
            self.write(&chain);
        }
    }

    /// The microtasks of this entry are over; when they began.
    fn close_microtasks(&self, now: Nanos, entry: &Record) -> Option<Nanos> {
        let mut all = self.microtasks.take();
        if !all.is_open {
            return None;
        }
        self.close_chain(&mut all, now);
        self.write(&Record {
            start: all.start,
            end: now,
            kind: Kind::Microtasks,
            language: Language::JavaScript,
            name: entry.name,
            bar: self.next_bar(),
            origin: entry.bar,
            value: all.count,
            ..NOTHING
        });
        Some(all.start)
    }

    // ---- samples --------------------------------------------------------------------------------------------------

    /// Has `ask` called, on another thread, when a bar of this loop runs for long: it makes the language call [`sample`](Self::sample).
    pub fn ask_when_blocked(&self, ask: Box<dyn Fn() + Send>) {
        self.watched.ask(ask);
    }

    /// Whether a bar of this loop has run for long since the last time this was asked.
    #[must_use]
    pub fn is_sample_due(&self) -> bool {
        self.watched.take_request()
    }

    /// What is on the stack now: frames between line breaks, the innermost first, each as [`name`](Self::name) has it.
    pub fn sample(&self, language: Language, frames: &str) {
        let name = self.name(frames);
        let now = self.clock.now();
        self.write(&Record {
            start: now,
            end: now,
            kind: Kind::Sample,
            language,
            name,
            bar: self.acting.get(),
            ..NOTHING
        });
    }
}

/// A turn on record, until it is dropped.
pub(crate) struct Turn {
    recorder: Rc<Recorder>,
    outer: Option<Rc<Recorder>>,
    entry: Open,
    acting: u32,
    microtasks: Checkpoint,
    entries: u32,
    turn_start: Nanos,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let recorder = &*self.recorder;
        let entries = recorder.entries.replace(self.entries);
        let start = recorder.turn_start.replace(self.turn_start);
        recorder.entry.set(self.entry);
        recorder.acting.set(self.acting);
        recorder.microtasks.set(self.microtasks);
        recorder.watched.rest();
        if entries > 0 {
            recorder.write(&Record {
                start,
                end: recorder.now.get(),
                kind: Kind::Turn,
                value: entries,
                ..NOTHING
            });
        }
        CURRENT.set(self.outer.take());
    }
}

/// A bar of what runs outside of a turn.
pub struct Span {
    recorder: Rc<Recorder>,
    outer: Option<Rc<Recorder>>,
}

impl Drop for Span {
    fn drop(&mut self) {
        self.recorder.end_entry();
        self.recorder.watched.rest();
        CURRENT.set(self.outer.take());
    }
}

impl Ring {
    fn push(&mut self, record: &Record) {
        if self.is_full {
            return;
        }
        let written = self.written + 1;
        // Without room on the disk what came so far is the trace.
        self.is_full = !self.file.write(HEADER + self.place * SIZE, &record.bytes())
            || !self.file.write(WRITTEN, &written.to_le_bytes());
        self.written = written;
        self.place += 1;
        if self.place == self.capacity {
            self.place = 0;
        }
    }
}

impl Names {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.known.get(text) {
            return *number;
        }
        if self.known.len() >= MOST_NAMES {
            return 0;
        }
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        let mut bytes = length.to_le_bytes().to_vec();
        bytes.extend_from_slice(text.as_bytes());
        if self.file.write_all(&bytes).is_err() {
            return 0;
        }
        let number = self.known.len() as u32 + 1;
        self.known.insert(text.into(), number);
        number
    }
}

impl std::fmt::Debug for Span {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Span")
    }
}
