"""Finding the file, telling every problem, and never anything but settings or problems."""

import codecs
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.config import LoadedConfiguration
from entrepot.config.document import read_document
from entrepot.config.effective import effective
from entrepot.config.keys import KEYS
from entrepot.config.loader import load
from entrepot.config.lookup import DEFAULT_FILES, PATHS
from entrepot.config.problems import InvalidConfiguration
from tests.unit.config.outcome import outcome

GOOD = "version: 0.1\nstorage:\n  inmemory:\n"


def _write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def _problems(path: Path, **environ: str) -> list[str]:
    with pytest.raises(InvalidConfiguration) as caught:
        load(path, environ, ())
    return [str(problem).replace(str(path), path.name) for problem in caught.value.problems]


def test_the_argument_wins_then_the_variable_then_the_usual_places(tmp_path: Path) -> None:
    argument = _write(tmp_path / "argument.yml", GOOD)
    variable = _write(tmp_path / "variable.yml", GOOD)
    usual = _write(tmp_path / "usual.yml", GOOD)
    places = (tmp_path / "absent.yml", usual)
    environ = {"REGISTRY_CONFIGURATION_PATH": str(variable)}
    assert load(argument, environ, places).source == argument
    assert load(None, environ, places).source == variable
    assert load(None, {}, places).source == usual
    assert load(None, {}, places, look_for_file=False).source is None
    assert load(None, {}, places[:1]).source is None


def test_a_file_that_was_asked_for_must_exist(tmp_path: Path) -> None:
    assert _problems(tmp_path / "absent.yml") == [
        "absent.yml: found nothing, expected a configuration file that can be read"
    ]
    assert "is a directory" in _problems(tmp_path)[0]


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    file = _write(tmp_path / "huge.yml", GOOD + "#" * (1 << 20))
    assert "more than 1 MiB" in _problems(file)[0]


def test_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    loaded = load(None, {}, ())
    assert loaded == LoadedConfiguration(loaded.settings, None, ())
    assert loaded.settings.http.addr == "127.0.0.1:5000"
    assert loaded.settings.storage.filesystem.rootdirectory == str(tmp_path / "registry-data")
    assert loaded.settings.database_path == str(tmp_path / "registry-data/entrepot/metadata.db")


def test_without_a_file_the_data_of_another_registry_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Docker Registry may be serving /var/lib/registry, which root may write."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "access", lambda *_: True)
    monkeypatch.setattr(Path, "is_dir", lambda _: True)
    directory = load(None, {}, ()).settings.storage.filesystem.rootdirectory
    assert directory == str(tmp_path / "registry-data")


def test_a_file_that_cannot_be_looked_at_is_not_passed_over(tmp_path: Path) -> None:
    looped = tmp_path / "loop"
    looped.symlink_to(looped)
    long = tmp_path / ("x" * 300) / "config.yml"  # stat fails for any user, root included
    with pytest.raises(InvalidConfiguration):
        load(None, {}, (long, _write(tmp_path / "c.yml", GOOD)))
    assert load(None, {}, (looped,)).source is None


_PATHS_OF_FILES = """version: 0.1
storage: {filesystem: {rootdirectory: data}}
database: {sqlite: {path: ./m.db}}
auth: {htpasswd: {realm: r, path: users}}
http:
  net: unix
  addr: run/socket
  tls: {certificate: c.pem, key: k.pem, clientcas: [/ca.pem, ca.pem]}
health: {file: [{file: stop}]}
proxies: [{host: a, ca: ca.pem, certificate: /c.pem, key: k.pem, dockerconfig: config.json}]
"""


def test_relative_paths_of_a_file_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = _problems(_write(tmp_path / "c.yml", _PATHS_OF_FILES))
    relative = [problem for problem in found if "an absolute path" in problem]
    assert [problem.split(": ")[1] for problem in relative] == [
        "storage.filesystem.rootdirectory",
        "database.sqlite.path",
        "auth.htpasswd.path",
        "http.addr",
        "http.tls.certificate",
        "http.tls.key",
        "http.tls.clientcas[1]",
        "health.file[0].file",
        "proxies[0].ca",
        "proxies[0].key",
        "proxies[0].dockerconfig",
    ]
    assert relative[0] == (
        f"c.yml:2: storage.filesystem.rootdirectory: found 'data', expected an absolute path,"
        f" such as {tmp_path}/data, the same from every working directory"
    )


def test_every_path_that_may_be_relative_is_a_key() -> None:
    known = {key.path.replace("[]", ".[]") for key in KEYS}
    assert [path for path in PATHS if path.removesuffix(".[]") not in known] == []


