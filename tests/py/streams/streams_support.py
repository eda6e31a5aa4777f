"""What the tests of streams share: scenarios that run on asyncio's loop and on ours, and what they saw."""

from __future__ import annotations

import asyncio
import socket
import types

import twinloop

LIMIT_S = 20


class Record(list):
    """What a scenario saw."""

    async def outcome(self, awaitable):
        try:
            self.append(await awaitable)
        except (Exception, asyncio.CancelledError) as error:
            self.append(describe(error))

    def call(self, function, *arguments):
        try:
            self.append(function(*arguments))
        except Exception as error:
            self.append(describe(error))


def describe(error):
    attributes = {name: getattr(error, name) for name in ("partial", "expected", "consumed") if hasattr(error, name)}
    context = type(error.__context__).__name__ if error.__context__ else None
    return type(error).__name__, str(error), attributes, context


def run_scenario(factory, scenario, limit=2**16):
    async def main():
        left, right = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=left, limit=limit)
        record = Record()
        try:
            await asyncio.wait_for(
                scenario(record, types.SimpleNamespace(reader=reader, writer=writer, peer=right)), LIMIT_S
            )
        finally:
            right.close()
            writer.close()
        return type(reader), record

    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main())


def same_as_asyncio(scenario, *, limit=2**16):
    _, expected = run_scenario(asyncio.SelectorEventLoop, scenario, limit)
    kind, ours = run_scenario(twinloop.new_event_loop, scenario, limit)
    # The reader is the native one, or the comparison proves nothing.
    assert kind is not asyncio.StreamReader
    assert issubclass(kind, asyncio.StreamReader)
    assert ours == expected
    assert expected
    return expected


async def turns(count=5):
    for _ in range(count):
        await asyncio.sleep(0)


async def arrival(reader, length):
    """Waits until the reader holds that many bytes."""
    while len(reader._buffer) < length:
        await asyncio.sleep(0.001)
