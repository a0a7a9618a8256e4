"""OpenID Connect Core 1.0."""

import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from django.conf import settings as django_settings

from provider_site.crypto import half_hash
from provider_site.services import profiles
from tests import factories
from tests.provider.driver import ISSUER, Driver, query

AUTH_TIME = "provider_site.auth_time"


def age_sign_in(driver: Driver, seconds: int) -> None:
    """Make the browser's sign-in older."""
    session = driver.browser.session
    session[AUTH_TIME] -= seconds
    session.save()


def asks_to_sign_in(answer: Any) -> bool:
    return answer.status_code == 302 and answer["Location"].startswith("/accounts/")


def next_address(answer: Any) -> str:
    return parse_qs(urlsplit(answer["Location"]).query)["next"][0]


def prove(driver: Driver, answer: Any) -> Any:
    """Give the password on the page `answer` leads to; return the provider's answer after it."""
    posted = driver.browser.post(answer["Location"], {"password": factories.PASSWORD})
    assert posted.status_code == 302, posted.content.decode()[:2000]
    return driver.browser.get(posted["Location"])


# --- The ID token -------------------------------------------------------------------------------------------------


def test_id_token_has_the_required_claims(driver: Driver) -> None:
    """2: verified by the published keys on the way."""
    before = int(time.time())
    claims = driver.id_token(driver.tokens())
    assert claims["iss"] == ISSUER
    assert claims["aud"] == driver.application.client_id
    assert before <= claims["iat"] <= time.time()
    assert claims["exp"] == claims["iat"] + 600
    assert claims["auth_time"] <= claims["iat"]
    assert claims["sid"]


def test_subject_is_opaque_and_short(driver: Driver, user: Any) -> None:
    """2: at most 255 ASCII characters, never reassigned."""
    subject = driver.id_token(driver.tokens())["sub"]
    assert len(subject) == 36
    assert subject not in {str(user.pk), user.username, user.email}


def test_subject_stays_the_same_and_is_that_of_userinfo(driver: Driver) -> None:
    """2, 5.3.2."""
    first, second = driver.tokens(), driver.tokens()
    subjects = {driver.id_token(tokens)["sub"] for tokens in (first, second)}
    subjects |= {driver.userinfo(tokens.access).json()["sub"] for tokens in (first, second)}
    assert len(subjects) == 1


@pytest.mark.parametrize("nonce", ["n", "ä b+%20&=", "x" * 255])
def test_nonce_comes_back_verbatim(driver: Driver, nonce: str) -> None:
    """3.1.2.1."""
    assert driver.id_token(driver.tokens(nonce=nonce))["nonce"] == nonce


def test_no_nonce_sent_is_no_nonce_returned(driver: Driver) -> None:
    """2."""
    assert "nonce" not in driver.id_token(driver.tokens(nonce=None))


def test_at_hash_is_of_the_access_token_beside_it(driver: Driver) -> None:
    """3.1.3.6."""
    tokens = driver.tokens()
    assert driver.id_token(tokens)["at_hash"] == half_hash(tokens.access)
    refreshed = driver.refresh(tokens.refresh)
    assert driver.id_token(refreshed)["at_hash"] == half_hash(refreshed.access)


def test_id_token_says_nothing_that_userinfo_says(driver: Driver, user: Any) -> None:
    """5.4."""
    profiles.set_nickname(user=user, nickname="ada")
    assert not {"nickname", "name", "email", "picture"} & driver.id_token(driver.tokens()).keys()


def test_request_without_openid_gets_no_id_token(driver: Driver) -> None:
    """3.1.2.1."""
    plain = driver.redeem(driver.code(scope="nickname", scopes=["nickname"]))
    assert plain.status == 200
    assert "id_token" not in plain.body


def test_altered_id_token_does_not_verify(driver: Driver) -> None:
    """10.1: the check of these tests is one that can fail."""
    tokens = driver.tokens()
    header, _payload, signature = tokens.body["id_token"].split(".")
    other = driver.tokens().body["id_token"].split(".")[1]
    tokens.body["id_token"] = f"{header}.{other}.{signature}"
    with pytest.raises(jwt.InvalidSignatureError):
        driver.id_token(tokens)


