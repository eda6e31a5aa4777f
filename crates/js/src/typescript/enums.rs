//! Enums become what the TypeScript compiler makes of them: a function that fills an object, with names by number and numbers by name.

use oxc_ast::ast::*;
use oxc_ast_visit::Visit;
use oxc_span::GetSpan;

use super::rewrite::{EnumMembers, Rewriter};

impl Rewriter<'_> {
    pub(super) fn enumeration(&mut self, declaration: &TSEnumDeclaration<'_>) {
        let name = declaration.id.name.as_str();
        let members: Vec<(String, &TSEnumMember<'_>)> = declaration
            .body
            .members
            .iter()
            .filter_map(|member| Some((member_name(member)?, member)))
            .collect();
        if members.len() != declaration.body.members.len() {
            return self.fail(
                declaration.span,
                "computed names of enum members are not supported",
            );
        }
        // A declaration that goes on with an enum sees what the earlier ones have.
        let mut known = self.enums.remove(name).unwrap_or_default();
        for (member_name, member) in &members {
            let is_text = member
                .initializer
                .as_ref()
                .is_some_and(|value| is_text(value, &known));
            known.insert(member_name.clone(), is_text);
        }
        self.edits.replace(
            declaration.span.start,
            declaration.body.span.start + 1,
            &format!("var {name};(function({name}){{"),
        );
        let mut place = declaration.body.span.start + 1;
        let mut previous: Option<String> = None;
        for (member_name, member) in &members {
            let quoted = quote(member_name);
            let here = format!("{name}[{quoted}]");
            // What lies between the members: commas and comments go, line breaks stay.
            match &member.initializer {
                None => {
                    let value = previous.map_or("0".to_owned(), |previous| format!("{previous}+1"));
                    self.edits.replace(
                        place,
                        member.span.end,
                        &format!("{name}[{here}={value}]={quoted};"),
                    );
                }
                Some(value) if known.get(member_name) == Some(&true) => {
                    self.edits
                        .replace(place, value.span().start, &format!("{here}= "));
                    self.qualify(value, name, &known);
                    self.edits.insert(value.span().end, ";");
                }
                Some(value) => {
                    self.edits
                        .replace(place, value.span().start, &format!("{name}[{here}= "));
                    self.qualify(value, name, &known);
                    self.edits.insert(value.span().end, format!("]={quoted};"));
                }
            }
            place = member.span.end;
            previous = Some(here);
        }
        self.edits.replace(
            place,
            declaration.span.end,
            &format!("}})({name}||({name}={{}}));"),
        );
        self.enums.insert(name.to_owned(), known);
    }

    /// Members that refer to earlier ones by their bare names; casts in the value go.
    fn qualify(&mut self, value: &Expression<'_>, name: &str, members: &EnumMembers) {
        struct Bare<'b> {
            members: &'b EnumMembers,
            found: Vec<u32>,
            others: Vec<String>,
        }
        impl<'a> Visit<'a> for Bare<'_> {
            fn visit_identifier_reference(&mut self, identifier: &IdentifierReference<'a>) {
                if self.members.contains_key(identifier.name.as_str()) {
                    self.found.push(identifier.span.start);
                } else {
                    self.others.push(identifier.name.to_string());
                }
            }
        }
        let mut bare = Bare {
            members,
            found: Vec::new(),
            others: Vec::new(),
        };
        bare.visit_expression(value);
        for at in bare.found {
            self.edits.insert(at, format!("{name}."));
        }
        // What the walk over the types counts as values too is the members' names, which the walk above left out.
        let values = std::mem::take(&mut self.values);
        self.visit_expression(value);
        self.values = values;
        self.values.extend(bare.others);
    }
}

fn member_name(member: &TSEnumMember<'_>) -> Option<String> {
    match &member.id {
        TSEnumMemberName::Identifier(name) => Some(name.name.to_string()),
        TSEnumMemberName::String(text) | TSEnumMemberName::ComputedString(text) => {
            Some(text.value.to_string())
        }
        TSEnumMemberName::ComputedTemplateString(_) => None,
    }
}

/// Whether the value of an enum member is text, which has no reverse mapping.
fn is_text(value: &Expression<'_>, members: &EnumMembers) -> bool {
    match value {
        Expression::StringLiteral(_) | Expression::TemplateLiteral(_) => true,
        Expression::Identifier(name) => members.get(name.name.as_str()) == Some(&true),
        Expression::BinaryExpression(it) => {
            is_text(&it.left, members) || is_text(&it.right, members)
        }
        Expression::ParenthesizedExpression(it) => is_text(&it.expression, members),
        Expression::TSAsExpression(it) => is_text(&it.expression, members),
        Expression::TSSatisfiesExpression(it) => is_text(&it.expression, members),
        Expression::TSTypeAssertion(it) => is_text(&it.expression, members),
        Expression::TSNonNullExpression(it) => is_text(&it.expression, members),
        _ => false,
    }
}

fn quote(text: &str) -> String {
    format!("{text:?}")
}
