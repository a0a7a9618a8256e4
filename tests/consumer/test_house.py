"""Sign in at an OpenID provider over HTTP: each rule kept, and each broken."""

import logging
import time
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client

from consumer_site import vault
from consumer_site.models import SessionLink, StoredToken
from tests.consumer.journey import CALLBACK, HOST, LOGIN, Journey, assert_error_page, is_signed_in, query_of
from tests.consumer.openid_provider import CLIENT_ID, SUBJECT, Answer, OpenIDProvider

pytestmark = pytest.mark.django_db


def test_first_sign_in_makes_an_account_in_one_step(journey: Journey) -> None:
    response = journey.sign_in()
    assert response.status_code == 302
    assert response["Location"] == "/calendar/"
    assert is_signed_in(journey.visitor)
    account = SocialAccount.objects.get()
    assert (account.provider, account.uid) == ("house", SUBJECT)
    page = journey.visitor.get("/calendar/").content.decode()
    assert "林 Ada" in page


def test_request_carries_every_protection_and_the_secret_goes_by_basic(journey: Journey) -> None:
    query = query_of(journey.leave())
    assert query["code_challenge_method"] == "S256"
    assert query["scope"] == "openid nickname avatar offline_access"
    assert query["redirect_uri"] == f"http://{HOST}{CALLBACK}"
    assert "prompt" not in query
    journey.sign_in()
    (received,) = journey.house.requests_to("/token")
    assert received.headers["authorization"].startswith("Basic ")
    assert "client_secret" not in received.form
    assert len(received.form["code_verifier"]) >= 43
    assert received.query == ""


def test_second_sign_in_finds_the_same_account(journey: Journey) -> None:
    journey.sign_in()
    journey.visitor.logout()
    journey.house.userinfo["nickname"] = "Ada 2"
    journey.sign_in()
    assert SocialAccount.objects.get().extra_data["nickname"] == "Ada 2"
    assert get_user_model().objects.count() == 1


def test_stored_data_holds_granted_claims_and_nothing_else(journey: Journey) -> None:
    journey.house.grant = "openid nickname"
    journey.sign_in()
    assert SocialAccount.objects.get().extra_data == {"iss": journey.house.issuer, "nickname": "林 Ada"}
    assert StoredToken.objects.get().scope == "openid nickname"
    page = journey.visitor.get("/calendar/").content.decode()
    assert "not shared" in page
    assert "Sign in again and choose" in page


def test_everything_declined_still_signs_in(journey: Journey) -> None:
    journey.house.grant = "openid"
    assert journey.sign_in().status_code == 302
    assert journey.visitor.get("/calendar/").status_code == 200


def test_tokens_are_sealed_at_rest(journey: Journey) -> None:
    journey.sign_in()
    account, row = SocialAccount.objects.get(), StoredToken.objects.get()
    tokens = vault.load(account=account)
    assert tokens is not None
    assert tokens.access_token in journey.house.access_tokens
    assert tokens.refresh_token.startswith("refresh-")
    assert tokens.access_token not in row.sealed
    assert tokens.access_token not in repr(tokens)
    assert not SocialToken.objects.exists()
    assert tokens.access_token not in str(dict(journey.visitor.session))


def test_session_is_bound_to_the_provider_s_and_unbound_at_sign_out(journey: Journey) -> None:
    journey.sign_in()
    link = SessionLink.objects.get()
    assert (link.issuer, link.subject, link.sid) == (journey.house.issuer, SUBJECT, "session-at-provider")
    assert link.session_key == journey.visitor.session.session_key
    assert journey.visitor.post("/accounts/logout/").status_code == 303
    assert not SessionLink.objects.exists()


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_each_accepted_algorithm_signs_in(journey: Journey, algorithm: str) -> None:
    journey.house.use(algorithm)
    assert journey.sign_in().status_code == 302


def test_asking_again_sends_prompt_consent(journey: Journey) -> None:
    assert query_of(journey.leave(ask_again="1"))["prompt"] == "consent"