def test_refreshed_id_token_has_no_nonce_and_the_same_sign_in(driver: Driver) -> None:
    """12.2: iss, sub, aud and auth_time are those of the first; nonce should not be there."""
    age_sign_in(driver, 100)
    tokens = driver.tokens()
    first, later = driver.id_token(tokens), driver.id_token(driver.refresh(tokens.refresh))
    assert "nonce" in first
    assert "nonce" not in later
    for name in ("iss", "sub", "aud", "auth_time", "sid"):
        assert first[name] == later[name]
    assert later["iat"] >= first["iat"]


# --- prompt and max_age -------------------------------------------------------------------------------------------


def test_prompt_none_without_sign_in_is_login_required(registered: Any) -> None:
    """3.1.2.6."""
    assert query(Driver(registered).authorize(prompt="none"))["error"] == "login_required"


def test_prompt_none_without_consent_is_consent_required(driver: Driver) -> None:
    """3.1.2.6."""
    assert query(driver.authorize(prompt="none"))["error"] == "consent_required"


def test_prompt_none_with_a_new_scope_is_consent_required(driver: Driver) -> None:
    """3.1.2.6."""
    driver.code()
    assert query(driver.authorize(prompt="none", scope="openid avatar"))["error"] == "consent_required"


def test_prompt_none_with_sign_in_and_consent_answers_with_a_code(driver: Driver) -> None:
    """3.1.2.1."""
    driver.code()
    answer = query(driver.authorize(prompt="none"))
    assert driver.redeem(answer["code"]).status == 200


def test_prompt_none_by_a_form_of_another_site_is_answered_alike(driver: Driver) -> None:
    """3.1.2.1: GET and POST; with such a form, browsers send no session cookie of SameSite=Lax."""
    driver.code()
    session = driver.browser.cookies.pop(django_settings.SESSION_COOKIE_NAME)
    kept, other = (driver.authorize(method="post", prompt="none") for _request in range(2))
    assert kept.status_code == 303
    assert query(driver.browser.get(other["Location"]))["error"] == "login_required", "nobody is signed in"
    driver.browser.cookies[django_settings.SESSION_COOKIE_NAME] = session.value
    assert driver.redeem(query(driver.browser.get(kept["Location"]))["code"]).status == 200


@pytest.mark.parametrize("prompt", ["none login", "none consent", "none none-such", "login unheard"])
def test_impossible_prompts_are_invalid(driver: Driver, prompt: str) -> None:
    """3.1.2.1: none stands alone."""
    assert query(driver.authorize(prompt=prompt))["error"] == "invalid_request"


def test_prompt_none_after_too_long_a_time_is_login_required(driver: Driver) -> None:
    """3.1.2.1: max_age counts there too."""
    driver.code()
    age_sign_in(driver, 100)
    assert "code" in query(driver.authorize(prompt="none", max_age="200"))
    assert query(driver.authorize(prompt="none", max_age="50"))["error"] == "login_required"


def test_prompt_login_asks_the_signed_in_for_their_password_and_proves_it(driver: Driver) -> None:
    """3.1.2.1: a newer auth_time."""
    first = driver.id_token(driver.tokens())
    age_sign_in(driver, 100)
    page = driver.authorize(prompt="login")
    assert asks_to_sign_in(page)
    second = driver.id_token(driver.redeem(query(prove(driver, page))["code"]))
    assert second["auth_time"] >= first["auth_time"]
    assert second["sub"] == first["sub"]


def test_prompt_login_cannot_be_skipped_by_going_on(driver: Driver) -> None:
    """3.1.2.1."""
    driver.code()
    age_sign_in(driver, 1)
    page = driver.authorize(prompt="login")
    assert asks_to_sign_in(driver.browser.get(next_address(page)))


@pytest.mark.parametrize("max_age", ["0", "50"])
def test_sign_in_older_than_max_age_is_asked_for_again(driver: Driver, max_age: str) -> None:
    """3.1.2.1: 0 is like prompt=login."""
    driver.code()
    age_sign_in(driver, 100)
    page = driver.authorize(max_age=max_age)
    assert asks_to_sign_in(page)
    claims = driver.id_token(driver.redeem(query(prove(driver, page))["code"]))
    assert time.time() - claims["auth_time"] < 50


