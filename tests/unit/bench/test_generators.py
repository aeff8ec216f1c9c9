from __future__ import annotations

import pytest
from bench import apache_bench, wrk
from bench.client import as_chunks
from bench.content import digest_of, make_image, with_digest
from bench.figures import Row
from bench.pushing import BigBody
from bench.turns import CORES, note_generator

AB = """
Concurrency Level:      16
Time taken for tests:   2.000 seconds
Complete requests:      4000
Failed requests:        0
Keep-Alive requests:    3990
Requests per second:    2000.00 [#/sec] (mean)
Percentage of the requests served within a certain time (ms)
  50%      7
  99%     21
 100%     40 (longest request)
"""


def test_wrk_is_read() -> None:
    outcome = wrk.parse("Running 2s test\nRESULT 4000 2000000 3 700 2100\n")
    assert outcome == wrk.Outcome(4000, 2.0, 3, 0.7, 2.1)


def test_wrk_that_says_nothing_is_an_error() -> None:
    with pytest.raises(wrk.OutputError):
        wrk.parse("unable to connect")


def test_ab_is_read() -> None:
    assert apache_bench.parse(AB) == wrk.Outcome(4000, 2.0, 0, 7, 21)


def test_ab_answers_that_are_no_success_are_errors() -> None:
    refused = AB.replace("Keep-Alive", "Non-2xx responses:      12\nKeep-Alive")
    assert apache_bench.parse(refused).errors == 12


def test_ab_connections_that_were_not_kept_are_errors() -> None:
    assert apache_bench.parse(AB.replace("3990", "0")).errors > 3900


def test_chunks_end_with_the_empty_one() -> None:
    assert as_chunks(b"abcde", 3) == b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    assert as_chunks(b"") == b"0\r\n\r\n"


def test_an_image_is_the_same_for_a_seed_and_new_for_another() -> None:
    image = make_image("a", [10, 20])
    assert make_image("a", [10, 20]) == image
    assert make_image("b", [10, 20]).digest != image.digest
    assert [len(layer.data) for layer in image.layers] == [10, 20]


def test_a_digest_joins_a_location_with_or_without_a_query() -> None:
    assert with_digest("/u", "d") == "/u?digest=d"
    assert with_digest("/u?_state=1", "d") == "/u?_state=1&digest=d"


def test_a_big_body_is_new_each_time_and_its_digest_right() -> None:
    body = BigBody(4096)
    first, second = body.renew(), body.renew()
    assert first != second == digest_of(bytes(body.data))


@pytest.mark.parametrize(
    ("generator", "idle", "saturated"),
    [(0.2, CORES / 2, False), (0.9, CORES / 2, True), (0.2, CORES / 20, True)],
)
def test_a_full_generator_or_a_full_machine_is_noted(
    generator: float, idle: float, saturated: bool
) -> None:
    row = Row("work", "requests/s")
    note_generator(row, generator, idle)
    assert row.saturated is saturated
