"""npm packages by Python's import statement, Python by the global ``python`` of JavaScript, and ``twinloop add``."""

from __future__ import annotations

import asyncio
import os
import pathlib
import subprocess
import sys

import pytest
import twinloop
from twinloop import js

PACKAGES = {
    "left-pad/package.json": '{ "name": "left-pad" }',
    "left-pad/index.js": "module.exports = (text, width) => String(text).padStart(width);",
    "lodash-es/package.json": '{ "name": "lodash-es", "type": "module", "exports": { ".": "./all.js", "./*": "./*.js" } }',
    "lodash-es/all.js": "export const chunk = (list) => [list]; export default 'lodash'; export const from = 'here';",
    "lodash-es/up-first.js": "export default (text) => text.toUpperCase();",
    "import.only/package.json": '{ "name": "import.only", "exports": { ".": { "import": "./index.mjs" }, "./a": { "import": "./a.mjs" } } }',
    "import.only/index.mjs": "export const kind = 'module';",
    "import.only/a.mjs": "export const below = true;",
    "react-dom/package.json": '{ "name": "react-dom" }',
    "react-dom/index.js": "exports.version = '19';",
    "react-dom/server.js": "exports.render = () => '<p>';",
    "@tools/query-core/package.json": '{ "name": "@tools/query-core" }',
    "@tools/query-core/index.js": "exports.query = 1;",
    "slow/package.json": '{ "name": "slow", "type": "module", "exports": "./index.js" }',
    "slow/index.js": "await new Promise((resolve) => setTimeout(resolve, 5)); export const ready = true;",
    "bad/package.json": '{ "name": "bad" }',
    "bad/index.js": "throw new RangeError('on purpose');",
}


@pytest.fixture
def project(tmp_path: pathlib.Path) -> pathlib.Path:
    """A folder with packages of each kind."""
    for name, text in PACKAGES.items():
        file = tmp_path / "node_modules" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path


def program(folder: pathlib.Path, text: str) -> str:
    """What a Python program in this folder prints."""
    (folder / "program.py").write_text(text)
    words = [sys.executable, "-W", "error", str(folder / "program.py")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, cwd="/")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def test_the_import_statement_finds_packages_of_the_files_project(project: pathlib.Path) -> None:
    text = """
import twinloop, twinloop.js
from twinloop.js.modules import import_only, left_pad, lodash_es
from twinloop.js.modules.lodash_es import chunk, from_, up_first
from twinloop.js.modules.react_dom import server, version
from twinloop.js.modules.import_only.a import below
from twinloop.js.modules.tools import query_core
from twinloop.js.modules.node import path
from twinloop.js.modules.node.fs.promises import readFile
import twinloop.js.modules.tools.query_core as core
import twinloop.js.modules.react_dom.server

def use():
    print(repr(left_pad(7, 3)), chunk([1]).to_py(), from_, up_first.default("a"), lodash_es.default)
    print(import_only.kind, below, server.render(), version, query_core.query, core.query, path.join("a", "b"))
    print(twinloop.js.modules.react_dom.server is server, query_core is core, twinloop.js.require("left-pad") is left_pad)

use()

async def main():
    use()
    print("program.py" in await readFile(__file__, "utf8"))

twinloop.run(main())

async def again():
    # What was imported as a module belongs to each loop in turn.
    from twinloop.js.modules.react_dom import server as anew
    import twinloop.js.modules.tools.query_core as core
    print(anew.render(), core.query, sorted(n for n in dir(__import__("sys").modules["twinloop.js.modules.react_dom.server"])))

twinloop.run(again())
"""
    used = "'  7' [[1]] here A lodash\nmodule True <p> 19 1 1 a/b\nTrue True True\n"
    assert program(project, text) == f"{used}{used}True\n<p> 1 ['render']\n"


def test_what_awaits_at_its_top_level_is_waited_for_before_a_loop_runs(project: pathlib.Path) -> None:
    text = """
import twinloop
from twinloop.js.modules import slow
print(slow.ready)

async def main():
    try:
        import twinloop.js.modules.slow
    except ImportError as error:
        print(error)

twinloop.run(main())

async def anew():
    try:
        from twinloop.js.modules import slow
    except ImportError as error:
        print(error)

twinloop.run(anew())
"""
    refused = "'slow' awaits at its top level, and a loop is running: write await js.import_module('slow')\n"
    # Loaded already on the first loop, and not on the second.
    assert program(project, text) == f"True\n{refused}"


def test_what_is_not_there_is_named(project: pathlib.Path) -> None:
    text = """
import twinloop.js.modules
for line in (
    "from twinloop.js.modules import no_such_thing",
    "import twinloop.js.modules.no_such_thing",
    "import twinloop.js.modules.left_pad.nothing",
    "from twinloop.js.modules.left_pad import nothing",
    "from twinloop.js.modules.node import nothing",
    "from twinloop.js.modules import bad",
    "import twinloop.js.modules.tools.nothing",
):
    try:
        exec(line)
    except Exception as error:
        print(type(error).__name__, str(error).split(" above ")[0].split(" (")[0])
print(hasattr(twinloop.js.modules, "__wrapped__"))
"""
    assert program(project, text).splitlines() == [
        "ImportError cannot import name 'no_such_thing' from 'twinloop.js.modules'",
        "ModuleNotFoundError no npm package is called 'no_such_thing' in a node_modules folder",
        "ModuleNotFoundError twinloop.js.modules.left_pad has no module that is called 'nothing'",
        "ImportError cannot import name 'nothing' from 'twinloop.js.modules.left_pad'",
        "ModuleNotFoundError No such built-in module: node:nothing",
        "JsException RangeError: on purpose",
        "ModuleNotFoundError twinloop.js.modules.tools has no module that is called 'nothing'",
        "False",
    ]


