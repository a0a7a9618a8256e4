"""Serve the sandbox by itself, whatever urls, middleware and templates the project around it has."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.test.utils import override_settings

HOST: Final = "127.0.0.1"
"""Never another: whoever reaches an emulator signs in as anybody."""

# What the emulators need, and nothing of the project: its middleware may route by host, ask for a sign-in, or redirect.
_OWN_SETTINGS: Final[dict[str, Any]] = {
    "ALLOWED_HOSTS": [HOST, "localhost"],
    "ROOT_URLCONF": "consumer_site.sandbox.own_urls",
    "MIDDLEWARE": [
        "django.middleware.locale.LocaleMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
    ],
    "TEMPLATES": [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
        }
    ],
    "FORCE_SCRIPT_NAME": None,
    "APPEND_SLASH": True,
    "PREPEND_WWW": False,
    # Cookies know no ports: the project's own token is another one.
    "CSRF_COOKIE_NAME": "sandbox_csrftoken",
    "CSRF_COOKIE_SECURE": False,
    "CSRF_USE_SESSIONS": False,
    "CSRF_COOKIE_DOMAIN": None,
    "LANGUAGES": [("en", "English"), ("zh-hans", "简体中文")],
    "USE_I18N": True,
}


@contextmanager
def serving(port: int) -> Iterator[ThreadedWSGIServer]:
    """Bind the port (0: any free one) and give the server, not yet running; raise OSError for a port in use."""
    with override_settings(**_OWN_SETTINGS):
        server = ThreadedWSGIServer((HOST, port), WSGIRequestHandler)
        server.set_app(WSGIHandler())
        try:
            yield server
        finally:
            server.server_close()
