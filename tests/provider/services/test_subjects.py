"""Who is told which identifier of a person."""

import uuid
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from provider_site.checks import check_sectors
from provider_site.models import PairwiseSubject, Registration, UnionSubject
from provider_site.policy.facts import Facts
from provider_site.services import facts, reviews, sectors, subjects
from provider_site.services.profiles import get_profile
from tests import factories
from tests.provider.driver import REDIRECT, Driver, plant_signing_key
from tests.provider.sector_host import SectorHost

OTHER = "https://other.example.com/callback"
PAIRWISE = {"subject_type": "pairwise"}


def told(registered: Any, user: Any, **changes: Any) -> str:
    """Return the subject the application is told, which ID token and userinfo agree about."""
    driver = Driver(registered, user, redirect_uri=registered.application.redirect_uris.split()[0])
    tokens = driver.tokens(**changes)
    subject = str(driver.id_token(tokens)["sub"])
    assert driver.userinfo(tokens.access).json()["sub"] == subject
    assert driver.id_token(driver.refresh(tokens.refresh))["sub"] == subject
    return subject


def set_type(application: Any, subject_type: str) -> None:
    Registration.objects.filter(application=application).update(subject_type=subject_type)


@pytest.fixture(autouse=True)
def _key(db: None) -> None:
    plant_signing_key()


@pytest.mark.parametrize("subject_type", ["public", "pairwise", "legacy"])
def test_subject_is_of_the_application_s_type_and_the_same_everywhere(user: Any, subject_type: str) -> None:
    registered = factories.make_application(**({} if subject_type == "legacy" else {"subject_type": subject_type}))
    set_type(registered.application, subject_type)
    subject = told(registered, user)
    assert told(registered, user) == subject
    if subject_type == "legacy":
        assert subject == str(user.pk)
    else:
        assert uuid.UUID(subject).version == 4  # random: 122 bits nobody guesses
        assert (subject == get_profile(user=user).subject) is (subject_type == "public")


def test_person_is_another_to_each_sector_and_the_same_within_one(user: Any, other_user: Any) -> None:
    one, same = (factories.make_application(**PAIRWISE) for _time in range(2))
    other = factories.make_application(redirect_uris=[OTHER], **PAIRWISE)
    native = [factories.make_application(redirect_uris=["http://127.0.0.1/back"], **PAIRWISE) for _time in range(2)]
    known = [told(application, user) for application in (one, other, *native)]
    assert len({*known, get_profile(user=user).subject, str(user.pk)}) == 6
    assert told(same, user) == known[0]
    assert told(one, other_user) not in known


def test_subject_is_not_told_by_anything_but_the_row(user: Any) -> None:
    registered = factories.make_application(**PAIRWISE)
    before = told(registered, user)
    PairwiseSubject.objects.all().delete()
    assert told(registered, user) != before


def test_pairwise_costs_no_query_more_than_public(user: Any) -> None:
    counts = {}
    for subject_type in ("public", "pairwise"):
        registered = factories.make_application(subject_type=subject_type)
        driver = Driver(registered, user)
        tokens = driver.tokens()
        driver.userinfo(tokens.access)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            driver.userinfo(tokens.access)
        counts[subject_type] = len(queries)
    assert counts == {"public": 1, "pairwise": 1}


class TestFindingThePerson:
    def test_each_type_finds_by_its_own_subject_alone(self, user: Any) -> None:
        profile, registered = get_profile(user=user), factories.make_application(**PAIRWISE)
        client_id = registered.application.client_id
        known = {"public": profile.subject, "pairwise": told(registered, user), "legacy": str(user.pk)}
        for subject_type in known:
            set_type(registered.application, subject_type)
            found = {
                name: subjects.user_for_subject(subject=subject, client_id=client_id) for name, subject in known.items()
            }
            assert found == dict.fromkeys(known) | {subject_type: user}

    def test_subject_of_another_sector_is_nobody(self, user: Any) -> None:
        one, other = (
            factories.make_application(**PAIRWISE),
            factories.make_application(redirect_uris=[OTHER], **PAIRWISE),
        )
        subject = told(one, user)
        assert subjects.user_for_subject(subject=subject, client_id=other.application.client_id) is None

    @pytest.mark.parametrize("subject", ["", "0", "nobody", "1e3", "9" * 40, "\x00"])
    def test_what_is_no_key_is_nobody(self, application: Any, subject: str) -> None:
        set_type(application, "legacy")
        assert subjects.user_for_subject(subject=subject, client_id=application.client_id) is None

    def test_key_in_another_spelling_is_nobody(self, application: Any, user: Any) -> None:
        set_type(application, "legacy")
        for subject in (f"0{user.pk}", f" {user.pk}", f"{user.pk}.0"):
            assert subjects.user_for_subject(subject=subject, client_id=application.client_id) is None


