"""Keys of this site: published before they sign, and until they are retired."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from jwcrypto import jwk

from consumer_site.models import ClientKey
from consumer_site.openid import client_keys

pytestmark = pytest.mark.django_db

KEY_SET = "/accounts/house/jwks/"
DAY = timedelta(days=1)


def signing(*algorithms: str, now: Any = None) -> ClientKey | None:
    return client_keys.current(algorithms=algorithms or ["ES256"], now=now)


@pytest.mark.parametrize("algorithm", client_keys.ALGORITHMS)
def test_published_half_verifies_what_the_sealed_half_signs(algorithm: str) -> None:
    import jwt

    key = client_keys.make(algorithm=algorithm)
    (published,) = client_keys.published()["keys"]
    token = jwt.encode({"a": 1}, client_keys.private_key(key), algorithm=algorithm)  # type: ignore[arg-type]
    assert jwt.decode(token, jwt.PyJWK(published), algorithms=[algorithm]) == {"a": 1}
    assert jwk.JWK(**published).thumbprint() == published["kid"] == key.kid
    assert {"d", "p", "q"}.isdisjoint(published)
    assert (published["alg"], published["use"]) == (algorithm, "sig")
    assert "PRIVATE" not in key.sealed


def test_key_set_is_public_and_may_be_kept_for_minutes(visitor: Client) -> None:
    client_keys.make()
    response = visitor.get(KEY_SET)
    assert response.json() == client_keys.published()
    assert response["Content-Type"] == "application/json"
    assert response["Cache-Control"] == "public, max-age=300"
    assert "Set-Cookie" not in response
    assert visitor.post(KEY_SET).status_code == 405


def test_first_key_signs_at_once(db: None) -> None:
    assert signing() is None
    key = client_keys.make()
    assert signing() == key
    assert signing("RS256") is None


def test_next_key_signs_only_once_everybody_can_know_it(db: None) -> None:
    now = timezone.now()
    first, second = client_keys.make(now=now - 100 * DAY), client_keys.make(now=now)
    assert {key["kid"] for key in client_keys.published()["keys"]} == {first.kid, second.kid}
    assert signing(now=now) == first
    assert signing(now=now + client_keys.PUBLISHED_AHEAD - timedelta(seconds=1)) == first
    assert signing(now=now + client_keys.PUBLISHED_AHEAD) == second


def test_retired_key_is_published_and_used_no_more(db: None) -> None:
    now = timezone.now()
    old, new = client_keys.make(now=now - 10 * DAY), client_keys.make(now=now - 5 * DAY)
    client_keys.retire(kid=old.kid)
    assert [key["kid"] for key in client_keys.published()["keys"]] == [new.kid]
    client_keys.retire(kid=new.kid, force=True)
    assert signing() is None
    assert client_keys.published() == {"keys": []}


def test_key_that_signs_is_retired_by_force_alone(db: None) -> None:
    key = client_keys.make()
    with pytest.raises(client_keys.KeyInUse):
        client_keys.retire(kid=key.kid)
    assert signing() == key
    client_keys.retire(kid=key.kid, force=True)
    assert signing() is None


def test_rotation_is_safe_to_repeat_and_leaves_no_gap(db: None) -> None:
    start = timezone.now() - 365 * DAY
    (first,), _nothing = client_keys.rotate(now=start)
    for day in range(1, 200):
        now = start + day * DAY
        client_keys.rotate(now=now)
        client_keys.rotate(now=now)
        key = signing(now=now)
        assert key is not None
        assert key.created_at <= now - client_keys.PUBLISHED_AHEAD or key == first
        assert key.created_at > now - client_keys.ROTATE_AFTER - 2 * DAY
    assert ClientKey.objects.count() == 3
    assert ClientKey.objects.filter(retired_at=None).count() == 1


def test_rotation_of_one_algorithm_leaves_the_others(db: None) -> None:
    now = timezone.now()
    rsa = client_keys.make(algorithm="EdDSA", now=now - 300 * DAY)
    client_keys.rotate(now=now)
    rsa.refresh_from_db()
    assert rsa.retired_at is None


def test_private_key_is_parsed_once_per_process(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    key = client_keys.make()
    parsed = client_keys.private_key(key)
    monkeypatch.setattr("consumer_site.vault.cipher.unseal", lambda *a, **k: pytest.fail("opened again"))
    assert client_keys.private_key(key) is parsed


def test_private_key_sealed_for_another_row_is_not_opened(db: None) -> None:
    from consumer_site.errors import NotConfigured

    mine, other = client_keys.make(), client_keys.make()
    mine.sealed = other.sealed
    with pytest.raises(NotConfigured):
        client_keys.private_key(mine)


def test_unknown_algorithm_is_refused(db: None) -> None:
    with pytest.raises(ValueError, match="no such algorithm"):
        client_keys.make(algorithm="HS256")


def run(*words: str) -> str:
    out = StringIO()
    call_command("consumer_client_keys", *words, stdout=out)
    return out.getvalue()


def test_command_makes_lists_rotates_and_retires(db: None) -> None:
    assert run("make").startswith("made ES256 ")
    (key,) = ClientKey.objects.all()
    assert f"{key.kid} ES256 signs since" in run("list")
    assert run("rotate") == ""
    ClientKey.objects.update(created_at=timezone.now() - 100 * DAY)
    assert run("rotate").startswith("made ES256 ")
    assert " published since" in run("list")
    with pytest.raises(CommandError, match="signs: make its successor first"):
        run("retire", key.kid)
    assert run("retire", key.kid, "--force") == f"retired ES256 {key.kid}\n"
    assert f"{key.kid} ES256 retired since" in run("list")
    with pytest.raises(CommandError, match="There is no key nobody"):
        run("retire", "nobody")


def test_key_set_answers_where_there_is_no_key(visitor: Client) -> None:
    assert json.loads(visitor.get(KEY_SET).content) == {"keys": []}
