"""``REGISTRY_*`` overrides, as Docker Registry applies them."""

from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from entrepot.config import LoadedConfiguration, Settings
from entrepot.config.auth import HtpasswdSettings
from entrepot.config.loader import load
from entrepot.config.problems import InvalidConfiguration
from tests.unit.config.outcome import outcome


def _loaded(**environ: str) -> LoadedConfiguration:
    return load(None, {f"REGISTRY_{name}": value for name, value in environ.items()}, ())


def _settings(**environ: str) -> Settings:
    return _loaded(**environ).settings


def _problems(**environ: str) -> list[str]:
    with pytest.raises(InvalidConfiguration) as caught:
        _loaded(**environ)
    return [str(problem) for problem in caught.value.problems]


def test_values_are_yaml() -> None:
    settings = _settings(
        HTTP_HEADERS="{X-A: [b, c]}", STORAGE_DELETE_ENABLED="yes", HTTP_DRAINTIMEOUT="5s"
    )
    assert settings.http.headers == {"X-A": ("b", "c")}
    assert settings.storage.delete.enabled
    assert settings.http.draintimeout == 5.0


def test_a_text_setting_keeps_the_text_that_looks_like_something_else() -> None:
    assert _settings(HTTP_SECRET="0123").http.secret == "0123"
    assert _settings(HTTP_SECRET="yes").http.secret == "yes"


def test_a_whole_section_comes_before_its_parts() -> None:
    settings = _settings(STORAGE_FILESYSTEM_ROOTDIRECTORY="/data", STORAGE="filesystem")
    assert settings.storage.filesystem.rootdirectory == "/data"


def test_a_driver_without_a_value() -> None:
    assert _settings(STORAGE="inmemory").storage.driver == "inmemory"
    assert _settings(STORAGE_INMEMORY="").storage.driver == "inmemory"
    assert _settings(STORAGE_INMEMORY="").database_path is None


def test_into_a_list_by_index() -> None:
    settings = _settings(
        HEALTH_TCP_0_ADDR="a:1", HEALTH_TCP_1_ADDR="b:2", HEALTH_TCP_1_INTERVAL="3s"
    )
    assert [(check.addr, check.interval) for check in settings.health.tcp] == [
        ("a:1", 10.0),
        ("b:2", 3.0),
    ]


def test_into_a_list_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "config.yml"
    file.write_text(
        "version: 0.1\nstorage: inmemory\nhttp: {trustedproxies: [10.0.0.0/8, 10.1.1.1]}\n"
    )
    loaded = load(file, {"REGISTRY_HTTP_TRUSTEDPROXIES_1": "192.0.2.7"})
    assert loaded.settings.http.trustedproxies == ("10.0.0.0/8", "192.0.2.7/32")


def test_an_index_beyond_the_next_is_refused() -> None:
    assert _problems(HEALTH_TCP_2_ADDR="a:1") == [
        "environment variable REGISTRY_HEALTH_TCP_2_ADDR: health.tcp: found '2',"
        " expected the index of an item, or the next free one"
    ]


def test_the_names_that_docker_registry_has_for_variables_work() -> None:
    assert _settings(HEALTH_FILECHECKERS_0_FILE="/x").health.file[0].file == "/x"
    assert _settings(HEALTH_FILE_0_FILE="/x").health.file[0].file == "/x"


def test_an_existing_name_is_found_in_any_case(tmp_path: Path) -> None:
    file = tmp_path / "config.yml"
    file.write_text("version: 0.1\nstorage: inmemory\nhttp:\n  headers:\n    X-Old: [a]\n")
    loaded = load(file, {"REGISTRY_HTTP_HEADERS_X-OLD": "[b]"})
    assert loaded.settings.http.headers == {"X-Old": ("b",)}


def test_strangers_are_warned_about() -> None:
    loaded = _loaded(
        AUTH_FILE="/root/auth.json",
        URL="http://registry:5000",
        PORT_5000_TCP="tcp://10.0.0.1:5000",
        AUTH_PORT_5001_TCP_ADDR="10.0.0.1",
        STORAGE_SERVICE_HOST="10.0.0.1",
        HTTP_ADR=":5000",
        VERSION="2.8.3",
    )
    assert loaded.settings == _settings()
    told = " ".join(loaded.warnings + loaded.remarks)
    for name in ("AUTH_FILE", "URL", "PORT_5000_TCP", "AUTH_PORT_5001_TCP_ADDR", "HTTP_ADR"):
        assert f"REGISTRY_{name}" in told


def test_a_slip_in_a_variable_is_answered_with_the_right_name() -> None:
    (warning,) = _loaded(HTTP_ADR=":5000").warnings
    assert warning.endswith("has no effect; did you mean REGISTRY_HTTP_ADDR?")
    (problem,) = _problems(STORAGE_FILESYSTM_ROOTDIRECTORY="/x")
    assert problem.endswith("did you mean REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY?")
    (warning,) = _loaded(URL="http://registry:5000").warnings
    assert "did you mean" not in warning


