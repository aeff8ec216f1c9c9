"""Keys of ``tags.history``, ``immutable``, ``retention`` and ``pulls``."""

from entrepot.config.keys.key import Since, works

_OWN = Since.OWN

KEYS = (
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
)
