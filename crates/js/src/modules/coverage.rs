//! What of a program ran, in V8's words (`NODE_V8_COVERAGE`, <https://nodejs.org/api/cli.html#node_v8_coveragedir>), which `c8`, the runner of
//! `node:test` and others read.
//!
//! The engine counts lines and functions, V8 ranges of characters: functions, and the blocks within them that ran never. So each file is parsed,
//! and its functions and statements get the counts of their lines. Files whose lines move on the way to the engine (JSX) are left out.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use oxc_allocator::Allocator;
use oxc_ast::ast::*;
use oxc_ast_visit::{Visit, walk};
use oxc_parser::Parser;
use oxc_span::{GetSpan, SourceType, Span};
use oxc_syntax::scope::ScopeFlags;
use serde_json::{Value, json};
use url::Url;

use super::deep_stack::with_deep_stack;
use super::resolve::file_url;
use super::source;
use crate::engine::{Context, count_coverage};
use crate::typescript::Syntax;

/// The folder for the reports, as the environment named it when the program began.
static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();

/// Has the engine count, if the environment or an option (`counts`) wants it. Before the first context.
pub(crate) fn begin(counts: bool) {
    let folder = FOLDER.get_or_init(|| {
        let folder = std::env::var_os("NODE_V8_COVERAGE").filter(|value| !value.is_empty())?;
        std::path::absolute(folder).ok()
    });
    if counts || folder.is_some() {
        count_coverage();
    }
}

/// Writes the report of a context that has ended to the folder, if there is one.
pub(crate) fn write(context: &Context) {
    let Some(folder) = FOLDER.get().and_then(Option::as_ref) else {
        return;
    };
    let Some(report) = report(context) else {
        return;
    };
    static REPORTS: AtomicU32 = AtomicU32::new(0);
    let number = REPORTS.fetch_add(1, Ordering::Relaxed);
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |since| since.as_millis());
    let name = format!("coverage-{}-{now}-{number}.json", std::process::id());
    let written =
        std::fs::create_dir_all(folder).and_then(|()| std::fs::write(folder.join(name), report));
    if let Err(error) = written {
        eprintln!("cannot write coverage to {}: {error}", folder.display());
    }
}

/// What ran so far, as V8's JSON; `None` when nobody counts.
pub(crate) fn report(context: &Context) -> Option<String> {
    let text = context.coverage()?;
    let files = counts(&text);
    let result: Vec<Value> = files
        .iter()
        .enumerate()
        .filter_map(|(number, (path, counts))| {
            Some(json!({
                "scriptId": number.to_string(),
                "url": file_url(path).as_str(),
                "functions": functions(path, counts)?,
            }))
        })
        .collect();
    Some(json!({ "result": result }).to_string())
}

/// What the engine calls code that has no name, the whole file's among it.
const UNNAMED: &str = "top-level";

/// What the engine counted in a file.
#[derive(Default)]
struct Counts {
    lines: HashMap<usize, u64>,
    /// By line: names, and calls where the name tells whose they are.
    functions: HashMap<usize, Vec<(String, Option<u64>)>>,
}

/// The counts by file, of a text in the format of lcov.
fn counts(text: &str) -> BTreeMap<PathBuf, Counts> {
    let mut files = BTreeMap::<PathBuf, Counts>::new();
    for record in text.split("end_of_record\n") {
        let mut file = None;
        let mut called = HashMap::<&str, Vec<u64>>::new();
        let mut declared = Vec::new();
        let mut lines = Vec::new();
        for line in record.lines() {
            let Some((kind, value)) = line.split_once(':') else {
                continue;
            };
            let pair = value.split_once(',');
            match (kind, pair) {
                ("SF", _) => file = path_of(value),
                ("FN", Some((line, name))) => declared.push((line, name)),
                ("FNDA", Some((count, name))) => {
                    let count = count.parse().unwrap_or(0);
                    called.entry(name).or_default().push(count);
                }
                ("DA", Some((line, count))) => lines.push((line, count)),
                _ => {}
            }
        }
        let Some(file) = file else { continue };
        let counts = files.entry(file).or_default();
        for (line, count) in lines {
            let count = count.parse::<u64>().unwrap_or(0);
            // More throws than runs were counted where a generator ended.
            let count = if count > u64::MAX / 2 { 0 } else { count };
            *counts.lines.entry(line.parse().unwrap_or(0)).or_default() += count;
        }
        let mut same = HashMap::<&str, usize>::new();
        for (_, name) in &declared {
            *same.entry(name).or_default() += 1;
        }
        for (line, name) in declared {
            // Those of one name come in one order, but who was never called has no count.
            let count = match called.get_mut(name) {
                None => Some(0),
                Some(all) if all.len() == same[name] => all.first().copied(),
                Some(_) => None,
            };
            if let (Some(_), Some(all)) = (count, called.get_mut(name)) {
                all.remove(0);
                same.entry(name).and_modify(|left| *left -= 1);
            }
            let line = line.parse().unwrap_or(0);
            let functions = counts.functions.entry(line).or_default();
            functions.push((name.to_owned(), count));
        }
    }
    files
}

