//! The cache of compiled scripts: the built-in files that programs used, in the engine's own compiled form (a "stencil"), so that the next
//! start parses neither them nor those of their functions that ran. Browsers keep the scripts of pages the same way.
//!
//! [`Scope::evaluate_cached`] takes a script from the cache if that was compiled from the very same text. Else it compiles it and has the
//! engine note which functions are compiled as they are called; [`Context::keep_compiled`] adds these to the file when the program is
//! over. Each entry has its own checksum, and only what is asked for is read. The engine goes on to read an entry as long as
//! the process lives, so it is kept for ever, once for all contexts.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::mem::MaybeUninit;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::{Mutex, MutexGuard};

use mozjs::jsapi::{
    CollectDelazificationsResult, DecodeOptions, DecodeStencil, DelazificationOption,
    EagerBaselineOption, InstantiateGlobalStencil, InstantiateOptions, JS_ExecuteScript, JSContext,
    ReadOnlyCompileOptions, SourceText, StartCollectingDelazifications, TranscodeRange,
    TranscodeResult,
};
use mozjs::jsval::UndefinedValue;
use mozjs::rust::Stencil;
use mozjs_sys::jsapi::mozilla::Utf8Unit;

use super::cache_files::{self, checksum};
use super::context::Context;
use super::coverage;
use super::error::Error;
use super::local::Local;
use super::modules::{Options, source_text};
use super::process;
use super::roots::root;
use super::scope::Scope;

/// What one context compiled that the cache did not have.
pub(super) struct Compiled {
    file: Option<PathBuf>,
    fresh: RefCell<Vec<(Key, Stencil)>>,
}

impl Compiled {
    pub(super) fn new(folder: Option<&Path>) -> Self {
        Compiled {
            // What is in the cache counts nothing.
            file: (folder.filter(|_| !coverage::is_on()))
                .map(|folder| cache_files::path(folder, "scripts")),
            fresh: RefCell::default(),
        }
    }

    /// Lets go of what was not kept, while the engine still stands.
    pub(super) fn forget(&self) {
        self.fresh.take();
    }
}

/// Checksums of a script's name and of its text.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    name: u64,
    text: u64,
}

impl Key {
    fn new(name: &str, text: &str) -> Self {
        Key {
            name: checksum(name.as_bytes()),
            text: checksum(text.as_bytes()),
        }
    }
}

/// Where the compiled form of a script is.
enum Entry {
    InFile {
        offset: u64,
        length: usize,
        check: u64,
    },
    Read(&'static [u8]),
}

/// One cache file as this process knows it.
struct Cache {
    file: Option<File>,
    entries: HashMap<Key, Entry>,
}

/// The file's head: format, number of entries, checksum of the entries' table, which follows.
const MAGIC: &[u8; 8] = b"twinsc01";
const HEAD: usize = 24;
/// One entry of the table: checksums of name, text and data; the data's offset and length.
const ENTRY: usize = 40;
/// More entries than there are built-in files: a larger number is damage.
const MOST: usize = 4096;
/// A compiled file longer than this is damage.
const LONGEST: usize = 64 << 20;
/// What the engine wants its bytes aligned to. The allocator aligns vectors of this length better.
const ALIGNMENT: usize = 4;

/// All cache files of this process: one, but in tests.
static CACHES: Mutex<Vec<(PathBuf, Cache)>> = Mutex::new(Vec::new());

fn caches() -> MutexGuard<'static, Vec<(PathBuf, Cache)>> {
    CACHES
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn with_cache<R>(path: &Path, f: impl FnOnce(&mut Cache) -> R) -> R {
    let mut caches = caches();
    if let Some((_, cache)) = caches.iter_mut().find(|(known, _)| known == path) {
        return f(cache);
    }
    caches.push((path.to_owned(), Cache::open(path)));
    let last = caches.last_mut().map(|(_, cache)| f(cache));
    last.expect("a cache was just pushed")
}

impl Cache {
    /// Empty when there is no file, or its table is damaged.
    fn open(path: &Path) -> Self {
        let file = File::open(path).ok();
        let entries = file.as_ref().and_then(table).unwrap_or_default();
        Cache { file, entries }
    }

