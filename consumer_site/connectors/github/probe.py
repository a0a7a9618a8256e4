"""Try a GitHub app's entry for the admin: whether GitHub answers, the credentials are right, and the callback too."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from consumer_site.connectors.github.client import GitHubClient
from consumer_site.connectors.github.views import GitHubOAuth2Adapter
from consumer_site.errors import CodeRefused, SignInError, Unreachable
from consumer_site.probing import Finding

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialApp

# GitHub looks at the app before the callback, and at the callback before the code.
_MADE_UP_CODE = "00000000000000000000"
_WRONG_CREDENTIALS = frozenset({"github_incorrect_client_credentials", "github_invalid_client", "github_404"})


@sensitive_variables()
def probe(app: SocialApp, *, callback_url: str) -> tuple[Finding, ...]:
    """Return what was found out, by one request with a made-up code; `app` may not be saved yet."""
    web_url = GitHubOAuth2Adapter.web_url_for(app)
    client = GitHubClient(None, app.client_id, app.secret, "POST", f"{web_url}/login/oauth/access_token", callback_url)
    try:
        client.get_access_token(_MADE_UP_CODE)
    except Unreachable as error:
        hint = _("Can this server reach %(url)s?") % {"url": web_url}
        answer: tuple[Finding, ...] = (Finding(False, _("GitHub does not answer as it should"), error.detail, hint),)
    except SignInError as error:
        answer = (Finding(True, _("GitHub answers"), web_url), _credentials(error))
    else:
        answer = (Finding(None, _("GitHub took a made-up code"), web_url, _("This is not the real GitHub.")),)
    return (*answer, callback_finding(callback_url))


def _credentials(error: SignInError) -> Finding:
    if isinstance(error, CodeRefused):
        return Finding(
            True,
            _("Client ID and client secret are right"),
            _("It refused the made-up code of this test, as it should."),
        )
    if error.code in _WRONG_CREDENTIALS:
        hint = _("Copy the client ID from the app's page, and make a new client secret there: GitHub shows it once.")
        return Finding(False, _("Client ID or client secret is wrong"), error.detail, hint)
    if error.code == "github_redirect_uri_mismatch":
        hint = _("Set the app's authorization callback URL at GitHub to the callback shown here.")
        return Finding(False, _("The callback is not the one registered with the app"), error.detail, hint)
    if error.code == "github_application_suspended":
        return Finding(False, _("GitHub has suspended the app"), error.detail, _("Ask GitHub's support."))
    return Finding(None, _("GitHub did not say whether client ID and client secret are right"), error.detail)


def callback_finding(callback_url: str) -> Finding:
    """Return whether the callback can be registered safely: GitHub itself takes any, with a port and in clear too."""
    parts = urlsplit(callback_url)
    if parts.scheme == "https" or parts.hostname in {"localhost", "127.0.0.1", "::1"}:
        return Finding(True, _("GitHub can be given this callback"), callback_url)
    hint = _("Serve this site over https. GitHub would take http too, and what it sends could be read on the way.")
    return Finding(False, _("The callback is not https"), callback_url, hint)
