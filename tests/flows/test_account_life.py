"""What happens to tokens, sessions, consents and notices at each event of docs/account-life.md, over HTTP."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.utils import timezone

from provider_site.models import Consent, OutboxMessage, Registration
from provider_site.services import deletion, reviews
from tests import factories
from tests.provider.driver import Driver, Tokens, plant_signing_key

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "account-life.md"
User = get_user_model()


@dataclass
class After:
    """How things stand after an event.

    ``signed_in`` holds two families of tokens: one that hangs on the sign-in, one with ``offline_access``. ``next`` is
    where the application's next request leads: to its "code", to "consent", to "sign-in", or nowhere ("closed").
    """

    online: bool
    offline: bool
    next: str
    consent: str = "open"
    told: str = ""


class Life:
    """A person with an application that has both kinds of tokens."""

    def __init__(self) -> None:
        plant_signing_key()
        self.user = factories.make_user("ada")
        self.driver = Driver(factories.make_application(), self.user)
        self.application = self.driver.application
        Registration.objects.update(events_url="https://app.example.com/events")
        self.online = self.driver.tokens(scope="openid nickname", scopes=["nickname"])
        self.offline = self.driver.tokens(scope="openid nickname offline_access")
        OutboxMessage.objects.filter(kind="security-event").delete()

    def post(self, what: str, **form: Any) -> None:
        """Press a button of the app's page among the connected ones."""
        answer = self.driver.browser.post(f"/o/apps/{self.application.pk}/{what}/", form)
        assert answer.status_code == 303, answer.status_code

    def after(self) -> After:
        """Use everything once; return what came of it."""
        return After(
            online=self.works(self.online),
            offline=self.works(self.offline),
            next=self.next(),
            consent=self.consent(),
            told=self.told(),
        )

    def works(self, tokens: Tokens) -> bool:
        access, refresh = self.driver.works(tokens.access), self.driver.refresh(tokens.refresh).status == 200
        assert access == refresh, "of one family both live or neither"
        return access

    def next(self) -> str:
        answer = self.driver.authorize()
        if answer.status_code != 302:
            return "closed"
        location = answer["Location"]
        places = {"/accounts/": "sign-in", "/o/consent/": "consent", factories.CALLBACK: "code"}
        return next(name for start, name in places.items() if location.startswith(start))

    def consent(self) -> str:
        row = Consent.objects.filter(user=self.user.pk).order_by("-pk").first()
        return "gone" if row is None else row.closed_reason or "open"

    def told(self) -> str:
        rows = OutboxMessage.objects.filter(kind="security-event").order_by("pk")
        types = [name for row in rows for name in row.payload["claims"]["events"]]
        return " ".join(name.rsplit("/", 1)[-1] for name in types)


@pytest.fixture
def life(db: None) -> Life:
    """Return a person with an application that has both kinds of tokens."""
    return Life()


def change_password(life: Life) -> None:
    new = "another horse, another battery"
    form = {"oldpassword": factories.PASSWORD, "password1": new, "password2": new}
    assert life.driver.browser.post("/accounts/password/change/", form).status_code == 302


