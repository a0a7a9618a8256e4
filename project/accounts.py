"""How allauth's account pages behave on both sites."""

import base64
from collections.abc import Sequence
from functools import lru_cache
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.account.forms import LoginForm as AllauthLoginForm
from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.webauthn.forms import AddWebAuthnForm as AllauthAddWebAuthnForm
from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from project import rows

MULTI_FACTOR = "https://refeds.org/profile/mfa"


class AccountAdapter(DefaultAccountAdapter):
    """Take local sign-ups where local accounts live: at the provider, or at a consumer that stands alone."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Close the consumer's own form where both sites share one users table: its people come by a connector."""
        return getattr(request, "hosted_site", settings.SITES[0]) == settings.SITES[0]

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Want a local proof before the addresses of somebody who has one change in a session that a connector opened.

        An address resets the password, and the password opens the provider and the admin, which no connector may.
        """
        by_connector = _is_by_connector_alone(context.request)
        if by_connector and app != "allauth.socialaccount":
            _refuse_rights_without_proof(context.request.user)
            _want_a_recent_sign_in(context.request)
        return bool(super().is_reauthentication_required(app=app, **kwargs)) or (
            by_connector and app == "allauth.account"
        )

    def set_password(self, user: Any, password: str) -> None:
        """Store the password; for staff who have none, somebody else of the staff has to choose the first."""
        if _is_by_connector_alone(context.request):
            _refuse_rights_without_proof(user)
            _want_a_recent_sign_in(context.request)
        super().set_password(user, password)

    def is_safe_url(self, url: str) -> bool:
        """Say whether a redirect may go there; an address that can't be read is unsafe, and no crash."""
        try:
            return bool(super().is_safe_url(url))
        except ValueError:
            return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Name the site and write links as configured: the port in a Host header is its sender's choice."""
        site = getattr(self.request, "hosted_site", settings.SITES[0])
        home = urlsplit(settings.SITE_URLS[site])
        links = {
            name: urlsplit(value)._replace(scheme=home.scheme, netloc=home.netloc).geturl()
            for name, value in context.items()
            if name.endswith("_url") and value
        }
        named = {"current_site": SimpleNamespace(name=settings.SITE_TITLES[site], domain=home.netloc)}
        super().send_mail(template_prefix, email, context | links | named)


def _is_by_connector_alone(request: HttpRequest | None) -> bool:
    """Say whether nothing but a sign-in at a connector stands behind the request's session; a command has none."""
    if request is None:
        return False
    methods = {record.get("method") for record in get_authentication_records(request, request.user)}
    return "socialaccount" in methods and not methods & {"password", "mfa"}


def _refuse_rights_without_proof(user: Any) -> None:
    """Refuse staff who could not prove themselves here: they would make the key to the admin by a connector alone."""
    if (user.is_staff or user.is_superuser) and not get_reauthentication_flows(user):
        raise PermissionDenied("staff get their first password from somebody else of the staff")


def _want_a_recent_sign_in(request: HttpRequest) -> None:
    """Lead whoever has no local proof, and signed in a while ago, to where they sign in once more.

    allauth lets such people change everything; a session that was left open or stolen would get a way in for ever.
    """
    # Only a consumer has sessions that a connector opened.
    from consumer_site.linking import connecting  # noqa: PLC0415 - absent where the provider is alone

    if get_reauthentication_flows(request.user) or not connecting.needs_proof(request):
        return
    messages.warning(request, _("Nothing was changed. First show that this account is yours, then try again."))
    raise ImmediateHttpResponse(HttpResponseRedirect(reverse("consumer_site:connections")))


@lru_cache(maxsize=4)
def _cipher(key_ring: tuple[str, ...]) -> MultiFernet:
    def derive(secret: str) -> Fernet:
        key = HKDF(hashes.SHA256(), 32, salt=None, info=b"project.second-factor").derive(secret.encode())
        return Fernet(base64.urlsafe_b64encode(key))

    return MultiFernet([derive(secret) for secret in key_ring])


class MFAAdapter(DefaultMFAAdapter):
    """Seal the secrets of authenticator apps and recovery codes at rest."""

    def encrypt(self, text: str) -> str:
        """Seal with the first key of the ring."""
        return _cipher(tuple(settings.MFA_KEY_RING)).encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Unseal with any key of the ring; raises cryptography's InvalidToken when none fits."""
        return _cipher(tuple(settings.MFA_KEY_RING)).decrypt(encrypted_text.encode()).decode()

    def get_totp_issuer(self) -> str:
        """Name the site as people know it in the authenticator app."""
        return str(settings.SITE_TITLES[settings.SITES[0]])


def email_verified(user: Any) -> bool:
    """Say whether allauth has proven that the person's current address is theirs."""
    from allauth.account.models import EmailAddress  # noqa: PLC0415 - settings name this module before apps are ready

    # Userinfo asks this each time: as the address is written, almost always, by a statement that is made once.
    if rows.find(EmailAddress, user=("=", user.pk), email=("=", user.email), verified=("=", True)) is not None:
        return True
    return EmailAddress.objects.filter(user=user, email__iexact=user.email, verified=True).exists()


class LoginForm(AllauthLoginForm):
    """allauth's form, filled in with whom an application expects (``login_hint``, OpenID Connect Core 3.1.2.1)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hint = context.request.GET.get("login_hint", "")
        if hint.isprintable() and len(hint) <= 254:
            self.fields["login"].initial = hint


def step_up(request: HttpRequest, contexts: Sequence[str]) -> str | None:
    """Return the page where this person gives a second factor that reaches one of the contexts, if they have one."""
    from allauth.mfa.models import Authenticator  # noqa: PLC0415 - settings name this module before apps are ready

    kinds = set(Authenticator.objects.filter(user=request.user).values_list("type", flat=True))
    if Authenticator.Type.WEBAUTHN in kinds and {"phr", MULTI_FACTOR}.intersection(contexts):
        return reverse("mfa_reauthenticate_webauthn")
    if Authenticator.Type.TOTP in kinds and MULTI_FACTOR in contexts:
        return reverse("mfa_reauthenticate")
    return None


class AddWebAuthnForm(AllauthAddWebAuthnForm):
    """allauth's form with labels that can be translated."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("Name of this key")
