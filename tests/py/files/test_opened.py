"""``twinloop.open`` beside the built-in ``open``, which is its oracle: the same calls give the same, and leave the same file."""

from __future__ import annotations

import asyncio
import builtins
import gc
import io
import os
import random

import pytest
import twinloop

TEXTS = [
    "",
    "one line",
    "a\nb\n\nc",
    "a\r\nb\rc\n",
    "añ漢🎈\n" * 30_000,
    "x" * 200_000,
    "\n".join(map(str, range(40_000))),
]


async def same(path, mode, calls, **options):
    """Make the calls on both, on a copy of the file each; what they give and what is left must be the same."""
    other = path.with_name("twin")
    if path.exists():
        other.write_bytes(path.read_bytes())
    elif other.exists():
        other.unlink()
    with builtins.open(path, mode, **options) as known:
        async with twinloop.open(other, mode, **options) as own:
            for name, *arguments in calls:
                expected = outcome = None
                try:
                    expected = getattr(known, name)(*arguments)
                except (OSError, ValueError, TypeError) as error:
                    expected = type(error)
                try:
                    outcome = await getattr(own, name)(*arguments)
                except (OSError, ValueError, TypeError) as error:
                    outcome = type(error)
                assert outcome == expected, (mode, options, name, arguments)
    assert other.read_bytes() == path.read_bytes(), (mode, options, calls)


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: f"{len(text)}")
def test_reading_is_that_of_the_built_in(run, tmp_path, text):
    path = tmp_path / "file"
    path.write_bytes(text.encode())

    async def main():
        for newline in (None, "", "\n", "\r", "\r\n"):
            for calls in (
                [("read",), ("read",)],
                [
                    ("readline",),
                    ("readline", 3),
                    ("read", 5),
                    ("tell",),
                    ("readline",),
                    ("tell",),
                    ("read",),
                    ("tell",),
                ],
                [("readlines",), ("readline",)],
                [
                    ("readlines", 10),
                    ("read", 70_000),
                    ("readline",),
                    ("seek", 0),
                    ("readline",),
                    ("seek", 0, 2),
                    ("read",),
                ],
            ):
                await same(path, "r", calls, newline=newline, encoding="utf-8")
        for calls in (
            [("read",), ("read",)],
            [
                ("readline",),
                ("read", 70_000),
                ("tell",),
                ("readline", 4),
                ("seek", -3, 2),
                ("read",),
                ("seek", 1),
                ("readline",),
            ],
            [("readlines",), ("tell",)],
            [("seek", 5), ("seek", 3, 1), ("read", 10), ("seek", 100_000), ("read", 10), ("seek", -1)],
        ):
            await same(path, "rb", calls)
        async with twinloop.open(path, encoding="utf-8") as own:
            with builtins.open(path, encoding="utf-8") as known:
                assert [line async for line in own] == list(known)
        async with twinloop.open(path, "rb") as own:
            with builtins.open(path, "rb") as known:
                assert [line async for line in own] == list(known)

    run(main())


@pytest.mark.parametrize("seed", range(8))
def test_any_calls_in_any_order_are_those_of_the_built_in(run, tmp_path, seed):
    chance = random.Random(seed)

    def size():
        return chance.choice([0, 1, 2, 7, 100, 5000, 65_536, 100_000])

    def calls(is_text):
        for _ in range(40):
            name = chance.choice(["read", "readline", "write", "write", "seek", "tell", "truncate", "flush", "end"])
            if name == "write":
                text = chance.choice(["x", "ab\ncd", "é\n", "line\n" * 500]) * chance.choice([1, 1, 50])
                yield name, text if is_text else text.encode()
            elif name == "seek" and not is_text:
                yield name, size()
            elif name in ("seek", "end"):
                yield ("seek", 0, 2 if name == "end" else 0)
            elif name == "truncate":
                yield name, size()
            elif name in ("read", "readline"):
                yield name, size() + 1
            else:
                yield (name,)

    async def main():
        for mode in ("r+b", "w+b", "a+b", "rb", "wb", "ab", "r+", "w+", "a+", "w", "a"):
            path = tmp_path / "file"
            path.write_bytes(b"line\r\nother line\n" * chance.choice([0, 1, 20_000]))
            is_text = "b" not in mode
            made = list(calls(is_text))
            if "a" in mode:
                # Until it flushes, the built-in takes its position for that of what is written, which is the end.
                made = [call for call in made if call[0] in ("write", "flush", "truncate")]
            if is_text:
                # Where the built-in stands after it has mixed reads and writes of text, it does not promise.
                wanted = ("read", "readline", "tell") if chance.random() < 0.5 and "+" in mode else ("write", "flush")
                made = [call for call in made if call[0] in wanted]
            await same(path, mode, made, **({"encoding": "utf-8", "newline": "\n"} if is_text else {}))

    run(main())


def test_encodings_and_errors_are_those_of_the_built_in(run, tmp_path):
    path = tmp_path / "file"

    async def main():
        for encoding in ("utf-8", "utf-16", "utf-8-sig", "latin-1", "cp1252"):
            text = "Grüße\nzwei\n" * 10_000
            path.unlink(missing_ok=True)
            await same(path, "w", [("write", text), ("write", "more")], encoding=encoding)
            await same(path, "r", [("readline",), ("tell",), ("read", 5), ("read",)], encoding=encoding)
            await same(path, "a", [("write", "end"), ("write", "\n")], encoding=encoding)
        path.write_bytes(b"bad \xff byte")
        for errors in ("strict", "replace", "ignore", "surrogateescape"):
            await same(path, "r", [("read",)], encoding="utf-8", errors=errors)
        await same(path, "w", [("write", "a\nb")], encoding="utf-8", newline="\r\n")
        assert path.read_bytes() == b"a\r\nb"

    run(main())


