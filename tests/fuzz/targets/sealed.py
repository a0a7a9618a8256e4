"""Key rings and sealed texts: what a cookie or a column may hold."""

from django.core import signing

from consumer_site.vault import UnsealError, cipher
from project.environment import read_key_ring
from provider_site import crypto
from provider_site.protocol.logout.requests import LogoutRefused, unsealed
from tests.fuzz.target import Target, lines, pure, refused


def ring(data: bytes) -> None:
    """Read a ring of keys; what is sealed by any of it is opened by it, and by no ring without that key."""
    text, value = lines(data, 2)
    text = text.strip()
    if not text.replace(",", "").strip():
        return
    keys = read_key_ring("KEYS", development_file=None, environ={"KEYS": text})
    assert keys
    assert all(key and key == key.strip() for key in keys)
    sealed = crypto.seal(value.encode(), key_ring=keys[-1:], purpose="fuzz")
    assert crypto.unseal(sealed, key_ring=keys, purpose="fuzz") == value.encode()
    others = [key for key in keys if key != keys[-1]] or [keys[-1] + "x"]
    assert refused(lambda: crypto.unseal(sealed, key_ring=others, purpose="fuzz"), crypto.Unsealable) is None
    assert refused(lambda: crypto.unseal(sealed, key_ring=keys, purpose="other"), crypto.Unsealable) is None


def opened(data: bytes) -> None:
    """Open what nobody here has sealed: a cookie, a column, a form's field."""
    sealed, binding = lines(data, 2)
    assert refused(lambda: cipher.unseal(sealed, binding=binding), UnsealError) is None
    assert refused(lambda: crypto.unseal(sealed, key_ring=["k"], purpose="fuzz"), crypto.Unsealable) is None
    assert refused(lambda: unsealed(sealed), LogoutRefused) is None
    assert refused(lambda: signing.loads(sealed, salt="fuzz"), signing.BadSignature) is None
    own = cipher.seal(sealed, binding=binding)
    assert cipher.unseal(own, binding=binding) == sealed
    assert refused(lambda: cipher.unseal(own, binding=binding + "x"), UnsealError) is None


TARGETS = [
    Target(
        "key_ring",
        pure(ring),
        "key rings of the environment",
        "what one key of the ring sealed the ring opens, for its purpose alone, and no other ring does",
        (b"one,two,three\nvalue", b" one , ,two,\n", b",\n", "ключ,钥匙\n值".encode(), b"a,a\n\x00"),
        longest=512,
    ),
    Target(
        "sealed_text",
        pure(opened),
        "sealed cookies, columns and form fields",
        "nothing that was not sealed here opens; what was opens for its own binding alone",
        (
            b"gAAAAABh\n/accounts/house/callback/",
            b"eyJhIjoxfQ:1aBcDe:x\nx",
            b".eJyrVkosLcmIz8nPS1WyUjI0UqoFAEQ\nb",
            b"\xff\xfe=\n",
            b"::\n",
        ),
        longest=1024,
    ),
]
