"""call_soon, call_soon_threadsafe, timers, and the order of a turn (DESIGN: "A turn of the loop")."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import os
import socket
import sys
import threading
import time
import weakref

import pytest
import twinloop


def run_until_stopped(loop, *callbacks):
    for callback in callbacks:
        loop.call_soon(callback)
    loop.run_forever()


def test_call_soon_runs_callbacks_in_the_order_of_the_calls(loop):
    seen = []
    for number in range(1000):
        loop.call_soon(seen.append, number)
    run_until_stopped(loop, loop.stop)
    assert seen == list(range(1000))


@pytest.mark.parametrize("count", range(7))
def test_a_callback_gets_its_arguments(loop, count):
    seen = []
    arguments = tuple(range(count))
    loop.call_soon(lambda *received: seen.append(received), *arguments)
    loop.call_soon_threadsafe(lambda *received: seen.append(received), *arguments)
    loop.call_later(0, lambda *received: (seen.append(received), loop.stop()), *arguments)
    loop.run_forever()
    assert seen == [arguments] * 3


def test_what_a_callback_schedules_runs_in_the_next_turn(loop):
    seen = []

    def first():
        seen.append("first")
        loop.call_soon(lambda: (seen.append("third"), loop.stop()))

    run_until_stopped(loop, first, lambda: seen.append("second"))
    assert seen == ["first", "second", "third"]


def test_stop_lets_the_present_turn_finish(loop):
    seen = []
    run_until_stopped(
        loop, loop.stop, lambda: seen.append("same turn"), lambda: loop.call_soon(seen.append, "next turn")
    )
    assert seen == ["same turn"]
    run_until_stopped(loop, loop.stop)
    assert seen == ["same turn", "next turn"]


def test_a_cancelled_handle_never_runs(loop):
    seen = []
    soon = loop.call_soon(seen.append, "soon")
    later = loop.call_later(0, seen.append, "later")
    soon.cancel()
    later.cancel()
    loop.call_later(0.001, loop.stop)
    loop.run_forever()
    assert seen == []
    assert soon.cancelled() and later.cancelled()


def test_a_callback_can_cancel_one_that_is_ready_in_the_same_turn(loop):
    seen = []
    handles = []
    loop.call_soon(lambda: handles[0].cancel())
    handles.append(loop.call_soon(seen.append, "cancelled"))
    loop.call_soon(loop.stop)
    loop.run_forever()
    assert seen == []


def test_handles_pass_for_asyncio_handles(loop):
    handle = loop.call_soon(print, "x")
    timer = loop.call_later(60, print, "y")
    assert isinstance(handle, asyncio.Handle) and not isinstance(handle, asyncio.TimerHandle)
    assert isinstance(timer, asyncio.TimerHandle)
    assert "print" in repr(handle) and f"when={timer.when()}" in repr(timer)
    timer.cancel()
    assert "cancelled" in repr(timer)


def test_call_later_never_fires_early(loop):
    early = []

    def check(due):
        if loop.time() < due:
            early.append(due - loop.time())

    for microseconds in (0, 1, 50, 200, 999, 1000, 1500, 20_000):
        due = loop.time() + microseconds / 1e6
        loop.call_at(due, check, due)
    loop.call_later(0.03, loop.stop)
    loop.run_forever()
    assert early == []


def test_timers_fire_by_deadline_and_equal_deadlines_keep_their_order(loop):
    seen = []
    now = loop.time()
    for name, after in (("late", 0.003), ("early", 0.001), ("middle 1", 0.002), ("middle 2", 0.002)):
        loop.call_at(now + after, seen.append, name)
    loop.call_at(now + 0.004, loop.stop)
    loop.run_forever()
    assert seen == ["early", "middle 1", "middle 2", "late"]


def test_the_test_clock_jumps_to_the_next_timer():
    loop = twinloop.EventLoop(test_clock=True)
    seen = []
    loop.call_later(86_400, lambda: (seen.append(loop.time()), loop.stop()))
    started = time.monotonic()
    loop.run_forever()
    loop.close()
    assert seen == [86_400.0]
    assert time.monotonic() - started < 3600


def test_a_turn_runs_ready_callbacks_then_io_then_other_threads_then_timers(loop):
    seen = []
    reader, writer = socket.socketpair()
    posted = threading.Event()

    def arrange():
        loop.call_soon(seen.append, "ready")
        writer.send(b"x")
        loop.call_at(loop.time() - 1, seen.append, "timer")
        thread = threading.Thread(target=lambda: (loop.call_soon_threadsafe(seen.append, "inbox"), posted.set()))
        thread.start()
        posted.wait()
        thread.join()
        # The poll is skipped for a moment while callbacks are ready; let that moment pass.
        time.sleep(0.001)
        loop.call_later(0.01, loop.stop)

    def readable():
        seen.append("io")
        loop.remove_reader(reader)

    loop.add_reader(reader, readable)
    run_until_stopped(loop, arrange)
    reader.close()
    writer.close()
    assert seen == ["ready", "io", "inbox", "timer"]


def test_call_soon_threadsafe_wakes_a_sleeping_loop(loop):
    thread = threading.Timer(0.05, lambda: loop.call_soon_threadsafe(loop.stop))
    thread.start()
    loop.run_forever()
    thread.join()


def test_callbacks_from_many_threads_all_run_and_each_thread_keeps_its_order(loop):
    seen = []
    threads_count, calls = 8, 2000
    left = threads_count

    def finished():
        nonlocal left
        left -= 1
        if left == 0:
            loop.stop()

    def post(name):
        for number in range(calls):
            loop.call_soon_threadsafe(seen.append, (name, number))
        loop.call_soon_threadsafe(finished)

    threads = [threading.Thread(target=post, args=(name,)) for name in range(threads_count)]
    for thread in threads:
        thread.start()
    loop.run_forever()
    for thread in threads:
        thread.join()
    assert len(seen) == threads_count * calls
    for name in range(threads_count):
        assert [number for thread, number in seen if thread == name] == list(range(calls))


def test_call_soon_and_call_later_from_a_wrong_thread_are_safe(loop):
    seen = []

    def post():
        loop.call_soon(seen.append, "soon")
        loop.call_later(0.001, lambda: (seen.append("later"), loop.stop()))

    thread = threading.Timer(0.01, post)
    thread.start()
    loop.run_forever()
    thread.join()
    assert seen == ["soon", "later"]


def test_a_callback_runs_in_a_copy_of_the_context_of_its_caller(loop):
    variable = contextvars.ContextVar("variable", default="unset")
    seen = []
    variable.set("caller")

    def change():
        seen.append(variable.get())
        variable.set("changed")

    loop.call_soon(change)
    loop.call_soon(lambda: seen.append(variable.get()))
    context = contextvars.copy_context()
    context.run(variable.set, "explicit")
    loop.call_soon(lambda: seen.append(variable.get()), context=context)
    loop.call_soon(loop.stop)
    loop.run_forever()
    assert seen == ["caller", "caller", "explicit"]


def test_an_exception_in_a_callback_is_reported_and_the_loop_goes_on(loop, errors):
    errors.collect(loop)
    seen = []

    def fail():
        raise ValueError("of the callback")

    run_until_stopped(loop, fail, lambda: seen.append("went on"), loop.stop)
    assert seen == ["went on"]
    (context,) = errors
    assert isinstance(context["exception"], ValueError)
    assert "fail" in context["message"] and "fail" in errors.handles[0]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_an_exit_leaves_run_forever_and_what_was_ready_stays_ready(loop, kind):
    seen = []

    def leave():
        raise kind

    loop.call_soon(leave)
    loop.call_soon(seen.append, "after")
    with pytest.raises(kind):
        loop.run_forever()
    assert seen == []
    run_until_stopped(loop, loop.stop)
    assert seen == ["after"]


def test_an_unknown_keyword_and_a_missing_callback_are_type_errors(loop):
    with pytest.raises(TypeError, match="unexpected keyword argument 'nonsense'"):
        loop.call_soon(print, nonsense=1)
    with pytest.raises(TypeError, match="callback"):
        loop.call_soon()
    with pytest.raises(TypeError):
        loop.call_later("soon", print)


def test_a_closed_loop_refuses_everything(loop):
    loop.close()
    for use in (
        lambda: loop.call_soon(print),
        lambda: loop.call_later(1, print),
        lambda: loop.call_soon_threadsafe(print),
        lambda: loop.add_reader(0, print),
        loop.run_forever,
    ):
        with pytest.raises(RuntimeError, match="closed"):
            use()
    assert loop.is_closed()
    loop.close()


def test_closing_a_loop_discards_what_is_queued_and_frees_its_descriptors(count_descriptors):
    twinloop.new_event_loop().close()
    before = count_descriptors()
    for _ in range(50):
        loop = twinloop.new_event_loop()
        loop.call_soon(print, "never")
        loop.call_later(60, print, "never")
        loop.close()
    assert count_descriptors() == before


def test_a_loop_that_nobody_closed_warns_and_frees_its_descriptors(count_descriptors):
    twinloop.new_event_loop().close()
    before = count_descriptors()
    with pytest.warns(ResourceWarning, match="unclosed event loop"):
        loop = twinloop.new_event_loop()
        del loop
        count_descriptors()
    assert count_descriptors() == before


def test_a_loop_made_in_one_thread_runs_in_another(loop):
    seen = []
    thread = threading.Thread(target=run_until_stopped, args=(loop, lambda: seen.append("ran"), loop.stop))
    thread.start()
    thread.join()
    run_until_stopped(loop, lambda: seen.append("again"), loop.stop)
    assert seen == ["ran", "again"]


def test_a_hundred_loops_run_in_a_hundred_threads():
    async def main(number):
        await asyncio.sleep(0.001)
        return number

    results = []
    threads = [
        threading.Thread(target=lambda number=number: results.append(twinloop.run(main(number))))
        for number in range(100)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == list(range(100))


def test_other_threads_run_while_the_loop_waits_and_while_it_is_busy(loop):
    progress = []
    thread = threading.Thread(target=lambda: progress.extend(range(1000)))

    def spin():
        if thread.is_alive():
            loop.call_soon(spin)
        else:
            loop.stop()

    thread.start()
    run_until_stopped(loop, spin)
    thread.join()
    assert len(progress) == 1000


def test_100_000_timers_fire_in_order(loop):
    count = 100_000
    seen = []
    now = loop.time()
    for number in range(count):
        # Inserted from both ends, due in the order of their numbers.
        index = number // 2 if number % 2 == 0 else count - 1 - number // 2
        loop.call_at(now + index * 1e-7, seen.append, index)
    loop.call_at(now + count * 1e-7 + 0.001, loop.stop)
    loop.run_forever()
    assert seen == list(range(count))


def test_100_000_cancelled_timers_leave_nothing_behind(loop):
    for _ in range(100_000):
        loop.call_later(3600, print).cancel()
    assert loop.statistics()["timers"] == 0


def test_an_idle_loop_uses_no_processor_time(loop):
    loop.call_later(0.5, loop.stop)
    used = time.process_time()
    loop.run_forever()
    used = time.process_time() - used
    # A loop that polls would use all of the half second; a waiting one some microseconds.
    assert used < 0.1


def test_debug_mode_checks_threads_and_callables_and_names_slow_callbacks(loop, caplog):
    loop.set_debug(True)
    loop.slow_callback_duration = 0.01
    with pytest.raises(TypeError, match="a callable object was expected"):
        loop.call_soon("not callable")
    caught = []

    def post():
        try:
            loop.call_soon(print)
        except RuntimeError as error:
            caught.append(str(error))
        loop.call_soon_threadsafe(loop.stop)

    loop.call_soon(time.sleep, 0.02)
    threading.Timer(0.05, post).start()
    loop.run_forever()
    assert caught and "Non-thread-safe" in caught[0]
    assert any("sleep" in record.getMessage() and "took" in record.getMessage() for record in caplog.records)


def test_a_reader_is_called_again_while_data_is_left(loop):
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    seen = []

    def read_one_byte():
        seen.append(reader.recv(1))
        if len(seen) == 3:
            loop.stop()

    writer.send(b"abc")
    loop.add_reader(reader, read_one_byte)
    loop.run_forever()
    assert seen == [b"a", b"b", b"c"]
    assert loop.remove_reader(reader) is True
    assert loop.remove_reader(reader) is False
    reader.close()
    writer.close()


def test_reader_and_writer_of_one_descriptor_are_independent(loop):
    left, right = socket.socketpair()
    seen = []
    loop.add_writer(left, lambda: (seen.append("writable"), loop.remove_writer(left), right.send(b"x")))
    loop.add_reader(left.fileno(), lambda: (seen.append("readable"), loop.stop()))
    loop.run_forever()
    loop.remove_reader(left)
    assert seen == ["writable", "readable"]
    left.close()
    right.close()


def test_a_descriptor_number_can_be_watched_again_after_its_file_was_closed(loop):
    for _ in range(3):
        reader, writer = os.pipe()
        loop.add_reader(reader, loop.stop)
        os.write(writer, b"x")
        loop.run_forever()
        # The mistake that this has to survive: closed without remove_reader.
        os.close(reader)
        os.close(writer)


def test_an_invalid_descriptor_is_an_error_at_once(loop):
    with pytest.raises(ValueError):
        loop.add_reader(-1, print)
    with pytest.raises(ValueError):
        loop.add_reader("nonsense", print)
    with pytest.raises(OSError):
        loop.add_reader(9999, print)
    assert loop.remove_reader(9999) is False


@pytest.mark.parametrize("debug", [False, True])
def test_a_timer_tells_its_time_as_it_was_given(loop, debug):
    loop.set_debug(debug)
    for when in (10**9, 1e9 + 0.5):
        handle = loop.call_at(when, print)
        assert handle.when() == handle._when == when and type(handle.when()) is type(when)
        handle.cancel()


@pytest.mark.parametrize("kind", ["reader", "writer"])
def test_a_callback_of_a_file_that_was_closed_first_can_be_removed(loop, kind):
    left, right = socket.socketpair()
    getattr(loop, f"add_{kind}")(left, print)
    left.close()
    right.close()
    with pytest.raises(ValueError, match="Invalid file"):
        getattr(loop, f"remove_{kind}")(right)
    assert getattr(loop, f"remove_{kind}")(left)
    with pytest.raises(ValueError, match="Invalid file"):
        getattr(loop, f"remove_{kind}")(left)


def test_a_writer_does_not_run_after_the_reader_of_its_descriptor_ended_the_run(loop):
    seen = []
    reader, writer = socket.socketpair()

    def readable():
        seen.append("reader")
        reader.recv(1)
        raise KeyboardInterrupt

    def writable():
        seen.append("writer")
        loop.remove_writer(reader)
        loop.stop()

    writer.send(b"x")
    loop.add_reader(reader, readable)
    loop.add_writer(reader, writable)
    with pytest.raises(KeyboardInterrupt):
        loop.run_forever()
    assert seen == ["reader"]
    loop.run_forever()
    assert seen == ["reader", "writer"]
    loop.remove_reader(reader)
    reader.close()
    writer.close()


def failing():
    raise ValueError("expected")


def lines_of(error):
    """The functions in the traceback of an exception."""
    names, traceback = [], error.__traceback__
    while traceback is not None:
        names.append(traceback.tb_frame.f_code.co_name)
        traceback = traceback.tb_next
    return names


@pytest.mark.parametrize("kind", ["call_soon", "call_later", "call_soon_threadsafe", "add_reader"])
def test_the_exception_of_a_callback_has_its_traceback(loop, kind):
    # On CPython 3.11 it was lost on the way to the exception handler.
    reader, writer = socket.socketpair()
    seen = []

    def handler(loop, context):
        loop.remove_reader(reader)
        seen.append(context["exception"])
        loop.stop()

    loop.set_exception_handler(handler)
    if kind == "add_reader":
        writer.send(b"x")
        loop.add_reader(reader, failing)
    elif kind == "call_later":
        loop.call_later(0, failing)
    else:
        getattr(loop, kind)(failing)
    loop.run_forever()
    reader.close()
    writer.close()
    assert lines_of(seen[0]) == ["failing"]


def test_an_exception_handler_runs_as_in_an_except_block(loop, caplog):
    seen = []

    def handler(loop, context):
        seen.append((sys.exc_info()[1], context["exception"]))
        raise RuntimeError("the handler fails")

    loop.set_exception_handler(handler)
    run_until_stopped(loop, failing, loop.stop)
    assert seen[0][0] is seen[0][1]
    logged = caplog.records[0].exc_info[1]
    assert str(logged) == "the handler fails"
    assert str(logged.__context__) == "expected" and lines_of(logged.__context__) == ["failing"]


def test_reporting_an_exception_leaves_its_context_alone(loop):
    errors = []

    def callback():
        try:
            failing()
        except ValueError:
            raise KeyError("second")  # noqa: B904

    loop.set_exception_handler(lambda loop, context: errors.append(context["exception"]))
    try:
        raise OSError("around the run")
    except OSError:
        run_until_stopped(loop, callback, loop.stop)
    assert str(errors[0].__context__) == "expected"


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_callbacks_that_an_interrupt_leaves_keep_their_order(loop, error):
    seen = []

    def interrupt():
        raise error

    loop.call_soon(lambda: loop.call_soon(seen.append, "new"))
    loop.call_soon(interrupt)
    loop.call_soon(seen.append, 2)
    loop.call_soon(seen.append, 3)
    with pytest.raises(error):
        loop.run_forever()
    assert seen == []
    run_until_stopped(loop, loop.stop)
    assert seen == [2, 3, "new"]


def test_readers_that_an_interrupt_leaves_run_in_the_next_run(loop):
    seen, pairs = [], [socket.socketpair() for _ in range(3)]

    def readable(number):
        seen.append(number)
        pairs[number][0].recv(1)
        if len(seen) == 1:
            raise KeyboardInterrupt

    for number, (reader, writer) in enumerate(pairs):
        writer.send(b"x")
        loop.add_reader(reader, readable, number)
    with pytest.raises(KeyboardInterrupt):
        loop.run_forever()
    assert len(seen) == 1
    loop.call_later(0.01, loop.stop)
    loop.run_forever()
    assert sorted(seen) == [0, 1, 2]
    for reader, writer in pairs:
        loop.remove_reader(reader)
        reader.close()
        writer.close()


def test_a_timer_at_nan_is_due_at_once_as_in_asyncio(loop):
    seen = []
    loop.call_later(float("nan"), seen.append, 1)
    loop.call_at(float("nan"), lambda: (seen.append(2), loop.stop()))
    loop.run_forever()
    assert seen == [1, 2]


@pytest.mark.parametrize("make", [twinloop.EventLoop, asyncio.SelectorEventLoop])
def test_timer_handles_compare_as_those_of_asyncio(make):
    loop = make()
    when = loop.time() + 1000
    first, second, same = (loop.call_at(time, print) for time in (when, when + 1, when))
    other = loop.call_at(when, repr)
    assert first < second and first <= second and second > first and second >= first
    assert sorted([second, first]) == [first, second]
    assert first == same and first <= same and first >= same and not first != same
    assert first != other and not first <= other
    assert hash(first) == hash(first.when()) == hash(same)
    assert first != when and loop.call_soon(print) != loop.call_soon(print)
    with pytest.raises(TypeError):
        first < when  # noqa: B015
    same.cancel()
    assert first != same
    loop.close()


@pytest.mark.parametrize("make", [twinloop.EventLoop, asyncio.SelectorEventLoop])
@pytest.mark.parametrize("debug", [False, True])
def test_callbacks_may_be_passed_by_keyword(make, debug):
    loop = make()
    loop.set_debug(debug)
    seen = []
    variable = contextvars.ContextVar("variable", default=0)
    context = contextvars.copy_context()
    context.run(variable.set, 1)

    def callback():
        seen.append(variable.get())

    loop.call_soon(callback=callback)
    loop.call_soon(context=context, callback=callback)
    loop.call_soon_threadsafe(callback=callback, context=context)
    loop.call_later(delay=0, callback=callback)
    loop.call_later(0, context=context, callback=callback)
    loop.call_at(when=loop.time(), callback=callback, context=context)
    loop.call_later(callback=loop.stop, delay=0.01)
    loop.run_forever()
    loop.close()
    assert sorted(seen) == [0, 0, 1, 1, 1, 1]


@pytest.mark.parametrize("make", [twinloop.EventLoop, asyncio.SelectorEventLoop])
@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize(
    ("method", "arguments", "keywords"),
    [
        ("time", (1,), {}),
        ("stop", (1,), {}),
        ("create_future", (1,), {}),
        ("is_running", (1,), {}),
        ("is_closed", (), {"x": 1}),
        ("get_debug", (1, 2), {}),
        ("call_soon", (), {}),
        ("call_soon", (print,), {"callback": print}),
        ("call_soon", (print,), {"nonsense": 1}),
        ("call_soon_threadsafe", (), {}),
        ("call_later", (), {"callback": print}),
        ("call_later", (1,), {}),
        ("call_later", (1, print), {"delay": 1}),
        ("call_at", (1,), {"nonsense": 1}),
        ("call_at", (1,), {}),
    ],
)
def test_arguments_that_a_method_does_not_take_are_a_type_error_with_its_name(make, debug, method, arguments, keywords):
    loop = make()
    loop.set_debug(debug)
    with pytest.raises(TypeError, match=rf"\b{method}\(\)"):
        getattr(loop, method)(*arguments, **keywords)
    loop.close()


@pytest.mark.parametrize("method", ["cancel", "cancelled", "when", "_run"])
def test_methods_of_handles_take_no_arguments(loop, method):
    handle = loop.call_later(1, print)
    with pytest.raises(TypeError, match=rf"{method}\(\)"):
        getattr(handle, method)(1)
    with pytest.raises(TypeError, match=rf"{method}\(\)"):
        getattr(handle, method)(x=1)


def test_a_timer_from_another_thread_that_the_loop_never_took_is_let_go_by_close():
    class Callback:
        def __call__(self):
            raise AssertionError("the loop was closed before")

    loop = twinloop.new_event_loop()
    callback = Callback()
    known = weakref.ref(callback)

    def arrange():
        thread = threading.Thread(target=loop.call_later, args=(0, callback))
        thread.start()
        thread.join()
        loop.stop()

    run_until_stopped(loop, arrange)
    loop.close()
    callback = None
    gc.collect()
    assert known() is None


def test_a_timer_from_another_thread_fires(loop):
    seen = []
    run_until_stopped(
        loop, lambda: threading.Thread(target=loop.call_later, args=(0, lambda: (seen.append(1), loop.stop()))).start()
    )
    assert seen == [1]


def test_a_slow_reader_is_reported_in_debug_mode(loop, caplog):
    reader, writer = socket.socketpair()

    def slow():
        time.sleep(0.002)
        reader.recv(1)
        loop.stop()

    loop.slow_callback_duration = 0.001
    for debug_before in (True, False):
        # Debug mode may also begin after the reader was added.
        loop.set_debug(debug_before)
        loop.add_reader(reader, slow)
        loop.set_debug(True)
        writer.send(b"x")
        loop.run_forever()
        (message,) = [record.getMessage() for record in caplog.records if "took" in record.getMessage()]
        assert message.startswith("Executing <Handle") and "slow" in message
        if debug_before:
            assert f"created at {__file__}:" in message
        loop.remove_reader(reader)
        caplog.clear()
    reader.close()
    writer.close()


def test_a_reader_in_debug_mode_fails_and_ends_as_any_other(loop):
    reader, writer = socket.socketpair()
    seen = []
    loop.set_debug(True)
    loop.set_exception_handler(lambda loop, context: (seen.append(context), loop.remove_reader(reader), loop.stop()))
    loop.add_reader(reader, print)
    handle = loop._add_reader(reader, failing)
    writer.send(b"x")
    loop.run_forever()
    assert lines_of(seen[0]["exception"])[-1] == "failing"
    assert seen[0]["handle"] is handle and seen[0]["source_traceback"]
    assert handle.cancelled()
    reader.close()
    writer.close()
