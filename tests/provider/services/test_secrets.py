"""services/secrets.py."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import identify_hasher, make_password
from django.utils import timezone

from provider_site.models import ClientSecret
from provider_site.services import dot_column
from provider_site.services.secrets import issue_secret, verify_secret
from tests import factories

# What DOT's generator makes, and what a person might type.
GENERATED = "aZ7kQ2mX" * 16
CHOSEN = "my cat is called Mimi"


def taken_over(stored: str, *, hashed: bool = True, **fields: Any) -> Any:
    """Return an application as stock DOT left it: its secret in DOT's own column alone."""
    application = factories.make_application().application
    ClientSecret.objects.all().delete()
    type(application).objects.filter(pk=application.pk).update(
        client_secret=stored, hash_client_secret=hashed, **fields
    )
    application.refresh_from_db()
    return application


def pbkdf2(secret: str) -> str:
    return make_password(secret, hasher="pbkdf2_sha256")


def test_new_secret_verifies_and_no_other_text_does(db: None) -> None:
    registered = factories.make_application()
    assert verify_secret(application=registered.application, secret=registered.client_secret)
    for other in ("", "x", registered.client_secret[:-1], registered.client_secret + "x"):
        assert not verify_secret(application=registered.application, secret=other)


def test_secret_of_another_application_is_refused(db: None) -> None:
    one, two = factories.make_application(), factories.make_application()
    assert not verify_secret(application=one.application, secret=two.client_secret)


def test_stored_texts_of_a_secret_are_no_secret(db: None) -> None:
    application = factories.make_application().application
    row = ClientSecret.objects.get()
    for stored in (row.digest, row.first_characters, application.client_secret):
        assert not verify_secret(application=application, secret=stored)


@pytest.mark.parametrize("changes", ["revoked", "expired"])
def test_revoked_or_expired_secret_is_refused_while_another_lives(db: None, changes: str) -> None:
    registered = factories.make_application()
    second = issue_secret(application=registered.application, name="second")
    now = timezone.now()
    fields = {"revoked_at": now} if changes == "revoked" else {"expires_at": now}
    ClientSecret.objects.filter(name="First secret").update(**fields)
    assert not verify_secret(application=registered.application, secret=registered.client_secret)
    assert verify_secret(application=registered.application, secret=second)


def test_secret_brought_from_elsewhere_needs_32_characters(db: None) -> None:
    application = factories.make_application().application
    with pytest.raises(ValueError, match="32"):
        issue_secret(application=application, text="x" * 31)
    assert verify_secret(application=application, secret=issue_secret(application=application, text="x" * 32))


def test_last_use_is_noted_once_a_day(db: None, django_assert_num_queries: Any) -> None:
    registered = factories.make_application()
    verify = {"application": registered.application, "secret": registered.client_secret}
    verify_secret(**verify)
    first: Any = ClientSecret.objects.get().last_used_at
    verify_secret(**verify)
    assert ClientSecret.objects.get().last_used_at == first
    ClientSecret.objects.update(last_used_at=first - timedelta(days=1))
    verify_secret(**verify)
    assert ClientSecret.objects.filter(last_used_at__gt=first - timedelta(days=1)).exists()


# --- Secrets of stock DOT -----------------------------------------------------------------------------------------


def test_generated_secret_verifies_by_its_old_hash_and_by_a_fast_one_from_then_on(db: None) -> None:
    application = taken_over(pbkdf2(GENERATED))
    assert verify_secret(application=application, secret=GENERATED)
    assert ClientSecret.objects.get().application == application
    application.refresh_from_db()
    assert not identify_hasher(application.client_secret).verify(GENERATED, application.client_secret)
    assert verify_secret(application=application, secret=GENERATED)
    assert not verify_secret(application=application, secret=GENERATED[:-1])


@pytest.mark.parametrize("old", [GENERATED, CHOSEN])
def test_old_secret_goes_on_working_beside_a_further_one(db: None, old: str) -> None:
    application = taken_over(pbkdf2(old))
    further = issue_secret(application=application)
    for secret in (further, old, old, further):
        assert verify_secret(application=application, secret=secret)
        application.refresh_from_db()
    assert not verify_secret(application=application, secret="wrong")


def test_secret_a_person_may_have_chosen_keeps_its_slow_hash(db: None) -> None:
    application = taken_over(pbkdf2(CHOSEN))
    assert verify_secret(application=application, secret=CHOSEN)
    assert not ClientSecret.objects.exists()
    application.refresh_from_db()
    assert verify_secret(application=application, secret=CHOSEN)


@pytest.mark.parametrize("secret", [GENERATED, CHOSEN])
def test_wrong_secret_upgrades_nothing(db: None, secret: str) -> None:
    application = taken_over(pbkdf2(secret))
    assert not verify_secret(application=application, secret=secret[::-1] + "x")
    assert not ClientSecret.objects.exists()


@pytest.mark.parametrize(
    "stored",
    [
        "gone_hasher$1$salt$hash",
        "Gone-Hasher.v2$1$salt$hash",
        "pbkdf2_sha256$broken",
        "pbkdf2_sha256$many$salt$hash",
        "!unusable",
        "",
    ],
)
def test_stored_hash_nobody_can_verify_never_becomes_the_secret(db: None, stored: str) -> None:
    application = taken_over(stored)
    for attempt in (stored, stored.rpartition("$")[2], "x"):
        assert not verify_secret(application=application, secret=attempt)


def test_hash_whose_hasher_left_the_settings_never_becomes_the_secret(db: None, settings: Any) -> None:
    stored = pbkdf2(GENERATED)
    application = taken_over(stored)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    assert not verify_secret(application=application, secret=stored)
    assert not verify_secret(application=application, secret=GENERATED)


@pytest.mark.parametrize("secret", [GENERATED, CHOSEN])
def test_secret_stored_in_clear_verifies_and_is_upgraded_by_its_shape_alone(db: None, secret: str) -> None:
    application = taken_over(secret, hashed=False)
    assert not verify_secret(application=application, secret=secret + "x")
    assert verify_secret(application=application, secret=secret)
    assert ClientSecret.objects.exists() == (secret == GENERATED)


def test_secret_that_signs_stays_in_clear(db: None) -> None:
    application = taken_over(GENERATED, hashed=False, algorithm="HS256")
    assert verify_secret(application=application, secret=GENERATED)
    application.refresh_from_db()
    assert application.client_secret == GENERATED


def test_closed_column_accepts_nothing_in_stock_dot_either(db: None) -> None:
    from django.contrib.auth.hashers import check_password

    application = taken_over("")
    dot_column.close(application=application)
    for attempt in ("", application.client_secret, "none", GENERATED):
        assert not check_password(attempt, application.client_secret)
    assert application.hash_client_secret


def test_closed_columns_are_all_different(db: None) -> None:
    columns = {factories.make_application().application.client_secret for _time in range(3)}
    assert len(columns) == 3


def test_secret_is_in_no_representation(db: None) -> None:
    registered = factories.make_application()
    row = ClientSecret.objects.get()
    for text in (repr(registered), str(registered), repr(row), str(row)):
        assert registered.client_secret not in text
        assert row.digest not in text
