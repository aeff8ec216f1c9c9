"""Where workers come from: a process that has loaded their code and does nothing but fork.

Starting a worker afresh (spawn) costs each of them half a second of loading; forking the
supervisor is fast, and unsafe, for it has threads. The nursery has none. It loads while the
supervisor reads the configuration, on another core.
"""

import multiprocessing
import multiprocessing.forkserver
import sys

_LOADED = ["entrepot.server.in_nursery", "entrepot.server.worker"]


def open_nursery() -> None:
    """Start the nursery, beside whatever the caller does next."""
    main = sys.modules["__main__"]
    if getattr(main, "__file__", None):
        # Or each worker would import the command line, which it has no use for.
        del main.__file__
        main.__spec__ = None
    multiprocessing.set_start_method("forkserver", force=True)
    multiprocessing.set_forkserver_preload(_LOADED)
    multiprocessing.forkserver.ensure_running()
