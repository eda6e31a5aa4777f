//! `node:dns` and `node:dns/promises` (<https://nodejs.org/api/dns.html>): the system's resolver, and questions to name servers.

mod operations;

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/dns/codes", include_str!("codes.js")),
        File::new("node/dns/lookup", include_str!("lookup.js")),
        File::new("node/dns/module", include_str!("module.js")).modules(&["node:dns"]),
        File::new("node/dns/promises", include_str!("promises.js")).modules(&["node:dns/promises"]),
        File::new("node/dns/resolver", include_str!("resolver.js")),
    ],
    operations: &[operations::OPS],
};
