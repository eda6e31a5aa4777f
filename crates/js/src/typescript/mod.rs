//! TypeScript by stripping types: what is only for the type checker becomes blanks, so every line and column stays.
//!
//! Stack traces and errors therefore need no source map. Syntax with a meaning at run time is rewritten in place:
//! enums, parameter properties, and CommonJS (`import x = require()`, `export =`). Imports that are used only as types go away, as in
//! TypeScript itself. Namespaces with values and decorators are not supported and say so. Nothing is type-checked.

mod edits;
mod enums;
mod imports;
mod rewrite;

use crate::modules::deep_stack::with_deep_stack;
use oxc_allocator::Allocator;
use oxc_parser::Parser;
use oxc_span::SourceType;

use crate::engine::Error;

/// Why a source cannot be stripped, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    message: String,
    /// From 1.
    line: usize,
    /// From 1, in characters.
    column: usize,
}

impl Problem {
    fn at(source: &str, offset: u32, message: impl Into<String>) -> Problem {
        let before = source.get(..offset as usize).unwrap_or(source);
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            + 1;
        Problem {
            message: message.into(),
            line,
            column,
        }
    }

    /// As a SyntaxError that names the file.
    pub(crate) fn into_error(self, file: &str) -> Error {
        let place = format!("{file}:{}:{}", self.line, self.column);
        Error::syntax_error(format!("{} ({place})", self.message))
            .with("fileName", file)
            .with("lineNumber", self.line as f64)
            .with("columnNumber", self.column as f64)
    }
}

/// The JavaScript of a TypeScript module: same lines, same columns.
pub(crate) fn strip(source: &str) -> Result<String, Problem> {
    with_deep_stack(source.len(), || strip_here(source)).unwrap_or_else(|| {
        Err(Problem::at(
            source,
            0,
            "the TypeScript source is too long to parse".to_owned(),
        ))
    })
}

fn strip_here(source: &str) -> Result<String, Problem> {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, source, SourceType::ts().with_module(true)).parse();
    if let Some(error) = parsed.diagnostics.iter().next() {
        let offset = error.labels.iter().next().map_or(0, |label| label.offset());
        return Err(Problem::at(source, offset, error.message.to_string()));
    }
    rewrite::rewrite(source, &parsed.program)
}

#[cfg(test)]
mod tests {
    use super::strip;

    fn code(source: &str) -> String {
        strip(source).unwrap_or_else(|problem| panic!("{source}: {problem:?}"))
    }

    #[track_caller]
    fn becomes(source: &str, expected: &str) {
        let code = code(source);
        let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(squeeze(&code), squeeze(expected), "from {source}");
        assert_eq!(
            code.matches('\n').count(),
            source.matches('\n').count(),
            "lines of {source}"
        );
    }

    #[test]
    fn annotations_become_blanks_of_the_same_width() {
        assert_eq!(code("let x: number = 1;"), "let x         = 1;");
        assert_eq!(code("let é: 'ü🦀' = 1;"), "let é        = 1;");
        assert_eq!(code("f<A>(b as C)!;"), "f   (b     ) ;");
    }

    #[test]
    fn types_disappear_everywhere() {
        becomes(
            "function f<T>(this: A, a?: T, ...b: B[]): a is T { return a! }",
            "function f ( a , ...b ) { return a }",
        );
        becomes(
            "const f = async <T,>(a: T = 1): Promise<T> => a;",
            "const f = async (a = 1) => a;",
        );
        becomes(
            "const f = (a: number): {\n b: string\n} => ({ b: '' })",
            "const f = (a \n\n ) => ({ b: '' })",
        );
        becomes("try {} catch (e: unknown) {}", "try {} catch (e ) {}");
        becomes(
            "const a = <T>b; const c = d satisfies E; g<T>`x`; new H<T>();",
            "const a = b; const c = d ; g `x`; new H ();",
        );
        becomes("let { a, b }: C = d, e!: F;", "let { a, b } = d, e ;");
    }