    /// The compiled form of a script, if it is there and whole, for the process's life.
    fn find(&mut self, key: Key) -> Option<&'static [u8]> {
        if let Entry::Read(bytes) = self.entries.get(&key)? {
            return Some(bytes);
        }
        let Some(bytes) = self.read(key) else {
            self.entries.remove(&key);
            return None;
        };
        let bytes: &'static [u8] = bytes.leak();
        self.entries.insert(key, Entry::Read(bytes));
        Some(bytes)
    }

    fn read(&self, key: Key) -> Option<Vec<u8>> {
        match *self.entries.get(&key)? {
            Entry::Read(bytes) => Some(bytes.to_vec()),
            Entry::InFile {
                offset,
                length,
                check,
            } => {
                let mut bytes = vec![0; length];
                let read = self.file.as_ref()?.read_exact_at(&mut bytes, offset);
                (read.is_ok() && checksum(&bytes) == check).then_some(bytes)
            }
        }
    }
}

/// The table of a cache file.
fn table(file: &File) -> Option<HashMap<Key, Entry>> {
    let mut head = [0; HEAD];
    file.read_exact_at(&mut head, 0).ok()?;
    let count = usize::try_from(word(&head, 1)).ok()?;
    if !head.starts_with(MAGIC) || count > MOST {
        return None;
    }
    let mut table = vec![0; count * ENTRY];
    file.read_exact_at(&mut table, HEAD as u64).ok()?;
    if checksum(&table) != word(&head, 2) {
        return None;
    }
    let entries = table.chunks_exact(ENTRY).map(|entry| {
        let key = Key {
            name: word(entry, 0),
            text: word(entry, 1),
        };
        let length = usize::try_from(word(entry, 4)).ok()?;
        if length > LONGEST {
            return None;
        }
        Some((
            key,
            Entry::InFile {
                offset: word(entry, 3),
                length,
                check: word(entry, 2),
            },
        ))
    });
    entries.collect()
}

/// The `index`th word of these bytes.
fn word(bytes: &[u8], index: usize) -> u64 {
    let (words, _) = bytes.as_chunks::<8>();
    u64::from_le_bytes(words[index])
}

impl<'s> Scope<'s> {
    /// As [`evaluate`](Self::evaluate), for a script of the library's own: its compiled form comes from the cache, if it is there.
    ///
    /// # Errors
    /// A SyntaxError, or what the script throws.
    pub fn evaluate_cached(&self, source: &str, file: &str) -> Result<Local<'s>, Error> {
        let Some(cache) = &self.inner().compiled.file else {
            return self.evaluate(source, file, 1);
        };
        let key = Key::new(file, source);
        let found = with_cache(cache, |cache| cache.find(key));
        let decoded = found.and_then(|bytes| decode_kept(self.cx(), bytes));
        let fresh = decoded.is_none();
        let stencil = match decoded {
            Some(stencil) => stencil,
            None => self.compile(source, file)?,
        };
        let cx = self.cx();
        // SAFETY: the stencil lives; the script is rooted at once.
        let script =
            unsafe { InstantiateGlobalStencil(cx, &defaults(), *stencil, ptr::null_mut()) };
        self.check(!script.is_null())?;
        root!(cx, script = script);
        if fresh {
            let mut result = CollectDelazificationsResult::NotSupported;
            // SAFETY: the script is of this stencil and a root. The engine shares the stencil from now on, and adds to it.
            let ok = unsafe {
                StartCollectingDelazifications(cx, script.handle(), *stencil, &mut result)
            };
            self.check(ok)?;
            if result == CollectDelazificationsResult::NewlyStarted {
                self.inner()
                    .compiled
                    .fresh
                    .borrow_mut()
                    .push((key, stencil));
            }
        }
        root!(cx, value = UndefinedValue());
        // SAFETY: the handles are roots.
        let ok = unsafe { JS_ExecuteScript(cx, script.handle(), value.handle_mut()) };
        self.check(ok)?;
        Ok(self.root(value.get()))
    }

    fn compile(&self, source: &str, file: &str) -> Result<Stencil, Error> {
        let cx = self.cx();
        let options = Options::new(cx, file, 1);
        let mut text = source_text(source)?;
        // SAFETY: the source outlives the call, which does not keep it; the one reference that comes back is the stencil's.
        let stencil = unsafe { owned(compile(Kind::Script, cx, options.0, &mut text)) };
        self.check(!stencil.is_null())?;
        Ok(stencil)
    }
}

