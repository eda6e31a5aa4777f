//! Source maps (<https://tc39.es/ecma426/>): where the lines of a stack come from. Without an option, and without a cost until it is asked.
//!
//! A file that is loaded is looked at for the comment that names its map, in its last lines; what the transformer of TypeScript made has one
//! from it. Maps are read and decoded when a stack is made text that has a frame of such a file. Loop thread only.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use oxc_sourcemap::{SourceMap, Token};
use url::Url;

use super::resolve::{file_url, split_scheme};
use super::{data_text, source};
use crate::builtins::permissions::{Access, Limits, limits};
use crate::engine::Scope;

/// The maps of a context, by the names that stacks have for the files.
#[derive(Default)]
pub(crate) struct SourceMaps {
    files: RefCell<HashMap<String, Known>>,
    /// Texts that are in no file, by the names that stacks have for them.
    texts: RefCell<HashMap<String, String>>,
    /// What `setSourceMapsSupport` turned off.
    off: Cell<bool>,
    /// Whether the maps of packages count, too (`setSourceMapsSupport(true, { nodeModules: true })`). Without that they do not, as in Node: packages
    /// find their own files by a stack (pyodide its WebAssembly), and the sources that their maps name are mostly not there.
    of_packages: Cell<bool>,
    /// Of a program that may not read every file.
    limits: OnceCell<Rc<Limits>>,
}

/// What is known of a file's map.
struct Known {
    origin: MapOrigin,
    /// Decoded at the first question; `None` inside if it cannot be.
    decoded: Option<Option<Rc<Decoded>>>,
}

#[derive(Clone)]
enum MapOrigin {
    /// What the comment says.
    Url(String),
    /// The map itself.
    Text(Rc<str>),
}

/// A place in a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// A path, or the URL of what is in no file.
    pub(crate) file: String,
    /// From 1.
    pub(crate) line: u32,
    /// From 1.
    pub(crate) column: u32,
}

/// Where a map is, its text, and the URL that its sources are relative to.
pub(crate) struct Found {
    pub(crate) url: String,
    pub(crate) text: String,
    base: Url,
}

struct Decoded {
    parts: Vec<Part>,
    base: Url,
}

/// A map, or a section of one.
struct Part {
    line: u32,
    column: u32,
    tokens: Vec<Token>,
    map: SourceMap<'static>,
}

impl SourceMaps {
    /// Looks whether a text that was loaded as `file` names its map.
    pub(crate) fn note(scope: &Scope<'_>, file: &str, text: &str) {
        if let Some(url) = comment(text) {
            SourceMaps::add(scope, file, MapOrigin::Url(url.to_owned()));
        }
    }

    /// Remembers the map of a text that was made from another.
    pub(crate) fn made(scope: &Scope<'_>, file: &str, map: &str) {
        SourceMaps::add(scope, file, MapOrigin::Text(map.into()));
    }

    fn add(scope: &Scope<'_>, file: &str, origin: MapOrigin) {
        let known = Known {
            origin,
            decoded: None,
        };
        let maps = scope.state::<SourceMaps>();
        maps.files.borrow_mut().insert(file.to_owned(), known);
        // Where memory runs out stacks stay as the engine has them.
        let _ = scope.install_stacks();
    }

    /// A program names the files of maps and of places itself: from now on those alone are read that it may read.
    pub(crate) fn limit(scope: &Scope<'_>) {
        let _ = (scope.state::<SourceMaps>().limits).set(limits(scope));
    }

    fn readable(&self, path: &Path) -> Option<String> {
        if let Some(limits) = self.limits.get() {
            limits.path(Access::READ, path).ok()?;
        }
        source::read(path).ok()
    }

    /// Keeps a text that is in no file, for the line of an error in it.
    pub(crate) fn keep(scope: &Scope<'_>, name: &str, text: &str) {
        let maps = scope.state::<SourceMaps>();
        (maps.texts.borrow_mut()).insert(name.to_owned(), text.to_owned());
    }

    /// Some lines of what a stack names, from this one on: of a file, of code without one, or of a source that only a map has.
    pub(crate) fn lines(&self, file: &str, first: u32, count: usize) -> Vec<String> {
        let Some(before) = first.checked_sub(1) else {
            return Vec::new();
        };
        let part = |text: &str| {
            let lines = text.lines().skip(before as usize).take(count);
            lines.map(str::to_owned).collect()
        };
        self.with_text(file, part).unwrap_or_default()
    }

