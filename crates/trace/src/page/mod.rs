//! One HTML file with everything in it: the page's own style and script, and the recording as data that the script reads. It asks nothing of the network, and
//! what comes from the program is put into the page as text alone.
//!
//! Bars are columns of numbers in base64, as they are many; names, rows and findings are JSON.

use std::collections::HashMap;
use std::io::{self, Write};

use serde_json::{Value, json};
use twinloop_loop::trace::{Kind, Record};

use crate::findings::Findings;
use crate::places::Place;
use crate::recording::{LoopRecording, Recording};
use crate::rows::Rows;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Lines of source around the one that is meant.
const AROUND: usize = 2;
/// Larger files are not looked into.
const LARGEST_FILE: u64 = 4 << 20;

/// Writes the page.
///
/// # Errors
/// Those of `output`.
pub(crate) fn write(
    recording: &Recording,
    findings: &Findings,
    output: &mut impl Write,
) -> io::Result<()> {
    let data = data(recording, findings).to_string();
    // In a script element of HTML only this could end it.
    let data = data.replace('<', "\\u003c");
    let mut rest = PAGE;
    for (mark, text) in [
        ("/* style */", STYLE),
        ("{\"data\":0}", data.as_str()),
        ("// script", SCRIPT),
    ] {
        let (before, behind) = rest.split_once(mark).unwrap_or((rest, ""));
        output.write_all(before.as_bytes())?;
        output.write_all(text.as_bytes())?;
        rest = behind;
    }
    output.write_all(rest.as_bytes())
}

fn data(recording: &Recording, findings: &Findings) -> Value {
    let begin = (recording.loops.iter())
        .map(|each| each.time_of_day(each.bars[0].start))
        .min()
        .unwrap_or(0);
    let mut places = Places::default();
    let loops: Vec<Value> = (recording.loops.iter())
        .map(|each| loop_data(each, begin, &mut places))
        .collect();
    let blocked: Vec<Value> = (findings.blocked.iter())
        .map(|each| {
            json!({
                "loop": each.loop_index,
                "bar": each.bar_index,
                "ms": each.nanoseconds as f64 / 1e6,
                "place": places.number(&each.title),
                "hottest": each.hottest.as_ref().map(|place| places.number(place)),
                "looks": [each.looks.0, each.looks.1],
                "advice": each.advice,
            })
        })
        .collect();
    json!({
        "loops": loops,
        "blocked": blocked,
        "warnings": findings.warnings,
        "summary": {
            "spanMs": findings.span as f64 / 1e6,
            "busyMs": findings.busy as f64 / 1e6,
            "turns": findings.turns,
            "entries": findings.entries,
            "bars": recording.bars(),
        },
        "places": places.list(),
        "sources": places.sources(),
    })
}

fn loop_data(each: &LoopRecording, begin: i128, places: &mut Places) -> Value {
    let rows = Rows::of(each);
    let index_of: HashMap<u32, u32> = (each.bars.iter().enumerate())
        .filter(|(_, bar)| bar.bar != 0 && bar.kind != Kind::PoolWait)
        .map(|(index, bar)| (bar.bar, index as u32 + 1))
        .collect();
    // Names of bars by their numbers; those that have none are told by what they are.
    let mut known: HashMap<u32, u32> = HashMap::new();
    let mut place_of = |bar: &Record, places: &mut Places| match bar.name {
        0 => places.number(&each.title(bar)),
        _ if bar.kind == Kind::Microtasks => places.number(&each.title(bar)),
        name => *known
            .entry(name)
            .or_insert_with(|| places.number(&each.place(name))),
    };
    let mut columns = Columns::default();
    for bar in &each.bars {
        let start = (each.time_of_day(bar.start) - begin) as f64 / 1e6;
        columns.start.extend(start.to_le_bytes());
        let duration = ((bar.end - bar.start) as f64 / 1e6) as f32;
        columns.duration.extend(duration.to_le_bytes());
        columns.row.extend((rows.row(bar) as u32).to_le_bytes());
        columns.place.extend(place_of(bar, places).to_le_bytes());
        columns.lane.extend(bar.lane.to_le_bytes());
        let origin = index_of.get(&bar.origin).copied().unwrap_or(0);
        columns.origin.extend(origin.to_le_bytes());
        let value = match bar.kind {
            Kind::Step if bar.value != 0 => places.number(&each.place(bar.value)) + 1,
            _ => bar.value,
        };
        columns.value.extend(value.to_le_bytes());
        columns.kind.push(bar.kind as u8);
        columns.language.push(bar.language as u8);
    }
    let samples: serde_json::Map<String, Value> = (each.samples.iter())
        .filter_map(|(bar, samples)| {
            let index = index_of.get(bar)?;
            let stacks: Vec<Vec<u32>> = (samples.iter())
                .take(50)
                .map(|sample| {
                    sample
                        .frames
                        .iter()
                        .map(|frame| places.number(frame))
                        .collect()
                })
                .collect();
            Some(((index - 1).to_string(), json!(stacks)))
        })
        .collect();
    let unfinished: Vec<u32> = (each.lanes.iter())
        .filter(|(_, lane)| !lane.has_ended && lane.kind == 1)
        .map(|(number, _)| *number)
        .collect();
    json!({
        "process": each.process,
        "number": each.number,
        "rows": rows.titles.iter().map(|row| json!([row.title, row.kind])).collect::<Vec<_>>(),
        "count": each.bars.len(),
        "start": base64(&columns.start),
        "duration": base64(&columns.duration),
        "row": base64(&columns.row),
        "place": base64(&columns.place),
        "lane": base64(&columns.lane),
        "origin": base64(&columns.origin),
        "value": base64(&columns.value),
        "kind": base64(&columns.kind),
        "language": base64(&columns.language),
        "samples": samples,
        "unfinished": unfinished,
    })
}

