"""The project as it is deployed (DEBUG=false), without what a deployment has that these tests have not."""

import os

from project.settings import *  # noqa: F403 - settings are read by name
from project.settings import PROVIDER_SITE, VAR_DIR

PROVIDER_SITE = PROVIDER_SITE | {
    "FAST_LANE": os.environ.get("FAST_LANE") != "off",
    # Those whom messages go to are on this machine.
    "OUTBOUND_ALLOW_LOOPBACK_HTTP": True,
}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # Nothing is collected.
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = VAR_DIR / "mail"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
