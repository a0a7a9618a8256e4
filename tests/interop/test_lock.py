"""The clients are the same everywhere: locked by hash, from whatever registry npm is configured for."""

import json

from tests.interop.relying_party import DIRECTORY


def test_lock_names_hashes_and_no_host() -> None:
    packages = json.loads((DIRECTORY / "package-lock.json").read_text())["packages"]
    locked = {name: package for name, package in packages.items() if name}
    assert {name.removeprefix("node_modules/") for name in locked} == {"jose", "oauth4webapi", "openid-client"}
    for package in locked.values():
        assert package["integrity"].startswith("sha512-")
        assert "resolved" not in package
        assert "hasInstallScript" not in package
