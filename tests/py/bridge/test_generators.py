"""Generators of either language, resumed by the other: values and errors go in, what is returned comes out, ``finally`` runs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Generator
from typing import Any

import pytest
import twinloop
from twinloop import js

SYNC = """(function* (log) {
  try {
    const first = yield 1;
    try { yield first; } catch (error) { yield `caught ${error.name}`; }
    return 'returned';
  } finally { log('finally'); }
})"""

ASYNC = "(async " + SYNC[1:]


def test_python_resumes_a_javascript_generator() -> None:
    async def main() -> None:
        log: list[str] = []
        make = js.eval(SYNC)
        generator = make(log.append)
        assert isinstance(generator, Generator)
        assert (next(generator), generator.send("sent")) == (1, "sent")
        assert generator.throw(ValueError("no")) == "caught ValueError"
        with pytest.raises(StopIteration) as stopped:
            next(generator)
        assert (stopped.value.value, log) == ("returned", ["finally"])

        # What it does not catch comes out, and is the exception that went in.
        error = KeyError("mine")
        generator = make(log.append)
        next(generator)
        with pytest.raises(KeyError) as caught:
            generator.throw(error)
        assert caught.value is error
        with pytest.raises(StopIteration):
            next(generator)

        with contextlib.closing(make(log.append)) as generator:
            next(generator)
        assert log == ["finally"] * 3

    twinloop.run(main())


def test_yield_from_passes_everything_on() -> None:
    async def main() -> None:
        log: list[str] = []

        def outer() -> Any:
            return (yield from js.eval(SYNC)(log.append))

        generator = outer()
        assert (next(generator), generator.send(5), generator.throw(TypeError)) == (1, 5, "caught TypeError")
        with pytest.raises(StopIteration) as stopped:
            next(generator)
        assert stopped.value.value == "returned"
        generator = outer()
        next(generator)
        generator.close()
        assert log == ["finally", "finally"]

    twinloop.run(main())


@pytest.mark.parametrize(
    ("code", "use", "error", "text"),
    [
        ("(function* () { try { yield 1; } finally { yield 2; } })()", lambda g: (next(g), g.close()), RuntimeError, "yields while it is closed"),
        ("({ [Symbol.iterator]() { return this; }, next: () => 5 })", next, js.JsException, "non-object value: 5"),
        ("({ [Symbol.iterator]() { return { next: () => 5 }; } })", list, js.JsException, "non-object value: 5"),
        ("(function* () {})()", lambda g: g.throw("text"), TypeError, "deriving from BaseException, not str"),
        ("((stop) => ({ [Symbol.iterator]() { return this; }, next: stop }))", lambda f: next(f(lambda: next(iter([])))), RuntimeError, "StopIteration"),
    ],
    ids=["yields-in-close", "no-step", "no-step-in-a-loop", "no-exception", "stop-iteration"],
)  # fmt: skip
def test_what_an_iterator_may_not_do(code: str, use: Any, error: type[Exception], text: str) -> None:
    async def main() -> None:
        with pytest.raises(error, match=text):
            use(js.eval(code))

    twinloop.run(main())


def test_python_resumes_a_javascript_async_generator() -> None:
    async def main() -> None:
        log: list[str] = []
        make = js.eval(ASYNC)
        generator = make(log.append)
        assert isinstance(generator, AsyncGenerator)
        assert (await anext(generator), await generator.asend("sent")) == (1, "sent")
        assert await generator.athrow(ValueError("no")) == "caught ValueError"
        with pytest.raises(StopAsyncIteration):
            await anext(generator)
        async with contextlib.aclosing(make(log.append)) as generator:
            await anext(generator)
        assert log == ["finally", "finally"]

    twinloop.run(main())


def generate(log: Any) -> Any:
    try:
        sent = yield 1
        try:
            yield sent
        except Exception as error:
            yield f"caught {error}"
        return "returned"
    finally:
        log("finally")


async def generate_async(log: Any) -> Any:
    try:
        sent = yield 1
        try:
            yield sent
        except Exception as error:
            yield f"caught {error}"
    finally:
        log("finally")


def test_javascript_resumes_a_python_generator() -> None:
    async def main() -> None:
        log: list[str] = []
        use = js.function("""(make, log) => {
          const all = make(log), left = make(log), failing = make(log);
          const steps = [all.next(), all.next('sent'), all.throw(new TypeError('no')), all.next(), all.next()];
          left.next();
          steps.push(left.return(7), left.next());
          failing.next();
          const error = new RangeError('mine');
          try { failing.throw(error); } catch (caught) { steps.push({ same: caught === error }); }
          const made = make(log).map((value) => value * 2).take(1).toArray();
          return JSON.stringify([steps, made]);
        }""")
        assert use(generate, log.append) == (
            '[[{"done":false,"value":1},{"done":false,"value":"sent"},{"done":false,"value":"caught TypeError: no"},'
            '{"done":true,"value":"returned"},{"done":true},{"done":true,"value":7},{"done":true},{"same":true}],[2]]'
        )
        assert log == ["finally"] * 4

    twinloop.run(main())


def test_yield_star_passes_everything_on_to_python() -> None:
    async def main() -> None:
        log: list[str] = []
        use = js.function("""async (make, makeAsync, log) => {
          function* sync() { return yield* make(log); }
          async function* later() { yield* makeAsync(log); }
          const all = sync(), awaited = later();
          return JSON.stringify([
            all.next('ignored'), all.next('sent'), all.throw(new TypeError('no')), all.next(),
            await awaited.next(), await awaited.next('sent'), await awaited.throw(new TypeError('no')), await awaited.next(),
          ]);
        }""")
        assert (await use(generate, generate_async, log.append)) == (
            '[{"done":false,"value":1},{"done":false,"value":"sent"},{"done":false,"value":"caught TypeError: no"},'
            '{"value":"returned","done":true},'
            '{"value":1,"done":false},{"value":"sent","done":false},{"value":"caught TypeError: no","done":false},{"done":true}]'
        )
        assert log == ["finally"] * 2

    twinloop.run(main())


def test_what_is_sent_first_is_ignored_as_in_javascript() -> None:
    async def main() -> None:
        assert js.function("(g) => g.next(5).value")(generate(print)) == 1
        assert (await js.function("async (g) => (await g.next(5)).value")(generate_async(print))) == 1

    twinloop.run(main())


def test_what_is_no_resource_cannot_be_used_as_one() -> None:
    closed: list[str] = []

    def generate_one() -> Any:
        try:
            yield 1
        finally:
            closed.append("sync")

    async def generate_later() -> Any:
        try:
            yield 1
        finally:
            closed.append("async")

    class OnlyAsync:
        async def __aexit__(self, *exception: object) -> None: ...

    async def main() -> None:
        assert js.function("(...all) => all.every((one) => one[Symbol.dispose] === undefined)")(
            {}, [], object(), OnlyAsync()
        )
        await js.eval("""(async (one, later) => {
          { using generator = one(); generator.next(); }
          { await using generator = later(); await generator.next(); }
        })""")(generate_one, generate_later)
        assert closed == ["sync", "async"]

    twinloop.run(main())


def test_javascript_resumes_a_python_async_generator() -> None:
    async def main() -> None:
        log: list[str] = []
        use = js.function("""async (make, log) => {
          const all = make(log), left = make(log);
          const steps = [await all.next(), await all.next('sent'), await all.throw(new TypeError('no')), await all.next()];
          await left.next();
          steps.push(await left.return(7), await left.next());
          return JSON.stringify(steps);
        }""")
        assert await use(generate_async, log.append) == (
            '[{"done":false,"value":1},{"done":false,"value":"sent"},{"done":false,"value":"caught TypeError: no"},'
            '{"done":true},{"done":true,"value":7},{"done":true}]'
        )
        assert log == ["finally"] * 2

    twinloop.run(main())


def test_what_javascript_asks_of_an_async_generator_that_waits_is_answered_in_turn() -> None:
    # As of its own: a stream over it that is destroyed while it reads closes it after the step.
    async def main() -> None:
        log: list[str] = []
        ready = asyncio.Event()

        async def generate() -> AsyncGenerator[int, None]:
            try:
                yield 1
                await ready.wait()
                yield 2
                yield 3
            finally:
                log.append("finally")

        use = js.function("""async (generator, ready) => {
          const asked = [generator.next(), generator.next(), generator[Symbol.asyncIterator]().next(), generator.return(7), generator.next()];
          await asked[0];
          ready.set();
          return JSON.stringify(await Promise.all(asked));
        }""")
        steps = '{"done":false,"value":1},{"done":false,"value":2},{"done":false,"value":3},{"done":true,"value":7},{"done":true}'
        assert await use(generate(), ready) == f"[{steps}]"
        assert log == ["finally"]

        # What is no generator gets its requests as they come.
        class Ticks:
            def __init__(self) -> None:
                self.waiting = 0

            def __aiter__(self) -> Any:
                return self

            async def __anext__(self) -> int:
                self.waiting += 1
                if self.waiting == 2:
                    ready.set()
                await ready.wait()
                return self.waiting

        ready.clear()
        both = js.function(
            "async (ticks) => (await Promise.all([ticks.next(), ticks.next()])).map((step) => step.value)"
        )
        assert list(await both(Ticks())) == [2, 2]

    twinloop.run(asyncio.wait_for(main(), 30))


def test_a_loop_that_is_left_does_not_close_a_file(tmp_path: Any) -> None:
    # It closed whatever had a method `close`, as a file has.
    (tmp_path / "lines").write_text("a\nb\n")

    async def main() -> None:
        with open(tmp_path / "lines") as file:
            js.function("(file) => { for (const line of file) break; }")(file)
            assert next(file) == "b\n"

    twinloop.run(main())


def test_what_can_be_disposed_of_is_a_context_manager() -> None:
    async def main() -> None:
        make = js.eval(
            """((log) => ({
              name: 'it',
              [Symbol.dispose]() { log('dispose'); },
              async [Symbol.asyncDispose]() { await null; log('async'); },
            }))"""
        )
        log: list[str] = []
        with make(log.append) as resource:
            assert resource.name == "it"
        async with make(log.append) as resource:
            assert resource.name == "it"
        async with js.eval("((log) => ({ [Symbol.dispose]() { log('either'); } }))")(log.append):
            pass
        with pytest.raises(LookupError), make(log.append):
            raise LookupError
        assert log == ["dispose", "async", "either", "dispose"]
        assert not hasattr(js.eval("new (class A {})()"), "__enter__")
        with (
            pytest.raises(js.JsException, match="cannot end"),
            js.eval("({ [Symbol.dispose]() { throw new Error('cannot end'); } })"),
        ):
            pass

    twinloop.run(main())


def test_a_context_manager_can_be_disposed_of() -> None:
    log: list[object] = []

    class Managed:
        def __enter__(self) -> Managed:
            return self

        def __exit__(self, *exception: object) -> None:
            log.append(exception)

        async def __aenter__(self) -> Managed:
            return self

        async def __aexit__(self, *exception: object) -> None:
            log.append("async")

    async def main() -> None:
        await js.eval("""(async (make) => {
          { using managed = make(); }
          { await using managed = make(); }
        })""")(Managed)
        assert log == [(None, None, None), "async"]

    twinloop.run(main())
