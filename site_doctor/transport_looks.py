"""How a site is reached: TLS, its certificate, the way from http to https (RFC 9325, RFC 9700 2.6)."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import warnings
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from site_doctor.caller import Answer, Caller, Unreachable, reason
from site_doctor.findings import Doubtful, Look, NotLookedAt, NotWell

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_DAYS_FAIL, _DAYS_WARN = 7, 21
_HSTS_SECONDS = 180 * 86400
_SKEW_WARN, _SKEW_FAIL = 5, 30


def _tls(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    if parts.scheme != "https":
        if parts.hostname in LOOPBACK:
            raise NotLookedAt("the address is http, of this machine")
        raise NotWell("the address is http: everybody on the way reads passwords, codes and tokens")
    return parts.hostname or "", parts.port or 443


def _handshake(caller: Caller, url: str, context: ssl.SSLContext | None = None) -> tuple[str, bytes]:
    """Return the version of TLS, and the certificate."""
    host, port = _tls(url)
    chosen = context or caller.context()
    try:
        with (
            socket.create_connection((host, port), timeout=caller.timeout) as plain,
            chosen.wrap_socket(plain, server_hostname=host) as secured,
        ):
            return secured.version() or "", secured.getpeercert(binary_form=True) or b""
    except OSError as error:
        raise Unreachable(reason(error)) from error


def _shown(caller: Caller, url: str) -> x509.Certificate:
    """Return the certificate, whoever believes it."""
    return x509.load_der_x509_certificate(_handshake(caller, url, _unverified())[1])


def _unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _answer(caller: Caller, url: str) -> Answer:
    try:
        return caller.get(url)
    except Unreachable as error:
        raise NotLookedAt(str(error)) from error


def certificate(caller: Caller, url: str) -> str:
    """Look whether clients believe the certificate: its chain, its name and its time."""
    version, _certificate = _handshake(caller, url)
    return f"believed, by {version}"


def days_left(caller: Caller, url: str) -> str:
    """Look how long the certificate still holds."""
    found = _shown(caller, url)
    days = (found.not_valid_after_utc - dt.datetime.now(dt.UTC)).days
    told = f"{days} days left, until {found.not_valid_after_utc:%Y-%m-%d}"
    if days < _DAYS_FAIL:
        raise NotWell(told)
    if days < _DAYS_WARN:
        raise Doubtful(told)
    return told


def strength(caller: Caller, url: str) -> str:
    """Look at the certificate's key and signature (RFC 9325 4.5)."""
    found = _shown(caller, url)
    key, digest = found.public_key(), found.signature_hash_algorithm
    if isinstance(digest, hashes.SHA1 | hashes.MD5):
        raise NotWell(f"signed by {digest.name}")
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < 2048:
            raise NotWell(f"an RSA key of {key.key_size} bits")
        return f"RSA of {key.key_size} bits"
    if isinstance(key, ec.EllipticCurvePublicKey):
        if key.key_size < 224:
            raise NotWell(f"an elliptic key of {key.key_size} bits")
        return f"{key.curve.name}"
    return type(key).__name__


def old_versions(caller: Caller, url: str) -> str:
    """Look that versions of TLS before 1.2 are refused."""
    _shown(caller, url)
    context = _unverified()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # that they are is the point
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    except (ssl.SSLError, ValueError) as error:
        raise NotLookedAt("this machine's own OpenSSL knows them no more") from error
    try:
        version, _certificate = _handshake(caller, url, context)
    except Unreachable as error:
        if "NO_PROTOCOLS" in str(error):
            raise NotLookedAt("this machine's own OpenSSL knows them no more") from error
        return "TLS 1.0 and 1.1 are refused"
    raise NotWell(f"{version} is accepted")


def strict_transport(caller: Caller, url: str) -> str:
    """Look whether browsers are told to come by https alone (RFC 6797)."""
    _tls(url)
    told = _answer(caller, url).header("Strict-Transport-Security")
    words = [word.strip().lower() for word in told.split(";")]
    seconds = next((word.partition("=")[2].strip('"') for word in words if word.startswith("max-age")), "")
    if not seconds.isdecimal() or not int(seconds):
        raise NotWell("no Strict-Transport-Security")
    if int(seconds) < _HSTS_SECONDS:
        raise Doubtful(f"max-age is {seconds} seconds")
    return told


def redirect(caller: Caller, url: str) -> str:
    """Look where the address without https leads."""
    host, port = _tls(url)
    if port != 443:
        raise NotLookedAt(f"port {port} says nothing about port 80")
    try:
        answer = caller.get(f"http://{host}/")
    except Unreachable:
        return "port 80 is closed"
    location = urlsplit(answer.header("Location"))
    if answer.status not in {301, 302, 307, 308} or location.scheme != "https" or location.hostname != host:
        raise NotWell(f"http://{host}/ answers {answer.status}, and does not lead to https://{host}/")
    return f"{answer.status} to https"


def clock(caller: Caller, url: str) -> str:
    """Look how far the site's clock is from this machine's, by the Date header (RFC 9110 6.6.1)."""
    answer = _answer(caller, url)
    told = answer.header("Date")
    if not told:
        raise NotLookedAt("the answer has no Date")
    try:
        site = parsedate_to_datetime(told).timestamp()
    except ValueError:
        raise NotWell(f"the Date header is none: {told[:40]}") from None
    # It names whole seconds, of some moment between question and answer.
    apart = max(answer.asked - (site + 1), site - answer.answered, 0)
    words = f"{apart:.0f} seconds apart"
    if apart > _SKEW_FAIL:
        raise NotWell(words)
    if apart > _SKEW_WARN:
        raise Doubtful(words)
    return words


LOOKS = (
    Look(
        "tls-certificate",
        "RFC 9700 2.6",
        "Serve the whole chain for this name, renewed by a timer; for a certificate of your own: --ca FILE.",
        certificate,
    ),
    Look("tls-days-left", "RFC 5280 4.1.2.5", "Renew it, and look why the timer did not.", days_left),
    Look(
        "tls-strength",
        "RFC 9325 4.5",
        "Ask for one with an RSA key of 2048 bits or P-256, signed by SHA-256.",
        strength,
    ),
    Look("tls-old-versions", "RFC 9325 3.1.1", "nginx: ssl_protocols TLSv1.2 TLSv1.3;", old_versions),
    Look(
        "https-only", "RFC 6797 6.1", "SECURE_HSTS_SECONDS = 31536000, and let the proxy pass it on.", strict_transport
    ),
    Look("http-redirect", "RFC 9700 2.6", "nginx: return 301 https://$host$request_uri; on port 80.", redirect),
    Look("clock", "OpenID Core 2", "Set both clocks by NTP: tokens name seconds.", clock),
)
