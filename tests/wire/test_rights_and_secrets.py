"""Secrets that came in by any way come out by none: logs, errors, metrics, settings, files."""

import http.client
import subprocess
from base64 import b64encode
from pathlib import Path

import pytest
import yaml

from tests.ports import free_port
from tests.waiting import PATIENCE
from tests.wire.harness.guarded import RULES, basic, htpasswd, password_of
from tests.wire.harness.server import PROGRAM, Registry

SECRETS = {
    "a password that is right": password_of("alice"),
    "a password that is wrong": "hunter2-wrong-password",
    "a token in a query": "hunter2-in-a-query",
    "a bearer token": "hunter2.bearer.token",
    "a password in a form": "hunter2-in-a-form",
    "a refresh token": "hunter2-refresh-token",
    "a name that is a password": "hunter2-as-a-name",
    "a secret of the configuration": "hunter2-http-secret",
    "a wrong secret beside a user of a URL": "hunter2-referer",
}


class Told:
    """A registry that was told all of these, and everything that it has said since."""

    def __init__(self, folder: Path) -> None:
        self.debug_port = free_port()
        changes = {
            "log": {"level": "debug"},
            "auth": htpasswd(folder),
            "access": {"enabled": True, "rules": RULES},
            "http": {
                "secret": SECRETS["a secret of the configuration"],
                "debug": {
                    "addr": f"127.0.0.1:{self.debug_port}",
                    "prometheus": {"enabled": True},
                },
            },
        }
        self.folder = folder
        self.registry = Registry(folder, changes)
        self.registry.start()
        self.answers: list[bytes] = []
        self._tell()
        self.metrics = self._pages()

    def _tell(self) -> None:
        right = basic("alice")
        wrong = basic("alice", SECRETS["a password that is wrong"])
        token = self.ask("GET", "/auth/token?scope=repository:a:pull", right)
        self.token = yaml.safe_load(token)["token"]
        for header in (
            right,
            wrong,
            basic(SECRETS["a name that is a password"], "x"),
            f"Basic {b64encode(SECRETS['a password that is wrong'].encode()).decode()}",
            f"Bearer {SECRETS['a bearer token']}",
            f"Bearer {self.token}",
            f"Hunter2 {SECRETS['a bearer token']}",
        ):
            for path in (
                "/v2/",
                "/v2/secret/app/manifests/v1",
                "/v2/NO/manifests/v1",
                "/auth/token",
            ):
                self.ask("GET", path, header)
        query = SECRETS["a token in a query"]
        self.ask("GET", f"/v2/a/blobs/uploads/?token={query}&password={query}", "")
        self.ask("GET", f"/auth/token?refresh_token={query}", "")
        for form in (
            f"grant_type=password&username=alice&password={SECRETS['a password in a form']}",
            f"grant_type=refresh_token&refresh_token={SECRETS['a refresh token']}",
            f"grant_type=nonsense&password={SECRETS['a password in a form']}",
        ):
            self.ask("POST", "/auth/token", "", f"{form}&service=entrepot&client_id=x")

    def ask(self, method: str, path: str, header: str, form: str | None = None) -> bytes:
        """Send a request and keep all of the answer."""
        headers = {"Referer": f"http://alice:{SECRETS['a wrong secret beside a user of a URL']}@h/"}
        if header:
            headers["Authorization"] = header
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = http.client.HTTPConnection(self.registry.authority, timeout=PATIENCE)
        try:
            connection.request(method, path, form, headers)
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        if not (path.startswith("/auth/token") and response.status == 200):
            self.answers.append(body + str(response.getheaders()).encode())
        return body

    def _pages(self) -> bytes:
        """Everything that the debug address shows."""
        shown = b""
        for path in ("/metrics", "/debug/health", "/debug/vars"):
            connection = http.client.HTTPConnection(
                f"127.0.0.1:{self.debug_port}", timeout=PATIENCE
            )
            try:
                connection.request("GET", path)
                shown += connection.getresponse().read()
            finally:
                connection.close()
        return shown


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    told = Told(tmp_path_factory.mktemp("told"))
    assert told.registry.stop() == 0
    return told


@pytest.mark.parametrize("what", SECRETS)
def test_is_nowhere(told: Told, what: str) -> None:
    secret = SECRETS[what].encode()
    forms = {secret, b64encode(secret), secret.replace(b" ", b"%20").replace(b"'", b"%27")}
    shown = {
        "log": told.registry.log.read_bytes(),
        "answers": b"".join(told.answers),
        "metrics": told.metrics,
        "databases": b"".join(
            file.read_bytes() for file in told.registry.data.rglob("*.db*") if file.is_file()
        ),
    }
    for place, content in shown.items():
        assert content, f"nothing was looked at: {place}"
        for form in forms:
            assert form not in content, f"{what} is in the {place}"


def test_nor_is_a_token_that_was_made(told: Told) -> None:
    signature = told.token.rpartition(".")[2].encode()
    assert signature not in told.registry.log.read_bytes()
    assert signature not in b"".join(told.answers)


def test_the_log_names_users_who_are_known(told: Told) -> None:
    lines = told.registry.log.read_text().splitlines()
    assert any(" - alice [" in line and '"GET /v2/ ' in line for line in lines)


@pytest.mark.parametrize("command", [("show",), ("show", "--json"), ("check",)])
def test_settings_are_shown_without_them(told: Told, command: tuple[str, ...]) -> None:
    name, *options = command
    ended = subprocess.run(
        [PROGRAM, "config", name, told.folder / "config.yml", *options],
        check=True,
        capture_output=True,
        text=True,
    )
    assert "htpasswd" in ended.stdout or name == "check"
    for secret in SECRETS.values():
        assert secret not in ended.stdout + ended.stderr
