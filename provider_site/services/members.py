"""Who may do what with an application: its owner, its co-owners, its test users."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provider_site import signals
from provider_site.conf import provider_settings
from provider_site.errors import NotAllowed
from provider_site.models import AuditEvent, Member, Registration, Review
from provider_site.services import applications, audit, outbox

MAX_MEMBERS = 100
# Of one person, the applications of others: who co-owns more sees the first ones.
_CO_OWNED = 1000
# Each invitation is a letter in the inviter's words from this site's address, and removing it makes room for the next.
INVITATIONS_A_DAY = 200
SAME_PERSON_A_DAY = 10


def may_register(*, user: Any) -> bool:
    """Tell whether the person may register applications at all (``WHO_MAY_REGISTER``)."""
    if not user.is_authenticated or not user.is_active:
        return False
    return {
        "nobody": False,
        "staff": bool(getattr(user, "is_staff", False)),
        "verified": provider_settings.email_verified(user),
        "everyone": True,
    }[provider_settings.who_may_register]


def has_room(*, user: Any) -> bool:
    """Tell whether the person owns fewer applications than ``MAX_APPLICATIONS``."""
    return Registration.objects.filter(owner=user).count() < provider_settings.max_applications


def is_owner(*, application: Any, user: Any) -> bool:
    """Tell whether the person may change the application: its owner or a co-owner who has accepted."""
    return _owned_by(user).filter(application=application).exists()


def is_principal(*, application: Any, user: Any) -> bool:
    """Tell whether the person may delete the application and choose its co-owners.

    Its owner; where that account is gone, every co-owner.
    """
    registration = Registration.objects.filter(application=application).first()
    if registration is None or user.pk is None:  # or nobody would be the owner of what has none
        return False
    return registration.owner_id == user.pk or (
        registration.owner_id is None and is_owner(application=application, user=user)
    )


def is_party(*, application: Any, user: Any) -> bool:
    """Tell whether the person has a side in a decision about the application: an owner, or who asked for it.

    The second so that nobody gives their application away for as long as it takes to decide about it.
    """
    return is_owner(application=application, user=user) or has_asked(application=application, user=user)


def has_asked(*, application: Any, user: Any) -> bool:
    """Tell whether what waits for review was submitted by this person."""
    return Review.objects.filter(application=application, decided_at=None, submitted_by=user).exists()


def is_member(*, application: Any, user: Any) -> bool:
    """Tell whether the person may sign in to the application before it is approved."""
    accepted = Member.objects.filter(application=application, user=user, accepted_at__isnull=False)
    return is_owner(application=application, user=user) or accepted.exists()


def _owned_by(user: Any) -> QuerySet[Registration]:
    co_owned = Member.objects.filter(user=user, role=Member.Role.OWNER, accepted_at__isnull=False)
    # By their keys: beside an OR, PostgreSQL looks for a subquery's in every registration there is.
    keys = list(co_owned.values_list("application", flat=True)[:_CO_OWNED])
    return Registration.objects.filter(Q(owner=user) | Q(application__in=keys))


def owned(*, user: Any) -> QuerySet[Registration]:
    """Return the registrations of the applications a person may change, newest first, with application and logo."""
    return _owned_by(user).select_related("application", "logo", "owner").order_by("-created", "-pk")


def owners(*, application: Any) -> list[Any]:
    """Return the people answerable for the application: whom its notices go to."""
    registration = Registration.objects.select_related("owner").filter(application=application).first()
    first = [registration.owner] if registration is not None and registration.owner is not None else []
    rows = Member.objects.filter(application=application, role=Member.Role.OWNER, accepted_at__isnull=False)
    others = [row.user for row in rows.select_related("user").order_by("pk")]
    return first + [user for user in others if user not in first]


def listed(*, application: Any) -> QuerySet[Member]:
    """Return the application's members and open invitations, in the order they were made."""
    return Member.objects.filter(application=application).select_related("user").order_by("pk")


def invitations(*, user: Any) -> QuerySet[Member]:
    """Return the invitations a person has not answered."""
    rows = Member.objects.filter(user=user, accepted_at=None)
    return rows.select_related("application__registration__owner", "invited_by").order_by("pk")


