"""Memory that both languages use: typed arrays over Python's buffers, and Python's views of ArrayBuffers."""

from __future__ import annotations

import array
import asyncio
import fractions
import gc
import mmap
import os
import struct
import threading
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import twinloop
from _twinloop import _native
from twinloop import js


def rss_kb() -> int:
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


# ---- Python's memory in JavaScript -----------------------------------------------------------------------------------


def test_a_buffer_is_a_typed_array_over_the_same_memory() -> None:
    async def main() -> None:
        data = bytearray(b"abc")
        there = js.to_js(data)
        assert js.function("(a) => a instanceof Uint8Array && a.join()")(there) == "97,98,99"
        js.function("(a) => { a[0] = 122; }")(there)
        assert data == b"zbc"
        data[1] = 0
        assert there[1] == 0
        # In JavaScript the same.
        js.function("(b) => { b.toJs()[2] = 1; }")(data)
        assert data == b"z\0\1"
        part = memoryview(bytearray(range(20)))[8:12]
        js.to_js(part)[0] = 99
        assert list(part) == [99, 9, 10, 11]
        pages = mmap.mmap(-1, 4096)
        js.to_js(pages)[4095] = 7
        assert pages[4095] == 7

    twinloop.run(main())


@pytest.mark.skipif(
    "JS_GC_ZEAL" in os.environ, reason="the engine's debug build wants buffers that begin at multiples of eight"
)
def test_a_part_begins_anywhere() -> None:
    async def main() -> None:
        part = memoryview(bytearray(range(10)))[3:7]
        js.to_js(part)[0] = 99
        assert list(part) == [99, 4, 5, 6]
        values = array.array("f", [1, 2, 3])
        js.to_js(memoryview(values)[1:])[0] = 0.5
        assert list(values) == [1, 0.5, 3]
        # Not where its elements cannot stand: a copy.
        data = bytearray(17)
        numbers = js.to_js(memoryview(data)[1:].cast("d"))
        numbers[0] = 1.5
        assert numbers.to_py() is not None and numbers[0] == 1.5 and data == bytes(17)

    twinloop.run(main())


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("b", "Int8Array"), ("B", "Uint8Array"), ("h", "Int16Array"), ("H", "Uint16Array"), ("i", "Int32Array"), ("I", "Uint32Array"),
        ("q", "BigInt64Array"), ("Q", "BigUint64Array"), ("f", "Float32Array"), ("d", "Float64Array"),
    ],
)  # fmt: skip
def test_elements_keep_their_type_both_ways(code: str, kind: str) -> None:
    async def main() -> None:
        numbers = array.array(code, [1, 2, 3])
        there = js.to_js(numbers)
        assert js.function("(a) => a.constructor.name + a.length + a.join()")(there) == f"{kind}31,2,3"
        js.function("(a) => { a[0] = a[1]; }")(there)
        assert numbers.tolist() == [2, 2, 3]
        made = memoryview(js.eval(f"{kind}.of(...(({kind}.name.startsWith('Big')) ? [4n, 5n] : [4, 5]))"))
        assert (made.format, made.tolist(), made.readonly, made.shape) == (code, [4, 5], False, (2,))
        made[1] = 6
        assert made.obj[1] == 6

    twinloop.run(main())


def test_what_cannot_be_written_to_or_is_in_pieces_is_copied() -> None:
    async def main() -> None:
        data = b"abc"
        there = js.to_js(data)
        js.function("(a) => { a[0] = 0; }")(there)
        assert data == b"abc" and there[0] == 0
        read_only = memoryview(bytearray(b"abc")).toreadonly()
        js.function("(a) => { a[0] = 0; }")(js.to_js(read_only))
        assert read_only == b"abc"
        assert list(js.to_js(memoryview(bytearray(range(10)))[::3])) == [0, 3, 6, 9]
        with pytest.raises(js.JsException, match=r"TypeError: no typed array has elements of the format .[uw]"):
            js.to_js(array.array("u", "ab"))

    twinloop.run(main())


def test_more_dimensions_are_arrays_of_views() -> None:
    async def main() -> None:
        table = memoryview(array.array("h", range(6))).cast("B").cast("h", (2, 3))
        there = js.to_js(table)
        look = js.function(
            "(t) => [Array.isArray(t), t.length, t[1] instanceof Int16Array, t[1].join(), t[0].buffer === t[1].buffer].join(' ')"
        )
        assert look(there) == "true 2 true 3,4,5 true"
        there[1][2] = 50
        assert table.tolist() == [[0, 1, 2], [3, 4, 50]]

    twinloop.run(main())


