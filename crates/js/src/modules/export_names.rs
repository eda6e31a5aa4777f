//! Which names a CommonJS file exports, told from its text: an ES module that imports it is linked before it runs.
//!
//! The same forms as Node's lexer knows (<https://nodejs.org/api/esm.html#commonjs-namespaces>), wherever they stand in the file:
//! `exports.x =`, `module.exports.x =`, `exports['x'] =`, `Object.defineProperty(exports, 'x', ...)`, `module.exports = { x, 'y': ... }`, and
//! whole modules passed on by `module.exports = require('x')`, `...require('x')`, `__exportStar(require('x'))` or Babel's loop
//! over `Object.keys(_x)`. What a file computes is not found, and stays reachable as a property of the default export. Pure functions.

use std::collections::HashMap;

use oxc_ast::ast::{
    Argument, AssignmentExpression, AssignmentTarget, CallExpression, Expression, ObjectExpression,
    ObjectPropertyKind, PropertyKey, Statement, VariableDeclarator,
};
use oxc_ast_visit::{Visit, walk};

use super::source::with_script;

/// What the text of a CommonJS file says of its exports.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ExportNames {
    /// Names in the order in which they were met, once each.
    pub(crate) names: Vec<String>,
    /// Specifiers of modules whose exports are exports of this one.
    pub(crate) passed_on: Vec<String>,
}

/// The exports of a CommonJS file.
pub(crate) fn export_names(text: &str) -> ExportNames {
    if !text.contains("exports") {
        return ExportNames::default();
    }
    with_script(text, |parsed| {
        let mut finder = Finder::default();
        finder.visit_program(&parsed.program);
        finder.found
    })
    .unwrap_or_else(|| scanned(text))
}

/// The same for a text too long for the parser, from what stands beside each `exports`: a look at characters, which takes comments and
/// strings for code. A name too many is undefined, one too few would fail the import.
fn scanned(text: &str) -> ExportNames {
    let mut finder = Finder::default();
    for (at, word) in text.match_indices("exports") {
        let (before, after) = (&text[..at], text[at + word.len()..].trim_start());
        let (object, is_module) = match before.strip_suffix("module.") {
            Some(object) => (object, true),
            None => (before, false),
        };
        if object.ends_with(|last: char| last.is_alphanumeric() || "_$.".contains(last)) {
            continue;
        }
        if object.trim_end().ends_with("Object.defineProperty(") {
            if let Some(name) = after.strip_prefix(',').and_then(quoted) {
                finder.add(name);
            }
        } else if let Some(name) = after.strip_prefix('.') {
            let is_part = |part: char| part.is_alphanumeric() || part == '_' || part == '$';
            let end = name.find(|part| !is_part(part)).unwrap_or(name.len());
            if end > 0 && assigned(&name[end..]).is_some() {
                finder.add(&name[..end]);
            }
        } else if let Some(name) = after.strip_prefix('[').and_then(quoted) {
            finder.add(name);
        } else if let Some(value) = assigned(after)
            && is_module
        {
            finder.scan_replaced(value);
        }
    }
    finder.found
}

/// What stands behind `=`, if that is next.
fn assigned(text: &str) -> Option<&str> {
    let value = text.trim_start().strip_prefix('=')?;
    (!value.starts_with(['=', '>'])).then(|| value.trim_start())
}

/// The string literal that is next.
fn quoted(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let quote = text.chars().next().filter(|quote| "'\"".contains(*quote))?;
    text[1..].split_once(quote).map(|(content, _)| content)
}

#[derive(Default)]
struct Finder {
    found: ExportNames,
    /// Variables that hold a required module: its specifier by the variable's name.
    required: HashMap<String, String>,
}

impl Finder {
    fn add(&mut self, name: &str) {
        if name != "default" && !self.found.names.iter().any(|known| known == name) {
            self.found.names.push(name.to_owned());
        }
    }

    fn pass_on(&mut self, specifier: &str) {
        if !self.found.passed_on.iter().any(|known| known == specifier) {
            self.found.passed_on.push(specifier.to_owned());
        }
    }

