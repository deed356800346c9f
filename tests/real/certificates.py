"""A certificate authority for the tests, and what it certifies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def make_certificates(folder: Path, hosts: Iterable[str], authority: Path) -> Path:
    """Write an authority, and one certificate for all hosts with its key; return the latter."""
    now = datetime.now(UTC)
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Authority of the tests")])
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Hosts of the tests")])

    def build(subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder(ca_name, subject, public, x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
        )

    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
    basic = x509.BasicConstraints(ca=True, path_length=None)
    ca = build(ca_name, ca_key.public_key()).add_extension(basic, critical=True)
    leaf = build(name, key.public_key()).add_extension(names, critical=False)
    pem = serialization.Encoding.PEM
    authority.write_bytes(ca.sign(ca_key, hashes.SHA256()).public_bytes(pem))
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    certificate = folder / "hosts.pem"
    certificate.write_bytes(private + leaf.sign(ca_key, hashes.SHA256()).public_bytes(pem))
    return certificate
