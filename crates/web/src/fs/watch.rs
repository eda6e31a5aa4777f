//! Changes of files and folders, as they happen: `fs.watch`, on inotify.
//!
//! One inotify instance serves a loop, because a user may have few of them (128); it is made with the first [`Watch`] and goes with the last.
//! The kernel names a watched inode by a number, and gives the same number for the same inode, so a number has a list of who asked for it.
//! A recursive watch has a number for each folder below its own; what appears in a folder between its creation and our watch of it is looked
//! for and reported. Symbolic links below are reported, not followed. rustix's safe calls are all this needs; the crate `notify` would bring a
//! thread of its own and a translation of events which programs for Node would see.
//!
//! Loop thread only. BOUNDED: each report of the descriptor reads one buffer of events, and the kernel keeps at most
//! `max_queued_events` (16,384) others; who asks for events gets all that there are.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::rc::{Rc, Weak};
use std::task::{Poll, Waker};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use twinloop_loop::{IoHandler, Loop, Mode, Readiness, Source, WeakLoop};

use crate::{Error, Result};

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The content or the attributes are others.
    Content,
    /// A name has come, gone or moved.
    Name,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What has happened.
    pub change: Change,
    /// To what: a path below the watched folder, or the watched file's own name. `None` when the system lost count of what happened.
    pub name: Option<PathBuf>,
}

/// A file, a folder, or a folder with all below it, of which changes are told. Dropping it ends that.
pub struct Watch {
    state: Rc<State>,
}

struct State {
    inotify: Rc<Inotify>,
    root: PathBuf,
    recursive: bool,
    /// The numbers of what is watched.
    numbers: RefCell<HashSet<i32>>,
    events: RefCell<Vec<Event>>,
    /// Why folders that appeared later cannot be watched.
    failure: RefCell<Option<Error>>,
    waiting: RefCell<Option<Waker>>,
    closed: Cell<bool>,
}

impl Watch {
    /// Begins to watch.
    ///
    /// # Errors
    /// `is_file()`, when there is no such path, it may not be read, or the system has no room for another watch (ENOSPC, EMFILE).
    pub fn start(path: impl AsRef<Path>, recursive: bool) -> Result<Watch> {
        let root = path.as_ref().to_path_buf();
        let failed = |error: io::Error| Error::file("watch", Some(&root), error);
        let inotify = Inotify::of_this_loop().map_err(failed)?;
        let recursive = recursive && fs::metadata(&root).map_err(failed)?.is_dir();
        let state = Rc::new(State {
            inotify,
            root: root.clone(),
            recursive,
            numbers: RefCell::default(),
            events: RefCell::default(),
            failure: RefCell::default(),
            waiting: RefCell::default(),
            closed: Cell::new(false),
        });
        let watch = Watch { state };
        watch.state.add(Path::new("")).map_err(failed)?;
        if recursive {
            watch
                .state
                .add_below(Path::new(""), false)
                .map_err(failed)?;
        }
        Ok(watch)
    }

    /// The next changes, at least one; none when the watch was closed.
    ///
    /// # Errors
    /// When a folder that has appeared cannot be watched.
    ///
    /// # Cancel safety
    /// No change is lost when the future is dropped.
    pub async fn next(&self) -> Result<Vec<Event>> {
        std::future::poll_fn(|context| {
            let state = &self.state;
            let events = state.events.take();
            if !events.is_empty() {
                return Poll::Ready(Ok(events));
            }
            if let Some(failure) = state.failure.take() {
                return Poll::Ready(Err(failure));
            }
            if state.closed.get() {
                return Poll::Ready(Ok(Vec::new()));
            }
            state.waiting.replace(Some(context.waker().clone()));
            Poll::Pending
        })
        .await
    }

    /// Ends it: nothing more is told, and whoever waits learns it.
    pub fn close(&self) {
        self.state.closed.set(true);
        self.state.events.take();
        self.state.forget(|_| true);
        self.state.wake();
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.close();
    }
}

impl State {
    fn wake(&self) {
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
    }

    fn report(&self, change: Change, name: Option<PathBuf>) {
        self.events.borrow_mut().push(Event { change, name });
        self.wake();
    }

