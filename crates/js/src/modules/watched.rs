//! What the process that watches a program (`--watch`) wants to know: the files that it is made of. It gives its child a descriptor and says so
//! in the environment, with its own number: what the child starts has another parent, and does not report. Any thread.

use std::fs::File;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::OnceLock;

/// `DESCRIPTOR:PARENT`
const VARIABLE: &str = "TWINLOOP_WATCH_REPORT";

static REPORT: OnceLock<Option<File>> = OnceLock::new();

/// Whether who started this process starts it again when a file of the program changes.
pub fn is_watched() -> bool {
    descriptor().is_some()
}

fn descriptor() -> Option<i32> {
    let value = std::env::var(VARIABLE).ok()?;
    let (descriptor, parent) = value.split_once(':')?;
    let parent: i32 = parent.parse().ok()?;
    if rustix::process::getppid()?.as_raw_nonzero().get() != parent {
        return None;
    }
    descriptor.parse().ok()
}

fn open() -> Option<File> {
    twinloop_loop::inherited(descriptor()?).ok().map(File::from)
}

/// A file that is about to be read.
pub(super) fn note(path: &Path) {
    if let Some(report) = REPORT.get_or_init(open) {
        let mut line = path.as_os_str().as_bytes().to_vec();
        line.push(b'\n');
        // Nobody listens any more.
        let mut report = report;
        let _ = report.write_all(&line);
    }
}
