"""How allauth signs people up and in here: no e-mail needed, none trusted, every failure a page."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any

from allauth.account import app_settings as account_settings
from allauth.account.utils import filter_users_by_email, user_email
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.internal.flows.login import record_authentication
from allauth.socialaccount.models import SocialApp, SocialToken
from allauth.socialaccount.providers.base import AuthError, AuthProcess
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.db import IntegrityError, models, transaction
from django.http import HttpResponseRedirect
from django.urls import NoReverseMatch, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from consumer_site import social_apps
from consumer_site.errors import AccountRace, Fault, OutboundError, Refused, SignInError, StateLost, Unreachable
from consumer_site.http import OutboundSession
from consumer_site.linking import claim, connecting
from consumer_site.linking.current import write_upon_current_rows
from consumer_site.pages import provider_form_targets, sign_in_error_page
from consumer_site.vault import handover

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialLogin
    from django.contrib.auth.models import AbstractBaseUser
    from django.http import HttpRequest

_STARTED_BY = "started_by"
_STARTED_AT = "started_at"  # for logout.sessions: a logout token that arrives later means this sign-in too


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """The one to name in SOCIALACCOUNT_ADAPTER, as it is or extended."""

    # Said where the last account is to be disconnected: most people here never had a password, and can't set one.
    error_messages = {
        **DefaultSocialAccountAdapter.error_messages,
        "no_password": _("This is your only way to sign in here. Connect another one first."),
    }

    def find_local_user(self, request: HttpRequest, sociallogin: SocialLogin) -> AbstractBaseUser | None:
        """Return the local user that a first sign-in belongs to, or None to make a new one.

        For a project whose consumer shares its users with the provider: it knows whose `sociallogin.account.uid` is.
        Never match by anything that a person can change, such as an e-mail address.
        """
        del request, sociallogin
        return None

    def may_merge(self, *, source: AbstractBaseUser, target: AbstractBaseUser) -> bool:
        """Return whether a person may pour `source` whole into `target`, both being theirs.

        For a project that keeps for its users what must not change hands.
        """
        del source, target
        return True

    def get_requests_session(self) -> OutboundSession:
        """Return the guarded HTTP client, for every connector of allauth too."""
        return OutboundSession()

    def generate_state_param(self, state: dict[str, Any]) -> str:
        """Return a `state` of 256 random bits; note with it who is signed in, whom alone a connection may be for."""
        state[_STARTED_BY] = _person(context.request)
        state[_STARTED_AT] = time.time()
        return secrets.token_urlsafe(32)

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: Any) -> AbstractBaseUser:
        """Fill in the person that a first sign-in would make; from here on the sign-in writes upon current rows."""
        # The one place that every connector passes before the sign-in looks for its account.
        write_upon_current_rows(sociallogin)
        user: AbstractBaseUser = super().populate_user(request, sociallogin, data)
        return user

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Keep to the two processes and to this host, and connect a known local user's first sign-in."""
        state = sociallogin.state
        if state.get("process") != AuthProcess.CONNECT:
            # The word comes from the address, and allauth takes every other one for a sign-in as well.
            state["process"] = AuthProcess.LOGIN
        elif state.get(_STARTED_BY, "") != _person(request):
            # A session outlives the sign-in: what a stranger began in it must not end in this person's account.
            raise StateLost("the connection was started by somebody else")
        state["next"] = _local_address(request, state.get("next"), process=state.get("process"))
        if sociallogin.is_existing:
            if state["process"] == AuthProcess.CONNECT:
                _connect_again(request, sociallogin)
            return
        _keep_own_addresses(sociallogin)
        if state["process"] == AuthProcess.CONNECT:
            _refuse_without_proof(request, state)
            return
        user = self.find_local_user(request, sociallogin)
        if user is not None:
            _connect(sociallogin, user)

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> AbstractBaseUser:
        """Create the user and the link together or not at all, with whatever identifier the user model wants."""
        if form is None:
            _fill_identifier(sociallogin)
        try:
            with transaction.atomic():
                user: AbstractBaseUser = super().save_user(request, sociallogin, form=form)
                return user
        except IntegrityError as error:
            raise AccountRace(f"sign-up collided: {type(error).__name__}") from error

    def can_authenticate_by_email(self, login: SocialLogin, email: str) -> bool:
        """Return False: an address is not a person."""
        del login, email
        return False

    def authenticate_by_email(self, sociallogin: SocialLogin) -> None:
        """Return None, whatever the settings of a provider say."""
        del sociallogin

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """Return the configured apps; rows win over settings for the same provider, so that both is no failure."""
        # Of any client id: a row wins over the settings whatever its client id.
        found = super().list_apps(request, provider=provider)
        return social_apps.configured(found, provider=provider, client_id=client_id)

    def get_app(self, request: HttpRequest, provider: str, client_id: str | None = None) -> SocialApp:
        """Return the one entry for `provider`; raise SocialApp.DoesNotExist or MultipleObjectsReturned."""
        return social_apps.choose(self.list_apps(request, provider=provider, client_id=client_id), provider=provider)

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: str | None = None,
        exception: BaseException | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        """Answer with our page instead of allauth's."""
        extra = extra_context or {}
        state = extra.get("state") or {}
        process = str(state.get("process") or "")
        response = sign_in_error_page(
            request,
            _as_sign_in_error(error, exception, has_state="state" in extra),
            provider=provider,
            next_url=_local_address(request, state.get("next"), process=process) or "",
            process=process,
            form_action=provider_form_targets(),
        )
        raise ImmediateHttpResponse(response)

    def serialize_instance(self, instance: models.Model) -> dict[str, Any]:
        """Return the instance for the session, a token's secrets sealed."""
        data: dict[str, Any] = super().serialize_instance(instance)
        return handover.seal_pending(data) if isinstance(instance, SocialToken) else data

    def deserialize_instance(self, model: type[models.Model], data: dict[str, Any]) -> Any:
        """Undo `serialize_instance`."""
        if model is SocialToken and isinstance(data, dict):
            data = handover.unseal_pending(data)
        return super().deserialize_instance(model, data)