    /// `module.exports = value`; the last one counts for what it passes on, as it replaces the object.
    fn replaced_by(&mut self, value: &Expression<'_>) {
        match value {
            Expression::ObjectExpression(object) => self.object(object),
            Expression::CallExpression(call) => {
                if let Some(specifier) = required(call) {
                    self.found.passed_on.clear();
                    self.pass_on(specifier);
                }
            }
            // `module.exports = exports = ...` and `module.exports = exports.default = ...`
            Expression::AssignmentExpression(inner) => self.replaced_by(&inner.right),
            _ => {}
        }
    }

    /// The same from the text of the value, whose object literal is parsed by itself.
    fn scan_replaced(&mut self, value: &str) {
        const LONGEST: usize = 256 << 10;
        if let Some(specifier) = value.strip_prefix("require(").and_then(quoted) {
            self.found.passed_on.clear();
            self.pass_on(specifier);
        }
        if !value.starts_with('{') {
            return;
        }
        let mut depth = 0usize;
        let end = value.bytes().take(LONGEST).position(|byte| {
            match byte {
                b'{' => depth += 1,
                b'}' => depth -= 1,
                _ => {}
            }
            depth == 0
        });
        let Some(end) = end else {
            return;
        };
        let statement = format!("module.exports = {}", &value[..=end]);
        let found = with_script(&statement, |parsed| {
            let mut finder = Finder::default();
            finder.visit_program(&parsed.program);
            finder.found
        });
        for name in found.unwrap_or_default().names {
            self.add(&name);
        }
    }

    fn object(&mut self, object: &ObjectExpression<'_>) {
        for property in &object.properties {
            match property {
                ObjectPropertyKind::ObjectProperty(property) if !property.computed => {
                    if let Some(name) = key_name(&property.key) {
                        self.add(name);
                    }
                }
                ObjectPropertyKind::SpreadProperty(spread) => {
                    if let Expression::CallExpression(call) = &spread.argument
                        && let Some(specifier) = required(call)
                    {
                        self.pass_on(specifier);
                    }
                }
                ObjectPropertyKind::ObjectProperty(_) => {}
            }
        }
    }

    /// The specifier behind `require('x')` or a variable that holds it.
    fn specifier<'t>(&'t self, argument: &'t Argument<'_>) -> Option<&'t str> {
        match argument {
            Argument::CallExpression(call) => required(call).or_else(|| {
                call.arguments
                    .first()
                    .and_then(|inner| self.specifier(inner))
            }),
            Argument::Identifier(name) => self.required.get(name.name.as_str()).map(String::as_str),
            _ => None,
        }
    }
}

impl<'a> Visit<'a> for Finder {
    fn visit_assignment_expression(&mut self, assignment: &AssignmentExpression<'a>) {
        match &assignment.left {
            AssignmentTarget::StaticMemberExpression(member) => {
                if is_exports(&member.object) {
                    self.add(&member.property.name);
                } else if is_name(&member.object, "module") && member.property.name == "exports" {
                    self.replaced_by(&assignment.right);
                }
            }
            AssignmentTarget::ComputedMemberExpression(member) if is_exports(&member.object) => {
                if let Expression::StringLiteral(name) = &member.expression {
                    self.add(&name.value);
                }
            }
            _ => {}
        }
        walk::walk_assignment_expression(self, assignment);
    }

    fn visit_variable_declarator(&mut self, declarator: &VariableDeclarator<'a>) {
        if let Some(Expression::CallExpression(call)) = &declarator.init
            && let Some(name) = declarator.id.get_identifier_name()
        {
            let inner = || match call.arguments.first() {
                // `_interopRequireWildcard(require('x'))`
                Some(Argument::CallExpression(inner)) => required(inner),
                _ => None,
            };
            if let Some(specifier) = required(call).or_else(inner) {
                self.required.insert(name.to_string(), specifier.to_owned());
            }
        }
        walk::walk_variable_declarator(self, declarator);
    }

    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        match &call.callee {
            Expression::StaticMemberExpression(member) => {
                let method = member.property.name.as_str();
                if method == "defineProperty" && is_name(&member.object, "Object") {
                    if let [
                        target,
                        Argument::StringLiteral(name),
                        Argument::ObjectExpression(descriptor),
                        ..,
                    ] = call.arguments.as_slice()
                        && target.as_expression().is_some_and(is_exports)
                        && is_safe(descriptor)
                    {
                        self.add(&name.value);
                    }
                } else if method == "__exportStar" || method == "__export" {
                    if let Some(specifier) = star(self, call) {
                        self.pass_on(&specifier);
                    }
                } else if method == "forEach"
                    && let Some(specifier) = babel_loop(self, &member.object, call)
                {
                    self.pass_on(&specifier);
                }
            }
            Expression::Identifier(name)
                if name.name == "__exportStar" || name.name == "__export" =>
            {
                if let Some(specifier) = star(self, call) {
                    self.pass_on(&specifier);
                }
            }
            _ => {}
        }
        walk::walk_call_expression(self, call);
    }
}