/// As the engine's own constructor makes them.
pub(super) fn defaults() -> InstantiateOptions {
    InstantiateOptions {
        skipFilenameValidation: false,
        hideScriptFromDebugger: false,
        deferDebugMetadata: false,
        eagerDelazificationStrategy_: match coverage::is_on() {
            true => DelazificationOption::ParseEverythingEagerly,
            false => DelazificationOption::OnDemandOnly,
        },
        eagerBaselineStrategy_: EagerBaselineOption::None,
    }
}

/// The one who gives the reference back.
///
/// # Safety
/// `stencil` is null or a reference that is the caller's.
pub(super) unsafe fn owned(stencil: *mut mozjs::jsapi::Stencil) -> Stencil {
    let mut reference = MaybeUninit::<mozjs::jsapi::already_AddRefed<_>>::zeroed();
    // SAFETY: an `already_AddRefed` is one pointer, and the caller's promise.
    unsafe {
        reference
            .as_mut_ptr()
            .cast::<*mut mozjs::jsapi::Stencil>()
            .write(stencil);
        Stencil::from_raw(reference.assume_init())
    }
}

/// The stencil in these bytes, which it goes on to read; `None` if another build of the engine wrote them.
pub(super) fn decode_kept(cx: *mut JSContext, bytes: &'static [u8]) -> Option<Stencil> {
    decode(cx, bytes, true)
}

/// The same with a copy of what it needs.
pub(super) fn decode_copied(cx: *mut JSContext, bytes: &[u8]) -> Option<Stencil> {
    decode(cx, bytes, false)
}

/// The bytes live as long as the process if they are kept.
fn decode(cx: *mut JSContext, bytes: &[u8], is_kept: bool) -> Option<Stencil> {
    if !bytes.as_ptr().addr().is_multiple_of(ALIGNMENT) {
        return None;
    }
    // SAFETY: all zero is a valid value of these options: no flags, no strings.
    let mut options: DecodeOptions = unsafe { std::mem::zeroed() };
    options._base.borrowBuffer = is_kept;
    options._base.usePinnedBytecode = is_kept;
    let range = range(bytes);
    let mut stencil = ptr::null_mut();
    // SAFETY: a live context; the bytes are aligned, were written by this build of the engine as the checksum says, and live as
    // long as the process if the stencil borrows them.
    let result = unsafe { DecodeStencil(cx, &options._base, &range, &mut stencil) };
    if result == TranscodeResult::Throw {
        // SAFETY: a live context with a pending exception (memory ran out), which compiling will meet again.
        unsafe { mozjs::jsapi::JS_ClearPendingException(cx) };
    }
    // SAFETY: the engine gave its one reference, or null.
    let stencil = unsafe { owned(stencil) };
    (result == TranscodeResult::Ok && !stencil.is_null()).then_some(stencil)
}

