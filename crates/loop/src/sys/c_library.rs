//! Which C library this process runs on: programs that bring binaries for each of them choose by it.

/// The version of the GNU C library, as `2.36`; none on another.
#[cfg(target_env = "gnu")]
#[must_use]
pub fn glibc_version() -> Option<String> {
    // SAFETY: the library answers with a text of its own, which is neither freed nor changed.
    let version = unsafe { std::ffi::CStr::from_ptr(libc::gnu_get_libc_version()) };
    Some(version.to_string_lossy().into_owned())
}

/// The version of the GNU C library, as `2.36`; none on another.
#[cfg(not(target_env = "gnu"))]
#[must_use]
pub fn glibc_version() -> Option<String> {
    None
}
