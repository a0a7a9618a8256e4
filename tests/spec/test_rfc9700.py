"""RFC 9700: best current practice for OAuth 2.0 security, on the authorization server's side."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session as BrowserSession
from django.db import connection
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_grant_model, get_refresh_token_model

from provider_site.models import Authorization
from provider_site.signals import replay_detected
from tests import factories
from tests.provider.driver import REDIRECT, Driver, query

# --- Redirect URIs (2.1, 4.1) -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "redirect_uri",
    [
        REDIRECT + "/",
        REDIRECT + "?",
        REDIRECT + "?x=1",
        REDIRECT + "#",
        REDIRECT + "/../callback",
        REDIRECT + "%2F",
        REDIRECT.upper(),
        REDIRECT.replace("https", "http"),
        REDIRECT.replace("https", "HTTPS"),
        REDIRECT.replace("app.", "APP."),
        REDIRECT.replace("app.", "a.app."),
        REDIRECT.replace(".com/", ".com:443/"),
        REDIRECT.replace("https://", "https://user@"),
        REDIRECT.replace(".com/", ".com./"),
        REDIRECT.replace("/callback", "//callback"),
        REDIRECT.replace("/callback", "/%63allback"),
        " " + REDIRECT,
        REDIRECT + " ",
        REDIRECT + "\n",
        f"{REDIRECT} https://evil.example.com/",
    ],
)
def test_redirect_uri_is_compared_character_by_character(driver: Driver, redirect_uri: str) -> None:
    """2.1, 4.1.3."""
    answer = driver.authorize(redirect_uri=redirect_uri)
    assert answer.status_code == 400
    assert "Location" not in answer


@pytest.mark.parametrize(
    "redirect_uri", ["http://app.example.com/cb", "https://*.example.com/cb", "javascript:alert(1)", "https://a/#f"]
)
def test_unsafe_redirect_uri_cannot_be_registered(db: None, redirect_uri: str) -> None:
    """2.1, 4.1.1: http only on loopback, no patterns."""
    from django.core.exceptions import ValidationError

    with pytest.raises(ValidationError):
        factories.make_application(redirect_uris=[redirect_uri])


def test_answer_to_a_form_is_303(driver: Driver) -> None:
    """4.12: a browser never repeats the form to the client."""
    page = driver.authorize()
    assert driver.browser.post(page["Location"], {"decision": "allow", "duration": "30"}).status_code == 303


@pytest.mark.parametrize("method", ["get", "post", "options"])
def test_authorization_endpoint_has_no_cors(driver: Driver, method: str) -> None:
    """2.6."""
    send = getattr(driver.browser, method)
    answer = send("/o/authorize/", driver.request_parameters(), headers={"origin": "https://spa.example.com"})
    assert "Access-Control-Allow-Origin" not in answer


# --- Grants that are gone (2.1.2, 2.4) ----------------------------------------------------------------------------


@pytest.mark.parametrize("response_type", ["token", "id_token", "id_token token", "code token", "code id_token"])
def test_implicit_and_hybrid_are_gone(driver: Driver, response_type: str) -> None:
    """2.1.2, whatever the application's row says."""
    rows = type(driver.application).objects.filter(pk=driver.application.pk)
    for grant in ("authorization-code", "implicit", "openid-hybrid"):
        rows.update(authorization_grant_type=grant)
        answer = query(driver.authorize(response_type=response_type))
        assert answer["error"] in {"unsupported_response_type", "unauthorized_client"}
        assert not {"access_token", "id_token", "code"} & answer.keys()


def test_password_grant_is_gone(driver: Driver, user: Any) -> None:
    """2.4, whatever the application's row says."""
    type(driver.application).objects.update(authorization_grant_type="password")
    answer = driver.token(grant_type="password", username=user.username, password=factories.PASSWORD)
    assert answer.error == "unsupported_grant_type"


# --- Codes (2.1.1, 4.5) -------------------------------------------------------------------------------------------