def test_person_cannot_choose_scopes_or_parameters(journey: Journey) -> None:
    response = journey.visitor.post(f"{LOGIN}?scope=email&auth_params=redirect_uri%3Dhttps://evil.example")
    query = query_of(response["Location"])
    assert "email" not in query["scope"]
    assert query["redirect_uri"] == f"http://{HOST}{CALLBACK}"


def test_get_asks_before_it_starts_a_sign_in(journey: Journey) -> None:
    response = journey.visitor.get(LOGIN)
    assert response.status_code == 200
    assert "House" in response.content.decode()


def test_post_from_another_page_is_refused(journey: Journey) -> None:
    strict = Client(enforce_csrf_checks=True, headers={"host": HOST})
    assert strict.post(LOGIN).status_code == 403


# --- where next -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/calendar/?month=2030-01", "/calendar/?month=2030-01"),
        ("https://evil.example/", "/calendar/"),
        ("//evil.example/", "/calendar/"),
        ("http://localhost:8000/o/apps/", "/calendar/"),
        ("javascript:alert(1)", "/calendar/"),
        ("/\\evil.example", "/calendar/"),
    ],
)
def test_next_stays_on_this_host(journey: Journey, wanted: str, reached: str) -> None:
    assert journey.sign_in(form={"next": wanted})["Location"] == reached


# --- state ----------------------------------------------------------------------------------------------------------


def test_state_works_once(journey: Journey) -> None:
    address = journey.house.authorize(journey.leave())
    assert journey.come_back(address).status_code == 302
    journey.visitor.logout()
    assert_error_page(journey.come_back(address), 400, "took too long")
    assert not is_signed_in(journey.visitor)


def test_state_of_another_browser_is_refused(journey: Journey) -> None:
    address = journey.house.authorize(journey.leave())
    journey.visitor = Client(headers={"host": HOST})
    assert_error_page(journey.come_back(address), 400, "took too long")


@pytest.mark.parametrize("state", ["", "invented"])
def test_missing_or_made_up_state_is_refused(journey: Journey, state: str) -> None:
    assert_error_page(journey.sign_in(state=state), 400, "took too long")
    assert journey.house.requests_to("/token") == []


def test_state_expires(journey: Journey, monkeypatch: pytest.MonkeyPatch) -> None:
    address = journey.house.authorize(journey.leave())
    now = time.time()
    monkeypatch.setattr("allauth.socialaccount.internal.statekit.time.time", lambda: now + 3600)
    assert_error_page(journey.come_back(address), 400, "took too long")


def test_repeated_parameter_is_refused(journey: Journey) -> None:
    address = journey.house.authorize(journey.leave())
    assert_error_page(journey.come_back(address + "&code=other"), 400)


def test_callback_with_neither_code_nor_error_is_a_page(journey: Journey) -> None:
    assert_error_page(journey.sign_in(code=""), 400)


def test_callback_without_any_sign_in_is_a_page(journey: Journey) -> None:
    assert_error_page(journey.visitor.get(CALLBACK), 400)


# --- issuer ---------------------------------------------------------------------------------------------------------


def test_answer_of_another_issuer_is_refused(journey: Journey) -> None:
    assert_error_page(journey.sign_in(iss="https://other.example"), 400, "did not come from the House")
    assert journey.house.requests_to("/token") == []


def test_error_of_another_issuer_is_refused(journey: Journey) -> None:
    response = journey.sign_in(error="access_denied", iss="https://other.example")
    assert_error_page(response, 400, "did not come from the House")


def test_missing_issuer_is_refused_where_the_provider_sends_it(journey: Journey) -> None:
    assert_error_page(journey.sign_in(iss=""), 400, "did not come from the House")


def test_missing_issuer_is_accepted_where_the_provider_does_not_know_it(journey: Journey) -> None:
    journey.house.bend_discovery = lambda document: document.pop("authorization_response_iss_parameter_supported")
    assert journey.sign_in(iss="").status_code == 302


def test_wrong_issuer_is_refused_also_where_the_provider_does_not_know_it(journey: Journey) -> None:
    journey.house.bend_discovery = lambda document: document.pop("authorization_response_iss_parameter_supported")
    assert_error_page(journey.sign_in(iss="https://other.example"), 400)


