//! Recording from the outside: what `twinloop top` does to a process that runs already, and what that says of itself.
//!
//! Who asks makes a folder of the process's owner, which nobody else may enter ([`folder_of`]), and sends [`signal`] to the main thread. The handler sets a
//! flag, and the signal ends the thread's wait; so a process that nobody asks pays for one call of the system at its start. The loop then begins to record
//! into the folder, for as long as it is asked again every few seconds, and writes what it holds: its counts, and what its languages tell
//! ([`Host::tell`](crate::Host::tell)). A signal needs the right to kill the process, and the folder the right to be its owner. Only the loop
//! of the main thread answers; one that is blocked does when it goes on.

use std::fmt::Write as _;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::rc::Rc;

use super::{ON, Recorder, Settings};
use crate::clock::Nanos;
use crate::event_loop::Loop;
use crate::{pool, sys};
use std::sync::atomic::Ordering;

/// So long a loop records after it was asked.
const LASTS_NS: Nanos = 10_000_000_000;
/// Records of a loop that is looked at: a second or two of a busy server.
const LIMIT: usize = 100_000;
/// What a process says of itself, in its folder.
pub const SNAPSHOT: &str = "snapshot.json";

/// The signal that asks a process.
#[must_use]
pub fn signal() -> i32 {
    sys::top_signal()
}

/// The folder into which a process of this user may be asked to write.
#[must_use]
pub fn folder_of(process: u32, user: u32) -> PathBuf {
    PathBuf::from(format!("/dev/shm/twinloop-{user}/top-{process}"))
}

/// Answers who has asked, on the loop's thread.
#[cold]
pub(crate) fn answer(event_loop: &Loop) {
    sys::take_asked();
    let process = std::process::id();
    let user = rustix::process::geteuid().as_raw();
    let folder = folder_of(process, user);
    let is_own = |path: &std::path::Path| {
        std::fs::symlink_metadata(path)
            .is_ok_and(|it| it.is_dir() && it.uid() == user && it.permissions().mode() & 0o077 == 0)
    };
    if !is_own(&folder) || !folder.parent().is_some_and(is_own) {
        return;
    }
    // Who looked before may have taken its folder with it.
    let known = event_loop
        .recorder()
        .filter(|recorder| recorder.path.exists());
    match known {
        Some(recorder) => recorder.extend(LASTS_NS),
        None => {
            let settings = Settings {
                folder: folder.clone(),
                limit: LIMIT,
            };
            if let Ok(recorder) = Recorder::create(&settings) {
                recorder.until.set(0);
                recorder.extend(LASTS_NS);
                ON.store(true, Ordering::Relaxed);
                event_loop.set_recorder(Some(Rc::new(recorder)));
            }
        }
    }
    let text = tell(event_loop);
    let new = folder.join("snapshot.new");
    if std::fs::write(&new, text).is_ok() {
        let _ = std::fs::rename(&new, folder.join(SNAPSHOT));
    }
}

/// What the loop holds, as JSON.
fn tell(event_loop: &Loop) -> String {
    let counts = event_loop.statistics();
    let (threads, idle, waiting) = pool::counts();
    let now = event_loop.now();
    let due = event_loop.next_deadline();
    let mut text = format!(
        "{{\"clock\":{},\"age\":{},\"turns\":{},\"entries\":{},\"ready\":{},\"timers\":{},\"nextTimer\":{},\"futures\":{},\"blocking\":{},\
         \"idle\":{},\"pool\":{{\"threads\":{threads},\"idle\":{idle},\"waiting\":{waiting}}},\"bytesReceived\":{},\"bytesSent\":{},\"descriptors\":[",
        event_loop.clock_now(),
        event_loop.age().unwrap_or(0),
        counts.turns,
        counts.entries,
        counts.ready,
        counts.timers,
        due.map_or("null".to_owned(), |due| due.saturating_sub(now).to_string()),
        counts.tasks,
        event_loop.blocking(),
        event_loop.idle(),
        counts.bytes_received,
        counts.bytes_sent,
    );
    for (index, fd) in event_loop.descriptors().into_iter().enumerate() {
        let _ = write!(text, "{}{fd}", if index == 0 { "" } else { "," });
    }
    text.push_str("],\"languages\":[");
    let told = event_loop
        .hosts()
        .into_iter()
        .filter_map(|host| host.tell());
    text.push_str(&told.collect::<Vec<_>>().join(","));
    text.push_str("]}");
    text
}

impl Recorder {
    /// Goes on for so long.
    fn extend(&self, lasts: Nanos) {
        if self.until.get() != Nanos::MAX {
            self.until.set(self.clock.now() + lasts);
        }
    }
}
