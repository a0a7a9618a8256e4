"""Misuse the redirect URI at which owners try their applications, which nobody registers."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_grant_model

from provider_site.models import AuditEvent, AuthorizationRequest, Consent, Member
from provider_site.services import members, reviews, try_it
from provider_site.services.secrets import verify_secret
from tests import factories
from tests.provider.developer import trying
from tests.provider.driver import ISSUER_HOST, Driver, plant_signing_key, query

CALLBACK = "/o/developer/try/callback/"
WHOLE_SECRET = re.compile(r"os(?:at|rt|cs)_[0-9A-Za-z]{9,}|eyJ[\w-]{9,}|Basic [0-9A-Za-z+/=]{6,}")


@pytest.fixture
def owner(user: Any) -> Driver:
    """Return an approved application and its owner's browser."""
    plant_signing_key()
    return Driver(factories.make_application(user), user)


def lure(driver: Driver, **changes: Any) -> Any:
    """Send the browser to an authorization request that names the owners' redirect URI."""
    return driver.authorize(redirect_uri=trying.CALLBACK, **changes)


def nothing_happened() -> bool:
    """Tell whether no code, no token, no consent and no kept request came of it."""
    models = (get_grant_model(), get_access_token_model(), Consent, AuthorizationRequest)
    return not any(model.objects.exists() for model in models)


def state_of(address: str) -> str:
    """Return the state in the address of an authorization request."""
    found = re.search(r"[?&]state=(\w+)", address)
    assert found is not None
    return found[1]


def copy_of(driver: Driver, user: Any) -> Driver:
    """Return another person's browser at the same application."""

    class Same:
        application, client_secret = driver.application, driver.secret

    return Driver(Same, user)


def query_code(address: str) -> str:
    """Return the code in the address of an answer."""
    found = re.search(r"[?&]code=(\w+)", address)
    assert found is not None
    return found[1]


def is_begin_again(answer: Any, *texts: str) -> bool:
    """Tell whether a page says nothing but to begin again, and repeats none of the texts."""
    content = answer.content.decode()
    return answer.status_code == 400 and "Begin again" in content and not any(text in content for text in texts)


class TestStranger:
    @pytest.mark.parametrize("prompt", [None, "none", "login", "consent"])
    def test_person_who_is_no_owner_gets_a_page_and_no_redirect(
        self, owner: Driver, other_user: Any, prompt: str | None
    ) -> None:
        owner.sign_in_again(other_user)
        answer = lure(owner, prompt=prompt)
        assert answer.status_code == 403
        assert owner.application.name not in answer.content.decode()
        assert nothing_happened()

    @pytest.mark.parametrize(("role", "accepted"), [("tester", True), ("owner", False)])
    def test_tester_and_invited_co_owner_are_strangers_too(
        self, owner: Driver, other_user: Any, role: str, accepted: bool
    ) -> None:
        at = timezone.now() if accepted else None
        Member.objects.create(application=owner.application, user=other_user, role=role, accepted_at=at)
        owner.sign_in_again(other_user)
        assert lure(owner).status_code == 403
        assert nothing_happened()

    def test_staff_who_is_no_owner_is_a_stranger(self, owner: Driver, staff: Any) -> None:
        owner.sign_in_again(staff)
        assert lure(owner).status_code == 403

    def test_who_signs_in_on_the_way_and_is_no_owner_is_stopped_then(self, owner: Driver, other_user: Any) -> None:
        owner.sign_out()
        answer = lure(owner)
        assert "/login/" in answer["Location"]
        handle = re.search(r"authorize/(\w+)/", answer["Location"].replace("%2F", "/"))
        assert handle is not None
        owner.sign_in_again(other_user)
        answer = owner.browser.get(f"/o/authorize/{handle[1]}/")
        assert answer.status_code == 403
        assert not get_grant_model().objects.exists()
        assert not Consent.objects.exists()

    def test_request_by_post_is_stopped_as_well(self, owner: Driver, other_user: Any) -> None:
        owner.sign_in_again(other_user)
        answer = lure(owner, method="post")
        assert answer.status_code == 303
        assert owner.browser.get(answer["Location"]).status_code == 403
        assert not get_grant_model().objects.exists()

    def test_registering_the_address_opens_it_to_nobody(self, owner: Driver, other_user: Any) -> None:
        evil = Driver(factories.make_application(other_user, redirect_uris=[trying.CALLBACK]), other_user)
        evil.browser = owner.browser
        assert lure(evil).status_code == 403
        assert nothing_happened()

    @pytest.mark.parametrize("suffix", ["?x=1", "#x", "/", "%20", "..", "?code=stolen"])
    def test_address_is_compared_character_by_character(self, owner: Driver, suffix: str) -> None:
        answer = owner.authorize(redirect_uri=trying.CALLBACK + suffix)
        assert answer.status_code == 400
        assert nothing_happened()

    @pytest.mark.parametrize("changes", [{"prompt": "none"}, {"scope": "openid root"}, {"code_challenge": "short"}])
    def test_error_for_somebody_anonymous_ends_at_a_page_that_repeats_nothing(
        self, owner: Driver, changes: dict[str, str]
    ) -> None:
        owner.sign_out()
        answer = lure(owner, state="marked-state", **changes)
        assert answer.status_code == 302
        assert answer["Location"].startswith(trying.CALLBACK)
        sent = query(answer)
        page = owner.browser.get(trying.path(answer["Location"]))
        assert is_begin_again(page, "marked-state", sent["error"], sent["error_description"])


