//! Imports and exports that no value uses, which the second pass over a TypeScript tree drops.

use std::collections::HashSet;

use oxc_ast::ast::*;
use oxc_span::{GetSpan, Span};

use super::rewrite::Rewriter;

impl Rewriter<'_> {
    /// The second pass.
    pub(super) fn drop_unused(&mut self, program: &Program<'_>) {
        let types: HashSet<String> = program.body.iter().filter_map(type_name).collect();
        for statement in &program.body {
            match statement {
                Statement::ImportDeclaration(import) if import.import_kind.is_value() => {
                    self.import(import)
                }
                Statement::ExportNamedDeclaration(export) if export.export_kind.is_value() => {
                    let unwanted = |specifier: &ExportSpecifier<'_>| {
                        specifier.export_kind.is_type()
                            || is_type_export(specifier, &types, &self.values_declared(program))
                    };
                    let spans: Vec<Span> = export
                        .specifiers
                        .iter()
                        .filter(|specifier| unwanted(specifier))
                        .map(|s| s.span)
                        .collect();
                    self.remove_specifiers(&spans);
                }
                Statement::ExportFromDeclaration(export) if export.export_kind.is_value() => {
                    let spans: Vec<Span> = export
                        .specifiers
                        .iter()
                        .filter(|s| s.export_kind.is_type())
                        .map(|s| s.span)
                        .collect();
                    self.remove_specifiers(&spans);
                }
                _ => {}
            }
        }
    }

    /// Top-level names that exist at run time.
    fn values_declared(&self, program: &Program<'_>) -> HashSet<String> {
        let mut names = HashSet::new();
        for statement in &program.body {
            let declaration = match statement {
                Statement::ExportDeclaration(export) => Some(&export.declaration),
                other => other.as_declaration(),
            };
            match declaration {
                Some(Declaration::ClassDeclaration(class)) => {
                    names.extend(class.id.as_ref().map(|id| id.name.to_string()))
                }
                Some(Declaration::FunctionDeclaration(function)) => {
                    names.extend(function.id.as_ref().map(|id| id.name.to_string()));
                }
                Some(Declaration::TSEnumDeclaration(declaration)) => {
                    names.insert(declaration.id.name.to_string());
                }
                Some(Declaration::VariableDeclaration(variables)) => {
                    for variable in &variables.declarations {
                        names.extend(
                            variable
                                .id
                                .get_identifier_name()
                                .map(|name| name.to_string()),
                        );
                    }
                }
                _ => {}
            }
        }
        names
    }

    fn import(&mut self, import: &ImportDeclaration<'_>) {
        let Some(specifiers) = &import.specifiers else {
            return;
        };
        let used = |specifier: &ImportDeclarationSpecifier<'_>| {
            let is_type = matches!(specifier, ImportDeclarationSpecifier::ImportSpecifier(it) if it.import_kind.is_type());
            !is_type
                && (self.keeps_imports || self.values.contains(specifier.local().name.as_str()))
        };
        let unused: Vec<&ImportDeclarationSpecifier<'_>> =
            specifiers.iter().filter(|it| !used(it)).collect();
        if unused.is_empty() {
            return;
        }
        if unused.len() == specifiers.len() && !self.keeps_imports {
            return self.remove(import.span);
        }
        let is_named = |it: &&ImportDeclarationSpecifier<'_>| {
            matches!(it, ImportDeclarationSpecifier::ImportSpecifier(_))
        };
        let all_named_unused = specifiers.iter().filter(is_named).all(|it| !used(it));
        let has_default = specifiers.iter().any(|it| !is_named(&it));
        if all_named_unused && has_default && specifiers.iter().any(|it| is_named(&it)) {
            // `import D, { E }` keeps `import D`: the braces go too.
            if let (Some(open), Some(last)) = (
                self.find(import.span.start, import.source.span.start, &['{']),
                specifiers.last(),
            ) {
                let comma = self.source[..open as usize]
                    .rfind(',')
                    .map_or(open, |at| at as u32);
                let close = self
                    .find(last.span().end, import.source.span.start, &['}'])
                    .unwrap_or(open);
                self.edits.blank(comma, close + 1);
                return;
            }
        }
        let spans: Vec<Span> = unused.iter().map(|it| it.span()).collect();
        self.remove_specifiers(&spans);
    }

    /// Removes members of a list in braces, with the comma that follows.
    fn remove_specifiers(&mut self, spans: &[Span]) {
        for span in spans {
            let rest = &self.source[span.end as usize..];
            let comma = rest
                .find([',', '}'])
                .filter(|&at| rest[at..].starts_with(','));
            // A default import before the list has its comma before; only lists come here.
            let end = comma.map_or(span.end, |at| span.end + at as u32 + 1);
            self.edits.blank(span.start, end);
        }
    }
}

/// The name that a statement declares as a type only.
fn type_name(statement: &Statement<'_>) -> Option<String> {
    match statement {
        Statement::TSInterfaceDeclaration(it) => Some(it.id.name.to_string()),
        Statement::TSTypeAliasDeclaration(it) => Some(it.id.name.to_string()),
        Statement::ImportDeclaration(import) if import.import_kind.is_type() => import
            .specifiers
            .as_ref()?
            .first()
            .map(|it| it.local().name.to_string()),
        _ => None,
    }
}

fn is_type_export(
    specifier: &ExportSpecifier<'_>,
    types: &HashSet<String>,
    values: &HashSet<String>,
) -> bool {
    let name = specifier.local.name();
    types.contains(name.as_str()) && !values.contains(name.as_str())
}
