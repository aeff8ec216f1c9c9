"""Secrets, kept out of every log."""

import re

HIDDEN = "***"
_KEPT_AND_HIDDEN = rf"\1{HIDDEN}"

_NAMES = r"token|secret|password|passwd|signature|credential|_state|code|apikey|api_key|assertion"
_PARAMETER = re.compile(rf"(?i)([?&;][^=&;\s]*(?:{_NAMES})[^=&;\s]*=)[^&;\s\"']*")
_USERINFO = re.compile(r"(://)[^/@\s:\"']*:[^/@\s\"']*@")
_HEADER = re.compile(
    r"(?i)\b((?:proxy-)?authorization|set-cookie|cookie|x-registry-auth)\b"
    r"(['\"]?\s*[:=,]\s*(?:b(?=['\"]))?['\"]?)"
    r"(?:(?:basic|bearer|digest|negotiate)\s+)?[^\s'\",;]+"
)
# Entrepot's own tokens; what is left names the token, for whoever has to end it.
_TOKEN = re.compile(r"(ent_(?:pat|bot)_[0-9A-Za-z]{12}_)[0-9A-Za-z]+")
_SCHEME = re.compile(r"(?i)\b(basic|bearer)\s+[A-Za-z0-9+/_\-.~]{8,}=*")


def redact_target(target: str) -> str:
    """Hide the values of query parameters that carry secrets.

    Args:
        target: path and query of a request, or a URL.
    """
    if "ent_" in target:
        target = _TOKEN.sub(_KEPT_AND_HIDDEN, target)
    if "?" in target or "&" in target or ";" in target:
        target = _PARAMETER.sub(_KEPT_AND_HIDDEN, target)
    return target


def redact(text: str) -> str:
    """Hide what looks like a secret in a message: headers, tokens, passwords in URLs.

    A net below the rope: nothing may be logged that is known to be secret.

    Args:
        text: a message or a traceback.
    """
    text = _USERINFO.sub(rf"\1{HIDDEN}@", text)
    text = _HEADER.sub(rf"\1\2{HIDDEN}", text)
    text = _TOKEN.sub(_KEPT_AND_HIDDEN, text)
    text = _SCHEME.sub(rf"\1 {HIDDEN}", text)
    return _PARAMETER.sub(_KEPT_AND_HIDDEN, text)
