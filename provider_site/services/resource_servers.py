"""What protected resources may learn of tokens, and the names they are addressed by."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from provider_site.conf import provider_settings
from provider_site.models import AuditEvent, Registration, ResourceServer
from provider_site.policy import resources, scopes
from provider_site.services import audit

# More than anybody names in earnest: each is one more value in a query.
MAX_RESOURCES = 20
_FIELDS = ("identifier", "scope", "refresh_tokens")


def fault(asked: Iterable[str]) -> str | None:
    """Return what is wrong with the resources a client names, for its developer, or ``None`` (RFC 8707 2).

    This site answers to its issuer; every other resource is the identifier of a resource server that is approved.
    """
    wanted = set(asked)
    if not all(resources.is_indicator(name) for name in wanted):
        return "A resource must be an absolute URI with a host and without a fragment."
    if len(wanted) > MAX_RESOURCES:
        return f"More than {MAX_RESOURCES} resources are named."
    others = wanted - {provider_settings.issuer}
    if not others:
        return None
    rows = ResourceServer.objects.filter(
        identifier__in=others,
        application__registration__status=Registration.Status.APPROVED,
        application__registration__deleted_at=None,
    )
    known = rows.values_list("identifier", flat=True)
    return None if set(known) == others else "A resource is not known here."


def check(*, row: ResourceServer) -> None:
    """Check a resource server's fields. Raises ValidationError, by field."""
    wrong = {}
    if row.application.client_type != "confidential":
        wrong["application"] = _("Only a confidential application can prove who asks.")
    if row.identifier and not resources.is_indicator(row.identifier):
        wrong["identifier"] = _("This has to be an absolute URI with a host and without a fragment (RFC 8707).")
    elif row.identifier == provider_settings.issuer:
        wrong["identifier"] = _("This is the name of this site itself.")
    if row.scopes - set(scopes.catalog()):
        wrong["scope"] = _("One of these scopes is not offered here.")
    if not row.identifier and not row.scope:
        wrong["identifier"] = _("Name the resource, choose scopes, or both: without either it learns of nothing.")
    if wrong:
        raise ValidationError(wrong)


@transaction.atomic
def save(*, row: ResourceServer, actor: Any = None, request: HttpRequest | None = None) -> None:
    """Store what a resource server may learn, with a trace of what it was before.

    Raises ValidationError. Callers have checked the permission.
    """
    check(row=row)
    before = ResourceServer.objects.select_for_update().filter(pk=row.pk).first() if row.pk else None
    row.scope = scopes.serialize(row.scopes)
    row.save()
    old = _state(before)
    new = _state(row)
    if old != new:
        _record(row, before=old, after=new, actor=actor, request=request)


@transaction.atomic
def remove(*, row: ResourceServer, actor: Any = None, request: HttpRequest | None = None) -> None:
    """Take away what a resource server may learn: from now on it learns of its own tokens alone."""
    _record(row, before=_state(row), after={}, actor=actor, request=request)
    ResourceServer.objects.filter(pk=row.pk).delete()


def _state(row: ResourceServer | None) -> dict[str, Any]:
    return {} if row is None else {name: getattr(row, name) for name in _FIELDS}


def _record(row: ResourceServer, *, before: Any, after: Any, actor: Any, request: HttpRequest | None) -> None:
    action = AuditEvent.Action.RESOURCE_SERVER_CHANGED
    data = {"before": before, "after": after}
    audit.record(action=action, actor=actor, application=row.application, request=request, data=data)
