"""Streams and events of one language, read and written by the other."""

from __future__ import annotations

import asyncio
from typing import Any

import twinloop
from twinloop import js


def test_python_iterates_over_streams_and_events_of_javascript() -> None:
    async def main() -> None:
        web = js.eval("new ReadableStream({ start(c) { c.enqueue('a'); c.enqueue('b'); c.close(); } })")
        assert [chunk async for chunk in web] == ["a", "b"]
        node = js.require("node:stream").Readable.from_(["p", "q"])
        assert [chunk async for chunk in node] == ["p", "q"]
        events = js.require("node:events")
        emitter = events.new()
        asyncio.get_running_loop().call_later(0.001, lambda: [emitter.emit("word", word) for word in ("one", "two")])
        heard: list[Any] = []
        async for values in events.on(emitter, "word"):
            heard.extend(values)
            if len(heard) == 2:
                break
        assert heard == ["one", "two"]
        # Left early, its listener is gone.
        await asyncio.sleep(0.01)
        assert emitter.listenerCount("word") == 0
        target = js.EventTarget.new()
        asyncio.get_running_loop().call_later(
            0.001, lambda: target.dispatchEvent(js.CustomEvent.new("here", {"detail": 5}))
        )
        assert (await events.once(target, "here"))[0].detail == 5

    twinloop.run(main())


def test_javascript_reads_and_python_writes_streams() -> None:
    async def main() -> None:
        reader = asyncio.StreamReader()
        reader.feed_data(b"one\ntwo\n")
        reader.feed_eof()
        read = js.function("""async (lines) => {
            const all = [];
            for await (const line of lines) all.push(new TextDecoder().decode(line).trim());
            return all;
        }""")
        assert (await read(reader)).to_py() == ["one", "two"]
        sink = js.function("(written) => new WritableStream({ write(chunk) { written.append(chunk); } })")
        written: list[Any] = []
        writer = sink(written).getWriter()
        await writer.write("x")
        await writer.write(b"y")
        await writer.close()
        assert written == ["x", b"y"]
        # A queue of asyncio's, by its own methods.
        queue: asyncio.Queue[int] = asyncio.Queue(1)
        sum_of = js.function(
            "async (queue) => { let sum = 0; for (let i = 0; i < 3; i += 1) sum += await queue.get(); return sum; }"
        )
        total = asyncio.ensure_future(sum_of.call(None, queue))
        for number in (1, 2, 3):
            await queue.put(number)
        assert await total == 6

    twinloop.run(main())
