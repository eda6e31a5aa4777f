//! The trace event format of Chrome, which <https://ui.perfetto.dev> and chrome://tracing open
//! (<https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU>): a process for each loop, a thread for each row, and a flow
//! from a bar to what it made go on.

use std::collections::HashMap;
use std::io::{self, Write};

use serde_json::{Value, json};
use twinloop_loop::trace::{Kind, Language, Record};

use crate::recording::{LoopRecording, Recording};
use crate::rows::Rows;

/// Writes a recording.
///
/// # Errors
/// Those of `output`.
pub(crate) fn write(recording: &Recording, output: &mut impl Write) -> io::Result<()> {
    let begin = (recording.loops.iter())
        .map(|each| each.time_of_day(each.bars[0].start))
        .min()
        .unwrap_or(0);
    let mut events = Events {
        output,
        is_first: true,
    };
    events
        .output
        .write_all(b"{\"displayTimeUnit\":\"ms\",\"traceEvents\":[")?;
    for (index, each) in recording.loops.iter().enumerate() {
        write_loop(&mut events, each, index + 1, begin)?;
    }
    events.output.write_all(b"\n]}\n")
}

struct Events<'o, W> {
    output: &'o mut W,
    is_first: bool,
}

impl<W: Write> Events<'_, W> {
    fn push(&mut self, event: &Value) -> io::Result<()> {
        let between: &[u8] = if self.is_first { b"\n" } else { b",\n" };
        self.is_first = false;
        self.output.write_all(between)?;
        serde_json::to_writer(&mut *self.output, event)?;
        Ok(())
    }
}

fn write_loop(
    events: &mut Events<'_, impl Write>,
    each: &LoopRecording,
    process: usize,
    begin: i128,
) -> io::Result<()> {
    let rows = Rows::of(each);
    let name = format!("process {}, loop {}", each.process, each.number + 1);
    let meta = |name: &str, thread: usize, value: Value| json!({ "ph": "M", "pid": process, "tid": thread, "name": name, "args": value });
    events.push(&meta("process_name", 0, json!({ "name": name })))?;
    for (index, row) in rows.titles.iter().enumerate() {
        events.push(&meta("thread_name", index, json!({ "name": row.title })))?;
        events.push(&meta(
            "thread_sort_index",
            index,
            json!({ "sort_index": index }),
        ))?;
    }
    let micros = |time: u64| (each.time_of_day(time) - begin) as f64 / 1000.0;
    let by_number: HashMap<u32, &Record> = (each.bars.iter())
        .filter(|bar| bar.bar != 0 && bar.kind != Kind::PoolWait)
        .map(|bar| (bar.bar, bar))
        .collect();
    for bar in &each.bars {
        let title = each.title(bar);
        let row = rows.row(bar);
        let mut arguments = json!({ "kind": format!("{:?}", bar.kind) });
        if !title.file.is_empty() {
            arguments["source"] = json!(format!("{}:{}", title.file, title.line));
        }
        if bar.kind == Kind::Timer {
            arguments["late_ms"] = json!(f64::from(bar.value) / 1000.0);
        }
        events.push(&json!({
            "ph": "X",
            "pid": process,
            "tid": row,
            "ts": micros(bar.start),
            "dur": (bar.end - bar.start) as f64 / 1000.0,
            "name": title.shown(),
            "cat": category(bar.language),
            "args": arguments,
        }))?;
        if let Some(origin) = by_number
            .get(&bar.origin)
            .filter(|_| bar.kind != Kind::Microtasks)
            && origin.start <= bar.start
        {
            let flow = |phase: &str, row: usize, time: u64| json!({ "ph": phase, "pid": process, "tid": row, "ts": micros(time), "id": format!("{process}.{}", bar.bar), "name": "goes on", "cat": "wait" });
            events.push(&flow(
                "s",
                rows.row(origin),
                origin
                    .start
                    .max(origin.end.saturating_sub(1))
                    .min(bar.start),
            ))?;
            let mut end = flow("f", row, bar.start);
            end["bp"] = json!("e");
            events.push(&end)?;
        }
    }
    Ok(())
}

fn category(language: Language) -> &'static str {
    match language {
        Language::Rust => "loop",
        Language::JavaScript => "javascript",
        Language::Python => "python",
    }
}
