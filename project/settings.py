"""Settings of the reference project; every value that depends on the deployment comes from the environment.

Which sites: SITES, PROVIDER_URL, CONSUMER_URL, PORT, ALLOWED_HOSTS, BEHIND_PROXY, TRUSTED_PROXY_COUNT, DEBUG,
RATE_LIMITS (JSON: docs/limits.md).
Secrets: SECRET_KEY, SECRET_KEY_FALLBACKS, PROVIDER_KEY_RING, CONSUMER_KEY_RING (lists by comma, newest first).
Engines: DATABASE_URL (more in project/databases.py), CACHE_URL, SESSIONS_IN_CACHE, VAR_DIR, MEDIA_ROOT, STATIC_ROOT.
Words and mail: PROVIDER_NAME, CONSUMER_NAME, TIME_ZONE, DEFAULT_FROM_EMAIL, EMAIL_HOST, EMAIL_PORT, EMAIL_HOST_USER,
EMAIL_HOST_PASSWORD, EMAIL_USE_TLS.
Providers that the consumer signs people in by, each with its secret or with its secret's name + _FILE: HOUSE_ISSUER,
HOUSE_CLIENT_ID, HOUSE_CLIENT_SECRET, HOUSE_NAME and more (HOUSE_<ID>_ISSUER … for further ones); QQ_APP_ID, QQ_APP_KEY;
WEIXIN_APP_ID, WEIXIN_APP_SECRET, WEIXIN_INSIDE_APP_ID, WEIXIN_INSIDE_APP_SECRET; GITHUB_CLIENT_ID,
GITHUB_CLIENT_SECRET. All of them are in consumer_site/environment.py, and in docs/consumer/configuration.md.
Others: ADMIN_SIGN_IN_MAX_AGE (seconds), LOG_LEVEL, WORKER_LOG_LEVEL, LOG_FORMAT
(line or json), ACCESS_LOG, MONITORING_TOKEN, METRICS, TRACING (docs/monitoring.md).
"""

import json
import os
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from project.databases import read_caches, read_database
from project.environment import (
    CONSUMER,
    PROVIDER,
    host_name,
    read_flag,
    read_key_ring,
    read_list,
    read_port,
    read_secret,
    read_sites,
    read_url,
)
from project.logs import read_logging

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(os.environ.get("VAR_DIR") or BASE_DIR / "var")
PORT = read_port()

# --- Which sites, under which addresses --------------------------------------------------------------------------

SITES = read_sites()
PROVIDER_URL = read_url("PROVIDER_URL", default=f"http://localhost:{PORT}")
CONSUMER_URL = read_url("CONSUMER_URL", default=f"http://127.0.0.1:{PORT}")
SITE_URLS = {PROVIDER: PROVIDER_URL, CONSUMER: CONSUMER_URL}
SITE_HOSTS = {host_name(SITE_URLS[site]): site for site in SITES}
if len(SITE_HOSTS) < len(SITES):
    raise ImproperlyConfigured(
        "PROVIDER_URL and CONSUMER_URL need different host names: browsers share cookies between ports of one name."
    )
ROOT_URLCONF = f"project.urls_{SITES[0]}"
ADMIN_SITE = SITES[0]
ADMIN_SIGN_IN_MAX_AGE = int(os.environ.get("ADMIN_SIGN_IN_MAX_AGE") or 12 * 3600)

# Off as soon as an address is configured, so that no deployment comes up in development mode by omission.
DEBUG = read_flag("DEBUG", default=not (os.environ.get("PROVIDER_URL") or os.environ.get("CONSUMER_URL")))
HTTPS = all(SITE_URLS[site].startswith("https://") for site in SITES)
ALLOWED_HOSTS = [*SITE_HOSTS, *read_list("ALLOWED_HOSTS")]


def _development_file(name: str) -> Path | None:
    return VAR_DIR / name if DEBUG else None


SECRET_KEY = read_secret("SECRET_KEY", development_file=_development_file("secret_key"))
SECRET_KEY_FALLBACKS = read_list("SECRET_KEY_FALLBACKS")  # earlier ones, while they are rotated out

# --- Applications ------------------------------------------------------------------------------------------------