def test_what_cannot_be_opened_is_the_error_of_the_built_in(run, tmp_path):
    (tmp_path / "there").write_text("")

    async def main():
        for name, mode in [
            ("none", "r"),
            ("none/deep", "w"),
            ("there", "x"),
            ("", "rb"),
            ("there", "rw"),
            ("there", "rbt"),
            ("there", ""),
        ]:
            path = tmp_path / name
            with pytest.raises((OSError, ValueError)) as known:
                builtins.open(path, mode)
            with pytest.raises(type(known.value)) as own:
                await twinloop.open(path, mode)
            if isinstance(known.value, OSError):
                assert (own.value.errno, own.value.strerror) == (known.value.errno, known.value.strerror)
                assert own.value.filename == str(path)
        for wrong in ({"mode": "rb", "encoding": "utf-8"}, {"buffering": 0}, {"newline": "x"}):
            with pytest.raises(ValueError):
                twinloop.open("file", **wrong)
        with pytest.raises(TypeError):
            twinloop.open(3)
        with pytest.raises(LookupError):
            twinloop.open("file", encoding="no such")

    run(main())


def test_what_is_not_of_a_files_kind_is_refused_in_the_words_of_the_built_in(run, tmp_path):
    path = tmp_path / "file"

    async def main():
        for mode, wrong in (("w", b"bytes"), ("w", 3), ("wb", "text"), ("wb", 3)):
            with builtins.open(path, mode) as known, pytest.raises(TypeError) as expected:
                known.write(wrong)
            async with twinloop.open(path, mode) as own:
                with pytest.raises(TypeError) as raised:
                    await own.write(wrong)
            assert str(raised.value) == str(expected.value)

    run(main())


def test_a_closed_file_and_wrong_directions_are_errors(run, tmp_path):
    path = tmp_path / "file"

    async def main():
        file = await twinloop.open(path, "w")
        assert (file.name, file.mode, file.closed, file.readable(), await file.writable()) == (
            path,
            "w",
            False,
            False,
            True,
        )
        assert await file.write("text") == 4 and not await file.isatty() and await file.seekable()
        with pytest.raises(io.UnsupportedOperation):
            await file.read()
        with pytest.raises(TypeError):
            await file.write(b"bytes")
        assert path.read_text() == ""
        await file.flush()
        assert path.read_text() == "text"
        await file.sync()
        await file.close()
        await file.close()
        assert file.closed and "closed" in repr(file)
        for call in (lambda: file.write("x"), lambda: file.tell(), lambda: file.flush(), lambda: file.read()):
            with pytest.raises(ValueError):
                await call()
        async with twinloop.open(path) as file:
            with pytest.raises(io.UnsupportedOperation):
                await file.write("x")

    run(main())


def test_a_file_that_changes_is_read_anew_from_its_beginning(run, tmp_path):
    path = tmp_path / "file"
    path.write_text("before")

    async def main():
        async with twinloop.open(path) as file:
            assert await file.read() == "before"
            path.write_text("after all")
            assert await file.read() == "all"
            await file.seek(0)
            assert await file.read() == "after all"
            with builtins.open(path, "a") as other:
                other.write(", more")
            assert await file.read() == ", more"

    run(main())


def test_lines_of_many_tasks_stay_whole(run, tmp_path):
    path = tmp_path / "log"

    async def main():
        async with twinloop.open(path, "w") as file:

            async def log(name):
                for number in range(300):
                    await file.write(f"{name} {number} {'x' * 500}\n")
                    if number % 50 == 0:
                        await asyncio.sleep(0)

            await asyncio.gather(*(log(name) for name in "abcd"))
        lines = path.read_text().splitlines()
        assert len(lines) == 1200 and {len(line) for line in lines} <= {503 + n for n in range(1, 4)}
        for name in "abcd":
            assert [int(line.split()[1]) for line in lines if line[0] == name] == list(range(300))

    run(main())


def test_pipes_and_files_of_the_system_are_read_as_they_come(run, tmp_path):
    async def main():
        async with twinloop.open("/proc/self/status") as file:
            assert (await file.read()).startswith("Name:")
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)

        async def write():
            async with twinloop.open(pipe, "w") as file:
                assert not await file.seekable()
                await file.write("through\nthe pipe\n")

        async def read():
            async with twinloop.open(pipe) as file:
                with pytest.raises(io.UnsupportedOperation):
                    await file.seek(0)
                return [line async for line in file]

        _, lines = await asyncio.gather(write(), read())
        assert lines == ["through\n", "the pipe\n"]
        async with twinloop.open("/dev/null", "wb") as file:
            await file.write(b"gone")

    run(main())


def test_a_forgotten_file_warns_and_loses_nothing(run, tmp_path, count_descriptors):
    path = tmp_path / "file"

    async def main():
        file = await twinloop.open(path, "w")
        await file.write("kept")
        before = count_descriptors()
        with pytest.warns(ResourceWarning, match="unclosed file"):
            del file
            gc.collect()
        assert path.read_text() == "kept" and count_descriptors() == before - 1

    run(main())


def test_a_full_disk_is_an_error_at_the_write(run):
    async def main():
        with pytest.raises(OSError) as full:
            async with twinloop.open("/dev/full", "wb") as file:
                await file.write(b"x" * 100_000)
        assert full.value.errno == 28
        file = await twinloop.open("/dev/full", "w")
        await file.write("x")
        with pytest.raises(OSError):
            await file.close()
        assert file.closed

    run(main())
