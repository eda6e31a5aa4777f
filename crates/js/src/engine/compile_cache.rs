//! The compile cache of programs (<https://nodejs.org/api/module.html#module-compile-cache>): files of the program and of its packages in the
//! engine's compiled form, one cache file each, in a folder that the program or its environment names. [`super::compiled`] is the same for
//! built-in files, always.
//!
//! A file is taken from the cache if that was made of the very same text at the same path by the same build; what is damaged is compiled
//! again. It is written when the program is over, or asks for it, with those of its functions that ran. Threads share the bytes of a file, as
//! the engine goes on to read them; they stay as long as the process.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::{LazyLock, Mutex, PoisonError};

use mozjs::jsapi::{
    CollectDelazificationsResult, InstantiateGlobalStencil, InstantiateModuleStencil,
    JS_ExecuteScript, SetModulePrivate, StartCollectingDelazifications,
    StartCollectingDelazifications1,
};
use mozjs::jsval::UndefinedValue;
use mozjs::rust::Stencil;

use super::cache_files::{self, checksum};
use super::compiled::{self, Kind, decode_copied, decode_kept, defaults, encode};
use super::context::Context;
use super::coverage;
use super::error::Error;
use super::local::Local;
use super::modules::{Options, source_text};
use super::process;
use super::realms::{Entered, Source, set_private};
use super::roots::root;
use super::scope::Scope;

/// The cache of one context; nothing is cached before it has a folder.
#[derive(Default)]
pub(super) struct CompileCache {
    folder: RefCell<Option<PathBuf>>,
    /// The files that the program compiled since.
    files: RefCell<Vec<Known>>,
}

/// A file that was compiled.
struct Known {
    kind: Kind,
    name: String,
    /// Where its compiled form is or will be.
    file: PathBuf,
    /// Checksum of its text.
    text: u64,
    state: State,
}

enum State {
    /// It came from the cache.
    Found,
    /// It was compiled, and is to be written.
    Fresh(Stencil),
    Written,
    /// It could not be compiled.
    Failed,
}

impl Kind {
    /// Node's word for it.
    fn name(self) -> &'static str {
        match self {
            Kind::Script => "CommonJS",
            Kind::Module => "ESM",
        }
    }
}

/// Format; checksum of the text; length and checksum of the compiled form, which follows.
const MAGIC: &[u8; 8] = b"twincc01";
const HEAD: usize = 32;
/// A compiled file longer than this is damage.
const LONGEST: usize = 1 << 30;

impl CompileCache {
    fn folder(&self) -> Option<PathBuf> {
        self.folder.borrow().clone()
    }

    /// Lets go of what was not written, while the engine still stands.
    pub(super) fn forget(&self) {
        self.files.take();
    }

    /// Notes a file and looks for its compiled form.
    fn find(&self, folder: &Path, kind: Kind, name: &str, text: &str) -> (Known, Option<Bytes>) {
        let key = checksum(format!("{}\0{name}", kind.name()).as_bytes());
        let known = Known {
            kind,
            name: name.to_owned(),
            file: folder.join(format!("{key:016x}")),
            text: checksum(text.as_bytes()),
            state: State::Failed,
        };
        let read = read(&known);
        tell(|| {
            let outcome = read
                .as_ref()
                .map_or_else(Clone::clone, |_| "success".into());
            let (kind, file) = (known.kind.name(), known.file.display());
            format!("reading cache from {file} for {kind} {name}... {outcome}")
        });
        (known, read.ok())
    }

    fn keep(&self, known: Known) {
        tell(|| {
            let (kind, name) = (known.kind.name(), &known.name);
            match known.state {
                State::Found => {
                    format!("cache for {kind} {name} was accepted, keeping the in-memory entry")
                }
                _ => format!(
                    "cache for {kind} {name} was not initialized, initializing the in-memory entry"
                ),
            }
        });
        self.files.borrow_mut().push(known);
    }

    /// Notes a file that is no JavaScript.
    fn keep_failed(&self, known: Known) {
        self.files.borrow_mut().push(known);
    }
}

