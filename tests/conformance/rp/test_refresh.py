"""Refresh tokens that the relying party uses by itself (the suite's refresh token plan)."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from django.utils import timezone

from tests.conformance.plans import module
from tests.conformance.rp.consumer import RelyingParty


@pytest.fixture
def account(rp: RelyingParty) -> Any:
    """Return the account of a person who signed in, and whose access token has run out since."""
    from allauth.socialaccount.models import SocialAccount

    from consumer_site.models import StoredToken

    rp.sign_in()
    account = SocialAccount.objects.get(uid=rp.op.subject)
    StoredToken.objects.filter(account=account).update(expires_at=timezone.now())
    return account


def ask_userinfo(rp: RelyingParty, account: Any) -> requests.Response:
    """Call userinfo as any part of this site calls a provider: by the vault, which renews the tokens first."""
    from consumer_site import vault

    with vault.client(account.user, account.provider) as session:
        return session.get(f"{rp.op.issuer}userinfo")


@module("oidcc-client-test-refresh-token")
def test_new_access_token_is_used(rp: RelyingParty, account: Any) -> None:
    """A refresh token is used once, with the client authenticated, and userinfo is asked with the new access token."""
    answer = ask_userinfo(rp, account)
    assert answer.status_code == 200
    assert answer.json()["sub"] == rp.op.subject
    assert [request.form["grant_type"] for request in rp.op.at("token")] == ["authorization_code", "refresh_token"]
    first, second = (request.headers["authorization"] for request in rp.op.at("userinfo"))
    assert first != second


def is_rejected(rp: RelyingParty, account: Any) -> None:
    """Check that what came with the wrong ID token is not used."""
    from consumer_site.errors import SignInError

    with pytest.raises((SignInError, requests.RequestException)):
        ask_userinfo(rp, account)
    assert len(rp.op.at("token")) == 2
    assert len(rp.op.at("userinfo")) == 1, "userinfo was asked behind an ID token that is not to be believed"


@module("oidcc-client-test-refresh-token-invalid-issuer")
def test_refreshed_id_token_of_another_issuer_is_rejected(rp: RelyingParty, account: Any) -> None:
    """Where the refreshed ID token has another `iss`, the access token beside it is not used."""
    rp.op.change_refreshed_claims = lambda claims: claims.update(iss=claims["iss"] + "1")
    is_rejected(rp, account)


@module("oidcc-client-test-refresh-token-invalid-sub")
def test_refreshed_id_token_of_somebody_else_is_rejected(rp: RelyingParty, account: Any) -> None:
    """Where the refreshed ID token has another `sub`, the access token beside it is not used."""
    rp.op.change_refreshed_claims = lambda claims: claims.update(sub=claims["sub"] + "1")
    is_rejected(rp, account)
