"""What it costs to know who asks: passwords of a file, and tokens with a thousand rules."""

from __future__ import annotations

from contextlib import ExitStack

from bench.content import push_image
from bench.figures import DOCKER, ENTREPOT, Row, at_least
from bench.guarded import BASIC, KnownClient, token, with_passwords, with_rules
from bench.scenarios.manifests import IMAGE, REPOSITORY, fill
from bench.small_requests import load
from bench.turns import Turns, add_load, request_rows

ANONYMOUS = f"{ENTREPOT}, anonymous"
TIMES = {5: 12.0, 10: 200.0}
"""How many times docker-registry's rate is asked for, by the cost of its hashes."""

_LONG = 8.0
_MANIFEST = f"/v2/{REPOSITORY}/manifests/latest"


def run(turns: Turns) -> list[Row]:
    turns.give("app", fill)
    rows = []
    for cost, times in TIMES.items():
        rows += _passwords(turns, cost, times)
    return [*rows, *_rules(turns)]


def _passwords(turns: Turns, cost: int, times: float) -> list[Row]:
    rate, cpu = request_rows(f"GET /v2/ with a password, bcrypt of cost {cost}")
    with ExitStack() as stack:
        servers = {
            series: stack.enter_context(
                with_passwords(series, turns.root / f"passwords-{cost}-{series}", cost)
            )
            for series in (ENTREPOT, DOCKER)
        }
        for _ in range(turns.rounds):
            for series, server in servers.items():
                # The slow one needs longer to answer anything at all.
                seconds = turns.seconds if series == ENTREPOT else max(_LONG, turns.seconds)
                done = load(server, "/v2/", seconds=seconds, authorization=BASIC)
                add_load(rate, cpu, series, done)
            plain = load(turns.candidate, "/v2/", seconds=turns.seconds)
            add_load(rate, cpu, ANONYMOUS, plain)
    rate.wanted += [at_least(times), at_least(0.8, ANONYMOUS)]
    return [rate, cpu]


def _rules(turns: Turns) -> list[Row]:
    rate, cpu = request_rows("manifest GET with a token, 1,000 rules, 200 groups")
    with with_rules(turns.root / "rules", ENTREPOT) as server:
        with KnownClient(server.port) as client:
            push_image(client, REPOSITORY, IMAGE, "latest")
        bearer = token(server, f"repository:{REPOSITORY}:pull")
        for _ in range(turns.rounds):
            done = load(server, _MANIFEST, seconds=turns.seconds, authorization=bearer)
            add_load(rate, cpu, ENTREPOT, done)
            plain = load(turns.candidate, _MANIFEST, seconds=turns.seconds)
            add_load(rate, cpu, ANONYMOUS, plain)
    rate.wanted.append(at_least(0.85, ANONYMOUS))
    rate.notes.append("every rule names one of the groups, and the user is in all of them")
    return [rate, cpu]
