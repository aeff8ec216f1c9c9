"""Every kind of good and bad certificate and key, and what is said of it."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import PrivateFormat, load_pem_private_key

from entrepot.config.tls import TlsSettings
from entrepot.operations.tls.material import Inspection, inspect
from entrepot.operations.tls.private_key import public_bytes
from tests.unit.operations.tls.pairs import PKCS8, TRADITIONAL, Pair, key_pem

PASSPHRASE = "correct horse"
RSA = rsa.generate_private_key(65537, 2048)


def look(pair: Pair, host: str | None = None, **more: Any) -> Inspection:
    settings = TlsSettings(certificate=str(pair.certificate), key=str(pair.key), **more)
    return inspect(settings, host)


def said(inspection: Inspection) -> str:
    return "\n".join([*map(str, inspection.findings), *inspection.warnings])


@pytest.mark.parametrize(
    "private",
    [RSA, ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP384R1())],
    ids=["RSA", "P-256", "P-384"],
)
@pytest.mark.parametrize("form", [PKCS8, TRADITIONAL], ids=["PKCS#8", "PKCS#1 or SEC1"])
@pytest.mark.parametrize("passphrase", [None, PASSPHRASE], ids=["open", "encrypted"])
def test_every_form_of_key_becomes_the_one_that_workers_read(
    tmp_path: Path, private: Any, form: PrivateFormat, passphrase: str | None
) -> None:
    pair = Pair.make(tmp_path, private=private)
    pair.key.write_bytes(key_pem(private, form, passphrase))
    material = look(pair, keypassphrase=passphrase).material
    assert material is not None
    assert material.key.startswith(b"-----BEGIN PRIVATE KEY-----")
    assert public_bytes(load_pem_private_key(material.key, None)) == public_bytes(private)


def test_an_ed25519_key_is_served(tmp_path: Path) -> None:
    assert look(Pair.make(tmp_path, private=ed25519.Ed25519PrivateKey.generate())).material


def test_a_passphrase_is_read_from_the_first_line_of_a_file(tmp_path: Path) -> None:
    pair = Pair.make(tmp_path, private=RSA)
    pair.key.write_bytes(key_pem(RSA, PKCS8, PASSPHRASE))
    file = tmp_path / "passphrase"
    file.write_text(f"{PASSPHRASE}\nanother line\n")
    assert look(pair, keypassphrasefile=str(file)).material


@pytest.mark.parametrize(
    ("passphrase", "words"),
    [
        (None, "found {key}: an encrypted key, expected http.tls.keypassphrasefile"),
        ("wrong", "found {key}: an encrypted key that the passphrase does not open"),
    ],
)
def test_an_encrypted_key_that_cannot_be_opened_is_named_and_the_passphrase_is_not(
    tmp_path: Path, passphrase: str | None, words: str
) -> None:
    pair = Pair.make(tmp_path, private=RSA)
    pair.key.write_bytes(key_pem(RSA, PKCS8, PASSPHRASE))
    inspection = look(pair, keypassphrase=passphrase)
    assert inspection.material is None
    assert words.format(key=pair.key) in said(inspection)
    assert "wrong" not in said(inspection)
    assert PASSPHRASE not in said(inspection)


@pytest.mark.parametrize("content", ["", "\n", None])
def test_a_passphrase_file_without_one_is_named(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "passphrase"
    if content is not None:
        file.write_text(content)
    inspection = look(Pair.make(tmp_path), keypassphrasefile=str(file))
    assert inspection.material is None
    assert f"http.tls.keypassphrasefile: found {file}: " in said(inspection)


@pytest.mark.parametrize(
    ("private", "words"),
    [
        (rsa.generate_private_key(65537, 1024), "an RSA key of 1024 bits"),
        (ec.generate_private_key(ec.SECP521R1()), "an ECDSA key over secp521r1"),
        (dsa.generate_private_key(2048), "DSAPrivateKey"),
    ],
)
def test_a_key_that_the_server_cannot_use_is_named(
    tmp_path: Path, private: Any, words: str
) -> None:
    inspection = look(Pair.make(tmp_path, private=private))
    assert inspection.material is None
    assert words in said(inspection)
    assert "expected RSA of 2048 to 8192 bits, ECDSA over P-256 or P-384" in said(inspection)


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    pair, other = Pair.make(tmp_path), Pair.make(tmp_path, "other")
    inspection = look(Pair(pair.certificate, other.key))
    assert inspection.material is None
    assert "CN=server, which does not belong to the key" in said(inspection)


def test_a_chain_in_the_wrong_order_is_told(tmp_path: Path) -> None:
    pair, ca = Pair.make(tmp_path), Pair.make(tmp_path, "ca", ca=True)
    own = pair.certificate.read_bytes()
    pair.certificate.write_bytes(ca.certificate.read_bytes() + own)
    assert "expected the registry's own certificate first" in said(look(pair))
    pair.certificate.write_bytes(own + ca.certificate.read_bytes())
    assert look(pair).material


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_half_a_certificate_is_none(tmp_path: Path, share: float) -> None:
    pair = Pair.make(tmp_path)
    whole = pair.certificate.read_bytes()
    pair.certificate.write_bytes(whole[: int(len(whole) * share)])
    assert "truncated" in said(look(pair))
    pair.certificate.write_bytes(whole + whole[: int(len(whole) * share)])
    assert look(pair).material is None


def test_half_a_key_is_none(tmp_path: Path) -> None:
    pair = Pair.make(tmp_path)
    pair.key.write_bytes(pair.key.read_bytes()[:100])
    assert f"http.tls.key: found {pair.key}: a truncated private key" in said(look(pair))


def test_files_that_are_no_files_are_named(tmp_path: Path) -> None:
    pair = Pair.make(tmp_path)
    words = said(look(Pair(tmp_path, tmp_path / "missing")))
    assert f"http.tls.certificate: found {tmp_path}: is a directory" in words
    assert f"http.tls.key: found {tmp_path / 'missing'}: no such file" in words
    pair.certificate.write_text("words\n")
    assert "no certificate, expected certificates in PEM form" in said(look(pair))


@pytest.mark.parametrize(
    ("begins", "ends", "words"),
    [(-9, -2, "CN=server, which expired on"), (2, 9, "CN=server, which is not valid before")],
)
def test_dates_are_an_error_that_does_not_stop_a_start(
    tmp_path: Path, begins: float, ends: float, words: str
) -> None:
    inspection = look(Pair.make(tmp_path, begins=begins, ends=ends))
    assert words in said(inspection)
    assert inspection.fatal == ()
    assert inspection.material is not None


def test_what_expires_within_two_weeks_is_told(tmp_path: Path) -> None:
    assert "expires in 13 days" in said(look(Pair.make(tmp_path, ends=13.5)))
    assert "expires in" not in said(look(Pair.make(tmp_path, ends=14.5)))


@pytest.mark.parametrize(
    ("hosts", "host", "words"),
    [
        (("a.example.com",), "https://b.example.com", "is not for b.example.com"),
        (("*.example.com",), "https://b.example.com:5000", None),
        (("*.example.com",), "https://example.com", "is not for example.com"),
        (("10.0.0.5",), "https://10.0.0.5:5000", None),
        ((), None, "has no SAN extension"),
    ],
)
def test_the_name_of_the_registry_is_looked_for_in_the_san_extension(
    tmp_path: Path, hosts: tuple[str, ...], host: str | None, words: str | None
) -> None:
    inspection = look(Pair.make(tmp_path, hosts=hosts), host)
    assert inspection.findings == ()
    if words is None:
        assert "is not for" not in said(inspection)
    else:
        assert words in said(inspection)


def test_a_self_signed_certificate_is_told_of_and_one_of_a_ca_is_not(tmp_path: Path) -> None:
    assert "is self-signed: clients refuse it" in said(look(Pair.make(tmp_path)))
    signing = ec.generate_private_key(ec.SECP256R1())
    ca = Pair.make(tmp_path, "ca", private=signing, ca=True)
    assert said(look(Pair.make(tmp_path, issuer=ca, signing=signing))) == ""


def test_a_key_that_everybody_can_read_is_told_of(tmp_path: Path) -> None:
    pair = Pair.make(tmp_path)
    pair.key.chmod(0o644)
    assert f"http.tls.key: {pair.key} can be read by every user" in said(look(pair))


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ({"ca": True, "begins": -9, "ends": -2}, "CN=ca, which expired on"),
        ({"ca": False}, "CN=ca, which is self-signed and no CA"),
        ({"ca": None}, "CN=ca, which is self-signed and no CA"),
    ],
)
def test_a_bad_ca_of_clients_is_named_with_its_place(
    tmp_path: Path, made: dict[str, Any], words: str
) -> None:
    pair = Pair.make(tmp_path)
    good, bad = Pair.make(tmp_path, "good", ca=True), Pair.make(tmp_path, "ca", **made)
    cas = (str(good.certificate), str(bad.certificate))
    findings = look(pair, clientcas=cas).findings
    assert [finding.key for finding in findings] == [("http", "tls", "clientcas", 1)]
    assert words in findings[0].found


def test_a_root_among_the_cas_of_clients_is_what_roots_are(tmp_path: Path) -> None:
    ca = Pair.make(tmp_path, "ca", ca=True)
    inspection = look(Pair.make(tmp_path), clientcas=(str(ca.certificate),))
    assert inspection.findings == ()
    assert inspection.material is not None
    assert inspection.material.client_cas == ca.certificate.read_bytes()


RSA_SUITES = tuple(
    f"TLS_ECDHE_RSA_WITH_{cipher}"
    for cipher in ("AES_256_GCM_SHA384", "AES_128_GCM_SHA256", "CHACHA20_POLY1305_SHA256")
)


@pytest.mark.parametrize(
    ("private", "suites", "minimum", "refused"),
    [
        (RSA, RSA_SUITES, "tls1.2", False),
        (RSA, RSA_SUITES[:1], "tls1.2", False),
        (None, RSA_SUITES[:1], "tls1.3", False),
        (None, RSA_SUITES, "tls1.2", True),
        (RSA, ("TLS_RSA_WITH_AES_128_CBC_SHA",), "tls1.2", True),
    ],
)
def test_a_list_of_suites_must_have_one_that_goes_with_the_certificate(
    tmp_path: Path, private: Any, suites: tuple[str, ...], minimum: str, refused: bool
) -> None:
    pair = Pair.make(tmp_path, private=private)
    inspection = look(pair, ciphersuites=suites, minimumtls=minimum)
    assert ("http.tls.ciphersuites" in said(inspection)) is refused
    assert (inspection.material is None) is refused
