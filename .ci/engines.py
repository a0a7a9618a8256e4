"""Run the journeys on PostgreSQL and Redis, as a deployment with more than one process has them.

Called by test.py with arguments for pytest; both servers live in temporary directories, on free ports, while it runs.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests import engines  # noqa: E402 - found on the path named above

# What depends on transactions, locks, the cache or a database's refusals; the rest is the same on every engine. Of the
# specifications those are here whose subject is rows that are used once, end, or end others.
ROWS = ["rfc6749", "rfc6749_errors", "rfc7009", "rfc7662", "rfc8628", "rfc9700"]
LOGOUTS = ["openid_backchannel_logout", "openid_rpinitiated_logout"]
# What is refused before a row is read, what is drawn, and what talks to other machines.
STATELESS = ["app_pages", "avatar_upload", "cors", "events_ssrf", "forged_host", "open_redirect", "page_headers"]
STATELESS += ["redirect_uri_parsing", "secrets_in_logs", "signed_statements", "slow_secrets", "try_it"]
STATELESS += ["clickjacking", "document_poisoning", "mix_up", "outbound_clients", "overload", "redirect_status"]
STATELESS += ["referrer_leakage", "timing"]
# What fills a demonstration, which has SQLite, and what asks by which name a site is called.
SAME = ["demo_applications", "demo_command", "demo_television", "hosts", "other_hosts"]
SAME += ["interop_authlib", "interop_requests_oauthlib"]
SERVICES = [
    "accounts",
    "consent_record",
    "device_authorizations",
    "introspection",
    "key_life",
    "logout",
    "outbox",
    "pruning",
]
FAST = ["authorize", "refusals", "tokens", "use"]
VAULT = ["move", "processes", "refresh", "reseal"]
SUITES = [
    *("tests/flows", "tests/security", "--ignore=tests/security/consumer"),
    *(f"--ignore=tests/security/test_{name}.py" for name in STATELESS),
    *(f"--ignore=tests/flows/test_{name}.py" for name in SAME),
    *(f"tests/spec/test_{name}.py" for name in ROWS + LOGOUTS),
    *(f"tests/provider/services/test_{name}.py" for name in SERVICES),
    *(f"tests/provider/test_fast_{name}.py" for name in FAST),
    *(f"tests/consumer/test_vault_{name}.py" for name in VAULT),
    "tests/consumer/test_logout_sessions.py",
    "tests/provider/test_doctor.py",
    "tests/races/test_grace.py",
    "tests/growth",
    "tests/runbooks",
]
# A browser shows the same pages, a slow test starts processes with an engine of its own; that attacks can fail is shown
# by builds on one engine.
SELECTION = "not browser and not slow and not postgres and not redis and not soak and not weakened"


def main(arguments: list[str]) -> int:
    """Return 0 when Django's checks of the database and the suites pass."""
    with engines.postgresql() as database_url, engines.redis() as cache_url:
        environment = {**os.environ, "DATABASE_URL": database_url, "CACHE_URL": cache_url}
        # The plugins of this directory are found there.
        environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / ".ci")])
        pytest = ["-m", "pytest", "-q", "-p", "cache_of_its_own", "-m", SELECTION, *arguments, *SUITES]
        statuses = [
            subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, check=False).returncode
            for command in (["manage.py", "check", "--database", "default", "--fail-level", "WARNING"], pytest)
        ]
    return 1 if any(statuses) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
