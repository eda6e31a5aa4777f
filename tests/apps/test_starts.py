"""What an application of ``examples/apps`` cannot do without is not there when it starts: it says where that is and why it is not had, and ends."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess

import pytest
from apps_support import ask, words_of

STORES = [("chat/chat.js", True), ("chat/chat.py", True), ("chat/mixed.mjs", True), ("ledger/ledger.js", True)]
STORES += [("ledger/ledger.py", True), ("editor/editor.js", False), ("editor/editor.py", False)]


@pytest.fixture
def begin(apps):
    """Starts an application that cannot start: gives its exit code and what it said."""
    for package in ("fastapi", "sqlalchemy", "asyncpg", "aiomysql", "pycrdt"):
        pytest.importorskip(package)

    def start(path, **environment):
        file = apps / path
        words = [*words_of(path), "serve", file.name, "--host", "127.0.0.1", "--port", "0"]
        done = subprocess.run(
            words, cwd=file.parent, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60
        )
        return done.returncode, done.stdout + done.stderr

    return start


@pytest.fixture
def nobody():
    """A port that nobody listens at, and nobody will meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def silent():
    """A port where connections are taken, and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


DATABASES = [(path, kind) for path, has_url in STORES if has_url for kind in ("postgresql", "mysql")]
DATABASES = [(path, kind) for path, kind in DATABASES if kind == "postgresql" or "ledger" in path]


@pytest.mark.parametrize(("path", "kind"), DATABASES)
def test_a_database_that_is_not_reached_is_named_with_the_reason_at_once(begin, nobody, path, kind):
    code, said = begin(path, DATABASE_URL=f"{kind}://me:secret@127.0.0.1:{nobody}/accounts?password=secret")
    assert code not in (0, None) and f"cannot open {kind}://127.0.0.1:{nobody}/accounts (DATABASE_URL): " in said, said
    assert "ECONNREFUSED" in said or "Errno 111" in said, said
    assert "secret" not in said, said
    # It does not wait for one: that would be "no answer in 5 s".
    assert "no answer" not in said and "imeout" not in said, said


@pytest.mark.parametrize(("path", "kind"), DATABASES)
def test_a_database_that_takes_a_connection_and_says_nothing_is_not_waited_for_without_end(begin, silent, path, kind):
    code, said = begin(path, DATABASE_URL=f"{kind}://me:secret@127.0.0.1:{silent}/accounts")
    assert code not in (0, None) and f"cannot open {kind}://127.0.0.1:{silent}/accounts (DATABASE_URL): " in said, said
    assert "secret" not in said, said


@pytest.mark.parametrize("scheme", ["redis", "nats"])
@pytest.mark.parametrize("path", ["chat/chat.js", "chat/chat.py", "chat/mixed.mjs"])
def test_a_bus_that_is_not_reached_is_named_with_the_reason_at_once(begin, nobody, path, scheme):
    code, said = begin(path, BUS_URL=f"{scheme}://me:secret@127.0.0.1:{nobody}")
    assert code not in (0, None) and f"cannot open {scheme}://127.0.0.1:{nobody} (BUS_URL): " in said, said
    # It does not wait for one: that would be "within 10000 ms".
    assert "Connection refused" in said and "within" not in said and "secret" not in said, said


@pytest.mark.parametrize("path", [path for path, _ in STORES])
def test_a_file_that_cannot_be_opened_is_named(begin, tmp_path, path):
    file = tmp_path / "nowhere" / "store.sqlite"
    code, said = begin(path, DATABASE_URL=str(file), DOCUMENTS=str(file))
    variable = "DOCUMENTS" if path.startswith("editor") else "DATABASE_URL"
    assert code not in (0, None) and f"cannot open {file} ({variable}): " in said, said


def test_a_dashboard_whose_python_cannot_be_imported_says_so_and_ends(begin, apps):
    pytest.importorskip("numpy")
    file = apps / "dashboard" / "figures.py"
    file.write_text(file.read_text().replace("import numpy", "import numpy_that_is_not_there as numpy", 1))
    code, said = begin("dashboard/dashboard.jsx")
    assert code not in (0, None) and "No module named 'numpy_that_is_not_there'" in said, said


@pytest.mark.parametrize("path", ["live/live.js", "live/live.py"])
def test_a_stream_that_has_no_folder_yet_is_served_once_it_is_there(serve, run, tmp_path, path):
    pytest.importorskip("fastapi")
    media = tmp_path / "later"
    live = serve(path, MEDIA=str(media), PATIENCE="1")
    assert f"the folder {media} (MEDIA) is not there yet" in live.text, live.text

    async def main():
        assert (await ask(live, "/")).status == 200
        assert (await ask(live, "/media/live.m3u8")).status == 404
        await asyncio.to_thread(media.mkdir)
        (media / "live.m3u8").write_text("#EXTM3U\n")
        answer = await ask(live, "/media/live.m3u8")
        assert answer.status == 200 and await answer.text() == "#EXTM3U\n"

    run(main())
    assert "Traceback" not in live.text, live.text