def test_sign_in_younger_than_max_age_is_enough(driver: Driver) -> None:
    """3.1.2.1."""
    driver.code()
    age_sign_in(driver, 100)
    claims = driver.id_token(driver.redeem(query(driver.authorize(max_age="1000"))["code"]))
    assert 99 <= time.time() - claims["auth_time"] < 1000


@pytest.mark.parametrize("max_age", ["-1", "1.5", "x", "٣", "9" * 10])
def test_max_age_that_is_no_number_is_invalid(driver: Driver, max_age: str) -> None:
    """3.1.2.1."""
    assert query(driver.authorize(max_age=max_age))["error"] == "invalid_request"


def test_prompt_consent_asks_again_and_then_answers(driver: Driver) -> None:
    """3.1.2.1."""
    driver.code()
    page = driver.authorize(prompt="consent")
    assert page["Location"].startswith("/o/consent/")
    assert "code" in query(driver.consent(page, scopes=["nickname"]))


def test_prompt_select_account_offers_another_account(driver: Driver, user: Any, other_user: Any) -> None:
    """3.1.2.1: the person is asked, on a page where they can go on as somebody else; a link alone signs nobody out."""
    mine = driver.id_token(driver.tokens())
    page = driver.authorize(prompt="select_account")
    assert page["Location"].startswith("/o/consent/")
    assert "/o/consent/" in driver.authorize(prompt="select_account")["Location"], "still signed in"
    switched = driver.browser.post(f"{page['Location']}switch/")
    assert switched["Location"].startswith("/accounts/login/")
    driver.sign_in_again(other_user)
    asked = driver.browser.get(next_address(switched))
    theirs = driver.id_token(driver.redeem(query(driver.consent(asked))["code"]))
    assert theirs["sub"] != mine["sub"]


def test_prompt_select_account_may_keep_the_account(driver: Driver) -> None:
    """3.1.2.1."""
    driver.code()
    assert "code" in query(driver.consent(driver.authorize(prompt="select_account"), scopes=["nickname"]))


def test_person_without_a_password_proves_it_by_signing_in_again(driver: Driver, user: Any) -> None:
    """3.1.2.1: the host's page for it asks for a password; who has none is not left there."""
    driver.code()
    user.set_unusable_password()
    user.save()
    driver.sign_in_again(user)
    login = driver.authorize(prompt="login")
    assert login["Location"].startswith("/accounts/login/")
    sent_back = driver.browser.get(next_address(login))
    assert sent_back.status_code == 403
    assert b"/switch/" in sent_back.content


def test_prompt_login_without_a_page_to_prove_oneself_signs_nobody_out_by_a_link(
    driver: Driver, user: Any, settings: Any
) -> None:
    """3.1.2.1: a login page that sends signed-in people back is answered by a page whose button signs out."""
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"REAUTHENTICATE_URL": None}
    driver.code()
    login = driver.authorize(prompt="login")
    assert login["Location"].startswith("/accounts/login/")
    sent_back = driver.browser.get(next_address(login))
    assert sent_back.status_code == 403
    assert "error" not in query(driver.authorize(prompt="none")), "still signed in"
    switch = next_address(login).replace("/o/authorize/", "/o/consent/") + "switch/"
    again = driver.browser.post(switch)
    driver.sign_in_again(user)
    assert "code" in query(driver.browser.get(next_address(again)))


# --- The request --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "unknown",
    [
        {"display": "wap"},
        {"ui_locales": "tlh"},
        {"acr_values": "urn:x"},
        {"claims": '{"id_token": {"email": null}, "elsewhere": 1}'},
        {"login_hint": "grace"},
        {"made_up": "x"},
    ],
)
def test_parameters_not_understood_are_ignored(driver: Driver, unknown: dict[str, str]) -> None:
    """3.1.2.1, and 15.1 for what every provider must accept without an error."""
    assert driver.id_token(driver.tokens(**unknown))["aud"] == driver.application.client_id


def test_request_by_post_ends_like_one_by_get(driver: Driver) -> None:
    """3.1.2.1: both methods; 303, so that nothing is posted on."""
    kept = driver.authorize(method="post")
    assert kept.status_code == 303
    answer = driver.consent(driver.browser.get(kept["Location"]))
    assert driver.redeem(query(answer)["code"]).status == 200


