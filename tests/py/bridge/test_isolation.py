"""``js.Context``: code that nobody read, its limits, and that the host comes to no harm."""

from __future__ import annotations

import asyncio
import contextvars
import datetime
import gc
import pathlib
import subprocess
import sys
import threading
from typing import Any

import pytest
import twinloop
from twinloop import js


def test_values_go_in_and_come_out_as_copies() -> None:
    async def main() -> None:
        async with js.Context(globals={"given": {"a": [1, 2], "d": b"xy"}}) as context:
            assert await context.eval("given.a.length + given.d[1]") == 123
            assert await context.eval("const seven = 7; function twice(n) { return 2 * n; } twice(seven)") == 14
            assert await context.call("twice", 21) == 42
            await context.eval("const tools = { base: 1, add(n) { return this.base + n; } }")
            assert await context.call("tools.add", 2) == 3
            assert await context.eval(
                "await new Promise((resolve) => setTimeout(resolve, 1, [1n << 70n, null, 'é', -0.5]))"
            ) == [
                1 << 70,
                None,
                "é",
                -0.5,
            ]
            assert await context.eval("(async () => 5)()") == 5
            copied = await context.eval(
                "const shared = [1]; const o = { m: new Map([[1, shared]]), s: new Set([2]), d: new Date(0), b: new Uint16Array([1, 2]).subarray(1),"
                " shared }; o.self = o; o"
            )
            assert copied["self"] is copied and copied["m"][1] is copied["shared"] and copied["s"] == {2}
            assert (
                copied["d"] == datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC) and bytes(copied["b"]) == b"\x02\x00"
            )
            assert await context.eval("class P { x = 1; get y() { return 2; } } new P()") == {"x": 1}
            assert (await context.eval("new RangeError('kept')"))["message"] == "kept"
            for code, what in (
                ("({ a: [() => 1] })", r"\.a\[0\] cannot leave the context: it is a function"),
                ("Symbol()", "a symbol"),
            ):
                with pytest.raises(js.JsException, match=what):
                    await context.eval(code)
        assert context.closed
        with pytest.raises(js.ContextEndedError, match="the context is closed"):
            await context.eval("1")

    twinloop.run(main())


def test_what_the_code_throws_is_its_own() -> None:
    async def main() -> None:
        async with js.Context() as context:
            with pytest.raises(js.JsException) as caught:
                await context.eval("function f() { throw new RangeError('on purpose'); }\nf()")
            assert (caught.value.name, caught.value.message) == ("RangeError", "on purpose")
            assert "at f (<context>:1" in caught.value.stack and "twinloop:" not in caught.value.stack
            with pytest.raises(js.JsException, match="SyntaxError"):
                await context.eval("let let = 1")
            with pytest.raises(js.JsException, match="just text"):
                await context.eval("throw 'just text'")
            with pytest.raises(js.JsException, match="Maximum call stack size exceeded"):
                await context.eval("(function f() { f(); })()")
            with pytest.raises(js.JsException):
                await context.eval("throw { get name() { throw 1; }, toString() { throw 2; } }")
            with pytest.raises(js.JsException, match="no function nothing"):
                await context.eval("var nothing")
                await context.call("nothing")
            with pytest.raises(ValueError, match="no name"):
                await context.call("eval('1')")
            assert await context.eval("'alive'") == "alive"

    twinloop.run(main())


def test_nothing_is_there_that_was_not_given() -> None:
    absent = (
        "process require module Buffer fetch WebSocket EventSource Worker BroadcastChannel MessageChannel localStorage sessionStorage navigator crypto"
        " structuredClone Blob python twinloop global performance WebAssembly SharedArrayBuffer Deno location"
    ).split()

    async def main() -> None:
        async with js.Context() as context:
            assert await context.eval(f"{absent!r}.filter((name) => name in globalThis)") == []
            assert (
                await context.eval(
                    f"{absent!r}.filter((name) => Object.getOwnPropertyNames(globalThis).includes(name))"
                )
                == []
            )
            # Nor by way of what is there.
            assert await context.eval("typeof (console.log.constructor('return this')()).process") == "undefined"
            assert await context.eval("typeof setTimeout.constructor('return process')") == "function"
            with pytest.raises(js.JsException, match="process is not defined"):
                await context.eval("setTimeout.constructor('return process')()")
            for name in (
                "node:fs",
                "fs",
                "node:child_process",
                "/etc/passwd",
                "file:///etc/passwd",
                "./x.mjs",
                "data:text/javascript,1",
                "python:os",
            ):
                with pytest.raises(js.JsException, match="made without this module"):
                    await context.eval(f"await import({name!r})")
            assert await context.eval("import('node:os').catch((error) => error.code)") == "ERR_MODULE_NOT_FOUND"
            assert (
                await context.eval("new URL('/b', 'http://a').href + new TextEncoder().encode('é').length + btoa('x')")
                == "http://a/b2eA=="
            )

    twinloop.run(main())


