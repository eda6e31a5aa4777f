//! The disk: what is free on it, and what a machine that is used once gives back.
//!
//! A run of everything leaves about ten gigabytes, of which each part needs its own. A machine of CI may have no more than that, so there a finished
//! part removes what no later one reads. A person's checkout keeps all of it: the next run starts from it.

use std::path::Path;

use crate::paths::{self, Profile};

/// What set-up took of an empty disk, cargo's registry and the environment included; a warning at less.
const SETUP: u64 = 3 << 30;

/// Whether this machine is thrown away after the run, as one of CI is (it sets `CI`).
pub(crate) fn is_used_once() -> bool {
    std::env::var_os("CI").is_some()
}

/// The bytes that are free where the checkout is.
fn free() -> Option<u64> {
    let disk = rustix::fs::statvfs(paths::root()).ok()?;
    Some(disk.f_bavail * disk.f_frsize)
}

/// `12.3 GiB`, where a line of CI should say it: who reads that a disk is full wants to know since when.
pub(crate) fn free_for_log() -> Option<String> {
    is_used_once()
        .then(free)
        .flatten()
        .map(|bytes| gibibytes(bytes) + " free")
}

fn gibibytes(bytes: u64) -> String {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a digit behind the point is all that is shown"
    )]
    let size = bytes as f64 / f64::from(1 << 30);
    format!("{size:.1} GiB")
}

/// Says so if a first build may not have the room that it takes. The target folder is no sign of an earlier one: this program itself stands there.
pub(crate) fn warn_if_small(profile: Profile) {
    let is_built = profile.artifact("twinloop").exists();
    if let Some(bytes) = free().filter(|bytes| *bytes < SETUP && !is_built) {
        crate::terminal::note(&format!(
            "only {} are free in {}; set-up takes about {}",
            gibibytes(bytes),
            paths::root().display(),
            gibibytes(SETUP)
        ));
    }
}

/// Removes a folder that no later part of the run reads, on a machine that is used once.
pub(crate) fn give_back(folder: &Path) {
    if is_used_once() {
        // What cannot be removed takes room, and nothing else.
        let _ = std::fs::remove_dir_all(folder);
    }
}

/// Removes the test programs of the crates, on a machine that is used once. Cargo links a program to where people look for it; what has one name
/// alone is a test.
pub(crate) fn give_back_test_programs(profile: Profile) {
    use std::os::unix::fs::MetadataExt;
    if !is_used_once() {
        return;
    }
    let folder = profile.artifact("deps");
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_program = entry.path().extension().is_none()
            && entry
                .metadata()
                .is_ok_and(|meta| meta.is_file() && meta.mode() & 0o111 != 0 && meta.nlink() == 1);
        if is_program {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
