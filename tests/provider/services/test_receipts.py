"""services/receipts.py: the record a person takes home."""

import json
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest
from django.utils import timezone, translation

from provider_site.models import AuditEvent, Consent, Registration, SigningKey
from provider_site.policy import scopes
from provider_site.services import consents, profiles, receipts
from tests.provider.driver import ISSUER, Driver, Tokens, verified

TEXT, MOMENT, FLAG = "text", "moment", "flag"
WORDS = {
    "scope": TEXT,
    "purpose": TEXT,
    "purpose_description": TEXT,
    "pii_information": [{"pii_type": TEXT}],
    "writes": FLAG,
    "sensitive_pii_category": FLAG,
}
# The whole receipt: what is not here may not be in it, and what is here has to be.
SCHEMA: dict[str, Any] = {
    "schema_version": TEXT,
    "receipt_id": TEXT,
    "issued_at": MOMENT,
    "issued_by": {"issuer": TEXT, "site_name": TEXT},
    "record": {
        "record_id": TEXT,
        "pii_principal_id": TEXT,
        "source": TEXT,
        "given_at": MOMENT,
        "ends_at": MOMENT,
        "duration": TEXT,
        "last_used_at": MOMENT,
        "closed_at": MOMENT,
        "closed_reason": TEXT,
        "pii_processing": {
            "privacy_notice": TEXT,
            "language": TEXT,
            "wording_version": TEXT,
            "words_of_version": TEXT,
            "purposes": [
                {
                    **WORDS,
                    "pii_optional": FLAG,
                    "given_at": MOMENT,
                    "ends_at": MOMENT,
                    "once": FLAG,
                    "wording_version": TEXT,
                    "source": TEXT,
                    "holds": FLAG,
                }
            ],
            "declined": [WORDS],
            "pii_controllers": [TEXT],
            "collection_method": TEXT,
            "recipient_third_parties": [TEXT],
            "withdrawal_method": TEXT,
            "application_as_shown": {
                "name": TEXT,
                "homepage_url": TEXT,
                "privacy_policy_url": TEXT,
                "terms_url": TEXT,
                "hosts": [TEXT],
            },
        },
        "party_identification": [
            {
                "party_id": TEXT,
                "party_role": TEXT,
                "party_name": TEXT,
                "application": TEXT,
                "party_url": TEXT,
                "privacy_policy": TEXT,
                "terms_of_service": TEXT,
            },
            {"party_id": TEXT, "party_role": TEXT, "party_name": TEXT},
        ],
        "events": [
            {
                "event_state": TEXT,
                "event_time": MOMENT,
                "entity": TEXT,
                "scope": TEXT,
                "declined": TEXT,
                "duration": TEXT,
                "address": TEXT,
            }
        ],
    },
    "proof": {"type": TEXT, "jwks_uri": TEXT, "jws": TEXT},
}


def differences(value: Any, schema: Any, path: str = "") -> list[str]:
    """Return where a JSON value departs from the schema."""
    if isinstance(schema, dict):
        if not isinstance(value, dict) or value.keys() != schema.keys():
            return [f"{path}: {value if not isinstance(value, dict) else sorted(value.keys() ^ schema.keys())}"]
        return [found for name, part in schema.items() for found in differences(value[name], part, f"{path}.{name}")]
    if isinstance(schema, list):
        parts = schema if len(schema) == len(value) else schema * len(value)
        pairs = enumerate(zip(value, parts, strict=True))
        return [found for number, (one, part) in pairs for found in differences(one, part, f"{path}[{number}]")]
    if schema == MOMENT:
        return [] if value is None or datetime.fromisoformat(value).utcoffset() == timedelta(0) else [path]
    return [] if isinstance(value, bool if schema == FLAG else str) else [f"{path}: {value!r}"]


@pytest.fixture
def tokens(driver: Driver, user: Any) -> Tokens:
    """Return tokens of somebody who allowed the nickname and declined the avatar."""
    return driver.tokens(scope="openid nickname avatar offline_access")


