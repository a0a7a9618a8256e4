"""Try an entry from the admin: what is right, what is wrong, and what can't be told."""

import json
from typing import Any

import pytest
from allauth.socialaccount.models import SocialApp

from consumer_site.connectors.house.probe import probe
from consumer_site.openid import client_keys
from consumer_site.probing import Finding
from tests.consumer.openid_provider import CLIENT_ID, CLIENT_SECRET, Answer, OpenIDProvider

pytestmark = pytest.mark.django_db

AT = "https://app.example.com/accounts/house/login/callback/"


def entry(house: OpenIDProvider, **changes: Any) -> SocialApp:
    """Return an entry that nobody has saved yet."""
    options = {"server_url": house.issuer, **changes.pop("settings", {})}
    values = {"provider": "house", "client_id": CLIENT_ID, "secret": CLIENT_SECRET, "settings": options, **changes}
    return SocialApp(**values)


def findings(app: SocialApp, *, callback_url: str = AT) -> dict[str, Finding]:
    return {str(finding.title): finding for finding in probe(app, callback_url=callback_url)}


def test_entry_in_good_order(house: OpenIDProvider) -> None:
    found = findings(entry(house))
    assert all(finding.ok is not False for finding in found.values())
    assert found["The credentials are right"].ok
    assert found["The provider publishes what it offers"].detail == house.issuer
    assert found["The provider publishes its keys"].detail == "1; RS256"
    assert found["The callback can be registered"].detail == AT
    assert found["Calls to the provider are not encrypted"].ok is None
    assert not SocialApp.objects.exists()


def test_nothing_is_signed_in_or_used_up(house: OpenIDProvider) -> None:
    findings(entry(house))
    assert [received.form["grant_type"] for received in house.requests_to("/token")] == ["authorization_code"]
    assert not house.access_tokens


def test_wrong_secret(house: OpenIDProvider) -> None:
    finding = findings(entry(house, secret="wrong"))["The provider does not accept this client"]
    assert not finding.ok
    assert "Copy client ID and secret again" in str(finding.hint)
    assert "wrong" not in str(finding)


def test_client_by_key(house: OpenIDProvider) -> None:
    client_keys.make()
    house.bend_discovery = lambda document: document.update(token_endpoint_auth_methods_supported=["private_key_jwt"])
    app = entry(house, secret="", settings={"token_endpoint_auth_method": "private_key_jwt"})
    assert "The provider does not accept this client" in findings(app)
    published = json.dumps(client_keys.published())
    house.client_jwks = lambda: published
    assert findings(app)["The credentials are right"].detail == "private_key_jwt"


@pytest.mark.parametrize(
    ("reply", "ok"),
    [
        (Answer({"error": "unauthorized_client"}, status=400), False),
        (Answer({"error": "invalid_request"}, status=400), False),
        (Answer(b"<html>", status=503), None),
        (Answer({"error": "what"}, status=400), None),
        (Answer({"access_token": "x", "id_token": "y", "token_type": "Bearer"}), None),
    ],
)
def test_other_answers_of_the_token_endpoint(house: OpenIDProvider, reply: Answer, ok: bool | None) -> None:
    house.replies["/token"] = reply
    found = findings(entry(house))
    titles = {
        False: {"The provider does not accept this client"},
        None: {"The provider did not say whether the credentials are right", "The provider took a made-up code"},
    }
    (title,) = titles[ok] & found.keys()
    assert found[title].ok is ok


@pytest.mark.parametrize(
    "reply", [Answer({"issuer": "https://other.example"}), Answer(b"<html>"), Answer({}, status=404)]
)
def test_description_that_can_not_be_used(house: OpenIDProvider, reply: Answer) -> None:
    house.replies["/.well-known/openid-configuration"] = reply
    finding = findings(entry(house))["The provider's description can't be used"]
    assert not finding.ok
    assert f"{house.issuer}/.well-known/openid-configuration" in str(finding.hint)
    assert not house.requests_to("/token")


def test_provider_that_is_down(house: OpenIDProvider) -> None:
    app = entry(house, settings={"server_url": "http://127.0.0.1:9"})
    assert not findings(app)["The provider's description can't be used"].ok


@pytest.mark.parametrize(
    "changes", [{"client_id": ""}, {"settings": {"server_url": ""}}, {"provider_id": "qq"}, {"provider_id": "a b"}]
)
def test_incomplete_entry(house: OpenIDProvider, changes: dict[str, Any]) -> None:
    (finding,) = probe(entry(house, **changes), callback_url=AT)
    assert not finding.ok
    assert finding.hint


def test_address_that_is_none(house: OpenIDProvider) -> None:
    app = entry(house, settings={"server_url": "ftp://id.example.com"})
    assert not findings(app)["The provider's description can't be used"].ok


def test_document_is_read_anew_each_time(house: OpenIDProvider) -> None:
    findings(entry(house))
    findings(entry(house))
    assert len(house.requests_to("/.well-known/openid-configuration")) == 2


@pytest.mark.parametrize("reply", [Answer({"keys": []}), Answer({"keys": 5}), Answer(b"x"), Answer({}, status=500)])
def test_keys_that_can_not_be_used(house: OpenIDProvider, reply: Answer) -> None:
    house.replies["/jwks"] = reply
    found = findings(entry(house))
    titles = {"The provider publishes no keys", "The provider's keys can't be used"} & found.keys()
    assert [found[title].ok for title in titles] == [False]


def test_callback_in_clear_on_a_public_host(house: OpenIDProvider) -> None:
    assert not findings(entry(house), callback_url="http://app.example.com/c")["Providers won't take the callback"].ok
    assert findings(entry(house), callback_url="http://127.0.0.1:8000/c")["The callback can be registered"].ok


@pytest.mark.parametrize(
    ("mode", "offered", "title", "ok"),
    [
        ("form_post", ["form_post"], "Answers by a form are offered", True),
        ("form_post", ["query"], "No answers by a form", False),
        ("fragment", ["query"], "The response mode is unknown", False),
    ],
)
def test_response_mode(house: OpenIDProvider, mode: str, offered: list[str], title: str, ok: bool) -> None:
    house.bend_discovery = lambda document: document.update(response_modes_supported=offered)
    assert findings(entry(house, settings={"response_mode": mode}))[title].ok is ok


def test_sign_out_that_is_offered(house: OpenIDProvider) -> None:
    assert findings(entry(house))["The provider offers no common sign-out"].ok is None
    house.bend_discovery = lambda document: document.update(
        end_session_endpoint=f"{house.issuer}/logout", backchannel_logout_supported=True
    )
    detail = str(findings(entry(house))["The provider offers common sign-out"].detail)
    assert detail == "signing out there from here; telling this site of sign-outs, from server to server"
