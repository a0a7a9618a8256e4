"""Come into another person's account by an identifier: shared, empty, chosen, look-alike, or of another provider."""

import hashlib
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialApp
from django.contrib.auth import get_user_model
from django.test import Client

from provider_site.services.profiles import get_profile
from tests.consumer.journey import Journey, assert_error_page, is_signed_in
from tests.consumer.openid_provider import OpenIDProvider
from tests.consumer.qq_samples import APP_ID, ME, OPENID, UNIONID, CannedQQ, me
from tests.security.consumer import qq_journey

pytestmark = pytest.mark.django_db


def owner_of(provider: str, uid: str) -> Any:
    return SocialAccount.objects.get(provider=provider, uid=uid).user


@pytest.fixture
def own_house(settings: Any, house: OpenIDProvider) -> OpenIDProvider:
    """Return the OpenID provider as this project's own issuer, whose subjects are local people."""
    settings.PROVIDER_SITE = {**settings.PROVIDER_SITE, "ISSUER": house.issuer}
    return house


class TestOpenid:
    @pytest.mark.parametrize(
        "openid",
        [
            None, "", " ", 0, 1, 12345678901234567890, True, [], [OPENID], {}, {"openid": OPENID}, 1e300,
            "0" * 32, "F" * 32, "00000000-0000-0000-0000-000000000000", "--------", "________",
            "undefined", "ANONYMOUS", "null", "None", "[object Object]", OPENID + "\n", " " + OPENID,
            OPENID + "\x00", OPENID + ";", "A" * 129,
            "A1" * 5000, OPENID.replace("C", "С"), OPENID.replace("0", "０"), "../" + OPENID, "' OR 1=1 --",
        ],
    )  # fmt: skip
    def test_openid_that_names_nobody_signs_nobody_in(self, qq: CannedQQ, visitor: Client, openid: object) -> None:
        qq.answer(ME, me(openid=openid))
        assert_error_page(qq_journey.sign_in(visitor), 502)
        assert not is_signed_in(visitor)
        assert not SocialAccount.objects.exists()

    @pytest.mark.parametrize("app_id", [None, "", "999", [APP_ID], APP_ID + "0", APP_ID + "\x00", True])
    def test_token_of_another_app_signs_nobody_in(self, qq: CannedQQ, visitor: Client, app_id: object) -> None:
        qq.answer(ME, me(client_id=app_id))
        assert_error_page(qq_journey.sign_in(visitor), 502)
        assert not is_signed_in(visitor)

    def test_two_openids_of_one_unionid_are_two_people(self, qq: CannedQQ, visitor: Client) -> None:
        qq.answer(ME, me(unionid=UNIONID))
        qq_journey.sign_in(visitor)
        qq.answer(ME, me(unionid=UNIONID, openid=OPENID[::-1]))
        qq_journey.sign_in(visitor)
        assert owner_of("qq", OPENID) != owner_of("qq", OPENID[::-1])

    def test_openid_that_is_anothers_unionid_is_another_person(self, qq: CannedQQ, visitor: Client) -> None:
        qq.answer(ME, me(unionid=UNIONID))
        qq_journey.sign_in(visitor)
        qq.answer(ME, me(openid=UNIONID))
        qq_journey.sign_in(visitor)
        assert owner_of("qq", OPENID) != owner_of("qq", UNIONID)

    def test_case_makes_another_person(self, qq: CannedQQ, visitor: Client) -> None:
        qq_journey.sign_in(visitor)
        qq.answer(ME, me(openid=OPENID.lower()))
        qq_journey.sign_in(visitor)
        assert owner_of("qq", OPENID) != owner_of("qq", OPENID.lower())


class TestSubject:
    @pytest.mark.parametrize(
        "subject",
        [None, "", 0, 7, True, [], ["a"], {"a": 1}, "а-cyrillic", "ｆｕｌｌ", "é", "a\x00b", "a\nb", "\x7f", "a" * 256],
    )
    def test_subject_that_breaks_the_rules_signs_nobody_in(self, journey: Journey, subject: Any) -> None:
        journey.house.userinfo["sub"] = subject
        assert_error_page(journey.sign_in(), 502)
        assert not SocialAccount.objects.exists()

    def test_subject_equal_to_anothers_fingerprint_is_another_person(self, journey: Journey) -> None:
        long = "long-" * 45
        journey.house.userinfo["sub"] = long
        journey.sign_in()
        fingerprint = SocialAccount.objects.get().uid
        assert fingerprint == "sha256-" + hashlib.sha256(long.encode()).hexdigest()
        journey.house.userinfo["sub"] = fingerprint
        journey.sign_in()
        assert SocialAccount.objects.values("user").distinct().count() == 2

    def test_long_subjects_that_begin_alike_are_two_people(self, journey: Journey) -> None:
        for end in "ab":
            journey.house.userinfo["sub"] = "x" * 200 + end
            journey.sign_in()
        assert SocialAccount.objects.values("user").distinct().count() == 2

    def test_openid_equal_to_a_subject_is_another_person(self, journey: Journey, qq: CannedQQ, visitor: Client) -> None:
        journey.house.userinfo["sub"] = OPENID
        journey.sign_in()
        qq_journey.sign_in(visitor)
        assert owner_of("house", OPENID) != owner_of("qq", OPENID)


