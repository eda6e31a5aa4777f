//! The safe layer, tested at its boundary without a loop: values, roots under collection, errors, recursion, panics,
//! microtasks, rejections, interrupts. Each test owns a thread's context, as the harness gives each its own thread.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use twinloop_js::engine::{
    Arguments, Bytes, Class, Context, ContextOptions, Error, ErrorClass, Hooks, Local, Op,
    PromiseState, Resolver, Scope, Type, Units,
};

fn with_engine(test: impl FnOnce(&Context)) {
    let owner = Context::create(&ContextOptions::default()).expect("a context starts");
    test(owner.context());
}

fn in_scope(test: impl for<'s> FnOnce(&Scope<'s>)) {
    with_engine(|context| context.enter(test));
}

fn run<'s>(scope: &Scope<'s>, source: &str) -> Local<'s> {
    scope
        .evaluate(source, "test.js", 1)
        .unwrap_or_else(|error| panic!("{}", message(scope, &error)))
}

fn message(scope: &Scope<'_>, error: &Error) -> String {
    error
        .to_local(scope)
        .map_or("terminated".to_owned(), |value| {
            scope.string_of(value).unwrap_or_default()
        })
}

#[test]
fn strings_keep_their_units_both_ways() {
    in_scope(|scope| {
        for text in ["", "plain", "naïve", "日本語 🦀", "a\0b"] {
            let string = scope.string(text).unwrap();
            assert_eq!(scope.string_of(string).unwrap(), text);
        }
        let lone = run(scope, "'a\\ud800b'");
        assert_eq!(scope.utf16_of(lone).unwrap(), [0x61, 0xd800, 0x62]);
        assert_eq!(scope.string_of(lone).unwrap(), "a\u{fffd}b");
        let units = scope.string_utf16(&[0xd800]).unwrap();
        assert_eq!(scope.utf16_of(units).unwrap(), [0xd800]);
        let latin1 = scope.string_latin1(&[0xe9, 0xff]).unwrap();
        assert_eq!(scope.string_of(latin1).unwrap(), "éÿ");
        assert_eq!(scope.latin1_of(latin1).unwrap(), Some(vec![0xe9, 0xff]));
        assert!(
            scope
                .read_units(latin1, |units| matches!(units, Units::Latin1(_)))
                .unwrap()
        );
    });
}

#[test]
fn numbers_keep_sign_of_zero_and_nan() {
    in_scope(|scope| {
        let global = scope.global();
        for value in [
            0.0,
            -0.0,
            1.5,
            -1.0,
            2_147_483_648.0,
            f64::INFINITY,
            f64::from_bits(0xffff_ffff_ffff_ffff),
        ] {
            scope.set(global, "value", scope.number(value)).unwrap();
            let back = scope.get(global, "value").unwrap().as_f64().unwrap();
            assert!(
                back.to_bits() == value.to_bits() || (back.is_nan() && value.is_nan()),
                "{value}"
            );
        }
        assert!(scope.bool_of(run(scope, "value !== value")));
    });
}

#[test]
fn bigints_of_any_size_go_through_decimal_digits() {
    in_scope(|scope| {
        for digits in [
            "0",
            "-1",
            "9007199254740993",
            "-123456789012345678901234567890",
        ] {
            let value = scope.bigint_from_decimal(digits).unwrap();
            assert_eq!(value.type_of(), Type::BigInt);
            assert_eq!(scope.bigint_digits(value).unwrap(), digits);
        }
        assert!(scope.bigint_from_decimal("12x").is_err());
    });
}

#[test]
fn locals_and_slots_survive_collections_that_move_and_free() {
    with_engine(|context| {
        let slots: Vec<_> = context.enter(|scope| {
            (0..500)
                .map(|index| {
                    let object = scope.object().unwrap();
                    scope
                        .set(object, "index", scope.number(index.into()))
                        .unwrap();
                    scope.persist(object)
                })
                .collect()
        });
        context.enter(|scope| {
            let locals: Vec<_> = (0..600)
                .map(|index| {
                    scope
                        .string(&format!("a longer string, number {index}"))
                        .unwrap()
                })
                .collect();
            for _ in 0..3 {
                run(
                    scope,
                    "{ let all = []; for (let i = 0; i < 50000; i++) all.push({ i }); }",
                );
                scope.collect_garbage();
            }
            for (index, local) in locals.iter().enumerate() {
                assert_eq!(
                    scope.string_of(*local).unwrap(),
                    format!("a longer string, number {index}")
                );
            }
            for (index, slot) in slots.iter().enumerate() {
                let object = scope.local(slot);
                assert_eq!(
                    scope.get(object, "index").unwrap().as_f64(),
                    Some(index as f64)
                );
            }
        });
        let before = context.live_slots();
        drop(slots);
        assert_eq!(context.live_slots(), before - 500);
    });
}

