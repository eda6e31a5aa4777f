//! The turn of the loop as its users see it: order, fairness, wake-ups, liveness.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use twinloop_loop::time::{sleep, timeout};
use twinloop_loop::{Clock, Entry, Host, Loop, Wait};

fn record(log: &Rc<RefCell<Vec<&'static str>>>, what: &'static str) -> Entry {
    let log = Rc::clone(log);
    Entry::call(move |_| log.borrow_mut().push(what))
}

#[test]
fn entries_run_in_the_order_they_were_pushed() {
    let event_loop = Loop::new().unwrap();
    let log = Rc::default();
    for what in ["a", "b", "c"] {
        event_loop.push(record(&log, what));
    }
    event_loop.run();
    assert_eq!(*log.borrow(), ["a", "b", "c"]);
}

#[test]
fn what_an_entry_adds_runs_in_the_next_turn() {
    let event_loop = Loop::new().unwrap();
    let log: Rc<RefCell<Vec<&str>>> = Rc::default();
    let inner = Rc::clone(&log);
    event_loop.push(Entry::call(move |event_loop| {
        inner.borrow_mut().push("first");
        event_loop.push(record(&inner, "added"));
    }));
    event_loop.push(record(&log, "second"));
    event_loop.turn(Wait::No);
    assert_eq!(*log.borrow(), ["first", "second"]);
    event_loop.turn(Wait::No);
    assert_eq!(*log.borrow(), ["first", "second", "added"]);
}

