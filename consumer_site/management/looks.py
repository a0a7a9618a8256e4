"""What the consumer's doctor looks at beside what every site has: callbacks, sign-outs, the vault, providers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from consumer_site import social_apps
from consumer_site.conf import consumer_settings
from consumer_site.http import time_limit
from consumer_site.models import LogoutReceipt
from consumer_site.probing import probe_for
from consumer_site.vault import cipher, columns
from site_doctor import inside_looks, metadata_looks, page_looks, transport_looks
from site_doctor.caller import Caller
from site_doctor.findings import Finding, Look, NotLookedAt, NotWell, Outcome, examine
from site_doctor.metadata_looks import Provider

_SECONDS = 30
_SAMPLE = 200
_PRUNING_LATE = timedelta(days=3)
_STRANGER = "https://stranger.invalid/"
_OF_TRANSPORT = {"tls-certificate", "tls-days-left", "tls-strength", "clock"}
# What the metadata must have, the connector's own test looks at.
_OF_METADATA = {"algorithms", "jwks", "jwks-sizes"}


def address_of(name: str, **kwargs: str) -> str:
    """Return the path of one of the consumer's pages; raise NotLookedAt where the project has none."""
    try:
        return reverse(name, kwargs=kwargs, urlconf=consumer_settings.URLCONF or settings.ROOT_URLCONF)
    except NoReverseMatch:
        raise NotLookedAt("this project has no such page") from None


def _without_house(status: int) -> None:
    if status == 503:
        raise NotLookedAt("no OpenID provider is configured")


def callback(caller: Caller, site: str) -> str:
    """Look whether people who come back find a page, and strangers' answers are refused there (RFC 6749 10.12)."""
    path = address_of("house_callback")
    answer = caller.get(f"{site}{path}?{urlencode({'code': 'x', 'state': 'nobody-asked'})}")
    _without_house(answer.status)
    if answer.status == 404:
        raise NotWell(f"{site}{path} is not there: nobody can come back")
    if answer.status >= 500:
        raise NotWell(f"{site}{path} answers {answer.status}")
    if any(
        "sessionid" in line.partition("=")[0] and "sessionid=;" not in line for line in answer.headers("Set-Cookie")
    ):
        raise NotWell("an answer that nobody has asked for begins a session")
    if urlsplit(answer.header("Location")).netloc not in {"", urlsplit(site).netloc}:
        raise NotWell("an answer that nobody has asked for leads to another site")
    return f"{path} answers {answer.status}"


def sign_in_by_get(caller: Caller, site: str) -> str:
    """Look that a link alone begins no sign-in (RFC 9700 4.7)."""
    answer = caller.get(f"{site}{address_of('house_login')}")
    _without_house(answer.status)
    if urlsplit(answer.header("Location")).netloc not in {"", urlsplit(site).netloc}:
        raise NotWell("a link on any site signs people in")
    return f"{answer.status}"


def next_address(caller: Caller, site: str) -> str:
    """Look that ``next`` leads to no other site (RFC 9700 4.11)."""
    answer = caller.get(f"{site}{address_of('account_login')}?{urlencode({'next': _STRANGER})}")
    if answer.header("Location").startswith(_STRANGER) or f'action="{_STRANGER}' in answer.text():
        raise NotWell("next leads to other sites")
    return f"{answer.status}"


def backchannel(caller: Caller, site: str) -> str:
    """Look how a logout token that is none is refused (OpenID Back-Channel Logout 2.8)."""
    _without_house(caller.get(f"{site}{address_of('house_login')}").status)
    answer = caller.post(f"{site}{address_of('house_backchannel_logout')}", {"logout_token": "nonsense"})
    if answer.status != 400:
        raise NotWell(f"nonsense is answered {answer.status}")
    if "no-store" not in answer.header("Cache-Control"):
        raise NotWell("the answer may be cached")
    return "400, no-store"


def vault() -> str:
    """Look whether the key ring opens what is sealed: the newest and the oldest rows of each column."""
    count = 0
    for column in columns.sealed_columns():
        rows = column.model._default_manager.select_related(*column.related)
        for row in [*rows.order_by("pk")[:_SAMPLE], *rows.order_by("-pk")[:_SAMPLE]]:
            if sealed := column.sealed_of(row):
                try:
                    cipher.position(sealed, binding=column.binding_of(row))
                except cipher.UnsealError:
                    raise NotWell(f"no secret opens row {row.pk} of {column.name}") from None
                count += 1
    return f"opens all {count} looked at; {len(consumer_settings.KEY_RING)} in the ring"


