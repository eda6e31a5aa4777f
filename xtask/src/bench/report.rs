//! Samples and their medians, for the tables and for the file that keeps everything.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use crate::process;
use crate::terminal::note;

use super::Plan;
use super::table::{self, SUBJECT, Table, Unit};

struct Samples {
    group: String,
    case: String,
    contestant: String,
    unit: Unit,
    values: Vec<f64>,
}

impl Samples {
    /// The median; of what must be none, all.
    fn shown(&self) -> f64 {
        match self.unit {
            Unit::Lost => self.values.iter().sum(),
            _ => median(&self.values),
        }
    }
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

    /// Adds what a program printed of its cases: a number, or null for what the contestant lacks.
    pub(crate) fn add_printed(
        &mut self,
        plan: &Plan,
        group: &str,
        contestant: &str,
        unit: Unit,
        results: &Value,
    ) {
        let cases = results.as_object().into_iter().flatten();
        for (case, value) in cases.filter(|(case, _)| plan.wants(case)) {
            match value.as_f64() {
                Some(value) => self.add(group, case, contestant, unit, value),
                // A peer's place in the table says it; what the subject cannot do is news.
                None if contestant == SUBJECT => {
                    self.skip(contestant, &format!("{group}: {case} failed"));
                }
                None => {}
            }
        }
    }

    /// The samples that `write` left in a file, and the groups in it.
    pub(crate) fn read(file: &Path) -> Result<(Report, Vec<String>)> {
        let text =
            std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
        let all: Value = serde_json::from_str(&text)
            .with_context(|| format!("{} is not JSON", file.display()))?;
        let mut report = Report::new();
        let mut groups = Vec::new();
        for (group, cases) in all["groups"].as_object().into_iter().flatten() {
            groups.push(group.clone());
            for (case, contestants) in cases.as_object().into_iter().flatten() {
                for (contestant, measured) in contestants.as_object().into_iter().flatten() {
                    let unit = measured["unit"].as_str().and_then(Unit::named);
                    let unit = unit.with_context(|| format!("{group}, {case}: an unknown unit"))?;
                    let samples = measured["samples"].as_array().into_iter().flatten();
                    for value in samples.filter_map(Value::as_f64) {
                        report.add(group, case, contestant, unit, value);
                    }
                }
            }
        }
        Ok((report, groups))
    }

    /// Forgets the cases that are not wanted.
    pub(crate) fn keep(&mut self, is_wanted: impl Fn(&str) -> bool) {
        self.samples.retain(|samples| is_wanted(&samples.case));
    }

    /// Remembers who is missing or failed, once a contestant and reason, and says it now.
    pub(crate) fn skip(&mut self, contestant: &str, reason: &str) {
        let entry = (contestant.to_owned(), reason.to_owned());
        if !self.absent.contains(&entry) {
            note(&format!("{contestant} is skipped: {reason}"));
            self.absent.push(entry);
        }
    }

    /// Remembers a version: the first word with a digit of what `--version` said.
    pub(crate) fn version(&mut self, contestant: &str, said: &str) {
        let is_version = |word: &&str| word.contains(|letter: char| letter.is_ascii_digit());
        let version = said.split_whitespace().find(is_version).unwrap_or_default();
        self.versions.insert(contestant.to_owned(), version.into());
    }

    /// The medians of one group, in the order in which they were first measured.
    pub(crate) fn table(&self, group: &str) -> Table {
        let mut table = Table::new(group);
        for samples in self.samples.iter().filter(|samples| samples.group == group) {
            table.add(
                &samples.case,
                &samples.contestant,
                samples.unit,
                samples.shown(),
            );
        }
        table
    }

    /// Writes every group's table as Markdown, with the machine, the versions and who is missing.
    pub(crate) fn write_markdown(&self, groups: &[String], file: &Path) -> Result<()> {
        let mut text = String::new();
        for group in groups {
            text.push_str(&self.table(group).markdown());
        }
        let versions: Vec<String> = self
            .versions
            .iter()
            .map(|(name, version)| format!("{name} {}", version.as_str().unwrap_or_default()))
            .collect();
        let machine = machine();
        text.push_str(&format!(
            "Machine: {}, {} cores, Linux {}. Versions: {}.\n",
            machine["cpu"].as_str().unwrap_or_default(),
            machine["cores"],
            machine["kernel"].as_str().unwrap_or_default(),
            versions.join(", ")
        ));
        for (name, reason) in &self.absent {
            text.push_str(&format!("Missing: {name} ({reason}).\n"));
        }
        std::fs::write(file, text).with_context(|| format!("write {}", file.display()))
    }

    /// Writes every sample with the machine and the versions.
    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        let mut groups = json!({});
        for samples in &self.samples {
            groups[&samples.group][&samples.case][&samples.contestant] = json!({
                "unit": samples.unit.name(),
                "median": samples.shown(),
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

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    table::median(&sorted)
}

fn machine() -> Value {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .unwrap_or_default();
    let kernel = process::output(Command::new("uname").arg("-r")).unwrap_or_default();
    json!({
        "cpu": model.trim_start_matches(['\t', ':', ' ']),
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "kernel": kernel.split('.').take(2).collect::<Vec<_>>().join("."),
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
    fn what_was_lost_once_is_shown() {
        let mut report = Report::new();
        for lost in [0.0, 3.0, 0.0] {
            report.add("group", "lost", "a", Unit::Lost, lost);
        }
        let text = report.table("group").markdown();
        assert!(text.ends_with("| lost | - | 3 |\n\n"), "{text}");
    }
}
