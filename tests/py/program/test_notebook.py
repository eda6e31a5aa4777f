"""Notebooks: cells of JavaScript that share variables with Python, executed by nbclient in a kernel of each kind."""

from __future__ import annotations

import json
import pathlib
import sys

import pytest

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("ipykernel")

CELLS = [
    "%load_ext twinloop",
    "numbers = [1, 2, 3]; text = 'é'",
    "%%js\nconst doubled = numbers.map((n) => 2 * n);\nlet later = await new Promise((resolve) => setTimeout(resolve, 5, 'waited'));\n"
    "function half(n) { return n / 2; }\nconsole.log(text, later);\ndoubled.at(-1)",
    "print(doubled.to_py(), later, half(8)); numbers.append(4)",
    # Run again, as people do.
    "%%js\nconst doubled = numbers.map((n) => 2 * n);\ntext = 'from JavaScript';\n({ count: doubled.length, last: doubled[3] })",
    "print(text, len(doubled))",
    "%%js\nimport { join } from 'node:path';\njoin('a', 'b')",
    "from twinloop import js\nprint(js.eval('1 + 1'), js.require('node:path').sep, join('x', 'y'))",
    "%%js\nif (numbers.length > 2) {\n  throw new RangeError('on purpose');\n}",
    "%%js\nlet broken = (",
    "%%js\nhalf(3)",
]


def outputs(
    folder: pathlib.Path, words: list[str], cells: list[str], monkeypatch: pytest.MonkeyPatch
) -> list[list[str]]:
    """What the cells print, give and raise, in a kernel that is started with these words."""
    spec = folder / "kernels" / "mine"
    spec.mkdir(parents=True)
    argv = [sys.executable, *words, "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "mine", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(folder))
    monkeypatch.setenv("IPYTHONDIR", str(folder / "ipython"))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="mine", allow_errors=True).execute()
    found = []
    for cell in notebook.cells:
        said = []
        for output in cell.outputs:
            if output.output_type == "stream":
                said.append(output.text)
            elif output.output_type == "execute_result":
                said.append(f"-> {output.data['text/plain']}")
            else:
                said.append(f"{output.ename}: {output.evalue}")
        found.append(said)
    return found


WANTED = [
    [],
    [],
    ["é waited\n", "-> 6"],
    ["[2, 4, 6] waited 4\n"],
    ["-> <JsProxy { count: 4, last: 8 }>"],
    ["from JavaScript 4\n"],
    ["-> 'a/b'"],
    ["2 / x/y\n"],
    ["JsException: RangeError: on purpose"],
]


@pytest.mark.parametrize("words", [["-m", "ipykernel_launcher"], ["-m", "twinloop", "-m", "ipykernel_launcher"]])
def test_cells_of_javascript_share_variables_with_python(
    words: list[str], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = outputs(tmp_path, words, CELLS, monkeypatch)
    assert found[: len(WANTED)] == WANTED
    assert found[-2][0].startswith("JsException: SyntaxError")
    assert found[-1] == ["-> 1.5"]


AWAITING = [
    "%load_ext twinloop",
    "%autoawait twinloop",
    "import asyncio\nfrom twinloop import js\nawait asyncio.sleep(0.001)\nprint(await js.Promise.resolve(5))",
    "%%js\nlet ticks = 0; setInterval(() => { ticks += 1; }, 1); 0",
]


def test_cells_of_python_await_javascript_as_well(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = outputs(tmp_path, ["-m", "ipykernel_launcher"], AWAITING, monkeypatch)
    assert found[2:] == [["5\n"], ["-> 0"]]


def test_on_twinloops_loop_javascript_goes_on_between_cells(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = [
        "%load_ext twinloop",
        "%%js\nglobalThis.ticks = 0; setInterval(() => { globalThis.ticks += 1; }, 1); 0",
        "from twinloop import js\nimport time\nawait js.fetch('data:,x')\nbefore = js.globals.ticks",
        "import asyncio\nawait asyncio.sleep(0.05)\nprint(js.globals.ticks > before)",
    ]
    words = ["-m", "twinloop", "-m", "ipykernel_launcher"]
    assert outputs(tmp_path, words, cells, monkeypatch)[3] == ["True\n"]
