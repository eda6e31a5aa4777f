//! The command as its users meet it: what it runs, what it says, and its exit status.

mod common;

use common::{Folder, twinloop};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

fn run(arguments: &[&str]) -> Output {
    twinloop().args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[track_caller]
fn assert_run(output: &Output, status: i32, stdout: &str) {
    assert_eq!(
        text(&output.stdout),
        stdout,
        "stderr: {}",
        text(&output.stderr).to_owned()
    );
    assert_eq!(
        output.status.code(),
        Some(status),
        "stderr: {}",
        text(&output.stderr).to_owned()
    );
}

#[test]
fn code_on_the_command_line_runs_as_a_module() {
    let output = run(&[
        "-e",
        "await null; console.log(process.argv.slice(1))",
        "a",
        "-e",
    ]);
    assert_run(&output, 0, "[ 'a', '-e' ]\n");
}

#[test]
fn modules_import_each_other_and_json_and_typescript() {
    let folder = Folder::new("cli-modules");
    folder.file("data.json", r#"{ "answer": 42 }"#);
    folder.file(
        "types.ts",
        "export interface A { a: number }\nexport const a: A = { a: 1 as number };\n",
    );
    let main = folder.file(
        "main.mjs",
        "import data from './data.json' with { type: 'json' };\n\
         import { a } from './types.ts';\n\
         const late = await import('./late.js');\n\
         console.log(data.answer, a, late.default, import.meta.main, import.meta.filename.endsWith('main.mjs'));\n",
    );
    folder.file("late.js", "export default 'late';\n");
    assert_run(
        &run(&[main.to_str().unwrap()]),
        0,
        "42 { a: 1 } late true true\n",
    );
}

#[test]
fn a_syntax_error_names_file_and_line() {
    let folder = Folder::new("cli-syntax");
    let file = folder.file("broken.mjs", "const a = 1;\nconst b = ;\n");
    let output = run(&[file.to_str().unwrap()]);
    assert_run(&output, 1, "");
    let errors = text(&output.stderr);
    assert!(
        errors.contains("SyntaxError") && errors.contains("broken.mjs:2"),
        "{errors}"
    );
}

#[test]
fn an_error_that_nobody_handles_has_a_stack_and_status_one() {
    let folder = Folder::new("cli-uncaught");
    let file = folder.file(
        "app.ts",
        "type T = string;\nfunction deep(x: T) { throw new TypeError(x); }\ndeep('bad');\n",
    );
    let output = run(&[file.to_str().unwrap()]);
    assert_run(&output, 1, "");
    let errors = text(&output.stderr);
    assert!(
        errors.contains("TypeError: bad")
            && errors.contains("app.ts:2")
            && errors.contains("app.ts:3"),
        "{errors}"
    );
}

#[test]
fn a_rejection_that_nobody_handles_ends_the_program_with_status_one() {
    let output = run(&[
        "-e",
        "Promise.reject(new RangeError('lost')); setTimeout(() => console.log('never'), 1000)",
    ]);
    assert_run(&output, 1, "");
    assert!(text(&output.stderr).contains("RangeError: lost"));
    assert_run(
        &run(&[
            "-e",
            "Promise.reject(1).catch(() => console.log('handled'))",
        ]),
        0,
        "handled\n",
    );
}

#[test]
fn the_exit_status_is_the_programs_own() {
    assert_run(
        &run(&[
            "-e",
            "process.on('exit', (code) => console.log('exit', code)); process.exit(7)",
        ]),
        7,
        "exit 7\n",
    );
    assert_run(
        &run(&[
            "-e",
            "process.exitCode = 3; setTimeout(() => console.log('end'), 1)",
        ]),
        3,
        "end\n",
    );
}

#[test]
fn timers_microtasks_and_immediates_keep_the_order_of_the_turn() {
    let code = "setTimeout(() => { console.log('timer 1'); Promise.resolve().then(() => console.log('microtask of timer 1')); }, 0);\n\
                setTimeout(() => console.log('timer 2'), 0);\n\
                queueMicrotask(() => console.log('microtask'));\n\
                console.log('main');\n";
    assert_run(
        &run(&["-e", code]),
        0,
        "main\nmicrotask\ntimer 1\nmicrotask of timer 1\ntimer 2\n",
    );
}

#[test]
fn a_hundred_thousand_timers_and_promises_are_no_burden() {
    let code = "let left = 200_000;\n\
                const done = () => { left -= 1; if (left === 0) console.log('all done'); };\n\
                for (let i = 0; i < 100_000; i += 1) { setTimeout(done, i % 10); (async () => { await null; done(); })(); }\n";
    assert_run(&run(&["-e", code]), 0, "all done\n");
}

#[test]
fn endless_recursion_is_an_error_that_can_be_caught() {
    let code = "const f = () => f() + 1; try { f(); } catch (error) { console.log(error instanceof RangeError, error.name, error.message); }";
    let output = run(&["-e", code]);
    assert_run(
        &output,
        0,
        "true RangeError Maximum call stack size exceeded\n",
    );
}

#[test]
fn an_endless_loop_ends_on_ctrl_c() {
    // Under a test runner that was started in the background SIGINT would be ignored, and stay so.
    let mut child = Command::new("env")
        .arg("--default-signal=INT")
        .arg(env!("CARGO_BIN_EXE_twinloop"))
        .args(["-e", "for (;;) {}"])
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begun.elapsed() > Duration::from_secs(10) {
            child.kill().unwrap();
            panic!("the program went on after SIGINT");
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    assert!(!status.success());
}

#[test]
fn a_missing_file_a_folder_and_an_unknown_language_are_named() {
    let folder = Folder::new("cli-missing");
    let other = folder.file("program.rb", "puts 1");
    for (argument, expected, status) in [
        ("no-such-file.js", "cannot open no-such-file.js", 2),
        (folder.0.to_str().unwrap(), "is a folder", 2),
        (other.to_str().unwrap(), "cannot tell the language", 2),
        ("--nonsense", "bad option: --nonsense", 9),
        // Taken in silence, it would limit nothing.
        ("--allow-net=a", "it needs --permission", 2),
        ("--max-old-space-size=many", "is no number of MiB", 2),
    ] {
        let output = run(&[argument]);
        assert_eq!(output.status.code(), Some(status), "{argument}");
        assert!(
            text(&output.stderr).contains(expected),
            "{argument}: {}",
            text(&output.stderr)
        );
    }
}

#[test]
fn programs_start_as_node_starts_them() {
    let folder = Folder::new("cli-starts");
    let first = folder.file("first.cjs", "globalThis.first = 'required';\n");
    let second = folder.file(
        "second.mjs",
        "await null; globalThis.second = 'imported';\n",
    );
    let env = folder.file(".env", "FROM_FILE=\"a value\"\nHOME=kept\n");
    folder.file("app/package.json", r#"{ "main": "lib/start" }"#);
    folder.file(
        "app/lib/start.js",
        "console.log(first, second, process.env.FROM_FILE, process.env.HOME, process.title, typeof gc);\n",
    );
    let plain = folder.file(
        "tool",
        "#!/usr/bin/env twinloop\nconsole.log(typeof require)\n",
    );
    let output = twinloop()
        .arg("--require")
        .arg(&first)
        .arg("--import")
        .arg(&second)
        .arg(format!("--env-file={}", env.display()))
        .args([
            "--title=mine",
            "--expose-gc",
            "--max-old-space-size=100",
            "--harmony-x",
        ])
        .arg(folder.0.join("app"))
        .env("HOME", "/home")
        .output()
        .unwrap();
    assert_run(
        &output,
        0,
        "required imported a value /home mine function\n",
    );
    assert_run(&run(&[plain.to_str().unwrap()]), 0, "function\n");
    assert_run(&run(&["-p", "os.EOL.length + [1, 2].length"]), 0, "3\n");
    assert_run(
        &run(&["-e", "console.log(process.execArgv.length, module.id)"]),
        0,
        "2 [eval]\n",
    );
    assert_run(
        &run(&["--input-type=module", "-e", "console.log(typeof require)"]),
        0,
        "undefined\n",
    );
}

#[test]
fn crypto_in_code_of_the_command_line_is_the_module() {
    let hashes = "console.log(crypto.createHash('md5').update('a').digest('hex'), typeof globalThis.crypto.createHash)";
    for (words, printed) in [
        (&["-p", "crypto === require('crypto')"][..], "true\n"),
        (
            &["-e", hashes],
            "0cc175b9c0f1b6a831c399e269772661 undefined\n",
        ),
        (
            &[
                "-e",
                "const crypto = require('crypto'), own = 1; console.log(own, typeof crypto.createHash)",
            ],
            "1 function\n",
        ),
        (
            &[
                "-e",
                "crypto = 5; setTimeout(() => console.log(crypto, typeof globalThis.crypto.subtle))",
            ],
            "5 object\n",
        ),
        (
            &["-p", "new Function('return typeof crypto.createHash')()"],
            "undefined\n",
        ),
        (
            &[
                "--input-type=module",
                "-e",
                "console.log(typeof crypto.createHash)",
            ],
            "undefined\n",
        ),
    ] {
        assert_run(&run(words), 0, printed);
    }
}

#[test]
fn a_mistake_in_commonjs_is_shown_where_it_is() {
    let folder = Folder::new("cli-mistake");
    let wrong = folder.file(
        "wrong.cjs",
        "function f() {\n  return { a: 1\n    b: 2 };\n}\n",
    );
    let output = run(&[wrong.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let shown = text(&output.stderr);
    let begin = format!("{}:3\n    b: 2 }};\n    ^\n", wrong.display());
    assert!(shown.starts_with(&begin), "{shown}");
}

#[test]
fn a_heap_with_a_limit_ends_the_program_and_not_the_process_before_it() {
    let code = "const kept = []; for (;;) kept.push(new Array(1000).fill({}).map(() => ({})));";
    let output = run(&["--max-old-space-size=64", "-e", code]);
    assert_eq!(output.status.code(), Some(134));
    assert!(text(&output.stderr).contains("heap out of memory: --max-old-space-size"));
    let enough = "console.log(new Array(1e5).fill(1).length)";
    assert_run(
        &run(&["--max-old-space-size=64", "-e", enough]),
        0,
        "100000\n",
    );
}

#[test]
fn standard_input_may_be_the_program_and_syntax_can_be_looked_at() {
    let folder = Folder::new("cli-check");
    let wrong = folder.file("wrong.js", "console.log('ran');\nlet let = 1;\n");
    let right = folder.file("right.mjs", "console.log('ran'); await 1;\n");
    let output = run(&["--check", wrong.to_str().unwrap()]);
    assert_run(&output, 1, "");
    assert!(text(&output.stderr).contains("SyntaxError"));
    assert_run(&run(&["--check", right.to_str().unwrap()]), 0, "");
    for words in [&[][..], &["-", "x"]] {
        let mut child = twinloop()
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let code = b"console.log(process.argv.slice(1), typeof require)";
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), code).unwrap();
        let output = child.wait_with_output().unwrap();
        let shown = if words.is_empty() {
            "[] function\n"
        } else {
            "[ 'x' ] function\n"
        };
        assert_run(&output, 0, shown);
    }
}

#[test]
fn warnings_and_rejections_go_as_the_options_say() {
    let warns = "process.emitWarning('careful', { code: 'W1' }); process.emitWarning('old', 'DeprecationWarning', 'D1')";
    assert!(text(&run(&["-e", warns]).stderr).contains("careful"));
    assert_eq!(text(&run(&["--no-warnings", "-e", warns]).stderr), "");
    let some = run(&["--disable-warning=W1", "--no-deprecation", "-e", warns]);
    assert_eq!(text(&some.stderr), "");
    assert_eq!(
        run(&["--throw-deprecation", "-e", warns]).status.code(),
        Some(1)
    );
    let rejects = "Promise.reject(new Error('nobody')); setTimeout(() => console.log('on'), 1)";
    assert_run(
        &run(&["--unhandled-rejections=none", "-e", rejects]),
        0,
        "on\n",
    );
    let warned = run(&["--unhandled-rejections=warn", "-e", rejects]);
    assert_run(&warned, 0, "on\n");
    assert!(text(&warned.stderr).contains("UnhandledPromiseRejectionWarning"));
    assert_run(&run(&["-e", rejects]), 1, "");
    let fails = "process.on('uncaughtException', () => { throw new Error('again'); });\
        process.on('exit', () => console.log('exit')); throw new Error('first');";
    let failed = run(&["-e", fails]);
    assert_run(&failed, 7, "");
    assert!(text(&failed.stderr).contains("again"));
    let in_environment = twinloop()
        .args(["-e", warns])
        .env("NODE_OPTIONS", "--no-warnings")
        .output()
        .unwrap();
    assert_eq!(text(&in_environment.stderr), "");
    let refused = twinloop()
        .args(["-e", "1"])
        .env("NODE_OPTIONS", "--eval=2")
        .output();
    assert_eq!(refused.unwrap().status.code(), Some(9));
}

#[test]
fn help_and_version_explain_themselves() {
    assert!(text(&run(&["--help"]).stdout).contains("--connect-to"));
    assert!(text(&run(&["--version"]).stdout).starts_with("twinloop "));
}

#[test]
fn launchers_that_ask_for_the_options_of_the_engine_get_some() {
    // gulp and its like run `node --v8-options` and look for these lines.
    let output = run(&["--v8-options"]);
    let printed = text(&output.stdout);
    let (_, options) = printed.split_once("\nOptions:").unwrap();
    for line in options.lines().filter(|line| line.starts_with("  --")) {
        let name = line.split_whitespace().next().unwrap();
        let taken = run(&[&format!("{name}=1000"), "-e", "1"]).status;
        let switch = run(&[name, "-e", "1"]).status;
        assert!(taken.success() || switch.success(), "{name}");
    }
    assert!(options.contains("  --expose-gc"));
}

#[test]
fn a_missing_module_is_named_with_its_importer() {
    let folder = Folder::new("cli-missing-module");
    let main = folder.file("main.mjs", "import './nothing.mjs';\n");
    let output = run(&[main.to_str().unwrap()]);
    assert_run(&output, 1, "");
    let errors = text(&output.stderr);
    assert!(
        errors.contains("nothing.mjs") && errors.contains("main.mjs"),
        "{errors}"
    );
}

#[test]
fn a_name_that_a_module_does_not_export_is_told_with_the_importing_line() {
    // It named the file behind the module, 'twinloop:node/fs/fs', and no place.
    let folder = Folder::new("cli-missing-export");
    folder.file("lib.mjs", "export const here = 1;\n");
    for (specifier, shown) in [
        ("node:fs", "'node:fs'"),
        ("fs", "'node:fs'"),
        ("./lib.mjs", "lib.mjs'"),
    ] {
        let main = folder.file(
            "main.mjs",
            &format!("\n  import {{ nope }} from '{specifier}';\n"),
        );
        let output = run(&[main.to_str().unwrap()]);
        assert_run(&output, 1, "");
        let errors = text(&output.stderr);
        let named = errors.contains(shown) && errors.contains("'nope'");
        assert!(named && errors.contains("main.mjs:2:12"), "{errors}");
        assert!(!errors.contains("twinloop:"), "{errors}");
    }
}

#[test]
fn a_top_level_await_that_waits_in_vain_is_named() {
    // The warning had no place.
    let folder = Folder::new("cli-waits-in-vain");
    folder.file(
        "lib.ts",
        "const never: Promise<void> = new Promise(() => {});\nawait never;\nexport {};\n",
    );
    folder.file("fine.mjs", "async function f() { await 1; for await (const x of []); }\nexport const g = async () => await f();\n");
    let cases = [
        (
            "import './fine.mjs';\nasync () => await 1;\n\n  await new Promise(() => {});\n",
            vec!["await at ", "main.mjs:4:3 was"],
        ),
        ("import './lib.ts';\n", vec!["await at ", "lib.ts:2:1 was"]),
        (
            "await 1;\nfor await (const x of [new Promise(() => {})]);\n",
            vec!["(one of ", "main.mjs:1:1, ", "main.mjs:2:1) was"],
        ),
    ];
    for (code, parts) in cases {
        let main = folder.file("main.mjs", code);
        let output = run(&[main.to_str().unwrap()]);
        assert_run(&output, 13, "");
        let errors = text(&output.stderr);
        for part in parts {
            assert!(errors.contains(part), "{part}: {errors}");
        }
    }
    let output = run(&["-e", "await new Promise(() => {})"]);
    assert_run(&output, 13, "");
    assert!(
        text(&output.stderr).contains("top-level await was"),
        "{}",
        text(&output.stderr).to_owned()
    );
}

#[test]
fn a_bad_connect_rule_is_named() {
    let output = run(&["--connect-to", "nonsense", "-e", "1"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("nonsense"),
        "{}",
        text(&output.stderr).to_owned()
    );
}

/// A folder whose nearest `.venv` has an interpreter without the package.
fn bare_environment(folder: &Folder) -> Option<PathBuf> {
    let made = Command::new("python3")
        .args(["-m", "venv", "--without-pip"])
        .arg(folder.0.join(".venv"))
        .status()
        .is_ok_and(|status| status.success());
    made.then(|| folder.0.join(".venv/bin/python"))
}

#[test]
fn an_interpreter_without_the_package_says_how_to_install_it() {
    let folder = Folder::new("cli-bare");
    let Some(interpreter) = bare_environment(&folder) else {
        eprintln!("skipped: python3 -m venv does not work here");
        return;
    };
    let program = folder.file("src/app.py", "print('never')\n");
    let output = twinloop()
        .arg(&program)
        .env_remove("PYTHONPATH")
        .env("PATH", &folder.0)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let errors = text(&output.stderr);
    assert!(
        errors.contains("does not have the twinloop package"),
        "{errors}"
    );
    assert!(
        errors.contains(&format!(
            "{} -m pip install twinloop",
            interpreter.display()
        )),
        "{errors}"
    );
}

#[test]
fn an_interpreter_that_takes_nothing_from_pip_is_told_its_own_way() {
    let folder = Folder::new("cli-managed");
    let Some(interpreter) = bare_environment(&folder) else {
        eprintln!("skipped: python3 -m venv does not work here");
        return;
    };
    let program = folder.file("app.py", "print('never')\n");
    let said = |path: &str| {
        let output = twinloop()
            .arg(&program)
            .env("PATH", folder.0.join(path))
            .env("PYTHONPATH", folder.0.join("customized"))
            .output()
            .unwrap();
        text(&output.stderr).to_owned()
    };
    let here = interpreter.display();
    // An environment that uv has made has no pip.
    let without = said("nothing");
    let wanted = format!("{here} -m ensurepip && {here} -m pip install twinloop\n");
    assert!(without.contains(&wanted), "{without}");
    let uv = folder.file("tools/uv", "");
    std::fs::set_permissions(&uv, std::fs::Permissions::from_mode(0o755)).unwrap();
    let with = said("tools");
    let wanted = format!("with: uv pip install --python {here} twinloop\n");
    assert!(with.contains(&wanted), "{with}");
    // What Debian's own interpreter has beside its library.
    let marked = folder.file("marked/EXTERNALLY-MANAGED", "");
    let debian = format!(
        "import sys, sysconfig\nsys.base_prefix = sys.prefix\nsysconfig.get_path = lambda name: {:?}\n",
        marked.parent().unwrap()
    );
    folder.file("customized/sitecustomize.py", &debian);
    let managed = said("tools");
    let wanted =
        format!("with: {here} -m venv .venv && .venv/bin/python -m pip install twinloop\n");
    assert!(managed.contains(&wanted), "{managed}");
}

#[test]
fn options_and_files_without_a_folder_go_to_the_environment_of_the_working_directory() {
    let folder = Folder::new("cli-options");
    let Some(interpreter) = bare_environment(&folder) else {
        eprintln!("skipped: python3 -m venv does not work here");
        return;
    };
    folder.file("app.py", "print('never')\n");
    let cases: [&[&str]; 3] = [
        &["-m", "http.server"],
        &["-c", "print('never')"],
        &["app.py"],
    ];
    for words in cases {
        let output = twinloop()
            .args(words)
            .current_dir(&folder.0)
            .env_remove("PYTHONPATH")
            .env("PATH", &folder.0)
            .output()
            .unwrap();
        assert_run(&output, 1, "");
        let wanted = format!("{} -m pip install twinloop", interpreter.display());
        let errors = text(&output.stderr);
        assert!(errors.contains(&wanted), "{words:?}: {errors}");
    }
}

#[test]
fn javascript_that_names_a_python_module_goes_to_python() {
    let folder = Folder::new("cli-python-scheme");
    let Some(_) = bare_environment(&folder) else {
        eprintln!("skipped: python3 -m venv does not work here");
        return;
    };
    folder.file(
        "inner.mjs",
        "import math from 'python:math';\nexport default math;\n",
    );
    let program = folder.file("app.mjs", "import './inner.mjs';\nconsole.log('never');\n");
    let output = twinloop()
        .arg(&program)
        .env_remove("PYTHONPATH")
        .output()
        .unwrap();
    assert_run(&output, 1, "");
    assert!(
        text(&output.stderr).contains("does not have the twinloop package"),
        "{}",
        text(&output.stderr).to_owned()
    );
    assert!(Path::new(&program).exists());
}

#[test]
fn a_dynamic_import_of_python_starts_it_where_it_is_and_says_how_otherwise() {
    let folder = Folder::new("cli-python-dynamic");
    let program = folder.file(
        "app.mjs",
        "try { await import('python:math'); } catch (error) { console.log(error.code, error.message); }\n",
    );
    let output = twinloop()
        .arg(&program)
        .current_dir(&folder.0)
        .output()
        .unwrap();
    let said = text(&output.stdout);
    assert!(
        said.starts_with("ERR_UNSUPPORTED_ESM_URL_SCHEME Cannot import 'python:math'")
            && said.contains("python -m twinloop"),
        "{said}"
    );
    // An interpreter that is chosen is used.
    let output = twinloop()
        .args(["--python", "/no/such/python"])
        .arg(&program)
        .output()
        .unwrap();
    assert_run(&output, 2, "");
    assert!(text(&output.stderr).contains("/no/such/python"));
    // A limited program is not handed over.
    let output = twinloop()
        .args(["--permission", "--python", "/no/such/python"])
        .arg(&program)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn ticks_of_a_commonjs_main_run_before_its_promise_jobs_and_those_of_a_module_after() {
    let folder = Folder::new("cli-ticks");
    let code = "Promise.resolve().then(() => console.log('job')); process.nextTick(() => console.log('tick'));";
    let script = folder.file("main.cjs", code);
    assert_run(&run(&[script.to_str().unwrap()]), 0, "tick\njob\n");
    let module = folder.file("main.mjs", code);
    assert_run(&run(&[module.to_str().unwrap()]), 0, "job\ntick\n");
}

#[test]
fn standard_input_is_read_by_iteration_and_by_events() {
    let folder = Folder::new("cli-stdin");
    let iterated = "let text = ''; process.stdin.setEncoding('utf8'); for await (const chunk of process.stdin) text += chunk; console.log(text.length, text.at(-1));";
    let heard = "let n = 0; process.stdin.on('data', (c) => (n += c.length)).on('end', () => console.log('end', n)).on('close', () => console.log('close'));";
    let asked = "process.stdin.setEncoding('utf8').on('readable', () => { let part; while ((part = process.stdin.read(4)) !== null) if (part.length < 4) console.log(part); }).on('end', () => console.log('end'));";
    let input = "\u{e9}".repeat(100_003);
    for (code, expected) in [
        (iterated, "100003 \u{e9}\n"),
        (heard, "end 200006\nclose\n"),
        (asked, "\u{e9}\u{e9}\u{e9}\nend\n"),
    ] {
        // A pipe is waited for, a file is not.
        let mut child = twinloop()
            .args(["-e", code])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
        assert_run(&child.wait_with_output().unwrap(), 0, expected);
        let file = std::fs::File::open(folder.file("input", &input)).unwrap();
        let output = twinloop().args(["-e", code]).stdin(file).output().unwrap();
        assert_run(&output, 0, expected);
    }
}

#[test]
fn a_paused_standard_input_does_not_keep_the_program() {
    let code = "process.stdin.on('data', () => {}); setTimeout(() => { process.stdin.pause(); console.log('paused'); }, 10);";
    let mut child = twinloop()
        .args(["-e", code])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Its end stays open here, with nothing in it.
    let input = child.stdin.take();
    assert_run(&child.wait_with_output().unwrap(), 0, "paused\n");
    drop(input);
}

#[test]
fn a_location_is_what_relative_urls_are_relative_to() {
    let code = "console.log(location.host, new Request('b').url, Response.redirect('/c').headers.get('location'))";
    let words = ["--location", "http://example.com:81/a/x", "-e", code];
    assert_run(
        &run(&words),
        0,
        "example.com:81 http://example.com:81/a/b http://example.com:81/c\n",
    );
    assert_run(
        &run(&["-e", "console.log(typeof location)"]),
        0,
        "undefined\n",
    );
    let output = run(&["--location", "nowhere", "-e", "1"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn local_storage_outlives_the_program_in_its_file() {
    let folder = Folder::new("cli-storage");
    let path = folder.0.join("storage");
    let path = path.to_str().unwrap();
    let count = "localStorage.count = (localStorage.count ?? '') + 'x'; localStorage.setItem('gone', '\\n'); \
                 localStorage.removeItem('gone'); console.log(localStorage.count, localStorage.length)";
    let words = ["--localstorage-file", path, "-e", count];
    assert_run(&run(&words), 0, "x 1\n");
    assert_run(&run(&words), 0, "xx 1\n");
    // A line that was cut off takes nothing else with it.
    let log = std::fs::read_to_string(path).unwrap();
    std::fs::write(path, format!("{log}[\"count")).unwrap();
    assert_run(&run(&words), 0, "xxx 1\n");
    assert_run(&run(&words), 0, "xxxx 1\n");
    // Without a file it ends with the program.
    assert_run(&run(&["-e", count]), 0, "x 1\n");
    assert_run(&run(&["-e", count]), 0, "x 1\n");
}
