"""The entry speaks TLS, and a certificate can be renewed without an end of anything."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
from readiness_deploy.keeper.entry import BadEntry, Entry, Tls, context_for

from keeper_data.certificates import certificate
from keeper_data.rig import App, Seen, get, post, rigged, run, until


def _trusting(tls: Tls) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=tls.certificate)


def test_requests_over_tls(tmp_path: Path) -> None:
    tls = certificate(tmp_path, 1)
    body = bytes(range(256)) * 4000

    async def test() -> None:
        app = App(lambda seen: b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(seen.body), bytes(seen.body)))
        async with rigged(app, entry=Entry(tls=tls)) as rig:
            client = await rig.client(ssl=_trusting(tls), server_hostname="entry.test")
            for _ in range(3):
                assert (await client.ask(post(body))).body == body
            assert app.seen[0].one("x-forwarded-proto") == "https"
            assert (await client.ask(get("/", "Connection: close"))).status == 200
            assert await client.ended() == b""

    run(test())


def test_a_client_that_leaves_over_tls_is_noticed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    tls = certificate(tmp_path, 1)

    async def never(seen: Seen) -> bytes:
        await asyncio.sleep(60)
        return b""

    async def test() -> None:
        app = App(never)
        async with rigged(app, entry=Entry(tls=tls)) as rig:
            client = await rig.client(ssl=_trusting(tls), server_hostname="entry.test")
            await client.send(get())
            await until(lambda: app.seen)
            client.close()
            await until(lambda: rig.board.counts("blue")["left"] == 1)

    run(test())
    assert not caplog.records


def test_who_speaks_no_tls_harms_nobody(tmp_path: Path) -> None:
    tls = certificate(tmp_path, 1)

    async def test() -> None:
        async with rigged(App(), entry=Entry(tls=tls)) as rig:
            await rig.raw(get())
            silent = await rig.client()
            client = await rig.client(ssl=_trusting(tls), server_hostname="entry.test")
            assert (await client.ask(get())).status == 200
            silent.close()

    run(test())


def test_a_renewed_certificate_serves_new_connections(tmp_path: Path) -> None:
    tls = certificate(tmp_path, 1)
    old = _trusting(tls)

    async def test() -> None:
        async with rigged(App(), entry=Entry(tls=tls)) as rig:
            before = await rig.client(ssl=old, server_hostname="entry.test")
            assert (await before.ask(get())).status == 200
            certificate(tmp_path, 2)
            rig.proxy.renew()
            after = await rig.client(ssl=_trusting(tls), server_hostname="entry.test")
            assert (await after.ask(get())).status == (await before.ask(get())).status == 200
            assert after.writer.get_extra_info("ssl_object").getpeercert()["serialNumber"] == "02"

            second = _trusting(tls)
            certificate(tmp_path, 3)
            Path(tls.key).write_text("garbage")
            with pytest.raises(BadEntry):
                rig.proxy.renew()
            still = await rig.client(ssl=second, server_hostname="entry.test")
            assert (await still.ask(get())).status == 200

    run(test())


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    one, other = certificate(tmp_path, 1, "one"), certificate(tmp_path, 2, "other")
    with pytest.raises(BadEntry, match=r"one\.pem.*other\.key.*together"):
        context_for(Tls(certificate=one.certificate, key=other.key))
    with pytest.raises(BadEntry, match=r"nowhere\.pem.*not there"):
        context_for(Tls(certificate=str(tmp_path / "nowhere.pem"), key=one.key))


def test_old_versions_are_refused(tmp_path: Path) -> None:
    assert context_for(certificate(tmp_path, 1)).minimum_version is ssl.TLSVersion.TLSv1_2
