"""A Django project with django-allauth and settings that were pasted: ``python allauth_client.py <file of settings>``.

It prints where a sign-in begins, reads where it came back, and prints who has signed in. Run in a process of its own,
because Django takes settings once.
"""

import sys
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.urls import include, path

HOST = "127.0.0.1:9999"
APPS = [f"django.contrib.{name}" for name in ("auth", "contenttypes", "sessions", "messages")]

urlpatterns: list[Any] = []


def configure(pasted: str) -> Any:
    """Set Django up with the pasted settings; return allauth's app of them."""
    namespace: dict[str, Any] = {"INSTALLED_APPS": list(APPS)}
    exec(pasted, namespace)
    settings.configure(
        SECRET_KEY="only-for-this-test" * 3,
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF=__name__,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "allauth.account.middleware.AccountMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
            }
        ],
        LOGIN_REDIRECT_URL="/signed-in/",
        SOCIALACCOUNT_LOGIN_ON_GET=True,
        INSTALLED_APPS=namespace["INSTALLED_APPS"],
        SOCIALACCOUNT_PROVIDERS=namespace["SOCIALACCOUNT_PROVIDERS"],
    )
    django.setup()
    urlpatterns.append(path("accounts/", include("allauth.urls")))  # it reads settings on import
    return namespace["SOCIALACCOUNT_PROVIDERS"]["openid_connect"]["APPS"][0]


def say(*words: object) -> None:
    """Print a line for the process that reads it."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Sign in."""
    app = configure(Path(sys.argv[1]).read_text(encoding="utf-8"))
    from allauth.socialaccount.models import SocialAccount
    from django.core.management import call_command
    from django.test import Client

    call_command("migrate", verbosity=0)
    client = Client(headers={"host": HOST})
    answer = client.get(f"/accounts/oidc/{app['provider_id']}/login/")
    say(answer["Location"])
    answer = client.get(sys.stdin.readline().strip())
    say(answer.status_code, answer.get("Location"), *SocialAccount.objects.values_list("uid", flat=True))


if __name__ == "__main__":
    main()
