"""Builds that are careless in what all pages and documents have in common."""

from typing import Any

from tests.security.weakened.registry import Build, weakens


@weakens("test_clickjacking.py::TestClickjacking::test_no_page_of_the_site_can_be_framed")
def sign_in_may_be_framed(build: Build) -> None:
    """The host's own pages, the sign-in among them, say nothing about frames (RFC 9700 4.16)."""
    build.without_middleware("XFrameOptionsMiddleware")


@weakens("test_referrer_leakage.py::TestReferrerLeakage::test_answer_with_the_code_tells_the_next_page_nothing")
def answers_keep_their_referrer(build: Build) -> None:
    """The redirect with the code lets its address be told."""

    def loud(original: Any, *args: Any, **named: Any) -> Any:
        response = original(*args, **named)
        response["Referrer-Policy"] = "unsafe-url"
        return response

    build.wrap("provider_site.protocol.authorize.answers.to_client", loud)


@weakens(
    "test_csrf.py::TestCsrf::test_no_form_is_taken_from_elsewhere",
    "test_csrf.py::TestCsrf::test_token_in_a_cookie_alone_is_no_proof",
    "test_login_csrf.py::TestLoginCsrf::test_attackers_credentials_are_not_taken_from_another_site",
    "test_login_csrf.py::TestLoginCsrf::test_token_of_the_attackers_own_form_is_not_taken",
)
def no_form_has_a_token(build: Build) -> None:
    """Django's protection against forms of other sites is off."""
    build.replace("django.middleware.csrf.CsrfViewMiddleware.process_view", lambda *_args: None)


@weakens("test_login_csrf.py::TestLoginCsrf::test_attackers_request_does_not_go_on_in_a_victims_browser")
def requests_go_on_in_any_browser(build: Build) -> None:
    """Whoever opens the address at which a request goes on is answered in the place of who decided."""

    def find(original: Any, *, handle: str, user: Any) -> Any:
        kept = original(handle=handle, user=None)
        kept.user_id = getattr(user, "pk", None)
        return kept

    build.wrap("provider_site.services.authorization_requests.find", find)


@weakens("test_redirect_status.py::TestRedirectStatus::test_no_answer_to_a_form_has_the_browser_repeat_it")
def forms_are_repeated(build: Build) -> None:
    """A form is answered by 307: the browser sends it again, to wherever it is led (RFC 9700 4.12)."""
    build.replace("django.http.HttpResponseRedirect.status_code", 307)


@weakens("test_user_enumeration.py::TestMachines::test_foreign_and_unknown_codes_and_tokens_are_answered_alike")
def foreign_tokens_are_named(build: Build) -> None:
    """A token of somebody else is refused in other words than one that never was (RFC 7009 2.2)."""

    def answer(original: Any, request: Any, body: str, status: int, headers: Any) -> Any:
        from oauth2_provider.models import get_refresh_token_model

        from provider_site import crypto

        response = original(request, body, status, headers)
        text = request.POST.get("refresh_token", "")
        if get_refresh_token_model().objects.filter(token_checksum=crypto.digest(text)).exists():
            response.content = response.content.replace(b"}", b', "hint": "it is another client\'s"}')
        return response

    build.wrap("provider_site.protocol.token.answer", answer)


@weakens(
    "test_user_enumeration.py::TestPeople::test_forgotten_password_of_nobody_is_answered_alike",
    "test_user_enumeration.py::TestPeople::test_signing_up_with_a_taken_address_is_answered_alike",
)
def accounts_are_told(build: Build) -> None:
    """The sign-up and the reset of passwords say whether there is such an account."""
    build.settings(ACCOUNT_PREVENT_ENUMERATION=False)


