"""``twinloop --watch``: the program runs again when it, or what it is made of, changes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from program_support import Shown, built_command


class Watching(Shown):
    """The command with ``--watch``, and what it and its program print."""

    def __init__(self, folder, *words, environment=None):
        process = subprocess.Popen(
            [built_command(), *words],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
        )
        super().__init__(process, process.stdout.fileno())

    def wait_for_end(self):
        return self.wait_for("Waiting for file changes before restarting...\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.wait_for_exit()
        self.process.stdout.close()


def test_what_a_program_imports_and_requires_is_watched(tmp_path):
    (tmp_path / "lib").mkdir()
    (tmp_path / "app.mjs").write_text(
        "import { x } from './lib/x.ts';\n"
        "import { createRequire } from 'node:module';\n"
        "const { n } = createRequire(import.meta.url)('./c.cjs');\n"
        "console.log('run', x, n, process.argv.slice(2).join());\n"
        "await import('./late.mjs');\n"
    )
    (tmp_path / "lib/x.ts").write_text("export const x: number = 1;")
    (tmp_path / "c.cjs").write_text("exports.n = require('./d.json').n;")
    (tmp_path / "d.json").write_text('{"n":1}')
    (tmp_path / "late.mjs").write_text("console.log('late', 1);")
    (tmp_path / "other.mjs").write_text("")
    with Watching(tmp_path, "--watch", "app.mjs", "a", "b") as watching:
        assert "run 1 1 a,b\nlate 1\nCompleted running 'app.mjs a b'." in watching.wait_for_end()
        # Nobody imports this one.
        (tmp_path / "other.mjs").write_text("1")
        (tmp_path / "lib/x.ts").write_text("export const x: number = 2;")
        assert watching.wait_for_end().startswith("\x1bcRestarting 'app.mjs a b'\nrun 2 1 a,b\nlate 1\n")
        (tmp_path / "d.json").write_text('{"n":2}')
        assert "run 2 2" in watching.wait_for_end()
        (tmp_path / "late.mjs").write_text("console.log('late', 2);")
        assert "late 2" in watching.wait_for_end()
        # What fails waits for its mending; as editors do it, by a file in its place.
        (tmp_path / "lib/x.ts").write_text("export const x: number = ;")
        assert "Failed running 'app.mjs a b'." in watching.wait_for_end()
        (tmp_path / "new").write_text("export const x: number = 3;")
        os.replace(tmp_path / "new", tmp_path / "lib/x.ts")
        assert "run 3 2" in watching.wait_for_end()


def test_a_program_that_runs_is_asked_to_end(tmp_path):
    (tmp_path / "app.js").write_text(
        "process.on('SIGTERM', () => { console.log('asked'); setTimeout(() => process.exit(), 20); });\n"
        "console.log('up'); setInterval(() => {}, 1000);\n"
    )
    with Watching(tmp_path, "--watch", "--watch-preserve-output", "app.js") as watching:
        watching.wait_for("up\n")
        # The watch of the file begins when the child has told of it.
        time.sleep(0.5)
        os.utime(tmp_path / "app.js")
        assert watching.wait_for("up\n") == "asked\nRestarting 'app.js'\nup\n"
        watching.process.send_signal(signal.SIGTERM)
        watching.wait_for("asked\n")
        assert watching.wait_for_exit() == 0


def test_paths_can_be_watched_instead(tmp_path):
    (tmp_path / "app.js").write_text("console.log('run')")
    (tmp_path / "data/deep").mkdir(parents=True)
    with Watching(tmp_path, "--watch-path=data", "app.js") as watching:
        watching.wait_for_end()
        (tmp_path / "app.js").write_text("console.log('changed')")
        time.sleep(0.6)
        (tmp_path / "data/deep/file").write_text("")
        assert "changed" in watching.wait_for_end()


def test_python_programs_and_their_modules_are_watched(tmp_path):
    (tmp_path / "app.py").write_text("import neighbour, json\nprint('run', neighbour.x, flush=True)\n")
    (tmp_path / "neighbour.py").write_text("x = 1\n")
    with Watching(tmp_path, "--python", sys.executable, "--watch", "app.py") as watching:
        assert "run 1\n" in watching.wait_for_end()
        (tmp_path / "neighbour.py").write_text("x = 22\n")
        assert "run 22\n" in watching.wait_for_end()
        (tmp_path / "app.py").write_text("print('other', flush=True)\n")
        assert "other\n" in watching.wait_for_end()
        (tmp_path / "app.py").write_text("print(\n")
        assert "Failed running 'app.py'." in watching.wait_for_end()


def test_what_a_child_of_the_program_loads_is_none_of_its_business(tmp_path):
    (tmp_path / "app.mjs").write_text(
        "import { spawnSync } from 'node:child_process';\n"
        "console.log(spawnSync(process.execPath, ['child.mjs']).stdout.toString());\n"
    )
    (tmp_path / "child.mjs").write_text("console.log('child')")
    with Watching(tmp_path, "--watch", "app.mjs") as watching:
        watching.wait_for_end()
        (tmp_path / "child.mjs").write_text("console.log('other')")
        time.sleep(0.6)
        os.utime(tmp_path / "app.mjs")
        assert watching.wait_for_end().count("Restarting") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--watch"], "--watch requires specifying a file"),
        (["--watch", "-e", "1"], "either --watch or --eval can be used, not both"),
        (["--watch", "--check", "app.js"], "either --watch or --check can be used, not both"),
        (["--watch-path=.", "--test"], "--watch-path cannot be used in combination with --test"),
    ],
)
def test_what_cannot_be_watched_is_refused(words, message, tmp_path):
    command = [built_command(), *words]
    finished = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=Watching.limit_s, check=False
    )
    assert finished.returncode == 9
    assert message in finished.stderr


def test_a_watched_program_watches_nothing_itself_when_the_environment_says_watch(tmp_path):
    (tmp_path / "-app.mjs").write_text("console.log('ran')")
    with Watching(tmp_path, "--", "-app.mjs", environment={"NODE_OPTIONS": "--watch"}) as watching:
        assert (
            watching.wait_for_end()
            == "ran\nCompleted running '-app.mjs'. Waiting for file changes before restarting...\n"
        )
