"""What all subjects of a run have in common: the applications, the people, and one PKCE pair.

Known values, so that scenarios are the same files for everybody; they open nothing but throw-away databases.
"""

import base64
import hashlib

CLIENT_SECRET = "s3cr3t-" + "k" * 40  # what the peer is told
REDIRECT_URI = "http://127.0.0.1:9999/cb"
VERIFIER = "benchmark-verifier-" + "0123456789" * 3
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")

PEOPLE = 16
"""One signed-in browser for each connection."""
ACCESS_TOKENS = 200
"""The pool that introspection and userinfo draw from."""
REFRESH_TOKENS = 256
"""One for each connection of each run that refreshes."""

MACHINE = "cc"
MACHINE_JWT = "cc-jwt"
WEB = "web"
WEB_ES256 = "web-es"
RESOURCE_SERVER = "api"
