r"""Secrets, kept out of every log, in time linear in what strangers send.

A request's query shows the values of the parameters that the registry knows, and no other: nobody
can list the names under which secrets are sent by mistake. Tokens are hidden wherever they stand.
"""

from functools import lru_cache

from entrepot.oci.linear_regex import LinearRegex

HIDDEN = "***"
LONGEST = 32 * 1024
"""Characters that are looked through; no line of a log shows what is behind them."""

_LONGEST_TARGET = 4096
_LONGEST_HEADER = 1000
_LONGEST_NAME = 40
_SHOWN = frozenset(
    {
        *("account", "after", "artifacttype", "client_id", "digest", "from", "last", "mount", "n"),
        *("ns", "offline_token", "scope", "service", "tag"),
    }
)
_TOKEN_BEGINS = ("ent_", "eyJ")
# Entrepot's own tokens; what is left names the token, for whoever has to end it.
_OWN_TOKEN = LinearRegex(
    r"(ent_(?:(?:pat|bot)_[0-9A-Za-z]{12}_|[a-z]{3}_))[0-9A-Za-z_-]+", groups=True
)
_WEB_TOKEN = LinearRegex(r"eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_.-]+")
_NAMES = r"token|secret|passw|signature|credential|_state|code|api_?key|assertion|jwt|auth"
_PARAMETER = LinearRegex(rf"(?i)([?&;][^=&;\s]*(?:{_NAMES})[^=&;\s]*=)[^&;\s\"']*", groups=True)
_USERINFO = LinearRegex(r"(://)[^/@\s\"']*@", groups=True)
_CUT_USERINFO = LinearRegex(r"(://)[^/@\s\"']*$", groups=True)
_HEADER = LinearRegex(
    r"(?i)\b((?:proxy-)?authorization|set-cookie|cookie|x-registry-auth)\b"
    r"(['\"]?\s*[:=,]\s*(?:b?['\"])?)"
    r"(?:(?:basic|bearer|digest|negotiate)\s+)?[^\s'\",;]+",
    groups=True,
)
_SCHEME = LinearRegex(r"(?i)\b(basic|bearer)\s+[A-Za-z0-9+/_\-.~]{8,}=*", groups=True)


def may_hold_token(text: str) -> bool:
    """Tell whether a text has what tokens begin with; quick, for what is asked of every line."""
    return _TOKEN_BEGINS[0] in text or _TOKEN_BEGINS[1] in text


def hide_tokens(text: str) -> str:
    """Hide the tokens in a text: Entrepot's, and what looks like a JSON Web Token.

    Args:
        text: of at most LONGEST characters; longer ones are cut.
    """
    if not may_hold_token(text):
        return text
    return _WEB_TOKEN.replace_in(_OWN_TOKEN.replace_in(text[:LONGEST], rf"\1{HIDDEN}"), HIDDEN)


def redact_target(target: str) -> str:
    """Hide what may be secret in a request's address: parameters that nobody knows, and tokens.

    Args:
        target: path and query of a request, or a URL without userinfo; cut where it is very long.
    """
    path, mark, query = target[:_LONGEST_TARGET].partition("?")
    if not mark:
        return hide_tokens(path)
    shown = "&".join(map(_shown_parameter, query.split("&")))
    return hide_tokens(f"{path}?{shown}")


def _shown_parameter(parameter: str) -> str:
    name, equals, value = parameter.partition("=")
    # Some readers end a parameter at a semicolon: what follows it could be another.
    if name.lower() in _SHOWN and ";" not in value:
        return parameter
    return f"{name[:_LONGEST_NAME]}={HIDDEN}" if equals else parameter and HIDDEN


def redact(text: str, longest: int = LONGEST) -> str:
    """Hide what looks like a secret in a message: headers, tokens, passwords in URLs.

    A net below the rope: nothing may be logged that is known to be secret.

    Args:
        text: a message or a traceback.
        longest: characters after which it is cut; at most LONGEST.
    """
    if len(text) > longest:
        text = _CUT_USERINFO.replace_in(text[:longest], rf"\1{HIDDEN}") + "…"
    text = _USERINFO.replace_in(text, rf"\1{HIDDEN}@")
    text = _HEADER.replace_in(text, rf"\1\2{HIDDEN}")
    text = _SCHEME.replace_in(text, rf"\1 {HIDDEN}")
    return hide_tokens(_PARAMETER.replace_in(text, rf"\1{HIDDEN}"))


def redact_header(text: str) -> str:
    """Hide secrets in a header that many requests have alike: User-Agent, Referer.

    Args:
        text: as it was sent; cut where it is long.
    """
    return _redacted_header(text[: _LONGEST_HEADER + 1]) if text else text


@lru_cache(512)
def _redacted_header(text: str) -> str:
    text = redact(text, _LONGEST_HEADER)
    return redact_target(text) if "?" in text else text
