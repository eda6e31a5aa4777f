"""``walk``, ``copy``, ``watch`` and temporary files."""

from __future__ import annotations

import asyncio
import os
import shutil

import pytest
import twinloop


@pytest.fixture
def tree(tmp_path):
    top = tmp_path / "top"
    for path in ("a/b/c", "a/d", "e", ".hidden"):
        (top / path).mkdir(parents=True)
    for path in ("f", "a/g", "a/b/c/h", "e/ü 漢"):
        (top / path).write_text(path)
    (top / "link").symlink_to("a")
    (top / "broken").symlink_to("nowhere")
    return top


def test_walk_gives_what_os_walk_gives(run, tree):
    async def main():
        for options in ({}, {"topdown": False}, {"followlinks": True}):
            expected = {path: (sorted(folders), sorted(files)) for path, folders, files in os.walk(tree, **options)}
            found, order = {}, []
            async for path, folders, files in twinloop.walk(tree, **options):
                found[path] = (sorted(folders), sorted(files))
                order.append(path)
            assert found == expected
            below = order.index(str(tree / "a" / "b"))
            assert (order.index(str(tree / "a")) < below) == options.get("topdown", True)
        seen = []
        async for path, folders, _files in twinloop.walk(str(tree)):
            folders[:] = [name for name in folders if name != "a"]
            seen.append(path)
        assert sorted(seen) == sorted(map(str, (tree, tree / "e", tree / ".hidden")))
        errors = []
        assert [each async for each in twinloop.walk(tree / "none", onerror=errors.append)] == []
        assert isinstance(errors[0], FileNotFoundError) and errors[0].filename == str(tree / "none")

    run(main())


def test_copy_is_that_of_shutil(run, tree):
    async def main():
        source = tree / "f"
        source.chmod(0o640)
        assert await twinloop.copy(source, tree / "copied") == str(tree / "copied")
        assert (tree / "copied").read_text() == "f" and (tree / "copied").stat().st_mode & 0o777 == 0o640
        assert await twinloop.copy(str(source), tree / "e") == str(tree / "e" / "f")
        with pytest.raises(OSError, match="same file"):
            await twinloop.copy(source, source)
        assert source.read_text() == "f"
        with pytest.raises(FileNotFoundError) as missing:
            await twinloop.copy(tree / "none", tree / "x")
        assert (missing.value.filename, missing.value.filename2) == (str(tree / "none"), str(tree / "x"))

    run(main())


def test_watch_tells_what_happens_below_a_folder(run, tree):
    async def main():
        async with twinloop.watch(tree) as changes:

            async def until(kind, path):
                async with asyncio.timeout(10):
                    async for change in changes:
                        if (change.kind, change.path) == (kind, str(path)):
                            return

            (tree / "new").write_text("x")
            await until("added", tree / "new")
            (tree / "a" / "g").write_text("other")
            await until("changed", tree / "a" / "g")
            (tree / "new").unlink()
            await until("removed", tree / "new")
            (tree / "later").mkdir()
            await until("added", tree / "later")
            (tree / "later" / "deep").write_text("x")
            await until("added", tree / "later" / "deep")
        # What was told before is there still, and then it ends.
        assert all([change.path.endswith("deep") async for change in changes])
        with pytest.raises(FileNotFoundError):
            twinloop.watch(tree / "none")

    run(main())


def test_watch_of_a_file(run, tree):
    async def main():
        async with twinloop.watch(tree / "f") as changes:
            (tree / "f").write_text("other")
            async with asyncio.timeout(10):
                change = await anext(changes)
            assert change == twinloop.FileChange("changed", str(tree / "f"))

    run(main())


def test_temporary_files_and_folders_go_by_themselves(run, tmp_path):
    async def main():
        async with twinloop.NamedTemporaryFile("w+", prefix="mine-", suffix=".txt", dir=tmp_path) as file:
            path = str(file.name)
            assert os.path.basename(path).startswith("mine-") and path.endswith(".txt")
            assert os.stat(path).st_mode & 0o777 == 0o600
            await file.write("text")
            await file.seek(0)
            assert await file.read() == "text"
        assert not os.path.exists(path)
        async with twinloop.NamedTemporaryFile(dir=tmp_path, delete=False) as file:
            await file.write(b"kept")
        assert os.path.exists(file.name)
        os.unlink(file.name)
        async with twinloop.TemporaryFile(dir=tmp_path) as file:
            await file.write(b"x" * 200_000)
            await file.seek(0)
            assert len(await file.read()) == 200_000 and os.listdir(tmp_path) == []
        async with twinloop.TemporaryDirectory(prefix="d", suffix=".d", dir=tmp_path) as folder:
            async with twinloop.open(os.path.join(folder, "inside"), "w") as file:
                await file.write("x")
            assert folder.endswith(".d") and os.listdir(folder) == ["inside"]
        assert not os.path.exists(folder)
        whole = await twinloop.TemporaryDirectory(dir=tmp_path)
        shutil.rmtree(whole.name)
        await whole.cleanup()
        with pytest.raises(ValueError):
            await twinloop.TemporaryFile("r")

    run(main())
