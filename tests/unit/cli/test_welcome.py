"""What a start says."""

from dataclasses import replace
from pathlib import Path

import pytest

from entrepot.cli.welcome import exposure, welcome
from entrepot.config import Settings
from entrepot.config.auth import AuthSettings, HtpasswdSettings
from entrepot.config.http import HttpSettings
from entrepot.config.storage import FilesystemSettings, StorageSettings
from entrepot.config.tls import LetsEncryptSettings, TlsSettings

FILES = StorageSettings(filesystem=FilesystemSettings(rootdirectory="/srv/data"))
TLS = TlsSettings(certificate="/c.pem", key="/k.pem")


def _settings(http: HttpSettings) -> Settings:
    return Settings(storage=FILES, http=http)


def test_a_first_start_says_where_everything_is_and_what_to_try() -> None:
    text = welcome(_settings(HttpSettings()), None, empty=True)
    assert "http://127.0.0.1:5000/" in text
    assert "/srv/data\n" in text
    assert "/srv/data/entrepot/metadata.db" in text
    assert "the defaults" in text
    assert text.splitlines()[-3:] == [
        "  docker tag hello-world 127.0.0.1:5000/hello-world",
        "  docker push 127.0.0.1:5000/hello-world",
        "  docker pull 127.0.0.1:5000/hello-world",
    ]


def test_a_later_start_teaches_nothing() -> None:
    text = welcome(_settings(HttpSettings()), Path("/etc/c.yml"), empty=False)
    assert "docker" not in text
    assert "/etc/c.yml" in text


@pytest.mark.parametrize(
    ("http", "name"),
    [
        (HttpSettings(addr=":5000"), "127.0.0.1:5000"),
        (HttpSettings(addr="0.0.0.0:80"), "127.0.0.1:80"),
        (HttpSettings(addr="[::1]:5000"), "[::1]:5000"),
        (HttpSettings(addr="registry.lan:443", tls=TLS), "registry.lan:443"),
        (HttpSettings(host="https://registry.example.com"), "registry.example.com"),
    ],
)
def test_docker_is_given_a_name_that_it_can_reach(http: HttpSettings, name: str) -> None:
    assert f"docker push {name}/hello-world" in welcome(_settings(http), None, empty=True)


@pytest.mark.parametrize(
    "http",
    [
        HttpSettings(addr="/run/registry.sock", net="unix"),
        HttpSettings(prefix="/registry/"),
        HttpSettings(addr="127.0.0.1:0"),
    ],
)
def test_nothing_is_suggested_that_docker_cannot_do(http: HttpSettings) -> None:
    assert "docker" not in welcome(_settings(http), None, empty=True)


def test_memory_is_called_memory() -> None:
    settings = Settings(storage=replace(FILES, driver="inmemory"))
    assert (
        welcome(settings, None, empty=False).count("in memory, lost when the registry stops") == 2
    )


@pytest.mark.parametrize("addr", ["127.0.0.1:5000", "localhost:5000", "[::1]:5000", "127.8.8.8:1"])
def test_loopback_is_no_danger(addr: str) -> None:
    assert exposure(_settings(HttpSettings(addr=addr))) is None


@pytest.mark.parametrize("addr", [":5000", "0.0.0.0:5000", "[::]:5000", "10.0.0.1:5000", "host:1"])
def test_the_open_network_is_warned_about(addr: str) -> None:
    open_to_all = exposure(_settings(HttpSettings(addr=addr)))
    assert open_to_all is not None
    assert "without access control" in open_to_all
    assert "unencrypted" in open_to_all
    encrypted = exposure(_settings(HttpSettings(addr=addr, tls=TLS)))
    assert encrypted is not None
    assert "unencrypted" not in encrypted


def test_a_proxy_with_tls_is_not_overlooked() -> None:
    auth = AuthSettings(htpasswd=HtpasswdSettings(realm="Example", path="/no/such/file"))
    http = HttpSettings(addr=":5000", host="https://registry.example.com")
    said = exposure(replace(_settings(http), auth=auth))
    assert said is not None
    assert "let only the proxy of https://registry.example.com reach it" in said


def test_with_tls_only_a_name_that_a_certificate_can_be_for_is_suggested() -> None:
    for addr in (":5000", "10.0.0.1:5000"):
        said = welcome(_settings(HttpSettings(addr=addr, tls=TLS)), None, empty=True)
        assert "docker push" not in said
    acme = replace(TLS, letsencrypt=LetsEncryptSettings(cachefile="/c", hosts=("r.example.com",)))
    said = welcome(_settings(HttpSettings(addr=":443", tls=acme)), None, empty=True)
    assert "docker push r.example.com:443/hello-world" in said
    assert "trusts its certificate" in said


def test_what_clients_call_the_registry_is_said() -> None:
    http = HttpSettings(host="https://registry.example.com")
    assert "for clients    https://registry.example.com" in welcome(
        _settings(http), None, empty=False
    )


def test_a_socket_is_no_danger() -> None:
    assert exposure(_settings(HttpSettings(addr="/run/r.sock", net="unix"))) is None


def test_with_passwords_only_what_travels_in_the_clear_is_warned_about() -> None:
    auth = AuthSettings(htpasswd=HtpasswdSettings(realm="Example", path="/no/such/file"))
    in_the_clear = exposure(replace(_settings(HttpSettings(addr=":5000")), auth=auth))
    assert in_the_clear is not None
    assert "passwords, tokens and images travel unencrypted" in in_the_clear
    assert exposure(replace(_settings(HttpSettings(addr=":5000", tls=TLS)), auth=auth)) is None