# The emulators of foreign sign-in services are development twins: never without DEBUG.
SANDBOX = CONSUMER in SITES and DEBUG
INSTALLED_APPS = [
    "project",
    # Before allauth, whose templates it overrides.
    *(["consumer_site"] if CONSUMER in SITES else []),
    *(["provider_site", "oauth2_provider"] if PROVIDER in SITES else []),
    *(["consumer_site.sandbox"] if SANDBOX else []),
    "project.apps.ProjectAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    *(["allauth.socialaccount"] if CONSUMER in SITES else []),
    "django_tasks",
    "django_tasks_db",
]

MIDDLEWARE = [
    "site_monitoring.probes.ProbeMiddleware",
    *(["provider_site.metrics.MetricsMiddleware"] if PROVIDER in SITES else []),
    "project.logs.ReferenceMiddleware",
    f"{SITES[0]}_site.telemetry.TracingMiddleware",
    "project.csp.ContentSecurityPolicyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    *(["provider_site.middleware.OverloadMiddleware"] if PROVIDER in SITES else []),
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "project.hosts.HostMiddleware",
    *(["provider_site.middleware.EndpointMiddleware"] if PROVIDER in SITES else []),
    "project.sessions.SiteSessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "project.signed_in.SignedInMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    *(["consumer_site.logout.middleware.SessionLinkMiddleware"] if CONSUMER in SITES else []),
    *(["provider_site.middleware.ProviderSessionMiddleware"] if PROVIDER in SITES else []),
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "project.layout.layout",
            ],
        },
    },
]

WSGI_APPLICATION = "project.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Database, cache, sessions, background work ------------------------------------------------------------------

