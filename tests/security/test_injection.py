"""Bring markup, headers or parameters in through what clients and people may choose."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core import mail
from django.core.exceptions import ValidationError

from provider_site.services import outbox
from provider_site.services.profiles import set_nickname
from tests import factories
from tests.provider.driver import Driver

MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'"
STATES = [
    MARKUP,
    "a&code=evil&iss=https://evil.example",
    "a#fragment",
    "a\r\nX-Evil: 1",
    "a\nSet-Cookie: x=1",
    "%0d%0aX-Evil:1",
    "a;b=c",
    "ünïcødé 朝夕",
    "../../evil",
    "{{7*7}}{% debug %}",
    "%(name)s %s {0}",
]


def unescaped(html: str) -> bool:
    """Tell whether our markup arrived as markup."""
    return "<script>alert" in html or "<img src=x" in html or bool(re.search(r"<[^>]*onerror=", html))


class TestInjection:
    @pytest.mark.parametrize("state", STATES)
    def test_state_comes_back_verbatim_and_alone(self, driver: Driver, state: str) -> None:
        driver.code()
        for answer in (driver.authorize(state=state), driver.authorize(state=state, scope="openid root")):
            parts = urlsplit(answer["Location"])
            sent = parse_qs(parts.query, keep_blank_values=True)
            assert sent["state"] == [state]
            assert len(sent["iss"]) == 1
            assert set(sent) <= {"state", "iss", "code", "session_state", "error", "error_description"}
            assert parts.netloc == "app.example.com"
            assert not parts.fragment
            assert not any("evil" in name.lower() for name in answer.headers)

    @pytest.mark.parametrize("parameter", ["client_id", "redirect_uri", "response_type", "scope", "state", "nonce"])
    def test_error_page_reflects_no_markup(self, driver: Driver, parameter: str) -> None:
        changes: dict[str, Any] = {"client_id": "unknown"} | {parameter: MARKUP}
        page = driver.authorize(**changes)
        assert page.status_code == 400
        assert not unescaped(page.content.decode())

    @pytest.mark.parametrize("parameter", ["response_type", "scope", "prompt", "max_age", "code_challenge_method"])
    def test_error_description_reflects_nothing(self, driver: Driver, parameter: str) -> None:
        answer = driver.authorize(**{parameter: MARKUP})
        assert "alert" not in answer["Location"]

    def test_token_error_reflects_nothing(self, driver: Driver) -> None:
        for name in ("grant_type", "code", "scope", "redirect_uri", "code_verifier"):
            form = {"grant_type": "authorization_code", "code": driver.code(), "redirect_uri": driver.redirect_uri}
            answer = driver.token(**(form | {"code_verifier": driver.pkce.verifier} | {name: MARKUP}))
            assert answer.status == (200 if name == "scope" else 400)
            assert answer.headers["Content-Type"] == "application/json"
            assert "alert" not in str(answer.body)

    def test_names_of_application_and_people_are_text(self, driver: Driver, user: Any, other_user: Any) -> None:
        set_nickname(user=user, nickname=MARKUP[:40])
        other_user.first_name = MARKUP[:40]
        other_user.save()
        registered = factories.make_application(other_user, name=MARKUP, description=MARKUP)
        client = Driver(registered, user)
        pages = [client.browser.get(client.authorize(scope="openid nickname")["Location"])]
        client.code()
        pages += [client.browser.get("/o/apps/"), client.browser.get("/o/profile/"), client.browser.get("/")]
        registered.application.registration.status = "draft"
        registered.application.registration.save()
        pages.append(client.authorize())
        for page in pages:
            assert not unescaped(page.content.decode()), page.request["PATH_INFO"]

    def test_name_in_the_message_after_a_withdrawal_is_text(self, driver: Driver) -> None:
        type(driver.application).objects.update(name=MARKUP)
        driver.code()
        page = driver.browser.post(f"/o/apps/{driver.application.pk}/withdraw/", follow=True)
        assert "alert(1)" in page.content.decode()
        assert not unescaped(page.content.decode())

    def test_name_adds_no_header_to_an_e_mail(self, driver: Driver) -> None:
        type(driver.application).objects.update(name="App\r\nBcc: everyone@example.com")
        driver.code()
        outbox.deliver_due()
        for message in mail.outbox:
            assert "\n" not in message.subject
            assert message.recipients() == ["ada@example.com"]

    @pytest.mark.parametrize("name", ["a\x00b", "a\x1bb", "a\u202eb", "a\u2066b", "\ud800", "a\x7fb"])
    def test_nickname_takes_no_control_characters(self, driver: Driver, name: str) -> None:
        from provider_site.services.profiles import clean_nickname

        with pytest.raises(ValidationError):
            clean_nickname(name)

    def test_markup_in_userinfo_stays_json(self, driver: Driver, user: Any) -> None:
        set_nickname(user=user, nickname="<script>alert(1)</script>")
        answer = driver.userinfo(driver.tokens().access)
        assert answer["Content-Type"] == "application/json"
        assert answer["X-Content-Type-Options"] == "nosniff"

    @pytest.mark.parametrize("field", ["homepage_url", "privacy_policy_url", "terms_url"])
    @pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "x"])
    def test_link_that_runs_code_cannot_be_registered(self, user: Any, field: str, address: str) -> None:
        with pytest.raises(ValidationError):
            factories.make_application(user, **{field: address})

    def test_forged_client_name_stays_on_one_log_line(self, driver: Driver, caplog: pytest.LogCaptureFixture) -> None:
        import base64

        pair = base64.b64encode(b"a%0aCRITICAL forged:b").decode()
        driver.refresh("x", headers={"Authorization": f"Basic {pair}"}, client_secret="y")
        driver.backchannel.get("/o/authorize/", {"client_id": "a\nCRITICAL forged"})
        lines = [record.getMessage() for record in caplog.records if record.name.startswith("provider_site")]
        assert lines
        assert not any("\n" in line for line in lines)
