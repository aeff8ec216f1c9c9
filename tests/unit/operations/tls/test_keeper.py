"""What is served stays served until something better is there."""

import os
from pathlib import Path
from time import monotonic, sleep

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from entrepot.config.tls import TlsSettings
from entrepot.operations.tls.generations import newest
from entrepot.operations.tls.keeper import CertificateKeeper
from entrepot.operations.tls.material import inspect
from entrepot.operations.tls.metrics import CertificateMetrics
from entrepot.operations.tls.watcher import CertificateWatcher
from tests.unit.operations.tls.pairs import Pair
from tests.waiting import tries

INTERVAL = 0.2


def keep(folder: Path, pair: Pair) -> CertificateKeeper:
    settings = TlsSettings(certificate=str(pair.certificate), key=str(pair.key))
    runtime = folder / "runtime"
    runtime.mkdir()
    return CertificateKeeper(settings, None, runtime, inspect(settings, None))


def replace(pair: Pair, other: Pair) -> None:
    os.replace(other.key, pair.key)
    os.replace(other.certificate, pair.certificate)


def page(keeper: CertificateKeeper) -> str:
    registry = CollectorRegistry()
    registry.register(CertificateMetrics(keeper))
    return generate_latest(registry).decode()


def test_a_good_certificate_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    pair = Pair.make(tmp_path)
    keeper = keep(tmp_path, pair)
    before = keeper.generation
    replace(pair, Pair.make(tmp_path, "new"))
    assert keeper.is_new(keeper.fingerprint())
    assert keeper.renew()
    assert not before.certificate.exists()
    assert keeper.generation == newest(tmp_path / "runtime")
    assert keeper.generation.certificate.read_bytes() == pair.certificate.read_bytes()
    assert not keeper.is_new(keeper.fingerprint())
    assert (keeper.applied, keeper.refused) == (1, 0)


@pytest.mark.parametrize("break_it", ["mismatch", "half", "gone", "expired"])
def test_a_bad_one_is_counted_and_told_of_and_the_old_one_stays(
    tmp_path: Path, break_it: str, caplog: pytest.LogCaptureFixture
) -> None:
    pair = Pair.make(tmp_path)
    keeper = keep(tmp_path, pair)
    served = keeper.generation.certificate.read_bytes()
    if break_it == "mismatch":
        os.replace(Pair.make(tmp_path, "new").certificate, pair.certificate)
    elif break_it == "half":
        pair.certificate.write_bytes(served[:300])
    elif break_it == "gone":
        pair.key.unlink()
    else:
        replace(pair, Pair.make(tmp_path, "new", begins=-9, ends=-2))
    assert not keeper.renew()
    assert keeper.generation.certificate.read_bytes() == served
    assert "the new certificate was refused, the old one stays in use: http.tls." in caplog.text
    assert 'entrepot_tls_certificate_reloads_total{outcome="refused"} 1.0' in page(keeper)


def test_one_that_cannot_be_written_is_never_seen_by_a_worker(tmp_path: Path) -> None:
    pair = Pair.make(tmp_path)
    keeper = keep(tmp_path, pair)
    before = keeper.generation
    replace(pair, Pair.make(tmp_path, "new"))
    (before.certificate.parent.parent / "2.new").write_text("in the way")
    assert not keeper.renew()
    assert keeper.generation == before == newest(tmp_path / "runtime")
    assert (keeper.applied, keeper.refused) == (0, 1)


def test_an_expired_certificate_may_follow_an_expired_one(tmp_path: Path) -> None:
    pair = Pair.make(tmp_path, begins=-9, ends=-2)
    keeper = keep(tmp_path, pair)
    replace(pair, Pair.make(tmp_path, "new", begins=-9, ends=-1))
    assert keeper.renew()


def test_days_to_expiry_are_told_of_each_certificate(tmp_path: Path) -> None:
    pair = Pair.make(tmp_path, ends=20)
    found = [line for line in page(keep(tmp_path, pair)).splitlines() if "expiry_days{" in line]
    assert len(found) == 1
    assert f'file="{pair.certificate}",subject="CN=server"' in found[0]
    assert 19.9 < float(found[0].rpartition(" ")[2]) <= 20


@pytest.mark.parametrize(
    ("ends", "words"), [(13.5, "expires in 13 days"), (-1, "expired on"), (14.5, "")]
)
def test_the_log_warns_two_weeks_before_the_end(
    tmp_path: Path, ends: float, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    keeper = keep(tmp_path, Pair.make(tmp_path, begins=-9, ends=ends))
    caplog.clear()
    keeper.tell_of_expiry()
    assert words in caplog.text
    assert bool(caplog.text) is bool(words)


def test_the_watcher_waits_until_files_are_written(tmp_path: Path) -> None:
    pair = Pair.make(tmp_path)
    keeper = keep(tmp_path, pair)
    whole = Pair.make(tmp_path, "new").certificate.read_bytes()
    old = pair.certificate.read_bytes()
    for _ in tries("the machine never has time to write a file without a pause"):
        pair.certificate.write_bytes(old)
        found: list[bytes] = []
        longest = write_slowly(keeper, pair.certificate, whole, found)
        if longest < INTERVAL / 2:  # else it had good reason to think that this was all
            break
    assert found[0] == whole


def write_slowly(keeper: CertificateKeeper, file: Path, whole: bytes, found: list[bytes]) -> float:
    """Write a file in pieces while it is watched; gives the longest time between two of them."""
    longest = 0.0
    watcher = CertificateWatcher(keeper, lambda: found.append(file.read_bytes()), INTERVAL)
    watcher.start()
    try:
        before = monotonic()
        for end in [*range(100, len(whole), 100), len(whole)]:
            file.write_bytes(whole[:end])
            longest, before = max(longest, monotonic() - before), monotonic()
            sleep(0.05)
        for _ in tries("the new file is not seen"):
            if found:
                return longest
            sleep(0.02)
    finally:
        watcher.stop()
    raise AssertionError
