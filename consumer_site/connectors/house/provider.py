"""The house provider for allauth: any OpenID provider by its issuer, as strictly as the standards allow."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from allauth.account.models import EmailAddress
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.providers.base import AuthProcess, ProviderAccount
from allauth.socialaccount.providers.oauth2.provider import OAuth2Provider
from allauth.utils import build_absolute_uri, get_request_param
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from requests import RequestException

from consumer_site import probing, vault
from consumer_site.connectors.house import renewal
from consumer_site.connectors.house.client import HouseClient
from consumer_site.connectors.house.probe import probe
from consumer_site.errors import SignInError
from consumer_site.openid.entries import FORM_POST, HOUSE, entry_of, path_kwargs
from consumer_site.openid.metadata import Metadata
from consumer_site.pages import local_next

DEFAULT_SCOPE = ("openid", "nickname", "avatar", "offline_access")
# Where a provider names its scopes and has none for these alone: what a nickname and a picture come with elsewhere.
_STANDARD_SCOPE = ("openid", "profile", "offline_access")
_MAX_HINT = 255
_CHOOSE = "select_account"


class HouseAccount(ProviderAccount):
    """A connected account as pages show it."""

    def get_avatar_url(self) -> str | None:
        """Return the picture's address at the provider; a page shows our copy of it."""
        return self.account.extra_data.get("picture") or None

    def to_str(self) -> str:
        """Return the nickname, which is neither unique nor constant."""
        return self.account.extra_data.get("nickname") or str(super().to_str())


