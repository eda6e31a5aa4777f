//! What the ready queue holds, and what a language must be to join the loop.
//!
//! An entry is 16 bytes and owns what it names: it is either run once or discarded once. A host's token is opaque
//! here; the Python face puts an owned object pointer into it, the JavaScript face a slot id (rule ROOTED).

use crate::event_loop::Loop;
use crate::source::SourceKey;
use crate::task::TaskId;

/// Which host an entry belongs to; given by [`Loop::add_host`], and never to another host of the same loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HostId(pub(crate) u32);

/// A function boxed twice, so that an entry stays 16 bytes.
pub type Call = Box<Box<dyn FnOnce(&Loop)>>;

/// One unit of work in the ready queue.
pub enum Entry {
    /// A host's callback: [`Host::run`] receives the token.
    Host(HostId, u64),
    /// A task of the local executor that was woken.
    Task(TaskId),
    /// A descriptor with a handler became ready.
    Io(SourceKey),
    /// Anything else.
    Call(Call),
}

impl Entry {
    /// An entry that calls `function` once on the loop thread.
    pub fn call(function: impl FnOnce(&Loop) + 'static) -> Entry {
        Entry::Call(Box::new(Box::new(function)))
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Entry::Host(host, token) => formatter
                .debug_tuple("Host")
                .field(host)
                .field(token)
                .finish(),
            Entry::Task(task) => formatter.debug_tuple("Task").field(task).finish(),
            Entry::Io(source) => formatter.debug_tuple("Io").field(source).finish(),
            Entry::Call(_) => formatter.write_str("Call"),
        }
    }
}

/// A language on the loop. All methods are called on the loop thread, with this loop current.
///
/// None of them may unwind: a panic inside a host becomes that language's own error (rule NO-ABORT).
pub trait Host {
    /// Runs the callback that `token` owns.
    fn run(&self, token: u64);

    /// Drops what `token` owns without running it (a cancelled timer, a closed loop).
    fn discard(&self, token: u64);

    /// Runs after each entry of any host (rule CHECKPOINT). Must be cheap when nothing is pending.
    fn checkpoint(&self) {}

    /// What the language has on this loop, as JSON, for who looks at the process.
    fn tell(&self) -> Option<String> {
        None
    }

    /// True if blocking must be wrapped by [`Host::around_wait`]; the loop then polls once without blocking first.
    fn guards_wait(&self) -> bool {
        false
    }

    /// Calls `wait`, which blocks, with the language's lock released. Called only if [`Host::guards_wait`] is true.
    fn around_wait(&self, wait: &mut dyn FnMut()) {
        wait();
    }
}

#[cfg(test)]
mod tests {
    use super::Entry;

    #[test]
    fn an_entry_is_two_words() {
        assert_eq!(std::mem::size_of::<Entry>(), 16);
    }
}
