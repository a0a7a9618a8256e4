"""The WeChat provider for allauth: what of WeChat's answers becomes an account."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import Any

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.base import AuthProcess, ProviderAccount
from allauth.socialaccount.providers.oauth2.provider import OAuth2Provider
from allauth.utils import get_request_param
from django.http import HttpRequest
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from consumer_site import probing, vault
from consumer_site.connectors.weixin import tokens
from consumer_site.connectors.weixin.entrances import PROVIDER_ID, app_for, app_of_account, is_inside_app
from consumer_site.connectors.weixin.errors import NoIdentity, NoSingleApp, OnlyInside
from consumer_site.connectors.weixin.probe import probe
from consumer_site.connectors.weixin.views import WeixinOAuth2Adapter
from consumer_site.pages import local_next


class WeixinAccount(ProviderAccount):
    """A WeChat account as pages show it."""

    def get_avatar_url(self) -> str | None:
        """Return the picture's https address, None when there is none; a page shows a copy of its own."""
        return self.account.extra_data.get("avatar") or None

    def to_str(self) -> str:
        """Return the nickname; it is neither unique nor constant."""
        return self.account.extra_data.get("nickname") or str(super().to_str())

    def sign_in_elsewhere(self, request: HttpRequest) -> str:
        """Return where the person has to be to sign in with this very account, empty where they can do so here.

        The button here is another app's, which gives the same person another account.
        """
        try:
            own = app_of_account(self.account)
        except NoSingleApp:
            return ""
        with suppress(NoSingleApp, OnlyInside):
            if app_for(request).client_id == own.client_id:
                return ""
        if is_inside_app(own):
            return gettext("It works inside WeChat: open this site there, and sign in again.")
        return gettext("It works outside WeChat: open this site in another browser, and sign in again.")


class WeixinProvider(OAuth2Provider):
    """Sign in with WeChat. The uid is the openid alone, as for allauth's connector: its accounts go on as they are."""

    id = PROVIDER_ID
    name = _("WeChat")
    account_class = WeixinAccount
    oauth2_adapter_class = WeixinOAuth2Adapter

    def __str__(self) -> str:
        # allauth's returns the name as it is, and this one is translated where it is shown.
        return str(self.name)

    @property
    def is_inside(self) -> bool:
        """Return whether this is the app for WeChat's own browser."""
        return is_inside_app(self.app)

    def get_redirect_from_request_kwargs(self, request: HttpRequest) -> dict[str, Any]:
        """Return what the form may choose, which is where to go next; scopes and parameters are ours."""
        return {
            "process": get_request_param(request, "process", AuthProcess.LOGIN),
            "next_url": local_next(request),
            "scope": self.get_scope_from_request(request),
            "auth_params": self.get_auth_params(),
        }

    def get_default_scope(self) -> list[str]:
        """Return the one scope that nickname, picture and unionid need at this entrance."""
        return ["snsapi_userinfo" if self.is_inside else "snsapi_login"]

    def get_scope(self) -> list[str]:
        """Return the default: each entrance knows one scope that works, and a setting is for both of them."""
        return self.get_default_scope()

    def get_scope_from_request(self, request: HttpRequest) -> list[str]:
        """Return the same: a link must not be able to make the person grant more."""
        del request
        return self.get_scope()

    def get_auth_params(self) -> dict[str, Any]:
        """Return the configured parameters, and the language of the page with the QR code, which is Chinese unasked."""
        params: dict[str, Any] = super().get_auth_params()
        if not self.is_inside and not (get_language() or "").startswith("zh"):
            params.setdefault("lang", "en")
        return params

    def get_auth_params_from_request(self, request: HttpRequest, action: str) -> dict[str, Any]:
        """Return the configured parameters: a link adds none."""
        del request, action
        return self.get_auth_params()

    def get_pkce_params(self) -> dict[str, str]:
        """Return nothing: WeChat ignores PKCE, whatever the settings say."""
        return {}

    def stash_redirect_state(
        self,
        request: HttpRequest,
        process: str,
        next_url: str | None = None,
        data: Any = None,
        state_id: str | None = None,
        **kwargs: Any,
    ) -> str:
        """Keep with which app the sign-in was begun, under a `state` of letters and digits: WeChat allows no others."""
        noted = {"process": process, **kwargs}
        if state_id is None:
            # What the site's adapter draws, and notes, it draws and notes here too.
            drawn: str = get_adapter(request).generate_state_param(noted)
            state_id = hashlib.sha256(drawn.encode()).hexdigest()
        process = noted.pop("process")
        noted["weixin_app"] = self.app.client_id
        stashed: str = super().stash_redirect_state(request, process, next_url, data, state_id, **noted)
        return stashed

    def extract_uid(self, data: dict[str, Any]) -> str:
        """Return the openid. A unionid is never the uid: it may appear later, and would split the person in two."""
        openid = data.get("openid")
        if not isinstance(openid, str) or not openid:
            raise NoIdentity("there is no openid to sign in with")
        return openid

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, str]:
        """Return what is stored: nickname, picture, the unionid once WeChat has given it, and our own App ID."""
        kept = {"nickname": data.get("nickname", ""), "avatar": data.get("avatar", ""), "appid": self.app.client_id}
        # allauth replaces the stored data at every sign-in; a unionid that WeChat stops giving is not forgotten.
        unionid = data.get("unionid") or self._known_unionid(data)
        if unionid:
            kept["unionid"] = unionid
        return kept

    def _known_unionid(self, data: dict[str, Any]) -> str:
        known = SocialAccount.objects.filter(provider=self.sub_id, uid=self.extract_uid(data)).first()
        return str(known.extra_data.get("unionid") or "") if known and isinstance(known.extra_data, dict) else ""

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, str]:
        """Return the fields for a new user; WeChat gives no e-mail address."""
        nickname = data.get("nickname", "")
        return {"username": nickname, "name": nickname}


vault.register(WeixinProvider.id, tokens.CONNECTION)
probing.register(WeixinProvider.id, probe)

provider_classes = [WeixinProvider]
