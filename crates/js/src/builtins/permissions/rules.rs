//! The rules by which permissions are granted: paths with what is below them, hosts with their ports, names.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

/// One name in an option's list, and what it stands for.
pub(super) trait Rule: PartialEq {
    type Thing: ?Sized;

    fn parse(text: &str) -> Self;
    fn covers(&self, thing: &Self::Thing) -> bool;
}

/// What an option and its opposite list.
#[derive(Debug, Clone)]
pub(super) struct Grants<R> {
    /// Everything is granted that is not denied.
    pub(super) all: bool,
    pub(super) granted: Vec<R>,
    /// Everything is denied.
    none: bool,
    denied: Vec<R>,
}

impl<R> Default for Grants<R> {
    fn default() -> Grants<R> {
        Grants {
            all: false,
            granted: Vec::new(),
            none: false,
            denied: Vec::new(),
        }
    }
}

impl<R: Rule> Grants<R> {
    /// Takes in the value of an option of Deno's: names between commas; everything, if it is empty or a star.
    pub(super) fn grant(&mut self, value: &str) {
        match is_everything(value) {
            true => self.all = true,
            false => self.granted.extend(rules(value)),
        }
    }

    /// The same for an option of Node's, which is given once for each name.
    pub(super) fn grant_one(&mut self, value: &str) {
        match is_everything(value) {
            true => self.all = true,
            false => self.granted.push(R::parse(value)),
        }
    }

    pub(super) fn deny(&mut self, value: &str) {
        match is_everything(value) {
            true => self.none = true,
            false => self.denied.extend(rules(value)),
        }
    }

    pub(super) fn has(&self, thing: &R::Thing) -> bool {
        let covers = |rules: &[R]| rules.iter().any(|rule| rule.covers(thing));
        !self.none && (self.all || covers(&self.granted)) && !covers(&self.denied)
    }

    /// Whether nothing is kept from the program.
    pub(super) fn has_all(&self) -> bool {
        self.all && !self.none && self.denied.is_empty()
    }

    /// Takes back what was granted by this name, or all.
    pub(super) fn take_back(&mut self, name: Option<&str>) {
        match name {
            None => {
                self.all = false;
                self.granted.clear();
            }
            Some(name) => {
                let rule = R::parse(name);
                self.granted.retain(|granted| *granted != rule);
            }
        }
    }
}

fn is_everything(value: &str) -> bool {
    value.is_empty() || value == "*"
}

fn rules<R: Rule>(value: &str) -> impl Iterator<Item = R> {
    let names = value.split(',').filter(|name| !name.is_empty());
    names.map(R::parse)
}

/// A file, a folder with what is below it, or with a star all paths that begin so.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum PathRule {
    Below(PathBuf),
    Beginning(PathBuf),
}

impl Rule for PathRule {
    type Thing = Path;

    fn parse(text: &str) -> PathRule {
        // What follows a star says nothing, as in Node.
        match text.split_once('*') {
            Some((start, _)) if !start.ends_with('/') => {
                PathRule::Beginning(destination(Path::new(start)))
            }
            Some((folder, _)) => PathRule::Below(destination(Path::new(folder))),
            None => PathRule::Below(destination(Path::new(text))),
        }
    }

    fn covers(&self, path: &Path) -> bool {
        match self {
            PathRule::Below(folder) => path.starts_with(folder),
            PathRule::Beginning(start) => {
                let start = start.as_os_str().as_bytes();
                path.as_os_str().as_bytes().starts_with(start)
            }
        }
    }
}

impl Grants<PathRule> {
    /// Whether something below this folder is denied.
    pub(super) fn denies_below(&self, folder: &Path) -> bool {
        self.denied.iter().any(|rule| match rule {
            PathRule::Below(path) | PathRule::Beginning(path) => path.starts_with(folder),
        })
    }
}

/// `example.com`, `example.com:443`, `*.example.com`, `[::1]:80`: without a port, every port.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct HostRule {
    host: String,
    port: Option<String>,
}

impl Rule for HostRule {
    type Thing = str;

    fn parse(text: &str) -> HostRule {
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, Some(port)),
            _ => (text, None),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        HostRule {
            host: host.trim_end_matches('.').to_ascii_lowercase(),
            port: port.map(str::to_owned),
        }
    }

    fn covers(&self, thing: &str) -> bool {
        let asked = HostRule::parse(thing);
        let host_fits = match self.host.strip_prefix('*') {
            Some(end) => asked.host.ends_with(end) && asked.host.len() > end.len(),
            None => asked.host == self.host,
        };
        // A name that is only looked up has no port.
        host_fits && (self.port.is_none() || asked.port.is_none() || self.port == asked.port)
    }
}

/// A name as it stands: a variable of the environment, or a program, also by its path.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NameRule(String);

impl Rule for NameRule {
    type Thing = str;

    fn parse(text: &str) -> NameRule {
        NameRule(text.to_owned())
    }

    fn covers(&self, name: &str) -> bool {
        self.0 == name
    }
}

/// Where a path leads: absolute, without dots, its links followed, also where its last names are not there yet.
pub(super) fn destination(path: &Path) -> PathBuf {
    /// As many as the system follows.
    const MOST_LINKS: u32 = 40;
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut found = PathBuf::from("/");
    let mut ahead = names_from_the_last(&absolute);
    let mut links = 0;
    while let Some(name) = ahead.pop() {
        if name == ".." {
            found.pop();
            continue;
        }
        found.push(&name);
        if let Ok(target) = std::fs::read_link(&found)
            && links < MOST_LINKS
        {
            links += 1;
            found.pop();
            if target.is_absolute() {
                found = PathBuf::from("/");
            }
            ahead.extend(names_from_the_last(&target));
        }
    }
    found
}

/// The same for a name whose link is not followed.
pub(super) fn name_itself(path: &Path) -> PathBuf {
    match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) => {
            let mut found = destination(folder);
            found.push(name);
            found
        }
        _ => destination(path),
    }
}

fn names_from_the_last(path: &Path) -> Vec<OsString> {
    let names = path.components().rev().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    });
    names.collect()
}
