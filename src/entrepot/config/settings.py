"""All settings, as the rest of the program sees them: frozen, picklable, named as in config.yml."""

from dataclasses import dataclass, field

from entrepot.config.access import AccessSettings
from entrepot.config.auth import AuthSettings
from entrepot.config.health import HealthSettings
from entrepot.config.http import HttpSettings
from entrepot.config.listing import CatalogSettings, TagsSettings
from entrepot.config.log import LogSettings
from entrepot.config.mirrors import MirrorSettings, ProxySettings, UpstreamSettings
from entrepot.config.quotas import QuotaSettings
from entrepot.config.retention import (
    BackupSettings,
    GcSettings,
    ImmutableRuleSettings,
    PullsSettings,
    RetentionSettings,
    ScrubSettings,
)
from entrepot.config.server import NodeSettings, ServerSettings
from entrepot.config.storage import DatabaseSettings, StorageSettings
from entrepot.config.validation import ValidationSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The sections of config.yml that Entrepot acts on."""

    log: LogSettings = field(default_factory=LogSettings)
    storage: StorageSettings = field(default_factory=StorageSettings)
    auth: AuthSettings = field(default_factory=AuthSettings)
    access: AccessSettings = field(default_factory=AccessSettings)
    http: HttpSettings = field(default_factory=HttpSettings)
    health: HealthSettings = field(default_factory=HealthSettings)
    validation: ValidationSettings = field(default_factory=ValidationSettings)
    catalog: CatalogSettings = field(default_factory=CatalogSettings)
    tags: TagsSettings = field(default_factory=TagsSettings)
    immutable: tuple[ImmutableRuleSettings, ...] = ()
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    pulls: PullsSettings = field(default_factory=PullsSettings)
    gc: GcSettings = field(default_factory=GcSettings)
    scrub: ScrubSettings = field(default_factory=ScrubSettings)
    backup: BackupSettings = field(default_factory=BackupSettings)
    database: DatabaseSettings = field(default_factory=DatabaseSettings)
    server: ServerSettings = field(default_factory=ServerSettings)
    node: NodeSettings = field(default_factory=NodeSettings)
    quotas: QuotaSettings = field(default_factory=QuotaSettings)
    proxy: ProxySettings = field(default_factory=ProxySettings)
    proxies: tuple[UpstreamSettings, ...] = ()

    @property
    def is_protected(self) -> bool:
        """Whether callers are asked who they are; else everybody may do everything."""
        return self.auth.enabled or self.access.enabled or self.access.proxy is not None

    @property
    def mirrors(self) -> MirrorSettings:
        """What is mirrored here."""
        return MirrorSettings(upstreams=self.proxies, whole=self.proxy.upstream)

    @property
    def database_path(self) -> str | None:
        """The SQLite file; None keeps the database in memory, beside blobs in memory."""
        if self.database.sqlite.path is not None:
            return self.database.sqlite.path
        if self.storage.driver == "inmemory":
            return None
        return f"{self.storage.filesystem.rootdirectory.rstrip('/')}/entrepot/metadata.db"