def test_modules_are_those_that_were_given(tmp_path: pathlib.Path) -> None:
    (tmp_path / "data.txt").write_text("inside")
    (tmp_path.parent / "secret.txt").write_text("outside")

    async def main() -> None:
        texts = {
            "lib": "import { half } from 'other'; export const quarter = (n) => half(half(n)); export const meta = Object.keys(import.meta);",
            "other": "export const half = (n) => n / 2;",
            "reaching": "import 'node:fs';",
            "node:path": None,
        }
        async with js.Context(modules=texts) as context:
            assert await context.eval("import { quarter } from 'lib'; quarter(8)") == 2
            assert "resolve" not in await context.eval("(await import('lib')).meta")
            assert await context.eval("import { join } from 'node:path'; join('a', 'b')") == "a/b"
            with pytest.raises(js.JsException, match="Cannot import 'node:fs'"):
                await context.eval("await import('reaching')")
        async with js.Context(allow_read=[tmp_path]) as context:
            read = "import { readFileSync } from 'node:fs'; readFileSync"
            assert await context.eval(f"{read}({str(tmp_path / 'data.txt')!r}, 'utf8')") == "inside"
            with pytest.raises(js.JsException, match="restricted"):
                await context.eval(f"{read}({str(tmp_path.parent / 'secret.txt')!r}, 'utf8')")
            with pytest.raises(js.JsException, match="restricted"):
                await context.eval(
                    f"{read[:9]}writeFileSync }} from 'node:fs'; writeFileSync({str(tmp_path / 'new.txt')!r}, '')"
                )
        # What a module that is let in could do is limited all the same.
        async with js.Context(modules=["node:fs", "node:child_process", "node:process"]) as context:
            for code in (
                "(await import('node:fs')).readFileSync('/etc/passwd')",
                "(await import('node:child_process')).execSync('true')",
            ):
                with pytest.raises(js.JsException, match="restricted"):
                    await context.eval(code)
            assert await context.eval("Object.keys((await import('node:process')).env)") == []

    twinloop.run(main())


def test_the_network_is_there_for_the_hosts_that_were_named() -> None:
    async def hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello")
        await writer.drain()
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(hello, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        get = f"await (await fetch('http://127.0.0.1:{port}/')).text()"
        async with js.Context(allow_net=[f"127.0.0.1:{port}"]) as context:
            assert await context.eval(get) == "hello"
            with pytest.raises(js.JsException):
                await context.eval("await fetch('http://localhost:1/')")
        async with js.Context(allow_net=["example.org"]) as context:
            assert "restricted" in await context.eval(
                f"await fetch('http://127.0.0.1:{port}/').catch((error) => `${{error.cause}}`)"
            )
        server.close()

    twinloop.run(main())


def test_functions_of_the_host_run_on_its_loop() -> None:
    user = contextvars.ContextVar("user", default="nobody")

    async def main() -> None:
        loop, thread = asyncio.get_running_loop(), threading.get_ident()

        def add(a: int, b: int) -> int:
            assert threading.get_ident() == thread
            return a + b

        async def search(text: str, options: dict[str, Any]) -> dict[str, Any]:
            await asyncio.sleep(0.001)
            assert asyncio.get_running_loop() is loop
            return {"found": [text], "options": options, "user": user.get()}

        def fail() -> None:
            raise LookupError("no such thing")

        def odd() -> Any:
            return object

        given = {"add": add, "tools.search": search, "tools.fail": fail, "odd": odd}
        async with js.Context(globals=given) as context:
            assert await context.eval("await add(1, 2)") == 3
            user.set("somebody")
            found = await context.eval("await tools.search('x', { deep: [1] })")
            assert found == {"found": ["x"], "options": {"deep": [1]}, "user": "somebody"}
            told = await context.eval("await tools.fail().catch((error) => `${error.name}: ${error.message}`)")
            assert told == "LookupError: no such thing"
            with pytest.raises(js.JsException, match="no such thing"):
                await context.eval("await tools.fail()")
            assert await context.eval("(await Promise.all([1, 2, 3].map((n) => add(n, n)))).join()") == "2,4,6"
            with pytest.raises(js.JsException):
                await context.eval("await odd()")
            with pytest.raises(js.JsException, match="argument 1 of add cannot leave"):
                await context.eval("await add(() => 1)")
            assert await context.eval("add.name + tools.search.length") == "add0"

    twinloop.run(main())


ENDLESS = [
    "while (true);",
    "/^(a+)+$/.test('a'.repeat(40) + 'b')",
    "await new Promise(() => {})",
    "await (async () => { for (;;) await null; })()",
    "[1].sort(() => { for (;;); }); for (;;);",
    "await forever()",
]


@pytest.mark.parametrize("code", ENDLESS)
def test_code_that_does_not_end_is_ended(code: str) -> None:
    async def forever() -> None:
        await asyncio.sleep(3600)

    async def main() -> None:
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0.005)
                turns += 1

        counting = asyncio.create_task(count())
        context = js.Context(time_limit=0.2, globals={"forever": forever})
        with pytest.raises(js.ContextTimeoutError, match=r"longer than 0\.2 s"):
            await context.eval(code)
        assert context.closed
        with pytest.raises(TimeoutError):
            await context.eval("1")
        # The host went on meanwhile.
        assert turns > 3
        # From outside, at any moment.
        context = js.Context(globals={"forever": forever})
        running = asyncio.ensure_future(context.eval(code))
        await asyncio.sleep(0.02)
        context.close()
        with pytest.raises(js.ContextEndedError, match="closed"):
            await running
        # And by who waits.
        context = js.Context(globals={"forever": forever})
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await context.eval(code)
        assert context.closed
        counting.cancel()
        assert [task for task in asyncio.all_tasks() if task.get_name() == "forever"] == []

    twinloop.run(main())


