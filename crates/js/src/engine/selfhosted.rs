//! The cache of the engine's self-hosted code.
//!
//! The engine's library is partly JavaScript, which each process otherwise parses anew: 10 of the 13 ms of an empty
//! script. The engine gives its compiled form once, and takes it back at the next start (1.5 ms). The cache is valid for
//! exactly one build of the engine; the file's name carries the engine's version, and its head a check.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use mozjs::jsapi::{InitSelfHostedCode, JSContext, SelfHostedCache};

use super::cache_files::{self, ENGINE, checksum};

unsafe extern "C" {
    /// `JS::SetProcessBuildIdOp`; in the library, not in the bindings.
    #[link_name = "_ZN2JS19SetProcessBuildIdOpEPFbPN7mozilla6VectorIcLm0EN2js17SystemAllocPolicyEEEE"]
    fn set_process_build_id_op(
        op: unsafe extern "C" fn(*mut mozjs::jsapi::BuildIdCharVector) -> bool,
    );
}

/// The identity that the engine writes into and checks in the cache.
unsafe extern "C" fn build_id(id: *mut mozjs::jsapi::BuildIdCharVector) -> bool {
    // SAFETY: the engine passes a live vector; the characters outlive the call, which copies them.
    unsafe { mozjs::glue::SetBuildId(id.cast(), ENGINE.as_ptr().cast(), ENGINE.len()) }
}

/// Tells the engine how to make its build id; without it, it refuses to write the cache.
pub(super) fn set_build_id() {
    // SAFETY: a process-wide setting made once, before the engine starts.
    unsafe { set_process_build_id_op(build_id) };
}

thread_local! {
    static WRITTEN: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

unsafe extern "C" fn keep(_: *mut JSContext, data: SelfHostedCache) -> bool {
    // The bindings make the span opaque: { length, pointer }.
    let [length, pointer] = data.0;
    // SAFETY: the engine lends `length` readable bytes for the call.
    let bytes =
        unsafe { std::slice::from_raw_parts(pointer as usize as *const u8, length as usize) };
    WRITTEN.set(Some(bytes.to_vec()));
    true
}

/// Initialises the engine's library from the cache file, or without it, writing the file for the next time.
pub(super) fn initialize(cx: *mut JSContext, folder: Option<&Path>) -> Result<(), String> {
    let file = folder.map(|folder| cache_files::path(folder, "engine"));
    let file = file.as_deref();
    let cached = file.and_then(read_once);
    let (span, writer): (SelfHostedCache, _) = match cached {
        Some(bytes) => (
            mozjs::jsapi::__BindgenOpaqueArray([
                bytes.len() as u64,
                bytes.as_ptr() as usize as u64,
            ]),
            None,
        ),
        None => (
            Default::default(),
            Some(keep as unsafe extern "C" fn(*mut JSContext, SelfHostedCache) -> bool),
        ),
    };
    // SAFETY: the engine goes on to read the span's bytes as long as it lives (it compiles functions from them when they are
    // first called), and they live as long as the process; `body` checked that this build of the engine wrote them.
    if !unsafe { InitSelfHostedCode(cx, span, writer) } {
        return Err("cannot start the JavaScript engine's library".to_string());
    }
    if let (Some(file), Some(bytes)) = (file, WRITTEN.take()) {
        // A cache that cannot be written costs time, nothing else.
        let _ = write(file, &bytes);
    }
    Ok(())
}

/// Head of the file: format, then the length and checksum of the rest, against files cut short.
const MAGIC: &[u8; 8] = b"twinjs02";
const HEAD: usize = 24;

/// The cache, read once a process and kept for ever. (Only tests have more than one.)
fn read_once(file: &Path) -> Option<&'static [u8]> {
    static CACHES: Mutex<Vec<(PathBuf, &[u8])>> = Mutex::new(Vec::new());
    let mut caches = CACHES
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some((_, bytes)) = caches.iter().find(|(known, _)| known == file) {
        return Some(bytes);
    }
    let bytes = fs::read(file).ok()?;
    body(&bytes)?;
    let bytes = body(bytes.leak())?;
    caches.push((file.to_owned(), bytes));
    Some(bytes)
}

/// What is behind the head, if it is whole. The engine wants it aligned: the allocator's vectors are, and so is the head's length.
fn body(bytes: &[u8]) -> Option<&[u8]> {
    let (head, body) = bytes.split_at_checked(HEAD)?;
    let good = head.starts_with(MAGIC)
        && head[8..16] == (body.len() as u64).to_le_bytes()
        && head[16..24] == checksum(body).to_le_bytes();
    good.then_some(body)
}

fn write(file: &Path, body: &[u8]) -> std::io::Result<()> {
    let length = (body.len() as u64).to_le_bytes();
    let check = checksum(body).to_le_bytes();
    cache_files::write(file, &[MAGIC, &length, &check, body])
}
