"""Read and check an OpenID provider's discovery document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from consumer_site.conf import consumer_settings
from consumer_site.errors import AnswerInvalid, NotConfigured
from consumer_site.http import is_loopback_host
from consumer_site.jose import ALGORITHMS

_MAX_ADDRESS = 2048
_OPTIONAL = ("userinfo_endpoint", "end_session_endpoint", "revocation_endpoint")
# What is meant where the document names no method (OpenID Connect Discovery section 3).
_DEFAULT_AUTH_METHODS = ("client_secret_basic",)
_DEFAULT_RESPONSE_MODES = ("query", "fragment")


@dataclass(frozen=True, slots=True)
class Metadata:
    """What this site uses of a discovery document (OpenID Connect Discovery section 3).

    `end_session_endpoint` is of RP-Initiated Logout section 2.1, `revocation_endpoint` of RFC 8414 section 2; they and
    `userinfo_endpoint` may be empty.
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str
    end_session_endpoint: str
    revocation_endpoint: str
    auth_methods: tuple[str, ...]
    algorithms: tuple[str, ...]
    names_itself: bool  # authorization_response_iss_parameter_supported, RFC 9207 section 3
    auth_algorithms: tuple[str, ...] = ALGORITHMS  # what may sign a client's assertion, RFC 7523
    response_modes: tuple[str, ...] = _DEFAULT_RESPONSE_MODES
    scopes: tuple[str, ...] = ()  # empty where the document does not say
    prompts: tuple[str, ...] = ()  # prompt_values_supported, OpenID Initiating User Registration section 3
    backchannel_logout: bool = False
    frontchannel_logout: bool = False


def discovery_address(server_url: object) -> str:
    """Return where the issuer publishes its discovery document; raise NotConfigured for no usable issuer."""
    if not isinstance(server_url, str) or not is_endpoint(server_url) or "?" in server_url:
        raise NotConfigured("server_url is missing, or is not an https address")
    return server_url.rstrip("/") + "/.well-known/openid-configuration"


def is_endpoint(address: object) -> bool:
    """Return whether `address` may be an endpoint: https, or http on this machine where settings allow that."""
    if not isinstance(address, str) or not address.isascii() or len(address) > _MAX_ADDRESS:
        return False
    if any(character <= " " or character in "\\\x7f#" for character in address):
        return False
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 - raises for a port that is no port
    except ValueError:
        return False
    if not parts.hostname or parts.username is not None:
        return False
    if parts.scheme == "http":
        return consumer_settings.ALLOW_LOOPBACK_HTTP and is_loopback_host(parts.hostname)
    return parts.scheme == "https"


def read_metadata(document: Mapping[str, Any], *, server_url: str) -> Metadata:
    """Return the checked document; raise AnswerInvalid, above all when it speaks for another issuer."""
    if document.get("issuer") != server_url:
        raise AnswerInvalid("discovery: issuer differs from the configured server_url")
    addresses = {}
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", *_OPTIONAL):
        address = document.get(name)
        if address is None and name in _OPTIONAL:
            address = ""
        elif not is_endpoint(address):
            raise AnswerInvalid(f"discovery: {name} is missing or not an https address")
        addresses[name] = str(address)
    query = urlsplit(addresses["authorization_endpoint"]).query
    names = [name for name, _value in parse_qsl(query, keep_blank_values=True)]
    if len(set(names)) != len(names):
        raise AnswerInvalid("discovery: authorization_endpoint repeats a parameter")
    challenges = document.get("code_challenge_methods_supported", ["S256"])
    if not isinstance(challenges, list) or "S256" not in challenges:
        raise AnswerInvalid("discovery: the provider does not support PKCE with S256")
    return Metadata(
        issuer=server_url,
        auth_methods=_auth_methods(document),
        algorithms=_algorithms(document),
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
        auth_algorithms=_names(document, "token_endpoint_auth_signing_alg_values_supported", default=ALGORITHMS),
        response_modes=_names(document, "response_modes_supported", default=_DEFAULT_RESPONSE_MODES),
        scopes=_names(document, "scopes_supported", default=()),
        prompts=_names(document, "prompt_values_supported", default=()),
        backchannel_logout=document.get("backchannel_logout_supported") is True,
        frontchannel_logout=document.get("frontchannel_logout_supported") is True,
        **addresses,
    )


def _names(document: Mapping[str, Any], member: str, *, default: tuple[str, ...]) -> tuple[str, ...]:
    """Return a list of names; `default` where the document is silent, none for what is no list."""
    listed = document.get(member, default)
    return tuple(name for name in listed if isinstance(name, str)) if isinstance(listed, (list, tuple)) else ()


def _auth_methods(document: Mapping[str, Any]) -> tuple[str, ...]:
    supported = document.get("token_endpoint_auth_methods_supported", _DEFAULT_AUTH_METHODS)
    if not isinstance(supported, (list, tuple)):
        raise AnswerInvalid("discovery: token_endpoint_auth_methods_supported is no list")
    return tuple(name for name in supported if isinstance(name, str))


def _algorithms(document: Mapping[str, Any]) -> tuple[str, ...]:
    supported = document.get("id_token_signing_alg_values_supported", ["RS256"])
    common = tuple(name for name in ALGORITHMS if isinstance(supported, list) and name in supported)
    if not common:
        raise AnswerInvalid("discovery: no signature algorithm in common")
    return common
