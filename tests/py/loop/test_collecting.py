"""The garbage collector and what a loop holds: callbacks, timers, tasks, and the contexts that callbacks run in."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import socket
import weakref

import pytest
import twinloop

VARIABLE = contextvars.ContextVar("VARIABLE", default=None)


class Value:
    """What a test can watch the end of."""


def run_until_stopped(loop, *callbacks):
    for callback in callbacks:
        loop.call_soon(callback)
    loop.run_forever()


def leave_a_callback(loop):
    loop.call_soon(lambda: loop)


def leave_a_callback_whose_context_knows_the_loop(loop):
    contextvars.copy_context().run(lambda: (VARIABLE.set(loop), loop.call_soon(print), loop.call_later(3600, print)))


def leave_a_callback_with_a_context_that_was_asked_for(loop):
    def leave():
        VARIABLE.set(loop)
        loop.handle = loop.call_soon(print)
        loop.context = loop.handle.get_context()

    contextvars.copy_context().run(leave)


def leave_a_timer(loop):
    loop.call_later(3600, print, loop, loop, loop, loop, loop)


def leave_a_timer_that_its_callback_knows(loop):
    owner = type("Owner", (), {})()
    owner.timer = loop.call_later(3600, lambda: (owner, loop))


def leave_a_handle_that_has_run(loop):
    loop.owner = type("Owner", (), {})()
    loop.owner.handle = loop.call_soon(lambda: loop)
    run_until_stopped(loop, loop.stop)


def leave_a_reader(loop):
    reader, writer = socket.socketpair()
    loop.add_reader(reader, lambda: (loop, writer))


def leave_a_task(loop):
    loop.create_task(asyncio.sleep(3600))
    run_until_stopped(loop, loop.stop)


def leave_a_socket_operation(loop):
    reader, writer = socket.socketpair()
    reader.setblocking(False)

    async def receive():
        await loop.sock_recv(reader, 1)
        writer.close()

    loop.create_task(receive())
    run_until_stopped(loop, loop.stop)


def leave_handles_of_the_debug_mode(loop):
    loop.set_debug(True)
    for leave in (leave_a_callback, leave_a_timer, leave_a_reader):
        leave(loop)


@pytest.mark.filterwarnings("ignore:unclosed <socket")
@pytest.mark.parametrize(
    "leave",
    [
        leave_a_callback,
        leave_a_callback_whose_context_knows_the_loop,
        leave_a_callback_with_a_context_that_was_asked_for,
        leave_a_timer,
        leave_a_timer_that_its_callback_knows,
        leave_a_handle_that_has_run,
        leave_a_reader,
        leave_a_task,
        leave_a_socket_operation,
        leave_handles_of_the_debug_mode,
    ],
)
def test_a_loop_that_nobody_closed_is_collected_with_what_waits_in_it(leave, count_descriptors, caplog):
    # The collector did not see what a queue holds, so such a loop stayed with its descriptors for good.
    before = count_descriptors()
    with pytest.warns(ResourceWarning, match="unclosed event loop"):
        loop = twinloop.new_event_loop()
        known = weakref.ref(loop)
        leave(loop)
        del loop
        gc.collect()
    assert known() is None
    assert count_descriptors() == before
    is_task = leave in (leave_a_task, leave_a_socket_operation)
    assert ("Task was destroyed but it is pending" in caplog.text) == is_task


def test_collecting_garbage_takes_nothing_from_a_loop_in_use(loop):
    seen = []
    reader, writer = socket.socketpair()

    def arrange():
        # Nothing but the loop keeps these.
        loop.call_soon(lambda value=[1]: seen.extend(value))
        loop.call_later(0, lambda value=[2]: seen.extend(value))
        loop.add_reader(reader, lambda value=[3]: (seen.extend(value), loop.remove_reader(reader)))
        gc.collect()

    arrange()
    gc.collect()
    writer.send(b"x")
    loop.call_soon(gc.collect)
    loop.call_later(0.01, loop.stop)
    loop.run_forever()
    assert sorted(seen) == [1, 2, 3]
    reader.close()
    writer.close()


def test_a_handle_that_is_queued_twice_is_collected_once():
    class Callback:
        def __call__(self):
            raise AssertionError("the loop is gone")

    loop, callback = twinloop.new_event_loop(), Callback()
    callback.loop = loop
    known = weakref.ref(callback)
    handle = loop.call_soon(callback)
    loop._add_callback(handle)
    loop._add_timer(loop.time() + 3600, handle)
    # A reference from outside keeps everything, however often the collector is shown the handle.
    for _ in range(3):
        gc.collect()
        assert known() is callback and handle._callback is callback
    with pytest.warns(ResourceWarning, match="unclosed event loop"):
        loop = callback = handle = None
        gc.collect()
    assert known() is None


def test_a_handle_does_not_keep_its_loop(count_descriptors):
    with pytest.warns(ResourceWarning, match="unclosed event loop"):
        loop = twinloop.new_event_loop()
        known, handle = weakref.ref(loop), loop.call_later(3600, print, loop)
        del loop
        gc.collect()
    assert known() is None
    handle.cancel()
    assert handle.cancelled() and "cancelled" in repr(handle)


def test_callbacks_keep_what_their_contexts_hold(loop):
    seen = []

    def callback():
        gc.collect()
        seen.append(type(VARIABLE.get()))
        VARIABLE.set(None)
        gc.collect()

    def arrange():
        VARIABLE.set(Value())
        for _ in range(3):
            loop.call_soon(callback)
        loop.call_later(0, callback)
        loop.call_later(0.01, loop.stop)

    contextvars.copy_context().run(arrange)
    gc.collect()
    loop.run_forever()
    assert seen == [Value] * 4


@pytest.mark.parametrize("when", ["while it waits", "in the report of its failure"])
def test_the_context_of_a_handle_outlives_it(loop, when):
    contexts = []
    loop.set_exception_handler(lambda loop, context: contexts.append(context["handle"].get_context()))

    def arrange():
        VARIABLE.set(Value())
        return loop.call_soon(lambda: 1 / 0)

    handle = contextvars.copy_context().run(arrange)
    if when == "while it waits":
        contexts.append(handle.get_context())
        assert gc.is_tracked(contexts[0])
        assert handle.get_context() is contexts[0]
        handle.cancel()
    run_until_stopped(loop, loop.stop)
    assert handle.get_context() is None
    gc.collect()
    [context] = contexts
    assert isinstance(context[VARIABLE], Value)
    assert context.run(VARIABLE.get) is context[VARIABLE]
    del handle
    known = weakref.ref(context[VARIABLE])
    context[VARIABLE].context = context
    assert gc.is_tracked(context)
    contexts.clear()
    del context
    gc.collect()
    assert known() is None


def test_a_token_that_outlives_its_callback_is_collected_with_what_its_context_holds(loop):
    known = []

    def callback():
        value = Value()
        value.token = VARIABLE.set(value)
        known.append(weakref.ref(value))
        gc.collect()

    run_until_stopped(loop, callback, loop.stop)
    assert known[0]() is not None
    gc.collect()
    assert known[0]() is None


def test_contexts_survive_a_collector_that_is_always_at_work(loop):
    seen = []

    def callback(depth):
        seen.append(VARIABLE.get())
        token = VARIABLE.set((depth, Value()))
        if depth % 3 == 0:
            VARIABLE.reset(token)
        if depth < 300:
            loop.call_soon(callback, depth + 1)
            loop.call_later(3600, callback, depth).cancel()
            loop.call_soon(callback, 1000).cancel()
        else:
            loop.stop()

    thresholds = gc.get_threshold()
    gc.set_threshold(1, 1, 1)
    try:
        loop.call_soon(callback, 0)
        loop.run_forever()
    finally:
        gc.set_threshold(*thresholds)
    assert [value and value[0] for value in seen[:5]] == [None, None, 1, 2, 2]
    assert len(seen) == 301
