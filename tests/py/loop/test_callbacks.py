"""call_soon and call_soon_threadsafe: the order of a turn, threads, contexts, exceptions and arguments (ARCHITECTURE.md: "A turn of the loop")."""

from __future__ import annotations

import asyncio
import contextvars
import socket
import sys
import threading
import time

import pytest
import twinloop
from loop_support import failing, lines_of, run_until_stopped


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
