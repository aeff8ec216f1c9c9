import json
import logging
import logging.config
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from entrepot.errors import ClientGone, MetadataOutage, Overloaded, UnknownBlob
from entrepot.operations import log_format
from entrepot.operations.failures import log_failure
from entrepot.operations.log_format import LineFormatter, name_process
from entrepot.operations.logs import log_configuration
from tests.unit.operations.records import finished_record

Configure = Callable[..., Callable[[], str]]


@pytest.fixture
def configure(tmp_path: Path) -> Iterator[Configure]:
    """Set the log up into a file; gives what reads it."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    descriptor = os.open(tmp_path / "log", os.O_RDWR | os.O_CREAT | os.O_APPEND)

    def work(level: str = "info", formatter: str = "text", **fields: Any) -> Callable[[], str]:
        logging.config.dictConfig(log_configuration(level, formatter, fields, descriptor))

        def read() -> str:
            root.handlers[0].flush()
            return (tmp_path / "log").read_text()

        return read

    yield work
    root.handlers[0].close()
    root.handlers[:], level = before
    root.setLevel(level)
    os.close(descriptor)


def test_text_looks_like_logrus(configure: Configure) -> None:
    read = configure(service="registry", environment="my lab")
    logging.getLogger("entrepot.x").warning("a %s thing", "new", extra={"fields": {"n": 1}})
    time, _, rest = read().partition(" ")
    assert time.startswith('time="20')
    assert rest == 'level=warning msg="a new thing" environment="my lab" n=1 service=registry\n'


@pytest.mark.parametrize(
    ("formatter", "time", "message"),
    [("json", "time", "msg"), ("logstash", "@timestamp", "message")],
)
def test_json_is_one_object_a_line(
    formatter: str, time: str, message: str, configure: Configure
) -> None:
    read = configure("info", formatter, service="registry")
    logging.getLogger("entrepot.x").error("two\nlines")
    shown = json.loads(read())
    assert shown[message] == "two\nlines"
    assert shown["level"] == "error"
    assert shown["service"] == "registry"
    assert time in shown


@pytest.mark.parametrize(("level", "count"), [("error", 1), ("warn", 2), ("info", 3), ("debug", 4)])
def test_levels(level: str, count: int, configure: Configure) -> None:
    read = configure(level)
    logger = logging.getLogger("entrepot.x")
    for say in (logger.debug, logger.info, logger.warning, logger.error):
        say("hello")
    assert len(read().splitlines()) == count


def test_lines_of_libraries_look_the_same_and_say_whose_they_are(configure: Configure) -> None:
    read = configure()
    logging.getLogger("acme.client").warning("no nonce")
    assert 'msg="no nonce" logger=acme.client' in read()


def test_a_line_cannot_be_forged(configure: Configure) -> None:
    read = configure()
    logging.getLogger("entrepot.x").info(
        'x"\nlevel=error msg="forged', extra={"fields": {"a": "\n"}}
    )
    assert len(read().splitlines()) == 1
    assert 'msg="x\\"\\nlevel=error msg=\\"forged" a="\\n"' in read()


def test_a_trace_is_part_of_the_line_and_without_secrets(configure: Configure) -> None:
    read = configure("info", "json")
    try:
        raise RuntimeError("no answer from https://jo:hunter2@example.com")
    except RuntimeError:
        logging.getLogger("entrepot.x").exception("it broke")
    shown = json.loads(read())
    assert "RuntimeError" in shown["trace"]
    assert "test_logs.py" in shown["trace"]
    assert "hunter2" not in read()


def test_every_line_of_a_process_can_have_its_name(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_format, "_process_fields", {})
    read = configure()
    name_process(worker=3)
    logging.getLogger("entrepot.x").info("hello")
    assert read().endswith(" worker=3\n")


@pytest.mark.parametrize(
    ("error", "level"),
    [(ClientGone("gone"), None), (UnknownBlob("unknown"), None), (MetadataOutage("down"), "error")],
)
def test_only_what_is_the_registrys_fault_is_loud(
    error: Exception, level: str | None, configure: Configure
) -> None:
    read = configure("info", "json")
    log_failure(finished_record(), error)
    if level is None:
        assert read() == ""
    else:
        shown = json.loads(read())
        assert (shown["level"], shown["msg"]) == (level, "down")
        assert "trace" not in shown


def test_what_anybody_can_have_refused_is_a_warning_and_told_once_for_many(
    configure: Configure,
) -> None:
    read = configure("info", "json")
    refusal = Overloaded(f"too many of a kind that only this test has: {configure!r}")
    for _ in range(1_000):
        log_failure(finished_record(), refusal)
    (line,) = read().splitlines()
    assert (json.loads(line)["level"], json.loads(line)["msg"]) == ("warning", refusal.message)


def test_a_client_that_goes_away_is_seen_at_debug(configure: Configure) -> None:
    read = configure("debug", "json")
    log_failure(finished_record(), ClientGone("the client went away"))
    shown = json.loads(read())
    assert shown["level"] == "debug"
    assert shown["http.request.id"] == "0f8fad5bd9cb469fa165"
    assert shown["vars.name"] == "library/app"
    assert shown["err.code"] == "ClientGone"


def test_a_bug_has_its_trace(configure: Configure) -> None:
    read = configure("info", "json")
    try:
        os.environ["ENTREPOT_HAS_NO_SUCH_VARIABLE"]
    except KeyError as error:
        log_failure(finished_record(), error)
    assert "KeyError" in json.loads(read())["trace"]


def test_fields_can_be_given_as_pythons_logging_does(configure: Configure) -> None:
    read = configure()
    logging.getLogger("entrepot.x").info("hello", extra={"request": "a-1", "detail": {"n": 1}})
    assert read().endswith(' msg="hello" detail="{\\"n\\": 1}" request=a-1\n')


def test_values_of_every_kind_are_written() -> None:
    record = logging.makeLogRecord(
        {"name": "entrepot", "msg": "x", "levelno": logging.INFO, "levelname": "INFO"}
    )
    record.fields = {"flag": True, "list": ["a"], "none": None, "object": sys.path[:0]}
    text = LineFormatter().format(record)
    assert text.endswith('flag=true list="[\\"a\\"]" none=None object="[]"')
