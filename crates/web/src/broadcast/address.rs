//! The urls that say where a channel reaches.

use std::path::PathBuf;

use url::Url;

use crate::connect::Config;
use crate::{Error, ErrorKind, Result};

/// Where a channel reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The url without password, which names it in messages.
    pub(super) shown: String,
    pub(super) place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Processes of this machine that give the same name, or the same folder.
    Local(Group),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Group {
    Name(String),
    Folder(PathBuf),
}

impl Address {
    /// The address that a url means.
    ///
    /// # Errors
    /// `is_url()` when it is none, `is_scheme()` when nothing here speaks its scheme.
    pub fn parse(text: &str) -> Result<Address> {
        let invalid = |what: &str| {
            Error::new(
                ErrorKind::Url,
                format!("invalid broadcast url '{text}': {what}"),
            )
        };
        if let Some(name) = text.strip_prefix("local:") {
            let group = match name {
                "" => return Err(invalid("a name must follow 'local:'")),
                folder if folder.starts_with('/') => Group::Folder(PathBuf::from(folder)),
                name => Group::Name(name.to_owned()),
            };
            return Ok(Address {
                shown: text.to_owned(),
                place: Place::Local(group),
            });
        }
        let url = Url::parse(text).map_err(|cause| invalid(&cause.to_string()))?;
        let message = format!(
            "invalid broadcast url: the scheme must be local, not '{}'",
            url.scheme()
        );
        Err(Error::new(ErrorKind::Scheme, message))
    }

    /// Asks the gate of a client's configuration, if it has one.
    pub(super) fn require_allowed(&self, config: &Config) -> Result<()> {
        match &self.place {
            Place::Local(_) if config.gate.is_some() => {
                let message = "a program with limits may not reach other processes";
                Err(Error::new(ErrorKind::Denied, message))
            }
            Place::Local(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_or_refused_by_name() {
        let address = Address::parse("local:my app").unwrap();
        assert_eq!(
            address.place,
            Place::Local(Group::Name("my app".to_owned()))
        );
        let address = Address::parse("local:/tmp/here").unwrap();
        assert_eq!(
            address.place,
            Place::Local(Group::Folder("/tmp/here".into()))
        );
        assert!(Address::parse("local:").unwrap_err().is_url());
        assert!(Address::parse("nothing").unwrap_err().is_url());
        let error = Address::parse("kafka://host").unwrap_err();
        assert!(
            error.is_scheme() && error.to_string().contains("kafka"),
            "{error}"
        );
    }
}
