"""Keys of ``gc``."""

from entrepot.config.keys.key import Since, works

KEYS = (
    works(
        "gc.enabled",
        "whether what nothing needs is removed while serving; `true` by default"
        " ([collection](collection.md))",
        Since.OWN,
    ),
    works("gc.interval", "within which what changed is looked at; `1m` by default", Since.OWN),
    works(
        "gc.grace",
        "how long everything lives after it was confirmed, or last needed; `1h` by default",
        Since.OWN,
    ),
    works(
        "gc.sweep",
        "from one full sweep to the next; `1d` by default, `0` for never",
        Since.OWN,
    ),
    works(
        "gc.untagged.enabled",
        "whether manifests go that no tag, index or kept subject holds; `false` by default",
        Since.OWN,
    ),
    works(
        "gc.untagged.after",
        "how long those are kept, and never shorter than `gc.grace`; `7d` by default",
        Since.OWN,
    ),
)
