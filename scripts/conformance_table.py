"""Write docs/conformance.md from the conformance tests: `python -m scripts.conformance_table`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.conformance.plans import NOT_HERE, NOTES, Standing, plans, standing

TARGET = Path(__file__).resolve().parent.parent / "docs" / "conformance.md"
HEAD = """\
# Conformance

Written by `python -m scripts.conformance_table` from the tests in `tests/conformance/`.

The OpenID Foundation's conformance suite has plans for an OpenID Provider and for a relying party, and each plan has
modules. Each module below has a test of this project's own. For a provider the test makes the module's requests to the
running provider, over TLS, and asserts the module's conditions, those of which the suite only warns included (decision
[0031](decisions/0031-the-conformance-modules-are-tests-of-our-own.md)). For a relying party it is the provider: the
running consumer signs a person in there, over TLS, each of its requests is held to the suite's conditions, and what the
module does wrong must end at a page with a reference and nobody signed in (decision
[0038](decisions/0038-the-suite-s-provider-is-a-server-of-the-tests.md)). They are no certification: for that the suite
itself is run, as [conformance-run.md](conformance-run.md) says.

*Dynamic only* stands beside a module that the suite runs with dynamic registration alone: its class is marked not
applicable with `client_registration=static_client`. There is no dynamic registration here yet. The test shows the same
with a client that an administrator or developer has registered.
"""
TITLES = {
    "oidcc-basic-certification-test-plan": "Basic",
    "oidcc-config-certification-test-plan": "Config",
    "oidcc-formpost-basic-certification-test-plan": "Form Post Basic",
    "oidcc-rp-initiated-logout-certification-test-plan": "RP-Initiated Logout",
    "oidcc-backchannel-rp-initiated-logout-certification-test-plan": "Back-Channel Logout",
    "oidcc-frontchannel-rp-initiated-logout-certification-test-plan": "Front-Channel Logout",
    "oidcc-session-management-certification-test-plan": "Session Management",
    "oidcc-3rdparty-init-login-certification-test-plan": "Third-party initiated login",
    "oidcc-test-plan": "Comprehensive, with `response_type=code` (no certification)",
    "oidcc-client-basic-certification-test-plan": "Relying party: Basic",
    "oidcc-client-config-certification-test-plan": "Relying party: Config",
    "oidcc-client-formpost-basic-certification-test-plan": "Relying party: Form Post Basic",
    "oidcc-client-rp-initiated-logout-rp-basic": "Relying party: RP-Initiated Logout",
    "oidcc-client-back-channel-logout-rp-basic": "Relying party: Back-Channel Logout",
    "oidcc-client-front-channel-logout-rp-basic": "Relying party: Front-Channel Logout",
    "oidcc-client-test-3rd-party-init-login-test-plan": "Relying party: Third-party initiated login",
    "oidcc-client-refreshtoken-test-plan": "Relying party: Refresh token (no certification)",
    "oidcc-client-test-plan": "Relying party: Comprehensive, with `response_type=code` (no certification)",
    "oidcc-client-logout-test-plan": "Relying party: every kind of logout (no certification)",
}


def page() -> str:
    """Return the whole page."""
    tests = list(standing())
    parts = [HEAD]
    for plan, modules in plans().items():
        shown = sum(1 for module in modules if module not in NOT_HERE)
        rows = "\n".join(_row(plan, module, tests) for module in modules)
        parts.append(
            f"## {TITLES[plan]}\n\n`{plan}`: {shown} of {len(modules)} modules.\n\n"
            f"| Module | Test | Asserts | Note |\n| --- | --- | --- | --- |\n{rows}\n"
        )
    return "\n".join(parts)


def _row(plan: str, module: str, tests: list[Standing]) -> str:
    found = [test for test in tests if module in test.modules]
    where = "<br>".join(f"`{name}`" for test in found for name in _short(test, plan))
    says = "<br>".join(test.says for test in found)
    note = NOT_HERE.get(module) or NOTES.get(module, "")
    return f"| `{module}` | {where or 'none'} | {says} | {note} |".replace("|  |", "| |")


def _short(test: Standing, plan: str) -> Iterator[str]:
    for name in test.ids(plan):
        yield name.removeprefix("tests/conformance/")


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