/// A `mozilla::Range`: two pointers, each of which knows its limits in the engine's debug build.
fn range(bytes: &[u8]) -> TranscodeRange {
    let limits = bytes.as_ptr_range();
    let (start, end) = (limits.start.cast_mut(), limits.end.cast_mut());
    let mut range = MaybeUninit::<TranscodeRange>::uninit();
    let words = range.as_mut_ptr().cast::<*mut u8>();
    let parts: &[*mut u8] = if size_of::<TranscodeRange>() == 2 * size_of::<*mut u8>() {
        &[start, end]
    } else {
        &[start, start, end, end, start, end]
    };
    assert_eq!(size_of::<TranscodeRange>(), size_of_val(parts));
    // SAFETY: the parts fill the range, as just checked, which has pointers only.
    unsafe {
        ptr::copy_nonoverlapping(parts.as_ptr(), words, parts.len());
        range.assume_init()
    }
}

/// `mozilla::Vector<uint8_t>` without elements: where they begin (their size, for none), how many, room for how many. The debug
/// build adds two words, zero at first.
#[repr(C)]
struct Transcoded {
    begin: *mut u8,
    length: usize,
    capacity: usize,
    debug: [usize; 2],
}

/// What a text is compiled as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Script,
    Module,
}

/// `JS::CompileGlobalScriptToStencil` and `JS::CompileModuleScriptToStencil`, whose result is a class with one pointer. C++ returns that in a
/// register if the class has no destructor, and through a hidden pointer, the first argument, if it has: so in the engine's debug build. The
/// bindings know one way only.
///
/// # Safety
/// As for the engine's functions: a live context and options, a source that outlives the call.
pub(super) unsafe fn compile(
    kind: Kind,
    cx: *mut JSContext,
    options: *const ReadOnlyCompileOptions,
    source: *mut SourceText<Utf8Unit>,
) -> *mut mozjs::jsapi::Stencil {
    let compile = match kind {
        Kind::Script => compile_script,
        Kind::Module => compile_module,
    };
    #[cfg(feature = "debugmozjs")]
    {
        let mut result = ptr::null_mut();
        // SAFETY: the caller's promise; there is a place for the result.
        unsafe { compile(&mut result, cx, options, source) };
        result
    }
    #[cfg(not(feature = "debugmozjs"))]
    // SAFETY: the caller's promise.
    unsafe {
        compile(cx, options, source)
    }
}

#[cfg(feature = "debugmozjs")]
unsafe extern "C" {
    #[link_name = "_ZN2JS28CompileGlobalScriptToStencilEP9JSContextRKNS_22ReadOnlyCompileOptionsERNS_10SourceTextIN7mozilla8Utf8UnitEEE"]
    fn compile_script(
        result: *mut *mut mozjs::jsapi::Stencil,
        cx: *mut JSContext,
        options: *const ReadOnlyCompileOptions,
        source: *mut SourceText<Utf8Unit>,
    );
    #[link_name = "_ZN2JS28CompileModuleScriptToStencilEP9JSContextRKNS_22ReadOnlyCompileOptionsERNS_10SourceTextIN7mozilla8Utf8UnitEEE"]
    fn compile_module(
        result: *mut *mut mozjs::jsapi::Stencil,
        cx: *mut JSContext,
        options: *const ReadOnlyCompileOptions,
        source: *mut SourceText<Utf8Unit>,
    );
}

#[cfg(not(feature = "debugmozjs"))]
unsafe extern "C" {
    #[link_name = "_ZN2JS28CompileGlobalScriptToStencilEP9JSContextRKNS_22ReadOnlyCompileOptionsERNS_10SourceTextIN7mozilla8Utf8UnitEEE"]
    fn compile_script(
        cx: *mut JSContext,
        options: *const ReadOnlyCompileOptions,
        source: *mut SourceText<Utf8Unit>,
    ) -> *mut mozjs::jsapi::Stencil;
    #[link_name = "_ZN2JS28CompileModuleScriptToStencilEP9JSContextRKNS_22ReadOnlyCompileOptionsERNS_10SourceTextIN7mozilla8Utf8UnitEEE"]
    fn compile_module(
        cx: *mut JSContext,
        options: *const ReadOnlyCompileOptions,
        source: *mut SourceText<Utf8Unit>,
    ) -> *mut mozjs::jsapi::Stencil;
}