_database_file = "demo" if len(SITES) > 1 else SITES[0]
DATABASES = {"default": read_database(default_url=f"sqlite:///{VAR_DIR / _database_file}.sqlite3")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    VAR_DIR.mkdir(parents=True, exist_ok=True)
CACHES = read_caches()

SESSION_ENGINE = "project.sessions"
# A cache of one process would answer with sessions that another process has ended.
SESSIONS_IN_CACHE = read_flag("SESSIONS_IN_CACHE", default=bool(os.environ.get("CACHE_URL", "").strip()))
SESSION_CACHE_ALIAS = "sessions" if "sessions" in CACHES else "default"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_HTTPONLY = True

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": []}}

# --- Languages and time ------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
# Each language by its own name, so that it is found by those who read nothing else.
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = os.environ.get("TIME_ZONE") or "UTC"

# --- Files -------------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = Path(os.environ.get("STATIC_ROOT") or BASE_DIR / "static-collected")
MEDIA_URL = "/media/"
MEDIA_ROOT = Path(os.environ.get("MEDIA_ROOT") or VAR_DIR / "media")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_ALLOW_ALL_ORIGINS = False

# --- Security headers and cookies --------------------------------------------------------------------------------

SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "project.errors.csrf_failure"
# Further origins at which forms of a site's pages may end, beside the site itself: the calendar's sign-in buttons
# lead to the provider, QQ, WeChat and GitHub.
CSP_FORM_ACTION = {CONSUMER: [PROVIDER_URL, "https://graph.qq.com", "https://open.weixin.qq.com", "https://github.com"]}
if CONSUMER in SITES:
    from consumer_site.environment import read_connectors  # only where the consumer is served

    CONNECTORS = read_connectors()
    CSP_FORM_ACTION[CONSUMER] += CONNECTORS.origins

SECURE_COOKIES = HTTPS and not DEBUG
SESSION_COOKIE_SECURE = SECURE_COOKIES
CSRF_COOKIE_SECURE = SECURE_COOKIES
LANGUAGE_COOKIE_SECURE = SECURE_COOKIES
SECURE_HSTS_SECONDS = 365 * 86400 if SECURE_COOKIES else 0
SECURE_SSL_REDIRECT = SECURE_COOKIES
# The domain's other hosts are not ours to decide about.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
if SECURE_COOKIES:
    # The prefix makes browsers refuse such a cookie from any other host, sub-domains included.
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
TRUSTED_PROXIES = 0
if read_flag("BEHIND_PROXY", default=False):
    # Only where a proxy sets this header itself and drops the client's: it decides what counts as https.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    TRUSTED_PROXIES = ALLAUTH_TRUSTED_PROXY_COUNT = int(os.environ.get("TRUSTED_PROXY_COUNT") or 1)

# --- Accounts of people ------------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

ACCOUNT_ADAPTER = "project.accounts.AccountAdapter"
ACCOUNT_FORMS = {"login": "project.accounts.LoginForm"}
ACCOUNT_LOGIN_METHODS = {"email", "username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if PROVIDER in SITES else "optional"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
ACCOUNT_USERNAME_MIN_LENGTH = 3
ACCOUNT_MAX_EMAIL_ADDRESSES = 5
ACCOUNT_LOGOUT_ON_GET = False

MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ADAPTER = "project.accounts.MFAAdapter"
MFA_FORMS = {"add_webauthn": "project.accounts.AddWebAuthnForm"}
MFA_TOTP_TOLERANCE = 1

SOCIALACCOUNT_ADAPTER = "project.linking.SocialAccountAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_EMAIL_REQUIRED = False
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"

# --- E-mail ------------------------------------------------------------------------------------------------------

DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL") or f"no-reply@{host_name(SITE_URLS[SITES[0]])}"
SERVER_EMAIL = DEFAULT_FROM_EMAIL
if DEBUG:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = VAR_DIR / "mail"
else:
    EMAIL_HOST = os.environ.get("EMAIL_HOST") or "localhost"
    EMAIL_PORT = int(os.environ.get("EMAIL_PORT") or 25)
    EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
    EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
    EMAIL_USE_TLS = read_flag("EMAIL_USE_TLS", default=False)
    EMAIL_TIMEOUT = 10

# Opens /metrics, and what /health/ready keeps from strangers.
MONITORING_TOKEN = os.environ.get("MONITORING_TOKEN", "").strip()
TRACING = read_flag("TRACING", default=False)

LOG_LEVEL, ACCESS_LOG, LOGGING = read_logging()

# --- The two applications ----------------------------------------------------------------------------------------

SITE_TITLES = {
    PROVIDER: os.environ.get("PROVIDER_NAME") or ("朝夕通行证" if DEBUG else host_name(PROVIDER_URL)),
    CONSUMER: os.environ.get("CONSUMER_NAME") or host_name(CONSUMER_URL),
}

if PROVIDER in SITES:
    from provider_site.dot_settings import dot_settings  # only where the provider is served

    OAUTH2_PROVIDER = dot_settings()
    PROVIDER_SITE = {
        "ISSUER": PROVIDER_URL,
        "SITE_NAME": SITE_TITLES[PROVIDER],
        "REAUTHENTICATE_URL": "account_reauthenticate",
        "SIGNUP_URL": "account_signup",
        "STEP_UP": "project.accounts.step_up",
        "EMAIL_VERIFIED": "project.accounts.email_verified",
        # nobody, staff, verified or everyone: who registers applications at the developer pages.
        "WHO_MAY_REGISTER": os.environ.get("WHO_MAY_REGISTER") or ("verified" if DEBUG else "nobody"),
        # What other applications may ask of a person's calendar. Sharing it is asked about at each sign-in.
        "SCOPES": {
            "calendar.read": {
                "title": _("See your calendar"),
                "description": _("Titles, times and places of your events."),
            },
            "calendar.write": {
                "title": _("Change your calendar"),
                "description": _("Add, change and delete events."),
                "writes": True,
            },
            "calendar.share": {
                "title": _("Share your calendar with others"),
                "description": _("Whoever it is shared with sees your events."),
                "writes": True,
                "sensitive": True,
            },
        },
        "KEY_RING": read_key_ring("PROVIDER_KEY_RING", development_file=_development_file("provider_key_ring")),
        # In the demonstration, applications run on this very machine.
        "OUTBOUND_ALLOW_LOOPBACK_HTTP": DEBUG,
        "TRUSTED_PROXIES": TRUSTED_PROXIES,
        "MONITORING_TOKEN": MONITORING_TOKEN,
        "METRICS": read_flag("METRICS", default=False),
        "TRACING": TRACING,
        "RATE_LIMITS": json.loads(os.environ.get("RATE_LIMITS") or "{}"),
    }
    MFA_KEY_RING = PROVIDER_SITE["KEY_RING"]
    # DOT warns of any http redirect URI; provider_site allows http for loopback alone (RFC 8252 7.3).
    SILENCED_SYSTEM_CHECKS += ["oauth2_provider.W008"]

if CONSUMER in SITES:
    CONSUMER_SITE = {
        "KEY_RING": read_key_ring("CONSUMER_KEY_RING", development_file=_development_file("consumer_key_ring")),
        # The provider of the demonstration is on this very machine.
        "ALLOW_LOOPBACK_HTTP": DEBUG,
        # The admin may be on the provider's host.
        "SITE_URL": CONSUMER_URL,
        "URLCONF": "project.urls_consumer",
        "HOUSE": CONNECTORS.house,
        "MONITORING_TOKEN": MONITORING_TOKEN,
        "TRACING": TRACING,
    }
    SOCIALACCOUNT_PROVIDERS = CONNECTORS.providers
    if SANDBOX:
        # The emulators' own applications: any other app id goes to the real addresses.
        SANDBOX_QQ_APP_ID = "100000001"
        SANDBOX_QQ_APP_KEY = read_secret("SANDBOX_QQ_APP_KEY", development_file=_development_file("sandbox_qq_app_key"))
        SANDBOX_WEIXIN_APP_ID = "wx0000000000000001"
        SANDBOX_WEIXIN_APP_SECRET = read_secret(
            "SANDBOX_WEIXIN_APP_SECRET", development_file=_development_file("sandbox_weixin_app_secret")
        )
        SANDBOX_WEIXIN_INSIDE_APP_ID = "wx0000000000000002"
        SANDBOX_WEIXIN_INSIDE_APP_SECRET = read_secret(
            "SANDBOX_WEIXIN_INSIDE_APP_SECRET", development_file=_development_file("sandbox_weixin_inside_app_secret")
        )
        SANDBOX_GITHUB_CLIENT_ID = "Ov23liSandbox0000001"
        SANDBOX_GITHUB_CLIENT_SECRET = read_secret(
            "SANDBOX_GITHUB_CLIENT_SECRET", development_file=_development_file("sandbox_github_client_secret")
        )
        _calendar = {"name": "朝夕日历"}
        _weixin_app = _calendar | {"domains": [urlsplit(CONSUMER_URL).netloc], "developer": "demo"}
        CONSUMER_SITE |= {
            "QQ_BASE_URLS": {SANDBOX_QQ_APP_ID: f"{CONSUMER_URL}/sandbox/qq"},
            "WEIXIN_BASE_URLS": dict.fromkeys(
                (SANDBOX_WEIXIN_APP_ID, SANDBOX_WEIXIN_INSIDE_APP_ID), f"{CONSUMER_URL}/sandbox/weixin"
            ),
            "GITHUB_BASE_URLS": {SANDBOX_GITHUB_CLIENT_ID: f"{CONSUMER_URL}/sandbox/github"},
            "SANDBOX": {
                "QQ_APPS": {
                    SANDBOX_QQ_APP_ID: _calendar
                    | {
                        "key": SANDBOX_QQ_APP_KEY,
                        "callbacks": [f"{CONSUMER_URL}/accounts/qq/login/callback/"],
                        "developer": "demo",
                    }
                },
                "WEIXIN_APPS": {
                    SANDBOX_WEIXIN_APP_ID: _weixin_app | {"secret": SANDBOX_WEIXIN_APP_SECRET},
                    SANDBOX_WEIXIN_INSIDE_APP_ID: _weixin_app
                    | {"secret": SANDBOX_WEIXIN_INSIDE_APP_SECRET, "inside": True},
                },
                "GITHUB_APPS": {
                    SANDBOX_GITHUB_CLIENT_ID: _calendar
                    | {
                        "secret": SANDBOX_GITHUB_CLIENT_SECRET,
                        "callbacks": [f"{CONSUMER_URL}/accounts/github/login/callback/"],
                        "owner": "demo",
                    }
                },
            },
        }
    if PROVIDER not in SITES:
        MFA_KEY_RING = CONSUMER_SITE["KEY_RING"]