def test_issuer_that_changes_during_the_sign_in_is_refused(journey: Journey, house_entry: Any) -> None:
    from tests.consumer import openid_provider

    address = journey.house.authorize(journey.leave())
    with openid_provider.running() as other:
        house_entry.settings = {"server_url": other.issuer}
        house_entry.save()
        assert_error_page(journey.come_back(address), 400)
        assert other.requests_to("/token") == []


def test_subject_known_from_another_issuer_is_refused(journey: Journey, house_entry: Any) -> None:
    from tests.consumer import openid_provider

    journey.sign_in()
    journey.visitor.logout()
    with openid_provider.running() as other:
        house_entry.settings = {"server_url": other.issuer}
        house_entry.save()
        journey.house = other
        assert_error_page(journey.sign_in(), 409)
    assert not is_signed_in(journey.visitor)


# --- discovery ------------------------------------------------------------------------------------------------------


def test_discovery_is_cached(journey: Journey) -> None:
    journey.sign_in()
    journey.visitor.logout()
    journey.sign_in()
    assert len(journey.house.requests_to("/.well-known/openid-configuration")) == 1
    assert len(journey.house.requests_to("/jwks")) == 1


@pytest.mark.parametrize(
    "bend",
    [
        lambda document: document.update(issuer="https://other.example"),
        lambda document: document.update(issuer=document["issuer"] + "/"),
        lambda document: document.pop("issuer"),
        lambda document: document.pop("token_endpoint"),
        lambda document: document.update(token_endpoint="http://other.example/token"),
        lambda document: document.update(authorization_endpoint="javascript:alert(1)"),
        lambda document: document.update(authorization_endpoint=["x"]),
        lambda document: document.update(authorization_endpoint=document["issuer"] + "/authorize?a=1&a=2"),
        lambda document: document.update(jwks_uri="ftp://x"),
        lambda document: document.update(userinfo_endpoint=17),
        lambda document: document.update(jwks_uri="https://user@x.example/"),
        lambda document: document.update(code_challenge_methods_supported=["plain"]),
        lambda document: document.update(id_token_signing_alg_values_supported=["HS256", "none"]),
        lambda document: document.update(token_endpoint_auth_methods_supported=["tls_client_auth"]),
    ],
)
def test_bad_discovery_document_is_a_page_and_is_not_kept(journey: Journey, bend: Any) -> None:
    journey.house.bend_discovery = bend
    assert_error_page(journey.start(), 502)
    journey.house.bend_discovery = lambda document: None
    assert journey.sign_in().status_code == 302


def test_query_of_the_authorization_endpoint_is_kept(journey: Journey) -> None:
    journey.house.bend_discovery = lambda document: document.update(
        authorization_endpoint=document["issuer"] + "/authorize?tenant=a%26b"
    )
    query = query_of(journey.leave())
    assert query["tenant"] == "a&b"
    assert query["client_id"] == CLIENT_ID


def test_secret_goes_in_the_body_where_the_provider_takes_nothing_else(journey: Journey) -> None:
    journey.house.bend_discovery = lambda document: document.update(
        token_endpoint_auth_methods_supported=["client_secret_post"]
    )
    assert journey.sign_in().status_code == 302
    assert "client_secret" in journey.house.requests_to("/token")[0].form


# --- the ID token ---------------------------------------------------------------------------------------------------

