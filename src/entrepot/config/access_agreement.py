"""What the sections ``auth`` and ``access`` ask of each other, of files, and of common sense."""

from pathlib import Path

from entrepot.config.access import AccessSettings
from entrepot.config.document import Document
from entrepot.config.htpasswd_file import read_htpasswd
from entrepot.config.settings import Settings
from entrepot.config.token_agreement import check_token
from entrepot.oci.repository_glob import RepositoryGlobs

_SCHEMES = ("htpasswd", "token", "silly", "none")
_RULES = ("access", "rules")


def check_access(settings: Settings, document: Document) -> list[str]:
    """Find mistakes in the two sections.

    Args:
        settings: each valid by itself.
        document: its ``problems`` grow.

    Returns:
        Warnings.
    """
    _check_schemes(document)
    _check_enabled(settings.access, document)
    warnings = _check_rules(settings.access, document)
    warnings += _check_htpasswd(settings, document)
    warnings += check_token(settings, document)
    if settings.auth.silly is not None:
        origin = document.origin(("auth", "silly"))
        warnings.append(f"{origin}: auth.silly lets in anybody who sends an Authorization header")
    return warnings


def _check_schemes(document: Document) -> None:
    tree = document.tree if isinstance(document.tree, dict) else {}
    section = tree.get("auth")
    named = [name for name in _SCHEMES if isinstance(section, dict) and name in section]
    if len(named) > 1:
        document.refuse(("auth",), " and ".join(named), "one of them")


def _check_enabled(access: AccessSettings, document: Document) -> None:
    """Nobody shall believe in rules that are not in force, or in a section that says nothing."""
    tree = document.tree if isinstance(document.tree, dict) else {}
    section = tree.get("access")
    if access.enabled or "access" not in tree:
        return
    content = section if isinstance(section, dict) else {}
    needing = [f"access.{name}" for name in ("rules", "token") if name in content]
    if "enabled" in content or (content and not needing):
        return
    reason = f", as {needing[0]} is set" if needing else ""
    document.refuse(("access", "enabled"), None, f"true or false{reason}")


def _check_rules(access: AccessSettings, document: Document) -> list[str]:
    warnings = []
    for number, rule in enumerate(access.rules):
        place = (*_RULES, number)
        for name in ("who", "may", "repositories"):
            if not getattr(rule, name):
                document.refuse((*place, name), "an empty list", "at least one")
        if rule.repositories:
            try:
                RepositoryGlobs.parse(rule.repositories)
            except ValueError as error:
                expected = str(error).removeprefix("expected ")
                document.refuse((*place, "repositories"), "patterns with '!' alone", expected)
        if "anonymous" in rule.who:
            if "admin" in rule.may:
                document.refuse((*place, "may"), "'admin' for anonymous", "accounts for that")
            changes = [action for action in ("push", "delete") if action in rule.may]
            if changes:
                origin = document.origin((*place, "who"))
                warnings.append(
                    f"{origin}: everybody who reaches the registry may {' and '.join(changes)}:"
                    f" access.rules[{number}] allows it to anonymous"
                )
    return warnings


def _check_htpasswd(settings: Settings, document: Document) -> list[str]:
    htpasswd = settings.auth.htpasswd
    if htpasswd is None:
        return []
    place = ("auth", "htpasswd", "path")
    try:
        content = read_htpasswd(Path(htpasswd.path))
    except FileNotFoundError:
        return []  # made at the start, with a user
    except OSError as error:
        found = f"{htpasswd.path!r}: {(error.strerror or str(error)).lower()}"
        document.refuse(place, found, "a file that can be read")
        return []
    except ValueError as error:
        document.refuse(place, f"{htpasswd.path!r}: {error}", "a file of htpasswd's, by bcrypt")
        return []
    if content.refused and not content.hashes:
        first = next(iter(content.refused.values()))
        document.refuse(place, f"{htpasswd.path!r}: {first}", "a user with a hash by bcrypt")
        return []
    return [f"{htpasswd.path}: {message}" for message in content.refused.values()]
