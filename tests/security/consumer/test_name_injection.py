"""Be called what breaks a page, a mail, a log or an address, or what passes for somebody or something else."""

import logging
import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth import get_user_model
from django.core import mail

from tests import factories
from tests.consumer.canned_server import CannedProvider
from tests.consumer.journey import Journey, sign_in_as
from tests.consumer.openid_provider import SUBJECT
from tests.consumer.qq_samples import PROFILE_PATH, CannedQQ, profile
from tests.security.consumer import qq_journey
from tests.security.test_site_binding import browser as provider_s
from tests.security.test_site_binding import sign_in as sign_in_at_provider

pytestmark = pytest.mark.django_db

ANOTHER = "/accounts/3rdparty/another/"
NAMES = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title><svg/onload=alert(1)>",
    "{{ request.session }}{% debug %}",
    "%(provider)s %s %n {0.__class__}",
    "javascript:alert(1)",
    "=cmd|' /C calc'!A0",
    "\u202enimda\u202c",
    "a\r\nSet-Cookie: a=b\r\n\r\n<script>alert(1)</script>",
    "\x00\x1b[2J\x07bell",
    "<!--\u2028-->",
]
LIVE = re.compile(r"<script>alert|<img src=x|<svg/|['\"]\s*onmouseover=|\x1b|\x07|\u202e", re.IGNORECASE)


def assert_text(page: str) -> None:
    """Check that nothing of a name is more than text."""
    assert not LIVE.search(page), page
    assert "SessionStore" not in page


@pytest.mark.parametrize("name", NAMES)
def test_name_of_an_openid_provider_is_text_on_every_page(
    journey: Journey, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    caplog.set_level(logging.DEBUG)
    claims = dict.fromkeys(("nickname", "name", "preferred_username", "given_name", "email"), name)
    journey.house.userinfo.update(claims)
    answer = journey.sign_in()
    assert answer.status_code == 302
    assert "Set-Cookie: a=b" not in str(answer.headers)
    for address in ("/calendar/", "/accounts/3rdparty/", "/accounts/logout/", "/"):
        assert_text(journey.visitor.get(address).content.decode())
    assert all("\r" not in record.getMessage() and "\x1b" not in record.getMessage() for record in caplog.records)
    assert not re.search(r"[\r\n\x00-\x1f\u202e]", SocialAccount.objects.get().extra_data.get("nickname", ""))


@pytest.mark.parametrize("name", NAMES)
def test_name_at_qq_is_text_where_accounts_are_made_one(journey: Journey, qq: CannedQQ, victim: Any, name: str) -> None:
    """The attacker's name stands on a page of somebody else's: the one that asks what is to become of both."""
    qq.answer(PROFILE_PATH, profile(nickname=name))
    other = factories.make_user("attacker")
    kept = {"nickname": name if name.isprintable() else "x"}
    SocialAccount.objects.create(user=other, provider="house", uid="x", extra_data=kept)
    qq_journey.sign_in(journey.visitor)
    SocialAccount.objects.filter(provider="qq").update(user=other)
    sign_in_as(journey.visitor, victim, recently=True)
    assert qq_journey.sign_in(journey.visitor, process="connect")["Location"] == ANOTHER
    assert_text(journey.visitor.get(ANOTHER).content.decode())


@pytest.mark.parametrize("name", NAMES[:3] + NAMES[-3:])
def test_name_is_text_in_the_admin(journey: Journey, name: str) -> None:
    journey.house.userinfo["nickname"] = name
    journey.sign_in()
    root = provider_s()
    sign_in_at_provider(root, factories.make_staff("root"))
    account = SocialAccount.objects.get()
    for address in ("", f"{account.pk}/change/", f"{account.pk}/delete/"):
        page = root.get(f"/admin/socialaccount/socialaccount/{address}").content.decode()
        assert not re.search(r"<script>alert|<img src=x|<svg/onload", page)


@pytest.mark.parametrize("name", NAMES)
def test_name_brings_no_line_of_its_own_into_a_mail(journey: Journey, github: CannedProvider, name: str) -> None:
    person = factories.make_user("person")
    EmailAddress.objects.create(user=person, email="person@example.com", verified=True, primary=True)
    journey.house.userinfo.update(nickname=name, name=name, preferred_username=name)
    sign_in_as(journey.visitor, person, recently=True)
    journey.sign_in(form={"process": "connect"})
    assert SocialAccount.objects.get().user == person
    (message,) = mail.outbox
    assert message.to == ["person@example.com"]
    assert "\n" not in message.subject
    assert "alert(1)" not in message.subject + str(message.body)


@pytest.mark.parametrize("wanted", ["root", "ROOT", " root ", "root\u200b", "r\u043e\u043et"])
def test_name_gives_nobody_another_person_s_rights(journey: Journey, wanted: str) -> None:
    staff = factories.make_staff("root")
    journey.house.userinfo.update(nickname=wanted, preferred_username=wanted, name=wanted)
    journey.sign_in()
    newcomer = SocialAccount.objects.get(uid=SUBJECT).user
    assert newcomer != staff
    assert not newcomer.is_staff
    assert newcomer.username.casefold() != "root"
    assert get_user_model().objects.filter(username__iexact="root").count() == 1


def test_claims_that_are_no_profile_make_no_rights(journey: Journey) -> None:
    journey.house.userinfo.update(is_staff=True, is_superuser=True, is_active=True, groups=["admin"], pk=1, id=1)
    journey.sign_in()
    newcomer = SocialAccount.objects.get(uid=SUBJECT).user
    assert (newcomer.is_staff, newcomer.is_superuser, newcomer.groups.exists()) == (False, False, False)


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "data:text/html,<script>alert(1)</script>",
     "https://x.example/a b", "https://x.example/\r\nX: y", "//evil.example/x.png", "https://u:p@evil.example/x.png",
     "https:evil.example", "\\\\evil.example\\x", "ftp://evil.example/x.png", ["https://x.example"], 7],
)  # fmt: skip
def test_picture_s_address_is_an_address_or_nothing(journey: Journey, qq: CannedQQ, address: Any) -> None:
    journey.house.userinfo["picture"] = address
    journey.sign_in()
    assert "picture" not in SocialAccount.objects.get(provider="house").extra_data
    journey.visitor.logout()
    qq.answer(PROFILE_PATH, profile(**dict.fromkeys(["figureurl", "figureurl_1", "figureurl_2", "figureurl_qq",
                                                     "figureurl_qq_1", "figureurl_qq_2"], address)))  # fmt: skip
    qq_journey.sign_in(journey.visitor)
    assert SocialAccount.objects.get(provider="qq").extra_data["avatar"] == ""
