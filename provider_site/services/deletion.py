"""Deleting an application or a person's account with everything that hangs on it, however much that is."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction
from django.db.models import CASCADE, PROTECT, RESTRICT, SET_NULL, ProtectedError
from django.db.models.deletion import get_candidate_relations_to_delete
from django.http import HttpRequest
from django.utils import timezone

from provider_site import signals
from provider_site.errors import ReviewConflict
from provider_site.models import AppProfile, AuditEvent, ClientSecret, Logo, Member, Registration, Review
from provider_site.services import accounts, audit, changes, facts, outbox, pictures
from provider_site.services.applications import application_model

BATCH = 1000
AT_ONCE = 10
PER_DELIVERY = 100
KIND = "delete-application"


@transaction.atomic
def delete_application(
    *, application: Any, actor: Any, by_owner: bool = False, request: HttpRequest | None = None
) -> bool:
    """Delete an application with all its rows; return whether nothing of it is left now.

    In this transaction it is dead and gone from every page: its client ID names nothing, its secrets, members and logos
    are deleted, and its registration says ``deleted_at``, so that no token, code or consent of it holds. A small
    application's rows go with it. Where they are more than ``AT_ONCE`` batches, the answer does not wait for a million
    rows: the outbox takes them away, batch by batch, each in a transaction of its own, and the application's own row
    last; a crash in between is continued by the next attempt. The audit trail stays.

    Callers have checked who asks. Raises ProtectedError where a row of the host's protects the application, and
    ReviewConflict for a suspended one that its owner deletes (``by_owner``): what the site decided stays.
    """
    Registration.objects.get_or_create(application=application)
    registration = Registration.objects.select_for_update(of=("self",)).get(application=application)
    application = registration.application
    if registration.deleted_at is not None:
        return False
    if by_owner and registration.status == Registration.Status.SUSPENDED:
        raise ReviewConflict("a suspended application is not deleted by its owners")
    _refuse_protected(application)
    audit.record(
        action=AuditEvent.Action.APPLICATION_DELETED,
        actor=actor,
        application=application,
        request=request,
        data={"name": application.name, "status": registration.status},
    )
    signals.application_deleted.send(sender=Registration, registration=registration)
    _bury(application, registration)
    if not _sweep(application, batches=AT_ONCE):
        _rename(application)
        outbox.put(kind=KIND, payload={"application": str(application.pk)})
        return False
    application.delete()
    return True


def _refuse_protected(application: Any) -> None:
    for relation in _relations(application):
        if relation.field.remote_field.on_delete in {PROTECT, RESTRICT}:
            rows = relation.related_model._base_manager.filter(**{relation.field.name: application})
            if first := rows.first():
                raise ProtectedError("a row protects the application", {first})


def _bury(application: Any, registration: Registration) -> None:
    """Take the application out of every page and every check, by a few rows."""
    now = timezone.now()
    registration.status, registration.status_changed_at = Registration.Status.SUSPENDED, now
    registration.owner = registration.logo = None
    registration.tokens_not_before = registration.deleted_at = now
    registration.save()
    # Not save(): DOT's would hash the closed secret column.
    application_model()._default_manager.filter(pk=application.pk).update(
        redirect_uris="", post_logout_redirect_uris="", user=None
    )
    ClientSecret.objects.filter(application=application).delete()
    Member.objects.filter(application=application).delete()
    Review.objects.filter(application=application, decided_at=None).delete()
    logos = Logo.objects.filter(application=application)
    for picture in [logo.picture for logo in logos]:
        pictures.delete_on_commit(picture)
    logos.delete()


def _rename(application: Any) -> None:
    """Let the client ID name nothing.

    Last, once the rows are waited for: PostgreSQL lets nobody refer to a row whose unique key changes, and somebody who
    holds one of those rows may be about to (a token request, an accepted invitation): each would wait for the other.
    """
    application.client_id = f"deleted-{uuid.uuid4().hex}"
    application_model()._default_manager.filter(pk=application.pk).update(client_id=application.client_id)


def _relations(instance: Any) -> list[Any]:
    """Return what points to a row: first what nothing else points to, so that a batch takes little along."""
    relations: list[Any] = list(get_candidate_relations_to_delete(instance._meta))
    models = {relation.related_model for relation in relations}

    def followers(relation: Any) -> int:
        own: list[Any] = list(get_candidate_relations_to_delete(relation.related_model._meta))
        return sum(each.related_model in models and each.field.remote_field.on_delete is CASCADE for each in own)

    return sorted(relations, key=followers)


def _sweep(instance: Any, *, batches: int) -> bool:
    """Empty or delete the rows that point to ``instance``, in so many batches; return whether none is left."""
    for relation in _relations(instance):
        field, manager = relation.field, relation.related_model._base_manager
        on_delete = field.remote_field.on_delete
        # The registration says that the application is deleted until the application's own row is.
        if on_delete not in {CASCADE, SET_NULL} or relation.related_model is Registration:
            continue
        rows = manager.filter(**{field.name: instance})
        while keys := list(rows.order_by().values_list("pk", flat=True)[:BATCH]):
            if batches <= 0:
                return False
            batches -= 1
            with transaction.atomic():
                found = manager.filter(pk__in=keys)
                if on_delete is CASCADE:
                    if relation.related_model is AppProfile:
                        for row in found.exclude(avatar=""):
                            pictures.delete_on_commit(row.avatar)
                    found.delete()
                else:  # the base manager's: the audit trail's own refuses to be updated, and here it loses a reference
                    found.update(**{field.name: None})
    return True


@outbox.deliverer(KIND)
def finish_deletion(payload: dict[str, Any]) -> None:
    """Take away some more of a deleted application; what is left then is the next message's."""
    rows = Registration.objects.select_related("application").filter(deleted_at__isnull=False)
    registration = rows.filter(application=payload["application"]).first()
    if registration is None:
        return
    if not _sweep(registration.application, batches=PER_DELIVERY):
        outbox.put(kind=KIND, payload=payload)
        return
    registration.application.delete()


@transaction.atomic
def delete_person(*, user: Any, actor: Any = None, request: HttpRequest | None = None) -> None:
    """Delete an account with its tokens, consents and sessions, in batches that need little memory.

    Its applications stay: they lose their owner, with a trace, and every co-owner answers for them. The audit trail
    stays, with the name as it was.
    """
    with accounts.deletion_noted(user=user, actor=actor, request=request):
        _disown(user, actor=actor, request=request)
        # DOT's own column would take the applications along; those taken over from stock DOT still have it filled.
        application_model()._default_manager.filter(user=user).update(user=None)
        _sweep_all(user)
        user.delete()


def _disown(user: Any, *, actor: Any, request: HttpRequest | None) -> None:
    for registration in Registration.objects.select_related("application").filter(owner=user, deleted_at=None):
        application = registration.application
        Registration.objects.filter(pk=registration.pk).update(owner=None, updated=timezone.now())
        gone = [{"fact": "owner", "before": str(user.pk), "after": ""}]
        before = facts.read(application=application)
        changes.note_change(application=application, before=before, others=gone, actor=actor, request=request)


def _sweep_all(instance: Any) -> None:
    while not _sweep(instance, batches=PER_DELIVERY):
        pass