class TestOwnerIsLured:
    def test_code_of_a_foreign_request_is_neither_taken_nor_shown(self, owner: Driver) -> None:
        answer = owner.consent(lure(owner), scopes=["nickname"])
        code = query(answer)["code"]
        page = owner.browser.get(trying.path(answer["Location"]))
        assert is_begin_again(page, code, "state-1")
        assert not get_access_token_model().objects.exists()

    def test_foreign_request_is_not_taken_for_the_attempt_under_way(self, owner: Driver) -> None:
        address = trying.begin(owner)
        page = owner.browser.get(trying.path(owner.consent(lure(owner))["Location"]))
        assert is_begin_again(page)
        assert not any(trying.problems(owner.browser.get(trying.answer_of(owner, address))))

    @pytest.mark.parametrize("code", ["", "invented"])
    def test_answer_with_the_right_state_and_a_wrong_code_buys_nothing(self, owner: Driver, code: str) -> None:
        sent = {"code": code, "state": state_of(trying.begin(owner)), "iss": "http://localhost:8000"}
        page = owner.browser.get(f"{CALLBACK}?{urlencode(sent)}")
        assert trying.problems(page)[-1]
        assert not get_access_token_model().objects.exists()

    def test_code_of_another_owners_run_does_not_fit(self, owner: Driver, other_user: Any) -> None:
        facts = {"application": owner.application, "user": other_user, "role": "owner"}
        Member.objects.create(**facts, accepted_at=timezone.now())
        attacker = copy_of(owner, other_user)
        theirs = trying.answer_of(attacker, trying.begin(attacker))
        injected = theirs.replace(state_of(theirs), state_of(trying.begin(owner)))
        page = owner.browser.get(injected)
        assert "invalid_grant" in trying.texts(page)
        assert not get_access_token_model().objects.exists()

    def test_code_of_another_application_does_not_fit(self, owner: Driver, user: Any) -> None:
        other = Driver(factories.make_application(user), user)
        other.browser = owner.browser
        theirs = trying.answer_of(other, trying.begin(other))
        page = owner.browser.get(theirs.replace(state_of(theirs), state_of(trying.begin(owner))))
        assert "invalid_grant" in trying.texts(page)
        assert not get_access_token_model().objects.exists()

    @pytest.mark.parametrize("pkce_waived", [False, True])
    def test_code_made_without_a_challenge_does_not_fit(self, owner: Driver, pkce_waived: bool) -> None:
        owner.application.registration.pkce_waived = pkce_waived
        owner.application.registration.save()
        state = state_of(trying.begin(owner))
        answer = lure(owner, state=state, code_challenge=None, code_challenge_method=None)
        if pkce_waived:
            answer = owner.consent(answer)
        page = owner.browser.get(trying.path(answer["Location"]))
        assert trying.problems(page)[-1]
        assert not get_access_token_model().objects.exists()

    @pytest.mark.parametrize("issuer", [None, "", "https://evil.example"])
    def test_answer_of_another_issuer_is_not_taken(self, owner: Driver, issuer: str | None) -> None:
        address = trying.answer_of(owner, trying.begin(owner))
        address = address.partition("&iss=")[0] + (f"&{urlencode({'iss': issuer})}" if issuer is not None else "")
        (problem,) = trying.problems(owner.browser.get(address))
        assert "issuer" in problem
        assert not get_access_token_model().objects.exists()

    def test_parameter_sent_twice_is_not_taken(self, owner: Driver) -> None:
        address = trying.answer_of(owner, trying.begin(owner))
        assert is_begin_again(owner.browser.get(f"{address}&code=second"))
        assert not get_access_token_model().objects.exists()