#[test]
fn nested_scopes_give_back_their_roots_and_keep_one_value() {
    in_scope(|scope| {
        let outer = scope.string("outer").unwrap();
        let kept = scope
            .nested_value(|inner| {
                for index in 0..1000 {
                    inner.string(&index.to_string())?;
                }
                let array = inner.array(&[outer])?;
                Ok(array)
            })
            .unwrap();
        scope.collect_garbage();
        let text = scope.get(kept, 0).unwrap();
        assert_eq!(scope.string_of(text).unwrap(), "outer");
    });
}

#[test]
#[should_panic(expected = "only the innermost scope may be used")]
fn an_outer_scope_refuses_to_work_inside_a_nested_one() {
    in_scope(|outer| {
        outer.nested(|_| {
            let _ = outer.object();
        });
    });
}

#[test]
#[should_panic(expected = "lent out")]
fn the_engine_refuses_to_be_entered_while_bytes_are_lent_out() {
    with_engine(|context| {
        context.enter(|scope| {
            let bytes = scope.uint8_array(vec![1; 100]).unwrap();
            scope.with_bytes(bytes, |_| context.enter(|_| ())).unwrap();
        });
    });
}

#[test]
fn calls_with_many_arguments_root_them_all() {
    in_scope(|scope| {
        let sum = run(
            scope,
            "(...all) => { let garbage = []; for (let i = 0; i < 20000; i++) garbage.push({i}); return all.reduce((a, b) => a + b.n, 0); }",
        );
        for count in [0, 1, 200, 255, 256, 257, 3000] {
            let arguments: Vec<_> = (0..count)
                .map(|index| {
                    let object = scope.object().unwrap();
                    scope.set(object, "n", scope.number(index.into())).unwrap();
                    object
                })
                .collect();
            let total = scope.call(sum, Local::undefined(), &arguments).unwrap();
            assert_eq!(
                total.as_f64(),
                Some(f64::from(count * (count - 1) / 2)),
                "{count} arguments"
            );
        }
    });
}

fn add<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let sum = scope.number_of(arguments.get(0))? + scope.number_of(arguments.get(1))?;
    Ok(scope.number(sum))
}

fn explode<'s>(_: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    panic!("the op's own words")
}

fn fail<'s>(_: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    Err(Error::coded("ENOENT", "no such file")
        .with("errno", -2)
        .with("syscall", "open"))
}

fn end<'s>(_: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    Err(Error::terminated())
}

static OPS: &[Op] = &[
    Op::new("add", 2, add),
    Op::new("explode", 0, explode),
    Op::new("fail", 0, fail),
    Op::new("end", 0, end),
];

fn with_ops<'s>(scope: &Scope<'s>) {
    let ops = scope.ops_object(vec![OPS]).unwrap();
    scope.set(scope.global(), "ops", ops).unwrap();
}

#[test]
fn ops_are_called_by_name_and_are_functions_once() {
    in_scope(|scope| {
        with_ops(scope);
        assert_eq!(run(scope, "ops.add(2, 3)").as_f64(), Some(5.0));
        assert!(scope.bool_of(run(
            scope,
            "ops.add === ops.add && ops.add.name === 'add' && ops.add.length === 2"
        )));
        assert!(run(scope, "ops.absent").is_undefined());
        let thrown = run(
            scope,
            "try { ops.add({ valueOf() { throw 'from valueOf'; } }, 1) } catch (error) { error }",
        );
        assert_eq!(scope.string_of(thrown).unwrap(), "from valueOf");
    });
}

