//! TypeScript and JSX as JavaScript (docs/design/typescript.md).
//!
//! What is only for the type checker becomes blanks, so every line and column stays and stacks need no source map. Syntax with a meaning at
//! run time is rewritten in place where it can be: enums, parameter properties, CommonJS (`import x = require()`, `export =`), standard decorators and
//! `accessor`. What cannot (JSX, namespaces with values, decorators in the legacy way) goes through a transformer and has a source map.
//! Imports that are used only as types go away, as in TypeScript itself. Nothing is type-checked.

mod commonjs;
mod decorators;
mod edits;
mod enums;
mod imports;
mod needs;
mod pragmas;
mod rewrite;
mod transform;

use std::path::Path;

use crate::modules::deep_stack::with_deep_stack;
use oxc_allocator::Allocator;
use oxc_parser::Parser;
use oxc_span::SourceType;

use crate::engine::Error;

/// What a text is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Syntax {
    TypeScript,
    /// TypeScript with JSX.
    Tsx,
    /// JavaScript with JSX.
    Jsx,
}

impl Syntax {
    /// As the parser calls it.
    pub(crate) fn source_type(self) -> SourceType {
        match self {
            Syntax::TypeScript => SourceType::ts(),
            Syntax::Tsx => SourceType::tsx(),
            Syntax::Jsx => SourceType::jsx(),
        }
    }
}

/// What a project says of its text (<https://www.typescriptlang.org/tsconfig>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) jsx: Jsx,
    pub(crate) jsx_import_source: Option<String>,
    pub(crate) jsx_factory: Option<String>,
    pub(crate) jsx_fragment_factory: Option<String>,
    pub(crate) decorators: Decorators,
    /// `emitDecoratorMetadata`
    pub(crate) decorator_metadata: bool,
    /// `strictNullChecks`
    pub(crate) strict_null_checks: bool,
    /// `useDefineForClassFields: false`
    pub(crate) assigns_fields: bool,
    /// `verbatimModuleSyntax`: imports stay, whether they are used or not.
    pub(crate) keeps_imports: bool,
    /// Whether the file is a module, whatever its text looks like.
    pub(crate) is_module: bool,
    /// Whether it is refused what cannot be taken away or rewritten where it stands.
    pub(crate) only_strips: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            jsx: Jsx::Automatic,
            jsx_import_source: None,
            jsx_factory: None,
            jsx_fragment_factory: None,
            decorators: Decorators::Standard,
            decorator_metadata: false,
            strict_null_checks: true,
            assigns_fields: false,
            keeps_imports: false,
            is_module: false,
            only_strips: false,
        }
    }
}

/// What an element of JSX becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Jsx {
    /// A call of `jsx` of `react/jsx-runtime`.
    Automatic,
    /// The same of `react/jsx-dev-runtime`.
    Development,
    /// `React.createElement`.
    Classic,
}

/// Which of the two languages of decorators a project has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decorators {
    Standard,
    /// `experimentalDecorators`
    Legacy,
}

/// The JavaScript of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Compiled {
    pub(crate) code: String,
    /// The source map as JSON, if lines moved.
    pub(crate) map: Option<String>,
}

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
///
/// # Errors
/// Where it cannot be parsed, or cannot be rewritten in place.
pub(crate) fn strip(source: &str) -> Result<String, Problem> {
    let settings = Settings {
        only_strips: true,
        ..Settings::default()
    };
    compile(source, Path::new(""), Syntax::TypeScript, &settings).map(|compiled| compiled.code)
}

/// The JavaScript of a text; in place where that is possible.
///
/// # Errors
/// Where it cannot be parsed.
pub(crate) fn compile(
    source: &str,
    path: &Path,
    syntax: Syntax,
    settings: &Settings,
) -> Result<Compiled, Problem> {
    with_deep_stack(source.len(), || {
        compile_here(source, path, syntax, settings)
    })
    .unwrap_or_else(|| Err(Problem::at(source, 0, "the source is too long to parse")))
}

