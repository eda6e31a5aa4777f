"""Whole programs of both languages, started as a user starts them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def run(file: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "twinloop", str(file), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ,
        check=False,
    )


def program(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text)
    return file


def test_javascript_imports_python_modules(tmp_path: Path) -> None:
    program(tmp_path, "mine.py", "async def double(n):\n    return n * 2\n\nWORD = 'python'\n_hidden = 1\n")
    main = program(
        tmp_path,
        "app.mjs",
        "import asyncio, { sleep } from 'python:asyncio';\n"
        "import mine, { double, WORD } from 'python:mine';\n"
        "await asyncio.sleep(0.01);\n"
        "await sleep(0.01);\n"
        "console.log(await double(21), WORD, mine.WORD, '_hidden' in mine, process.argv.slice(2));\n"
        "const { path } = await import('python:os');\n"
        "console.log(path.basename('/a/b'));\n",
    )
    result = run(main, "x", "--y")
    assert (result.stdout, result.returncode) == ("42 python python true [ 'x', '--y' ]\nb\n", 0), result.stderr


def test_the_output_of_both_languages_keeps_its_order(tmp_path: Path) -> None:
    program(tmp_path, "lib.mjs", "export const say = (text) => console.log('javascript', text);\n")
    main = program(
        tmp_path,
        "app.py",
        "import asyncio\nfrom twinloop import js\n\n"
        "async def main():\n"
        "    lib = await js.import_module('./lib.mjs')\n"
        "    for n in range(3):\n        print('python', n)\n        lib.say(n)\n\n"
        "asyncio.run(main())\n",
    )
    result = run(main)
    expected = "".join(f"python {n}\njavascript {n}\n" for n in range(3))
    assert (result.stdout, result.returncode) == (expected, 0), result.stderr


def test_a_python_exception_that_no_javascript_handles_ends_the_program(tmp_path: Path) -> None:
    program(tmp_path, "mine.py", "def broken():\n    raise ValueError('deep inside')\n")
    main = program(tmp_path, "app.mjs", "import { broken } from 'python:mine';\nbroken();\n")
    result = run(main)
    assert result.returncode == 1
    for part in ("ValueError: deep inside", "mine.py:2", "app.mjs:2"):
        assert part in result.stderr, result.stderr


def test_a_missing_python_module_is_an_error_of_its_name(tmp_path: Path) -> None:
    main = program(
        tmp_path,
        "app.mjs",
        "try { await import('python:no_such_module'); } catch (error) { console.log(error.name, error.message); }\n",
    )
    result = run(program(tmp_path, "needs.mjs", "import 'python:sys'; import './app.mjs';\n"))
    assert result.stdout == "ModuleNotFoundError No module named 'no_such_module'\n", result.stderr
    assert main.exists()


def test_process_exit_and_sys_exit_end_the_program_with_their_status(tmp_path: Path) -> None:
    javascript = "import sys from 'python:sys';\nsetTimeout(() => console.log('never'), 5000);\n"
    assert run(program(tmp_path, "a.mjs", javascript + "process.exit(7);\n")).returncode == 7
    assert run(program(tmp_path, "b.mjs", javascript + "sys.exit(8);\n")).returncode == 8
    assert run(program(tmp_path, "c.mjs", javascript + "setTimeout(() => process.exit(9), 10);\n")).returncode == 9
    late = "import sys from 'python:sys';\nsetTimeout(() => sys.exit(10), 10); setTimeout(() => {}, 5000);\n"
    assert run(program(tmp_path, "d.mjs", late)).returncode == 10


def test_a_program_that_holds_many_objects_of_python_ends_without_a_word(tmp_path: Path) -> None:
    # The look for cycles that a thousand objects bring met the end of JavaScript, and printed its SystemExit.
    held = "import builtins from 'python:builtins';\nglobalThis.held = Array.from({ length: 1500 }, () => builtins.object());\n"
    for end, status in (("process.exit(7);", 7), ("null.x;", 1)):
        result = run(program(tmp_path, "many.mjs", held + end))
        assert result.returncode == status and "SystemExit" not in result.stderr, result.stderr


def test_a_program_ends_when_neither_language_waits(tmp_path: Path) -> None:
    main = program(
        tmp_path,
        "app.mjs",
        "import asyncio from 'python:asyncio';\n"
        "(async () => { await asyncio.sleep(0.05); console.log('python done'); })();\n"
        "setTimeout(() => console.log('javascript done'), 10);\n"
        "setTimeout(() => console.log('never'), 5000).unref();\n",
    )
    result = run(main)
    assert (result.stdout, result.returncode) == ("javascript done\npython done\n", 0), result.stderr


def test_an_import_of_python_that_fails_names_module_and_importing_line(tmp_path: Path) -> None:
    # Neither had a place, and the stack was one of importlib's own functions.
    program(tmp_path, "broken.py", "def fail():\n    raise ValueError('broken')\n\nfail()\n")
    for code, expected in [
        ("import { nosuch } from 'python:os';", ["SyntaxError", "'python:os'", "'nosuch'", "app.mjs:2:"]),
        (
            "import it from 'python:nosuchmodule';",
            ["ModuleNotFoundError: No module named 'nosuchmodule'", "app.mjs:2:"],
        ),
        ("await import('python:no.such');", ["ModuleNotFoundError: No module named 'no'", "app.mjs:2:"]),
        ("import it from 'python:broken';", ["ValueError: broken", "at fail (", "broken.py:2", "app.mjs:2:"]),
    ]:
        result = run(program(tmp_path, "app.mjs", f"import 'python:sys';\n{code}\n"))
        assert result.returncode == 1 and result.stdout == ""
        for part in expected:
            assert part in result.stderr, result.stderr
        assert "importlib" not in result.stderr, result.stderr
