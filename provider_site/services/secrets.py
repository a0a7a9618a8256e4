"""Client secrets: made, shown once, verified fast, rotated with overlap, revoked at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from provider_site import crypto, signals
from provider_site.conf import provider_settings
from provider_site.models import AuditEvent, ClientSecret
from provider_site.services import audit, dot_column, outbox
from provider_site.storage.credentials import new_client_secret

# What one attempt at the token endpoint may cost: it is compared with every live secret of the application.
MAX_LIVE = 10
# Each is a letter to the owners and a row that stays.
MAX_A_DAY = 100
# The pages list so many that have ended; the audit trail knows them all.
MAX_ENDED_LISTED = 50
MAX_OVERLAP = timedelta(days=90)
MAX_NAME = 60
SHORTEST_BROUGHT = 32
LIFETIMES = (30, 90, 180, 365)
LONGEST = timedelta(days=3650)

_Action = AuditEvent.Action


def _live(now: datetime) -> Q:
    return Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=now))


def lifetimes() -> Sequence[int | None]:
    """Return the lifetimes to choose from, in days; ``None``, without an end, where ``SECRET_MAX_DAYS`` sets none."""
    longest = provider_settings.secret_max_days
    if longest is None:
        return (*LIFETIMES, None)
    return (*(days for days in LIFETIMES if days < longest), longest)


def _end(expires_in: timedelta | None, *, now: datetime) -> datetime | None:
    """Return when a new secret ends. Raises ValidationError for a lifetime that is none, or too long."""
    limit = provider_settings.secret_max_days
    longest = LONGEST if limit is None else timedelta(days=limit)
    wanted = expires_in
    if expires_in is None and limit is not None:
        wanted = longest
    if wanted is None:
        return None
    if wanted <= timedelta(0):
        raise ValidationError(_("A secret has to live for some time."), code="lifetime")
    if wanted > longest:
        text = ngettext_lazy(
            "On this site a secret lives at most %(days)s day.",
            "On this site a secret lives at most %(days)s days.",
            "days",
        )
        raise ValidationError(text, code="lifetime", params={"days": longest.days})
    return now + wanted


def issue_secret(
    *,
    application: Any,
    name: str = "",
    actor: Any = None,
    text: str | None = None,
    expires_in: timedelta | None = None,
    request: HttpRequest | None = None,
    seen: str | None = None,
    tell_owners: bool = True,
) -> str:
    """Give a confidential application a further secret; return its text, which is shown this once and kept nowhere.

    ``expires_in`` left out is the longest the site allows: without an end, or ``SECRET_MAX_DAYS``. ``text`` brings a
    secret from elsewhere. ``seen`` is what ``newest`` returned when the person was asked: a form sent twice makes one
    secret. ``tell_owners`` is for the first secret of an application, which surprises nobody.

    Raises ValidationError for a public client, a name or lifetime that is too long, the eleventh live secret, or (code
    ``repeated``) when another one was made since ``seen``; ValueError for a ``text`` of less than 32 characters.
    """
    if text is not None and len(text) < SHORTEST_BROUGHT:
        raise ValueError(f"a client secret brought from elsewhere needs at least {SHORTEST_BROUGHT} characters")
    with transaction.atomic():
        locked = _locked(application, seen=seen)
        secret, made = _make(locked, name=name, text=text, expires_in=expires_in)
        _note(_Action.SECRET_ISSUED, made, actor=actor, request=request)
        signals.secret_issued.send(sender=ClientSecret, secret=made)
        if tell_owners:
            outbox.put(kind="secret-issued-mail", payload={"secret": made.pk, "who": _name_of(actor, request)})
    return secret


def _locked(application: Any, *, seen: str | None = None) -> Any:
    """Return the application under its row lock: two simultaneous requests can't both be the tenth, or the first."""
    locked = type(application).objects.select_for_update().get(pk=application.pk)
    if seen is not None and seen != newest(application=locked):
        raise ValidationError(
            _(
                "No secret was made this time: this form was sent before, or the secrets have changed since you opened "
                "it. Look at the list first, and send it once more if you need another one."
            ),
            code="repeated",
        )
    return locked


