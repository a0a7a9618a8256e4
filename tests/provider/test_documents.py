"""Discovery, metadata and keys are made once and sent many times, and are no older than they may be.

RFC 9110 8.8.3, 13.1.2, 15.4.5; RFC 9111 5.2.
"""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_script_prefix

from provider_site.conf import provider_settings
from provider_site.models import SigningKey
from provider_site.protocol import metadata
from provider_site.services import key_life, key_set, keys
from tests.provider.driver import ISSUER_HOST, plant_signing_key

JWKS = "/.well-known/jwks.json"
ADDRESSES = ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", JWKS]


@pytest.fixture
def anybody() -> Client:
    return Client(headers={"host": ISSUER_HOST})


@pytest.fixture
def planted(db: None) -> None:
    plant_signing_key()


class Clock:
    """What key_set measures by, moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(key_set, "monotonic", clock)
    return clock


@pytest.fixture
def committed(transactional_db: None, clock: Clock) -> None:
    """Give an installation whose rows other processes see, and where keys are kept in memory."""
    plant_signing_key()
    key_set.forget()


def kids(anybody: Client) -> set[str]:
    return {key["kid"] for key in anybody.get(JWKS).json()["keys"]}


def statements(anybody: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as seen:
        assert anybody.get(address).status_code == 200
    return len(seen)


@pytest.mark.usefixtures("planted")
@pytest.mark.parametrize("address", ADDRESSES)
class TestConditions:
    @pytest.mark.parametrize(
        "condition", ["{etag}", "W/{etag}", '"other", {etag}', '"a",W/"b" , {etag} ,"c"', "*", ', "", {etag}']
    )
    def test_what_a_client_has_is_not_sent_again(self, anybody: Client, address: str, condition: str) -> None:
        first = anybody.get(address)
        sent = {"if-none-match": condition.format(etag=first["ETag"])}
        for again in (anybody.get(address, headers=sent), anybody.head(address, headers=sent)):
            assert (again.status_code, again.content) == (304, b"")
            for name in ("ETag", "Cache-Control", "Access-Control-Allow-Origin"):
                assert again[name] == first[name]

    @pytest.mark.parametrize("condition", ['"other"', 'W/"other", "more"', "{bare}", '"{bare}x"', "", "W/*"])
    def test_what_a_client_has_not_is_sent(self, anybody: Client, address: str, condition: str) -> None:
        first = anybody.get(address)
        again = anybody.get(address, headers={"if-none-match": condition.format(bare=first["ETag"].strip('"'))})
        assert (again.status_code, again.content) == (200, first.content)

    def test_tag_is_strong_and_says_what_the_bytes_are(self, anybody: Client, address: str) -> None:
        first, again = anybody.get(address), anybody.get(address)
        assert first["ETag"] == again["ETag"]
        assert first["ETag"].startswith('"')
        assert first["ETag"].endswith('"')
        assert first.content == again.content

    def test_condition_that_another_document_be_there_fails(self, anybody: Client, address: str) -> None:
        assert anybody.get(address, headers={"if-match": '"other"'}).status_code == 412
        assert anybody.get(address, headers={"if-match": anybody.get(address)["ETag"]}).status_code == 200


class TestMetadata:
    def test_is_made_once(self, anybody: Client, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
        calls, make = [], metadata.document

        def counted() -> dict[str, Any]:
            calls.append(1)
            return make()

        monkeypatch.setattr(metadata, "document", counted)
        metadata._metadata.cache_clear()
        assert [statements(anybody, address) for address in ADDRESSES[:2] * 2] == [0] * 4
        assert calls == [1]

    def test_follows_a_setting(self, anybody: Client, db: None, settings: Any) -> None:
        before = anybody.get(ADDRESSES[0])
        settings.LANGUAGES = [("fr", "français")]
        after = anybody.get(ADDRESSES[0], headers={"if-none-match": before["ETag"]})
        assert after.json()["ui_locales_supported"] == ["fr"]
        assert after["ETag"] != before["ETag"]

    def test_names_the_addresses_of_the_request_s_own_mount(self, anybody: Client, db: None) -> None:
        anybody.get(ADDRESSES[0])
        with override_script_prefix("/id/"):
            mounted = anybody.get(ADDRESSES[0]).json()
        assert mounted["token_endpoint"] == "http://localhost:8000/id/o/token/"
        assert anybody.get(ADDRESSES[0]).json()["token_endpoint"] == "http://localhost:8000/o/token/"


@pytest.mark.usefixtures("committed")
class TestKeys:
    def test_database_is_asked_once_in_a_moment(self, anybody: Client, clock: Clock) -> None:
        assert [statements(anybody, JWKS) for _turn in range(3)] == [1, 0, 0]
        clock.now += key_set.KEPT
        assert [statements(anybody, JWKS) for _turn in range(2)] == [1, 0]

    def test_same_keys_are_written_down_once(self, anybody: Client, clock: Clock) -> None:
        first = key_set.current()
        clock.now += key_set.KEPT
        assert key_set.current() is first

    def test_step_of_another_process_shows_after_a_moment(self, anybody: Client, clock: Clock) -> None:
        before = kids(anybody)
        following = keys.new_key("ES256", status=SigningKey.Status.NEXT)
        clock.now += key_set.KEPT - 0.01
        assert kids(anybody) == before
        clock.now += 0.01
        assert kids(anybody) == before | {following.kid}

    def test_key_compromised_elsewhere_is_gone_after_a_moment(self, anybody: Client, clock: Clock) -> None:
        before = kids(anybody)
        bad = SigningKey.objects.get(alg="EdDSA")
        SigningKey.objects.filter(pk=bad.pk).update(status=SigningKey.Status.RETIRED)
        clock.now += key_set.KEPT
        assert bad.kid not in kids(anybody)
        assert before - {bad.kid} <= kids(anybody)

    def test_step_of_this_process_shows_at_once(self, anybody: Client) -> None:
        before = kids(anybody)
        (published,) = key_life.rotate(algorithms=["ES256"])
        assert kids(anybody) == before | {published.published}
        bad = SigningKey.objects.get(alg="ES256", status="active").kid
        key_life.distrust(kids=[bad])
        assert bad not in kids(anybody)

    def test_step_that_is_undone_was_never_published(self, anybody: Client, clock: Clock) -> None:
        before = kids(anybody)
        clock.now += key_set.KEPT
        with transaction.atomic():
            key_life.rotate(algorithms=["ES256"])
            assert {key["kid"] for key in key_set.current().jwks["keys"]} > before, "who rotates sees it"
            transaction.set_rollback(True)
        assert kids(anybody) == before

    def test_etag_follows_the_keys(self, anybody: Client) -> None:
        before = anybody.get(JWKS)["ETag"]
        key_life.rotate(algorithms=["ES256"])
        assert anybody.get(JWKS, headers={"if-none-match": before}).status_code == 200

    def test_transaction_of_the_host_s_own_is_none_of_the_documents_matter(
        self, anybody: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
        assert [statements(anybody, JWKS) for _turn in range(2)] == [1, 0]


@pytest.mark.usefixtures("planted")
def test_new_key_is_in_every_answer_long_before_it_signs(settings: Any, anybody: Client) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"JWKS_CACHE_SECONDS": 600}
    key_life.rotate(algorithms=["ES256"])
    following = SigningKey.objects.get(alg="ES256", status="next")
    assert anybody.get(JWKS)["Cache-Control"] == "public, max-age=600"
    # The last answer without it was made this much later, and is kept for as long as it says.
    last = following.created + timedelta(seconds=key_set.KEPT) + provider_settings.jwks_max_age
    assert key_life.ready_at(following) - last > timedelta(minutes=4)
