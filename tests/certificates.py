"""Certificates for servers of tests, trusted by nobody else."""

import datetime as dt
import ssl
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa


def for_localhost(
    folder: Path, *addresses: str, name: str = "localhost", days: int = 1, rsa_bits: int = 0
) -> tuple[ssl.SSLContext, Path]:
    """Return a server's TLS context for localhost, and for these addresses, and the bundle that trusts it.

    ``days`` is how many are left until its end; below 0 it is over.
    ``rsa_bits`` makes an RSA key, however short, in the place of an elliptic one.
    """
    key = rsa.generate_private_key(65537, rsa_bits) if rsa_bits else ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    names: list[x509.GeneralName] = [
        x509.DNSName(name),
        *(x509.IPAddress(ip_address(address)) for address in addresses),
    ]
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=100))
        .not_valid_after(now + dt.timedelta(days=days, hours=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if rsa_bits:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")  # OpenSSL loads no short key otherwise
    context.load_cert_chain(chain, private)
    return context, chain