def test_the_name_of_an_item_is_no_link_of_another_service() -> None:
    settings = _settings(
        RETENTION_RULES="[{repositories: [a], keep: {last: 1}}]", RETENTION_RULES_0_NAME="mine"
    )
    assert settings.retention.rules[0].name == "mine"
    (remark,) = _loaded(HTTP_NAME="/web/registry").remarks
    assert "other programs" in remark


def test_the_tenth_item_comes_after_the_ninth() -> None:
    settings = _settings(**{f"HEALTH_TCP_{index}_ADDR": f"host:{index}" for index in range(12)})
    assert [check.addr for check in settings.health.tcp] == [f"host:{n}" for n in range(12)]


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1))
@example("@reserved")
@example("a: mapping")
@example("#comment")
@example("a #b")
@example("*alias")
@example("[list")
@example("it's")
@example('"')
def test_a_secret_may_have_any_characters(secret: str) -> None:
    assume(secret not in ("~", "null", "Null", "NULL"))
    assume(len(secret) < 2 or secret[0] != secret[-1] or secret[0] not in "'\"")
    assert _settings(HTTP_SECRET=secret).http.secret == secret


def test_quotes_around_a_text_are_not_of_it() -> None:
    assert _settings(HTTP_ADDR='":5000"').http.addr == ":5000"
    assert _settings(HTTP_SECRET="~").http.secret is None


def test_a_relative_path_is_of_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = _settings(STORAGE_FILESYSTEM_ROOTDIRECTORY="data", DATABASE_SQLITE_PATH="db/m.db")
    assert settings.storage.filesystem.rootdirectory == f"{tmp_path}/data"
    assert settings.database_path == f"{tmp_path}/db/m.db"


@pytest.mark.parametrize("name", ["AUTH_HTPASWD_PATH", "STORAGE_FILESYSTM_ROOTDIRECTORY"])
def test_a_slip_that_would_open_the_registry_or_lose_data_is_refused(name: str) -> None:
    assert _problems(**{name: "/x"}) != []


@pytest.mark.parametrize(
    ("environ", "missing"),
    [
        ({"AUTH": "htpasswd"}, "auth.htpasswd.path"),
        ({"AUTH_TOKEN_REALM": "https://auth.example.com"}, "auth.token.issuer"),
        ({"AUTH_HTPASSWD_PATH": "/htpasswd"}, "auth.htpasswd.realm"),
        ({"AUTH": "{silly: }"}, "auth.silly.service"),
        ({"ACCESS": "{}"}, "access.enabled"),
        ({"ACCESS_PROXY_HEADER": "X-Subject"}, "access.proxy.networks"),
    ],
)
def test_access_control_is_never_ignored(environ: dict[str, str], missing: str) -> None:
    assert any(f" {missing}: found nothing" in problem for problem in _problems(**environ))


def test_a_scheme_may_be_spread_over_variables() -> None:
    settings = _settings(
        AUTH="htpasswd", AUTH_HTPASSWD_REALM="Example", AUTH_HTPASSWD_PATH="/no/such/file"
    )
    assert settings.auth.htpasswd == HtpasswdSettings(realm="Example", path="/no/such/file")
    assert settings.is_protected


def test_no_access_control_may_be_said() -> None:
    assert not _settings(AUTH="none").is_protected


def test_what_is_no_yaml_names_the_variable_and_not_the_value() -> None:
    (problem,) = _problems(LOG_FIELDS_SECRET="@hunter2")
    assert "REGISTRY_LOG_FIELDS_SECRET" in problem
    assert "hunter2" not in problem


def test_an_error_of_a_value_names_the_variable() -> None:
    assert _problems(LOG_LEVEL="loud") == [
        "environment variable REGISTRY_LOG_LEVEL: log.level: found 'loud',"
        " expected one of error, warn, info, debug"
    ]


@given(st.sampled_from(["error", "warn", "info", "debug"]), st.booleans(), st.integers(1, 10**6))
def test_what_is_set_is_in_effect(level: str, delete: bool, limit: int) -> None:
    settings = _settings(
        LOG_LEVEL=level.upper(),
        STORAGE_DELETE_ENABLED=str(delete),
        SERVER_LIMITS_UPLOADS=str(limit),
    )
    assert settings.log.level == level
    assert settings.storage.delete.enabled is delete
    assert settings.server.limits.uploads == limit


NAMES = st.lists(
    st.sampled_from(
        [
            *("HTTP", "STORAGE", "AUTH", "LOG", "HEALTH", "TLS", "TCP", "0", "1", "99999", "FILE"),
            *("ADDR", "HEADERS", "FILESYSTEM", "S3", "TOKEN", "FIELDS", "X-A", "COPY", "STATUS"),
            *("POLL", "DELAY", "PLATFORMLIST", "MANIFESTS", "VALIDATION", "", "é"),
        ]
    ),
    min_size=1,
    max_size=6,
).map(lambda parts: "REGISTRY_" + "_".join(parts))


@given(st.dictionaries(NAMES, st.text(max_size=30) | st.sampled_from(["{a: [b]}", "[1]", "x"])))
def test_any_environment_is_taken_or_refused(environ: dict[str, str]) -> None:
    assert outcome(None, environ)
