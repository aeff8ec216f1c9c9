"""docs/protocol.md says what the code does."""

import re
from pathlib import Path

import pytest

from entrepot import errors
from entrepot.api.wire_errors import render_error
from tests.wire.harness.applications import Running
from tests.wire.harness.every_answer import CODES
from tests.wire.harness.exchange import Request

TEXT = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text()
CODE_ROW = re.compile(r"^\| ([A-Z_]+) \| ([\d, ]+) \|", re.MULTILINE)
ENDPOINT_ROW = re.compile(r"^\| (?:end-|Docker)[^|]*\| `(/v2/[^`]*)` \| ([A-Z ]+) \|", re.MULTILINE)
DIGEST = f"sha256:{'0' * 64}"
ONLY_CONFIGURATION = (errors.ConfigurationError, errors.NewerDatabase)


def documented_codes() -> dict[str, set[int]]:
    return {
        code: {int(status) for status in statuses.split(",")}
        for code, statuses in CODE_ROW.findall(TEXT)
    }


def documented_methods() -> dict[str, set[str]]:
    """Paths as the table writes them, without their queries, and all methods of each."""
    found: dict[str, set[str]] = {}
    for target, methods in ENDPOINT_ROW.findall(TEXT):
        found.setdefault(target.partition("?")[0], set()).update(methods.split())
    # The two lines of PUT share a path, whatever the reference is called there.
    found["/v2/NAME/manifests/REFERENCE"] |= found.pop("/v2/NAME/manifests/DIGEST")
    return found


def raised() -> list[errors.EntrepotError]:
    """One error of every class in the tree that a request can meet."""
    made: list[errors.EntrepotError] = []
    waiting: list[type[errors.EntrepotError]] = [errors.ClientError, errors.Outage]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind in {errors.ClientError, errors.Outage} or kind in ONLY_CONFIGURATION:
            continue
        made.append(_make(kind))
    return made


def _make(kind: type[errors.EntrepotError]) -> errors.EntrepotError:
    if kind is errors.UnknownReferences:
        return errors.UnknownReferences(["x"])
    return errors.TooManyGuesses(7) if kind is errors.TooManyGuesses else kind("x")


@pytest.mark.parametrize("error", raised(), ids=lambda error: type(error).__name__)
def test_each_error_has_a_documented_code_and_status(error: errors.EntrepotError) -> None:
    response = render_error(error)
    assert isinstance(response.body, bytes)
    code = re.findall(r'"code": "([A-Z_]+)"', response.body.decode())[0]
    assert response.status in documented_codes()[code]


def test_documented_codes_are_those_that_clients_know() -> None:
    assert documented_codes().keys() <= CODES


@pytest.mark.parametrize(("path", "methods"), documented_methods().items())
def test_each_endpoint_has_the_documented_methods(
    running: Running, path: str, methods: set[str]
) -> None:
    target = path.replace("NAME", "a/b").replace("REFERENCE", "v1").replace("DIGEST", DIGEST)
    reply = running.transport.send(Request("BREW", target.replace("/ID", "/some-id")))
    assert reply.status == 405
    assert set((reply.header("Allow") or "").split(", ")) == {*methods, "OPTIONS"}
