"""Let something happen between the moment a request was found good and the one in which it writes."""

from collections.abc import Callable
from typing import Any

import pytest

from provider_site.protocol.validator import Validator
from provider_site.storage import code_rows, token_writes

# Where a request writes: on the general way, and on the short one (FAST_LANE).
_WRITES = [
    (Validator, "save_bearer_token"),
    (Validator, "save_authorization_code"),
    (token_writes, "store_own"),
    (token_writes, "exchange_code"),
    (token_writes, "rotate"),
    (code_rows, "store"),
]


def before_writing(monkeypatch: pytest.MonkeyPatch, happen: Callable[[], Any]) -> None:
    """Call `happen` before the next code or token is written, once."""
    originals = [(owner, name, getattr(owner, name)) for owner, name in _WRITES]

    def late(original: Callable[..., Any]) -> Callable[..., Any]:
        def write(*args: Any, **kwargs: Any) -> Any:
            for owner, name, kept in originals:
                monkeypatch.setattr(owner, name, kept)
            happen()
            return original(*args, **kwargs)

        return write

    for owner, name, original in originals:
        monkeypatch.setattr(owner, name, late(original))
