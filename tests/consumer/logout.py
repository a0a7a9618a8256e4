"""A provider's words about sign-outs, as they come to the consumer."""

import secrets
import time
from types import SimpleNamespace
from typing import Any

from allauth.socialaccount.models import SocialAccount
from django.test import Client, RequestFactory

from consumer_site.logout import sessions
from tests.consumer.journey import HOST, sign_in_as
from tests.consumer.openid_provider import CLIENT_ID, SUBJECT, OpenIDProvider

BACK = "/accounts/house/logout/backchannel/"
FRONT = "/accounts/house/logout/frontchannel/"
DONE = "/accounts/house/logout/done/"
OUT = "/accounts/logout/"
SID = "session-at-provider"
EVENT = "http://schemas.openid.net/event/backchannel-logout"


def claims_of(house: OpenIDProvider, **changes: Any) -> dict[str, Any]:
    """Return what a logout token about the test's session says; a change to None leaves the claim out."""
    now = int(time.time())
    claims = {
        "iss": house.issuer,
        "aud": CLIENT_ID,
        "iat": now,
        "exp": now + 120,
        "jti": secrets.token_hex(8),
        "sub": SUBJECT,
        "sid": SID,
        "events": {EVENT: {}},
    } | changes
    return {name: value for name, value in claims.items() if value is not None}


def logout_token(house: OpenIDProvider, *, header: dict[str, Any] | None = None, **changes: Any) -> str:
    """Return a logout token that the provider signs."""
    return house.sign(claims_of(house, **changes), header={"typ": "logout+jwt"} | (header or {}))


def tell(token: str, *, address: str = BACK, **extra: Any) -> Any:
    """Send a logout token as the provider's server would: by a form, without a cookie."""
    return Client(headers={"host": HOST}, enforce_csrf_checks=True).post(
        address, f"logout_token={token}", content_type="application/x-www-form-urlencoded", **extra
    )


def frame(issuer: str, sid: str, *, address: str = FRONT) -> Any:
    """Open the front channel's address as a frame on the provider's page would: without a cookie."""
    return Client(headers={"host": HOST}).get(address, {"iss": issuer, "sid": sid})


def is_still_in(visitor: Client) -> bool:
    """Return whether the browser is signed in, at its next request."""
    return bool(visitor.get("/accounts/3rdparty/").status_code == 200)


def signed_in_by(house: OpenIDProvider, visitor: Client, person: Any) -> None:
    """Leave what a sign-in at the provider leaves, without going there: for tables of many cases."""
    sign_in_as(visitor, person)
    account = SocialAccount.objects.create(user=person, provider="house", uid=SUBJECT)
    request: Any = RequestFactory().get("/")
    request.session = visitor.session
    state = {"issuer": house.issuer, "subject": SUBJECT, "sid": SID}
    sessions.bind(request, person, SimpleNamespace(account=account, state=state))  # type: ignore[arg-type]
    request.session.save()
