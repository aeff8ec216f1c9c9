"""The kinds of work, one file each: a name for --only, and a function from turns to rows."""

from __future__ import annotations

from collections.abc import Callable

from bench.figures import Row
from bench.scenarios import (
    access,
    afterwards,
    big_downloads,
    big_uploads,
    catalogue,
    collection,
    copies,
    first_pulls,
    image_pushes,
    latency,
    logins,
    machine_limits,
    manifests,
    memory,
    small_blobs,
    starting,
    tags,
    tls,
    upload_memory,
    usage,
)
from bench.turns import Turns

SCENARIOS: dict[str, Callable[[Turns], list[Row]]] = {
    "limits": machine_limits.run,
    "manifests": manifests.run,
    "blobs": small_blobs.run,
    "downloads": big_downloads.run,
    "uploads": big_uploads.run,
    "first-pulls": first_pulls.run,
    "copies": copies.run,
    "pushes": image_pushes.run,
    "tags": tags.run,
    "catalogue": catalogue.run,
    "collection": collection.run,
    "latency": latency.run,
    "memory": memory.run,
    "upload-memory": upload_memory.run,
    "start": starting.run,
    "usage": usage.run,
    "tls": tls.run,
    "access": access.run,
    "logins": logins.run,
    "afterwards": afterwards.run,
}
