//! The urls that say where a channel reaches.

use std::path::PathBuf;

use url::Url;

use super::link::Position;
use super::redis;
use crate::connect::{ClientCertificate, Config, Connector};
use crate::fetch::percent_decode;
use crate::{Error, ErrorKind, Result};

/// Where a channel reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The url without what is secret, which names it in messages.
    pub(super) shown: String,
    pub(super) place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Processes of this machine that give the same name, or the same folder.
    Local(Group),
    Redis(ServerAddress),
    Nats(ServerAddress),
}

/// A server, and as whom it is spoken to.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct ServerAddress {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) is_secure: bool,
    pub(super) user: String,
    pub(super) password: String,
    /// What stands behind the host, without the slash.
    pub(super) path: String,
    pub(super) files: Files,
}

/// Files that a url names, by the names that the command of NATS has for them. They are read when a connection is made.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Files {
    /// `tlsca`: the authorities to trust instead of the usual ones.
    pub(super) authorities: Option<PathBuf>,
    /// `tlscert` and `tlskey`: what the server is shown that asks who connects.
    pub(super) certificate: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
    /// `creds`: who a user of NATS is, with the key that proves it.
    pub(super) credentials: Option<PathBuf>,
    /// `nkey`: such a key alone.
    pub(super) seed: Option<PathBuf>,
}

impl Files {
    fn of(url: &Url) -> std::result::Result<Files, String> {
        let mut files = Files::default();
        let is_nats = matches!(url.scheme(), "nats" | "tls");
        for pair in url.query().unwrap_or_default().split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let place = match name {
                "" => continue,
                "tlsca" => &mut files.authorities,
                "tlscert" => &mut files.certificate,
                "tlskey" => &mut files.key,
                "creds" if is_nats => &mut files.credentials,
                "nkey" if is_nats => &mut files.seed,
                _ => return Err(format!("it has no parameter '{name}'")),
            };
            if value.is_empty() {
                return Err(format!("a file must follow '{name}='"));
            }
            use std::os::unix::ffi::OsStringExt as _;
            *place = Some(std::ffi::OsString::from_vec(percent_decode(value)).into());
        }
        if files.key.is_some() && files.certificate.is_none() {
            return Err("tlskey belongs to a tlscert".to_owned());
        }
        if files.credentials.is_some() && files.seed.is_some() {
            return Err("it has both creds and nkey".to_owned());
        }
        Ok(files)
    }
}

