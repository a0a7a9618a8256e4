"""Builds that are careless with tokens, keys, secrets, sizes and outbound calls."""

from typing import Any

from tests.security.weakened.registry import Build, weakens

_CONFUSION = "test_token_confusion.py::TestJwtConfusion"


@weakens(
    f"{_CONFUSION}::test_unsigned_copy_opens_nothing[none]",
    f"{_CONFUSION}::test_signature_with_our_public_key_as_a_secret_opens_nothing[JWT]",
    f"{_CONFUSION}::test_key_that_a_token_brings_along_is_not_believed[header4]",
)
def signatures_are_not_looked_at(build: Build) -> None:
    """A JWT is believed whoever has signed it, if anybody has (RFC 8725 2.1)."""
    import jwt

    def read(token: str, **_named: Any) -> Any:
        return jwt.decode(token, options={"verify_signature": False})

    build.replace("provider_site.crypto.verify_jwt", read)


@weakens(
    f"{_CONFUSION}::test_jwt_access_token_is_no_id_token_hint",
    "test_logout_abuse.py::TestHints::test_other_token_of_ours_is_no_hint[at+jwt]",
)
def types_of_tokens_are_not_looked_at(build: Build) -> None:
    """One kind of signed token passes for another (RFC 8725 3.11)."""

    def header_of(original: Any, token: str) -> Any:
        return original(token) | {"typ": "JWT"}

    build.wrap("provider_site.crypto.header_of", header_of)


@weakens(
    "test_secrets_in_admin.py::TestSecretsInAdmin::test_database_holds_no_usable_credential",
    "test_request_handle.py::TestRequestHandle::test_stored_digest_is_no_handle",
)
def credentials_are_stored_in_clear(build: Build) -> None:
    """Who reads the database can use what stands there."""
    build.replace("provider_site.crypto.digest", lambda value: value)
    # It makes numbers of digests.
    build.replace("provider_site.services.limits.spend", lambda *_args: 0)


@weakens(
    "test_token_confusion.py::TestTokenConfusion::test_id_token_opens_nothing",
    f"{_CONFUSION}::test_id_token_is_no_access_token_and_unknown_to_introspection",
)
def id_tokens_open_userinfo(build: Build) -> None:
    """An ID token is taken for an access token of its authorization (stock django-oauth-toolkit did)."""

    def find(original: Any, text: str) -> Any:
        if (found := original(text)) is not None or text.count(".") != 2:
            return found
        from oauth2_provider.models import get_access_token_model

        from provider_site.storage import access, access_rows

        row = get_access_token_model().objects.select_related("application__registration", "user").latest("pk")
        from provider_site.models import Authorization

        return access.judged(access_rows.Rows(row, None, Authorization.objects.latest("created")))

    build.wrap("provider_site.storage.access.find_with_person", find)


@weakens("test_secrets_in_logs.py::TestSecretsInLogs::test_whole_flow_with_its_failures_writes_no_secret")
def requests_are_logged_whole(build: Build) -> None:
    """A line for debugging writes down what clients send."""
    import logging

    def exchange(original: Any, self: Any, request: Any) -> Any:
        logging.getLogger("provider_site.protocol").info("token request %s", request.POST.dict())
        return original(self, request)

    build.wrap("provider_site.protocol.token.TokenView._exchange", exchange)


@weakens(
    "test_signed_statements.py::TestReceipts::test_receipt_is_its_persons_alone",
)
def receipts_are_anybodys(build: Build) -> None:
    """Whoever counts through the numbers reads the receipts of others."""

    def consent_of(*, user: Any, application: Any, consent_id: int) -> Any:
        from provider_site.models import Consent

        return Consent.objects.filter(pk=consent_id).first()

    def application_of(*, user: Any, key: str) -> Any:
        from oauth2_provider.models import get_application_model

        return get_application_model().objects.filter(pk=key).first()

    build.replace("provider_site.services.connections.consent_of", consent_of)
    build.replace("provider_site.services.connections.application_of", application_of)


@weakens(
    "test_events_ssrf.py::test_special_and_unencrypted_addresses_are_not_called[https://10.0.0.1/]",
    "test_events_ssrf.py::test_special_and_unencrypted_addresses_are_not_called"
    "[https://169.254.169.254/latest/meta-data/]",
    "test_events_ssrf.py::test_name_of_a_private_address_is_not_called",
    "test_events_ssrf.py::test_address_that_would_not_be_called_is_refused_where_it_is_entered[https://10.0.0.1/-False]",
)
def every_address_is_called(build: Build) -> None:
    """The outbound client calls whatever a name leads to (OWASP SSRF)."""
    build.replace("outbound_http.guard.check_address", lambda *_args, **_named: None)
    build.replace("outbound_http.transport.check_address", lambda *_args, **_named: None)


@weakens(
    "test_bounds.py::TestBounds::test_boundless_state_is_not_kept",
)
def states_have_no_bound(build: Build) -> None:
    """What a stranger sends as state is kept however long it is."""
    build.replace("provider_site.protocol.authorize.parameters.unreadable", lambda *_args: None)


@weakens("test_bounds.py::TestBounds::test_name_of_a_client_that_is_none_is_not_kept_whole")
def names_have_no_bound(build: Build) -> None:
    """Failures are counted by names as long as a body may be, which stay in memory."""
    build.replace("provider_site.protocol.throttling._LONGEST_NAME", 10**9)


@weakens("test_bounds.py::TestBounds::test_code_cannot_be_used_after_a_minute")
def codes_live_for_an_hour(build: Build) -> None:
    """A code can be redeemed for an hour (RFC 6749 4.1.2)."""
    build.settings(PROVIDER_SITE={"AUTHORIZATION_CODE_SECONDS": 3600})
