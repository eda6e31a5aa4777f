"""Exceptions on their way across: deep recursion, what must not be caught, the same object, the line."""

from __future__ import annotations

import asyncio
import copy
import os
import pathlib
import pickle
import subprocess
import sys
import threading
import traceback
import weakref
from typing import Any

import pytest
import twinloop
import twinloop.js
from twinloop import js

REENTER = """
import sys, twinloop
from twinloop import js

depth = int(sys.argv[1])
sys.setrecursionlimit(int(sys.argv[2]))

async def main():
    there = js.eval('(function back(f, n) { return n === 0 ? "bottom" : f(back, n - 1); })')

    def here(back, n):
        return "bottom" if n == 0 else back(here, n - 1)

    try:
        print(there(here, depth))
    except RecursionError as error:
        print("RecursionError")
    except js.JsException as error:
        print(error.name, error.message)
    print(js.eval("1 + 1"))

twinloop.run(main())
"""


def run(tmp_path: pathlib.Path, text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = tmp_path / "program.py"
    program.write_text(text)
    return subprocess.run(
        [sys.executable, str(program), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ,
        check=False,
    )


@pytest.mark.parametrize(
    ("depth", "limit"), [(50, 1000), (400, 1000), (2500, 1000), (5000, 100_000), (200_000, 1_000_000)]
)
def test_recursion_across_the_languages_ends_in_an_error(tmp_path: pathlib.Path, depth: int, limit: int) -> None:
    # At Python's limit no Python code runs any more, not even what describes an exception: describing the RecursionError
    # raised another, which was described in turn, until the native stack was used up (SIGSEGV).
    result = run(tmp_path, REENTER, str(depth), str(limit))
    assert result.returncode == 0, (result.returncode, result.stderr[-2000:])
    first, after = result.stdout.splitlines()
    assert first in ("bottom", "RecursionError", "RangeError Maximum call stack size exceeded")
    if depth == 50:
        assert first == "bottom"
    elif depth // 2 >= limit or depth == 200_000:
        # Every other step is a frame of Python's, which from 3.12 on is all that its limit counts.
        assert first != "bottom"
    assert after == "2"


@pytest.mark.parametrize("kind", ["SystemExit", "KeyboardInterrupt"])
def test_javascript_lives_on_after_python_caught_what_javascript_must_not(kind: str) -> None:
    # The exception unwinds the JavaScript between; the engine was stopped for good with it.
    async def main() -> None:
        call = js.eval("(f) => { try { f(); } catch { return 'caught'; } }")

        def leave() -> None:
            raise (SystemExit(7) if kind == "SystemExit" else KeyboardInterrupt)

        with pytest.raises(SystemExit if kind == "SystemExit" else KeyboardInterrupt):
            call(leave)
        assert js.eval("1 + 1") == 2
        await asyncio.sleep(0.01)
        assert await js.eval("Promise.resolve(3)") == 3

    twinloop.run(main())


def test_the_status_of_an_exit_through_javascript_outlives_every_finally(tmp_path: pathlib.Path) -> None:
    # A `finally` of Python that used JavaScript on the way out raised SystemExit(0), as the engine had been stopped.
    program = """
import sys, twinloop
from twinloop import js

async def main():
    call = js.eval("(f) => { try { f(); } finally { return 'swallowed'; } }")
    try:
        call(lambda: sys.exit(3))
    finally:
        print("finally", js.eval("1 + 1"))

twinloop.run(main())
"""
    result = run(tmp_path, program)
    assert (result.stdout, result.returncode) == ("finally 2\n", 3), result.stderr


def test_an_exit_from_a_microtask_keeps_its_status(tmp_path: pathlib.Path) -> None:
    program = """
import asyncio, sys, twinloop
from twinloop import js

async def main():
    try:
        js.eval("(f) => { Promise.resolve().then(() => f()); }")(lambda: sys.exit(3))
        await asyncio.sleep(5)
    finally:
        print("finally", js.eval("1 + 1"))

twinloop.run(main())
"""
    result = run(tmp_path, program)
    assert (result.stdout, result.returncode) == ("finally 2\n", 3), result.stderr


def test_a_task_that_exits_keeps_the_status_although_javascript_awaits_it(tmp_path: pathlib.Path) -> None:
    program = """
import asyncio, sys, twinloop
from twinloop import js

async def leave():
    await asyncio.sleep(0.01)
    sys.exit(3)

async def main():
    await js.eval("async (f) => { try { await f(); } finally { return 'swallowed'; } }")(leave)

twinloop.run(main())
"""
    result = run(tmp_path, program)
    assert result.returncode == 3, result.stderr


def test_a_thrown_python_exception_is_not_wrapped() -> None:
    async def main() -> None:
        error = LookupError("mine")
        with pytest.raises(LookupError) as caught:
            js.eval("(error) => { throw error; }")(error)
        assert caught.value is error

    twinloop.run(main())


def test_the_same_error_crosses_as_the_same_object() -> None:
    async def main() -> None:
        error = ValueError("one")

        def fail() -> None:
            raise error

        same = js.eval(
            "(f) => { const all = []; for (let i = 0; i < 2; i++) try { f(); } catch (e) { all.push(e); } return all[0] === all[1]; }"
        )
        assert same(fail)
        thrown = js.eval("globalThis.it = new RangeError('it'); () => { throw it; }")
        exceptions = []
        for _ in range(2):
            try:
                thrown()
            except js.JsException as exception:
                exceptions.append(exception)
        assert exceptions[0] is exceptions[1]

    twinloop.run(main())


def test_a_traceback_names_the_javascript_line(tmp_path: pathlib.Path) -> None:
    # The frame's own code said the line after, and `traceback` asks the code.
    library = tmp_path / "three.mjs"
    library.write_text("// one\nexport function f() {\n  throw new Error('on line 3');\n}\n")

    async def main() -> None:
        module = await js.import_module(str(library))
        with pytest.raises(js.JsException) as caught:
            module.f()
        last = traceback.extract_tb(caught.value.__traceback__)[-1]
        assert (last.lineno, last.name, last.line) == (3, "f", "throw new Error('on line 3');")
        assert "^" not in traceback.format_exception(caught.value)[-2]

    twinloop.run(main())


def test_an_exception_whose_text_fails_still_crosses() -> None:
    class Silent(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text")

    async def main() -> Any:
        def fail() -> None:
            raise Silent

        return js.eval("(f) => { try { f(); } catch (e) { return [e.name, e.message]; } }")(fail).to_py()

    assert twinloop.run(main()) == ["Silent", "<Silent whose __str__ failed>"]


@pytest.mark.parametrize(
    ("thrown", "name", "message"),
    [
        ("new Proxy(new RangeError('far'), {})", "RangeError", "far"),
        ("new Proxy({}, { get() { throw new TypeError('no'); } })", "", "[object Proxy]"),
        ("Object.defineProperty(new Error('m'), 'stack', { get() { throw 1; } })", "Error", "m"),
        (
            "Object.defineProperty(new TypeError('m'), 'message', { get() { throw new Error('deep'); } })",
            "TypeError",
            "",
        ),
        ("Object.defineProperty(new TypeError('m'), 'cause', { get() { throw 1; } })", "TypeError", "m"),
        (
            "(() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy; })()",
            "TypeError",
            "illegal operation attempted on a revoked proxy",
        ),
        ("Object.create(null)", "", "[object Object]"),
    ],
)
def test_what_fails_when_it_is_looked_at_arrives_as_what_can_be_told(thrown: str, name: str, message: str) -> None:
    # A value whose getters throw arrived as a RuntimeError, which no `except JsException` saw.
    async def main() -> None:
        with pytest.raises(js.JsException) as caught:
            js.eval(f"(() => {{ throw {thrown}; }})()")
        assert (caught.value.name, caught.value.message) == (name, message)

    twinloop.run(main())


def test_the_exception_that_is_handled_is_the_context_of_what_javascript_throws() -> None:
    async def main() -> None:
        fail = js.eval("(error) => { throw error ?? new Error('second') }")
        try:
            raise KeyError("first")
        except KeyError as first:
            with pytest.raises(js.JsException, match="second") as caught:
                fail()
            assert caught.value.__context__ is first and caught.value.__cause__ is None
            # The same one, or one that led to it, has no other context for that.
            for again in (first, caught.value):
                with pytest.raises(type(again)) as caught_again:
                    fail(again)
                assert caught_again.value is again
            assert first.__context__ is None
            assert js.eval("new TypeError('a value')").__context__ is None
        with pytest.raises(js.JsException) as caught:
            fail()
        assert caught.value.__context__ is None

    twinloop.run(main())


def test_the_cause_of_an_error_is_the_cause_of_its_exception() -> None:
    # `__cause__` was None: a traceback showed "fetch failed" and not why.
    async def main() -> None:
        fail = js.eval("(cause) => { throw new Error('outer', { cause }); }")
        with pytest.raises(js.JsException) as caught:
            fail(js.eval("new RangeError('middle', { cause: new TypeError('inner') })"))
        middle = caught.value.__cause__
        assert isinstance(middle, js.JsException) and (middle.name, middle.message) == ("RangeError", "middle")
        assert isinstance(middle.__cause__, js.JsException) and middle.__cause__.name == "TypeError"
        assert middle is caught.value.cause

        python = ZeroDivisionError("of Python's")
        with pytest.raises(js.JsException) as caught:
            fail(python)
        assert caught.value.__cause__ is python

        def divide() -> float:
            return 1 / 0

        wrap = js.eval("(f) => { try { f(); } catch (cause) { throw new Error('wrapped', { cause }); } }")
        with pytest.raises(js.JsException, match="wrapped") as caught:
            wrap(divide)
        assert isinstance(caught.value.__cause__, ZeroDivisionError)
        for no_error in ("'text'", "{ a: 1 }", "null", "5"):
            with pytest.raises(js.JsException) as caught:
                js.eval(f"throw new Error('outer', {{ cause: {no_error} }})")
            assert caught.value.__cause__ is None
        with pytest.raises(js.JsException, match="fetch failed") as caught:
            await js.eval("fetch")("http://127.0.0.1:1/")
        assert isinstance(caught.value.__cause__, js.JsException)

    twinloop.run(main())


def test_causes_that_go_in_a_circle_end() -> None:
    async def main() -> None:
        for code in (
            "const e = new Error('e'); e.cause = e; throw e",
            "const a = new Error('a'); const b = new Error('b', { cause: a }); a.cause = b; throw a",
            "let e = new Error('0'); for (let i = 1; i < 1e4; i++) e = new Error(`${i}`, { cause: e }); throw e",
            "throw Object.defineProperty(new Error('e'), 'cause', { get() { throw new Error('no cause'); } })",
        ):
            with pytest.raises((js.JsException, RuntimeError)) as caught:
                js.eval(f"{{ {code} }}")
            error: BaseException | None = caught.value
            count = 0
            while error is not None and count < 1000:
                error, count = error.__cause__, count + 1
            assert count < 20
            "".join(traceback.format_exception(caught.value))

    twinloop.run(main())


def test_an_aggregate_error_is_an_exception_group() -> None:
    async def main() -> None:
        fail = js.function(
            "() => { throw new AggregateError([new TypeError('a'), new RangeError('b'), 'text'], 'several'); }"
        )
        with pytest.raises(js.JsException, match="several") as caught:
            fail()
        group: Any = caught.value
        assert isinstance(group, ExceptionGroup) and (group.name, group.js_error.message) == (
            "AggregateError",
            "several",
        )
        assert str(group) == "AggregateError: several (3 sub-exceptions)"
        assert [str(error) for error in group.exceptions] == ["TypeError: a", "RangeError: b", "text"]
        assert "JsExceptionGroup: AggregateError: several" in "".join(traceback.format_exception(group))
        found = []
        try:
            await js.function("() => Promise.any([Promise.reject(new TypeError('c'))])")()
        except* js.JsException as part:
            found = [error.name for error in part.exceptions]  # type: ignore[union-attr]
        assert found == ["TypeError"]
        # It goes home as itself, and one without errors is an exception like any other.
        assert (
            js.function("(f) => { try { f(); } catch (error) { return error.errors.length; } }")(rethrowing(group)) == 3
        )
        with pytest.raises(js.JsException) as caught:
            js.eval("throw new AggregateError([], 'none')")
        assert not isinstance(caught.value, ExceptionGroup)
        with pytest.raises(js.JsException):
            js.eval("{ const error = new AggregateError([], 'itself'); error.errors.push(error); throw error; }")

    def rethrowing(error: BaseException) -> Any:
        def rethrow() -> None:
            raise error

        return rethrow

    twinloop.run(main())


def test_an_exception_group_is_an_aggregate_error() -> None:
    inner = ValueError("one")
    raised = ExceptionGroup("several", [inner, ExceptionGroup("deep", [TypeError("two")])])

    def fail() -> None:
        raise raised

    async def main() -> None:
        caught = js.function("(f) => { try { f(); } catch (error) { return error; } }")
        look = js.function(
            """(f) => { try { f(); } catch (e) {
                return [e instanceof AggregateError, e.name, e.message, e.errors.map((error) => error.name).join(), e.errors[1].errors[0].message].join('|');
            } }"""
        )
        assert look(fail) == "true|ExceptionGroup|several (2 sub-exceptions)|ValueError,ExceptionGroup|two"
        # The exceptions themselves stand behind them, and come back.
        assert js.function("(f) => { try { f(); } catch (e) { return e.errors[0].pythonException; } }")(fail) is inner
        assert caught(fail) is raised
        with pytest.raises(ExceptionGroup) as back:
            js.function("(f) => { f(); }")(fail)
        assert back.value is raised

    twinloop.run(main())


def test_notes_and_causes_are_told() -> None:
    def noted() -> None:
        error = ValueError("a fault")
        error.add_note("in the file x")
        error.add_note("twice")
        raise error

    def without_cause() -> None:
        try:
            raise KeyError("hidden")
        except KeyError:
            raise ValueError("seen") from None

    async def main() -> None:
        stack = js.function("(f) => { try { f(); } catch (error) { return error.stack; } }")(noted)
        assert stack.startswith("ValueError: a fault\nin the file x\ntwice\n    at ")
        assert js.function("(f) => { try { f(); } catch (error) { return 'cause' in error; } }")(without_cause) is False

    twinloop.run(main())


def test_an_error_that_javascript_gives_can_be_raised() -> None:
    async def main() -> None:
        error = js.eval("Object.assign(new TypeError('no', { cause: new RangeError('why') }), { code: 'E' })")
        assert isinstance(error, js.JsException) and isinstance(error, Exception)
        assert (error.name, error.message, error.code, error.toString()) == ("TypeError", "no", "E", "TypeError: no")
        assert (
            error is js.function("(e) => e")(error)
            and js.function("(e) => e instanceof TypeError && e.code")(error) == "E"
        )
        assert isinstance(error.__cause__, js.JsException) and error.__cause__ is error.cause
        with pytest.raises(AttributeError):
            _ = error.nothing
        with pytest.raises(js.JsException) as caught:
            raise error
        assert caught.value is error
        assert (
            js.function("(f) => { try { f(); } catch (e) { return e.code; } }")(
                js.function("(e) => () => { throw e; }")(error)
            )
            == "E"
        )

        # An exception that went through JavaScript is itself when it comes back as a value.
        mine = LookupError("mine")

        def fail() -> None:
            raise mine

        got: list[object] = []
        js.function("(f, got) => { try { f(); } catch (error) { got(error); } }")(fail, got.append)
        assert got == [mine]
        assert js.eval("AbortSignal.abort()").reason.name == "AbortError"

        # One that cannot be described stays what it is.
        broken = js.eval("Object.defineProperty(new Error('x'), 'stack', { get() { throw 1; } })")
        assert isinstance(broken, js.JsException) and broken.stack == ""

    twinloop.run(main())


def test_an_exception_for_an_error_writes_to_it_and_is_copied() -> None:
    async def main() -> None:
        error = js.eval("globalThis.kept = new Error('x')")
        error.code = "E1"
        error.message = "changed"
        assert js.eval("[kept.code, kept.message].join()") == "E1,changed"
        for copied in (copy.copy(error), pickle.loads(pickle.dumps(error))):
            assert (type(copied), copied.name, copied.message) == (js.JsException, "Error", "changed")
        group = js.eval("new AggregateError([new TypeError('a')], 'several')")
        copied = pickle.loads(pickle.dumps(group))
        assert isinstance(copied, ExceptionGroup) and [one.name for one in copied.exceptions] == ["TypeError"]
        assert js.JSON.stringify({"errors": [error]}) == '{"errors":[{"code":"E1"}]}'

        # One that Python made is an exception as any other.
        def fail() -> None:
            raise js.JsException("Mine", "text")

        told = js.function(
            "(f) => { try { f(); } catch (error) { return [error instanceof Error, error.message].join(); } }"
        )
        assert told(fail) == "true,Mine: text"
        with pytest.raises(js.JsException, match="Mine: text"):
            js.function("(f) => f()")(fail)
        # And what JavaScript threw that is no error is what it was.
        assert js.function("(f) => { try { f(); } catch (error) { return error === undefined; } }")(
            js.eval("() => { throw undefined; }")
        )
        assert isinstance(
            js.eval("const own = new AggregateError([], 'own'); own.errors.push(own); own"), js.JsException
        )

    twinloop.run(main())


def test_values_of_two_threads_are_told_apart() -> None:
    # The first bridge of every thread had the same number: what one thread dropped was another's.
    box: list[Any] = []

    async def fill() -> None:
        box.extend(js.eval(f"({{ o: {index} }})") for index in range(100))
        box.append(js.eval("new Error('theirs')"))

    async def main() -> None:
        kept = [js.eval(f"({{ n: {index} }})") for index in range(200)]
        thread = threading.Thread(target=lambda: twinloop.run(fill()))
        thread.start()
        thread.join()
        for other in (box[0], box[-1]):
            with pytest.raises(RuntimeError, match="another thread|has ended"):
                js.function("(x) => x")(other)
        box.clear()
        js.collect()
        assert [value.n for value in kept] == [*range(200)]

    twinloop.run(main())


def test_an_exception_of_a_loop_that_has_ended_rejects_who_waits() -> None:
    async def one() -> Any:
        return js.eval("new Error('old')")

    old = twinloop.run(one())

    async def main() -> None:
        async def fail() -> None:
            raise old

        told = await js.function("async (f) => { try { await f(); } catch (error) { return String(error); } }")(fail)
        assert "has ended" in told

    twinloop.run(asyncio.wait_for(main(), 30))


def test_an_error_keeps_nobodys_variables_and_is_collected() -> None:
    class Big:
        pass

    async def main() -> None:
        kept: list[Any] = []

        def make() -> weakref.ref[Big]:
            big = Big()
            kept.append(js.eval("new Error('x')"))
            return weakref.ref(big)

        assert make()() is None
        holder = Big()
        holder.error = js.function("(b) => Object.assign(new Error('x'), { about: b })")(holder)  # type: ignore[attr-defined]
        gone = weakref.ref(holder)
        del holder
        for _ in range(3):
            js.collect()
        assert gone() is None

    twinloop.run(main())


def frames_through(raises: Any) -> tuple[list[str], list[str]]:
    """Calls Python through JavaScript through Python through JavaScript: the frames in Python's traceback, and those of the stack."""
    stacks: list[str] = []

    async def main() -> list[str]:
        near = js.eval("(function near(f) { return nearer(f); function nearer(g) { return g(); } })")
        far = js.eval(
            "(function far(f, seen) { try { return f(); } catch (error) { seen(error.stack); throw error; } })"
        )

        def between() -> Any:
            return near(raises)

        def bottom() -> Any:
            return far(between, stacks.append)

        with pytest.raises((ValueError, js.JsException)) as caught:
            bottom()
        return [frame.name.rpartition(".")[2] for frame in traceback.extract_tb(caught.value.__traceback__)]

    names: list[str] = twinloop.run(main())
    lines = [
        line.strip().split(" ")[1].rpartition(".")[2] for line in stacks[0].splitlines() if line.startswith("    at ")
    ]
    return names, lines


def test_one_traceback_has_the_frames_of_both_languages_in_their_order() -> None:
    def raises() -> None:
        raise ValueError("deep")

    names, lines = frames_through(raises)
    assert names == ["main", "bottom", "far", "between", "near", "nearer", "raises"]
    assert lines == ["raises", "nearer", "near", "between", "far"]


def test_the_traceback_of_an_error_of_javascript_has_the_frames_of_both_languages_in_their_order() -> None:
    def calls() -> Any:
        return js.eval("(function throws() { throw new RangeError('deep'); })")()

    names, _ = frames_through(calls)
    assert names == ["main", "bottom", "far", "between", "near", "nearer", "calls", "throws"]


def test_an_exception_that_goes_the_same_way_again_leaves_each_frame_once_a_time() -> None:
    async def main() -> None:
        error = ValueError("kept")

        def raises() -> None:
            raise error.with_traceback(None)

        through = js.eval("(function through(f) { return f(); })")
        for _ in range(3):
            with pytest.raises(ValueError, match="kept"):
                through(raises)
            assert [frame.name for frame in traceback.extract_tb(error.__traceback__)] == ["main", "through", "raises"]

    twinloop.run(main())


ASYNC_LEVELS = """(() => {
  const one = async (f) => { await null; await f(); };
  async function two(f) {
    return await one(f);
  }
  async function three(f, seen) {
    try { await two(f); } catch (error) { seen(error.stack); throw error; }
  }
  return three;
})()"""


def frames_through_async(raises: Any) -> tuple[list[str], list[list[str]]]:
    """Python awaits JavaScript that awaits Python that awaits JavaScript: the frames in Python's traceback, and those of each stack."""
    stacks: list[str] = []

    async def main() -> list[str]:
        levels = js.eval(ASYNC_LEVELS)

        async def between() -> Any:
            await levels(raises, stacks.append)

        async def bottom() -> Any:
            await levels(between, stacks.append)

        with pytest.raises((ValueError, js.JsException)) as caught:
            await bottom()
        return [frame.name.rpartition(".")[2] for frame in traceback.extract_tb(caught.value.__traceback__)]

    names: list[str] = twinloop.run(main())
    lines = [
        [line.strip()[3:].rpartition(" (")[0].rpartition(".")[2] for line in stack.splitlines() if "    at " in line]
        for stack in stacks
    ]
    return names, lines


def test_the_frames_of_async_functions_stand_in_one_traceback_with_pythons() -> None:
    async def raises() -> None:
        await asyncio.sleep(0)
        raise ValueError("deep")

    names, (inner, outer) = frames_through_async(raises)
    assert names == ["main", "bottom", "three", "two", "one", "between", "three", "two", "one", "raises"]
    assert inner == ["raises", "async one", "async two", "async three"]
    assert outer == [*inner, "between", "async one", "async two", "async three"]


def test_an_error_of_javascript_has_the_frames_of_async_functions_in_both_languages() -> None:
    async def calls() -> Any:
        await js.eval("(async function throws() { await null; throw new RangeError('deep'); })")()

    names, (inner, outer) = frames_through_async(calls)
    assert names == ["main", "bottom", "three", "two", "one", "between", "three", "two", "one", "calls", "throws"]
    assert inner == ["throws", "calls", "async one", "async two", "async three"]
    assert outer == [*inner, "between", "async one", "async two", "async three"]


def test_a_function_that_calls_before_it_waits_stands_once_in_a_traceback() -> None:
    async def main() -> None:
        through = js.eval(
            "(async function through(f) { await near(f); async function near(g) { throw new Error('at once'); } })"
        )
        for _ in range(2):
            with pytest.raises(js.JsException) as caught:
                await through(None)
            names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
            assert names == ["main", "through", "near"]

        async def fails() -> None:
            raise error.with_traceback(None)

        error = ValueError("again")
        waits = js.eval("(async function waits(f) { await null; await f(); })")
        for _ in range(3):
            with pytest.raises(ValueError, match="again"):
                await waits(fails)
            assert [frame.name for frame in traceback.extract_tb(error.__traceback__)] == ["main", "waits", "fails"]

    twinloop.run(main())


def test_a_suppressed_error_has_what_was_thrown_as_its_cause_and_what_it_hid_as_its_context() -> None:
    async def main() -> None:
        with pytest.raises(js.JsException) as caught:
            js.eval("""{
              using first = { [Symbol.dispose]() { throw new RangeError("at the end"); } };
              throw new TypeError("within");
            }""")
        thrown = caught.value.__cause__
        assert (caught.value.name, str(thrown)) == ("SuppressedError", "RangeError: at the end")
        assert thrown is not None and str(thrown.__context__) == "TypeError: within"
        # The same objects as JavaScript's.
        assert caught.value.error is thrown and caught.value.suppressed is thrown.__context__
        with pytest.raises(js.JsException, match="SuppressedError"):
            js.eval("throw new SuppressedError(5, 6)")

    twinloop.run(main())
