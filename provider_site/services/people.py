"""What this site knows of a person, gathered for the claims policy."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.contrib.auth import get_user_model

from provider_site.conf import provider_settings
from provider_site.models import AppProfile, Profile, Registration
from provider_site.policy import claims
from provider_site.policy.claims import Person
from provider_site.services import app_profiles, profile_details, subjects
from provider_site.services.profiles import get_profile
from provider_site.storage.access_rows import PersonRows

logger = logging.getLogger("provider_site.claims")

_NOT_READ = PersonRows(profile=None, app_profile=None, pairwise_subject=None, unionid=None)


def named(*, name: str) -> Any | None:
    """Return the account of this very user name, or ``None``."""
    model = get_user_model()
    return model._default_manager.filter(**{model.USERNAME_FIELD: name}).first()


def address_of(*, user: Any | None) -> str:
    """Return a person's e-mail address, proven or not; empty for nobody, and where the host keeps none."""
    # Asked of the instance: `request.user` is a lazy object, whose type is not the user's.
    if user is None or not hasattr(user, "get_email_field_name"):
        return ""
    return getattr(user, user.get_email_field_name(), "") or ""


def person(
    *,
    user: Any,
    registration: Registration | None = None,
    scopes: Collection[str] = (),
    app_profile: AppProfile | None = None,
    known: PersonRows | None = None,
) -> Person:
    """Gather what is known of a person, whatever the host's user model has, as an application is told of them.

    ``scopes`` are those it has: what only one of them opens is neither made nor looked up for another. ``app_profile``
    stands for what the person chose for this application, where it is not to be read: to show what a choice would come
    to. ``known`` is what was read of the person together with a token of the application.
    """
    known = known or _NOT_READ
    profile, opened = known.profile or get_profile(user=user), claims.opened(scopes)
    # A name that is not known is the nickname.
    if app_profile is None and registration is not None and (app_profiles.CLAIMS | {"name"}) & opened:
        app_profile = known.app_profile
        if known is _NOT_READ:
            app_profile = app_profiles.get(user=user, application_id=registration.application_id)
    nickname = app_profiles.nickname(profile=profile, app_profile=app_profile)
    email = address_of(user=user)
    owner_id = registration.owner_id if registration is not None else None
    paired = known.pairwise_subject or ""
    unionid = ""
    if "unionid" in scopes and owner_id is not None:
        unionid = known.unionid or subjects.union(user=user, owner_id=owner_id)
    return Person(
        subject=subjects.subject_for(user=user, profile=profile, registration=registration, paired=paired),
        unionid=unionid,
        nickname=nickname,
        picture=app_profiles.picture(profile=profile, app_profile=app_profile),
        given_name=getattr(user, "first_name", "") or "",
        family_name=getattr(user, "last_name", "") or "",
        name=_full_name(user) or nickname,
        preferred_username=user.get_username(),
        email=email,
        email_verified="email_verified" in opened and bool(email) and provider_settings.email_verified(user),
        updated_at=app_profiles.updated(profile=profile, app_profile=app_profile),
        **profile_details.claims(profile),
        phone_number_verified="phone_number_verified" in opened
        and bool(profile.phone_number)
        and provider_settings.phone_verified(user, profile.phone_number),
        of_the_host=_of_the_host(user, opened, profile, app_profile),
    )


def _of_the_host(
    user: Any, opened: frozenset[str], profile: Profile, app_profile: AppProfile | None
) -> Mapping[str, Any]:
    """Return what the host says of the person (``CLAIMS``), asked only where a scope could open it.

    A nickname or picture is nothing for the host to say where the person chose one, or for this application none.
    """
    if provider_settings.host_claims is None or not opened - {"sub", "unionid"}:
        return {}
    try:
        given = provider_settings.host_claims(user)
    except Exception:  # whatever the host's function raises: an app that is told less still works
        logger.exception("CLAIMS failed; the claims of the host are left out")
        return {}
    kept, problems = claims.checked(given)
    for problem in problems:
        logger.warning("CLAIMS: %s; it is left out", problem)
    if app_profiles.nickname(profile=profile, app_profile=app_profile):
        kept.pop("nickname", None)
    shows_none = app_profile is not None and app_profile.avatar_choice == AppProfile.Avatar.NONE
    if shows_none or app_profiles.picture(profile=profile, app_profile=app_profile):
        kept.pop("picture", None)
    return kept


def _full_name(user: Any) -> str:
    return str(user.get_full_name()) if hasattr(user, "get_full_name") else ""


def display_name(*, user: Any | None) -> str:
    """Return the name other people are shown: the full name, the nickname, or the user name; empty for nobody."""
    if user is None:
        return ""
    known = person(user=user)
    return known.name or known.preferred_username


def display_names(*, users: Iterable[Any]) -> dict[Any, str]:
    """Return by their keys what ``display_name`` says of several people, with one query for all of them."""
    known = {user.pk: user for user in users}
    nicknames = dict(Profile.objects.filter(user__in=known).values_list("user", "nickname")) if known else {}
    return {key: _full_name(user) or nicknames.get(key) or user.get_username() for key, user in known.items()}
