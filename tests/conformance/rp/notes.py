"""What the table says beside a relying party's module. A module of NOT_HERE has no test, for the reason given."""

from __future__ import annotations

_NOT_BY_CODE = "Not applicable with `response_type=code`."
_OTHERS = "Needs what this relying party does not do: "

NOTES = {
    "oidcc-client-test-idtoken-sig-none": "Ends as skipped, which the suite permits: unsigned ID tokens are refused.",
    "oidcc-client-test-kid-absent-multiple-jwks": "The suite takes either: to try every key, or to refuse.",
    "oidcc-client-test-invalid-sig-rs256": "The suite takes either over TLS; the signature is verified here.",
    "oidcc-client-test-invalid-sig-es256": "The suite takes either over TLS; the signature is verified here.",
    "oidcc-client-test-invalid-sig-hs256": "Ends before it begins in the suite, whose metadata list HS256 alone then.",
    "oidcc-client-test-3rd-party-init-login": "A person presses *Continue* first.",
    "oidcc-client-test-rp-frontchannel-rpinitlogout": "Ends as review: the suite cannot see what stands in the frame.",
    "oidcc-client-test-rp-frontchannel-opinitlogout": "Ends as review: the suite cannot see what stands in the frame.",
    "oidcc-client-test-rp-backchannel-rpinitlogout-wrong-alg": (
        "The entry names `id_token_signed_response_alg`, as the registration at the suite does."
    ),
}
NOT_HERE = {
    "oidcc-client-test-userinfo-bearer-body": (
        "The alternative to `oidcc-client-test-userinfo-bearer-header`: a client chooses, and this one sends the token "
        "in the header (RFC 6750 2.1)."
    ),
    "oidcc-client-test-nonce-unless-code-flow": _NOT_BY_CODE,
    "oidcc-client-test-missing-chash": _NOT_BY_CODE,
    "oidcc-client-test-invalid-chash": _NOT_BY_CODE,
    "oidcc-client-test-missing-athash": _NOT_BY_CODE,
    "oidcc-client-test-form-post-error": _OTHERS + "`prompt=none` with `max_age=0`. Errors by form_post are tested.",
    "oidcc-client-test-aggregated-claims": _OTHERS + "claims of third parties, which it leaves aside.",
    "oidcc-client-test-distributed-claims": _OTHERS + "claims of third parties, which it never fetches.",
    "oidcc-client-test-mtls-endpoint-aliases": "Not applicable without client authentication by certificate.",
    "oidcc-client-test-discovery-webfinger-acct": _OTHERS + "WebFinger. An administrator names the issuer.",
    "oidcc-client-test-discovery-webfinger-url": _OTHERS + "WebFinger. An administrator names the issuer.",
    "oidcc-client-test-dynamic-registration": "Not applicable with `client_registration=static_client`.",
    "oidcc-client-test-request-uri-signed-rs256": "Not applicable with `request_type=plain_http_request`.",
    "oidcc-client-test-request-uri-signed-none": "Not applicable with `request_type=plain_http_request`.",
    "oidcc-client-test-session-management": _OTHERS
    + "the frame of Session Management: logout comes by the back channel.",
}
