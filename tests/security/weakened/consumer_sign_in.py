"""Builds of the consumer that believe the answers of a sign-in without comparing them."""

import base64
import json
from typing import Any

from consumer_site.logout import sessions
from tests.security.weakened.registry import Build, weakens

_FORGERY = "consumer/test_id_token_forgery.py::test_forged_token_signs_nobody_in"
_MIX_UP = "consumer/test_mix_up.py"
_ENTRIES = "consumer/test_mix_up_of_entries.py"
_LOGOUT = "consumer/test_logout_abuse.py"
_NOT_FOR_US = f"{_LOGOUT}::test_token_that_is_no_logout_token_for_us_ends_nothing"
_CSRF = "consumer/test_login_csrf.py"


def _unverified(token: Any, **_named: Any) -> tuple[dict[str, Any], str]:
    """Read a token's claims as whoever made it wrote them."""
    body = str(token).split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "==")), "RS256"


@weakens(
    f"{_FORGERY}[RS256-none]",
    f"{_FORGERY}[RS256-public key as secret, PEM]",
    f"{_FORGERY}[RS256-own key in the header]",
    "consumer/test_id_token_forgery.py::test_retired_key_signs_nobody_in",
)
def consumer_id_tokens_are_read_and_not_verified(build: Build) -> None:
    """An ID token's signature is not looked at, as in the code flow of stock allauth's OpenID Connect connector."""
    build.replace("consumer_site.jose.verify_signature", _unverified)


@weakens(
    f"{_MIX_UP}::test_id_token_of_somebody_else_is_refused[changes0]",
    f"{_MIX_UP}::test_id_token_of_somebody_else_is_refused[changes3]",
    f"{_MIX_UP}::test_id_token_of_another_time_is_refused[changes0]",
)
def consumer_id_tokens_may_be_anybodys(build: Build) -> None:
    """A signed ID token is believed whoever issued it, for whom, and when."""
    build.replace("consumer_site.jose.check_issued", lambda *_args, **_named: None)


@weakens(f"{_CSRF}::TestStateOfSomethingElse::test_attackers_code_fails_by_its_nonce_where_the_provider_skips_pkce")
def consumer_nonces_are_not_compared(build: Build) -> None:
    """An ID token answers any sign-in, as at stock allauth's OpenID Connect connector, which sends no nonce."""

    def without_nonce(original: Any, token: Any, *, nonce: str, **named: Any) -> Any:
        from consumer_site.jose import verify_renewed_id_token

        del original, nonce
        return verify_renewed_id_token(token, **named)

    build.wrap("consumer_site.connectors.house.client.verify_id_token", without_nonce)


@weakens(
    f"{_MIX_UP}::test_answer_by_another_name_is_refused_before_the_code_is_sent[-https://evil.example]",
    f"{_MIX_UP}::test_sign_in_begun_at_one_issuer_is_not_finished_at_the_next",
    f"{_ENTRIES}::test_honest_code_never_reaches_the_attackers_token_endpoint"
    "[/accounts/house/evil/login/callback/-True]",
)
def consumer_sender_of_an_answer_is_not_asked_for(build: Build) -> None:
    """`iss` of the answer is not compared with where the sign-in began (RFC 9207), as at stock allauth."""
    build.replace("consumer_site.connectors.house.views._check_sender", lambda *_args: None)


@weakens(
    f"{_CSRF}::TestConnecting::test_connection_begun_before_the_sign_in_is_not_finished_after_it",
    f"{_CSRF}::TestConnecting::test_the_same_holds_for_qq",
)
def consumer_connection_is_anybodys_who_finishes_it(build: Build) -> None:
    """Nobody notes who began a connection, as at stock allauth."""
    build.replace("consumer_site.adapters._person", lambda _request: "")


@weakens(f"{_CSRF}::TestStateOfSomethingElse::test_attackers_code_at_qq_signs_nobody_in_as_the_attacker")
def consumer_state_is_not_compared(build: Build) -> None:
    """Whatever `state` comes back, or none, the sign-in is finished."""
    build.replace(
        "allauth.socialaccount.internal.statekit.unstash_state", lambda *_args, **_named: {"process": "login"}
    )


@weakens(
    f"{_CSRF}::TestBeginning::test_only_a_posted_form_leaves[-get-/accounts/house/login/]",
    f"{_CSRF}::TestBeginning::test_only_a_posted_form_leaves[?process=connect-get-/accounts/qq/login/]",
)
def consumer_link_begins_a_sign_in(build: Build) -> None:
    """A GET leads to the provider unasked: a setting of stock allauth's."""
    build.settings(SOCIALACCOUNT_LOGIN_ON_GET=True)


@weakens(
    f"{_LOGOUT}::test_forged_token_ends_nothing[unsigned]", f"{_LOGOUT}::test_forged_token_ends_nothing[by_own_key]"
)
def consumer_logout_tokens_are_read_and_not_verified(build: Build) -> None:
    """A logout token's signature is not looked at."""
    build.replace("consumer_site.logout.tokens.verify_signature", _unverified)


@weakens(
    f"{_NOT_FOR_US}[another issuer]",
    f"{_NOT_FOR_US}[another client]",
    f"{_NOT_FOR_US}[an end long ago]",
)
def consumer_logout_tokens_may_be_anybodys(build: Build) -> None:
    """A signed logout token is obeyed whoever issued it, for whom, and when."""
    build.replace("consumer_site.logout.tokens.check_issued", lambda *_args, **_named: None)


@weakens(f"{_LOGOUT}::test_captured_token_does_not_sign_out_the_next_sign_in")
def consumer_logout_tokens_are_obeyed_again(build: Build) -> None:
    """Nobody notes which logout tokens were obeyed (`jti`)."""

    def always(token: Any, *, provider: str) -> int:
        return sessions.end(issuer=token.issuer, sid=token.sid, subject=token.subject, provider=provider)

    build.replace("consumer_site.logout.backchannel.obey", always)
