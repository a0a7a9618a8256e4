"""What was done with a connected app, in words for its person."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from provider_site.models import AuditEvent, Consent
from provider_site.policy import devices
from provider_site.policy.scopes import allowable, in_order
from provider_site.services.connections import PastConnection

_Action = AuditEvent.Action

DECISIONS: dict[str, Any] = {
    _Action.CONSENT_GIVEN: gettext_lazy("You allowed:"),
    _Action.CONSENT_REFUSED: gettext_lazy("You declined everything"),
    _Action.CONSENT_NARROWED: gettext_lazy("You withdrew:"),
    _Action.CONSENT_WITHDRAWN: gettext_lazy("You withdrew everything"),
    _Action.CONSENT_NOT_ASKED: gettext_lazy(
        "You signed in without being asked: the app belongs to this site. It gets:"
    ),
    _Action.SIGNED_OUT: gettext_lazy("You signed out of the app here"),
}
_PAST: dict[str, Any] = {
    Consent.ClosedReason.WITHDRAWN: pgettext_lazy("consent", "Withdrawn"),
    Consent.ClosedReason.ENDED: pgettext_lazy("consent", "Ended: its time was over"),
    Consent.ClosedReason.UNUSED: pgettext_lazy("consent", "Ended: not used for long"),
    Consent.ClosedReason.ADMINISTRATOR: pgettext_lazy("consent", "Ended by the people who run this site"),
}
_METHODS: dict[str, Any] = {
    "pwd": gettext_lazy("password"),
    "otp": gettext_lazy("one-time code"),
    "hwk": gettext_lazy("passkey or security key"),
}
_ENDS: dict[str, Any] = {
    "signed_out": gettext_lazy("you signed out of the app"),
    "consent_withdrawn": gettext_lazy("you withdrew everything"),
    "consent_ended": gettext_lazy("its time was over"),
    "consent_unused": gettext_lazy("the app had not been used for long"),
    "consent_administrator": gettext_lazy("the people who run this site ended it"),
    "revoked_by_client": gettext_lazy("the app ended it"),
    "revoked_by_staff": gettext_lazy("the people who run this site ended it"),
    "leaked": gettext_lazy("a key of it had become public"),
    "code_replayed": gettext_lazy("a key of it was used twice, which may be theft"),
    "device_code_replayed": gettext_lazy("a key of it was used twice, which may be theft"),
    "refresh_token_replayed": gettext_lazy("a key of it was used twice, which may be theft"),
}


def past(connection: PastConnection) -> dict[str, Any]:
    """Return what a page says of a consent that is over."""
    return {
        "consent": connection.consent,
        "application": connection.consent.application,
        "ended_at": connection.ended_at,
        "reason": _PAST.get(connection.reason, connection.reason),
    }


def titles(names: Any) -> list[Any]:
    """Return the titles of scopes, from a collection or a space-separated text, in the catalogue's order."""
    definitions = allowable()
    return [definitions[name].title for name in in_order(names.split() if isinstance(names, str) else names)]


def device(user_agent: str) -> str:
    """Return what a person knows the device by: "Firefox on Windows"."""
    known = devices.device(user_agent)
    if known.browser and known.system:
        return _("%(browser)s on %(system)s") % {"browser": known.browser, "system": known.system}
    return str(known.browser or known.system or _("unknown device"))


def methods(amr: list[str]) -> list[Any]:
    """Return the authentication methods (RFC 8176) in words, those without any as they are."""
    return [_METHODS.get(name, name) for name in amr]


def end_of(reason: str) -> Any:
    """Return why a sign-in ended, as far as there are words for it."""
    return _ENDS.get(reason, "")