/// A compiled form.
enum Bytes {
    /// That of this process.
    Kept(&'static [u8]),
    /// A later one of the same file.
    Own(Vec<u8>),
}

/// What this process keeps: of each cache file what it was when somebody read it first, with its checksum. A file whose text changes
/// again and again takes no more.
static KEPT: LazyLock<Mutex<Kept>> = LazyLock::new(Mutex::default);

/// Checksums and contents by their files.
type Kept = HashMap<PathBuf, (u64, &'static [u8])>;

/// The compiled form in a cache file, if that is of this text and whole; else what is wrong with it.
fn read(known: &Known) -> Result<Bytes, String> {
    let file = File::open(&known.file).map_err(|error| error.to_string())?;
    let mut head = [0; HEAD];
    file.read_exact_at(&mut head, 0)
        .map_err(|error| error.to_string())?;
    let (words, _) = head.as_chunks::<8>();
    if words[0] != *MAGIC {
        return Err("magic number mismatch".to_owned());
    }
    let word = |index: usize| u64::from_le_bytes(words[index]);
    if word(1) != known.text {
        let (expected, actual) = (known.text, word(1));
        return Err(format!(
            "code hash mismatch: expected {expected:x}, actual {actual:x}"
        ));
    }
    let length = usize::try_from(word(2)).unwrap_or(usize::MAX);
    let whole = file.metadata().map_or(0, |metadata| metadata.len());
    if length > LONGEST || whole != (HEAD + length) as u64 {
        return Err("cache size mismatch".to_owned());
    }
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let found = kept.get(&known.file);
    if let Some((check, bytes)) = found
        && (*check, bytes.len()) == (word(3), length)
    {
        return Ok(Bytes::Kept(bytes));
    }
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, HEAD as u64)
        .map_err(|error| error.to_string())?;
    if checksum(&bytes) != word(3) {
        return Err("cache hash mismatch".to_owned());
    }
    if found.is_some() {
        return Ok(Bytes::Own(bytes));
    }
    let bytes: &'static [u8] = bytes.leak();
    kept.insert(known.file.clone(), (word(3), bytes));
    Ok(Bytes::Kept(bytes))
}

fn write(known: &Known, bytes: &[u8]) -> std::io::Result<()> {
    let mut head = MAGIC.to_vec();
    for word in [known.text, bytes.len() as u64, checksum(bytes)] {
        head.extend(word.to_le_bytes());
    }
    cache_files::write(&known.file, &[&head, bytes])
}

/// Says what the cache does, to who asks for it as of Node.
fn tell(text: impl FnOnce() -> String) {
    let asks = std::env::var("NODE_DEBUG_NATIVE").is_ok_and(|names| {
        names
            .split(',')
            .any(|name| name.eq_ignore_ascii_case("COMPILE_CACHE"))
    });
    if asks {
        eprintln!("[compile cache] {}", text());
    }
}

impl<'s> Scope<'s> {
    /// Keeps what the program compiles from now on in this folder, and takes from there what it has.
    pub fn set_compile_cache(&self, folder: PathBuf) {
        // What comes from a cache counts nothing.
        if !coverage::is_on() {
            *self.inner().compile_cache.folder.borrow_mut() = Some(folder);
        }
    }

    /// Says this where Node would, to who asks for it.
    pub fn tell_of_compile_cache(&self, message: &str) {
        tell(|| message.to_owned());
    }

    /// Where this context keeps what the program compiles, if it does.
    pub fn compile_cache(&self) -> Option<PathBuf> {
        self.inner().compile_cache.folder()
    }

    /// Runs a file of the program, as [`run_in_realm`](Self::run_in_realm) does in the program's own realm.
    ///
    /// # Errors
    /// A SyntaxError, or what the script throws.
    pub fn run_file(&self, source: Source<'_>, private: Local<'_>) -> Result<Local<'s>, Error> {
        let cache = &self.inner().compile_cache;
        let Some(folder) = cache.folder() else {
            return self.run_in_realm(self.global(), &[], source, private);
        };
        self.runnable()?;
        let cx = self.cx();
        root!(cx, global = self.object_of(self.global())?);
        root!(cx, value = UndefinedValue());
        // SAFETY: the global is a root.
        let entered = unsafe { Entered::new(cx, global.get()) };
        let (stencil, known) = self.stencil_of(&folder, Kind::Script, source)?;
        let is_fresh = !matches!(known.state, State::Found);
        // SAFETY: the stencil lives; the script is rooted at once.
        let script =
            unsafe { InstantiateGlobalStencil(cx, &defaults(), *stencil, ptr::null_mut()) };
        self.check(!script.is_null())?;
        root!(cx, script = script);
        // SAFETY: the script is a root.
        unsafe { set_private(script.get(), private) };
        if is_fresh {
            let mut result = CollectDelazificationsResult::NotSupported;
            // SAFETY: the script is of this stencil and a root. The engine shares the stencil from now on, and adds to it.
            let ok = unsafe {
                StartCollectingDelazifications(cx, script.handle(), *stencil, &mut result)
            };
            self.check(ok)?;
        }
        self.keep_known(known, stencil);
        // SAFETY: the handles are roots.
        let ok = unsafe { JS_ExecuteScript(cx, script.handle(), value.handle_mut()) };
        drop(entered);
        self.check(ok)?;
        let value = self.root(value.get());
        self.drain_own_queue(global.get())?;
        Ok(value)
    }

