"""The command ``serve``: what it finds, what it says, how it ends, and its workers."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from serve_support import Process, free_port

PROGRAM = """
import asyncio, contextlib, os, sys

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        if "FAIL" in os.environ:
            raise ValueError("cannot start")
        await receive()
        print("started", flush=True)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        print("ended", flush=True)
        await send({"type": "lifespan.shutdown.complete"})
        return
    if scope["path"] == "/die":
        os._exit(1)
    if scope["path"] == "/slow":
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(float(scope["query_string"]))
    body = f"{os.getpid()} {scope['client'][0] if scope['client'] else None} {scope['scheme']} VERSION".encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": body})

def make():
    return app

class Holder:
    inner = app

def wsgi(environ, start_response):
    start_response("200 OK", [])
    return [environ["PATH_INFO"].encode()]
"""


class Command(Process):
    """A server that listens at a port that was chosen for it."""

    def __init__(self, folder, *words, wait=True, start=(sys.executable, "-m", "twinloop"), **environment):
        self.port = free_port()
        command = [*start, "serve", *words]
        if not any(word in words for word in ("--uds", "--fd")):
            command += ["--port", str(self.port)]
        super().__init__(folder, command, env={**os.environ, "PYTHONUNBUFFERED": "1", **environment})
        if wait:
            self.wait_for("started")
        if wait and str(self.port) in command:
            self.wait_for_port()

    def wait_for_port(self):
        for _ in range(3000):
            with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.01)
        raise AssertionError(self.text)

    def wait_for(self, pattern, count=1):
        for _ in range(3000):
            if len(re.findall(pattern, self.text)) >= count:
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.01)
        assert len(re.findall(pattern, self.text)) >= count, self.text

    def get(self, path="/", **headers):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        # Who stands in the queue of a socket while workers change waits.
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read().decode()


@pytest.fixture
def serve(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    with contextlib.ExitStack() as stack:

        def start(*words, **options):
            command = Command(tmp_path, *words, **options)
            stack.callback(command.log.close)
            stack.callback(command.end, signal.SIGKILL)
            return command

        yield start


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(serve, number):
    command = serve("program:app")
    assert command.get("/a%20b?x=1") == f"{command.process.pid} 127.0.0.1 http VERSION"
    assert command.end(number) == 0
    lines = re.sub(r"\[\d+\]", "[N]", command.text)
    lines = re.sub(r":\d+ ", ":N ", re.sub(r"127.0.0.1:\d+", "127.0.0.1:N", lines)).splitlines()
    assert [line for line in lines if line.startswith("INFO")] == [
        "INFO:     Started server process [N]",
        "INFO:     Waiting for application startup.",
        "INFO:     Application startup complete.",
        "INFO:     Twinloop running on http://127.0.0.1:N (Press CTRL+C to quit)",
        'INFO:     127.0.0.1:N - "GET /a%20b?x=1 HTTP/1.1" 200 OK',
        "INFO:     Shutting down",
        "INFO:     Waiting for application shutdown.",
        "INFO:     Application shutdown complete.",
        "INFO:     Finished server process [N]",
    ]
    assert [line for line in lines if not line.startswith("INFO")] == ["started", "ended"]


@pytest.mark.parametrize(
    "words",
    [
        ["program"],
        ["program:Holder.inner"],
        ["program:make", "--factory"],
        ["program.py"],
        ["./program.py:app"],
        ["program:app", "--interface", "asgi3", "--lifespan", "on"],
    ],
)
def test_the_application_is_found_by_its_name(serve, words):
    command = serve(*words)
    assert command.get().endswith("VERSION")
    assert command.end() == 0


@pytest.mark.parametrize("name", ["program:app", "program.py", "./program.py:Holder.inner"])
def test_the_built_command_serves_python_applications(serve, name):
    if "TWINLOOP" not in os.environ:
        pytest.skip("TWINLOOP names no built command; cargo xtask test sets it")
    command = serve(name, start=[os.environ["TWINLOOP"], "--python", sys.executable])
    assert command.get() == f"{command.process.pid} 127.0.0.1 http VERSION"
    assert command.end() == 0


@pytest.mark.parametrize(
    ("words", "coding"),
    [
        ([], None),
        (["--compress"], None),
        (["--compress", "--compress-min-size", "5"], "gzip"),
        (["--compress-min-size", "5"], None),
    ],
)
def test_answers_are_compressed_if_that_is_asked_for(serve, words, coding):
    # The answer is shorter than what is compressed unless it is said otherwise.
    command = serve(*words, "program:app")
    request = urllib.request.Request(f"http://127.0.0.1:{command.port}/", headers={"accept-encoding": "gzip"})
    with urllib.request.urlopen(request) as response:
        assert response.headers["content-encoding"] == coding
        body = response.read()
    assert (gzip.decompress(body) if coding else body).endswith(b"VERSION")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["none:app"], 1, "could not import module 'none'"),
        (["program:none"], 1, "attribute 'none' not found in 'program'"),
        (["none.py"], 1, "there is no file 'none.py'"),
        (["program:app", "--fd", "99"], 1, "Bad file descriptor"),
        (["program:app", "--port", "x"], 2, "invalid int value: 'x'"),
        (["program:app", "--interface", "x"], 2, "invalid choice: 'x'"),
        (["program:app", "--header", "x"], 2, "--header is given as NAME:VALUE"),
        (["program:app", "--ssl-keyfile", "x"], 2, "ssl_keyfile needs ssl_certfile"),
        (["program:app", "--compress-min-size", "-1"], 2, "'-1' is no number of bytes"),
        ([], 2, "required: MODULE:ATTRIBUTE"),
    ],
)
def test_what_cannot_be_understood_is_said(serve, words, status, said):
    command = serve(*words, wait=False)
    assert command.process.wait(30) == status
    assert said in command.text and "Traceback" not in command.text


def test_an_application_that_cannot_start_ends_it_with_status_3(serve):
    for words in (["--lifespan", "on"], ["--lifespan", "on", "--workers", "2"]):
        command = serve("program:app", *words, wait=False, FAIL="1")
        assert command.process.wait(30) == 3
        assert "ValueError: cannot start" in command.text and "Application startup failed. Exiting." in command.text


def test_a_port_in_use_is_said(serve):
    first = serve("program:app")
    with socket.create_connection(("127.0.0.1", first.port)):
        second = serve("program:app", "--fd", "98", wait=False)
        second.process.wait(30)
        third = subprocess.run(
            [sys.executable, "-m", "twinloop", "serve", "program:app", "--port", str(first.port)],
            cwd=os.path.dirname(first.log.name),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert third.returncode == 1 and "Address already in use" in third.stderr


def test_what_is_under_way_is_answered_and_a_second_signal_cuts_it(serve):
    command = serve("program:app")
    with socket.create_connection(("127.0.0.1", command.port)) as client:
        client.sendall(b"GET /slow?0.5 HTTP/1.1\r\nhost: x\r\n\r\n")
        time.sleep(0.2)
        command.process.send_signal(signal.SIGTERM)
        command.wait_for("Shutting down")
        assert b"200 OK" in client.recv(4096)
    assert command.process.wait(30) == 0
    command = serve("program:app")
    with socket.create_connection(("127.0.0.1", command.port)) as client:
        client.sendall(b"GET /slow?60 HTTP/1.1\r\nhost: x\r\n\r\n")
        time.sleep(0.2)
        command.process.send_signal(signal.SIGTERM)
        command.wait_for("Shutting down")
        command.process.send_signal(signal.SIGTERM)
        assert command.process.wait(30) == 0
        assert b"200 OK" not in client.recv(4096)


def test_the_time_to_end_in_has_a_limit(serve):
    command = serve("program:app", "--timeout-graceful-shutdown", "0.2")
    with socket.create_connection(("127.0.0.1", command.port)) as client:
        client.sendall(b"GET /slow?60 HTTP/1.1\r\nhost: x\r\n\r\n")
        time.sleep(0.2)
        assert command.end() == 0
    assert "Cancel 1 running task(s), timeout graceful shutdown exceeded" in command.text and "ended" in command.text


def test_it_ends_after_so_many_requests(serve):
    command = serve("program:app", "--limit-max-requests", "3")
    for _ in range(3):
        command.get()
    assert command.process.wait(30) == 0
    assert "Maximum request limit of 3 exceeded. Terminating process." in command.text


def test_more_requests_than_allowed_are_refused(serve):
    command = serve("program:app", "--limit-concurrency", "1")
    with socket.create_connection(("127.0.0.1", command.port)) as client:
        client.sendall(b"GET /slow?60 HTTP/1.1\r\nhost: x\r\n\r\n")
        time.sleep(0.2)
        with pytest.raises(urllib.error.HTTPError, match="503"):
            command.get()
    assert "Exceeded concurrency limit." in command.text


def test_options_of_answers_and_logs(serve, tmp_path):
    (tmp_path / "env").write_text("# a comment\nexport SOME='value'\nOTHER=x\n")
    words = ["--header", "X-One: 1", "--no-server-header", "--no-date-header", "--no-access-log", "--env-file", "env"]
    command = serve("program:app", *words, "--use-colors")
    with urllib.request.urlopen(f"http://127.0.0.1:{command.port}/", timeout=30) as answer:
        headers = {name.lower(): value for name, value in answer.headers.items()}
    assert headers["x-one"] == "1" and not {"server", "date"} & headers.keys()
    command.end()
    assert "GET /" not in command.text and "\x1b[32mINFO\x1b[0m:     " in command.text
    config = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"mine": {"format": "MINE %(name)s %(message)s"}},
        "handlers": {"mine": {"class": "logging.StreamHandler", "formatter": "mine"}},
        "loggers": {"twinloop": {"handlers": ["mine"], "level": "INFO"}},
    }
    (tmp_path / "log.json").write_text(json.dumps(config))
    command = serve("program:app", "--log-config", "log.json", "--log-level", "info")
    command.get()
    command.end()
    assert re.search(r'MINE twinloop.access 127.0.0.1:\d+ - "GET / HTTP/1.1" 200\n', command.text)
    command = serve("program:app", "--log-level", "warning")
    command.get()
    command.end()
    assert "INFO" not in command.text


def test_proxies_that_are_trusted_are_believed(serve):
    headers = {"X-Forwarded-For": "10.1.1.1, 10.2.2.2", "X-Forwarded-Proto": "https"}
    command = serve("program:app")
    assert command.get("/", **headers).split()[1:3] == ["10.2.2.2", "https"]
    command.end()
    command = serve("program:app", "--forwarded-allow-ips", "127.0.0.0/8,10.2.2.2")
    assert command.get("/", **headers).split()[1:3] == ["10.1.1.1", "https"]
    command.end()
    command = serve("program:app", "--forwarded-allow-ips", "1.1.1.1")
    assert command.get("/", **headers).split()[1:3] == ["127.0.0.1", "http"]
    command.end()
    command = serve("program:app", "--no-proxy-headers")
    assert command.get("/", **headers).split()[1:3] == ["127.0.0.1", "http"]
    command.end()


def test_it_listens_on_a_path(serve, tmp_path):
    path = tmp_path / "socket"
    command = serve("program:app", "--uds", str(path))
    command.wait_for("running on unix socket")
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        assert b" None http VERSION" in b"".join(iter(lambda: client.recv(4096), b""))
    assert command.end() == 0 and not path.exists()


def test_a_server_whose_path_another_has_taken_ends_well_and_leaves_it(serve, tmp_path):
    path = tmp_path / "socket"
    first = serve("program:app", "--uds", str(path))
    first.wait_for("running on unix socket")
    second = serve("program:app", "--uds", str(path))
    second.wait_for("running on unix socket")
    assert first.end() == 0
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
    assert second.end() == 0 and not path.exists()


def test_it_takes_a_socket_that_was_handed_in(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = listener.fileno()
        words = [sys.executable, "-m", "twinloop", "serve", "program:wsgi", "--fd", str(number)]
        process = subprocess.Popen(words, cwd=tmp_path, pass_fds=[number], stderr=subprocess.DEVNULL)
        try:
            with socket.create_connection(listener.getsockname(), timeout=30) as client:
                client.sendall(b"GET /path HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
                assert b"".join(iter(lambda: client.recv(4096), b"")).endswith(b"/path")
        finally:
            process.terminate()
            assert process.wait(30) == 0


# ---- several processes -------------------------------------------------------------------------------------------------


def test_workers_share_the_port_and_are_begun_again_when_they_die(serve):
    command = serve("program:app", "--workers", "2")
    command.wait_for("started", 2)
    assert command.get().split()[0] != str(command.process.pid)
    with pytest.raises((OSError, urllib.error.URLError)):
        command.get("/die")
    command.wait_for("died")
    command.wait_for("started", 3)
    for _ in range(10):
        assert command.get().endswith("VERSION")
    assert command.end() == 0
    assert command.text.count("ended") == 2


def test_a_hangup_replaces_the_workers_one_by_one_and_loses_no_request(serve):
    command = serve("program:app", "--workers", "2")
    command.wait_for("started", 2)
    command.process.send_signal(signal.SIGHUP)
    while command.text.count("ended") < 2:
        assert command.get().endswith("VERSION")
    command.wait_for("started", 4)
    assert command.get().endswith("VERSION")
    # The terminal's Ctrl-C, which goes to all of them.
    os.killpg(command.process.pid, signal.SIGINT)
    assert command.process.wait(30) == 0
    assert command.text.count("ended") == 4 and "Traceback" not in command.text


def test_workers_end_when_their_parent_is_gone(serve):
    command = serve("program:app", "--workers", "2")
    command.wait_for("started", 2)
    command.process.kill()
    command.process.wait()
    for _ in range(1000):
        if command.text.count("ended") == 2:
            break
        time.sleep(0.01)
    assert command.text.count("ended") == 2


def test_a_changed_file_begins_it_again(serve, tmp_path):
    command = serve("program:app", "--reload", "--reload-delay", "0.05")
    assert command.get().endswith("VERSION")
    time.sleep(0.1)
    (tmp_path / "program.py").write_text("this is no program")
    command.wait_for("SyntaxError")
    time.sleep(0.1)
    (tmp_path / "program.py").write_text(PROGRAM.replace("VERSION", "CHANGED"))
    command.wait_for("started", 2)
    assert command.get().endswith("CHANGED")
    assert "Detected changes in" in command.text
    assert command.end() == 0
