"""RFC 9700 section by section: is it so here, and why can that be said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.core import checks

from site_doctor.findings import Finding, Outcome

BUILT_IN = "built in"


@dataclass(frozen=True, slots=True)
class Row:
    """A section's requirement; which findings and checks speak of it, and what is so by the way it is built."""

    section: str
    asks: str
    findings: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    built_in: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """A row with its answer: yes, no, or unknown where nothing that speaks of it could be looked at."""

    section: str
    asks: str
    answer: str
    why: str


def _warned(*numbers: str) -> tuple[str, ...]:
    return tuple(f"provider_site.{number}" for number in numbers)


ROWS = (
    Row("2.1", "Redirect URIs are compared exactly", ("unregistered-redirect",), _warned("W033"), "policy/redirect.py"),
    Row("2.1", "No open redirector", ("unregistered-redirect",)),
    Row("2.1.1", "PKCE of every client, by S256", ("pkce",), _warned("W030")),
    Row("2.1.1", "A verifier without a challenge is refused", built_in="tests/security"),
    Row("2.1.2", "No implicit grant", ("response-types", "grant-types"), _warned("W011")),
    Row("2.2.1", "Access tokens live shortly and are bound to scopes", (), _warned("W017")),
    Row("2.2.2", "Refresh tokens are rotated, and a replay ends the family", (), _warned("W031", "W017"), BUILT_IN),
    Row("2.3", "Access tokens are for one audience", built_in="policy/resources.py"),
    Row("2.4", "No password grant", ("grant-types",), _warned("W011")),
    Row("2.5", "Clients prove themselves where they can", ("token-wrong-client", "introspection")),
    Row("2.6", "Metadata is published", ("discovery", "oauth-metadata")),
    Row("2.6", "TLS end to end", ("tls-certificate", "tls-old-versions", "https-only", "http-redirect", "endpoints")),
    Row("2.6", "No CORS at the authorization endpoint", ("cross-origin",), _warned("W064")),
    Row("4.1", "Redirect URIs can't be confused", built_in="policy/redirect.py; tests/security"),
    Row("4.2", "No code or state leaks by the Referer header", ("referrer", "authorize-page"), _warned("W058")),
    Row("4.3", "No token in an address", ("response-types", "userinfo", "query-secret")),
    Row("4.4", "Mix-up: iss in every answer", ("iss-parameter",)),
    Row("4.5", "Codes: once, a minute, bound to client and PKCE", ("pkce",), _warned("W017"), BUILT_IN),
    Row("4.6", "An access token from elsewhere is noticed: at_hash", built_in="protocol/id_token.py"),
    Row("4.7", "CSRF: forms are our own", ("cookies",), _warned("W056", "W057", "W074")),
    Row("4.8", "PKCE can't be taken out of a request", (), _warned("W030"), "protocol/authorize"),
    Row("4.9", "Tokens are of no use to a resource server beyond itself", built_in="policy/resources.py"),
    Row("4.10", "Stolen tokens: short, or bound", (), _warned("W017")),
    Row("4.11", "No open redirection by the provider", ("unregistered-redirect", "forwarded-host")),
    Row("4.12", "No 307 after credentials", built_in="portal/see_other.py"),
    Row(
        "4.13",
        "Proxies: clients' own headers are not believed",
        ("forwarded-host", "forwarded-protocol", "unknown-host"),
        _warned("W027", "W028", "W029", "W051"),
    ),
    Row("4.14.2", "Refresh tokens end when unused", (), _warned("W017", "W039"), BUILT_IN),
    Row("4.15", "A client can't be taken for a person", built_in="services/subjects.py"),
    Row("4.16", "Pages are in nobody's frame", ("framing", "authorize-page", "content-policy")),
    Row("4.17", "No answers by postMessage", ("response-types",), (), "response_mode is query, fragment or form_post"),
)


def checklist(parts: Mapping[str, Sequence[Finding]], *, inside: bool) -> list[Answered]:
    """Return RFC 9700's list with its answers; settings are looked at only where this is the server."""
    found = {finding.name: finding for findings in parts.values() for finding in findings}
    warned = _system_checks() if inside else None
    return [_answer(row, found, warned) for row in ROWS]


def _system_checks() -> Mapping[str, str]:
    """Return what the checks of deployment say, by id; those that are silenced, too."""
    every = checks.run_checks(include_deployment_checks=True)
    return {str(one.id): one.msg for one in every if str(one.id).startswith("provider_site.")}


def _answer(row: Row, found: Mapping[str, Finding], warned: Mapping[str, str] | None) -> Answered:
    seen = [found[name] for name in row.findings if name in found]
    wrong = [f"{one.name}: {one.told}" for one in seen if one.outcome in {Outcome.FAIL, Outcome.WARN}]
    wrong += [f"{check_id}: {warned[check_id]}" for check_id in row.checks if warned and check_id in warned]
    if wrong:
        return Answered(row.section, row.asks, "no", "; ".join(wrong))
    well = [one.name for one in seen if one.outcome is Outcome.OK]
    unseen = [f"{one.name}: {one.told}" for one in seen if one.outcome is Outcome.SKIPPED]
    unseen += [f"{name}: not looked at" for name in row.findings if name not in found]
    silent = [check_id for check_id in row.checks if warned is not None]
    why = _why(well, silent, row.built_in)
    if unseen or not why:
        return Answered(row.section, row.asks, "unknown", "; ".join(unseen) or "only the settings of its server say")
    return Answered(row.section, row.asks, "yes", why)


def _why(well: Iterable[str], silent: Iterable[str], built_in: str) -> str:
    return "; ".join(filter(None, [", ".join(well), ", ".join(f"no {one}" for one in silent), built_in]))
