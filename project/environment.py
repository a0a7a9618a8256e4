"""Read the deployment's environment: which sites, under which addresses, with which secrets."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

PROVIDER = "provider"
CONSUMER = "consumer"
KNOWN_SITES = (PROVIDER, CONSUMER)


def read_flag(name: str, *, default: bool, environ: Mapping[str, str] = os.environ) -> bool:
    """Return the boolean named `name`; raise ImproperlyConfigured when it is neither on nor off."""
    value = environ.get(name, "").strip().lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")


def read_list(name: str, *, environ: Mapping[str, str] = os.environ) -> list[str]:
    """Return the comma-separated words of `name`, empty ones dropped."""
    return [word.strip() for word in environ.get(name, "").split(",") if word.strip()]


def read_sites(*, environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Return the sites this process serves, in the fixed order provider, consumer."""
    asked = set(read_list("SITES", environ=environ)) or set(KNOWN_SITES)
    unknown = asked - set(KNOWN_SITES)
    if unknown:
        raise ImproperlyConfigured(
            f"SITES names {', '.join(sorted(unknown))}; it takes 'provider', 'consumer' or 'provider,consumer'."
        )
    return tuple(site for site in KNOWN_SITES if site in asked)


def read_url(name: str, *, default: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return a site's origin without a trailing slash; raise ImproperlyConfigured when it is more or less than one."""
    url = environ.get(name, "").strip().rstrip("/") or default
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query or parts.fragment:
        raise ImproperlyConfigured(f"{name} must be an origin such as https://id.example.com, not {url!r}.")
    return url


def read_port(*, environ: Mapping[str, str] = os.environ) -> str:
    """Return PORT, 8000 when it is not set; raise ImproperlyConfigured when it is no TCP port."""
    value = environ.get("PORT", "").strip() or "8000"
    if not value.isascii() or not value.isdigit() or not 0 < int(value) < 65536:
        raise ImproperlyConfigured(f"PORT must be a number from 1 to 65535, not {value!r}.")
    return value


def host_name(url: str) -> str:
    """Return the host of `url`, lower case, without the port; an IPv6 address keeps its brackets."""
    name = urlsplit(url).hostname or ""
    return f"[{name}]" if ":" in name else name


def _make_private(path: Path, value: str) -> str:
    """Write `value` into a new file only its owner reads; return what the file holds afterwards.

    The text goes to a file of its own first and is linked into place, so of two processes that start together both
    read one whole value.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(value)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text().strip()


def read_secret(name: str, *, development_file: Path | None, environ: Mapping[str, str] = os.environ) -> str:
    """Return the secret named `name`; in development it is generated once into `development_file`.

    Raise ImproperlyConfigured, naming the variable, when it is not set and there is no development file.
    """
    value = environ.get(name, "").strip()
    if value:
        return value
    if development_file is None:
        raise ImproperlyConfigured(
            f"Set {name} in the environment: with DEBUG off no secret is generated. "
            "One way to make one: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    if development_file.exists():
        return development_file.read_text().strip()
    return _make_private(development_file, secrets.token_urlsafe(48))


def read_key_ring(name: str, *, development_file: Path | None, environ: Mapping[str, str] = os.environ) -> list[str]:
    """Return the keys of `name`, comma-separated, newest first: the first seals, every one unseals."""
    value = read_secret(name, development_file=development_file, environ=environ)
    return [key.strip() for key in value.split(",") if key.strip()]
