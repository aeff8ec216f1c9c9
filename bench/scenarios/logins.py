"""How long the slowest of a hundred manifest GETs takes while 50 people a second log in."""

from __future__ import annotations

import sys
from pathlib import Path

from bench.content import push_image
from bench.figures import ENTREPOT, Row, at_most
from bench.guarded import KnownClient
from bench.logins import Logins, with_accounts
from bench.scenarios.manifests import IMAGE, REPOSITORY
from bench.small_requests import load
from bench.turns import Turns

RATE = 50
CONNECTIONS = 4
ALONE = "no logins"


def run(turns: Turns) -> list[Row]:
    p99 = Row(f"manifest GET while {RATE} users a second log in (argon2id), p99", "ms")
    p50 = Row(f"manifest GET while {RATE} users a second log in (argon2id), p50", "ms")
    path = f"/v2/{REPOSITORY}/manifests/latest"
    program = str(Path(sys.executable).with_name("entrepot"))
    first = 0
    achieved = []
    with with_accounts(turns.root / "logins", 20_000, program) as server:
        with KnownClient(server.port) as client:
            push_image(client, REPOSITORY, IMAGE, "latest")
        for _ in range(turns.rounds):
            quiet = load(server, path, seconds=turns.seconds, connections=CONNECTIONS)
            with Logins(server.port, RATE, first) as logins:
                busy = load(server, path, seconds=turns.seconds, connections=CONNECTIONS)
            first += logins.done
            achieved.append(logins.done / logins.seconds)
            for series, result in ((ALONE, quiet), (ENTREPOT, busy)):
                p99.add(series, result.outcome.p99_milliseconds)
                p50.add(series, result.outcome.p50_milliseconds)
    p99.wanted.append(at_most(2, ALONE))
    p99.notes.append(
        f"{CONNECTIONS} connections without a password; each login is another user's first, "
        f"{min(achieved):.0f} to {max(achieved):.0f} a second were reached"
    )
    return [p99, p50]