def memberships(*, user: Any) -> QuerySet[Member]:
    """Return what a person is a member of by an invitation they accepted."""
    rows = Member.objects.filter(user=user, accepted_at__isnull=False)
    return rows.select_related("application__registration__owner", "invited_by").order_by("pk")


def _find(identifier: str) -> Any | None:
    """Return the account that a user name or a proven e-mail address names, if exactly one does.

    A text with an ``@`` is an e-mail address and nothing else: anybody may have taken it for a user name.
    """
    model = get_user_model()
    active = model._default_manager.filter(is_active=True)
    if "@" not in identifier:
        return active.filter(**{model.USERNAME_FIELD: model.normalize_username(identifier)}).first()
    field = model.get_email_field_name()
    candidates = active.filter(**{f"{field}__iexact": identifier}).order_by("pk")[:50]
    # An unproven address may be somebody else's: the invitation would go to whoever typed it.
    proven = [user for user in candidates if _same(getattr(user, field), identifier) and _is_proven(user)]
    return proven[0] if len(proven) == 1 else None


def _is_proven(user: Any) -> bool:
    return bool(provider_settings.email_verified(user))


def _same(address: str, other: str) -> bool:
    """Compare but for the case of ASCII letters; a database may take look-alikes of other scripts for the same."""
    return address == other or (address.isascii() and other.isascii() and address.lower() == other.lower())


@transaction.atomic
def invite(
    *, application: Any, identifier: str, role: Member.Role | str, actor: Any, request: HttpRequest | None = None
) -> Member:
    """Invite a person by user name or e-mail address, answering alike whether or not there is such an account.

    Raises ValidationError for an empty or repeated identifier, one's own, for a suspended application, one that has
    MAX_MEMBERS already, or an actor who has invited too often today, ValueError for an unknown role, and NotAllowed
    when the actor is no owner, or for a co-owner not the principal one.
    """
    identifier, role = identifier.strip(), Member.Role(role)
    # Before anything is looked at: it may be another's, suspended or deleted by the time the lock is there.
    registration = Registration.objects.select_for_update().filter(application=application, deleted_at=None).first()
    may = is_principal if role == Member.Role.OWNER else is_owner
    if registration is None or not may(application=application, user=actor):
        raise NotAllowed("only an owner invites, and only the principal one co-owners")
    if registration.status == Registration.Status.SUSPENDED:
        raise ValidationError(_("Nobody is invited to a suspended application."), code="suspended")
    # What can't be printed is in no name: a line break would go on into audit trails and messages.
    if not identifier or len(identifier) > 254 or not identifier.isprintable():
        raise ValidationError(_("Write a user name or an e-mail address."), code="identifier")
    rows = Member.objects.filter(application=application)
    if rows.count() >= MAX_MEMBERS:
        raise ValidationError(
            _("An application has at most %(limit)s members."), code="too_many", params={"limit": MAX_MEMBERS}
        )
    if rows.filter(invited_as__iexact=identifier).exists():
        raise ValidationError(_("%(who)s is invited already."), code="repeated", params={"who": identifier})
    _refuse_floods(identifier, actor)
    user = _find(identifier)
    if user is not None and user.pk == actor.pk:
        raise ValidationError(_("That is you: you may do everything here already."), code="yourself")
    # The same person under another name: a row without an account keeps that to itself.
    if user is not None and (rows.filter(user=user).exists() or _is_first_owner(application, user)):
        user = None
    member = Member.objects.create(
        application=application, user=user, invited_as=identifier, role=role, invited_by=actor
    )
    audit.record(
        action=AuditEvent.Action.MEMBER_INVITED,
        actor=actor,
        application=application,
        request=request,
        data={"invited_as": identifier, "role": role},
    )
    signals.member_invited.send(sender=Member, member=member)
    outbox.put(kind="invitation-mail", payload={"member": member.pk})
    return member


