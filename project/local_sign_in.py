"""A sign-in page with a password, for a consumer that stands alone.

Its own sign-in page offers connectors only, and what they vouch for never opens the admin.
"""

from allauth.account.views import LoginView
from django.urls import NoReverseMatch, reverse

NAME = "local-sign-in"


class LocalSignInView(LoginView):  # type: ignore[misc]  # allauth is untyped
    """allauth's sign-in, second factor and rate limits included, under an address of its own."""

    template_name = "project/local_sign_in.html"


def local_sign_in_url() -> str:
    """Return where a person proves themselves to this site with its own means."""
    try:
        return reverse(NAME)
    except NoReverseMatch:
        return reverse("account_login")
