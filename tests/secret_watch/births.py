"""Record each secret at the one place where it is made, for as long as the tests run."""

import functools
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from tests.secret_watch.watch import Watch

# Module, function, kind: what it returns is secret.
RETURNED = [
    ("provider_site.crypto", "random_text", "code, handle or verifier"),
    ("provider_site.storage.credentials", "_with_checksum", "token or client secret"),
    ("provider_site.policy.user_codes", "new", "user code"),
    ("jwt.api_jwt", "encode", "signed token"),
    ("consumer_site.sandbox.github.grants", "_new_value", "token of the GitHub emulator"),
    ("consumer_site.sandbox.github.grants", "issue_code", "code of the GitHub emulator"),
    ("consumer_site.sandbox.qq.grants", "_new_value", "code or token of the QQ emulator"),
    ("consumer_site.sandbox.weixin.grants", "issue_code", "code of the WeChat emulator"),
    ("consumer_site.sandbox.weixin.grants", "_issued", "token of the WeChat emulator"),
    ("allauth.mfa.totp.internal.auth", "generate_totp_secret", "TOTP secret"),
]
# Module, class, method, kind.
RETURNED_BY_METHODS = [
    ("django.contrib.sessions.backends.base", "SessionBase", "_get_new_session_key", "session key"),
    ("project.sessions", "SessionStore", "_get_new_session_key", "session key"),
    ("django.contrib.auth.tokens", "PasswordResetTokenGenerator", "make_token", "reset key"),
    ("allauth.mfa.recovery_codes.internal.auth", "RecoveryCodes", "generate_codes", "recovery code"),
    # Client identifiers, which are no secret, are made by the same function.
    (
        "oauthlib.oauth2.rfc6749.grant_types.authorization_code",
        "AuthorizationCodeGrant",
        "create_authorization_code",
        "code",
    ),
]
# The same, where an argument by this place or name is secret.
TAKEN = [
    ("provider_site.crypto", "seal", "value", "sealed text of the provider"),
    ("provider_site.crypto", "load_private_key", "pem", "private key"),
    ("consumer_site.vault.cipher", "seal", "text", "sealed text of the vault"),
]
TAKEN_BY_METHODS = [
    # Every password of the tests goes through it, the wrong ones that people type too.
    ("django.contrib.auth.hashers", "MD5PasswordHasher", "encode", "password", "password"),
    ("project.accounts", "MFAAdapter", "encrypt", "text", "second factor"),
]
SETTINGS = ("SECRET_KEY", "SANDBOX_QQ_APP_KEY", "SANDBOX_WEIXIN_APP_SECRET", "SANDBOX_WEIXIN_INSIDE_APP_SECRET")
_OF_ENVIRONMENT = re.compile(r"SECRET|KEY_RING|PASSWORD|APP_KEY|TOKEN")
# Where names of the functions above may have been imported to.
# The addresses of pictures are random and public.
_PUBLIC = {"provider_site.services.pictures"}
_OURS = ("provider_site", "consumer_site", "project", "tests", "jwt", "oauthlib", "allauth")


def install(watch: Watch) -> None:
    """Record from now on, whatever has been imported already."""
    for module, name, kind in RETURNED:
        _replace(module, name, functools.partial(_recording_result, watch, kind))
    for module, name, argument, kind in TAKEN:
        _replace(module, name, functools.partial(_recording_argument, watch, kind, argument, 0))
    for module, owner, name, kind in RETURNED_BY_METHODS:
        cls = getattr(import_module(module), owner)
        setattr(cls, name, _recording_result(watch, kind, getattr(cls, name)))
    for module, owner, name, argument, kind in TAKEN_BY_METHODS:
        cls = getattr(import_module(module), owner)
        setattr(cls, name, _recording_argument(watch, kind, argument, 1, getattr(cls, name)))
    _record_settings(watch)
    _record_environments(watch)


def _replace(module: str, name: str, wrapped: Callable[[Any], Any]) -> None:
    original = getattr(import_module(module), name)
    wrapper = wrapped(original)
    for loaded in list(sys.modules.values()):
        name_of = getattr(loaded, "__name__", "")
        if name_of.partition(".")[0] in _OURS and name_of not in _PUBLIC:
            for attribute, value in list(vars(loaded).items()):
                if value is original:
                    setattr(loaded, attribute, wrapper)


def _recording_result(watch: Watch, kind: str, function: Any) -> Any:
    @functools.wraps(function)
    def recording(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        watch.record(kind, *_texts(result))
        return result

    return recording


def _recording_argument(watch: Watch, kind: str, name: str, place: int, function: Any) -> Any:
    @functools.wraps(function)
    def recording(*args: Any, **kwargs: Any) -> Any:
        watch.record(kind, *_texts(kwargs[name] if name in kwargs else args[place]))
        return function(*args, **kwargs)

    return recording


def _texts(value: Any) -> list[Any]:
    """Return the texts that are secret in a value: of a key its lines, of a token its text, of several each."""
    if isinstance(value, bytes):
        return _texts(value.decode("latin-1"))
    if isinstance(value, str):
        if "PRIVATE KEY-----" in value:
            # The first line is the same for all keys of a kind.
            return [line for line in value.splitlines()[2:] if "-----" not in line]
        return [value]
    if isinstance(value, dict):
        return _texts(value.get("code"))
    if isinstance(value, list | tuple):
        return [text for item in value for text in _texts(item)]
    return [getattr(value, name) for name in ("access_token", "refresh_token") if hasattr(value, name)]


def _record_settings(watch: Watch) -> None:
    from django.conf import settings

    watch.record("secret of the settings", *(getattr(settings, name, "") for name in SETTINGS))
    for app in ("PROVIDER_SITE", "CONSUMER_SITE"):
        watch.record(f"key ring of {app}", *getattr(settings, app, {}).get("KEY_RING", ()))


def _record_environments(watch: Watch) -> None:
    """Record the secrets that processes are started with."""
    start = subprocess.Popen.__init__

    @functools.wraps(start)
    def recording(self: Any, *args: Any, **kwargs: Any) -> None:
        environment: Mapping[str, str] = kwargs.get("env") or os.environ
        for name, value in environment.items():
            if _OF_ENVIRONMENT.search(name) and "/" not in value:
                watch.record(f"{name} of a process", *value.split(","))
        start(self, *args, **kwargs)

    subprocess.Popen.__init__ = recording  # type: ignore[method-assign]
