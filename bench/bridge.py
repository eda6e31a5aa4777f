"""What crossing between Python and JavaScript costs in one process; prints one JSON object of nanoseconds an operation, or of MiB.

Usage: bridge.py CONTESTANT [MILLISECONDS [TEXT...]]     only cases whose name contains one of the texts
       bridge.py CONTESTANT memory TEXT                  what the proxies of the objects take that Python, or JavaScript, holds

The contestants are Twinloop and the packages of PyPI that put a JavaScript engine into CPython. Each is used as its own
documentation says; what it cannot do is null in the object, with the reason on standard error.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time

KIB = "x" * 1024
MIB_ASCII = "x" * (1 << 20)
MIB_LATIN = "é" * (1 << 20)
ELEMENTS = 10_000
HELD = 100_000

# A loop in JavaScript whose body is put in for %s; `f` is what Python gave.
LOOP = "(f, n) => { for (let i = 0; i < n; i += 1) { %s } }"

# A search makes one piece of those that `repeat` leaves.
FLAT = "((text) => (/y/.test(text), text))"


class CannotDo(Exception):
    """This contestant has no such thing."""


class Twinloop:
    """JavaScript on the running loop."""

    has_attributes = True

    def __init__(self):
        from twinloop import js

        self.eval = js.eval

    @staticmethod
    def run(main):
        import twinloop

        twinloop.run(main)

    def looping(self, body, given):
        """A function of a count that runs `body` so often in JavaScript, where `f` is the Python object `given`."""
        loop = self.eval(LOOP % body)
        return lambda count: loop(given, count)


class PythonMonkey(Twinloop):
    """SpiderMonkey, with asyncio as its event loop."""

    def __init__(self):
        import pythonmonkey

        self.eval = pythonmonkey.eval

    @staticmethod
    def run(main):
        asyncio.run(main)


class STPyV8(PythonMonkey):
    """V8 in a context that has to be entered."""

    def __init__(self):
        import STPyV8 as package

        self.context = package.JSContext()
        self.context.enter()
        self.eval = self.context.eval


class MiniRacer(PythonMonkey):
    """V8 on a thread of its own; calls into Python are coroutines there, so none can be made from a loop in JavaScript."""

    has_attributes = False

    def __init__(self):
        from py_mini_racer import MiniRacer as Context

        self.context = Context()
        self.eval = self.context.eval

    def looping(self, body, given):
        raise CannotDo("JavaScript cannot call Python here")


class QuickJS(PythonMonkey):
    """QuickJS, an interpreter; Python functions are globals of a context and nothing else of Python is seen."""

    has_attributes = False

    def __init__(self):
        import quickjs

        self.context = quickjs.Context()
        self.eval = self.context.eval

    def looping(self, body, given):
        if not callable(given):
            raise CannotDo("no proxies of Python objects")
        self.context.add_callable("f", given)
        return self.eval(LOOP.replace("(f, n)", "(n)") % body)


CONTESTANTS = {
    "twinloop": Twinloop,
    "pythonmonkey": PythonMonkey,
    "stpyv8": STPyV8,
    "mini-racer": MiniRacer,
    "quickjs": QuickJS,
}

CASES = {}


def case(name):
    """Registers a function that makes, from a contestant, a function of a count, which does the operation so often."""

    def register(function):
        CASES[name] = function
        return function

    return register


# Each loop is written out, so that only the crossing and a loop's own step are in it.


@case("Python calls JavaScript")
def call(js):
    function = js.eval("() => {}")

    def run(count):
        for _ in range(count):
            function()

    return run


@case("Python calls JavaScript, an int")
def call_int(js):
    function = js.eval("(x) => x + 1")
    assert function(7) == 8

    def run(count):
        for _ in range(count):
            function(7)

    return run


def call_str(js, text):
    function = js.eval("(x) => x.length")
    assert function(text) == len(text)

    def run(count):
        for _ in range(count):
            function(text)

    return run


@case("Python calls JavaScript, 1 KB of ASCII")
def call_kib(js):
    return call_str(js, KIB)


@case("Python calls JavaScript, 1 MB of ASCII")
def call_mib(js):
    return call_str(js, MIB_ASCII)


@case("Python calls JavaScript, 1 MB of é")
def call_latin(js):
    return call_str(js, MIB_LATIN)


@case("JavaScript calls Python")
def callback(js):
    def function():
        pass

    return js.looping("f()", function)


@case("JavaScript calls Python, an int")
def callback_int(js):
    return js.looping("f(i)", lambda number: number)


@case("JavaScript calls Python, 1 KB of ASCII")
def callback_kib(js):
    lengths = []
    js.looping("f('x'.repeat(1024))", lambda text: lengths.append(len(text)))(1)
    assert lengths == [1024]
    return js.looping("f('x'.repeat(1024))", len)


@case("JavaScript calls Python, 1 MB of ASCII")
def callback_mib(js):
    return js.looping(f"f(globalThis.ascii ??= {FLAT}('x'.repeat(1 << 20)))", len)


@case("JavaScript calls Python, 1 MB of é")
def callback_latin(js):
    return js.looping(f"f(globalThis.latin ??= {FLAT}('é'.repeat(1 << 20)))", len)


@case("Python reads an attribute")
def read(js):
    value = js.eval("({ a: 1 })")

    if js.has_attributes:
        assert value.a == 1

        def run(count):
            for _ in range(count):
                _ = value.a
    else:
        assert value["a"] == 1

        def run(count):
            for _ in range(count):
                _ = value["a"]

    return run


@case("Python writes an attribute")
def write(js):
    value = js.eval("({ a: 1 })")

    if js.has_attributes:
        value.a = 2
        assert value.a == 2

        def run(count):
            for _ in range(count):
                value.a = 3
    else:
        value["a"] = 2
        assert value["a"] == 2

        def run(count):
            for _ in range(count):
                value["a"] = 3

    return run


@case("Python calls a method")
def method(js):
    value = js.eval("({ a: 1, area() { return this.a; } })")
    assert value.area() == 1

    def run(count):
        for _ in range(count):
            value.area()

    return run


class Point:
    def __init__(self):
        self.a = 1

    def area(self):
        return self.a


@case("JavaScript reads an attribute")
def js_read(js):
    return js.looping("f.a", Point())


@case("JavaScript writes an attribute")
def js_write(js):
    point = Point()
    js.looping("f.a = 7", point)(1)
    assert point.a == 7
    return js.looping("f.a = i", point)


@case("JavaScript calls a method")
def js_method(js):
    return js.looping("f.area()", Point())


@case("Python iterates an Array of 10,000")
def iterate(js):
    array = js.eval(f"Array.from({{ length: {ELEMENTS} }}, (_, index) => index)")
    assert sum(array) == sum(range(ELEMENTS))

    def run(count):
        for _ in range(count):
            for _element in array:
                pass

    return run


@case("JavaScript iterates a list of 10,000")
def js_iterate(js):
    values = list(range(ELEMENTS))
    total = js.eval("(l) => { let sum = 0; for (const x of l) sum += x; return sum; }")
    assert total(values) == sum(values)
    return js.looping("for (const x of f) globalThis.last = x", values)


@case("Python awaits a resolved Promise")
def await_promise(js):
    promise = js.eval("Promise.resolve(3)")

    async def run(count):
        for _ in range(count):
            await promise

    return run


@case("Python awaits a new Promise")
def await_new_promise(js):
    make = js.eval("() => Promise.resolve(3)")

    async def run(count):
        for _ in range(count):
            await make()

    return run


@case("JavaScript awaits a coroutine")
def await_coroutine(js):
    async def coroutine():
        return 4

    loop = js.eval("async (f, n) => { let last; for (let i = 0; i < n; i += 1) last = await f(); return last; }")

    async def run(count):
        assert await loop(coroutine, count) == 4

    return run


class Nothing:
    """An object with no attributes."""

    __slots__ = ()


async def held_in_python(js):
    get = js.eval("globalThis.all = []; (i) => (i === undefined ? all.push({}) : all[i])")
    for _ in range(HELD):
        get()
    held = [None] * HELD
    before = await private_memory()
    for i in range(HELD):
        held[i] = get(i)
    return await private_memory() - before


async def held_in_javascript(js):
    if not js.has_attributes:
        raise CannotDo("no proxies of Python objects")
    keep = js.eval("globalThis.all = []; (object) => { all.push(object) }")
    objects = [Nothing() for _ in range(HELD)]
    keep(Nothing())
    before = await private_memory()
    for held in objects:
        keep(held)
    return await private_memory() - before


MEMORY = {
    "100,000 objects of JavaScript held in Python": held_in_python,
    "100,000 objects of Python held in JavaScript": held_in_javascript,
}


async def private_memory():
    """MiB of this process that are its own, once what runs in the background has had its time."""
    gc.collect()
    await asyncio.sleep(0.3)
    with open("/proc/self/smaps_rollup") as lines:
        return sum(int(line.split()[1]) for line in lines if line.startswith("Private_Dirty")) / 1024


async def measure_memory(contestant, wanted):
    results = {}
    for name, held in MEMORY.items():
        if wanted in name:
            try:
                results[name] = await held(contestant())
            except Exception as error:
                results[name] = None
                print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
    print(json.dumps(results), flush=True)


async def timed(run, count):
    """Nanoseconds of `run`."""
    start = time.perf_counter_ns()
    result = run(count)
    if result is not None and hasattr(result, "__await__"):
        await result
    return time.perf_counter_ns() - start


async def measure(run, duration):
    """Nanoseconds for one of the count: the best of three runs after as many as the compilers need."""
    count = 1
    while (took := await timed(run, count)) < duration / 4:
        count *= 8 if took < duration / 100 else 2
    count = max(1, round(count * duration / took))
    return min([await timed(run, count) for _ in range(3)]) / count


async def main(contestant, duration, wanted):
    js = contestant()
    results = {}
    for name, make in CASES.items():
        if wanted and not any(text in name for text in wanted):
            continue
        try:
            results[name] = await measure(make(js), duration)
        except Exception as error:
            results[name] = None
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
    print(json.dumps(results), flush=True)


if __name__ == "__main__":
    kind = CONTESTANTS[sys.argv[1]]
    if sys.argv[2:3] == ["memory"]:
        kind.run(measure_memory(kind, sys.argv[3]))
        sys.exit()
    milliseconds = float(sys.argv[2]) if len(sys.argv) > 2 else 40.0
    kind.run(main(kind, milliseconds * 1e6, sys.argv[3:]))
