"""Keys of ``scrub`` and ``backup``."""

from entrepot.config.keys.key import Since, works

KEYS = (
    works(
        "scrub.every",
        "how often every blob is read and compared with its digest; `30d` by default, `0` for"
        " never ([checking](check.md))",
        Since.OWN,
    ),
    works("scrub.rate", "bytes a second that this reads at most; `32MiB` by default", Since.OWN),
    works(
        "backup.every",
        "how often a snapshot of the database is made; `1d` by default, `0` for never"
        " ([backup](backup.md))",
        Since.OWN,
    ),
    works("backup.keep", "how many snapshots stay; `7` by default", Since.OWN),
)
