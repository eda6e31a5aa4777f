"""Virtual environments and source packages of the suites, all below ``.cache/conformance``, made once for each list.

pip fetches both: the package as a wheel (or built), and its source package for the tests.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from suites import CACHE, Suite


def provide(suite: Suite, python: str, version: str) -> tuple[str, Path]:
    """An interpreter with the suite's packages, and the folder in which its tests run."""
    folder = CACHE / f"{suite.name}-{version}"
    if suite.kind != "pytest":
        folder.mkdir(parents=True, exist_ok=True)
        return python, folder
    wanted = json.dumps([suite.package, suite.requirements, suite.copy])
    stamp = folder / "installed"
    tests = folder / "tests"
    interpreter = folder / "venv" / "bin" / "python"
    if not (stamp.exists() and stamp.read_text() == wanted):
        print(f"installing {suite.package} into {folder}", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _run(python, "-m", "venv", str(folder / "venv"))
        pip = (str(interpreter), "-m", "pip", "--disable-pip-version-check", "--quiet")
        _run(*pip, "install", suite.package, *suite.requirements)
        name = suite.package.partition("==")[0].partition("[")[0]
        plain = name + "==" + suite.package.partition("==")[2]
        sources = folder / "sources"
        _run(*pip, "download", "--no-deps", "--no-binary", name, "--dest", str(sources), plain)
        _unpack(next(sources.glob("*.tar.gz")), suite.copy, tests)
        stamp.write_text(wanted)
    return str(interpreter), tests


def _unpack(archive: Path, copy: list[str], tests: Path) -> None:
    """Copy what the suite names, and nothing else: the package beside its tests would hide the installed one."""
    unpacked = archive.parent / "unpacked"
    with tarfile.open(archive) as tar:
        tar.extractall(unpacked, filter="data")
    (root,) = unpacked.iterdir()
    tests.mkdir()
    for name in copy:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, tests / name)
        else:
            (tests / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, tests / name)
    shutil.rmtree(archive.parent)


def _run(*words: str) -> None:
    finished = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        raise SystemExit(f"{' '.join(words)} failed:\n{finished.stderr[-2000:]}")
