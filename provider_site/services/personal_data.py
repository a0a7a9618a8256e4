"""Everything this app keeps of a person, as a file for them, and its erasure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from provider_site.conf import provider_settings
from provider_site.models import (
    AppProfile,
    AuditEvent,
    Authorization,
    Consent,
    Member,
    PairwiseSubject,
    Profile,
    Registration,
    Session,
    UnionSubject,
)
from provider_site.services import app_profiles, audit, deletion, profile_details, receipts
from provider_site.storage import accounts as storage

CHUNK = 500
_SECRET = re.compile(
    r"password|passphrase|passcode|secret|token|hash|digest|salt|otp|credential|recovery|backup_code|answer$"
    r"|(private|api|access|session|signing)_?key",
    re.IGNORECASE,
)
Document = Iterator[tuple[str, Any]]


# --- Export ----------------------------------------------------------------------------------------------------------


def export(*, user: Any, actor: Any = None, request: HttpRequest | None = None) -> Iterator[str]:
    """Record that a person's data is exported, and return it as the text of one JSON object, piece by piece.

    However many rows there are, few are in memory. No password, token or other secret is in it, and of other people
    nothing. Callers have checked who asks.
    """
    data = {"user": str(user.pk)}
    event = audit.record(action=AuditEvent.Action.PERSON_EXPORTED, actor=actor, request=request, data=data)
    return _pieces(_sections(user, until=event.at))


def _pieces(sections: Document) -> Iterator[str]:
    before = "{"
    for name, value in sections:
        yield f"{before}\n{json.dumps(name)}: "
        before = ","
        if isinstance(value, Mapping | str) or value is None:
            yield _json(value)
            continue
        separator = "["
        for row in value:
            yield f"{separator}\n{_json(row)}"
            separator = ","
        yield "[]" if separator == "[" else "\n]"
    yield "\n}\n"


def _json(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)


def _sections(user: Any, *, until: datetime) -> Document:
    """Yield the name and content of each section: a mapping, or rows one by one."""
    yield "issuer", provider_settings.issuer
    yield "exported_at", timezone.now().isoformat()
    yield "account", account_fields(user)
    yield "profile", _profile(user)
    yield "profiles_for_applications", _rows(AppProfile, user, _app_profile, "application")
    yield "subjects", _subjects(user)
    consents = Consent.objects.filter(user=user).select_related("user", "application__registration__owner")
    yield "consents", (receipts.receipt(consent=row) for row in _each(consents))
    yield "authorizations", _rows(Authorization, user, _authorization, "application")
    yield "sessions", _rows(Session, user, _session)
    yield "memberships", _rows(Member, user, _membership, "application")
    owned = Registration.objects.filter(owner=user, deleted_at=None).select_related("application")
    yield "owned_applications", (_owned(row) for row in _each(owned))
    yield "events", (_event(row, user) for row in _each(events_of(user=user).filter(at__lte=until)))


def _each(rows: QuerySet[Any]) -> Iterator[Any]:
    return rows.order_by("pk").iterator(chunk_size=CHUNK)


def _rows(
    model: type[models.Model], user: Any, as_dict: Callable[[Any], dict[str, Any]], *related: str
) -> Iterator[dict[str, Any]]:
    rows = model._default_manager.filter(user=user)
    return map(as_dict, _each(rows.select_related(*related) if related else rows))


def account_fields(user: Any) -> dict[str, Any]:
    """Return the columns of the host's account that are no secret, by their names and types; files by their names."""
    return {
        field.name: _plain(field.value_from_object(user))
        for field in user._meta.concrete_fields
        if not _SECRET.search(field.name) and not isinstance(field, models.BinaryField)
    }


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _time(value: datetime | None) -> str | None:
    return value.isoformat() if value is not None else None


def _profile(user: Any) -> dict[str, Any] | None:
    profile = Profile.objects.filter(user=user).first()
    if profile is None:
        return None
    return {
        "subject": profile.subject,
        "nickname": profile.nickname,
        "avatar": app_profiles.avatar_url(profile.avatar_key),
        **{name: getattr(profile, name) for name in profile_details.NAMES},
        "updated": _time(profile.updated),
    }


def _app_profile(row: AppProfile) -> dict[str, Any]:
    return {
        "client_id": row.application.client_id,
        "nickname": row.nickname,
        "avatar_choice": row.avatar_choice,
        "avatar": app_profiles.avatar_url(row.avatar_key),
        "updated": _time(row.updated),
    }


