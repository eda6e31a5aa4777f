//! Where the modules of a program may be waiting: their top-level awaits, for the warning that one of them never ends.
//!
//! The engine does not tell which one a module stands at, so all that the program's text has are named. Read when the program has ended.

use std::path::Path;

use oxc_allocator::Allocator;
use oxc_ast::ast::{
    ArrowFunctionExpression, AwaitExpression, ForOfStatement, Function, Program,
    VariableDeclaration, VariableDeclarationKind,
};
use oxc_ast_visit::{Visit, walk};
use oxc_parser::Parser;
use oxc_span::SourceType;
use oxc_syntax::scope::ScopeFlags;

use super::deep_stack::with_deep_stack;
use super::graph;
use super::resolve::file_url;
use super::source;

/// The places (`file:line:column`) of the top-level awaits in the module at `entry` and in what it imports statically.
pub(crate) fn top_level_awaits(entry: &Path) -> Vec<String> {
    let mut places = Vec::new();
    if let Ok(text) = source::read(entry) {
        graph::walk(
            &file_url(entry),
            entry.to_owned(),
            text,
            "",
            &mut |path, text| {
                for (line, column) in awaits_in(path, text) {
                    places.push(format!("{}:{line}:{column}", path.display()));
                }
            },
        );
    }
    places
}

fn awaits_in(path: &Path, text: &str) -> Vec<(usize, usize)> {
    if !source::has_word(text, "await") {
        return Vec::new();
    }
    let syntax = source::kind(path).syntax();
    let language = syntax.map_or_else(SourceType::mjs, |syntax| {
        syntax.source_type().with_module(true)
    });
    let starts = with_deep_stack(text.len(), || {
        let allocator = Allocator::default();
        let parsed = Parser::new(&allocator, text, language).parse();
        let mut finder = Finder::default();
        finder.visit_program(&parsed.program);
        finder.starts
    });
    let place = |start: u32| {
        let before = &text[..(start as usize).min(text.len())];
        let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .encode_utf16()
            .count()
            + 1;
        (line, column)
    };
    starts.unwrap_or_default().into_iter().map(place).collect()
}

/// Whether the program awaits outside of every function.
pub(super) fn has_top_level_await(program: &Program<'_>) -> bool {
    let mut finder = Finder::default();
    finder.visit_program(program);
    !finder.starts.is_empty()
}

/// Finds awaits that are in no function.
#[derive(Default)]
struct Finder {
    starts: Vec<u32>,
}

impl<'a> Visit<'a> for Finder {
    fn visit_function(&mut self, _: &Function<'a>, _: ScopeFlags) {}

    fn visit_arrow_function_expression(&mut self, _: &ArrowFunctionExpression<'a>) {}

    fn visit_await_expression(&mut self, expression: &AwaitExpression<'a>) {
        self.starts.push(expression.span.start);
        walk::walk_await_expression(self, expression);
    }

    fn visit_for_of_statement(&mut self, statement: &ForOfStatement<'a>) {
        if statement.r#await {
            self.starts.push(statement.span.start);
        }
        walk::walk_for_of_statement(self, statement);
    }

    fn visit_variable_declaration(&mut self, declaration: &VariableDeclaration<'a>) {
        if declaration.kind == VariableDeclarationKind::AwaitUsing {
            self.starts.push(declaration.span.start);
        }
        walk::walk_variable_declaration(self, declaration);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::awaits_in;

    #[test]
    fn awaits_are_where_the_text_has_them_also_where_its_lines_move() {
        let text =
            "namespace A { export const b: number = 1 }\nconst c = (\n  <b/>);\n\n  await c;";
        assert_eq!(awaits_in(Path::new("/a.tsx"), text), [(5, 3)]);
        let text = "class A { [await 1]() {} async b() { await 2 } }";
        assert_eq!(awaits_in(Path::new("/a.mjs"), text), [(1, 12)]);
    }
}
