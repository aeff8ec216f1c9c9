"""Keys of Entrepot's own sections."""

from entrepot.config.keys.key import Key, Since, works

KEYS: tuple[Key, ...] = (
    works("version", "`0.1`"),
    works(
        "database.sqlite.path",
        "`entrepot/metadata.db` below the root directory by default",
        Since.OWN,
    ),
    works(
        "node.name",
        "tells this machine from others that serve the same registry, in each line of the log and"
        " in claims on uploads, jobs and deletions; claims have the name of the host by default",
        Since.OWN,
    ),
    works("server.workers", "processes that answer; one a core by default", Since.OWN),
    works("server.connections", "connections at once; 20000 by default", Since.OWN),
    works("server.timeouts.idle", "for the next request's header; `2m` by default", Since.OWN),
    works(
        "server.timeouts.body",
        "for 16 KiB of a body, for a whole manifest, for a reader to read something; `1m` by"
        " default",
        Since.OWN,
    ),
    works(
        "server.timeouts.lease",
        "for a claim on an upload whose worker has died; `30s` by default",
        Since.OWN,
    ),
    works("server.limits.uploads", "uploads at once; 10000 by default", Since.OWN),
    works("server.limits.header", "bytes of a request's header; `64KiB` by default", Since.OWN),
    works(
        "server.limits.clientconnections",
        "connections from one address at once; 2000 by default. This machine and the proxies that"
        " `http.trustedproxies` names are not counted",
        Since.OWN,
    ),
    works(
        "server.limits.manifest",
        "bytes of a manifest that is pushed, imported or adopted; `4MiB` by default, and least",
        Since.OWN,
    ),
)