#[derive(Default)]
struct Columns {
    start: Vec<u8>,
    duration: Vec<u8>,
    row: Vec<u8>,
    place: Vec<u8>,
    lane: Vec<u8>,
    origin: Vec<u8>,
    value: Vec<u8>,
    kind: Vec<u8>,
    language: Vec<u8>,
}

/// Every place that the page shows, once.
#[derive(Default)]
struct Places {
    known: HashMap<Place, u32>,
    all: Vec<Place>,
}

impl Places {
    fn number(&mut self, place: &Place) -> u32 {
        if let Some(number) = self.known.get(place) {
            return *number;
        }
        let number = self.all.len() as u32;
        self.known.insert(place.clone(), number);
        self.all.push(place.clone());
        number
    }

    fn list(&self) -> Value {
        let places = self
            .all
            .iter()
            .map(|place| json!([place.what, place.file, place.line]));
        places.collect()
    }

    /// The lines that places name, with their neighbours: by file, then by line.
    fn sources(&self) -> Value {
        let mut files: HashMap<&str, Vec<usize>> = HashMap::new();
        for place in self.all.iter().filter(|place| place.line > 0) {
            files
                .entry(&place.file)
                .or_default()
                .push(place.line as usize);
        }
        let mut sources = serde_json::Map::new();
        for (file, lines) in files {
            let is_small =
                std::fs::metadata(file).is_ok_and(|it| it.is_file() && it.len() <= LARGEST_FILE);
            let Some(text) = is_small
                .then(|| std::fs::read_to_string(file).ok())
                .flatten()
            else {
                continue;
            };
            let all: Vec<&str> = text.lines().collect();
            let mut found = serde_json::Map::new();
            for line in lines {
                for near in line.saturating_sub(AROUND).max(1)..=line + AROUND {
                    if let Some(text) = all.get(near - 1) {
                        let text: String = text.chars().take(200).collect();
                        found.insert(near.to_string(), json!(text));
                    }
                }
            }
            sources.insert(file.to_owned(), Value::Object(found));
        }
        Value::Object(sources)
    }
}

fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for part in bytes.chunks(3) {
        let byte = |index: usize| u32::from(part.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let sign = SIGNS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place > part.len() {
                '='
            } else {
                char::from(sign)
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_base64_with_its_ends() {
        for (bytes, text) in [
            (&b""[..], ""),
            (b"f", "Zg=="),
            (b"fo", "Zm8="),
            (b"foo", "Zm9v"),
            (&[0xff, 0xfe, 0x00, 0x80], "//4AgA=="),
        ] {
            assert_eq!(base64(bytes), text);
        }
    }

    #[test]
    fn the_page_has_a_place_for_each_of_its_parts() {
        for mark in ["/* style */", "{\"data\":0}", "// script"] {
            assert_eq!(PAGE.matches(mark).count(), 1, "{mark}");
        }
    }
}
