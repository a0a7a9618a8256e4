"""Builds of the consumer whose pages and redirects are careless."""

from typing import Any

from allauth.socialaccount.providers.oauth2.provider import OAuth2Provider

from tests.security.weakened.registry import Build, weakens

_REDIRECT = "consumer/test_open_redirect.py::TestNext"
_ASKED = "consumer/test_asked_at_the_services.py"
_NAMES = "consumer/test_name_injection.py"
_SANDBOX = "consumer/test_sandbox_exposure.py"


@weakens(
    f"{_REDIRECT}::test_after_the_sign_in[https://evil.example/]",
    f"{_REDIRECT}::test_after_the_sign_in[//evil.example/]",
    f"{_REDIRECT}::test_after_connecting_and_failing_to[https://evil.example/]",
)
def consumer_next_leads_anywhere(build: Build) -> None:
    """`next` is followed wherever it leads."""
    wanted = "consumer_site.connectors.house.provider.local_next"
    build.replace(wanted, lambda request: request.POST.get("next"))
    build.replace("consumer_site.adapters._local_address", lambda _request, address, **_named: address)
    build.replace("allauth.account.adapter.DefaultAccountAdapter.is_safe_url", lambda *_args: True)
    build.replace("project.accounts.AccountAdapter.is_safe_url", lambda *_args: True)


@weakens(
    "consumer/test_page_headers.py::test_page_of_ones_own_is_not_framed_and_not_kept",
)
def consumer_own_pages_have_no_headers(build: Build) -> None:
    """Pages of one's own say nothing of frames and caches."""
    build.replace("consumer_site.pages.harden", lambda *_args, **_named: None)
    build.without_middleware("XFrameOptionsMiddleware")


@weakens(f"{_ASKED}::test_nobody_chooses_what_is_asked[address-qq]")
def consumer_link_chooses_the_scope(build: Build) -> None:
    """Scope and parameters come from the address, as at stock allauth."""
    name = "consumer_site.connectors.qq.provider.QQProvider"
    for method in ("get_redirect_from_request_kwargs", "get_scope_from_request", "get_auth_params_from_request"):
        build.replace(f"{name}.{method}", getattr(OAuth2Provider, method))


@weakens(f"{_ASKED}::test_pkce_is_asked_for_wherever_it_is_known[github]")
def consumer_github_is_asked_without_pkce(build: Build) -> None:
    """PKCE is off, which is what stock allauth begins with."""
    build.replace("consumer_site.connectors.github.provider.GitHubProvider.pkce_enabled_default", False)


@weakens(f"{_NAMES}::test_name_of_an_openid_provider_is_text_on_every_page[\\u202enimda\\u202c]")
def consumer_names_are_kept_as_they_come(build: Build) -> None:
    """A name keeps its controls and direction marks."""

    def any_text(value: Any, *, limit: int) -> str:
        return str(value or "")[:limit]

    build.replace("consumer_site.connectors.house.claims.one_line", any_text)


@weakens(f"{_NAMES}::test_name_of_an_openid_provider_is_text_on_every_page[<script>alert(1)</script>]")
def consumer_pages_do_not_escape(build: Build) -> None:
    """Templates put names into pages as markup."""
    build.replace("django.template.base.conditional_escape", str)
    build.replace("django.template.base.render_value_in_context", lambda value, _context: str(value))


@weakens(f"{_SANDBOX}::test_without_debug_there_is_no_emulator[get-/sandbox/qq/oauth2.0/authorize]")
def consumer_emulator_is_anywhere(build: Build) -> None:
    """The emulator, which lets anybody in as anybody, does not look where it is."""

    class Debug:
        DEBUG = True

    build.replace("consumer_site.sandbox.guard.settings", Debug)
