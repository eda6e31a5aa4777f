//! The walk that decides what of a TypeScript tree is blanked, and how the rest is rewritten.
//!
//! Two passes: the first blanks types and collects the names that are used as values, the second drops the imports and
//! exports that no value uses. A statement that goes away leaves a semicolon, so that its neighbours do not join.

use std::collections::{HashMap, HashSet};

use oxc_ast::ast::*;
use oxc_ast_visit::{Visit, walk};
use oxc_span::{GetSpan, Span};
use oxc_syntax::scope::ScopeFlags;

use super::edits::Edits;
use super::{Problem, Settings};

/// The JavaScript for `program`, whose text is `source`.
pub(super) fn rewrite(
    source: &str,
    program: &Program<'_>,
    settings: &Settings,
) -> Result<String, Problem> {
    let mut rewriter = Rewriter {
        source,
        keeps_imports: settings.keeps_imports,
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

/// The members of an enum by name, and whether the value of each is text.
pub(super) type EnumMembers = HashMap<String, bool>;

pub(super) struct Rewriter<'s> {
    pub(super) source: &'s str,
    /// Whether imports stay that no value uses.
    pub(super) keeps_imports: bool,
    pub(super) edits: Edits<'s>,
    /// Names that appear as values.
    pub(super) values: HashSet<String>,
    /// Where statements end without a semicolon.
    statement_ends: HashSet<u32>,
    /// Members of the enums met so far, by the enum's name.
    pub(super) enums: HashMap<String, EnumMembers>,
    problem: Option<Problem>,
}

impl Rewriter<'_> {
    pub(super) fn fail(&mut self, span: Span, message: &str) {
        if self.problem.is_none() {
            self.problem = Some(Problem::at(self.source, span.start, message));
        }
    }

    /// Removes a statement or class member.
    pub(super) fn remove(&mut self, span: Span) {
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
    pub(super) fn find(&self, start: u32, end: u32, characters: &[char]) -> Option<u32> {
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
pub(super) fn is_type_namespace(declaration: &TSNamespaceDeclaration<'_>) -> bool {
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