/// The file that the engine calls so.
fn path_of(name: &str) -> Option<PathBuf> {
    if name.starts_with('/') {
        return Some(PathBuf::from(name));
    }
    Url::parse(name).ok()?.to_file_path().ok()
}

/// The functions of a file with what ran of them; `None` for a file that cannot be told about.
fn functions(path: &Path, counts: &Counts) -> Option<Vec<Value>> {
    let text = source::read(path).ok()?;
    let kind = source::kind(path);
    let language = match kind.syntax() {
        Some(Syntax::Tsx | Syntax::Jsx) => return None,
        Some(syntax) => syntax.source_type().with_module(true),
        None => SourceType::unambiguous(),
    };
    with_deep_stack(text.len(), || {
        let allocator = Allocator::default();
        let parsed = Parser::new(&allocator, &text, language).parse();
        let mut ranges = Ranges {
            text: &text,
            places: Places::of(&text),
            counts,
            open: Vec::new(),
            found: Vec::new(),
            name: None,
            method: None,
            class: None,
            classes: Vec::new(),
        };
        if parsed.panicked {
            return None;
        }
        ranges.open(String::new(), Span::new(0, text.len() as u32), 1);
        ranges.list(Span::new(0, text.len() as u32), &parsed.program.body);
        ranges.visit_program(&parsed.program);
        ranges.close();
        // From outside to inside, as V8 has them.
        ranges
            .found
            .sort_by_key(|(span, _)| (span.start, std::cmp::Reverse(span.end)));
        Some(ranges.found.into_iter().map(|(_, shown)| shown).collect())
    })
    .flatten()
}

/// Bytes of a text as lines and as V8's offsets, which count UTF-16.
struct Places {
    /// Where lines begin.
    lines: Vec<u32>,
    /// Characters that are shorter in UTF-16: where each ends, and by how much all so far are shorter.
    shorter: Vec<(u32, u32)>,
}

impl Places {
    fn of(text: &str) -> Places {
        let mut lines = vec![0];
        let mut shorter = Vec::new();
        let mut difference = 0;
        for (at, character) in text.char_indices() {
            let end = (at + character.len_utf8()) as u32;
            if character == '\n' {
                lines.push(end);
            }
            if !character.is_ascii() {
                difference += (character.len_utf8() - character.len_utf16()) as u32;
                shorter.push((end, difference));
            }
        }
        Places { lines, shorter }
    }

    /// From 1.
    fn line(&self, at: u32) -> usize {
        self.lines.partition_point(|begin| *begin <= at)
    }

    fn offset(&self, at: u32) -> u32 {
        let before = self.shorter.partition_point(|(end, _)| *end <= at);
        let difference = before.checked_sub(1).map_or(0, |last| self.shorter[last].1);
        at - difference
    }
}

/// A function whose ranges are being found.
struct Open {
    name: String,
    count: u64,
    /// It and what of it never ran.
    ranges: Vec<(Span, u64)>,
}

struct Ranges<'c> {
    text: &'c str,
    places: Places,
    counts: &'c Counts,
    open: Vec<Open>,
    found: Vec<(Span, Value)>,
    /// What the function that comes next is called.
    name: Option<String>,
    /// And where it begins and ends, if it is a method.
    method: Option<Span>,
    /// And of which class, if it is a constructor.
    class: Option<String>,
    /// Classes around, by their names.
    classes: Vec<String>,
}

