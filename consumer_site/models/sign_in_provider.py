"""The admin's view of allauth's SocialApp."""

from django.apps import apps
from django.utils.translation import gettext_lazy as _

# Without allauth's app a system check says what to install; a failing import would keep it from being heard.
if apps.is_installed("allauth.socialaccount"):
    from allauth.socialaccount.models import SocialApp

    class SignInProvider(SocialApp):  # type: ignore[misc]  # allauth is untyped
        """One provider that people sign in with; the same row as allauth's, by the name that people know it by."""

        class Meta:
            proxy = True
            verbose_name = _("sign-in provider")
            verbose_name_plural = _("sign-in providers")
