"""Builds that are careless with redirect URIs, PKCE, codes and refresh tokens."""

from typing import Any

from tests.security.weakened.registry import Build, weakens

_REDIRECTS = "test_redirect_uri_parsing.py::TestRedirectUriParsing"
_PKCE = "test_pkce_downgrade.py::TestPkceOmissionAndDowngrade"
_REPLAY = "test_code_replay.py::TestCodeReplay"
_REFRESH = "test_refresh_replay.py::TestRefreshReplay"
_INJECTION = "test_code_injection.py::TestCodeInjection"


@weakens(
    f"{_REDIRECTS}::test_lookalike_is_refused_on_a_page[https://app.example.com/callback?next=https://evil.example]",
    f"{_REDIRECTS}::test_lookalike_is_refused_on_a_page[https://app.example.com/callback/../evil]",
)
def redirect_uris_match_by_their_beginning(build: Build) -> None:
    """Whatever begins like a registered redirect URI is one (RFC 9700 4.1.1)."""
    build.replace(
        "provider_site.policy.redirect.matches",
        lambda requested, registered: any(requested.startswith(uri) for uri in registered),
    )


@weakens(
    "test_open_redirect.py::TestOpenRedirect::test_error_never_leaves_for_an_unregistered_address"
    "[parameters1-https://evil.example/]",
    "test_any_logout_parameter.py::test_any_parameters_are_a_page_or_the_registered_address",
    "test_try_it.py::TestStranger::test_address_is_compared_character_by_character[?x=1]",
)
def redirect_uris_are_not_compared(build: Build) -> None:
    """Any redirect URI will do, at sign-in and at sign-out."""
    build.replace("provider_site.policy.redirect.matches", lambda _requested, _registered: True)


@weakens(f"{_REDIRECTS}::test_dangerous_address_cannot_be_registered")
def redirect_uris_are_registered_unseen(build: Build) -> None:
    """Nobody looks at a redirect URI when it is registered."""
    build.replace("provider_site.policy.redirect.refusal", lambda _uri: None)


@weakens(
    f"{_PKCE}::test_no_challenge_gets_no_code",
    f"{_PKCE}::test_no_challenge_gets_no_code_though_consent_is_remembered",
)
def pkce_is_not_required(build: Build) -> None:
    """A client may leave PKCE out (RFC 9700 2.1.1)."""
    build.replace("provider_site.protocol.validator.Validator.is_pkce_required", lambda *_args: False)


@weakens(
    f"{_PKCE}::test_code_with_a_challenge_needs_its_verifier[wrongwrongwrongwrongwrongwrongwrongwrongwrongwrong]",
    f"{_PKCE}::test_challenge_is_not_accepted_as_verifier",
    f"{_INJECTION}::test_stolen_code_without_its_verifier_is_refused",
)
def verifiers_are_not_compared(build: Build) -> None:
    """A code is redeemed whatever its verifier is, on either way."""
    build.replace("oauthlib.oauth2.rfc6749.grant_types.authorization_code.code_challenge_method_s256", _always)
    build.patch.setitem(
        _authorization_code_grant()._code_challenge_methods,
        "S256",
        _always,
    )


def _always(*_args: Any) -> bool:
    return True


def _authorization_code_grant() -> Any:
    from oauthlib.oauth2.rfc6749.grant_types import AuthorizationCodeGrant

    return AuthorizationCodeGrant


@weakens(f"{_PKCE}::test_verifier_for_a_code_without_challenge_is_refused")
def challenge_may_be_stripped(build: Build) -> None:
    """A verifier for a code that was made without a challenge is left unlooked at (RFC 9700 4.8.2)."""

    def validate(original: Any, self: Any, client_id: str, code: str, client: Any, request: Any, **named: Any) -> bool:
        verifier, request.code_verifier = request.code_verifier, None
        try:
            return bool(original(self, client_id, code, client, request, **named))
        finally:
            request.code_verifier = verifier

    build.wrap("provider_site.protocol.validator.Validator.validate_code", validate)


@weakens(
    f"{_REPLAY}::test_second_use_is_refused_and_kills_what_the_first_bought",
    f"{_REPLAY}::test_replay_kills_what_was_refreshed_since",
    f"{_REFRESH}::test_rotated_token_is_refused_and_kills_the_family",
    f"{_REFRESH}::test_thief_who_refreshes_first_is_thrown_out_by_the_owners_use",
    f"{_REFRESH}::test_token_of_a_public_client_is_rotated_and_its_replay_kills",
    "test_device_theft.py::test_replay_is_reported_and_kills_what_the_code_bought",
)
def replay_kills_nothing(build: Build) -> None:
    """What is used again is refused, and what it bought lives on (RFC 9700 4.5, 4.14)."""
    build.replace("provider_site.protocol.validator.Validator._punish_replay", lambda *_args, **_named: None)


