"""Every code that QQ documents comes about as it would at QQ: by what a client or person did, not by a plan."""

from collections.abc import Callable
from typing import Any

import pytest

from consumer_site.sandbox.qq.codes import CODES
from tests.consumer.sandbox.visitor import CALLBACK, Visitor, query_of

pytestmark = pytest.mark.django_db
Options = dict[str, Any]


def shown(visitor: Visitor, **changes: str | None) -> int:
    """Return the code of the error page."""
    return int(query_of(visitor.decide(**changes)["Location"])["error"])


def told(visitor: Visitor, **changes: str | None) -> int:
    """Return the code of the token endpoint's answer."""
    code: int = visitor.token(**changes).json()["error"]
    return code


def refreshed(visitor: Visitor, refresh_token: str | None = None) -> int:
    return told(visitor, grant_type="refresh_token", refresh_token=refresh_token)


def asked(visitor: Visitor, token: str | None, **query: str) -> int:
    """Return the code of the OpenID endpoint's answer."""
    code: int = visitor.me(access_token=token, fmt="json", **query).json()["error"]
    return code


def called(visitor: Visitor, **scope: str) -> int:
    """Return the profile's return value."""
    value: int = visitor.profile(visitor.access_token(**scope)).json()["ret"]
    return value


def before_review(visitor: Visitor, app: Options) -> int:
    app["online"] = False
    return shown(visitor)


def strictly(visitor: Visitor, app: Options) -> int:
    app.update(strict=True, callbacks=[CALLBACK])
    return shown(visitor)


def without_interface(visitor: Visitor, app: Options) -> int:
    app["apis"] = ["list_album"]
    return called(visitor)


def reused(visitor: Visitor, app: Options) -> int:
    code = visitor.code()
    visitor.token(code=code)
    return told(visitor, code=code)


def after(action: str, visitor: Visitor) -> int:
    token = visitor.access_token()
    visitor.plan(action=action)
    return asked(visitor, token)


def refreshed_after_withdrawal(visitor: Visitor, app: Options) -> int:
    token = visitor.token().json()["refresh_token"]
    visitor.plan(action="withdraw")
    return refreshed(visitor, token)


WAYS: dict[int, Callable[[Visitor, Options], int]] = {
    100000: lambda visitor, _app: shown(visitor, response_type="token"),
    100001: lambda visitor, _app: told(visitor, client_id=None),
    100002: lambda visitor, _app: told(visitor, client_secret=None),
    100004: lambda visitor, _app: told(visitor, grant_type="password"),
    100005: lambda visitor, _app: told(visitor, code=None),
    100006: lambda visitor, _app: refreshed(visitor),
    100007: lambda visitor, _app: asked(visitor, None),
    100008: lambda visitor, _app: shown(visitor, client_id="123"),
    100009: lambda visitor, _app: told(visitor, client_secret="wrong"),
    100010: strictly,
    100011: before_review,
    100013: lambda visitor, _app: asked(visitor, "no token at all"),
    100014: lambda visitor, _app: after("expire", visitor),
    100015: lambda visitor, _app: after("withdraw", visitor),
    100016: lambda visitor, _app: asked(visitor, "A" * 32),
    100019: lambda visitor, _app: told(visitor, code="0" * 32),
    100020: reused,
    100021: refreshed_after_withdrawal,
    100022: lambda visitor, _app: refreshed(visitor, "0" * 32),
    100029: lambda visitor, _app: shown(visitor, state=None),
    100030: lambda visitor, _app: called(visitor, scope="list_album"),
    100031: without_interface,
    100048: lambda visitor, _app: asked(visitor, visitor.access_token(), unionid="1"),
}


def test_every_documented_code_has_a_way() -> None:
    assert set(WAYS) == set(CODES)


@pytest.mark.parametrize("code", sorted(WAYS))
def test_code_comes_about(visitor: Visitor, qq_app: Options, code: int) -> None:
    assert WAYS[code](visitor, qq_app) == code
