//! Roots: what survives a collection and what a collection frees, and the misuse of scopes that is refused.
//!
//! `cargo xtask test zeal` runs these with a collector that moves and frees far more often than a program would see.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use twinloop_js::engine::{Local, Scope};

use crate::{in_scope, run, with_engine};

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
fn weak_slots_follow_what_lives_and_let_go_of_the_rest() {
    with_engine(|context| {
        let (slots, _kept) = context.enter(|scope| {
            let kept = scope.array(&[]).unwrap();
            let slots: Vec<_> = (0..600u32)
                .map(|index| {
                    scope.nested(|scope| {
                        let object = scope.object().unwrap();
                        let number = scope.number(index.into());
                        scope.set(object, "index", number).unwrap();
                        if index % 3 == 0 {
                            scope.set(kept, index / 3, object).unwrap();
                        }
                        scope.weak(object)
                    })
                })
                .collect();
            (slots, scope.persist(kept))
        });
        for _ in 0..3 {
            context.enter(|scope| {
                run(
                    scope,
                    "{ let all = []; for (let i = 0; i < 50000; i++) all.push({ i }); }",
                );
                scope.collect_garbage();
            });
            context.enter(|scope| {
                for (index, slot) in slots.iter().enumerate() {
                    let found = scope
                        .upgrade(slot)
                        .map(|object| scope.get(object, "index").unwrap().as_f64());
                    let expected = (index % 3 == 0).then_some(Some(index as f64));
                    assert_eq!(found, expected);
                }
            });
        }
    });
}

#[test]
fn what_a_weak_slot_gave_lives_on() {
    with_engine(|context| {
        let slots: Vec<_> = context.enter(|scope| {
            // Enough for collections in slices, under way when the slots are read.
            run(
                scope,
                "globalThis.ballast = []; for (let i = 0; i < 200000; i++) ballast.push({ i });",
            );
            (0..64u32)
                .map(|index| {
                    let holder = run(scope, "globalThis.held ??= []");
                    let object = scope.object().unwrap();
                    scope
                        .set(object, "index", scope.number(index.into()))
                        .unwrap();
                    scope.set(holder, index, object).unwrap();
                    scope.weak(object)
                })
                .collect()
        });
        for (index, slot) in slots.iter().enumerate() {
            context.enter(|scope| {
                let object = scope.upgrade(slot).unwrap();
                run(
                    scope,
                    &format!("held[{index}] = null; for (let i = 0; i < 20000; i++) ballast.push({{ i }});"),
                );
                scope.set(scope.global(), "taken", object).unwrap();
                run(
                    scope,
                    "for (let i = 0; i < 20000; i++) ballast[i] = { i };",
                );
                scope.collect_garbage();
                let object = scope.upgrade(slot).unwrap();
                assert_eq!(
                    scope.get(object, "index").unwrap().as_f64(),
                    Some(index as f64)
                );
            });
        }
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

/// The engine walks a table as large as it ever was to let go of what WeakRefs keep, so after many of them this happens
/// seldom; but it happens.
#[test]
fn what_many_weak_references_kept_is_let_go_after_the_job() {
    // A collector that runs at every turn would mark all of them thousands of times.
    let many = match std::env::var_os("JS_GC_ZEAL") {
        Some(_) => 2_000,
        None => 200_000,
    };
    with_engine(|context| {
        context.enter(|scope| {
            run(
                scope,
                &format!(
                    "globalThis.many = Array.from({{ length: {many} }}, () => new WeakRef({{}}))"
                ),
            );
        });
        let is_dead = |scope: &Scope<'_>| {
            let alive = run(
                scope,
                "many.filter((reference) => reference.deref()).length",
            );
            alive.as_f64() == Some(0.0)
        };
        // `deref` keeps what it finds once more, so each look is a job of its own. Many checkpoints, as time is what decides.
        let dead = (0..50).any(|_| {
            for _ in 0..200 {
                context.enter(|scope| run(scope, "0").is_undefined());
                context.checkpoint();
                std::thread::sleep(Duration::from_micros(100));
            }
            context.collect_garbage();
            context.enter(|scope| is_dead(scope))
        });
        assert!(dead);
    });
}
