//! Operations of URL: ada, Node's parser, parses and changes; JavaScript gets the serialized URL with the offsets of its parts.
//!
//! Why not the `url` crate, which the rest of the code uses: docs/design/urls.md.

use ada_url::Url;

use crate::engine::{Arguments, Error, IntoJs, Local, Op, Scope};

pub(super) const OPS: &[Op] = &[
    Op::new("canParseUrl", 2, can_parse_url),
    Op::new("changeUrl", 3, change_url),
    Op::new("parseUrl", 2, parse_url),
];

/// `parseUrl(input, base or undefined)`: a [`UrlRecord`], or undefined for what is no URL.
fn parse_url<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let input = scope.string_of(arguments.get(0))?;
    let base = base_of(scope, &arguments)?;
    match Url::parse(&input, base.as_deref()) {
        Ok(url) => UrlRecord(url).into_js(scope),
        Err(_) => Ok(Local::undefined()),
    }
}

/// `canParseUrl(input, base or undefined)`
fn can_parse_url<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let input = scope.string_of(arguments.get(0))?;
    let base = base_of(scope, &arguments)?;
    Ok(Local::boolean(Url::can_parse(&input, base.as_deref())))
}

fn base_of(scope: &Scope<'_>, arguments: &Arguments<'_>) -> Result<Option<String>, Error> {
    let base = arguments.get(1);
    if base.is_undefined() {
        return Ok(None);
    }
    scope.string_of(base).map(Some)
}

/// `changeUrl(href, part, value)`: as `parseUrl`, or undefined when the setter ignores the value.
fn change_url<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let href = scope.string_of(arguments.get(0))?;
    let part = scope.string_of(arguments.get(1))?;
    let value = scope.string_of(arguments.get(2))?;
    let Ok(mut url) = Url::parse(&href, None) else {
        return Ok(Local::undefined());
    };
    let given = Some(value.as_str());
    let changed = match part.as_str() {
        "protocol" => url.set_protocol(&value).is_ok(),
        "username" => url.set_username(given).is_ok(),
        "password" => url.set_password(given).is_ok(),
        "host" => url.set_host(given).is_ok(),
        "hostname" => url.set_hostname(given).is_ok(),
        "port" => url.set_port(given).is_ok(),
        "pathname" => url.set_pathname(given).is_ok(),
        "search" => {
            url.set_search(given);
            true
        }
        "hash" => {
            url.set_hash(given);
            true
        }
        _ => false,
    };
    if changed {
        UrlRecord(url).into_js(scope)
    } else {
        Ok(Local::undefined())
    }
}

/// A URL on its way to JavaScript: what `url.js` calls `UrlRecord`, in its order.
struct UrlRecord(Url);

impl IntoJs for UrlRecord {
    fn into_js<'s>(self, scope: &Scope<'s>) -> Result<Local<'s>, Error> {
        // ASCII, so bytes are units.
        let href = self.0.href();
        let parts = self.0.components();
        // Where there are credentials ada counts their `@` to the host, and a path that would look like a host has `/.` before it.
        let has_at = href.as_bytes().get(parts.host_start as usize) == Some(&b'@');
        let length = href.len() as u32;
        let query_end = parts.hash_start.unwrap_or(length);
        let path_start = parts.pathname_start.unwrap_or(query_end);
        let number = |offset: u32| scope.number(offset.into());
        scope.array(&[
            scope.string_latin1(href.as_bytes())?,
            number(parts.protocol_end),
            number(parts.username_end),
            number(parts.host_start + u32::from(has_at)),
            number(parts.host_end),
            number(parts.port.map_or(parts.host_end, |_| path_start)),
            number(path_start),
            number(parts.search_start.unwrap_or(query_end)),
            number(query_end),
        ])
    }
}