def download(driver: Driver, consent: Consent | None = None) -> dict[str, Any]:
    consent = consent or Consent.objects.get(application=driver.application)
    answer = driver.browser.get(f"/o/apps/{driver.application.pk}/receipt/{consent.pk}/")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"
    assert answer["Content-Disposition"] == f'attachment; filename="consent-receipt-{consent.pk}.json"'
    document: dict[str, Any] = json.loads(answer.content)
    return document


def states(document: dict[str, Any]) -> list[str]:
    return [event["event_state"] for event in document["record"]["events"]]


def test_every_field_is_there_and_no_other(driver: Driver, tokens: Tokens) -> None:
    assert differences(download(driver), SCHEMA) == []
    driver.browser.post(f"/o/apps/{driver.application.pk}/withdraw/")
    assert differences(download(driver), SCHEMA) == []
    assert differences({"a": 1}, {"a": TEXT, "b": TEXT}), "the comparison sees what is missing"


def test_record_says_what_was_decided(driver: Driver, tokens: Tokens) -> None:
    record = download(driver)["record"]
    consent = Consent.objects.get()
    processing = record["pii_processing"]
    purposes = {purpose["scope"]: purpose for purpose in processing["purposes"]}
    assert purposes.keys() == {"openid", "nickname", "offline_access"}
    assert purposes["nickname"]["purpose"] == "See your nickname"
    assert purposes["nickname"]["pii_information"] == [{"pii_type": "nickname"}]
    assert [purpose["pii_optional"] for purpose in purposes.values()].count(False) == 1
    assert all(
        purpose["holds"] and purpose["wording_version"] == scopes.WORDING_VERSION for purpose in purposes.values()
    )
    assert [each["scope"] for each in processing["declined"]] == ["avatar"]
    assert consent.ends_at is not None
    assert datetime.fromisoformat(record["ends_at"]) == consent.ends_at
    assert (record["duration"], record["source"], record["closed_at"]) == ("30", "person", None)
    assert processing["recipient_third_parties"] == ["https://app.example.com"]
    assert processing["withdrawal_method"] == f"{ISSUER}/o/apps/{driver.application.pk}/"
    assert record["party_identification"][0]["party_id"] == driver.application.client_id


def test_subject_is_the_one_the_app_knows(driver: Driver, tokens: Tokens, user: Any) -> None:
    assert download(driver)["record"]["pii_principal_id"] == driver.userinfo(tokens.access).json()["sub"]
    Registration.objects.update(subject_type="pairwise", sector_identifier="app.example.com")
    assert download(driver)["record"]["pii_principal_id"] == driver.userinfo(tokens.access).json()["sub"]
    assert download(driver)["record"]["pii_principal_id"] != profiles.get_profile(user=user).subject


def test_history_follows_the_consent_to_its_end(driver: Driver, tokens: Tokens) -> None:
    base = f"/o/apps/{driver.application.pk}"
    driver.browser.post(f"{base}/withdraw-scope/", {"scope": "nickname"})
    driver.browser.post(f"{base}/sign-out/")
    driver.browser.post(f"{base}/withdraw/")
    record = download(driver)["record"]
    assert [event["event_state"] for event in record["events"]] == ["given", "narrowed", "signed_out", "withdrawn"]
    assert record["events"][1]["scope"] == "nickname"
    assert (record["closed_reason"], record["closed_at"] is not None) == ("withdrawn", True)
    assert not any(purpose["holds"] for purpose in record["pii_processing"]["purposes"])


@pytest.mark.parametrize("reason", ["ended", "unused", "administrator"])
def test_end_that_was_not_the_persons_is_the_sites(driver: Driver, tokens: Tokens, reason: str) -> None:
    consent = Consent.objects.get()
    consents.close(consent=consent, reason=Consent.ClosedReason(reason))
    last = download(driver, consent)["record"]["events"][-1]
    assert (last["event_state"], last["entity"]) == (reason, "site")


