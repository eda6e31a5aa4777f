"""JavaScript before the program runs a loop, and what the module has besides `import_module` and `eval`."""

from __future__ import annotations

import asyncio
import pathlib
import subprocess
import sys
from typing import Any

import pytest
import twinloop
from twinloop import js


@pytest.fixture
def packages(tmp_path: pathlib.Path) -> pathlib.Path:
    """A folder with a package of each kind."""
    files = {
        "common/package.json": '{ "name": "common" }',
        "common/index.js": "exports.twice = (n) => 2 * n; exports.later = async (n) => 2 * n;",
        "esm/package.json": '{ "name": "esm", "type": "module", "exports": "./index.js" }',
        "esm/index.js": "export const thrice = (n) => 3 * n; export default 'default';",
        "slow/package.json": '{ "name": "slow", "type": "module", "exports": "./index.js" }',
        "slow/index.js": "await new Promise((resolve) => setTimeout(resolve, 5)); export const ready = true;",
    }
    for name, text in files.items():
        file = tmp_path / "node_modules" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path


def program(folder: pathlib.Path, text: str) -> str:
    """What a Python program in this folder prints."""
    (folder / "program.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "-W", "error", str(folder / "program.py")], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def test_modules_are_loaded_at_the_top_and_used_when_the_program_runs(packages: pathlib.Path) -> None:
    text = """
import asyncio, twinloop
from twinloop import js
from twinloop.js import URL, JSON

common = js.require("common")
esm = js.require("esm")
slow = js.import_now("slow")
local = js.import_now("esm")
add = js.function("(a, b) => a + b")
print(common.twice(2), esm.thrice(2), esm.default, slow.ready, local.thrice == esm.thrice, add(1, 2), JSON.stringify({"a": [1]}))

async def main():
    print(common.twice(4), await common.later(5), URL.new("http://a/b").pathname)
    assert js.require("common") is common

RUN
"""
    expected = '4 6 default True True 3 {"a":[1]}\n8 10 /b\n'
    for run in ("twinloop.run(main())", "twinloop.install(); asyncio.run(main())"):
        assert program(packages, text.replace("RUN", run)) == expected


def test_a_program_that_runs_no_loop_ends(packages: pathlib.Path) -> None:
    text = "from twinloop import js\nprint(js.require('common').twice(21))"
    assert program(packages, text) == "42\n"


def test_what_was_loaded_is_gone_with_its_loop(packages: pathlib.Path) -> None:
    text = """
import twinloop
from twinloop import js
kept = js.eval("({ a: 1 })")
async def main(): return kept.a
print(twinloop.run(main()))
try:
    twinloop.run(main())
except RuntimeError as error:
    print("ended" in str(error))
"""
    assert program(packages, text) == "1\nTrue\n"


def test_import_now_refuses_to_block_a_loop() -> None:
    async def main() -> None:
        with pytest.raises(RuntimeError, match=r"await js\.import_module\('node:path'\)"):
            js.import_now("node:path")
        assert js.require("node:path").posix.join("a", "b") == "a/b"
        with pytest.raises(js.JsException, match="Cannot find module 'no-such-package'"):
            js.require("no-such-package")

    twinloop.run(main())


def test_globals_are_names_of_the_module() -> None:
    async def main() -> None:
        assert js.JSON.stringify([1]) == "[1]" and js.globals.JSON is js.JSON
        js.globals.ours = 5
        assert js.ours == 5 and js.eval("ours") == 5
        del js.globals.ours
        with pytest.raises(AttributeError, match="no attribute 'ours', and JavaScript no global"):
            _ = js.ours
        assert not hasattr(js, "__wrapped__") and not hasattr(js, "_nothing")
        assert (await js.Promise.resolve(3)) == 3

    twinloop.run(main())


def test_a_function_is_made_of_its_code() -> None:
    async def main() -> None:
        assert js.function("(a, b) => a + b")(1, 2) == 3
        assert js.function("function f(n) { return n ? n * f(n - 1) : 1; }  // factorial")(5) == 120
        assert await js.function("async (n) => n")(7) == 7
        with pytest.raises(TypeError, match="one JavaScript function, not '1'"):
            js.function("1")
        with pytest.raises(js.JsException, match="SyntaxError"):
            js.function("(a =>")

    twinloop.run(main())


def test_values_are_copied_to_javascript() -> None:
    async def main() -> None:
        shared: list[Any] = [1]
        table: dict[str, Any] = {"a": shared, "b": shared, "s": {1}, "t": (1, 2)}
        table["self"] = table
        there = js.to_js(table)
        assert js.function("(o) => o.self === o && o.a === o.b && o.s instanceof Set && Array.isArray(o.t)")(there)
        assert isinstance(there, js.JsProxy) and there.a is not shared
        assert js.to_js("text") == "text" and js.to_js(None) is None
        assert js.to_js([shared], 1)[0] is shared
        back = there.to_py()
        assert back["self"] is back and back["a"] is back["b"] == [1]

    twinloop.run(main())


def test_a_thread_without_a_loop_is_told_so() -> None:
    async def main() -> None:
        with pytest.raises(RuntimeError, match="running event loop"):
            await asyncio.to_thread(js.require, "node:path")
        # Tools that ask every module for a name are told no.
        assert not await asyncio.to_thread(hasattr, js, "JSON")
        with pytest.raises(AttributeError, match="cannot look for 'JSON': twinloop.js needs a running event loop"):
            await asyncio.to_thread(getattr, js, "JSON")

    twinloop.run(main())
