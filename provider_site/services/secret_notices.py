"""Notices about client secrets by e-mail, to the owners of the application. None has the text of a secret in it."""

from __future__ import annotations

from typing import Any

from provider_site.models import ClientSecret, Registration
from provider_site.services import owner_notices, secrets
from provider_site.services.outbox import deliverer


def _mail(secret: ClientSecret, *, template: str, **context: Any) -> None:
    _mail_about(secret.application_id, template=template, secret=secret, **context)


def _mail_about(application_id: Any, *, template: str, **context: Any) -> None:
    registration = Registration.objects.select_related("application").filter(application=application_id).first()
    if registration is not None:
        owner_notices.mail_owners(registration=registration, template=template, context=context)


def _secret(payload: dict[str, Any]) -> ClientSecret | None:
    return ClientSecret.objects.filter(pk=payload["secret"]).first()


@deliverer("secret-issued-mail")
def mail_issued(payload: dict[str, Any]) -> None:
    """Tell the owners of a new secret: whoever has it can act as the application."""
    secret = _secret(payload)
    if secret is not None:
        _mail(secret, template="secret_issued", who=payload["who"])


@deliverer("secret-expiring-mail")
def mail_expiring(payload: dict[str, Any]) -> None:
    """Tell the owners that a secret ends soon and whether another lives on; nothing of one that has ended meanwhile."""
    secret = _secret(payload)
    if secret is not None and secrets.is_live(secret=secret):
        _mail(secret, template="secret_expiring", another=secrets.another_lives_on(secret=secret))


@deliverer("secret-leaked-mail")
def mail_leaked(payload: dict[str, Any]) -> None:
    """Tell the owners that a secret was found where it should not be, and opens nothing any more."""
    secret = _secret(payload)
    if secret is not None:
        _mail(secret, template="secret_leaked")


@deliverer("legacy-secret-leaked-mail")
def mail_legacy_leaked(payload: dict[str, Any]) -> None:
    """Tell the same of the secret in stock DOT's column, of which nothing is known but that it was there."""
    _mail_about(payload["application"], template="secret_leaked", secret=None)