def pruned() -> str:
    """Look whether received sign-outs that are over wait for longer than a daily run leaves them."""
    oldest = LogoutReceipt.objects.order_by("expires_at").values_list("expires_at", flat=True).first()
    late = timezone.now() - oldest if oldest is not None else timedelta()
    if late > _PRUNING_LATE:
        raise NotWell(f"prune_consumer has not run for {late.days} days")
    return "nothing waits" if late <= timedelta() else "some rows wait for the next run"


OUTSIDE = (
    Look("callback", "RFC 6749 10.12", 'CONSUMER_SITE["SITE_URL"]; include consumer_site.urls there.', callback),
    Look("sign-in-by-get", "RFC 9700 4.7", "SOCIALACCOUNT_LOGIN_ON_GET = False", sign_in_by_get),
    Look("next", "RFC 9700 4.11", "Report it: SECURITY.md.", next_address),
    Look("backchannel", "OpenID Back-Channel Logout 2.8", "Let the proxy pass POST and Cache-Control on.", backchannel),
)
INSIDE = (
    Look("vault", "RFC 6819 5.1.4.1.3", "Put the secret back into KEY_RING; manage.py reseal_tokens --check", vault),
    Look("pruning", "", "Run manage.py prune_consumer each day by a timer.", pruned),
)


def of_site(caller: Caller, site: str) -> Mapping[str, list[Finding]]:
    """Return what is found from outside."""
    page = f"{site}/"
    parts = {"Transport": list(examine(transport_looks.LOOKS, caller, page))}
    try:
        caller.get(page)
    except Exception as error:  # noqa: BLE001 - whatever keeps it from answering
        return parts | {
            "Pages": [Finding("reachable", Outcome.FAIL, str(error), "Is the server up, and its name known?")]
        }
    parts["Pages"] = list(examine(page_looks.LOOKS, caller, page))
    parts["Sign-in"] = list(examine(OUTSIDE, caller, site))
    return parts


def of_server() -> list[Finding]:
    """Return what is found from inside."""
    return [*examine(inside_looks.LOOKS), *examine(INSIDE)]


def of_providers(caller: Caller, site: str) -> Mapping[str, list[Finding]]:
    """Return what is found at each provider that people sign in by, by the part's title."""
    from allauth.socialaccount.models import SocialApp  # noqa: PLC0415 - allauth may not be installed
    from allauth.socialaccount.providers import registry  # noqa: PLC0415

    registry.load()
    entries = social_apps.configured(SocialApp.objects.order_by("pk"))
    return {f"Provider {social_apps.provider_id_of(app)}": _of_provider(app, caller, site) for app in entries}


def _of_provider(app: Any, caller: Caller, site: str) -> list[Finding]:
    found = list(_probed(app, site))
    issuer = str(social_apps.settings_of(app).get("server_url") or "").rstrip("/") if app.provider == "house" else ""
    if issuer:
        transport = [look for look in transport_looks.LOOKS if look.name in _OF_TRANSPORT]
        metadata = [look for look in metadata_looks.LOOKS if look.name in _OF_METADATA]
        found += examine(transport, caller, f"{issuer}/.well-known/openid-configuration")
        found += examine(metadata, Provider(caller, issuer))
    return found


@sensitive_variables()
def _probed(app: Any, site: str) -> Iterable[Finding]:
    """Yield what the connector's own test finds, the one that the admin's button runs."""
    probe = probe_for(app.provider)
    if probe is None:
        yield Finding("test", Outcome.SKIPPED, "there is no test for this kind of provider")
        return
    try:
        kwargs = {"provider_id": app.provider_id} if app.provider_id and app.provider == "house" else {}
        callback_url = site + address_of(f"{app.provider}_callback", **kwargs)
        with time_limit(_SECONDS):
            findings = probe(app, callback_url=callback_url)
    except NotLookedAt as reason:
        yield Finding("test", Outcome.SKIPPED, str(reason))
    except Exception as error:  # noqa: BLE001 - its words may hold what was sent; the kind alone
        yield Finding("test", Outcome.FAIL, f"could not be finished: {type(error).__name__}", "See the log.")
    else:
        outcomes = {True: Outcome.OK, False: Outcome.FAIL, None: Outcome.WARN}
        for one in findings:
            told = f"{one.title}: {one.detail}" if one.detail else str(one.title)
            yield Finding("test", outcomes[one.ok], told, str(one.hint))
