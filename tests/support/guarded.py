"""A server that asks for passwords (scram) or certificates, by TLS or without, on a loopback address of
its own.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, text

from standing.database.embedded import ROLE, Server

DEBIAN = Path("/usr/lib/postgresql/15")
PASSWORD = "p @:/%$HOME+ä"
USER = "App-User é"
CERTIFIED = "certified"
ACCESS = f"""
local all {ROLE} trust
local all all scram-sha-256
hostssl all {CERTIFIED} all cert
host all all all scram-sha-256
"""


@dataclass(frozen=True)
class Guarded:
    """The server with its database `shop`; `certificates` has ca.crt, client.crt and client.key."""

    server: Server
    address: str
    has_tls: bool
    certificates: Path

    def execute(self, *statements: str) -> None:
        """As the owner, in `shop`, each by itself."""
        engine = create_engine(self.server.url("shop"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
        engine.dispose()


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def _certificates(folder: Path, address: str) -> None:
    new = ["-newkey", "rsa:2048", "-nodes", "-keyout"]
    san = ["-addext", f"subjectAltName=IP:{address}", "-days", "3650"]
    _openssl(folder, "req", "-x509", *new, "ca.key", "-out", "ca.crt", "-subj", "/CN=authority", *san)
    _openssl(folder, "req", *new, "client.key", "-out", "client.csr", "-subj", f"/CN={CERTIFIED}")
    signed = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "3650"]
    _openssl(folder, "x509", "-req", "-in", "client.csr", *signed, "-out", "client.crt")


@contextmanager
def guarded(home: Path, installation: Path | None) -> Iterator[Guarded]:
    """A running one; every server of the machine has its own address of 127.0.0.0/8, and all the usual
    port.
    """
    number = os.getpid() * 4 + (installation is not None)
    address = f"127.{1 + number // 65536 % 250}.{number // 256 % 256}.{number % 256}"
    server = Server(
        home,
        extra={"listen_addresses": address, "shared_buffers": "16MB", "fsync": "off"},
        installation=installation,
    )
    certificates = home / "certificates"
    certificates.mkdir()
    _certificates(certificates, address)
    try:
        server.start()
        server.create_database("shop")
        owner = server.data.stat()
        for name in ("ca.crt", "ca.key"):
            copy = server.data / name
            copy.write_bytes((certificates / name).read_bytes())
            os.chown(copy, owner.st_uid, owner.st_gid)
            copy.chmod(0o600)
        (server.data / "pg_hba.conf").write_text(ACCESS)
        made = Guarded(server, address, installation is not None, certificates)
        secret = PASSWORD.replace("'", "''").replace(":", "\\:")
        made.execute(
            f"create role \"{USER}\" superuser login password '{secret}'",
            f"create role {CERTIFIED} superuser login",
            "alter system set ssl_cert_file = 'ca.crt'",
            "alter system set ssl_key_file = 'ca.key'",
            "alter system set ssl_ca_file = 'ca.crt'",
            f"alter system set ssl = {'on' if made.has_tls else 'off'}",  # the wheel's has none
            "select pg_reload_conf()",
        )
        yield made
    finally:
        server.remove()
