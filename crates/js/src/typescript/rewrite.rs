//! The walk that decides what of a TypeScript tree is blanked, and how the rest is rewritten.
//!
//! Two passes: the first blanks types and collects the names that are used as values, the second drops the imports and
//! exports that no value uses. A statement that goes away leaves a semicolon, so that its neighbours do not join.

use std::collections::{HashMap, HashSet};

use oxc_ast::ast::*;
use oxc_ast_visit::{Visit, walk};
use oxc_span::{GetSpan, Span};
use oxc_syntax::scope::ScopeFlags;

use super::Problem;
use super::edits::Edits;

/// The JavaScript for `program`, whose text is `source`.
pub(super) fn rewrite(source: &str, program: &Program<'_>) -> Result<String, Problem> {
    let mut rewriter = Rewriter {
        source,
        edits: Edits::new(source),
        values: HashSet::new(),
        statement_ends: HashSet::new(),
        enums: HashMap::new(),
        problem: None,
    };
    rewriter.visit_program(program);
    rewriter.drop_unused(program);
    match rewriter.problem {
        Some(problem) => Err(problem),
        None => Ok(rewriter.edits.apply()),
    }
}

struct Rewriter<'s> {
    source: &'s str,
    edits: Edits<'s>,
    /// Names that appear as values.
    values: HashSet<String>,
    /// Where statements end without a semicolon.
    statement_ends: HashSet<u32>,
    /// Members of the enums met so far, by the enum's name.
    enums: HashMap<String, EnumMembers>,
    problem: Option<Problem>,
}