    /// Watches what stands at this place below the root; the root itself for an empty one.
    fn add(self: &Rc<Self>, below: &Path) -> io::Result<()> {
        let path = self.root.join(below);
        // A path that ends in a slash would not name a file.
        let path = if below.as_os_str().is_empty() {
            &self.root
        } else {
            &path
        };
        let number = self.inotify.add(path, below, self)?;
        self.numbers.borrow_mut().insert(number);
        Ok(())
    }

    /// Watches the folders below a folder, and tells of what is found there if it is new.
    fn add_below(self: &Rc<Self>, below: &Path, is_new: bool) -> io::Result<()> {
        let mut folders = vec![below.to_path_buf()];
        while let Some(folder) = folders.pop() {
            // What goes while we look needs no watch.
            let Ok(entries) = fs::read_dir(self.root.join(&folder)) else {
                continue;
            };
            for entry in entries.flatten() {
                let inside = folder.join(entry.file_name());
                if is_new {
                    self.report(Change::Name, Some(inside.clone()));
                }
                if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    continue;
                }
                match self.add(&inside) {
                    Ok(()) => folders.push(inside),
                    Err(error) if is_passing(&error) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// Takes in one event of the kernel's, about what this place has or is.
    fn take(self: &Rc<Self>, below: &Path, events: ReadFlags, name: Option<&OsStr>) {
        let change = if (events - ReadFlags::ISDIR - CONTENT).is_empty() {
            Change::Content
        } else {
            Change::Name
        };
        let Some(name) = name else {
            // A folder below the root is told of by the one above it.
            if below.as_os_str().is_empty() {
                let own = self.root.file_name().map(PathBuf::from);
                self.report(change, Some(own.unwrap_or_else(|| self.root.clone())));
            }
            return;
        };
        let inside = below.join(name);
        self.report(change, Some(inside.clone()));
        if !self.recursive || !events.contains(ReadFlags::ISDIR) {
            return;
        }
        if events.contains(ReadFlags::MOVED_FROM) {
            self.forget(|place| place.starts_with(&inside));
        }
        if events.intersects(ReadFlags::CREATE | ReadFlags::MOVED_TO) {
            let added = self
                .add(&inside)
                .and_then(|()| self.add_below(&inside, true));
            match added {
                Err(error) if !is_passing(&error) => {
                    let failure = Error::file("watch", Some(&self.root.join(&inside)), error);
                    self.failure.replace(Some(failure));
                    self.wake();
                }
                _ => {}
            }
        }
    }

    /// The kernel had more events than it keeps: folders may have come unseen.
    fn look_again(self: &Rc<Self>) {
        self.report(Change::Name, None);
        if self.recursive {
            // A failure says no more than that events are missing, which was just told.
            let _ = self.add_below(Path::new(""), false);
        }
    }

    /// Ends the watches of those places.
    fn forget(&self, unwanted: impl Fn(&Path) -> bool) {
        let mut numbers = self.numbers.borrow_mut();
        numbers.retain(|&number| !self.inotify.remove(number, self, &unwanted));
    }
}

const CONTENT: ReadFlags = ReadFlags::ATTRIB.union(ReadFlags::MODIFY);

/// What was there when its name was read, and is not any more.
fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::PermissionDenied
    )
}

/// What every watch is about: all that changes content, attributes and names.
const WATCHED: WatchFlags = WatchFlags::ATTRIB
    .union(WatchFlags::CREATE)
    .union(WatchFlags::MODIFY)
    .union(WatchFlags::DELETE)
    .union(WatchFlags::DELETE_SELF)
    .union(WatchFlags::MOVE_SELF)
    .union(WatchFlags::MOVED_FROM)
    .union(WatchFlags::MOVED_TO);

/// Who asked for a number, and for which place below its root.
type Interested = Vec<(Weak<State>, PathBuf)>;

struct Inotify {
    /// Before the descriptor that it names.
    source: Source,
    descriptor: OwnedFd,
    event_loop: WeakLoop,
    watched: RefCell<HashMap<i32, Interested>>,
}

thread_local! {
    static CURRENT: RefCell<Weak<Inotify>> = const { RefCell::new(Weak::new()) };
}

impl Inotify {
    fn of_this_loop() -> io::Result<Rc<Inotify>> {
        let event_loop = Loop::current();
        let known = CURRENT.with_borrow(Weak::upgrade);
        if let Some(known) = known
            && (known.event_loop.upgrade()).is_some_and(|its| its.is_same(&event_loop))
        {
            return Ok(known);
        }
        let descriptor = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let readable = Mode::Level {
            read: true,
            write: false,
        };
        let source = event_loop.register(descriptor.as_raw_fd(), readable)?;
        let new = Rc::new(Inotify {
            source,
            descriptor,
            event_loop: event_loop.downgrade(),
            watched: RefCell::default(),
        });
        let handler = Handler(Rc::downgrade(&new));
        new.source.set_handler(Some(Rc::new(handler)));
        CURRENT.set(Rc::downgrade(&new));
        Ok(new)
    }

