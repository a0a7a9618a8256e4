"""Have the site call an address of the attacker's choice past the guarded client (OWASP SSRF)."""

import ast
import socket
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError

from provider_site.services import backchannel_logout, sectors
from tests.consumer.test_http import resolver
from tests.security.weakened.registry import SECURITY

ROOT = SECURITY.parents[1]
# What opens connections to an address; the guarded client alone may.
CLIENTS = {"requests", "urllib3", "httpx", "aiohttp", "http.client", "urllib.request", "socket", "ftplib", "smtplib"}
ADDRESSES = [
    "https://10.0.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[::ffff:10.0.0.1]/",
    "https://[64:ff9b::a00:1]/",
    "http://93.184.216.34/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_FLUSHALL",
]


def imports(path: Path) -> set[str]:
    """Return the modules of CLIENTS that a file imports while it runs, wherever in it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    names: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {client for client in CLIENTS if any(name == client or name.startswith(f"{client}.") for name in names)}


class TestOutboundClients:
    def test_provider_opens_no_connection_but_by_the_guarded_client(self) -> None:
        using = {
            path.relative_to(ROOT).as_posix(): sorted(found)
            for path in (ROOT / "provider_site").rglob("*.py")
            if (found := imports(path))
        }
        assert using == {"provider_site/http.py": ["requests"]}, "for the name of its answers' type"

    def test_net_catches_what_it_is_for(self, tmp_path: Path) -> None:
        (tmp_path / "x.py").write_text("def f():\n    from urllib.request import urlopen\n")
        assert imports(tmp_path / "x.py") == {"urllib.request"}
        assert imports(ROOT / "outbound_http" / "session.py") == {"requests"}

    @pytest.mark.parametrize("address", ADDRESSES)
    def test_sector_document_is_not_fetched_from_inside(self, db: None, address: str) -> None:
        with pytest.raises(ValidationError):
            sectors.read(uri=address)

    @pytest.mark.parametrize(
        "found", [["10.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["::ffff:10.0.0.1"], ["100.64.0.1"]]
    )
    def test_name_that_leads_inside_is_not_called(
        self, db: None, monkeypatch: pytest.MonkeyPatch, found: list[str]
    ) -> None:
        monkeypatch.setattr(socket, "getaddrinfo", resolver(found))
        with pytest.raises(ValidationError, match="may not be called"):
            sectors.read(uri="https://sector.example/s.json")

    def test_sign_outs_and_events_go_by_the_same_client(self) -> None:
        """Both are pushes of the outbox; tests/security/test_events_ssrf.py attacks one of them."""
        source = Path(backchannel_logout.__file__).read_text(encoding="utf-8")
        assert "provider_site import" in source
        assert "requests" not in source