def test_python_is_a_global_of_javascript() -> None:
    async def main() -> None:
        main_module = sys.modules["__main__"]
        assert js.eval("python.eval('1 + 1')") == 2
        assert js.eval("python.builtins.sum([1, 2, 3])") == 6
        assert js.eval("python.import('xml.etree.ElementTree').fromstring('<a b=\"c\"/>').attrib.b") == "c"
        js.eval("python.exec('def twice(n): return 2 * n\\nfrom_javascript = 5')")
        assert js.eval("python.globals.twice(python.globals.from_javascript)") == 10
        js.eval("python.globals.from_javascript = 'set'")
        assert main_module.from_javascript == "set"
        del main_module.from_javascript, main_module.twice
        assert js.eval("python.version") == sys.version.split()[0]
        with pytest.raises(ZeroDivisionError):
            js.eval("python.eval('1 / 0')")
        assert js.eval("try { python.eval('(') } catch (error) { error.name }") == "SyntaxError"
        with pytest.raises(ModuleNotFoundError):
            js.eval("python.import('no_such_module')")
        assert js.eval("python === python && !Object.keys(globalThis).includes('python')")
        js.eval("globalThis.python = 'mine'")
        assert js.eval("python") == "mine"

    twinloop.run(main())


def test_submodules_are_imported_statically_and_dynamically(tmp_path: pathlib.Path) -> None:
    (tmp_path / "app.mjs").write_text("""
        import { join } from 'python:os.path';
        import etree, { fromstring } from 'python:xml.etree.ElementTree';
        const name = 'email.message';
        const { Message } = await import(`python:${name}`);
        console.log(join('a', 'b'), etree.tostring(fromstring('<a/>')).decode(), new Message().get_content_type());
        await import('python:no.such').catch((error) => console.log(error.name, error.message));
    """)
    words = [sys.executable, "-m", "twinloop", str(tmp_path / "app.mjs")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["a/b <a /> text/plain", "ModuleNotFoundError No module named 'no'"]


@pytest.fixture
def programs(tmp_path: pathlib.Path) -> pathlib.Path:
    """A folder with programs that say how they were started."""
    for name, status in (("npm", 0), ("python", 3)):
        file = tmp_path / name
        file.write_text(f'#!/bin/sh\necho "{name}: $*"\nexit {status}\n')
        file.chmod(0o755)
    return tmp_path


def add(folder: pathlib.Path, *words: str) -> tuple[int, str, str]:
    script = "import sys; from _twinloop.program import packages; sys.executable = sys.argv[1]; sys.exit(packages.add(sys.argv[2:]))"
    environment = {**os.environ, "PATH": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder / "python"), *words],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_name_that_cannot_be_read_is_left_out_of_a_modules_exports(tmp_path: pathlib.Path) -> None:
    # sklearn.model_selection lists classes that are an ImportError until they are switched on: nothing of it could be imported.
    (tmp_path / "partly.py").write_text(
        "__all__ = ['there', 'experimental', 'missing']\nthere = 5\n"
        "def __getattr__(name):\n    raise (ImportError if name == 'experimental' else AttributeError)(name)\n"
    )
    program = tmp_path / "program.mjs"
    program.write_text(
        "import partly, { there } from 'python:partly';\n"
        "console.log(there, Object.keys(await import('python:partly')).join());\n"
        "try { partly.experimental; } catch (error) { console.log(error.name); }\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    ran = subprocess.run(
        [sys.executable, "-m", "twinloop", str(program)], capture_output=True, text=True, timeout=60, env=environment
    )
    assert (ran.stdout, ran.stderr) == ("5 default,there\nImportError\n", "")


def test_packages_are_added_by_npm_and_pip(programs: pathlib.Path) -> None:
    status, out, _ = add(programs, "npm:left-pad@1.3.0", "pypi:numpy>=2", "npm:@types/node")
    # The status is that of what failed.
    assert (status, out) == (3, "npm: install left-pad@1.3.0 @types/node\npython: -m pip install numpy>=2\n")
    assert add(programs, "npm:left-pad")[:2] == (0, "npm: install left-pad\n")
    for word in ("left-pad", "npm:", "npm:--global", "cargo:serde"):
        status, out, said = add(programs, word)
        assert (status, out) == (2, "") and repr(word) in said
    (programs / "npm").unlink()
    status, out, said = add(programs, "npm:left-pad", "pypi:numpy")
    assert (status, out) == (2, "") and "npm is not there" in said


def test_the_command_knows_add() -> None:
    done = subprocess.run([sys.executable, "-m", "twinloop", "add"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and done.stderr.startswith("usage: twinloop add npm:NAME")


def test_a_name_is_looked_up_where_the_file_is_that_imports(project: pathlib.Path) -> None:
    inner = project / "inner"
    (inner / "node_modules" / "left-pad").mkdir(parents=True)
    (inner / "node_modules" / "left-pad" / "index.js").write_text("module.exports = 'inner';")
    (inner / "module.py").write_text("from twinloop.js.modules import left_pad")
    text = """
import sys; sys.path.insert(0, sys.path[0] + "/inner")
from twinloop.js.modules import left_pad
import module
print(left_pad("x", 2), module.left_pad)
"""
    assert program(project, text) == " x inner\n"


def test_another_loop_than_twinloops_is_told_so() -> None:
    async def main() -> None:
        with pytest.raises(RuntimeError, match="needs Twinloop's event loop"):
            import twinloop.js.modules.node.path  # noqa: F401

    with asyncio.Runner() as runner:
        runner.run(main())
