//! What a prompt makes of code that awaits at its top level, or imports statically: an async function, whose declarations are the
//! prompt's own. Everything else a script does by itself.

use std::fmt::Write;

use oxc_allocator::Allocator;
use oxc_ast::ast::{
    BindingIdentifier, ChainElement, ComputedMemberExpression, Expression,
    ImportDeclarationSpecifier, ModuleExportName, Statement, StaticMemberExpression,
    VariableDeclaration,
};
use oxc_ast_visit::Visit;
use oxc_parser::Parser;
use oxc_span::{GetSpan, SourceType, Span};
use serde_json::{Value, json};

use super::deep_stack::with_deep_stack;
use super::generated::quote;
use super::waiting::has_top_level_await;

/// The code as a script whose value is a promise for `{ value }`; `None` if it needs nothing of that.
pub(super) fn awaiting(text: &str) -> Option<String> {
    if !text.contains("await") && !text.contains("import") {
        return None;
    }
    with_deep_stack(text.len(), || {
        let allocator = Allocator::default();
        let parsed = Parser::new(&allocator, text, SourceType::mjs()).parse();
        if parsed.panicked || !parsed.diagnostics.is_empty() {
            return None;
        }
        let body = &parsed.program.body;
        let imports = body
            .iter()
            .any(|statement| matches!(statement, Statement::ImportDeclaration(_)));
        if !imports && !has_top_level_await(&parsed.program) {
            return None;
        }
        let mut script = Script {
            text,
            names: Vec::new(),
            functions: String::new(),
            code: String::new(),
        };
        for (index, statement) in body.iter().enumerate() {
            script.add(statement, index + 1 == body.len());
        }
        Some(script.finish())
    })
    .flatten()
}

struct Script<'t> {
    text: &'t str,
    names: Vec<String>,
    functions: String,
    code: String,
}

impl Script<'_> {
    fn source(&self, span: Span) -> &str {
        &self.text[span.start as usize..span.end as usize]
    }

    fn add(&mut self, statement: &Statement<'_>, is_last: bool) {
        match statement {
            Statement::VariableDeclaration(declaration) => self.variables(declaration),
            Statement::FunctionDeclaration(function) => {
                if let Some(id) = &function.id {
                    self.names.push(id.name.to_string());
                    let source = self.source(function.span).to_owned();
                    let _ = write!(self.functions, "{} = {source};", id.name);
                }
            }
            Statement::ClassDeclaration(class) => {
                if let Some(id) = &class.id {
                    self.names.push(id.name.to_string());
                    let source = self.source(class.span).to_owned();
                    let _ = writeln!(self.code, "{} = {source};", id.name);
                }
            }
            Statement::ImportDeclaration(import) => {
                let attributes = import
                    .with_clause
                    .as_ref()
                    .map_or_else(String::new, |with| {
                        let entries = with.with_entries.iter().map(|entry| {
                            let (key, value) = (entry.key.as_arena_str(), &entry.value.value);
                            format!("{}: {}", quote(key.as_str()), quote(value.as_str()))
                        });
                        format!(
                            ", {{ with: {{ {} }} }}",
                            entries.collect::<Vec<_>>().join(", ")
                        )
                    });
                let from = format!(
                    "await import({}{attributes})",
                    quote(import.source.value.as_str())
                );
                let Some(specifiers) = &import.specifiers else {
                    let _ = writeln!(self.code, "{from};");
                    return;
                };
                for specifier in specifiers {
                    let local = specifier.local().name.to_string();
                    let value = match specifier {
                        ImportDeclarationSpecifier::ImportSpecifier(named) => {
                            let name = match &named.imported {
                                ModuleExportName::IdentifierName(name) => name.name.as_str(),
                                ModuleExportName::IdentifierReference(name) => name.name.as_str(),
                                ModuleExportName::StringLiteral(name) => name.value.as_str(),
                            };
                            format!("({from})[{}]", quote(name))
                        }
                        ImportDeclarationSpecifier::ImportDefaultSpecifier(_) => {
                            format!("({from}).default")
                        }
                        ImportDeclarationSpecifier::ImportNamespaceSpecifier(_) => from.clone(),
                    };
                    let _ = writeln!(self.code, "{local} = {value};");
                    self.names.push(local);
                }
            }
            Statement::ExpressionStatement(expression) if is_last => {
                let source = self.source(expression.expression.span()).to_owned();
                let _ = writeln!(self.code, "return {{ value: ({source}\n) }};");
            }
            other => {
                let source = self.source(other.span()).to_owned();
                let _ = writeln!(self.code, "{source}");
            }
        }
    }

    fn variables(&mut self, declaration: &VariableDeclaration<'_>) {
        let mut names = Names(Vec::new());
        names.visit_variable_declaration(declaration);
        self.names.extend(names.0);
        for declarator in &declaration.declarations {
            let id = self.source(declarator.id.span()).to_owned();
            let value = declarator.init.as_ref().map_or_else(
                || "undefined".to_owned(),
                |value| self.source(Expression::span(value)).to_owned(),
            );
            let _ = writeln!(self.code, "void ({id} = {value}\n);");
        }
    }

    fn finish(self) -> String {
        let mut script = String::new();
        if !self.names.is_empty() {
            let _ = write!(script, "var {};", self.names.join(", "));
        }
        let _ = write!(
            script,
            "(async () => {{{}{}\n}})()",
            self.functions, self.code
        );
        script
    }
}

/// The names that a declaration binds, not those inside of its functions.
struct Names(Vec<String>);

impl<'a> Visit<'a> for Names {
    fn visit_binding_identifier(&mut self, identifier: &BindingIdentifier<'a>) {
        self.0.push(identifier.name.to_string());
    }

