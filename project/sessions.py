"""Bind every session to the site it was made on.

The site is the first part of the session's key, so it is part of the row's identity: a cookie carried to the other
site names no session there, and nothing done with it there can read, change or delete the row of the first site.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import VALID_KEY_CHARS
from django.contrib.sessions.backends.cached_db import SessionStore as CachedSessionStore
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import get_random_string

from project import rows

# The column holds 40 characters: the longest prefix ("provider.") leaves 31, about 160 bits.
RANDOM_LENGTH = 31

_acting_site: ContextVar[str | None] = ContextVar("acting_site", default=None)


@contextmanager
def acting_site(site: str) -> Iterator[None]:
    """Make sessions that are created outside a request belong to `site`."""
    token = _acting_site.set(site)
    try:
        yield
    finally:
        _acting_site.reset(token)


def belongs_to(session_key: str, site: str) -> bool:
    """Say whether the key was made on `site`."""
    return session_key.startswith(f"{site}.")


def _site_of(session_key: str | None) -> str | None:
    """Return the served site that the key names, None when it names none."""
    return next((site for site in settings.SITES if session_key and belongs_to(session_key, site)), None)


class _RowStore(DatabaseSessionStore):
    """Django's store of rows, which reads one by a prepared statement."""

    def load(self) -> dict[str, Any]:
        """Return what the session holds; nothing, and the key is forgotten, where it is over or never was."""
        row = rows.find(self.model, session_key=("=", self.session_key), expire_date=(">", timezone.now()))
        if row is None:
            self._session_key = None
            return {}
        return self.decode(row.session_data)


class OwnCachedSessionStore(CachedSessionStore):
    """Django's, which brings no session back that another process ended while this one read its row."""

    _row_was_read = False

    def _get_session_from_db(self) -> Any:
        self._row_was_read = True
        return super()._get_session_from_db()

    def load(self) -> dict[str, Any]:
        """Return what the session holds, nothing where it has ended."""
        self._row_was_read = False
        data: dict[str, Any] = super().load()
        # Who ends a session deletes its row, and then what the cache has. If the row is there still, what was cached
        # above is deleted after this; if it is gone, the deletion may have come before what was cached.
        if self._row_was_read and self.session_key and not DatabaseSessionStore.exists(self, self.session_key):
            self._cache.delete(self.cache_key)
            self._session_key = None
            return {}
        return data


# With a cache that all processes share, reads are served from it, and the row stays the truth.
_Base: type[DatabaseSessionStore] = OwnCachedSessionStore if settings.SESSIONS_IN_CACHE else _RowStore


class SessionStore(_Base):  # type: ignore[misc, valid-type]  # chosen by a setting
    """Django's session store, whose new keys name the site; without one, the acting site, or the first one served."""

    def __init__(self, session_key: str | None = None, *, site: str | None = None) -> None:
        super().__init__(session_key)
        # allauth makes a new store of the same key in the middle of a sign-in: the key says whose it is.
        self.site = site or _site_of(session_key) or _acting_site.get() or settings.SITES[0]

    def _get_new_session_key(self) -> str:
        while True:
            session_key = f"{self.site}.{get_random_string(RANDOM_LENGTH, VALID_KEY_CHARS)}"
            if not self.exists(session_key):
                return session_key


class SiteSessionMiddleware(SessionMiddleware):
    """Open the session named by the cookie only on the site it was made on; elsewhere start with none."""

    def process_request(self, request: HttpRequest) -> None:
        site: str = request.hosted_site  # type: ignore[attr-defined]  # ours, on Django's request
        session_key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        if session_key is not None and not belongs_to(session_key, site):
            session_key = None
        request.session = SessionStore(session_key, site=site)