def test_request_by_post_from_another_site_needs_no_csrf_token(driver: Driver) -> None:
    """3.1.2.1."""
    answer = driver.backchannel.post("/o/authorize/", driver.request_parameters())
    assert answer.status_code == 303


@pytest.mark.parametrize("name", ["request", "request_uri", "registration"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_unsupported_parameter_is_refused_by_its_own_error(driver: Driver, name: str, method: str) -> None:
    """3.1.2.6, 6.1, 6.2, 7.2.1."""
    answer = driver.authorize(method=method, **{name: "x"})
    assert query(answer)["error"] == f"{name}_not_supported"


# --- userinfo -----------------------------------------------------------------------------------------------------

CLAIMS = {
    "nickname": {"nickname"},
    "avatar": {"picture"},
    "email": {"email", "email_verified"},
    "profile": {"name", "given_name", "family_name", "preferred_username", "nickname", "picture", "updated_at"},
    "offline_access": set(),
}


@pytest.fixture
def known(db: None, user: Any) -> Driver:
    """Return an application that may ask for everything of a person everything is known of."""
    from project.avatars import draw_avatar

    user.first_name, user.last_name = "Ada", "Lovelace"
    user.save()
    profiles.set_nickname(user=user, nickname="阿达")
    profiles.set_avatar(user=user, upload=draw_avatar(background="#fff", skin="#fff", hair="#000"))
    return Driver(factories.make_application(scopes={"openid": True} | dict.fromkeys(CLAIMS, False)), user)


@pytest.mark.parametrize("scope", CLAIMS)
def test_scope_opens_its_claims_and_no_others(known: Driver, scope: str) -> None:
    """5.3.2, 5.4."""
    tokens = known.redeem(known.code(scope=f"openid {scope}", scopes=[scope]))
    assert known.userinfo(tokens.access).json().keys() == {"sub"} | CLAIMS[scope]


@pytest.mark.parametrize("scope", CLAIMS)
def test_declined_scope_opens_nothing(known: Driver, scope: str) -> None:
    """3.1.2.4: what the person did not allow."""
    asked = "openid " + " ".join(CLAIMS)
    tokens = known.redeem(known.code(scope=asked, scopes=[name for name in CLAIMS if name != scope]))
    others = set().union(*(claims for name, claims in CLAIMS.items() if name != scope))
    assert known.userinfo(tokens.access).json().keys() == {"sub"} | others


def test_claims_have_their_types(known: Driver, user: Any) -> None:
    """5.1."""
    tokens = known.redeem(known.code(scope="openid profile email", scopes=["profile", "email"]))
    claims = known.userinfo(tokens.access).json()
    assert claims["nickname"] == "阿达"
    assert claims["email"] == user.email
    assert isinstance(claims["email_verified"], bool)
    assert isinstance(claims["updated_at"], int)


def test_picture_is_a_public_address_under_the_issuer(known: Driver) -> None:
    """5.1."""
    tokens = known.redeem(known.code(scope="openid avatar", scopes=["avatar"]))
    address = known.userinfo(tokens.access).json()["picture"]
    assert address.startswith(f"{ISSUER}/o/avatar/")
    picture = known.backchannel.get(address.removeprefix(ISSUER))
    assert (picture.status_code, picture["Content-Type"]) == (200, "image/png")
    assert b"".join(picture.streaming_content).startswith(b"\x89PNG")  # type: ignore[attr-defined]


def test_userinfo_accepts_get_and_post(driver: Driver) -> None:
    """5.3.1."""
    header = {"Authorization": f"Bearer {driver.tokens().access}"}
    answers = [
        driver.backchannel.get("/o/userinfo/", headers=header),
        driver.backchannel.post("/o/userinfo/", headers=header),
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()


def test_openid_request_without_a_redirect_uri_is_a_page(driver: Driver) -> None:
    """3.1.2.1: REQUIRED, even where only one is registered."""
    answer = driver.authorize(redirect_uri=None)
    assert answer.status_code == 400
    assert "redirect_uri" in answer.content.decode()
    assert driver.authorize(redirect_uri=None, scope="nickname").status_code == 302
