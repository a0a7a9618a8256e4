"""Changes of an application's facts: put in force, and traced with what they were before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.http import HttpRequest

from provider_site import signals
from provider_site.models import AuditEvent, Registration
from provider_site.policy import facts as fact_policy
from provider_site.policy.facts import Facts
from provider_site.services import audit, facts


@transaction.atomic
def put_in_force(
    *, registration: Registration, asked: Facts, actor: Any, request: HttpRequest | None = None
) -> list[str]:
    """Write the facts, with a trace of what differs; return the names of the facts that changed."""
    application = registration.application
    before = facts.read(application=application)
    if not fact_policy.diff(before, asked):
        return []
    facts.write(application=application, facts=asked)
    registration.refresh_from_db()  # receivers of the caller's signal get it as it is now
    return note_change(application=application, before=before, actor=actor, request=request)


@transaction.atomic
def note_change(
    *,
    application: Any,
    before: Facts,
    others: Sequence[Mapping[str, str]] = (),
    reason: str = "",
    actor: Any,
    request: HttpRequest | None = None,
) -> list[str]:
    """Leave the trace of what was just written in the caller's transaction; return the names of what changed.

    ``before`` are the facts as they were; ``others`` are changes beside the facts: ``fact`` and its text ``before`` and
    ``after``.
    """
    details: list[dict[str, str]] = [
        {"fact": c.fact, "kind": c.kind, "before": c.before, "after": c.after, "entry": c.entry}
        for c in fact_policy.diff(before, facts.read(application=application))
    ]
    details += [{"kind": fact_policy.Kind.CHANGED, "entry": "", **other} for other in others]
    if not details:
        return []
    fields = list(dict.fromkeys(change["fact"] for change in details))
    audit.record(
        action=AuditEvent.Action.APPLICATION_CHANGED,
        actor=actor,
        application=application,
        request=request,
        data={"fields": fields, "changes": details} | ({"reason": reason} if reason else {}),
    )
    registration = Registration.objects.select_related("application").get(application=application)
    signals.application_changed.send(sender=Registration, registration=registration, fields=fields)
    return fields