fn compile_here(
    source: &str,
    path: &Path,
    syntax: Syntax,
    settings: &Settings,
) -> Result<Compiled, Problem> {
    let allocator = Allocator::default();
    let language = if settings.is_module || syntax == Syntax::TypeScript {
        syntax.source_type().with_module(true)
    } else {
        syntax.source_type().with_unambiguous(true)
    };
    let parsed = Parser::new(&allocator, source, language).parse();
    first_problem(source, &parsed.diagnostics)?;
    if let Some(lowered) = commonjs::lower(source, &parsed.program, settings.is_module) {
        return compile_here(&lowered, path, syntax, settings);
    }
    let needs = needs::Needs::of(&parsed.program, settings);
    if settings.only_strips && (needs.transform || needs.decorators) {
        return Err(Problem::at(
            source,
            0,
            "the source has syntax that cannot be stripped: JSX, a namespace with values or decorators",
        ));
    }
    if needs.decorators {
        let lowered = decorators::lower(source, &parsed.program, needs.legacy)?;
        return compile_here(&lowered, path, syntax, settings);
    }
    if !needs.transform {
        let code = match syntax {
            // JavaScript has nothing to take away.
            Syntax::Jsx => source.to_owned(),
            _ => rewrite::rewrite(source, &parsed.program, settings)?,
        };
        return Ok(Compiled { code, map: None });
    }
    let mut program = parsed.program;
    if syntax == Syntax::TypeScript
        && !settings.is_module
        && !parsed.module_record.has_module_syntax
    {
        program.source_type = program.source_type.with_script(true);
    }
    let adjusted = pragmas::adjusted(source, &program, settings);
    let settings = adjusted.as_ref().unwrap_or(settings);
    transform::transform(&allocator, source, path, &mut program, settings)
}

/// The first of these as what is wrong with the text.
fn first_problem(source: &str, diagnostics: &oxc_diagnostics::Diagnostics) -> Result<(), Problem> {
    match diagnostics.iter().next() {
        Some(error) => {
            let offset = error.labels.iter().next().map_or(0, |label| label.offset());
            Err(Problem::at(source, offset, error.message.to_string()))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Compiled, Settings, Syntax, strip};

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
    fn commonjs_forms_in_a_module_make_their_require() {
        let code = code("import b from 'b';\nimport a = require('a');\nexport = [a, b]");
        assert!(
            code.contains("const  a = __createRequire(import.meta.url)('a')"),
            "{code}"
        );
        assert!(code.contains("export{__exports as default"), "{code}");
    }

    #[test]
    fn a_removed_line_does_not_join_its_neighbours() {
        becomes("let a = 1\ntype B = c\n(d)()", "let a = 1\n;\n(d)()");
        becomes("let a = b as C\n(d)()", "let a = b;\n(d)()");
        // This one is a single expression in TypeScript too.
        becomes("let a = b!\n[1].x", "let a = b\n[1].x");
    }

    fn made(source: &str, syntax: Syntax, settings: &Settings) -> Compiled {
        super::compile(source, Path::new("/a.tsx"), syntax, settings).unwrap()
    }

    #[test]
    fn what_moves_lines_has_a_source_map() {
        let settings = Settings::default();
        let namespace = made(
            "namespace A { export const b = 1 }\nA.b",
            Syntax::TypeScript,
            &settings,
        );
        assert!(namespace.map.is_some());
        let jsx = made("export const a = <b c={1}>d</b>", Syntax::Tsx, &settings);
        assert!(jsx.code.contains("react/jsx-runtime"), "{}", jsx.code);
        assert!(jsx.map.is_some_and(|map| map.contains("/a.tsx")));
        let classic = Settings {
            jsx: super::Jsx::Classic,
            jsx_factory: Some("h".to_owned()),
            ..Settings::default()
        };
        let jsx = made("const a = <b/>", Syntax::Jsx, &classic);
        assert!(jsx.code.contains("h(\"b\""), "{}", jsx.code);
        assert_eq!(made("let a: b", Syntax::Tsx, &settings).map, None);
    }

    #[test]
    fn legacy_decorators_bring_their_helpers() {
        let legacy = Settings {
            decorators: super::Decorators::Legacy,
            decorator_metadata: true,
            ..Settings::default()
        };
        let code = made("@a class B { @c d: string }", Syntax::TypeScript, &legacy).code;
        assert!(code.contains("function babelHelpers_decorate("), "{code}");
        assert!(code.contains("design:type"), "{code}");
        assert!(!code.contains("babelHelpers."), "{code}");
    }

    #[test]
    fn standard_decorators_keep_their_lines() {
        let source = "@a\nexport class B {\n  @c accessor d: string = 'e';\n  @f g() {}\n}\nh";
        let code = made(source, Syntax::TypeScript, &Settings::default()).code;
        let line = |text: &str| text.lines().position(|line| line.trim() == "h");
        assert_eq!(line(&code), line(source), "{code}");
        assert!(!code.contains('@'), "{code}");
    }

    #[test]
    fn what_cannot_be_stripped_says_where() {
        let problem = strip("let a\n  namespace B { export let c = 1 }").unwrap_err();
        assert!(problem.message.contains("namespace"), "{}", problem.message);
        let problem =
            strip("import a = require('a');\nnamespace B { export let c = 1 }").unwrap_err();
        assert!(problem.message.contains("namespace"), "{}", problem.message);
        let problem = strip("let x: = 1").unwrap_err();
        assert_eq!(problem.line, 1);
    }
}
