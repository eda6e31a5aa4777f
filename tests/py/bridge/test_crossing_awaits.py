"""Promises that Python holds before it awaits them, and those that it never does."""

from __future__ import annotations

import asyncio
import os
import pathlib
import subprocess
import sys

import pytest
import twinloop
from twinloop import js

REJECT = "async (word) => { await null; throw new Error(word); }"


def test_a_rejection_that_python_handles_later_is_delivered() -> None:
    # JavaScript reports what nobody handles by the end of its microtasks; a Task, gather and wait_for come later.
    async def main() -> None:
        reject = js.eval(REJECT)
        first, second = await asyncio.gather(reject("a"), reject("b"), return_exceptions=True)
        assert (str(first), str(second)) == ("Error: a", "Error: b")
        with pytest.raises(js.JsException, match="c"):
            await asyncio.wait_for(reject("c"), 5)
        task = asyncio.ensure_future(reject("d"))
        await asyncio.sleep(0.01)
        with pytest.raises(js.JsException, match="d"):
            await task
        promise = reject("e")
        await asyncio.sleep(0.01)
        with pytest.raises(js.JsException, match="e"):
            await promise

    twinloop.run(main())


@pytest.mark.parametrize("last", ["reject('lost')", "promise = reject('lost'); await asyncio.sleep(0.02); del promise"])
def test_a_rejection_that_python_lets_go_is_reported(tmp_path: pathlib.Path, last: str) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import asyncio, twinloop\nfrom twinloop import js\n\n"
        f"async def main():\n    reject = js.eval({REJECT!r})\n    {last}\n    await asyncio.sleep(1)\n\n"
        "twinloop.run(main())\n"
    )
    result = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, timeout=60, env=os.environ, check=False
    )
    assert "Uncaught (in promise) Error: lost" in result.stderr
    assert result.returncode == 1


def test_what_javascript_handles_itself_is_not_reported_when_python_lets_go() -> None:
    async def main() -> str:
        keep = js.eval(
            "() => { const p = Promise.reject(new Error('handled')); setTimeout(() => p.catch(() => {}), 5); return p; }"
        )
        promise = keep()
        await asyncio.sleep(0.02)
        del promise
        await asyncio.sleep(0.02)
        return "alive"

    assert twinloop.run(main()) == "alive"
