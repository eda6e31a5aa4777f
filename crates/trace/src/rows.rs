//! Where the bars of a loop are drawn: a row for the loop itself, rows for its microtasks and its waits, and for each task and chain a row, which
//! those of one name share when they do not overlap.

use std::collections::HashMap;

use twinloop_loop::trace::{Kind, LaneKind, Record};

use crate::recording::LoopRecording;

/// The rows of a loop, from the top.
pub(crate) struct Rows {
    pub(crate) titles: Vec<Row>,
    of_lanes: HashMap<u32, usize>,
    of_work: HashMap<u32, usize>,
}

/// One of them.
pub(crate) struct Row {
    pub(crate) title: String,
    /// `loop`, `microtasks`, `task`, `chain` or `pool`.
    pub(crate) kind: &'static str,
}

const LOOP: usize = 0;
const MICROTASKS: usize = 1;

/// A lane, and from when to when it has bars.
struct Extent {
    lane: u32,
    title: String,
    kind: &'static str,
    start: u64,
    end: u64,
}

impl Rows {
    pub(crate) fn of(recording: &LoopRecording) -> Rows {
        let mut rows = Rows {
            titles: vec![
                Row {
                    title: "event loop".to_owned(),
                    kind: "loop",
                },
                Row {
                    title: "microtasks".to_owned(),
                    kind: "microtasks",
                },
            ],
            of_lanes: HashMap::new(),
            of_work: HashMap::new(),
        };
        let mut packed = Packed::default();
        for extent in extents(recording) {
            let row = packed.row(&mut rows.titles, &extent);
            rows.of_lanes.insert(extent.lane, row);
        }
        let mut work: Vec<&Record> = (recording.bars.iter())
            .filter(|bar| bar.kind == Kind::PoolRun)
            .collect();
        work.sort_by_key(|bar| bar.start);
        for bar in work {
            let extent = Extent {
                lane: 0,
                title: "blocking work".to_owned(),
                kind: "pool",
                start: bar.start,
                end: bar.end,
            };
            let row = packed.row(&mut rows.titles, &extent);
            rows.of_work.insert(bar.bar, row);
        }
        rows
    }

    /// The row of a bar.
    pub(crate) fn row(&self, bar: &Record) -> usize {
        match bar.kind {
            Kind::PoolWait | Kind::PoolRun => self.of_work.get(&bar.bar).copied().unwrap_or(LOOP),
            Kind::Microtasks => MICROTASKS,
            _ => self.of_lanes.get(&bar.lane).copied().unwrap_or(LOOP),
        }
    }
}

fn extents(recording: &LoopRecording) -> Vec<Extent> {
    let mut found: HashMap<u32, Extent> = HashMap::new();
    for bar in recording.bars.iter().filter(|bar| bar.lane != 0) {
        let extent = found.entry(bar.lane).or_insert_with(|| {
            let lane = recording.lanes.get(&bar.lane);
            let name = lane.map_or(bar.name, |lane| lane.name);
            Extent {
                lane: bar.lane,
                title: recording.place(name).shown(),
                kind: match recording.lane_kind(bar.lane) {
                    Some(LaneKind::Task) => "task",
                    _ => "chain",
                },
                start: bar.start,
                end: bar.end,
            }
        });
        extent.end = extent.end.max(bar.end);
    }
    let mut all: Vec<Extent> = found.into_values().collect();
    all.sort_by_key(|extent| (extent.start, extent.lane));
    all
}

/// For each title its rows, with the end of what is in them.
#[derive(Default)]
struct Packed(HashMap<(&'static str, String), Vec<(usize, u64)>>);

impl Packed {
    fn row(&mut self, titles: &mut Vec<Row>, extent: &Extent) -> usize {
        let key = (extent.kind, extent.title.clone());
        let rows = self.0.entry(key).or_default();
        if let Some((row, end)) = rows.iter_mut().find(|(_, end)| *end <= extent.start) {
            *end = extent.end;
            return *row;
        }
        titles.push(Row {
            title: extent.title.clone(),
            kind: extent.kind,
        });
        rows.push((titles.len() - 1, extent.end));
        titles.len() - 1
    }
}
