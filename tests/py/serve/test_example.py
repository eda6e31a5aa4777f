"""`examples/9-fastapi-and-react`: FastAPI for the data and React, which streams, for the pages, behind one port."""

from __future__ import annotations

import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import urllib.request

import pytest

pytest.importorskip("fastapi")

ROOT = pathlib.Path(__file__).parents[3]
PACKAGES = ROOT / ".cache" / "npm-programs" / "node_modules"


@pytest.fixture
def port(tmp_path):
    if not (PACKAGES / "react-dom").exists():
        pytest.skip("cargo xtask test npm installs react-dom")
    for file in (ROOT / "examples" / "9-fastapi-and-react").iterdir():
        if file.is_file():
            shutil.copy(file, tmp_path)
    (tmp_path / "node_modules").symlink_to(PACKAGES)
    words = [sys.executable, "-m", "twinloop", "serve", "app.jsx", "--host", "127.0.0.1", "--port", "0"]
    process = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    try:
        yield int(re.search(r":(\d+)/", process.stdout.readline())[1])
    finally:
        process.terminate()
        assert process.wait(30) == 0
        process.stdout.close()


def test_fastapi_has_the_data_and_react_streams_the_pages(port):
    base = f"http://127.0.0.1:{port}"
    note = urllib.request.Request(
        f"{base}/api/notes", json.dumps({"text": "a > b"}).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(note, timeout=30) as answer:
        assert answer.status == 201
    with urllib.request.urlopen(f"{base}/api/notes", timeout=30) as answer:
        assert [each["text"] for each in json.load(answer)] == ["buy bread", "<call> back", "a > b"]
    with urllib.request.urlopen(f"{base}/openapi.json", timeout=30) as answer:
        # Not below /api: that is a page's.
        assert answer.url == f"{base}/openapi.json" and b"Notes of" in answer.read()
    # What is there at once comes before what Python is asked for.
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(b"GET /me HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        pieces = list(iter(lambda: client.recv(65536), b""))
    whole = b"".join(pieces)
    assert b"transfer-encoding: chunked" in whole and b"<li>a &gt; b</li>" in whole
    first = b"".join(pieces[: next(n for n, _ in enumerate(pieces, 1) if b"one moment" in b"".join(pieces[:n]))])
    assert b"buy bread" not in first