    fn add(&self, path: &Path, below: &Path, state: &Rc<State>) -> io::Result<i32> {
        let flags = if below.as_os_str().is_empty() {
            WATCHED
        } else {
            WATCHED | WatchFlags::ONLYDIR | WatchFlags::DONT_FOLLOW
        };
        let number = inotify::add_watch(&self.descriptor, path, flags)?;
        let mut watched = self.watched.borrow_mut();
        let interested = watched.entry(number).or_default();
        let known = interested
            .iter_mut()
            .find(|(each, _)| std::ptr::eq(each.as_ptr(), Rc::as_ptr(state)));
        match known {
            // It has moved within the tree.
            Some((_, place)) => *place = below.to_path_buf(),
            None => interested.push((Rc::downgrade(state), below.to_path_buf())),
        }
        Ok(number)
    }

    /// Whether the number is no concern of this watch any more.
    fn remove(&self, number: i32, state: &State, unwanted: &impl Fn(&Path) -> bool) -> bool {
        let mut watched = self.watched.borrow_mut();
        let Some(interested) = watched.get_mut(&number) else {
            return true;
        };
        let mut removed = false;
        interested.retain(|(each, place)| {
            let goes = std::ptr::eq(each.as_ptr(), state) && unwanted(place);
            removed |= goes;
            !goes
        });
        if interested.is_empty() {
            watched.remove(&number);
            // It is gone already when the file is.
            let _ = inotify::remove_watch(&self.descriptor, number);
        }
        removed
    }

    fn read(&self) {
        // Aligned by the reader; room for a dozen of the longest names.
        let mut buffer = [MaybeUninit::uninit(); 8192];
        let mut reader = Reader::new(&self.descriptor, &mut buffer);
        loop {
            let Ok(event) = reader.next() else { return };
            let (number, events) = (event.wd(), event.events());
            let name = event
                .file_name()
                .map(|name| OsStr::from_bytes(name.to_bytes()));
            self.dispatch(number, events, name);
            if reader.is_buffer_empty() {
                return;
            }
        }
    }

    fn dispatch(&self, number: i32, events: ReadFlags, name: Option<&OsStr>) {
        if events.contains(ReadFlags::QUEUE_OVERFLOW) {
            for state in self.all() {
                state.look_again();
            }
            return;
        }
        let interested = if events.contains(ReadFlags::IGNORED) {
            self.watched.borrow_mut().remove(&number)
        } else {
            self.watched.borrow().get(&number).cloned()
        };
        for (state, place) in interested.unwrap_or_default() {
            if let Some(state) = state.upgrade() {
                if events.contains(ReadFlags::IGNORED) {
                    state.numbers.borrow_mut().remove(&number);
                }
                state.take(&place, events, name);
            }
        }
    }

    fn all(&self) -> Vec<Rc<State>> {
        let mut all: Vec<Rc<State>> = Vec::new();
        for (state, _) in self.watched.borrow().values().flatten() {
            if let Some(state) = state.upgrade()
                && !all.iter().any(|each| Rc::ptr_eq(each, &state))
            {
                all.push(state);
            }
        }
        all
    }
}

struct Handler(Weak<Inotify>);

impl IoHandler for Handler {
    fn ready(&self, _: Readiness) {
        if let Some(inotify) = self.0.upgrade() {
            inotify.read();
        }
    }
}
