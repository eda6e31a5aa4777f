"""``examples/apps/files``: a folder that is packed, resumed, cancelled, damaged, and a disk that is full."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time

import pytest
from apps_support import is_full

COUNT = 10_000 if is_full else 300
WORDS = [sys.executable, "-m", "twinloop", "files.py"]


def make(folder, count=COUNT):
    """Files in folders, some alike, some empty, and the names and kinds that a walk meets."""
    for number in range(count):
        place = folder / f"d{number % 20}" / f"e{number % 7}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number}.txt").write_bytes(f"{number // 2}\n".encode() * (number // 2 % 300))
    (folder / "large").write_bytes(os.urandom(1024) * 20_000)
    (folder / "sparse").touch()
    os.truncate(folder / "sparse", 64 * 1024 * 1024)
    with open(os.fsencode(folder) + b"/no-utf8-\xff", "wb") as file:
        file.write(b"x")
    os.mkfifo(folder / "pipe")
    (folder / "link").symlink_to("/etc/passwd")
    (folder / "round").symlink_to(folder)
    return count + 3


def rows(archive):
    with sqlite3.connect(archive / "index.sqlite") as database:
        found = database.execute("SELECT name, size, sha256 FROM files ORDER BY name").fetchall()
    database.close()
    return found


def contents(archive):
    """What is stored, by its hash, as it was."""
    found = {}
    for file in (archive / "objects").glob("*/*.gz"):
        with gzip.open(file) as stream:
            found[hashlib.file_digest(stream, "sha256").hexdigest()] = file.parent.name + file.stem
    return found


@pytest.fixture
def files(apps):
    def run(*words, check=True, **options):
        done = subprocess.run(
            [*WORDS, *map(str, words)], cwd=apps / "files", capture_output=True, text=True, timeout=300, **options
        )
        assert not check or done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return run


def start(apps, *words):
    return subprocess.Popen(
        [*WORDS, *map(str, words)],
        cwd=apps / "files",
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_a_folder_is_packed_found_and_checked(files, tmp_path):
    folder, archive = tmp_path / "folder", tmp_path / "folder" / "archive"
    folder.mkdir()
    count = make(folder)
    done = files("pack", folder, archive)
    assert f"{count} files of" in done.stdout and "100%" in done.stderr
    found = rows(archive)
    assert len(found) == count and not any("passwd" in name or "archive" in name for name, *_ in found)
    stored = contents(archive)
    assert all(sha256 == place for sha256, place in stored.items())
    assert {sha256 for *_, sha256 in found} == set(stored)
    # Content that is there twice is stored once.
    assert len(stored) < count * 0.7
    assert files("check", archive).stdout == f"{len(stored)} of {len(stored)} are whole\n"
    assert "no-utf8-\\xff" in files("find", archive, "no-utf8").stdout
    # Only what has changed is read again.
    (folder / "large").write_text("small")
    inode = {file: file.stat().st_ino for file in (archive / "objects").glob("*/*.gz")}
    files("pack", folder, archive)
    assert all(file.stat().st_ino == number for file, number in inode.items())
    assert {name: size for name, size, _ in rows(archive)}["large"] == 5


def test_memory_does_not_grow_with_files_or_their_size(apps, tmp_path):
    few, many = tmp_path / "few", tmp_path / "many"
    for folder in (few, many):
        folder.mkdir()
    (few / "one").write_text("1")
    make(many)
    most = {}
    for folder in (few, many):
        process = start(apps, "pack", folder, tmp_path / f"archive-{folder.name}")
        _, status, usage = os.wait4(process.pid, 0)
        assert status == 0, process.stderr.read()
        most[folder.name] = usage.ru_maxrss / 1024
    # The large files are of 84 MiB together; a piece is a quarter of one.
    assert most["many"] - most["few"] < 40, most


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL] if is_full else [signal.SIGINT, signal.SIGKILL]
)
def test_a_job_that_is_ended_at_any_stage_goes_on_where_it_was(apps, files, tmp_path, number):
    folder, archive = tmp_path / "folder", tmp_path / "archive"
    folder.mkdir()
    count = make(folder)
    stage = 0
    ended = 0
    while True:
        process = start(apps, "pack", folder, archive)
        # Each time a little later, until it is done before.
        time.sleep(0.3 * 1.25**stage)
        stage += 1
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
        if process.returncode == 0:
            break
        ended += 1
        # Before it has begun, a signal ends Python as it ends any program.
        if number != signal.SIGKILL and process.returncode == 130:
            assert "the same command goes on from there" in said
        assert "Traceback" not in said or process.returncode in (-number, 1), said
        if (archive / "index.sqlite").exists():
            # What the index says is stored is there, whole.
            assert {sha256 for *_, sha256 in rows(archive)} <= set(contents(archive))
        assert stage < 200
    assert ended > 0
    files("pack", folder, archive)
    assert len(rows(archive)) == count and not list((archive / "begun").iterdir())
    assert re.match(r"(\d+) of \1 are whole", files("check", archive).stdout)


def test_what_cannot_be_read_is_told_and_what_was_damaged_is_packed_again(files, tmp_path):
    folder, archive = tmp_path / "folder", tmp_path / "archive"
    folder.mkdir()
    for number in range(20):
        (folder / f"{number}").write_text(f"{number}\n" * 100)
    (folder / "secret").write_text("x")
    (folder / "secret").chmod(0)
    done = files("pack", folder, archive, check=False)
    if os.getuid() != 0:
        assert done.returncode == 1 and "not packed: secret: Permission denied" in done.stderr
    assert len(rows(archive)) >= 20
    one, other = sorted((archive / "objects").glob("*/*.gz"))[:2]
    one.write_bytes(b"rubbish")
    other.unlink()
    done = files("check", archive, check=False)
    assert done.returncode == 1 and done.stdout.count("damaged: ") == 2
    files("pack", folder, archive, check=False)
    assert files("check", archive).returncode == 0
    done = files("pack", folder / "nothing", archive, check=False)
    assert done.returncode == 2 and "is no folder" in done.stderr
    assert "is no archive" in files("find", tmp_path / "nothing", check=False).stderr


def test_a_full_disk_stops_the_job_and_harms_nothing(files, tmp_path):
    folder, disk = tmp_path / "folder", tmp_path / "disk"
    folder.mkdir()
    disk.mkdir()
    for number in range(200):
        (folder / f"{number:03}").write_bytes(os.urandom(20_000))
    if os.getuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", disk]).returncode != 0:
        pytest.skip("a small disk cannot be mounted here")
    try:
        done = files("pack", folder, disk / "archive", check=False)
        assert done.returncode == 1 and "No space left on device" in done.stderr, done.stderr
        assert "the same command goes on from there" in done.stderr
        assert {sha256 for *_, sha256 in rows(disk / "archive")} <= set(contents(disk / "archive"))
        subprocess.run(["mount", "-o", "remount,size=32m", disk], check=True)
        files("pack", folder, disk / "archive")
        assert len(rows(disk / "archive")) == 200
        assert files("check", disk / "archive").stdout == "200 of 200 are whole\n"
    finally:
        subprocess.run(["umount", disk], check=True)
