"""Every target by its name. Import it where Django is set up."""

from tests.fuzz.target import Target
from tests.fuzz.targets import (
    addresses,
    applications,
    client_requests,
    discovery,
    lists,
    networks,
    pictures,
    provider_answers,
    provider_tokens,
    redirects,
    sealed,
    signed_tokens,
    typed_input,
)

_MODULES = (
    redirects, addresses, client_requests, typed_input, networks, applications, lists, sealed, pictures,
    provider_tokens, signed_tokens, discovery, provider_answers,
)  # fmt: skip
TARGETS: dict[str, Target] = {target.name: target for module in _MODULES for target in module.TARGETS}
