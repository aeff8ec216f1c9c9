"""How a line of the log looks: logrus's text form, its JSON form, or Logstash's."""

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from entrepot.operations.quoting import quoted, quoted_where_needed
from entrepot.operations.redaction import redact

_LEVELS = {
    logging.DEBUG: "debug",
    logging.INFO: "info",
    logging.WARNING: "warning",
    logging.ERROR: "error",
    logging.CRITICAL: "fatal",
}

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"fields", "taskName"}

_process_fields: dict[str, Any] = {}


def name_process(**fields: Any) -> None:
    """Add fields to every line that this process logs from now on, such as ``worker=3``."""
    _process_fields.update(fields)


class LineFormatter(logging.Formatter):
    """Makes one line of a log record.

    Fields come from ``extra={"upload": ...}``, or, where they have names that are no Python
    words, from ``extra={"fields": {"vars.name": ...}}``.

    Args:
        form: ``log.formatter``: text, json or logstash.
        fields: ``log.fields``, added to every line.
    """

    def __init__(self, form: str = "text", fields: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self._form = form
        self._fields = dict(fields or {})

    def format(self, record: logging.LogRecord) -> str:
        """Make the line, without its end."""
        time = datetime.fromtimestamp(record.created, UTC).astimezone().isoformat()
        time = time.replace("+00:00", "Z")
        level = _LEVELS.get(record.levelno, record.levelname.lower())
        message = redact(record.getMessage())
        fields = self._all_fields(record)
        if self._form == "text":
            words = [f"time={quoted(time)}", f"level={level}", f"msg={quoted(message)}"]
            words += [f"{name}={quoted_where_needed(_text(fields[name]))}" for name in fields]
            return " ".join(words)
        if self._form == "logstash":
            head = {"@timestamp": time, "@version": "1", "type": "log", "level": level}
            return json.dumps(head | {"message": message} | fields, default=str)
        return json.dumps({"time": time, "level": level, "msg": message} | fields, default=str)

    def _all_fields(self, record: logging.LogRecord) -> dict[str, Any]:
        fields = self._fields | _process_fields
        if not record.name.startswith("entrepot"):
            fields["logger"] = record.name
        added = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        for name, value in (added | getattr(record, "fields", {})).items():
            fields[name] = redact(value) if isinstance(value, str) else value
        if record.exc_info and record.exc_info[1] is not None:
            fields["error"] = redact(repr(record.exc_info[1]))
            fields["trace"] = redact(self.formatException(record.exc_info))
        return {name: fields[name] for name in sorted(fields)}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, default=str)
    return str(value)
