//! Operations of URL: the `url` crate parses and changes; JavaScript gets the serialized URL with the offsets of its parts.

use url::{Position, Url, quirks};

use crate::engine::{Arguments, Error, Local, Op, Scope};

pub(crate) const OPS: &[Op] = &[
    Op::new("parseUrl", 2, parse_url),
    Op::new("changeUrl", 3, change_url),
];

/// In the order that `url.js` expects.
const POSITIONS: [Position; 12] = [
    Position::AfterScheme,
    Position::BeforeUsername,
    Position::AfterUsername,
    Position::BeforePassword,
    Position::AfterPassword,
    Position::BeforeHost,
    Position::AfterHost,
    Position::BeforePort,
    Position::AfterPort,
    Position::BeforePath,
    Position::AfterPath,
    Position::AfterQuery,
];

/// `parseUrl(input, base or undefined)`: `[href, ...offsets]`, or undefined for what is no URL.
fn parse_url<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let input = scope.string_of(arguments.get(0))?;
    let base = arguments.get(1);
    let parsed = if base.is_undefined() {
        Url::parse(&input)
    } else {
        Url::parse(&scope.string_of(base)?).and_then(|base| base.join(&input))
    };
    match parsed {
        Ok(url) => parts(scope, &url),
        Err(_) => Ok(Local::undefined()),
    }
}

/// `changeUrl(href, part, value)`: as `parseUrl`, or undefined when the setter ignores the value.
fn change_url<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let href = scope.string_of(arguments.get(0))?;
    let part = scope.string_of(arguments.get(1))?;
    let value = scope.string_of(arguments.get(2))?;
    let Ok(mut url) = Url::parse(&href) else {
        return Ok(Local::undefined());
    };
    let changed = match part.as_str() {
        "protocol" => quirks::set_protocol(&mut url, &value),
        "username" => quirks::set_username(&mut url, &value),
        "password" => quirks::set_password(&mut url, &value),
        "host" => quirks::set_host(&mut url, &value),
        "hostname" => quirks::set_hostname(&mut url, &value),
        "port" => quirks::set_port(&mut url, &value),
        "pathname" => {
            quirks::set_pathname(&mut url, &value);
            Ok(())
        }
        "search" => {
            quirks::set_search(&mut url, &value);
            Ok(())
        }
        "hash" => {
            quirks::set_hash(&mut url, &value);
            Ok(())
        }
        _ => Err(()),
    };
    if changed.is_ok() {
        parts(scope, &url)
    } else {
        Ok(Local::undefined())
    }
}

/// The serialization is ASCII, so bytes are units.
fn parts<'s>(scope: &Scope<'s>, url: &Url) -> Result<Local<'s>, Error> {
    let mut values = Vec::with_capacity(POSITIONS.len() + 1);
    values.push(scope.string(url.as_str())?);
    values.extend(POSITIONS.map(|position| scope.number(offset(url, position) as f64)));
    scope.array(&values)
}

fn offset(url: &Url, position: Position) -> usize {
    let is_password = matches!(position, Position::BeforePassword | Position::AfterPassword);
    // A URL with a user name alone has an `@` where the crate looks for the end of the password.
    let position = if is_password && url.password().is_none() {
        Position::AfterUsername
    } else {
        position
    };
    url[..position].len()
}
