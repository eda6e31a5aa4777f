//! Programs from start to end: modules, top-level await, TypeScript, packages, errors and exit statuses.
//!
//! Each test runs one program in a folder of its own, on a loop of its own, and looks at `globalThis.result` (made JSON)
//! and the exit status.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use twinloop_js::engine::Local;
use twinloop_js::{Js, Options, SchemeUse, graph_names_scheme};
use twinloop_loop::Loop;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, &str)]) -> Folder {
        let folder =
            std::env::temp_dir().join(format!("twinloop-programs-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        for (file, text) in files {
            let path = folder.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Folder(folder.canonicalize().unwrap())
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.join(file)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The JSON of `globalThis.result`, and the exit status.
fn run_with(prepare: impl FnOnce(&Rc<Js>), main: &Path) -> (String, i32) {
    let event_loop = Loop::new().unwrap();
    let js = Js::new(&event_loop, Options::default()).unwrap();
    prepare(&js);
    let status = js.run_main(main);
    let result = js.context().enter(|scope| {
        let result = scope.get(scope.global(), "result").unwrap();
        scope.json_stringify(result).unwrap().unwrap_or_default()
    });
    js.end();
    event_loop.close();
    (result, status)
}

fn run(main: &Path) -> (String, i32) {
    run_with(|_| (), main)
}

#[track_caller]
fn program_gives(name: &str, files: &[(&str, &str)], expected: &str) {
    let folder = Folder::new(name, files);
    let (result, status) = run(&folder.path(files[0].0));
    assert_eq!(
        result,
        expected.replace("FOLDER", &folder.0.display().to_string())
    );
    assert_eq!(status, 0);
}

/// Runs the first file, which fails, and gives what it wrote into `result` and the status.
#[track_caller]
fn program_fails(name: &str, files: &[(&str, &str)]) -> i32 {
    let folder = Folder::new(name, files);
    run(&folder.path(files[0].0)).1
}

#[test]
fn modules_share_bindings_and_run_in_order() {
    program_gives(
        "bindings",
        &[
            (
                "main.mjs",
                "import { count, add } from './a.mjs'; import * as all from './b.js'; add(); add(); globalThis.result = [order, count, all.default, all['a name']];",
            ),
            (
                "a.mjs",
                "(globalThis.order ??= []).push('a'); export let count = 0; export function add() { count++ }",
            ),
            (
                "b.js",
                "(globalThis.order ??= []).push('b'); export default 'd'; const x = 5; export { x as 'a name' }",
            ),
        ],
        r#"[["a","b"],2,"d",5]"#,
    );
}

#[test]
fn top_level_await_and_timers_keep_the_program_alive() {
    program_gives(
        "await",
        &[
            (
                "main.mjs",
                "import value from './slow.mjs'; await null; globalThis.result = value; setTimeout(() => { globalThis.result += '!' }, 5);",
            ),
            (
                "slow.mjs",
                "export default await new Promise((resolve) => setTimeout(resolve, 5, 'slow'))",
            ),
        ],
        r#""slow!""#,
    );
}

#[test]
fn dynamic_import_is_relative_to_its_module_and_gives_the_same_namespace() {
    program_gives(
        "dynamic",
        &[
            (
                "main.mjs",
                "const inner = await import('./sub/inner.mjs'); const again = await import('./sub/inner.mjs'); const query = await import('./sub/inner.mjs?x=1'); globalThis.result = [inner.deep.name, inner === again, inner === query];",
            ),
            (
                "sub/inner.mjs",
                "export const deep = await import('./deep.mjs');",
            ),
            ("sub/deep.mjs", "export const name = 'deep';"),
        ],
        r#"["deep",true,false]"#,
    );
}

#[test]
fn imports_of_commonjs_and_of_code_made_of_text_are_relative_to_the_file() {
    // Prettier and webpack import so; relative to the working directory nothing would be found.
    program_gives(
        "made-of-text",
        &[
            (
                "main.mjs",
                "globalThis.result = [...await (await import('./lib/a.cjs')).default, ...await (await import('./lib/b.mjs')).default];",
            ),
            (
                "lib/a.cjs",
                "const made = new Function('name', 'return import(name)');
                 const take = async (module) => (await module).default;
                 module.exports = Promise.all([take(import('./c.mjs')), take(made('./c.mjs')), take(eval('import(\"./c.mjs\")')), take((0, eval)('import(\"./c.mjs\")'))]);",
            ),
            (
                "lib/b.mjs",
                "const made = new Function('name', 'return import(name)');
                 export default Promise.all([made('./c.mjs'), (0, eval)('import(\"./c.mjs\")')]).then((all) => all.map((module) => module.default));",
            ),
            ("lib/c.mjs", "export default 7;"),
        ],
        "[7,7,7,7,7,7]",
    );
}

#[test]
fn commonjs_and_functions_compiled_from_text_keep_their_characters() {
    // The engine's call for functions takes UTF-8 for Latin-1.
    program_gives(
        "characters",
        &[(
            "main.cjs",
            "globalThis.result = ['é'.length, 'Ā' === '\\u0100', '😀', require('vm').compileFunction('return \"é😀\".length + x.length', ['x'])('é')];",
        )],
        "[1,true,\"😀\",4]",
    );
}

#[test]
fn a_native_addon_is_refused_by_a_sentence() {
    program_gives(
        "addon",
        &[
            (
                "main.cjs",
                "const told = (error) => [error.code, error.message.includes('native addon')];
                 let first;
                 try { require('./a.node'); } catch (error) { first = told(error); }
                 import('./a.node').catch((error) => { globalThis.result = [first, told(error)]; });",
            ),
            ("a.node", "\u{7f}ELF"),
        ],
        "[[\"ERR_DLOPEN_FAILED\",true],[\"ERR_DLOPEN_FAILED\",true]]",
    );
}

#[test]
fn the_first_line_of_commonjs_has_its_own_columns() {
    program_gives(
        "first-line",
        &[(
            "main.cjs",
            "globalThis.result = new Error().stack.split('\\n')[1].split('/').pop();",
        )],
        "\"main.cjs:1:21\"",
    );
}

#[test]
fn import_meta_tells_where_the_module_is() {
    program_gives(
        "meta",
        &[
            (
                "main.mjs",
                "import { main } from './other.mjs'; const m = import.meta; globalThis.result = [m.url.startsWith('file:///'), m.filename, m.dirname, m.main, main, m.resolve('./other.mjs') === new URL('other.mjs', m.url).href, m.resolve('node:path')];",
            ),
            ("other.mjs", "export const main = import.meta.main;"),
        ],
        r#"[true,"FOLDER/main.mjs","FOLDER",true,false,true,"node:path"]"#,
    );
}

#[test]
fn json_and_text_are_modules() {
    program_gives(
        "json",
        &[
            (
                "main.mjs",
                "import data from './data.json' with { type: 'json' }; import text from './data.json' with { type: 'text' }; const { default: again } = await import('./data.json', { with: { type: 'json' } }); globalThis.result = [data, text, data === again];",
            ),
            ("data.json", "{\"a\":[1]}"),
        ],
        r#"[{"a":[1]},"{\"a\":[1]}",true]"#,
    );
}

#[test]
fn typescript_runs_and_its_errors_have_the_right_line() {
    program_gives(
        "typescript",
        &[
            (
                "main.ts",
                "import { type Shape, Kind, area } from './shapes.js';\nimport { Unused } from './shapes.ts';\ninterface Local { x: number }\nconst shape: Shape = { kind: Kind.Square, side: 3 } as Shape;\nclass Point { constructor(private readonly x: number, public y = 2) {} sum(): number { return this.x + this.y } }\nlet line: string = '';\ntry {\n  (null as any).boom;\n} catch (error: unknown) {\n  line = (error as Error).stack!.match(/main\\.ts:(\\d+):(\\d+)/)!.slice(1).join();\n}\nlet u: Unused;\nglobalThis.result = [area(shape), new Point(1).sum(), Kind[1], line];\n",
            ),
            (
                "shapes.ts",
                "export enum Kind { Circle, Square }\nexport interface Shape { kind: Kind, side: number }\nexport type Unused = string;\nexport const area = (shape: Shape): number => shape.side ** 2;\n",
            ),
        ],
        r#"[9,3,"Square","8,4"]"#,
    );
}

#[test]
fn packages_are_found_through_exports_main_and_self_reference() {
    program_gives(
        "packages",
        &[
            (
                "main.mjs",
                "import a, { name } from 'esm-package'; import feature from 'esm-package/feature'; import cjs, { one } from 'cjs-package'; import '#internal'; globalThis.result = [a, name, feature, cjs.one, one, cjs.file, internal];",
            ),
            (
                "package.json",
                r##"{"name":"app","imports":{"#internal":"./internal.mjs"}}"##,
            ),
            ("internal.mjs", "globalThis.internal = true;"),
            (
                "node_modules/esm-package/package.json",
                r#"{"name":"esm-package","type":"module","exports":{".":{"require":"./no.cjs","import":"./yes.js"},"./feature":"./feature.js"}}"#,
            ),
            (
                "node_modules/esm-package/yes.js",
                "export default 'default'; export const name = 'named';",
            ),
            (
                "node_modules/esm-package/feature.js",
                "export default 'feature';",
            ),
            (
                "node_modules/cjs-package/package.json",
                r#"{"name":"cjs-package","main":"lib/index"}"#,
            ),
            (
                "node_modules/cjs-package/lib/index.js",
                "const path = require('path'); exports.one = require('./one').value; exports.file = path.basename(__filename); exports.self = require('./one').back === exports;",
            ),
            (
                "node_modules/cjs-package/lib/one.js",
                "module.exports = { value: 1, back: require('./index') };",
            ),
        ],
        r#"["default","named","feature",1,1,"index.js",true]"#,
    );
}

/// A CommonJS file used to run when it was loaded, before the modules that its importer named first.
#[test]
fn commonjs_runs_in_the_order_of_the_graph() {
    program_gives(
        "order",
        &[
            (
                "main.mjs",
                "import './first.mjs'; import { seen } from './second.cjs'; import './third.mjs'; globalThis.result = [seen, globalThis.order];",
            ),
            ("first.mjs", "globalThis.order = ['first'];"),
            (
                "second.cjs",
                "globalThis.order.push('second'); exports.seen = globalThis.order.length;",
            ),
            ("third.mjs", "globalThis.order.push('third');"),
        ],
        r#"[2,["first","second","third"]]"#,
    );
}

#[test]
fn names_of_commonjs_are_told_from_its_text_also_through_others() {
    program_gives(
        "names",
        &[
            (
                "main.mjs",
                "import all, { own, passed, defined } from './a.cjs'; import * as everything from './a.cjs'; \
                 globalThis.result = [own, passed, defined, all.computed, Object.keys(everything).sort(), everything['module.exports'] === all];",
            ),
            (
                "a.cjs",
                "exports.own = 1; __exportStar(require('./b.cjs')); function __exportStar(from) { Object.assign(exports, from); } \
                 const three = 3; Object.defineProperty(exports, 'defined', { enumerable: true, get() { return three; } }); \
                 Object.defineProperty(exports, 'made', { enumerable: true, get: () => 5 }); exports['com' + 'puted'] = 4;",
            ),
            ("b.cjs", "module.exports = { passed: 2 };"),
        ],
        r#"[1,2,3,4,["default","defined","module.exports","own","passed"],true]"#,
    );
}

/// `require.main === module` was false, so a program that asks it did nothing, and ended well.
#[test]
fn a_file_without_module_syntax_is_commonjs_and_knows_that_it_is_the_program() {
    program_gives(
        "detected",
        &[
            (
                "main.js",
                "const helper = require('./helper'); globalThis.result = [require.main === module, module.id, helper.main, module.children[0] === helper.module, \
             Object.keys(require.cache).length, typeof __filename, this === exports, require('./data.json') === require('./data.json')];",
            ),
            (
                "helper.js",
                "exports.main = require.main === module; exports.module = module;",
            ),
            ("data.json", "{}"),
        ],
        r#"[true,".",false,true,2,"string",true,true]"#,
    );
    program_gives(
        "detected-module",
        &[(
            "main.js",
            "await 1; globalThis.result = [typeof require, this === undefined];",
        )],
        r#"["undefined",true]"#,
    );
    program_gives(
        "detected-typescript",
        &[
            (
                "main.ts",
                "import path = require('node:path'); const name: string = path.join('a', 'b'); globalThis.result = [name, require('./c.cts').n];",
            ),
            ("c.cts", "const n: number = 1; export = { n };"),
        ],
        r#"["a/b",1]"#,
    );
}

#[test]
fn require_of_an_es_module_marks_it_for_compiled_code() {
    program_gives(
        "require-module",
        &[
            (
                "main.cjs",
                "const a = require('./a.mjs'), b = require('./b.mjs'), c = require('./c.mjs'); \
                 globalThis.result = [a.__esModule, a.default, a.named, '__esModule' in b, b.x, c, a.named === require('./a.mjs').named];",
            ),
            ("a.mjs", "export default 1; export const named = {};"),
            ("b.mjs", "export const x = 2;"),
            (
                "c.mjs",
                "export { value as 'module.exports' }; const value = 'all'; export default 3;",
            ),
        ],
        r#"[true,1,{},false,2,"all",true]"#,
    );
}

/// `module` names a file for bundlers; a package whose `module` could not run failed to load.
#[test]
fn a_package_without_exports_is_found_by_main() {
    program_gives(
        "main-field",
        &[
            ("main.mjs", "import x from 'p'; globalThis.result = [x];"),
            (
                "node_modules/p/package.json",
                r#"{"main":"m.js","module":"no.js"}"#,
            ),
            ("node_modules/p/m.js", "module.exports = 'main'"),
            ("node_modules/p/no.js", "export default 'module'"),
        ],
        r#"["main"]"#,
    );
}

#[test]
fn resolving_a_path_needs_no_file_and_an_unknown_builtin_has_its_code() {
    program_gives(
        "resolve",
        &[
            (
                "main.mjs",
                "import './unknown.cjs'; globalThis.result = [import.meta.resolve('./new.js') === new URL('new.js', import.meta.url).href, globalThis.code];",
            ),
            (
                "unknown.cjs",
                "try { require('node:nope') } catch (error) { globalThis.code = error.code }",
            ),
        ],
        r#"[true,"ERR_UNKNOWN_BUILTIN_MODULE"]"#,
    );
}

#[test]
fn built_in_modules_have_default_and_named_exports() {
    program_gives(
        "builtin",
        &[(
            "main.mjs",
            "import path, { join } from 'node:path'; import again from 'path'; globalThis.result = [join('a', 'b'), path.join === join, again === path];",
        )],
        r#"["a/b",true,true]"#,
    );
}

#[test]
fn a_missing_module_names_specifier_importer_and_place() {
    program_gives(
        "missing",
        &[
            (
                "main.mjs",
                "const seen = [];\nfor (const name of ['./absent.mjs', './bad.mjs', 'absent-package', 'node:absent', 'what:ever', './sub'])\n  try { await import(name) } catch (error) { seen.push(error.code + ' ' + error.message) }\nglobalThis.result = seen;",
            ),
            ("bad.mjs", "\n\nimport './gone.mjs';"),
            ("sub/x.mjs", ""),
        ],
        "[\"ERR_MODULE_NOT_FOUND Cannot find module 'FOLDER/absent.mjs' imported from FOLDER/main.mjs:3:9\",\
          \"ERR_MODULE_NOT_FOUND Cannot find module 'FOLDER/gone.mjs' imported from FOLDER/bad.mjs:3:8\",\
          \"ERR_MODULE_NOT_FOUND Cannot find package 'absent-package' imported from FOLDER/main.mjs:3:9\",\
          \"ERR_UNKNOWN_BUILTIN_MODULE No such built-in module: node:absent imported from FOLDER/main.mjs:3:9\",\
          \"ERR_UNSUPPORTED_ESM_URL_SCHEME Cannot import 'what:ever': modules of the scheme 'what:' are not supported imported from FOLDER/main.mjs:3:9\",\
          \"ERR_UNSUPPORTED_DIR_IMPORT Cannot import the directory 'FOLDER/sub' imported from FOLDER/main.mjs:3:9\"]",
    );
}

#[test]
fn a_module_that_fails_rejects_its_import_and_can_be_caught() {
    program_gives(
        "failing",
        &[
            (
                "main.mjs",
                "const seen = [];\nfor (const name of ['./throws.mjs', './syntax.mjs', './deep.mjs', './link.mjs', './syntax.ts'])\n  try { await import(name) } catch (error) { seen.push([error.name, error.message.split(' (')[0].split(':')[0], error.lineNumber]) }\nglobalThis.result = seen;",
            ),
            ("throws.mjs", "\nthrow new RangeError('thrown');"),
            ("syntax.mjs", "let a;\nlet a;"),
            ("deep.mjs", "import './syntax.mjs'"),
            ("link.mjs", "import { absent } from './fine.mjs'; absent"),
            ("fine.mjs", "export {}"),
            ("syntax.ts", "let x: number = ;"),
        ],
        r#"[["RangeError","thrown",2],["SyntaxError","redeclaration of let a",2],["SyntaxError","redeclaration of let a",2],["SyntaxError","The requested module 'FOLDER/fine.mjs' doesn't provide an export named",1],["SyntaxError","Unexpected token",1]]"#,
    );
}

#[test]
fn programs_that_fail_end_with_status_1() {
    assert_eq!(
        program_fails("throw", &[("main.mjs", "throw new Error('on purpose')")]),
        1
    );
    assert_eq!(
        program_fails(
            "reject",
            &[(
                "main.mjs",
                "Promise.reject(new Error('on purpose')); setTimeout(() => {}, 100000)"
            )]
        ),
        1
    );
    assert_eq!(
        program_fails(
            "timer",
            &[(
                "main.mjs",
                "setTimeout(() => { throw new Error('on purpose') }, 1); setTimeout(() => {}, 100000)"
            )]
        ),
        1
    );
    assert_eq!(program_fails("syntax", &[("main.mjs", "let let = 1")]), 1);
    assert_eq!(
        program_fails("gone", &[("main.mjs", "import './gone.mjs'")]),
        1
    );
    assert_eq!(
        program_fails(
            "later",
            &[(
                "main.mjs",
                "await new Promise((resolve) => setTimeout(resolve, 1)); throw 'a string'"
            )]
        ),
        1
    );
}

#[test]
fn a_program_that_does_not_exist_ends_with_status_1() {
    assert_eq!(run(Path::new("/nowhere/at/all.mjs")).1, 1);
}

#[test]
fn process_exit_ends_at_once_from_anywhere() {
    for (name, code) in [
        ("module", "process.exit(7); globalThis.result = 'ran on'"),
        (
            "timer",
            "setTimeout(() => process.exit(7), 1); setTimeout(() => { globalThis.result = 'ran on' }, 50000)",
        ),
        (
            "microtask",
            "queueMicrotask(() => { try { process.exit(7) } finally { globalThis.result = 'ran on' } }); await null; await null; globalThis.result = 'ran on'",
        ),
        (
            "nested",
            "[1].forEach(() => [2].map(() => process.exit(7))); globalThis.result = 'ran on'",
        ),
    ] {
        let folder = Folder::new(&format!("exit-{name}"), &[("main.mjs", code)]);
        assert_eq!(run(&folder.path("main.mjs")), (String::new(), 7), "{name}");
    }
    let folder = Folder::new(
        "exit-code",
        &[(
            "main.mjs",
            "process.exitCode = 3; process.on('exit', (code) => { globalThis.result = code })",
        )],
    );
    assert_eq!(run(&folder.path("main.mjs")), ("3".into(), 3));
}

#[test]
fn an_await_that_nothing_can_settle_ends_with_status_13() {
    assert_eq!(
        program_fails("stuck", &[("main.mjs", "await new Promise(() => {})")]),
        13
    );
}

#[test]
fn a_registered_scheme_supplies_modules() {
    let folder = Folder::new(
        "scheme",
        &[(
            "main.mjs",
            "import it, { answer } from 'python:some.name'; const other = await import('python:other'); globalThis.result = [it, answer, other['odd \\n name'], other === await import('python:other')]; try { await import('python:bad') } catch (error) { result.push(error.message) }",
        )],
    );
    let asked = Rc::new(RefCell::new(Vec::new()));
    let log = asked.clone();
    let prepare = move |js: &Rc<Js>| {
        js.register_scheme(
            "python",
            Rc::new(move |scope, name| {
                log.borrow_mut().push(name.to_owned());
                if name == "bad" {
                    return Err(twinloop_js::engine::Error::new("no module named bad"));
                }
                Ok(vec![
                    ("default".to_owned(), scope.string(name)?),
                    ("answer".to_owned(), scope.number(42.0)),
                    ("odd \n name".to_owned(), Local::null()),
                ])
            }),
        );
    };
    let (result, status) = run_with(prepare, &folder.path("main.mjs"));
    assert_eq!(
        (result.as_str(), status),
        (r#"["some.name",42,null,true,"no module named bad"]"#, 0)
    );
    assert_eq!(*asked.borrow(), ["some.name", "other", "bad"]);
}

#[test]
fn the_graph_of_static_imports_tells_of_a_scheme_before_anything_runs() {
    let folder = Folder::new(
        "graph",
        &[
            ("deep.mjs", "import './a.ts'; throw 1"),
            (
                "a.ts",
                "import type { X } from 'python:types'; export * from './b.mjs'",
            ),
            (
                "b.mjs",
                "import './deep.mjs'; import { y } from 'python:real'",
            ),
            (
                "types.ts",
                "import type { X } from 'python:types'; import { Y } from 'python:types'; let y: Y",
            ),
            (
                "dynamic.mjs",
                "// import 'python:comment'\nimport('python:x'); 'import python:y'",
            ),
            ("later.mjs", "import './dynamic.mjs'; import('./deep.mjs')"),
            (
                "computed.mjs",
                "import(`python:${name}`); import('./deep.mjs'); f('python:x')",
            ),
            ("broken.mjs", "import './absent.mjs'; import 'python:x"),
        ],
    );
    // No UTF-8, which the loader reads all the same.
    let latin = folder.path("latin.mjs");
    std::fs::write(&latin, b"// caf\xe9\nimport 'python:real'").unwrap();
    let wanted = [
        ("deep.mjs", SchemeUse::Static),
        ("latin.mjs", SchemeUse::Static),
        ("dynamic.mjs", SchemeUse::Dynamic),
        ("later.mjs", SchemeUse::Dynamic),
        ("types.ts", SchemeUse::Nowhere),
        ("computed.mjs", SchemeUse::Nowhere),
        ("broken.mjs", SchemeUse::Nowhere),
        ("absent.mjs", SchemeUse::Nowhere),
    ];
    for (file, found) in wanted {
        let path = folder.path(file);
        assert_eq!(graph_names_scheme(&path, "python"), found, "{file}");
    }
}

#[test]
fn webassembly_compiles_off_thread_and_atomics_wait_without_blocking() {
    program_gives(
        "wasm",
        &[("main.mjs", "const bytes = new Uint8Array([0,97,115,109,1,0,0,0,1,7,1,96,2,127,127,1,127,3,2,1,0,7,7,1,3,97,100,100,0,0,10,9,1,7,0,32,0,32,1,106,11]);
            const { instance } = await WebAssembly.instantiate(bytes);
            const cell = new Int32Array(new SharedArrayBuffer(4));
            const timed = Atomics.waitAsync(cell, 0, 0, 5);
            const woken = Atomics.waitAsync(cell, 0, 0);
            Atomics.notify(cell, 0, 1);
            const order = [];
            timed.value.then((how) => order.push(how)); woken.value.then((how) => order.push(how));
            await timed.value; Atomics.notify(cell, 0); await woken.value;
            globalThis.result = [instance.exports.add(2, 3), order.sort()];")],
        r#"[5,["ok","ok"]]"#,
    );
}

#[test]
fn finalization_callbacks_run_after_a_collection() {
    let folder = Folder::new(
        "finalize",
        &[(
            "main.mjs",
            "const registry = new FinalizationRegistry((held) => { globalThis.result = held }); (() => { registry.register({}, 'held') })(); await null; collect(); await new Promise((resolve) => setTimeout(resolve, 5));",
        )],
    );
    let prepare = |js: &Rc<Js>| {
        js.context().enter(|scope| {
            let collect = scope
                .closure("collect", 0, |scope, _| {
                    scope.collect_garbage();
                    Ok(Local::undefined())
                })
                .unwrap();
            scope.set(scope.global(), "collect", collect).unwrap();
        });
    };
    assert_eq!(
        run_with(prepare, &folder.path("main.mjs")),
        (r#""held""#.into(), 0)
    );
}

#[test]
fn a_request_that_ends_in_a_step_to_a_folder_means_the_folder() {
    program_gives(
        "steps",
        &[
            (
                "main.cjs",
                "const { resolve } = require('path');
                 const code = (f) => { try { f() } catch (error) { return error.code } };
                 globalThis.result = [
                     require('./a/b/c'),
                     require(resolve(__dirname, 'a') + '/none/..'),
                     require.resolve('p', { paths: [__dirname + '/node_modules'] }).endsWith('node_modules/node_modules/p.js'),
                     code(() => require.resolve('node:none')),
                     code(() => require('node:none')),
                 ];",
            ),
            ("a.json", "{}"),
            ("a/index.js", "module.exports = 'folder'"),
            ("a/b/c.js", "module.exports = require('..')"),
            ("node_modules/p.js", ""),
            ("node_modules/node_modules/p.js", ""),
        ],
        r#"["folder","folder",false,"MODULE_NOT_FOUND","ERR_UNKNOWN_BUILTIN_MODULE"]"#,
    );
}
