"""What GitHub answers, as its own pages and other people's code and tests show it.

The form of each answer is as published; identifiers, tokens and names are made up.
"""

from __future__ import annotations

import json

CLIENT_ID = "Ov23liAbCdEfGhIjKlMn"
CLIENT_SECRET = "0f1e2d3c4b5a69788796a5b4c3d2e1f001234567"
ACCESS_TOKEN = "gho_16C7e42F292c6912E7710c838347Ae178B4a"
REFRESH_TOKEN = "ghr_1B4a2e77838347a7E420ce178F2E7c6912E169246c34E1ccbF66C46812d16D5B1A9Dc86A1498"
ID = 583231

TOKEN = "/login/oauth/access_token"
PROFILE_PATH = "/api/v3/user"
EMAILS = "/api/v3/user/emails"


def token(**changes: object) -> bytes:
    """Return a token answer of an OAuth app; a value of None leaves the field out."""
    # docs.github.com, authorizing OAuth apps, "users are redirected back to your site".
    fields = {"access_token": ACCESS_TOKEN, "scope": "", "token_type": "bearer", **changes}
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode()


PROFILE: dict[str, object] = {
    # docs.github.com, REST API, get the authenticated user; shortened.
    "login": "octocat",
    "id": ID,
    "node_id": "MDQ6VXNlcjE=",
    "avatar_url": "https://avatars.githubusercontent.com/u/583231?v=4",
    "gravatar_id": "",
    "html_url": "https://github.com/octocat",
    "type": "User",
    "site_admin": False,
    "name": "monalisa octocat",
    "company": "GitHub",
    "blog": "https://github.com/blog",
    "location": "San Francisco",
    "email": "octocat@github.com",
    "hireable": False,
    "bio": "There once was...",
    "private_gists": 81,
    "two_factor_authentication": True,
    "plan": {"name": "Medium", "space": 400, "private_repos": 20, "collaborators": 0},
}


def profile(**changes: object) -> bytes:
    """Return a profile; a value of None leaves the field out."""
    fields = {**PROFILE, **changes}
    return json.dumps({k: v for k, v in fields.items() if v is not None}).encode()


def emails(*listed: tuple[str, bool, bool]) -> bytes:
    """Return the list of (address, primary, verified)."""
    return json.dumps(
        [
            {"email": email, "primary": primary, "verified": verified, "visibility": None}
            for email, primary, verified in listed
        ]
    ).encode()


# --- Token answers that must be understood: (name, bytes, scopes, seconds of life or None) -------------------------

TOKENS: list[tuple[str, bytes, tuple[str, ...], int | None]] = [
    # docs.github.com, authorizing OAuth apps: JSON, as asked for by Accept.
    ("json", token(scope="repo,gist"), ("repo", "gist"), None),
    # The same page: what comes without that Accept, and from gateways that drop it.
    (
        "form",
        f"access_token={ACCESS_TOKEN}&scope=repo%2Cgist&token_type=bearer".encode(),
        ("repo", "gist"),
        None,
    ),
    # python-social-auth/social-core social_core/tests/backends/test_github.py: a GitHub App's, which ends.
    (
        "app",
        token(scope=None, expires_in=28800, refresh_token=REFRESH_TOKEN),
        (),
        28800,
    ),
    ("no scope", token(scope=""), (), None),
    ("scopes with blanks", token(scope="user:email, read:user"), ("user:email", "read:user"), None),
    ("scope a list", token(scope=["repo"]), (), None),
    ("byte order mark", b"\xef\xbb\xbf" + token(), (), None),
]

# --- Errors of the token endpoint: (code, bytes) -------------------------------------------------------------------


def _error(code: str, text: str) -> tuple[str, bytes]:
    fields = {"error": code, "error_description": text, "error_uri": f"/apps/managing-oauth-apps/#{code}"}
    return code, json.dumps(fields).encode()


TOKEN_ERRORS: list[tuple[str, bytes]] = [
    # docs.github.com, troubleshooting OAuth app access token request errors. All with HTTP 200.
    _error("incorrect_client_credentials", "The client_id and/or client_secret passed are incorrect."),
    _error("redirect_uri_mismatch", "The redirect_uri MUST match the registered callback URL for this application."),
    _error("bad_verification_code", "The code passed is incorrect or expired."),
    _error("unverified_user_email", "The user must have a verified primary email."),
    # docs.github.com, refreshing user access tokens.
    _error("bad_refresh_token", "The refresh token passed is incorrect or expired."),
    # The same as a form, which is what comes without Accept.
    (
        "bad_verification_code",
        b"error=bad_verification_code&error_description=The+code+passed+is+incorrect&error_uri=",
    ),
]

# --- Profiles that must never sign anybody in ----------------------------------------------------------------------

NOBODY: list[tuple[str, bytes]] = [
    ("no id", profile(id=None)),
    ("null id", b'{"login":"octocat","id":null}'),
    ("id a string", profile(id="583231")),
    ("id a word", profile(id="octocat")),
    ("id true", profile(id=True)),
    ("id zero", profile(id=0)),
    ("id negative", profile(id=-1)),
    ("id a fraction", profile(id=583231.5)),
    ("id beyond any column", profile(id=10**30)),
    ("id a list", profile(id=[ID])),
    ("a list", b"[]"),
    ("null", b"null"),
    ("nothing", b""),
    ("a page", b"<html><body>Unicorn!</body></html>"),
    ("deep nesting", b'{"id":' + b"[" * 100_000),
    ("absurd number", b'{"id":' + b"9" * 5000 + b"}"),
]
