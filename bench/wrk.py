"""The generator for GET: wrk on one thread."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

SCRIPT = """
wrk.headers["Accept"] = "{accept}"
wrk.headers["Authorization"] = {authorization}
done = function(summary, latency, requests)
  io.write(string.format("RESULT %d %d %d %d %d\\n", summary.requests, summary.duration,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
"""


class OutputError(Exception):
    """A generator said something that we do not understand."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a generator says of its run."""

    requests: int
    seconds: float
    errors: int
    p50_milliseconds: float
    p99_milliseconds: float


def command(
    directory: Path,
    url: str,
    accept: str,
    seconds: int,
    connections: int,
    authorization: str | None = None,
) -> list[str]:
    script = directory / "load.lua"
    header = "nil" if authorization is None else f'"{authorization}"'
    script.write_text(SCRIPT.format(accept=accept, authorization=header))
    # With bcrypt of cost 10, docker-registry takes longer for an answer than wrk waits by itself.
    kept = ["--timeout", "60s", "-t1", f"-c{connections}", f"-d{seconds}s"]
    return ["wrk", *kept, "-s", str(script), url]


def parse(output: str) -> Outcome:
    """Read the line that our script prints."""
    found = re.search(r"^RESULT (\d+) (\d+) (\d+) (\d+) (\d+)$", output, re.MULTILINE)
    if found is None:
        raise OutputError(f"wrk said no result:\n{output}")
    requests, microseconds, errors, p50, p99 = (int(one) for one in found.groups())
    return Outcome(requests, microseconds / 1e6, errors, p50 / 1e3, p99 / 1e3)
