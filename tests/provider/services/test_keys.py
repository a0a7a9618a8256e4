"""services/keys.py."""

import hmac
import json
from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from provider_site import crypto
from provider_site.errors import AlgorithmNotOffered, SignedTokenRefused
from provider_site.models import SigningKey
from provider_site.services import key_life, keys
from tests.provider.driver import ISSUER, plant_signing_key

ALGORITHMS = ["RS256", "ES256", "EdDSA", "PS256"]


@pytest.fixture(autouse=True)
def _keys(request: pytest.FixtureRequest, db: None) -> None:
    if "unplanted" not in request.node.name:
        plant_signing_key()


def claims(**changes: Any) -> dict[str, Any]:
    """Return the claims of an ID token of ours, changed."""
    now = int(timezone.now().timestamp())
    return {"iss": ISSUER, "sub": "s", "aud": "client", "iat": now, "exp": now + 600} | changes


def published() -> dict[str, dict[str, Any]]:
    return {key["kid"]: key for key in keys.published_jwks()["keys"]}


class TestFirstKeys:
    def test_unplanted_first_use_makes_one_of_each_algorithm_that_are_published(self) -> None:
        signer = keys.signer("EdDSA")
        assert sorted(SigningKey.objects.values_list("alg", "status")) == [
            (alg, "active") for alg in sorted(ALGORITHMS)
        ]
        assert published()[signer.kid]["alg"] == "EdDSA"
        assert keys.signer("EdDSA").kid == signer.kid

    def test_algorithm_offered_later_gets_its_key_with_the_next_look_at_the_keys(self, settings: Any) -> None:
        SigningKey.objects.exclude(alg="RS256").delete()
        settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"SIGNING_ALGORITHMS": ["RS256", "EdDSA"]}
        assert sorted(key["alg"] for key in published().values()) == ["EdDSA", "RS256"]

    def test_algorithm_that_nobody_chose_and_that_is_not_offered_gets_no_key(self, settings: Any) -> None:
        SigningKey.objects.filter(alg="ES256").delete()
        settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"SIGNING_ALGORITHMS": ["RS256"]}
        with pytest.raises(AlgorithmNotOffered):
            keys.signer("ES256")

    def test_signing_and_publishing_ask_the_database_once(self) -> None:
        for ask in (lambda: keys.signer("ES256"), keys.published_jwks):
            with CaptureQueriesContext(connection) as seen:
                ask()
            assert len(seen) == 1


class TestSeal:
    def test_private_half_is_sealed_and_in_no_representation(self) -> None:
        for alg in ALGORITHMS:
            signer, row = keys.signer(alg), SigningKey.objects.get(alg=alg)
            assert "PRIVATE" not in row.sealed_private_key
            for text in (repr(signer), str(signer), repr(row), str(row)):
                assert "PRIVATE" not in text
                assert row.sealed_private_key not in text

    def test_private_member_is_never_published_whatever_the_row_holds(self) -> None:
        row = SigningKey.objects.get(alg="ES256")
        SigningKey.objects.filter(pk=row.pk).update(public_jwk={**row.public_jwk, "d": "leaked", "k": "leaked"})
        assert "leaked" not in json.dumps(keys.published_jwks())

    def test_new_secret_in_the_ring_opens_the_old_key(self, settings: Any) -> None:
        kid = keys.signer().kid
        ring = settings.PROVIDER_SITE["KEY_RING"]
        settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"KEY_RING": ["n" * 40, *ring]}
        assert keys.signer().kid == kid
        settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"KEY_RING": ["n" * 40]}
        with pytest.raises(crypto.Unsealable):
            keys.signer()


class TestPublished:
    def test_set_is_in_one_order_and_holds_every_key_but_retired_ones(self) -> None:
        key_life.rotate(algorithms=["ES256", "EdDSA"])
        key_life.rotate(algorithms=["EdDSA"], force=True)
        first = keys.published_jwks()
        assert first == keys.published_jwks()
        assert len(first["keys"]) == 7
        gone = SigningKey.objects.get(alg="EdDSA", status="previous")
        SigningKey.objects.filter(pk=gone.pk).update(status="retired")
        assert [key for key in first["keys"] if key["kid"] != gone.kid] == keys.published_jwks()["keys"]


