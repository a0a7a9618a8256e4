"""Who an access token is about, said so that everybody hears only a subject that is theirs to know."""

from __future__ import annotations

import re
from typing import Any

from provider_site.conf import provider_settings
from provider_site.errors import TargetRefused
from provider_site.models import PairwiseSubject, Profile, Registration, ResourceServer
from provider_site.services import subjects
from provider_site.storage import access

# What subjects look like here: random ones, and the primary keys that applications taken over go on with.
_LIKE_A_SUBJECT = re.compile(r"[0-9]+|[0-9A-Fa-f]{8}(-?[0-9A-Fa-f]{4}){3}-?[0-9A-Fa-f]{12}")


def told_to(*, asking: Any, user: Any | None, client: Any, public: str = "", paired: str = "") -> str:
    """Return the ``sub`` of ``client``'s token as the application that asks about it knows the person.

    ``public`` and ``paired`` are subjects that were read already (subjects.subject_for).

    Not as the token's client does: two parties that compared their records would otherwise find the same person in
    both, which pairwise subjects are there to prevent (OpenID Core 8.1). Without a ``user``: the client itself.
    """
    if user is None:
        return of_client(client_id=client.client_id)
    return subjects.subject_for(user=user, registration=_registration(asking), public=public, paired=paired)


def in_jwt(*, user: Any | None, client: Any, resource: list[str]) -> str:
    """Return the ``sub`` of a JWT, which the client and every resource server of ``resource`` can read.

    Raises TargetRefused where they know the person by different subjects: each would learn another's; and for one that
    may not serve now.
    """
    if user is None:
        return of_client(client_id=client.client_id)
    own = subjects.subject_for(user=user, registration=_registration(client))
    others = [name for name in resource if name != provider_settings.issuer]
    if not others:
        return own
    rows = ResourceServer.objects.select_related("application__registration").filter(
        identifier__in=others, application__registration__deleted_at=None
    )
    served = {row.identifier: row for row in rows if access.serves(_registration(row.application), user_id=None)}
    if closed := set(others) - served.keys():  # suspended, say: it would read a JWT without asking anybody
        raise TargetRefused(f"resources {sorted(closed)}", description="A resource is not known here any more.")
    for row in served.values():
        theirs = _registration(row.application)
        if row.application_id != client.pk and subjects.subject_for(user=user, registration=theirs) != own:
            description = "The client and the resource know people by different subjects, which a JWT would mix up."
            raise TargetRefused(f"resource server {row.pk}", description=description)
    return own


def of_client(*, client_id: str) -> str:
    """Return the ``sub`` of a client's own token: its identifier, unless that is somebody's subject (RFC 9068 5)."""
    return f"client:{client_id}" if _LIKE_A_SUBJECT.fullmatch(client_id) and _is_taken(client_id) else client_id


def authentication(authorization: Any | None) -> dict[str, Any]:
    """Return when and how the person signed in, as far as it is known (RFC 9068 2.2.1, RFC 9470 6)."""
    if authorization is None:
        return {}
    found = {"auth_time": int(authorization.auth_time.timestamp())}
    return found | {name: value for name in ("acr", "amr") if (value := getattr(authorization, name))}


def _is_taken(text: str) -> bool:
    if Profile.objects.filter(subject=text).exists() or PairwiseSubject.objects.filter(subject=text).exists():
        return True
    return subjects.person_by_key(subject=text) is not None


def _registration(application: Any) -> Registration | None:
    try:
        registration: Registration = application.registration
    except Registration.DoesNotExist:
        return None
    return registration