class TestEmail:
    @pytest.fixture(autouse=True)
    def _asked_for(self, house_entry: Any) -> None:
        house_entry.settings["scope"] = ["openid", "nickname", "email"]
        house_entry.save()

    @pytest.mark.parametrize("verified", [True, False])
    def test_known_address_opens_nobodys_account(self, journey: Journey, victim: Any, verified: bool) -> None:
        EmailAddress.objects.create(user=victim, email="ada@example.com", verified=True, primary=True)
        journey.house.userinfo["email_verified"] = verified
        journey.sign_in()
        assert journey.visitor.session.get("_auth_user_id") != str(victim.pk)
        assert not SocialAccount.objects.filter(user=victim).exists()

    @pytest.mark.parametrize("verified", [False, None, "true", 1, "yes"])
    def test_unproven_address_does_not_lie_in_wait_for_its_owner(self, journey: Journey, verified: Any) -> None:
        journey.house.userinfo["email_verified"] = verified
        assert journey.sign_in().status_code == 302
        assert not EmailAddress.objects.exists()
        assert get_user_model().objects.get().email == ""

    def test_address_that_changes_changes_no_person(self, journey: Journey) -> None:
        journey.sign_in()
        journey.house.userinfo["email"] = "grace@example.com"
        journey.sign_in()
        assert get_user_model().objects.get().email == "ada@example.com"


class TestLinkingHook:
    def test_own_subject_is_its_local_person(self, own_house: Any, journey: Journey, victim: Any) -> None:
        own_house.userinfo["sub"] = get_profile(user=victim).subject
        journey.sign_in()
        assert journey.visitor.session["_auth_user_id"] == str(victim.pk)

    @pytest.mark.parametrize("process", ["redirect", "bogus", "Login", "login ", "connect2"])
    def test_word_in_the_address_does_not_split_the_person(
        self, own_house: Any, journey: Journey, victim: Any, process: str
    ) -> None:
        own_house.userinfo["sub"] = get_profile(user=victim).subject
        journey.sign_in(form={"process": process})
        assert SocialAccount.objects.get().user == victim

    def test_openid_equal_to_a_local_subject_is_a_stranger(
        self, own_house: Any, qq: CannedQQ, visitor: Client, victim: Any
    ) -> None:
        subject = get_profile(user=victim).subject
        # Even an entry that names our issuer is no entry of the house.
        SocialApp.objects.filter(provider="qq").update(settings={"server_url": own_house.issuer})
        qq.answer(ME, me(openid=subject))
        assert qq_journey.sign_in(visitor).status_code == 302
        assert owner_of("qq", subject) != victim

    @pytest.mark.parametrize("change", [str.upper, lambda subject: subject + " ", lambda subject: subject[:-1]])
    def test_look_alike_of_a_local_subject_is_a_stranger(
        self, own_house: Any, journey: Journey, victim: Any, change: Any
    ) -> None:
        subject = get_profile(user=victim).subject
        if change(subject) == subject:
            pytest.skip("this subject has no letters")
        own_house.userinfo["sub"] = change(subject)
        journey.sign_in()
        assert SocialAccount.objects.get().user != victim

    def test_subject_of_a_foreign_issuer_is_a_stranger(self, journey: Journey, victim: Any) -> None:
        journey.house.userinfo["sub"] = get_profile(user=victim).subject
        journey.sign_in()
        assert SocialAccount.objects.get().user != victim

    def test_name_or_primary_key_of_a_local_person_is_a_stranger(
        self, own_house: Any, journey: Journey, victim: Any
    ) -> None:
        for subject in (str(victim.pk), victim.username, victim.email):
            own_house.userinfo |= {"sub": subject, "preferred_username": victim.username}
            journey.sign_in()
        assert not SocialAccount.objects.filter(user=victim).exists()

    def test_dead_local_person_does_not_get_in(self, own_house: Any, journey: Journey, victim: Any) -> None:
        own_house.userinfo["sub"] = get_profile(user=victim).subject
        victim.is_active = False
        victim.save()
        journey.sign_in()
        assert not is_signed_in(journey.visitor)
