//! Where things are in the checkout. Everything that a chore makes goes to `target/`, `.venv` or `.cache/`.

use std::path::{Path, PathBuf};

/// The checkout's root.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask stands in the checkout")
}

/// Cargo's target folder.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// The target folder of builds with the engine's debug build: one folder would be compiled again at each change between the two.
pub(crate) fn debug_engine_target() -> PathBuf {
    target().join("debugmozjs")
}

/// What chores keep between runs inside the checkout: further venvs, the benchmark's peers.
pub(crate) fn cache() -> PathBuf {
    root().join(".cache")
}

/// What chores keep for every checkout of this user: the engine's archive.
pub(crate) fn user_cache() -> PathBuf {
    let base = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    base.or_else(home).unwrap_or_else(cache).join("twinloop")
}

/// How the product is compiled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Quick to build; what the tests use.
    Dev,
    /// Optimised without link-time optimisation; what set-up and the demo use.
    Quick,
    /// Optimised in full; what the benchmarks and wheels use.
    Release,
}

impl Profile {
    /// The folder below `target/`.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Profile::Dev => "debug",
            Profile::Quick => "quick",
            Profile::Release => "release",
        }
    }

    /// The words that ask cargo for this profile.
    pub(crate) fn words(self) -> &'static [&'static str] {
        match self {
            Profile::Dev => &[],
            Profile::Quick => &["--profile", "quick"],
            Profile::Release => &["--release"],
        }
    }

    /// What a built file of this profile is called.
    pub(crate) fn artifact(self, name: &str) -> PathBuf {
        target().join(self.folder()).join(name)
    }
}
