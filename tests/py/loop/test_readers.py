"""add_reader and add_writer: events that wait in the queue while the program changes who is called."""

from __future__ import annotations

import socket
import time


def test_a_reader_is_not_called_for_the_event_of_the_one_that_it_replaces(loop):
    # The event of the first waits in the queue when it is removed. A writer kept the registration, and the second was called at once,
    # with nothing to read.
    left, right = socket.socketpair()
    left.setblocking(False)
    called = []

    def replace():
        assert left.recv(1) == b"x"
        loop.remove_reader(left)
        loop.add_reader(left, lambda: called.append("second"))

    def prepare():
        right.send(b"x")
        loop.call_soon(replace)
        # The next turn asks for events before it runs what is queued.
        time.sleep(0.01)

    with left, right:
        loop.add_writer(left, lambda: None)
        loop.add_reader(left, lambda: called.append("first"))
        loop.call_soon(prepare)
        loop.call_later(0.05, loop.stop)
        loop.run_forever()
        assert called == []
        loop.remove_reader(left)
        loop.remove_writer(left)
