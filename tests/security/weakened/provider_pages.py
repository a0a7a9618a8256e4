"""Builds that are careless with browsers: forms, frames, markup, addresses, pictures, sessions."""

from typing import Any

from tests.security.weakened.registry import Build, weakens


@weakens(
    "test_app_pages.py::TestConnectedApps::test_form_of_another_site_changes_nothing[withdraw/]",
    "test_avatar_upload.py::TestAvatarUpload::test_form_without_its_token_saves_nothing",
    "test_consent_tampering.py::TestConsentTampering::test_form_without_its_token_saves_nothing",
    "test_device_theft.py::test_everything_that_decides_needs_a_form_of_this_site",
    "test_logout_abuse.py::TestCsrf::test_answer_needs_the_token_of_the_form",
    "test_request_handle.py::TestRequestHandle::test_switching_needs_the_persons_own_form",
    "test_secrets_in_admin.py::TestSecretsInAdmin::test_secret_page_needs_the_admins_own_form",
    "test_site_binding.py::TestSessionFixation::test_signing_out_needs_the_persons_own_form",
    "test_try_it.py::TestAttempt::test_form_from_another_site_begins_nothing",
)
def forms_need_no_token(build: Build) -> None:
    """Another site can have a person's browser send any form (RFC 9700 4.7, OWASP CSRF)."""
    build.replace("django.middleware.csrf.CsrfViewMiddleware.process_view", lambda *_args: None)


@weakens(
    "test_page_headers.py::TestPageHeaders::test_no_page_can_be_framed",
    "test_logout_abuse.py::TestCsrf::test_question_and_outcome_are_framed_by_nobody",
    "test_device_theft.py::test_pages_may_not_be_framed_nor_kept[handle]",
    "test_try_it.py::TestPages::test_no_page_is_framed_kept_or_posts_elsewhere",
)
def pages_may_be_framed(build: Build) -> None:
    """A page of another site can frame ours and steal clicks (RFC 9700 4.16)."""

    def answer(original: Any, self: Any, *args: Any) -> Any:
        response = original(self, *args)
        if "X-Frame-Options" in response:
            response["X-Frame-Options"] = "ALLOWALL"
        policy = response.headers.get("Content-Security-Policy", "")
        response["Content-Security-Policy"] = policy.replace("frame-ancestors 'none'", "frame-ancestors *")
        return response

    build.wrap("django.core.handlers.base.BaseHandler.get_response", answer)


@weakens("test_page_headers.py::TestPageHeaders::test_no_page_tells_its_address_to_others")
def referrers_are_sent(build: Build) -> None:
    """Addresses with codes and handles go to other sites by the Referer header (RFC 9700 4.2)."""

    def answer(original: Any, self: Any, *args: Any) -> Any:
        response = original(self, *args)
        response["Referrer-Policy"] = "unsafe-url"
        return response

    build.wrap("django.core.handlers.base.BaseHandler.get_response", answer)


@weakens(
    "test_injection.py::TestInjection::test_names_of_application_and_people_are_text",
    "test_app_pages.py::TestProfileForOneApp::test_nickname_is_on_one_line_and_markup_is_text",
    "test_device_theft.py::test_names_and_programs_that_hold_markup_are_text",
)
def templates_do_not_escape(build: Build) -> None:
    """Names are written into pages as they are (OWASP XSS)."""
    build.replace("django.template.base.conditional_escape", str)
    build.replace("django.template.defaultfilters.conditional_escape", str)


@weakens(
    "test_injection.py::TestInjection::test_state_comes_back_verbatim_and_alone[a&code=evil&iss=https://evil.example]"
)
def answers_are_joined_by_hand(build: Build) -> None:
    """What a client sent is written into the address of the answer without being encoded."""

    def joined(values: Any) -> str:
        return "&".join(f"{name}={value}" for name, value in values.items())

    build.replace("provider_site.protocol.authorize.answers.urlencode", joined)


