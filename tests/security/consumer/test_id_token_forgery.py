"""Sign an ID token without the provider's key, or make the verifier choose another key or algorithm."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from jwcrypto import jwk, jws

from tests.consumer.journey import Journey, assert_error_page
from tests.consumer.openid_provider import Answer, OpenIDProvider

pytestmark = pytest.mark.django_db

Forge = Callable[[OpenIDProvider, str], str]


def encoded(value: bytes | dict[str, Any]) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(part: str) -> dict[str, Any]:
    return dict(json.loads(base64.urlsafe_b64decode(part + "==")))


def unsigned(name: str) -> Forge:
    return lambda house, token: f"{encoded({'alg': name, 'kid': 'key-1'})}.{token.split('.')[1]}."


def by_public_key(form: str) -> Forge:
    """Take the public key's text for a shared secret (RFC 8725 section 2.1)."""

    def forge(house: OpenIDProvider, token: str) -> str:
        key = house.keys[0]
        secret = key.export_to_pem() if form == "pem" else key.export_public().encode()
        signed = f"{encoded({'alg': 'HS256', 'kid': 'key-1'})}.{token.split('.')[1]}"
        return f"{signed}.{encoded(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"

    return forge


def with_header(*, bring: bool = False, **header: Any) -> Forge:
    """Sign with a key of the attacker's, and say in the header where it is."""

    def forge(house: OpenIDProvider, token: str) -> str:
        own = jwk.JWK.generate(kty="EC", crv="P-256", kid="key-1", use="sig", alg="ES256")
        extra = {"jwk": json.loads(own.export_public())} if bring else {}
        made = jws.JWS(json.dumps(decoded(token.split(".")[1])))
        made.add_signature(own, "ES256", json.dumps({"alg": "ES256", "kid": "key-1", **extra, **header}))
        return str(made.serialize(compact=True))

    return forge


def changed(house: OpenIDProvider, token: str) -> str:
    head, body, signature = token.split(".")
    return f"{head}.{encoded({**decoded(body), 'sub': 'somebody-else'})}.{signature}"


def of_json(house: OpenIDProvider, token: str) -> str:
    head, body, signature = token.split(".")
    return json.dumps({"payload": body, "protected": head, "signature": signature})


FORGERIES: dict[str, Forge] = {
    "none": unsigned("none"),
    "None": unsigned("None"),
    "nOnE": unsigned("nOnE"),
    "no algorithm": unsigned(""),
    "public key as secret, PEM": by_public_key("pem"),
    "public key as secret, JWK": by_public_key("jwk"),
    "own key": with_header(),
    "own key in the header": with_header(bring=True),
    "own key's address": with_header(jku="https://evil.example/jwks"),
    "own certificate's address": with_header(x5u="https://evil.example/c.pem"),
    "unknown critical header": with_header(crit=["exp"], exp=1),
    "key id of a file": with_header(kid="../../../dev/null"),
    "key id of a query": with_header(kid="' UNION SELECT 'x' --"),
    "key id that is none": with_header(kid=None),
    "key id that is a list": with_header(kid=["key-1"]),
    "changed claims": changed,
    "no signature": lambda house, token: token.rpartition(".")[0] + ".",
    "two parts": lambda house, token: token.rpartition(".")[0],
    "five parts": lambda house, token: token + ".x.y",
    "JSON serialization": of_json,
    "blank at the end": lambda house, token: token + " ",
    "line feed inside": lambda house, token: token.replace(".", "\n.", 1),
    "enormous": lambda house, token: token + "A" * 100_000,
}


@pytest.mark.parametrize("name", FORGERIES)
@pytest.mark.parametrize("wanted", ["RS256", "ES256"])
def test_forged_token_signs_nobody_in(journey: Journey, name: str, wanted: str) -> None:
    if wanted == "ES256":
        journey.house.use("ES256", "key-1")
    house = journey.house
    house.bend_tokens = lambda answer: answer.update(id_token=FORGERIES[name](house, answer["id_token"]))
    house.bend_discovery = lambda document: document.update(
        id_token_signing_alg_values_supported=["none", "HS256", "RS256", "ES256", "PS256", "EdDSA"]
    )
    assert_error_page(journey.sign_in(), 502)
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [{"use": "enc"}, {"alg": "RSA-OAEP"}, {"alg": "PS256"}, {"alg": None}, {"kty": "oct"}, {"kty": "EC"}, {"kid": "2"},
     {"kid": None}, {"n": "AQAB"}, {"n": 5}, {"e": None}, {"crv": "P-256"}, {"d": "x"}, {"use": ["sig"]}],
)  # fmt: skip
def test_key_that_is_not_for_this_is_not_used(journey: Journey, changes: dict[str, Any]) -> None:
    key = json.loads(journey.house.keys[0].export_public())
    journey.house.replies["/jwks"] = Answer({"keys": [{**key, **changes}]})
    assert_error_page(journey.sign_in(), 502)
    assert not SocialAccount.objects.exists()


def test_token_that_names_no_key_among_several_signs_nobody_in(journey: Journey) -> None:
    house = journey.house
    house.keys.append(house.make_key("RS256", "key-2"))
    house.bend_tokens = lambda answer: answer.update(
        id_token=house.sign(decoded(answer["id_token"].split(".")[1]), header={"kid": None})
    )
    assert_error_page(journey.sign_in(), 502)


def test_member_that_appears_twice_is_read_as_it_was_verified(journey: Journey) -> None:
    """The last one counts for the header's verifier and for us alike, so `none` can't hide behind RS256."""
    house = journey.house

    def twice(answer: dict[str, Any]) -> None:
        head, body, signature = answer["id_token"].split(".")
        text = base64.urlsafe_b64decode(head + "==").decode()
        doubled = text[:-1] + ', "alg": "none"}'
        answer["id_token"] = f"{encoded(doubled.encode())}.{body}.{signature}"

    house.bend_tokens = twice
    assert_error_page(journey.sign_in(), 502)


def test_made_up_key_ids_make_us_ask_the_provider_once(journey: Journey) -> None:
    journey.sign_in()
    house = journey.house
    before = len(house.requests_to("/jwks"))
    house.bend_tokens = lambda answer: answer.update(
        id_token=house.sign(decoded(answer["id_token"].split(".")[1]), header={"kid": f"made-up-{len(house.received)}"})
    )
    for _attempt in range(5):
        assert_error_page(journey.sign_in(), 502)
    assert len(house.requests_to("/jwks")) == before + 1


def test_retired_key_signs_nobody_in(journey: Journey) -> None:
    journey.sign_in()
    journey.visitor.logout()
    SocialAccount.objects.all().delete()
    old = journey.house.keys[0]
    journey.house.use("RS256", "key-2")
    journey.sign_in()
    journey.house.bend_tokens = lambda answer: answer.update(
        id_token=journey.house.sign(decoded(answer["id_token"].split(".")[1]), key=old)
    )
    journey.visitor.logout()
    assert_error_page(journey.sign_in(), 502)
