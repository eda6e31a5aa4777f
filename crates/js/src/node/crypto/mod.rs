//! `node:crypto` (<https://nodejs.org/api/crypto.html>), over the operations of `web/crypto`.

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/crypto/certificate", include_str!("certificate.js")),
        File::new("node/crypto/cipher", include_str!("cipher.js")),
        File::new("node/crypto/constants", include_str!("constants.js")),
        File::new("node/crypto/derive", include_str!("derive.js")),
        File::new("node/crypto/exchange", include_str!("exchange.js")),
        File::new("node/crypto/generate", include_str!("generate.js")),
        File::new("node/crypto/hash", include_str!("hash.js")),
        File::new("node/crypto/keys", include_str!("keys.js")),
        File::new("node/crypto/lazy", include_str!("lazy.js")),
        File::new("node/crypto/mac", include_str!("mac.js")),
        File::new("node/crypto/module", include_str!("module.js")).modules(&["node:crypto"]),
        File::new("node/crypto/random", include_str!("random.js")),
        File::new("node/crypto/sign", include_str!("sign.js")),
        File::new("node/crypto/spkac", include_str!("spkac.js")),
        File::new("node/crypto/values", include_str!("values.js")),
    ],
    operations: &[],
};
