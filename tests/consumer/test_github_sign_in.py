"""The whole GitHub sign-in through the site's own addresses, with GitHub as a server that answers canned bytes."""

import base64
import hashlib
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.socialaccount.signals import pre_social_login
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.html import escape

from consumer_site import vault
from consumer_site.connectors.github import codes
from consumer_site.errors import CodeRefused, Fault, NotConfigured, Unreachable
from tests.consumer.connector_journey import CODE, HOST, is_signed_in, shown, steps_of, visitor
from tests.consumer.github_samples import (
    ACCESS_TOKEN,
    CLIENT_ID,
    CLIENT_SECRET,
    EMAILS,
    ID,
    PROFILE_PATH,
    REFRESH_TOKEN,
    TOKEN,
    Canned,
    CannedProvider,
    emails,
    profile,
    published,
    site,
    token,
)

pytestmark = pytest.mark.django_db

LOGIN = "/accounts/github/login/"
begin, come_back, sign_in, accounts = steps_of("github")
# docs.github.com: troubleshooting authorization requests, access token requests, refreshing; RFC 6749 4.1.2.1 and 5.2.
DOCUMENTED = [
    *("application_suspended", "redirect_uri_mismatch", "access_denied"),
    *("incorrect_client_credentials", "bad_verification_code", "unverified_user_email", "bad_refresh_token"),
    *("invalid_client", "invalid_grant", "invalid_request", "invalid_scope", "unauthorized_client"),
    *("unsupported_grant_type", "unsupported_response_type", "server_error", "temporarily_unavailable", "slow_down"),
]


@pytest.fixture
def github(server: CannedProvider, settings: Any, db: None) -> CannedProvider:
    site.speak_to(server, settings)
    return server


# --- Going there -----------------------------------------------------------------------------------------------------


def test_button_leads_to_github_with_state_and_pkce_and_asks_for_no_scope(github: CannedProvider) -> None:
    address, sent = begin(visitor())
    assert address == f"{github.base_url}/login/oauth/authorize"
    assert len(sent.pop("state")[0]) >= 16
    assert len(sent.pop("code_challenge")[0]) == 43
    assert sent == {
        "response_type": ["code"],
        "client_id": [CLIENT_ID],
        "redirect_uri": [f"http://{HOST}{LOGIN}callback/"],
        "code_challenge_method": ["S256"],
    }


def test_verifier_of_the_challenge_goes_with_the_code_and_each_sign_in_has_its_own(github: CannedProvider) -> None:
    seen = set()
    for _time in range(2):
        client = visitor()
        sent = begin(client)[1]
        come_back(client, code=CODE, state=sent["state"][0])
        asked = github.asked[-2]
        assert (asked.method, asked.path) == ("POST", TOKEN)
        assert asked.headers["Accept"] == "application/json"
        form = asked.form
        digest = hashlib.sha256(form.pop("code_verifier")[0].encode()).digest()
        assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == sent["code_challenge"][0]
        assert form == {
            "grant_type": ["authorization_code"],
            "client_id": [CLIENT_ID],
            "client_secret": [CLIENT_SECRET],
            "code": [CODE],
            "redirect_uri": [f"http://{HOST}{LOGIN}callback/"],
        }
        seen |= {sent["state"][0], sent["code_challenge"][0]}
    assert len(seen) == 4


def test_verifier_goes_no_further_than_the_code(github: CannedProvider) -> None:
    # What is left of a state may wait in a session for a sign-up to end.
    seen: list[dict[str, Any]] = []

    def look(sociallogin: Any, **kwargs: Any) -> None:
        seen.append(dict(sociallogin.state))

    pre_social_login.connect(look)
    try:
        sign_in(visitor())
    finally:
        pre_social_login.disconnect(look)
    assert [state["process"] for state in seen] == ["login"]
    assert "pkce_code_verifier" not in seen[0]


