//! The folder of a group: a socket for each member, named by its number.
//!
//! It belongs to the user and nobody else may enter, which is checked and not only arranged: `/tmp` is everybody's. On the blocking pool.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use sha1::{Digest, Sha1};

use crate::broadcast::address::Group;
use crate::{Error, ErrorKind, Result};

/// Where the user's folder is.
fn base() -> PathBuf {
    let user = rustix::process::getuid().as_raw();
    match std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from) {
        Some(folder) if folder.is_absolute() && check(&folder).is_ok() => folder.join("twinloop"),
        _ => std::env::temp_dir().join(format!("twinloop-{user}")),
    }
}

/// The folder of a group, made if it is not there.
pub(super) fn provide(group: &Group) -> Result<PathBuf> {
    let folder = match group {
        Group::Folder(folder) => folder.clone(),
        Group::Name(name) => {
            let base = base();
            private(&base)?;
            // Of any name, within the 108 bytes that an address of a socket has.
            let digest = Sha1::digest(name.as_bytes());
            let digest: String = digest[..8]
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            base.join(digest)
        }
    };
    private(&folder)?;
    Ok(folder)
}

/// Makes a folder that is only the user's, or checks that it is.
fn private(folder: &Path) -> Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(Error::file("mkdir", Some(folder), error))
        }
        _ => check(folder),
    }
}

fn check(folder: &Path) -> Result<()> {
    // Not through a link, which another user may have put there.
    let known =
        fs::symlink_metadata(folder).map_err(|error| Error::file("stat", Some(folder), error))?;
    let user = rustix::process::getuid().as_raw();
    if known.is_dir() && known.uid() == user && known.mode() & 0o077 == 0 {
        return Ok(());
    }
    let message = format!(
        "the folder '{}' of broadcast channels must be user {user}'s alone (mode 0700): it is user {}'s, mode {:04o}",
        folder.display(),
        known.uid(),
        known.mode() & 0o7777
    );
    Err(Error::new(ErrorKind::Denied, message))
}

/// The socket of a member.
pub(super) fn socket(folder: &Path, node: u64) -> PathBuf {
    folder.join(format!("{node:016x}"))
}

/// Where a member makes its socket, before the others see it.
pub(super) fn hidden(folder: &Path, node: u64) -> PathBuf {
    folder.join(format!(".{node:016x}"))
}

/// The members that are there, or were.
pub(super) fn members(folder: &Path) -> io::Result<Vec<u64>> {
    let mut members = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let number = (name.to_str().filter(|name| name.len() == 16))
            .and_then(|name| u64::from_str_radix(name, 16).ok());
        members.extend(number);
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_folder_that_others_may_enter_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("group");
        let group = Group::Folder(folder.clone());
        assert_eq!(provide(&group).unwrap(), folder);
        assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        let error = provide(&group).unwrap_err();
        assert!(
            error.is_denied() && error.to_string().contains("0755"),
            "{error}"
        );
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        let linked = place.path().join("linked");
        std::os::unix::fs::symlink(&folder, &linked).unwrap();
        assert!(provide(&Group::Folder(linked)).unwrap_err().is_denied());
    }
}
