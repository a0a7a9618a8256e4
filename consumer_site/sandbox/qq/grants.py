"""Issue and redeem the emulator's codes and tokens. Only digests are stored."""

import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from consumer_site.sandbox.conf import QQApp
from consumer_site.sandbox.digest import digest
from consumer_site.sandbox.models import Code, Service, Token
from consumer_site.sandbox.qq.codes import QQError
from consumer_site.sandbox.qq.persons import PERSONS, Person

CODE_LIFETIME: Final = timedelta(minutes=10)
_SHAPE: Final = re.compile(r"[0-9A-F]{32}")


@dataclass(frozen=True, kw_only=True)
class IssuedToken:
    """Carry a token pair once, in clear, to the client that bought it."""

    access_token: str
    refresh_token: str
    lifetime: int
    person: Person

    def __repr__(self) -> str:
        return "IssuedToken(…)"


def issue_code(*, app: QQApp, person: Person, scope: str, redirect_uri: str) -> str:
    """Store a new authorization code and return it."""
    code = _new_value()
    Code.objects.create(
        service=Service.QQ,
        digest=digest(code),
        app_id=app.app_id,
        person=person.key,
        scope=scope,
        redirect_uri=redirect_uri,
        expires_at=timezone.now() + CODE_LIFETIME,
    )
    return code


def redeem_code(*, app: QQApp, code: str, redirect_uri: str) -> IssuedToken:
    """Exchange a code, once, for a token; raise QQError 100019, 100010 or 100020."""
    row = Code.objects.filter(service=Service.QQ, digest=digest(code), app_id=app.app_id).first()
    if row is None or row.person not in PERSONS:
        raise QQError(100019)
    # The address is compared before the code is used up: a wrong address must not burn the code.
    if row.redirect_uri != redirect_uri:
        raise QQError(100010)
    now = timezone.now()
    if row.used_at is None and row.expires_at <= now:
        raise QQError(100019)
    # The transaction opens with its UPDATE: on SQLite, one that reads first fails when another wrote meanwhile.
    with transaction.atomic():
        if not Code.objects.filter(pk=row.pk, used_at=None).update(used_at=now):
            raise QQError(100020)
        return _issue_token(app=app, person=PERSONS[row.person], scope=row.scope)


def redeem_refresh_token(*, app: QQApp, refresh_token: str) -> IssuedToken:
    """Exchange a refresh token, once, for a new pair; raise QQError 100022 or 100021."""
    row = _tokens().filter(refresh_digest=digest(refresh_token), app_id=app.app_id).first()
    now = timezone.now()
    if row is None or row.person not in PERSONS:
        raise QQError(100022)
    if row.refresh_expires_at is not None and row.refresh_expires_at <= now:
        raise QQError(100022)
    if row.withdrawn_at is not None:
        raise QQError(100021)
    with transaction.atomic():
        if not Token.objects.filter(pk=row.pk, refreshed_at=None).update(refreshed_at=now):
            raise QQError(100022)
        return _issue_token(app=app, person=PERSONS[row.person], scope=row.scope)


def find_token(access_token: str) -> Token:
    """Return the row of a live access token; raise QQError 100013, 100016, 100015 or 100014."""
    if not _SHAPE.fullmatch(access_token):
        raise QQError(100013)
    row = _tokens().filter(access_digest=digest(access_token)).first()
    if row is None or row.person not in PERSONS:
        raise QQError(100016)
    if row.withdrawn_at is not None:
        raise QQError(100015)
    if row.expires_at is None or row.expires_at <= timezone.now():
        raise QQError(100014)
    return row


def _tokens() -> QuerySet[Token]:
    return Token.objects.filter(service=Service.QQ)


def _issue_token(*, app: QQApp, person: Person, scope: str) -> IssuedToken:
    issued = IssuedToken(access_token=_new_value(), refresh_token=_new_value(), lifetime=app.lifetime, person=person)
    Token.objects.create(
        service=Service.QQ,
        access_digest=digest(issued.access_token),
        refresh_digest=digest(issued.refresh_token),
        app_id=app.app_id,
        person=person.key,
        scope=scope,
        expires_at=timezone.now() + timedelta(seconds=app.lifetime),
    )
    return issued


def _new_value() -> str:
    return secrets.token_hex(16).upper()
