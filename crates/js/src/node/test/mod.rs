//! `node:test` (<https://nodejs.org/api/test.html>): tests, suites and hooks, mocks, snapshots, the runner of files and its reporters.

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/test/module", include_str!("module.js")).modules(&["node:test"]),
        File::new(
            "node/test/reporters/module",
            include_str!("reporters/module.js"),
        )
        .modules(&["node:test/reporters"]),
        File::new("node/test/assertions", include_str!("assertions.js")),
        File::new("node/test/command", include_str!("command.js")),
        File::new("node/test/context", include_str!("context.js")),
        File::new("node/test/coverage", include_str!("coverage.js")),
        File::new("node/test/events", include_str!("events.js")),
        File::new("node/test/failure", include_str!("failure.js")),
        File::new("node/test/files", include_str!("files.js")),
        File::new("node/test/harness", include_str!("harness.js")),
        File::new("node/test/mock", include_str!("mock.js")),
        File::new("node/test/mock_module", include_str!("mock_module.js")),
        File::new("node/test/mock_timers", include_str!("mock_timers.js")),
        File::new("node/test/options", include_str!("options.js")),
        File::new("node/test/patterns", include_str!("patterns.js")),
        File::new("node/test/random", include_str!("random.js")),
        File::new("node/test/reporting", include_str!("reporting.js")),
        File::new("node/test/rerun", include_str!("rerun.js")),
        File::new("node/test/runner", include_str!("runner.js")),
        File::new("node/test/settings", include_str!("settings.js")),
        File::new("node/test/setup", include_str!("setup.js")),
        File::new("node/test/snapshot", include_str!("snapshot.js")),
        File::new("node/test/test", include_str!("test.js")),
        File::new("node/test/watching", include_str!("watching.js")),
        File::new("node/test/wire", include_str!("wire.js")),
        File::new("node/test/reporters/dot", include_str!("reporters/dot.js")),
        File::new(
            "node/test/reporters/format",
            include_str!("reporters/format.js"),
        ),
        File::new(
            "node/test/reporters/junit",
            include_str!("reporters/junit.js"),
        ),
        File::new(
            "node/test/reporters/lcov",
            include_str!("reporters/lcov.js"),
        ),
        File::new(
            "node/test/reporters/spec",
            include_str!("reporters/spec.js"),
        ),
        File::new("node/test/reporters/tap", include_str!("reporters/tap.js")),
    ],
    operations: &[],
};
