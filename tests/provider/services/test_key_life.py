"""services/key_life.py, and the two commands over it."""

import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from provider_site.conf import provider_settings
from provider_site.errors import KeyInUse, KeyStepTooEarly, SignedTokenRefused
from provider_site.models import AuditEvent, Registration, SigningKey
from provider_site.services import key_life, keys
from tests.provider.driver import ISSUER, plant_signing_key

DAY = timedelta(days=1)
READY = timedelta(hours=1, minutes=6)


@pytest.fixture(autouse=True)
def _keys(db: None, settings: Any) -> None:
    # Keys that are quick to make, beside the one of RSA that every process of the tests has.
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"SIGNING_ALGORITHMS": ["RS256", "ES256", "EdDSA"]}
    plant_signing_key()


def rotate(alg: str = "ES256", **options: Any) -> key_life.Change:
    """Rotate one algorithm's keys, of which none is RSA."""
    (change,) = key_life.rotate(algorithms=[alg], **options)
    return change


def statuses(alg: str = "ES256") -> list[str]:
    return sorted(SigningKey.objects.filter(alg=alg).values_list("status", flat=True))


def kid(status: str, alg: str = "ES256") -> str:
    return SigningKey.objects.get(alg=alg, status=status).kid


def age(status: str, **moments: datetime) -> None:
    SigningKey.objects.filter(alg="ES256", status=status).update(**moments)


def token(alg: str = "ES256") -> str:
    now = int(timezone.now().timestamp())
    return keys.signer(alg).sign({"iss": ISSUER, "sub": "s", "iat": now, "exp": now + 600})


def run(name: str, *arguments: str) -> str:
    out = io.StringIO()
    call_command(name, *arguments, stdout=out)
    return out.getvalue()


class TestOneStep:
    def test_first_rotation_only_publishes(self) -> None:
        active = kid("active")
        change = rotate()
        assert (kid("active"), kid("next")) == (active, change.published)
        assert change.published in {key["kid"] for key in keys.published_jwks()["keys"]}

    def test_second_is_refused_until_every_cache_has_the_key(self) -> None:
        following = rotate().published
        with pytest.raises(KeyStepTooEarly) as refused:
            rotate()
        assert refused.value.kid == following
        assert statuses() == ["active", "next"]
        with pytest.raises(KeyStepTooEarly):
            rotate(now=refused.value.at - timedelta(seconds=1))
        assert refused.value.at >= timezone.now() + provider_settings.jwks_max_age
        assert rotate(now=refused.value.at).activated == following

    def test_key_waits_as_long_as_the_published_keys_may_be_kept(self, settings: Any) -> None:
        settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"JWKS_CACHE_SECONDS": 7200}
        rotate()
        with pytest.raises(KeyStepTooEarly):
            rotate(now=timezone.now() + READY)
        assert rotate(now=timezone.now() + READY + timedelta(hours=1)).activated

    def test_step_lets_the_next_key_sign_and_the_one_before_verify_without_its_private_half(self) -> None:
        old, signed = kid("active"), token()
        following = rotate().published
        change = rotate(now=timezone.now() + READY)
        assert (change.activated, change.previous, change.published) == (following, old, kid("next"))
        assert keys.signer("ES256").kid == following
        assert keys.verify(signed)["sub"] == "s"
        assert SigningKey.objects.get(pk=old).sealed_private_key == ""

    def test_one_algorithm_that_is_too_early_stops_the_step_for_all(self) -> None:
        rotate("EdDSA")
        with pytest.raises(KeyStepTooEarly):
            key_life.rotate(algorithms=["ES256", "EdDSA"])
        assert statuses("ES256") == ["active"]
        assert not AuditEvent.objects.filter(action="key.rotated", data__alg="ES256").exists()

    def test_force_rotates_early_and_the_trail_says_so(self, staff: Any) -> None:
        rotate()
        change = rotate(force=True, actor=staff)
        assert change.activated
        event = AuditEvent.objects.filter(action="key.rotated").latest("pk")
        assert event.actor == staff
        assert event.data == {
            "alg": "ES256",
            "activated": change.activated,
            "published": change.published,
            "previous": change.previous,
            "before_applications_knew_it": True,
        }