def _connect_again(request: HttpRequest, sociallogin: SocialLogin) -> None:
    """Renew what the person has connected before; of another person's, ask what is to become of it."""
    # Whoever it belongs to: these are the newest tokens of that very account.
    handover.keep_tokens(sociallogin)
    if sociallogin.user == request.user:
        # They have just signed in with an account of their own, which shows anew who sits there.
        record_authentication(request, sociallogin)
        return
    claim.make(request, sociallogin.account)
    try:
        address = reverse("consumer_site:another-account")
    except NoReverseMatch:  # a project without our pages keeps allauth's message
        return
    raise ImmediateHttpResponse(HttpResponseRedirect(address))


def _refuse_without_proof(request: HttpRequest, state: dict[str, Any]) -> None:
    """Lead a session whose person has not signed in for a while to where that can be made good."""
    if not request.user.is_authenticated or not connecting.refuses(request, begun_at=state.get(_STARTED_AT)):
        return
    messages.warning(request, _("Nothing was connected. First show that this account is yours, then connect again."))
    try:
        address = reverse("consumer_site:connections")
    except NoReverseMatch:  # a project without our pages
        address = next((way["url"] for way in connecting.other_proofs(request)), "/")
    raise ImmediateHttpResponse(HttpResponseRedirect(address))


def _keep_own_addresses(sociallogin: SocialLogin) -> None:
    """Drop addresses that nobody vouches for, and those that another person has: neither is a reason to stop.

    An unproven address would lie in wait: its true owner, resetting a password, would come into this account.
    """
    offered = [address for address in sociallogin.email_addresses if address.verified]
    kept = [address for address in offered if not filter_users_by_email(address.email)]
    sociallogin.email_addresses = kept
    email = user_email(sociallogin.user)
    if email and email.lower() not in {address.email.lower() for address in kept}:
        user_email(sociallogin.user, kept[0].email if kept else "")


def _person(request: HttpRequest | None) -> str:
    """Return who is signed in, empty for nobody."""
    user = getattr(request, "user", None)
    return str(user.pk) if user is not None and user.is_authenticated else ""


def _local_address(request: HttpRequest, address: object, *, process: str | None) -> str | None:
    """Return `address` if it stays on this host, else the calendar's after a sign-in; None leaves it to allauth."""
    host = {request.get_host()}
    if isinstance(address, str) and url_has_allowed_host_and_scheme(address, host, require_https=request.is_secure()):
        return address
    if process != AuthProcess.LOGIN:
        return None
    try:
        return reverse("consumer_site:calendar")
    except NoReverseMatch:
        return None


def _connect(sociallogin: SocialLogin, user: AbstractBaseUser) -> None:
    sociallogin.user = user
    sociallogin.account.user = user
    try:
        with transaction.atomic():
            sociallogin.account.save()
    except IntegrityError as error:
        raise AccountRace("the link was made by another request") from error


def _fill_identifier(sociallogin: SocialLogin) -> None:
    """Give the user a unique identifier where its model wants one that the provider did not give."""
    user, model = sociallogin.user, get_user_model()
    names = {model.USERNAME_FIELD, model.get_email_field_name()} - {account_settings.USER_MODEL_USERNAME_FIELD}
    for field in model._meta.concrete_fields:
        if field.name not in names or not field.unique or getattr(user, field.attname, None):
            continue
        if field.null:
            setattr(user, field.attname, None)  # many may have none, while only one may have ""
        elif isinstance(field, models.EmailField):
            # RFC 2606: .invalid never receives mail.
            setattr(user, field.attname, f"{secrets.token_hex(12)}@{sociallogin.account.provider}.invalid")
        elif isinstance(field, models.CharField):
            setattr(user, field.attname, secrets.token_hex(16)[: field.max_length])


def _as_sign_in_error(error: str | None, exception: BaseException | None, *, has_state: bool) -> SignInError:
    """Return the error to show: ours as it is, a foreign one by its kind, without its words: they may hold secrets."""
    if isinstance(exception, SignInError):
        return exception
    if isinstance(exception, OutboundError):
        return Unreachable(str(exception), code=exception.code)
    if error == AuthError.CANCELLED:
        return Refused()
    if exception is None and not has_state:
        return StateLost("no such state in this session")
    fault = getattr(exception, "fault", None)
    return SignInError(
        str(getattr(exception, "detail", "") or type(exception).__name__),
        code=str(getattr(exception, "code", "") or "") or None,
        public=getattr(exception, "description", None) or None,
        fault=fault if isinstance(fault, Fault) else None,
    )
