//! How JavaScript programs end, and what the world sees of it: output, errors on stderr, exit status.
//!
//! Each test runs the command on one program, as a user does.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

struct Program(PathBuf);

impl Program {
    fn new(source: &str) -> Program {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!(
            "twinloop-outcome-{}-{number}.mjs",
            std::process::id()
        ));
        std::fs::write(&path, source).expect("a program");
        Program(path)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_twinloop"));
        command.arg(&self.0).env_remove("FORCE_COLOR");
        command
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

struct Ended {
    status: Option<i32>,
    output: String,
    errors: String,
}

fn run(source: &str) -> Ended {
    ended(
        Program::new(source)
            .command()
            .output()
            .expect("the command runs"),
    )
}

fn ended(output: Output) -> Ended {
    Ended {
        status: output.status.code(),
        output: String::from_utf8(output.stdout).expect("text"),
        errors: String::from_utf8(output.stderr).expect("text"),
    }
}

#[test]
fn a_program_that_is_done_ends_with_0_and_leaves_stderr_empty() {
    let ended =
        run("console.log('hello', { a: [1, 2] }); setTimeout(() => console.log('later'), 1);");
    assert_eq!(
        (ended.status, ended.output.as_str()),
        (Some(0), "hello { a: [ 1, 2 ] }\nlater\n")
    );
    assert_eq!(ended.errors, "");
}

#[test]
fn an_uncaught_error_shows_its_stack_and_ends_with_1() {
    let ended = run(
        "console.log('before');\nfunction fail() {\n  throw new TypeError('boom');\n}\nfail();\n",
    );
    assert_eq!((ended.status, ended.output.as_str()), (Some(1), "before\n"));
    let (head, stack) = ended.errors.split_once("\n\n").unwrap();
    assert!(
        head.ends_with(".mjs:3\n  throw new TypeError('boom');\n  ^"),
        "{head}"
    );
    assert!(
        stack.starts_with("TypeError: boom\n    at fail ("),
        "{stack}"
    );
    assert!(stack.contains(".mjs:3:9)"), "{stack}");
}

#[test]
fn an_error_in_a_timer_ends_the_program_before_the_next_one() {
    let ended = run(
        "setTimeout(() => { throw new RangeError('late') }, 1); setTimeout(() => console.log('never'), 2);",
    );
    assert_eq!((ended.status, ended.output.as_str()), (Some(1), ""));
    assert!(
        ended.errors.contains("^\n\nRangeError: late\n"),
        "{}",
        ended.errors
    );
}

#[test]
fn an_unhandled_rejection_ends_with_1() {
    let ended = run(
        "Promise.reject(new Error('nobody', { cause: 'why' })); setTimeout(() => console.log('never'), 1);",
    );
    assert_eq!((ended.status, ended.output.as_str()), (Some(1), ""));
    assert!(
        ended.errors.contains("^\n\nError: nobody\n"),
        "{}",
        ended.errors
    );
    assert!(ended.errors.contains("[cause]: 'why'"), "{}", ended.errors);
}

#[test]
fn a_rejection_handled_in_the_same_turn_is_not_reported() {
    let ended = run(
        "const p = Promise.reject(1); queueMicrotask(() => p.catch(() => console.log('handled')));",
    );
    assert_eq!(
        (ended.status, ended.output.as_str(), ended.errors.as_str()),
        (Some(0), "handled\n", "")
    );
}

#[test]
fn thrown_values_that_are_no_errors_are_shown() {
    for (thrown, text) in [
        ("{ code: 5 }", "Uncaught:\n{ code: 5 }\n"),
        ("'text'", "Uncaught:\n'text'\n"),
        ("undefined", "Uncaught:\nundefined\n"),
        (
            "{ get [Symbol.toStringTag]() { throw 1 } }",
            "Uncaught:\n[an object that cannot be shown]\n",
        ),
    ] {
        let ended = run(&format!("throw {thrown};"));
        assert_eq!((ended.status, ended.errors.as_str()), (Some(1), text));
    }
}

#[test]
fn a_listener_that_prevents_the_default_keeps_the_program_going() {
    let ended = run("
        addEventListener('error', (event) => { console.log(event.error.message); event.preventDefault(); });
        addEventListener('unhandledrejection', (event) => { console.log(event.reason); event.preventDefault(); });
        setTimeout(() => { throw new Error('one') }, 0);
        Promise.reject('two');
        setTimeout(() => console.log('three'), 5);
    ");
    assert_eq!(
        (ended.status, ended.output.as_str(), ended.errors.as_str()),
        (Some(0), "two\none\nthree\n", "")
    );
}

#[test]
fn an_error_that_a_listener_throws_ends_the_program_after_the_code_that_dispatched() {
    let ended = run("
        const target = new EventTarget();
        target.addEventListener('x', () => { throw new Error('from a listener') });
        target.dispatchEvent(new Event('x'));
        console.log('dispatched');
        setTimeout(() => console.log('never'), 0);
    ");
    assert_eq!(
        (ended.status, ended.output.as_str()),
        (Some(1), "dispatched\n")
    );
    assert!(
        ended.errors.contains("^\n\nError: from a listener\n"),
        "{}",
        ended.errors
    );
}

#[test]
fn process_exit_runs_exit_listeners_and_nothing_else() {
    let ended = run("
        process.on('exit', (code) => console.log('exit', code));
        setTimeout(() => console.log('never'), 1);
        try { process.exit(4); } catch { console.log('never'); } finally { console.log('never'); }
    ");
    assert_eq!(
        (ended.status, ended.output.as_str(), ended.errors.as_str()),
        (Some(4), "exit 4\n", "")
    );
}

#[test]
fn exit_code_is_the_status_and_exit_listeners_may_change_it() {
    assert_eq!(run("process.exitCode = 3;").status, Some(3));
    assert_eq!(
        run("process.on('exit', () => { process.exitCode = 9; });").status,
        Some(9)
    );
    assert_eq!(run("process.exitCode = 3; process.exit();").status, Some(3));
    let ended = run("process.on('exit', (code) => console.log(code)); throw 1;");
    assert_eq!((ended.status, ended.output.as_str()), (Some(1), "1\n"));
}

#[test]
fn before_exit_may_give_the_program_more_to_do() {
    let ended = run(
        "process.once('beforeExit', () => setTimeout(() => console.log('more'), 1)); process.on('exit', () => console.log('exit'));",
    );
    assert_eq!(
        (ended.status, ended.output.as_str()),
        (Some(0), "more\nexit\n")
    );
}

#[test]
fn what_is_not_referenced_does_not_keep_the_program_alive() {
    let ended = run("
        setTimeout(() => console.log('never'), 60_000).unref();
        setInterval(() => console.log('never'), 60_000).unref();
        AbortSignal.timeout(60_000);
        console.log('done');
    ");
    assert_eq!((ended.status, ended.output.as_str()), (Some(0), "done\n"));
}

#[test]
fn output_to_a_reader_that_left_does_not_abort() {
    let program = Program::new(
        "for (let i = 0; i < 100_000; i += 1) console.log('line', String(i)); console.error('done');",
    );
    let mut child = program
        .command()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command runs");
    let mut first = [0; 4];
    child
        .stdout
        .take()
        .expect("a pipe")
        .read_exact(&mut first)
        .expect("output");
    let ended = child.wait_with_output().expect("an end");
    assert_eq!(&first, b"line");
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(ended.stderr, b"done\n");
}

#[test]
fn stderr_that_cannot_be_written_does_not_change_the_status() {
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .expect("Linux has it");
    let status = Program::new("throw new Error('x');")
        .command()
        .stderr(full)
        .status()
        .expect("the command runs");
    assert_eq!((status.code(), status.signal()), (Some(1), None));
}

#[test]
fn a_signal_listener_replaces_the_default_action() {
    let ended = run("
        const alive = setTimeout(() => {}, 60_000);
        process.once('SIGTERM', (name, number) => { console.log(name, number); clearTimeout(alive); });
        process.kill(process.pid, 'SIGTERM');
    ");
    assert_eq!(
        (ended.status, ended.output.as_str()),
        (Some(0), "SIGTERM 15\n")
    );
}

#[test]
fn without_a_listener_a_signal_ends_the_program() {
    let program = Program::new(
        "process.kill(process.pid, 'SIGTERM'); setTimeout(() => console.log('never'), 60_000);",
    );
    let ended = program.command().output().expect("the command runs");
    assert!(
        ended.status.signal() == Some(15) || ended.status.code() == Some(143),
        "{:?}",
        ended.status
    );
    assert_eq!(ended.stdout, b"");
}

#[test]
fn infinite_recursion_is_an_error_that_can_be_caught() {
    let ended = run(
        "function f() { return f() + 1 } try { f() } catch (error) { console.log(error instanceof Error) }",
    );
    assert_eq!((ended.status, ended.output.as_str()), (Some(0), "true\n"));
}

#[test]
fn colours_follow_force_color_and_no_color() {
    let program = Program::new("console.log({ a: 1 });");
    let forced = ended(
        program
            .command()
            .env("FORCE_COLOR", "1")
            .output()
            .expect("the command runs"),
    );
    assert_eq!(forced.output, "{ a: \u{1b}[33m1\u{1b}[39m }\n");
    let plain = ended(
        program
            .command()
            .env("NO_COLOR", "1")
            .output()
            .expect("the command runs"),
    );
    assert_eq!(plain.output, "{ a: 1 }\n");
}

#[test]
fn a_wait_that_nobody_notifies_does_not_hold_the_program() {
    let ended = run("const cells = new Int32Array(new SharedArrayBuffer(4));\n\
         Atomics.waitAsync(cells, 0, 0).value.then(() => console.log('never'));\n\
         process.on('exit', (code) => console.log('exit', code));");
    assert_eq!((ended.status, ended.output.as_str()), (Some(0), "exit 0\n"));
}

#[test]
fn the_timeout_of_a_wait_does_not_hold_the_program() {
    // As in Node. A logger that waited with a timeout of ten seconds, and was notified at once, ended ten seconds later.
    let ended = run("const cells = new Int32Array(new SharedArrayBuffer(4));\n\
         for (const wait of [[], [600_000], []]) {\n\
             Atomics.waitAsync(cells, 0, 0, ...wait).value.then((how) => console.log(how));\n\
         }\n\
         setTimeout(() => Atomics.notify(cells, 0, 2), 5);");
    assert_eq!((ended.status, ended.output.as_str()), (Some(0), "ok\nok\n"));
}

#[test]
fn a_wait_times_out_while_something_else_holds_the_program() {
    let ended = run("const cells = new Int32Array(new SharedArrayBuffer(4));\n\
         const held = setInterval(() => {}, 1000);\n\
         Atomics.waitAsync(cells, 0, 0, 20).value.then((how) => {\n\
             console.log(how);\n\
             clearInterval(held);\n\
         });");
    assert_eq!(
        (ended.status, ended.output.as_str()),
        (Some(0), "timed-out\n")
    );
}

/// On a stack that is too small for the engine it ran past the end.
#[test]
fn a_stack_limit_that_is_too_small_is_a_clear_error() {
    let program = Program::new("console.log(1)");
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "ulimit -s 128 && exec \"$@\"", "sh"])
        .arg(env!("CARGO_BIN_EXE_twinloop"))
        .arg(&program.0);
    let ended = ended(limited.output().expect("the command runs"));
    assert_eq!(ended.status, Some(2), "{}", ended.errors);
    assert!(ended.errors.contains("stack"), "{}", ended.errors);
}

/// Each of these ended the program without its `exit` listeners, but for those of timers and rejections.
#[test]
fn exit_listeners_run_whatever_error_ended_the_program() {
    let ways = [
        ("", "throw new Error('x')"),
        ("", "queueMicrotask(() => { throw new Error('x') })"),
        (
            "goes on\n",
            "const t = new EventTarget(); t.addEventListener('x', () => { throw new Error('x') }); t.dispatchEvent(new Event('x')); console.log('goes on')",
        ),
        ("", "process.nextTick(() => { throw new Error('x') })"),
        ("", "setTimeout(() => { throw new Error('x') })"),
        ("", "setImmediate(() => { throw new Error('x') })"),
        ("", "Promise.reject(new Error('x'))"),
        ("", "reportError(new Error('x'))"),
        (
            "",
            "const c = new AbortController(); c.signal.onabort = () => { throw new Error('x') }; c.abort()",
        ),
        (
            "",
            "(await import('node:fs')).readFile('/nope', () => { throw new Error('x') })",
        ),
        ("", "await import('./nothing.mjs')"),
    ];
    for (before, way) in ways {
        let ended = run(&format!(
            "process.on('exit', (code) => console.log('exit', code, process.exitCode)); {way}"
        ));
        assert_eq!(
            (ended.status, ended.output.as_str()),
            (Some(1), format!("{before}exit 1 1\n").as_str()),
            "{way}"
        );
        assert!(
            ended.errors.contains("Error") || ended.errors.starts_with("Uncaught:"),
            "{way}: {}",
            ended.errors
        );
    }
}

#[test]
fn microtasks_of_an_exit_listener_run_and_timers_do_not() {
    let ended = run(
        "process.on('exit', () => { Promise.resolve().then(() => console.log('microtask')); setTimeout(() => console.log('never'), 0) })",
    );
    assert_eq!(
        (ended.status, ended.output.as_str()),
        (Some(0), "microtask\n")
    );
}

#[test]
fn a_program_that_waits_for_ever_runs_its_listeners_and_ends_with_13_or_its_own_code() {
    let ended = run(
        "process.on('exit', (code) => console.log('exit', code, process.exitCode)); process.on('beforeExit', () => console.log('before')); await new Promise(() => {})",
    );
    assert_eq!(
        (ended.status, ended.output.as_str()),
        (Some(13), "before\nexit 13 13\n")
    );
    let ended = run(
        "process.exitCode = 5; process.on('exit', (code) => console.log('exit', code)); await new Promise(() => {})",
    );
    assert_eq!((ended.status, ended.output.as_str()), (Some(5), "exit 5\n"));
}

#[test]
fn an_exit_listener_that_throws_ends_with_1() {
    let ended = run("process.on('exit', () => { throw new Error('late') })");
    assert_eq!(ended.status, Some(1));
    assert!(
        ended.errors.contains("^\n\nError: late"),
        "{}",
        ended.errors
    );
}

/// Only 256 of them were remembered.
#[test]
fn every_rejection_that_is_handled_late_is_announced() {
    let ended = run(
        "let unhandled = 0, handled = 0; process.on('unhandledRejection', () => unhandled++); process.on('rejectionHandled', () => handled++);
         const promises = Array.from({ length: 1000 }, (_, i) => Promise.reject(i));
         setTimeout(() => { for (const promise of promises) promise.catch(() => {}); setTimeout(() => console.log(unhandled, handled), 10) }, 10)",
    );
    assert_eq!(ended.output, "1000 1000\n");
}

#[test]
fn an_error_event_that_nobody_listens_to_says_what_emitted_it_and_where() {
    let ended = run(
        "import { EventEmitter } from 'node:events';\nclass Thing extends EventEmitter {}\nconst error = new Error('boom');\nfunction tell() {\n  new Thing().emit('error', error);\n}\ntell();\n",
    );
    assert_eq!(ended.status, Some(1));
    let (head, text) = ended.errors.split_once("\n\n").unwrap();
    assert!(head.ends_with("^\nUnhandled 'error' event"), "{head}");
    let (error, emitted) = text
        .split_once("\nEmitted 'error' event on Thing instance at:\n")
        .unwrap();
    assert!(error.starts_with("Error: boom\n    at "), "{error}");
    assert!(emitted.starts_with("    at tell ("), "{emitted}");
    assert!(emitted.contains(".mjs:5:"), "{emitted}");
    // A stream's has no place in the program.
    let ended =
        run("import { createReadStream } from 'node:fs';\ncreateReadStream('/there/is/none');\n");
    assert!(
        ended
            .errors
            .starts_with("Unhandled 'error' event\n\nError: ENOENT: "),
        "{}",
        ended.errors
    );
    assert!(
        ended
            .errors
            .contains("\nEmitted 'error' event on ReadStream instance at:\n"),
        "{}",
        ended.errors
    );
    // Whoever handles it sees the error as it was.
    let ended = run(
        "import { EventEmitter } from 'node:events';\ntry { new EventEmitter().emit('error', new Error('boom')) } catch (error) { console.log(error.stack.includes('Emitted')) }",
    );
    assert_eq!(ended.output, "false\n");
}

/// The call has long left the stack when the file turns out not to be there: the error has frames of who awaits it alone.
#[test]
fn a_call_of_fs_that_fails_unhandled_is_named_with_its_place() {
    for call in [
        "await readFile('/there/is/none')",
        "stat('/there/is/none')",
        "open('/there/is/none')",
    ] {
        let ended = run(&format!(
            "import {{ open, readFile, stat }} from 'node:fs/promises';\nasync function load() {{\n  {call};\n}}\nload();\n"
        ));
        let (head, text) = ended.errors.split_once("\n\n").unwrap();
        assert!(head.contains(&format!(".mjs:3\n  {call};\n")), "{head}");
        assert!(head.ends_with('^'), "{head}");
        if call.starts_with("await") {
            assert!(text.starts_with("Error: ENOENT: "), "{text}");
            let frames: Vec<_> = text
                .lines()
                .filter(|line| line.starts_with("    at "))
                .collect();
            assert_eq!(frames.len(), 1, "{text}");
            assert!(frames[0].starts_with("    at async load ("), "{text}");
        } else {
            assert!(text.starts_with("[Error: ENOENT: "), "{text}");
        }
    }
    // Another error is not blamed on it.
    let ended = run(
        "import { stat } from 'node:fs/promises';\nawait stat('/there/is/none').catch(() => {});\nthrow new Error('other');\n",
    );
    assert!(ended.errors.contains(".mjs:3\n"), "{}", ended.errors);
}

#[test]
fn an_await_that_may_not_stand_where_it_does_says_where_it_may() {
    for (kind, source) in [
        ("mjs", "function f() { await 1 }"),
        ("cjs", "function f() { await 1 }"),
        ("cjs", "await 1"),
    ] {
        let mut program = Program::new(source);
        let named = program.0.with_extension(kind);
        std::fs::rename(&program.0, &named).unwrap();
        program.0 = named;
        let ended = ended(program.command().output().unwrap());
        assert!(
            ended.errors.contains("SyntaxError: await is only valid in async functions and the top level bodies of modules\n"),
            "{}",
            ended.errors
        );
    }
}
