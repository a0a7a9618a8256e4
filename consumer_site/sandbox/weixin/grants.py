"""Issue and redeem WeChat's codes and tokens. Only digests are stored.

WeChat answers a refresh with the access token that there is, as long as it lives, and keeps the refresh token. So the
access token is made out of the refresh token and a number: whoever shows the one can be told the other again.
"""

import base64
import hashlib
import secrets
import string
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from consumer_site.sandbox.conf import WeixinApp
from consumer_site.sandbox.digest import digest
from consumer_site.sandbox.models import Code, Service, Token
from consumer_site.sandbox.weixin.codes import WeixinError
from consumer_site.sandbox.weixin.persons import PERSONS, Person, openid

CODE_LIFETIMES: Final = {False: timedelta(minutes=10), True: timedelta(minutes=5)}
"""By whether the app is used inside WeChat."""
REFRESH_LIFETIME: Final = timedelta(days=30)
_LETTERS: Final = string.ascii_letters + string.digits


@dataclass(frozen=True, kw_only=True)
class IssuedToken:
    """Carry a token pair in clear to the client that bought it."""

    access_token: str
    refresh_token: str
    lifetime: int
    person: Person
    scope: str

    def __repr__(self) -> str:
        return "IssuedToken(…)"


def issue_code(*, app: WeixinApp, person: Person, scope: str, redirect_uri: str) -> str:
    """Store a new authorization code and return it: 32 letters and digits."""
    code = "".join(secrets.choice(_LETTERS) for _character in range(32))
    Code.objects.create(
        service=Service.WEIXIN,
        digest=digest(code),
        app_id=app.app_id,
        person=person.key,
        scope=scope,
        redirect_uri=redirect_uri,
        expires_at=timezone.now() + CODE_LIFETIMES[app.inside],
    )
    return code


def redeem_code(*, app: WeixinApp, code: str) -> IssuedToken:
    """Exchange a code, once, for a token; raise WeixinError 40029, 40163 or 42003."""
    row = Code.objects.filter(service=Service.WEIXIN, digest=digest(code), app_id=app.app_id).first()
    if row is None or row.person not in PERSONS:
        raise WeixinError(40029)
    now = timezone.now()
    if row.used_at is None and row.expires_at <= now:
        raise WeixinError(42003)
    refresh_token = "89_" + secrets.token_urlsafe(64)
    issued = _issued(app, refresh_token, 0, row.person, row.scope)
    # The transaction opens with its UPDATE: on SQLite, one that reads first fails when another wrote meanwhile.
    with transaction.atomic():
        if not Code.objects.filter(pk=row.pk, used_at=None).update(used_at=now):
            raise WeixinError(40163)
        Token.objects.create(
            service=Service.WEIXIN,
            access_digest=digest(issued.access_token),
            refresh_digest=digest(refresh_token),
            app_id=app.app_id,
            person=row.person,
            scope=row.scope,
            expires_at=now + timedelta(seconds=app.lifetime),
            refresh_expires_at=now + REFRESH_LIFETIME,
        )
    return issued


def redeem_refresh_token(*, app: WeixinApp, refresh_token: str) -> IssuedToken:
    """Prolong the access token, or replace it when it has expired; raise WeixinError 40030, 42002 or 42007."""
    rows = Token.objects.filter(service=Service.WEIXIN, refresh_digest=digest(refresh_token), app_id=app.app_id)
    row = rows.first()
    if row is None or row.person not in PERSONS:
        raise WeixinError(40030)
    if row.withdrawn_at is not None:
        raise WeixinError(42007)
    now = timezone.now()
    if row.refresh_expires_at is None or row.refresh_expires_at <= now:
        raise WeixinError(42002)
    generation = row.generation
    if row.expires_at is None or row.expires_at <= now:
        generation += 1
    issued = _issued(app, refresh_token, generation, row.person, row.scope)
    # Of two at once the second finds the generation changed, and tells the same token as the first.
    rows.filter(generation=row.generation).update(
        generation=generation,
        access_digest=digest(issued.access_token),
        expires_at=now + timedelta(seconds=app.lifetime),
        refreshed_at=now,
    )
    return issued


def find_token(access_token: str) -> Token:
    """Return the row of a live access token; raise WeixinError 40001 or 42001."""
    row = Token.objects.filter(service=Service.WEIXIN, access_digest=digest(access_token)).first()
    if row is None or row.person not in PERSONS or row.withdrawn_at is not None:
        raise WeixinError(40001)
    if row.expires_at is None or row.expires_at <= timezone.now():
        raise WeixinError(42001)
    return row


def token_fields(app: WeixinApp, issued: IssuedToken) -> dict[str, str | int]:
    """Return the fields of a token's answer."""
    return {
        "access_token": issued.access_token,
        "expires_in": issued.lifetime,
        "refresh_token": issued.refresh_token,
        "openid": openid(app.app_id, issued.person),
        "scope": issued.scope,
    }


def _issued(app: WeixinApp, refresh_token: str, generation: int, person: str, scope: str) -> IssuedToken:
    made = hashlib.sha512(f"{refresh_token}\0{generation}".encode()).digest()
    return IssuedToken(
        access_token=f"{90 + generation}_" + base64.urlsafe_b64encode(made).decode().rstrip("="),
        refresh_token=refresh_token,
        lifetime=app.lifetime,
        person=PERSONS[person],
        scope=scope,
    )
