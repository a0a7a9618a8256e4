"""What happens to an account, whatever page or code of the host's does it, and what follows from it here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db import transaction
from django.db.models.signals import post_save, pre_delete
from django.http import HttpRequest

from provider_site.models import AppProfile, AuditEvent, PairwiseSubject, Profile, Session, UnionSubject
from provider_site.policy.security_events import Event
from provider_site.services import audit, logout, pictures, security_events
from provider_site.storage import accounts as storage
from provider_site.storage import batches

_NOTED = "_provider_site_deletion_noted"
_REASON = "account_deactivated"
BATCH = 1000


def connect_receivers() -> None:
    """Listen to the host's user model, with its proxies and children: Django names the class that was saved."""
    for model in apps.get_models():
        if issubclass(model, get_user_model()):
            label = model._meta.label
            post_save.connect(_note_saved, sender=model, dispatch_uid=f"provider_site.accounts.saved.{label}")
            pre_delete.connect(_note_deleted, sender=model, dispatch_uid=f"provider_site.accounts.deleted.{label}")


# --- Deactivation ----------------------------------------------------------------------------------------------------


def _note_saved(
    *, instance: Any, created: bool, raw: bool, update_fields: frozenset[str] | None = None, **_kwargs: Any
) -> None:
    if raw or created:
        return
    if update_fields is None or "password" in update_fields:
        logout.end_unbound(user=instance)
    if not instance.is_active and (update_fields is None or "is_active" in update_fields):
        end_access(user=instance)


def end_access(*, user: Any, request: HttpRequest | None = None) -> bool:
    """End every session and token of a deactivated account for good; return whether there was any.

    The consents stay: once active again, the person signs in anew and is not asked again. Where nothing is left to end
    nothing is written, so that whoever saves an account that has been inactive for long leaves no trace here.
    """
    if not _has_sessions(user) and not storage.has_access(user_id=user.pk):
        return False
    with transaction.atomic():
        # Before what they bought is revoked: the applications of each are told.
        sessions = logout.end_all(user=user, reason=Session.EndReason.ACCOUNT)
        tokens = storage.revoke_person(user_id=user.pk, reason=_REASON)
        if not sessions and not tokens:  # somebody else's at the same moment
            return False
        audit.record(action=AuditEvent.Action.ACCOUNT_DEACTIVATED, request=request, data={"user": str(user.pk)})
        security_events.put_everywhere(user=user, event=Event.ACCOUNT_DISABLED)
    return True


def _has_sessions(user: Any) -> bool:
    return Session.objects.filter(user=user, ended_at=None).exists()


def end_inactive() -> int:
    """End what accounts still have that were deactivated without a signal, as by a bulk update; return how many.

    They are refused at each use meanwhile. What this reaches does not come back when the account is active again.
    """
    model = get_user_model()
    try:
        model._meta.get_field("is_active")
    except FieldDoesNotExist:  # a host whose accounts are never inactive
        return 0
    ended = 0
    for key in chain(_inactive_with_sessions(), storage.inactive_people()):
        user = model._default_manager.filter(pk=key, is_active=False).first()
        ended += user is not None and end_access(user=user)
    return ended


def _inactive_with_sessions() -> Iterator[Any]:
    rows = Session.objects.filter(ended_at=None, user__is_active=False)
    return chain.from_iterable(batches.of_keys(rows, "user_id", size=BATCH))


# --- Deletion --------------------------------------------------------------------------------------------------------


@contextmanager
def deletion_noted(*, user: Any, actor: Any = None, request: HttpRequest | None = None) -> Iterator[None]:
    """Note the deletion of an account before any row goes; the receiver does not note it again in the block."""
    _note(user, actor=actor, request=request)
    setattr(user, _NOTED, True)
    try:
        yield
    finally:
        delattr(user, _NOTED)


def _note_deleted(*, instance: Any, **_kwargs: Any) -> None:
    if getattr(instance, _NOTED, False):
        return
    _note(instance, actor=None, request=None)
    # Django has gathered what goes with the account before: what the notices needed and has just been made, has not.
    for model in (Profile, PairwiseSubject, UnionSubject):
        model._default_manager.filter(user=instance).delete()


def _note(user: Any, *, actor: Any, request: HttpRequest | None) -> None:
    logout.end_all(user=user, reason=Session.EndReason.ACCOUNT)
    security_events.put_everywhere(user=user, event=Event.ACCOUNT_PURGED)
    action = AuditEvent.Action.ACCOUNT_DELETED
    audit.record(action=action, actor=actor, request=request, data={"user": str(user.pk)})
    for model in (Profile, AppProfile):
        for row in model._default_manager.filter(user=user).exclude(avatar=""):
            pictures.delete_on_commit(row.avatar)