class TestAttempt:
    def test_answer_is_taken_once(self, owner: Driver) -> None:
        address = trying.answer_of(owner, trying.begin(owner))
        assert owner.browser.get(address).status_code == 200
        assert is_begin_again(owner.browser.get(address), query_code(address))

    @pytest.mark.parametrize("method", ["head", "post", "options"])
    def test_only_a_get_uses_the_answer_up(self, owner: Driver, method: str) -> None:
        address = trying.answer_of(owner, trying.begin(owner))
        assert getattr(owner.browser, method)(address).status_code == 405
        assert owner.browser.get(address).status_code == 200

    def test_attempt_is_over_with_its_request(self, owner: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
        address = trying.answer_of(owner, trying.begin(owner))
        later = timezone.now() + timedelta(hours=1, seconds=1)
        monkeypatch.setattr(try_it.timezone, "now", lambda: later)
        assert is_begin_again(owner.browser.get(address))

    def test_attempt_ends_with_the_session(self, owner: Driver, user: Any, other_user: Any) -> None:
        address = trying.answer_of(owner, trying.begin(owner))
        owner.sign_out()
        assert is_begin_again(owner.browser.get(address), query_code(address))
        for person in (other_user, user):
            owner.sign_in_again(person)
            assert is_begin_again(owner.browser.get(address))
        assert not get_access_token_model().objects.exists()

    def test_answer_in_another_browser_is_not_taken(self, owner: Driver, user: Any) -> None:
        address = trying.answer_of(owner, trying.begin(owner))
        other = Client(headers={"host": ISSUER_HOST})
        other.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        assert is_begin_again(other.get(address), query_code(address))

    def test_owner_removed_on_the_way_gets_nothing(self, owner: Driver, other_user: Any) -> None:
        facts = {"application": owner.application, "user": other_user, "role": "owner"}
        member = Member.objects.create(**facts, accepted_at=timezone.now())
        removed = copy_of(owner, other_user)
        answered, asked = trying.answer_of(removed, trying.begin(removed)), lure(removed, prompt="consent")
        members.remove(member=member, actor=other_user)
        assert removed.browser.get(answered).status_code == 404
        decided = removed.browser.post(asked["Location"], {"decision": "allow", "duration": "30"})
        assert removed.browser.get(decided["Location"]).status_code == 403
        assert not get_access_token_model().objects.exists()

    def test_suspension_on_the_way_ends_the_run(self, owner: Driver, staff: Any) -> None:
        address = trying.begin(owner)
        answered = trying.answer_of(owner, address)
        reviews.suspend(application=owner.application, actor=staff, reason="It phishes.")
        assert "invalid_client" in trying.texts(owner.browser.get(answered))
        assert owner.browser.get(trying.path(address)).status_code == 403
        assert not get_access_token_model().objects.exists()

    def test_form_from_another_site_begins_nothing(self, owner: Driver, user: Any) -> None:
        strict = Client(headers={"host": ISSUER_HOST}, enforce_csrf_checks=True)
        strict.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        answer = strict.post(f"/o/developer/{owner.application.pk}/try/", {"scope": ["openid"]})
        assert answer.status_code == 403


class TestPages:
    def test_no_page_is_framed_kept_or_posts_elsewhere(self, owner: Driver) -> None:
        address = trying.answer_of(owner, trying.begin(owner))
        here = f"/o/developer/{owner.application.pk}"
        addresses = [f"{here}/try/", f"{here}/try/?step=request", f"{here}/settings/", address, address]
        for page in map(owner.browser.get, addresses):
            policy = page["Content-Security-Policy"]
            assert "default-src 'self';" in policy
            assert policy.endswith("form-action 'self'")
            assert "frame-ancestors 'none'" in policy
            assert "no-store" in page["Cache-Control"]
            assert page["Referrer-Policy"] == "same-origin"

    def test_address_with_the_code_is_in_no_form(self, owner: Driver) -> None:
        address = trying.answer_of(owner, trying.begin(owner))
        for page in (owner.browser.get(address), owner.browser.get(address)):
            assert CALLBACK in page.content.decode()  # the choice of language leads back, without the query
            assert f"{CALLBACK}?" not in page.content.decode().replace("try/callback/\n?", "")
            assert query_code(address) not in page.content.decode()

    def test_who_is_signed_out_is_not_asked_to_sign_in_for_an_answer(self, owner: Driver) -> None:
        address = trying.answer_of(owner, trying.begin(owner))
        owner.sign_out()
        assert "Location" not in owner.browser.get(address)


class TestSecrets:
    @pytest.mark.parametrize("client_type", ["confidential", "public"])
    def test_page_shows_no_secret_whole(self, user: Any, client_type: str) -> None:
        plant_signing_key()
        driver = Driver(factories.make_application(user, client_type=client_type), user)
        address = trying.begin(driver, "openid", "offline_access")
        verifier = driver.browser.session["provider_site.try_it"][0]["verifier"]
        address = trying.answer_of(driver, address, scopes=["offline_access"])
        page = driver.browser.get(address)
        content = page.content.decode()
        assert "osat_" in content
        assert not WHOLE_SECRET.search(content)
        assert query_code(address) not in content
        assert verifier not in content
        assert verifier not in str(dict(driver.browser.session))

    def test_secret_that_stands_in_leaves_no_trace(self, owner: Driver) -> None:
        known = set(AuditEvent.objects.values_list("pk", flat=True))
        assert not any(trying.problems(trying.run(owner)))
        added = AuditEvent.objects.exclude(pk__in=known).values_list("action", flat=True)
        assert not [action for action in added if "secret" in action]
        assert owner.application.client_secrets.count() == 1

    def test_secret_that_stands_in_is_no_secret_of_the_application(self, owner: Driver) -> None:
        with try_it.stand_in_secret(application=owner.application) as secret:
            assert try_it.stands_in(application=owner.application, secret=secret)
            assert not verify_secret(application=owner.application, secret=secret)
        assert not try_it.stands_in(application=owner.application, secret=secret)

    def test_secret_that_stands_in_is_unknown_to_every_other_request(self, owner: Driver) -> None:
        def elsewhere(secret: str) -> bool:
            try:
                return try_it.stands_in(application=owner.application, secret=secret)
            finally:
                connection.close()

        with try_it.stand_in_secret(application=owner.application) as secret, ThreadPoolExecutor(1) as pool:
            assert not pool.submit(elsewhere, secret).result()

    def test_secret_that_stands_in_is_for_one_application(self, owner: Driver, other_user: Any) -> None:
        other = factories.make_application(other_user).application
        with try_it.stand_in_secret(application=owner.application) as secret:
            assert not try_it.stands_in(application=other, secret=secret)
            assert not try_it.stands_in(application=owner.application, secret=secret + "x")
            assert not try_it.stands_in(application=owner.application, secret="")

    def test_secret_that_stands_in_goes_with_a_failure(self, owner: Driver) -> None:
        kept = []

        def fail() -> None:
            with try_it.stand_in_secret(application=owner.application) as secret:
                kept.append(secret)
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail()
        assert not try_it.stands_in(application=owner.application, secret=kept[0])

    def test_tokens_are_revoked_although_the_page_fails(self, owner: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
        from provider_site.portal.developer import try_flow

        def fail(*_args: Any) -> None:
            raise RuntimeError("userinfo is gone")

        address = trying.answer_of(owner, trying.begin(owner))
        monkeypatch.setattr(try_flow, "_userinfo", fail)
        owner.browser.raise_request_exception = False
        assert owner.browser.get(address).status_code == 500
        assert not get_access_token_model().objects.exists()
