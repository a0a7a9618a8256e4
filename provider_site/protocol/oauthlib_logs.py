"""What oauthlib may write into logs."""

from __future__ import annotations

import logging

# The grants write codes and tokens in clear into their debug lines (oauthlib 4.0.1).
_TALKATIVE = ("authorization_code", "client_credentials", "refresh_token")


class NoDebugLines(logging.Filter):
    """Drop debug lines at their logger, before any handler of the host sees them."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Pass what is more than debugging."""
        return record.levelno > logging.DEBUG


_filter = NoDebugLines()


def keep_secrets_out() -> None:
    """Silence the debug lines of oauthlib's grants, whatever level the host logs at. Safe to repeat."""
    for module in _TALKATIVE:
        logging.getLogger(f"oauthlib.oauth2.rfc6749.grant_types.{module}").addFilter(_filter)
