import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from cryptography.x509 import load_pem_x509_certificate

from server.sandbox.crypto import load_private_key as private
from server.sandbox.crypto import load_public_key as public
from server.sandbox.crypto import message_lines, rsa_sign, rsa_verify
from server.sandbox.identity import FILE_NAME, Identity, make_identity
from tests.sandbox.world import pay_client


def test_made_once_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    made = make_identity(folder)
    assert make_identity(folder) == made
    assert ((folder / FILE_NAME).stat().st_mode & 0o777, len(list(folder.iterdir()))) == (0o600, 1)


def test_makers_at_the_same_time_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(make_identity, [tmp_path] * 4))
    assert (len(set(made)), len(list(tmp_path.iterdir()))) == (1, 1)


def test_shapes_are_wechat_s(identity: Identity) -> None:
    assert (identity.appid[:2], len(identity.appid), len(identity.secret)) == ("wx", 18, 32)
    assert (identity.mchid.isdigit(), len(identity.mchid), len(identity.apiv3_key)) == (True, 10, 32)
    assert (len(identity.merchant_serial), len(identity.push_aes_key)) == (40, 43)
    assert identity.platform_public_key_id.startswith("PUB_KEY_ID_01")
    assert identity.merchant_private_key.startswith("-----BEGIN PRIVATE KEY-----")
    certificate = load_pem_x509_certificate(identity.platform_certificate.encode())
    assert len(f"{certificate.serial_number:X}") == 40
    message = message_lines("a", b"b")
    for secret, known in (
        (identity.merchant_private_key, identity.merchant_public_key),
        (identity.platform_private_key, identity.platform_public_key),
    ):
        assert rsa_verify(public(known), message, rsa_sign(private(secret), message))
        assert not rsa_verify(public(known), message + b" ", rsa_sign(private(secret), message))


@pytest.mark.slow
async def test_killed_process_forgets_nothing(tmp_path: Path) -> None:
    identity = make_identity(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    process = start(tmp_path, port)
    try:
        async with (
            httpx.AsyncClient(base_url=base, trust_env=False) as http,
            pay_client(identity, base, f"{base}/nobody") as pay,
        ):
            await http.post("/control/code", json={"openid": "alice"})
            assert (await pay.pay("茶", "ORDER0001", {"total": 1}, {"openid": "alice"}))[0] == 200
            impatient = {"timeout_after_commit": {"count": 1, "op": "close"}, "timeout_hold_s": 0.01}
            await http.post("/control/knobs", json=impatient)
            assert (await pay.pay("茶", "ORDER0002", {"total": 1}, {"openid": "alice"}))[0] == 200
            with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
                await pay.close("ORDER0002")
            paid = (await http.post("/control/pay", json={"out_trade_no": "ORDER0001"})).json()
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)
        process = start(tmp_path, port)
        async with httpx.AsyncClient(base_url=base, trust_env=False) as http:
            state = (await http.get("/control/state", params={"out_trade_no": "ORDER0001"})).json()
        assert state["payments"][0]["transaction_id"] == paid["transaction_id"]
    finally:
        process.terminate()
        process.wait(10)


def start(folder: Path, port: int) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-m", "server.sandbox", str(folder), "--port", str(port)])
    for _ in range(200):
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return process
        time.sleep(0.05)
    process.kill()
    raise AssertionError("the sandbox does not listen")
