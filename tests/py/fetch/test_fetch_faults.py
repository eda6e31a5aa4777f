"""What a fetch raises when the network fails, and that the table of errors has a class for each kind."""

from __future__ import annotations

import importlib
import re
import ssl
from pathlib import Path

import pytest
import twinloop
from _twinloop.fetch.errors import BY_KIND
from fetch_support import fixtures, talking

TABLE = Path(__file__).parents[3] / "crates/web/src/error.rs"
ROWS = re.findall(r'face\(Kind::(\w+),.*"([\w.]+)"\),$', TABLE.read_text(), re.M)

#: Mistakes of the program or of Twinloop, and what no fetch ends with: these have the exception of the table alone.
NO_FETCH_ERRORS = {"Aborted", "Denied", "Url", "Scheme", "Request", "Full", "Argument", "File", "Internal"}


def test_each_kind_of_failure_has_a_class_that_is_the_tables_too():
    assert {kind for kind, _ in ROWS} == BY_KIND.keys() | NO_FETCH_ERRORS
    for kind, name in ROWS:
        if kind in NO_FETCH_ERRORS:
            continue
        module, _, attribute = name.rpartition(".")
        assert issubclass(BY_KIND[kind], getattr(importlib.import_module(module or "builtins"), attribute)), kind
        error = BY_KIND[kind]("what happened")
        assert isinstance(error, twinloop.FetchError) and "what happened" in str(error)
        assert getattr(twinloop, BY_KIND[kind].__name__) is BY_KIND[kind]


def fails(run, url, error, words, **options):
    async def main():
        with pytest.raises(error) as raised:
            response = await twinloop.fetch(url, **options)
            await response.bytes()
        assert isinstance(raised.value, twinloop.FetchError)
        assert type(raised.value).__module__ == "twinloop"
        assert words in str(raised.value)
        return raised.value

    return run(main())


def test_a_refused_connection(run):
    address = fixtures()["refused"]
    error = fails(run, f"http://{address}/", ConnectionError, f"cannot connect to {address}: ")
    assert error.errno == 111


def test_a_name_without_an_address(run):
    fails(run, "http://no-such-host.invalid/", OSError, "no-such-host.invalid")


def test_a_certificate_that_nobody_trusts(run):
    error = fails(run, f"https://{fixtures()['bad_tls']}/data", ssl.SSLError, "certificate")
    assert isinstance(error, twinloop.FetchCertificateError) and isinstance(error, ssl.SSLCertVerificationError)


def test_tls_with_an_authority_that_is_trusted(run, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", fixtures()["ca_file"])

    async def main():
        response = await twinloop.fetch(f"https://{fixtures()['https']}/data")
        assert (response.http_version, (await response.json())["ok"]) == ("HTTP/2", True)

    run(main())


@pytest.mark.parametrize(
    ("route", "error", "words"),
    [
        ("cut-length", "FetchConnectionError", "was cut"),
        ("cut-chunk", "FetchConnectionError", "was cut"),
        ("bad-chunk", "FetchConnectionError", "not framed as http says"),
    ],
)
def test_a_body_that_is_cut(run, route, error, words):
    url = f"http://{fixtures()['raw']}/{route}"
    error = fails(run, url, getattr(twinloop, error), words)
    assert isinstance(error, ConnectionError) and url in str(error)


def test_a_body_that_is_not_of_its_coding(run):
    url = f"http://{fixtures()['http']}/gzip?size=100000&cut=1"
    fails(run, url, ValueError, f"cannot decode the body of {url}")


@pytest.mark.parametrize(
    ("said", "error", "words"),
    [
        (b"220 mail.example.com ESMTP\r\n\r\n", twinloop.FetchConnectionError, "the answer is not http"),
        (b"", twinloop.FetchConnectionResetError, "the connection was closed before the answer"),
        (
            b"HTTP/1.1 200 OK\r\nconte",
            twinloop.FetchConnectionResetError,
            "the connection was closed before the answer",
        ),
    ],
)
def test_an_answer_that_is_none(run, said, error, words):
    async def talk(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        await writer.drain()

    async def main():
        async with talking(talk) as url:
            with pytest.raises(error, match=words) as raised:
                await twinloop.fetch(url, content=b"x")
            assert isinstance(raised.value, ConnectionError)

    run(main())
