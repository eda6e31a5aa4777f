"""add_reader and add_writer: descriptors that the program watches itself."""

from __future__ import annotations

import os
import socket
import time

import pytest
from loop_support import failing, lines_of


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