#[test]
fn io_comes_before_the_inbox_and_the_inbox_before_timers() {
    let event_loop = Loop::new().unwrap();
    let _entered = event_loop.enter();
    let log: Rc<RefCell<Vec<&str>>> = Rc::default();
    let (mut sender, receiver) = std::os::unix::net::UnixStream::pair().unwrap();
    receiver.set_nonblocking(true).unwrap();

    struct Reader(Rc<RefCell<Vec<&'static str>>>);
    impl twinloop_loop::IoHandler for Reader {
        fn ready(&self, _: twinloop_loop::Readiness) {
            self.0.borrow_mut().push("io");
        }
    }
    let mode = twinloop_loop::Mode::Level {
        read: true,
        write: false,
    };
    let source = event_loop
        .register(std::os::fd::AsRawFd::as_raw_fd(&receiver), mode)
        .unwrap();
    source.set_handler(Some(Rc::new(Reader(Rc::clone(&log)))));

    event_loop.push_at(event_loop.now(), record(&log, "timer"));
    let remote = event_loop.remote();
    thread_local!(static LOG: RefCell<Option<Rc<RefCell<Vec<&'static str>>>>> = const { RefCell::new(None) });
    LOG.set(Some(Rc::clone(&log)));
    remote.post(Box::new(|_| {
        LOG.with_borrow(|log| log.as_ref().unwrap().borrow_mut().push("inbox"))
    }));
    std::io::Write::write_all(&mut sender, b"x").unwrap();
    event_loop.turn(Wait::No);
    assert_eq!(*log.borrow(), ["io", "inbox", "timer"]);
}

/// Counts what it runs and how often it was asked for a checkpoint.
#[derive(Default)]
struct Recorder {
    log: RefCell<Vec<String>>,
}

impl Host for Recorder {
    fn run(&self, token: u64) {
        self.log.borrow_mut().push(format!("run {token}"));
    }
    fn discard(&self, token: u64) {
        self.log.borrow_mut().push(format!("discard {token}"));
    }
    fn checkpoint(&self) {
        self.log.borrow_mut().push("checkpoint".into());
    }
}

#[test]
fn a_checkpoint_follows_each_entry_of_any_kind() {
    let event_loop = Loop::new().unwrap();
    let host = Rc::new(Recorder::default());
    let id = event_loop.add_host(Rc::clone(&host) as Rc<dyn Host>);
    event_loop.push(Entry::Host(id, 1));
    event_loop.spawn(async {});
    event_loop.push(Entry::Host(id, 2));
    event_loop.run();
    assert_eq!(
        *host.log.borrow(),
        ["run 1", "checkpoint", "checkpoint", "run 2", "checkpoint"]
    );
}

#[test]
fn checks_come_between_the_inbox_and_timers_and_let_timers_become_due() {
    let event_loop = Loop::new().unwrap();
    let log: Rc<RefCell<Vec<&str>>> = Rc::default();
    event_loop.push_at(0, record(&log, "timer"));
    let inner = Rc::clone(&log);
    event_loop.push_check(Entry::call(move |event_loop| {
        inner.borrow_mut().push("check");
        event_loop.push_at(0, record(&inner, "timer of the check"));
        event_loop.push_check(record(&inner, "next check"));
    }));
    event_loop.push(record(&log, "entry"));
    event_loop.turn(Wait::No);
    assert_eq!(
        *log.borrow(),
        ["entry", "check", "timer", "timer of the check"]
    );
    event_loop.run();
    assert_eq!(log.borrow().last(), Some(&"next check"));
}

#[test]
fn a_check_of_a_language_that_joins_in_a_checkpoint_runs_in_the_same_turn() {
    /// Joins for a second language in its checkpoint, once.
    struct Joining(Rc<Cell<u32>>, Cell<bool>);
    impl Host for Joining {
        fn run(&self, _: u64) {}
        fn discard(&self, _: u64) {}
        fn checkpoint(&self) {
            if self.1.replace(true) {
                return;
            }
            let event_loop = Loop::current();
            let joined = event_loop.add_host(Rc::new(Counting(Rc::clone(&self.0))));
            event_loop.push_check(Entry::Host(joined, 0));
        }
    }
    struct Counting(Rc<Cell<u32>>);
    impl Host for Counting {
        fn run(&self, _: u64) {
            self.0.set(self.0.get() + 1);
        }
        fn discard(&self, _: u64) {}
    }
    let event_loop = Loop::new().unwrap();
    let runs = Rc::new(Cell::new(0));
    event_loop.add_host(Rc::new(Joining(Rc::clone(&runs), Cell::new(false))));
    event_loop.push(Entry::call(|_| ()));
    event_loop.turn(Wait::No);
    assert_eq!(runs.get(), 1);
}

#[test]
fn a_check_that_is_not_referenced_does_not_keep_the_loop_alive() {
    let event_loop = Loop::new().unwrap();
    let log: Rc<RefCell<Vec<&str>>> = Rc::default();
    let key = event_loop.push_check(record(&log, "check"));
    assert!(event_loop.set_check_referenced(key, false));
    assert!(!event_loop.is_alive());
    event_loop.push(record(&log, "entry"));
    event_loop.run();
    assert_eq!(*log.borrow(), ["entry", "check"]);
    assert!(!event_loop.set_check_referenced(key, true));
}

#[test]
fn a_halted_turn_leaves_the_rest_of_the_queue_in_its_order() {
    let event_loop = Loop::new().unwrap();
    let log: Rc<RefCell<Vec<&str>>> = Rc::default();
    let inner = Rc::clone(&log);
    event_loop.push(Entry::call(move |event_loop| {
        event_loop.push(record(&inner, "added"));
        event_loop.halt();
    }));
    event_loop.push(record(&log, "second"));
    event_loop.push(record(&log, "third"));
    event_loop.turn(Wait::No);
    event_loop.turn(Wait::Until(None));
    assert!(log.borrow().is_empty(), "a halted loop ran {log:?}");
    event_loop.resume();
    event_loop.turn(Wait::No);
    assert_eq!(*log.borrow(), ["second", "third", "added"]);
}

#[test]
fn a_host_is_shown_the_tokens_of_its_own_entries() {
    let event_loop = Loop::new().unwrap();
    let host = Rc::new(Recorder::default());
    let id = event_loop.add_host(Rc::clone(&host) as Rc<dyn Host>);
    let other = event_loop.add_host(host as Rc<dyn Host>);
    event_loop.push(Entry::Host(id, 1));
    event_loop.push(Entry::Host(other, 2));
    let cancelled = event_loop.push_at(u64::MAX, Entry::Host(id, 3));
    event_loop.push_at(u64::MAX, Entry::Host(id, 4));
    event_loop.cancel_timer(cancelled);
    let mut shown = Vec::new();
    event_loop.visit_tokens(id, &mut |token| shown.push(token));
    assert_eq!(shown, [1, 4]);
}

#[test]
fn closing_discards_each_token_once() {
    let event_loop = Loop::new().unwrap();
    let host = Rc::new(Recorder::default());
    let id = event_loop.add_host(Rc::clone(&host) as Rc<dyn Host>);
    event_loop.push(Entry::Host(id, 1));
    event_loop.push_at(u64::MAX, Entry::Host(id, 2));
    event_loop.remote().post_host(id, 3);
    event_loop.remote().post_host_at(u64::MAX, id, 4);
    event_loop.close();
    let mut log = host.log.borrow().clone();
    log.sort();
    assert_eq!(log, ["discard 1", "discard 2", "discard 3", "discard 4"]);
    assert_eq!(
        Rc::strong_count(&host),
        1,
        "the closed loop lets go of its hosts"
    );
}

#[test]
fn timers_never_fire_early() {
    let event_loop = Loop::new().unwrap();
    for micros in [1, 50, 200, 1_000, 3_333] {
        let wanted = Duration::from_micros(micros);
        let begun = Instant::now();
        event_loop.block_on(async { sleep(wanted).await });
        assert!(
            begun.elapsed() >= wanted,
            "{:?} is before {wanted:?}",
            begun.elapsed()
        );
    }
}

#[test]
fn the_test_clock_jumps_instead_of_waiting() {
    let event_loop = Loop::with_clock(Clock::test()).unwrap();
    let begun = Instant::now();
    event_loop.block_on(async {
        sleep(Duration::from_secs(3600)).await;
        assert!(
            timeout(Duration::from_secs(60), sleep(Duration::from_secs(61)))
                .await
                .is_err()
        );
        assert!(
            timeout(Duration::from_secs(60), sleep(Duration::from_secs(59)))
                .await
                .is_ok()
        );
    });
    assert_eq!(event_loop.now(), (3600 + 60 + 59) * 1_000_000_000);
    assert!(begun.elapsed() < Duration::from_secs(60));
}

#[test]
fn the_test_clock_waits_for_the_blocking_pool() {
    let event_loop = Loop::with_clock(Clock::test()).unwrap();
    let value = event_loop.block_on(async {
        let work = Loop::current().spawn_blocking(|| {
            std::thread::sleep(Duration::from_millis(20));
            7
        });
        timeout(Duration::from_nanos(1_000), work).await
    });
    assert_eq!(
        value.unwrap().unwrap(),
        7,
        "time stood still while the pool worked"
    );
}

#[test]
fn run_ends_when_nothing_is_referenced() {
    let event_loop = Loop::with_clock(Clock::test()).unwrap();
    let fired = Rc::new(Cell::new(0));
    let count = |fired: &Rc<Cell<i32>>| {
        let fired = Rc::clone(fired);
        Entry::call(move |_| fired.set(fired.get() + 1))
    };
    event_loop.push_at(10, count(&fired));
    let unreferenced = event_loop.push_at(20, count(&fired));
    assert!(event_loop.set_timer_referenced(unreferenced, false));
    event_loop.run();
    assert_eq!((fired.get(), event_loop.now()), (1, 10));

    let hold = event_loop.hold();
    event_loop.push_at(30, Entry::call(move |_| drop(hold)));
    event_loop.run();
    assert_eq!(
        (fired.get(), event_loop.now()),
        (2, 30),
        "a hold let the unreferenced timer fire on the way"
    );
}

#[test]
fn a_post_from_another_thread_wakes_a_blocked_loop() {
    let event_loop = Loop::new().unwrap();
    let hold = event_loop.hold();
    let remote = event_loop.remote();
    let slot = Rc::new(RefCell::new(Some(hold)));
    thread_local!(static SLOT: RefCell<Option<Rc<RefCell<Option<twinloop_loop::Hold>>>>> = const { RefCell::new(None) });
    SLOT.set(Some(slot));
    let thread = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(30));
        remote.post(Box::new(|_| {
            SLOT.with_borrow_mut(|slot| drop(slot.take().unwrap().borrow_mut().take()))
        }));
    });
    event_loop.run();
    thread.join().unwrap();
}

