"""``twinloop types``: what one language's modules are to the other, for an editor and a type checker."""

from __future__ import annotations

import os
import sys

USAGE = """\
usage: twinloop types python:NAME [-o FILE.d.ts]
       twinloop types npm:NAME [-o FILE.pyi]
       twinloop types FILE.d.ts [-o FILE.pyi]

Writes TypeScript declarations of a Python module, for JavaScript that imports "python:NAME"; or Python stubs of what the declarations of an npm package
(its own, or those of @types) or of a file say. Without -o they go to standard output.

In Python, Module is a Protocol of what the package exports:
    lib: lodash.Module = await js.import_module("lodash")
"""


def write(words: list[str]) -> int:
    """Do what the words say; the exit status."""
    if not words or words[0] in ("-h", "--help"):
        print(USAGE, end="", file=sys.stdout if words else sys.stderr)
        return 0 if words else 2
    target = None
    if len(words) == 3 and words[1] == "-o":
        target = words[2]
    elif len(words) != 1:
        return _refuse("one module is named, and -o FILE")
    source, colon, name = words[0].partition(":")
    try:
        if colon and source == "python" and name:
            from . import declarations

            text = declarations.declaration(name)
        elif colon and source == "npm" and name:
            from . import stubs

            text = stubs.of_package(name, os.getcwd())
        elif words[0].endswith((".d.ts", ".d.mts", ".d.cts")):
            from . import stubs

            text = stubs.of_file(words[0], os.path.basename(words[0]))
        else:
            return _refuse(f"{words[0]!r} is no module: write python:NAME, npm:NAME or the name of a .d.ts file")
    except (ImportError, OSError, _unreadable()) as error:
        return _refuse(str(error))
    if target is None:
        sys.stdout.write(text)
    else:
        with open(target, "w", encoding="utf-8") as file:
            file.write(text)
    return 0


def _unreadable() -> type[Exception]:
    from .stubs import UnreadableError

    return UnreadableError


def _refuse(reason: str) -> int:
    print(f"twinloop: {reason}", file=sys.stderr)
    return 2
