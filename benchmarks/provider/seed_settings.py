"""The project's settings for filling the database: tokens outlive the run, which the pool of a scenario needs."""

from project.settings import *  # noqa: F403 - a settings file on top of another
from project.settings import PROVIDER_SITE

PROVIDER_SITE["ACCESS_TOKEN_SECONDS"] = 86400
