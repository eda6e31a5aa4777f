"""The documented use of a JsProxy, for mypy: `cargo xtask lint` checks that it passes. It is not run."""

from __future__ import annotations

from typing import Any, Protocol, assert_type

import twinloop.js
from twinloop import js
from twinloop.js import workers
from twinloop.js.modules import lodash_es


class Lib(Protocol):
    """What `lib.mjs` exports, as far as it is used."""

    answer: int

    def twice(self, number: float) -> float: ...


def use_package() -> None:
    lib: Lib = lodash_es
    assert_type(lib.twice(2), float)
    assert_type(lodash_es.chunk([1, 2], 1), Any)


async def use_protocol() -> None:
    lib: Lib = await js.import_module("./lib.mjs")
    assert_type(lib.twice(2), float)
    assert_type(lib.answer, int)
    assert_type(await js.import_module("./lib.mjs"), js.JsProxy)


def search(text: str) -> list[str]:
    return [text]


async def use_context() -> None:
    async with js.Context(time_limit=1, globals={"tools.search": search}, modules={"lib": "export {}"}) as context:
        assert_type(await context.eval("1"), Any)
        assert_type(await context.call("f", 1, [2]), Any)
    assert_type(context.closed, bool)
    assert_type(await js.run_in_worker(js.function("() => 1"), 1, transfer=[]), Any)
    assert_type(await workers.run_in_thread(search, "x", progress=print), Any)


async def use() -> None:
    proxy: js.JsProxy = await js.import_module("./lib.mjs")
    await proxy.method(1, named=True)
    await proxy
    for item in proxy:
        print(item)
    async for chunk in proxy:
        print(chunk)
    print(proxy["a"], len(proxy), bytes(proxy), proxy == 1, "a" in proxy, dict(proxy), list(proxy))
    assert_type(proxy.typeof, str)
    print(proxy.to_py(), proxy.to_py(depth=1), proxy.new(1), proxy.new(1, named=2), proxy(1), proxy.anything.at.all)
    proxy.attribute = 3
    proxy["key"] = 2
    del proxy["key"], proxy.attribute
    try:
        js.eval("throw 1")
    except js.JsException as error:
        print(error.name, error.message, error.stack, error.js_error)
    response = await twinloop.js.eval("fetch")("http://localhost/", method="POST")
    print(response.status)