def test_a_bytearray_that_javascript_has_keeps_its_length() -> None:
    async def main() -> None:
        data = bytearray(b"abc")
        there = js.to_js(data)
        with pytest.raises(BufferError, match="cannot be re-sized"):
            data.append(1)
        # JavaScript's own way to let go of it: it takes a copy along.
        assert list(js.function("(a) => new Uint8Array(a.buffer.transfer())")(there)) == [97, 98, 99]
        assert js.function("(a) => a.length")(there) == 0
        await until_free(data)

        other = bytearray(1 << 20)
        there = js.to_js(other)
        del there
        _native.js_collect_garbage()
        await until_free(other)

    async def until_free(data: bytearray) -> None:
        while True:
            try:
                data.append(1)
            except BufferError:
                await asyncio.sleep(0.001)
            else:
                return

    twinloop.run(asyncio.wait_for(main(), 30))


def test_a_buffer_is_free_when_the_loop_has_ended() -> None:
    kept: list[Any] = []
    data = bytearray(100_000)

    async def main() -> None:
        kept.append(js.to_js(data))

    twinloop.run(main())
    data.append(1)


def test_memory_that_javascript_drops_is_given_back_in_time() -> None:
    # The engine saw a small object where there was a megabyte: 3,000 of them were 3 GiB.
    async def main() -> None:
        take = js.function("(b) => b.length")
        convert = js.function("(b) => b.toJs().length")
        for use in (take, convert):
            before = rss_kb()
            for _ in range(1500):
                assert use(bytearray(1 << 20)) == 1 << 20
            assert rss_kb() - before < 400_000
        make = js.function("() => new Uint8Array(1 << 20).fill(1)")
        before = rss_kb()
        for _ in range(1500):
            assert memoryview(make())[5] == 1
        assert rss_kb() - before < 400_000

    twinloop.run(main())


# ---- JavaScript's memory in Python -----------------------------------------------------------------------------------


def test_a_view_of_python_is_the_memory_itself() -> None:
    async def main() -> None:
        for code in (
            "new Uint8Array([1, 2, 3, 4])",
            "new Uint8Array([9, 1, 2, 3, 4, 9]).subarray(1, 5)",
            "new Uint8Array([1, 2, 3, 4]).buffer",
            "new DataView(new Uint8Array([9, 1, 2, 3, 4]).buffer, 1)",
            "new Uint8ClampedArray([1, 2, 3, 4])",
        ):
            there = js.eval(code)
            view = memoryview(there)
            assert view.tolist() == [1, 2, 3, 4] and not view.readonly and view.obj is there, code
            view[0] = 200
            struct.pack_into("<H", view, 2, 0x0201)
            first = js.function("(b) => new Uint8Array(b.buffer ?? b, b.byteOffset ?? 0, 4).join()")
            assert first(there) == "200,2,1,2", code
            _native.js_collect_garbage()
            view[1] = 5
            assert first(there) == "200,5,1,2", code

    twinloop.run(main())


def test_a_buffer_that_python_uses_cannot_go_away() -> None:
    async def main() -> None:
        there = js.eval("new Uint8Array([1, 2, 3])")
        views = [memoryview(there), memoryview(there.buffer), memoryview(there)[1:]]
        take = js.function("(a) => structuredClone(a.buffer, { transfer: [a.buffer] })")
        move = js.function("(a) => a.buffer.transfer()")
        for view in views:
            for use in (take, move):
                with pytest.raises(js.JsException, match="pinned|cloned"):
                    use(there)
            view.release()
        views.clear()
        gc.collect()
        assert list(memoryview(move(there))) == [1, 2, 3]
        assert memoryview(there) == b""

    twinloop.run(main())


def test_memory_that_is_not_the_buffers_to_keep_is_copied() -> None:
    async def main() -> None:
        for code in (
            "new Uint8Array(new ArrayBuffer(2, { maxByteLength: 9 }))",
            "new Uint8Array(new SharedArrayBuffer(2))",
            "new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer, 0, 2)",
        ):
            view = memoryview(js.eval(code))
            assert view == b"\0\0" and view.readonly, code
        assert memoryview(js.eval("new Uint8Array(0)")) == b""

    twinloop.run(main())


