"""Settings to paste for a device without a browser: the device authorization grant by hand and in Python (RFC 8628)."""

from __future__ import annotations

from provider_site.policy import grants
from provider_site.services import own_endpoints
from provider_site.services.snippets import Client, python, shell, token_request


def curl_begin(client: Client) -> str:
    """Return the command that asks for a code to show and for one to ask with."""
    return (
        f"curl -sS {shell(own_endpoints.address('device-authorization'))} \\\n"
        f"  --data-urlencode {shell('client_id=' + client.client_id)} \\\n"
        f"{_secret(client)}"
        f"  --data-urlencode {shell('scope=' + client.scope)}\n"
    )


def curl_poll(client: Client) -> str:
    """Return the command that asks what the person has said; it is repeated until they have."""
    return token_request(
        client,
        '  --data-urlencode "device_code=${DEVICE_CODE:?paste the device_code}"',
        grant_type=grants.DEVICE_CODE,
    )


def _secret(client: Client) -> str:
    if not client.is_confidential:
        return ""
    missing = "put the secret into this variable first"
    return f'  --data-urlencode "client_secret=${{{client.secret_variable}:?{missing}}}" \\\n'


def program(client: Client) -> str:
    """Return a program that signs a person in on a command line."""
    secret = f', "client_secret": os.environ[{python(client.secret_variable)}]' if client.is_confidential else ""
    return (
        ("import os\n" if client.is_confidential else "")
        + "import time\n\n"
        + "import requests\n\n"
        + f'CLIENT = {{"client_id": {python(client.client_id)}{secret}}}\n'
        + f"DEVICE_ENDPOINT = {python(own_endpoints.address('device-authorization'))}\n"
        + f"TOKEN_ENDPOINT = {python(own_endpoints.address('token'))}\n"
        + f"USERINFO_ENDPOINT = {python(own_endpoints.address('user-info'))}\n\n"
        + f'answer = requests.post(DEVICE_ENDPOINT, data=CLIENT | {{"scope": {python(client.scope)}}}, timeout=10)\n'
        + "answer.raise_for_status()\n"
        + "device = answer.json()\n"
        + 'print("Open", device["verification_uri"], "and type", device["user_code"], flush=True)\n\n'
        + f'question = CLIENT | {{"grant_type": {python(grants.DEVICE_CODE)}, "device_code": device["device_code"]}}\n'
        + 'wait = device.get("interval", 5)\n'
        + "while True:\n"
        + "    time.sleep(wait)\n"
        + "    token = requests.post(TOKEN_ENDPOINT, data=question, timeout=10).json()\n"
        + '    if "access_token" in token:\n'
        + "        break\n"
        + '    if token["error"] == "slow_down":\n'
        + "        wait += 5\n"
        + '    elif token["error"] != "authorization_pending":\n'
        + '        raise SystemExit(token["error"])  # access_denied or expired_token: begin again\n\n'
        + 'headers = {"Authorization": "Bearer " + token["access_token"]}\n'
        + "person = requests.get(USERINFO_ENDPOINT, headers=headers, timeout=10).json()\n"
        + 'print("Signed in:", person["sub"])\n'
    )
