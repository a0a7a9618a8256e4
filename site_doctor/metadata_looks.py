"""What a provider publishes of itself: metadata (OpenID Discovery, RFC 8414) and keys (RFC 7517)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from site_doctor.caller import Answer, Caller, Unreachable
from site_doctor.findings import Doubtful, Look, NotLookedAt, NotWell
from site_doctor.transport_looks import LOOPBACK

_NEEDED = (
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "response_types_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
)
_PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "k", "oth"}
_CURVE_BITS = {"P-256": 256, "P-384": 384, "P-521": 521, "Ed25519": 256, "Ed448": 456}
_DAY = 86400


@dataclass
class Provider:
    """A provider as its clients see it: its issuer, and what it published when it was first asked."""

    caller: Caller
    issuer: str
    _kept: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def discovery_url(self) -> str:
        """Return where OpenID Discovery 4 has the metadata."""
        return f"{self.issuer}/.well-known/openid-configuration"

    @property
    def oauth_url(self) -> str:
        """Return where RFC 8414 3.1 has it: the well-known part stands before the issuer's path."""
        parts = urlsplit(self.issuer)
        return f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{parts.path}"

    def metadata(self) -> dict[str, Any]:
        """Return the metadata; raise NotLookedAt where there is none, which a look of its own says."""
        try:
            return self.read(self.discovery_url)
        except (Unreachable, NotWell) as error:
            raise NotLookedAt("there is no metadata") from error

    def key_list(self) -> list[dict[str, Any]]:
        """Return the published keys; raise NotLookedAt where there are none."""
        try:
            keys = self.read(str(self.metadata().get("jwks_uri", ""))).get("keys")
        except (Unreachable, NotWell) as error:
            raise NotLookedAt("there are no keys") from error
        return [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else []

    def endpoint(self, name: str) -> str:
        """Return an endpoint's address; raise NotLookedAt where none is published."""
        address = self.metadata().get(name)
        if not isinstance(address, str) or urlsplit(address).scheme not in {"http", "https"}:
            raise NotLookedAt(f"there is no {name}")
        return address

    def answer(self, url: str) -> Answer:
        """Return the answer at an address, asked for once."""
        if url not in self._kept:
            self._kept[url] = self.caller.get(url)
        answer: Answer = self._kept[url]
        return answer

    def read(self, url: str) -> dict[str, Any]:
        """Return the JSON object at an address; raise NotWell where there is none."""
        answer = self.answer(url)
        if answer.status != 200:
            raise NotWell(f"{url} answers {answer.status}")
        try:
            return answer.document()
        except (ValueError, json.JSONDecodeError):
            raise NotWell(f"{url} is no JSON object") from None


def discovery(provider: Provider) -> str:
    """Look at the metadata: there, of this issuer to the letter, with what it must have (OpenID Discovery 3, 4.3)."""
    told = provider.read(provider.discovery_url)
    if told.get("issuer") != provider.issuer:
        raise NotWell(f"issuer is {told.get('issuer')!r}, and not {provider.issuer!r}")
    if missing := [name for name in _NEEDED if not told.get(name)]:
        raise NotWell(f"lacks {', '.join(missing)}")
    kind = provider.answer(provider.discovery_url).header("Content-Type")
    if not kind.startswith("application/json"):
        raise NotWell(f"its type is {kind or 'not told'}")
    return provider.issuer


def oauth_metadata(provider: Provider) -> str:
    """Look whether OAuth's own metadata says the same as OpenID's (RFC 8414 3)."""
    expected = provider.metadata()
    answer = provider.answer(provider.oauth_url)
    if answer.status == 404:
        raise Doubtful("there is none: clients without OpenID find nothing")
    told = provider.read(provider.oauth_url)
    if other := sorted(name for name in {*told, *expected} if told.get(name) != expected.get(name)):
        raise NotWell(f"differs in {', '.join(other)}")
    return "the same"


def endpoints(provider: Provider) -> str:
    """Look whether all addresses are those of the issuer's own origin, by https (RFC 8414 6)."""
    told, origin = provider.metadata(), urlsplit(provider.issuer)
    addresses = {name: value for name, value in told.items() if name.endswith(("_endpoint", "_uri", "_iframe"))}
    for name, value in addresses.items():
        parts = urlsplit(str(value))
        if parts.scheme != "https" and parts.hostname not in LOOPBACK:
            raise NotWell(f"{name} is not https: {value}")
        if (parts.scheme, parts.netloc) != (origin.scheme, origin.netloc):
            raise NotWell(f"{name} is elsewhere: {value}")
        if parts.fragment:
            raise NotWell(f"{name} has a fragment")
    return f"{len(addresses)}, all of {origin.scheme}://{origin.netloc}"


def _list(provider: Provider, name: str) -> Sequence[str]:
    told = provider.metadata().get(name)
    return [str(value) for value in told] if isinstance(told, list) else []


def response_types(provider: Provider) -> str:
    """Look whether tokens are given to browsers (implicit and hybrid flows)."""
    told = _list(provider, "response_types_supported")
    if wrong := [kind for kind in told if "token" in kind.split()]:
        raise NotWell(f"the authorization endpoint gives out tokens: {', '.join(wrong)}")
    return ", ".join(told)


def grant_types(provider: Provider) -> str:
    """Look whether clients may take people's passwords."""
    told = _list(provider, "grant_types_supported")
    if wrong := sorted({"password", "implicit"}.intersection(told)):
        raise NotWell(f"offers {', '.join(wrong)}")
    return ", ".join(told) or "the default: authorization_code"


def pkce(provider: Provider) -> str:
    """Look whether clients are told of PKCE by S256, and of nothing weaker (RFC 9700 2.1.1)."""
    told = _list(provider, "code_challenge_methods_supported")
    if "S256" not in told:
        raise NotWell("S256 is not among code_challenge_methods_supported")
    if "plain" in told:
        raise NotWell("plain is offered: who sees the request sees the verifier")
    return "S256"


def algorithms(provider: Provider) -> str:
    """Look whether ID tokens may come unsigned, or signed by what clients know, too."""
    told = _list(provider, "id_token_signing_alg_values_supported")
    if "none" in told:
        raise NotWell("ID tokens may come unsigned: none")
    if "RS256" not in told:
        raise Doubtful(f"RS256 is not among them, which OpenID asks for: {', '.join(told)}")
    if shared := [alg for alg in told if alg.startswith("HS")]:
        raise Doubtful(f"whoever has a client's secret signs its ID tokens: {', '.join(shared)}")
    return ", ".join(told)


def issuer_in_answers(provider: Provider) -> str:
    """Look whether answers of the authorization endpoint name the issuer, against mix-up (RFC 9207)."""
    if provider.metadata().get("authorization_response_iss_parameter_supported") is not True:
        raise NotWell("authorization_response_iss_parameter_supported is not true")
    return "iss in every answer"


def key_set(provider: Provider) -> str:
    """Look at the published keys: there, each with an id of its own and nothing private (RFC 7517 5)."""
    provider.read(provider.endpoint("jwks_uri"))
    keys = provider.key_list()
    if not keys:
        raise NotWell("no keys")
    if private := [str(key.get("kid")) for key in keys if _PRIVATE.intersection(key)]:
        raise NotWell(f"private parts are published: {', '.join(private)}")
    names = [key.get("kid") for key in keys]
    if None in names or len(set(map(str, names))) < len(names):
        raise NotWell("keys without an id of their own")
    if wrong := [str(key.get("kid")) for key in keys if key.get("use", "sig") != "sig"]:
        raise NotWell(f"not for signatures: {', '.join(wrong)}")
    return f"{len(keys)} keys: {', '.join(sorted({str(key.get('alg', key.get('kty'))) for key in keys}))}"


def _bits(key: dict[str, Any]) -> int:
    if key.get("kty") == "RSA":
        return len(str(key.get("n", "")).rstrip("=")) * 6 // 8 * 8
    return _CURVE_BITS.get(str(key.get("crv")), 0)


def key_sizes(provider: Provider) -> str:
    """Look whether keys are long enough (RFC 7518 3.3: 2048 bits for RSA), and of each algorithm offered."""
    keys = provider.key_list()
    if not keys:
        raise NotLookedAt("there are no keys")
    for key in keys:
        least = 2048 if key.get("kty") == "RSA" else 256
        if _bits(key) < least:
            raise NotWell(f"{key.get('kid')} has {_bits(key)} bits")
    offered = {alg for alg in _list(provider, "id_token_signing_alg_values_supported") if not alg.startswith("HS")}
    # A key without an algorithm of its own is for all that fit.
    named = {str(key["alg"]) for key in keys if "alg" in key} if all("alg" in key for key in keys) else offered
    if missing := sorted(offered - named - {"none"}):
        raise NotWell(f"no key for {', '.join(missing)}")
    return f"{min(_bits(key) for key in keys if key.get('kty') == 'RSA')} bits and more" if _rsa(keys) else "curves"


def _rsa(keys: Sequence[dict[str, Any]]) -> bool:
    return any(key.get("kty") == "RSA" for key in keys)


def key_caching(provider: Provider) -> str:
    """Look how long clients may keep the keys: some time, and not so long that a rotation waits for them."""
    told = provider.answer(provider.endpoint("jwks_uri")).header("Cache-Control").lower()
    seconds = next(
        (word.partition("=")[2] for word in told.replace(" ", "").split(",") if word.startswith("max-age=")), ""
    )
    if "no-store" in told or not seconds.isdecimal():
        raise Doubtful("no max-age: each client asks for each token, or guesses")
    if int(seconds) > _DAY:
        raise NotWell(f"kept for {seconds} seconds: a key that leaked is believed that long")
    return f"{seconds} seconds"


LOOKS = (
    Look("discovery", "OpenID Discovery 3", 'PROVIDER_SITE["ISSUER"] is the public address, to the letter.', discovery),
    Look("oauth-metadata", "RFC 8414 3", "Route /.well-known/ of the origin to the provider.", oauth_metadata),
    Look("endpoints", "RFC 8414 6", 'PROVIDER_SITE["ISSUER"] = "https://…"; nothing rewrites answers.', endpoints),
    Look("response-types", "RFC 9700 2.1.2", "OAUTH2_PROVIDER = dot_settings()", response_types),
    Look("grant-types", "RFC 9700 2.4", "OAUTH2_PROVIDER = dot_settings()", grant_types),
    Look("pkce", "RFC 9700 2.1.1", "OAUTH2_PROVIDER = dot_settings()", pkce),
    Look("algorithms", "OpenID Core 15.1", 'PROVIDER_SITE["SIGNING_ALGORITHMS"] = ["RS256", "ES256"]', algorithms),
    Look("iss-parameter", "RFC 9207 2", "OAUTH2_PROVIDER = dot_settings()", issuer_in_answers),
    Look(
        "jwks",
        "RFC 7517 5",
        "manage.py rotate_signing_keys; take private parts for leaked: --compromised KID.",
        key_set,
    ),
    Look("jwks-sizes", "RFC 7518 3.3", "manage.py rotate_signing_keys --due", key_sizes),
    Look(
        "jwks-caching",
        "OpenID Core 10.1.1",
        'PROVIDER_SITE["JWKS_CACHE_SECONDS"] = 3600; the proxy keeps it.',
        key_caching,
    ),
)
