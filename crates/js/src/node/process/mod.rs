//! `process` and `node:process` (<https://nodejs.org/api/process.html>).

mod input;
pub(crate) mod operations;
mod shared_environment;
mod signals;
mod users;

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/process/process", include_str!("process.js")).globals(&["process"]),
        File::new("node/process/about", include_str!("about.js")),
        File::new("node/process/callers", include_str!("callers.js")),
        File::new("node/process/capture", include_str!("capture.js")),
        File::new("node/process/directory", include_str!("directory.js")),
        File::new("node/process/env_file", include_str!("env_file.js")),
        File::new("node/process/environment", include_str!("environment.js")),
        File::new(
            "node/process/environment_options",
            include_str!("environment_options.js"),
        ),
        File::new("node/process/evaluate", include_str!("evaluate.js")),
        File::new("node/process/finalization", include_str!("finalization.js")),
        File::new("node/process/options", include_str!("options.js")),
        File::new("node/process/permission", include_str!("permission.js")),
        File::new("node/process/report", include_str!("report.js")),
        File::new("node/process/usage", include_str!("usage.js")),
        File::new("node/process/users", include_str!("users.js")),
        File::new("node/process/ticks", include_str!("ticks.js")),
        File::new("node/process/start", include_str!("start.js")),
        File::new("node/process/stdin", include_str!("stdin.js")),
        File::new("node/process/stdout", include_str!("stdout.js")),
        File::new("node/process/warnings", include_str!("warnings.js")),
        File::new("node/process/module", include_str!("module.js")).modules(&["node:process"]),
    ],
    operations: &[
        operations::OPS,
        signals::OPS,
        input::OPS,
        shared_environment::OPS,
        users::OPS,
    ],
};
