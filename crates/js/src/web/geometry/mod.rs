//! Points, rectangles and matrices (<https://drafts.fxtf.org/geometry/>). Node has none of them; packages that know documents, and read PDF or SVG without
//! drawing it, want them (`pdfjs-dist` does not load without a DOMMatrix).
//!
//! Texts (`new DOMMatrix('rotate(5deg)')`, `setMatrixValue`, `toString`) are for windows by the specification: workers have none of them either.

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("web/geometry/entries", include_str!("entries.js")),
        File::new("web/geometry/matrices", include_str!("matrices.js"))
            .globals(&["DOMMatrix", "DOMMatrixReadOnly"]),
        File::new("web/geometry/points", include_str!("points.js"))
            .globals(&["DOMPoint", "DOMPointReadOnly"]),
        File::new("web/geometry/quads", include_str!("quads.js")).globals(&["DOMQuad"]),
        File::new("web/geometry/rects", include_str!("rects.js"))
            .globals(&["DOMRect", "DOMRectReadOnly"]),
    ],
    operations: &[],
};
