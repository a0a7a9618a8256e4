"""Whatever a process keeps in its own memory, and why no other process's change can make it wrong."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    "provider_site",
    "consumer_site",
    "project",
    "keyset_lists",
    "site_monitoring",
    "site_doctor",
    "outbound_http",
)
DECORATORS = {"cache", "lru_cache"}

PURE = "depends on its arguments alone"
SEALED = "its arguments are the sealed value itself and the key ring: another value is another entry"
CODE = "depends on models, settings and releases, which a running process does not change"
# Function -> why it may be kept. A new one needs its reason, or a row that is looked at again at each use.
KEPT = {
    "consumer_site/openid/client_keys.py:_parsed": SEALED,
    "consumer_site/sandbox/picture.py:draw": PURE,
    "consumer_site/social_apps.py:_open": SEALED,
    "project/accounts.py:_cipher": SEALED,
    "project/csp.py:policy": PURE,
    "project/rows.py:_converters": CODE,
    "project/rows.py:_statement": CODE,
    "provider_site/crypto.py:_public_key": PURE,
    "provider_site/crypto.py:_ring": SEALED,
    "provider_site/crypto.py:load_private_key": PURE,
    "provider_site/middleware.py:_machine_endpoints": CODE,
    "provider_site/portal/details_form.py:_languages": CODE,
    "provider_site/portal/details_form.py:_zones": CODE,
    "provider_site/protocol/authorize/direct.py:_is_absolute": PURE,
    "provider_site/protocol/metadata.py:_keys": "its argument is the key set, which key_set.py keeps for a second",
    "provider_site/protocol/metadata.py:_metadata": CODE,
    "provider_site/services/keys.py:_opened": SEALED,
    "provider_site/services/profile_details.py:time_zones": CODE,
    "provider_site/storage/access_rows.py:_every": CODE,
    "provider_site/storage/access_rows.py:_with_access_token": CODE,
    "provider_site/storage/access_rows.py:_with_refresh_token": CODE,
    "provider_site/storage/code_rows.py:_all_models": CODE,
    "provider_site/storage/sql.py:_server_side": CODE,
    "provider_site/storage/sql.py:_are_single_tables": CODE,
    "provider_site/storage/token_rows.py:_models": CODE,
}
# Module -> what it replaces as a whole, in memory of its own.
REPLACED = {
    "provider_site/policy/scopes.py": "the catalogue of scopes, made of a setting",
    "provider_site/services/usage.py": "numbers that are written every ten seconds: statistics, which decide nothing",
}


def sources() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


def names(decorator: ast.expr) -> str:
    call = decorator.func if isinstance(decorator, ast.Call) else decorator
    return call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "")


def test_every_function_whose_answers_are_kept_has_its_reason() -> None:
    found = {
        f"{path}:{node.name}"
        for path, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and DECORATORS & set(map(names, node.decorator_list))
    }
    assert found == set(KEPT), (sorted(found - set(KEPT)), sorted(set(KEPT) - found))


def test_every_module_that_replaces_what_it_keeps_has_its_reason() -> None:
    found = {path for path, tree in sources() for node in ast.walk(tree) if isinstance(node, ast.Global)}
    assert found == set(REPLACED), (found - set(REPLACED), set(REPLACED) - found)
