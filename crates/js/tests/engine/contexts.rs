//! A context's life: interrupts from another thread, stopping, and the cache that it starts from.

use std::thread::JoinHandle;
use std::time::Duration;

use twinloop_js::engine::{Context, ContextOptions, Type};

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

#[test]
fn the_cache_of_the_library_is_written_once_and_used_again() {
    let folder = std::env::temp_dir().join(format!("twinloop-engine-cache-{}", std::process::id()));
    let file = folder.join("library.bin");
    let options = ContextOptions {
        self_hosted_cache: Some(file.clone()),
    };
    for _ in 0..2 {
        let owner = Context::create(&options).unwrap();
        owner.context().enter(|scope| {
            assert_eq!(
                run(scope, "[3, 1, 2].sort().join()").type_of(),
                Type::String
            )
        });
        assert!(file.is_file());
    }
    // A damaged file is not believed.
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    let owner = Context::create(&options).unwrap();
    owner.context().enter(|scope| {
        assert_eq!(
            run(scope, "[1, 2].map((x) => x + 1).length").as_f64(),
            Some(2.0)
        )
    });
    std::fs::remove_dir_all(&folder).unwrap();
}
