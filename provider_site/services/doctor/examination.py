"""Look at a provider from outside, and from inside where this is its server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from provider_site.conf import provider_settings
from provider_site.services.doctor import inside
from site_doctor import endpoint_looks, inside_looks, metadata_looks, page_looks, transport_looks
from site_doctor.caller import Caller
from site_doctor.findings import Finding, Outcome
from site_doctor.findings import examine as look_at
from site_doctor.metadata_looks import Provider

_TRIES_BEYOND = 1.5
_TRIES = 400


@dataclass(frozen=True, slots=True)
class Examination:
    """What to look at: the issuer's address, how to call it, and whether this is the server itself."""

    issuer: str
    caller: Caller
    inside: bool
    limits: bool = False


def examine(examination: Examination) -> Mapping[str, list[Finding]]:
    """Return what was found, part by part. A site that can't be reached is one failure; the rest is skipped."""
    address, caller = examination.issuer, examination.caller
    provider = Provider(caller, address)
    page = f"{address}/"
    transport = list(look_at(transport_looks.LOOKS, caller, page))
    parts = {"Transport": transport}
    if reached := _reached(provider):
        parts |= {
            "Pages": list(look_at(page_looks.LOOKS, caller, page)),
            "Metadata and keys": list(look_at(metadata_looks.LOOKS, provider)),
            "Endpoints": list(look_at(endpoint_looks.LOOKS, provider)),
        }
        if examination.limits:
            parts["Endpoints"] += look_at([endpoint_looks.LIMITED], provider, _tries())
    else:
        parts["Pages"] = [Finding("reachable", Outcome.FAIL, f"{address} gives no answer", _HINT)]
    if examination.inside:
        published = list(look_at(inside.PUBLISHED, provider)) if reached else []
        parts["Server"] = [*look_at(inside_looks.LOOKS), *look_at(inside.LOOKS), *published]
    return parts


_HINT = "Is the server up, the name known to this machine, and the port open? For a certificate of your own: --ca FILE."


def _reached(provider: Provider) -> bool:
    try:
        return bool(provider.answer(provider.discovery_url).status)
    except Exception:  # noqa: BLE001 - whatever keeps it from answering
        return False


def _tries() -> int:
    """Return how many wrong secrets must have met the limit: more than it is, since each process counts in portions."""
    rate = provider_settings.rate_limits["failures"]
    return int(rate.number * _TRIES_BEYOND) + 1 if rate is not None else _TRIES


def own_issuer() -> str:
    """Return the issuer of this project; empty where none is set."""
    return _or_empty(lambda: provider_settings.issuer)


def _or_empty(read: Callable[[], str]) -> str:
    try:
        return read()
    except ImproperlyConfigured:
        return ""


def is_own(address: str) -> bool:
    """Tell whether an address is this project's own issuer."""
    own = own_issuer()
    return bool(own) and urlsplit(address)[:3] == urlsplit(own)[:3]
