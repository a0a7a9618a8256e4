"""The discovery documents of the Config plan and of the logout plans."""

from __future__ import annotations

from tests.conformance.conditions import discovery, jwks
from tests.conformance.op import Op
from tests.conformance.plans import module


@module("oidcc-discovery-endpoint-verification")
def test_discovery_document_holds_what_it_must(provider: Op) -> None:
    """JSON at the issuer's address; issuer, members, endpoints over TLS, keys, scopes and languages as demanded."""
    document = discovery.answers(provider)
    discovery.names_the_issuer_it_is_found_at(document, provider)
    discovery.has_known_members_of_their_types(document)
    discovery.supports_openid(document)
    discovery.uses_https(
        document, "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "issuer"
    )
    discovery.has_endpoints_over_https_alone(document)
    discovery.has_scopes_and_languages_well_written(document)
    discovery.is_true(document, "claims_parameter_supported")
    jwks.are_sound(provider)


@module("oidcc-rp-initiated-logout-discovery-endpoint-verification")
def test_discovery_names_the_end_of_sessions(provider: Op) -> None:
    """`end_session_endpoint` is there, and every endpoint is over TLS."""
    document = discovery.answers(provider)
    discovery.has_endpoints_over_https_alone(document)
    discovery.uses_https(document, "end_session_endpoint")


@module("oidcc-backchannel-logout-discovery-endpoint-verification")
def test_discovery_promises_back_channel_logout(provider: Op) -> None:
    """Back-channel logout and its sid are promised, beside end_session_endpoint."""
    document = discovery.answers(provider)
    discovery.has_endpoints_over_https_alone(document)
    discovery.is_true(document, "backchannel_logout_supported")
    discovery.is_true(document, "backchannel_logout_session_supported")
    discovery.uses_https(document, "end_session_endpoint")


@module("oidcc-frontchannel-logout-discovery-endpoint-verification")
def test_discovery_promises_front_channel_logout(provider: Op) -> None:
    """Front-channel logout and its sid are promised, beside end_session_endpoint."""
    document = discovery.answers(provider)
    discovery.has_endpoints_over_https_alone(document)
    discovery.is_true(document, "frontchannel_logout_supported")
    discovery.is_true(document, "frontchannel_logout_session_supported")
    discovery.uses_https(document, "end_session_endpoint")


@module("oidcc-session-management-discovery-endpoint-verification")
def test_discovery_names_the_frame_of_session_management(provider: Op) -> None:
    """`check_session_iframe` and `end_session_endpoint` are there, over TLS."""
    document = discovery.answers(provider)
    discovery.uses_https(document, "check_session_iframe", "end_session_endpoint")


@module("oidcc-server-rotate-keys")
def test_rotation_adds_a_key_and_keeps_the_old(provider: Op) -> None:
    """After a rotation a new key with a kid and material of its own is published, and an old one still is."""
    from django.core.management import call_command

    before = jwks.are_sound(provider)
    call_command("rotate_signing_keys", alg=["RS256", "ES256"], verbosity=0)
    jwks.were_rotated(before, jwks.are_sound(provider))
