//! What the files of the engine's caches share: where they are, how they are written, how damage is noticed.

use std::fs::{self, DirBuilder};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Version of the engine's bindings, which pin the engine itself.
pub(super) const ENGINE: &str = concat!("mozjs 0.26.14 ", env!("CARGO_PKG_VERSION"));

/// The file of this cache in the folder: each build of the engine has its own.
pub(super) fn path(folder: &Path, cache: &str) -> PathBuf {
    let flavour = if cfg!(feature = "debugmozjs") {
        "debug"
    } else {
        "release"
    };
    folder.join(format!(
        "{cache}-{}-0.26.14-{}-{flavour}.bin",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::ARCH
    ))
}

/// The folder in this one where each build of the engine keeps the files that programs of one user compile.
pub(super) fn folder(base: &Path) -> PathBuf {
    let name = path(Path::new(""), "twinloop").with_extension("");
    base.join(format!("{}-{}", name.display(), user()))
}

/// Who this process acts for.
fn user() -> u32 {
    // SAFETY: the call has no preconditions.
    unsafe { libc::geteuid() }
}

/// Makes such a folder, unless there is one that nobody else can write to, or put another in the place of: what is in it is run.
///
/// # Errors
/// Says what is wrong with it.
pub fn own_folder(base: &Path) -> Result<PathBuf, String> {
    let folder = folder(base);
    let made = DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder);
    // Whoever owns a link may turn it to another folder later.
    let found = made.and_then(|()| fs::symlink_metadata(&folder));
    let found = found.map_err(|error| {
        format!(
            "Cannot create cache directory {}: {error}",
            folder.display()
        )
    })?;
    if !found.is_dir() || found.uid() != user() || found.mode() & 0o022 != 0 {
        return Err(format!(
            "Skipping compile cache because others can write to {}",
            folder.display()
        ));
    }
    Ok(folder)
}

/// Writes a file whole or not at all: another process may read it at any time.
///
/// # Errors
/// What the system says; the file is as it was.
pub(super) fn write(file: &Path, parts: &[&[u8]]) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    // Threads of one process may write the same file at once, and so may processes of two containers that have the same number.
    static WRITES: AtomicU32 = AtomicU32::new(0);
    let number = WRITES.fetch_add(1, Ordering::Relaxed);
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |since| since.as_nanos());
    let temporary = file.with_extension(format!("{}-{now}-{number}.tmp", std::process::id()));
    let mut output = fs::File::create_new(&temporary)?;
    let written = (|| {
        parts.iter().try_for_each(|part| output.write_all(part))?;
        drop(output);
        fs::rename(&temporary, file)
    })();
    if written.is_err() {
        // Nobody else has the name; what is left of it would stay for ever.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// FNV-1a over words in four lanes, which a processor computes at once; guards against damage, not against malice.
pub(super) fn checksum(bytes: &[u8]) -> u64 {
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let step = |hash: u64, word: [u8; 8]| {
        // The rotation carries what the multiplication leaves in the high bits to the low ones.
        ((hash ^ u64::from_le_bytes(word)).wrapping_mul(PRIME)).rotate_left(23)
    };
    let mut lanes = [0xcbf2_9ce4_8422_2325u64, 1, 2, 3];
    let (blocks, rest) = bytes.as_chunks::<32>();
    for block in blocks {
        let (words, _) = block.as_chunks::<8>();
        for (lane, word) in lanes.iter_mut().zip(words) {
            *lane = step(*lane, *word);
        }
    }
    let mut hash = lanes.into_iter().fold(bytes.len() as u64, |hash, lane| {
        step(hash, lane.to_le_bytes())
    });
    for part in rest.chunks(8) {
        let mut word = [0; 8];
        word[..part.len()].copy_from_slice(part);
        hash = step(hash, word);
    }
    hash
}