BAD_CLAIMS = {
    "another issuer": lambda claims: claims.update(iss="https://other.example"),
    "no issuer": lambda claims: claims.pop("iss"),
    "another audience": lambda claims: claims.update(aud="other"),
    "several audiences without azp": lambda claims: claims.update(aud=[CLIENT_ID, "other"]),
    "another azp": lambda claims: claims.update(azp="other"),
    "another nonce": lambda claims: claims.update(nonce="other"),
    "no nonce": lambda claims: claims.pop("nonce"),
    "expired": lambda claims: claims.update(exp=int(time.time()) - 3600),
    "no expiry": lambda claims: claims.pop("exp"),
    "infinite expiry": lambda claims: claims.update(exp=float("inf")),
    "expiry that is a word": lambda claims: claims.update(exp="tomorrow"),
    "issued tomorrow": lambda claims: claims.update(iat=int(time.time()) + 86400),
    "issued last year": lambda claims: claims.update(iat=int(time.time()) - 365 * 86400),
    "no issue date": lambda claims: claims.pop("iat"),
    "not valid yet": lambda claims: claims.update(nbf=int(time.time()) + 86400),
    "another access token's hash": lambda claims: claims.update(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "a hash that is a number": lambda claims: claims.update(at_hash=5),
    "no subject": lambda claims: claims.pop("sub"),
    "an empty subject": lambda claims: claims.update(sub=""),
    "a subject that is a number": lambda claims: claims.update(sub=7),
    "an endless subject": lambda claims: claims.update(sub="x" * 256),
    "a subject that is not ASCII": lambda claims: claims.update(sub="é"),
}


@pytest.mark.parametrize("name", BAD_CLAIMS)
def test_id_token_with_bad_claims_is_refused(journey: Journey, name: str) -> None:
    journey.house.bend_claims = BAD_CLAIMS[name]
    assert_error_page(journey.sign_in(), 502, "House")
    assert not is_signed_in(journey.visitor)
    assert not get_user_model().objects.exists()


def test_several_audiences_with_our_azp_are_accepted(journey: Journey) -> None:
    journey.house.bend_claims = lambda claims: claims.update(aud=[CLIENT_ID, "other"], azp=CLIENT_ID)
    assert journey.sign_in().status_code == 302


def test_id_token_without_at_hash_is_accepted_in_the_code_flow(journey: Journey) -> None:
    journey.house.bend_claims = lambda claims: claims.pop("at_hash")
    assert journey.sign_in().status_code == 302


def test_id_token_signed_by_another_key_is_refused(journey: Journey) -> None:
    imposter = journey.house.make_key("RS256", "key-1")
    journey.house.bend_tokens = lambda answer: answer.update(
        id_token=journey.house.sign({"iss": journey.house.issuer}, key=imposter)
    )
    assert_error_page(journey.sign_in(), 502)


def test_new_signing_key_is_fetched_when_a_token_names_it(journey: Journey) -> None:
    journey.sign_in()
    journey.visitor.logout()
    journey.house.use("RS256", "key-2")
    assert journey.sign_in().status_code == 302
    assert len(journey.house.requests_to("/jwks")) == 2


def test_unknown_keys_do_not_hammer_the_provider(journey: Journey) -> None:
    journey.sign_in()
    published = journey.house.keys
    for number in range(4):
        journey.visitor.logout()
        hidden = journey.house.make_key("RS256", f"hidden-{number}")
        journey.house.bend_tokens = lambda answer, key=hidden: answer.update(
            id_token=journey.house.sign({"iss": "x"}, key=key)
        )
        assert journey.house.keys is published
        assert_error_page(journey.sign_in(), 502)
    assert len(journey.house.requests_to("/jwks")) == 2


# --- userinfo -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("subject", ["somebody-else", None, 5, ["x"]])
def test_userinfo_about_somebody_else_is_refused(journey: Journey, subject: Any) -> None:
    journey.house.bend_userinfo = lambda claims: claims.update(sub=subject)
    assert_error_page(journey.sign_in(), 502)
    assert not SocialAccount.objects.exists()


def test_provider_without_userinfo_signs_in_by_the_id_token(journey: Journey) -> None:
    journey.house.bend_discovery = lambda document: document.pop("userinfo_endpoint")
    journey.house.bend_claims = lambda claims: claims.update(nickname="From the token")
    assert journey.sign_in().status_code == 302
    assert SocialAccount.objects.get().extra_data["nickname"] == "From the token"


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("nickname", 5),
        ("nickname", "\x00\x07"),
        ("nickname", {"a": 1}),
        ("picture", "javascript:alert(1)"),
        ("picture", "http://elsewhere.example/p.png"),
        ("picture", 3),
    ],
)
def test_malformed_claim_is_dropped(journey: Journey, claim: str, value: Any) -> None:
    journey.house.bend_userinfo = lambda claims: claims.update({claim: value})
    assert journey.sign_in().status_code == 302
    assert claim not in SocialAccount.objects.get().extra_data


