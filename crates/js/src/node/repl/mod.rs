//! `node:repl` and the prompt of the command (<https://nodejs.org/api/repl.html>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/repl/cells", include_str!("cells.js")),
        File::new("node/repl/module", include_str!("module.js")).modules(&["node:repl"]),
        File::new("node/repl/command", include_str!("command.js")),
        File::new("node/repl/prompt", include_str!("prompt.js")),
        File::new("node/repl/commands", include_str!("commands.js")),
        File::new("node/repl/completion", include_str!("completion.js")),
        File::new("node/repl/effect_free", include_str!("effect_free.js")),
        File::new("node/repl/errors", include_str!("errors.js")),
        File::new("node/repl/history", include_str!("history.js")),
        File::new("node/repl/open", include_str!("open.js")),
        File::new("node/repl/preview", include_str!("preview.js")),
        File::new("node/repl/syntax", include_str!("syntax.js")),
    ],
    operations: &[],
};