class TestDue:
    def test_run_by_run_a_key_is_published_signs_verifies_and_is_retired(self) -> None:
        now = timezone.now()
        first = kid("active")
        age("active", activated_at=now)
        assert {change.alg for change in key_life.rotate_due(now=now)} == {"RS256", "ES256", "EdDSA"}
        assert statuses() == ["active", "next"]
        assert key_life.rotate_due(now=now + 89 * DAY) == []
        turn = now + 90 * DAY
        rsa = SigningKey.objects.filter(alg="RS256")
        rsa.filter(status="active").update(activated_at=turn)
        key_life.rotate_due(now=turn)
        assert SigningKey.objects.get(pk=first).previous_at == turn
        assert statuses() == ["active", "next", "previous"]
        assert key_life.rotate_due(now=turn) == []
        assert key_life.rotate_due(now=turn + 89 * DAY) == []
        rsa.filter(status="active").update(activated_at=turn + 90 * DAY)
        key_life.rotate_due(now=turn + 90 * DAY)
        gone = SigningKey.objects.get(pk=first)
        assert (gone.status, gone.retired_at, gone.sealed_private_key) == ("retired", turn + 90 * DAY, "")
        assert AuditEvent.objects.get(action="key.retired", data__kid=first).data["reason"] == "over"

    def test_key_that_applications_do_not_know_yet_waits_though_it_is_due(self) -> None:
        age("active", activated_at=timezone.now() - 100 * DAY)
        rotate()
        key_life.rotate_due()
        assert "previous" not in statuses()

    def test_previous_key_of_before_its_moment_was_kept_is_retired_after_a_whole_term(self) -> None:
        rotate()
        rotate(force=True)
        age("previous", previous_at=None)
        now = timezone.now()
        key_life.rotate_due(now=now)
        key_life.rotate_due(now=now + 89 * DAY)
        assert "retired" not in statuses()

    def test_no_key_is_retired_while_a_token_it_signed_is_alive(self, settings: Any) -> None:
        rotate()
        rotate(force=True)
        own = {"KEY_KEPT_DAYS": 1, "ID_TOKEN_SECONDS": 3 * 86400}
        settings.PROVIDER_SITE = settings.PROVIDER_SITE | own
        now = timezone.now()
        key_life.rotate_due(now=now + 2 * DAY)
        assert "retired" not in statuses()
        key_life.rotate_due(now=now + 4 * DAY)
        assert "retired" in statuses()

    def test_keys_of_an_algorithm_offered_no_more_stop_signing_and_still_verify(self, settings: Any) -> None:
        rotate()
        signed = token()
        settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"SIGNING_ALGORITHMS": ["RS256"]}
        key_life.rotate_due()
        assert statuses() == ["previous", "retired"]
        assert keys.verify(signed)["sub"] == "s"

    def test_keys_of_an_algorithm_offered_no_more_live_on_for_applications_that_chose_it(
        self, application: Any, settings: Any
    ) -> None:
        rotate()
        signing = kid("active")
        Registration.objects.filter(application=application).update(id_token_alg="ES256")
        settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"SIGNING_ALGORITHMS": ["RS256"]}
        key_life.rotate_due()
        assert keys.signer("ES256").kid == signing
        key_life.distrust(kids=[signing])
        assert keys.signer("ES256").kid not in {"", signing}


class TestRetire:
    def test_previous_key_is_retired_by_hand_once_its_tokens_are_over(self, staff: Any) -> None:
        rotate()
        rotate(force=True)
        old = kid("previous")
        with pytest.raises(KeyStepTooEarly) as refused:
            key_life.retire(kid=old)
        assert key_life.retire(kid=old, actor=staff, now=refused.value.at) == [old]
        assert key_life.retire(kid=old) == []
        event = AuditEvent.objects.get(action="key.retired")
        assert event.actor == staff
        assert event.data == {"alg": "ES256", "kid": old, "was": "previous", "reason": "by hand"}

    @pytest.mark.parametrize("status", ["active", "next"])
    def test_key_in_use_is_not_retired(self, status: str) -> None:
        rotate()
        with pytest.raises(KeyInUse):
            key_life.retire(kid=kid(status))
        assert statuses() == ["active", "next"]


