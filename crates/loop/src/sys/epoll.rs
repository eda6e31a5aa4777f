//! epoll with nanosecond timeouts (epoll_pwait2) and an eventfd to wake it.
//!
//! Runs on the loop thread; only `WakeHandle` crosses threads. The eventfd is registered edge-triggered: every write is
//! an event of its own, so it never has to be read (its 64-bit counter would take centuries to fill).

use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::Arc;

use rustix::buffer::spare_capacity;
use rustix::event::{EventfdFlags, Timespec, epoll, eventfd};
use rustix::io::DupFlags;

use crate::clock::Nanos;
use crate::source::{Mode, Readiness};

/// One readiness report: the key of the registration and what it is ready for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub(crate) key: u64,
    pub(crate) readiness: Readiness,
}

const WAKE_KEY: u64 = u64::MAX;
/// Events fetched by one wait; more stay in the kernel for the next turn (rule BOUNDED).
const BATCH: usize = 256;

/// Wakes a blocked [`Epoll`] from any thread.
#[derive(Clone, Debug)]
pub(crate) struct WakeHandle(Arc<OwnedFd>);

impl WakeHandle {
    pub(crate) fn wake(&self) {
        // The only error of an eventfd write is a full counter, which means that a wake-up is pending already.
        let _ = rustix::io::write(&*self.0, &1u64.to_ne_bytes());
    }
}

pub(crate) struct Epoll {
    epoll: OwnedFd,
    wake: WakeHandle,
    buffer: std::cell::RefCell<Vec<epoll::Event>>,
}

impl Epoll {
    pub(crate) fn new() -> io::Result<Epoll> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        epoll::add(
            &epoll,
            &wake,
            epoll::EventData::new_u64(WAKE_KEY),
            epoll::EventFlags::IN | epoll::EventFlags::ET,
        )?;
        Ok(Epoll {
            epoll,
            wake: WakeHandle(Arc::new(wake)),
            buffer: Vec::with_capacity(BATCH).into(),
        })
    }

    pub(crate) fn wake_handle(&self) -> WakeHandle {
        self.wake.clone()
    }

    pub(crate) fn add(&self, fd: RawFd, key: u64, mode: Mode) -> io::Result<()> {
        Ok(epoll::add(
            &self.epoll,
            borrow(fd)?,
            epoll::EventData::new_u64(key),
            flags(mode),
        )?)
    }

    pub(crate) fn modify(&self, fd: RawFd, key: u64, mode: Mode) -> io::Result<()> {
        Ok(epoll::modify(
            &self.epoll,
            borrow(fd)?,
            epoll::EventData::new_u64(key),
            flags(mode),
        )?)
    }

    pub(crate) fn delete(&self, fd: RawFd) -> io::Result<()> {
        Ok(epoll::delete(&self.epoll, borrow(fd)?)?)
    }

    /// In a forked process: puts a fresh, empty driver behind the same descriptor numbers. The kernel's list of
    /// registrations is shared with the parent, which must not lose any of them by what happens here.
    pub(crate) fn part_from_parent(&self) -> io::Result<()> {
        let fresh = Epoll::new()?;
        replace(&self.epoll, fresh.epoll.as_fd())?;
        replace(&self.wake.0, fresh.wake.0.as_fd())
    }

    /// Waits until something is ready or `timeout_ns` has passed (`None`: for ever) and appends what is ready.
    ///
    /// # Errors
    /// What epoll_pwait2 reports, except an interruption by a signal, which ends the wait early without an error.
    pub(crate) fn wait(
        &self,
        timeout_ns: Option<Nanos>,
        events: &mut Vec<Event>,
    ) -> io::Result<()> {
        let mut buffer = self.buffer.borrow_mut();
        buffer.clear();
        let timeout = timeout_ns.map(timespec);
        match epoll::wait(&self.epoll, spare_capacity(&mut buffer), timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for event in buffer.iter() {
            let key = event.data.u64();
            if key != WAKE_KEY {
                events.push(Event {
                    key,
                    readiness: readiness(event.flags),
                });
            }
        }
        Ok(())
    }
}

impl AsFd for Epoll {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}

/// Makes the number of `old` mean what `new` means.
fn replace(old: &OwnedFd, new: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: the number is open as long as `old`, which stays its owner: this second owner is never dropped. dup3 closes
    // what the number meant and gives it its new meaning in one step.
    let mut old = ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(old.as_raw_fd()) });
    Ok(rustix::io::dup3(new, &mut old, DupFlags::CLOEXEC)?)
}

fn borrow<'a>(fd: RawFd) -> io::Result<BorrowedFd<'a>> {
    if fd < 0 {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("invalid file descriptor: {fd}"),
        ));
    }
    // SAFETY: the descriptor is not -1. It may be closed or reused by the program at any time; the borrow lives for one
    // epoll_ctl call, which answers EBADF or ENOENT for a number that names nothing registered and touches no memory.
    Ok(unsafe { BorrowedFd::borrow_raw(fd) })
}

fn timespec(nanos: Nanos) -> Timespec {
    Timespec {
        tv_sec: (nanos / 1_000_000_000) as i64,
        tv_nsec: (nanos % 1_000_000_000) as _,
    }
}

fn flags(mode: Mode) -> epoll::EventFlags {
    match mode {
        Mode::Edge => {
            epoll::EventFlags::IN
                | epoll::EventFlags::OUT
                | epoll::EventFlags::PRI
                | epoll::EventFlags::RDHUP
                | epoll::EventFlags::ET
        }
        Mode::Level { read, write } => {
            let mut flags = epoll::EventFlags::empty();
            flags.set(epoll::EventFlags::IN, read);
            flags.set(epoll::EventFlags::OUT, write);
            flags
        }
    }
}

fn readiness(flags: epoll::EventFlags) -> Readiness {
    let mut readiness = Readiness::empty();
    let broken = flags.intersects(epoll::EventFlags::ERR | epoll::EventFlags::HUP);
    if broken || flags.intersects(epoll::EventFlags::IN | epoll::EventFlags::RDHUP) {
        readiness |= Readiness::READ;
    }
    if flags.contains(epoll::EventFlags::PRI) {
        readiness |= Readiness::READ | Readiness::PRIORITY;
    }
    if broken || flags.contains(epoll::EventFlags::OUT) {
        readiness |= Readiness::WRITE;
    }
    if broken || flags.contains(epoll::EventFlags::RDHUP) {
        readiness |= Readiness::READ_CLOSED;
    }
    readiness
}
