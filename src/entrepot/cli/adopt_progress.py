"""How far ``entrepot adopt`` is: a bar on a terminal, else a line now and then."""

import sys
import time
from dataclasses import asdict
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from entrepot.cli.output import say
from entrepot.ports.adoption import AdoptionCounts
from entrepot.services.adoption import Progress, Stage

_SECONDS_A_LINE = 2.0
_UNITS = {Stage.ADOPTING: "repositories", Stage.VERIFYING: "MB"}


class ProgressDisplay:
    """Shows progress on stderr, and gathers what each repository has."""

    def __init__(self) -> None:
        self.repositories: list[dict[str, Any]] = []
        self._counts = AdoptionCounts()
        self._told_at = time.monotonic()
        self._bars: Bars | None = None
        self._tasks: dict[Stage, TaskID] = {}

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.fields[amount]}"),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
            )
            self._bars = Bars(*columns, console=Console(stderr=True), transient=True)
            self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take the bar away; closing twice is allowed."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    def show(self, progress: Progress) -> None:
        """Show how far it is."""
        if progress.finished_repository:
            self._gather(progress)
        if self._bars is not None:
            self._draw(self._bars, progress)
        elif time.monotonic() - self._told_at >= _SECONDS_A_LINE:
            self._told_at = time.monotonic()
            say(f"{progress.stage}: {_amount(progress)}")

    def _gather(self, progress: Progress) -> None:
        before, now = asdict(self._counts), asdict(progress.counts)
        self._counts = progress.counts
        row = {key: now[key] - before[key] for key in ("tags", "manifests")}
        self.repositories.append({"name": progress.repository, **row})

    def _draw(self, bars: Bars, progress: Progress) -> None:
        task = self._tasks.get(progress.stage)
        amount = _amount(progress)
        if task is None:
            task = bars.add_task(str(progress.stage), total=progress.total, amount=amount)
            self._tasks[progress.stage] = task
        bars.update(task, completed=progress.done, amount=amount)


def _amount(progress: Progress) -> str:
    done, total = progress.done, progress.total
    if progress.stage is Stage.VERIFYING:
        done, total = done // 1_000_000, total // 1_000_000
    text = f"{done:,} of {total:,} {_UNITS[progress.stage]}"
    return f"{text}, {progress.counts.tags:,} tags" if progress.repository else text
