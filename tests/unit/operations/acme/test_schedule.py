"""When certificates are asked for, and how patiently."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from entrepot.operations.acme.schedule import next_order, wait_after
from tests.unit.operations.tls.pairs import Pair

HOSTS = ("registry.example.com",)


def kept(folder: Path, **made: Any) -> Path:
    pair = Pair.make(folder, hosts=HOSTS, **made)
    file = folder / HOSTS[0]
    file.write_bytes(pair.key.read_bytes() + pair.certificate.read_bytes())
    return file


def test_a_certificate_is_renewed_when_a_third_of_its_life_is_left(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    due = next_order(kept(tmp_path, begins=-10, ends=80), HOSTS, 0.0, now)
    assert due.at - now == pytest.approx(timedelta(days=50), abs=timedelta(minutes=1))
    earlier = next_order(tmp_path / HOSTS[0], HOSTS, 1.0, now)
    assert timedelta() < due.at - earlier.at <= timedelta(days=3, minutes=1)


@pytest.mark.parametrize("content", [None, "nothing", "half"])
def test_what_is_not_there_is_asked_for_at_once(tmp_path: Path, content: str | None) -> None:
    file = kept(tmp_path)
    if content is None:
        file.unlink()
    elif content == "half":
        file.write_bytes(file.read_bytes()[:-200])
    else:
        file.write_text(content)
    now = datetime.now(UTC)
    assert next_order(file, HOSTS, 0.0, now).at == now


def test_a_host_that_was_added_is_asked_for_at_once(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    due = next_order(kept(tmp_path), (*HOSTS, "other.example.com"), 0.0, now)
    assert due.at == now
    assert "not for other.example.com" in due.reason


@pytest.mark.parametrize(
    ("unreachable", "first", "longest"), [(True, 15, 3600), (False, 300, 6 * 3600)]
)
def test_the_wait_after_failures_doubles_up_to_a_limit(
    unreachable: bool, first: float, longest: float
) -> None:
    for failures, wanted in ((1, first), (2, 2 * first), (3, 4 * first), (40, longest)):
        waits = [wait_after(failures, unreachable=unreachable) for _ in range(50)]
        assert 0.9 * wanted <= min(waits) < max(waits) <= 1.1 * wanted