/// Whether a property with this descriptor is an export: one with a value, or with a getter that only looks up a name. Node asks no
/// other getter for its value: some of them warn (ioredis).
fn is_safe(descriptor: &ObjectExpression<'_>) -> bool {
    let mut properties = descriptor.properties.iter().filter_map(|each| match each {
        ObjectPropertyKind::ObjectProperty(property) => Some(property),
        ObjectPropertyKind::SpreadProperty(_) => None,
    });
    let named = |key: &PropertyKey<'_>, name: &str| key.is_specific_static_name(name);
    let Some(property) = properties.find(|each| !named(&each.key, "enumerable")) else {
        return false;
    };
    if named(&property.key, "value") {
        return true;
    }
    let Expression::FunctionExpression(getter) = &property.value else {
        return false;
    };
    let body = getter.body.as_ref().map(|body| body.statements.as_slice());
    let Some([Statement::ReturnStatement(returned)]) = body else {
        return false;
    };
    let is_name = |expression: &Expression<'_>| matches!(expression, Expression::Identifier(_));
    named(&property.key, "get")
        && match &returned.argument {
            Some(Expression::Identifier(_)) => true,
            Some(Expression::StaticMemberExpression(member)) => is_name(&member.object),
            Some(Expression::ComputedMemberExpression(member)) => {
                is_name(&member.object) && matches!(member.expression, Expression::StringLiteral(_))
            }
            _ => false,
        }
}

/// `__exportStar(require('x'), exports)`.
fn star(finder: &Finder, call: &CallExpression<'_>) -> Option<String> {
    finder.specifier(call.arguments.first()?).map(str::to_owned)
}

/// `Object.keys(_x).forEach(function (key) { ... exports[key] = _x[key] ... })`.
fn babel_loop(
    finder: &Finder,
    receiver: &Expression<'_>,
    call: &CallExpression<'_>,
) -> Option<String> {
    let Expression::CallExpression(keys) = receiver else {
        return None;
    };
    let Expression::StaticMemberExpression(member) = &keys.callee else {
        return None;
    };
    if !is_name(&member.object, "Object") || member.property.name != "keys" {
        return None;
    }
    let specifier = finder.specifier(keys.arguments.first()?)?.to_owned();
    let mut writes = WritesExports(false);
    for argument in &call.arguments {
        writes.visit_argument(argument);
    }
    writes.0.then_some(specifier)
}

/// Whether code writes computed properties of `exports`.
struct WritesExports(bool);

impl<'a> Visit<'a> for WritesExports {
    fn visit_assignment_expression(&mut self, assignment: &AssignmentExpression<'a>) {
        if let AssignmentTarget::ComputedMemberExpression(member) = &assignment.left {
            self.0 |= is_exports(&member.object);
        }
        walk::walk_assignment_expression(self, assignment);
    }

    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        if let Expression::StaticMemberExpression(member) = &call.callee {
            let target = call.arguments.first().and_then(Argument::as_expression);
            self.0 |= member.property.name == "defineProperty" && target.is_some_and(is_exports);
        }
        walk::walk_call_expression(self, call);
    }
}

/// The specifier of `require('x')`.
fn required<'t>(call: &'t CallExpression<'_>) -> Option<&'t str> {
    match (&call.callee, call.arguments.as_slice()) {
        (Expression::Identifier(name), [Argument::StringLiteral(specifier)]) => {
            (name.name == "require").then_some(specifier.value.as_str())
        }
        _ => None,
    }
}

