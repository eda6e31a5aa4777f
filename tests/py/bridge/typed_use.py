"""The documented use of a JsProxy, for mypy: `cargo xtask lint` checks that it passes. It is not run."""

from __future__ import annotations

from typing import assert_type

import twinloop.js
from twinloop import js


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
