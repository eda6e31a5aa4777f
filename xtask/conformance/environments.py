"""Virtual environments and source packages of the suites, all below ``.cache/conformance``, made once for each list.

pip fetches both: the package as a wheel (or built), and its source package for the tests.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import urllib.request
from pathlib import Path

from suites import CACHE, Suite

# The loops to compare with that are packages. Each has environments of its own, as frameworks look for uvloop by themselves.
PEERS = {"uvloop": ["uvloop==0.23.0"], "rloop": ["rloop==0.5.0"]}


def provide(suite: Suite, python: str, version: str, loop: str) -> tuple[str, Path]:
    """An interpreter with the suite's packages, and the folder in which its tests run."""
    peer = PEERS.get(loop, [])
    packages = ([suite.package] if suite.package else []) + suite.requirements + peer
    folder = CACHE / "-".join([suite.base or suite.name, version] + ([loop] if peer else []))
    tests = folder / "tests"
    interpreter = folder / "venv" / "bin" / "python"
    wanted = json.dumps([packages, suite.copy])
    stamp = folder / "installed"
    if not (stamp.exists() and stamp.read_text() == wanted):
        print(f"installing {' '.join(packages)} into {folder}", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        tests.mkdir(parents=True)
        _run(python, "-m", "venv", str(folder / "venv"))
        pip = (str(interpreter), "-m", "pip", "--disable-pip-version-check", "--quiet")
        if packages:
            _run(*pip, "install", *packages)
        if suite.copy:
            _unpack(_sources(suite, pip, folder / "sources"), suite.copy, tests)
        if suite.kind == "pytest" and not any((tests / name).exists() for name in ("pytest.ini", "pyproject.toml")):
            # Otherwise pytest would find this repository's settings above.
            (tests / "pytest.ini").write_text("[pytest]\n")
        stamp.write_text(wanted)
    return str(interpreter), tests


def _sources(suite: Suite, pip: tuple[str, ...], folder: Path) -> Path:
    """The archive that has the suite's tests."""
    if not suite.sources:
        name = suite.package.partition("==")[0]
        _run(*pip, "download", "--no-deps", "--no-binary", name, "--dest", str(folder), suite.package)
        return next(folder.glob("*.tar.gz"))
    folder.mkdir()
    archive = folder / "sources.tar.gz"
    with urllib.request.urlopen(suite.sources["address"], timeout=60) as response:
        archive.write_bytes(response.read())
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != suite.sources["sha256"]:
        raise SystemExit(f"{suite.sources['address']}: its SHA-256 is {found}, not {suite.sources['sha256']}")
    return archive


def _unpack(archive: Path, copy: list[str], tests: Path) -> None:
    """Copy what the suite names, and nothing else: the package beside its tests would hide the installed one."""
    unpacked = archive.parent / "unpacked"
    with tarfile.open(archive) as tar:
        tar.extractall(unpacked, filter="data")
    (root,) = unpacked.iterdir()
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
