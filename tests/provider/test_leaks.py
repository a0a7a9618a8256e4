"""Leaked credentials: recognised by their shape, revoked by their text."""

import io
import json
import re
import zlib
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.core import mail
from django.core.management import CommandError, call_command

from provider_site.models import AuditEvent, Authorization, ClientSecret
from provider_site.services import outbox, secrets
from provider_site.storage import credentials
from tests import factories
from tests.provider.driver import Driver

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def revoke(*texts: str, monkeypatch: pytest.MonkeyPatch, **options: Any) -> list[dict[str, Any]]:
    """Give the texts to the command on stdin; return its answers."""
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(texts) + "\n"))
    output = io.StringIO()
    call_command("revoke_leaked", json=True, stdout=output, **options)
    answers: list[dict[str, Any]] = json.loads(output.getvalue())
    return answers


def works(driver: Driver) -> bool:
    return driver.token(grant_type="refresh_token", refresh_token="none").error != "invalid_client"


def checksum(text: str) -> str:
    """Compute the checksum from its description alone, as a secret scanner would."""
    number, digits = zlib.crc32(text.encode()), ""
    for _digit in range(6):
        number, rest = divmod(number, 62)
        digits = DIGITS[rest] + digits
    return digits


def test_scanner_recognises_what_was_issued_by_pattern_and_checksum(driver: Driver) -> None:
    tokens = driver.tokens()
    for prefix, text in (("osat_", tokens.access), ("osrt_", tokens.refresh), ("oscs_", driver.secret)):
        assert re.search(rf"\b{credentials.PATTERNS[prefix]}\b", f'password = "{text}";')
        assert text[-6:] == checksum(text[:-6])
        assert credentials.recognised(text) == prefix
        assert credentials.recognised(text[:-1] + ("0" if text[-1] != "0" else "1")) is None


def test_leaked_secret_of_any_application_is_revoked_and_its_owners_told(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.make_application()
    further = secrets.issue_secret(application=driver.application)
    outbox.deliver_due()
    mail.outbox.clear()
    (answer,) = revoke(f"  {driver.secret}  ", monkeypatch=monkeypatch)
    assert (answer["outcome"], answer["client_ids"]) == ("revoked", [driver.application.client_id])
    assert not works(driver)
    event = AuditEvent.objects.get(action="secret.revoked")
    assert event.data["reason"] == "leaked"
    outbox.deliver_due()
    (message,) = mail.outbox
    assert message.to == [driver.application.registration.owner.email]
    for told in (json.dumps(answer), str(event.data), f"{message.subject} {message.body}"):
        assert driver.secret not in told
    driver.secret = further
    assert works(driver)


def test_secret_revoked_before_is_said_to_have_ended(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    revoke(driver.secret, monkeypatch=monkeypatch)
    (answer,) = revoke(driver.secret, monkeypatch=monkeypatch)
    assert answer["outcome"] == "dead_already"
    assert AuditEvent.objects.filter(action="secret.revoked").count() == 1


@pytest.mark.parametrize("leaked", ["access", "refresh"])
def test_leaked_token_dies_with_its_family(driver: Driver, leaked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = driver.tokens()
    (answer,) = revoke(getattr(tokens, leaked), monkeypatch=monkeypatch)
    assert (answer["outcome"], answer["client_ids"]) == ("revoked", [driver.application.client_id])
    assert not driver.works(tokens.access)
    assert driver.refresh(tokens.refresh).error == "invalid_grant"
    assert Authorization.objects.get().revoked_reason == "leaked"
    event = AuditEvent.objects.get(action="token.revoked")
    assert (event.data["reason"], event.data["kind"]) == ("leaked", f"{leaked}_token")
    assert getattr(tokens, leaked) not in str(event.data)


def test_leaked_refresh_token_that_was_rotated_kills_its_successors(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = driver.tokens()
    second = driver.refresh(first.refresh)
    (answer,) = revoke(first.refresh, monkeypatch=monkeypatch)
    assert answer["outcome"] == "revoked"
    assert not driver.works(second.access)
    assert driver.refresh(second.refresh).error == "invalid_grant"
    (answer,) = revoke(first.refresh, monkeypatch=monkeypatch)
    assert answer["outcome"] == "dead_already"


def test_tokens_of_others_stay(driver: Driver, other_user: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Registered:
        application, client_secret = driver.application, driver.secret

    other = Driver(Registered, other_user)
    tokens, others = driver.tokens(), other.tokens()
    revoke(tokens.access, monkeypatch=monkeypatch)
    assert other.works(others.access)
    assert other.refresh(others.refresh).status == 200


def test_unknown_text_of_our_shape_is_told_from_any_other(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [credentials.new_client_secret(), credentials.new_access_token(None), credentials.new_refresh_token()]
    answers = revoke(*texts, "", "hunter2", texts[0][:-1], "a\x00b", monkeypatch=monkeypatch)
    assert [answer["outcome"] for answer in answers] == ["unknown"] * 3 + ["not_ours"] * 3
    assert [answer["kind"] for answer in answers][:3] == ["client secret", "access token", "refresh token"]


@pytest.mark.parametrize("chosen", ["my cat is called Mimi", "aZ7kQ2mX" * 16])
@pytest.mark.parametrize("hashed", [True, False])
def test_leaked_secret_in_stock_dot_s_column_is_closed(
    driver: Driver, chosen: str, hashed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ClientSecret.objects.all().delete()
    stored = make_password(chosen) if hashed else chosen
    type(driver.application).objects.update(client_secret=stored, hash_client_secret=hashed)
    driver.secret = chosen
    named = {"client_id": driver.application.client_id} if hashed else {}
    (answer,) = revoke(chosen, monkeypatch=monkeypatch, **named)
    assert (answer["outcome"], answer["client_ids"]) == ("revoked", [driver.application.client_id])
    assert not works(driver)
    outbox.deliver_due()
    assert "leaked" in mail.outbox[0].subject
    assert chosen not in mail.outbox[0].body


def test_stored_hash_is_not_taken_for_the_secret(application: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    type(application).objects.update(client_secret=make_password("my cat is called Mimi"))
    application.refresh_from_db()
    (answer,) = revoke(application.client_secret, monkeypatch=monkeypatch)
    assert answer["outcome"] == "not_ours"
    assert secrets.has_legacy_secret(application=application)


def test_command_says_in_words_what_it_was_without_repeating_it(driver: Driver) -> None:
    output = io.StringIO()
    call_command("revoke_leaked", driver.secret, "hunter2", stdout=output)
    first, second = output.getvalue().splitlines()
    assert first.startswith(driver.secret[:8])
    assert driver.application.client_id in first
    assert "revoked" in first
    assert "no secret or token" in second
    assert driver.secret not in output.getvalue()


def test_command_refuses_nothing_at_all_and_an_unknown_application(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="stdin"):
        revoke(" ", monkeypatch=monkeypatch)
    with pytest.raises(CommandError, match="nobody's"):
        revoke("x", client_id="nobody's", monkeypatch=monkeypatch)
