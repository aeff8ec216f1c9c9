"""Ctrl-C while a command works in a thread: it says what it waits for, and the second one ends."""

import signal
import subprocess
import sys
import textwrap

from entrepot.cli import exit_codes

# A stand-in for any command whose work goes on in a thread, where no exception reaches it.
PROGRAM = textwrap.dedent("""
    import asyncio, sys, threading
    from entrepot.cli import program
    from entrepot.cli.output import set_busy

    program.catch_interrupts()
    set_busy("blob sha256:abc is read")
    ends = threading.Event()

    def read():
        print("reading", flush=True)
        sys.stdin.readline()

    async def work():
        await asyncio.to_thread(read)

    try:
        asyncio.run(work())
    except KeyboardInterrupt:
        sys.exit(130)
""")


def _start() -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "reading\n"
    return process


def _told(process: "subprocess.Popen[str]") -> str:
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    return process.stderr.readline()


def test_the_first_waits_for_the_step_in_progress() -> None:
    process = _start()
    assert _told(process) == (
        "stopping: waiting until blob sha256:abc is read; press Ctrl-C again to end at once\n"
    )
    process.communicate("\n", timeout=60)
    assert process.returncode == exit_codes.INTERRUPTED


def test_the_second_ends_at_once() -> None:
    process = _start()
    _told(process)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == exit_codes.INTERRUPTED
    process.communicate()