def test_the_unit_of_systemd_and_every_command_read_the_same_file() -> None:
    deploy = Path(__file__).parents[3] / "deploy"
    unit = (deploy / "entrepot.service").read_text().splitlines()
    (start,) = [line for line in unit if line.startswith("ExecStart=")]
    assert start.endswith(f" serve --config {DEFAULT_FILES[0]}")
    assert not [line for line in unit if line.startswith("Environment=")]
    root = load(deploy / "config.yml", {}, ()).settings.storage.filesystem.rootdirectory
    assert f"StateDirectory={Path(root).relative_to('/var/lib')}" in unit


def test_a_byte_order_mark_is_no_part_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "c.yml"
    file.write_bytes(codecs.BOM_UTF8 + GOOD.encode())
    assert load(file, {}, ()).settings.storage.driver == "inmemory"


def test_problems_come_in_the_order_of_the_file_and_those_of_the_environment_last(
    tmp_path: Path,
) -> None:
    file = _write(tmp_path / "c.yml", "version: 0.1\nhttp:\n  addr: x\nstorage: floppy\nlgo: {}\n")
    lines = [problem.split(": ")[0] for problem in _problems(file, REGISTRY_LOG_LEVEL="loud")]
    assert lines == ["c.yml:3", "c.yml:4", "c.yml:5", "environment variable REGISTRY_LOG_LEVEL"]


def test_a_half_of_a_key_pair_is_refused(tmp_path: Path) -> None:
    file = _write(tmp_path / "c.yml", GOOD + "http:\n  tls:\n    certificate: /c.pem\n")
    assert _problems(file) == [
        "c.yml:5: http.tls.key: found nothing, expected a file, as http.tls.certificate is set"
    ]


def test_one_address_cannot_serve_twice(tmp_path: Path) -> None:
    file = _write(tmp_path / "c.yml", GOOD + "http:\n  addr: :5000\n  debug:\n    addr: :5000\n")
    assert "another address than http.addr" in _problems(file)[0]


@pytest.mark.parametrize(
    "address", ["5000", "localhost", "localhost:", "[::1]", "::1:5000", "a b:1", ":65536", "[x]:1"]
)
def test_what_is_no_address_is_refused(tmp_path: Path, address: str) -> None:
    file = _write(tmp_path / "c.yml", GOOD + f"http:\n  addr: '{address}'\n")
    assert "expected HOST:PORT" in _problems(file)[0]


def test_a_file_that_expands_without_end_is_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    assert any(
        "too many values" in line for line in _problems(_write(tmp_path / "c", "\n".join(lines)))
    )
    assert "too many" in _problems(_write(tmp_path / "d", "a: &a [*a]"))[0]
    assert "too many levels" in _problems(_write(tmp_path / "e", "[" * 100_000))[0]


def test_settings_reach_a_spawned_worker() -> None:
    loaded = load(None, {"REGISTRY_HTTP_SECRET": "s", "REGISTRY_HEALTH_TCP_0_ADDR": "a:1"}, ())
    assert pickle.loads(pickle.dumps(loaded)) == loaded


def test_a_worker_imports_settings_without_what_reads_them() -> None:
    code = (
        "import sys, entrepot.config; print([m for m in ('pydantic', 'yaml') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_is_shown_is_a_configuration_with_the_same_settings(tmp_path: Path) -> None:
    environ = {
        "REGISTRY_HEALTH_HTTP_0_URI": "https://example.com/",
        "REGISTRY_HEALTH_HTTP_0_TIMEOUT": "1500ms",
        "REGISTRY_HTTP_TLS": "{certificate: /c, key: /k}",
        "REGISTRY_LOG_FIELDS": "{a: b}",
        "REGISTRY_DATABASE_SQLITE_PATH": "/db",
        "REGISTRY_SERVER_WORKERS": "3",
    }
    loaded = load(None, environ, ())
    shown = _write(tmp_path / "shown.yml", yaml.safe_dump(effective(loaded.settings)))
    again = load(shown, {}, ())
    assert again.settings == loaded.settings
    assert again.warnings == ()


def test_secrets_are_not_shown() -> None:
    environ = {
        "REGISTRY_HTTP_SECRET": "hunter2",
        "REGISTRY_HEALTH_HTTP_0_URI": "https://user:hunter2@example.com/",
        "REGISTRY_HEALTH_HTTP_1_URI": "https://hunter2@example.com/x?key=hunter2",
        "REGISTRY_HEALTH_HTTP_2_URI": "https://hun@hunter2@example.com/x?hunter2",
        "REGISTRY_HEALTH_HTTP_0_HEADERS": "{Authorization: [Basic hunter2], X-Api-Key: [hunter2]}",
        "REGISTRY_LOG_FIELDS_PASSWORD": "hunter2",
    }
    loaded = load(None, environ, ())
    assert "hunter2" not in yaml.safe_dump(effective(loaded.settings))
    assert "hunter2" not in repr(loaded.settings.http)


@pytest.mark.parametrize(
    "url", ["https://jo:hun/hunter2@example.com", "ftp://jo:hunter2@x", "http://:x/?key=hunter2"]
)
def test_secrets_of_a_url_that_cannot_be_used_are_not_told(url: str) -> None:
    with pytest.raises(InvalidConfiguration) as refusal:
        load(None, {"REGISTRY_HEALTH_HTTP_0_URI": url}, ())
    assert "hunter2" not in str(refusal.value)


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["10s", "filesystem", "htpasswd", ":5000", "0.1", "[::1]:1", "4MiB"])
)
NAMES = st.sampled_from(
    sorted({part.removesuffix("[]") for key in KEYS for part in key.path.split(".")})
) | st.text(max_size=5)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=25,
)


