"""Every page of the calendar and of the emulators: how it is reached, by somebody with data no page was drawn for."""

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from allauth.socialaccount.models import SocialAccount, SocialApp
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.utils import timezone

from consumer_site.models import CalendarEvent, StoredToken
from project.sessions import SessionStore
from tests.browser.emulators import choose, connect, press
from tests.browser.gallery import ARABIC, LONG, MIXED

ENDLESS = "N" * 150
NICKNAMES = [
    LONG,
    MIXED,
    ARABIC,
    ENDLESS,
    "",
    " ",
    "😀👩‍👩‍👧‍👦" * 8,
    '<b>O\'Neil</b> & "quotes"',
    "名" * 60,
    "\u202ebackwards",
    "微信用户",
]
CONNECTORS = ["qq", "github", "weixin", "second", "third", "gone"]
# Of GitHub's emulator: who is looked at, and who has another account.
PERSON, OTHER, OTHER_NUMBER = "long", "octo", "40000001"
BEHAVIOUR = "/sandbox/qq/behaviour/"

Way = str | Callable[[Any, str], None]


@dataclass(frozen=True)
class Stop:
    """One page: its name, and its address or what leads there."""

    name: str
    way: Way

    def reach(self, page: Any, consumer: str) -> None:
        """Bring the browser there."""
        if isinstance(self.way, str):
            page.goto(consumer + self.way)
        else:
            self.way(page, consumer)


def name_providers() -> None:
    """Write entries of sign-in providers with ugly names, several of one kind."""
    for number, name in enumerate([MIXED[:40], LONG[:40]]):
        SocialApp.objects.create(
            provider="house",
            provider_id=("second", "third")[number],
            name=name,
            client_id=f"client-{number}",
            settings={"server_url": f"https://id{number}.example.com"},
        )


def spoil(account: SocialAccount) -> None:
    """Give the account's owner twelve accounts, some of which want to be signed in with again, and many entries."""
    for number, nickname in enumerate(NICKNAMES):
        made = SocialAccount.objects.create(
            user=account.user,
            provider=CONNECTORS[number % len(CONNECTORS)],
            uid=f"ugly-{number}",
            extra_data={"nickname": nickname, "name": nickname},
        )
        if number % 2:
            StoredToken.objects.create(account=made, needs_sign_in=True)
    today = timezone.localdate()
    for number in range(60):
        title, day = NICKNAMES[number % 4], today.replace(day=1 + number % 28)
        CalendarEvent.objects.create(
            user=account.user, title=title, day=day, time=dt.time(9, 30) if number % 2 else None
        )


def _another_person() -> Any:
    """Write somebody with a further sign-in and an entry, whose account at GitHub the person will prove."""
    made = get_user_model()(username="another")
    made.set_unusable_password()
    made.save()
    SocialAccount.objects.create(user=made, provider="github", uid=OTHER_NUMBER, extra_data={"login": "mona-octo"})
    SocialAccount.objects.create(user=made, provider="qq", uid="others", extra_data={"nickname": ENDLESS})
    CalendarEvent.objects.create(user=made, title=ARABIC, day=timezone.localdate())
    return made


def _refused(page: Any, consumer: str) -> None:
    page.goto(f"{consumer}/accounts/login/")
    press(page, "form[action*='/weixin/login/'] button")
    choose(page, "rtl", decision="refuse")


def _refused_to_connect(page: Any, consumer: str) -> None:
    connect(page, consumer, "weixin", "rtl", decision="refuse")


def _at_the_emulator(service: str) -> Callable[[Any, str], None]:
    def go(page: Any, consumer: str) -> None:
        page.goto(f"{consumer}/accounts/login/")
        press(page, f"form[action*='/{service}/login/'] button")

    return go


def _window_closes(page: Any, consumer: str) -> None:
    _at_the_emulator("qq")(page, consumer)
    choose(page, "markup", decision="refuse")


def _impossible_plan(page: Any, consumer: str) -> None:
    page.goto(consumer + BEHAVIOUR)
    page.locator("select[name=kind]").select_option("error")
    press(page, "main button")
    assert page.locator("[role=alert]").count()


def _plan(page: Any, consumer: str) -> None:
    page.goto(consumer + BEHAVIOUR)
    page.locator("select[name=endpoint]").select_option("token")
    page.locator("select[name=kind]").select_option("garbage")
    press(page, "main button")


