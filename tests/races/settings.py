"""The reference project's settings, with a switch that lets one fleet be run by several choices of the deployment."""

from project.settings import *  # noqa: F403 - all of them
from project.settings import MIDDLEWARE

MIDDLEWARE = ["tests.races.switch.SwitchMiddleware", *MIDDLEWARE]
