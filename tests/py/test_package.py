"""What ``import twinloop`` shows: its names, what ``dir`` and ``help`` say of them, and ``run``."""

from __future__ import annotations

import ast
import asyncio
import os
import pathlib
import pkgutil
import pydoc
import subprocess
import sys

import _twinloop
import pytest
import twinloop


def test_all_is_sorted_complete_and_what_a_star_import_gives():
    assert twinloop.__all__ == sorted(twinloop.__all__)
    # Modules of the package are there once somebody has imported them, and IPython asks for functions of these names.
    others = {"aiohttp", "annotations", "httpx", "js", "load_ipython_extension", "unload_ipython_extension"}
    public = {name for name in dir(twinloop) if not name.startswith("_")} - others
    assert public == set(twinloop.__all__) - {"__version__"}
    names = {}
    exec("from twinloop import *", names)
    assert set(twinloop.__all__) <= names.keys()


def test_dir_has_js_before_it_is_loaded_and_importing_does_not_load_it():
    # Found only by who knew of it: `js` is loaded when it is named.
    script = "import sys, twinloop; print('twinloop.js' in sys.modules, 'js' in dir(twinloop), hasattr(twinloop, 'js'))"
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert shown.split() == ["False", "True", "True"]


def test_help_shows_public_modules_and_names_only():
    assert {module.name for module in pkgutil.iter_modules(twinloop.__path__)} == {"__main__", "aiohttp", "httpx", "js"}
    text = pydoc.plain(pydoc.render_doc(twinloop))
    contents = text.partition("PACKAGE CONTENTS\n")[2].partition("\n\n")[0].split()
    assert contents == ["__main__", "aiohttp", "httpx", "js", "(package)"]
    assert "class EventLoop(" in text and "run(main, *, debug=None, loop_factory=None)" in text


@pytest.mark.parametrize("name", [name for name in twinloop.__all__ if name != "__version__"])
def test_a_public_name_says_where_it_is_imported_from(name):
    assert getattr(twinloop, name).__module__ == "twinloop"


def test_run_takes_a_loop_factory():
    async def sleep_for_a_day():
        loop = asyncio.get_running_loop()
        started = loop.time()
        await asyncio.sleep(86_400)
        return type(loop), loop.time() - started

    class Mine(twinloop.EventLoop):
        pass

    kind, slept = twinloop.run(sleep_for_a_day(), loop_factory=lambda: Mine(test_clock=True))
    assert kind is Mine and slept >= 86_400


ROOMS = [
    "_native",
    "crossing",
    "names",
    "transports",
    "loop",
    "fetch",
    "broadcast",
    "files",
    "pool",
    "serve",
    "program",
]
SOURCES = pathlib.Path(_twinloop.__file__).parent


def imports_of(file):
    """The modules of ``_twinloop`` that a file imports anywhere, as words: ``("transports", "flow")``."""
    here = file.relative_to(SOURCES).with_suffix("").parts
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found = [tuple(alias.name.split(".")) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = ("_twinloop", *here[: len(here) - node.level]) if node.level else ()
            base = (*start, *(node.module or "").split(".")) if node.module else start
            found = [(*base, alias.name) for alias in node.names]
        else:
            continue
        for _, *words in (words for words in found if words[0] == "_twinloop"):
            # The module, and not a name in it.
            is_module = len(words) < 2 or (SOURCES / words[0] / f"{words[1]}.py").exists()
            yield tuple(words[:2] if is_module else words[:1])


def test_rooms_import_only_what_stands_above_them_and_no_files_each_other():
    graph = {}
    for file in sorted(SOURCES.rglob("*.py")):
        here = file.relative_to(SOURCES).with_suffix("").parts
        graph[here] = set(imports_of(file))
        for room, *_ in graph[here]:
            assert ROOMS.index(room) <= ROOMS.index(here[0]), f"{here} imports {room}"
    assert ("transports", "flow") in graph[("transports", "sockets")] and len(graph) > 15

    def follow(file, path):
        assert file not in path, f"a circle: {path} {file}"
        for other in graph.get(file, ()):
            follow(other, [*path, file])

    for file in graph:
        follow(file, [])


def test_of_the_rooms_only_program_knows_the_package_that_users_import():
    for file in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            if any(name.partition(".")[0] == "twinloop" for name in names):
                assert file.parent.name == "program", f"{file} imports {names}"


def test_the_stub_says_what_there_is():
    pytest.importorskip("mypy")
    words = [sys.executable, "-m", "mypy.stubtest", "twinloop", "--concise", "--mypy-config-file", os.devnull]
    environment = {**os.environ, "MYPYPATH": str(SOURCES.parent)}
    checked = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120, check=False)
    # `twinloop.js` is typed in its own source.
    faults = [
        line
        for line in checked.stdout.splitlines()
        if not line.startswith(("twinloop.js.", "twinloop.aiohttp.", "twinloop.httpx.", "twinloop.__main__"))
    ]
    assert faults == [], checked.stderr
