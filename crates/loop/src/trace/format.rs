//! What a recording is made of: records of one size, names that they refer to by number, and the files that hold both.
//!
//! A loop writes `PID-NUMBER.loop`, a page that says whose it is and a ring of records, and `PID-NUMBER.names`, each name by its length and
//! its bytes. Both are complete after each record, so what a killed program did until then can be read.

/// The first bytes of a file of records.
pub const MAGIC: [u8; 8] = *b"TWINTRC1";
/// Records begin behind this much of the file.
pub const HEADER: usize = 4096;
/// Where the header has its numbers: process, how many records there is room for, how many were ever written, and the two clocks at the
/// start: the loop's, and the time of day in nanoseconds since 1970.
pub const PROCESS: usize = 8;
/// See [`PROCESS`].
pub const CAPACITY: usize = 16;
/// See [`PROCESS`].
pub const WRITTEN: usize = 24;
/// See [`PROCESS`].
pub const CLOCK: usize = 32;
/// See [`PROCESS`].
pub const TIME_OF_DAY: usize = 40;

/// What a record is about. `name`, `lane`, `bar` and `origin` mean the same in all that have them: a number of a name, of a lane, of the bar
/// itself, and of the bar that queued it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// A turn, from the end of its poll on; `value` is how many entries it ran.
    Turn = 1,
    /// The loop was blocked because nothing was ready.
    Wait = 2,
    /// An entry of the ready queue.
    Callback = 3,
    /// A step of a task of Python's; `value` is the name of the place where it waits afterwards, when the step was slow.
    Step = 4,
    /// The entry of a descriptor that is ready; `value` is the descriptor.
    Io = 5,
    /// A poll of a future in Rust.
    Future = 6,
    /// A timer that was due; `value` is by how many microseconds it was late.
    Timer = 7,
    /// The microtasks after an entry; `value` is how many.
    Microtasks = 8,
    /// Microtasks of one chain without another's between; `value` is how many.
    Chain = 9,
    /// Work waits for a thread; `bar` is the work's.
    PoolWait = 10,
    /// A thread does the work.
    PoolRun = 11,
    /// What was on the stack in the middle of the bar `bar`: `name` has the frames, the innermost first.
    Sample = 12,
    /// A lane begins: `value` is its [`LaneKind`].
    Lane = 13,
    /// A lane's task or function has ended.
    LaneEnd = 14,
    /// Descriptor `value` was registered.
    Descriptor = 15,
}

/// What a lane is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum LaneKind {
    /// A task of Python's.
    Task = 1,
    /// A call of an asynchronous function, or a chain of reactions, of JavaScript.
    Chain = 2,
    /// Threads that do what blocks.
    Pool = 3,
}

/// Whose a record is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Language {
    /// The loop's own, or a future's.
    #[default]
    Rust = 0,
    /// JavaScript's.
    JavaScript = 1,
    /// Python's.
    Python = 2,
}

/// One record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// When it began, in nanoseconds of the machine's monotonic clock.
    pub start: u64,
    /// When it was over.
    pub end: u64,
    /// What it is about.
    pub kind: Kind,
    /// Whose it is.
    pub language: Language,
    /// A number of a name; 0 for none.
    pub name: u32,
    /// A number of a lane; 0 for the loop's own.
    pub lane: u32,
    /// Its own number as a bar.
    pub bar: u32,
    /// The bar that queued it; 0 if none did.
    pub origin: u32,
    /// By kind.
    pub value: u32,
}

/// How long a record is in a file.
pub const SIZE: usize = 40;

impl Record {
    pub(super) fn bytes(&self) -> [u8; SIZE] {
        let mut bytes = [0; SIZE];
        bytes[..8].copy_from_slice(&self.start.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.end.to_le_bytes());
        bytes[16] = self.kind as u8;
        bytes[17] = self.language as u8;
        let words = [self.name, self.lane, self.bar, self.origin, self.value];
        for (place, word) in bytes[20..].chunks_exact_mut(4).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// Reads what [`SIZE`] bytes say; `None` if they are no record.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Record> {
        let long = |at: usize| Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
        let word = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        Some(Record {
            start: long(0)?,
            end: long(8)?,
            kind: Kind::of(*bytes.get(16)?)?,
            language: match bytes.get(17)? {
                1 => Language::JavaScript,
                2 => Language::Python,
                _ => Language::Rust,
            },
            name: word(20)?,
            lane: word(24)?,
            bar: word(28)?,
            origin: word(32)?,
            value: word(36)?,
        })
    }
}

impl Kind {
    const ALL: [Kind; 15] = [
        Kind::Turn,
        Kind::Wait,
        Kind::Callback,
        Kind::Step,
        Kind::Io,
        Kind::Future,
        Kind::Timer,
        Kind::Microtasks,
        Kind::Chain,
        Kind::PoolWait,
        Kind::PoolRun,
        Kind::Sample,
        Kind::Lane,
        Kind::LaneEnd,
        Kind::Descriptor,
    ];

    fn of(number: u8) -> Option<Kind> {
        (Kind::ALL.get(usize::from(number).checked_sub(1)?)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written() {
        for (index, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, index + 1);
            let record = Record {
                start: 1 << 40,
                end: (1 << 40) + 5,
                kind,
                language: Language::Python,
                name: 1,
                lane: 2,
                bar: 3,
                origin: u32::MAX,
                value: 4,
            };
            assert_eq!(Record::read(&record.bytes()), Some(record));
        }
        assert_eq!(Record::read(&[0; SIZE]), None);
        assert_eq!(Record::read(&[1; SIZE - 1]), None);
    }
}
