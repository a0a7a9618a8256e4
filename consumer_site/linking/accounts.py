"""Move a sign-in from one person's account to another's, or pour a whole account into another."""

from __future__ import annotations

import logging
from typing import Any

from allauth.account.models import EmailAddress
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialAccount
from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db import transaction

from consumer_site.linking.policy import Facts, Obstacle, obstacle_to_merging, obstacle_to_moving
from consumer_site.models import CalendarEvent, SessionLink
from consumer_site.signals import people_merged

logger = logging.getLogger("consumer_site.linking")


class CannotLink(Exception):
    """The account changed hands meanwhile (`obstacle` is None), or something stands in the way."""

    def __init__(self, obstacle: Obstacle | None = None) -> None:
        super().__init__(obstacle.value if obstacle else "the account changed hands")
        self.obstacle = obstacle


def facts_of(account: SocialAccount, *, target: Any) -> Facts:
    """Return what policy needs to know of the account's present owner."""
    source = account.user
    return Facts(
        active=bool(source.is_active),
        privileged=_is_privileged(source),
        second_factor=_has_second_factor(source),
        password=bool(source.has_usable_password()),
        other_accounts=SocialAccount.objects.filter(user=source).exclude(pk=account.pk).count(),
        site_allows=bool(get_adapter().may_merge(source=source, target=target)),
    )


@transaction.atomic
def move(*, account: SocialAccount, target: Any) -> None:
    """Make `account` a sign-in of `target`; raise CannotLink when that may not be."""
    current = _locked(account, target=target)
    if obstacle := obstacle_to_moving(facts_of(current, target=target)):
        raise CannotLink(obstacle)
    source_pk = current.user_id
    SocialAccount.objects.filter(pk=current.pk).update(user=target)
    # What it opened there ends with it, as when it is disconnected.
    SessionLink.objects.filter(account=current, user=source_pk).delete()
    logger.info("sign-in moved: account=%s from=%s to=%s", current.pk, source_pk, target.pk)


@transaction.atomic
def merge(*, account: SocialAccount, target: Any) -> None:
    """Pour the account's owner into `target`: every sign-in, entry and proven address; then close what is left.

    The row of the user stays, deactivated, so that nothing which hangs on it is lost. Raise CannotLink when that may
    not be; `people_merged` is sent before the end of the transaction.
    """
    current = _locked(account, target=target)
    if obstacle := obstacle_to_merging(facts_of(current, target=target)):
        raise CannotLink(obstacle)
    source = current.user
    SocialAccount.objects.filter(user=source).update(user=target)
    SessionLink.objects.filter(user=source).delete()
    CalendarEvent.objects.filter(user=source).update(user=target)
    _move_addresses(source, target)
    people_merged.send(type(target), source=source, target=target)
    _close(source)
    logger.info("accounts merged: from=%s to=%s", source.pk, target.pk)


def _locked(account: SocialAccount, *, target: Any) -> SocialAccount:
    """Return the account as it is now, both its owner's row and the target's locked, in the order of their keys."""
    users = get_user_model()._default_manager.select_for_update().order_by("pk")
    found = {user.pk: user for user in users.filter(pk__in=[account.user_id, target.pk])}
    current = SocialAccount.objects.select_for_update().filter(pk=account.pk, user_id=account.user_id).first()
    if current is None or len(found) != 2 or not found[target.pk].is_active:
        raise CannotLink
    current.user = found[current.user_id]
    return current


def _is_privileged(user: Any) -> bool:
    rights = ("is_staff", "is_superuser")
    if any(getattr(user, name, False) for name in rights):
        return True
    return any(hasattr(user, name) and getattr(user, name).exists() for name in ("groups", "user_permissions"))


def _has_second_factor(user: Any) -> bool:
    if not apps.is_installed("allauth.mfa"):
        return False
    return bool(apps.get_model("mfa", "Authenticator").objects.filter(user=user).exists())


def _move_addresses(source: Any, target: Any) -> None:
    """Give the target the addresses that were proven; unproven ones prove nothing for anybody else either.

    None to somebody with a password, a second factor or rights: an address resets the password, and whoever merges has
    shown sign-ins alone.
    """
    guarded = target.has_usable_password() or _has_second_factor(target) or _is_privileged(target)
    has_primary = EmailAddress.objects.filter(user=target, primary=True).exists()
    for address in EmailAddress.objects.filter(user=source).order_by("-primary", "pk"):
        known = EmailAddress.objects.filter(user=target, email__iexact=address.email).exists()
        if guarded or known or not address.verified:
            address.delete()
            continue
        address.user, address.primary = target, not has_primary
        has_primary = True
        address.save(update_fields=["user", "primary"])


def _close(user: Any) -> None:
    # It has no password, by policy; a new unusable one ends its sessions for good, should it be opened again.
    user.set_unusable_password()
    user.save(update_fields=["password"])
    try:
        user._meta.get_field("is_active")
    except FieldDoesNotExist:
        return  # without a sign-in left, nobody enters it either
    user.is_active = False
    user.save(update_fields=["is_active"])