@weakens(
    "test_injection.py::TestInjection::test_link_that_runs_code_cannot_be_registered[javascript:alert(1)-homepage_url]"
)
def any_link_is_registered(build: Build) -> None:
    """An application's links may run code in who clicks them."""
    for module in ("applications", "facts"):
        build.replace(f"provider_site.services.{module}.link_faults", lambda *_args, **_named: {})
    build.replace("django.core.validators.URLValidator.__call__", lambda *_args: None)


@weakens(
    "test_open_redirect.py::TestOpenRedirect::test_language_switch_goes_on_within_the_site[https://evil.example/]",
    "test_open_redirect.py::TestOpenRedirect::test_sign_in_goes_on_within_the_site[https://evil.example/]",
)
def next_leads_anywhere(build: Build) -> None:
    """The parameter next is followed to any host (RFC 9700 4.11)."""
    for module in ("django.views.i18n", "django.utils.http", "allauth.account.adapter"):
        build.patch.setattr(f"{module}.url_has_allowed_host_and_scheme", lambda *_args, **_named: True, raising=False)


@weakens(
    "test_logout_abuse.py::TestHints::test_stale_hint_of_the_same_person_asks",
    "test_logout_abuse.py::TestHints::test_foreign_hint_asks",
    "test_logout_abuse.py::TestCsrf::test_link_without_a_hint_signs_nobody_out",
)
def links_sign_out(build: Build) -> None:
    """A link to the logout endpoint signs out whoever follows it."""
    from provider_site.policy import logout

    build.replace("provider_site.policy.logout.decide", lambda **_situation: logout.Step.END)


@weakens(
    "test_avatar_upload.py::TestAvatarUpload::test_nothing_of_the_file_but_its_pixels_is_kept",
    "test_avatar_upload.py::TestAvatarUpload::test_what_is_no_picture_is_refused_and_nothing_is_saved[image/png-svg]",
    "test_app_pages.py::TestProfileForOneApp::test_file_that_is_no_picture_is_refused[app_picture-"
    "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>]",
)
def pictures_are_kept_as_they_came(build: Build) -> None:
    """An uploaded file is stored and served without being drawn anew."""
    build.replace("provider_site.services.pictures.reencode", lambda upload: upload.read())


@weakens(
    "test_site_binding.py::TestSessionFixation::test_session_before_the_sign_in_is_not_the_one_after",
)
def sessions_outlive_the_sign_in(build: Build) -> None:
    """Who has planted a session has the session of who signs in with it."""
    build.replace("django.contrib.sessions.backends.base.SessionBase.cycle_key", lambda _self: None)


@weakens("test_forged_host.py::TestForgedHost::test_issuer_and_addresses_are_the_configured_ones[headers0]")
def issuer_is_what_the_host_header_says(build: Build) -> None:
    """Documents name the host that the request named."""

    def documents(original: Any, self: Any, request: Any) -> Any:
        response = original(self, request)
        if request.path.startswith("/.well-known/"):
            response.content = response.content.replace(b"localhost:8000", request.META["HTTP_HOST"].encode())
        return response

    build.wrap("django.core.handlers.base.BaseHandler.get_response", documents)


@weakens("test_charset.py::test_asgi_server_is_given_the_type_alone")
def charsets_are_handed_on(build: Build) -> None:
    """The server reads a query by the charset that the client names."""
    build.replace("project.content_types.plain", lambda content_type: content_type)


@weakens(
    "test_mix_up.py::TestMixUp::test_every_answer_says_who_gives_it",
    "test_any_authorize_parameter.py::test_any_value_of_a_parameter_is_a_page_or_an_answer_to_the_client[scope]",
)
def answers_do_not_say_who_gives_them(build: Build) -> None:
    """No `iss` in the answer, so that a client of two providers takes the one's for the other's (RFC 9207)."""

    def nameless(original: Any, *args: Any, **named: Any) -> Any:
        response = original(*args, **named)
        if "Location" in response:
            head, _mark, _iss = response["Location"].partition("&iss=")
            response["Location"] = head
        return response

    build.wrap("provider_site.protocol.authorize.answers.to_client", nameless)