def _subjects(user: Any) -> Iterator[dict[str, Any]]:
    for row in _each(PairwiseSubject.objects.filter(user=user)):
        yield {"kind": "pairwise", "sector": row.sector, "subject": row.subject}
    for union in _each(UnionSubject.objects.filter(user=user)):
        # Whose they are is the owner's own affair: the applications say enough.
        theirs = Registration.objects.filter(owner=union.owner_id, application__consents__user=user)
        names = theirs.order_by("application__client_id").values_list("application__client_id", flat=True).distinct()
        yield {"kind": "unionid", "client_ids": list(names), "subject": union.subject}


def _authorization(row: Authorization) -> dict[str, Any]:
    names = ("created", "auth_time", "consumed_at", "revoked_at")
    return {
        "client_id": row.application.client_id,
        "scope": row.scope,
        "methods": row.amr,
        "address": row.address,
        "browser": row.user_agent,
        "revoked_reason": row.revoked_reason,
        **{name: _time(getattr(row, name)) for name in names},
    }


def _session(row: Session) -> dict[str, Any]:
    names = ("auth_time", "created", "expires_at", "ended_at")
    return {
        "sid": str(row.sid),
        "methods": row.amr,
        "address": row.address,
        "browser": row.user_agent,
        "ended_reason": row.ended_reason,
        **{name: _time(getattr(row, name)) for name in names},
    }


def _membership(row: Member) -> dict[str, Any]:
    times = {name: _time(getattr(row, name)) for name in ("invited_at", "accepted_at")}
    return {"client_id": row.application.client_id, "role": row.role, "invited_as": row.invited_as, **times}


def _owned(row: Registration) -> dict[str, Any]:
    known = {"client_id": row.application.client_id, "name": row.application.name, "status": row.status}
    return {**known, "created": _time(row.created)}


def events_of(*, user: Any) -> QuerySet[AuditEvent]:
    """Return the events a person caused, and those that name the account."""
    return AuditEvent.objects.filter(Q(actor=user) | Q(data__user=str(user.pk)))


def _event(row: AuditEvent, user: Any) -> dict[str, Any]:
    """Return an event; of one that somebody else caused neither their name nor from where."""
    own = row.actor_id == user.pk
    details = _details(row, user)
    known = {"at": _time(row.at), "action": row.action, "client_id": row.client_id, "by_you": own, "details": details}
    return known | ({"name": row.actor_name, "address": row.address} if own else {})


def _details(row: AuditEvent, user: Any) -> dict[str, Any]:
    """Return an event's details without what they say of other people: whoever was staff takes no list of them home."""
    if row.data.get("user", "") not in {"", str(user.pk)}:
        return {}
    details = {name: value for name, value in row.data.items() if name != "invited_as"}
    if "changes" in details:
        details["changes"] = [change for change in details["changes"] if change.get("fact") != "owner"]
    return details


# --- Erasure ---------------------------------------------------------------------------------------------------------


def holdings(*, user: Any) -> dict[str, int]:
    """Return how many rows of each kind a person has: what an erasure takes away, or (applications, events) empties."""
    models_of_person: Iterable[type[models.Model]] = (
        Profile,
        AppProfile,
        PairwiseSubject,
        UnionSubject,
        Consent,
        Authorization,
        Session,
        Member,
    )
    kept = {
        "applications that lose their owner": Registration.objects.filter(owner=user, deleted_at=None).count(),
        "events that lose their name and address": AuditEvent.objects.filter(actor=user).count(),
    }
    own = {str(model._meta.verbose_name_plural): _count(model, user) for model in models_of_person}
    return {**own, "tokens and codes": storage.count(user_id=user.pk), **kept}


def _count(model: type[models.Model], user: Any) -> int:
    return model._default_manager.filter(user=user).count()


@transaction.atomic
def erase(*, user: Any, keep_audit_name: bool = False, actor: Any = None, request: HttpRequest | None = None) -> int:
    """Delete an account, and take its name and address from the audit trail; return from how many events.

    The trail is append-only but for these two columns, here, and the reference to the account, which Django empties.
    The details of events name accounts by their primary key alone, which means nothing once the account is gone.
    """
    key = str(user.pk)
    emptied = 0 if keep_audit_name else _empty_names(user)
    deletion.delete_person(user=user, actor=actor, request=request)
    data = {"user": key, "events": emptied}
    audit.record(action=AuditEvent.Action.PERSON_ERASED, actor=actor, request=request, data=data)
    return emptied


def _empty_names(user: Any) -> int:
    """Go through the base manager: the trail's own refuses every change."""
    rows = AuditEvent._base_manager.filter(actor=user).exclude(actor_name="", address=None).order_by()
    emptied = 0
    while keys := list(rows.values_list("pk", flat=True)[:CHUNK]):
        emptied += AuditEvent._base_manager.filter(pk__in=keys).update(actor_name="", address=None)
    return emptied
