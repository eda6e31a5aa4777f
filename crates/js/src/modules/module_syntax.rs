//! Whether text has `import` or `export` at its top level, told without parsing it: in one pass, with no recursion. For text so long
//! that the parser, which recurses, gets no stack for it.
//!
//! What a slash means, division or the beginning of a regular expression, is told from what stands before it, as highlighters do. That can
//! be wrong, and costs one file its right kind; strings end with their line, so that it does not go on.

/// Whether a statement at the top level begins with `import` or `export`, or `import.meta` is used.
pub(super) fn has_module_syntax(text: &str) -> bool {
    Scan {
        bytes: text.as_bytes(),
        at: 0,
    }
    .finds_module_syntax()
}

struct Scan<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl<'t> Scan<'t> {
    fn finds_module_syntax(&mut self) -> bool {
        // What each open bracket is: a template's `${` goes on with the template when it closes.
        let mut open: Vec<u8> = Vec::new();
        let mut begins_statement = true;
        let mut ends_value = false;
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\n' | b'\r' => {
                    self.at += 1;
                    // A line may end a statement.
                    begins_statement = true;
                }
                b' ' | b'\t' => self.at += 1,
                b'/' if self.peek(1) == Some(b'/') => self.skip_line(),
                b'/' if self.peek(1) == Some(b'*') => self.skip_comment(),
                b'\'' | b'"' => {
                    self.skip_string(byte);
                    (begins_statement, ends_value) = (open.is_empty(), true);
                }
                b'`' => {
                    self.at += 1;
                    if self.skip_template() {
                        open.push(b'`');
                    }
                    (begins_statement, ends_value) = (false, true);
                }
                b'/' if !ends_value => {
                    self.skip_regexp();
                    (begins_statement, ends_value) = (false, true);
                }
                b'(' | b'[' | b'{' => {
                    open.push(byte);
                    self.at += 1;
                    (begins_statement, ends_value) = (byte == b'{', false);
                }
                b')' | b']' | b'}' => {
                    self.at += 1;
                    if open.pop() == Some(b'`') && self.skip_template() {
                        open.push(b'`');
                    }
                    (begins_statement, ends_value) = (byte == b'}', byte != b'}');
                }
                b';' => {
                    self.at += 1;
                    (begins_statement, ends_value) = (true, false);
                }
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'$' | b'\\' | 0x80.. => {
                    let follows_dot = self.at > 0 && self.bytes[self.at - 1] == b'.';
                    let word = self.word();
                    if !follows_dot
                        && self.is_module_syntax(word, begins_statement && open.is_empty())
                    {
                        return true;
                    }
                    ends_value = follows_dot || !is_before_value(word);
                    begins_statement = false;
                }
                _ => {
                    self.at += 1;
                    (begins_statement, ends_value) = (false, false);
                }
            }
        }
        false
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn word(&mut self) -> &'t [u8] {
        let start = self.at;
        while self.peek(0).is_some_and(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'\\' | 0x80..)
        }) {
            self.at += 1;
        }
        let bytes: &'t [u8] = self.bytes;
        &bytes[start..self.at]
    }

    /// What stands after the word tells a declaration from a call of `import()` and from a property.
    fn is_module_syntax(&self, word: &[u8], at_top: bool) -> bool {
        let after = self.bytes[self.at..]
            .iter()
            .copied()
            .find(|byte| !byte.is_ascii_whitespace());
        match word {
            b"import" if self.bytes[self.at..].starts_with(b".meta") => true,
            b"import" => at_top && !matches!(after, Some(b'(' | b'.' | b':' | b'=' | b',' | b';')),
            b"export" => at_top && matches!(after, Some(b'{' | b'*' | b'a'..=b'z' | b'@')),
            _ => false,
        }
    }

    fn skip_line(&mut self) {
        while self.peek(0).is_some_and(|byte| byte != b'\n') {
            self.at += 1;
        }
    }

    fn skip_comment(&mut self) {
        self.at += 2;
        while self.at < self.bytes.len() && !self.bytes[self.at..].starts_with(b"*/") {
            self.at += 1;
        }
        self.at += 2;
    }

    fn skip_string(&mut self, quote: u8) {
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == quote || byte == b'\n' {
                return;
            }
        }
    }

    /// To the end of a template, or behind the `${` of a part; true for that.
    fn skip_template(&mut self) -> bool {
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\\' => self.at += 2,
                b'`' => {
                    self.at += 1;
                    return false;
                }
                b'$' if self.peek(1) == Some(b'{') => {
                    self.at += 2;
                    return true;
                }
                _ => self.at += 1,
            }
        }
        false
    }

    fn skip_regexp(&mut self) {
        let mut in_class = false;
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            self.at += if byte == b'\\' { 2 } else { 1 };
            match byte {
                b'[' => in_class = true,
                b']' => in_class = false,
                b'/' if !in_class => return,
                b'\n' => return,
                _ => {}
            }
        }
    }
}

/// Keywords after which an expression begins, so that a slash begins a regular expression.
fn is_before_value(word: &[u8]) -> bool {
    matches!(
        word,
        b"return"
            | b"typeof"
            | b"case"
            | b"in"
            | b"of"
            | b"instanceof"
            | b"new"
            | b"delete"
            | b"void"
            | b"throw"
            | b"do"
            | b"else"
            | b"await"
            | b"yield"
            | b"default"
    )
}

#[cfg(test)]
mod tests {
    use super::has_module_syntax;

    #[test]
    fn modules_are_told_from_scripts_that_mention_their_words() {
        for module in [
            "import a from 'b'",
            "import 'b'",
            "import {a} from 'b'",
            "import*as a from 'b'",
            "'use strict';\nimport a from 'b'",
            "const a = 1\nexport { a }",
            "var a = /[/\"]/;export default a",
            "f(`${`}`}`)\nexport * from 'a'",
            "if (a) { b() }\nexport const c = 1",
            "/* import */ export class A {}",
            "function f() { return import.meta.url }",
        ] {
            assert!(has_module_syntax(module), "{module}");
        }
        for script in [
            "const a = import('b')",
            "import('b').then(c)",
            "exports.import = 1; module.exports = { export: 2, import: 3 }",
            "a.import\n.export",
            "// import a from 'b'\n/* export default 1 */",
            "const s = 'import a from b';\nconst t = `\nexport default 1\n${b}\nimport c`",
            "const r = /\nexport/",
            "var ts = {}; ((module) => { function f() { s = \"x\"; } })({ get exports() { return ts; } })",
            "class A { import() {} export() {} }",
            "const { import: a, export: b } = c",
        ] {
            assert!(!has_module_syntax(script), "{script}");
        }
    }

    #[test]
    fn text_of_any_depth_and_any_end_is_looked_at() {
        assert!(!has_module_syntax(&"[".repeat(1 << 20)));
        assert!(has_module_syntax(&format!(
            "{};export {{}}",
            "[]".repeat(1 << 20)
        )));
        for end in [
            "'", "`", "`${", "/*", "/", "\\", "'\\", "`\\", "/[", "import", "export",
        ] {
            let _ = has_module_syntax(end);
        }
    }
}
