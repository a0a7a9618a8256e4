"""Let people sign in, renew and come back, and weigh the tables: `python -m benchmarks.capacity.fill PEOPLE`."""

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import django

from benchmarks import credentials

# Each asked of the same people, one after the other.
REFRESHES = 3
RETURNS = 2
Weights = dict[str, dict[str, int]]


def weigh() -> Weights:
    """Return rows, and bytes with indexes, of every table, after VACUUM as the server would run it by itself."""
    from django.db import connection  # noqa: PLC0415 - after the settings are there

    found: Weights = {}
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute(
            "SELECT relname, pg_total_relation_size(oid), pg_indexes_size(oid) FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname"
        )
        for table, size, indexes in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM "{table}"')  # noqa: S608 - a name of the catalogue's
            found[table] = {"rows": cursor.fetchone()[0], "bytes": size, "index_bytes": indexes}
    return found


class Crowd:
    """The people, their browsers at the provider, and the refresh tokens that an application has of them."""

    def __init__(self, people: int) -> None:
        self.people = people
        self.users: list[Any] = []
        self.browsers: list[Any] = []
        self.tokens: list[str] = []

    def phases(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """Yield what happens once for each of them, and how to let it happen."""
        yield "account", self.register
        yield "session at the provider", self.sign_in
        yield "first sign-in at an application", self.use
        for _time in range(RETURNS):
            yield "sign-in at an application", self.use
        for _time in range(REFRESHES):
            yield "refresh", self.renew
        yield "machine's token", self.run_machines

    def register(self) -> None:
        """Make the accounts."""
        from benchmarks.provider import seed  # noqa: PLC0415 - after the settings are there
        from provider_site.models import Profile  # noqa: PLC0415 - the same

        for number in range(self.people):
            user = seed._person(f"person{number:07}")
            Profile.objects.update_or_create(user=user, defaults={"nickname": f"Person {number}"})
            self.users.append(user)

    def sign_in(self) -> None:
        """Sign everybody in at the provider."""
        from benchmarks.provider import seed  # noqa: PLC0415 - after the settings are there

        self.browsers = [seed.Browser(user) for user in self.users]

    def use(self) -> None:
        """Sign everybody in at the application; they allow it the first time."""
        self.tokens = [browser.tokens(credentials.WEB)["refresh_token"] for browser in self.browsers]

    def renew(self) -> None:
        """Let the application renew everybody's tokens."""
        self.tokens = [
            self._ask(credentials.WEB, grant_type="refresh_token", refresh_token=token)["refresh_token"]
            for token in self.tokens
        ]

    def run_machines(self) -> None:
        """Give a machine as many tokens as there are people."""
        for _number in range(self.people):
            self._ask(credentials.MACHINE, grant_type="client_credentials")

    def _ask(self, client_id: str, **form: str) -> dict[str, Any]:
        sent = form | {"client_id": client_id, "client_secret": credentials.CLIENT_SECRET}
        client = self.browsers[0].client
        answer = client.post("/o/token/", urlencode(sent), content_type="application/x-www-form-urlencoded")
        if answer.status_code != 200:
            raise RuntimeError(f"no tokens: {answer.status_code} {answer.content[:1000]!r}")
        body: dict[str, Any] = answer.json()
        return body


def main(people: int) -> None:
    """Print what each phase has added to which table."""
    django.setup()
    from benchmarks.provider.seed import _applications  # noqa: PLC0415 - after the settings are there
    from provider_site.services import keys, usage  # noqa: PLC0415 - the same

    keys.make_first_keys()
    _applications()
    found: list[dict[str, Any]] = []
    before = weigh()
    for name, happen in Crowd(people).phases():
        happen()
        usage.flush()
        after = weigh()
        added = {
            table: {kind: weight[kind] - before[table][kind] for kind in weight}
            for table, weight in after.items()
            if weight != before[table]
        }
        found.append({"name": name, "events": people, "added": added})
        before = after
        sys.stderr.write(f"{name}\n")
    tables = {table: weight for table, weight in before.items() if weight["rows"] >= people // 2}
    sys.stdout.write(json.dumps({"people": people, "phases": found, "tables": tables}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