@weakens(
    f"{_INJECTION}::test_code_of_another_client_is_refused",
    f"{_REPLAY}::test_replay_by_another_client_kills_nothing",
)
def codes_are_of_no_client(build: Build) -> None:
    """A code is good for any client that has proven itself (RFC 6749 4.1.3)."""

    def validate(original: Any, self: Any, client_id: str, code: str, client: Any, request: Any, **named: Any) -> bool:
        if (record := self._code(request)) is not None:
            record.authorization.application_id = client.pk
        return bool(original(self, client_id, code, client, request, **named))

    build.wrap("provider_site.protocol.validator.Validator.validate_code", validate)


@weakens(f"{_INJECTION}::test_code_of_one_address_is_refused_at_another_address_of_the_client")
def codes_are_of_no_redirect_uri(build: Build) -> None:
    """A code is redeemed with another redirect URI than it was asked for with (RFC 6749 4.1.3)."""
    build.replace("provider_site.protocol.validator.Validator.confirm_redirect_uri", lambda *_args, **_named: True)


@weakens(f"{_REFRESH}::test_token_of_another_client_is_refused_and_survives")
def refresh_tokens_are_of_no_client(build: Build) -> None:
    """A refresh token is good for any client that has proven itself (RFC 6749 10.4)."""

    def validate(original: Any, self: Any, token: str, client: Any, request: Any, **named: Any) -> bool:
        from provider_site.storage import tokens

        record = tokens.find_refresh_token(token)
        return bool(original(self, token, record.row.application if record else client, request, **named))

    build.wrap("provider_site.protocol.validator.Validator.validate_refresh_token", validate)


@weakens(
    f"{_REFRESH}::test_scope_cannot_be_widened",
    "test_claim_widening.py::test_refresh_cannot_widen_to_a_claim",
    "test_consent_tampering.py::TestConsentTampering::test_declined_scope_is_in_no_token",
)
def refreshing_widens(build: Build) -> None:
    """A refresh may ask for any scope (RFC 6749 6)."""
    build.replace("provider_site.protocol.validator.Validator.is_within_original_scope", lambda *_args, **_named: True)
    build.replace("provider_site.protocol.validator.Validator.validate_scopes", lambda *_args, **_named: True)


def _short_way(build: Build, kind: str, *steps: str) -> None:
    """Put other statements in the place of those that consume what was presented."""
    from provider_site.storage import token_writes

    build.patch.setitem(token_writes._STEPS, kind, steps)
    build.replace("provider_site.storage.token_writes._texts", {})


@weakens(f"{_REPLAY}::test_second_use_is_refused_where_the_first_took_the_short_way")
def codes_are_not_consumed(build: Build) -> None:
    """A code stays where it was redeemed, on the short way (RFC 6749 4.1.2)."""
    _short_way(
        build,
        "code",
        "UPDATE {family_table} SET consumed_at = CASE WHEN consumed_at = %s THEN NULL END WHERE id = %s",
        "DELETE FROM {code_table} WHERE code = %s AND 1 = 0",
    )


@weakens(f"{_REFRESH}::test_rotated_token_is_refused_and_kills_the_family")
def refresh_tokens_are_not_rotated_out(build: Build) -> None:
    """A refresh token goes on after its successor was given, on the short way (RFC 9700 4.14.2)."""
    _short_way(
        build,
        "refresh",
        "UPDATE {refresh_table} SET revoked = CASE WHEN revoked = %s THEN NULL END WHERE {refresh_key} = %s",
        "DELETE FROM {access_table} WHERE {access_key} = %s AND 1 = 0",
    )
    # One successor of each token is what the table lets in.
    build.wrap("provider_site.storage.token_writes._access", lambda original, *args, source: original(*args))


@weakens("test_dead_accounts.py::TestClosedApplication::test_machine_gets_no_token[suspended]")
def clients_are_not_read_again(build: Build) -> None:
    """What a process knows of a client counts although the database has changed, on the short way (decision 0050)."""
    from provider_site.storage import clients

    for vendor in clients.FINGERPRINT_NOW:
        build.patch.setitem(clients.FINGERPRINT_NOW, vendor, "%s")
    build.replace("provider_site.storage.token_writes._texts", {})

    def store(original: Any, connection: Any, *, client: Any, tokens: Any, now: Any) -> bool:
        known = type("Known", (), {"application": client.application, "fingerprint": client.application.client_id})
        return bool(original(connection, client=known, tokens=tokens, now=now))

    build.wrap("provider_site.storage.token_writes.store_own", store)