impl Ranges<'_> {
    fn open(&mut self, name: String, span: Span, count: u64) {
        self.open.push(Open {
            name,
            count,
            ranges: vec![(span, count)],
        });
    }

    fn close(&mut self) {
        let Some(Open {
            name,
            count,
            ranges,
        }) = self.open.pop()
        else {
            return;
        };
        let offset = |at| self.places.offset(at);
        let shown: Vec<Value> = ranges
            .iter()
            .map(|(span, count)| json!({ "startOffset": offset(span.start), "endOffset": offset(span.end), "count": count }))
            .collect();
        let whole = ranges.first().map_or(Span::new(0, 0), |(span, _)| *span);
        let told = json!({ "functionName": name, "ranges": shown, "isBlockCoverage": count > 0 });
        self.found.push((whole, told));
    }

    /// How often a function was called whose parameters are at this line and whose body begins at `body`: one that the engine does not know of
    /// was never compiled.
    fn calls(&self, line: usize, name: &str, body: u32) -> u64 {
        let Some(all) = self.counts.functions.get(&line) else {
            return 0;
        };
        let same = all.iter().find(|(known, _)| known == name);
        let found = same.or_else(|| {
            // The engine names by where a function goes, or calls it as the whole file.
            let mut others = all.iter().filter(|(known, _)| line > 1 || known != UNNAMED);
            let first = others.next();
            others.next().is_none().then_some(first).flatten()
        });
        match found {
            Some((_, Some(count))) => *count,
            _ => (self.counts.lines.get(&self.places.line(body)).copied()).unwrap_or(0),
        }
    }

    /// Notes what of a list of statements never ran, in a function that did.
    fn list(&mut self, block: Span, statements: &[Statement<'_>]) {
        let did_run = self.open.last().is_some_and(|open| open.count > 0);
        if !did_run || self.is_dead(block) {
            return;
        }
        let mut begin = None;
        let mut last = None;
        for (index, statement) in statements.iter().enumerate() {
            let span = statement.span();
            match self.ran(statement) {
                Some(false) => {
                    let before = index.checked_sub(1).map(|at| statements[at].span().end);
                    begin.get_or_insert(before.unwrap_or(block.start));
                    last = Some(if index + 1 == statements.len() {
                        block.end
                    } else {
                        span.end
                    });
                }
                Some(true) => self.never(begin.take().zip(last.take())),
                None if begin.is_some() && index + 1 == statements.len() => last = Some(block.end),
                None => {}
            }
        }
        self.never(begin.zip(last));
    }

    fn never(&mut self, range: Option<(u32, u32)>) {
        if let (Some((start, end)), Some(open)) = (range, self.open.last_mut()) {
            open.ranges.push((Span::new(start, end), 0));
        }
    }

    /// Whether it is in a range that never ran.
    fn is_dead(&self, span: Span) -> bool {
        self.open.last().is_some_and(|open| {
            let mut ranges = open.ranges.iter().skip(1);
            ranges.any(|(dead, _)| dead.start <= span.start && span.end <= dead.end)
        })
    }

    /// Whether a statement ran; `None` for what does nothing of its own, or when the line does not tell.
    fn ran(&self, statement: &Statement<'_>) -> Option<bool> {
        let is_quiet = match statement {
            Statement::ExportDeclaration(export) => {
                matches!(export.declaration, Declaration::FunctionDeclaration(_))
            }
            _ => matches!(
                statement,
                Statement::FunctionDeclaration(_)
                    | Statement::ImportDeclaration(_)
                    | Statement::ExportNamedDeclaration(_)
                    | Statement::ExportAllDeclaration(_)
                    | Statement::ExportDefaultDeclaration(_)
                    | Statement::TSTypeAliasDeclaration(_)
                    | Statement::TSInterfaceDeclaration(_)
                    | Statement::EmptyStatement(_)
                    | Statement::BreakStatement(_)
                    | Statement::ContinueStatement(_)
            ),
        };
        if is_quiet {
            return None;
        }
        let line = self.places.line(statement.span().start);
        self.counts.lines.get(&line).map(|count| *count > 0)
    }

    /// The name of a function that comes next, by where it stands.
    fn named(&mut self, name: Option<String>) {
        self.name = name;
    }
}