#[test]
fn posts_from_many_threads_all_arrive() {
    let event_loop = Loop::new().unwrap();
    let host = Rc::new(Recorder::default());
    let id = event_loop.add_host(Rc::clone(&host) as Rc<dyn Host>);
    let threads: Vec<_> = (0..4)
        .map(|thread: u64| {
            let remote = event_loop.remote();
            std::thread::spawn(move || {
                for number in 0..10_000 {
                    remote.post_host(id, thread * 10_000 + number);
                }
            })
        })
        .collect();
    let ran = || {
        host.log
            .borrow()
            .iter()
            .filter(|line| line.starts_with("run"))
            .count()
    };
    event_loop.run_until(&|| ran() == 40_000);
    for thread in threads {
        thread.join().unwrap();
    }
    let log = host.log.borrow();
    let tokens: Vec<u64> = log
        .iter()
        .filter_map(|line| line.strip_prefix("run ")?.parse().ok())
        .collect();
    for thread in 0..4 {
        let own: Vec<u64> = tokens
            .iter()
            .copied()
            .filter(|token| token / 10_000 == thread)
            .collect();
        assert!(
            own.is_sorted() && own.len() == 10_000,
            "the posts of one thread keep their order"
        );
    }
}

#[test]
fn a_panic_in_a_task_reaches_its_handle_and_nothing_else() {
    let event_loop = Loop::new().unwrap();
    let result = event_loop.block_on(async {
        let broken = Loop::current().spawn(async { panic!("on purpose") });
        let sound = Loop::current().spawn(async { 1 });
        (broken.await, sound.await)
    });
    let error = result.0.unwrap_err();
    assert!(error.is_panic());
    assert_eq!(error.to_string(), "the task panicked: on purpose");
    assert_eq!(result.1.unwrap(), 1);
}