#[test]
fn a_panic_in_an_op_is_an_error_of_the_program() {
    in_scope(|scope| {
        with_ops(scope);
        let text = run(
            scope,
            "try { ops.explode() } catch (error) { `${error.name}: ${error.message}` }",
        );
        let text = scope.string_of(text).unwrap();
        assert!(
            text.starts_with("Error: ") && text.contains("the op's own words"),
            "{text}"
        );
        assert_eq!(run(scope, "ops.add(1, 1)").as_f64(), Some(2.0));
    });
}

#[test]
fn a_described_error_has_its_class_properties_and_stack() {
    in_scope(|scope| {
        with_ops(scope);
        let text = run(
            scope,
            "function caller() { return ops.fail(); }
             try { caller() } catch (error) {
               JSON.stringify([error.message, error.code, error.errno, error.syscall, error instanceof Error,
                               'cause' in error, error.stack.includes('caller') && error.stack.includes('test.js:1')])
             }",
        );
        assert_eq!(
            scope.string_of(text).unwrap(),
            r#"["no such file","ENOENT",-2,"open",true,false,true]"#
        );
        let error = Error::type_error("bad").to_local(scope).unwrap();
        assert!(scope.instance_of(error, run(scope, "TypeError")).unwrap());
        assert!(scope.new_error(ErrorClass::RangeError, "x").is_ok());
    });
}

#[test]
fn a_thrown_value_comes_back_as_it_was() {
    in_scope(|scope| {
        let object = run(scope, "globalThis.thrown = { a: 1 }; thrown");
        let error = scope
            .evaluate("function f() { throw thrown }\nf()", "thrower.js", 1)
            .unwrap_err();
        let value = error.to_local(scope).unwrap();
        assert!(value.is_same(object));
        assert!(
            error.throw_site(scope).contains("thrower.js:1"),
            "{}",
            error.throw_site(scope)
        );
    });
}

#[test]
fn a_termination_cannot_be_caught() {
    in_scope(|scope| {
        with_ops(scope);
        let error = scope
            .evaluate("globalThis.caught = 0; try { ops.end() } catch { caught = 1 } finally { caught = 2 }", "t.js", 1)
            .unwrap_err();
        assert!(error.is_terminated());
        assert_eq!(run(scope, "caught").as_f64(), Some(0.0));
    });
}

#[test]
fn infinite_recursion_is_a_catchable_error_in_scripts_and_through_natives() {
    in_scope(|scope| {
        let text = run(
            scope,
            "function f() { return f() + 1 } try { f() } catch (error) { error.name }",
        );
        assert_eq!(scope.string_of(text).unwrap(), "InternalError");
        let again = scope
            .closure("again", 1, |scope, arguments| {
                scope.call(arguments.get(0), Local::undefined(), &[])
            })
            .unwrap();
        scope.set(scope.global(), "again", again).unwrap();
        let text = run(
            scope,
            "function g() { return again(g) } try { g() } catch (error) { error.name }",
        );
        assert_eq!(scope.string_of(text).unwrap(), "InternalError");
        let text = run(
            scope,
            "let deep = '['.repeat(1e6); try { JSON.parse(deep) } catch (error) { error.name }",
        );
        assert_ne!(scope.string_of(text).unwrap(), "");
    });
}

#[test]
fn a_closure_is_dropped_after_its_function_is_collected() {
    with_engine(|context| {
        let owned = Rc::new(());
        let held = Rc::downgrade(&owned);
        context.enter(|scope| {
            scope
                .closure("holder", 0, move |_, _| {
                    let _ = &owned;
                    Ok(Local::undefined())
                })
                .unwrap();
        });
        context.collect_garbage();
        context.checkpoint();
        assert!(held.upgrade().is_none());
    });
}

#[test]
fn a_host_object_gives_its_value_to_the_right_type_only() {
    with_engine(|context| {
        let value = Rc::new(Cell::new(7));
        let weak = Rc::downgrade(&value);
        context.enter(|scope| {
            let object = scope.host_object(value).unwrap();
            assert_eq!(scope.host_value::<Cell<i32>>(object).unwrap().get(), 7);
            assert!(scope.host_value::<String>(object).is_none());
            assert!(scope.host_value::<String>(scope.global()).is_none());
            assert!(
                scope
                    .expect_host::<String>(Local::null(), "a name")
                    .is_err()
            );
        });
        context.collect_garbage();
        assert!(weak.upgrade().is_some(), "dropped only where code may run");
        context.checkpoint();
        assert!(weak.upgrade().is_none());
    });
}

