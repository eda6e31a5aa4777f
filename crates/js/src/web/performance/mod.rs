//! High resolution time and user timing (<https://w3c.github.io/hr-time/>, <https://w3c.github.io/user-timing/>).

pub(crate) mod clock;

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("web/performance/measured", include_str!("measured.js")),
        File::new("web/performance/observer", include_str!("observer.js"))
            .globals(&["PerformanceObserver", "PerformanceObserverEntryList"]),
        File::new(
            "web/performance/performance",
            include_str!("performance.js"),
        )
        .globals(&[
            "Performance",
            "PerformanceEntry",
            "PerformanceMark",
            "PerformanceMeasure",
            "performance",
        ]),
    ],
    operations: &[clock::OPS],
};