#[test]
fn an_aborted_task_drops_its_future_at_once() {
    struct OnDrop(Rc<Cell<bool>>);
    impl Drop for OnDrop {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }
    let event_loop = Loop::new().unwrap();
    let dropped = Rc::new(Cell::new(false));
    let guard = OnDrop(Rc::clone(&dropped));
    event_loop.block_on(async {
        let task = Loop::current().spawn(async move {
            let _guard = guard;
            sleep(Duration::from_secs(3600)).await;
        });
        sleep(Duration::from_millis(1)).await;
        task.abort();
        assert!(dropped.get());
        assert!(task.await.unwrap_err().is_aborted());
    });
    assert_eq!(
        event_loop.statistics().timers,
        0,
        "the sleep took its timer along"
    );
}

#[test]
fn a_task_may_abort_itself() {
    let event_loop = Loop::new().unwrap();
    let slot: Rc<RefCell<Option<twinloop_loop::JoinHandle<()>>>> = Rc::default();
    let own = Rc::clone(&slot);
    let task = event_loop.spawn(async move {
        own.borrow().as_ref().unwrap().abort();
        std::future::pending::<()>().await;
    });
    *slot.borrow_mut() = Some(task);
    event_loop.turn(Wait::No);
    assert_eq!(event_loop.statistics().tasks, 0);
}

#[test]
fn a_hundred_thousand_timers_and_tasks_are_no_burden() {
    let event_loop = Loop::with_clock(Clock::test()).unwrap();
    let done = event_loop.block_on(async {
        let tasks: Vec<_> = (0..100_000u64)
            .map(|number| {
                Loop::current().spawn(async move {
                    sleep(Duration::from_nanos(number * 7919 % 100_000)).await;
                    1u64
                })
            })
            .collect();
        let mut done = 0;
        for task in tasks {
            done += task.await.unwrap();
        }
        done
    });
    assert_eq!(done, 100_000);
    let statistics = event_loop.statistics();
    assert_eq!((statistics.timers, statistics.tasks), (0, 0));
}

