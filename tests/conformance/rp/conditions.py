"""What the suite asserts of a relying party's requests; each function names the suite's conditions."""

from __future__ import annotations

import base64
import hashlib
import math
import re
import time
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import unquote_plus, urlsplit

import jwt

from tests.conformance.listener import Received
from tests.conformance.rp.tokens import encoded

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_NONCE, DAY, SKEW = 43, 24 * 3600, 300
URL_SAFE = re.compile(r"\A[A-Za-z0-9._~-]+\Z")
VERIFIER = re.compile(r"\A[A-Za-z0-9._~-]{43,128}\Z")
FROM_SCOPES = {"profile", "email", "phone", "address"}


def authorization_request(
    sent: Mapping[str, str], *, client_id: str, redirect_uris: Collection[str], form_post: bool
) -> None:
    """Check an authorization request.

    EnsureRequestDoesNotContainRequestObject, EnsureAuthorizationHttpRequestContainsOpenIDScope,
    EnsureAuthorizationRequestContainsPkceCodeChallenge, EnsureResponseTypeIsCode, EnsureMatchingClientId,
    EnsureValidRedirectUriForAuthorizationEndpointRequest, DisallowMaxAgeEqualsZeroAndPromptNone,
    ExtractNonceFromAuthorizationRequest, CheckForInvalidCharsInNonce, CheckNonceMaximumLength.
    """
    assert not {"request", "request_uri"} & sent.keys(), "a request object"
    assert "openid" in sent["scope"].split(" "), sent["scope"]
    assert sent["response_type"] == "code", sent["response_type"]
    assert sent["client_id"] == client_id, sent["client_id"]
    assert sent["redirect_uri"] in redirect_uris, sent["redirect_uri"]
    parts = urlsplit(sent["redirect_uri"])
    assert parts.scheme == "https", sent["redirect_uri"]
    assert "#" not in sent["redirect_uri"], sent["redirect_uri"]
    assert (sent.get("max_age"), sent.get("prompt")) != ("0", "none"), "max_age=0 with prompt=none"
    # The suite answers by the variant, whatever is asked; a provider answers by what is asked.
    assert sent.get("response_mode") == ("form_post" if form_post else None), sent.get("response_mode")
    assert URL_SAFE.match(sent["nonce"]), sent["nonce"]
    assert len(sent["nonce"]) <= MAX_NONCE, len(sent["nonce"])
    # RFC 6819 4.4.1.8; the suite has no condition on state, and gives it back as it came.
    assert URL_SAFE.match(sent["state"]), sent["state"]
    assert entropy(sent["state"]) >= 96, sent["state"]
    assert sent["code_challenge_method"] == "S256", sent.get("code_challenge_method")
    assert len(sent["code_challenge"]) == len(encoded(bytes(32))), sent["code_challenge"]


def entropy(text: str) -> float:
    """Return Shannon's entropy in bits, as EnsureMinimumPkceCodeVerifierEntropy counts it."""
    counts = Counter(text).values()
    return -sum(count * math.log2(count / len(text)) for count in counts)


def token_request(form: Mapping[str, str], *, client_id: str) -> None:
    """Check what every token request has: CheckClientIdMatchesOnTokenRequestIfPresent, and a grant type."""
    assert form.get("grant_type") in {"authorization_code", "refresh_token"}, form.get("grant_type")
    assert form.get("client_id", client_id) == client_id, form["client_id"]


def code_grant(form: Mapping[str, str], request: Mapping[str, str] | None, *, used_verifiers: set[str]) -> None:
    """Check the exchange of a code against the authorization request that it was issued for.

    ValidateAuthorizationCode, ValidateRedirectUriForTokenEndpointRequest, ValidateCodeVerifierWithS256,
    EnsureMinimumPkceCodeVerifierEntropy, EnsureMinimumPkceCodeVerifierLength, EnsurePkceCodeVerifierNotUsed.
    """
    assert request is not None, "the code was not issued, or was used"
    assert form.get("redirect_uri") == request["redirect_uri"], form.get("redirect_uri")
    verifier = form.get("code_verifier", "")
    assert VERIFIER.match(verifier), "code_verifier"
    assert entropy(verifier) >= 180, entropy(verifier)
    assert encoded(hashlib.sha256(verifier.encode()).digest()) == request["code_challenge"], "code_verifier"
    assert verifier not in used_verifiers, "code_verifier was used before"
    used_verifiers.add(verifier)


def refresh_grant(form: Mapping[str, str], *, refresh_token: str, scope: str) -> None:
    """Check a refresh: EnsureScopeInRefreshRequestContainsNoMoreThanOriginallyGranted, ValidateRefreshToken."""
    assert set(form.get("scope", scope).split(" ")) <= set(scope.split(" ")), form["scope"]
    assert form.get("refresh_token") == refresh_token, "refresh_token"


