//! Web Locks (<https://w3c.github.io/web-locks/>), within the program.

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("web/locks/locks", include_str!("locks.js")).globals(&["Lock", "LockManager"])
    ],
    operations: &[],
};