class TestUnionid:
    SCOPES = {"openid": True, "unionid": False, "offline_access": False}

    def claims(self, registered: Any, user: Any, scope: str = "openid unionid offline_access") -> dict[str, Any]:
        driver = Driver(registered, user, redirect_uri=registered.application.redirect_uris.split()[0])
        tokens = driver.tokens(scope=scope, scopes=scope.split()[1:])
        assert "unionid" not in driver.id_token(tokens)
        found: dict[str, Any] = driver.userinfo(tokens.access).json()
        return found

    def test_is_the_same_in_one_owner_s_applications_alone(self, user: Any, other_user: Any) -> None:
        owner = factories.make_user()
        first = self.claims(factories.make_application(owner, scopes=self.SCOPES, **PAIRWISE), user)
        second = self.claims(factories.make_application(owner, scopes=self.SCOPES, redirect_uris=[OTHER]), user)
        foreign = self.claims(factories.make_application(scopes=self.SCOPES), user)
        assert first["unionid"] == second["unionid"] != foreign["unionid"]
        assert first["sub"] != second["sub"]
        assert first["unionid"] not in {first["sub"], second["sub"], str(user.pk)}
        somebody = self.claims(factories.make_application(owner, scopes=self.SCOPES), other_user)
        assert somebody["unionid"] != first["unionid"]

    def test_is_never_told_without_the_scope(self, user: Any) -> None:
        owner = factories.make_user()
        self.claims(factories.make_application(owner, scopes=self.SCOPES), user)
        asked = factories.make_application(scopes=self.SCOPES)
        assert "unionid" not in self.claims(asked, user, scope="openid offline_access")
        assert list(UnionSubject.objects.values_list("owner", flat=True)) == [owner.pk]  # nor is one made
        unregistered = Driver(factories.make_application(owner), user)
        assert "error=invalid_scope" in unregistered.authorize(scope="openid unionid")["Location"]

    def test_ends_with_the_registration_of_the_scope(self, user: Any) -> None:
        registered = factories.make_application(scopes=self.SCOPES)
        driver = Driver(registered, user)
        tokens = driver.tokens(scope="openid unionid", scopes=["unionid"])
        assert "unionid" in driver.userinfo(tokens.access).json()
        registered.application.registered_scopes.filter(scope="unionid").delete()
        assert "unionid" not in driver.userinfo(tokens.access).json()

    def test_has_to_be_justified_to_the_reviewer(self, user: Any) -> None:
        draft = factories.make_draft(user, scopes=self.SCOPES)
        assert reviews.missing(application=draft.application) == ["justification"]

    def test_follows_the_owner_and_ends_with_none(self, user: Any, other_user: Any) -> None:
        registered = factories.make_application(scopes=self.SCOPES)
        first = self.claims(registered, user)["unionid"]
        rows = Registration.objects.filter(application=registered.application)
        owner = rows.get().owner
        rows.update(owner=other_user)
        assert self.claims(registered, user)["unionid"] != first
        rows.update(owner=None)
        assert "unionid" not in self.claims(registered, user)
        rows.update(owner=owner)
        assert self.claims(registered, user)["unionid"] == first


