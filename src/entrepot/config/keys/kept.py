"""Keys of what is kept, and how much: tags, retention, collection, care, quotas."""

from entrepot.config.keys.key import Key, Since, works

_OWN = Since.OWN

KEYS: tuple[Key, ...] = (
    works("tags.history.keep", "newest lines of a tag's history; 100 by default", _OWN),
    works("tags.history.age", "a line older than this goes; `365d` by default", _OWN),
    works("immutable[].repositories", "patterns of repositories, as in `access.rules`", _OWN),
    works(
        "immutable[].tags",
        "patterns of tags that are neither moved nor deleted; all by default",
        _OWN,
    ),
    works("immutable[].exempt", "robots, by name, for whom the rule does not hold", _OWN),
    works("retention.schedule", "when the rules are applied, as cron has it, UTC", _OWN),
    works("retention.dryrun", "only logs what the rules would take", _OWN),
    works("retention.rules[].name", "what reports call it; its place by default", _OWN),
    works("retention.rules[].repositories", "patterns, as in `access.rules`", _OWN),
    works("retention.rules[].tags", "patterns of tags that it is about; all by default", _OWN),
    works("retention.rules[].keep.last", "so many that were pushed last", _OWN),
    works("retention.rules[].keep.versions", "so many of the newest semantic versions", _OWN),
    works("retention.rules[].keep.pulled", "so many that were pulled last", _OWN),
    works("retention.rules[].keep.younger", "what was pushed within this time: `30d`", _OWN),
    works("retention.rules[].keep.pulledwithin", "what was pulled within this time", _OWN),
    works("retention.rules[].keep.matching", "regular expressions found in the tag", _OWN),
    works(
        "retention.rules[].untagged",
        "`delete` (the default) or `keep` the manifest of a tag that goes, if nothing holds it",
        _OWN,
    ),
    works("pulls.enabled", "writes down when manifests were last pulled; `true` by default", _OWN),
    works("pulls.interval", "between two writes; `1m` by default", _OWN),
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
    works(
        "scrub.every",
        "how often every blob is read and compared with its digest; `30d` by default, `0` for"
        " never ([checking](check.md))",
        Since.OWN,
    ),
    works("scrub.rate", "bytes a second that this reads at most; `32MiB` by default", Since.OWN),
    works(
        "backup.every",
        "how often a snapshot of the database is taken; `1d` by default, `0` for never"
        " ([backup](backup.md))",
        Since.OWN,
    ),
    works("backup.keep", "how many snapshots stay; `7` by default", Since.OWN),
    works(
        "quotas.total.bytes",
        "of the registry: bytes of blobs, each once, and manifests; such as `2TiB`",
        Since.OWN,
    ),
    works("quotas.total.tags", "of the registry", Since.OWN),
    works("quotas.total.repositories", "of the registry: those that have a manifest", Since.OWN),
    works(
        "quotas.namespaces[].match",
        "patterns of first components of names; of the list, the first that matches decides",
        Since.OWN,
    ),
    works("quotas.namespaces[].bytes", "each blob counts once a namespace", Since.OWN),
    works("quotas.namespaces[].tags", "in all its repositories", Since.OWN),
    works("quotas.namespaces[].repositories", "those that have a manifest", Since.OWN),
    works(
        "quotas.repositories[].match",
        "patterns of repositories; of the list, the first that matches decides",
        Since.OWN,
    ),
    works("quotas.repositories[].bytes", "each blob counts once a repository", Since.OWN),
    works("quotas.repositories[].tags", "in each repository", Since.OWN),
)
