//! The tables as a picture (SVG): for each case a bar for each contestant, as long as it is fast.
//!
//! The best of a case fills the width, so bars compare within a case only; each says its own figure. A peer keeps its
//! colour everywhere. Plain shapes and no fonts of its own, so that any browser and a README show it alike.

use std::path::Path;

use anyhow::{Context, Result};

use super::table::{Bar, SUBJECT, Table};

const WIDTH: usize = 880;
const LABELS: usize = 250;
const FIGURES: usize = 90;
const BAR: usize = 9;
const CASE_GAP: usize = 7;
const MARGIN: usize = 16;
const HEADING: usize = 34;

/// The subject's own, then the peers' in the order of their first appearance.
const COLOURS: [&str; 7] = [
    "#d9480f", "#1971c2", "#2f9e44", "#9c36b5", "#868e96", "#f08c00", "#0c8599",
];

/// Writes the picture of `tables`.
pub(crate) fn write(tables: &[Table], file: &Path) -> Result<()> {
    std::fs::write(file, draw(tables)).with_context(|| format!("write {}", file.display()))
}

fn draw(tables: &[Table]) -> String {
    let mut names = vec![SUBJECT.to_owned()];
    for name in tables.iter().flat_map(Table::contestants) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    let mut canvas = Canvas {
        shapes: String::new(),
        y: MARGIN,
    };
    canvas.legend(&names);
    for table in tables {
        canvas.heading(table.group());
        for (case, bars) in table.bars() {
            canvas.case(case, &bars, &names);
        }
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{shapes}</svg>\n",
        height = canvas.y + MARGIN,
        shapes = canvas.shapes
    )
}

struct Canvas {
    shapes: String,
    y: usize,
}

impl Canvas {
    fn text(&mut self, x: usize, y: usize, attributes: &str, text: &str) {
        self.shapes.push_str(&format!(
            "<text x=\"{x}\" y=\"{y}\" {attributes}>{}</text>\n",
            escaped(text)
        ));
    }

    fn rectangle(&mut self, x: usize, y: usize, width: f64, height: usize, colour: &str) {
        self.shapes.push_str(&format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width:.1}\" height=\"{height}\" fill=\"{colour}\"/>\n"
        ));
    }

    fn legend(&mut self, names: &[String]) {
        let column = (WIDTH - 2 * MARGIN) / names.len().max(5);
        for (index, name) in names.iter().enumerate() {
            let x = MARGIN + index * column;
            self.rectangle(x, self.y, 10.0, 10, colour(index));
            self.text(x + 15, self.y + 9, "fill=\"#212529\"", name);
        }
        self.y += 14;
    }

    fn heading(&mut self, group: &str) {
        self.y += HEADING;
        let style = "font-size=\"14\" font-weight=\"bold\" fill=\"#212529\"";
        self.text(MARGIN, self.y - 10, style, group);
    }

    fn case(&mut self, name: &str, bars: &[Bar], names: &[String]) {
        let middle = self.y + bars.len() * BAR / 2 + 4;
        let style = "text-anchor=\"end\" fill=\"#212529\"";
        self.text(LABELS - 8, middle, style, name);
        let room = (WIDTH - LABELS - FIGURES - MARGIN) as f64;
        for bar in bars {
            let index = names.iter().position(|name| *name == bar.contestant);
            let length = (bar.share * room).max(1.0);
            let fill = colour(index.unwrap_or(names.len()));
            self.rectangle(LABELS, self.y, length, BAR - 1, fill);
            let weight = if bar.contestant == SUBJECT {
                "bold"
            } else {
                "normal"
            };
            let style = format!("font-size=\"8.5\" font-weight=\"{weight}\" fill=\"#495057\"");
            let end = LABELS + length as usize + 5;
            self.text(end, self.y + BAR - 1, &style, &bar.shown);
            self.y += BAR;
        }
        self.y += CASE_GAP;
    }
}

fn colour(index: usize) -> &'static str {
    COLOURS[index % COLOURS.len()]
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::super::table::Unit;
    use super::*;

    #[test]
    fn the_fastest_fills_the_width_whichever_way_better_is() {
        let mut table = Table::new("a < b");
        table.add("time", SUBJECT, Unit::Nanoseconds, 100.0);
        table.add("time", "peer", Unit::Nanoseconds, 400.0);
        table.add("rate", SUBJECT, Unit::PerSecond, 50.0);
        table.add("rate", "peer", Unit::PerSecond, 100.0);
        let shares: Vec<Vec<f64>> = table
            .bars()
            .map(|(_, bars)| bars.iter().map(|bar| bar.share).collect())
            .collect();
        assert_eq!(shares, [[1.0, 0.25], [0.5, 1.0]]);
        let picture = draw(&[table]);
        assert!(picture.contains("a &lt; b") && picture.contains(">400 ns<"));
        assert_eq!(
            picture.matches("<rect").count(),
            1 + 2 + 4,
            "ground, legend, bars"
        );
    }
}
