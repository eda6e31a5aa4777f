//! Names of a recording: what it is, its file and its line, between tabs.

/// A function or a line of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    /// The function, or what the bar is in words.
    pub(crate) what: String,
    /// A path; empty if it is in no file.
    pub(crate) file: String,
    /// From 1; 0 if it is not known.
    pub(crate) line: u32,
}

impl Place {
    pub(crate) fn read(text: &str) -> Place {
        let mut parts = text.split('\t');
        let what = parts.next().unwrap_or_default().to_owned();
        let file = path_of(parts.next().unwrap_or_default());
        let line = parts.next().and_then(|line| line.parse().ok());
        Place {
            what,
            file,
            line: line.unwrap_or(0),
        }
    }

    /// `what (file:line)`, with the file's name alone.
    pub(crate) fn shown(&self) -> String {
        if self.file.is_empty() {
            return self.what.clone();
        }
        let name = self.file.rsplit('/').next().unwrap_or_default();
        match self.line {
            0 => format!("{} ({name})", self.what),
            line => format!("{} ({name}:{line})", self.what),
        }
    }
}

/// A file's path, of its URL too.
fn path_of(file: &str) -> String {
    let Some(path) = file.strip_prefix("file://") else {
        return file.to_owned();
    };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        let digits = behind
            .get(..2)
            .and_then(|two| std::str::from_utf8(two).ok());
        match digits.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) if first == b'%' => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            _ => {
                bytes.push(first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_its_file_and_line() {
        let place = Place::read("main\tfile:///a%20b/app.mjs?x\t12");
        assert_eq!(place.file, "/a b/app.mjs");
        assert_eq!(place.shown(), "main (app.mjs:12)");
        assert_eq!(Place::read("work").shown(), "work");
        assert_eq!(Place::read("f\t/a/b.py\t").shown(), "f (b.py)");
        assert_eq!(Place::read("f\tfile:///100%\t1").file, "/100%");
    }
}
