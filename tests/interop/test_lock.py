"""The packages are the same everywhere: locked by hash, from whatever registry npm is configured for."""

import json

from tests.interop.relying_party import DIRECTORY


def test_lock_names_hashes_and_no_host() -> None:
    packages = json.loads((DIRECTORY / "package-lock.json").read_text())["packages"]
    locked = {name: package for name, package in packages.items() if name}
    wanted = json.loads((DIRECTORY / "package.json").read_text())["dependencies"]
    assert set(wanted) == {"jose", "oauth4webapi", "oidc-provider", "openid-client"}
    assert {f"node_modules/{name}" for name in wanted} <= locked.keys()
    for package in locked.values():
        assert package["integrity"].startswith("sha512-")
        assert "resolved" not in package
        assert "hasInstallScript" not in package
