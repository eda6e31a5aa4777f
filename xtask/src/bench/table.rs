//! The tables of medians, for a terminal and as Markdown.
//!
//! One row a case, one column a contestant, and in brackets what the subject is against each peer: above 1 the subject is
//! better, whichever way better is. Groups of many small cases have two columns more: the ratio to the best and to the
//! median peer.

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
    /// What must be none; those of all rounds count.
    Lost,
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
            Unit::Lost => "lost",
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
            Unit::Lost,
        ];
        all.into_iter().find(|unit| unit.name() == name)
    }

    fn more_is_better(self) -> bool {
        matches!(self, Unit::PerSecond | Unit::MebibytesPerSecond)
    }

    fn shown(self, value: f64) -> String {
        match self {
            Unit::Lost => format!("{value:.0}"),
            Unit::PerSecond if value >= 10_000.0 => format!("{:.1}k/s", value / 1e3),
            Unit::PerSecond => format!("{value:.0}/s"),
            Unit::Nanoseconds if value >= 1e6 => format!("{:.2} ms", value / 1e6),
            Unit::Milliseconds if value < 10.0 => format!("{value:.2} ms"),
            _ if value >= 100.0 => format!("{value:.0} {}", self.name()),
            _ => format!("{value:.1} {}", self.name()),
        }
    }
}

/// Who is measured against the others.
pub(crate) const SUBJECT: &str = "twinloop";

/// The groups with the columns that sum up the peers, and what those are called.
const SUMMED_UP: [&str; 3] = ["api", "bridge", "compute"];
const SUMS: [&str; 2] = ["best peer", "median peer"];

/// How far behind the best peer is still near.
const NEAR: f64 = 1.5;

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
        let measured = self.cases.iter().enumerate().filter(|(case, _)| {
            let mut medians = self.medians.iter();
            !medians.any(|median| median.case == *case && median.unit == Unit::Lost)
        });
        measured.map(|(case, name)| {
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
        let other = subject.filter(|subject| *subject != contestant && median.unit != Unit::Lost);
        let ratio = other
            .and_then(|subject| self.find(case, subject))
            .map(|subject| median.ratio(subject.value));
        (median.unit.shown(median.value), ratio)
    }

    /// The subject's ratio to the best and to the median peer in a case, in groups that are summed up.
    fn sums(&self, case: usize) -> Option<[f64; 2]> {
        if !SUMMED_UP.contains(&self.group.as_str()) {
            return None;
        }
        let mut ratios: Vec<f64> = (0..self.contestants.len())
            .filter_map(|contestant| self.place(case, contestant).1)
            .collect();
        ratios.sort_by(f64::total_cmp);
        // The best peer is that against which the subject looks worst.
        Some([*ratios.first()?, median(&ratios)])
    }

    /// How many cases are near the best peer and how many ahead of the median one, in groups that are summed up.
    fn closing(&self) -> Option<String> {
        let sums: Vec<[f64; 2]> = (0..self.cases.len())
            .filter_map(|case| self.sums(case))
            .collect();
        let count = |is_so: fn(&&[f64; 2]) -> bool| sums.iter().filter(is_so).count();
        (!sums.is_empty()).then(|| {
            format!(
                "Within {NEAR} of the best peer: {} of {}; ahead of the median peer: {}.",
                count(|[best, _]| best * NEAR >= 1.0),
                sums.len(),
                count(|[_, median]| *median >= 1.0)
            )
        })
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
        let sums: String = self
            .closing()
            .map(|_| SUMS.map(|name| format!("{name:>13}")).concat())
            .unwrap_or_default();
        println!(
            "\n{}",
            bold(&format!("{:width$}  {headings}{sums}", self.group))
        );
        for (case, name) in self.cases.iter().enumerate() {
            let places = (0..self.contestants.len())
                .map(|contestant| padded(self.place(case, contestant), column));
            let sums = self.sums(case).into_iter().flatten();
            let sums = sums.map(|ratio| padded((String::new(), Some(ratio)), 13));
            println!("{name:width$}  {}", places.chain(sums).collect::<String>());
        }
        if let Some(closing) = self.closing() {
            println!("{closing}");
        }
    }

    pub(crate) fn markdown(&self) -> String {
        let closing = self.closing();
        let mut headings = self.contestants.clone();
        headings.extend(closing.iter().flat_map(|_| SUMS.map(String::from)));
        let mut text = format!(
            "| {} | {} |\n|---|{}\n",
            self.group,
            headings.join(" | "),
            "---:|".repeat(headings.len())
        );
        for (case, name) in self.cases.iter().enumerate() {
            let places =
                (0..self.contestants.len()).map(|contestant| match self.place(case, contestant) {
                    (shown, Some(ratio)) => format!("{shown} ({ratio:.2})"),
                    (shown, None) => shown,
                });
            let mut places: Vec<String> = places.collect();
            if closing.is_some() {
                places.extend(match self.sums(case) {
                    Some(sums) => sums.map(|ratio| format!("{ratio:.2}")),
                    None => SUMS.map(|_| "-".to_owned()),
                });
            }
            text.push_str(&format!("| {name} | {} |\n", places.join(" | ")));
        }
        text.push('\n');
        if let Some(closing) = closing {
            text.push_str(&format!("{closing}\n\n"));
        }
        text
    }
}

/// Of sorted values, of which there is one at least.
pub(super) fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        f64::midpoint(sorted[middle - 1], sorted[middle])
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
    let shown = shown + " ";
    let painted = match ratio {
        ratio if ratio >= 1.05 => green(&bracket),
        ratio if ratio < 0.95 => red(&bracket),
        _ => dim(&bracket),
    };
    format!("{padding}{shown}{painted}")
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

    #[test]
    fn summed_up_groups_name_the_best_and_the_median_peer() {
        let mut table = Table::new("api");
        let medians = [(SUBJECT, 64.0), ("a", 32.0), ("b", 128.0), ("c", 16.0)];
        for (contestant, value) in medians {
            table.add("near", contestant, Unit::Nanoseconds, value);
        }
        table.add("alone", SUBJECT, Unit::Nanoseconds, 10.0);
        assert_eq!(table.sums(0), Some([0.25, 0.5]));
        assert_eq!(table.sums(1), None);
        let closing = "Within 1.5 of the best peer: 0 of 1; ahead of the median peer: 0.";
        assert!(table.markdown().ends_with(&format!(
            "| alone | 10.0 ns | - | - | - | - | - |\n\n{closing}\n\n"
        )));
    }
}
