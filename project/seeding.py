"""Fill the demonstration's database; a second run changes nothing a person has made since."""

import json
import os
import secrets
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.urls import reverse
from django.utils.module_loading import import_string

from project.avatars import draw_avatar
from project.environment import CONSUMER, PROVIDER

READABLE = "abcdefghjkmnpqrstuvwxyz23456789"

PEOPLE: dict[str, dict[str, Any]] = {
    "admin": {"role": "administrator", "is_staff": True, "is_superuser": True},
    "xiaoming": {"nickname": "小明", "avatar": {"background": "#cfe3ff", "skin": "#f3cfae", "hair": "#33302e"}},
    "alice": {"nickname": "Alice", "avatar": {"background": "#ffe3cf", "skin": "#e6b58f", "hair": "#7a4a21"}},
}
# Those who register, review and look after applications: of no use where the provider is not served.
PROVIDER_PEOPLE: dict[str, dict[str, Any]] = {
    "developer": {"role": "developer"},
    "reviewer": {"role": "reviewer", "is_staff": True},
    "operator": {"role": "operator", "is_staff": True},
    "auditor": {"role": "auditor", "is_staff": True},
}
CALENDAR = "朝夕日历"
CALENDAR_SCOPES = {
    "openid": True,
    "nickname": True,
    "avatar": False,
    "email": False,
    "profile": False,
    "offline_access": False,
}


def client_seeds() -> list[dict[str, Any]]:
    """Return what to register at the provider: one client of each kind, by the name that demo.json gives it."""
    return [
        {
            "key": "calendar",
            "name": CALENDAR,
            "client_id": "zhaoxi-calendar",
            "client_type": "confidential",
            "redirect_uris": [f"{settings.CONSUMER_URL}/accounts/house/login/callback/"],
            "scopes": CALENDAR_SCOPES,
            "description": "安排好每一天 · Your days, from morning to evening",
            "homepage_url": f"{settings.CONSUMER_URL}/",
            "initiate_login_uri": f"{settings.CONSUMER_URL}/accounts/house/initiate/",
            "post_logout_redirect_uris": [f"{settings.CONSUMER_URL}/accounts/house/logout/done/"],
            "backchannel_logout_uri": f"{settings.CONSUMER_URL}/accounts/house/logout/backchannel/",
            "frontchannel_logout_uri": f"{settings.CONSUMER_URL}/accounts/house/logout/frontchannel/",
        },
        {
            "key": "native",
            "name": "Terminal Notes",
            "client_id": "terminal-notes",
            "client_type": "public",
            "redirect_uris": ["http://127.0.0.1/callback"],
            "scopes": {"openid": True, "nickname": False, "offline_access": False},
            "description": "A public client on a person’s own machine; its loopback port may vary.",
        },
        {
            "key": "without_pkce",
            "name": "Old Reports",
            "client_id": "old-reports",
            "client_type": "confidential",
            "redirect_uris": ["http://127.0.0.1:9999/callback"],
            "scopes": {"openid": True, "nickname": False, "profile": False, "email": False, "offline_access": False},
            "pkce_waived": True,
            "description": "A confidential client for which an administrator has waived PKCE.",
        },
        {
            "key": "television",
            "name": f"{CALENDAR} TV",
            "client_id": "zhaoxi-television",
            "client_type": "public",
            "authorization_grant_type": "urn:ietf:params:oauth:grant-type:device_code",
            "redirect_uris": [],
            "scopes": {"openid": True, "nickname": False},
            "description": "电视上的日历 · Your days on the big screen",
        },
    ]


