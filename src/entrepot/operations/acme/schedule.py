"""When an order is due, and how long to wait after one that failed."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from entrepot.operations.tls import facts, pem
from entrepot.operations.tls.finding import UnusableFile

_SHARE_LEFT = 1 / 3
# Registries that were set up together do not ask together.
_JITTER_SHARE = 1 / 30
# A CA that is down counts nothing; one that refuses counts (Let's Encrypt: five an hour).
_FIRST_WAIT = {True: 15.0, False: 300.0}
_LONGEST_WAIT = {True: 3600.0, False: 6 * 3600.0}


@dataclass(frozen=True, slots=True)
class Due:
    """When to ask for a certificate.

    Args:
        at: the time.
        reason: why, as half a sentence.
    """

    at: datetime
    reason: str


def next_order(file: Path, hosts: tuple[str, ...], jitter: float, now: datetime) -> Due:
    """Tell when a certificate is to be asked for.

    Args:
        file: where the one that is served is kept.
        hosts: whom it must be for.
        jitter: 0 to 1, drawn once a start.
        now: the time.
    """
    if not file.exists():
        return Due(now, "there is none yet")
    try:
        leaf = pem.certificates(str(file), pem.read(str(file)))[0]
    except UnusableFile as error:
        return Due(now, f"{error.found}")
    missing = [host for host in hosts if not facts.covers(leaf, host)]
    if missing:
        return Due(now, f"it is not for {', '.join(missing)}")
    return Due(renewal_time(leaf, jitter), f"it expires on {leaf.not_valid_after_utc:%F}")


def renewal_time(leaf: x509.Certificate, jitter: float) -> datetime:
    """Tell when a certificate is renewed: when a third of its life is left, or a little earlier."""
    life = leaf.not_valid_after_utc - leaf.not_valid_before_utc
    return leaf.not_valid_after_utc - life * (_SHARE_LEFT + jitter * _JITTER_SHARE)


def wait_after(failures: int, *, unreachable: bool) -> float:
    """Tell how many seconds to wait before the next try.

    Args:
        failures: in a row, at least 1.
        unreachable: whether the CA was not reached.
    """
    longest = _LONGEST_WAIT[unreachable]
    doubled = min(longest, _FIRST_WAIT[unreachable] * 2.0 ** min(failures - 1, 30))
    return doubled * random.uniform(0.9, 1.1)  # noqa: S311 (spreads load, hides nothing)


def seconds_until(at: datetime) -> float:
    """Count the seconds until a time; none where it has passed."""
    return max(0.0, (at - datetime.now(UTC)) / timedelta(seconds=1))
