"""Who may speak to a real Redis and a real NATS, and whom they are believed to be: TLS, passwords, tokens, keys and what is forbidden."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import subprocess
import sys

import pytest
from nkeys_support import ACCOUNT, OPERATOR, USER, Key, credentials
from servers_support import RealServer, events_until
from twinloop import BroadcastChannel

#: The second is in no certificate.
HOSTS = ["127.0.0.1", "127.0.0.2"]


@pytest.fixture(scope="module")
def files():
    """Certificates and authorities, made a moment ago."""
    if "FIXTURES" not in os.environ:
        pytest.skip("FIXTURES names no local servers; cargo xtask test starts them")
    return json.loads(os.environ["FIXTURES"])


@pytest.fixture
def serve(tmp_path):
    """Starts servers by their arguments."""
    servers = []

    def start(program, arguments):
        servers.append(RealServer(program, arguments, tmp_path))
        return servers[-1].port

    yield start
    for server in servers:
        server.stop()


def redis(serve, *more):
    return serve(
        "redis-server",
        lambda port, folder: ["--bind", *HOSTS, "--port", str(port), "--dir", folder, "--save", "", *more],
    )


def secure_redis(serve, certificate, authority, *more):
    def arguments(port, folder):
        files = ["--tls-cert-file", certificate, "--tls-key-file", certificate, "--tls-ca-cert-file", authority]
        ports = ["--bind", *HOSTS, "--port", "0", "--tls-port", str(port)]
        return [*ports, "--dir", folder, "--save", "", *files, *more]

    return serve("redis-server", arguments)


def nats(serve, *more):
    return serve("nats-server", lambda port, _folder: ["-a", "127.0.0.1", "-p", str(port), *more])


def configured_nats(serve, tmp_path, text):
    configuration = tmp_path / "nats.conf"
    configuration.write_text(text)
    return nats(serve, "-c", str(configuration))


def secure_nats(serve, certificate, *more):
    return nats(serve, "--tls", "--tlscert", certificate, "--tlskey", certificate, *more)


SPEAKER = """
import sys, twinloop

async def main():
    history = int(sys.argv[2]) or None
    async with twinloop.BroadcastChannel("news", url=sys.argv[1], history=history) as channel:
        channel.post_message("in")

