"""Makes the secrets of `deploy/compose.yaml`, once: python -m scripts.split.compose

They lie in deploy/secrets, which only its owner may enter and git ignores: an env file with passwords
and keys, and what broker and database are told at their first start.
"""

from __future__ import annotations

import base64
import json
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from nacl.public import PrivateKey

from gateway.start_marks import write_whole
from scripts.servers.rabbitmq import definitions
from scripts.split.accounts import EXCHANGES, NAMES, SERVICES, account

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "secrets"


def main(folder: Path = FOLDER) -> int:
    """0 where they are there now; what is there already is kept."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    env_file = folder / "hub.env"
    if not env_file.exists():
        write_whole(env_file, "".join(f"{name}={value}\n" for name, value in _made().items()))
    said = dict(line.split("=", 1) for line in env_file.read_text(encoding="utf-8").splitlines())
    passwords = {name: said[_password(name)] for name in NAMES}
    accounts = [account(name, password) for name, password in passwords.items()]
    _shared(folder / "definitions.json", json.dumps(definitions(accounts, ["/"], EXCHANGES), indent=2) + "\n")
    _shared(folder / "databases.sql", "".join(_database(service, passwords[service]) for service in SERVICES))
    sys.stdout.write(f"secrets are in {folder}\n")
    return 0


def _made() -> Mapping[str, str]:
    key = PrivateKey.generate()
    return {
        "POSTGRES_PASSWORD": secrets.token_urlsafe(24),
        **{_password(name): secrets.token_urlsafe(24) for name in NAMES},
        "HUB_SEAL_KEY": base64.b64encode(bytes(key)).decode(),
        "HUB_SEAL_PUBLIC_KEY": base64.b64encode(bytes(key.public_key)).decode(),
    }


def _password(name: str) -> str:
    return f"{name.upper()}_PASSWORD"


def _database(service: str, password: str) -> str:
    """As `scripts.servers.postgresql` makes it; a password of ours holds nothing that SQL would misread."""
    return (
        f"CREATE ROLE {service} LOGIN PASSWORD '{password}';\n"
        f"CREATE DATABASE {service} OWNER {service} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C';\n"
        f"REVOKE ALL ON DATABASE {service} FROM PUBLIC;\n"
    )


def _shared(file: Path, text: str) -> None:
    """For a container's own user to read; the folder keeps everybody else out."""
    write_whole(file, text)
    file.chmod(0o644)


if __name__ == "__main__":
    sys.exit(main())