impl<'a> Visit<'a> for Ranges<'_> {
    fn visit_function(&mut self, function: &Function<'a>, flags: ScopeFlags) {
        let given = self.name.take();
        // Declarations of TypeScript's.
        let Some(body) = &function.body else {
            return;
        };
        let own = function.id.as_ref().map(|id| id.name.to_string());
        let name = own.or(given).unwrap_or_default();
        let first = body.statements.first().map_or(body.span, GetSpan::span);
        let line = self.places.line(function.params.span.start);
        // Of a class its constructor has the name.
        let shown = self.class.take().unwrap_or_else(|| name.clone());
        let count = self.calls(line, &shown, first.start);
        let span = self.method.take().unwrap_or(function.span);
        self.open(shown, span, count);
        // Of what is in one that never ran nobody hears.
        if count > 0 {
            self.list(body.span, &body.statements);
            walk::walk_function(self, function, flags);
        }
        self.close();
    }

    fn visit_arrow_function_expression(&mut self, arrow: &ArrowFunctionExpression<'a>) {
        let name = self.name.take().unwrap_or_default();
        let first = match &arrow.body {
            ArrowFunctionBody::FunctionBody(body) => {
                body.statements.first().map_or(body.span, GetSpan::span)
            }
            body => body.span(),
        };
        let line = self.places.line(arrow.params.span.start);
        let count = self.calls(line, &name, first.start);
        self.open(name, arrow.span, count);
        if count > 0 {
            if let ArrowFunctionBody::FunctionBody(body) = &arrow.body {
                self.list(body.span, &body.statements);
            }
            walk::walk_arrow_function_expression(self, arrow);
        }
        self.close();
    }

    fn visit_block_statement(&mut self, block: &BlockStatement<'a>) {
        self.list(block.span, &block.body);
        walk::walk_block_statement(self, block);
    }

    fn visit_switch_case(&mut self, case: &SwitchCase<'a>) {
        self.list(case.span, &case.consequent);
        walk::walk_switch_case(self, case);
    }

    fn visit_if_statement(&mut self, statement: &IfStatement<'a>) {
        let branches = [Some(&statement.consequent), statement.alternate.as_ref()];
        for branch in branches.into_iter().flatten() {
            let is_alone = !matches!(branch, Statement::BlockStatement(_));
            // On the line of its condition nothing tells them apart.
            let begins =
                self.places.line(branch.span().start) != self.places.line(statement.span.start);
            if is_alone && begins {
                self.list(branch.span(), std::slice::from_ref(branch));
            }
        }
        walk::walk_if_statement(self, statement);
    }

    fn visit_variable_declarator(&mut self, declarator: &VariableDeclarator<'a>) {
        let name = declarator.id.get_identifier_name();
        self.named(name.map(|name| name.to_string()));
        walk::walk_variable_declarator(self, declarator);
        self.named(None);
    }

    fn visit_object_property(&mut self, property: &ObjectProperty<'a>) {
        self.visit_property_key(&property.key);
        self.named(property.key.static_name().map(|name| name.to_string()));
        self.visit_expression(&property.value);
        self.named(None);
    }

    fn visit_class(&mut self, class: &Class<'a>) {
        let given = self.name.take();
        let own = class.id.as_ref().map(|id| id.name.to_string());
        self.classes.push(own.or(given).unwrap_or_default());
        walk::walk_class(self, class);
        self.classes.pop();
    }

    fn visit_method_definition(&mut self, method: &MethodDefinition<'a>) {
        self.visit_property_key(&method.key);
        self.named(method.key.static_name().map(|name| name.to_string()));
        self.class = match method.kind {
            MethodDefinitionKind::Constructor => self.classes.last().cloned(),
            _ => None,
        };
        self.method = Some(Span::new(method.key.span().start, method.span.end));
        self.visit_function(&method.value, ScopeFlags::Function);
        self.named(None);
    }

    fn visit_assignment_expression(&mut self, assignment: &AssignmentExpression<'a>) {
        self.visit_assignment_target(&assignment.left);
        let left = assignment.left.span();
        let text = self.text.get(left.start as usize..left.end as usize);
        self.named(text.filter(|text| !text.contains('\n')).map(str::to_owned));
        self.visit_expression(&assignment.right);
        self.named(None);
    }

    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        self.named(None);
        walk::walk_call_expression(self, call);
    }
}
