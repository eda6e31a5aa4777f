"""``twinloop types``: declarations of Python modules for TypeScript, and stubs of declarations for Python."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys

import pytest

PYTHON = '''
"""A module."""
from __future__ import annotations
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Literal

__all__ = ["LIMIT", "Shape", "Square", "count", "delete", "draw", "later", "plain"]

LIMIT: int = 3

class Shape:
    """Something with an area."""
    color: str
    def __init__(self, color: str = "red", *, filled: bool = True) -> None: ...
    def area(self) -> float: ...
    @property
    def name(self) -> str: ...
    @classmethod
    def unit(cls) -> Shape: ...
    @staticmethod
    def of(text: str | None) -> list[Shape]: ...
    def scale(self, by: float, *, origin: tuple[int, int] = (0, 0)) -> Shape: ...

class Square(Shape):
    pass

def draw(shapes: Sequence[Shape], how: Literal["fast", "good"] = "fast", *, on_step: Callable[[int], None] | None = None) -> dict[str, int]:
    """Draw them."""

async def later(delay: float) -> bytes: ...
def count(to: int) -> Iterator[int]: ...
def delete(what: str, function: bool, *rest: int) -> None: ...
def plain(a, b=True): ...
'''

WANTED = """\
declare module "python:shapes" {
  export const LIMIT: number;
  /** Something with an area. */
  export class Shape {
    constructor(color?: string);
    area(): number;
    readonly name: string;
    static unit(): Shape;
    static of(text: string | undefined): Shape[];
    scale: ((by: number) => Shape) & { callKwargs(...values: [...any[], { origin?: [number, number] }]): Shape };
    color: string;
  }
  export class Square extends Shape {
    constructor(color?: string);
  }
  export function count(to: number): Iterable<number>;
  function _delete(what: string, _function: boolean, ...rest: number[]): undefined;
  /** Draw them. */
  export function draw(shapes: Shape[], how?: "fast" | "good"): Record<string, number>;
  export namespace draw { function callKwargs(...values: [...any[], { how?: "fast" | "good"; on_step?: ((value0: number) => undefined) | undefined }]): Record<string, number>; }
  export function later(delay: number): Promise<any>;
  export function plain(a: any, b?: boolean): any;
  export namespace plain { function callKwargs(...values: [...any[], { b?: boolean }]): any; }
  const self: typeof import("python:shapes");
  export { self as default, _delete as delete };
}
"""


def types(folder: pathlib.Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "twinloop", "types", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=folder)


def test_a_python_module_has_declarations_for_typescript(tmp_path: pathlib.Path) -> None:
    (tmp_path / "shapes.py").write_text(PYTHON)
    done = types(tmp_path, "python:shapes")
    assert (done.stderr, done.stdout) == ("", WANTED)
    assert types(tmp_path, "python:shapes", "-o", "shapes.d.ts").stdout == ""
    assert (tmp_path / "shapes.d.ts").read_text() == WANTED
    # What has no annotations and is written in C has some too.
    for name in ("json", "math", "xml.etree.ElementTree"):
        assert f'declare module "python:{name}"' in types(tmp_path, f"python:{name}").stdout


PACKAGE = {
    "package.json": '{ "name": "shapes", "exports": { ".": { "import": { "types": "./main.d.mts" } } } }',
    "main.d.mts": """
/** A comment with `export function no(): void`. */
import type { Away } from 'elsewhere';
export * from './more.js';
export { inner as outer, type Options } from './more.js';
export declare function area(shape: Shape, options?: Options): number;
export declare function area(width: number, height: number): number;
export declare const version: string, limits: readonly [number, number?];
export declare class Shape<T = any> extends Base implements Away {
  constructor(color?: string, ...rest: number[]);
  static unit(): Shape;
  readonly color: 'red' | "blue";
  private hidden: string;
  #secret: number;
  name?: string;
  get size(): number;
  set size(value: number);
  scale<K extends keyof T>(this: Shape, by: number, from: K, each?: (value: T, index: number) => void): Promise<this>;
  [key: string]: any;
  [Symbol.iterator](): Iterator<number>;
}
declare class Base { base(): Map<string, number[]>; }
export type Kind = 'a' | 'b' | 3 | null;
export type Deep<T> = T extends string ? { [K in keyof T]: Deep<T[K]> } : never;
export interface Callback { (error: Error | null, data?: Buffer): void; }
export enum Level { Low = 1, High }
export declare namespace tools { function cut(text: string): string[]; const sharp: boolean; }
export default function run(kind: Kind, { a, b }: { a: number; b: string }): asserts kind is 'a';
declare global { interface Window { x: number; } }
""",
    "more.d.ts": """