    #[test]
    fn declarations_for_the_checker_disappear() {
        becomes(
            "interface A { b: c }\ntype D = E\ndeclare const f: g;\nh",
            ";\n;\n;\nh",
        );
        becomes(
            "declare module 'x' { let y: z }\ndeclare global { var a: b }\nabstract class C { abstract d(): void; e(): void; e() {} [k: string]: any; declare f: g }",
            ";\n;\nclass C { ; ; e() {} ; ; }",
        );
        becomes(
            "export interface A {}\nexport type { B } from './b'\nexport default interface C {}",
            ";\n;\n;",
        );
        becomes(
            "function f(a: string): void;\nfunction f(a: any) {}",
            ";\nfunction f(a ) {}",
        );
    }

    #[test]
    fn classes_lose_modifiers_and_keep_meaning() {
        becomes(
            "class A<T> extends B<T> implements C, D { private readonly x: number = 1; static override y?: string; z!: number; public async m?(): void {} readonly = 1; }",
            "class A extends B { x = 1; static y ; z ; async m () {} readonly = 1; }",
        );
        becomes(
            "class A extends B { constructor(private readonly a: X, public b = 2, c) { super(c); go() } }",
            "class A extends B { constructor( a , b = 2, c) { super(c);this.a=a;this.b=b; go() } }",
        );
        becomes(
            "class A { constructor(private a) {} }",
            "class A { constructor( a) {this.a=a;} }",
        );
    }

    #[test]
    fn imports_of_types_disappear() {
        becomes(
            "import type { A } from 'a'; import { type B, c } from 'b'; c",
            "; import { c } from 'b'; c",
        );
        becomes(
            "import D, { E } from 'd'; let x: E = D",
            "import D from 'd'; let x = D",
        );
        becomes("import { F } from 'f'; let x: F", "; let x");
        becomes("import * as G from 'g'; import 'h'", "; import 'h'");
        becomes(
            "import { type I } from 'i'; export { J }; interface J {}",
            "; export { }; ;",
        );
        becomes(
            "import { K } from 'k'; export { K as L }",
            "import { K } from 'k'; export { K as L }",
        );
    }

    #[test]
    fn enums_become_objects() {
        becomes(
            "export enum A { X, Y = 5, Z, 'q-r' = 'text', W = X | Y }",
            "export var A;(function(A){A[A[\"X\"]=0]=\"X\";A[A[\"Y\"]= 5]=\"Y\";A[A[\"Z\"]=A[\"Y\"]+1]=\"Z\";A[\"q-r\"]= 'text';A[A[\"W\"]= A.X | A.Y]=\"W\";})(A||(A={}));",
        );
        becomes("declare enum B { X }\nlet y", ";\nlet y");
        becomes(
            "enum A { X = 1 as any, Y = <any>2, L = 'abc'.length }",
            "var A;(function(A){A[A[\"X\"]= 1 ]=\"X\";A[A[\"Y\"]= 2]=\"Y\";A[A[\"L\"]= 'abc'.length]=\"L\";})(A||(A={}));",
        );
    }

    #[test]
    fn an_enum_that_goes_on_and_text_members_see_earlier_members() {
        becomes(
            "enum A { X = 1 } enum A { Y = X + 1, T = `t${X}`, U = T }",
            "var A;(function(A){A[A[\"X\"]= 1]=\"X\";})(A||(A={})); \
             var A;(function(A){A[A[\"Y\"]= A.X + 1]=\"Y\";A[\"T\"]= `t${A.X}`;A[\"U\"]= A.T;})(A||(A={}));",
        );
    }

    #[test]
    fn commonjs_forms_become_what_they_mean() {
        becomes(
            "import a = require('a'); export = a",
            "const a = require('a'); module.exports= a",
        );
    }

    #[test]
    fn a_removed_line_does_not_join_its_neighbours() {
        becomes("let a = 1\ntype B = c\n(d)()", "let a = 1\n;\n(d)()");
        becomes("let a = b as C\n(d)()", "let a = b;\n(d)()");
        // This one is a single expression in TypeScript too.
        becomes("let a = b!\n[1].x", "let a = b\n[1].x");
    }

    #[test]
    fn what_cannot_be_stripped_says_where() {
        let problem = strip("let a\n  namespace B { export let c = 1 }").unwrap_err();
        assert_eq!((problem.line, problem.column), (2, 3));
        assert!(problem.message.contains("namespace"), "{}", problem.message);
        let problem = strip("let x: = 1").unwrap_err();
        assert_eq!(problem.line, 1);
    }
}
