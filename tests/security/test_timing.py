"""Learn a secret by how long its comparison takes: read in the source, for no test can time it (OpenID Core 16.12)."""

import ast
from pathlib import Path

import pytest

from tests.security.weakened.registry import SECURITY

ROOT = SECURITY.parents[1]
PACKAGES = ("provider_site", "consumer_site", "project", "outbound_http", "site_monitoring", "site_doctor")
# What is a secret, or as good as one, where it is compared.
SECRETS = ("secret", "password", "signature", "verifier", "digest", "token", "hmac", "api_key", "nonce", "challenge")
# Comparisons of what is no secret, by file and source.
OWN_ROWS = "two values of our own rows: nobody sends either"
WHAT_WAS_SEEN = "a digest of what the page showed, which its person may know"
KNOWN = {
    ("consumer_site/sandbox/github/grants.py", "challenge == verifier"): "an emulator, never in production",
    ("provider_site/admin/application_forms.py", "seen != facts_digest(self.instance)"): WHAT_WAS_SEEN,
    ("provider_site/admin/reviews.py", "form.data.get('seen') != digest(review.application)"): WHAT_WAS_SEEN,
    ("provider_site/models/session.py", "self.credential_digest == digest_of(user)"): OWN_ROWS,
    ("provider_site/models/session.py", "self.credential_digest == crypto.digest(old)"): OWN_ROWS,
    ("provider_site/portal/developer/editing.py", "request.POST.get('seen') != _digest(shown)"): WHAT_WAS_SEEN,
    ("provider_site/services/dot_column.py", "locked.client_secret != application.client_secret"): OWN_ROWS,
    ("provider_site/services/portable_applications.py", "registration.id_token_alg != entry.id_token_alg"): "a name",
    (
        "provider_site/services/reviews.py",
        "fact_policy.digest(*compared(application=application)) != seen",
    ): WHAT_WAS_SEEN,
}


def comparisons(path: Path) -> list[tuple[int, str]]:
    """Return the `==` and `!=` of a file in which a name of SECRETS is compared with something that is no constant."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
            continue
        sides = [node.left, *node.comparators]
        if any(isinstance(side, ast.Constant) for side in sides) or any(_is_plain(side) for side in sides):
            continue
        if any(_is_secret(side) for side in sides):
            found.append((node.lineno, ast.unparse(node)))
    return found


def _is_plain(side: ast.expr) -> bool:
    """Tell whether a side is a number, an enumeration's member or a type: nothing of it is secret."""
    text = ast.unparse(side)
    return text.isupper() or text.startswith(("len(", "type(")) or text.rpartition(".")[2].isupper()


def _is_secret(side: ast.expr) -> bool:
    last = side
    while isinstance(last, ast.Call):
        last = last.func
    name = last.attr if isinstance(last, ast.Attribute) else last.id if isinstance(last, ast.Name) else ""
    if isinstance(last, ast.Subscript) and isinstance(last.slice, ast.Constant):
        name = str(last.slice.value)
    return any(secret in name.lower() for secret in SECRETS)


def sources() -> list[Path]:
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return sorted(path for path in files if "migrations" not in path.parts)


class TestTiming:
    def test_no_secret_is_compared_character_by_character(self) -> None:
        found = {
            f"{path.relative_to(ROOT)}:{line}": text
            for path in sources()
            for line, text in comparisons(path)
            if (path.relative_to(ROOT).as_posix(), text) not in KNOWN
        }
        assert found == {}

    def test_what_is_known_is_still_there(self) -> None:
        there = {(path.relative_to(ROOT).as_posix(), text) for path in sources() for _line, text in comparisons(path)}
        assert KNOWN.keys() - there == set()

    @pytest.mark.parametrize(
        "source",
        ["sent.client_secret == row.secret", "x if digest(a) != stored_digest else y", "form['token'] == kept"],
    )
    def test_net_catches_what_it_is_for(self, tmp_path: Path, source: str) -> None:
        (tmp_path / "x.py").write_text(source)
        assert comparisons(tmp_path / "x.py")

    def test_secrets_are_compared_by_what_takes_the_same_time(self) -> None:
        """The places that compare secrets themselves, so that this list is not empty by mistake."""
        using = {
            path.relative_to(ROOT).as_posix()
            for path in sources()
            if "compare_digest" in path.read_text(encoding="utf-8")
            or "constant_time_compare" in path.read_text(encoding="utf-8")
        }
        assert {"provider_site/crypto.py", "provider_site/protocol/direct.py"} <= using
