"""Start programs, read what they say, and end only those that were started here."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.acceptance.harness.journal import JOURNAL
from tests.waiting import PATIENCE

STOP_SECONDS = 120


class CommandError(AssertionError):
    """A program ended with another status than the test expected."""


def run(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str | None = None,
    timeout: float = 120,
    expect: int | None = 0,
) -> str:
    """Run a program to its end and return what it wrote.

    Args:
        command: The program and its arguments.
        env: Variables beside those of this process.
        cwd: Directory to run in.
        stdin: Text given to its standard input, else nothing.
        timeout: Seconds after which it is killed and the test fails.
        expect: Exit status that is asked for; None takes any.

    Raises:
        CommandError: With the command and all its output, when the status is another one.
    """
    done = subprocess.run(
        [str(word) for word in command],
        env={**os.environ, **(env or {})},
        cwd=cwd,
        input=stdin if stdin is not None else "",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if expect != 0 else subprocess.PIPE,
        text=True,
        errors="replace",
        timeout=timeout,
        check=False,
    )
    if expect is not None and done.returncode != expect:
        words = " ".join(str(word) for word in command)
        raise CommandError(
            f"{words}\nended with {done.returncode}, not {expect}\n{done.stdout}{done.stderr or ''}"
        )
    return done.stdout


class Daemon:
    """A program that runs until it is stopped, its output in a file."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        log: Path,
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.name = name
        self.log = log
        self._command = [str(word) for word in command]
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                env={**os.environ, **(env or {})},
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        JOURNAL.append(self)

    @property
    def pid(self) -> int:
        """Process id; its process group has the same number."""
        return self._process.pid

    def wait_until(self, ready: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
        """Wait for `ready`, or fail with the log when the program ends or time is up."""
        deadline = time.monotonic() + seconds
        while not ready():
            ended = self._process.poll()
            if ended is not None:
                JOURNAL.remove(self)
                raise CommandError(f"{self.name} ended with {ended}\n{self.tail()}")
            if time.monotonic() > deadline:
                self.stop()
                raise CommandError(f"{self.name}: no {what} after {seconds} s\n{self.tail()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it as an operator would, with SIGTERM."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        self._wait_for_the_end("SIGTERM")

    def interrupt(self) -> None:
        """Press Ctrl-C in its terminal: SIGINT for it and all that it started."""
        if self._process.poll() is None:
            os.killpg(self.pid, signal.SIGINT)
        self._wait_for_the_end("Ctrl-C")

    def _wait_for_the_end(self, request: str) -> None:
        if self in JOURNAL:
            JOURNAL.remove(self)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()
            raise CommandError(
                f"{self.name} goes on {STOP_SECONDS} s after {request}\n{self.tail()}"
            ) from None

    def tail(self, lines: int = 20) -> str:
        """The last lines that it wrote."""
        text = self.log.read_text(errors="replace")
        return "\n".join(line[:400] for line in text.splitlines()[-lines:])
