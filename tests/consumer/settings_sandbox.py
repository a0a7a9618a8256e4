"""Settings in which the emulators stand alone: any Django project, without the rest of consumer_site."""

SECRET_KEY = "sandbox-tests-only"
DEBUG = True
ALLOWED_HOSTS = ["127.0.0.1", "testserver"]
ROOT_URLCONF = "tests.consumer.urls_sandbox"
INSTALLED_APPS = ["django.contrib.staticfiles", "consumer_site.sandbox"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
USE_TZ = True
USE_I18N = True
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
STATIC_URL = "/static/"
CONSUMER_SITE = {"SANDBOX": {"QQ_APPS": {"100000001": {"key": "k", "callbacks": ["http://127.0.0.1:8000/callback/"]}}}}