twinloop.run(main())
"""


async def hears(url, history=0):
    """Another process posts through a server, and a channel here hears it."""
    async with BroadcastChannel("news", url=url, history=history or None) as channel:
        speaker = await asyncio.create_subprocess_exec(sys.executable, "-c", SPEAKER, url, str(history))
        assert await anext(channel) == "in"
        assert await speaker.wait() == 0


async def fails(url, error, said, **options):
    with pytest.raises(error, match=said):
        await BroadcastChannel("news", url=url, **options).ready()


@pytest.mark.parametrize("engine", ["redis", "nats"])
def test_tls_is_spoken_and_a_certificate_that_is_not_good_is_named_at_once(run, serve, files, engine):
    good, expired, authority = files["certificate_file"], files["expired_file"], files["ca_file"]
    if engine == "redis":
        port, late = (secure_redis(serve, file, authority, "--tls-auth-clients", "no") for file in (good, expired))
        scheme = "rediss"
    else:
        port, late = (secure_nats(serve, file) for file in (good, expired))
        scheme = "tls"

    async def main():
        await hears(f"{scheme}://localhost:{port}?tlsca={authority}")
        wrong = ssl.SSLCertVerificationError
        await fails(f"{scheme}://localhost:{port}?tlsca={files['stranger_file']}", wrong, "not accepted.*[Ii]ssuer")
        await fails(f"{scheme}://localhost:{late}?tlsca={authority}", wrong, "not accepted.*expired")
        if engine == "redis":
            await fails(f"{scheme}://127.0.0.2:{port}?tlsca={authority}", wrong, "127.0.0.2.* not accepted")
        await fails(f"{scheme}://localhost:{port}?tlsca=/no/such.pem", wrong, "from '/no/such.pem'")

    run(main())


def test_a_certificate_of_ones_own_is_shown_to_a_server_that_asks(run, serve, files):
    good, authority = files["certificate_file"], files["ca_file"]
    urls = [
        f"rediss://localhost:{secure_redis(serve, good, authority)}?tlsca={authority}",
        f"tls://localhost:{secure_nats(serve, good, '--tlsverify', '--tlscacert', authority)}?tlsca={authority}",
    ]

    async def main():
        for url in urls:
            await hears(f"{url}&tlscert={good}&tlskey={good}")
            await fails(
                url, ssl.SSLCertVerificationError, "does not accept the certificate of this side.*Required|BadCert"
            )
            await fails(f"{url}&tlscert={authority}", ssl.SSLCertVerificationError, "key from")

    run(main())


def test_a_nats_that_demands_tls_gets_it_by_any_url_and_one_without_is_left(run, serve, files):
    port = secure_nats(serve, files["certificate_file"], "--user", "me", "--pass", "right")
    plain = nats(serve)

    async def main():
        await hears(f"nats://me:right@localhost:{port}?tlsca={files['ca_file']}")
        await fails(f"nats://me:right@localhost:{port}", ssl.SSLCertVerificationError, "not accepted")
        await fails(f"tls://me:secret@localhost:{plain}", ValueError, "offers no tls")

    run(main())


def test_redis_knows_names_passwords_and_databases(run, serve):
    users = ["--user", "ann", "on", ">p@ss", "~*", "&*", "+@all", "--user", "bob", "on", "nopass", "~*", "&*", "+@all"]
    port = redis(serve, "--requirepass", "right", *users)
    here = f"127.0.0.1:{port}"

    async def main():
        for who in (":right", "default:right", "ann:p%40ss", "bob"):
            await hears(f"redis://{who}@{here}")
        await fails(f"redis://{here}", PermissionError, "NOAUTH")
        await fails(f"redis://ann:wrong@{here}", PermissionError, "WRONGPASS")
        await fails(f"redis://nobody@{here}", PermissionError, "WRONGPASS")
        await fails(f"redis://:right@{here}/99", ValueError, "no database 99.*out of range")
        await fails(f"redis://:right@{here}/first", ValueError, "'first' is no number")
        # A history belongs to a database; what is not kept is heard in all of them.
        await hears(f"redis://:right@{here}/3", history=5)
        async with BroadcastChannel("news", url=f"redis://:right@{here}/3", history=5, since="start") as kept:
            assert await anext(kept) == "in"
        async with (
            BroadcastChannel("news", url=f"redis://:right@{here}/4", history=5, since="start") as other,
            BroadcastChannel("live", url=f"redis://:right@{here}/1") as one,
            BroadcastChannel("live", url=f"redis://:right@{here}/2") as two,
        ):
            other.post_message("first")
            await other.flush()
            async with BroadcastChannel("news", url=f"redis://:right@{here}/4", history=5, since="start") as there:
                assert await anext(there) == "first"
            one.post_message("across")
            assert await anext(two) == "across"

    run(main(), limit_s=60)


def test_nats_knows_tokens_and_keys(run, serve, tmp_path):
    key, other = Key(USER, bytes(range(32))), Key(USER, bytes(32))
    (tmp_path / "seed.nk").write_text(key.seed + "\n")
    (tmp_path / "other.nk").write_text(other.seed)
    (tmp_path / "account.nk").write_text(Key(ACCOUNT, bytes(32)).seed)
    token = nats(serve, "--auth", "s3cret")
    keys = configured_nats(serve, tmp_path, f"authorization: {{ users: [ {{ nkey: {key.name} }} ] }}")

    async def main():
        await hears(f"nats://s3cret@127.0.0.1:{token}")
        await fails(f"nats://wrong@127.0.0.1:{token}", PermissionError, "Authorization Violation")
        await hears(f"nats://127.0.0.1:{keys}?nkey={tmp_path}/seed.nk")
        await fails(f"nats://127.0.0.1:{keys}?nkey={tmp_path}/other.nk", PermissionError, "Authorization Violation")
        await fails(
            f"nats://127.0.0.1:{keys}?nkey={tmp_path}/account.nk", ValueError, "account.nk'.*not that of a user"
        )
        await fails(f"nats://127.0.0.1:{keys}?nkey={tmp_path}/none.nk", OSError, "none.nk'.*No such file")
        await fails(f"nats://127.0.0.1:{keys}", PermissionError, "Authorization Violation")

    run(main(), limit_s=60)


def test_nats_believes_a_signed_statement_until_it_has_ended(run, serve, tmp_path):
    operator, account, user = (
        Key(kind, bytes([number]) * 32) for number, kind in enumerate((OPERATOR, ACCOUNT, USER), 1)
    )
    everything = {"subs": -1, "data": -1, "payload": -1, "version": 2}
    limits = {
        "subs": -1,
        "data": -1,
        "payload": -1,
        "imports": -1,
        "exports": -1,
        "wildcards": True,
        "conn": -1,
        "leaf": -1,
    }
    root = operator.states(operator, {"type": "operator", "version": 2}, name="operator")
    owner = operator.states(account, {"type": "account", "version": 2, "limits": limits}, name="account")
    port = configured_nats(
        serve, tmp_path, f"operator: {root}\nresolver: MEMORY\nresolver_preload: {{ {account.name}: {owner} }}\n"
    )
    claims = {"type": "user", "pub": {}, "sub": {}, **everything}
    written = {
        "good": credentials(account.states(user, claims, name="user"), user),
        "late": credentials(account.states(user, claims, name="user", exp=1700000001), user),
        "strange": credentials(account.states(user, claims, name="user"), Key(USER, bytes([9]) * 32)),
        "empty": "nothing",
    }
    for name, text in written.items():
        (tmp_path / f"{name}.creds").write_text(text)
    url = f"nats://127.0.0.1:{port}?creds={tmp_path}"

    async def main():
        await hears(f"{url}/good.creds")
        await fails(f"{url}/late.creds", PermissionError, "nats refuses: .*(Expired|Authorization Violation)")
        await fails(f"{url}/strange.creds", PermissionError, "Authorization Violation")
        await fails(f"{url}/empty.creds", ValueError, "no seed of an nkey")

    run(main(), limit_s=60)


@pytest.mark.parametrize("engine", ["redis", "nats"])
def test_what_a_user_may_not_do_is_told_to_that_channel_and_stops_no_other(run, serve, tmp_path, engine):
    if engine == "redis":
        port = redis(serve, "--user", "ann", "on", ">right", "resetchannels", "&twinloop:open*", "~*", "+@all")
        said = "NOPERM"
    else:
        permissions = 'publish: ["twinloop.live.open"], subscribe: ["twinloop.live.open", "twinloop.live.deaf"]'
        users = f"{{ user: ann, password: right, permissions: {{ {permissions} }} }}"
        port = configured_nats(serve, tmp_path, f"authorization: {{ users: [ {users} ] }}")
        said = "Permissions Violation"
    url = f"{engine}://ann:right@127.0.0.1:{port}"

    async def main():
        async with (
            BroadcastChannel("open", url=url) as one,
            BroadcastChannel("open", url=url + "/") as two,
        ):
            closed = BroadcastChannel("closed", url=url)
            one.post_message(1)
            closed.post_message("never")
            one.post_message(2)
            assert [await anext(two), await anext(two)] == [1, 2]
            with pytest.raises(PermissionError, match=said):
                await closed.ready()
            assert said in (await events_until(closed, "refused"))[-1].reason
            closed.close()
            one.post_message(3)
            await one.flush()
            assert await anext(two) == 3

    run(main())


def test_javascript_takes_the_same_urls(serve, files, tmp_path):
    if "TWINLOOP" not in os.environ:
        pytest.skip("TWINLOOP names no built command; cargo xtask test sets it")
    port = secure_redis(
        serve, files["certificate_file"], files["ca_file"], "--tls-auth-clients", "no", "--requirepass", "right"
    )
    program = tmp_path / "news.mjs"
    program.write_text(
        """
        const [, , url] = process.argv;
        for (const place of [url, url.replace('right', 'wrong'), url.replace(/tlsca=.*/, '')]) {
          const channel = new BroadcastChannel('news', { url: place });
          await channel.ready.then(() => console.log('open'), (error) => console.log(error.code));
          channel.close();
        }
        """
    )
    url = f"rediss://:right@localhost:{port}?tlsca={files['ca_file']}"
    command = [os.environ["TWINLOOP"], str(program), url]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (shown.stdout, shown.stderr) == ("open\nERR_ACCESS_DENIED\nERR_TLS_CERTIFICATE\n", "")
    # A url does not open files that a program with limits may not.
    limited = [command[0], "--permission", "--allow-net", "--allow-fs-read=*", *command[1:]]
    shown = subprocess.run(limited, capture_output=True, text=True, timeout=60, check=False)
    assert "a program with limits may name no files in a broadcast url" in shown.stderr
