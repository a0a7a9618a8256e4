"""Who is signed in, read by one prepared statement where Django would find them without further ado."""

from typing import Any

from django.conf import settings
from django.contrib import auth
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject
from django.utils.module_loading import import_string

from project import rows


class SignedInMiddleware(AuthenticationMiddleware):
    """Django's, but for how it reads the person: `request.user` is read when somebody looks at it."""

    def process_request(self, request: HttpRequest) -> None:
        """Set `request.user`."""
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: _person(request))  # type: ignore[assignment]  # as Django does


def _person(request: Any) -> Any:
    if not hasattr(request, "_cached_user"):  # where Django's own functions look
        request._cached_user = _active(request) or auth.get_user(request)
    return request._cached_user


def _active(request: Any) -> Any | None:
    """Return the person of the session, or `None`: then Django says who it is, and what becomes of the session.

    That is also after a change of the password or of SECRET_KEY, and with a back end that reads people in its own way.
    """
    key, path = request.session.get(SESSION_KEY), request.session.get(BACKEND_SESSION_KEY)
    if key is None or path not in settings.AUTHENTICATION_BACKENDS or not _is_plain(path):
        return None
    model: Any = auth.get_user_model()
    try:
        user = rows.find(model, **{model._meta.pk.name: ("=", model._meta.pk.to_python(key))})
    except ValidationError:
        return None
    if user is None or not user.is_active:
        return None
    known = request.session.get(HASH_SESSION_KEY) or ""
    return user if constant_time_compare(known, user.get_session_auth_hash()) else None


def _is_plain(path: str) -> bool:
    backend = import_string(path)
    return (
        getattr(backend, "get_user", None) is ModelBackend.get_user
        and backend.user_can_authenticate is ModelBackend.user_can_authenticate
    )
