"""Leak a secret in each way there is; test_secret_watch.py runs this file and sees each test fail but the last."""

import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.core import mail
from django.core.mail import EmailMessage

from consumer_site.vault import cipher
from provider_site import crypto
from provider_site.storage import credentials
from tests.factories import PASSWORD

LOGGER = logging.getLogger("provider_site.tests")


def test_log() -> None:
    LOGGER.info("issued %s", credentials.new_refresh_token())


def test_log_of_an_exception() -> None:
    try:
        int(crypto.random_text())
    except ValueError:
        LOGGER.exception("it failed")


def test_log_of_another_library() -> None:
    logging.getLogger("django.request").warning("no name before it: %s", crypto.random_text())


def test_output() -> None:
    make_password(PASSWORD, hasher="md5")
    sys.stdout.write(f"signing in with {PASSWORD}\n")


def test_key() -> None:
    pem = crypto.generate_private_key("ES256")
    crypto.seal(pem, key_ring=["ring" * 10], purpose="tests")
    sys.stderr.write(pem.decode())


def test_mail() -> None:
    mail.outbox.append(EmailMessage("Hello", f"Your token: {credentials.new_access_token(None)}"))


def test_vault(settings: Any) -> None:
    cipher.seal("9f2c-a-provider's-token-71", binding="tests")
    LOGGER.warning("sealed 9f2c-a-provider's-token-71")


def test_setting(settings: Any) -> None:
    LOGGER.warning(settings.SECRET_KEY)


def test_process(tmp_path: Path) -> None:
    """Leave it in the log of a process, whose own tokens are known by their checksum."""
    text = "from provider_site.storage import credentials; print(credentials.new_client_secret())"
    with (tmp_path / "server.log").open("wb") as log:
        environment = os.environ | {"DJANGO_SETTINGS_MODULE": "project.settings"}
        subprocess.run([sys.executable, "-c", text], env=environment, stdout=log, check=True)


@pytest.mark.shows_secrets
def test_exempt() -> None:
    LOGGER.info("issued %s", credentials.new_refresh_token())


def test_innocent() -> None:
    LOGGER.info("refused %s… and osrt_%s", credentials.new_refresh_token()[:7], "0" * 49)
