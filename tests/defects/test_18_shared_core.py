"""Defect 18: a subclass of a view with a validator of its own silently goes on with its parent's oauthlib core."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import RequestFactory
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.views import TokenView as StockTokenView
from oauth2_provider.views.mixins import OAuthLibMixin

from provider_site import urls
from provider_site.protocol.token import TokenView
from provider_site.protocol.validator import Validator
from tests.defects.stock.driver import StockDriver
from tests.provider.driver import ISSUER_HOST, Driver, encode


class Refusing(Validator):
    """Our validator, to which no client is good enough."""

    def authenticate_client(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        """Refuse."""
        return False


class StockRefusing(OAuth2Validator):
    """DOT's validator, to which no client is good enough."""

    def authenticate_client(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        """Refuse."""
        return False


def refresh(view: Any, client: Driver, token: str) -> int:
    """Ask a view for tokens, as the token endpoint is asked; return the status."""
    body = encode({"grant_type": "refresh_token", "refresh_token": token})
    kind = "application/x-www-form-urlencoded"
    headers = {**client.basic(), "host": ISSUER_HOST}
    request = RequestFactory().post("/o/token/", body, content_type=kind, headers=headers)
    return int(view.as_view()(request).status_code)


def test_subclass_of_ours_uses_its_own_validator(driver: Driver) -> None:
    class Stricter(TokenView):
        validator_class = Refusing

    token = driver.tokens().refresh  # the parent has made its core
    assert refresh(Stricter, driver, token) == 401
    assert refresh(TokenView, driver, token) == 200


def views(patterns: list[Any]) -> Iterator[Any]:
    """Yield the view classes behind addresses that ask oauthlib."""
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from views(pattern.url_patterns)
        elif issubclass(found := getattr(pattern.callback, "view_class", object), OAuthLibMixin):
            yield found


OURS = sorted(set(views(urls.urlpatterns)), key=lambda view: str(view.__name__))


def test_views_are_found() -> None:
    assert {"AuthorizeView", "RevokeView", "TokenView"} <= {view.__name__ for view in OURS}


@pytest.mark.parametrize("view", OURS)
def test_no_view_of_ours_hands_its_core_to_a_subclass(driver: Driver, view: Any) -> None:
    class Stricter(view):  # type: ignore[misc]  # a parameter
        validator_class = Refusing

    assert type(view.get_oauthlib_core().server.request_validator) is Validator
    assert type(Stricter.get_oauthlib_core().server.request_validator) is Refusing


def test_subclass_at_stock_dot_uses_the_validator_of_its_parent(stock: StockDriver) -> None:
    class Stricter(StockTokenView):
        validator_class = StockRefusing

    token = stock.tokens().refresh
    assert refresh(Stricter, stock, token) == 200


@pytest.fixture(autouse=True)
def _no_core_kept() -> Iterator[None]:
    """Leave no core of this test to the next."""
    from tests.defects.stock.wiring import forget_cores

    yield
    forget_cores()
