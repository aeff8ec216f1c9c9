"""The section ``database``, Entrepot's own: where what exists is written down."""

from dataclasses import dataclass, field

from entrepot.config.fields import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class SqliteSettings:
    """``database.sqlite``.

    Args:
        path: the database's file; None puts it beside the data
            (``Settings.database_path`` has the answer).
    """

    path: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSettings:
    """``database``."""

    sqlite: SqliteSettings = field(default_factory=SqliteSettings)
