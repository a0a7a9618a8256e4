"""Who did what."""

from __future__ import annotations

from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from oauth2_provider.settings import oauth2_settings

_REFUSED = "the audit trail is append-only"


class AppendOnly(models.QuerySet["AuditEvent"]):
    """Rows that are added and read, never changed or deleted; every other way raises TypeError.

    Django's own work on a deletion, which empties the references to a person or an application, goes through the
    model's base manager.
    """

    def update(self, **kwargs: Any) -> NoReturn:
        """Refuse. Raises TypeError."""
        raise TypeError(_REFUSED)

    update.alters_data = True  # type: ignore[attr-defined]  # what a template may not call

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse. Raises TypeError."""
        raise TypeError(_REFUSED)

    bulk_update.alters_data = True  # type: ignore[attr-defined]  # as above

    def bulk_create(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse: events are recorded one by one, each with its signal. Raises TypeError."""
        raise TypeError(_REFUSED)

    bulk_create.alters_data = True  # type: ignore[attr-defined]  # as above

    def delete(self) -> NoReturn:
        """Refuse. Raises TypeError."""
        raise TypeError(_REFUSED)

    delete.alters_data = True  # type: ignore[attr-defined]  # as above
    delete.queryset_only = True  # type: ignore[attr-defined]  # as Django's: the manager has no delete()

    def _raw_delete(self, using: str | None) -> NoReturn:
        """Refuse. Raises TypeError."""
        raise TypeError(_REFUSED)


class AuditEvent(models.Model):
    """One thing that happened to an application, a consent or a key. Rows are only ever added.

    Deleting a person or an application empties the reference; their names as they were stay in the row.
    """

    class Action(models.TextChoices):
        """What happened."""

        APPLICATION_REGISTERED = "application.registered", _("Application registered")
        APPLICATION_CHANGED = "application.changed", _("Application changed")
        APPLICATION_DELETED = "application.deleted", _("Application deleted")
        REVIEW_SUBMITTED = "review.submitted", pgettext_lazy("what happened", "Submitted for review")
        REVIEW_WITHDRAWN = "review.withdrawn", _("Submission withdrawn")
        APPLICATION_APPROVED = "application.approved", _("Application approved")
        APPLICATION_REJECTED = "application.rejected", _("Application rejected")
        CHANGE_APPROVED = "change.approved", _("Change approved")
        CHANGE_REJECTED = "change.rejected", _("Change rejected")
        APPLICATION_SUSPENDED = "application.suspended", _("Application suspended")
        APPLICATION_REINSTATED = "application.reinstated", _("Application reinstated")
        MEMBER_INVITED = "member.invited", _("Member invited")
        MEMBER_ACCEPTED = "member.accepted", _("Invitation accepted")
        MEMBER_REMOVED = "member.removed", _("Member removed")
        SECRET_ISSUED = "secret.issued", _("Secret issued")
        SECRET_ROTATED = "secret.rotated", _("Secrets rotated")
        SECRET_REVOKED = "secret.revoked", _("Secret revoked")
        TOKEN_REVOKED = "token.revoked", _("Token revoked")
        CONSENT_GIVEN = "consent.given", _("Consent given")
        CONSENT_REFUSED = "consent.refused", _("Consent refused")
        CONSENT_NARROWED = "consent.narrowed", _("Part of a consent withdrawn")
        CONSENT_WITHDRAWN = "consent.withdrawn", _("Consent withdrawn")
        CONSENT_NOT_ASKED = "consent.not_asked", _("Consent not asked: the application belongs to this site")
        CONSENT_UNUSED = "consent.unused", _("Unused consent ended")
        CONSENT_ENDED = "consent.ended", _("Consent ended by an administrator")
        SIGNED_OUT = "application.signed_out", _("Signed out of the application")
        ACCOUNT_DEACTIVATED = "account.deactivated", _("Account deactivated")
        ACCOUNT_DELETED = "account.deleted", _("Account deleted")
        PERSON_EXPORTED = "person.exported", _("Personal data exported")
        PERSON_ERASED = "person.erased", _("Personal data erased")
        SESSION_ENDED = "session.ended", _("Session ended by an administrator")
        RESOURCE_SERVER_CHANGED = "resource_server.changed", _("What a resource server may ask about changed")
        KEY_ROTATED = "key.rotated", _("Signing key rotated")
        KEY_RETIRED = "key.retired", _("Signing key retired")
        AUDIT_EXPORTED = "audit.exported", _("Audit trail exported")

    at = models.DateTimeField(_("time"), auto_now_add=True, db_index=True)
    action = models.CharField(_("action"), max_length=40, choices=Action.choices)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("actor"),
    )
    actor_name = models.CharField(_("actor"), max_length=150, blank=True)
    application = models.ForeignKey(
        oauth2_settings.APPLICATION_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("application"),
    )
    client_id = models.CharField(_("client ID"), max_length=100, blank=True)
    address = models.GenericIPAddressField(_("address"), null=True)
    data = models.JSONField(_("details"), default=dict)

    objects = AppendOnly.as_manager()

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")
        default_permissions = ("view",)
        permissions = [("export_auditevent", _("Can export the audit trail"))]
        indexes = [
            models.Index(fields=["application", "-at"], name="provider_site_audit_by_app"),
            models.Index(fields=["action", "-at"], name="provider_site_audit_by_action"),
            models.Index(fields=["client_id", "-at"], name="provider_site_audit_by_client"),
            models.Index(fields=["actor_name", "-at"], name="provider_site_audit_by_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.action}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Add the event. Raises TypeError for one that is stored already."""
        if not self._state.adding:
            raise TypeError(_REFUSED)
        # An INSERT whatever the caller asked for: with the key of a stored row, save() would write over that row.
        super().save(force_insert=True, using=kwargs.get("using"))

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse. Raises TypeError."""
        raise TypeError(_REFUSED)