    fn visit_expression(&mut self, _: &Expression<'a>) {}
}

/// An expression that can be valued without effects, as a tree for the completion of its properties: arrays whose first item names the node.
/// `["name", n]`, `["value", v]`, `["list"]`, `["member", object, key]`, `["choice", test, yes, no]`, `["binary", operator, left, right]`.
pub(super) fn expression(text: &str) -> Option<Value> {
    with_deep_stack(text.len(), || {
        let allocator = Allocator::default();
        let parsed = Parser::new(&allocator, text, SourceType::script()).parse_expression();
        tree(&parsed.ok()?)
    })
    .flatten()
}

fn tree(expression: &Expression<'_>) -> Option<Value> {
    Some(match expression {
        Expression::Identifier(name) => json!(["name", name.name.as_str()]),
        Expression::ThisExpression(_) => json!(["name", "globalThis"]),
        Expression::StringLiteral(literal) => json!(["value", literal.value.as_str()]),
        Expression::NumericLiteral(literal) => json!(["value", literal.value]),
        Expression::BooleanLiteral(literal) => json!(["value", literal.value]),
        Expression::TemplateLiteral(template) if template.expressions.is_empty() => {
            let text = template.quasis.first()?.value.cooked.as_ref()?;
            json!(["value", text.as_str()])
        }
        Expression::NullLiteral(_) => json!(["value", null]),
        Expression::TemplateLiteral(template) => {
            let mut parts = Vec::new();
            for (index, quasi) in template.quasis.iter().enumerate() {
                parts.push(json!(["value", quasi.value.cooked.as_ref()?.as_str()]));
                if let Some(inner) = template.expressions.get(index) {
                    parts.push(tree(inner)?);
                }
            }
            json!(["text", parts])
        }
        Expression::ArrayExpression(list) => {
            let elements = list.elements.iter();
            let elements = elements.map(|each| tree(each.as_expression()?));
            json!(["list", elements.collect::<Option<Vec<_>>>()?])
        }
        Expression::UnaryExpression(unary) if unary.operator.as_str() != "delete" => {
            json!(["unary", unary.operator.as_str(), tree(&unary.argument)?])
        }
        Expression::LogicalExpression(logical) => json!([
            "logical",
            logical.operator.as_str(),
            tree(&logical.left)?,
            tree(&logical.right)?
        ]),
        // Whoever takes the tree knows which functions have no effect.
        Expression::CallExpression(call) if !call.optional => {
            let given = call.arguments.iter();
            let given = given.map(|each| tree(each.as_expression()?));
            json!([
                "call",
                tree(&call.callee)?,
                given.collect::<Option<Vec<_>>>()?
            ])
        }
        Expression::ParenthesizedExpression(inner) => tree(&inner.expression)?,
        Expression::ChainExpression(chain) => match &chain.expression {
            ChainElement::StaticMemberExpression(member) => static_member(member)?,
            ChainElement::ComputedMemberExpression(member) => computed_member(member)?,
            _ => return None,
        },
        Expression::StaticMemberExpression(member) => static_member(member)?,
        Expression::ComputedMemberExpression(member) => computed_member(member)?,
        Expression::ConditionalExpression(choice) => json!([
            "choice",
            tree(&choice.test)?,
            tree(&choice.consequent)?,
            tree(&choice.alternate)?
        ]),
        Expression::BinaryExpression(binary) => json!([
            "binary",
            binary.operator.as_str(),
            tree(&binary.left)?,
            tree(&binary.right)?
        ]),
        _ => return None,
    })
}

fn static_member(member: &StaticMemberExpression<'_>) -> Option<Value> {
    let key = json!(["value", member.property.name.as_str()]);
    Some(json!(["member", tree(&member.object)?, key]))
}

fn computed_member(member: &ComputedMemberExpression<'_>) -> Option<Value> {
    Some(json!([
        "member",
        tree(&member.object)?,
        tree(&member.expression)?
    ]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{awaiting, expression};

    #[test]
    fn expressions_with_effects_have_no_tree() {
        let tree = expression("a?.['b' + c].d").unwrap();
        let computed = json!(["binary", "+", ["value", "b"], ["name", "c"]]);
        let inner = json!(["member", ["name", "a"], computed]);
        assert_eq!(tree, json!(["member", inner, ["value", "d"]]));
        for text in [
            "a = b",
            "f(a = b)",
            "f(...a)",
            "a[b = c]",
            "a++",
            "new A",
            "a[",
            "`${a = b}`",
            "delete a.b",
        ] {
            assert_eq!(expression(text), None, "{text}");
        }
    }

    #[test]
    fn only_what_awaits_or_imports_becomes_a_function() {
        assert_eq!(awaiting("1 + 1"), None);
        assert_eq!(awaiting("async () => await 1"), None);
        assert_eq!(awaiting("await ("), None);
        let script = awaiting("const { a, b: [c] } = await f(() => d); a").unwrap();
        assert!(script.starts_with("var a, c;(async () => {"), "{script}");
        assert!(
            script.contains("void ({ a, b: [c] } = await f(() => d)"),
            "{script}"
        );
        assert!(script.contains("return { value: (a"), "{script}");
        let script = awaiting("import x, { y as z } from 'm'").unwrap();
        assert!(
            script.contains("z = (await import(\"m\"))[\"y\"];"),
            "{script}"
        );
        let script = awaiting("import x from 'm' with { type: 'text' }").unwrap();
        assert!(
            script.contains("await import(\"m\", { with: { \"type\": \"text\" } })"),
            "{script}"
        );
    }
}
