import base64
import json

import pytest
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from server.sandbox import crypto
from server.sandbox.crypto import CipherError, PushCipher, push_signature

TOKEN, APPID, AES_KEY = "AAAAA", "wxba5fad812f8e6fb9", "A" * 43
ENCRYPTED = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR"
    "8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km3"
    "2IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
)
REPLY = "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((TOKEN, "1714036504", "1514711492"), "f464b24fc39322e44b38aa78f5edd27bd1441696"),
        ((TOKEN, "1714037059", "486452656"), "899cf89e464efb63f54ddac96b0a0a235f53aa78"),
        ((TOKEN, "1714112445", "415670741"), "6c5c811b55cc85e0e1b54100749188c20beb3f5d"),
        ((TOKEN, "1714112445", "415670741", ENCRYPTED), "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"),
        ((TOKEN, "1713424427", "415670741", REPLY), "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1"),
    ],
)
def test_official_push_signatures(parts: tuple[str, ...], expected: str) -> None:
    assert push_signature(*parts) == expected


def test_official_push_ciphertexts() -> None:
    cipher = PushCipher(AES_KEY, APPID)
    message = cipher.decrypt(ENCRYPTED)
    assert len(message) == 167
    assert json.loads(message)["debug_str"] == "hello world"
    assert cipher.encrypt(message, b"a8eedb185eb2fecf") == ENCRYPTED
    assert cipher.encrypt(b'{"demo_resp":"good luck"}', b"707722b803182950") == REPLY


@given(st.binary(max_size=200))
def test_push_cipher_opens_what_it_closed(message: bytes) -> None:
    encrypted = PushCipher(AES_KEY, APPID).encrypt(message)
    assert (len(base64.b64decode(encrypted)) % 32, PushCipher(AES_KEY, APPID).decrypt(encrypted)) == (0, message)


@pytest.mark.parametrize(
    "encrypted",
    ["", "no base64!", "AAAA", PushCipher(AES_KEY, "wxsomebodyelse0000").encrypt(b"{}")],
    ids=["nothing", "no base64", "too short", "another app's"],
)
def test_push_cipher_refuses_what_is_not_for_this_app(encrypted: str) -> None:
    with pytest.raises(CipherError):
        PushCipher(AES_KEY, APPID).decrypt(encrypted)


def test_gcm_vector() -> None:
    key = "0123456789abcdef0123456789ABCDEF"
    plain = '{"out_trade_no":"T1","中":1}'.encode()
    expected = "YOZ0/AYhCiKPoeP4ZKU2lztKffXtwuD93dL/Hw8EPaelxtm3l+GnNX6ihVvm"
    assert crypto.gcm_encrypt(key, "abcdefghijkl", "transaction", plain) == expected


def test_session_signature_vector() -> None:
    expected = "7154f9f8b4b76b92f541cbf0e37d48840fa06e5e42da92a6f80168a1516a4735"
    assert crypto.session_signature("tiihtNczf5v6AKRyjwEUhQ==") == expected


def test_only_rsa_keys_are_taken() -> None:
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(ser.Encoding.PEM, ser.PrivateFormat.PKCS8, ser.NoEncryption()).decode()
    public = key.public_key().public_bytes(ser.Encoding.PEM, ser.PublicFormat.SubjectPublicKeyInfo).decode()
    with pytest.raises(ValueError, match="RSA private"):
        crypto.load_private_key(private)
    with pytest.raises(ValueError, match="RSA public"):
        crypto.load_public_key(public)
