"""The commands about users, robots, tokens, groups and rules, as a shell runs them."""

import json
import os
import pty
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from entrepot.cli import program
from tests.unit.cli.program import BIN, make_database

CONFIGURATION = """
version: 0.1
storage:
  filesystem:
    rootdirectory: {root}
access:
  enabled: true
  rules:
    - who: ["group:dev"]
      may: [pull, push, list]
      repositories: ["team/**", "!team/secret/**"]
"""


def run_here(*arguments: str) -> CompletedProcess[str]:
    """Run the program in this process: a hundred starts of Python would take a minute."""
    out, err = StringIO(), StringIO()
    code = 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            program.run(list(arguments), "entrepot")
        except SystemExit as ended:
            code = int(ended.code or 0)
    return CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


class Shell:
    def __init__(self, folder: Path) -> None:
        self.config = folder / "config.yml"
        self.data = folder / "data"
        self.config.write_text(CONFIGURATION.format(root=self.data))
        make_database(self.config)

    def __call__(self, words: str, *more: str) -> CompletedProcess[str]:
        return run_here(*words.split(), *more, "--config", str(self.config))

    def done(self, words: str, *more: str) -> str:
        ended = self(words, *more)
        assert (ended.returncode, ended.stderr.count("error")) == (0, 0), ended.stderr
        return ended.stdout

    def json(self, words: str, *more: str) -> Any:
        return json.loads(self.done(words, *more, "--json"))

    def piped(self, text: str, words: str) -> CompletedProcess[str]:
        return subprocess.run(
            [str(BIN / "entrepot"), *words.split(), "--config", str(self.config)],
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("REGISTRY_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_a_user_is_made_shown_changed_and_removed(shell: Shell) -> None:
    made = shell.json("user add alice --random-password --expires 90d", "--description", "why not")
    assert len(made["made_password"]) == 24
    assert (made["name"], made["admin"], made["description"]) == ("alice", False, "why not")
    assert shell.done("user list").splitlines()[1].startswith("alice  no     no        20")
    shell.done("user disable alice")
    shell.done("user expire alice never")
    shown = shell.json("user show alice")
    assert (shown["disabled"], shown["expires"], shown["tokens"]) == (True, None, [])
    shell.done("user enable alice")
    assert not shell.json("user list")[0]["disabled"]
    assert shell.json("user reset alice --random-password")["made_password"] not in str(made)
    assert shell.json("user remove alice") == {"removed": "alice", "rules_left": []}
    assert shell.json("user list") == []


def test_a_password_is_read_from_stdin_and_is_no_argument(shell: Shell) -> None:
    made = shell.piped("a long password\n", "user add alice --password-stdin")
    assert (made.returncode, made.stdout, made.stderr) == (0, "", "Created user alice.\n")
    assert shell.piped("short\n", "user reset alice --password-stdin").returncode == 1
    assert shell.piped("", "user reset alice --password-stdin").returncode == 1
    asked = shell.piped("a long password\n", "user add bob")
    assert asked.returncode == 2
    assert "--password-stdin" in asked.stderr
    assert shell("user add bob a-long-password").returncode == 2
    assert "password" not in shell("user add bob --password x").stdout


@pytest.mark.parametrize(
    ("typed", "code"), [(["a long one", "a long one"], 0), (["a long one", "another one"], 2)]
)
def test_on_a_terminal_a_password_is_typed_twice_and_not_shown(
    shell: Shell, typed: list[str], code: int
) -> None:
    command = [str(BIN / "entrepot"), "user", "add", "alice", "--config", str(shell.config)]
    process, terminal = pty.fork()
    if process == 0:
        os.execv(command[0], command)
    seen = b""
    for prompt, answer in zip((b"Password for alice: ", b"Repeat it: "), typed, strict=True):
        while not seen.endswith(prompt):
            seen += os.read(terminal, 1000)
        os.write(terminal, f"{answer}\n".encode())
    while True:
        try:
            more = os.read(terminal, 1000)
        except OSError:
            break
        seen += more
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == code, seen
    assert not [answer for answer in typed if answer.encode() in seen]
    assert len(shell.json("user list")) == (1 if code == 0 else 0)


def test_a_token_is_printed_once_alone_and_never_again(shell: Shell) -> None:
    shell.done("user add alice --no-password")
    token = shell.done("token add alice laptop --limit pull:team/**,!team/x --expires 2030-01-31")
    assert token.startswith("ent_pat_")
    assert token.count("\n") == 1
    secret = token.strip()[21:]
    shown = shell.json("token show alice laptop")
    assert shown["limits"] == [{"may": ["pull"], "repositories": ["team/**", "!team/x"]}]
    assert shown["expires"] == "2030-01-31T00:00:00+00:00"
    rotated = shell.done("token rotate alice laptop --overlap 1h").strip()
    assert rotated[:20] == token[:20]
    assert rotated != token.strip()
    for words in ("token list alice", "token show alice laptop", "user show alice"):
        said = shell(words).stdout + shell(words, "--json").stdout
        assert secret not in said
        assert rotated[21:] not in said
    for file in shell.data.rglob("*"):
        assert not file.is_file() or secret.encode() not in file.read_bytes()
    shell.done("token remove alice laptop")
    assert shell.json("token list alice") == []


def test_a_robot_has_a_token_from_its_begin(shell: Shell) -> None:
    shell.done("user add alice --no-password")
    token = shell.done("robot add ci --owner alice --grant pull,push:team/ci/**")
    assert token.startswith("ent_bot_")
    assert shell.done("robot list").splitlines()[1].split()[:3] == [
        "ci",
        "alice",
        "pull,push:team/ci/**",
    ]
    assert shell.json("robot show ci")["tokens"] == ["default"]
    assert shell.done("robot rotate ci --overlap 0s").strip() != token.strip()
    assert shell.json("robot disable ci") == {"name": "ci", "disabled": True}
    assert shell.json("robot enable ci") == {"name": "ci", "disabled": False}
    assert shell.json("robot expire ci 30d")["expires"] is not None
    assert shell("user remove alice").returncode == 1
    assert shell.json("robot remove ci") == {"removed": "ci", "rules_left": []}
    shell.done("user remove alice")


def test_groups_and_rules_are_made_listed_and_removed(shell: Shell) -> None:
    for name in ("alice", "bob"):
        shell.done(f"user add {name} --no-password")
    shell.done("group add dev --member alice")
    shell.done("group join dev bob")
    shell.done("group leave dev alice")
    shown = shell.json("group show dev")
    assert shown["members"] == ["bob"]
    assert shown["rules"] == ["access.rules[0]"]
    warned = shell(
        "rule add public --who anonymous,group:ops --may pull --repositories public/**,!public/x"
    )
    assert "group:ops" in warned.stderr
    rows = shell.json("rule list")
    assert [(row["name"], row["source"]) for row in rows] == [
        ("access.rules[0]", "configuration"),
        ("public", "database"),
    ]
    assert shell.json("rule show public")["repositories"] == ["public/**", "!public/x"]
    left = shell.json("group remove dev")
    assert left == {"removed": "dev", "rules_left": ["access.rules[0]"]}
    assert shell.json("group list") == []
    assert shell.json("rule remove public") == {"removed": "public"}


def test_check_says_which_rule_decides_and_ends_accordingly(shell: Shell) -> None:
    shell.done("user add alice --no-password")
    shell.done("user add root --admin --no-password")
    shell.done("group add dev --member alice")
    shell.done("robot add ci --grant pull:team/**")
    shell.done("token add alice laptop --limit pull:**")
    shell.done("rule add public --who anonymous --may pull --repositories public/**")
    expected = {
        "alice push team/app": (0, "yes: access.rules[0] of the configuration"),
        "alice push team/secret/x": (1, "no: no rule allows it"),
        "alice push team/app --token laptop": (1, "no: the limits of the token do not allow it"),
        "anonymous pull public/x": (0, "yes: rule public of the database"),
        "anonymous push public/x": (1, "no: no rule allows it"),
        "ci pull team/app": (0, "yes: a grant of robot ci"),
        "ci push team/app": (1, "no: no grant of robot ci allows it"),
        "root admin any/thing": (0, "yes: root is an administrator"),
        "stranger pull team/app": (1, "no: no rule allows it"),
    }
    for words, (code, says) in expected.items():
        ended = shell(f"access check {words}")
        assert (ended.returncode, ended.stdout) == (code, f"{says}\n"), words
    document = json.loads(shell("access check alice push team/app", "--json").stdout)
    assert document == {
        "user": "alice",
        "action": "push",
        "repository": "team/app",
        "allowed": True,
        "reason": "access.rules[0] of the configuration",
    }


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("user add Alice --no-password", 1, "lower-case"),
        ("user add anonymous --no-password", 1, "rules use that word"),
        ("user add alice --no-password --random-password", 2, "excludes"),
        ("user add alice --no-password --expires tomorrow", 2, "2027-01-31"),
        ("user add alice --no-password --expires 2001-01-01", 2, "in the past"),
        ("user show alice", 1, "no user alice"),
        ("robot add ci --grant pull", 2, "ACTIONS:PATTERNS"),
        ("robot add ci --grant pul:team", 2, "pull, push"),
        ("robot add ci --grant pull:TEAM", 1, "lower-case"),
        ("robot rotate ci --overlap soon", 2, "24h"),
        ("rule add x --who bob --may pull --repositories **", 1, "user:NAME"),
        ("rule add x --who anonymous --may fly --repositories **", 2, "pull, push"),
        ("rule add x --who anonymous --may pull --repositories a//b", 1, "empty component"),
        ("access check alice fly team", 2, "fly"),
        ("access check alice pull TEAM", 2, "lower-case"),
        ("access check alice pull team --token x", 1, "alice"),
    ],
)
def test_a_mistake_is_told_with_what_was_expected(
    shell: Shell, words: str, code: int, says: str
) -> None:
    ended = shell(words)
    assert ended.returncode == code, ended.stderr
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_registry_that_asks_nobody_warns_who_makes_accounts(tmp_path: Path) -> None:
    config = tmp_path / "config.yml"
    config.write_text(f"version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {tmp_path}/d\n")
    make_database(config)
    ended = run_here("user", "add", "alice", "--no-password", "--config", str(config))
    assert ended.returncode == 0
    assert "access.enabled is not set" in ended.stderr
    ended = run_here("access", "check", "alice", "push", "x", "--config", str(config))
    assert ended.returncode == 0
    assert "access.enabled is not set" in ended.stdout


def test_a_registry_in_memory_has_no_accounts_for_others(tmp_path: Path) -> None:
    config = tmp_path / "config.yml"
    config.write_text("version: 0.1\nstorage:\n  inmemory: {}\n")
    ended = run_here("user", "list", "--config", str(config))
    assert (ended.returncode, ended.stdout) == (78, "")
    assert "in memory" in ended.stderr


def test_other_commands_load_nothing_of_this() -> None:
    code = (
        "import sys, entrepot.cli.program as program; program.build('version');"
        "print([name for name in sys.modules if 'services.access' in name or 'argon2' in name])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