class HouseProvider(OAuth2Provider):
    """Sign in with an OpenID provider. The uid is the subject at that issuer."""

    id = HOUSE
    name = _("OpenID Connect")
    account_class = HouseAccount

    def __str__(self) -> str:
        # allauth's returns the name as it is, and this one is translated where it is shown.
        return str(self.name)

    def __init__(self, request: HttpRequest, app: Any = None) -> None:
        super().__init__(request, app=app)
        self.name = self.app.name or self.name

    def client(self) -> HouseClient:
        """Return the client that this site is registered as; raise NotConfigured when the entry is incomplete."""
        return HouseClient(entry_of(self.app))

    def get_login_url(self, request: HttpRequest, **kwargs: Any) -> str:
        """Return the address of this entry's button."""
        del request
        address = reverse("house_login", kwargs=path_kwargs(self.app.provider_id))
        return f"{address}?{urlencode(kwargs)}" if kwargs else address

    def get_callback_url(self) -> str:
        """Return this entry's own callback: no two issuers share a redirect URI (RFC 9700 section 4.4.2)."""
        return reverse("house_callback", kwargs=path_kwargs(self.app.provider_id))

    def serialize(self) -> dict[str, Any]:
        """Return what a sign-up that waits in the session finds this very entry by again."""
        # allauth's names the connector and the client id, which two entries may have in common.
        return {**super().serialize(), "id": self.sub_id}

    def get_default_scope(self) -> list[str]:
        """Return what the calendar shows, and leave to keep showing it."""
        return list(DEFAULT_SCOPE)

    def get_scope(self) -> list[str]:
        """Return the configured scopes, openid among them always; the default ones for an entry that is no list."""
        configured = self.app.settings.get("scope", self.get_settings().get("SCOPE"))
        scope = configured if isinstance(configured, (list, tuple)) else self.get_default_scope()
        return list(dict.fromkeys(["openid", *(name for name in scope if isinstance(name, str))]))

    def scope_at(self, metadata: Metadata) -> list[str]:
        """Return the scopes to ask for there: the configured ones, else what of the default the provider has."""
        if "scope" in self.app.settings or self.get_settings().get("SCOPE") is not None or not metadata.scopes:
            return self.get_scope()
        known = set(metadata.scopes)
        default = DEFAULT_SCOPE if known & {"nickname", "avatar"} else _STANDARD_SCOPE
        return ["openid", *(name for name in default if name in known and name != "openid")]

    def get_redirect_from_request_kwargs(self, request: HttpRequest) -> dict[str, Any]:
        """Return what the form may choose: where to go next, to be asked again, and a hint of who it is."""
        # Not allauth's, which would take scopes and parameters from the address.
        return {
            "process": get_request_param(request, "process", AuthProcess.LOGIN),
            "next_url": local_next(request),
            "ask_again": request.POST.get("ask_again") == "1",
            "login_hint": well_formed_hint(request.POST.get("login_hint") or request.GET.get("login_hint")),
        }

    def redirect(
        self,
        request: HttpRequest,
        process: str,
        next_url: str | None = None,
        data: Any = None,
        *,
        ask_again: bool = False,
        login_hint: str = "",
        **kwargs: Any,
    ) -> HttpResponse:
        """Send the person to the provider, with everything that the answer is compared with kept in the session."""
        del kwargs
        state = {"process": process, "next": next_url}
        try:
            client = self.client()
            metadata = client.metadata()
            mode = client.entry.response_mode(metadata)
        except (SignInError, RequestException) as error:
            response: HttpResponse = render_authentication_error(
                request, self, exception=error, extra_context={"state": state}
            )
            return response
        verifier, nonce = secrets.token_urlsafe(64), secrets.token_urlsafe(32)
        redirect_uri = build_absolute_uri(request, self.get_callback_url())
        scope = self.scope_at(metadata)
        state_id = self.stash_redirect_state(
            request,
            process,
            next_url,
            data,
            pkce_code_verifier=verifier,
            nonce=nonce,
            issuer=metadata.issuer,
            redirect_uri=redirect_uri,
            scope=scope,
            response_mode=mode,
        )
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            **_endpoint_query(metadata),
            "response_type": "code",
            "client_id": client.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(scope),
            "state": state_id,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **({"response_mode": mode} if mode == FORM_POST else {}),
            **({"login_hint": login_hint} if login_hint else {}),
            **({"prompt": prompt} if (prompt := _prompt(metadata, process, ask_again=ask_again)) else {}),
        }
        return HttpResponseRedirect(metadata.authorization_endpoint.partition("?")[0] + "?" + urlencode(query))

    def extract_uid(self, data: dict[str, Any]) -> str:
        """Return the uid that the callback worked out of the verified subject."""
        return str(data["uid"])

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return what is stored: the issuer, and the claims that were granted."""
        return {"iss": data["iss"], **data["claims"]}

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return the fields for a new user."""
        claims = data["claims"]
        email = claims.get("email") if claims.get("email_verified") is True else None
        return {"email": email, "username": claims.get("preferred_username"), "name": claims.get("name")}

    def extract_email_addresses(self, data: dict[str, Any]) -> list[EmailAddress]:
        """Return the address if the provider says in so many words that it is verified.

        An unproven one would lie in wait: its true owner, resetting a password, would come into this person's account.
        """
        claims = data["claims"]
        if not claims.get("email") or claims.get("email_verified") is not True:
            return []
        return [EmailAddress(email=claims["email"], verified=True, primary=True)]


def _prompt(metadata: Metadata, process: str, *, ask_again: bool) -> str:
    if ask_again:
        return "consent"
    # Unasked, most answer with the account that is signed in there, and nobody could connect another. One that does
    # not name it may know no such question, and would fail.
    return _CHOOSE if process == AuthProcess.CONNECT and _CHOOSE in metadata.prompts else ""


def well_formed_hint(value: object) -> str:
    """Return a login_hint that may be passed on (OpenID Connect Core section 3.1.2.1); empty for any other."""
    if not isinstance(value, str) or len(value) > _MAX_HINT or not value.isprintable() or value != value.strip():
        return ""
    return value


def _endpoint_query(metadata: Metadata) -> dict[str, str]:
    """Return the query that the endpoint's own address has, which is kept (RFC 6749 section 3.1)."""
    return dict(parse_qsl(urlsplit(metadata.authorization_endpoint).query, keep_blank_values=True))


vault.register(HOUSE, renewal.CONNECTION)
probing.register(HOUSE, probe)

provider_classes = [HouseProvider]
