//! The tables of medians, for a terminal and as Markdown.
//!
//! One row a case, one column a contestant, and in brackets what the subject is against each peer: above 1 the subject is
//! better, whichever way better is.

use crate::terminal::{bold, dim, green, red};

/// What a case measures, and which way is better.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Milliseconds,
    Mebibytes,
    Kibibytes,
    Nanoseconds,
    PerSecond,
    MebibytesPerSecond,
}

impl Unit {
    pub(super) fn name(self) -> &'static str {
        match self {
            Unit::Milliseconds => "ms",
            Unit::Mebibytes => "MiB",
            Unit::Kibibytes => "KiB",
            Unit::Nanoseconds => "ns",
            Unit::PerSecond => "/s",
            Unit::MebibytesPerSecond => "MiB/s",
        }
    }

    pub(super) fn named(name: &str) -> Option<Unit> {
        let all = [
            Unit::Milliseconds,
            Unit::Mebibytes,
            Unit::Kibibytes,
            Unit::Nanoseconds,
            Unit::PerSecond,
            Unit::MebibytesPerSecond,
        ];
        all.into_iter().find(|unit| unit.name() == name)
    }

    fn more_is_better(self) -> bool {
        matches!(self, Unit::PerSecond | Unit::MebibytesPerSecond)
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

/// One group's medians.
pub(crate) struct Table {
    group: String,
    cases: Vec<String>,
    contestants: Vec<String>,
    medians: Vec<Median>,
}

struct Median {
    case: usize,
    contestant: usize,
    unit: Unit,
    value: f64,
}

impl Median {
    /// More is better.
    fn speed(&self) -> f64 {
        if self.unit.more_is_better() {
            self.value
        } else {
            1.0 / self.value
        }
    }

    /// What the subject's value is against this one.
    fn ratio(&self, subject: f64) -> f64 {
        let subject = Median {
            value: subject,
            ..*self
        };
        subject.speed() / self.speed()
    }
}

/// One contestant in one case, for a picture.
pub(crate) struct Bar {
    pub(crate) contestant: String,
    pub(crate) shown: String,
    /// How good it is, as a part of the best.
    pub(crate) share: f64,
}

impl Table {
    pub(crate) fn new(group: &str) -> Table {
        Table {
            group: group.to_owned(),
            cases: Vec::new(),
            // The subject stands first, whoever was measured first.
            contestants: vec![SUBJECT.to_owned()],
            medians: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, case: &str, contestant: &str, unit: Unit, value: f64) {
        let case = position(&mut self.cases, case);
        let contestant = position(&mut self.contestants, contestant);
        self.medians.push(Median {
            case,
            contestant,
            unit,
            value,
        });
    }

    pub(crate) fn group(&self) -> &str {
        &self.group
    }

    pub(crate) fn contestants(&self) -> &[String] {
        &self.contestants
    }

    /// Each case with its contestants, the subject first.
    pub(crate) fn bars(&self) -> impl Iterator<Item = (&str, Vec<Bar>)> {
        self.cases.iter().enumerate().map(|(case, name)| {
            let present: Vec<&Median> = (0..self.contestants.len())
                .filter_map(|contestant| self.find(case, contestant))
                .collect();
            let best = present.iter().map(|median| median.speed());
            let best = best.fold(f64::MIN_POSITIVE, f64::max);
            let bar = |median: &&Median| Bar {
                contestant: self.contestants[median.contestant].clone(),
                shown: median.unit.shown(median.value),
                share: median.speed() / best,
            };
            (name.as_str(), present.iter().map(bar).collect())
        })
    }

    fn find(&self, case: usize, contestant: usize) -> Option<&Median> {
        self.medians
            .iter()
            .find(|median| median.case == case && median.contestant == contestant)
    }

    /// What one place says, and the subject's ratio there if it has one.
    fn place(&self, case: usize, contestant: usize) -> (String, Option<f64>) {
        let Some(median) = self.find(case, contestant) else {
            return ("-".into(), None);
        };
        let subject = self.contestants.iter().position(|name| name == SUBJECT);
        let other = subject.filter(|subject| *subject != contestant);
        let ratio = other
            .and_then(|subject| self.find(case, subject))
            .map(|subject| median.ratio(subject.value));
        (median.unit.shown(median.value), ratio)
    }

    pub(crate) fn print(&self) {
        let longest = |names: &[String]| names.iter().map(String::len).max().unwrap_or(0);
        let width = longest(&self.cases).max(self.group.len());
        let column = (longest(&self.contestants) + 2).max(18);
        let headings: String = self
            .contestants
            .iter()
            .map(|name| format!("{name:>column$}"))
            .collect();
        println!("\n{}", bold(&format!("{:width$}  {headings}", self.group)));
        for (case, name) in self.cases.iter().enumerate() {
            let places = (0..self.contestants.len())
                .map(|contestant| padded(self.place(case, contestant), column));
            println!("{name:width$}  {}", places.collect::<String>());
        }
    }

    pub(crate) fn markdown(&self) -> String {
        let mut text = format!(
            "| {} | {} |\n|---|{}\n",
            self.group,
            self.contestants.join(" | "),
            "---:|".repeat(self.contestants.len())
        );
        for (case, name) in self.cases.iter().enumerate() {
            let places =
                (0..self.contestants.len()).map(|contestant| match self.place(case, contestant) {
                    (shown, Some(ratio)) => format!("{shown} ({ratio:.2})"),
                    (shown, None) => shown,
                });
            text.push_str(&format!(
                "| {name} | {} |\n",
                places.collect::<Vec<_>>().join(" | ")
            ));
        }
        text.push('\n');
        text
    }
}

fn position(names: &mut Vec<String>, name: &str) -> usize {
    names
        .iter()
        .position(|known| known == name)
        .unwrap_or_else(|| {
            names.push(name.to_owned());
            names.len() - 1
        })
}

/// A place of a column; colour comes after padding, because it has no width.
fn padded((shown, ratio): (String, Option<f64>), column: usize) -> String {
    let Some(ratio) = ratio else {
        return format!("{shown:>column$}");
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn above_one_is_better_whichever_way_better_is() {
        let mut table = Table::new("group");
        table.add("time", SUBJECT, Unit::Nanoseconds, 100.0);
        table.add("time", "peer", Unit::Nanoseconds, 200.0);
        table.add("rate", SUBJECT, Unit::PerSecond, 100.0);
        table.add("rate", "peer", Unit::PerSecond, 50.0);
        assert_eq!(table.place(0, 1).1, Some(2.0));
        assert_eq!(table.place(1, 1).1, Some(2.0));
    }

    #[test]
    fn markdown_has_a_row_a_case_and_names_what_is_missing() {
        let mut table = Table::new("group");
        table.add("a", SUBJECT, Unit::Milliseconds, 10.0);
        table.add("b", "peer", Unit::Milliseconds, 20.0);
        let text = table.markdown();
        assert_eq!(
            text,
            "| group | twinloop | peer |\n|---|---:|---:|\n| a | 10.0 ms | - |\n| b | - | 20.0 ms |\n\n"
        );
    }
}
