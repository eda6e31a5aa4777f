//! Attribute names of Python as property names of JavaScript.

/// A trailing underscore makes a property name out of what would be a keyword: `from_` is `from`.
pub(super) fn property(name: &str) -> &str {
    match name.strip_suffix('_') {
        Some(keyword)
            if matches!(
                keyword,
                "and"
                    | "as"
                    | "assert"
                    | "async"
                    | "await"
                    | "class"
                    | "def"
                    | "del"
                    | "elif"
                    | "except"
                    | "from"
                    | "global"
                    | "import"
                    | "in"
                    | "is"
                    | "lambda"
                    | "nonlocal"
                    | "not"
                    | "or"
                    | "pass"
                    | "raise"
                    | "return"
                    | "with"
                    | "yield"
                    | "finally"
                    | "try"
                    | "for"
                    | "while"
                    | "if"
                    | "else"
                    | "break"
                    | "continue"
                    | "None"
                    | "True"
                    | "False"
            ) =>
        {
            keyword
        }
        _ => name,
    }
}