@weakens(
    "test_document_poisoning.py::TestDocumentPoisoning::test_document_is_the_same_for_everybody[/.well-known/jwks.json]"
)
def documents_follow_the_request(build: Build) -> None:
    """A document repeats what a header of its request says."""

    def documents(original: Any, self: Any, request: Any) -> Any:
        response = original(self, request)
        if forwarded := request.META.get("HTTP_X_FORWARDED_HOST"):
            response["Link"] = f"<https://{forwarded}/>"
        return response

    build.wrap("django.core.handlers.base.BaseHandler.get_response", documents)


@weakens("test_timing.py::TestTiming::test_no_secret_is_compared_character_by_character")
def secrets_are_compared_by_their_beginning(build: Build) -> None:
    """The source compares a secret by `==`."""
    from tests.security import test_timing

    original = test_timing.comparisons

    def comparisons(path: Any) -> Any:
        import ast
        import tempfile
        from pathlib import Path

        source = path.read_text(encoding="utf-8")
        weak = source.replace("hmac.compare_digest(digest(value), stored_digest)", "digest(value) == stored_digest")
        if weak == source:
            return original(path)
        assert ast.parse(weak)
        with tempfile.TemporaryDirectory() as directory:
            changed = Path(directory) / path.name
            changed.write_text(weak)
            return original(changed)

    build.replace("tests.security.test_timing.comparisons", comparisons)


@weakens("test_header_injection.py::TestLettersAndLogs::test_line_of_a_log_is_one")
def logs_repeat_what_was_sent(build: Build) -> None:
    """The log names the client as it was sent, with its line breaks."""
    import logging

    def collect(original: Any, query: Any, body: Any) -> Any:
        logging.getLogger("provider_site.protocol").warning("request of %s", query.get("client_id"))
        return original(query, body)

    build.wrap("provider_site.protocol.authorize.parameters.collect", collect)


@weakens(
    "test_scope_escalation.py::TestScopeEscalation::test_authorization_gives_no_scope_that_is_not_registered"
    "['openid email']"
)
def scopes_are_not_looked_at(build: Build) -> None:
    """A client may ask for scopes that nobody has registered for it."""
    build.replace("provider_site.protocol.validator.Validator.validate_scopes", lambda *_args, **_named: True)


@weakens(
    "test_overload.py::TestOverload::test_without_a_proxy_nobody_is_believed",
)
def anybody_says_how_long_it_waited(build: Build) -> None:
    """X-Request-Start is believed whoever wrote it."""
    build.settings(PROVIDER_SITE={"TRUSTED_PROXIES": 1})


@weakens("test_cross_app_takeover.py::TestCrossAppTakeover::test_id_token_of_one_application_is_no_hint_of_another")
def audiences_are_not_looked_at(build: Build) -> None:
    """An ID token speaks for its person whoever shows it (OpenID Core 3.1.3.7)."""

    def verify(original: Any, token: str, *, audience: Any = None, **named: Any) -> Any:
        return original(token, **named)

    build.wrap("provider_site.services.keys.verify", verify)


@weakens(
    "test_cross_app_takeover.py::TestClientAsPerson::test_identifier_that_is_somebodys_subject_is_marked_as_a_clients"
)
def clients_may_be_people(build: Build) -> None:
    """A client whose identifier is somebody's subject is that person to a resource server (RFC 9700 4.15)."""
    build.replace("provider_site.services.token_subjects._is_taken", lambda _text: False)


@weakens("test_assertion_replay.py::TestHints::test_hint_of_an_ended_session_ends_no_other")
def every_hint_ends_the_session(build: Build) -> None:
    """An ID token of any session signs the browser out."""
    from provider_site.policy import logout

    build.replace("provider_site.policy.logout.decide", lambda **_situation: logout.Step.END)


@weakens(
    "test_outbound_clients.py::TestOutboundClients::test_sector_document_is_not_fetched_from_inside[https://10.0.0.1/]"
)
def sector_documents_come_from_anywhere(build: Build) -> None:
    """A sector identifier document is read wherever it is."""

    def read(*, uri: str, asked_by: Any = None) -> Any:
        return []

    build.replace("provider_site.services.sectors.read", read)
