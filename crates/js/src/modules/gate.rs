//! What a closed context may import: modules whose text it was given, and names that are found as ever. What a file imports is found as ever
//! too: the permissions say which files those are.

use std::collections::{HashMap, HashSet};

use url::Url;

use super::{Flavour, Loader};
use crate::engine::{Error, Local, Scope};

/// The modules of a closed context.
pub(crate) struct Gate {
    /// Texts by the name of their module.
    pub(crate) sources: HashMap<String, String>,
    pub(crate) names: HashSet<String>,
}

impl Loader {
    /// Closes the context.
    pub(crate) fn close(&self, gate: Gate) {
        *self.gate.borrow_mut() = Some(gate);
    }

    /// The module of a closed context that this specifier means; nothing if it is found as ever.
    ///
    /// # Errors
    /// `ERR_MODULE_NOT_FOUND` for one that is outside.
    pub(super) fn within_gate<'s>(
        &self,
        scope: &Scope<'s>,
        specifier: &str,
        referrer: Local<'_>,
    ) -> Result<Option<Local<'s>>, Error> {
        let gate = self.gate.borrow();
        let Some(gate) = gate.as_ref() else {
            return Ok(None);
        };
        if let Some(text) = gate.sources.get(specifier) {
            return self.source_module(scope, specifier, text).map(Some);
        }
        if gate.names.contains(specifier) || is_file(scope, referrer)? {
            return Ok(None);
        }
        Err(Error::coded(
            "ERR_MODULE_NOT_FOUND",
            format!("Cannot import '{specifier}': the context was made without this module"),
        ))
    }

    /// Whether `import.meta.resolve` tells this module where others are.
    pub(super) fn tells_places(&self, url: &str) -> bool {
        self.gate.borrow().is_none() || url.starts_with("file:")
    }

    fn source_module<'s>(
        &self,
        scope: &Scope<'s>,
        name: &str,
        text: &str,
    ) -> Result<Local<'s>, Error> {
        let url = format!("context:{name}");
        let key = (url.clone(), Flavour::Code);
        if let Some(module) = self.modules.borrow().get(&key) {
            return Ok(scope.local(module));
        }
        let module = scope.compile_module(text, &url, scope.string(&url)?)?;
        self.modules.borrow_mut().insert(key, scope.persist(module));
        Ok(module)
    }
}

/// Whether a file imports: only the loader makes modules that are called by the URL of one.
fn is_file(scope: &Scope<'_>, referrer: Local<'_>) -> Result<bool, Error> {
    if !referrer.is_string() {
        return Ok(false);
    }
    let url = Url::parse(&scope.string_of(referrer)?);
    Ok(url.is_ok_and(|url| url.scheme() == "file"))
}