def test_real_client_id_leads_to_the_real_github_by_default(github: CannedProvider, settings: Any) -> None:
    SocialApp.objects.filter(provider="github").update(client_id="Ov23lireal")
    assert begin(visitor())[0] == "https://github.com/login/oauth/authorize"
    settings.SOCIALACCOUNT_PROVIDERS = {"github": {"GITHUB_URL": "https://github.example.com/"}}
    assert begin(visitor())[0] == "https://github.example.com/login/oauth/authorize"


def test_link_can_neither_start_a_sign_in_nor_change_what_is_asked(github: CannedProvider) -> None:
    client = visitor()
    question = client.get(LOGIN)
    assert question.status_code == 200
    assert "frame-ancestors 'none'" in question["Content-Security-Policy"]
    _address, sent = begin(client, f"{LOGIN}?scope=repo&auth_params=state%3Dtheirs%26code_challenge%3Dx%26y%3D1")
    assert sent["state"] != ["theirs"]
    assert len(sent["code_challenge"][0]) == 43
    assert not {"scope", "y"} & set(sent)


def test_site_without_exactly_one_app_says_so(github: CannedProvider) -> None:
    SocialApp.objects.create(provider="github", name="2", client_id="Ov2", secret=CLIENT_SECRET)
    for _reason in ("several", "none"):
        for method, address in (("get", LOGIN), ("post", LOGIN), ("get", f"{LOGIN}callback/?code=a&state=b")):
            response = getattr(visitor(), method)(address)
            assert response.status_code == 503
            assert "Signing in with GitHub is not set up correctly" in shown(response)
        SocialApp.objects.filter(provider="github").delete()


def test_connecting_lets_the_person_choose_among_accounts_at_github(github: CannedProvider) -> None:
    client = visitor()
    assert "prompt" not in begin(client)[1]
    assert begin(client, f"{LOGIN}?process=connect")[1]["prompt"] == ["select_account"]


# --- Coming back -----------------------------------------------------------------------------------------------------


def test_sign_in_makes_an_account_of_the_id_and_keeps_no_more_than_it_shows(github: CannedProvider) -> None:
    client = visitor()
    assert sign_in(client).status_code == 302
    assert is_signed_in(client)
    account = SocialAccount.objects.get(provider="github")
    assert account.uid == str(ID)
    assert account.extra_data == {
        "login": "octocat",
        "name": "monalisa octocat",
        "avatar_url": "https://avatars.githubusercontent.com/u/583231?v=4",
        "html_url": "https://github.com/octocat",
        "server": github.base_url,
    }
    assert str(account.get_provider_account()) == "monalisa octocat"
    assert account.get_avatar_url() == account.extra_data["avatar_url"]
    # The public profile's address is no proof of anything.
    assert account.user.email == ""
    assert not EmailAddress.objects.exists()
    assert [request.path for request in github.asked] == [TOKEN, PROFILE_PATH]
    assert github.asked[1].headers["Authorization"] == f"Bearer {ACCESS_TOKEN}"


def test_login_that_somebody_else_took_over_is_another_person(github: CannedProvider) -> None:
    sign_in(visitor())
    github.answer(PROFILE_PATH, profile(id=ID + 1))
    sign_in(visitor())
    github.answer(PROFILE_PATH, profile(login="renamed"))
    sign_in(visitor())
    assert accounts() == [str(ID), str(ID + 1)]
    assert get_user_model().objects.filter(socialaccount__provider="github").distinct().count() == 2