impl Rewriter<'_> {
    fn fail(&mut self, span: Span, message: &str) {
        if self.problem.is_none() {
            self.problem = Some(Problem::at(self.source, span.start, message));
        }
    }

    /// Removes a statement or class member.
    fn remove(&mut self, span: Span) {
        self.edits.blank_with(span.start, span.end, ";");
    }

    /// Blanks the end of an expression; a statement that ended with it gets a semicolon if the next line could continue it.
    fn blank_tail(&mut self, start: u32, end: u32) {
        let continues = || {
            let rest = self.source[end as usize..].trim_start();
            rest.starts_with(['(', '[', '`', '+', '-', '/'])
        };
        let with = if self.statement_ends.contains(&end) && continues() {
            ";"
        } else {
            ""
        };
        self.edits.blank_with(start, end, with);
    }

    /// Where the colon of an annotation is.
    fn colon(&self, annotation: Span) -> u32 {
        let start = annotation.start as usize;
        if self.source[start..].starts_with(':') {
            return annotation.start;
        }
        self.source[..start]
            .rfind(':')
            .map_or(annotation.start, |at| at as u32)
    }

    /// The first of these characters between two places.
    fn find(&self, start: u32, end: u32, characters: &[char]) -> Option<u32> {
        self.source[start as usize..end as usize]
            .find(characters)
            .map(|at| start + at as u32)
    }

    /// Blanks the modifiers that TypeScript adds before a member's name or a parameter.
    fn blank_modifiers(&mut self, start: u32, end: u32) {
        const MODIFIERS: [&str; 7] = [
            "public",
            "private",
            "protected",
            "readonly",
            "override",
            "abstract",
            "declare",
        ];
        let text = &self.source[start as usize..end as usize];
        let mut offset = 0;
        for word in text.split_inclusive(|character: char| {
            !character.is_ascii_alphanumeric() && character != '_'
        }) {
            let trimmed = word.trim_end_matches(|character: char| {
                !character.is_ascii_alphanumeric() && character != '_'
            });
            if MODIFIERS.contains(&trimmed) {
                let at = start + offset as u32;
                self.edits.blank(at, at + trimmed.len() as u32);
            }
            offset += word.len();
        }
    }

    /// Blanks one `?` or `!` after a member's name or a variable.
    fn blank_mark(&mut self, start: u32, end: u32) {
        if let Some(at) = self.find(start, end, &['?', '!']) {
            self.edits.blank(at, at + 1);
        }
    }

    fn member_start(start: u32, decorators: &[Decorator<'_>]) -> u32 {
        decorators
            .last()
            .map_or(start, |decorator| decorator.span.end)
    }

    /// `this.a=a;` for each parameter property, after `super(...)` where there is one.
    fn parameter_properties(&mut self, function: &Function<'_>, derived: bool) {
        let Some(body) = &function.body else { return };
        let mut assignments = String::new();
        for parameter in &function.params.items {
            if parameter.accessibility.is_none() && !parameter.readonly && !parameter.r#override {
                continue;
            }
            if let Some(name) = parameter.pattern.get_identifier_name() {
                assignments.push_str(&format!("this.{name}={name};"));
            }
        }
        if assignments.is_empty() {
            return;
        }
        let is_super = |statement: &&Statement<'_>| {
            matches!(statement, Statement::ExpressionStatement(statement)
                if matches!(&statement.expression, Expression::CallExpression(call) if call.callee.is_super()))
        };
        let after_super = derived
            .then(|| body.statements.iter().find(is_super))
            .flatten();
        let at = after_super
            .map(|statement| statement.span().end)
            .or_else(|| body.directives.last().map(|directive| directive.span.end))
            .unwrap_or(body.span.start + 1);
        let separator = if self.source[..at as usize].ends_with([';', '{']) {
            ""
        } else {
            ";"
        };
        self.edits.insert(at, format!("{separator}{assignments}"));
    }

    fn enumeration(&mut self, declaration: &TSEnumDeclaration<'_>) {
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

    /// The second pass.
    fn drop_unused(&mut self, program: &Program<'_>) {
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
            !is_type && self.values.contains(specifier.local().name.as_str())
        };
        let unused: Vec<&ImportDeclarationSpecifier<'_>> =
            specifiers.iter().filter(|it| !used(it)).collect();
        if unused.is_empty() {
            return;
        }
        if unused.len() == specifiers.len() {
            return self.remove(import.span);
        }
        let is_named = |it: &&ImportDeclarationSpecifier<'_>| {
            matches!(it, ImportDeclarationSpecifier::ImportSpecifier(_))
        };
        let all_named_unused = specifiers.iter().filter(is_named).all(|it| !used(it));
        if all_named_unused && specifiers.iter().any(|it| is_named(&it)) {
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

fn member_name(member: &TSEnumMember<'_>) -> Option<String> {
    match &member.id {
        TSEnumMemberName::Identifier(name) => Some(name.name.to_string()),
        TSEnumMemberName::String(text) | TSEnumMemberName::ComputedString(text) => {
            Some(text.value.to_string())
        }
        TSEnumMemberName::ComputedTemplateString(_) => None,
    }
}

/// The members of an enum by name, and whether the value of each is text.
type EnumMembers = HashMap<String, bool>;

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

impl<'a> Visit<'a> for Rewriter<'_> {
    fn visit_statement(&mut self, statement: &Statement<'a>) {
        let span = statement.span();
        if !self.source[..span.end as usize].ends_with([';', '}']) {
            self.statement_ends.insert(span.end);
        }
        match statement {
            Statement::ImportDeclaration(import) if import.import_kind.is_type() => {
                self.remove(span)
            }
            // The names of the others are looked at in the second pass.
            Statement::ImportDeclaration(_) => {}
            Statement::ExportNamedDeclaration(export) if export.export_kind.is_type() => {
                self.remove(span)
            }
            Statement::ExportFromDeclaration(export) if export.export_kind.is_type() => {
                self.remove(span)
            }
            Statement::ExportFromDeclaration(_) => {}
            Statement::ExportAllDeclaration(export) if export.export_kind.is_type() => {
                self.remove(span)
            }
            Statement::ExportDeclaration(export) if is_erased(&export.declaration) => {
                self.remove(span)
            }
            Statement::ExportDefaultDeclaration(export) => match &export.declaration {
                ExportDefaultDeclarationKind::TSInterfaceDeclaration(_) => self.remove(span),
                ExportDefaultDeclarationKind::FunctionDeclaration(function)
                    if function.body.is_none() =>
                {
                    self.remove(span)
                }
                _ => walk::walk_statement(self, statement),
            },
            Statement::TSExportAssignment(export) => {
                // CommonJS, as TypeScript writes it.
                self.edits.replace(
                    span.start,
                    export.expression.span().start,
                    "module.exports= ",
                );
                walk::walk_statement(self, statement);
            }
            Statement::TSNamespaceExportDeclaration(_) => self.remove(span),
            other => match other.as_declaration() {
                Some(declaration) if is_erased(declaration) => self.remove(span),
                _ => walk::walk_statement(self, statement),
            },
        }
    }

    fn visit_ts_enum_declaration(&mut self, declaration: &TSEnumDeclaration<'a>) {
        self.enumeration(declaration);
    }

    fn visit_ts_namespace_declaration(&mut self, declaration: &TSNamespaceDeclaration<'a>) {
        self.fail(
            declaration.span,
            "a namespace with values is not supported; use a module",
        );
    }

    fn visit_ts_import_equals_declaration(&mut self, declaration: &TSImportEqualsDeclaration<'a>) {
        match &declaration.module_reference {
            // CommonJS, as TypeScript writes it.
            TSModuleReference::ExternalModuleReference(_) => {
                let start = declaration.span.start;
                self.edits.replace(start, start + 6, "const ");
            }
            _ => self.fail(
                declaration.span,
                "`import x = y.z` is not supported; use `const x = y.z`",
            ),
        }
    }

    fn visit_identifier_reference(&mut self, identifier: &IdentifierReference<'a>) {
        self.values.insert(identifier.name.to_string());
    }

    fn visit_ts_type_annotation(&mut self, annotation: &TSTypeAnnotation<'a>) {
        self.edits
            .blank(self.colon(annotation.span), annotation.span.end);
    }

    fn visit_ts_type_parameter_declaration(&mut self, parameters: &TSTypeParameterDeclaration<'a>) {
        self.edits.blank(parameters.span.start, parameters.span.end);
    }

    fn visit_ts_type_parameter_instantiation(
        &mut self,
        arguments: &TSTypeParameterInstantiation<'a>,
    ) {
        self.edits.blank(arguments.span.start, arguments.span.end);
    }

    fn visit_ts_this_parameter(&mut self, parameter: &TSThisParameter<'a>) {
        let rest = &self.source[parameter.span.end as usize..];
        let comma = rest
            .find([',', ')'])
            .filter(|&at| rest[at..].starts_with(','));
        self.edits.blank(
            parameter.span.start,
            parameter.span.end + comma.map_or(0, |at| at as u32 + 1),
        );
    }

    fn visit_ts_as_expression(&mut self, expression: &TSAsExpression<'a>) {
        self.visit_expression(&expression.expression);
        self.blank_tail(expression.expression.span().end, expression.span.end);
    }

    fn visit_ts_satisfies_expression(&mut self, expression: &TSSatisfiesExpression<'a>) {
        self.visit_expression(&expression.expression);
        self.blank_tail(expression.expression.span().end, expression.span.end);
    }

    fn visit_ts_non_null_expression(&mut self, expression: &TSNonNullExpression<'a>) {
        self.visit_expression(&expression.expression);
        self.blank_tail(expression.expression.span().end, expression.span.end);
    }

    fn visit_ts_instantiation_expression(&mut self, expression: &TSInstantiationExpression<'a>) {
        self.visit_expression(&expression.expression);
        self.blank_tail(expression.expression.span().end, expression.span.end);
    }

    fn visit_ts_type_assertion(&mut self, expression: &TSTypeAssertion<'a>) {
        self.edits
            .blank(expression.span.start, expression.expression.span().start);
        self.visit_expression(&expression.expression);
    }

    fn visit_variable_declarator(&mut self, declarator: &VariableDeclarator<'a>) {
        if declarator.definite {
            let end = declarator
                .type_annotation
                .as_ref()
                .map_or(declarator.span.end, |it| it.span.start);
            self.blank_mark(declarator.id.span().end, end);
        }
        walk::walk_variable_declarator(self, declarator);
    }

    fn visit_formal_parameter(&mut self, parameter: &FormalParameter<'a>) {
        let start = Self::member_start(parameter.span.start, &parameter.decorators);
        self.blank_modifiers(start, parameter.pattern.span().start);
        if parameter.optional {
            let end = parameter
                .type_annotation
                .as_ref()
                .map_or(parameter.span.end, |it| it.span.start);
            let pattern_end = parameter.pattern.span().end;
            // The mark may lie outside the parameter's own span when nothing follows it.
            self.blank_mark(
                pattern_end,
                end.max(pattern_end + 1).min(self.source.len() as u32),
            );
        }
        walk::walk_formal_parameter(self, parameter);
    }

    fn visit_arrow_function_expression(&mut self, arrow: &ArrowFunctionExpression<'a>) {
        if let Some(annotation) = &arrow.return_type {
            let (start, end) = (self.colon(annotation.span), annotation.span.end);
            if self.source[start as usize..end as usize].contains('\n') {
                // No line break may stand before the arrow, so the closing parenthesis moves there.
                let close = self.source[..start as usize]
                    .rfind(')')
                    .map_or(start, |at| at as u32);
                self.edits.blank(close, end);
                self.edits.insert(end, ")");
            }
        }
        walk::walk_arrow_function_expression(self, arrow);
    }

    fn visit_class(&mut self, class: &Class<'a>) {
        let start = Self::member_start(class.span.start, &class.decorators);
        if class.r#abstract
            && let Some(at) =
                self.source[start as usize..class.body.span.start as usize].find("abstract")
        {
            let at = start + at as u32;
            self.edits.blank(at, at + 8);
        }
        if let (Some(first), Some(last)) = (class.implements.first(), class.implements.last()) {
            let keyword = self.source[..first.span.start as usize].rfind("implements");
            self.edits.blank(
                keyword.map_or(first.span.start, |at| at as u32),
                last.span.end,
            );
        }
        for element in &class.body.body {
            if let ClassElement::MethodDefinition(method) = element
                && method.kind == MethodDefinitionKind::Constructor
            {
                self.parameter_properties(&method.value, class.heritage.is_some());
            }
        }
        walk::walk_class(self, class);
    }

    fn visit_ts_class_implements_list(
        &mut self,
        _: &oxc_allocator::Vec<'a, TSClassImplements<'a>>,
    ) {
    }

    fn visit_class_element(&mut self, element: &ClassElement<'a>) {
        let erased = match element {
            ClassElement::TSIndexSignature(_) => true,
            ClassElement::MethodDefinition(method) => {
                method.r#type == MethodDefinitionType::TSAbstractMethodDefinition
                    || method.value.body.is_none()
            }
            ClassElement::PropertyDefinition(property) => {
                property.declare
                    || property.r#type == PropertyDefinitionType::TSAbstractPropertyDefinition
            }
            _ => false,
        };
        if erased {
            return self.remove(element.span());
        }
        match element {
            ClassElement::MethodDefinition(method) => {
                let start = Self::member_start(method.span.start, &method.decorators);
                self.blank_modifiers(start, method.key.span().start);
                if method.optional {
                    self.blank_mark(method.key.span().end, method.value.span.end);
                }
            }
            ClassElement::PropertyDefinition(property) => {
                let start = Self::member_start(property.span.start, &property.decorators);
                self.blank_modifiers(start, property.key.span().start);
                if property.optional || property.definite {
                    let end = property
                        .type_annotation
                        .as_ref()
                        .map_or(property.span.end, |it| it.span.start);
                    self.blank_mark(property.key.span().end, end);
                }
            }
            ClassElement::AccessorProperty(property) => {
                let start = Self::member_start(property.span.start, &property.decorators);
                self.blank_modifiers(start, property.key.span().start);
            }
            _ => {}
        }
        walk::walk_class_element(self, element);
    }

    fn visit_function(&mut self, function: &Function<'a>, flags: ScopeFlags) {
        walk::walk_function(self, function, flags);
    }
}

