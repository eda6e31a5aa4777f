//! Modules without a source of their own (built-ins, `python:` names, bytes, WebAssembly): generated ones, which read what they export from
//! `import.meta`.

use std::fmt::Write;

use super::Flavour;
use crate::engine::{Error, Local, Scope};
use crate::{builtins, rooms};

/// The module of a built-in: its exports as the default, and each of their keys.
pub(super) fn builtin_module<'s>(
    scope: &Scope<'s>,
    file: &'static str,
) -> Result<Local<'s>, Error> {
    let exports = builtins::exports(scope, file)?;
    // The name stands in the engine's error for a name that the module does not export.
    let name = rooms::index().module_name(file);
    synthetic_module(scope, name, &named_exports(scope, exports)?)
}

/// The default export, and the keys of the object that it is.
pub(super) fn named_exports<'s>(
    scope: &Scope<'s>,
    object: Local<'s>,
) -> Result<Vec<(String, Local<'s>)>, Error> {
    let mut exports = vec![("default".to_owned(), object)];
    if object.is_object() {
        for key in scope.keys(object)? {
            let name = scope.string_of(key)?;
            if name != "default" && name != "__esModule" {
                exports.push((name, scope.get(object, key)?));
            }
        }
    }
    Ok(exports)
}

/// A module that exports these values. The engine itself makes only default exports from values, so the module is a
/// generated source whose `import.meta` has them.
pub(super) fn synthetic_module<'s>(
    scope: &Scope<'s>,
    url: &str,
    exports: &[(String, Local<'s>)],
) -> Result<Local<'s>, Error> {
    let mut code = String::from("const v=import.meta.values;");
    let mut names = String::from("export{");
    for (index, (name, _)) in exports.iter().enumerate() {
        let _ = write!(code, "const v{index}=v[{index}];");
        let _ = write!(names, "v{index} as {},", quote(name));
    }
    code.push_str(&names);
    code.push_str("};");
    let values: Vec<_> = exports.iter().map(|(_, value)| *value).collect();
    generated(scope, &code, url, url, "values", scope.array(&values)?)
}

/// A module of this code, which stacks call `shown`, whose `import.meta` has a value by this name, and whose imports are relative to the URL.
pub(super) fn generated<'s>(
    scope: &Scope<'s>,
    code: &str,
    url: &str,
    shown: &str,
    name: &str,
    value: Local<'s>,
) -> Result<Local<'s>, Error> {
    let private = scope.object()?;
    scope.set(private, name, value)?;
    scope.set(private, "url", scope.string(url)?)?;
    scope.compile_module(code, shown, private)
}

/// A JavaScript string literal.
pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(character);
            }
            '\n' | '\r' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                let _ = write!(quoted, "\\u{:04x}", character as u32);
            }
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

/// The module of bytes: themselves, or what they are as WebAssembly.
pub(super) fn binary_module<'s>(
    scope: &Scope<'s>,
    bytes: Vec<u8>,
    url: &str,
    flavour: Flavour,
) -> Result<Local<'s>, Error> {
    match flavour {
        Flavour::Bytes => scope.default_module(scope.uint8_array(bytes)?),
        Flavour::Text => scope.default_module(scope.string(&String::from_utf8_lossy(&bytes))?),
        Flavour::Source => scope.wasm_source_module(&bytes, url),
        _ => wasm_module(scope, bytes, url),
    }
}

/// A module of WebAssembly (<https://webassembly.github.io/esm-integration/>), which the engine has as a source only: a generated module imports
/// what it needs, makes an instance and exports what that has.
pub(super) fn wasm_module<'s>(
    scope: &Scope<'s>,
    bytes: Vec<u8>,
    url: &str,
) -> Result<Local<'s>, Error> {
    let exports = builtins::exports(scope, "node/module/wasm")?;
    let prepared = scope.call_method(exports, "prepare", &[scope.uint8_array(bytes)?])?;
    let names = |key: &str| scope.strings_of(scope.get(prepared, key)?);
    let mut code = String::new();
    let mut given = String::new();
    for (index, name) in names("imports")?.iter().enumerate() {
        let _ = write!(code, "import*as m{index} from {};", quote(name));
        let _ = write!(given, "m{index},");
    }
    let _ = write!(code, "const v=import.meta.run([{given}]);");
    let mut list = String::new();
    for (index, name) in names("exports")?.iter().enumerate() {
        let _ = write!(code, "const v{index}=v[{index}];");
        let _ = write!(list, "v{index} as {},", quote(name));
    }
    let _ = write!(code, "export{{{list}}};");
    generated(scope, &code, url, url, "run", scope.get(prepared, "run")?)
}

pub(super) fn no_source_phase(shown: &str) -> Error {
    Error::syntax_error(format!(
        "Source phase import object is not defined for module '{shown}'"
    ))
    .with("code", "ERR_SOURCE_PHASE_NOT_DEFINED")
}