def _make(
    application: Any, *, name: str, expires_in: timedelta | None, text: str | None = None
) -> tuple[str, ClientSecret]:
    """Write a new secret of an application that is locked; return its text and its row."""
    now = timezone.now()
    name = name.strip()
    if application.client_type != "confidential":
        raise ValidationError(_("A public client has no secret: it could not keep one."), code="public")
    if len(name) > MAX_NAME:
        raise ValidationError(_("At most %(limit)s characters."), code="name", params={"limit": MAX_NAME})
    if ClientSecret.objects.filter(_live(now), application=application).count() >= MAX_LIVE:
        text_of_limit = _("An application has at most %(limit)s secrets at a time. Revoke one that is not in use.")
        raise ValidationError(text_of_limit, code="too_many", params={"limit": MAX_LIVE})
    if ClientSecret.objects.filter(application=application, created__gt=now - timedelta(days=1)).count() >= MAX_A_DAY:
        raise ValidationError(_("Too many secrets were made today. Please go on tomorrow."), code="too_often")
    end = _end(expires_in, now=now)
    secret = text or new_client_secret()
    row = ClientSecret.objects.create(
        application=application,
        name=name,
        digest=crypto.digest(secret),
        first_characters=secret[:8],
        expires_at=end,
    )
    return secret, row


def rotate(
    *,
    application: Any,
    actor: Any = None,
    overlap: timedelta,
    name: str = "",
    expires_in: timedelta | None = None,
    request: HttpRequest | None = None,
    seen: str | None = None,
) -> str:
    """Issue a secret and let every other one end after ``overlap`` at the latest; return the new one's text.

    With an overlap of nothing the others end at once. A secret still in stock DOT's column ends like the others.

    Raises ValidationError as ``issue_secret`` does, and for an overlap below nothing or above 90 days.
    """
    if not timedelta(0) <= overlap <= MAX_OVERLAP:
        text = _("The old secrets can go on working for 0 to %(days)s days.")
        raise ValidationError(text, code="overlap", params={"days": MAX_OVERLAP.days})
    with transaction.atomic():
        locked = _locked(application, seen=seen)
        end = timezone.now() + overlap
        live = ClientSecret.objects.filter(_live(timezone.now()), application=locked)
        # First, so that ten old secrets that end now leave room for the new one.
        ended = live.filter(Q(expires_at=None) | Q(expires_at__gt=end)).update(expires_at=end)
        secret, made = _make(locked, name=name, expires_in=expires_in)
        legacy = has_legacy_secret(application=locked)
        if legacy and not overlap:
            dot_column.close(application=locked)
        elif legacy:
            dot_column.close_later(application=locked, at=end)
        data = {"others": ended + legacy, "others_end": end.isoformat(timespec="seconds")}
        _note(_Action.SECRET_ROTATED, made, actor=actor, request=request, **data)
        signals.secret_issued.send(sender=ClientSecret, secret=made)
        outbox.put(kind="secret-issued-mail", payload={"secret": made.pk, "who": _name_of(actor, request)})
    return secret


@transaction.atomic
def revoke(
    *, secret: ClientSecret, actor: Any = None, request: HttpRequest | None = None, leaked: bool = False
) -> bool:
    """End a secret at once, for good; return whether this call did it. Its row stays in the list.

    A leaked one is noted as such, and its owners are told.
    """
    revoked = ClientSecret.objects.filter(pk=secret.pk, revoked_at=None).update(revoked_at=timezone.now())
    if revoked != 1:
        return False
    secret.refresh_from_db(fields=["revoked_at"])
    reason = {"reason": "leaked"} if leaked else {}
    _note(_Action.SECRET_REVOKED, secret, actor=actor, request=request, **reason)
    signals.secret_revoked.send(sender=ClientSecret, secret=secret)
    if leaked:
        outbox.put(kind="secret-leaked-mail", payload={"secret": secret.pk})
    return True


def _note(
    action: AuditEvent.Action, secret: ClientSecret, *, actor: Any, request: HttpRequest | None, **data: Any
) -> None:
    known: dict[str, Any] = {"name": secret.name, "first_characters": secret.first_characters}
    if secret.expires_at is not None:
        known["expires_at"] = secret.expires_at.isoformat(timespec="seconds")
    audit.record(action=action, actor=actor, application=secret.application, request=request, data=known | data)


