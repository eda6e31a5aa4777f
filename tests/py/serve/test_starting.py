"""How a server begins: the application it is given, its logs, its sockets, and what happens when one of them is wrong."""

from __future__ import annotations

import logging
import os
import socket
import sys
import types

import pytest
import twinloop
from _twinloop.serve import applications
from serve_support import ask


async def hello(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


class Living:
    """An application that remembers what it was told."""

    def __init__(self):
        self.heard = []

    async def __call__(self, scope, receive, send):
        for _ in range(2):
            kind = (await receive())["type"]
            self.heard.append(kind)
            await send({"type": f"{kind}.complete"})


def test_an_application_is_told_of_the_end_when_its_server_cannot_listen(run):
    async def main():
        app = Living()
        # It can be bound to, and nobody can listen on it.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            datagrams.bind(("127.0.0.1", 0))
            with pytest.raises(OSError, match="not supported"):
                await twinloop.serve(app, fd=datagrams.fileno())
        assert app.heard == ["lifespan.startup", "lifespan.shutdown"]
        app = Living()
        with pytest.raises(FileNotFoundError):
            await twinloop.serve(app, port=0, ssl_certfile="/nowhere.pem")
        assert app.heard == ["lifespan.startup", "lifespan.shutdown"]

    run(main())


def test_a_port_in_use_is_named(run):
    async def main():
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            with pytest.raises(OSError, match=rf"cannot listen on 127\.0\.0\.1:{port}: Address already in use"):
                await twinloop.serve(hello, port=port, lifespan="off")

    run(main())


@pytest.mark.parametrize(("host", "shown"), [("0.0.0.0", "localhost"), ("::", "[::1]"), ("::1", "[::1]")])
def test_the_url_can_be_opened(run, host, shown):
    async def main():
        async with await twinloop.serve(hello, host=host, port=0, lifespan="off") as server:
            assert server.url == f"http://{shown}:{server.port}"

    run(main())


def test_a_factory_makes_the_application(run):
    async def main():
        async with await twinloop.serve(lambda: hello, factory=True, port=0, lifespan="off") as server:
            assert (await ask(server))[2] == b"hello"
        with pytest.raises(applications.ApplicationError, match="cannot be called"):
            await twinloop.serve(hello, factory=True, port=0)

    run(main())


def test_logs_are_as_was_asked_for(run, capfd):
    names = ("twinloop", "twinloop.error", "twinloop.access")
    before = {name: (logging.getLogger(name).level, list(logging.getLogger(name).handlers)) for name in names}

    async def main(**options):
        async with await twinloop.serve(hello, port=0, lifespan="off", **options) as server:
            await ask(server)

    try:
        run(main(use_colors=True))
        assert "\x1b[32mINFO\x1b[0m:" in capfd.readouterr().out
        run(main(use_colors=False))
        assert "INFO:     127.0.0.1:" in capfd.readouterr().out
        run(main(log_level="warning"))
        assert capfd.readouterr().out == ""
        config = {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"mine": {"format": "MINE %(message)s"}},
            "handlers": {"mine": {"class": "logging.StreamHandler", "formatter": "mine", "stream": "ext://sys.stdout"}},
            "loggers": {"twinloop.access": {"handlers": ["mine"], "level": "INFO", "propagate": False}},
        }
        run(main(log_config=config))
        assert capfd.readouterr().out.startswith("MINE 127.0.0.1:")
        with pytest.raises(ValueError, match="log_level is a number or one of critical, .*, not 'loud'"):
            run(main(log_level="loud"))
    finally:
        for name, (level, handlers) in before.items():
            logger = logging.getLogger(name)
            logger.setLevel(level)
            logger.handlers[:] = handlers
            logger.propagate = True


def test_a_file_does_not_take_the_name_of_a_loaded_module(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    loaded = types.ModuleType("a_loaded_module")
    monkeypatch.setitem(sys.modules, "a_loaded_module", loaded)
    file = tmp_path / "a_loaded_module.py"
    file.write_text("app = 'mine'\nmodule = __import__('sys').modules[__name__]\n")
    assert applications.load(str(file)) == "mine"
    assert sys.modules["a_loaded_module"] is loaded
    # The same file is one module, whose name finds it.
    module = applications.load(f"{file}:module")
    assert applications.load(f"{file}:module") is module and sys.modules[module.__name__] is module
    # A module of the library that nobody has imported is not imported for its name.
    file = tmp_path / "this.py"
    file.write_text("app = 'mine'\n")
    monkeypatch.delitem(sys.modules, "this", raising=False)
    assert applications.load(f"{os.path.relpath(file)}:app") == "mine"
    file = tmp_path / "fails_at_first.py"
    file.write_text("raise ValueError('no')\n")
    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            applications.load(str(file))