def client_secret_basic(received: Received, *, client_id: str, secret: str) -> None:
    """Check ExtractClientCredentialsFromBasicAuthorizationHeader and ValidateClientIdAndSecret."""
    scheme, _space, value = received.headers.get("authorization", "").partition(" ")
    assert scheme.lower() == "basic", scheme
    parts = base64.b64decode(value).decode().split(":")
    assert [unquote_plus(part) for part in parts] == [client_id, secret], parts[0]
    # RFC 6749 2.3: one method in a request, which the suite leaves to the server.
    assert not {"client_secret", "client_assertion"} & received.form.keys(), "two methods at once"


def client_secret_post(received: Received, *, client_id: str, secret: str) -> None:
    """Check ExtractClientCredentialsFromFormPost and ValidateClientIdAndSecret."""
    assert received.form.get("client_id") == client_id, received.form.get("client_id")
    assert received.form.get("client_secret") == secret, "client_secret"
    assert "authorization" not in received.headers, "two methods at once"
    assert "client_assertion" not in received.form, "two methods at once"


def private_key_jwt(
    received: Received, *, client_id: str, issuer: str, token_endpoint: str, jwks: Mapping[str, Any], used: set[str]
) -> None:
    """Check a client assertion by the client's published keys.

    ExtractClientAssertion, ValidateClientAssertionSignature, EnsureClientAssertionTypeIsJwt,
    ValidateClientAssertionClaims, CheckForClientAssertionJtiReuse.
    """
    assert received.form.get("client_assertion_type") == ASSERTION_TYPE, received.form.get("client_assertion_type")
    assertion = received.form["client_assertion"]
    header = jwt.get_unverified_header(assertion)
    fitting = [key for key in jwks["keys"] if key.get("kid") == header.get("kid")]
    assert len(fitting) == 1, f"{len(fitting)} keys fit kid {header.get('kid')}"
    claims = jwt.decode(
        assertion,
        jwt.PyJWK(fitting[0], algorithm=header["alg"]),
        algorithms=["RS256", "PS256", "ES256", "EdDSA"],
        audience=[issuer, token_endpoint],
        issuer=client_id,
        leeway=SKEW,
        options={"require": ["iss", "sub", "aud", "jti", "exp", "iat"]},
    )
    assert claims["sub"] == client_id, claims["sub"]
    assert claims["exp"] <= time.time() + DAY, "exp is too far in the future"
    assert claims["iat"] <= time.time() + DAY, "iat is in the future"
    assert claims["jti"] not in used, "jti was used before"
    used.add(claims["jti"])
    assert "client_secret" not in received.form, "two methods at once"
    assert "authorization" not in received.headers, "two methods at once"


def bearer_by_header(received: Received) -> str:
    """Return the token: ExtractBearerAccessTokenFromHeader, EnsureBearerAccessTokenNotInParams."""
    scheme, _space, token = received.headers.get("authorization", "").partition(" ")
    assert scheme.lower() == "bearer", scheme
    assert token, "no token"
    assert "access_token" not in received.query, "access_token in the query"
    assert "access_token" not in received.form, "access_token in the form"
    return token


def scope_for_claims(sent: Mapping[str, str]) -> None:
    """Check EnsureScopeContainsAtLeastOneOfProfileEmailPhoneAddress."""
    assert FROM_SCOPES & set(sent["scope"].split(" ")), sent["scope"]


def end_session_request(
    sent: Mapping[str, str], *, issued: Collection[str], post_logout_redirect_uris: Collection[str]
) -> None:
    """Check a logout request.

    ValidateIdTokenHintInRPInitiatedLogoutRequest, ValidatePostLogoutRedirectUri,
    EnsureEndSessionEndpointRequestContainsStateParameter.
    """
    assert sent.get("id_token_hint") in issued, "id_token_hint"
    assert sent.get("post_logout_redirect_uri") in post_logout_redirect_uris, sent.get("post_logout_redirect_uri")
    assert sent.get("state"), "state"


def logout_answer(status: int, headers: Mapping[str, str], *, expected: int) -> None:
    """Check an answer to a logout token.

    EnsureBackChannelLogoutEndpointResponseContainsCacheHeaders, EnsureBackChannelLogoutUriResponseStatusCodeIs200 or
    EnsureBackChannelLogoutUriResponseStatusCodeIs400.
    """
    directives = [directive.strip() for directive in headers.get("Cache-Control", "").split(",")]
    assert "no-store" in directives, directives
    assert status == expected, status