/// `exports` or `module.exports`.
fn is_exports(expression: &Expression<'_>) -> bool {
    match expression {
        Expression::StaticMemberExpression(member) => {
            is_name(&member.object, "module") && member.property.name == "exports"
        }
        _ => is_name(expression, "exports"),
    }
}

fn is_name(expression: &Expression<'_>, name: &str) -> bool {
    matches!(expression, Expression::Identifier(identifier) if identifier.name == name)
}

fn key_name<'t>(key: &'t PropertyKey<'_>) -> Option<&'t str> {
    match key {
        PropertyKey::StaticIdentifier(name) => Some(name.name.as_str()),
        PropertyKey::StringLiteral(text) => Some(text.value.as_str()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::export_names;

    fn names(text: &str) -> Vec<String> {
        export_names(text).names
    }

    #[test]
    fn assignments_are_found_wherever_they_stand() {
        assert_eq!(
            names(
                "exports.a = 1; if (x) { module.exports.b = 2 } (function () { exports['c'] = 3 })()"
            ),
            ["a", "b", "c"]
        );
        assert_eq!(names("exports.a = exports.b = void 0;"), ["a", "b"]);
    }

    #[test]
    fn an_object_literal_gives_its_keys() {
        assert_eq!(
            names("module.exports = { a, b: 1, 'c': 2, [d]: 3, e() {}, ...f }"),
            ["a", "b", "c", "e"]
        );
        assert_eq!(names("0 && (module.exports = { a, b });"), ["a", "b"]);
    }

    #[test]
    fn defined_properties_are_found() {
        assert_eq!(
            names(
                "Object.defineProperty(exports, '__esModule', { value: true }); \
                 Object.defineProperty(exports, 'a', { enumerable: true, get: function () { return x.a; } });"
            ),
            ["__esModule", "a"]
        );
        assert_eq!(
            names(
                "Object.defineProperty(exports, 'a', { get() { return x['a'] } }); \
                 Object.defineProperty(exports, 'b', { get() { console.warn('old'); return x.b; } }); \
                 Object.defineProperty(exports, 'c', { enumerable: true, get: function () { return make(); } }); \
                 Object.defineProperty(exports, 'd', { enumerable: true, value: x });"
            ),
            ["a", "d"]
        );
    }

    #[test]
    fn a_text_too_long_for_the_parser_has_its_names_too() {
        // typescript.js has nine megabytes, and gives its names in an object that is never made.
        let filling = "function filling() { return [1, 2, 3]; }\n".repeat(250_000);
        let text = format!(
            "{filling}exports.a = 1; if (exports.b == 2) {{}} module.exports.c=3; other.exports.d = 4;\n\
             Object.defineProperty(exports, 'e', {{}}); exports[\"f\"] = 5; exports.g => 6;\n\
             0 && (module.exports = {{ h, i: {{ j: 1 }}, 'k': 2 }}); module.exports = require('./all');"
        );
        let found = export_names(&text);
        assert_eq!(found.names, ["a", "c", "e", "f", "h", "i", "k"]);
        assert_eq!(found.passed_on, ["./all"]);
    }

    #[test]
    fn modules_that_are_passed_on_are_named() {
        let passed_on = |text: &str| export_names(text).passed_on;
        assert_eq!(passed_on("module.exports = require('./a')"), ["./a"]);
        assert_eq!(
            passed_on("module.exports = { b: 1, ...require('./a') }"),
            ["./a"]
        );
        assert_eq!(
            passed_on(
                "__exportStar(require('./a'), exports); tslib_1.__exportStar(require('./b'), exports)"
            ),
            ["./a", "./b"]
        );
        assert_eq!(
            passed_on(
                "var _a = require('./a'); Object.keys(_a).forEach(function (key) { \
                 if (key === 'default') return; exports[key] = _a[key]; });"
            ),
            ["./a"]
        );
        assert_eq!(
            passed_on(
                "if (process.env.X) { module.exports = require('./a') } else { module.exports = require('./b') }"
            ),
            ["./b"]
        );
    }
}
