"""The kinds of sign-in providers: what each is called, where its id and secret are found, and what can be set."""

from __future__ import annotations

from dataclasses import dataclass

from allauth.socialaccount.providers import registry
from django.utils.translation import gettext_lazy as _

from consumer_site.errors import Text


@dataclass(frozen=True, slots=True)
class Kind:
    """What the admin says of one kind; `settings` are the keys of SocialApp.settings that it offers."""

    provider: str
    label: Text
    about: Text
    client_id: Text
    secret: Text
    where: Text
    where_url: str = ""
    settings: tuple[str, ...] = ("scope", "hidden")
    has_id: bool = False
    has_key: bool = False
    name: Text = ""


HOUSE = Kind(
    provider="house",
    label=_("OpenID provider"),
    about=_("Any site that signs people in by OpenID Connect, known by its address."),
    client_id=_("Client ID"),
    secret=_("Client secret"),
    where=_(
        "Register this site at the provider as a web application (confidential client, authorization code with PKCE): "
        "it then shows the client ID and the client secret. The issuer is the provider's address: it stands in the "
        "provider's documentation, or in the document at /.well-known/openid-configuration under “issuer”."
    ),
    settings=(
        "server_url",
        "scope",
        "token_endpoint_auth_method",
        "token_endpoint_auth_signing_alg",
        "response_mode",
        "id_token_signed_response_alg",
        "api_origins",
        "hidden",
    ),
    has_id=True,
)
QQ = Kind(
    provider="qq",
    label="QQ",
    about=_("People sign in with their QQ account."),
    client_id="APP ID",
    secret="APP Key",
    where=_(
        "Sign in at QQ Connect, open “应用管理” (application management), then “网站应用” (website applications), and "
        "choose the application. The APP ID and the APP Key stand at the top of its page. Until QQ has reviewed it, "
        "only the QQ number that registered it can sign in."
    ),
    where_url="https://connect.qq.com/manage.html",
    settings=("hidden",),
    name="QQ",
)
WEIXIN = Kind(
    provider="weixin",
    label=_("WeChat"),
    about=_("People scan a code with WeChat, or sign in inside WeChat."),
    client_id="AppID",
    secret="AppSecret",
    where=_(
        "For a website: sign in at the WeChat Open Platform, open “管理中心” (management centre), then “网站应用” "
        "(website applications), and choose the application: it shows the AppID, which begins with wx, and makes the "
        "AppSecret. For sign-in inside WeChat: the AppID and AppSecret are the service account's, at mp.weixin.qq.com."
    ),
    where_url="https://open.weixin.qq.com/",
    settings=("inside", "hidden"),
    name="微信",
)
GITHUB = Kind(
    provider="github",
    label="GitHub",
    about=_("People sign in with their GitHub account."),
    client_id=_("Client ID"),
    secret=_("Client secret"),
    where=_(
        "At GitHub open Settings, Developer settings, OAuth Apps, and choose the application, or make a new one. Its "
        "page shows the Client ID. “Generate a new client secret” shows the secret once: copy it at once."
    ),
    where_url="https://github.com/settings/developers",
    name="GitHub",
)
OURS = (HOUSE, QQ, WEIXIN, GITHUB)


def kinds() -> list[Kind]:
    """Return every kind that can be configured here: ours first, then the other providers of allauth installed."""
    known = {kind.provider for kind in OURS}
    others = [
        _other(provider_class)
        for provider_class in registry.get_class_list()
        if provider_class.uses_apps and provider_class.id not in known
    ]
    return [*OURS, *sorted(others, key=lambda kind: str(kind.label).lower())]


def kind_of(provider: str) -> Kind | None:
    """Return the kind of a provider id, None for one that is not installed."""
    return next((kind for kind in kinds() if kind.provider == provider), None)


def absent(provider: str) -> Kind:
    """Return what can be said of an entry whose connector is not installed any more."""
    return Kind(
        provider=provider,
        label=provider,
        about="",
        client_id=_("Client ID"),
        secret=_("Client secret"),
        where=_("The connector of this entry is not installed, so nobody can sign in with it."),
        settings=("hidden",),
        has_id=True,
        has_key=True,
    )


def _other(provider_class: type) -> Kind:
    name = str(getattr(provider_class, "name", provider_class.id))  # type: ignore[attr-defined]  # allauth is untyped
    return Kind(
        provider=str(provider_class.id),  # type: ignore[attr-defined]  # the same
        label=name,
        about=_("By allauth's own connector."),
        client_id=_("Client ID"),
        secret=_("Client secret"),
        where=_(
            "On the provider's page for developers: register this site as a web application, and copy the client ID "
            "and the secret from there. allauth's documentation names the page and what else the provider wants."
        ),
        where_url=f"https://docs.allauth.org/en/latest/socialaccount/providers/{provider_class.id}.html",  # type: ignore[attr-defined]  # the same
        has_id=True,
        has_key=True,
        name=name,
    )
