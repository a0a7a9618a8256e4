"""What is kept while a person who entered a device's code decides: an authorization request without a redirect URI."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from provider_site import crypto
from provider_site.conf import provider_settings
from provider_site.errors import AuthorizationRequestExpired
from provider_site.models import AuthorizationRequest, DeviceAuthorization
from provider_site.policy import user_codes
from provider_site.services import applications, authorization_requests, device_authorizations

_PURPOSE = "entered-user-code"


def keep(*, device: DeviceAuthorization, user: Any, typed: str) -> str:
    """Keep the device's request for the person who typed its code; return the handle that goes into addresses.

    The code is sealed: the person is shown it once more, and who reads the database is not.
    """
    scopes = device.scope.split()
    required = applications.required_scopes(application=device.application)
    user_code = user_codes.read(typed) or ""
    parameters = {
        "client_id": device.application.client_id,
        "redirect_uri": "",
        "redirect_uri_given": False,
        "scope": scopes,
        "prompt": [],
        "required": sorted(required.intersection(scopes)),
        "device": device.device_code_digest,
        "user_code": crypto.seal(user_code.encode(), key_ring=provider_settings.key_ring, purpose=_PURPOSE),
    }
    return authorization_requests.keep(application=device.application, user=user, parameters=parameters)


def is_taken(*, device: DeviceAuthorization, user: Any) -> bool:
    """Tell whether somebody else has entered the device's code and is deciding: it is theirs until they let it go."""
    deciding = AuthorizationRequest.objects.filter(
        application=device.application,
        parameters__device=device.device_code_digest,
        decision="",
        answered_at=None,
        expires_at__gt=timezone.now(),
    )
    return deciding.exclude(user=None).exclude(user=user).exists()


def device_of(kept: AuthorizationRequest) -> DeviceAuthorization:
    """Return the device whose request was kept. Raises AuthorizationRequestExpired where it is gone, or is none's."""
    device = device_authorizations.find(digest=str(kept.parameters.get("device") or ""))
    if device is None:
        raise AuthorizationRequestExpired("no device waits for this request", application=kept.application)
    return device


def user_code_of(kept: AuthorizationRequest) -> str:
    """Return the code the person typed, as people see it; empty where the key ring no longer opens it."""
    try:
        sealed = kept.parameters["user_code"]
        text = crypto.unseal(sealed, key_ring=provider_settings.key_ring, purpose=_PURPOSE)
    except (KeyError, crypto.Unsealable):
        return ""
    return user_codes.display(text.decode())


def note_compared(*, kept: AuthorizationRequest, user: Any) -> None:
    """Keep that this person has said that the device before them shows the code.

    It holds for nobody else: who is handed the request over compares anew. Raises AuthorizationRequestExpired where the
    request is not theirs to decide any more.
    """
    parameters = kept.parameters | {"compared_by": str(user.pk)}
    undecided = AuthorizationRequest.objects.filter(pk=kept.pk, user=user, decision="", answered_at=None)
    if undecided.update(parameters=parameters) != 1:
        raise AuthorizationRequestExpired("the request is decided, or another person's", application=kept.application)


def is_compared(kept: AuthorizationRequest) -> bool:
    """Tell whether whose request it is has compared the code. Without it, another's link would skip the question."""
    return kept.user_id is not None and kept.parameters.get("compared_by") == str(kept.user_id)


def decided(*, handle: str, user: Any) -> DeviceAuthorization:
    """Return the device this person has decided about by the request behind ``handle``.

    Raises AuthorizationRequestExpired when there is none: unknown, another person's, or still undecided.
    """
    rows = AuthorizationRequest.objects.select_related("application__registration")
    kept = rows.filter(pk=crypto.digest(handle), user=user, answered_at__isnull=False).first()
    if kept is None:
        raise AuthorizationRequestExpired("no decision was made by this request")
    device = device_of(kept)
    if not device.decision or device.user_id != user.pk:
        raise AuthorizationRequestExpired("another person decided about the device", application=kept.application)
    return device
