"""The reference pages say what there is: every public name of Python with its real signature, of JavaScript and of Rust by its name.

The reference of the command is its own ``--help``, which test_guide.py compares.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess

import pytest
import twinloop
from guide_support import GUIDE, ROOT, blocks
from twinloop import js

REFERENCE = GUIDE / "reference"
STUB = ROOT / "python" / "twinloop" / "__init__.pyi"
# Where what `twinloop.js` names is written.
JS_SOURCES = [ROOT / "python" / place for place in ("twinloop/js/__init__.py", "_twinloop/crossing/isolation.py")]

# What a stub says of a function whose result is awaited.
AWAITED = re.compile(r"(Coroutine|Awaitable|_Fetching|_Opening)\b")


def shown(function):
    """A function as the reference shows it: without types, and `async` if what it gives is awaited."""
    for each in ast.walk(function.args):
        if isinstance(each, ast.arg):
            each.annotation = None
    gives = ast.unparse(function.returns) if function.returns is not None else ""
    word = "async def" if isinstance(function, ast.AsyncFunctionDef) or AWAITED.match(gives) else "def"
    words = ast.unparse(function.args)
    name = function.name
    if name == "__new__":
        name, words = "__init__", re.sub(r"^cls", "self", words)
    return f"{word} {name}({words}): ..."


def declared(sources, names):
    """The lines that the reference has for public names: `{name: [line...]}`, first of them that of the name itself."""
    found = {}
    for source in sources:
        for node in ast.parse(source.read_text()).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name in names:
                found.setdefault(node.name, []).append(shown(node))
            elif isinstance(node, ast.ClassDef) and node.name in names:
                bases = ", ".join(ast.unparse(base) for base in node.bases)
                found[node.name] = [f"class {node.name}({bases}):" if bases else f"class {node.name}:", *members(node)]
    return found


def members(node):
    """The public parts of a class."""
    for each in node.body:
        decorators = [ast.unparse(it) for it in getattr(each, "decorator_list", [])]
        if isinstance(each, ast.AnnAssign) and not each.target.id.startswith("_"):
            # The one of these is `Response.json`, which the page explains.
            if "ClassVar" not in ast.unparse(each.annotation):
                yield attribute(each.target.id, each.annotation)
        elif isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
            if each.name.startswith("_") and each.name not in ("__init__", "__new__"):
                continue
            if "property" in decorators:
                yield attribute(each.name, each.returns)
            elif "overload" not in decorators:
                yield from [f"@{it}" for it in decorators]
                yield shown(each)


def attribute(name, annotation):
    """An attribute with its type, unless that is a name of the stub alone."""
    return f"{name}: {re.sub(r'^_.*', 'Any', ast.unparse(annotation))}"


def stubs(page):
    """The lines of a page's blocks of signatures, by the name that they are below."""
    found = {}
    for block in blocks(page):
        if block.language != "pyi":
            continue
        # Long ones are broken behind commas.
        for line in re.sub(r",\n\s+", ", ", block.text).splitlines():
            if not line.startswith(" ") and line:
                name = re.search(r"(?:def|class) (\w+)", line)[1]
            if line and line.strip() != "...":
                found.setdefault(name, []).append(line.strip())
    return found


def test_python_has_every_public_name_with_its_signature():
    page = stubs(REFERENCE / "python.md")
    names = [name for name in twinloop.__all__ if name != "__version__"]
    wanted = declared([STUB], names) | declared(JS_SOURCES, js.__all__)
    for name, lines in wanted.items():
        # What is written several times for a type checker is one function.
        ways = [lines] if lines[0].startswith("class") else [[line] for line in lines]
        assert page.get(name) in ways, name
    assert sorted(page) == sorted(wanted)


def test_rust_has_every_public_name():
    source = (ROOT / "crates" / "twinloop" / "src" / "lib.rs").read_text()
    names = set(re.findall(r"^pub fn (\w+)", source, re.M))
    for used in re.findall(r"^pub use ([^;]+);", source, re.M):
        names |= {
            each.split(" as ")[-1].rpartition("::")[2].strip()
            for each in re.split(r"[{},]", used)
            if each.strip(" \n:")
        }
    names = {name for name in names if name and not name.startswith("twinloop_")}
    assert {"run", "fetch", "WebSocket", "fs"} <= names
    assert sorted(names - code(REFERENCE / "rust.md")) == []


@pytest.mark.parametrize(
    "asked",
    [
        "Object.getOwnPropertyNames(globalThis)",
        "Object.keys(twinloop)",
        "(await import('node:module')).builtinModules",
    ],
)
def test_javascript_has_every_global_and_module(asked):
    if "TWINLOOP" not in os.environ:
        pytest.skip("TWINLOOP names no built command; cargo xtask test sets it")
    words = [os.environ["TWINLOOP"], "--input-type=module", "-e", f"console.log({asked}.join())"]
    printed = subprocess.check_output(words, text=True, timeout=60)
    names = [name for name in printed.strip().split(",") if not name.startswith("_")]
    assert len(names) > 3
    assert sorted({*names} - code(REFERENCE / "javascript.md")) == []


def code(page):
    """Names that stand as code in a page's prose."""
    text = re.sub(r"^(`{3,}).*?^\1$", "", page.read_text(), flags=re.M | re.S)
    return set(re.findall(r"`([^`\n]+)`", text))
