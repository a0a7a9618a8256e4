"""The QQ provider for allauth: what of QQ's answers becomes an account."""

from __future__ import annotations

import re
from typing import Any

from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.base import AuthProcess, ProviderAccount
from allauth.socialaccount.providers.oauth2.provider import OAuth2Provider
from allauth.utils import get_request_param
from django.http import HttpRequest

from consumer_site import probing, vault
from consumer_site.connectors.qq import tokens
from consumer_site.connectors.qq.errors import NoIdentity
from consumer_site.connectors.qq.probe import probe
from consumer_site.connectors.qq.views import QQOAuth2Adapter
from consumer_site.pages import local_next

# What phones' browsers, and QQ and WeChat on a phone, have in common; an iPad says "Mobile" but has a desktop's room.
_PHONE = re.compile(r"Mobi|iPhone|iPod|Windows Phone", re.IGNORECASE)
_TABLET = re.compile(r"iPad|Tablet", re.IGNORECASE)


class QQAccount(ProviderAccount):
    """A QQ account as pages show it."""

    def get_avatar_url(self) -> str | None:
        """Return the picture's https address, None when there is none.

        It embeds the app id and the openid: a page shows a copy of its own or sends no referrer with it.
        """
        return self.account.extra_data.get("avatar") or None

    def to_str(self) -> str:
        """Return the nickname; it is neither unique nor constant."""
        return self.account.extra_data.get("nickname") or str(super().to_str())


class QQProvider(OAuth2Provider):
    """Sign in with QQ. The uid is the openid alone: it is the app's own and never changes."""

    id = "qq"
    name = "QQ"
    account_class = QQAccount
    oauth2_adapter_class = QQOAuth2Adapter

    def get_redirect_from_request_kwargs(self, request: HttpRequest) -> dict[str, Any]:
        """Return what the form may choose, which is where to go next; scopes and parameters are ours."""
        return {
            "process": get_request_param(request, "process", AuthProcess.LOGIN),
            "next_url": local_next(request),
            "scope": self.get_scope_from_request(request),
            "auth_params": self.get_auth_params(),
        }

    def get_default_scope(self) -> list[str]:
        """Return the one scope that a nickname and a picture need."""
        return ["get_user_info"]

    def get_scope_from_request(self, request: HttpRequest) -> list[str]:
        """Return the configured scope: a link must not be able to make the person grant more."""
        del request
        return list(self.get_scope())

    def get_auth_params(self) -> dict[str, Any]:
        """Return the configured parameters, and QQ's phone layout for phones."""
        params: dict[str, Any] = super().get_auth_params()
        if _is_phone(self.request):
            params.setdefault("display", "mobile")
        return params

    def get_auth_params_from_request(self, request: HttpRequest, action: str) -> dict[str, Any]:
        """Return the configured parameters: a link adds none."""
        del request, action
        return self.get_auth_params()

    def get_pkce_params(self) -> dict[str, str]:
        """Return nothing: QQ ignores PKCE, whatever the settings say."""
        return {}

    def extract_uid(self, data: dict[str, Any]) -> str:
        """Return the openid. A unionid is never the uid: it may appear later, and would split the person in two."""
        openid = data.get("openid")
        if not isinstance(openid, str) or not openid:
            raise NoIdentity("there is no openid to sign in with")
        return openid

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, str]:
        """Return what is stored: nickname, picture, and the unionid once QQ has granted it."""
        known = self._known(data)
        kept = {"nickname": data.get("nickname", ""), "avatar": data.get("avatar", "")}
        # allauth replaces the stored data at every sign-in: neither a permission that QQ suspends nor a profile that it
        # says to have lost in part (is_lost) may erase what it gave before.
        if data.get("lost"):
            kept = {name: value or str(known.get(name) or "") for name, value in kept.items()}
        unionid = data.get("unionid") or str(known.get("unionid") or "")
        if unionid:
            kept["unionid"] = unionid
        return kept

    def _known(self, data: dict[str, Any]) -> dict[str, Any]:
        known = SocialAccount.objects.filter(provider=self.sub_id, uid=self.extract_uid(data)).first()
        return known.extra_data if known and isinstance(known.extra_data, dict) else {}

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, str]:
        """Return the fields for a new user; QQ gives no e-mail address."""
        nickname = data.get("nickname", "")
        return {"username": nickname, "name": nickname}


def _is_phone(request: HttpRequest | None) -> bool:
    if request is None:
        return False
    hint = request.headers.get("Sec-CH-UA-Mobile")
    if hint in {"?0", "?1"}:
        return hint == "?1"
    agent = request.headers.get("User-Agent", "")
    return bool(_PHONE.search(agent)) and not _TABLET.search(agent)


vault.register(QQProvider.id, tokens.CONNECTION)
probing.register(QQProvider.id, probe)

provider_classes = [QQProvider]