unsafe extern "C" {
    /// `JS::EncodeStencil`; in the library, not in the bindings.
    #[link_name = "_ZN2JS13EncodeStencilEP9JSContextPN2js8frontend32InitialStencilAndDelazificationsERN7mozilla6VectorIhLm0ENS6_17MallocAllocPolicyEEE"]
    fn encode_stencil(
        cx: *mut JSContext,
        stencil: *mut mozjs::jsapi::Stencil,
        buffer: *mut Transcoded,
    ) -> TranscodeResult;
}

/// The bytes of a stencil, with the functions that were compiled since it collects them.
pub(super) fn encode(cx: *mut JSContext, stencil: &Stencil) -> Option<Vec<u8>> {
    let mut buffer = Transcoded {
        begin: ptr::without_provenance_mut(1),
        length: 0,
        capacity: 0,
        debug: [0; 2],
    };
    // SAFETY: a live context and stencil; the buffer is an empty vector, as the engine makes it.
    let result = unsafe { encode_stencil(cx, **stencil, &mut buffer) };
    if result == TranscodeResult::Throw {
        // SAFETY: as in `decode`; what cannot be kept costs time at the next start, nothing else.
        unsafe { mozjs::jsapi::JS_ClearPendingException(cx) };
    }
    let mut bytes = None;
    if buffer.capacity > 0 {
        // SAFETY: the vector has `length` bytes at `begin`, which the C library's allocator gave, and which nobody uses any more.
        unsafe {
            bytes = Some(std::slice::from_raw_parts(buffer.begin, buffer.length).to_vec());
            libc::free(buffer.begin.cast());
        }
    }
    bytes.filter(|_| result == TranscodeResult::Ok)
}

impl Context {
    /// Adds the scripts that [`Scope::evaluate_cached`] had to compile to the cache, with those of their functions that have run. For the
    /// end of a program; a file that cannot be written costs time at the next start, nothing else.
    pub fn keep_compiled(&self) {
        let fresh = self.0.compiled.fresh.take();
        let path = self.0.compiled.file.as_deref();
        let Some(path) = path.filter(|_| !fresh.is_empty() && !process::is_lost()) else {
            return;
        };
        let cx = self.0.cx();
        let fresh = fresh
            .iter()
            .filter_map(|(key, stencil)| Some((*key, encode(cx, stencil)?)));
        let fresh: Vec<_> = fresh.collect();
        // Another process may have written since this one read.
        let known = Cache::open(path);
        let mut all: Vec<(Key, Vec<u8>)> = known
            .entries
            .keys()
            .filter(|known| fresh.iter().all(|(key, _)| key.name != known.name))
            .filter_map(|key| Some((*key, known.read(*key)?)))
            .collect();
        all.extend(fresh.iter().cloned());
        let _ = write(path, &all);
        with_cache(path, |cache| {
            for (key, bytes) in fresh {
                // Another thread may have compiled it as well.
                if !matches!(cache.entries.get(&key), Some(Entry::Read(_))) {
                    cache.entries.insert(key, Entry::Read(bytes.leak()));
                }
            }
        });
    }
}

fn write(path: &Path, entries: &[(Key, Vec<u8>)]) -> std::io::Result<()> {
    let mut table = Vec::with_capacity(entries.len() * ENTRY);
    let mut offset = HEAD + entries.len() * ENTRY;
    for (key, bytes) in entries {
        let words = [
            key.name,
            key.text,
            checksum(bytes),
            offset as u64,
            bytes.len() as u64,
        ];
        table.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        offset += bytes.len();
    }
    let count = (entries.len() as u64).to_le_bytes();
    let check = checksum(&table).to_le_bytes();
    let mut parts: Vec<&[u8]> = vec![MAGIC, &count, &check, &table];
    parts.extend(entries.iter().map(|(_, bytes)| &**bytes));
    cache_files::write(path, &parts)
}
