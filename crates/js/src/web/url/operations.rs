//! Operations of URL: ada, Node's parser, parses and changes; JavaScript gets the serialized URL, and the offsets of its parts
//! in an array of its own.
//!
//! Why not the `url` crate, which the rest of the code uses: docs/design/urls.md.

use ada_url::{SchemeType, Url};
use idna::{AsciiDenyList, domain_to_ascii_cow};

use crate::engine::{Arguments, Error, Local, Op, Scope, Units};

pub(super) const OPS: &[Op] = &[
    Op::new("canParseUrl", 2, can_parse_url),
    Op::new("changeUrl", 4, change_url),
    Op::new("parseUrl", 3, parse_url),
];

/// `parseUrl(input, base or undefined, offsets)`: the serialized URL, its offsets in the array; or undefined for what is no URL.
fn parse_url<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let base = base_of(scope, &arguments)?;
    let parsed = with_text(scope, arguments.get(0), |input| {
        parse(input, base.as_deref())
    })?;
    match parsed {
        Some(url) => answer(scope, &url, arguments.get(2)),
        None => Ok(Local::undefined()),
    }
}

/// The URL of a text. ada takes the names in Punycode as they are, so whether they decode to what a name may be is asked here
/// (<https://url.spec.whatwg.org/#concept-domain-to-ascii>).
pub(crate) fn parse(input: &str, base: Option<&str>) -> Option<Url> {
    let url = Url::parse(input, base).ok()?;
    // A base whose host is none is refused also where the text does not need it.
    if let Some(base) = base.filter(|base| may_have_names(base)) {
        parse(base, None)?;
    }
    has_valid_names(&url).then_some(url)
}

/// Whether a host in it may become a name in Punycode.
fn may_have_names(text: &str) -> bool {
    text.contains("--") || text.contains('%') || !text.is_ascii()
}

fn has_valid_names(url: &Url) -> bool {
    let host = url.hostname();
    !host.contains("xn--")
        || url.scheme_type() == SchemeType::NotSpecial
        || domain_to_ascii_cow(host.as_bytes(), AsciiDenyList::URL).is_ok()
}

/// The text of a string, without a copy if it is ASCII; lone surrogates are replaced.
fn with_text<R>(scope: &Scope<'_>, value: Local<'_>, f: impl Fn(&str) -> R) -> Result<R, Error> {
    let lent = scope.read_units(value, |units| match units {
        Units::Latin1(text) if text.is_ascii() => str::from_utf8(text).ok().map(&f),
        _ => None,
    })?;
    match lent {
        Some(result) => Ok(result),
        None => Ok(f(&scope.string_of(value)?)),
    }
}

/// `canParseUrl(input, base or undefined)`
fn can_parse_url<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let base = base_of(scope, &arguments)?;
    let can = with_text(scope, arguments.get(0), |input| {
        // What may become a name in Punycode is looked at, as `parse` does.
        match may_have_names(input) || base.as_deref().is_some_and(may_have_names) {
            true => parse(input, base.as_deref()).is_some(),
            false => Url::can_parse(input, base.as_deref()),
        }
    })?;
    Ok(Local::boolean(can))
}

fn base_of(scope: &Scope<'_>, arguments: &Arguments<'_>) -> Result<Option<String>, Error> {
    let base = arguments.get(1);
    if base.is_undefined() {
        return Ok(None);
    }
    scope.string_of(base).map(Some)
}

/// `changeUrl(href, part, value, offsets)`: as `parseUrl`, or undefined when the setter ignores the value.
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
    if changed && has_valid_names(&url) {
        answer(scope, &url, arguments.get(3))
    } else {
        Ok(Local::undefined())
    }
}

/// The serialized URL, with the offsets of what `url.js` calls a `UrlRecord`, in its order.
fn answer<'s>(scope: &Scope<'s>, url: &Url, offsets: Local<'_>) -> Result<Local<'s>, Error> {
    // ASCII, so bytes are units.
    let href = url.href();
    let parts = url.components();
    // Where there are credentials ada counts their `@` to the host, and a path that would look like a host has `/.` before it.
    let has_at = href.as_bytes().get(parts.host_start as usize) == Some(&b'@');
    let length = href.len() as u32;
    let query_end = parts.hash_start.unwrap_or(length);
    let path_start = parts.pathname_start.unwrap_or(query_end);
    let values = [
        parts.protocol_end,
        parts.username_end,
        parts.host_start + u32::from(has_at),
        parts.host_end,
        parts.port.map_or(parts.host_end, |_| path_start),
        path_start,
        parts.search_start.unwrap_or(query_end),
        query_end,
    ];
    scope.with_bytes_mut(offsets, |bytes| {
        for (place, value) in bytes.chunks_exact_mut(4).zip(values) {
            place.copy_from_slice(&value.to_ne_bytes());
        }
    })?;
    scope.string_latin1(href.as_bytes())
}
