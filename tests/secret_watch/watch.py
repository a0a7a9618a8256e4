"""Every secret issued so far, and a search for any of them in a text, in one pass however many there are."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from provider_site.storage import credentials

# Shorter texts would be found everywhere. What is shorter is not guessed from a log either, but made to be typed.
WIDTH = 8
_OURS = re.compile("|".join(pattern.replace("(", "(?:") for pattern in credentials.PATTERNS.values()))
_SIGNED = re.compile(r"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{40,}")


def _is_drawn(text: str) -> bool:
    """Tell a token, or a key, from the words and addresses that tests seal, and that stand in many a line."""
    return text.startswith("-----BEGIN") or (
        len(text) >= 20 and any(map(str.isdigit, text)) and not any(one in text for one in (" ", "://"))
    )


@dataclass
class Watch:
    """Secrets by the first letters of each."""

    _known: dict[str, dict[str, str]] = field(default_factory=dict)

    def record(self, kind: str, *secrets: object) -> None:
        """Know secrets of a kind from now on; whatever is no text of some length is no secret."""
        for secret in secrets:
            text = secret.decode("latin-1") if isinstance(secret, bytes) else secret
            if isinstance(text, str) and len(text) >= WIDTH and not text.isspace():
                if kind.startswith("sealed text") and not _is_drawn(text):
                    continue
                self._known.setdefault(text[:WIDTH], {}).setdefault(text, kind)

    def __len__(self) -> int:
        return sum(len(some) for some in self._known.values())

    def found(self, text: str, *, allowed: Iterable[str] = ()) -> set[str]:
        """Return the kinds of the secrets in a text, but for kinds that may be there."""
        known, kinds = self._known, set()
        for start in range(len(text) - WIDTH + 1):
            some = known.get(text[start : start + WIDTH])
            if some is not None:
                kinds |= {kind for secret, kind in some.items() if text.startswith(secret, start)}
        # Also those that another process issued: their checksum tells them from a coincidence.
        for match in _OURS.finditer(text):
            if (prefix := credentials.recognised(match[0])) is not None:
                kinds.add(f"credential {prefix}…")
        return kinds - set(allowed)

    def found_in_file(self, text: str) -> set[str]:
        """Return the same for what another process wrote: what it signed is told by its shape."""
        return self.found(text) | ({"signed token"} if _SIGNED.search(text) else set())