def _garbage(page: Any, consumer: str) -> None:
    """Let QQ answer with what means nothing, as planned."""
    _at_the_emulator("qq")(page, consumer)
    choose(page, "markup")
    assert page.locator("h1").count()
    assert "/accounts/qq/login/callback/" in page.url


def _entry_with_mistakes(page: Any, consumer: str) -> None:
    page.goto(f"{consumer}/calendar/")
    page.locator("form.event-form").evaluate("form => form.noValidate = true")
    page.locator("#id_title").fill(" ")
    press(page, "form.event-form button")
    invalid = page.locator("#id_title[aria-invalid=true]")
    assert page.locator(f"#{invalid.get_attribute('aria-describedby')}").inner_text()
    assert invalid.evaluate("element => element.getBoundingClientRect().top < innerHeight"), (
        "the mistake is out of sight"
    )


def _nothing_changed(page: Any, consumer: str) -> None:
    page.goto(f"{consumer}/calendar/")
    press(page, "form[action$='/up-to-date/'] button")
    assert page.locator("[role=status] .notice").count() == 1


def _another_account(page: Any, consumer: str) -> None:
    _another_person()
    connect(page, consumer, "github", OTHER)
    assert page.locator("button[value=merge]").count() == page.locator("button[value=move]").count() == 1


def _protected(page: Any, consumer: str) -> None:
    get_user_model().objects.filter(username="another").update(is_staff=True)
    page.goto(f"{consumer}/accounts/3rdparty/another/")
    assert not page.locator("button[name=choice]").count()
    get_user_model().objects.filter(username="another").update(is_staff=False)


def _signed_in_a_while_ago(page: Any, consumer: str) -> None:
    for row in Session.objects.all():
        session = SessionStore(session_key=row.session_key)
        for record in session.get("account_authentication_methods", []):
            record["at"] = time.time() - 3600
        session.save()
    page.goto(f"{consumer}/accounts/3rdparty/another/")
    assert not page.locator("button[name=choice]").count()
    assert page.locator("main .choices button").count() > 5


def _accounts_after_a_while(page: Any, consumer: str) -> None:
    """Be asked to show who one is before another account can be connected."""
    page.goto(f"{consumer}/accounts/3rdparty/")
    assert page.locator("main .choices button").count() > 1
    assert not page.locator("main .choices button.plain").count()


ANYBODY = [
    Stop("home", "/"),
    Stop("ways to sign in", "/accounts/login/"),
    Stop("on the way to a service", "/accounts/qq/login/"),
    Stop("refused at WeChat", _refused),
    Stop("a sign-in that nobody began", "/accounts/github/login/callback/?code=x&state=x"),
    Stop("signed out", "/accounts/house/logout/done/"),
    Stop("emulators", "/sandbox/"),
    Stop("test persons of WeChat", _at_the_emulator("weixin")),
    Stop("test persons of GitHub", _at_the_emulator("github")),
    Stop("QQ's window closes", _window_closes),
    Stop("an app that QQ does not know", "/sandbox/qq/oauth2.0/authorize?response_type=code&client_id=1&state=x"),
    Stop("an app that GitHub does not know", "/sandbox/github/login/oauth/authorize?client_id=1"),
    Stop("outside WeChat", "/sandbox/weixin/connect/oauth2/authorize?appid=wx0000000000000002&redirect_uri=x&"
         "response_type=code&scope=snsapi_userinfo&state=1"),
    Stop("impossible plan", _impossible_plan),
    Stop("plan", _plan),
    Stop("QQ answers with garbage", _garbage),
]  # fmt: skip
PERSONS = [
    Stop("calendar", "/calendar/"),
    Stop("entry with mistakes", _entry_with_mistakes),
    Stop("nothing has changed", _nothing_changed),
    Stop("accounts", "/accounts/3rdparty/"),
    Stop("refused to connect", _refused_to_connect),
    Stop("before signing out", "/accounts/logout/"),
    Stop("another account", _another_account),
    Stop("another account, protected", _protected),
    Stop("another account, long signed in", _signed_in_a_while_ago),
    Stop("accounts, long signed in", _accounts_after_a_while),
]
