"""What a page of a site says to browsers, and what the site believes of a client's own words."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from site_doctor.caller import Answer, Caller, Unreachable
from site_doctor.findings import Doubtful, Look, NotLookedAt, NotWell

_STRANGER = "stranger.invalid"
_POLICIES = {"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"}


def _page(caller: Caller, url: str) -> Answer:
    """Return the page at an address, or the one a few redirects of the same site lead to."""
    origin, answer = urlsplit(url), caller.get(url)
    for _step in range(4):
        location = answer.header("Location")
        if answer.status not in {301, 302, 303, 307, 308} or not location:
            break
        target = urlsplit(location)
        if target.netloc and target.netloc != origin.netloc:
            break
        path = (target.path or "/") + (f"?{target.query}" if target.query else "")
        answer = caller.get(f"{origin.scheme}://{origin.netloc}{path}")
    if answer.status >= 500:
        raise NotWell(f"the page answers {answer.status}")
    return answer


def _directives(answer: Answer) -> dict[str, str]:
    parts = [part.strip().partition(" ") for part in answer.header("Content-Security-Policy").split(";")]
    return {name.lower(): value for name, _space, value in parts if name}


def content_policy(caller: Caller, url: str) -> str:
    """Look whether a page says which scripts may run (CSP 3)."""
    told = _directives(_page(caller, url))
    scripts = told.get("script-src", told.get("default-src", ""))
    if not scripts:
        raise NotWell("no Content-Security-Policy that speaks of scripts")
    if "'unsafe-inline'" in scripts and "'nonce-" not in scripts and "'sha256-" not in scripts:
        raise NotWell("scripts inside of pages are allowed: 'unsafe-inline'")
    if "*" in scripts.split() or "https:" in scripts.split():
        raise NotWell("scripts from everywhere are allowed")
    return f"scripts: {scripts}"


def framing(caller: Caller, url: str) -> str:
    """Look whether other sites may put a page into a frame (clickjacking)."""
    answer = _page(caller, url)
    ancestors, options = _directives(answer).get("frame-ancestors", ""), answer.header("X-Frame-Options").upper()
    if ancestors in {"'none'", "'self'"} or (not ancestors and options in {"DENY", "SAMEORIGIN"}):
        return f"frame-ancestors {ancestors}" if ancestors else options
    raise NotWell(f"frame-ancestors {ancestors}" if ancestors else "neither frame-ancestors nor X-Frame-Options")


def sniffing(caller: Caller, url: str) -> str:
    """Look whether browsers guess at types."""
    if _page(caller, url).header("X-Content-Type-Options").lower() != "nosniff":
        raise NotWell("no X-Content-Type-Options: nosniff")
    return "nosniff"


def referrer(caller: Caller, url: str) -> str:
    """Look what addresses the next site is told."""
    told = _page(caller, url).header("Referrer-Policy").lower()
    last = told.split(",")[-1].strip()
    if last not in _POLICIES:
        raise NotWell(f"Referrer-Policy: {told}" if told else "no Referrer-Policy")
    return last


def software(caller: Caller, url: str) -> str:
    """Look whether the answer names a version of what serves it."""
    answer = _page(caller, url)
    named = " ".join(answer.headers("Server") + answer.headers("X-Powered-By"))
    if any(letter.isdigit() for letter in named):
        raise Doubtful(f"answers name versions: {named}")
    return named or "no name"


def cookies(caller: Caller, url: str) -> str:
    """Look at the cookies of a page: Secure, SameSite, for this host alone."""
    lines, https = _page(caller, url).headers("Set-Cookie"), url.startswith("https:")
    if not lines:
        raise NotLookedAt("the page sets none")
    for line in lines:
        name, attributes = line.partition("=")[0].strip(), [word.strip().lower() for word in line.split(";")[1:]]
        if https and "secure" not in attributes:
            raise NotWell(f"{name} is without Secure")
        if not any(word in {"samesite=lax", "samesite=strict"} for word in attributes):
            raise NotWell(f"{name} is without SameSite=Lax or Strict")
        if any(word.startswith("domain=") for word in attributes):
            raise NotWell(f"{name} goes to other hosts of the domain, too")
    return ", ".join(line.partition("=")[0].strip() for line in lines)


def unknown_host(caller: Caller, url: str) -> str:
    """Look whether the site answers under a name that is none of its own."""
    try:
        answer = caller.get(url, host=_STRANGER)
    except Unreachable:
        return "refused without an answer"
    if answer.status < 400 and _STRANGER in answer.text() + answer.header("Location"):
        raise NotWell(f"answers {answer.status} and calls itself {_STRANGER}")
    if answer.status < 300:
        raise NotWell(f"answers {answer.status} as {_STRANGER}")
    return f"{answer.status}"


def forwarded_host(caller: Caller, url: str) -> str:
    """Look whether a client chooses the site's name by a proxy's header."""
    answer = caller.get(url, headers={"X-Forwarded-Host": _STRANGER, "Forwarded": f"host={_STRANGER}"})
    if _STRANGER in answer.text() + answer.header("Location"):
        raise NotWell(f"X-Forwarded-Host of a client is believed: the page says {_STRANGER}")
    return "not believed"


def forwarded_protocol(caller: Caller, url: str) -> str:
    """Look whether a client chooses what counts as https: its own header must not pass the proxy."""
    scheme = urlsplit(url).scheme
    other = "http" if scheme == "https" else "https"
    plain = caller.get(url)
    answer = caller.get(url, headers={"X-Forwarded-Proto": other, "X-Forwarded-Ssl": "off", "X-Scheme": other})
    changed = (answer.status, bool(answer.header("Strict-Transport-Security")), _secure(answer))
    if changed != (plain.status, bool(plain.header("Strict-Transport-Security")), _secure(plain)):
        raise NotWell(f"X-Forwarded-Proto of a client is believed: {plain.status} becomes {answer.status}")
    return "not believed"


def _secure(answer: Answer) -> bool:
    return any("secure" in line.lower().split("; ") for line in answer.headers("Set-Cookie"))


def debug(caller: Caller, url: str) -> str:
    """Look whether an unknown address shows the inside of the site."""
    parts = urlsplit(url)
    answer = caller.get(f"{parts.scheme}://{parts.netloc}/{secrets.token_hex(8)}/")
    if "DEBUG = True" in answer.text() or "Traceback (most recent call last)" in answer.text():
        raise NotWell("an error shows settings and addresses: DEBUG is on")
    return f"{answer.status}"


def health(caller: Caller, url: str) -> str:
    """Look whether the site is ready, and tells strangers that one word alone."""
    parts = urlsplit(url)
    answer = caller.get(f"{parts.scheme}://{parts.netloc}/health/ready")
    if answer.status == 404:
        raise NotLookedAt("it has no /health/ready")
    try:
        told = answer.document()
    except ValueError:
        raise NotWell(f"/health/ready answers {answer.status}, and no JSON") from None
    if more := sorted(set(told) - {"status"}):
        raise NotWell(f"/health/ready tells strangers {', '.join(more)}")
    if answer.status != 200:
        raise NotWell(f"/health/ready answers {answer.status}: {told.get('status')}")
    if told.get("status") != "ok":
        raise Doubtful(f"/health/ready says {told.get('status')}")
    return "ready"


_PROXY = (
    "nginx: proxy_set_header X-Forwarded-Proto $scheme; and reach the server only through the proxy: gunicorn believes "
    "what comes from its own machine, unless --forwarded-allow-ips says otherwise."
)
LOOKS = (
    Look("content-policy", "RFC 9700 4.16", "Let the proxy pass Content-Security-Policy on.", content_policy),
    Look("framing", "RFC 9700 4.16", 'Let the proxy pass frame-ancestors on; X_FRAME_OPTIONS = "DENY".', framing),
    Look("nosniff", "RFC 9700 2.6", "SECURE_CONTENT_TYPE_NOSNIFF = True", sniffing),
    Look("referrer", "RFC 9700 4.2.4", 'SECURE_REFERRER_POLICY = "same-origin"', referrer),
    Look("software", "RFC 9110 10.2.4", "nginx: server_tokens off;", software),
    Look("cookies", "RFC 6265 8.3", 'SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True; …_SAMESITE = "Lax"', cookies),
    Look("unknown-host", "RFC 9700 4.13", "ALLOWED_HOSTS = [the site's own names]", unknown_host),
    Look(
        "forwarded-host",
        "RFC 9700 4.13",
        "USE_X_FORWARDED_HOST = False, and drop the header in the proxy.",
        forwarded_host,
    ),
    Look("forwarded-protocol", "RFC 9700 4.13", _PROXY, forwarded_protocol),
    Look("debug", "RFC 9700 4.2", "DEBUG = False", debug),
    Look("health", "", "With MONITORING_TOKEN it says which need isn't met; docs/monitoring.md", health),
)
