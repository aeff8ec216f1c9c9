"""What a key is called in the `kid` of a token: every name that Docker Registry knows it by."""

import base64
import hashlib
import json

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from entrepot.config.token_keys import PublicKey

_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
# x and y of each curve's generator, as big numbers. Docker Registry 3 hashes these in place of a
# key's own, so that it and its token servers call every key of a curve by one name.
_GENERATORS = {
    "P-256": (
        "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    ),
    "P-384": (
        "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a38"
        "5502f25dbf55296c3a545e3872760ab7",
        "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c0"
        "0a60b1ce1d7e819d7a431d7c90ea0e5f",
    ),
    "P-521": (
        "c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe"
        "1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66",
        "011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640"
        "c550b9013fad0761353c7086a272c24088be94769fd16650",
    ),
}


def public_jwk(key: PublicKey) -> dict[str, str]:
    """Write a public key as the members of a JSON Web Key that its thumbprint is made of.

    Raises:
        ValueError: it is of a kind that signs no tokens.
    """
    if isinstance(key, RSAPublicKey):
        numbers = key.public_numbers()
        return {"e": _number(numbers.e), "kty": "RSA", "n": _number(numbers.n)}
    if isinstance(key, EllipticCurvePublicKey):
        curve = _CURVES.get(key.curve.name)
        if curve is None:
            raise ValueError(f"tokens are not signed with the curve {key.curve.name}")
        point, size = key.public_numbers(), (key.key_size + 7) // 8
        return {"crv": curve, "kty": "EC", "x": _number(point.x, size), "y": _number(point.y, size)}
    if isinstance(key, Ed25519PublicKey):
        raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return {"crv": "Ed25519", "kty": "OKP", "x": encode_base64url(raw)}
    raise ValueError("tokens are not signed with keys of this kind")


def thumbprint(jwk: dict[str, str]) -> str:
    """Give a key's name by RFC 7638.

    Args:
        jwk: the members that RFC 7638 asks for, as `public_jwk` gives them.
    """
    written = json.dumps(jwk, separators=(",", ":"), sort_keys=True)
    return encode_base64url(hashlib.sha256(written.encode()).digest())


def libtrust_name(key: PublicKey) -> str:
    """Give a key's name as Docker Registry 2.8 has it, such as `PYYO:TEWU:V7JH:…`."""
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    text = base64.b32encode(hashlib.sha256(der).digest()[:30]).decode()
    return ":".join(text[at : at + 4] for at in range(0, len(text), 4))


def key_names(key: PublicKey) -> tuple[str, ...]:
    """Give every name that a token may call a key by.

    Raises:
        ValueError: it is of a kind that signs no tokens.
    """
    jwk = public_jwk(key)
    names = [thumbprint(jwk), libtrust_name(key)]
    if jwk["kty"] == "EC":
        x, y = (encode_base64url(bytes.fromhex(at)) for at in _GENERATORS[jwk["crv"]])
        names.append(thumbprint({**jwk, "x": x, "y": y}))
    elif jwk["kty"] == "OKP":
        names.append(thumbprint({**jwk, "kty": "OTP"}))
    return tuple(names)


def encode_base64url(content: bytes) -> str:
    """Write bytes as JSON Web Tokens have them."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _number(value: int, size: int | None = None) -> str:
    return encode_base64url(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))