class TestSector:
    def change(self, application: Any, *uris: str) -> None:
        application.refresh_from_db()
        asked = facts.read(application=application).to_json() | {"redirect_uris": uris}
        reviews.change(application=application, actor=None, asked=Facts.from_json(asked))

    def test_several_hosts_are_refused_by_name(self, db: None) -> None:
        with pytest.raises(ValidationError, match=r"app\.example\.com, other\.example\.com"):
            factories.make_application(redirect_uris=[REDIRECT, OTHER], **PAIRWISE)

    def test_address_on_another_host_is_refused_with_the_reason(self, user: Any) -> None:
        application = factories.make_draft(user, **PAIRWISE).application
        for uris in ([OTHER], ["http://127.0.0.1/back"], [REDIRECT, "com.example.app:/back"]):
            with pytest.raises(ValidationError) as refused:
                self.change(application, *uris)
            assert "everybody would be somebody new to it" in refused.value.message_dict["redirect_uris"][0]
        with pytest.raises(ValidationError, match="several hosts"):
            self.change(application, REDIRECT, OTHER)
        self.change(application, REDIRECT, "https://app.example.com:8443/again")
        assert Registration.objects.get(application=application).sector_identifier == "app.example.com"

    def test_public_application_moves_as_it_likes(self, user: Any) -> None:
        application = factories.make_draft(user).application
        self.change(application, OTHER, "http://127.0.0.1/back")
        application.refresh_from_db()
        assert OTHER in application.redirect_uris

    def test_document_lets_several_hosts_in(self, user: Any, sector_site: SectorHost) -> None:
        sector_site.listed = [REDIRECT, OTHER]
        document = sectors.read(uri=sector_site.uri)
        application = factories.make_draft(
            user, redirect_uris=[REDIRECT, OTHER], sector_document=document, **PAIRWISE
        ).application
        assert Registration.objects.get(application=application).sector_identifier == "localhost"
        third = "https://third.example.com/"
        with pytest.raises(ValidationError, match="does not list"):
            self.change(application, REDIRECT, third)
        sectors.read_again(application=application, redirect_uris=[REDIRECT])
        assert len(sector_site.seen) == 1  # what is known is not asked for again
        sector_site.listed = [REDIRECT, third]
        sectors.read_again(application=application, redirect_uris=[REDIRECT, third])
        self.change(application, REDIRECT, third)

    @pytest.mark.parametrize(
        "raw",
        [
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n[]",
            b"HTTP/1.1 302 Found\r\nLocation: https://localhost/\r\nContent-Length: 2\r\n\r\n[]",
            b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n[]",
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[1]",
            b'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n["\\u0000"]',
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n[",
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\xff\xfe\xfd",
            b"nonsense",
        ],
    )
    def test_answer_that_is_no_list_is_refused(self, sector_site: SectorHost, raw: bytes) -> None:
        sector_site.raw = raw
        with pytest.raises(ValidationError):
            sectors.read(uri=sector_site.uri)
        assert sector_site.seen

    @pytest.mark.parametrize("uri", ["http://localhost:1/", "https://localhost:1/#", "file:///etc/passwd", "https://"])
    def test_address_that_is_not_plain_https_is_not_called(self, sector_site: SectorHost, uri: str) -> None:
        with pytest.raises(ValidationError, match="plain https address"):
            sectors.read(uri=uri)

    def test_host_of_this_machine_is_not_called_by_default(self, sector_site: SectorHost, settings: Any) -> None:
        settings.PROVIDER_SITE = {**settings.PROVIDER_SITE, "OUTBOUND_ALLOW_LOOPBACK_HTTP": False}
        with pytest.raises(ValidationError, match="may not be called"):
            sectors.read(uri=sector_site.uri)
        assert not sector_site.seen


def test_check_names_pairwise_applications_without_a_sector(user: Any) -> None:
    assert check_sectors(None, databases=["default"]) == []
    one, other = (factories.make_application(client_id=name).application for name in ("one", "other"))
    Registration.objects.update(subject_type="pairwise")
    (found,) = check_sectors(None, databases=["default"])
    assert (found.id, "one, other" in found.msg) == ("provider_site.W008", True)
    assert check_sectors(None) == []
    known = {
        subjects.pairwise(user=user, sector=subjects.sector_of(registration=row.registration)) for row in (one, other)
    }
    assert len(known) == 2


def test_application_somebody_used_or_that_was_here_before_is_in_use(application: Any, user: Any) -> None:
    assert not subjects.is_used(application=application)
    Driver(factories.make_application(), user).tokens()
    assert not subjects.is_used(application=application)
    Registration.objects.filter(application=application).update(taken_over_at=timezone.now())
    assert subjects.is_used(application=application)
    used = factories.make_application()
    Driver(used, user).tokens()
    assert subjects.is_used(application=used.application)
    assert subjects.known_people(application=used.application, at_most=10) == 1
    Driver(used, factories.make_user("another")).tokens()
    assert subjects.known_people(application=used.application, at_most=1) == 1