#[test]
fn bytes_move_in_without_a_copy_and_can_be_read_and_written() {
    in_scope(|scope| {
        for length in [0, 1, 64, 65, 100_000] {
            let bytes: Vec<u8> = (0..length).map(|index| index as u8).collect();
            let array = scope.uint8_array(bytes.clone()).unwrap();
            assert_eq!(scope.bytes_of(array).unwrap(), bytes);
            scope.with_bytes_mut(array, |bytes| bytes.fill(9)).unwrap();
            scope.collect_garbage();
            assert!(
                scope
                    .with_bytes(array, |bytes| bytes.iter().all(|&byte| byte == 9))
                    .unwrap()
            );
        }
        let view = run(
            scope,
            "new DataView(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2)",
        );
        assert_eq!(scope.bytes_of(view).unwrap(), [2, 3]);
        let shared = run(
            scope,
            "const s = new Uint8Array(new SharedArrayBuffer(3)); s[1] = 5; s",
        );
        assert_eq!(scope.bytes_of(shared).unwrap(), [0, 5, 0]);
        assert!(scope.with_bytes_mut(shared, |_| ()).is_err());
        let detached = run(
            scope,
            "const d = new Uint8Array(100); d.buffer.transfer(); d",
        );
        assert!(scope.bytes_of(detached).unwrap().is_empty());
        assert!(scope.bytes_of(Local::null()).is_err());
    });
}

#[test]
fn classes_and_proxies_are_told_apart() {
    in_scope(|scope| {
        for (source, class) in [
            ("[]", Class::Array),
            ("new Map", Class::Map),
            ("new Set", Class::Set),
            ("new Date", Class::Date),
            ("/x/", Class::RegExp),
            ("Promise.resolve()", Class::Promise),
            ("new Error", Class::Error),
            ("({})", Class::Object),
            ("(() => 1)", Class::Function),
        ] {
            assert_eq!(scope.class_of(run(scope, source)), Some(class), "{source}");
        }
        let (target, handler) = scope
            .proxy_details(run(scope, "new Proxy([1], { get: () => 2 })"))
            .unwrap();
        assert!(scope.is_array(target) && scope.has(handler, "get").unwrap());
        let (target, _) = scope
            .proxy_details(run(
                scope,
                "const r = Proxy.revocable({}, {}); r.revoke(); r.proxy",
            ))
            .unwrap();
        assert!(target.is_null());
        assert!(scope.proxy_details(run(scope, "({})")).is_none());
        assert!(scope.proxy_details(run(scope, "globalThis")).is_none());
    });
}

#[test]
fn own_keys_are_strings_and_symbols_in_order() {
    in_scope(|scope| {
        let object = run(scope, "({ b: 1, 2: 2, a: 3, [Symbol('s')]: 4, 'é': 5 })");
        let keys: Vec<_> = scope
            .keys(object)
            .unwrap()
            .into_iter()
            .map(|key| scope.string_of(key).unwrap())
            .collect();
        assert_eq!(keys, ["2", "b", "a", "é"]);
        assert_eq!(scope.all_keys(object).unwrap().len(), 5);
        assert_eq!(scope.get(object, "é").unwrap().as_f64(), Some(5.0));
        assert_eq!(scope.get(object, 2).unwrap().as_f64(), Some(2.0));
        assert_eq!(scope.get(object, "2").unwrap().as_f64(), Some(2.0));
    });
}

#[test]
fn json_goes_both_ways_and_reports_errors() {
    in_scope(|scope| {
        let value = scope.json_parse(r#"{"a":[1,"ü",null]}"#).unwrap();
        assert_eq!(
            scope.json_stringify(value).unwrap().unwrap(),
            r#"{"a":[1,"ü",null]}"#
        );
        assert_eq!(scope.json_stringify(Local::undefined()).unwrap(), None);
        let error = scope.json_parse("{").unwrap_err();
        assert!(
            message(scope, &error).starts_with("SyntaxError"),
            "{}",
            message(scope, &error)
        );
    });
}

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
fn an_interrupt_ends_an_infinite_loop() {
    with_engine(|context| {
        let handle = context.interrupt_handle();
        let watchdog = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            handle.interrupt();
        });
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
        let handle = context.interrupt_handle();
        let watchdog = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            handle.interrupt();
        });
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