YAML_LIKE = st.text("ab:-[]{}&*<!|>'\"#%@, \n\t0.1", max_size=60)


def _taken_or_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert outcome(path, {})


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(tree=TREES)
def test_any_tree_is_taken_or_refused(tmp_path: Path, tree: object) -> None:
    whole = {"version": 0.1, **tree} if isinstance(tree, dict) else tree
    _taken_or_refused(tmp_path / "c.yml", yaml.safe_dump(whole).encode())


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(
    content=st.binary(max_size=200)
    | st.text("ab:-[]{}&*<!|>'\"#%@, \n\t0.1", max_size=60).map(str.encode)
)
def test_any_bytes_are_taken_or_refused(tmp_path: Path, content: bytes) -> None:
    _taken_or_refused(tmp_path / "c.yml", content)


@given(SCALARS.filter(lambda value: isinstance(value, str)))
def test_scalars_stay_the_text_that_was_written(text: str) -> None:
    document = read_document("x", yaml.safe_dump({"a": text}))
    assert document.problems == []
    assert document.tree == {"a": text}


@pytest.mark.parametrize(
    ("url", "host", "ttl", "maxage"),
    [
        ("https://registry-1.docker.io", "docker.io", "168h", 604_800.0),
        ("https://index.docker.io/", "docker.io", "0", None),
        ("http://10.0.0.5:5000", "10.0.0.5:5000", "24h", 86_400.0),
    ],
)
def test_proxy_is_a_mirror_of_everything(
    tmp_path: Path, url: str, host: str, ttl: str, maxage: float | None
) -> None:
    file = tmp_path / "config.yml"
    file.write_text(f"version: 0.1\nstorage: inmemory\nproxy: {{remoteurl: {url}, ttl: {ttl}}}\n")
    whole = load(file, {}).settings.mirrors.whole
    assert whole is not None
    assert (whole.host, whole.remoteurl) == (host, (url.rstrip("/"),))
    assert (whole.ttl, whole.maxage) == (0.0, maxage)


@pytest.mark.parametrize(
    ("sections", "problem"),
    [
        ("proxy: {remoteurl: docker.io}", "proxy.remoteurl: found 'docker.io', expected a URL"),
        (
            "proxy: {remoteurl: 'https://a'}\nproxies: [{host: b}]",
            "proxies: found proxies, expected this key to be left out",
        ),
        (
            "proxy: {remoteurl: 'https://alice:hunter2@a'}",
            "proxy.remoteurl: found 'https://********@a', expected a URL such as",
        ),
        (
            "proxies: [{host: a, remoteurl: ['https://b', 'https://alice:hunter2@c']}]",
            "expected a URL such as https://registry-1.docker.io, with its user in username",
        ),
        ("proxies: [{host: Bad Host}]", "proxies[0].host: found 'Bad Host', expected a host"),
        ("proxies: [{host: a/b}]", "proxies[0].host: found 'a/b', expected a host"),
        ("proxies: [{host: a}, {host: a}]", "proxies[1].host: found 'a', expected another host"),
        (
            "proxies: [{host: a, default: true}, {host: b, default: true}]",
            "proxies[1].default: found true, expected one default",
        ),
        (
            "pulls: {enabled: false}\nproxies: [{host: a, maxage: 3d}]",
            "proxies[0].maxage: found maxage, expected pulls.enabled: true",
        ),
    ],
)
def test_mirrors_that_contradict_each_other_are_refused(
    tmp_path: Path, sections: str, problem: str
) -> None:
    file = tmp_path / "config.yml"
    file.write_text(f"version: 0.1\nstorage: inmemory\n{sections}\n")
    with pytest.raises(InvalidConfiguration) as error:
        load(file, {})
    assert problem in str(error.value)
    assert "hunter2" not in str(error.value)


def test_passwords_of_upstreams_are_in_no_representation(tmp_path: Path) -> None:
    file = tmp_path / "config.yml"
    upstream = "host: a, username: alice, password: hunter2"
    file.write_text(f"version: 0.1\nstorage: inmemory\nproxies: [{{{upstream}}}]\n")
    settings = load(file, {}).settings
    assert settings.proxies[0].password == "hunter2"
    assert "hunter2" not in repr(settings)
