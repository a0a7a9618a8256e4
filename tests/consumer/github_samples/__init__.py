"""What GitHub is known to answer, and the addresses at which it does."""

from tests.consumer.canned_server import Canned, CannedProvider, serve
from tests.consumer.github_samples.published import (
    ACCESS_TOKEN,
    CLIENT_ID,
    CLIENT_SECRET,
    EMAILS,
    ID,
    PROFILE_PATH,
    REFRESH_TOKEN,
    TOKEN,
    emails,
    profile,
    token,
)

__all__ = [
    "ACCESS_TOKEN",
    "CLIENT_ID",
    "CLIENT_SECRET",
    "EMAILS",
    "ID",
    "PROFILE_PATH",
    "REFRESH_TOKEN",
    "TOKEN",
    "Canned",
    "CannedProvider",
    "emails",
    "profile",
    "serve",
    "token",
]