class TestVerify:
    @pytest.mark.parametrize("alg", ALGORITHMS)
    def test_token_of_ours_is_believed_by_each_algorithm(self, alg: str) -> None:
        said = claims()
        assert keys.verify(keys.signer(alg).sign(said)) == said

    def test_token_is_believed_while_its_key_is_published_and_no_longer(self) -> None:
        token = keys.signer("ES256").sign(claims())
        key_life.rotate(algorithms=["ES256"])
        key_life.rotate(algorithms=["ES256"], force=True)
        old = SigningKey.objects.get(alg="ES256", status="previous")
        assert keys.verify(token)["sub"] == "s"
        SigningKey.objects.filter(pk=old.pk).update(status="retired")
        with pytest.raises(SignedTokenRefused):
            keys.verify(token)

    def test_expired_token_is_believed_only_by_who_says_so(self) -> None:
        end = int((timezone.now() - timedelta(days=30)).timestamp())
        token = keys.signer().sign(claims(exp=end))
        with pytest.raises(SignedTokenRefused):
            keys.verify(token)
        assert keys.verify(token, allow_expired=True)["exp"] == end

    @pytest.mark.parametrize(
        "changes", [{"iss": "https://other.example"}, {"iss": None}, {"iat": None}, {"exp": None}, {"exp": "soon"}]
    )
    def test_token_without_what_we_always_say_is_refused(self, changes: dict[str, Any]) -> None:
        said = {name: value for name, value in claims(**changes).items() if value is not None}
        with pytest.raises(SignedTokenRefused):
            keys.verify(keys.signer().sign(said))

    def test_audience_is_looked_at_where_it_is_named(self) -> None:
        token = keys.signer().sign(claims())
        assert keys.verify(token, audience="client")["aud"] == "client"
        for said in (claims(), claims(aud=None)):
            with pytest.raises(SignedTokenRefused):
                keys.verify(keys.signer().sign(said), audience="another")

    def test_one_kind_of_token_does_not_pass_for_another(self) -> None:
        token = keys.signer().sign(claims(), typ="at+jwt")
        with pytest.raises(SignedTokenRefused):
            keys.verify(token)
        assert keys.verify(token, typ="at+jwt")["sub"] == "s"

    def test_algorithm_is_the_keys_own_whatever_the_header_says(self) -> None:
        rsa = SigningKey.objects.get(alg="RS256")
        pem = crypto.unseal(rsa.sealed_private_key, key_ring=_ring(), purpose=keys.PURPOSE)
        as_pss = crypto.sign_jwt(claims(), pem=pem, kid=rsa.kid, alg="PS256")
        head = _part({"alg": "HS256", "kid": rsa.kid, "typ": "JWT"}) + "." + _part(claims())
        mac = hmac.digest(json.dumps(rsa.public_jwk).encode(), head.encode(), "sha256")
        with_public_key = f"{head}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}"
        unsigned = jwt.encode(claims(), None, algorithm="none", headers={"kid": rsa.kid, "typ": "JWT"})
        for token in (as_pss, with_public_key, unsigned):
            with pytest.raises(SignedTokenRefused):
                keys.verify(token)

    @pytest.mark.parametrize("kid", [None, 7, "", "\x00", "x" * 65, "unknown", ["RS256"]])
    def test_header_that_names_no_key_of_ours_is_refused(self, kid: Any) -> None:
        signer = keys.signer()
        header = {"alg": "RS256", "typ": "JWT", "kid": kid, "jwk": SigningKey.objects.get(pk=signer.kid).public_jwk}
        token = signer.sign(claims())
        with pytest.raises(SignedTokenRefused):
            keys.verify(".".join([_part(header), *token.split(".")[1:]]))

    @pytest.mark.parametrize("token", ["", "a", "a.b.c", "....", "é.é.é", "e30.e30.", "[" * 5000, "bnVsbA.bnVsbA.x"])
    def test_what_is_no_token_is_refused(self, token: str) -> None:
        with pytest.raises(SignedTokenRefused):
            keys.verify(token)

    @pytest.mark.parametrize("alg", ALGORITHMS)
    def test_altered_token_is_refused(self, alg: str) -> None:
        head, _body, signature = keys.signer(alg).sign(claims()).split(".")
        with pytest.raises(SignedTokenRefused):
            keys.verify(f"{head}.{_part(claims(sub='t'))}.{signature}")


def _part(value: dict[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _ring() -> Any:
    from provider_site.conf import provider_settings

    return provider_settings.key_ring
