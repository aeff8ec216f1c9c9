"""Configuration files in the forms found in the wild, and what each gives, word for word."""

from pathlib import Path

import pytest

from entrepot.config import Settings
from entrepot.config.addresses import TcpAddress, UnixAddress
from entrepot.config.loader import load
from entrepot.config.problems import InvalidConfiguration

CORPUS = Path(__file__).parent / "corpus"


def _expectations() -> dict[str, list[str]]:
    rows: dict[str, list[str]] = {}
    for line in (CORPUS / "expected.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            rows[line.removeprefix("## ")] = []
        elif line and not line.startswith("#"):
            rows[list(rows)[-1]].append(line)
    return rows


EXPECTATIONS = _expectations()


def environment_of(name: str) -> dict[str, str]:
    """The variables beside a file of the corpus."""
    file = CORPUS / f"{name}.env"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return dict(line.split("=", 1) for line in lines)


def test_every_file_has_its_expectation() -> None:
    assert sorted(EXPECTATIONS) == sorted(file.stem for file in CORPUS.glob("*.yml"))
    assert len(EXPECTATIONS) >= 25


@pytest.mark.parametrize("name", sorted(EXPECTATIONS))
def test_file_gives_what_is_expected(name: str) -> None:
    file = CORPUS / f"{name}.yml"
    try:
        loaded = load(file, environment_of(name), ())
    except InvalidConfiguration as error:
        found = [f"problem {problem}" for problem in error.problems]
    else:
        found = [f"warning {warning}" for warning in loaded.warnings]
        found += [f"remark {remark}" for remark in loaded.remarks]
        assert loaded.source == file
    assert [line.replace(str(file), file.name) for line in found] == EXPECTATIONS[name]


def _settings(name: str) -> Settings:
    return load(CORPUS / f"{name}.yml", environment_of(name), ()).settings


def test_the_image_of_docker_registry_2_is_read_as_it_was_meant() -> None:
    settings = _settings("image-2.8")
    assert settings.storage.filesystem.rootdirectory == "/var/lib/registry"
    assert settings.database_path == "/var/lib/registry/entrepot/metadata.db"
    assert settings.http.listen == TcpAddress("", 5000)
    assert settings.http.headers == {"X-Content-Type-Options": ("nosniff",)}
    assert settings.log.fields == {"service": "registry"}
    assert settings.health.storagedriver.enabled
    assert settings.health.storagedriver.threshold == 3


def test_the_chart_takes_its_driver_from_the_environment() -> None:
    settings = _settings("helm-chart")
    assert settings.storage.driver == "filesystem"
    assert settings.storage.delete.enabled
    assert settings.http.secret == "Zk3bP0s8kRgq"


def test_a_web_interface_is_allowed_by_headers_from_the_environment() -> None:
    headers = _settings("compose-web-ui").http.headers
    assert headers["access-control-allow-origin"] == ("*",)
    assert headers["access-control-allow-credentials"] == ("true",)
    assert headers["access-control-allow-methods"] == ("HEAD", "GET", "OPTIONS", "DELETE")


def test_a_socket_behind_a_proxy() -> None:
    http = _settings("behind-proxy").http
    assert http.listen == UnixAddress("/run/registry/registry.sock")
    assert (http.prefix, http.host, http.relativeurls) == (
        "/registry/",
        "https://example.com",
        True,
    )
    assert http.draintimeout == 300.0
    assert http.trustedproxies == ("10.1.0.0/16",)
    assert _settings("behind-proxy").tags.maxtags == 1000


def test_the_sections_of_entrepot() -> None:
    settings = _settings("entrepot-sections")
    assert settings.database_path == "/var/lib/entrepot/metadata.db"
    assert settings.server.workers == 4
    assert settings.server.timeouts.body == 120.0
    assert settings.server.limits.header == 32 * 1024
    assert settings.server.limits.manifest == 8 * 1024 * 1024
    assert settings.http.listen == TcpAddress("::1", 5000)


def test_checks_of_the_section_health() -> None:
    health = _settings("health-checks").health
    assert health.file[0].interval == 10.0
    assert health.http[0].timeout == 1.5
    assert health.http[0].statuscode == 204
    assert health.tcp[0].addr == "[2001:db8::1]:6379"
    assert "QWxh" not in repr(health)


def test_aliases_and_merges() -> None:
    file = _settings("anchors").health.file
    assert [(check.file, check.interval) for check in file] == [
        ("/run/drain", 30.0),
        ("/run/stop", 30.0),
    ]
