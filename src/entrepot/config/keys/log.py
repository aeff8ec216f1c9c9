"""Keys of ``log``, ``loglevel`` and ``reporting``."""

from entrepot.config.document import Tree
from entrepot.config.keys.key import Key, Since, under, unneeded, works


def _all_disabled(value: Tree) -> bool:
    return not value or (
        isinstance(value, list)
        and all(isinstance(item, dict) and item.get("disabled") == "true" for item in value)
    )


_HOOKS = unneeded(
    "log.hooks",
    "Entrepot sends no mail: watch the log, the metrics or /debug/health instead",
    harmless=_all_disabled,
)
_REPORTING = unneeded(
    "reporting",
    "Entrepot reports to no outside service: errors are in the log and counted in the metrics",
    Since.OLD,
)

KEYS: tuple[Key, ...] = (
    works("log.level", "`error`, `warn`, `info` (default) or `debug`"),
    works("log.formatter", "`text` (default), `json` or `logstash`"),
    works("log.fields.*", "added to every line"),
    works("log.accesslog.disabled", "`true` switches the access log off"),
    unneeded("log.reportcaller", "every line names the part of the program that wrote it"),
    _HOOKS,
    *under(_HOOKS, "[].type [].disabled [].levels"),
    *under(
        _HOOKS,
        "[].options.smtp.addr [].options.smtp.username [].options.smtp.password"
        " [].options.smtp.insecure [].options.from [].options.to",
    ),
    works("loglevel", "the old name of `log.level`, which wins where both are set"),
    _REPORTING,
    *under(_REPORTING, "bugsnag.apikey bugsnag.releasestage bugsnag.endpoint", Since.OLD),
    *under(_REPORTING, "newrelic.licensekey newrelic.name newrelic.verbose", Since.OLD),
)