def test_direction_marks_and_controls_are_taken_out_of_a_name(journey: Journey) -> None:
    journey.house.bend_userinfo = lambda claims: claims.update(nickname="\u202eevil\x00 name\u2066")
    journey.sign_in()
    assert SocialAccount.objects.get().extra_data["nickname"] == "evil name"


def test_subject_longer_than_the_column_has_its_own_account(journey: Journey) -> None:
    journey.house.userinfo["sub"] = "x" * 255
    assert journey.sign_in().status_code == 302
    assert SocialAccount.objects.get().uid.startswith("sha256-")


# --- errors the provider reports ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        ("access_denied", 403, "nothing was shared"),
        ("temporarily_unavailable", 502, "reached right now"),
        ("server_error", 502, "reached right now"),
        ("unauthorized_client", 503, "not set up correctly"),
        ("invalid_scope", 503, "not set up correctly"),
        ("login_required", 502, "answered with an error"),
        ("<script>alert(1)</script>", 502, "answered with an error"),
    ],
)
def test_error_at_the_provider_is_a_page(journey: Journey, error: str, status: int, words: str) -> None:
    response = journey.sign_in(error=error, error_description="<b>never shown</b>")
    assert_error_page(response, status, words)
    assert "never shown" not in response.content.decode()
    assert "<script>" not in response.content.decode()


def test_refusal_offers_to_try_again_and_keeps_where_to_go(journey: Journey) -> None:
    text = journey.sign_in(error="access_denied", form={"next": "/calendar/?month=2030-01"}).content.decode()
    assert f'action="{LOGIN}"' in text
    assert 'value="/calendar/?month=2030-01"' in text


@pytest.mark.parametrize(
    ("reply", "status", "words"),
    [
        (Answer({"error": "invalid_grant"}, status=400), 400, "already used"),
        (Answer({"error": "invalid_client"}, status=401), 503, "not set up correctly"),
        (Answer({"error": "unauthorized_client"}, status=400), 503, "not set up correctly"),
        (Answer({"error": "something_else"}, status=400), 502, "use"),
        (Answer({"error": ["x"]}, status=400), 502, "use"),
        (Answer(b"<html>down</html>", status=503), 502, "reached right now"),
        (Answer(b"", status=500), 502, "reached right now"),
        (Answer(b"<html>hello</html>"), 502, "use"),
        (Answer(b"{"), 502, "use"),
        (Answer(b"[" * 100_000), 502, "use"),
        (Answer(b"[]"), 502, "use"),
        (Answer(b"null"), 502, "use"),
        (Answer(b"\xff\xfe\x00"), 502, "use"),
        (Answer(b'{"access_token": NaN}'), 502, "use"),
        (Answer(b'{"access_token": "\\ud800"}'), 502, "use"),
        (Answer({}), 502, "use"),
        (Answer({"error": "invalid_grant"}), 502, "use"),
        (Answer({}, status=302, headers={"Location": "http://127.0.0.1:1/"}), 502, "use"),
        (Answer(b" " * 2_000_000), 502, "use"),
    ],
)
def test_nonsense_at_the_token_endpoint_is_a_page(journey: Journey, reply: Answer, status: int, words: str) -> None:
    journey.house.replies["/token"] = reply
    assert_error_page(journey.sign_in(), status, words)
    assert not is_signed_in(journey.visitor)


@pytest.mark.parametrize(
    "bend",
    [
        lambda answer: answer.pop("access_token"),
        lambda answer: answer.update(access_token=5),
        lambda answer: answer.update(access_token=""),
        lambda answer: answer.update(access_token="a\nb"),
        lambda answer: answer.pop("id_token"),
        lambda answer: answer.update(id_token=None),
        lambda answer: answer.update(id_token="a.b"),
        lambda answer: answer.update(id_token="a.b.c"),
        lambda answer: answer.update(id_token="e30.e30."),
        lambda answer: answer.pop("token_type"),
        lambda answer: answer.update(token_type="mac"),
        lambda answer: answer.update(refresh_token=7),
        lambda answer: answer.update(scope=["openid"]),
        lambda answer: answer.update(scope='"'),
    ],
)
def test_malformed_token_answer_is_a_page(journey: Journey, bend: Any) -> None:
    journey.house.bend_tokens = bend
    assert_error_page(journey.sign_in(), 502)
    assert not is_signed_in(journey.visitor)