export interface Options { depth?: number; onStep(step: number): boolean; tags: Set<string>; sub: Options | undefined }
export declare function inner(list: Array<string>): AsyncIterable<Uint8Array>;
""",
}

USE = """
from typing import TYPE_CHECKING, assert_type
if TYPE_CHECKING:
    import shapes
from collections.abc import Awaitable

def use(lib: shapes.Module) -> None:
    shape = lib.Shape.new("red", 1, 2)
    assert_type(shape, shapes.Shape)
    assert_type(lib.area(shape, {"depth": 1}), float)
    assert_type(lib.area(1, 2), float)
    assert_type(lib.Shape.unit().size, float)
    assert_type(shape.name, str | None)
    assert_type(shape.scale(2, "x"), Awaitable[shapes.Shape])
    assert_type(shape.base()["a"][0], float)
    assert_type(lib.tools.cut("a")[0], str)
    assert_type(lib.version, str)
    lib.default("a", {"a": 1, "b": ""})
    lib.outer(["x"])
    lib.Level.High
    shape.color = "blue"
"""

BAD = [
    "lib.area()",
    "lib.version()",
    "lib.Shape.unit().nothing",
    "shape.color = 'green'",
    "lib.default('c', {})",
    "lib.area('x', 1)",
]


@pytest.fixture
def package(tmp_path: pathlib.Path) -> pathlib.Path:
    for name, text in PACKAGE.items():
        file = tmp_path / "node_modules" / "shapes" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path


def test_declarations_become_stubs_that_a_type_checker_takes(package: pathlib.Path) -> None:
    pytest.importorskip("mypy")
    assert types(package, "npm:shapes", "-o", "shapes.pyi").stderr == ""
    (package / "use.py").write_text(USE + "\n".join(f"    {line}" for line in BAD) + "\n")
    words = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--no-error-summary",
        "--cache-dir",
        str(package / "cache"),
        "use.py",
    ]
    checked = subprocess.run(words, capture_output=True, text=True, timeout=120, cwd=package)
    first = USE.count("\n") + 1
    found = {int(line.split(":")[1]) for line in checked.stdout.splitlines() if ": error:" in line}
    assert found == set(range(first, first + len(BAD))), checked.stdout
    words[-1] = "shapes.pyi"
    assert subprocess.run(words, capture_output=True, text=True, timeout=120, cwd=package).stdout == ""


def test_a_function_that_is_the_module_can_be_called(tmp_path: pathlib.Path) -> None:
    (tmp_path / "pad.d.ts").write_text(
        "declare function pad(text: string | number, width: number, fill?: string): string;\ndeclare namespace pad { const version: string }\nexport = pad;"
    )
    text = types(tmp_path, "pad.d.ts").stdout
    assert "def __call__(self, text: str | float, width: float, fill: str | None = ...) -> str: ..." in text
    assert "    version: str" in text
    compile(text, "pad.pyi", "exec")


def test_what_cannot_be_read_is_named(package: pathlib.Path) -> None:
    for word, what in (
        ("npm:nothing", "no package 'nothing' with declarations"),
        ("absent.d.ts", "cannot read"),
        ("python:no_such_module", "No module named 'no_such_module'"),
        ("left-pad", "is no module"),
    ):
        done = types(package, word)
        assert done.returncode == 2 and what in done.stderr and done.stdout == ""
    shutil.rmtree(package / "node_modules" / "shapes")
    # Text that is no declaration at all gives no exports and no error.
    (package / "odd.d.ts").write_text("export declare function f(: }}} <<< \" ' ` class { interface = =>\n" * 3)
    compile(types(package, "odd.d.ts").stdout, "odd.pyi", "exec")
