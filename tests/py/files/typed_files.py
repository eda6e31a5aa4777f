"""The documented use of files and pools, for mypy: `cargo xtask lint` checks that it passes. It is not run."""

from __future__ import annotations

import math
from typing import assert_type

import twinloop


async def use() -> None:
    async with twinloop.open("file") as text:
        assert_type(await text.read(), str)
        async for line in text:
            assert_type(line, str)
    binary = await twinloop.open("file", "rb")
    assert_type(await binary.read(3), bytes)
    assert_type(await binary.readlines(), list[bytes])
    async for path, folders, files in twinloop.walk("."):
        assert_type((path, folders, files), tuple[str, list[str], list[str]])
    assert_type(await twinloop.copy("a", "b"), str)
    async with twinloop.watch(".") as changes:
        async for change in changes:
            assert_type(change.kind, str)
    async with twinloop.TemporaryDirectory() as folder:
        assert_type(folder, str)


async def compute() -> None:
    async with twinloop.pool(2, kind="thread") as pool:
        assert_type(await pool.run(math.factorial, 3), int)
        job = await pool.submit(math.sqrt, 2)
        job.cancel()
        async for root in pool.map(math.sqrt, [1.0, 2.0]):
            assert_type(root, float)


async def abort() -> None:
    controller = twinloop.AbortController()
    async with twinloop.fetch("http://localhost/", signal=controller.signal) as response:
        assert_type(response, twinloop.Response)
    async with twinloop.Session() as session, session.get("/") as answer:
        assert_type(answer, twinloop.Response)
    await twinloop.fetch("http://localhost/", signal=twinloop.AbortSignal.timeout(1))
