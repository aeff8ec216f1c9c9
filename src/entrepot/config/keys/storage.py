"""Keys of ``storage``."""

from entrepot.config.keys.key import Key, Since, later, never, under, unneeded, works

_S3 = later("storage.s3", "S3 arrives in a later release; `filesystem` works", harmless=never)
_AZURE = later(
    "storage.azure", "Azure Blob arrives in a later release; `filesystem` works", harmless=never
)
_GCS = later(
    "storage.gcs",
    "Google Cloud Storage arrives in a later release; `filesystem` works",
    harmless=never,
)
_OSS = later(
    "storage.oss",
    "Alibaba OSS arrives in a later release; `filesystem` works",
    Since.OLD,
    harmless=never,
)
_SWIFT = later(
    "storage.swift",
    "OpenStack Swift arrives in a later release; `filesystem` works",
    Since.OLD,
    harmless=never,
)
_CACHE = unneeded(
    "storage.cache",
    "Entrepot keeps what it knows of blobs in its database, which is as fast, and never stale",
)
_TAG = unneeded(
    "storage.tag",
    "Entrepot finds the tags of a manifest with one query, however many there are",
    Since.NEW,
)
_GOOGLE_CREDENTIALS = (
    "credentials.type credentials.project_id credentials.private_key_id credentials.private_key"
    " credentials.client_email credentials.client_id credentials.auth_uri credentials.token_uri"
    " credentials.auth_provider_x509_cert_url credentials.client_x509_cert_url"
    " credentials.universe_domain"
)

KEYS: tuple[Key, ...] = (
    works("storage.filesystem.rootdirectory", "holds `docker/registry/v2`"),
    works("storage.filesystem.maxthreads", "file operations at once in one worker"),
    works("storage.inmemory", "for tests; everything is gone at the end"),
    works("storage.delete.enabled", "whether clients may delete manifests and blobs"),
    works(
        "storage.delete.protectchildren",
        "refuses to delete by digest what an index has as its child; `false` by default",
        Since.OWN,
    ),
    works("storage.redirect.disable", "accepted; no driver of this release redirects"),
    works("storage.maintenance.uploadpurging.enabled", "`true` by default"),
    works("storage.maintenance.uploadpurging.age", "`168h` by default"),
    works("storage.maintenance.uploadpurging.interval", "`24h` by default"),
    works("storage.maintenance.uploadpurging.dryrun", "only says what it would remove"),
    works("storage.maintenance.readonly.enabled", "refuses every request that writes"),
    _CACHE,
    *under(_CACHE, "blobdescriptor blobdescriptorsize layerinfo"),
    _TAG,
    *under(_TAG, "concurrencylimit", Since.NEW),
    _S3,
    *under(_S3, "accesskey secretkey region regionendpoint forcepathstyle bucket encrypt keyid"),
    *under(_S3, "secure skipverify v4auth chunksize multipartcopychunksize"),
    *under(_S3, "multipartcopymaxconcurrency multipartcopythresholdsize multipartcombinesmallpart"),
    *under(_S3, "rootdirectory storageclass useragent usedualstack accelerate objectacl"),
    *under(_S3, "sessiontoken"),
    *under(_S3, "loglevel", Since.NEW),
    _AZURE,
    *under(_AZURE, "accountname accountkey container realm rootdirectory"),
    *under(_AZURE, "credentials.type credentials.clientid credentials.tenantid credentials.secret"),
    *under(_AZURE, "copy_status_poll_max_retry copy_status_poll_delay"),
    *under(_AZURE, "max_retries retry_delay", Since.NEW),
    _GCS,
    *under(_GCS, "bucket keyfile rootdirectory chunksize"),
    *under(_GCS, _GOOGLE_CREDENTIALS),
    *under(_GCS, "disablekeepalives", Since.NEW),
    _OSS,
    *under(_OSS, "accesskeyid accesskeysecret region endpoint internal bucket encrypt", Since.OLD),
    *under(_OSS, "encryptionkeyid secure chunksize rootdirectory", Since.OLD),
    _SWIFT,
    *under(_SWIFT, "username password authurl tenant tenantid domain domainid trustid", Since.OLD),
    *under(_SWIFT, "tenantdomain tenantdomainid insecureskipverify region container", Since.OLD),
    *under(_SWIFT, "rootdirectory prefix chunksize secretkey accesskey authversion", Since.OLD),
    *under(_SWIFT, "endpointtype tempurlcontainerkey tempurlmethods", Since.OLD),
)
