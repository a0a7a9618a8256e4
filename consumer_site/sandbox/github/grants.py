"""Issue and redeem GitHub's codes and tokens. Only digests are stored."""

import base64
import hashlib
import secrets
import string
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from consumer_site.sandbox.conf import GitHubApp
from consumer_site.sandbox.digest import digest
from consumer_site.sandbox.github.codes import ApiError, GitHubError
from consumer_site.sandbox.github.persons import PERSONS, Person
from consumer_site.sandbox.models import Code, Service, Token

CODE_LIFETIME: Final = timedelta(minutes=10)
TOKEN_LIFETIME: Final = timedelta(hours=8)
REFRESH_LIFETIME: Final = timedelta(days=184)
_LETTERS: Final = string.ascii_letters + string.digits


@dataclass(frozen=True, kw_only=True)
class IssuedToken:
    """Carry a token, and the refresh token of one that expires, in clear to the client that bought them."""

    access_token: str
    refresh_token: str | None
    scope: str

    def __repr__(self) -> str:
        return "IssuedToken(…)"

    @property
    def fields(self) -> dict[str, str | int]:
        """Return the fields of the answer; a token that does not expire has no word about it."""
        lasting: dict[str, str | int] = {}
        if self.refresh_token:
            lasting = {
                "expires_in": int(TOKEN_LIFETIME.total_seconds()),
                "refresh_token": self.refresh_token,
                "refresh_token_expires_in": int(REFRESH_LIFETIME.total_seconds()),
            }
        return {"access_token": self.access_token, **lasting, "scope": self.scope, "token_type": "bearer"}


def issue_code(*, app: GitHubApp, person: Person, scope: str, redirect_uri: str, code_challenge: str) -> str:
    """Store a new authorization code and return it: 20 hexadecimal digits."""
    code = secrets.token_hex(10)
    Code.objects.create(
        service=Service.GITHUB,
        digest=digest(code),
        app_id=app.client_id,
        person=person.key,
        scope=scope,
        redirect_uri=redirect_uri,
        code_challenge=code_challenge,
        expires_at=timezone.now() + CODE_LIFETIME,
    )
    return code


def redeem_code(*, app: GitHubApp, code: str, redirect_uri: str | None, code_verifier: str) -> IssuedToken:
    """Exchange a code, once, for a token; raise GitHubError bad_verification_code or redirect_uri_mismatch."""
    row = Code.objects.filter(service=Service.GITHUB, digest=digest(code), app_id=app.client_id).first()
    now = timezone.now()
    if row is None or row.person not in PERSONS or row.used_at is not None or row.expires_at <= now:
        raise GitHubError("bad_verification_code")
    if redirect_uri is not None and redirect_uri != row.redirect_uri:
        raise GitHubError("redirect_uri_mismatch")
    if not _is_proven(row.code_challenge, code_verifier):
        raise GitHubError("bad_verification_code")
    # The transaction opens with its UPDATE: on SQLite, one that reads first fails when another wrote meanwhile.
    with transaction.atomic():
        if not Code.objects.filter(pk=row.pk, used_at=None).update(used_at=now):
            raise GitHubError("bad_verification_code")
        return _issue_token(app, row.person, row.scope)


def redeem_refresh_token(*, app: GitHubApp, refresh_token: str) -> IssuedToken:
    """Exchange a refresh token, once; the access token that came with it ends. Raise GitHubError bad_refresh_token."""
    rows = Token.objects.filter(
        service=Service.GITHUB, refresh_digest=digest(refresh_token), app_id=app.client_id, withdrawn_at=None
    )
    now = timezone.now()
    with transaction.atomic():
        if not rows.filter(refreshed_at=None, refresh_expires_at__gt=now).update(refreshed_at=now, expires_at=now):
            raise GitHubError("bad_refresh_token")
        row = rows.get()
        return _issue_token(app, row.person, row.scope)


def find_token(access_token: str) -> Token:
    """Return the row of a live access token; raise ApiError 401 for all others alike."""
    row = Token.objects.filter(service=Service.GITHUB, access_digest=digest(access_token), withdrawn_at=None).first()
    if row is None or row.person not in PERSONS or (row.expires_at is not None and row.expires_at <= timezone.now()):
        raise ApiError(401)
    return row


def _is_proven(challenge: str, verifier: str) -> bool:
    # A verifier without a challenge is refused too: its challenge was taken out of the request (RFC 9700 2.1.1).
    if not challenge or not verifier:
        return challenge == verifier
    made = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    return constant_time_compare(made, challenge)


def _issue_token(app: GitHubApp, person: str, scope: str) -> IssuedToken:
    expiring = app.github_app and app.expiring
    issued = IssuedToken(
        access_token=_new_value("ghu_" if app.github_app else "gho_", 36),
        refresh_token=_new_value("ghr_", 76) if expiring else None,
        scope=scope,
    )
    now = timezone.now()
    Token.objects.create(
        service=Service.GITHUB,
        access_digest=digest(issued.access_token),
        refresh_digest=digest(issued.refresh_token) if issued.refresh_token else None,
        app_id=app.client_id,
        person=person,
        scope=scope,
        expires_at=now + TOKEN_LIFETIME if expiring else None,
        refresh_expires_at=now + REFRESH_LIFETIME if expiring else None,
    )
    return issued


def _new_value(prefix: str, length: int) -> str:
    return prefix + "".join(secrets.choice(_LETTERS) for _character in range(length))
