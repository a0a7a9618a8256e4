"""services/consents.py."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from provider_site.errors import AuthorizationRequestExpired, ConsentRefused
from provider_site.models import AuditEvent, AuthorizationRequest, Consent, OutboxMessage
from provider_site.services import authorization_requests, connections, consents, situations
from provider_site.signals import consent_given
from tests.provider.driver import Driver


def ask(driver: Driver, user: Any) -> AuthorizationRequest:
    handle = authorization_requests.keep(application=driver.application, user=user, parameters={})
    return authorization_requests.find(handle=handle, user=user)


def allow(driver: Driver, user: Any, requested: str, ticked: str = "", **changes: Any) -> Consent:
    facts: dict[str, Any] = {
        "authorization_request": changes.pop("asked", None) or ask(driver, user),
        "user": user,
        "requested": frozenset(requested.split()),
        "required": frozenset({"openid"}),
        "ticked": ticked.split(),
        "duration": 30,
        "offered": (1, 30, None),
    }
    return consents.allow(**(facts | changes))


def test_decision_is_recorded_whole(driver: Driver, user: Any) -> None:
    consent = allow(driver, user, "openid nickname avatar", "nickname")
    assert (consent.scope, consent.declined_scope) == ("openid nickname", "avatar")
    assert consent.ends_at is not None
    assert abs(consent.ends_at - timezone.now() - timedelta(days=30)) < timedelta(minutes=1)
    assert consent.wording_version
    event = AuditEvent.objects.get(action="consent.given")
    assert (event.actor, event.application) == (user, driver.application)
    assert event.data["declined"] == "avatar"
    assert OutboxMessage.objects.get().payload["consent"] == consent.pk


@pytest.mark.parametrize(
    "changes",
    [{"ticked": "email"}, {"ticked": "openid"}, {"ticked": "unheard-of"}, {"duration": 999}, {"duration": 0}],
)
def test_what_the_page_did_not_offer_saves_nothing(driver: Driver, user: Any, changes: dict[str, Any]) -> None:
    with pytest.raises(ConsentRefused):
        allow(driver, user, "openid nickname", **changes)
    assert not Consent.objects.exists()
    assert AuthorizationRequest.objects.get().decision == ""


def test_second_decision_on_one_request_saves_nothing(driver: Driver, user: Any) -> None:
    asked = ask(driver, user)
    allow(driver, user, "openid nickname", asked=asked)
    with pytest.raises(AuthorizationRequestExpired):
        allow(driver, user, "openid nickname", "nickname", asked=asked)
    assert Consent.objects.get().scope == "openid"


def test_later_consent_keeps_what_it_did_not_speak_of(driver: Driver, user: Any) -> None:
    allow(driver, user, "openid nickname avatar", "nickname")
    consent = allow(driver, user, "openid avatar email", "avatar")
    assert Consent.objects.count() == 1
    assert (consent.scope, consent.declined_scope) == ("openid nickname avatar", "email")


def test_scope_left_unticked_is_taken_back(driver: Driver, user: Any) -> None:
    allow(driver, user, "openid nickname", "nickname")
    consent = allow(driver, user, "openid nickname")
    assert (consent.scope, consent.declined_scope) == ("openid", "nickname")


def test_ended_consent_stays_closed_beside_the_new_one(driver: Driver, user: Any) -> None:
    old = allow(driver, user, "openid nickname", "nickname")
    Consent.objects.update(ends_at=timezone.now())
    new = allow(driver, user, "openid avatar", "avatar")
    old.refresh_from_db()
    assert old.closed_reason == "ended"
    assert new.pk != old.pk
    assert new.scope == "openid avatar"
    assert situations.latest(user=user, application=driver.application) == new


def test_withdrawal_closes_for_good_and_once(driver: Driver, user: Any) -> None:
    consent = allow(driver, user, "openid")
    withdraw = {"user": user, "application": driver.application}
    assert consents.withdraw(**withdraw)
    assert not consents.withdraw(**withdraw)
    consent.refresh_from_db()
    assert consent.closed_reason == "withdrawn"
    assert AuditEvent.objects.filter(action="consent.withdrawn").count() == 1
    assert connections.of_person(user=user).present == []


def test_consent_of_one_person_is_not_anothers(driver: Driver, user: Any, other_user: Any) -> None:
    allow(driver, user, "openid")
    assert situations.latest(user=other_user, application=driver.application) is None
    assert not consents.withdraw(user=other_user, application=driver.application)
    assert len(connections.of_person(user=user).present) == 1


def test_receiver_that_fails_undoes_the_decision(driver: Driver, user: Any) -> None:
    def fail(**_facts: Any) -> None:
        raise RuntimeError("a receiver of the host's")

    consent_given.connect(fail)
    try:
        with pytest.raises(RuntimeError):
            allow(driver, user, "openid")
    finally:
        consent_given.disconnect(fail)
    assert not Consent.objects.exists()
    assert not OutboxMessage.objects.exists()
    assert AuthorizationRequest.objects.get().decision == ""
