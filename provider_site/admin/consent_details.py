"""What the page of a consent shows beside its fields: each scope's terms, the application as shown, its sign-ins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from provider_site.admin.fact_rows import NAMES
from provider_site.models import Authorization, Consent, Registration
from provider_site.policy import durations
from provider_site.policy.devices import device
from provider_site.policy.scopes import Text, allowable, in_order
from provider_site.services import consent_support, situations
from provider_site.storage import consented
from provider_site.storage.access import registration_of

SIGN_INS, EVENTS = 20, 20


@dataclass(frozen=True, slots=True)
class ScopeRow:
    """One scope that was allowed, on its own terms."""

    name: str
    title: Text
    given_at: datetime
    ends_at: datetime | None
    once: bool
    wording: str
    holds: bool
    unasked: bool
    is_sensitive: bool
    writes: bool


@dataclass(frozen=True, slots=True)
class FactRow:
    """One thing the person went by, as it was shown; ``changed``: it is another one now."""

    name: Text
    value: str
    changed: bool


def state(consent: Consent) -> Text:
    """Return in words whether a consent holds now."""
    if consent.closed_at is not None:
        return consent.get_closed_reason_display() or _("Closed")
    held = consented.held(consent, registration_of(consent.application))
    if not held:
        return _("Over")
    if held < consent.scopes:
        return _("Partly over")
    return _("Open, unused for long") if consent.unused_warned_at is not None else _("Open")


def ends(consent: Consent) -> datetime | None:
    """Return when the last of a consent ends, by the application's and the site's limits too."""
    return consented.end(consent, registration_of(consent.application))


def duration(consent: Consent) -> str:
    """Return in words for how long the person chose; of the latest decision alone."""
    try:
        chosen = durations.from_text(consent.duration)
    except ValueError:  # a row older than the field
        return ""
    if chosen is None:
        return gettext("Until withdrawn")
    if chosen == durations.ONCE:
        return gettext("Once, for a single sign-in")
    return ngettext("%(days)s day", "%(days)s days", chosen) % {"days": chosen}


def details(consent: Consent, *, with_events: bool) -> dict[str, Any]:
    """Return the template's context. Every list has a bound."""
    registration = registration_of(consent.application)
    events = consent_support.events_of(consent=consent, most=EVENTS) if with_events else None
    return {
        "scope_rows": _scopes(consent, registration),
        "declined": _declined(consent),
        "shown": _shown(consent),
        "sign_ins": _sign_ins(consent),
        "sign_ins_most": SIGN_INS,
        "events": None
        if events is None
        else [{"event": row, "fields": (), "reason": row.data.get("reason", "")} for row in events],
    }


def _scopes(consent: Consent, registration: Registration | None) -> list[ScopeRow]:
    known, limit, texts = consented.terms(consent), consented.limit(registration), allowable()
    held = consented.held(consent, registration, timezone.now())
    rows = []
    for name in [*in_order(known), *sorted(set(known) - set(texts))]:
        term, text = known[name], texts.get(name)
        rows.append(
            ScopeRow(
                name=name,
                title=text.title if text is not None else "",
                given_at=term.given_at,
                ends_at=term.end(limit),
                once=term.once,
                wording=term.wording,
                holds=name in held,
                unasked=term.unasked,
                is_sensitive=text is not None and text.sensitive,
                writes=text is not None and text.writes,
            )
        )
    return rows


def _declined(consent: Consent) -> list[tuple[str, Text]]:
    texts = allowable()
    return [(name, texts[name].title if name in texts else "") for name in sorted(consent.declined_scopes)]


def _shown(consent: Consent) -> list[FactRow]:
    changed = situations.changes(application=consent.application, consent=consent)
    stored: Mapping[str, Any] = consent.facts if isinstance(consent.facts, dict) else {}
    return [
        FactRow(
            name=_("Hosts that data is sent to") if name == "hosts" else NAMES.get(name, name),
            value=", ".join(map(str, value)) if isinstance(value, list) else str(value),
            changed=name in changed,
        )
        for name, value in stored.items()
    ]


def _sign_ins(consent: Consent) -> list[dict[str, Any]]:
    rows = Authorization.objects.filter(consent=consent).order_by("-created")[:SIGN_INS]
    return [{"row": row, "device": device(row.user_agent) if row.user_agent else None} for row in rows]
