//! The address that a program says it is at (`--location`): what relative URLs are relative to. Without one there is none, as in Node.

use std::cell::OnceCell;

use ada_url::Url;

use crate::Js;
use crate::engine::{Arguments, Error, Local, Op, Scope};

pub(super) const OPS: &[Op] = &[Op::new("baseUrl", 0, base_url)];

/// The same for a process that another started, and for programs that are run by Python.
const VARIABLE: &str = "TWINLOOP_LOCATION";

/// The address of a context's program.
#[derive(Default)]
pub(crate) struct Base(OnceCell<Option<String>>);

impl Base {
    /// The serialized URL.
    pub(crate) fn href(&self) -> Option<&str> {
        let read = || std::env::var(VARIABLE).ok().and_then(|text| parse(&text));
        self.0.get_or_init(read).as_deref()
    }
}

fn parse(text: &str) -> Option<String> {
    let url = Url::parse(text, None).ok()?;
    Some(url.href().to_owned())
}

impl Js {
    /// Says at which address the program is: `location`, and the base of relative URLs in `fetch` and its like.
    ///
    /// # Errors
    /// When the text is no absolute URL.
    pub fn set_location(&self, location: &str) -> Result<(), String> {
        let href = parse(location).ok_or_else(|| format!("--location: {location:?} is no URL"))?;
        self.context().enter(|scope| {
            let _ = scope.state::<Base>().0.set(Some(href));
        });
        Ok(())
    }
}

/// `baseUrl()`: the address, or undefined.
fn base_url<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    match scope.state::<Base>().href() {
        Some(href) => scope.string(href),
        None => Ok(Local::undefined()),
    }
}
