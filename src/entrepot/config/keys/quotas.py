"""Keys of ``quotas``."""

from entrepot.config.keys.key import Since, works

KEYS = (
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
