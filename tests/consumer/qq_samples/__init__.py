"""A server that answers with canned bytes where QQ would, and the answers that QQ is known to give."""

from tests.consumer.canned_server import Canned, serve
from tests.consumer.canned_server import CannedProvider as CannedQQ
from tests.consumer.qq_samples.addresses import ME, PROFILE_PATH, TOKEN
from tests.consumer.qq_samples.published import (
    ACCESS_TOKEN,
    APP_ID,
    APP_KEY,
    OPENID,
    PROFILE,
    REFRESH_TOKEN,
    UNIONID,
    me,
    me_jsonp,
    profile,
    token,
)

__all__ = [
    "ACCESS_TOKEN",
    "APP_ID",
    "APP_KEY",
    "ME",
    "OPENID",
    "PROFILE",
    "PROFILE_PATH",
    "REFRESH_TOKEN",
    "TOKEN",
    "UNIONID",
    "Canned",
    "CannedQQ",
    "me",
    "me_jsonp",
    "profile",
    "serve",
    "token",
]
