//! A context's life: interrupts from another thread, stopping, and the cache that it starts from.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::{Arc, Barrier};
use std::thread::JoinHandle;
use std::time::Duration;

use twinloop_js::engine::{
    Arguments, CloneFailure, Context, ContextOptions, Error, Local, Op, Scope, Type,
};

use crate::{run, with_engine};

/// Interrupts the context from another thread while the caller runs.
fn interrupt_soon(context: &Context) -> JoinHandle<()> {
    let handle = context.interrupt_handle();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        handle.interrupt();
    })
}

#[test]
fn an_interrupt_ends_an_infinite_loop() {
    with_engine(|context| {
        let watchdog = interrupt_soon(context);
        context.enter(|scope| {
            let error = scope
                .evaluate(
                    "try { for (;;) {} } catch {} finally { for (;;) {} }",
                    "loop.js",
                    1,
                )
                .unwrap_err();
            assert!(error.is_terminated());
        });
        watchdog.join().unwrap();
        assert!(context.take_interrupted());
        context.enter(|scope| assert_eq!(run(scope, "1 + 1").as_f64(), Some(2.0)));
    });
}

#[test]
fn an_interrupt_ends_a_blocking_atomics_wait() {
    with_engine(|context| {
        let watchdog = interrupt_soon(context);
        context.enter(|scope| {
            let ended = scope.evaluate(
                "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)",
                "wait.js",
                1,
            );
            assert!(ended.is_err());
        });
        watchdog.join().unwrap();
    });
}

fn interrupt_now<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    scope.context().interrupt_handle().interrupt();
    Ok(Local::undefined())
}

/// Between the last safe point and the wait nobody is waiting yet who could be woken.
#[test]
fn an_interrupt_just_before_an_atomics_wait_ends_it() {
    static OPS: &[Op] = &[Op::new("interruptNow", 0, interrupt_now)];
    with_engine(|context| {
        context.enter(|scope| {
            let ops = scope.ops_object(vec![OPS]).unwrap();
            scope.set(scope.global(), "ops", ops).unwrap();
            let code = "const memory = new Int32Array(new SharedArrayBuffer(4)), { interruptNow } = ops; interruptNow(); Atomics.wait(memory, 0, 0)";
            assert!(scope.evaluate(code, "wait.js", 1).unwrap_err().is_terminated());
        });
        assert!(context.take_interrupted());
    });
}

/// An interrupt that "can wait" is one that regular expressions and WebAssembly never look at.
#[test]
fn an_interrupt_ends_regular_expressions_and_web_assembly() {
    let endless = [
        "/^(a+)+$/.test('a'.repeat(40) + 'b')",
        // (module (func (export \"f\") (loop (br 0))))
        "new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0,
         3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 9, 1, 7, 0, 3, 64, 12, 0, 11, 11]))).exports.f()",
    ];
    for source in endless {
        with_engine(|context| {
            let watchdog = interrupt_soon(context);
            context.enter(|scope| {
                let error = scope.evaluate(source, "endless.js", 1).unwrap_err();
                assert!(error.is_terminated(), "{source}");
            });
            watchdog.join().unwrap();
            assert!(context.take_interrupted());
        });
    }
}

const LONG: &str = "{ const end = Date.now() + 100; while (Date.now() < end); }";

#[test]
fn javascript_that_runs_for_long_pauses_again_and_again() {
    // Loops, WebAssembly, and many short microtasks, none of which runs for long.
    let sources = [
        LONG,
        // (module (func (export \"f\") (param i32) (loop (br_if 0 (i32.gt_s (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))
        // (i32.const 0))))))
        "new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 1, 127, 0,
         3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 19, 1, 17, 0, 3, 64, 32, 0, 65, 1, 107, 34, 0, 65, 0, 74, 13, 0, 11, 11])))
         .exports.f(500_000_000)",
        "var end = Date.now() + 100; Promise.resolve().then(function f() { if (Date.now() < end) Promise.resolve().then(f) })",
    ];
    for source in sources {
        with_engine(|context| {
            let count = Rc::new(Cell::new(0));
            let counter = count.clone();
            let pause = Rc::new(move || counter.set(counter.get() + 1));
            let pauses = context
                .pause_every(Duration::from_millis(2), pause)
                .unwrap();
            context.enter(|scope| run(scope, source).is_undefined());
            context.checkpoint();
            assert!(count.get() > 1, "{} pauses in {source}", count.get());
            drop(pauses);
            // One may be on its way.
            let before = count.get() + 1;
            context.enter(|scope| run(scope, LONG).is_undefined());
            assert!(count.get() <= before);
        });
    }
}

