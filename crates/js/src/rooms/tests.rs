//! The rooms hold together: names that are used exist, operations have one home, and the arrows run one way.
//!
//! Read from the files' text, so that a fault is found without running them.

use std::collections::{BTreeMap, BTreeSet};

use super::all;
use crate::builtins::File;

/// What stands between `before` and the next `after`, wherever that is in the text.
fn between<'t>(text: &'t str, before: &str, after: char) -> Vec<&'t str> {
    text.split(before)
        .skip(1)
        .filter_map(|rest| rest.split(after).next())
        .collect()
}

/// The files that a file takes something from, now or later.
fn required(file: &File) -> Vec<&'static str> {
    between(file.text, "require('", '\'')
}

/// The operations that a file takes.
fn operations(file: &File) -> Vec<&'static str> {
    file.text
        .split("const {")
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .filter(|(_, rest)| rest.starts_with(" = ops;"))
        .flat_map(|(names, _)| names.split(','))
        .filter_map(|name| name.split(':').next())
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect()
}

fn files() -> Vec<&'static File> {
    all().flat_map(|room| room.files).collect()
}

#[test]
fn a_name_stands_for_one_thing() {
    let mut seen = BTreeSet::new();
    for file in files() {
        let names = [file.name].into_iter().chain(file.modules.iter().copied());
        for name in names {
            assert!(seen.insert(name), "{name} is declared twice");
        }
    }
    let mut globals = BTreeSet::new();
    for name in files().iter().flat_map(|file| file.globals) {
        assert!(globals.insert(name), "the global {name} is declared twice");
    }
}

#[test]
fn every_file_that_is_required_exists() {
    let known: BTreeSet<_> = files().iter().map(|file| file.name).collect();
    for file in files() {
        for name in required(file) {
            assert!(
                known.contains(name),
                "{} requires {name}, which is not there",
                file.name
            );
        }
    }
}

#[test]
fn what_a_file_takes_stands_at_its_head() {
    for file in files().into_iter().filter(|file| !file.embedded) {
        for line in file.text.lines().filter(|line| line.contains("require('")) {
            let is_at_head = ["const ", "} = require(", "module.exports = "]
                .iter()
                .any(|start| line.starts_with(start));
            assert!(
                is_at_head,
                "{}: `{}` belongs at the head of the file",
                file.name,
                line.trim()
            );
        }
    }
}

#[test]
fn operations_are_declared_once_and_used() {
    let mut declared = BTreeSet::new();
    for op in all()
        .flat_map(|room| room.operations)
        .flat_map(|table| table.iter())
    {
        assert!(declared.insert(op.name), "{} is declared twice", op.name);
    }
    let mut used = BTreeSet::from(["fileFunction"]);
    for file in files() {
        for name in operations(file) {
            assert!(
                declared.contains(name),
                "{} takes the operation {name}, which is not there",
                file.name
            );
            used.insert(name);
        }
    }
    let idle: Vec<_> = declared.difference(&used).collect();
    assert!(idle.is_empty(), "nobody takes {idle:?}");
}

#[test]
fn arrows_run_from_node_to_web_to_builtins() {
    let floor = |name: &str| match name.split('/').next() {
        Some("builtins") => 0,
        Some("web") => 1,
        _ => 2,
    };
    for file in files() {
        for name in required(file) {
            assert!(
                floor(name) <= floor(file.name),
                "{} must not take {name}",
                file.name
            );
        }
    }
}

#[test]
fn no_files_take_from_each_other_in_a_circle() {
    // Files of packages know circles of their own.
    let mut arrows: BTreeMap<&str, Vec<&str>> = files()
        .iter()
        .filter(|file| !file.embedded)
        .map(|file| (file.name, required(file)))
        .collect();
    // Files that take nothing from one that is left are on no circle.
    loop {
        let before = arrows.len();
        let left: BTreeSet<_> = arrows.keys().copied().collect();
        arrows.retain(|_, taken| taken.iter().any(|name| left.contains(name)));
        if arrows.len() == before {
            break;
        }
    }
    let circle: Vec<_> = arrows.keys().collect();
    assert!(
        circle.is_empty(),
        "a circle runs through some of {circle:?}"
    );
}
