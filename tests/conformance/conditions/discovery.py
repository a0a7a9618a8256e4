"""The discovery document (OpenID Discovery 3, 4; RFC 8414 2; the logout specifications' metadata)."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from tests.conformance.conditions import texts
from tests.conformance.op import Op

# The registered members by the type of their values (OAuth Authorization Server Metadata registry), as far as a
# provider like this one may ever have them: the suite warns of a member it does not know.
URLS = {
    "issuer", "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "registration_endpoint",
    "revocation_endpoint", "introspection_endpoint", "end_session_endpoint", "check_session_iframe",
    "device_authorization_endpoint", "pushed_authorization_request_endpoint", "service_documentation", "op_policy_uri",
    "op_tos_uri",
}  # fmt: skip
LISTS = {
    "scopes_supported", "response_types_supported", "response_modes_supported", "grant_types_supported",
    "acr_values_supported", "subject_types_supported", "id_token_signing_alg_values_supported",
    "userinfo_signing_alg_values_supported", "request_object_signing_alg_values_supported",
    "token_endpoint_auth_methods_supported", "token_endpoint_auth_signing_alg_values_supported",
    "revocation_endpoint_auth_methods_supported", "introspection_endpoint_auth_methods_supported",
    "display_values_supported", "claim_types_supported", "claims_supported", "claims_locales_supported",
    "ui_locales_supported", "code_challenge_methods_supported", "prompt_values_supported",
    "dpop_signing_alg_values_supported", "authorization_details_types_supported", "protected_resources",
}  # fmt: skip
FLAGS = {
    "claims_parameter_supported", "request_parameter_supported", "request_uri_parameter_supported",
    "require_request_uri_registration", "frontchannel_logout_supported", "frontchannel_logout_session_supported",
    "backchannel_logout_supported", "backchannel_logout_session_supported",
    "authorization_response_iss_parameter_supported", "require_pushed_authorization_requests",
    "require_signed_request_object", "tls_client_certificate_bound_access_tokens",
}  # fmt: skip
RESPONSE_TYPES = {"code", "code id_token", "id_token", "token id_token", "code id_token token", "code token"}
# Language, script and region, in the case of convention (RFC 5646 2.1.1).
LANGUAGE_TAG = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")


def answers(op: Op) -> dict[str, Any]:
    """The address of the issuer answers 200 with JSON (Discovery 4); return the document."""
    answer = op.call("GET", op.discovery_url)
    assert answer.status_code == 200, answer.status_code
    kind = answer.headers.get("Content-Type", "").split(";")[0].strip()
    assert kind == "application/json", kind
    document = answer.json()
    assert isinstance(document, dict), document
    return document


def has_known_members_of_their_types(document: dict[str, Any]) -> None:
    """Every member is a registered one and of its type; lists have texts, and none is empty (RFC 8414 2, 3.2)."""
    unknown = set(document) - URLS - LISTS - FLAGS
    assert not unknown, f"unregistered members: {sorted(unknown)}"
    for name, value in document.items():
        if name in URLS:
            assert urlsplit(str(value)).netloc, f"{name}: {value!r}"
        elif name in LISTS:
            assert isinstance(value, list), f"{name}: {value!r}"
            assert value, f"{name} is empty"
            assert all(isinstance(item, str) for item in value), f"{name}: {value!r}"
        else:
            assert isinstance(value, bool), f"{name}: {value!r}"


def names_the_issuer_it_is_found_at(document: dict[str, Any], op: Op) -> None:
    """`issuer` is the address before the well-known path: https, a host, nothing else (Discovery 4.3, RFC 8414 2)."""
    assert document.get("issuer") == op.discovery_url.removesuffix("/.well-known/openid-configuration"), document
    parts = urlsplit(document["issuer"])
    assert parts.scheme == "https", parts
    assert parts.hostname, parts
    assert not any((parts.query, parts.fragment, parts.username, parts.password)), parts


def uses_https(document: dict[str, Any], *names: str) -> None:
    """Each of these is there, and a URL of https (Discovery 3)."""
    for name in names:
        assert name in document, f"no {name}"
        assert urlsplit(document[name]).scheme == "https", f"{name}: {document[name]}"


def has_endpoints_over_https_alone(document: dict[str, Any]) -> None:
    """Every endpoint of whatever specification is a URL of https."""
    uses_https(document, *(name for name in document if name.endswith("_endpoint")))


def lists(document: dict[str, Any], name: str, *values: str) -> None:
    """The member lists each of these values."""
    assert name in document, f"no {name}"
    missing = set(values) - set(document[name])
    assert not missing, f"{name} lacks {sorted(missing)}"


def is_true(document: dict[str, Any], name: str) -> None:
    """The member is true, not only absent."""
    assert document.get(name) is True, (name, document.get(name))


def has_scopes_and_languages_well_written(document: dict[str, Any]) -> None:
    """Scopes are scope-tokens (RFC 6749 3.3), languages are tags in their usual case (RFC 5646)."""
    for scope in document.get("scopes_supported", []):
        assert texts.SCOPE_TOKEN.fullmatch(scope), scope
    for name in ("ui_locales_supported", "claims_locales_supported"):
        for tag in document.get(name, []):
            assert LANGUAGE_TAG.fullmatch(tag), f"{name}: {tag}"


def supports_openid(document: dict[str, Any]) -> None:
    """What a provider has to have: a response type, a subject type, RS256, openid, claims (Discovery 3)."""
    assert RESPONSE_TYPES & set(document.get("response_types_supported", [])), document
    assert {"public", "pairwise"} & set(document.get("subject_types_supported", [])), document
    lists(document, "id_token_signing_alg_values_supported", "RS256")
    lists(document, "scopes_supported", "openid")
    lists(document, "claims_supported", "sub")
    assert document.get("grant_types_supported") != [], "an empty list of grant types"
    methods = document.get("code_challenge_methods_supported", [])
    assert not methods or {"S256", "plain"} & set(methods), methods
    if "request_object_signing_alg_values_supported" in document:
        lists(document, "request_object_signing_alg_values_supported", "RS256")