/// Whether a declaration means nothing at run time.
fn is_erased(declaration: &Declaration<'_>) -> bool {
    match declaration {
        Declaration::TSInterfaceDeclaration(_)
        | Declaration::TSTypeAliasDeclaration(_)
        | Declaration::TSExternalModuleDeclaration(_)
        | Declaration::TSGlobalDeclaration(_) => true,
        Declaration::VariableDeclaration(it) => it.declare,
        Declaration::ClassDeclaration(it) => it.declare,
        Declaration::FunctionDeclaration(it) => it.declare || it.body.is_none(),
        Declaration::TSEnumDeclaration(it) => it.declare,
        Declaration::TSImportEqualsDeclaration(it) => it.import_kind.is_type(),
        Declaration::TSNamespaceDeclaration(it) => it.declare || is_type_namespace(it),
    }
}

/// Whether a namespace holds types only.
fn is_type_namespace(declaration: &TSNamespaceDeclaration<'_>) -> bool {
    match &declaration.body {
        TSNamespaceDeclarationBody::TSNamespaceDeclaration(inner) => is_type_namespace(inner),
        TSNamespaceDeclarationBody::TSModuleBlock(block) => {
            block.body.iter().all(|statement| match statement {
                Statement::ExportDeclaration(export) => is_erased(&export.declaration),
                other => other.as_declaration().is_some_and(is_erased),
            })
        }
    }
}
