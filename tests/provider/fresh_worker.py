"""Serve machines in a fresh process, and print what it has imported: `python -m tests.provider.fresh_worker`.

A minimal host with the provider, all in memory; nobody opens a page.
"""

import json
import sys

import django
from django.conf import settings

CONTRIB = "django.contrib"
APPS = [f"{CONTRIB}.{name}" for name in ("admin", "auth", "contenttypes", "sessions", "messages")]
LABELS = ("admin", "auth", "contenttypes", "sessions", "oauth2_provider", "provider_site", "django_tasks_database")


def main() -> None:
    """Ask for everything a machine asks for, and write the names of all modules as JSON."""
    from provider_site.dot_settings import dot_settings

    settings.configure(
        SECRET_KEY="k" * 64,
        ALLOWED_HOSTS=["localhost"],
        ROOT_URLCONF="provider_site.urls",
        INSTALLED_APPS=[*APPS, "provider_site", "oauth2_provider", "django_tasks", "django_tasks_db"],
        MIDDLEWARE=[
            "django.middleware.security.SecurityMiddleware",
            "provider_site.middleware.EndpointMiddleware",
            f"{CONTRIB}.sessions.middleware.SessionMiddleware",
            f"{CONTRIB}.auth.middleware.AuthenticationMiddleware",
        ],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        MIGRATION_MODULES=dict.fromkeys(LABELS),
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        PROVIDER_SITE={"ISSUER": "http://localhost", "KEY_RING": ["r" * 64], "SIGNING_ALGORITHMS": ["RS256"]},
        OAUTH2_PROVIDER=dot_settings(),
        TASKS={"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}},
        MEDIA_ROOT="unused",
    )
    django.setup()
    from django.core.management import call_command
    from django.test import Client

    call_command("migrate", run_syncdb=True, verbosity=0)
    from tests.factories import make_application

    registered = make_application(
        authorization_grant_type="client-credentials", redirect_uris=[], scopes={"nickname": True}
    )
    identity = {"client_id": registered.application.client_id, "client_secret": registered.client_secret}
    machine = Client(headers={"host": "localhost"})
    form = "application/x-www-form-urlencoded"

    def post(address: str, **fields: str) -> int:
        body = "&".join(f"{name}={value}" for name, value in (identity | fields).items())
        return machine.post(address, body, content_type=form).status_code

    answers = {
        "token": post("/o/token/", grant_type="client_credentials", scope="nickname"),
        "introspection": post("/o/introspect/", token="unknown"),
        "revocation": post("/o/revoke_token/", token="unknown"),
        "userinfo": machine.get("/o/userinfo/", headers={"authorization": "Bearer unknown"}).status_code,
        "metadata": machine.get("/.well-known/openid-configuration").status_code,
        "keys": machine.get("/.well-known/jwks.json").status_code,
    }
    sys.stdout.write(json.dumps({"answers": answers, "modules": sorted(sys.modules)}))


if __name__ == "__main__":
    main()
