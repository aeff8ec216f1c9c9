"""Manifests that another registry has taken: read as it read them, so that they are served on.

Docker Registry reads them as Go reads JSON into its structures: letters of a field's name may be of
the other case, what stands twice is merged, a null is as if it were missing, and what is no Unicode
text is replaced. What Go refuses, Docker Registry did not serve, and it is refused here.

tests/unit/oci/odd_manifests.py has what Docker Registry 2.8.2 and 3.1.2 did with each oddity.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from entrepot.errors import InvalidDigest, InvalidManifest
from entrepot.oci import descriptor as descriptors
from entrepot.oci import manifest as manifests
from entrepot.oci import media_type as types
from entrepot.oci.descriptor import MAX_SIZE, MAX_TYPE_LENGTH, Descriptor
from entrepot.oci.digest import Digest
from entrepot.oci.document import read_json
from entrepot.oci.manifest import Edge, Manifest, Role, assemble, parse_manifest

Value = TypeVar("Value")


class _Object(list[tuple[str, Any]]):
    """A JSON object, with everything that stands in it, in order."""


_Fields = dict[str, list[Any]]
"""All values that stand for a field, in order."""


def parse_stored_manifest(payload: bytes, content_type: str) -> Manifest:
    """Read a manifest that some registry has served.

    Where it would be refused if it were pushed now, `oddity` says why. Where readers could take two
    things for what it refers to, all of them are its edges, so that none of them is collected.

    Args:
        payload: its bytes.
        content_type: what it is served as; where it is empty or generic, the manifest's own
            `mediaType` or its shape decides, as in Docker Registry.

    Raises:
        InvalidManifest: Docker Registry cannot read it either.
        InvalidDigest: the same, of a manifest that is neither an image nor an index.
    """
    try:
        return parse_manifest(payload, content_type)
    except (InvalidManifest, InvalidDigest) as error:
        refusal = error
    fields = _fields(_decode(payload), manifests.FIELDS)
    declared = types.without_parameters(content_type)
    media_type = _media_type(fields) if declared in types.GENERIC else declared
    known = media_type in types.INDEXES or media_type in types.IMAGES
    if not known or _whole_number(fields, "schemaVersion") != 2:
        raise refusal
    foreign = ("config", "layers") if media_type in types.INDEXES else ("manifests",)
    if any(value is not None for name in foreign for value in fields.get(name, ())):
        raise refusal  # CVE-2021-41190
    read = assemble(
        media_type,
        _edges(fields, media_type),
        _type(_last(fields, "artifactType", lambda value: value if isinstance(value, str) else "")),
        _annotations(fields),
    )
    return replace(read, oddity=refusal.message)


def _decode(payload: bytes) -> _Object:
    document = read_json(payload, _Object, "replace")
    if not isinstance(document, _Object):
        raise InvalidManifest("a manifest is a JSON object; this is another JSON value")
    return document


def _fields(value: _Object, names: frozenset[str]) -> _Fields:
    folded = {name.casefold(): name for name in names}
    fields: _Fields = {}
    for key, item in value:
        name = folded.get(key.casefold())
        if name is not None:
            fields.setdefault(name, []).append(item)
    return fields


def _last(fields: _Fields, name: str, read: Callable[[Any], Value]) -> Value | None:
    """Read every value of a field, for Go refuses any wrong one, and give the last."""
    found = [read(value) for value in fields.get(name, ()) if value is not None]
    return found[-1] if found else None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidManifest("the manifest has another value where a text belongs")
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _whole_number(fields: _Fields, name: str) -> int:
    def read(value: Any) -> int:
        if type(value) is not int or abs(value) > MAX_SIZE:
            raise InvalidManifest(f"the manifest has a {name} that is no whole number")
        return value

    return _last(fields, name, read) or 0


def _merged(fields: _Fields, name: str) -> _Object | None:
    """Read an object; of several, the later ones lie over the earlier."""
    merged = None
    for value in fields.get(name, ()):
        if value is None:
            continue
        if not isinstance(value, _Object):
            raise InvalidManifest(f"the manifest has a {name} that is no JSON object")
        merged = _Object([*(merged or ()), *value])
    return merged


def _type(text: str | None) -> str | None:
    return text if text and len(text) <= MAX_TYPE_LENGTH else None


def _annotations(fields: _Fields) -> dict[str, str]:
    pairs = _merged(fields, "annotations") or ()
    return {_text(key): "" if value is None else _text(value) for key, value in pairs}


def _media_type(fields: _Fields) -> str:
    own = _last(fields, "mediaType", _text)
    if own:
        return own
    listed = any(value is not None for value in fields.get("manifests", ()))
    return types.OCI_INDEX if listed else types.OCI_MANIFEST


def _edges(fields: _Fields, media_type: str) -> tuple[Edge, ...]:
    if media_type in types.INDEXES:
        found = [(Role.MANIFEST, item) for item in _items(fields, "manifests")]
    else:
        found = [(Role.CONFIG, _merged(fields, "config"))]
        found += [(Role.LAYER, item) for item in _items(fields, "layers")]
    edges = [Edge(role, read) for role, item in found if (read := _descriptor(item)) is not None]
    # Docker Registry reads no subject, so one that cannot be read kept nothing from being served.
    try:
        subject = _descriptor(_merged(fields, "subject"))
    except InvalidManifest:
        subject = None
    return (*edges, Edge(Role.SUBJECT, subject)) if subject is not None else tuple(edges)


def _items(fields: _Fields, name: str) -> list[_Object | None]:
    items: list[_Object | None] = []
    for value in fields.get(name, ()):
        if value is None:
            continue
        # An object is a list too, of pairs.
        if not isinstance(value, list) or isinstance(value, _Object):
            raise InvalidManifest(f"the manifest has {name} that are no list")
        items += [_merged({name: [item]}, name) for item in value]
    return items


def _descriptor(value: _Object | None) -> Descriptor | None:
    """Read a descriptor; None for one without a digest that bytes here could have."""
    fields = _fields(value or _Object(), descriptors.FIELDS)
    digest_text = _last(fields, "digest", _text) or ""
    urls = tuple(_text(url or "") for item in fields.get("urls", ()) for url in _list(item))
    _annotations(fields)
    platform = _platform(fields)
    media_type = _type(_last(fields, "mediaType", _text)) or ""
    size = max(0, _whole_number(fields, "size"))
    try:
        digest = Digest.parse(digest_text)
    except InvalidDigest:
        return None
    return Descriptor(media_type, digest, size, urls, None, platform)


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list) or isinstance(value, _Object):
        raise InvalidManifest("the manifest has urls that are no list")
    return value


def _platform(fields: _Fields) -> tuple[str, str] | None:
    value = _merged(fields, "platform")
    if value is None:
        return None
    parts = _fields(value, descriptors.PLATFORM_FIELDS)
    return _last(parts, "os", _text) or "", _last(parts, "architecture", _text) or ""
