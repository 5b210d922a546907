"""`GET /v3/certificates`: the platform certificate; a new merchant has none."""

from server.sandbox import crypto
from server.sandbox.context import Sandbox, rfc3339
from server.sandbox.errors import PayError
from server.sandbox.signing import PayAnswer, PayCall, PayOperation, ok

ASSOCIATED_DATA = "certificate"
_VALID_S = 5 * 365 * 86400


def certificates(sandbox: Sandbox, _: PayCall) -> PayAnswer:
    """Return the certificate, encrypted with the APIv3 key; 404 while the knob `signing` is `public_key`."""
    if sandbox.knobs.now.signing == "public_key":
        raise PayError(404, "RESOURCE_NOT_EXISTS", "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥")
    nonce, now = crypto.random_word(12), sandbox.now()
    pem = sandbox.config.platform_certificate.encode()
    row = {
        "serial_no": sandbox.keys.certificate_serial,
        "effective_time": rfc3339(now - _VALID_S / 2),
        "expire_time": rfc3339(now + _VALID_S / 2),
        "encrypt_certificate": {
            "algorithm": "AEAD_AES_256_GCM",
            "nonce": nonce,
            "associated_data": ASSOCIATED_DATA,
            "ciphertext": crypto.gcm_encrypt(sandbox.config.apiv3_key, nonce, ASSOCIATED_DATA, pem),
        },
    }
    return ok({"data": [row]})


OPERATIONS = (PayOperation("certificates", "GET", "/v3/certificates", certificates),)