def test_a_view_outlives_the_loop() -> None:
    # Numbers that a program computed in JavaScript and returns: small ones, large ones, and memory that was never JavaScript's.
    async def main() -> list[memoryview]:
        large = js.eval("new Float64Array(100_000).fill(1.5)")
        body = await js.eval("new Response('x'.repeat(300_000)).arrayBuffer()")
        mine = js.to_js(bytearray(b"m" * 100_000))
        return [memoryview(there) for there in (js.eval("new Uint8Array([1, 2])"), large, body, mine)]

    small, large, body, mine = twinloop.run(main())
    junk = [bytes([n]) * 100_000 for n in range(50)]
    assert (
        small.tolist() == [1, 2]
        and large[99_999] == 1.5
        and bytes(body) == b"x" * 300_000
        and bytes(mine) == b"m" * 100_000
    )
    large[0] = 2.5
    assert large[0] == 2.5 and len(junk) == 50
    twinloop.run(main())


def test_a_view_may_be_dropped_on_another_thread() -> None:
    async def main() -> None:
        there = js.eval("new Uint8Array([1, 2, 3])")
        views = [memoryview(there)]
        thread = threading.Thread(target=views.clear)
        thread.start()
        thread.join()
        await asyncio.sleep(0.01)
        assert js.function("(a) => a.buffer.transfer().byteLength")(there) == 3

    twinloop.run(main())


class Tensor:
    """What a library has that speaks DLPack and is no buffer of Python's."""

    def __init__(self, array: Any) -> None:
        self._array = array

    def __dlpack__(self, **options: Any) -> Any:
        return self._array.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self._array.__dlpack_device__()


def test_tensors_share_memory_with_javascript() -> None:
    numpy = pytest.importorskip("numpy")

    async def main() -> None:
        there = js.eval("globalThis.tensor = new Float32Array([1, 2, 3])")
        here = numpy.from_dlpack(there)
        assert (here.dtype, here.tolist(), there.__dlpack_device__()) == (numpy.float32, [1, 2, 3], (1, 0))
        here[1] = 7
        assert there[1] == 7
        del here
        matrix = numpy.arange(6, dtype=numpy.int32).reshape(2, 3)
        rows = js.to_js(Tensor(matrix))
        assert js.eval("(rows) => [rows.length, rows[1].constructor.name, ...rows[1]]")(rows).to_py() == [
            2,
            "Int32Array",
            3,
            4,
            5,
        ]
        rows[1][0] = 9
        assert matrix[1, 0] == 9
        # What is no tensor's memory says so.
        with pytest.raises(BufferError, match="refused"):
            js.to_js(Refused())

    class Refused:
        def __dlpack__(self, **_: Any) -> Any:
            raise BufferError("refused")

        def __dlpack_device__(self) -> Any:
            return 1, 0

    twinloop.run(main())


def test_bytes_are_chunks_of_streams_and_bodies() -> None:
    # A node:stream, an answer of node:http and the body of a Response took nothing but JavaScript's own.
    async def main() -> None:
        async def chunks() -> AsyncGenerator[Any, None]:
            for chunk in (b"ab", bytearray(b"cd"), memoryview(b"ef")):
                yield chunk

        streams, events = js.require("node:stream"), js.require("node:events")
        read = streams.Readable.from_(chunks(), objectMode=False)
        assert b"".join([bytes(chunk) async for chunk in read]) == b"abcdef"
        through = streams.PassThrough.new()
        through.write(b"gh")
        through.end(bytearray(b"ij"))
        assert await js.require("node:stream/consumers").text(through) == "ghij"
        response = js.Response.new(js.ReadableStream.from_(chunks()))
        assert await response.text() == "abcdef"
        with pytest.raises(js.JsException, match="chunk that is not a Uint8Array"):
            await js.Response.new(js.ReadableStream.from_([[1]])).text()
        with pytest.raises(js.JsException, match=r'"chunk" argument must be of type string.*Received'):
            through.write({"a": 1})

        async def answer(request: Any, response: Any) -> None:
            response.write(b"<")
            async for chunk in request:
                response.write(bytes(chunk))
            response.end(b">")

        server = js.require("node:http").createServer(lambda *both: asyncio.ensure_future(answer(*both)) and None)
        server.listen(0, "127.0.0.1")
        await events.once(server, "listening")
        url = f"http://127.0.0.1:{server.address().port}/"
        posted = await js.fetch(url, method="POST", body=js.ReadableStream.from_(chunks()), duplex="half")
        assert await posted.text() == "<abcdef>"
        server.close()

    twinloop.run(main())