#[test]
fn pauses_begin_again_after_the_context_was_idle() {
    with_engine(|context| {
        let count = Rc::new(Cell::new(0));
        let counter = count.clone();
        let _pauses = context
            .pause_every(
                Duration::from_micros(100),
                Rc::new(move || counter.set(counter.get() + 1)),
            )
            .unwrap();
        for _ in 0..3 {
            // By then the thread behind them sleeps.
            std::thread::sleep(Duration::from_millis(200));
            count.set(0);
            context.enter(|scope| run(scope, LONG).is_undefined());
            assert!(count.get() > 1, "{}", count.get());
        }
    });
}

#[test]
fn a_pause_cannot_use_the_context_and_may_panic() {
    with_engine(|context| {
        let refused = Rc::new(Cell::new(false));
        let (handle, seen) = (context.clone(), refused.clone());
        let pause = move || {
            let entered = std::panic::AssertUnwindSafe(|| handle.enter(|_| ()));
            seen.set(std::panic::catch_unwind(entered).is_err());
            panic!("a pause that fails");
        };
        let _pauses = context
            .pause_every(Duration::from_millis(2), Rc::new(pause))
            .unwrap();
        context.enter(|scope| run(scope, LONG).is_undefined());
        assert!(refused.get());
        context.enter(|scope| assert_eq!(run(scope, "1 + 1").as_f64(), Some(2.0)));
    });
}

/// The engine would run past the end of such a stack before it looks.
#[test]
fn a_thread_with_a_small_stack_is_refused_and_one_with_enough_recurses_safely() {
    let on_stack = |size: usize| {
        std::thread::Builder::new().stack_size(size).spawn(|| {
            let owner = Context::create(&ContextOptions::default())?;
            let source = "function f() { return f() + 1 } let said; try { f() } catch (e) { said = e.message } said";
            Ok::<_, String>(owner.context().enter(|scope| scope.string_of(run(scope, source)).unwrap()))
        }).unwrap().join().unwrap()
    };
    let refused = on_stack(128 << 10).unwrap_err();
    assert!(refused.contains("stack"), "{refused}");
    for size in [512 << 10, 1 << 20, 64 << 20] {
        assert_eq!(on_stack(size).unwrap(), "Maximum call stack size exceeded");
    }
}

#[test]
fn a_stopped_context_runs_nothing_more() {
    with_engine(|context| {
        context.enter(|scope| {
            run(
                scope,
                "globalThis.ran = false; Promise.resolve().then(() => { ran = true })",
            );
            context.stop();
            assert!(scope.evaluate("1", "t.js", 1).unwrap_err().is_terminated());
        });
        context.checkpoint();
        context.enter(|scope| {
            assert_eq!(
                scope.get(scope.global(), "ran").unwrap().as_bool(),
                Some(false)
            )
        });
    });
}

/// A folder for caches, gone with this.
struct CacheFolder(std::path::PathBuf);

impl CacheFolder {
    fn new(name: &str) -> Self {
        let name = format!("twinloop-{name}-{}", std::process::id());
        CacheFolder(std::env::temp_dir().join(name))
    }

    fn options(&self) -> ContextOptions {
        ContextOptions {
            cache_folder: Some(self.0.clone()),
            ..ContextOptions::default()
        }
    }

    /// The file whose name begins so.
    fn file(&self, prefix: &str) -> std::path::PathBuf {
        let files = std::fs::read_dir(&self.0).unwrap();
        let mut paths = files.map(|file| file.unwrap().path());
        paths
            .find(|path| {
                path.file_name()
                    .unwrap()
                    .to_string_lossy()
                    .starts_with(prefix)
            })
            .unwrap()
    }
}

impl Drop for CacheFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_cache_of_the_library_is_written_once_and_used_again() {
    let folder = CacheFolder::new("engine-cache");
    for _ in 0..2 {
        let owner = Context::create(&folder.options()).unwrap();
        owner.context().enter(|scope| {
            assert_eq!(
                run(scope, "[3, 1, 2].sort().join()").type_of(),
                Type::String
            )
        });
    }
    // A damaged file is not believed.
    let file = folder.file("engine-");
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    let owner = Context::create(&folder.options()).unwrap();
    owner.context().enter(|scope| {
        assert_eq!(
            run(scope, "[1, 2].map((x) => x + 1).length").as_f64(),
            Some(2.0)
        )
    });
}

