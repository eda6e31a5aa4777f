//! Packages of npm whose files are part of Twinloop: read by the build of this crate, which takes the files in, and by `cargo xtask`, which
//! fetches them.

/// One package at one version.
pub(crate) struct Package {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    /// SHA-512 of its archive, in hexadecimal.
    #[allow(dead_code, reason = "the build trusts what was fetched")]
    pub(crate) sha512: &'static str,
}

impl Package {
    /// The name of its folder in `.cache/npm`.
    pub(crate) fn folder(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }
}

/// Node's own streams, kept by its team (docs/design/streams.md).
pub(crate) const READABLE_STREAM: Package = Package {
    name: "readable-stream",
    version: "4.8.0",
    sha512: "da38534d4dc48a5a7fd83313ef581b728a82df97901dab0c247d111e4631c25c48bf7f8547a639c401592301062f12a48d9604165b2230d21dc14aa32b694b1d",
};
