"""Hashes, compresses and indexes a folder of files, and goes on where it was: ``twinloop files.py pack FOLDER ARCHIVE``.

The walk gives files as the threads take them, the threads read in pieces, and the index is on the disk: so a million files take as much
memory as ten.
"""

import argparse
import asyncio
import errno
import os
import signal
import sqlite3
import sys
import time
from functools import partial
from pathlib import Path

import twinloop
from index import Index
from packing import Found, is_whole, pack

# What stops the job: the next file would fare no better.
HOPELESS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


async def walk(folder, without):
    """The files of a folder. Links are not followed; what is neither file nor folder is passed over."""
    async for path, folders, names in twinloop.walk(folder):
        folders[:] = sorted(each for each in folders if os.path.join(path, each) != without)
        for name in sorted(names):
            try:
                status = os.stat(found := os.path.join(path, name), follow_symlinks=False)
            except OSError:
                continue  # gone since
            if status.st_mode & 0o170000 == 0o100000:
                # A name need not be text; what is no UTF-8 in it is kept as \xHH.
                text = os.fsencode(os.path.relpath(found, folder)).decode(errors="backslashreplace")
                yield Found(found, text, status.st_size, status.st_mtime_ns)


async def pack_folder(folder, archive):
    """The command ``pack``; gives the exit code."""
    for name in ("objects", "begun"):
        (archive / name).mkdir(parents=True, exist_ok=True)
    for left in (archive / "begun").iterdir():
        left.unlink()  # of a job that was killed
    index = Index(archive)
    without = os.path.abspath(archive)
    bar = Bar()
    async for found in walk(folder, without):
        bar.files += 1
        bar.bytes += found.size

    async def wanted():
        async for found in walk(folder, without):
            if index.has(found):
                bar.step(found.size)
            else:
                yield found

    failed = 0
    try:
        async with twinloop.pool(kind="thread") as pool:
            async for packed in pool.map(partial(pack, archive), wanted(), ordered=False):
                if packed.error is None:
                    index.add(packed)
                elif packed.error.errno in HOPELESS:
                    raise packed.error
                else:
                    failed += 1
                    bar.say(f"not packed: {packed.found.name}: {packed.error.strerror}")
                bar.step(packed.found.size)
        return 1 if failed else 0
    except (OSError, sqlite3.Error) as error:
        bar.say(f"stopped: {getattr(error, 'strerror', None) or error}. What is packed is kept; the same command goes on from there")
        return 1
    except asyncio.CancelledError:
        bar.say("stopped. What is packed is kept; the same command goes on from there")
        return 130
    finally:
        try:
            index.write()
        except sqlite3.Error as error:
            bar.say(f"the last files are not in the index, and will be packed again: {error}")
        bar.end()
        files, size, stored = index.totals()
        print(f"{files} files of {megabytes(size)} take {megabytes(stored)} in {archive}")
        index.close()


async def check(archive):
    """The command ``check``: reads all that is stored. What is damaged is forgotten, so that the next ``pack`` stores it again."""
    index = Index(archive)
    hashes = [row[0] for row in index.hashes()]
    damaged = []
    async with twinloop.pool(kind="thread") as pool:
        results = pool.map(partial(is_whole, archive), hashes)
        for sha256 in hashes:
            if not await anext(results):
                damaged.append(sha256)
    for sha256 in damaged:
        for name, *_ in index.find(sha256).fetchall():
            print(f"damaged: {name}")
        index.forget(sha256)
    print(f"{len(hashes) - len(damaged)} of {len(hashes)} are whole")
    index.close()
    return 1 if damaged else 0


async def find(archive, text):
    """The command ``find``: the files with a text in their name, or with a hash."""
    index = Index(archive)
    for name, size, stored, sha256 in index.find(text):
        print(f"{sha256[:12]}  {size:>12} {stored:>12}  {name}")
    index.close()
    return 0


class Bar:
    """How far the job is: a bar on a terminal, a line for each tenth elsewhere."""

    def __init__(self):
        self.files = self.bytes = self.files_done = self.bytes_done = 0
        self.begun = time.monotonic()
        self.shown = 0.0
        self.is_terminal = sys.stderr.isatty()

    def step(self, size):
        self.files_done += 1
        self.bytes_done += size
        share = self.files_done / max(self.files, self.files_done)
        now = time.monotonic()
        if self.is_terminal and (now - self.shown > 0.1 or share == 1):
            self.shown = now
            left = (now - self.begun) * (1 - share) / share
            print(f"\r\033[K[{'#' * int(40 * share):40}] {self.text()}, {left:.0f} s left", end="", file=sys.stderr, flush=True)
        elif not self.is_terminal and (share - self.shown >= 0.1 or share == 1):
            self.shown = share
            print(f"{share:4.0%}  {self.text()}", file=sys.stderr, flush=True)

    def text(self):
        return f"{self.files_done} of {self.files} files, {megabytes(self.bytes_done)} of {megabytes(self.bytes)}"

    def say(self, text):
        print(f"\r\033[K{text}" if self.is_terminal else text, file=sys.stderr, flush=True)

    def end(self):
        if self.is_terminal:
            print(file=sys.stderr)


def megabytes(size):
    return f"{size / 1e6:.1f} MB"


def reason_of(error):
    """What SQLite says, which has other words for a full disk where its list of readers finds no room."""
    is_full = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_IOERR_SHMSIZE
    return "database or disk is full" if is_full else error


async def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("pack", help="store what is new or changed in a folder")
    command.add_argument("folder", type=Path)
    command.add_argument("archive", type=Path)
    commands.add_parser("check", help="read all that is stored").add_argument("archive", type=Path)
    command = commands.add_parser("find", help="list files by a part of their name, or by their hash")
    command.add_argument("archive", type=Path)
    command.add_argument("text", nargs="?", default="")
    words = parser.parse_args()
    if words.command == "pack":
        if not words.folder.is_dir():
            parser.error(f"{words.folder} is no folder")
        # Ctrl-C cancels the task already; the end by a service manager shall be the same.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    elif not (words.archive / "index.sqlite").exists():
        parser.error(f"{words.archive} is no archive")
    try:
        if words.command == "pack":
            return await pack_folder(words.folder, words.archive)
        return await (check(words.archive) if words.command == "check" else find(words.archive, words.text))
    except (OSError, sqlite3.Error) as error:
        print(f"files.py: {words.archive}: {reason_of(error)}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
