"""Which providers this site is a client of: by rows, by SOCIALACCOUNT_PROVIDERS, and by CONSUMER_SITE["HOUSE"].

Secrets of rows lie sealed in ``settings["sealed_secret"]`` and are opened here, and nowhere else. A row that still has
one in clear works as it is.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers import registry
from django.core.exceptions import ImproperlyConfigured, MultipleObjectsReturned
from django.views.decorators.debug import sensitive_variables

from consumer_site.conf import consumer_settings
from consumer_site.errors import NotConfigured
from consumer_site.pages import sign_in_error_page
from consumer_site.vault import SealedColumn, UnsealError, cipher, register_sealed

if TYPE_CHECKING:
    from django.http import HttpResponse

logger = logging.getLogger("consumer_site.social_apps")

HOUSE = "house"
SEALED_SECRET = "sealed_secret"


class _Page(ImmediateHttpResponse):  # type: ignore[misc]  # allauth is untyped
    """An error that is the page that explains it, for those of allauth's views that expect none."""

    def __init__(self, detail: str) -> None:
        Exception.__init__(self, detail)
        self.detail = detail

    @property
    def response(self) -> HttpResponse:
        """Return the page; raise NotConfigured where there is no request to answer."""
        error = NotConfigured(self.detail)
        if context.request is None:
            raise error
        return sign_in_error_page(context.request, error, provider=None)


class NoEntry(_Page, SocialApp.DoesNotExist):  # type: ignore[misc]  # allauth is untyped
    """No usable entry is configured for a provider."""


class SeveralEntries(_Page, MultipleObjectsReturned):
    """More than one entry is configured where there must be one."""


def provider_id_of(app: SocialApp) -> str:
    """Return the id that the accounts of an entry carry: its own, or the connector's."""
    return str(app.provider_id or app.provider)


def configured(
    found: Iterable[SocialApp], *, provider: str | None = None, client_id: str | None = None
) -> list[SocialApp]:
    """Return the entries to use, secrets opened, of those that allauth found for `provider` with any client id.

    A row wins over the settings for the same provider id: whoever uses the admin expects to be obeyed there. A secret
    in clear wins over a sealed one beside it: sealing empties the column, so it is newer.
    """
    apps = [_with_settings(app) for app in found] + _house_entries(provider)
    apps = [app for app in apps if _is_itself(app)]
    in_rows = {_place(app) for app in apps if app.pk}
    chosen = _with_one_button([app for app in apps if app.pk or _place(app) not in in_rows])
    return [_opened(app) for app in chosen if not client_id or app.client_id == client_id]


def choose(apps: Sequence[SocialApp], *, provider: str) -> SocialApp:
    """Return the one entry of those listed for `provider`; raise NoEntry or SeveralEntries.

    The default entry of a connector is the one without an id of its own. A hidden one gives way.
    """
    if registry.get_class(provider) is not None:
        # An id of one's own that is another connector's name leads to nobody.
        apps = [app for app in apps if app.provider == provider]
    exact = [app for app in apps if provider_id_of(app) == provider]
    if provider == HOUSE or exact:
        apps = exact
    if len(apps) > 1:
        apps = [app for app in apps if not app.settings.get("hidden")]
        if len(apps) != 1:
            raise SeveralEntries(f"several entries are configured for {provider}: keep one, or hide the others")
    if not apps:
        raise NoEntry(f"no entry is configured for {provider}")
    if getattr(apps[0], "secret_unreadable", False):
        raise NoEntry(f"the secret of {provider} can't be opened: enter it again in the admin")
    return apps[0]


@sensitive_variables()
def seal_secret(app: SocialApp, secret: str) -> None:
    """Set an entry's secret, sealed for where it goes; the column stays empty. Does not save. Empty removes it."""
    app.settings = {name: value for name, value in settings_of(app).items() if name != SEALED_SECRET}
    app.secret = ""
    if secret:
        app.settings[SEALED_SECRET] = cipher.seal(secret, binding=binding_of(app))


def has_secret(app: SocialApp) -> bool:
    """Tell whether an entry has a secret, readable or not."""
    return bool(app.secret or settings_of(app).get(SEALED_SECRET))


