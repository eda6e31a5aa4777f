//! Import maps (<https://html.spec.whatwg.org/#import-maps>), read from the file that `--import-map` names.
//!
//! Beyond the specification an address may be a bare name, which is found as any other from the folder of the map. Pure functions over text.

use std::path::Path;

use serde_json::Value;
use url::Url;

use super::resolve::{file_url, is_path};

/// Names and what they mean; null for those that are forbidden. The longest come first.
type Names = Vec<(String, Option<String>)>;

/// An import map.
#[derive(Debug)]
pub(crate) struct ImportMap {
    base: Url,
    imports: Names,
    /// By the URL, or the beginning of one, of the importing module.
    scopes: Vec<(String, Names)>,
}

impl ImportMap {
    /// Reads the map in this file.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub(crate) fn read(path: &Path) -> Result<ImportMap, String> {
        let shown = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("cannot read the import map {shown}: {error}"))?;
        ImportMap::parse(&text, &file_url(path))
            .map_err(|error| format!("cannot use the import map {shown}: {error}"))
    }

    fn parse(text: &str, base: &Url) -> Result<ImportMap, String> {
        let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let value = value.as_object().ok_or("it is no object")?;
        let imports = match value.get("imports") {
            Some(imports) => names(imports, base)?,
            None => Names::new(),
        };
        let mut scopes = Vec::new();
        if let Some(listed) = value.get("scopes") {
            let listed = listed.as_object().ok_or("\"scopes\" is no object")?;
            for (prefix, imports) in listed {
                let prefix = base.join(prefix).map_err(|error| error.to_string())?;
                scopes.push((prefix.to_string(), names(imports, base)?));
            }
        }
        scopes.sort_by(|left, right| right.0.cmp(&left.0));
        Ok(ImportMap {
            base: base.clone(),
            imports,
            scopes,
        })
    }

    /// What the addresses in the map are relative to.
    pub(crate) fn base(&self) -> &Url {
        &self.base
    }

    /// What the map says of a specifier in the module at `importer`: nothing, that it is forbidden, or what it means.
    pub(crate) fn resolve(&self, specifier: &str, importer: &Url) -> Option<Option<String>> {
        let normal = normal(specifier, importer);
        let importer = importer.as_str();
        let in_scope = self.scopes.iter().filter(|(prefix, _)| {
            prefix == importer || (prefix.ends_with('/') && importer.starts_with(prefix))
        });
        in_scope
            .map(|(_, names)| names)
            .chain([&self.imports])
            .find_map(|names| found(names, &normal))
    }
}

/// A path as the URL that it is.
fn normal(specifier: &str, base: &Url) -> String {
    if is_path(specifier)
        && let Ok(url) = base.join(specifier)
    {
        return url.to_string();
    }
    specifier.to_owned()
}

fn names(value: &Value, base: &Url) -> Result<Names, String> {
    let value = value.as_object().ok_or("\"imports\" is no object")?;
    let mut names: Names = value
        .iter()
        .map(|(name, address)| {
            let address = address.as_str().map(|address| normal(address, base));
            // An address for all names that begin so has to end as they do.
            let address = address.filter(|address| !name.ends_with('/') || address.ends_with('/'));
            (normal(name, base), address)
        })
        .collect();
    names.sort_by(|left, right| right.0.cmp(&left.0));
    Ok(names)
}

fn found(names: &Names, specifier: &str) -> Option<Option<String>> {
    names.iter().find_map(|(name, address)| {
        if name == specifier {
            return Some(address.clone());
        }
        let rest = specifier.strip_prefix(name.as_str())?;
        let address = name.ends_with('/').then_some(address)?;
        Some(address.as_ref().map(|address| format!("{address}{rest}")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_mapped_by_the_longest_that_fits_and_by_the_importers_folder() {
        let base = Url::parse("file:///app/map.json").unwrap();
        let text = r#"{
            "imports": { "a": "./a.js", "lib/": "./lib/", "lib/x": "./x.js", "no": null, "./old.js": "./new.js", "bad/": "./bad" },
            "scopes": { "./inner/": { "a": "node:fs" } }
        }"#;
        let map = ImportMap::parse(text, &base).unwrap();
        let from = |specifier: &str, importer: &str| {
            map.resolve(specifier, &Url::parse(importer).unwrap())
        };
        let main = "file:///app/main.js";
        let is = |text: &str| Some(Some(text.to_owned()));
        assert_eq!(from("a", main), is("file:///app/a.js"));
        assert_eq!(from("a", "file:///app/inner/b.js"), is("node:fs"));
        assert_eq!(from("lib/x", main), is("file:///app/x.js"));
        assert_eq!(from("lib/y.js", main), is("file:///app/lib/y.js"));
        assert_eq!(from("./old.js", main), is("file:///app/new.js"));
        assert_eq!(from("no", main), Some(None));
        assert_eq!(from("bad/x", main), Some(None));
        assert_eq!(from("other", main), None);
        assert!(ImportMap::parse("[]", &base).is_err());
    }
}