@pytest.mark.parametrize(("name", "body", "scope", "seconds"), published.TOKENS, ids=[t[0] for t in published.TOKENS])
def test_what_was_granted_and_how_long_it_lives_is_kept(
    github: CannedProvider, name: str, body: bytes, scope: tuple[str, ...], seconds: int | None
) -> None:
    github.answer(TOKEN, body)
    sign_in(visitor())
    tokens = vault.load(account=SocialAccount.objects.get(provider="github"))
    assert tokens is not None
    assert tokens.access_token == ACCESS_TOKEN
    # "repo" stands for the smaller ones that it contains too.
    assert [name for name in tokens.scope if name in {*scope, "user"}] == list(scope)
    assert bool(tokens.scope) is bool(scope)
    assert tokens.refresh_token == (REFRESH_TOKEN if seconds else "")
    if seconds is None:
        assert tokens.expires_at is None
    else:
        assert tokens.expires_at is not None
        assert abs((tokens.expires_at - timezone.now()).total_seconds() - seconds) < 60


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example/", "/\\evil.example/", "https://[", ""])
def test_sign_in_ends_on_this_host(github: CannedProvider, wanted: str) -> None:
    response = sign_in(visitor(), next=wanted)
    assert response["Location"] == "/calendar/"
    response = sign_in(visitor(), next="/calendar/?month=2026-01")
    assert response["Location"] == "/calendar/?month=2026-01"


def test_tokens_lie_nowhere_in_clear(github: CannedProvider) -> None:
    sign_in(visitor())
    assert not SocialToken.objects.exists()
    stored = str(list(SocialAccount.objects.values())) + str([s.get_decoded() for s in Session.objects.all()])
    for secret in (ACCESS_TOKEN, CLIENT_SECRET, CODE, "code_verifier"):
        assert secret not in stored


# --- E-mail ----------------------------------------------------------------------------------------------------------


def ask_for_email() -> None:
    SocialApp.objects.filter(provider="github").update(settings={"scope": ["user:email"]})


def test_only_verified_addresses_are_used(github: CannedProvider) -> None:
    ask_for_email()
    github.answer(TOKEN, token(scope="user:email"))
    listed = [("spare@example.com", False, True), ("main@example.com", True, True)]
    github.answer(EMAILS, emails(*listed, ("theirs@example.com", False, False)))
    assert begin(visitor())[1]["scope"] == ["user:email"]
    sign_in(visitor())
    assert SocialAccount.objects.get(provider="github").user.email == "main@example.com"
    assert set(EmailAddress.objects.values_list("email", "verified", "primary")) == {
        ("main@example.com", True, True),
        ("spare@example.com", True, False),
    }
    assert "example.com" not in str(SocialAccount.objects.get(provider="github").extra_data)


def test_unverified_primary_address_is_stored_nowhere(github: CannedProvider, settings: Any) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = {"github": {"VERIFIED_EMAIL": True}}
    ask_for_email()
    github.answer(TOKEN, token(scope="user:email"))
    github.answer(EMAILS, emails(("octocat@github.com", True, False)))
    client = visitor()
    sign_in(client)
    assert is_signed_in(client)
    assert not EmailAddress.objects.exists()
    assert SocialAccount.objects.get(provider="github").user.email == ""


@pytest.mark.parametrize(
    "canned",
    [
        Canned(b'{"message":"Not Found"}', 404),
        Canned(b'{"message":"Resource not accessible by integration"}', 403),
        Canned(b"", 500),
        Canned(b"<html>"),
        Canned(b'{"email":"a@example.com","verified":true}'),
        Canned(b'[null,7,{"email":7,"verified":true},{"verified":true},{"email":"no address","verified":true}]'),
        Canned(emails(("a@example.com", True, True)), cut_short=9),
    ],
)
def test_address_that_can_not_be_had_costs_nobody_the_sign_in(github: CannedProvider, canned: Canned) -> None:
    github.answer(TOKEN, token(scope="user:email"))
    github.answer(EMAILS, canned)
    client = visitor()
    sign_in(client)
    assert is_signed_in(client)
    assert github.asked_at(EMAILS)
    assert not EmailAddress.objects.exists()


