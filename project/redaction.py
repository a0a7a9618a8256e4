"""Keep secrets out of what is logged, whoever wrote it: a library's line, an exception's words, an address."""

import re
from urllib.parse import unquote

from django.http import HttpRequest

MASK = "…"

# By these names a form, a query, a header, a cookie or JSON carries what opens something.
_NAMES = (
    r"access_?token|api_?key|app_?key|app_?secret|assertion|auth_?code|client_?secret|code|code_?verifier|"
    r"cookie|csrf_?middleware_?token|csrf_?token|device_?code|id_?token|id_?token_?hint|key|logout_?token|"
    r"nonce|open_?key|pass_?word[12]?|private_?key|refresh_?token|secret(?:_?key)?|session_?id|session_?key|"
    r"set-cookie|state|subject_?token|token|user_?code|verifier"
)
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # Ours say what they are (provider_site/storage/credentials.py), and so do GitHub's.
    (re.compile(r"\b(os(?:at|rt|cs|dc)|gh[a-z]|github_pat)_[0-9A-Za-z_]{8,}"), rf"\1_{MASK}"),
    (re.compile(r"\beyJ[\w-]{6,}\.[\w-]{6,}(?:\.[\w-]*)?"), MASK),
    (re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?(?:-----END \1-----|\Z)", re.DOTALL), MASK),
    (re.compile(r"\b(Basic|Bearer|DPoP)(\s+)[\w.~+/=-]{6,}", re.IGNORECASE), rf"\1\2{MASK}"),
    (re.compile(r"(\w://[^\s/:@]*:)[^\s/@]+@"), rf"\1{MASK}@"),
    # name=value, name: value, "name": "value", 'name': ['value']
    (
        re.compile(
            rf"""(?<![\w-])(["']?(?:[\w-]*?[_-])?(?:{_NAMES})["']?(?:\s*=\s*|["']\s*:\s*))"""
            r"""(\[?(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|[^\s&;,"'<>)\]}]+)""",
            re.IGNORECASE,
        ),
        rf"\1{MASK}",
    ),
    (re.compile(r"\b(Authorization|Cookie|Set-Cookie)(\s*:\s*)[^\r\n]+", re.IGNORECASE), rf"\1\2{MASK}"),
)
# What a line without any of these can't hold: most lines are looked at once.
_SUSPICIOUS = re.compile(r"[=:_]|eyJ|-----|basic|bearer|dpop", re.IGNORECASE)
_SHORTEST_HANDLE = 16


def redact(text: str) -> str:
    """Return `text` without values that are secrets by their shape, or by the name before them."""
    if not _SUSPICIOUS.search(text):
        return text
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def path_of(request: HttpRequest) -> str:
    """Return where a request went, as its route where it has one: links hold keys and handles in their path."""
    match = request.resolver_match
    if match is not None and match.route:
        return "/" + match.route.removeprefix("/")
    return without_handles(request.path)


def without_handles(address: str) -> str:
    """Return an address without its query, and without parts of its path that look random."""
    path = address.partition("?")[0]
    return "/".join(MASK if _looks_random(part) else part for part in path.split("/"))


def _looks_random(part: str) -> bool:
    word = unquote(part)
    if len(word) < _SHORTEST_HANDLE:
        return False
    # A signed key has colons; the name of a file has a dot, and is looked up as it is.
    return ":" in word or ("." not in word and any(character.isdigit() for character in word))