def read_demo(path: Path) -> dict[str, Any]:
    """Return what an earlier run wrote, or an empty dictionary."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def write_demo(path: Path, demo: dict[str, Any]) -> None:
    """Replace the file in one step; only its owner may read it, for it holds passwords and secrets."""
    draft = path.with_suffix(".json.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(demo, file, ensure_ascii=False, indent=2)
        file.write("\n")
    draft.replace(path)


def seed(*, path: Path) -> dict[str, Any]:
    """Make people, clients and connectors where they are missing; write and return what demo.json holds.

    A password or secret is made once and kept in that file alone; where the file is gone, a new one is made.
    """
    before = read_demo(path)
    demo: dict[str, Any] = {"issuer": settings.PROVIDER_URL}
    demo |= {"provider_url": settings.PROVIDER_URL, "consumer_url": settings.CONSUMER_URL}
    demo["admin_url"] = f"{settings.SITE_URLS[settings.ADMIN_SITE]}/admin/"
    with transaction.atomic():
        known = {account["username"]: account for account in before.get("accounts", [])}
        people = PEOPLE | (PROVIDER_PEOPLE if PROVIDER in settings.SITES else {})
        demo["accounts"] = [_person(name, facts, known.get(name, {})) for name, facts in people.items()]
        if PROVIDER in settings.SITES:
            demo |= _provider(before)
            demo["review_url"] = f"{demo['admin_url']}provider_site/review/"
        if CONSUMER in settings.SITES:
            _connectors(demo.get("clients", {}))
            demo |= _emulators() if settings.SANDBOX else {}
    write_demo(path, demo)
    return demo


def _provider(before: dict[str, Any]) -> dict[str, Any]:
    from project.example_applications import EXAMPLES, seed_applications  # noqa: PLC0415 - imports the provider
    from project.example_connected import CONNECTED  # noqa: PLC0415 - the same
    from project.example_consents import seed_consents  # noqa: PLC0415 - the same
    from project.example_protocol import PROTOCOL  # noqa: PLC0415 - the same
    from project.example_usage import seed_usage  # noqa: PLC0415 - the same

    clients = before.get("clients", {})
    found: dict[str, Any] = {
        "clients": {seed["key"]: _client(seed, clients.get(seed["key"], {})) for seed in client_seeds()}
    }
    known = {app["client_id"]: app for app in before.get("applications", [])}
    found["applications"] = seed_applications([*EXAMPLES, *CONNECTED, *PROTOCOL], known)
    seed_consents()
    seed_usage()
    developers = reverse("provider_site:developer-applications", urlconf="project.urls_provider")
    return found | {"developer_url": f"{settings.PROVIDER_URL}{developers}"}


def _person(username: str, facts: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    email = f"{username}@example.com"
    flags = {name: facts.get(name, False) for name in ("is_staff", "is_superuser")}
    user, created = get_user_model()._default_manager.get_or_create(
        username=username, defaults={"email": email, **flags}
    )
    password = known.get("password")
    if created or not password:
        password = "-".join("".join(secrets.choice(READABLE) for _ in range(4)) for _ in range(3))
        user.set_password(password)
        user.save(update_fields=["password"])
    if created:
        EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
        if PROVIDER in settings.SITES:
            _provided(user, facts)
    told = {"username": username, "password": password, "email": email, "nickname": facts.get("nickname", "")}
    return told | {"role": facts.get("role", "person"), **flags}


def _provided(user: Any, facts: dict[str, Any]) -> None:
    from project.example_applications import GROUPS, join_group  # noqa: PLC0415 - imports the provider
    from provider_site.services import profiles  # noqa: PLC0415 - absent where the consumer is alone

    if facts.get("role") in GROUPS:
        join_group(user)
    if "nickname" in facts:
        profiles.set_nickname(user=user, nickname=facts["nickname"])
        profiles.set_avatar(user=user, upload=draw_avatar(**facts["avatar"]))


def _client(seed: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    from provider_site.services import applications  # noqa: PLC0415 - absent where the consumer is alone
    from provider_site.services import secrets as client_secrets  # noqa: PLC0415 - the same

    confidential = seed["client_type"] == "confidential"
    application = applications.application_model().objects.filter(client_id=seed["client_id"]).first()
    secret = known.get("client_secret")
    if application is None:
        owner = get_user_model()._default_manager.get(username="admin")
        facts = {name: value for name, value in seed.items() if name != "key"}
        registered = applications.register_application(owner=owner, status="approved", **facts)
        application, secret = registered.application, registered.client_secret
    elif confidential and not secret:
        secret = client_secrets.issue_secret(application=application, name="demo")
    _move(application, seed)
    return {
        "name": seed["name"],
        "client_id": seed["client_id"],
        "client_secret": secret,
        "redirect_uris": seed["redirect_uris"],
        "scopes": list(seed["scopes"]),
        "required_scopes": [scope for scope, required in seed["scopes"].items() if required],
        "confidential": confidential,
        "public": not confidential,
        "pkce_waived": seed.get("pkce_waived", False),
        "status": application.registration.status,
    }


def _move(application: Any, seed: dict[str, Any]) -> None:
    """Register the addresses as they are this time: they hold the port, which may have been another one."""
    uris = ("redirect_uris", "post_logout_redirect_uris")
    wanted = {name: " ".join(seed.get(name, ())) for name in uris}
    if wanted == {name: getattr(application, name) for name in uris}:
        return
    for name, text in wanted.items():
        setattr(application, name, text)
    application.save(update_fields=list(uris))
    links = ("homepage_url", "initiate_login_uri", "backchannel_logout_uri", "frontchannel_logout_uri")
    if found := {name: seed[name] for name in links if name in seed}:
        type(application.registration).objects.filter(application=application).update(**found)


def _connectors(clients: dict[str, Any]) -> None:
    from allauth.socialaccount.models import SocialApp  # noqa: PLC0415 - absent where the provider is alone

    from consumer_site import social_apps  # noqa: PLC0415 - the same

    if calendar := clients.get("calendar"):
        SocialApp.objects.update_or_create(
            provider="house",
            provider_id="",  # further OpenID providers, which somebody added in the admin, have an ID
            defaults={
                "name": settings.SITE_TITLES[PROVIDER],
                "client_id": calendar["client_id"],
                "secret": calendar["client_secret"],
                "settings": {"server_url": settings.PROVIDER_URL},
            },
        )
    if settings.SANDBOX:
        for which, entry in _emulated():
            # Whoever has set a real app id in the admin, or several, keeps them.
            if not SocialApp.objects.filter(**which).exists():
                SocialApp.objects.create(**which, **entry)
    for row in SocialApp.objects.exclude(secret=""):
        social_apps.seal_stored(row)


def _emulators() -> dict[str, Any]:
    """Return what demo.json says of each emulator: its applications, its address, and who can sign in there."""
    registered = {
        "qq": {"app_id": settings.SANDBOX_QQ_APP_ID, "app_key": settings.SANDBOX_QQ_APP_KEY},
        "weixin": {
            "app_id": settings.SANDBOX_WEIXIN_APP_ID,
            "app_secret": settings.SANDBOX_WEIXIN_APP_SECRET,
            "inside_app_id": settings.SANDBOX_WEIXIN_INSIDE_APP_ID,
            "inside_app_secret": settings.SANDBOX_WEIXIN_INSIDE_APP_SECRET,
        },
        "github": {
            "client_id": settings.SANDBOX_GITHUB_CLIENT_ID,
            "client_secret": settings.SANDBOX_GITHUB_CLIENT_SECRET,
        },
    }
    return {
        f"{name}_emulator": {
            **app,
            "base_url": f"{settings.CONSUMER_URL}/sandbox/{name}",
            # By name: nothing imports the emulators, so that a deployment can leave them out.
            "persons": [
                {"key": person.key, "nickname": person.nickname}
                for person in import_string(f"consumer_site.sandbox.{name}.persons.PERSONS").values()
            ],
        }
        for name, app in registered.items()
    }


def _emulated() -> list[tuple[dict[str, str], dict[str, Any]]]:
    """Return the entries whose other end is an emulator: what makes each one's place, and what is in it."""
    weixin = {"provider": "weixin"}
    return [
        (
            {"provider": "qq"},
            {"name": "QQ", "client_id": settings.SANDBOX_QQ_APP_ID, "secret": settings.SANDBOX_QQ_APP_KEY},
        ),
        (
            weixin | {"provider_id": "weixin"},
            {
                "name": "微信 WeChat",
                "client_id": settings.SANDBOX_WEIXIN_APP_ID,
                "secret": settings.SANDBOX_WEIXIN_APP_SECRET,
            },
        ),
        (
            weixin | {"provider_id": "weixin-inside"},
            {
                "name": "微信 WeChat",
                "client_id": settings.SANDBOX_WEIXIN_INSIDE_APP_ID,
                "secret": settings.SANDBOX_WEIXIN_INSIDE_APP_SECRET,
                "settings": {"inside": True},
            },
        ),
        (
            {"provider": "github"},
            {
                "name": "GitHub",
                "client_id": settings.SANDBOX_GITHUB_CLIENT_ID,
                "secret": settings.SANDBOX_GITHUB_CLIENT_SECRET,
            },
        ),
    ]