class TestCompromised:
    def test_active_key_is_distrusted_at_once_and_the_next_one_signs(self) -> None:
        signed, bad = token(), kid("active")
        following = rotate().published
        (change,) = key_life.distrust(kids=[bad])
        assert (change.retired, change.activated) == ((bad,), following)
        assert bad not in {key["kid"] for key in keys.published_jwks()["keys"]}
        assert keys.signer("ES256").kid == following
        assert statuses() == ["active", "next", "retired"]
        with pytest.raises(SignedTokenRefused):
            keys.verify(signed)

    def test_without_a_next_key_a_new_one_signs(self) -> None:
        bad = kid("active")
        key_life.distrust(kids=[bad])
        assert statuses() == ["active", "next", "retired"]
        assert keys.signer("ES256").kid != bad

    def test_next_key_is_replaced_and_what_signs_goes_on(self) -> None:
        active, bad = kid("active"), rotate().published
        key_life.distrust(kids=[bad])
        assert kid("active") == active
        assert kid("next") != bad

    def test_everything_is_distrusted(self) -> None:
        rotate()
        before = set(SigningKey.objects.values_list("pk", flat=True))
        SigningKey.objects.filter(alg="RS256").delete()  # slow to make
        before -= {key.pk for key in SigningKey.objects.filter(alg="RS256")}
        key_life.distrust(kids=None)
        assert not before & {key["kid"] for key in keys.published_jwks()["keys"]}
        reasons = set(AuditEvent.objects.filter(action="key.retired").values_list("data__reason", flat=True))
        assert reasons == {"compromised"}

    def test_unknown_key_changes_nothing(self) -> None:
        with pytest.raises(SigningKey.DoesNotExist):
            key_life.distrust(kids=[kid("active"), "unknown"])
        assert statuses() == ["active"]


class TestCommand:
    def test_due_run_twice_does_its_work_once(self) -> None:
        assert "ES256 published: " in run("rotate_signing_keys", "--due")
        assert run("rotate_signing_keys", "--due") == ""

    def test_step_by_hand_is_refused_in_words_when_it_is_too_early(self) -> None:
        run("rotate_signing_keys", "--alg", "ES256")
        with pytest.raises(CommandError, match=r"Too early.*--force") as refused:
            run("rotate_signing_keys", "--alg", "ES256")
        assert kid("next") in str(refused.value)
        assert "ES256 signs now: " in run("rotate_signing_keys", "--alg", "ES256", "--force")

    def test_compromised_key_is_named_or_all_are(self) -> None:
        bad = kid("active")
        assert f"retired: {bad}" in run("rotate_signing_keys", "--compromised", bad)
        with pytest.raises(CommandError, match="no such signing key"):
            run("rotate_signing_keys", "--compromised", "unknown")

    @pytest.mark.parametrize(
        "arguments", [["--alg", "HS256"], ["--due", "--alg", "ES256"], ["--due", "--force"], ["--compromised"]]
    )
    def test_what_makes_no_sense_is_refused(self, arguments: list[str]) -> None:
        with pytest.raises(CommandError):
            run("rotate_signing_keys", *arguments)
        assert statuses() == ["active"]


class TestKeyRing:
    def test_every_key_is_sealed_by_the_first_secret_so_that_the_old_one_can_go(self, settings: Any) -> None:
        rotate()
        ring = settings.PROVIDER_SITE["KEY_RING"]
        settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"KEY_RING": ["n" * 40, *ring]}
        assert run("rotate_key_ring").startswith("sealed anew: 4;")
        assert run("rotate_key_ring").startswith("sealed anew: 0; by the first secret already: 4")
        settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"KEY_RING": ["n" * 40]}
        assert keys.signer("ES256").kid == kid("active")
        assert key_life.unsealable() == []

    def test_key_that_nothing_opens_is_named_by_the_command_and_by_the_check(self, settings: Any) -> None:
        from django.core import checks

        settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"KEY_RING": ["n" * 40]}
        with pytest.raises(CommandError, match=kid("active")):
            run("rotate_key_ring")
        found = checks.run_checks(tags=["database"], databases=["default"])
        (error,) = [message for message in found if message.id == "provider_site.E022"]
        assert kid("active") in error.msg

    def test_check_says_nothing_of_keys_that_open_and_is_not_run_without_a_database(self, settings: Any) -> None:
        from django.core import checks

        found = {message.id for message in checks.run_checks(tags=["database"], databases=["default"])}
        assert not found & {"provider_site.E022", "provider_site.W023"}
        settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"KEY_RING": ["n" * 40]}
        assert "provider_site.E022" not in {message.id for message in checks.run_checks()}

    def test_check_names_applications_whose_algorithm_is_not_offered(self, application: Any, settings: Any) -> None:
        from django.core import checks

        Registration.objects.filter(application=application).update(id_token_alg="EdDSA")
        settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"SIGNING_ALGORITHMS": ["RS256", "ES256"]}
        found = checks.run_checks(tags=["database"], databases=["default"])
        (warning,) = [message for message in found if message.id == "provider_site.W023"]
        assert application.client_id in warning.msg