def test_replayed_code_buys_nothing_and_revokes_what_it_bought(driver: Driver) -> None:
    """4.5.3, RFC 6749 4.1.2."""
    code = driver.code()
    tokens = driver.redeem(code)
    refreshed = driver.refresh(tokens.refresh)
    assert driver.redeem(code).error == "invalid_grant"
    assert not driver.works(refreshed.access)
    assert driver.refresh(refreshed.refresh).error == "invalid_grant"
    assert driver.redeem(code).error == "invalid_grant"


def test_replayed_code_leaves_other_authorizations_alone(driver: Driver) -> None:
    """4.5.3."""
    other = driver.tokens()
    code = driver.code()
    driver.redeem(code)
    driver.redeem(code)
    assert driver.works(other.access)


def test_replay_is_reported_once_with_its_kind(driver: Driver) -> None:
    seen: list[tuple[Any, str]] = []

    def note(authorization_id: Any, kind: str, **_rest: Any) -> None:
        seen.append((authorization_id, kind))

    replay_detected.connect(note)
    try:
        code = driver.code()
        driver.redeem(code)
        assert seen == []
        driver.redeem(code)
    finally:
        replay_detected.disconnect(note)
    assert seen == [(Authorization.objects.get().pk, "code")]


# --- Refresh tokens (2.2.2, 4.14) ---------------------------------------------------------------------------------


def test_refresh_rotates_and_ends_the_tokens_before(driver: Driver) -> None:
    """4.14.2."""
    old = driver.tokens()
    new = driver.refresh(old.refresh)
    assert new.refresh != old.refresh
    assert driver.works(new.access)
    assert not driver.works(old.access)


def test_reused_refresh_token_kills_the_family(driver: Driver) -> None:
    """4.14.2: thief and victim can't be told apart."""
    first = driver.tokens()
    second = driver.refresh(first.refresh)
    third = driver.refresh(second.refresh)
    assert driver.refresh(first.refresh).error == "invalid_grant"
    assert not driver.works(third.access)
    assert driver.refresh(third.refresh).error == "invalid_grant"


def test_refresh_token_is_bound_to_its_client(driver: Driver, user: Any) -> None:
    """2.2.2, 4.14.2: and a stranger's attempt does not harm the family."""
    tokens = driver.tokens()
    thief = Driver(factories.make_application(), user)
    assert thief.refresh(tokens.refresh).error == "invalid_grant"
    assert driver.refresh(tokens.refresh).status == 200


def test_refresh_token_of_a_public_client_rotates_and_dies_of_reuse(db: None, user: Any) -> None:
    """2.2.2."""
    public = Driver(factories.make_application(client_type="public"), user)
    identity = {"headers": {}, "client_id": public.application.client_id}
    first = public.redeem(public.code(), **identity)
    second = public.refresh(first.refresh, **identity)
    assert public.refresh(first.refresh, **identity).error == "invalid_grant"
    assert public.refresh(second.refresh, **identity).error == "invalid_grant"


@pytest.mark.parametrize(("days", "alive"), [(29, True), (31, False)])
def test_refresh_token_dies_of_disuse_after_thirty_days(driver: Driver, days: int, alive: bool) -> None:
    """4.14.2."""
    # Consent until withdrawn: only the disuse may end it.
    answer = driver.consent(driver.authorize(), scopes=["offline_access"], duration="until-withdrawn")
    tokens = driver.redeem(query(answer)["code"])
    get_refresh_token_model().objects.update(created=timezone.now() - timedelta(days=days))
    assert (driver.refresh(tokens.refresh).status == 200) == alive


def test_each_use_begins_the_thirty_days_anew(driver: Driver) -> None:
    """4.14.2."""
    answer = driver.consent(driver.authorize(), scopes=["offline_access"], duration="until-withdrawn")
    tokens = driver.redeem(query(answer)["code"])
    for _month in range(2):
        get_refresh_token_model().objects.update(created=timezone.now() - timedelta(days=29))
        tokens = driver.refresh(tokens.refresh)
        assert tokens.status == 200


