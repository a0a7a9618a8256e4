"""A stranger's project that has Django and the emulators, and nothing else: whatever else is installed is hidden."""

import os
import sys
from importlib.abc import MetaPathFinder
from typing import Any

HIDDEN = {"allauth", "cryptography", "jwt", "oauth2_provider", "oauthlib", "PIL", "requests", "urllib3"}


class Hide(MetaPathFinder):
    """Let nothing be found that the sandbox's extra does not bring."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> None:
        if fullname.partition(".")[0] in HIDDEN:
            raise ModuleNotFoundError(f"{fullname} is not installed in a stranger's project", name=fullname)


sys.meta_path.insert(0, Hide())

SECRET_KEY = "a stranger's key, for tests alone, and long enough to satisfy the checks"
DEBUG = os.environ.get("STRANGER_DEBUG", "1") == "1"
ROOT_URLCONF = os.environ.get("STRANGER_URLS", "tests.consumer.urls_sandbox")
INSTALLED_APPS = ["consumer_site.sandbox"]
DATABASES = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ.get("STRANGER_DATABASE", ":memory:")}
}
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
USE_TZ = True
