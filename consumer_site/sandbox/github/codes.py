"""GitHub's errors, with the words that it sends.

Those marked in ASSUMED appear in no published answer of GitHub's for that cause; only that it refuses is documented.
"""

from collections.abc import Mapping
from typing import Final

from consumer_site.sandbox.turns import Turn

_TOKEN_HELP: Final = (
    "https://docs.github.com/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors/"
)
_AUTHORIZE_HELP: Final = (
    "https://docs.github.com/apps/managing-oauth-apps/troubleshooting-authorization-request-errors/"
)

ERRORS: Final[dict[str, tuple[str, str]]] = {
    "access_denied": ("The user has denied your application access.", f"{_AUTHORIZE_HELP}#access-denied"),
    "application_suspended": (
        "Your application has been suspended. Contact support@github.com.",
        f"{_AUTHORIZE_HELP}#application-suspended",
    ),
    "redirect_uri_mismatch": (
        "The redirect_uri MUST match the registered callback URL for this application.",
        f"{_TOKEN_HELP}#redirect-uri-mismatch2",
    ),
    "incorrect_client_credentials": (
        "The client_id and/or client_secret passed are incorrect.",
        f"{_TOKEN_HELP}#incorrect-client-credentials",
    ),
    "bad_verification_code": (
        "The code passed is incorrect or expired.",
        f"{_TOKEN_HELP}#bad-verification-code",
    ),
    "unverified_user_email": (
        "The user must have a verified primary email.",
        f"{_TOKEN_HELP}#unverified_user_email",
    ),
    "bad_refresh_token": (
        "The refresh token passed is incorrect or expired.",
        "https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens",
    ),
    "unsupported_grant_type": (
        "The grant type is not supported.",
        "https://docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps#error-codes-for-the-device-flow",
    ),
    "invalid_request": (
        "The code_challenge_method must be S256, and the code_challenge the digest of a code_verifier.",
        "https://docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps",
    ),
}
ASSUMED: Final = frozenset({"invalid_request"})

MESSAGES: Final[Mapping[int, str]] = {
    401: "Bad credentials",
    403: "API rate limit exceeded for user ID 1. If you reach out to GitHub Support for help, please include the "
    "request ID.",
    404: "Not Found",
    429: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
    503: "Service Unavailable",
}
REQUIRES: Final = "Requires authentication"
NO_USER_AGENT: Final = (
    "Request forbidden by administrative rules. Please make sure your request has a User-Agent header"
)
NOT_ACCESSIBLE: Final = "Resource not accessible by integration"


class GitHubError(Exception):
    """Stop an OAuth request with an error by name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    @property
    def fields(self) -> dict[str, str]:
        """Return what the answer, or the callback, is told."""
        description, uri = ERRORS[self.name]
        return {"error": self.name, "error_description": description, "error_uri": uri}


class ApiError(Exception):
    """Stop a request with an HTTP status and a JSON message."""

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(status)
        self.status = status
        self.message = message or MESSAGES.get(status, "Problems parsing JSON")


def planned_error(turn: Turn) -> GitHubError | ApiError:
    """Return the error that somebody planned: by its name, or by its HTTP status."""
    return GitHubError(turn.word) if turn.word else ApiError(turn.number or 503)
