"""Keep what was measured: results.json, and from it RESULTS.md and results.svg."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Row
from bench.picture import svg
from bench.table import markdown, number, spread

METHOD = """\
`make bench` made this file: it starts the registries on free loopback ports, each with its own
directory on the disk named below, gives all the same content and loads them in turns, A B C A B C.
All free memory is touched first: on a virtual machine whose memory is new, each new page costs the
host's time. `docker-registry` is Debian's 2.8.2, `docker-registry 3.1` the newest
release with the configuration of its image.
Each cell is the median of the rounds. CPU is user and system time of the server's whole process
tree. Settings are those each registry comes with; each writes its log to a file. Small requests
come from wrk on one thread, HEAD from ab; the others from this benchmark's own sockets. Generator
and server share the machine: where the generator uses more than 0.85 of a core, or less than a
tenth of the machine is idle, the server's CPU for a request is compared instead of the rate.
"""


@dataclass(slots=True)
class Results:
    """One run: the machine, how it was run, and its rows by scenario."""

    machine: dict[str, str]
    options: dict[str, str]
    rows: dict[str, list[Row]]

    @property
    def all_rows(self) -> list[Row]:
        return [row for rows in self.rows.values() for row in rows]

    def to_json(self) -> str:
        rows = {name: [row.to_json() for row in rows] for name, rows in self.rows.items()}
        document = {"machine": self.machine, "options": self.options, "rows": rows}
        return json.dumps(document, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Results:
        document = json.loads(text)
        rows = {
            name: [Row.from_json(row) for row in rows] for name, rows in document["rows"].items()
        }
        return cls(document["machine"], document["options"], rows)

    def write(self, directory: Path) -> None:
        """Write the three files, whole each time: a broken run keeps what it had."""
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "results.json").write_text(self.to_json())
        (directory / "RESULTS.md").write_text(self.to_markdown())
        (directory / "results.svg").write_text(svg(self.all_rows))

    def to_markdown(self) -> str:
        facts = [f"- {name}: {value}" for name, value in self.machine.items()]
        facts += [f"- {name}: {value}" for name, value in self.options.items()]
        rows = self.all_rows
        notes = [f"- {row.work}: {note}" for row in rows for note in row.notes]
        notes += [
            f"- {row.work}: the generator used {number(row.generator_share)} cores"
            + (" and was the limit" if row.saturated else "")
            for row in rows
            if row.generator_share
        ]
        parts = ["# What was measured", METHOD, "\n".join(facts), "", markdown(rows), ""]
        parts += ["![the same as a picture](results.svg)", "", "## Notes", *notes, ""]
        parts += ["## Every round", *(f"- {spread(row)}" for row in rows), ""]
        return "\n".join(parts)