#[test]
fn an_idle_loop_uses_no_processor_time() {
    let event_loop = Loop::new().unwrap();
    let before = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    event_loop.block_on(async { sleep(Duration::from_millis(300)).await });
    let after = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let turns = event_loop.statistics().turns;
    assert!(turns < 10, "{turns} turns for one sleep");
    let used = (after.tv_sec - before.tv_sec) * 1_000_000_000 + (after.tv_nsec - before.tv_nsec);
    assert!(
        used < 100_000_000,
        "{used} ns of processor time for a sleep of 300 ms"
    );
}

// ---- what waits in a queue keeps its name ----------------------------------------------------------------------------------

/// The numbers of hosts once began at 0 again after `close`. A thread that posts late, to the host that it knew, then reached whoever
/// had that number now, with a token that means nothing to it: a pointer of one language as the slot of another.
#[test]
fn a_late_post_to_a_host_that_has_left_reaches_no_other_host() {
    let event_loop = Loop::new().unwrap();
    let left = event_loop.add_host(Rc::new(Recorder::default()));
    event_loop.close();
    let joined = Rc::new(Recorder::default());
    let id = event_loop.add_host(Rc::clone(&joined) as Rc<dyn Host>);
    let remote = event_loop.remote();
    std::thread::spawn(move || {
        remote.post_host(left, 1);
        remote.post_host(id, 2);
    })
    .join()
    .unwrap();
    event_loop.turn(Wait::No);
    let log = joined.log.borrow();
    assert_eq!(
        log.iter()
            .filter(|line| line.starts_with("run"))
            .collect::<Vec<_>>(),
        ["run 2"]
    );
}

/// A task's place in the slab is used again while a waker of the task before it, or an entry in the queue, still names it.
#[test]
fn a_waker_of_a_task_that_ended_does_not_poll_the_next_one() {
    let event_loop = Loop::new().unwrap();
    let waker: Rc<RefCell<Option<std::task::Waker>>> = Rc::default();
    let polls = Rc::new(Cell::new(0));
    let kept = Rc::clone(&waker);
    let first = event_loop.spawn(std::future::poll_fn(move |context| {
        *kept.borrow_mut() = Some(context.waker().clone());
        std::task::Poll::<()>::Pending
    }));
    event_loop.turn(Wait::No);
    // Queued, and then its task is gone and the place another one's.
    let entered = event_loop.enter();
    waker.borrow().as_ref().unwrap().wake_by_ref();
    drop(entered);
    first.abort();
    let counted = Rc::clone(&polls);
    drop(event_loop.spawn(std::future::poll_fn(move |_context| {
        counted.set(counted.get() + 1);
        std::task::Poll::<()>::Pending
    })));
    event_loop.turn(Wait::No);
    assert_eq!(polls.get(), 1, "polled for its own beginning only");
}

/// A descriptor is closed while its event waits in the queue, and its number and its place are another one's at once.
#[test]
fn an_event_of_a_closed_descriptor_is_not_told_to_the_next_one() {
    struct Count(Rc<Cell<u32>>);
    impl twinloop_loop::IoHandler for Count {
        fn ready(&self, _: twinloop_loop::Readiness) {
            self.0.set(self.0.get() + 1);
        }
    }
    let event_loop = Loop::new().unwrap();
    let mode = twinloop_loop::Mode::Level {
        read: true,
        write: false,
    };
    let (mut sender, receiver) = std::os::unix::net::UnixStream::pair().unwrap();
    std::io::Write::write_all(&mut sender, b"x").unwrap();
    let watch = |receiver: &std::os::unix::net::UnixStream, told: &Rc<Cell<u32>>| {
        let source = event_loop
            .register(std::os::fd::AsRawFd::as_raw_fd(receiver), mode)
            .unwrap();
        source.set_handler(Some(Rc::new(Count(Rc::clone(told)))));
        source
    };
    let told: [Rc<Cell<u32>>; 2] = Default::default();
    let first = Rc::new(RefCell::new(Some((watch(&receiver, &told[0]), receiver))));
    let second = Rc::new(RefCell::new(None));
    let number = first.borrow().as_ref().unwrap().0.fd();
    // Runs in the turn in which the event comes, before it.
    let (slot, next) = (Rc::clone(&first), Rc::clone(&second));
    let (quiet, _other_end) = std::os::unix::net::UnixStream::pair().unwrap();
    let next_told = Rc::clone(&told[1]);
    event_loop.push(Entry::call(move |event_loop| {
        drop(slot.take());
        let quiet = rustix::io::dup(&quiet).unwrap();
        assert_eq!(
            std::os::fd::AsRawFd::as_raw_fd(&quiet),
            number,
            "the number is used again"
        );
        let source = event_loop.register(number, mode).unwrap();
        source.set_handler(Some(Rc::new(Count(next_told))));
        *next.borrow_mut() = Some((source, quiet));
    }));
    std::thread::sleep(Duration::from_millis(1));
    event_loop.turn(Wait::No);
    event_loop.turn(Wait::No);
    assert_eq!([told[0].get(), told[1].get()], [0, 0]);
}