@pytest.mark.parametrize(
    "code",
    [
        "const list = []; while (true) list.push(new Array(1000).fill(0));",
        "let text = 'x'; const all = []; while (true) all.push(text += text.slice(0, 100000) + 'y');",
        "const all = []; while (true) all.push(new Uint8Array(1 << 20).fill(1));",
        "const f = () => { try { const all = []; while (true) all.push({ a: [] }); } catch { f(); } finally { f(); } }; f();",
    ],
)
def test_memory_is_limited(code: str) -> None:
    async def main() -> None:
        context = js.Context(memory_limit=16 << 20)
        assert await context.eval("1 + 1") == 2
        with pytest.raises(js.ContextMemoryError, match=f"more memory than {16 << 20} bytes") as caught:
            await context.eval(code)
        assert isinstance(caught.value, MemoryError) and context.closed
        async with js.Context(memory_limit=16 << 20) as another:
            assert await another.eval("'alive'") == "alive"

    twinloop.run(main())


def test_what_leaves_is_limited() -> None:
    async def main() -> None:
        called: list[str] = []
        lines: list[str] = []

        async def keep(text: str) -> None:
            called.append(text)
            await asyncio.sleep(3600)

        context = js.Context(
            memory_limit=16 << 20,
            globals={"keep": keep},
            console=lambda level, text: lines.append(f"{level} {text[:20]}"),
        )
        # A text that stands many times is written many times.
        big = "const big = 'x'.repeat(1e6);"
        with pytest.raises(js.JsException, match="a value that leaves the context may have"):
            await context.eval(f"{big} new Array(1e5).fill(big)")
        with pytest.raises(js.JsException, match="a value that leaves the context may have"):
            await context.eval("new Array(2 ** 32 - 1)")
        failed = await context.eval(
            "(await Promise.allSettled(new Array(100).fill(0).map(() => Promise.race([keep(big), null])))).filter((r) => r.reason).length"
        )
        assert 90 <= failed < 100 and len(called) + failed == 100
        with pytest.raises(js.JsException, match="1000 calls of the host wait"):
            await context.eval("for (let i = 0; i < 2000; i++) await Promise.race([keep(''), null])")
        # So are lines of the console, when nobody takes them.
        await context.eval(
            "for (let i = 0; i < 1e5; i++) console.log('a line that is rather long, of which there are many');"
        )
        async with asyncio.timeout(30):
            while not lines[-1].startswith("warn") or "lines of the" not in lines[-1]:
                await asyncio.sleep(0.01)
        assert len(lines) < 50_000
        context.close()

    twinloop.run(main())


