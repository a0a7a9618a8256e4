"""A project of several sites, whose people are known by their e-mail address, with no user name and an opaque key."""

from tests.consumer.settings_alone import *  # noqa: F403 - the same project but for its people
from tests.consumer.settings_alone import INSTALLED_APPS as _APPS

INSTALLED_APPS = ["tests.consumer.people", *_APPS, "django.contrib.sites"]
SITE_ID = 1
AUTH_USER_MODEL = "people.Person"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