def test_a_node_function_names_what_it_got_of_pythons() -> None:
    # "Received an instance of Object" was said of all of it.
    async def main() -> None:
        with pytest.raises(js.JsException, match=r"Received a bytes of Python's: js\.to_js\(value\)"):
            js.require("node:crypto").createHash("sha256").update(b"abc")
        with pytest.raises(js.JsException, match="Received an instance of Fraction"):
            js.require("node:path").join(fractions.Fraction(1, 2))
        assert bytes(js.require("node:zlib").gunzipSync(js.require("node:zlib").gzipSync(b"abc"))) == b"abc"

    twinloop.run(main())


def test_an_array_of_a_typed_array_has_its_type() -> None:
    # pandas took the elements one by one, and their types as Python has them.
    numpy = pytest.importorskip("numpy")

    async def main() -> None:
        array = js.eval("new Float32Array([1, 2])")
        shared = array.__array__()
        assert (shared.dtype, shared.tolist()) == (numpy.float32, [1, 2])
        shared[0] = 5
        assert array[0] == 5
        assert array.__array__(copy=True).base is None and array.__array__("int64").dtype == numpy.int64
        with pytest.raises(ValueError, match="take a copy"):
            array.__array__("int64", copy=False)

    twinloop.run(main())


def test_numpy_works_on_the_memory_of_javascript() -> None:
    numpy = pytest.importorskip("numpy")

    async def main() -> None:
        there = js.eval("new Float32Array([1, 2, 3])")
        here = numpy.asarray(there)
        assert here.dtype == numpy.float32
        here *= 2
        assert there[2] == 6
        matrix = numpy.arange(6, dtype=numpy.int32).reshape(2, 3)
        js.to_js(matrix)[1][0] = 100
        assert matrix[1, 0] == 100
        assert list(js.to_js(matrix.T)[2]) == [2, 5]
        assert numpy.array(js.eval("[1, 2, 3]")).tolist() == [1, 2, 3]
        assert numpy.array(js.eval("[[1, 2], [3, 4]]")).tolist() == [[1, 2], [3, 4]]

    twinloop.run(main())


def test_bytes_are_a_module_of_webassembly() -> None:
    # (module (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add))
    code = bytes.fromhex("0061736d0100000001070160027f7f017f030201000707010361646400000a09010700200020016a0b")

    async def main() -> None:
        for given in (code, bytearray(code), memoryview(b"xx" + code)[2:]):
            made = await js.WebAssembly.instantiate(given, {})
            assert made.instance.exports.add(2, 3) == 5
            module = await js.WebAssembly.compile(given)
            assert isinstance(module, js.WebAssembly.Module)
            assert (await js.WebAssembly.instantiate(module)).exports.add(2, 3) == 5
            assert js.WebAssembly.validate(given) is True
            other = js.WebAssembly.Module.new(given)
            assert other.constructor == js.WebAssembly.Module and isinstance(other, js.WebAssembly.Module)
            assert js.WebAssembly.Instance.new(other).exports.add(2, 3) == 5
        assert js.WebAssembly.validate(b"text") is False
        with pytest.raises(js.JsException) as caught:
            await js.WebAssembly.instantiate(b"text")
        assert caught.value.name == "CompileError"
        for wrong in ("text", {}, None):
            with pytest.raises(js.JsException, match="ArrayBuffer or typed array object"):
                await js.WebAssembly.instantiate(wrong)
        # JavaScript's own are as ever, and a class may extend the module's.
        assert (
            js.eval("""
          class Mine extends WebAssembly.Module {}
          const own = new Mine(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
          [own instanceof Mine, own instanceof WebAssembly.Module, WebAssembly.Module.exports(own).length, WebAssembly.compile.length].join()
        """)
            == "true,true,0,1"
        )

    twinloop.run(main())


def test_collect_gives_back_the_memory_that_javascript_has_dropped_at_once() -> None:
    # It took a turn of the loop besides.
    async def main() -> None:
        for use in (lambda view: None, lambda view: view.__setitem__(0, 1), js.function("(view) => { view[0] = 1; }")):
            data = bytearray(b"abc")
            view = js.to_js(data)
            use(view)
            del view
            js.collect()
            data.append(1)

    twinloop.run(main())