def test_queues_outside_of_the_heap_are_bounded_too() -> None:
    async def main() -> None:
        async with js.Context() as context:
            with pytest.raises(js.JsException, match="10000 timers wait"):
                await context.eval("const f = () => {}; for (;;) setTimeout(f, 1e6)")
        async with js.Context() as context:
            # Those that ran or were ended wait no more.
            await context.eval("for (let i = 0; i < 30000; i++) clearTimeout(setTimeout(() => {}, 1e6))")
            assert await context.eval(
                "let n = 0; const every = setInterval(() => { if (++n === 3) clearInterval(every); }, 1);"
                "await new Promise((resolve) => setTimeout((a, b) => resolve([a, b, typeof every]), 30, 1, 2)).then((r) => [...r, n])"
            ) == [1, 2, "number", 3]
            assert await context.eval("const order = []; queueMicrotask(() => order.push('m')); await null; order") == [
                "m"
            ]
            with pytest.raises(js.JsException, match="calls a function"):
                await context.eval("setTimeout('1')")
        context = js.Context(memory_limit=16 << 20)
        with pytest.raises(js.ContextMemoryError):
            await context.eval("const f = () => {}; for (;;) queueMicrotask(f)")

    twinloop.run(main())


def test_the_console_is_the_hosts() -> None:
    async def main() -> None:
        lines: list[tuple[str, str]] = []
        async with js.Context(console=lambda level, text: lines.append((level, text))) as context:
            await context.eval(
                "console.log('a %d', 1, { b: [2] }); console.error('bad'); setTimeout(() => { throw new Error('late'); }); Promise.reject(5); 0"
            )
            await context.eval("await new Promise((resolve) => setTimeout(resolve, 20))")
        assert lines[:2] == [("info", "a 1 { b: [ 2 ] }"), ("error", "bad")]
        assert sorted(lines[2:]) == [("error", "Uncaught 5"), ("error", "Uncaught Error: late")]

    twinloop.run(main())


def test_code_that_changes_the_language_changes_its_own_alone() -> None:
    async def main() -> None:
        async with js.Context(globals={"add": lambda a, b: a + b}) as context:
            await context.eval(
                "for (const name of ['map', 'push', 'slice', 'forEach', 'join']) Array.prototype[name] = () => { throw 1; };"
                "for (const C of [Map, Set, Promise]) for (const name of Object.getOwnPropertyNames(C.prototype))"
                " if (name !== 'constructor' && name !== 'size') C.prototype[name] = () => { throw 2; };"
                "Object.keys = Object.defineProperty = JSON.stringify = Reflect.apply = () => { throw 3; };"
                "Object.prototype.kind = 'done'; Object.prototype.toString = null; globalThis.Error = globalThis.Map = undefined;"
                "Array.prototype[Symbol.iterator] = () => { throw 4; }; 0"
            )
            assert await context.eval("({ a: [1, await add(1, 2)] })") == {"a": [1, 3]}
            with pytest.raises(js.JsException, match="own"):
                await context.eval("throw new TypeError('own')")
            assert js.eval("[1].map((n) => n).length + Object.keys({ a: 1 }).length") == 2

    twinloop.run(main())


def test_arguments_are_looked_at() -> None:
    for given, what in (
        ({"memory_limit": 1}, "memory_limit"),
        ({"time_limit": 0}, "time_limit"),
        ({"globals": {"not a name": 1}}, "no name"),
        ({"globals": {"a.b": 1}}, "functions alone"),
    ):
        with pytest.raises(ValueError, match=what):
            js.Context(**given)  # type: ignore[arg-type]


def test_contexts_that_nobody_holds_are_ended() -> None:
    async def main() -> None:
        for _ in range(5):
            context = js.Context()
            await context.eval("setInterval(() => {}, 1)")
        del context
        gc.collect()
        for _ in range(200):
            if not any(thread_name().startswith("worker-") for thread_name in names()):
                break
            await asyncio.sleep(0.01)
        else:
            pytest.fail("threads are left")

    def names() -> list[Any]:
        return [
            (lambda text: lambda: text)(file.read_text()) for file in pathlib.Path("/proc/self/task").glob("*/comm")
        ]

    twinloop.run(main())


def test_a_context_that_is_left_to_the_end_of_the_interpreter_says_nothing() -> None:
    program = """
import twinloop
from twinloop import js

async def main():
    context = js.Context()
    try:
        await context.eval("throw new Error('x')")
    except js.JsException as error:
        # A circle, which the collector of the interpreter's end finds.
        globals()["kept"] = [error, context]
        kept.append(kept)

twinloop.run(main())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_program_that_leaves_contexts_open_ends() -> None:
    async def main() -> None:
        running = asyncio.ensure_future(js.Context().eval("while (true);"))
        await asyncio.sleep(0.02)
        assert not running.done()

    twinloop.run(main())