    /// Shows `look` the text of what a stack names.
    fn with_text<R>(&self, file: &str, look: impl Fn(&str) -> R) -> Option<R> {
        if let Some(text) = self.texts.borrow().get(file) {
            return Some(look(text));
        }
        let url = Url::parse(file).ok();
        if let Some(url) = url.as_ref().filter(|url| url.scheme() == "data") {
            return Some(look(&data_text(url).ok()?));
        }
        let path = match &url {
            Some(url) => url.to_file_path().ok(),
            None => Some(PathBuf::from(file)),
        };
        if let Some(path) = path.filter(|path| path.is_absolute())
            && let Some(text) = self.readable(&path)
        {
            return Some(look(&text));
        }
        let names: Vec<String> = self.files.borrow().keys().cloned().collect();
        names.iter().find_map(|name| {
            let decoded = self.decoded(name)?;
            decoded.content(file).map(&look)
        })
    }

    pub(crate) fn turn(&self, on: bool, of_packages: bool) {
        self.off.set(!on);
        self.of_packages.set(of_packages);
    }

    /// Whether stacks are to have the places that this file's map says. What the transformer of TypeScript made always has its own.
    fn counts(&self, file: &str) -> bool {
        self.of_packages.get()
            || !file.contains("/node_modules/")
            || (self.files.borrow().get(file))
                .is_some_and(|known| matches!(known.origin, MapOrigin::Text(_)))
    }

    /// The text of a file's map.
    pub(crate) fn text(&self, file: &str) -> Option<Found> {
        let origin = self.files.borrow().get(file)?.origin.clone();
        match origin {
            MapOrigin::Text(map) => Some(Found {
                url: format!("{file}.map"),
                text: map.to_string(),
                base: file_url(Path::new(file)),
            }),
            MapOrigin::Url(url) => self.read(file, &url),
        }
    }

    fn decoded(&self, file: &str) -> Option<Rc<Decoded>> {
        if let Some(decoded) = &self.files.borrow().get(file)?.decoded {
            return decoded.clone();
        }
        let found = self.text(file);
        let decoded = found.and_then(|found| decode(&found)).map(Rc::new);
        self.files.borrow_mut().get_mut(file)?.decoded = Some(decoded.clone());
        decoded
    }

    fn read(&self, file: &str, address: &str) -> Option<Found> {
        let base = match split_scheme(file) {
            Some(_) => Url::parse(file).ok()?,
            None => file_url(Path::new(file)),
        };
        if address.starts_with("data:") {
            let url = Url::parse(address).ok()?;
            return Some(Found {
                url: address.to_owned(),
                text: data_text(&url).ok()?,
                base,
            });
        }
        let url = base.join(address).ok()?;
        let path: PathBuf = url.to_file_path().ok()?;
        Some(Found {
            url: url.to_string(),
            text: self.readable(&path)?,
            base: url,
        })
    }

    /// Where a place comes from.
    pub(crate) fn origin(&self, file: &str, line: u32, column: u32) -> Option<Place> {
        if self.off.get() || self.files.borrow().is_empty() {
            return None;
        }
        if !self.counts(file) {
            return None;
        }
        let decoded = self.decoded(file)?;
        let (part, token) = decoded.token(line.checked_sub(1)?, column.saturating_sub(1))?;
        let source = part.map.get_source(token.get_source_id()?)?;
        Some(Place {
            file: decoded.path(part, source),
            line: token.get_src_line() + 1,
            column: token.get_src_col() + 1,
        })
    }

    /// A stack as text with the places of its frames in the sources; nothing if none of them has a map.
    pub(crate) fn mapped(&self, stack: &str) -> Option<String> {
        if self.off.get() || self.files.borrow().is_empty() {
            return None;
        }
        let mut changed = false;
        let mut lines = Vec::new();
        for line in stack.split('\n') {
            match self.mapped_frame(line) {
                Some(mapped) => {
                    changed = true;
                    lines.push(mapped);
                }
                None => lines.push(line.to_owned()),
            }
        }
        changed.then(|| lines.join("\n"))
    }

    fn mapped_frame(&self, frame: &str) -> Option<String> {
        let (start, end, file, line, column) = frame_place(frame)?;
        let origin = self.origin(file, line, column)?;
        Some(format!(
            "{}{}:{}:{}{}",
            &frame[..start],
            origin.file,
            origin.line,
            origin.column,
            &frame[end..]
        ))
    }
}

/// The place in a line of a stack: where it begins and ends in the line, the file, the line and the column.
pub(crate) fn frame_place(frame: &str) -> Option<(usize, usize, &str, u32, u32)> {
    let call = frame.trim_start().strip_prefix("at ")?;
    let first = frame.len() - call.len();
    let (start, end) = match frame.strip_suffix(')') {
        Some(open) => (open.find(" (").map_or(first, |at| at + 2), open.len()),
        None => (
            first
                + if call.starts_with("async ") {
                    "async ".len()
                } else {
                    0
                },
            frame.len(),
        ),
    };
    let place = frame.get(start..end)?;
    let (rest, column) = place.rsplit_once(':')?;
    let (file, line) = rest.rsplit_once(':')?;
    Some((start, end, file, line.parse().ok()?, column.parse().ok()?))
}