def _name_of(actor: Any, request: HttpRequest | None) -> str:
    if actor is None and request is not None and request.user.is_authenticated:
        actor = request.user
    return str(actor.get_username()) if actor is not None else ""


def listed(*, application: Any) -> list[ClientSecret]:
    """Return the live secrets, newest first, and after them those that have ended, the latest 50."""
    now = timezone.now()
    rows = ClientSecret.objects.filter(application=application).order_by("-created", "-pk")
    return [*rows.filter(_live(now)), *rows.exclude(_live(now))[:MAX_ENDED_LISTED]]


def is_live(*, secret: ClientSecret) -> bool:
    """Tell whether the secret works now."""
    return secret.revoked_at is None and (secret.expires_at is None or timezone.now() < secret.expires_at)


def newest(*, application: Any) -> str:
    """Return a text that stands for the newest secret, ended ones among them: it changes when one is made."""
    row = ClientSecret.objects.filter(application=application).order_by("-pk").values("pk").first()
    return str(row["pk"]) if row is not None else "0"


def has_legacy_secret(*, application: Any) -> bool:
    """Tell whether a confidential application still has the secret stock DOT gave it, in DOT's own column."""
    return application.client_type == "confidential" and dot_column.is_open(application=application)


@transaction.atomic
def revoke_legacy(
    *, application: Any, actor: Any = None, request: HttpRequest | None = None, leaked: bool = False
) -> bool:
    """End the secret in stock DOT's own column at once; return whether there was one."""
    locked = _locked(application)
    if not dot_column.is_open(application=locked):
        return False
    dot_column.close(application=application)
    data: dict[str, Any] = {"legacy": True} | ({"reason": "leaked"} if leaked else {})
    audit.record(action=_Action.SECRET_REVOKED, actor=actor, application=application, request=request, data=data)
    if leaked:
        outbox.put(kind="legacy-secret-leaked-mail", payload={"application": str(application.pk)})
    return True


def verify_secret(*, application: Any, secret: str) -> bool:
    """Tell whether ``secret`` is a live secret of ``application``, in constant time per stored secret.

    An application taken over from stock DOT has its secret in DOT's column until its first use here: then a secret of
    the generator's shape is stored by its fast digest, and one a person may have chosen keeps its slow hash.
    """
    if not secret:
        return False
    live = ClientSecret.objects.filter(_live(timezone.now()), application=application).only(
        "pk", "digest", "last_used_at"
    )
    for row in live:
        if crypto.matches(secret, row.digest):
            note_use(row)
            return True
    return dot_column.verify(application=application, secret=secret)


def note_use(row: ClientSecret) -> None:
    """Record the day of the last use; one write a day per secret, not one per request."""
    now = timezone.now()
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if row.last_used_at is None or row.last_used_at < today:
        stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=today)
        ClientSecret.objects.filter(stale, pk=row.pk).update(last_used_at=now)
        row.last_used_at = now


def warn_expiring() -> int:
    """Write to the owners of each live secret that ends within ``SECRET_WARNING_DAYS``, once; return how many.

    Also where another secret lives on: only its owners know which one is in use, so the mail says both. Idempotent,
    and safe to run twice at the same time: one conditional UPDATE decides who writes.
    """
    now = timezone.now()
    soon = now + provider_settings.secret_warning
    due = ClientSecret.objects.filter(revoked_at=None, warned_at=None, expires_at__gt=now, expires_at__lte=soon)
    warned = 0
    for key in due.filter(application__client_type="confidential").order_by("expires_at").values_list("pk", flat=True):
        with transaction.atomic():
            if due.filter(pk=key).update(warned_at=now) == 1:
                outbox.put(kind="secret-expiring-mail", payload={"secret": key})
                warned += 1
    return warned


def another_lives_on(*, secret: ClientSecret) -> bool:
    """Tell whether another secret of the application works when this one, which has an end, works no more."""
    longer = Q(expires_at=None) | Q(expires_at__gt=secret.expires_at)
    others = ClientSecret.objects.filter(longer, application=secret.application_id, revoked_at=None)
    return others.exclude(pk=secret.pk).exists()