/// What a script in the cache gives, with functions that ran, that did not, and whose text is asked for.
const SCRIPT: &str = "({
  ran() { return 'é' + [1, 2, 3].map((x) => x * 2).join(); },
  did_not() { return new Error('place').stack.includes('cached.js:3'); },
})";

fn use_script(scope: &Scope<'_>, script: &str) -> String {
    let object = scope.evaluate_cached(script, "cached.js").unwrap();
    scope.set(scope.global(), "script", object).unwrap();
    let text = run(scope, "script.ran() + script.ran.toString()");
    scope.string_of(text).unwrap()
}

#[test]
fn a_script_from_the_cache_is_the_script() {
    let folder = CacheFolder::new("script-cache");
    let expected = format!(
        "é2,4,6{}",
        "ran() { return 'é' + [1, 2, 3].map((x) => x * 2).join(); }"
    );
    for _ in 0..3 {
        let owner = Context::create(&folder.options()).unwrap();
        owner.context().enter(|scope| {
            assert_eq!(use_script(scope, SCRIPT), expected);
            // Compiled on its first call, from the text that the cache has too.
            assert_eq!(run(scope, "script.did_not()").as_bool(), Some(true));
        });
        owner.context().keep_compiled();
        assert!(folder.file("scripts-").is_file());
    }
}

#[test]
fn a_script_with_another_text_is_another_script() {
    let folder = CacheFolder::new("script-cache-text");
    for number in ["1", "2", "1", "3"] {
        let owner = Context::create(&folder.options()).unwrap();
        owner.context().enter(|scope| {
            let value = scope.evaluate_cached(number, "number.js").unwrap();
            assert_eq!(value.as_f64(), number.parse().ok());
        });
        owner.context().keep_compiled();
    }
}

/// Each byte of the head, the table and of what is compiled: a process that finds damage compiles anew.
#[test]
fn a_damaged_cache_of_scripts_is_not_believed() {
    let whole = CacheFolder::new("script-cache-whole");
    let owner = Context::create(&whole.options()).unwrap();
    owner.context().enter(|scope| use_script(scope, SCRIPT));
    owner.context().keep_compiled();
    let expected = owner.context().enter(|scope| use_script(scope, SCRIPT));
    drop(owner);
    let file = whole.file("scripts-");
    let bytes = std::fs::read(&file).unwrap();
    let places = (0..bytes.len()).step_by(bytes.len() / 20);
    let cut = places.clone().map(|place| bytes[..place].to_vec());
    let changed = places.map(|place| {
        let mut changed = bytes.clone();
        changed[place] ^= 0x40;
        changed
    });
    for (number, damaged) in cut.chain(changed).enumerate() {
        // This process remembers what it read, so each has a folder of its own.
        let folder = CacheFolder::new(&format!("script-cache-damaged-{number}"));
        std::fs::create_dir_all(&folder.0).unwrap();
        std::fs::write(folder.0.join(file.file_name().unwrap()), &damaged).unwrap();
        let owner = Context::create(&folder.options()).unwrap();
        let got = owner.context().enter(|scope| use_script(scope, SCRIPT));
        assert_eq!(got, expected);
    }
}

#[test]
fn a_cache_that_cannot_be_written_is_done_without() {
    let folder = CacheFolder::new("no-folder");
    std::fs::write(&folder.0, "a file is here").unwrap();
    let owner = Context::create(&folder.options()).unwrap();
    owner.context().enter(|scope| use_script(scope, SCRIPT));
    owner.context().keep_compiled();
    drop(owner);
    std::fs::remove_file(&folder.0).unwrap();
}

#[test]
fn contexts_of_other_threads_share_a_library_and_end_before_it() {
    let owner = Context::create(&ContextOptions::default()).unwrap();
    let parent = owner.context().parent();
    // An owner that has ended would refuse a context that is made late.
    let made = Arc::new(Barrier::new(5));
    let threads: Vec<_> = (0..4)
        .map(|number| {
            let parent = Some(parent.clone());
            let made = made.clone();
            std::thread::spawn(move || {
                let options = ContextOptions {
                    parent,
                    ..ContextOptions::default()
                };
                let owner = Context::create(&options).unwrap();
                made.wait();
                owner.context().enter(|scope| {
                    let code = format!("[3, {number}, 1].sort().map((x) => x * 2).length");
                    assert_eq!(run(scope, &code).as_f64(), Some(3.0));
                    scope.collect_garbage();
                });
            })
        })
        .collect();
    made.wait();
    owner.context().enter(|scope| {
        run(scope, "for (let i = 0; i < 1e5; i += 1) ({ i })");
    });
    // It waits for those that are there, and takes no more.
    drop(owner);
    for thread in threads {
        thread.join().unwrap();
    }
    let options = ContextOptions {
        parent: Some(parent),
        ..ContextOptions::default()
    };
    assert!(Context::create(&options).is_err());
}

