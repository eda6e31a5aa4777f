//! Promises: the microtask checkpoint, rejections that nobody handles, futures as promises.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use twinloop_js::engine::{Bytes, Error, Hooks, Local, PromiseState, Resolver, Scope};

use crate::{message, run, with_engine};

/// Collects what the hooks hear.
#[derive(Default)]
struct Heard {
    unhandled: RefCell<Vec<String>>,
    late: Cell<u32>,
    uncaught: RefCell<Vec<String>>,
}

impl Hooks for Heard {
    fn unhandled_rejection(&self, scope: &Scope<'_>, promise: Local<'_>, reason: Local<'_>) {
        assert_eq!(scope.promise_state(promise), Some(PromiseState::Rejected));
        self.unhandled
            .borrow_mut()
            .push(scope.string_of(reason).unwrap());
    }
    fn rejection_handled(&self, _: &Scope<'_>, _: Local<'_>, _: Local<'_>) {
        self.late.set(self.late.get() + 1);
    }
    fn uncaught(&self, scope: &Scope<'_>, error: Error) {
        self.uncaught.borrow_mut().push(message(scope, &error));
    }
}

#[test]
fn a_checkpoint_drains_all_microtasks_in_order_before_it_reports_rejections() {
    with_engine(|context| {
        let heard = Rc::new(Heard::default());
        context.set_hooks(heard.clone());
        context.enter(|scope| {
            let queue = scope
                .closure("queueMicrotask", 1, |scope, arguments| {
                    scope.queue_microtask(arguments.get(0))?;
                    Ok(Local::undefined())
                })
                .unwrap();
            scope.set(scope.global(), "queueMicrotask", queue).unwrap();
            run(
                scope,
                "globalThis.log = [];
                 Promise.reject('lost');
                 const saved = Promise.reject('saved');
                 queueMicrotask(() => { log.push('first'); queueMicrotask(() => { log.push('third'); saved.catch(() => log.push('caught')); }); });
                 Promise.resolve().then(() => log.push('second'));
                 queueMicrotask(() => { throw new TypeError('in a microtask') });",
            );
        });
        assert!(context.has_microtasks());
        context.checkpoint();
        assert!(!context.has_microtasks());
        context.enter(|scope| {
            let log = run(scope, "log.join()");
            assert_eq!(scope.string_of(log).unwrap(), "first,second,third,caught");
        });
        assert_eq!(*heard.unhandled.borrow(), ["lost"]);
        assert_eq!(*heard.uncaught.borrow(), ["TypeError: in a microtask"]);
        assert_eq!(heard.late.get(), 0);
    });
}

#[test]
fn a_handler_that_comes_late_is_announced() {
    with_engine(|context| {
        let heard = Rc::new(Heard::default());
        context.set_hooks(heard.clone());
        context.enter(|scope| {
            run(
                scope,
                "globalThis.promise = Promise.reject(new Error('late'))",
            );
        });
        context.checkpoint();
        context.collect_garbage();
        context.enter(|scope| {
            run(scope, "promise.catch(() => {})");
        });
        context.checkpoint();
        assert_eq!(*heard.unhandled.borrow(), ["Error: late"]);
        assert_eq!(heard.late.get(), 1);
    });
}

#[test]
fn a_future_that_is_done_settles_at_once_and_its_error_rejects() {
    with_engine(|context| {
        context.enter(|scope| {
            let done = scope
                .promise_from_future(async { Ok(Bytes(vec![1, 2, 3])) })
                .unwrap();
            assert_eq!(scope.promise_state(done), Some(PromiseState::Fulfilled));
            assert_eq!(
                scope.bytes_of(scope.promise_result(done)).unwrap(),
                [1, 2, 3]
            );
            let failed = scope
                .promise_from_future(async { Err::<(), _>(Error::range_error("no")) })
                .unwrap();
            assert_eq!(scope.promise_state(failed), Some(PromiseState::Rejected));
            scope.mark_promise_handled(failed);
            let (promise, resolver): (_, Resolver) = scope.promise().unwrap();
            assert_eq!(scope.promise_state(promise), Some(PromiseState::Pending));
            let heard = Rc::new(Cell::new(0.0));
            let sink = heard.clone();
            scope
                .when_settled(promise, move |_, outcome| {
                    sink.set(outcome?.as_f64().unwrap());
                    Ok(())
                })
                .unwrap();
            resolver.settle_in(scope, Ok(42));
            scope
                .set(scope.global(), "done", Local::boolean(heard.get() == 0.0))
                .unwrap();
            scope
                .state::<RefCell<Vec<Rc<Cell<f64>>>>>()
                .borrow_mut()
                .push(heard);
        });
        context.checkpoint();
        context.enter(|scope| {
            assert!(
                scope.bool_of(run(scope, "done")),
                "reactions run in the checkpoint"
            );
            assert_eq!(
                scope.state::<RefCell<Vec<Rc<Cell<f64>>>>>().borrow()[0].get(),
                42.0
            );
        });
    });
}

#[test]
fn a_promise_serves_what_everything_leads_to_that_waits_for_it() {
    with_engine(|context| {
        let cases = [
            (
                "an async function",
                "(async () => { await inner; await 1; })()",
                true,
            ),
            ("what it gives back", "(async () => inner)()", true),
            (
                "functions in functions",
                "(async () => { await (async () => (await inner) + 1)() })()",
                true,
            ),
            ("then", "inner.then(() => 1).finally(() => {})", true),
            ("a combinator", "Promise.all([1, inner])", true),
            (
                "combinators",
                "Promise.race([Promise.allSettled([inner]), Promise.any([inner])])",
                true,
            ),
            (
                "an async generator",
                "(async function* () { yield await inner; })().next()",
                true,
            ),
            (
                "a loop over one",
                "(async () => { for await (const x of (async function* () { yield await inner; })()); })()",
                true,
            ),
            (
                "a resolved promise",
                "new Promise((resolve) => resolve(inner))",
                true,
            ),
            (
                "a thenable",
                "(async () => { await { then(...both) { inner.then(...both) } } })()",
                true,
            ),
            (
                "resolve as a handler",
                "new Promise((resolve) => inner.then(resolve))",
                true,
            ),
            ("nobody", "new Promise(() => {})", false),
            (
                "somebody else besides",
                "inner.then(() => {}), (async () => inner)()",
                false,
            ),
            (
                "a function of the program's own",
                "new Promise((resolve) => inner.then((value) => resolve(value)))",
                false,
            ),
            (
                "a second one",
                "(async () => inner)(), (async () => inner)()",
                false,
            ),
        ];
        for (name, expression, serves) in cases {
            context.enter(|scope| {
                run(scope, "globalThis.inner = new Promise(() => {});");
                let outer = run(scope, expression);
                scope.set(scope.global(), "outer", outer).unwrap();
            });
            context.checkpoint();
            context.enter(|scope| {
                let (inner, outer) = (run(scope, "inner"), run(scope, "outer"));
                assert!(
                    scope.served_by(inner).is_none(),
                    "{name}, before Rust waits"
                );
                scope.when_settled(outer, |_, _| Ok(())).unwrap();
                let end = scope.served_by(inner);
                assert_eq!(end.is_some_and(|end| end.is_same(outer)), serves, "{name}");
                run(scope, "outer.then(() => {})");
                assert!(
                    scope.served_by(inner).is_none(),
                    "{name}, when JavaScript waits too"
                );
            });
        }
    });
}