def set_rule(settings: Any, **keys: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | keys


def test_nothing_happens(life: Life) -> None:
    assert life.after() == After(online=True, offline=True, next="code")


class TestThePerson:
    def test_signs_out(self, life: Life) -> None:
        life.driver.sign_out()
        assert life.after() == After(online=False, offline=True, next="sign-in")

    def test_changes_the_password_where_that_ends_sessions(self, life: Life) -> None:
        change_password(life)
        assert life.after() == After(online=False, offline=True, next="code")

    def test_changes_the_password_where_that_ends_everything(self, life: Life, settings: Any) -> None:
        set_rule(settings, PASSWORD_CHANGE_ENDS="everything")
        change_password(life)
        assert life.after() == After(online=False, offline=False, next="code")

    def test_takes_one_scope_back(self, life: Life) -> None:
        life.post("withdraw-scope", scope="nickname")
        assert life.driver.userinfo(life.offline.access).json().keys() == {"sub"}
        refreshed = life.driver.refresh(life.offline.refresh)
        assert set(refreshed.body["scope"].split()) == {"openid", "offline_access"}
        assert life.next() == "code", "what was taken back counts as declined, and is not asked for again"
        assert (life.consent(), life.told()) == ("open", "token-claims-change")

    def test_withdraws_an_app(self, life: Life) -> None:
        life.post("withdraw")
        assert life.after() == After(
            online=False, offline=False, next="consent", consent="withdrawn", told="tokens-revoked"
        )

    def test_signs_out_of_an_app(self, life: Life) -> None:
        life.post("sign-out")
        assert life.after() == After(online=False, offline=False, next="code", told="session-revoked")


class TestTheAccount:
    def test_is_deactivated(self, life: Life) -> None:
        life.user.is_active = False
        life.user.save()
        assert life.after() == After(online=False, offline=False, next="sign-in", told="account-disabled")

    def test_is_reactivated(self, life: Life) -> None:
        for active in (False, True):
            life.user.is_active = active
            life.user.save()
        assert life.after() == After(online=False, offline=False, next="sign-in", told="account-disabled")
        life.driver.sign_in_again(life.user)
        assert life.next() == "code"

    def test_is_deactivated_in_bulk_and_reactivated_after_the_nightly_run(self, life: Life) -> None:
        User.objects.update(is_active=False)
        assert life.after() == After(online=False, offline=False, next="sign-in")
        call_command("end_consents")
        User.objects.update(is_active=True)
        assert life.after() == After(online=False, offline=False, next="sign-in", told="account-disabled")

    def test_is_deactivated_and_reactivated_in_bulk_before_the_nightly_run(self, life: Life) -> None:
        User.objects.update(is_active=False)
        User.objects.update(is_active=True)
        call_command("end_consents")
        assert life.after() == After(online=True, offline=True, next="code")

    @pytest.mark.parametrize(
        "delete", [lambda user: deletion.delete_person(user=user), lambda user: user.delete()], ids=["page", "code"]
    )
    def test_is_deleted(self, life: Life, delete: Callable[[Any], Any]) -> None:
        delete(User.objects.get(pk=life.user.pk))
        assert life.after() == After(online=False, offline=False, next="sign-in", consent="gone", told="account-purged")


class TestTheConsent:
    def test_ends(self, life: Life) -> None:
        Consent.objects.update(ends_at=timezone.now())
        before = After(online=False, offline=False, next="consent")
        assert life.after() == before
        call_command("end_consents")
        assert life.consent() == "ended"

    def test_is_unused(self, life: Life) -> None:
        long_ago = timezone.now() - timedelta(days=180)
        Consent.objects.update(given_at=long_ago, last_used_at=long_ago, unused_warned_at=None, ends_at=None)
        call_command("end_consents")
        assert life.driver.works(life.offline.access), "told, and not over"
        Consent.objects.update(unused_warned_at=timezone.now() - timedelta(days=14))
        call_command("end_consents")
        assert life.after() == After(
            online=False, offline=False, next="consent", consent="unused", told="tokens-revoked"
        )


class TestTheApplication:
    def test_is_suspended(self, life: Life, staff: Any) -> None:
        reviews.suspend(application=life.application, actor=staff, reason="Spam.")
        assert not life.driver.works(life.offline.access)
        assert life.driver.refresh(life.offline.refresh).status in {400, 401}
        assert (life.next(), life.consent(), life.told()) == ("closed", "open", "")

    def test_is_reinstated(self, life: Life, staff: Any) -> None:
        reviews.suspend(application=life.application, actor=staff, reason="Spam.")
        reviews.reinstate(application=life.application, actor=staff)
        assert life.after() == After(online=False, offline=False, next="code")

    def test_is_deleted(self, life: Life, staff: Any) -> None:
        deletion.delete_application(application=life.application, actor=staff)
        assert not life.driver.works(life.offline.access)
        assert life.driver.refresh(life.offline.refresh).status == 401
        assert (life.next(), life.consent(), life.told()) == ("closed", "gone", "")


NAMED = re.compile(r"`(tests/[\w/]+\.py)((?:::\w+)+)`")


def test_every_line_of_the_page_names_tests_that_exist() -> None:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    rows = [line for line in lines if not line.startswith(("| ---", "| Event"))]
    assert len(rows) >= 17
    for row in rows:
        named = NAMED.findall(row)
        assert named, row
        for path, parts in named:
            source = (ROOT / path).read_text(encoding="utf-8")
            for name in parts.strip(":").split("::"):
                assert re.search(rf"^\s*(def|class) {name}\b", source, re.MULTILINE), (path, name)


def test_every_event_tested_here_is_on_the_page() -> None:
    source, page = Path(__file__).read_text(encoding="utf-8"), PAGE.read_text(encoding="utf-8")
    for block in re.split(r"^class ", source, flags=re.MULTILINE)[1:]:
        owner = re.match(r"\w+", block)[0]  # type: ignore[index]  # split by it
        for name in re.findall(r"^    def (test_\w+)", block, re.MULTILINE):
            assert f"tests/flows/test_account_life.py::{owner}::{name}`" in page, (owner, name)
