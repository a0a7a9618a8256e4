"""openid-client and oauth4webapi sign people in over real HTTP, with every check they know (OpenID Core 3.1)."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests import factories
from tests.flows.web_person import Person, forms
from tests.interop.relying_party import ClientRefused, RelyingParty

CALLBACK = "https://app.example.com/callback"
SCOPE = "openid nickname offline_access"
ALLOWED = ("nickname", "offline_access")
Start = Callable[..., RelyingParty]


def sign_in(client: RelyingParty, person: Person, **parameters: Any) -> dict[str, Any]:
    """Send the person from the client to the provider and back; return the tokens the client has then."""
    address = client.ask("authorize", **({"scope": SCOPE, "redirect_uri": CALLBACK} | parameters))
    tokens: dict[str, Any] = client.ask("redeem", url=person.authorize(address, allow=ALLOWED))
    return tokens


def test_plain_client_learns_who_it_is_renews_and_revokes(start: Start, person: Person, live_sites: Any) -> None:
    client = start(factories.make_application())
    tokens = sign_in(client, person)
    assert tokens["claims"]["iss"] == live_sites.provider
    assert client.ask("userinfo", token=tokens["access_token"]) == {"sub": tokens["claims"]["sub"], "nickname": "阿达"}

    renewed = client.ask("refresh", token=tokens["refresh_token"])
    assert renewed["access_token"] != tokens["access_token"]
    assert client.ask("userinfo", token=renewed["access_token"])["nickname"] == "阿达"

    assert client.ask("revoke", token=renewed["refresh_token"]) is None
    with pytest.raises(ClientRefused) as refused:
        client.ask("userinfo", token=renewed["access_token"])
    assert refused.value.error == "invalid_token"
    assert refused.value.status == 401


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_id_token_of_every_algorithm_is_believed(start: Start, person: Person, algorithm: str) -> None:
    """Both check its signature by the published keys, and at_hash."""
    client = start(factories.make_application(id_token_alg=algorithm), algorithm=algorithm)
    tokens = sign_in(client, person)
    assert tokens["claims"]["at_hash"]


@pytest.mark.parametrize("method", ["client_secret_post", "none"])
def test_every_way_to_authenticate_is_understood(start: Start, person: Person, method: str) -> None:
    registered = factories.make_application(client_type="public" if method == "none" else "confidential")
    client = start(registered, method=method)
    tokens = sign_in(client, person)
    assert client.ask("refresh", token=tokens["refresh_token"])["access_token"]


def test_answer_of_another_issuer_is_refused_by_the_client(start: Start, person: Person) -> None:
    """RFC 9207 2.4: they compare it, since the metadata promises it."""
    client = start(factories.make_application())
    away = person.authorize(client.ask("authorize", scope=SCOPE, redirect_uri=CALLBACK), allow=ALLOWED)
    sent = {name: values[0] for name, values in parse_qs(urlsplit(away).query).items()}
    for iss in ({"iss": "https://evil.example"}, {}):
        others = {name: value for name, value in sent.items() if name != "iss"} | iss
        with pytest.raises(ClientRefused, match="INVALID_RESPONSE"):
            client.ask("redeem", url=f"{CALLBACK}?{urlencode(others)}")
    assert client.ask("redeem", url=away)["access_token"]


def test_form_posted_to_the_client_is_understood(start: Start, person: Person) -> None:
    """OAuth 2.0 Form Post Response Mode."""
    client = start(factories.make_application())
    address = client.ask("authorize", scope=SCOPE, redirect_uri=CALLBACK, response_mode="form_post")
    assert person.authorize(address, allow=ALLOWED) == CALLBACK
    form = next(form for form in forms(person.page) if form.action == CALLBACK)
    assert client.ask("redeem", url=form.action, form=dict(form.fields))["claims"]["sub"]


def test_time_of_the_sign_in_is_there_for_who_limits_its_age(start: Start, person: Person) -> None:
    client = start(factories.make_application())
    assert sign_in(client, person, max_age="3600")["claims"]["auth_time"]


def test_refusals_are_told_by_their_codes(start: Start, person: Person) -> None:
    """RFC 6749 4.1.2.1, 5.2; OpenID Core 3.1.2.6."""
    registered = factories.make_application()
    client = start(registered)
    silent = client.ask("authorize", scope=SCOPE, redirect_uri=CALLBACK, prompt="none")
    with pytest.raises(ClientRefused) as refused:
        client.ask("redeem", url=person.authorize(silent, allow=ALLOWED))
    assert refused.value.error == "login_required"

    away = person.authorize(client.ask("authorize", scope=SCOPE, redirect_uri=CALLBACK), allow=ALLOWED)
    assert client.ask("redeem", url=away)["access_token"]
    with pytest.raises(ClientRefused) as refused:
        client.ask("redeem", url=away)
    assert (refused.value.error, refused.value.status) == ("invalid_grant", 400)

    stranger = start(registered, client_secret="not-the-secret")
    with pytest.raises(ClientRefused) as refused:
        stranger.ask("refresh", token="x")
    assert refused.value.status == 401
    assert "CHALLENGE" in refused.value.code  # by WWW-Authenticate, after which neither reads the body
