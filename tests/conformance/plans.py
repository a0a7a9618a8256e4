"""Which test stands for which module of which plan, and what has to be said about it."""

from __future__ import annotations

import importlib
import inspect
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tests.conformance.rp import notes

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MODULES = HERE / "modules.json"
# Tests of this directory's own parts.
OWN_FILES = {"test_conditions.py", "test_rp_conditions.py", "test_suite_configuration.py", "test_table.py"}
FORM_POST_PLANS = {
    "oidcc-formpost-basic-certification-test-plan",
    "oidcc-client-formpost-basic-certification-test-plan",
}

Test = TypeVar("Test", bound=Callable[..., None])


def module(*names: str) -> Callable[[Test], Test]:
    """Mark a test as standing for these modules of the suite."""

    def mark(test: Test) -> Test:
        test.stands_for = names  # type: ignore[attr-defined]  # for the table
        return test

    return mark


@dataclass(frozen=True)
class Standing:
    """One test: where it is, what it asserts, and whether it runs once for each response mode."""

    path: str
    name: str
    says: str
    modules: tuple[str, ...]
    by_mode: bool

    def ids(self, plan: str) -> list[str]:
        """Return pytest's ids of the test, as a plan needs them."""
        if not self.by_mode:
            return [f"{self.path}::{self.name}"]
        modes = ["form_post"] if plan in FORM_POST_PLANS else ["query"]
        return [f"{self.path}::{self.name}[{mode}]" for mode in modes]


def plans() -> dict[str, list[str]]:
    """Return the modules of each plan, for an OpenID Provider and then for a relying party, in the suite's order."""
    read: dict[str, list[str]] = json.loads(MODULES.read_text(encoding="utf-8"))
    return read


def test_files() -> list[Path]:
    """Return the files of this directory, and of the relying party's, whose tests stand for modules."""
    found = [*HERE.glob("test_*.py"), *HERE.glob("rp/test_*.py")]
    return sorted(path for path in found if path.name not in OWN_FILES)


def standing() -> Iterator[Standing]:
    """Yield every test of these files; one that stands for no module has none."""
    for path in test_files():
        loaded = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        for name, test in inspect.getmembers(loaded, inspect.isfunction):
            if name.startswith("test_"):
                yield _standing(path, name, test)


def _standing(path: Path, name: str, test: Any) -> Standing:
    says = " ".join((inspect.getdoc(test) or "").partition("\n\n")[0].split())
    where = path.relative_to(ROOT).as_posix()
    return Standing(where, name, says, getattr(test, "stands_for", ()), "client" in inspect.signature(test).parameters)


# The page explains it once (scripts/conformance_table.py).
_DYNAMIC = "Dynamic only."
_KEYS_OF_CLIENTS = (
    "Needs `private_key_jwt` and dynamic registration: not applicable with `static_client`, nor with any client secret."
)
# What the table says beside a module. A module of NOT_HERE has no test, for the reason given.
NOTES = {
    "oidcc-idtoken-signature": _DYNAMIC,
    "oidcc-idtoken-rs256": _DYNAMIC,
    "oidcc-idtoken-unsigned": _DYNAMIC
    + " The suite skips it where the metadata does not list `none`; so the test shows that `none` is not to be had.",
    "oidcc-userinfo-rs256": _DYNAMIC + " Signed userinfo is not offered: the test shows that nothing promises it.",
    "oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported": _DYNAMIC,
    "oidcc-request-uri-unsigned": _DYNAMIC + " `request_uri` comes with the Dynamic profile; until then it is refused.",
    "oidcc-request-uri-signed-rs256": _DYNAMIC
    + " `request_uri` comes with the Dynamic profile; until then it is refused.",
    "oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported": (
        "Request objects are refused by their own error, so the suite ends the module as skipped, which it permits."
    ),
    "oidcc-ensure-request-object-with-redirect-uri": "A page, of which the suite asks for a screenshot.",
    "oidcc-ensure-registered-redirect-uri": "A page, of which the suite asks for a screenshot.",
    "oidcc-redirect-uri-query-added": "A page, of which the suite asks for a screenshot.",
    "oidcc-redirect-uri-query-OK": _DYNAMIC,
    "oidcc-redirect-uri-query-mismatch": _DYNAMIC,
    "oidcc-redirect-uri-regfrag": _DYNAMIC,
    "oidcc-ensure-redirect-uri-in-authorization-request": _DYNAMIC,
    "oidcc-registration-logo-uri": _DYNAMIC,
    "oidcc-registration-policy-uri": _DYNAMIC,
    "oidcc-registration-tos-uri": _DYNAMIC,
    "oidcc-registration-sector-uri": _DYNAMIC,
    "oidcc-registration-sector-bad": _DYNAMIC,
    "oidcc-3rd_party-init-login": _DYNAMIC,
    "oidcc-3rd_party-init-login-nohttps": _DYNAMIC,
    "oidcc-server-rotate-keys": (
        "The suite reads new keys of type RSA and EC alone: make no Ed25519 key while it runs."
    ),
    "oidcc-prompt-login": "The suite asks for a screenshot of the second sign-in page.",
    "oidcc-max-age-1": "The suite asks for a screenshot of the second sign-in page.",
} | notes.NOTES
NOT_HERE = {
    "oidcc-registration-jwks-uri": _KEYS_OF_CLIENTS,
    "oidcc-refresh-token-rp-key-rotation": _KEYS_OF_CLIENTS,
    "oidcc-ensure-client-assertion-with-iss-aud-succeeds": (
        "Needs `private_key_jwt` or `client_secret_jwt`, which come with the Dynamic profile: not applicable with "
        "`client_secret_basic`, `client_secret_post` or `none`."
    ),
    "oidcc-ensure-request-without-nonce-fails": (
        "Not applicable with `response_type=code`: only a response that carries an ID token needs a nonce, and no such "
        "response type is offered."
    ),
} | notes.NOT_HERE
