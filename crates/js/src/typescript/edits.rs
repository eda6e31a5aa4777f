//! Edits of a text that keep its lines and, as far as they only remove, its columns.

/// Replacements of byte ranges, collected in any order and applied at once.
pub(super) struct Edits<'t> {
    text: &'t str,
    edits: Vec<Edit>,
}

struct Edit {
    start: usize,
    end: usize,
    /// Put in front of the blanks; takes the place of as many of them.
    with: String,
    keep_blanks: bool,
}

impl<'t> Edits<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Edits {
            text,
            edits: Vec::new(),
        }
    }

    /// Turns the range into blanks.
    pub(super) fn blank(&mut self, start: u32, end: u32) {
        self.blank_with(start, end, "");
    }

    /// Turns the range into `with`, then blanks.
    pub(super) fn blank_with(&mut self, start: u32, end: u32, with: &str) {
        if start < end {
            self.push(start, end, with, true);
        }
    }

    /// Inserts text.
    pub(super) fn insert(&mut self, at: u32, text: impl Into<String>) {
        let text = text.into();
        self.push(at, at, &text, false);
    }

    /// Replaces the range; its line breaks come after the replacement.
    pub(super) fn replace(&mut self, start: u32, end: u32, with: &str) {
        self.push(start, end, with, false);
    }

    fn push(&mut self, start: u32, end: u32, with: &str, keep_blanks: bool) {
        self.edits.push(Edit {
            start: start as usize,
            end: end as usize,
            with: with.to_owned(),
            keep_blanks,
        });
    }

    /// The edited text. An edit inside an earlier, larger one is dropped.
    pub(super) fn apply(mut self) -> String {
        // At one place insertions come first, in the order in which they were made.
        self.edits.sort_by_key(|edit| {
            (
                edit.start,
                edit.end > edit.start,
                std::cmp::Reverse(edit.end),
            )
        });
        let mut output = String::with_capacity(self.text.len() + 64);
        let mut done = 0;
        for edit in &self.edits {
            if edit.start < done {
                continue;
            }
            output.push_str(&self.text[done..edit.start]);
            output.push_str(&edit.with);
            let mut owed = edit.with.encode_utf16().count();
            for character in self.text[edit.start..edit.end].chars() {
                if matches!(character, '\n' | '\r' | '\u{2028}' | '\u{2029}') {
                    output.push(character);
                    owed = 0;
                } else if edit.keep_blanks {
                    for _ in 0..character.len_utf16() {
                        if owed > 0 {
                            owed -= 1;
                        } else {
                            output.push(' ');
                        }
                    }
                }
            }
            done = edit.end;
        }
        output.push_str(&self.text[done..]);
        output
    }
}