/// The address in the comment for a map, which stands in the last lines of a text.
fn comment(text: &str) -> Option<&str> {
    const LINES: usize = 4;
    let mut rest = text.trim_end();
    for _ in 0..LINES {
        let (before, line) = rest.rsplit_once('\n').unwrap_or(("", rest));
        let line = line.trim();
        for start in [
            "//# sourceMappingURL=",
            "//@ sourceMappingURL=",
            "/*# sourceMappingURL=",
        ] {
            if let Some(url) = line.strip_prefix(start) {
                let url = url.trim_end_matches("*/").trim();
                return (!url.is_empty() && !url.contains([' ', '"', '\''])).then_some(url);
            }
        }
        rest = before.trim_end();
    }
    None
}

fn decode(found: &Found) -> Option<Decoded> {
    // Some servers put this before JSON, and the format allows it.
    let json = match found.text.strip_prefix(")]}'") {
        Some(rest) => rest.split_once('\n').map_or("", |(_, rest)| rest),
        None => &found.text,
    };
    let mut parts = Vec::new();
    let may_have_sections = json.contains("\"sections\"");
    let sections = may_have_sections
        .then(|| serde_json::from_str::<serde_json::Value>(json).ok())
        .flatten()
        .and_then(|map| map.get("sections")?.as_array().cloned());
    match sections {
        Some(sections) => {
            for section in sections {
                let number = |name: &str| section.get("offset")?.get(name)?.as_u64();
                let map = section.get("map")?.to_string();
                parts.push(part(
                    &map,
                    number("line")? as u32,
                    number("column")? as u32,
                )?);
            }
        }
        None => parts.push(part(json, 0, 0)?),
    }
    Some(Decoded {
        parts,
        base: found.base.clone(),
    })
}

fn part(json: &str, line: u32, column: u32) -> Option<Part> {
    let map = SourceMap::from_json_string(json).ok()?.into_owned();
    let mut tokens: Vec<Token> = map.get_tokens().collect();
    tokens.sort_by_key(|token| (token.get_dst_line(), token.get_dst_col()));
    Some(Part {
        line,
        column,
        tokens,
        map,
    })
}

impl Decoded {
    /// The last token of the line at or before a place, both from 0.
    fn token(&self, line: u32, column: u32) -> Option<(&Part, Token)> {
        let after = self
            .parts
            .partition_point(|part| (part.line, part.column) <= (line, column));
        let part = self.parts.get(after.checked_sub(1)?)?;
        let column = if line == part.line {
            column - part.column
        } else {
            column
        };
        let line = line - part.line;
        let after = part
            .tokens
            .partition_point(|token| (token.get_dst_line(), token.get_dst_col()) <= (line, column));
        let token = part.tokens.get(after.checked_sub(1)?)?;
        (token.get_dst_line() == line).then_some((part, *token))
    }

    /// The text of the source with this path or URL, if the map has it.
    fn content(&self, file: &str) -> Option<&str> {
        self.parts.iter().find_map(|part| {
            let index = part
                .map
                .get_sources()
                .position(|source| self.path(part, source) == file)?;
            part.map.get_source_content(index as u32)
        })
    }

    fn path(&self, part: &Part, source: &str) -> String {
        let root = part.map.get_source_root().unwrap_or_default();
        let source = if root.is_empty() {
            source.to_owned()
        } else {
            format!("{}/{source}", root.trim_end_matches('/'))
        };
        let url = match self.base.join(&source) {
            Ok(url) => url,
            Err(_) => return source,
        };
        match url.to_file_path() {
            Ok(path) => path.to_string_lossy().into_owned(),
            Err(()) => source,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_comment_is_found_at_the_end_only() {
        assert_eq!(comment("a\n//# sourceMappingURL=a.map\n"), Some("a.map"));
        assert_eq!(
            comment("a\n//# sourceMappingURL=a.map\n//# sourceURL=x\n"),
            Some("a.map")
        );
        assert_eq!(comment("//# sourceMappingURL=a.map\nb\nc\nd\ne\n"), None);
        assert_eq!(comment("a('//# sourceMappingURL=')"), None);
    }

    #[test]
    fn frames_of_all_forms_have_their_place() {
        let place = |frame| frame_place(frame).map(|(_, _, file, line, _)| (file, line));
        assert_eq!(place("    at f (/a b.js:1:2)"), Some(("/a b.js", 1)));
        assert_eq!(place("    at /a.js:3:4"), Some(("/a.js", 3)));
        assert_eq!(place("    at async /a.js:3:4"), Some(("/a.js", 3)));
        assert_eq!(place("Error: at /a.js:3:4"), None);
        assert_eq!(place("    at native"), None);
    }
}
