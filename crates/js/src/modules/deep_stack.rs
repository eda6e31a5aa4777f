//! Room for a parser that recurses: source text nested more deeply than the thread's stack must not end the process.
//!
//! The TypeScript parser has no limit of its own, and how deep it goes is bounded only by the length of the text. So text
//! long enough to matter is parsed on a thread whose stack grows with it. Stack that is not touched costs address space
//! only. Rule NO-ABORT.

/// Text up to this length fits every thread's stack, whatever it nests.
const SHORT: usize = 512;
/// Stack per byte of text: the deepest recursion is one level a byte (`[[[[`), measured at 1.2 KiB a level in optimised
/// and 5 KiB in debug builds.
const STACK_PER_BYTE: usize = if cfg!(debug_assertions) {
    16 << 10
} else {
    4 << 10
};
/// Text that would need more (8 MiB of it) is refused.
const MOST: usize = 32 << 30;

/// Runs `parse` where text of this length cannot exhaust the stack; `None` if no such stack can be had.
pub(crate) fn with_deep_stack<T: Send>(
    length: usize,
    parse: impl FnOnce() -> T + Send,
) -> Option<T> {
    if length <= SHORT {
        return Some(parse());
    }
    let size = (1 << 20) + length.saturating_mul(STACK_PER_BYTE);
    if size > MOST {
        return None;
    }
    std::thread::scope(|scope| {
        let parser = std::thread::Builder::new()
            .name("twinloop-parser".into())
            .stack_size(size);
        parser.spawn_scoped(scope, parse).ok()?.join().ok()
    })
}