def _refuse_floods(identifier: str, actor: Any) -> None:
    """Raise ValidationError for who has invited too many today, or one person too often: the same for every name."""
    today = AuditEvent.objects.filter(
        actor_name=actor.get_username()[:150],
        actor=actor,
        action=AuditEvent.Action.MEMBER_INVITED,
        at__gt=timezone.now() - timedelta(days=1),
    )
    names = [str(data.get("invited_as", "")) for data in today.values_list("data", flat=True)[:INVITATIONS_A_DAY]]
    same = [name for name in names if name.casefold() == identifier.casefold()]
    if len(names) >= INVITATIONS_A_DAY or len(same) >= SAME_PERSON_A_DAY:
        raise ValidationError(_("You have invited too often today. Please go on tomorrow."), code="too_often")


def _is_first_owner(application: Any, user: Any) -> bool:
    return Registration.objects.filter(application=application, owner=user).exists()


@transaction.atomic
def accept(*, member_id: int, user: Any, request: HttpRequest | None = None) -> Member | None:
    """Accept one's own invitation; return it, or ``None`` when there is none to accept."""
    taken = Member.objects.filter(pk=member_id, user=user, accepted_at=None).update(accepted_at=timezone.now())
    if taken != 1:
        return None
    member = Member.objects.select_related("application").get(pk=member_id)
    _note(AuditEvent.Action.MEMBER_ACCEPTED, member, actor=user, request=request)
    signals.member_accepted.send(sender=Member, member=member)
    return member


@transaction.atomic
def decline(*, member_id: int, user: Any, request: HttpRequest | None = None) -> bool:
    """Let one's own invitation come to nothing; return whether there was one.

    Its row stays, without the person: to the inviter it looks like one that was never answered, or named nobody.
    """
    member = Member.objects.select_related("application").filter(pk=member_id, user=user, accepted_at=None).first()
    if member is None or Member.objects.filter(pk=member_id, user=user, accepted_at=None).update(user=None) != 1:
        return False
    data = {"invited_as": member.invited_as, "role": member.role, "declined": True}
    action = AuditEvent.Action.MEMBER_REMOVED
    audit.record(action=action, actor=user, application=member.application, request=request, data=data)
    return True


@transaction.atomic
def leave(*, member_id: int, user: Any, request: HttpRequest | None = None) -> Member | None:
    """End one's own membership; return what it was, or ``None`` when there is none."""
    rows = Member.objects.select_related("application").filter(user=user, accepted_at__isnull=False)
    member = rows.filter(pk=member_id).first()
    if member is not None:
        remove(member=member, actor=user, request=request)
    return member


@transaction.atomic
def remove(*, member: Member, actor: Any, request: HttpRequest | None = None) -> None:
    """Remove a member or an invitation, one's own included; a test user's tokens are refused from the next use on.

    Raises NotAllowed when the actor is neither the person, nor an owner, nor, for a co-owner, the principal one.
    """
    is_own = member.user_id is not None and member.user_id == actor.pk
    may = is_principal if member.role == Member.Role.OWNER else is_owner
    if not is_own and not may(application=member.application, user=actor):
        raise NotAllowed("not a member's own row, nor an owner")
    dismiss(member=member, actor=actor, request=request)


@transaction.atomic
def dismiss(*, member: Member, actor: Any, request: HttpRequest | None = None) -> None:
    """Remove a member or an invitation on the site's behalf; the caller has checked that ``actor`` may."""
    _note(AuditEvent.Action.MEMBER_REMOVED, member, actor=actor, request=request)
    signals.member_removed.send(sender=Member, member=member)
    member.delete()


def _note(action: AuditEvent.Action, member: Member, *, actor: Any, request: HttpRequest | None) -> None:
    audit.record(
        action=action,
        actor=actor,
        application=member.application,
        request=request,
        data={"invited_as": member.invited_as, "role": member.role},
    )


def find(*, application: Any, member_id: int) -> Member | None:
    """Return a member of this very application, or ``None``."""
    return Member.objects.select_related("application", "user").filter(application=application, pk=member_id).first()


def own_application(*, user: Any, application_id: str) -> Any | None:
    """Return the application behind a key from an address, if the person may change it."""
    application = applications.by_key(key=application_id)
    return application if application is not None and is_owner(application=application, user=user) else None
