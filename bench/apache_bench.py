"""The generator for HEAD: ab, since wrk waits for the body that a HEAD's length announces."""

from __future__ import annotations

import re

from bench.wrk import Outcome, OutputError

MORE_THAN_ANYONE_ANSWERS = "100000000"


def command(url: str, accept: str, seconds: int, connections: int) -> list[str]:
    options = ["-q", "-i", "-k", "-c", str(connections), "-t", str(seconds)]
    options += ["-n", MORE_THAN_ANYONE_ANSWERS, "-H", f"Accept: {accept}"]
    return ["ab", *options, url]


def field(output: str, name: str) -> float:
    found = re.search(rf"^\s*{re.escape(name)}:?\s+([0-9.]+)", output, re.MULTILINE)
    if found is None:
        raise OutputError(f"ab did not say {name!r}:\n{output}")
    return float(found[1])


def parse(output: str) -> Outcome:
    """Read ab's report; it counts milliseconds, and answers without keep-alive are errors here."""
    requests = int(field(output, "Complete requests"))
    refused = int(field(output, "Non-2xx responses")) if "Non-2xx" in output else 0
    closed = requests - int(field(output, "Keep-Alive requests"))
    return Outcome(
        requests=requests,
        seconds=field(output, "Time taken for tests"),
        errors=int(field(output, "Failed requests")) + refused + max(closed - 16, 0),
        p50_milliseconds=field(output, "50%"),
        p99_milliseconds=field(output, "99%"),
    )