impl std::fmt::Debug for ServerAddress {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "ServerAddress({}:{})", self.host, self.port)
    }
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
            // Whoever stands before the host is nobody's business.
            let text = match (text.find("://"), text.rfind('@')) {
                (Some(start), Some(end)) if start < end => {
                    format!("{}...{}", &text[..start + 3], &text[end..])
                }
                _ => text.to_owned(),
            };
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
        let (is_secure, port) = match url.scheme() {
            "redis" => (false, 6379),
            "rediss" => (true, 6379),
            "nats" => (false, 4222),
            "tls" => (true, 4222),
            scheme => {
                let message = format!(
                    "invalid broadcast url: the scheme must be local, redis, rediss, nats or tls, not '{scheme}'"
                );
                return Err(Error::new(ErrorKind::Scheme, message));
            }
        };
        let decoded = |text: &str| String::from_utf8_lossy(&percent_decode(text)).into_owned();
        let address = ServerAddress {
            host: match url.host_str() {
                Some(host) if !host.is_empty() => host.to_owned(),
                _ => return Err(invalid("it has no host")),
            },
            port: url.port().unwrap_or(port),
            is_secure,
            user: decoded(url.username()),
            password: decoded(url.password().unwrap_or_default()),
            path: url.path().trim_matches('/').to_owned(),
            files: Files::of(&url).map_err(|what| invalid(&what))?,
        };
        let is_nats = matches!(url.scheme(), "nats" | "tls");
        if !is_nats && !address.path.bytes().all(|byte| byte.is_ascii_digit()) {
            let what = format!("'{}' is no number of a database", address.path);
            return Err(invalid(&what));
        }
        let mut shown = url.clone();
        // Only a url that has no host has no password either. A name alone is a token for NATS, and as secret.
        if is_nats && url.password().is_none() {
            let _ = shown.set_username("");
        }
        let _ = shown.set_password(None);
        shown.set_query(None);
        Ok(Address {
            shown: shown.into(),
            place: match is_nats {
                true => Place::Nats(address),
                false => Place::Redis(address),
            },
        })
    }

    /// The place in what a server keeps that a text says.
    pub(super) fn position(&self, text: &str) -> Result<Position> {
        let position = match &self.place {
            _ if text == "start" => Some(Position::START),
            Place::Local(_) => None,
            Place::Redis(_) => redis::position_of(text),
            Place::Nats(_) => text.parse().ok().map(|number| Position(0, number)),
        };
        position.ok_or_else(|| {
            let message = format!(
                "'{text}' is no place in a channel's history: it is 'start', or what came with a message"
            );
            Error::new(ErrorKind::Argument, message)
        })
    }

    /// What makes connections to it: `usual`, unless it wants other authorities or a certificate.
    pub(super) fn connector(&self, usual: &Connector) -> Connector {
        let (Place::Redis(server) | Place::Nats(server)) = &self.place else {
            return usual.clone();
        };
        let files = &server.files;
        if files.authorities.is_none() && files.certificate.is_none() {
            return usual.clone();
        }
        let mut config = usual.config().clone();
        if files.authorities.is_some() {
            config.ca_file.clone_from(&files.authorities);
        }
        if let Some(certificate) = &files.certificate {
            config.client_certificate = Some(ClientCertificate {
                certificate: certificate.clone(),
                key: files.key.as_ref().unwrap_or(certificate).clone(),
            });
        }
        Connector::new(config)
    }

    /// Asks the gate of a client's configuration, if it has one.
    pub(super) fn require_allowed(&self, config: &Config) -> Result<()> {
        match &self.place {
            Place::Local(_) if config.gate.is_some() => {
                let message = "a program with limits may not reach other processes";
                Err(Error::new(ErrorKind::Denied, message))
            }
            Place::Local(_) => Ok(()),
            Place::Redis(server) | Place::Nats(server) => {
                if config.gate.is_some() && server.files != Files::default() {
                    let message = "a program with limits may name no files in a broadcast url";
                    return Err(Error::new(ErrorKind::Denied, message));
                }
                config.require_host_allowed(&server.host, server.port)
            }
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
        let address = Address::parse("rediss://me:p%40ss@[::1]:7000/2").unwrap();
        assert_eq!(address.shown, "rediss://me@[::1]:7000/2");
        let server = ServerAddress {
            host: "[::1]".to_owned(),
            port: 7000,
            is_secure: true,
            user: "me".to_owned(),
            password: "p@ss".to_owned(),
            path: "2".to_owned(),
            files: Files::default(),
        };
        assert_eq!(address.place, Place::Redis(server));
        assert_eq!(address.position("5-1").unwrap(), Position(5, 1));
        assert!(address.position("five").unwrap_err().is_argument());
        let address = Address::parse("tls://secret@here?creds=/a%20b.creds&tlsca=ca.pem").unwrap();
        assert_eq!(address.shown, "tls://here");
        let Place::Nats(server) = &address.place else {
            panic!("{address:?}");
        };
        assert_eq!(server.files.credentials, Some("/a b.creds".into()));
        assert_eq!(server.files.authorities, Some("ca.pem".into()));
        for (url, said) in [
            ("redis://here/first", "'first' is no number of a database"),
            ("redis://here?creds=x", "no parameter 'creds'"),
            ("nats://here?tlskey=x", "tlskey belongs to a tlscert"),
            ("nats://here?creds=", "a file must follow 'creds='"),
            ("nats://here?creds=a&nkey=b", "both creds and nkey"),
        ] {
            let error = Address::parse(url).unwrap_err();
            assert!(
                error.is_url() && error.to_string().contains(said),
                "{error}"
            );
        }
        let error = Address::parse("redis://me:secret@here/first").unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
        assert!(Address::parse("redis://").unwrap_err().is_url());
        assert!(Address::parse("local:").unwrap_err().is_url());
        assert!(Address::parse("nothing").unwrap_err().is_url());
        let error = Address::parse("kafka://host").unwrap_err();
        assert!(
            error.is_scheme() && error.to_string().contains("kafka"),
            "{error}"
        );
    }
}
