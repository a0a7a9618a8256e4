"""Write headers, lines of mail or lines of a log of one's own by what a client or a person may choose (CWE-113)."""

import re
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ValidationError

from provider_site.models import Consent
from provider_site.services import members, outbox
from tests import factories
from tests.provider.developer import pages
from tests.provider.developer.browsers import confirm_address, signed_in
from tests.provider.driver import Driver

BREAKS = ["\r\n", "\n", "\r", "%0d%0a", "\u2028", "\x85", "\u560d\u560a", "\x00\r\n", "\t\r\n "]
EVIL = "X-Evil: 1"
PARAMETERS = ["state", "nonce", "scope", "ui_locales", "login_hint", "prompt", "redirect_uri", "client_id", "resource"]


def is_clean(answer: Any) -> bool:
    """Tell whether an answer has no header that we did not write, and none that is two lines."""
    values = [*answer.headers.values(), *(morsel.OutputString() for morsel in answer.cookies.values())]
    return "X-Evil" not in answer.headers and not any(re.search(r"[\r\n\x00]", value) for value in values)


class TestHeaderInjection:
    @pytest.mark.parametrize("name", PARAMETERS)
    def test_parameter_writes_no_header(self, driver: Driver, name: str) -> None:
        driver.code()
        for line in BREAKS:
            for method in ("get", "post"):
                assert is_clean(driver.authorize(method=method, **{name: f"x{line}{EVIL}"})), (line, method)

    def test_logout_writes_no_header(self, driver: Driver) -> None:
        for line in BREAKS:
            for name in ("state", "post_logout_redirect_uri", "ui_locales", "client_id", "logout_hint"):
                answer = driver.browser.get("/o/logout/", {name: f"x{line}{EVIL}"})
                assert is_clean(answer), (line, name)
                page = driver.browser.get("/o/logout/done/", {"outcome": f"x{line}{EVIL}"})
                assert is_clean(page)

    @pytest.mark.parametrize("header", ["Accept-Language", "User-Agent", "X-Forwarded-For", "X-Request-Id", "Origin"])
    def test_header_of_the_request_writes_none_of_the_answer(self, driver: Driver, header: str) -> None:
        for line in BREAKS:
            value = f"x{line}{EVIL}".encode("utf-8", "replace").decode("latin-1")
            for address in ("/o/profile/", "/.well-known/openid-configuration", "/o/authorize/"):
                assert is_clean(driver.browser.get(address, headers={header: value})), line

    def test_name_of_a_file_to_take_home_is_ours(self, driver: Driver, user: Any) -> None:
        type(driver.application).objects.update(name=f'A"\r\n{EVIL}; filename="evil.html')
        type(user).objects.filter(pk=user.pk).update(username='a";filename="evil.html')
        driver.tokens()
        consent = Consent.objects.get()
        for address in (f"/o/apps/{driver.application.pk}/receipt/{consent.pk}/", "/o/profile/data/"):
            answer = signed_in(type(user).objects.get(pk=user.pk)).get(address)
            assert is_clean(answer)
            assert "evil" not in answer.headers.get("Content-Disposition", "")


class TestLettersAndLogs:
    @pytest.mark.parametrize("line", BREAKS)
    def test_name_of_an_application_is_one_line(self, user: Any, settings: Any, line: str) -> None:
        settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"WHO_MAY_REGISTER": "everyone"}
        answer = pages.register(signed_in(user), name=f"App{line}Bcc: everyone@example.com")
        from provider_site.models import Registration

        for row in Registration.objects.all():
            assert not re.search(r"[\r\n\x00\u2028\x85]", row.application.name), repr(row.application.name)
        assert answer.status_code in {201, 400}

    def test_letter_of_an_invitation_goes_to_one_person(self, user: Any, other_user: Any) -> None:
        """By an older row's name, or by the name of an account."""
        confirm_address(other_user)
        application = factories.make_application(user, status="draft").application
        type(application).objects.update(name="App\r\nBcc: everyone@example.com\r\n\r\nClick https://evil.example")
        type(user).objects.filter(pk=user.pk).update(first_name="Ada\nBcc: all@example.com")
        application.refresh_from_db()
        members.invite(application=application, identifier=other_user.email, role="tester", actor=user)
        outbox.deliver_due()
        assert [message.recipients() for message in mail.outbox] == [[other_user.email]]
        for message in mail.outbox:
            assert "\n" not in message.subject
            assert set(message.extra_headers) <= {"Auto-Submitted", "Reply-To", "List-Unsubscribe"}

    @pytest.mark.parametrize("identifier", ["a\r\nBcc: b@example.com", "a@example.com\nb@example.com", "a\x00b"])
    def test_identifier_of_an_invitation_is_one_line(self, user: Any, identifier: str) -> None:
        application = factories.make_application(user, status="draft").application
        try:
            row = members.invite(application=application, identifier=identifier, role="tester", actor=user)
        except ValidationError:
            return
        assert not re.search(r"[\r\n\x00]", row.invited_as)

    def test_line_of_a_log_is_one(self, driver: Driver, caplog: pytest.LogCaptureFixture) -> None:
        for line in BREAKS:
            driver.authorize(client_id=f"x{line}CRITICAL forged", scope="root")
            driver.authorize(scope=f"x{line}CRITICAL forged")
            driver.token(headers={}, grant_type="authorization_code", client_id=f"x{line}CRITICAL forged", code="x")
        records = [record for record in caplog.records if record.name.startswith("provider_site")]
        assert records
        assert not [record.getMessage() for record in records if re.search(r"[\r\n]", record.getMessage())]
