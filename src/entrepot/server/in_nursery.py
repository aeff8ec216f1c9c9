"""What the nursery does for itself; imported there, before anything else, and nowhere else.

It ends with the supervisor: left to itself it would live for as long as its workers, and they for
as long as it does. It does not listen to SIGTERM: one for the whole group of processes is for the
supervisor to answer, and the nursery's end would be that of all workers, in mid-request.
"""

import signal

from entrepot.server.bond import end_with_parent

end_with_parent()
# Blocked, not ignored: one for a worker that has just been forked must wait until it listens.
# SIGUSR1 tells a worker to leave (leave.py), and is for workers alone.
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGUSR1})