def test_tokens_never_outlive_the_consent(driver: Driver) -> None:
    from provider_site.models import Consent

    Consent.objects.update(ends_at=timezone.now() + timedelta(seconds=100))
    code = driver.code()
    Consent.objects.update(ends_at=timezone.now() + timedelta(seconds=100))
    tokens = driver.redeem(code)
    assert tokens.body["expires_in"] <= 100
    claims = driver.id_token(tokens)
    assert claims["exp"] - claims["iat"] <= 100
    Consent.objects.update(ends_at=timezone.now())
    assert not driver.works(tokens.access)
    assert driver.refresh(tokens.refresh).error == "invalid_grant"


@pytest.mark.parametrize(("grace", "alive"), [(0, False), (30, True)])
def test_honest_retry_is_answered_within_the_grace_alone(
    driver: Driver, settings: Any, grace: int, alive: bool
) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"REFRESH_TOKEN_GRACE_SECONDS": grace}
    first = driver.tokens()
    second = driver.refresh(first.refresh)
    retry = driver.refresh(first.refresh)
    assert (retry.status == 200) == alive
    assert driver.works(second.access) == alive
    if alive:
        assert retry.refresh not in {first.refresh, second.refresh}
        assert driver.works(retry.access)
        get_refresh_token_model().objects.filter(revoked__isnull=False).update(
            revoked=timezone.now() - timedelta(seconds=31)
        )
        assert driver.refresh(first.refresh).error == "invalid_grant"
        assert not driver.works(retry.access), "a late reuse kills the siblings too"


# --- Storage (4.3, 4.14.2: what a copy of the database gives away) ------------------------------------------------


def everything_stored() -> str:
    """Return every value of every column of every table as one text, browser sessions opened."""
    texts: list[str] = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            for row in cursor.fetchall():
                texts += [value.decode("latin-1") if isinstance(value, bytes) else str(value) for value in row]
    texts += [str(session.get_decoded()) for session in BrowserSession.objects.all()]
    return "\n".join(texts)


def test_no_credential_is_stored_as_it_is(driver: Driver, user: Any) -> None:
    """Codes, tokens, secrets, handles, verifiers: none of them in any column."""
    public = Driver(factories.make_application(client_type="public"), user)
    page = driver.authorize()
    handle = page["Location"].split("/")[3]
    unused = query(driver.consent(page, scopes=["nickname", "offline_access"]))["code"]
    used = driver.code()
    first = driver.redeem(used)
    second = driver.refresh(first.refresh)
    other = public.redeem(public.code(), headers={}, client_id=public.application.client_id)
    credentials = {
        "handle of a request": handle,
        "unused code": unused,
        "used code": used,
        "verifier": driver.pkce.verifier,
        "client secret": driver.secret,
        **{
            f"{name} {number}": tokens.body[name]
            for number, tokens in enumerate((first, second, other))
            for name in ("access_token", "refresh_token", "id_token")
        },
    }
    stored = everything_stored()
    assert driver.application.client_id in stored, "the search finds what is there"
    assert driver.pkce.challenge in stored
    assert {name for name, text in credentials.items() if text in stored} == set()


def test_private_key_is_stored_sealed(driver: Driver) -> None:
    driver.tokens()
    stored = everything_stored()
    assert "PRIVATE KEY" not in stored
    assert '"d"' not in stored


def test_rows_are_found_by_digest_alone(driver: Driver) -> None:
    """What stock DOT calls COMPLIANT_BCP_RFC9700_TOKEN_STORAGE."""
    driver.code()
    driver.tokens()
    assert set(get_access_token_model().objects.values_list("token", flat=True)) <= {"", None}
    assert set(get_refresh_token_model().objects.values_list("token", flat=True)) <= {"", None}
    assert {len(code) for code in get_grant_model().objects.values_list("code", flat=True)} == {64}
