"""Serving by TLS: what the scope says of it, keys with passwords, certificates of clients."""

from __future__ import annotations

import asyncio
import pathlib
import shutil
import ssl
import subprocess

import pytest
from serve_support import Client, serving

SERVER = pathlib.Path(__file__).parent.parent / "certificates" / "server.pem"
AUTHORITY = SERVER.with_name("authority.pem")


async def tells(scope, receive, send):
    tls = scope["extensions"]["tls"]
    assert tls["server_cert"].strip() in SERVER.read_text() and "CERTIFICATE" in tls["server_cert"]
    assert tls["client_cert_error"] is None
    body = repr((scope["scheme"], hex(tls["tls_version"]), tls["cipher_suite"] > 0, tls["client_cert_name"]))
    chain = b"".join(each.encode() for each in tls["client_cert_chain"])
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body.encode() + chain})


async def ask(server, context):
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=context, server_hostname="localhost")
    try:
        return (await Client(reader, writer).get())[2].decode()
    finally:
        writer.close()


def openssl(*words):
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make the files by")
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


def test_the_scope_says_what_was_agreed(run, client_tls):
    async def main():
        async with serving(tells, ssl_certfile=SERVER) as server:
            assert server.url.startswith("https://")
            assert await ask(server, client_tls) == "('https', '0x304', True, None)"
            client_tls.maximum_version = ssl.TLSVersion.TLSv1_2
            assert await ask(server, client_tls) == "('https', '0x303', True, None)"

    run(main())


def test_a_client_that_speaks_no_tls_does_not_disturb_the_others(run, client_tls):
    async def main():
        async with serving(tells, ssl_certfile=SERVER) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            assert b"200" not in await reader.read()
            writer.close()
            assert (await ask(server, client_tls)).startswith("('https'")

    run(main())


def test_a_key_may_have_a_password(run, client_tls, tmp_path):
    key = tmp_path / "key.pem"
    openssl("pkey", "-in", SERVER, "-aes256", "-passout", "pass:secret", "-out", key)
    options = {"ssl_certfile": SERVER, "ssl_keyfile": key}

    async def main():
        async with serving(tells, ssl_keyfile_password="secret", **options) as server:
            assert (await ask(server, client_tls)).startswith("('https'")
        for password in (None, "wrong"):
            with pytest.raises(ValueError, match="cannot use the private key"):
                await serving(tells, ssl_keyfile_password=password, **options).__aenter__()

    run(main())


def test_clients_show_certificates_if_they_are_asked_to(run, client_tls, tmp_path):
    authority, request, certificate, key = (tmp_path / name for name in ("ca", "request", "certificate", "key"))
    authority_key = tmp_path / "ca_key"
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
    openssl("req", "-x509", *curve, "-keyout", authority_key, "-out", authority, "-subj", "/CN=an authority")
    openssl("req", *curve[:-2], "-keyout", key, "-out", request, "-subj", "/C=DE/O=A, B/CN= a client")
    sign = ("-CA", authority, "-CAkey", authority_key, "-CAcreateserial", "-days", "2")
    extensions = tmp_path / "extensions"
    extensions.write_text("extendedKeyUsage=clientAuth\nsubjectAltName=DNS:client\n")
    openssl("x509", "-req", "-in", request, *sign, "-extfile", extensions, "-out", certificate)
    known = ssl.create_default_context(cafile=str(AUTHORITY))
    known.load_cert_chain(certificate, key)
    options = {"ssl_certfile": SERVER, "ssl_ca_certs": authority}

    async def main():
        async with serving(tells, **options, ssl_cert_reqs=ssl.CERT_REQUIRED) as server:
            answer = await ask(server, known)
            assert answer.startswith(r"""('https', '0x304', True, 'CN=\\ a client,O=A\\, B,C=DE')""")
            assert certificate.read_text().strip() in answer
            with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
                await ask(server, client_tls)
        async with serving(tells, **options, ssl_cert_reqs=ssl.CERT_OPTIONAL) as server:
            assert "CN=" in await ask(server, known)
            assert await ask(server, client_tls) == "('https', '0x304', True, None)"

    run(main())


def test_websockets_go_by_tls(run, client_tls):
    connect = pytest.importorskip("websockets.asyncio.client").connect

    async def application(scope, receive, send):
        assert scope["scheme"] == "wss" and scope["extensions"]["tls"]["tls_version"] == 0x304
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": (await receive())["text"]})

    async def main():
        async with serving(application, ssl_certfile=SERVER) as server:
            async with connect(f"wss://localhost:{server.port}", ssl=client_tls) as client:
                await client.send("x" * 100_000)
                assert await client.recv() == "x" * 100_000

    run(main())


def test_http_2_is_spoken_with_who_asks_for_it(run):
    curl = shutil.which("curl")
    if curl is None or "HTTP2" not in subprocess.run([curl, "-V"], capture_output=True, text=True, check=True).stdout:
        pytest.skip("there is no curl that speaks HTTP/2")

    async def application(scope, receive, send):
        body = (await receive())["body"] + scope["http_version"].encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": dict(scope["headers"])[b"host"]})

    async def main():
        async with serving(application, ssl_certfile=SERVER) as server:
            address = f"localhost:{server.port}"
            words = ["-s", "--http2", "--cacert", str(AUTHORITY), "-d", "hello ", f"https://{address}/"]
            process = await asyncio.create_subprocess_exec(curl, *words, stdout=subprocess.PIPE)
            assert (await process.communicate())[0].decode() == f"hello 2{address}"

    run(main())
