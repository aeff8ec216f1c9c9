import json
import os
import re
import time
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.operations.access_log import CombinedForm, JsonForm, access_log
from tests.unit.operations.records import DIGEST, finished_record

COMBINED = re.compile(
    r"(\S+) - (\S+) \[(\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] "
    r'"((?:[^"\\]|\\.)*)" (\d+) (\d+) "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"\n'
)
NASTY = ["\n", '"', "\\", '" 200 0 "" ""\n', "\x1b]0;x\x07", "\u2028", "a" * 5000, "\udcff"]


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def test_the_combined_form_is_docker_registrys() -> None:
    assert CombinedForm().line(finished_record(), 1_795_444_165, 0) == (
        "192.0.2.7 - - [23/Nov/2026:14:29:25 +0000] "
        '"GET /v2/library/app/manifests/latest HTTP/1.1" 200 1234 "" "docker/27.1"\n'
    )


def test_a_user_agent_is_escaped_as_docker_registry_does() -> None:
    line = CombinedForm().line(finished_record(user_agent='a"b\\c'), 0, 0)
    assert line.endswith(' "" "a\\"b\\\\c"\n')


@pytest.mark.parametrize("zone", [("CET-1", "+0100"), ("NST3:30", "-0330")])
def test_times_are_local(zone: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone[0])
    time.tzset()
    assert f" {zone[1]}]" in CombinedForm().line(finished_record(), 0, 0)
    stamp = json.loads(JsonForm(1, {}, logstash=False).line(finished_record(), 0, 0))["time"]
    assert stamp.endswith(f"{zone[1][:3]}:{zone[1][3:]}")


@pytest.mark.parametrize("field", ["target", "user_agent", "referer", "user", "method", "client"])
@pytest.mark.parametrize("nasty", NASTY)
def test_nobody_can_forge_a_line(field: str, nasty: str) -> None:
    record = finished_record(**{field: "x" + nasty + "y"})
    line = CombinedForm().line(record, 0, 0)
    assert COMBINED.fullmatch(line) is not None
    assert line[:-1].isprintable()
    assert len(line.encode()) < 4096
    shown = json.loads(JsonForm(1, {}, logstash=False).line(record, 0, 0))
    assert shown["vars.name"] == "library/app"


@given(st.text(), st.text(), st.text(), st.text())
def test_every_request_makes_one_well_formed_line(
    target: str, user_agent: str, referer: str, user: str
) -> None:
    record = finished_record(target=target, user_agent=user_agent, referer=referer, user=user)
    line = CombinedForm().line(record, 0, 0)
    assert COMBINED.fullmatch(line) is not None
    text = JsonForm(1, {"a": "b"}, logstash=False).line(record, 0, 0)
    assert text.count("\n") == 1
    json.loads(text)


def test_a_user_with_a_space_is_one_word() -> None:
    assert " - jo\\x20doe [" in CombinedForm().line(finished_record(user="jo doe"), 0, 0)


@pytest.mark.parametrize("form", [CombinedForm(), JsonForm(1, {}, logstash=False)])
def test_secrets_in_the_query_and_the_referer_are_hidden(form: Any) -> None:
    record = finished_record(
        target="/v2/a/blobs/uploads/1?_state=hunter2", referer="http://jo:hunter2@example.com/"
    )
    line = form.line(record, 0, 0)
    assert "hunter2" not in line
    assert "_state=***" in line


def test_json_has_docker_registrys_names_and_what_combined_has_not() -> None:
    form = JsonForm(3, {"service": "registry", "msg": "not mine"}, logstash=False)
    record = finished_record(bytes_in=7, aborted=True, user="jo")
    assert json.loads(form.line(record, 1_795_444_165, 42)) == {
        "time": "2026-11-23T14:29:25.000042Z",
        "level": "info",
        "msg": "request",
        "worker": 3,
        "service": "registry",
        "http.request.id": "0f8fad5bd9cb469fa165",
        "http.request.remoteaddr": "192.0.2.7",
        "http.request.method": "GET",
        "http.request.uri": "/v2/library/app/manifests/latest",
        "http.request.protocol": "HTTP/1.1",
        "http.request.host": "registry.example.com",
        "http.request.useragent": "docker/27.1",
        "http.request.referer": "",
        "http.request.received": 7,
        "http.response.status": 200,
        "http.response.written": 1234,
        "http.response.duration": "2.500ms",
        "handler": "manifest",
        "vars.name": "library/app",
        "vars.reference": "latest",
        "vars.digest": DIGEST,
        "auth.user.name": "jo",
        "aborted": True,
    }


def test_careful_and_quick_json_say_the_same() -> None:
    form = JsonForm(1, {}, logstash=False)
    quick = json.loads(form.line(finished_record(), 5, 6))
    careful = json.loads(form.line(finished_record(target="/v2/?n=1"), 5, 6))
    assert careful.pop("http.request.uri") == "/v2/?n=1"
    quick.pop("http.request.uri")
    assert careful == quick


def test_logstash_has_its_own_names() -> None:
    shown = json.loads(JsonForm(1, {}, logstash=True).line(finished_record(), 0, 0))
    assert shown["@timestamp"] == "1970-01-01T00:00:00.000000Z"
    assert (shown["@version"], shown["message"]) == ("1", "request")


def test_lines_tell_when_a_request_arrived(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    log = access_log(descriptor, "text", 1, {})
    hour_ago = finished_record(started=perf_counter() - 3600)
    log.write([hour_ago, finished_record()])
    log.close()
    os.close(descriptor)
    first, second = (tmp_path / "log").read_text().splitlines()
    moments = []
    for line in (first, second):
        match = COMBINED.fullmatch(line + "\n")
        assert match is not None
        moments.append(time.mktime(time.strptime(match[3], "%d/%b/%Y:%H:%M:%S %z")))
    assert 3599 <= moments[1] - moments[0] <= 3601
    assert abs(moments[1] - time.time()) < 600