#[test]
fn a_value_that_one_context_wrote_is_read_by_another() {
    let owner = Context::create(&ContextOptions::default()).unwrap();
    let mut buffer = owner.context().enter(|scope| {
        let value = run(
            scope,
            "globalThis.moved = new Uint8Array([1, 2, 3]).buffer;
             ({ list: [1, { deep: 'é' }], when: new Date(5), moved, shared: new SharedArrayBuffer(4),
                module: new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])) })",
        );
        let hole = scope.clone_hole(0).unwrap();
        scope.set(value, "hole", hole).unwrap();
        let transfer = run(scope, "[moved]");
        let Ok(buffer) = scope.write_clone(value, transfer) else {
            panic!("the value was refused");
        };
        assert_eq!(run(scope, "moved.byteLength").as_f64(), Some(0.0));
        buffer
    });
    let text = std::thread::spawn(move || {
        let owner = Context::create(&ContextOptions::default()).unwrap();
        owner.context().enter(|scope| {
            let made = run(scope, "[{ made: true }]");
            let value = scope.read_clone(&mut buffer, made).unwrap();
            scope.set(scope.global(), "value", value).unwrap();
            let text = run(
                scope,
                "JSON.stringify([value.list, +value.when, [...new Uint8Array(value.moved)], value.shared.byteLength,
                    value.module instanceof WebAssembly.Module, value.hole])",
            );
            scope.string_of(text).unwrap()
        })
    });
    assert_eq!(
        text.join().unwrap(),
        r#"[[1,{"deep":"é"}],5,[1,2,3],4,true,{"made":true}]"#
    );
}

#[test]
fn what_cannot_be_written_is_named_and_a_buffer_that_nobody_reads_is_freed() {
    let owner = Context::create(&ContextOptions::default()).unwrap();
    owner.context().enter(|scope| {
        let value = run(
            scope,
            "globalThis.refused = new WeakMap(); ({ deep: [refused] })",
        );
        match scope.write_clone(value, Local::undefined()) {
            Err(CloneFailure::Refused(object)) => {
                let refused = run(scope, "refused");
                assert!(scope.strictly_equal(object, refused).unwrap());
            }
            _ => panic!("a WeakMap was written"),
        }
        let value = run(scope, "globalThis.bytes = new ArrayBuffer(1 << 20); bytes");
        let transfer = run(scope, "[bytes]");
        assert!(scope.write_clone(value, transfer).is_ok());
    });
}

#[test]
fn a_heap_with_a_limit_ends_its_context_alone() {
    for code in [
        "const kept = []; for (;;) kept.push([kept]);",
        "const kept = []; for (;;) kept.push(new Array(1000).fill(kept));",
        "const kept = []; for (;;) kept.push(new Uint8Array(100000));",
        "const kept = []; for (let i = 0; ; i += 1) try { kept.push(`${i}`.repeat(1000)); } catch {}",
    ] {
        let ended = std::thread::spawn(move || {
            let options = ContextOptions {
                heap_limit: Some(16 << 20),
                ..ContextOptions::default()
            };
            let owner = Context::create(&options).unwrap();
            let ended = owner
                .context()
                .enter(|scope| scope.evaluate(code, "full.js", 1).is_err());
            ended && owner.context().is_out_of_memory()
        });
        assert!(ended.join().unwrap(), "{code}");
    }
}

#[test]
fn an_end_from_another_thread_is_for_good() {
    let owner = Context::create(&ContextOptions::default()).unwrap();
    let handle = owner.context().interrupt_handle();
    let thread = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(30));
        handle.end();
    });
    owner.context().enter(|scope| {
        let error = scope.evaluate("for (;;);", "loop.js", 1).err().unwrap();
        assert!(error.is_terminated());
        let error = scope.evaluate("1", "late.js", 1).err().unwrap();
        assert!(error.is_terminated());
    });
    thread.join().unwrap();
}
