//! Web Cryptography (<https://w3c.github.io/webcrypto/>), and the operations that `node:crypto` shares with it.

mod certificates;
mod deeds;
mod hashing;
mod keys;
mod macs;
mod work;

use crate::builtins::{File, Room};

pub(crate) use work::failed;

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("web/crypto/algorithms", include_str!("algorithms.js")),
        File::new("web/crypto/crypto", include_str!("crypto.js")).globals(&["Crypto", "crypto"]),
        File::new("web/crypto/jwk", include_str!("jwk.js")),
        File::new("web/crypto/key", include_str!("key.js")).globals(&["CryptoKey"]),
        File::new("web/crypto/key_pairs", include_str!("key_pairs.js")),
        File::new("web/crypto/secret_keys", include_str!("secret_keys.js")),
        File::new("web/crypto/subtle", include_str!("subtle.js")).globals(&["SubtleCrypto"]),
    ],
    operations: &[
        certificates::OPS,
        deeds::OPS,
        hashing::OPS,
        keys::OPS,
        macs::OPS,
    ],
};
