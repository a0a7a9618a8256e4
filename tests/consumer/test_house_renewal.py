"""Renew tokens at an OpenID provider, and send them nowhere else."""

from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount

from consumer_site import errors, vault
from consumer_site.connectors.house import renewal
from consumer_site.vault.connections import connection_for
from tests.consumer import openid_provider
from tests.consumer.journey import Journey
from tests.consumer.openid_provider import CLIENT_ID, Answer

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(journey: Journey) -> Any:
    """Return the account of somebody who signed in."""
    journey.sign_in()
    return SocialAccount.objects.get()


def renewed(journey: Journey, account: Any) -> vault.TokenSet:
    return renewal.refresh(account=account, refresh_token=journey.house.refresh_tokens[-1])


def test_vault_renews_by_this_connector(account: Any) -> None:
    assert connection_for(account) is renewal.CONNECTION


def test_new_tokens_replace_the_old_ones(journey: Journey, account: Any) -> None:
    tokens = renewed(journey, account)
    assert tokens.access_token in journey.house.access_tokens
    assert tokens.refresh_token == journey.house.refresh_tokens[-1]
    assert tokens.expires_at is not None
    _code, received = journey.house.requests_to("/token")
    assert received.headers["authorization"].startswith("Basic ")
    assert set(received.form) == {"grant_type", "refresh_token"}


def test_answer_without_a_refresh_token_keeps_the_old_one(journey: Journey, account: Any) -> None:
    journey.house.rotates = False
    assert renewed(journey, account).refresh_token == ""  # which means to the vault: as it was
    assert renewed(journey, account).access_token


def test_scope_that_is_not_named_stays_as_it_was(journey: Journey, account: Any) -> None:
    assert renewed(journey, account).scope == ()
    journey.house.grant = "openid nickname"
    assert renewed(journey, account).scope == ("openid", "nickname")


def test_answer_without_an_id_token_is_good(journey: Journey, account: Any) -> None:
    journey.house.bend_tokens = lambda answer: answer.pop("id_token")
    assert renewed(journey, account).access_token


def test_id_token_of_the_refresh_needs_no_nonce(journey: Journey, account: Any) -> None:
    journey.house.bend_claims = lambda claims: claims.pop("nonce")
    assert renewed(journey, account).access_token


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": "somebody-else"},
        {"iss": "https://other.example"},
        {"aud": "another-client"},
        {"aud": [CLIENT_ID, "another-client"]},
        {"exp": 1},
        {"iat": None},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    ],
    ids="-".join,
)
def test_id_token_of_somebody_else_spoils_the_answer(journey: Journey, account: Any, changes: dict[str, Any]) -> None:
    """OpenID Connect Core 12.2: same issuer, same subject, same audience."""
    journey.house.bend_claims = lambda claims: claims.update(changes)
    with pytest.raises(errors.AnswerInvalid):
        renewed(journey, account)


@pytest.mark.parametrize("token", [5, "x", "a.b.c", None])
def test_id_token_that_is_none_spoils_the_answer(journey: Journey, account: Any, token: Any) -> None:
    journey.house.bend_tokens = lambda answer: answer.update(id_token=token)
    with pytest.raises((errors.AnswerInvalid, errors.Unreachable)):
        renewed(journey, account)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Answer({"error": "invalid_grant"}, status=400), errors.CodeRefused),
        (Answer({"error": "invalid_client"}, status=401), errors.NotConfigured),
        (Answer({"error": "unauthorized_client"}, status=400), errors.NotConfigured),
        (Answer(b"<html>", status=503), errors.Unreachable),
        (Answer(b"<html>", status=404), errors.Unreachable),
        (Answer({"error": "what"}, status=400), errors.Unreachable),
        (Answer({"hello": "you"}), errors.Unreachable),
        (Answer(b"<html>please sign in to this network</html>"), errors.OutboundError),
    ],
)
def test_each_failure_is_told_from_the_others(journey: Journey, account: Any, reply: Answer, kind: Any) -> None:
    journey.house.replies["/token"] = reply
    with pytest.raises(kind) as caught:
        renewed(journey, account)
    assert type(caught.value) is kind or issubclass(kind, errors.OutboundError)


def test_refused_for_good_marks_the_account(journey: Journey, account: Any) -> None:
    from django.utils import timezone

    from consumer_site.models import StoredToken

    StoredToken.objects.update(expires_at=timezone.now())
    journey.house.renewable.clear()
    with pytest.raises(errors.SignInNeeded):
        vault.fresh_tokens(account=account)
    assert StoredToken.objects.get().needs_sign_in


def test_keys_are_there_before_the_refresh_token_is_used_up(journey: Journey, account: Any) -> None:
    from django.core.cache import cache

    cache.clear()
    journey.house.replies["/jwks"] = Answer(b"", status=503)
    with pytest.raises(errors.Unreachable):
        renewed(journey, account)
    assert len(journey.house.requests_to("/token")) == 1


def test_refresh_token_is_not_shown_to_another_issuer(journey: Journey, account: Any, house_entry: Any) -> None:
    with openid_provider.running() as other:
        house_entry.settings["server_url"] = other.issuer
        house_entry.save()
        with pytest.raises(errors.NotConfigured):
            renewed(journey, account)
        with pytest.raises(errors.NotConfigured):
            renewal.origins(account=account)
        assert not other.received


def test_entry_that_is_gone_is_this_site_s_fault(journey: Journey, account: Any, house_entry: Any) -> None:
    house_entry.delete()
    with pytest.raises(errors.NotConfigured):
        renewed(journey, account)


# --- where the access token may go -------------------------------------------------------------------------------


def test_origins_are_the_provider_s_and_those_configured(journey: Journey, account: Any, house_entry: Any) -> None:
    journey.house.bend_discovery = lambda document: document.update(userinfo_endpoint="https://api.example.com/me")
    from django.core.cache import cache

    cache.clear()
    house_entry.settings["api_origins"] = ["https://calendar.example.com/v1", "http://plain.example.com", 5, "x"]
    house_entry.save()
    assert renewal.origins(account=account) == (
        journey.house.issuer,
        "https://api.example.com",
        "https://calendar.example.com",
    )


def test_other_origins_are_known_while_the_provider_is_down(journey: Journey, account: Any, house_entry: Any) -> None:
    from django.core.cache import cache

    cache.clear()
    journey.house.replies["/.well-known/openid-configuration"] = Answer(b"", status=500)
    house_entry.settings["api_origins"] = ["https://calendar.example.com"]
    house_entry.save()
    assert renewal.origins(account=account) == (journey.house.issuer, "https://calendar.example.com")