def is_readable(app: SocialApp) -> bool:
    """Tell whether an entry's secret can be used: also where it has none."""
    sealed = settings_of(app).get(SEALED_SECRET)
    return bool(app.secret) or not sealed or _open(str(sealed), binding_of(app), consumer_settings.KEY_RING) is not None


@sensitive_variables()
def seal_stored(app: SocialApp) -> bool:
    """Seal and save the secret that a row has in clear, if the row is still as it was read; return whether it was."""
    before, stored = app.secret, app.settings
    if not before or app.pk is None:
        return False
    seal_secret(app, before)
    rows = SocialApp.objects.filter(pk=app.pk, secret=before, client_id=app.client_id, settings=stored)
    return bool(rows.update(secret="", settings=app.settings))


def binding_of(app: SocialApp) -> str:
    """Return what a secret is sealed for: moved to another client or another server, it opens for nobody."""
    return "client_secret:" + json.dumps([app.provider, app.client_id, settings_of(app).get("server_url") or ""])


def settings_of(app: SocialApp) -> dict[str, Any]:
    """Return an entry's settings; the column takes any JSON, and allauth reads it as a mapping."""
    return app.settings if isinstance(app.settings, dict) else {}


def _with_settings(app: SocialApp) -> SocialApp:
    app.settings = settings_of(app)
    return app


def _is_itself(app: SocialApp) -> bool:
    """Refuse an entry whose own id is another connector's name: its people would be the other's."""
    own = app.provider_id
    if not own or own == app.provider or registry.get_class(own) is None:
        return True
    logger.error("an entry of %s is not used: its id is the name of another provider, %s", app.provider, own)
    return False


def _place(app: SocialApp) -> tuple[str, bool]:
    # WeChat's sign-in inside WeChat is an app of its own beside the website's, for the same people.
    return provider_id_of(app), bool(app.settings.get("inside"))


def _with_one_button(apps: list[SocialApp]) -> list[SocialApp]:
    """Hide the app for inside WeChat where a website's app has the button for both: the connector chooses."""
    shown = {app.provider for app in apps if not app.settings.get("inside") and not app.settings.get("hidden")}
    for app in apps:
        if app.settings.get("inside") and app.provider in shown:
            app.settings = {**app.settings, "hidden": True}
    return apps


def _house_entries(provider: str | None) -> list[SocialApp]:
    return [
        SocialApp(
            provider=HOUSE,
            provider_id=entry.id,
            name=entry.name,
            client_id=entry.client_id,
            secret=entry.client_secret,
            settings={"server_url": entry.server_url, **entry.options},
        )
        for entry in consumer_settings.HOUSE
        if provider in {None, HOUSE, entry.id}
    ]


@sensitive_variables()
def _opened(app: SocialApp) -> SocialApp:
    sealed = app.settings.get(SEALED_SECRET)
    if sealed and not app.secret:
        secret = _open(str(sealed), binding_of(app), consumer_settings.KEY_RING)
        app.secret_unreadable = secret is None
        app.secret = secret or ""
    return app


# Every page that lists the ways to sign in asks for the entries: a secret is opened once per process, and one that
# can't be opened is logged once.
@lru_cache(maxsize=256)
@sensitive_variables()
def _open(sealed: str, binding: str, ring: tuple[str, ...]) -> str | None:
    try:
        return cipher.unseal(sealed, binding=binding)
    except (UnsealError, ImproperlyConfigured) as error:
        # Without its trace, which names the secrets that were tried.
        logger.error("the secret of a sign-in provider can't be opened (%s): %s", binding, error)  # noqa: TRY400
        return None


def _replace_sealed(app: SocialApp, sealed: str) -> bool:
    rows = SocialApp.objects.filter(pk=app.pk, settings=app.settings)
    return bool(rows.update(settings={**settings_of(app), SEALED_SECRET: sealed}))


register_sealed(
    SealedColumn(
        name="SocialApp.settings",
        model=SocialApp,
        sealed_of=lambda app: str(settings_of(app).get(SEALED_SECRET) or ""),
        binding_of=binding_of,
        replace=_replace_sealed,
    )
)
