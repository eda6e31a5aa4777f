"""What the Python tests share: running a coroutine on Twinloop's loop, TLS contexts, and counting descriptors."""

from __future__ import annotations

import asyncio
import gc
import os
import pathlib
import signal
import ssl

import pytest
import twinloop

CERTIFICATES = pathlib.Path(__file__).parent / "certificates"


@pytest.fixture
def loop():
    """A fresh loop, closed afterwards."""
    event_loop = twinloop.new_event_loop()
    yield event_loop
    event_loop.close()


@pytest.fixture
def run():
    """Runs a coroutine on a fresh loop, with a proof that it is ours and a limit in time."""

    def run_coroutine(coroutine, *, limit_s=30, debug=None):
        async def bounded():
            assert isinstance(asyncio.get_running_loop(), twinloop.EventLoop)
            return await asyncio.wait_for(coroutine, limit_s)

        return twinloop.run(bounded(), debug=debug)

    return run_coroutine


@pytest.fixture
def errors():
    """Collects what is reported to the exception handler of each loop it is given."""

    class Errors(list):
        def collect(self, event_loop):
            event_loop.set_exception_handler(self.report)

        def report(self, _loop, context):
            self.append(context)
            # A handle describes its callback until the report is over.
            self.handles.append(repr(context.get("handle")))

    collected = Errors()
    collected.handles = []
    return collected


@pytest.fixture
def server_tls():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "server.pem")
    return context


@pytest.fixture
def client_tls():
    return ssl.create_default_context(cafile=str(CERTIFICATES / "authority.pem"))


def open_descriptors() -> int:
    """How many descriptors the process has open, after a collection."""
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


@pytest.fixture
def count_descriptors():
    return open_descriptors


@pytest.fixture(params=["direct", "memory-bio"])
def way(request, monkeypatch):
    """How TLS connections reach the library."""
    monkeypatch.setattr("_twinloop.transports.tls.direct", request.param == "direct")
    return request.param


# A runner that was started in the background ignores SIGINT, and its children would too: those of tests must not.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