def test_nothing_of_another_consent_is_in_it(driver: Driver, tokens: Tokens, user: Any) -> None:
    first = Consent.objects.get()
    driver.browser.post(f"/o/apps/{driver.application.pk}/withdraw/")
    driver.tokens()
    second = Consent.objects.get(closed_at=None)
    states = [
        [event["event_state"] for event in download(driver, each)["record"]["events"]] for each in (first, second)
    ]
    assert states == [["given", "withdrawn"], ["given"]]


def test_consent_of_another_app_is_not_under_this_one(driver: Driver, tokens: Tokens, other_user: Any) -> None:
    foreign = Consent.objects.create(user=other_user, application=driver.application, given_at=timezone.now())
    for key in (foreign.pk, 0, 10**30):
        assert driver.browser.get(f"/o/apps/{driver.application.pk}/receipt/{key}/").status_code == 404


def test_words_are_in_the_language_of_the_decision(driver: Driver, tokens: Tokens) -> None:
    Consent.objects.update(language="zh-hans")
    purposes = download(driver)["record"]["pii_processing"]["purposes"]
    with translation.override("zh-hans"):
        assert str(scopes.catalog()["nickname"].title) in {purpose["purpose"] for purpose in purposes}


def test_facts_are_those_the_person_was_shown(driver: Driver, tokens: Tokens) -> None:
    shown = driver.application.name
    type(driver.application).objects.update(name="Another name")
    record = download(driver)["record"]
    assert record["pii_processing"]["application_as_shown"]["name"] == shown
    assert record["party_identification"][0]["application"] == "Another name"


def test_administrators_decision_is_told_as_one(driver: Driver, user: Any) -> None:
    Registration.objects.update(first_party=True)
    driver.tokens(scope="openid nickname")
    record = download(driver)["record"]
    assert record["source"] == "first_party"
    assert {purpose["source"] for purpose in record["pii_processing"]["purposes"]} == {"first_party"}
    assert record["events"][0]["event_state"] == "given_by_administrator"


class TestProof:
    def test_receipt_is_signed_by_a_published_key(self, driver: Driver, tokens: Tokens) -> None:
        document = download(driver)
        proof = document.pop("proof")
        keys = jwt.PyJWKSet.from_dict(driver.backchannel.get("/.well-known/jwks.json").json())
        header = jwt.get_unverified_header(proof["jws"])
        signed = jwt.decode(proof["jws"], keys[header["kid"]], algorithms=["RS256"], issuer=ISSUER)
        assert signed["consent_receipt"] == document
        assert (header["typ"], proof["type"]) == (receipts.PROOF_TYPE, receipts.PROOF_TYPE)
        assert proof["jwks_uri"] == f"{ISSUER}/.well-known/jwks.json"

    def test_proof_is_neither_id_token_nor_access_token(self, driver: Driver, tokens: Tokens) -> None:
        jws = download(driver)["proof"]["jws"]
        with pytest.raises(jwt.InvalidTokenError):
            verified(driver.backchannel, jws, audience=driver.application.client_id)
        assert (
            not {"sub", "aud", "exp", "nonce", "events"} & jwt.decode(jws, options={"verify_signature": False}).keys()
        )
        assert not driver.works(jws)
        assert driver.authorize(prompt="none", id_token_hint=jws, scope="openid email").status_code in {302, 400}

    def test_receipt_comes_without_when_the_key_cannot_be_opened(self, driver: Driver, tokens: Tokens) -> None:
        SigningKey.objects.update(sealed_private_key="sealed by a ring that is lost")
        assert download(driver)["proof"] is None


def test_staffs_decisions_about_others_are_not_the_persons(driver: Driver, tokens: Tokens, other_user: Any) -> None:
    foreign = Consent.objects.create(user=other_user, application=driver.application, given_at=timezone.now())
    own = Consent.objects.exclude(pk=foreign.pk).get()
    AuditEvent.objects.create(
        action="consent.withdrawn", actor=own.user, application=driver.application, data={"consent": foreign.pk}
    )
    assert states(download(driver, own)) == ["given"]
