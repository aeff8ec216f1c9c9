"""How a line of the log looks: logrus's text form, its JSON form, or Logstash's."""

import json
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from entrepot.operations.redaction import redact

_NAMED = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_BARE = re.compile(r"[A-Za-z0-9\-._/@^+]+", re.ASCII)

_LEVELS = {
    logging.DEBUG: "debug",
    logging.INFO: "info",
    logging.WARNING: "warning",
    logging.ERROR: "error",
    logging.CRITICAL: "fatal",
}

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"fields", "taskName"}

_process_fields: dict[str, Any] = {}


def escaped(text: str) -> str:
    r"""Write quotes, backslashes and whatever cannot be seen as Go does: ``\"``, ``\n``, ``\x1b``.

    Printable characters of every language stay as they are; what could end the line, move the
    cursor or turn the direction of the text does not get through.

    Args:
        text: anything, lone surrogates included.
    """
    if text.isprintable() and '"' not in text and "\\" not in text:
        return text
    return "".join(_escaped_character(character) for character in text)


def _escaped_character(character: str) -> str:
    named = _NAMED.get(character)
    if named is not None:
        return named
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def quoted(text: str) -> str:
    """Escape a text and put it in quotes."""
    return f'"{escaped(text)}"'


def quoted_where_needed(text: str) -> str:
    """Put a text in quotes unless it is a plain word, as logrus does in its text form."""
    return text if _BARE.fullmatch(text) else quoted(text)


def clipped(text: str, length: int) -> str:
    """Cut a text that is longer than ``length`` characters, and show that it was cut."""
    return text if len(text) <= length else text[: length - 1] + "…"


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
