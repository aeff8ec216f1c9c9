"""The process in which a worker's passwords are hashed: one line of JSON in, one line out.

It goes behind everything else on the machine, and ends when its worker does.
"""

import contextlib
import json
import os
import signal
import sys

from entrepot.services.access.argon2id import Argon2id

_NICENESS = 19


def main() -> None:
    """Answer until the worker closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the terminal: the worker says when it ends
    with contextlib.suppress(OSError):  # where a sandbox allows no such thing, it does without
        os.nice(_NICENESS)
    hasher = Argon2id()
    for line in sys.stdin.buffer:
        request = json.loads(line)
        password = bytes.fromhex(request["password"])
        if request["hash"] is None:
            answer: str | bool = hasher.hash(password)
        else:
            answer = hasher.verify(request["hash"], password)
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
