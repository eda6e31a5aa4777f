//! Samples, their medians, and the tables that people read.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use crate::process;
use crate::terminal::{bold, dim, green, note, red};

/// What a case measures, and which way is better.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Milliseconds,
    Mebibytes,
    Nanoseconds,
    PerSecond,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Unit::Milliseconds => "ms",
            Unit::Mebibytes => "MiB",
            Unit::Nanoseconds => "ns",
            Unit::PerSecond => "/s",
        }
    }

    fn more_is_better(self) -> bool {
        self == Unit::PerSecond
    }

    fn shown(self, value: f64) -> String {
        match self {
            Unit::PerSecond if value >= 10_000.0 => format!("{:.1}k/s", value / 1e3),
            Unit::PerSecond => format!("{value:.0}/s"),
            _ if value >= 100.0 => format!("{value:.0} {}", self.name()),
            _ => format!("{value:.1} {}", self.name()),
        }
    }
}

/// Who is measured against the others.
pub(crate) const SUBJECT: &str = "twinloop";

struct Samples {
    group: String,
    case: String,
    contestant: String,
    unit: Unit,
    values: Vec<f64>,
}

/// All samples of a run, and who did not take part.
pub(crate) struct Report {
    samples: Vec<Samples>,
    absent: Vec<(String, String)>,
    versions: Map<String, Value>,
}

impl Report {
    pub(crate) fn new() -> Report {
        Report {
            samples: Vec::new(),
            absent: Vec::new(),
            versions: Map::new(),
        }
    }

    pub(crate) fn add(
        &mut self,
        group: &str,
        case: &str,
        contestant: &str,
        unit: Unit,
        value: f64,
    ) {
        let is_same = |samples: &&mut Samples| {
            samples.group == group && samples.case == case && samples.contestant == contestant
        };
        match self.samples.iter_mut().find(is_same) {
            Some(samples) => samples.values.push(value),
            None => self.samples.push(Samples {
                group: group.into(),
                case: case.into(),
                contestant: contestant.into(),
                unit,
                values: vec![value],
            }),
        }
    }

    /// Remembers who is missing or failed, once a contestant and reason, and says it now.
    pub(crate) fn skip(&mut self, contestant: &str, reason: &str) {
        let entry = (contestant.to_owned(), reason.to_owned());
        if !self.absent.contains(&entry) {
            note(&format!("{contestant} is skipped: {reason}"));
            self.absent.push(entry);
        }
    }

    pub(crate) fn version(&mut self, contestant: &str, version: &str) {
        self.versions.insert(contestant.to_owned(), version.into());
    }

    /// One row a case, one column a contestant, and what the subject is against each peer in brackets: above 1 the subject is
    /// better, whichever way better is.
    pub(crate) fn print_group(&self, group: &str) {
        let samples: Vec<&Samples> = self
            .samples
            .iter()
            .filter(|samples| samples.group == group)
            .collect();
        let (mut cases, mut contestants) = (Vec::new(), Vec::new());
        for sample in &samples {
            if !cases.contains(&sample.case) {
                cases.push(sample.case.clone());
            }
            if !contestants.contains(&sample.contestant) {
                contestants.push(sample.contestant.clone());
            }
        }
        let find = |case: &str, contestant: &str| {
            samples
                .iter()
                .find(|samples| samples.case == case && samples.contestant == contestant)
        };
        let width = cases
            .iter()
            .map(String::len)
            .max()
            .unwrap_or(0)
            .max(group.len());
        let column = contestants
            .iter()
            .map(|name| name.len() + 2)
            .max()
            .unwrap_or(0)
            .max(18);
        println!(
            "\n{}",
            bold(&format!(
                "{group:width$}  {}",
                headings(&contestants, column)
            ))
        );
        for case in &cases {
            let mut row = format!("{case:width$}  ");
            let subject = find(case, SUBJECT).map(|samples| median(&samples.values));
            for contestant in &contestants {
                row.push_str(&cell(find(case, contestant).copied(), subject, column));
            }
            println!("{row}");
        }
    }

    /// Writes every sample with the machine and the versions.
    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        let mut groups = json!({});
        for samples in &self.samples {
            groups[&samples.group][&samples.case][&samples.contestant] = json!({
                "unit": samples.unit.name(),
                "median": median(&samples.values),
                "samples": samples.values,
            });
        }
        let absent: Vec<Value> = self
            .absent
            .iter()
            .map(|(name, reason)| json!({ "name": name, "reason": reason }))
            .collect();
        let all = json!({ "machine": machine(), "versions": self.versions, "absent": absent, "groups": groups });
        std::fs::write(file, format!("{}\n", serde_json::to_string_pretty(&all)?))
            .with_context(|| format!("write {}", file.display()))
    }
}

fn headings(contestants: &[String], column: usize) -> String {
    contestants
        .iter()
        .map(|name| format!("{name:>column$}"))
        .collect()
}

/// A value and its ratio to the subject's, padded; colour comes after padding, because it has no width.
fn cell(samples: Option<&Samples>, subject: Option<f64>, column: usize) -> String {
    let Some(samples) = samples else {
        return format!("{:>column$}", "-");
    };
    let value = median(&samples.values);
    let shown = samples.unit.shown(value);
    let Some(subject) = subject.filter(|_| samples.contestant != SUBJECT) else {
        return format!("{shown:>column$}");
    };
    let ratio = if samples.unit.more_is_better() {
        subject / value
    } else {
        value / subject
    };
    let bracket = format!("({ratio:.2})");
    let padding = " ".repeat(column.saturating_sub(shown.len() + bracket.len() + 1));
    let painted = match ratio {
        ratio if ratio >= 1.05 => green(&bracket),
        ratio if ratio < 0.95 => red(&bracket),
        _ => dim(&bracket),
    };
    format!("{padding}{shown} {painted}")
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        f64::midpoint(sorted[middle - 1], sorted[middle])
    }
}

fn machine() -> Value {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .unwrap_or_default();
    json!({
        "cpu": model.trim_start_matches(['\t', ':', ' ']),
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "kernel": process::output(Command::new("uname").arg("-r")).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    }

    #[test]
    fn above_one_is_better_whichever_way_better_is() {
        let slower = |unit, value| Samples {
            group: "g".into(),
            case: "c".into(),
            contestant: "peer".into(),
            unit,
            values: vec![value],
        };
        assert!(cell(Some(&slower(Unit::Nanoseconds, 200.0)), Some(100.0), 17).contains("2.00"));
        assert!(cell(Some(&slower(Unit::PerSecond, 50.0)), Some(100.0), 17).contains("2.00"));
    }
}
