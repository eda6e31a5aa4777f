//! The files of a recording, read: for each loop its records in order and its names. What a killed process left half written is skipped.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use twinloop_loop::trace::{
    CAPACITY, CLOCK, HEADER, Kind, LaneKind, Language, MAGIC, PROCESS, Record, SIZE, TIME_OF_DAY,
    WRITTEN,
};

use crate::places::Place;

/// What one loop did.
pub(crate) struct LoopRecording {
    pub(crate) process: u32,
    /// Among the loops of its process, by age.
    pub(crate) number: u32,
    /// The bars, by their beginning.
    pub(crate) bars: Vec<Record>,
    pub(crate) lanes: HashMap<u32, Lane>,
    /// What was on the stack in the middle of a bar, in order.
    pub(crate) samples: HashMap<u32, Vec<Sample>>,
    /// How many older records made room for newer ones.
    pub(crate) lost: u64,
    names: Vec<String>,
    /// Between the loop's clock and the time of day.
    offset: i128,
}

/// A task or a chain.
pub(crate) struct Lane {
    pub(crate) kind: u32,
    pub(crate) language: Language,
    pub(crate) name: u32,
    pub(crate) has_ended: bool,
}

/// A stack at a moment.
pub(crate) struct Sample {
    /// The innermost first.
    pub(crate) frames: Vec<Place>,
}

impl LoopRecording {
    /// What a number of a name stands for.
    pub(crate) fn place(&self, name: u32) -> Place {
        let text = (name as usize)
            .checked_sub(1)
            .and_then(|index| self.names.get(index));
        text.map_or_else(Place::default, |text| Place::read(text))
    }

    /// A bar in words, also where nobody gave it a name.
    pub(crate) fn title(&self, bar: &Record) -> Place {
        if bar.name != 0 && bar.kind != Kind::Microtasks {
            return self.place(bar.name);
        }
        let what = match bar.kind {
            Kind::Turn => counted("turn of", bar.value, "entry", "entries"),
            Kind::Wait => "waiting".to_owned(),
            Kind::Io => format!("I/O on descriptor {}", bar.value),
            Kind::Future => "native operation".to_owned(),
            Kind::Timer => "timer".to_owned(),
            Kind::Microtasks => counted("", bar.value, "microtask", "microtasks"),
            Kind::PoolWait => "waiting for a thread".to_owned(),
            Kind::PoolRun => "blocking work".to_owned(),
            _ => "callback".to_owned(),
        };
        Place {
            what,
            ..Place::default()
        }
    }

    /// Nanoseconds of the time of day at a moment of the loop's clock.
    pub(crate) fn time_of_day(&self, time: u64) -> i128 {
        i128::from(time) + self.offset
    }

    /// The kind of a bar's lane, if it has one.
    pub(crate) fn lane_kind(&self, lane: u32) -> Option<LaneKind> {
        match self.lanes.get(&lane)?.kind {
            1 => Some(LaneKind::Task),
            2 => Some(LaneKind::Chain),
            _ => None,
        }
    }
}

fn counted(before: &str, count: u32, one: &str, many: &str) -> String {
    let what = if count == 1 { one } else { many };
    format!("{before} {count} {what}").trim_start().to_owned()
}

/// Everything that a program wrote, its children's too.
pub(crate) struct Recording {
    /// By process, then by age.
    pub(crate) loops: Vec<LoopRecording>,
}

impl Recording {
    /// Reads a folder.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn read(folder: &Path) -> io::Result<Recording> {
        let mut loops = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "loop")
            {
                loops.extend(read_loop(&path)?);
            }
        }
        loops.retain(|each| !each.bars.is_empty());
        loops.sort_by_key(|each| (each.time_of_day(each.bars[0].start), each.process));
        Ok(Recording { loops })
    }

    pub(crate) fn bars(&self) -> usize {
        self.loops.iter().map(|each| each.bars.len()).sum()
    }
}

fn read_loop(path: &Path) -> io::Result<Option<LoopRecording>> {
    let bytes = std::fs::read(path)?;
    let long = |at: usize| bytes.get(at..at + 8).and_then(|it| it.try_into().ok());
    let number = |at: usize| long(at).map_or(0, u64::from_le_bytes);
    if !bytes.starts_with(&MAGIC) {
        return Ok(None);
    }
    let (capacity, written) = (number(CAPACITY), number(WRITTEN));
    let file = path.file_stem().unwrap_or_default().to_string_lossy();
    let index = file
        .split_once('-')
        .and_then(|(_, index)| index.parse().ok());
    let mut recording = LoopRecording {
        process: number(PROCESS) as u32,
        number: index.unwrap_or(0),
        bars: Vec::new(),
        lanes: HashMap::new(),
        samples: HashMap::new(),
        lost: written.saturating_sub(capacity),
        names: read_names(&path.with_extension("names")),
        offset: i128::from(number(TIME_OF_DAY)) - i128::from(number(CLOCK)),
    };
    for index in written.saturating_sub(capacity)..written {
        let at = HEADER + (index % capacity.max(1)) as usize * SIZE;
        if let Some(record) = bytes.get(at..at + SIZE).and_then(Record::read) {
            recording.take(record);
        }
    }
    recording
        .bars
        .sort_by_key(|bar| (bar.start, std::cmp::Reverse(bar.end)));
    Ok(Some(recording))
}

impl LoopRecording {
    fn take(&mut self, record: Record) {
        match record.kind {
            Kind::Lane => {
                let lane = Lane {
                    kind: record.value,
                    language: record.language,
                    name: record.name,
                    has_ended: false,
                };
                self.lanes.insert(record.lane, lane);
            }
            Kind::LaneEnd => {
                if let Some(lane) = self.lanes.get_mut(&record.lane) {
                    lane.has_ended = true;
                }
            }
            Kind::Sample => {
                let text = (record.name as usize)
                    .checked_sub(1)
                    .and_then(|index| self.names.get(index));
                let frames =
                    text.map_or(Vec::new(), |text| text.lines().map(Place::read).collect());
                self.samples
                    .entry(record.bar)
                    .or_default()
                    .push(Sample { frames });
            }
            Kind::Descriptor => {}
            // A clock that two threads read may seem to go back.
            _ if record.end < record.start => {}
            _ => self.bars.push(record),
        }
    }
}

/// Each by its length and its bytes; the last may be cut off.
fn read_names(path: &Path) -> Vec<String> {
    let bytes = std::fs::read(path).unwrap_or_default();
    let mut names = Vec::new();
    let mut rest = bytes.as_slice();
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let length = u32::from_le_bytes(*length) as usize;
        let Some(text) = behind.get(..length) else {
            break;
        };
        names.push(String::from_utf8_lossy(text).into_owned());
        rest = &behind[length..];
    }
    names
}
