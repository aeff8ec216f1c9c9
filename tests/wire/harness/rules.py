"""Rows of request and response; each reads as a sentence of the specification.

A rule is a list of steps. In targets and in expected headers, `<name>` stands for the repository
of the test, `<other>` for a second one, `<location>` for the Location of the newest answer that
had one, and `<session>` for the newest upload session.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from tests.wire.harness.every_answer import check_every_answer
from tests.wire.harness.exchange import Headers, Reply, Request, Transport

Expected = str | re.Pattern[str]
Check = Callable[[Reply], None]


@dataclass(frozen=True)
class Step:
    """One request, and what its answer must be.

    Attributes:
        status: the status; several where a decision is left to the server's timing.
        code: the code of the first error.
        present: headers with their exact value, or a pattern for the whole of it.
        absent: headers that must not be there.
        answer: the exact body.
        says: texts that the body holds; JSON is looked at without its spaces.
        check: anything else.
    """

    method: str
    target: str
    headers: Headers = ()
    body: bytes | None = None
    query: tuple[tuple[str, str], ...] = ()
    status: tuple[int, ...] = ()
    code: str | None = None
    present: Mapping[str, Expected] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    answer: bytes | None = None
    says: tuple[str, ...] = ()
    check: Check | None = None

    def plain(self) -> Request:
        """The request alone, where its target needs no filling in."""
        return _request_of(self, {})

    def answers(
        self,
        *status: int,
        code: str | None = None,
        present: Mapping[str, Expected] | None = None,
        absent: Iterable[str] = (),
        body: bytes | None = None,
        says: Iterable[str] = (),
        check: Check | None = None,
    ) -> "Step":
        """Say what the answer must be."""
        return replace(
            self,
            status=status,
            code=code,
            present=present or {},
            absent=tuple(absent),
            answer=body,
            says=tuple(says),
            check=check,
        )


@dataclass(frozen=True)
class Rule:
    """A sentence of the specification, and the steps that show it.

    Attributes:
        section: where the sentence stands.
        sentence: what is promised.
        steps: what shows it.
        needs_length: it speaks of Content-Length, so bodies in chunks cannot show it.
    """

    section: str
    sentence: str
    steps: tuple[Step, ...]
    needs_length: bool = False

    def __str__(self) -> str:
        return f"{self.section}: {self.sentence}"


def rule(section: str, sentence: str, *steps: Step | Iterable[Step], length: bool = False) -> Rule:
    """Write a row; steps may be given one by one or in groups."""
    flat: list[Step] = []
    for step in steps:
        flat += [step] if isinstance(step, Step) else list(step)
    return Rule(section, sentence, tuple(flat), length)


def request(
    method: str,
    target: str,
    body: bytes | None = None,
    query: dict[str, str] | list[tuple[str, str]] | None = None,
    **headers: str,
) -> Step:
    """Write a request; `content_type="…"` stands for the header Content-Type."""
    pairs = tuple(query.items()) if isinstance(query, dict) else tuple(query or ())
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Step(method, target, named, body, pairs)


def get(target: str, query: dict[str, str] | None = None, **headers: str) -> Step:
    """Write a GET."""
    return request("GET", target, None, query, **headers)


def head(target: str, query: dict[str, str] | None = None, **headers: str) -> Step:
    """Write a HEAD."""
    return request("HEAD", target, None, query, **headers)


def delete(target: str, **headers: str) -> Step:
    """Write a DELETE."""
    return request("DELETE", target, None, None, **headers)


def play(rule: Rule, transport: Transport, names: dict[str, str]) -> None:
    """Make each request of a rule and hold its answer against what must come."""
    known = {f"<{key}>": value for key, value in names.items()}
    for position, step in enumerate(rule.steps, 1):
        sent = _request_of(step, known)
        reply = transport.send(sent)
        told = (
            f"{rule}\nstep {position}: {sent.method} {sent.target[:300]}"
            f"\n{list(sent.headers)}\n\nanswered {reply.told()}"
        )
        check_every_answer(sent, reply, told)
        _check_step(step, reply, known, told)
        location = reply.header("Location")
        if location is not None:
            own = f"http://{transport.authority}/"
            assert location.startswith(("/", own)), f"Location leads elsewhere: {told}"
            known["<location>"] = path_of(location)
        session = reply.header("Docker-Upload-UUID")
        if session is not None:
            known["<session>"] = session


def path_of(location: str) -> str:
    """The path and query of a Location, absolute or not."""
    return re.sub(r"^https?://[^/]+", "", location)


def _request_of(step: Step, known: dict[str, str]) -> Request:
    target = _fill(step.target, known)
    if step.query:
        pairs = [f"{key}={quote(_fill(value, known), safe=':')}" for key, value in step.query]
        target += ("&" if "?" in target else "?") + "&".join(pairs)
    headers = tuple((name, _fill(value, known)) for name, value in step.headers)
    return Request(step.method, target, headers, step.body)


def _check_step(step: Step, reply: Reply, known: dict[str, str], told: str) -> None:
    assert not step.status or reply.status in step.status, f"wanted {step.status}: {told}"
    if step.code is not None and step.method != "HEAD":
        assert first_code(reply) == step.code, f"wanted {step.code}: {told}"
    for name, expected in step.present.items():
        value = reply.header(name)
        assert value is not None, f"{name} is missing: {told}"
        if isinstance(expected, re.Pattern):
            assert expected.fullmatch(value), f"{name} is not like {expected.pattern}: {told}"
        else:
            wanted = _fill(expected, known)
            got = path_of(value) if name == "Location" else value
            assert got == wanted, f"{name} is not {wanted}: {told}"
    for name in step.absent:
        assert reply.header(name) is None, f"{name} should not be there: {told}"
    if step.answer is not None:
        assert reply.body == step.answer, f"another body: {told}"
    for text in step.says:
        said = _fill(text, known)
        assert said in _compact(reply), f"{said!r} is not said: {told}"
    if step.check is not None:
        step.check(reply)


def _compact(reply: Reply) -> str:
    """The body, JSON without the spaces that make no difference."""
    if "json" in (reply.header("Content-Type") or ""):
        return json.dumps(reply.json(), separators=(",", ":"))
    return reply.body.decode("utf-8", "replace")


def first_code(reply: Reply) -> Any:
    """The code of the first error of an answer."""
    return json.loads(reply.body)["errors"][0]["code"]


def _fill(text: str, known: dict[str, str]) -> str:
    for key, value in known.items():
        text = text.replace(key, value)
    return text