def test_declined_scope_is_not_asked_for_by_the_back_door(github: CannedProvider) -> None:
    ask_for_email()
    github.answer(TOKEN, token(scope=""))
    client = visitor()
    sign_in(client)
    assert is_signed_in(client)
    assert not github.asked_at(EMAILS)


# --- State, refusal and failure --------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", [{}, {"state": ""}, {"state": "theirs"}, {"state": "\x00"}])
@pytest.mark.parametrize("rest", [{"code": CODE}, {"error": "access_denied"}, {}])
def test_callback_without_a_state_of_this_browser_does_nothing(
    github: CannedProvider, query: dict[str, str], rest: dict[str, str]
) -> None:
    client = visitor()
    begin(client)
    assert come_back(client, **query, **rest).status_code in {400, 401}
    assert not is_signed_in(client)
    assert not github.asked


def test_state_works_once_and_in_its_own_browser_only(github: CannedProvider) -> None:
    client, stranger = visitor(), visitor()
    state = begin(client)[1]["state"][0]
    begin(stranger)
    assert come_back(stranger, code=CODE, state=state).status_code in {400, 401}
    assert come_back(client, code=CODE, state=state).status_code == 302
    client.logout()
    assert come_back(client, code=CODE, state=state).status_code in {400, 401}
    assert not is_signed_in(client)


def test_refusal_is_told_as_a_refusal(github: CannedProvider) -> None:
    client = visitor()
    # docs.github.com, troubleshooting authorization request errors, access denied.
    query = {
        "error": "access_denied",
        "error_description": "The user has denied your application access.",
        "error_uri": "https://docs.github.com/apps/troubleshooting/#access-denied",
        "state": begin(client)[1]["state"][0],
    }
    response = come_back(client, **query)
    assert response.status_code == 403
    assert "You did not sign in" in shown(response)
    assert come_back(client, code=CODE, state=query["state"]).status_code in {400, 401}
    assert not github.asked


@pytest.mark.parametrize("query", [{}, {"code": ""}, {"error": "<b>x"}, {"error": "server_error", "code": CODE}])
def test_neither_code_nor_refusal_is_a_page(github: CannedProvider, query: dict[str, str]) -> None:
    client = visitor()
    response = come_back(client, state=begin(client)[1]["state"][0], **query)
    assert response.status_code in {400, 502}
    assert "<b>x" not in shown(response)
    assert not is_signed_in(client)
    assert not github.asked


@pytest.mark.parametrize("step", ["authorize", "token"])
@pytest.mark.parametrize("code", [*DOCUMENTED, "never_heard_of"])
def test_each_code_at_each_step_is_a_sentence_and_a_log_line(
    github: CannedProvider, step: str, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = visitor()
    if step == "authorize":
        response = come_back(client, state=begin(client)[1]["state"][0], error=code)
    else:
        github.answer(TOKEN, f'{{"error":"{code}","error_description":"so"}}'.encode())
        response = sign_in(client)
    expected = codes.refusal(code, step=step)
    assert expected.code == f"github_{code}"
    assert ("undocumented" in expected.detail) is (code not in DOCUMENTED)
    assert response.status_code == expected.status
    assert response.status_code != 500
    assert escape(str(expected.public) % {"provider": "GitHub"}) in shown(response)
    assert expected.detail in caplog.text
    assert not is_signed_in(client)
    assert accounts() == []


def test_who_can_do_something_about_it_is_told_apart() -> None:
    assert isinstance(codes.refusal("incorrect_client_credentials", step="token"), NotConfigured)
    assert isinstance(codes.refusal("application_suspended", step="authorize"), NotConfigured)
    assert isinstance(codes.refusal("bad_verification_code", step="token"), CodeRefused)
    assert isinstance(codes.refusal("bad_refresh_token", step="refresh"), CodeRefused)
    assert isinstance(codes.refusal("temporarily_unavailable", step="token"), Unreachable)
    assert codes.refusal("unverified_user_email", step="token").fault is Fault.PERSON