// ---- turns inside an entry -------------------------------------------------------------------------------------------------

#[test]
fn an_entry_may_run_turns_of_its_own_loop() {
    let event_loop = Loop::new().unwrap();
    let log: Rc<RefCell<Vec<&str>>> = Rc::default();
    let inner = Rc::clone(&log);
    event_loop.push(Entry::call(move |event_loop| {
        event_loop.push(record(&inner, "added"));
        inner.borrow_mut().push("begins");
        event_loop.turn(Wait::No);
        inner.borrow_mut().push("ends");
    }));
    event_loop.push(record(&log, "behind"));
    event_loop.run();
    assert_eq!(*log.borrow(), ["begins", "behind", "added", "ends"]);
}

/// A task that runs a turn while it is polled is in the middle of its poll when that turn comes to its own entry: the wake-up was lost
/// and the task never went on.
#[test]
fn a_task_that_is_woken_in_a_turn_inside_its_own_poll_is_polled_again() {
    let event_loop = Loop::new().unwrap();
    let polls = Rc::new(Cell::new(0));
    let counted = Rc::clone(&polls);
    let task = event_loop.spawn(std::future::poll_fn(move |context| {
        counted.set(counted.get() + 1);
        if counted.get() > 1 {
            return std::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Loop::current().turn(Wait::No);
        std::task::Poll::Pending
    }));
    event_loop.turn(Wait::No);
    event_loop.turn(Wait::No);
    assert_eq!(polls.get(), 2);
    drop(task);
}

/// Both futures have the same name in the queue, so the inner `block_on` took the entry that was to wake the outer one.
#[test]
fn a_block_on_inside_another_leaves_the_outer_one_its_wake_up() {
    let event_loop = Loop::new().unwrap();
    let nested = event_loop.clone();
    let mut polls = 0;
    event_loop.block_on(std::future::poll_fn(|context| {
        polls += 1;
        if polls > 1 {
            return std::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        nested.block_on(sleep(Duration::from_millis(1)));
        std::task::Poll::Pending
    }));
    assert_eq!(polls, 2);
}

// ---- a language's own time ---------------------------------------------------------------------------------------------------

#[test]
fn deadlines_follow_the_time_of_a_language() {
    let event_loop = Loop::new().unwrap();
    let time = Rc::new(Cell::new(1_000));
    let asked = Rc::clone(&time);
    event_loop.follow_time(Some(Rc::new(move || asked.get())));
    assert_eq!(event_loop.now(), 1_000);
    let fired = Rc::new(Cell::new(false));
    let seen = Rc::clone(&fired);
    event_loop.push_at(2_000, Entry::call(move |_| seen.set(true)));
    event_loop.turn(Wait::Until(None));
    assert!(!fired.get(), "that time stands still");
    time.set(2_000);
    event_loop.turn(Wait::Until(None));
    assert!(fired.get());
    event_loop.follow_time(None);
    assert!(event_loop.now() > 2_000, "the loop's clock again");
}