    /// A module that is a file of the program, as [`compile_module`](Self::compile_module) has it.
    ///
    /// # Errors
    /// A SyntaxError.
    pub fn compile_file_module(
        &self,
        source: &str,
        url: &str,
        private: Local<'_>,
    ) -> Result<Local<'s>, Error> {
        let cache = &self.inner().compile_cache;
        let Some(folder) = cache.folder() else {
            return self.compile_module(source, url, private);
        };
        let cx = self.cx();
        let source = Source {
            text: source,
            file: url,
            line: 1,
            column: 0,
        };
        let (stencil, known) = self.stencil_of(&folder, Kind::Module, source)?;
        let is_fresh = !matches!(known.state, State::Found);
        // SAFETY: the stencil lives; the module is rooted at once.
        let module =
            unsafe { InstantiateModuleStencil(cx, &defaults(), *stencil, ptr::null_mut()) };
        self.check(!module.is_null())?;
        root!(cx, module = module);
        let private = private.value();
        // SAFETY: a fresh module record; the engine copies the value into a traced slot.
        unsafe { SetModulePrivate(module.get(), &private) };
        if is_fresh {
            let mut result = CollectDelazificationsResult::NotSupported;
            // SAFETY: as for a script.
            let ok = unsafe {
                StartCollectingDelazifications1(cx, module.handle(), *stencil, &mut result)
            };
            self.check(ok)?;
        }
        self.keep_known(known, stencil);
        self.root_object(module.get())
    }

    /// A file's stencil, from the cache or compiled.
    fn stencil_of(
        &self,
        folder: &Path,
        kind: Kind,
        source: Source<'_>,
    ) -> Result<(Stencil, Known), Error> {
        let cx = self.cx();
        let cache = &self.inner().compile_cache;
        let (mut known, bytes) = cache.find(folder, kind, source.file, source.text);
        let decoded = bytes.and_then(|bytes| match bytes {
            Bytes::Kept(bytes) => decode_kept(cx, bytes),
            Bytes::Own(bytes) => decode_copied(cx, &bytes),
        });
        if let Some(stencil) = decoded {
            known.state = State::Found;
            return Ok((stencil, known));
        }
        let options = Options::of(cx, source);
        let mut text = source_text(source.text)?;
        // SAFETY: the source outlives the call, which does not keep it; the one reference that comes back is the stencil's.
        let stencil = unsafe { compiled::owned(compiled::compile(kind, cx, options.0, &mut text)) };
        if let Err(error) = self.check(!stencil.is_null()) {
            cache.keep_failed(known);
            return Err(self.with_place(error));
        }
        Ok((stencil, known))
    }

    fn keep_known(&self, mut known: Known, stencil: Stencil) {
        if !matches!(known.state, State::Found) {
            known.state = State::Fresh(stencil);
        }
        self.inner().compile_cache.keep(known);
    }
}

impl Context {
    /// Writes what the program compiled since it has a compile cache. What cannot be written costs time at the next start, nothing else.
    pub fn write_compile_cache(&self) {
        if process::is_lost() {
            return;
        }
        let mut files = self.0.compile_cache.files.borrow_mut();
        for known in files.iter_mut() {
            let (kind, name) = (known.kind.name(), known.name.clone());
            match &known.state {
                State::Found | State::Written => {
                    tell(|| format!("skip {kind} {name} because cache was the same"));
                }
                State::Failed => {
                    tell(|| format!("skip {kind} {name} because the cache was not initialized"));
                }
                State::Fresh(stencil) => {
                    let Some(bytes) = encode(self.0.cx(), stencil) else {
                        continue;
                    };
                    let written = write(known, &bytes);
                    tell(|| {
                        let outcome = written
                            .map_or_else(|error| error.to_string(), |()| "success".to_owned());
                        format!("writing cache for {kind} {name}... {outcome}")
                    });
                    known.state = State::Written;
                }
            }
        }
    }
}
