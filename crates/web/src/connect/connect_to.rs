//! `--connect-to HOST:PORT:ADDR:PORT`, with curl's meaning.
//!
//! A program that names a public host runs unchanged against a local server: the name stays what it is for the Host
//! header, TLS and certificates; only where the connection goes changes. An empty HOST or PORT matches all, an empty
//! ADDR or PORT keeps what the url says, IPv6 addresses stand in brackets, and the first rule that matches wins.

use crate::{Error, ErrorKind, Result};
use std::str::FromStr;

/// One rule of `--connect-to`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectTo {
    /// The host that the rule is for, lower case, without brackets; `None` is every host.
    pub host: Option<String>,
    /// The port that the rule is for; `None` is every port.
    pub port: Option<u16>,
    /// Where to connect instead: a name or an address without brackets; `None` keeps the host.
    pub target_host: Option<String>,
    /// The port to connect to instead; `None` keeps the port.
    pub target_port: Option<u16>,
}

impl ConnectTo {
    /// Where a connection to `host:port` goes by the first of `rules` that matches, else `host:port` itself.
    pub fn resolve<'a>(rules: &'a [ConnectTo], host: &'a str, port: u16) -> (&'a str, u16) {
        let bare = without_brackets(host);
        match rules.iter().find(|rule| rule.matches(bare, port)) {
            Some(rule) => (
                rule.target_host.as_deref().unwrap_or(bare),
                rule.target_port.unwrap_or(port),
            ),
            None => (bare, port),
        }
    }

    /// Whether one of `rules` sends connections to `host:port` elsewhere.
    pub(super) fn is_for(rules: &[ConnectTo], host: &str, port: u16) -> bool {
        let bare = without_brackets(host);
        rules.iter().any(|rule| rule.matches(bare, port))
    }

    /// The rules of a comma-separated list, which is how an environment variable carries several.
    ///
    /// # Errors
    /// When one of them is not `HOST:PORT:ADDR:PORT`.
    pub fn parse_list(text: &str) -> Result<Vec<ConnectTo>> {
        text.split(',')
            .map(str::trim)
            .filter(|rule| !rule.is_empty())
            .map(str::parse)
            .collect()
    }

    fn matches(&self, host: &str, port: u16) -> bool {
        self.host
            .as_deref()
            .is_none_or(|wanted| wanted.eq_ignore_ascii_case(host))
            && self.port.is_none_or(|wanted| wanted == port)
    }
}

impl FromStr for ConnectTo {
    type Err = Error;

    fn from_str(text: &str) -> Result<ConnectTo> {
        let invalid = |what: &str| {
            let message =
                format!("invalid --connect-to '{text}': {what} (it must be HOST:PORT:ADDR:PORT)");
            Error::new(ErrorKind::Argument, message)
        };
        let parts = split_outside_brackets(text);
        let [host, port, target_host, target_port] = parts.as_slice() else {
            return Err(invalid(&format!("{} parts instead of 4", parts.len())));
        };
        let parse_port = |text: &str| match text {
            "" => Ok(None),
            digits => digits
                .parse()
                .map(Some)
                .map_err(|_| invalid(&format!("'{digits}' is not a port"))),
        };
        let parse_host = |text: &str| match without_brackets(text) {
            "" => None,
            host => Some(host.to_ascii_lowercase()),
        };
        Ok(ConnectTo {
            host: parse_host(host),
            port: parse_port(port)?,
            target_host: parse_host(target_host),
            target_port: parse_port(target_port)?,
        })
    }
}

/// `[::1]` without its brackets; everything else as it is.
pub(crate) fn without_brackets(host: &str) -> &str {
    host.strip_prefix('[')
        .and_then(|inner| inner.strip_suffix(']'))
        .unwrap_or(host)
}

/// Splits at the colons that are not inside `[...]`.
fn split_outside_brackets(text: &str) -> Vec<&str> {
    let mut parts = Vec::with_capacity(4);
    let mut start = 0;
    let mut inside = false;
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'[' => inside = true,
            b']' => inside = false,
            b':' if !inside => {
                parts.push(&text[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_matches_wins() {
        let rules =
            ConnectTo::parse_list("a.example:443:[::1]:8443, :80::8080,a.example:443:never:1")
                .unwrap();
        assert_eq!(ConnectTo::resolve(&rules, "A.example", 443), ("::1", 8443));
        assert_eq!(
            ConnectTo::resolve(&rules, "b.example", 80),
            ("b.example", 8080)
        );
        assert_eq!(
            ConnectTo::resolve(&rules, "b.example", 443),
            ("b.example", 443)
        );
    }

    #[test]
    fn an_address_in_brackets_matches_without_them() {
        let rules = ConnectTo::parse_list("[::1]:80:127.0.0.1:").unwrap();
        assert_eq!(ConnectTo::resolve(&rules, "[::1]", 80), ("127.0.0.1", 80));
    }

    #[test]
    fn what_is_no_rule_is_refused_by_name() {
        for text in ["a:1:b", "a:port:b:1", "a:1:b:70000", "::1:80:::1:80"] {
            let error = text.parse::<ConnectTo>().unwrap_err();
            assert!(error.message().contains(text), "{error}");
        }
    }
}