@pytest.mark.parametrize("lifetime", [None, "3600", -1, 1e300, True, [], "soon", 10**30])
def test_nonsensical_lifetime_does_not_stop_a_sign_in(journey: Journey, lifetime: Any) -> None:
    journey.house.bend_tokens = lambda answer: answer.update(expires_in=lifetime, token_type="bearer")
    assert journey.sign_in().status_code == 302


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/jwks", "/userinfo"])
@pytest.mark.parametrize(
    "reply",
    [
        Answer(b"<html>"),
        Answer(b"[]"),
        Answer({}, status=404),
        Answer({}, status=500),
        Answer({}, status=204),
        Answer({"keys": 5}),
        Answer({"keys": [5, {}, {"kty": "RSA", "kid": "key-1", "n": 5, "e": "x"}]}),
        Answer(b"", status=302, headers={"Location": "https://elsewhere.example/"}),
        Answer(b"x" * 2_000_000),
    ],
)
def test_nonsense_at_the_other_endpoints_is_a_page(journey: Journey, path: str, reply: Answer) -> None:
    journey.house.replies[path] = reply
    response = journey.start()
    if response.status_code == 302:
        response = journey.come_back(journey.house.authorize(response["Location"]))
    assert_error_page(response, 502)
    assert not is_signed_in(journey.visitor)


def test_provider_that_is_down_is_a_page(house_entry: Any, visitor: Client) -> None:
    house_entry.settings = {"server_url": "http://127.0.0.1:9"}
    house_entry.save()
    assert_error_page(visitor.post(LOGIN), 502, "reached right now")


def test_provider_that_is_too_slow_is_a_page(journey: Journey, settings: Any) -> None:
    import threading

    release = threading.Event()
    journey.house.replies["/token"] = lambda received: (release.wait(10), Answer({}))[1]
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "HTTP_READ_TIMEOUT": 0.05}
    try:
        assert_error_page(journey.sign_in(), 502, "reached right now")
    finally:
        release.set()


@pytest.mark.parametrize(
    "options", [{}, {"server_url": ""}, {"server_url": 5}, {"server_url": "http://id.example"}, []]
)
def test_incomplete_entry_is_a_page(house_entry: Any, visitor: Client, options: Any) -> None:
    house_entry.settings = options
    house_entry.save()
    assert_error_page(visitor.post(LOGIN), 503, "not set up correctly")


def test_two_entries_are_a_page(house_entry: Any, visitor: Client) -> None:
    house_entry.pk = None
    house_entry.save()
    assert_error_page(visitor.post(LOGIN), 503)
    assert_error_page(visitor.get(CALLBACK), 503)


def test_log_has_the_page_s_reference_and_no_secret(journey: Journey, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    journey.house.bend_claims = lambda claims: claims.update(nonce="other")
    text = journey.sign_in().content.decode()
    reference = text.split("Reference:")[1].split("<code>")[1].split("</code>")[0]
    assert reference in caplog.text
    assert "id_token_invalid" in caplog.text
    for secret in [*journey.house.access_tokens, "refresh-", "s3cret", "code_verifier="]:
        assert secret not in caplog.text


def test_settings_configure_the_house_where_no_row_does(
    db: None, house: OpenIDProvider, visitor: Client, settings: Any
) -> None:
    from tests.consumer.openid_provider import CLIENT_SECRET

    settings.CONSUMER_SITE = {
        **settings.CONSUMER_SITE,
        "HOUSE": {"server_url": house.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "name": "Mine"},
    }
    assert "Sign in with Mine" in visitor.get("/accounts/login/").content.decode()
    assert Journey(house, visitor).sign_in().status_code == 302
    assert visitor.get("/calendar/").status_code == 200


def test_row_wins_over_settings(journey: Journey, settings: Any) -> None:
    settings.CONSUMER_SITE = {
        **settings.CONSUMER_SITE,
        "HOUSE": {"server_url": "https://id.example.com", "client_id": "other"},
    }
    assert journey.sign_in().status_code == 302
    cache.clear()
