"""Builds that are careless about who asks: clients, resource servers, pages of other origins, guessers."""

from typing import Any

from tests.security.weakened.registry import Build, weakens

_CLIENT = "test_client_authentication.py::TestClientAuthentication"
_INTROSPECTION = "test_cross_client_introspection.py::TestCrossClientIntrospection"


@weakens(
    f"{_CLIENT}::test_secret_of_another_client_is_refused",
    f"{_CLIENT}::test_wrong_secret_is_refused_both_ways[wrong]",
)
def any_secret_is_right(build: Build) -> None:
    """A client's secret is not compared with what is stored."""
    build.replace("provider_site.crypto.matches", lambda _value, _digest: True)


@weakens(f"{_CLIENT}::test_stored_forms_of_the_secret_are_no_secret")
def stored_digest_is_a_secret(build: Build) -> None:
    """Who has read the database can authenticate with what stands there."""
    build.wrap(
        "provider_site.crypto.matches", lambda original, value, digest: original(value, digest) or value == digest
    )


@weakens(
    f"{_CLIENT}::test_confidential_client_is_not_believed_by_its_name_alone",
    "test_code_replay.py::TestCodeReplay::test_replay_of_an_unauthenticated_caller_kills_nothing",
    "test_cross_client_revocation.py::TestCrossClientRevocation"
    "::test_confidential_clients_token_is_not_revoked_without_its_secret",
    "test_refresh_replay.py::TestRefreshReplay::test_token_of_a_confidential_client_is_refused_without_its_secret",
)
def clients_prove_nothing(build: Build) -> None:
    """A client is who it says it is, without a secret."""

    def believe(self: Any, request: Any, *_args: Any, **_named: Any) -> bool:
        from provider_site.protocol import client_authentication as sent

        payload = self._extract_basic_auth(request)
        named = sent.from_basic(payload).client_id if payload else request.client_id
        if not named:
            from oauth2_provider.models import get_application_model

            named = get_application_model().objects.order_by("pk").first().client_id
        request.client_id = named
        return self._load_application(named, request) is not None

    build.replace("provider_site.protocol.validator.Validator.authenticate_client", believe)
    build.replace("provider_site.protocol.validator.Validator.client_authentication_required", lambda *_args: True)
    build.replace("provider_site.protocol.direct.answer", lambda _request: None)


@weakens(
    f"{_INTROSPECTION}::test_client_without_permission_learns_of_its_own_tokens_alone",
    f"{_INTROSPECTION}::test_answer_about_anothers_token_is_that_about_none",
    f"{_INTROSPECTION}::test_resource_server_learns_of_its_scopes_alone",
    f"{_INTROSPECTION}::test_permission_that_was_taken_away_is_gone_at_once",
)
def everybody_may_introspect_everything(build: Build) -> None:
    """Any client that has proven itself learns all of any token (RFC 7662 4)."""
    from provider_site.policy import introspection

    build.replace(
        "provider_site.services.introspection._shown",
        lambda found, _application, _asked: introspection.to_its_client(found),
    )


@weakens(
    "test_cross_client_revocation.py::TestCrossClientRevocation::test_tokens_of_another_client_survive[unknown]",
    "test_cross_client_revocation.py::TestCrossClientRevocation::test_public_client_revokes_its_own_alone",
)
def tokens_of_anybody_are_revoked(build: Build) -> None:
    """Whoever shows a token may revoke it (RFC 7009 2.1)."""

    def revoke(text: str, *, application: Any) -> None:
        from provider_site.storage import revocation

        revocation.revoke_leaked(text)

    build.replace("provider_site.storage.revocation.revoke_own", revoke)


@weakens(
    "test_cors.py::TestCors::test_tokens_are_not_shared_with_an_unregistered_origin[https://evil.example]",
    "test_cors.py::TestCors::test_tokens_are_not_shared_with_an_unregistered_origin[null]",
)
def answers_are_open_to_every_origin(build: Build) -> None:
    """The token endpoint lets pages of any origin read its answers."""

    def opened(original: Any, request: Any, *args: Any) -> Any:
        response = original(request, *args)
        response["Access-Control-Allow-Origin"] = request.headers.get("Origin", "*")
        return response

    build.wrap("provider_site.protocol.token.answer", opened)


@weakens(
    "test_any_client_request.py::test_any_parameters_are_an_answer[revoke-token]",
    "test_any_token_parameter.py::test_any_change_of_several_parameters_is_an_answer",
    "test_page_headers.py::TestPageHeaders::test_answers_to_clients_are_not_kept",
)
def answers_may_be_kept(build: Build) -> None:
    """The token endpoint says nothing to caches."""

    def kept(original: Any, *args: Any) -> Any:
        response = original(*args)
        del response["Cache-Control"]
        return response

    build.wrap("provider_site.protocol.token.answer", kept)


@weakens("test_slow_secrets.py::test_guesses_beyond_the_budget_cost_nothing")
def slow_guesses_have_no_end(build: Build) -> None:
    """Each guess of a secret with a slow hash costs a third of a second, however many there are."""
    build.replace("provider_site.services.slow_hashes._has_a_guess_left", lambda _application: True)


@weakens(
    "test_device_theft.py::test_guesser_has_five_guesses_and_then_one_in_ever_longer_times",
    "test_device_theft.py::test_forwarded_headers_buy_no_guesses",
)
def user_codes_may_be_guessed(build: Build) -> None:
    """Nobody waits between two user codes (RFC 8628 5.1)."""
    build.replace("provider_site.services.device_entries._count", lambda *_args: 0)
    build.replace("provider_site.services.device_entries.waiting", lambda **_who: 0)
    build.replace("provider_site.services.device_entries._who", lambda *_args: [])


@weakens("test_device_theft.py::test_code_of_one_client_is_worthless_to_another[confidential]")
def device_codes_are_of_no_client(build: Build) -> None:
    """A device code is good for any client (RFC 8628 3.4), as stock django-oauth-toolkit has it."""

    def poll(original: Any, *, device_code: str, application: Any) -> Any:
        from provider_site import crypto
        from provider_site.models import DeviceAuthorization

        row = DeviceAuthorization.objects.filter(pk=crypto.digest(device_code)).first()
        return original(device_code=device_code, application=row.application if row else application)

    build.wrap("provider_site.services.device_authorizations.poll", poll)


@weakens(
    "test_rate_limits.py::TestWrongSecrets::test_guesses_are_refused_after_a_few",
)
def nothing_is_limited(build: Build) -> None:
    """Nobody counts how often something is tried."""
    build.replace("provider_site.services.limits.spend", lambda *_args: 0)


@weakens("test_rate_limits.py::TestWrongSecrets::test_address_of_one_s_own_choice_is_not_believed[X-Forwarded-For]")
def forwarded_addresses_are_believed(build: Build) -> None:
    """The first address of X-Forwarded-For counts, whoever wrote it."""

    def first(*, peer: str, forwarded: str, trusted_proxies: int) -> str:
        return forwarded.partition(",")[0].strip() or peer

    build.replace("provider_site.policy.networks.client_address", first)
