"""Looks for secrets wherever a hub leaves words: columns, events, logs, answers, files, archives, and on GitHub."""

from __future__ import annotations

import base64
import io
import subprocess
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import MetaData, create_engine, make_url
from sqlalchemy.pool import NullPool

StartResponse = Callable[..., Any]


def forms_of(secret: bytes) -> set[bytes]:
    """As it is, in hexadecimal, in an address, and inside of base64 at each of the three places it can begin at."""
    coded = {base64.b64encode(b"x" * shift + secret)[-(-shift * 8 // 6) : -4] for shift in range(3)}
    return {secret, secret.hex().encode(), quote(secret).encode(), *coded}


class SecretSearch:
    """`found` says each place that holds one of the named secrets; `looked_at` counts the places."""

    def __init__(self, secrets: Mapping[str, str | bytes]) -> None:
        self._forms = {name: forms_of(_bytes(secret)) for name, secret in secrets.items()}
        self.found: list[str] = []
        self.looked_at = 0

    def look(self, place: str, content: object) -> None:
        """`content`: bytes, or anything by its words."""
        if content is None:
            return
        self.looked_at += 1
        text = _bytes(content)
        for name, forms in self._forms.items():
            if any(form in text for form in forms):
                self.found.append(f"{name} in {place}")

    def database(self, name: str, url: str) -> None:
        """Every value of every table."""
        address = make_url(url)
        if address.get_backend_name() == "postgresql":
            address = address.set(drivername="postgresql+psycopg2")
        engine = create_engine(address, poolclass=NullPool)
        tables = MetaData()
        tables.reflect(engine)
        with engine.connect() as connection:
            for table in tables.sorted_tables:
                for row in connection.execute(table.select()):
                    for column, value in zip(table.columns, row, strict=True):
                        self.look(f"{name}: {table.name}.{column.name}", value)
        engine.dispose()

    def files(self, folder: Path, *, but: Iterable[str] = ()) -> None:
        """The bytes of every file below, pages that a database no longer uses included."""
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.name not in but:
                self.look(str(path.relative_to(folder)), path.read_bytes())

    def archive(self, path: Path, *, but: Iterable[str] = ()) -> None:
        with tarfile.open(path) as opened:
            for member in opened:
                if member.isfile() and member.name not in but:
                    self.look(f"{path.name}: {member.name}", _member(opened, member))

    def repository(self, path: Path) -> None:
        """Every object and every name of a bare repository."""
        for command in (["cat-file", "--batch-all-objects", "--batch"], ["for-each-ref"], ["config", "--list"]):
            said = subprocess.run(["git", "-C", str(path), *command], capture_output=True, check=True).stdout
            self.look(f"{path.name}: {' '.join(command)}", said)


def _member(opened: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    found = opened.extractfile(member) or io.BytesIO()
    return found.read()


def _bytes(content: object) -> bytes:
    return content if isinstance(content, bytes) else str(content).encode("utf-8", "surrogatepass")


@dataclass
class Answers:
    """A WSGI app that keeps whatever the one inside it answers: status, headers and body."""

    app: Callable[..., Iterable[bytes]]
    kept: list[tuple[str, bytes]] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterator[bytes]:
        told: list[str] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            told[:] = [status, *(f"{name}: {value}" for name, value in headers)]
            return start_response(status, headers, exc_info)

        body = self.app(environ, start)
        parts = [bytes(part) for part in body]
        if hasattr(body, "close"):
            body.close()
        where = f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '')} {told[0] if told else ''}"
        self.kept.append((where, "\n".join(told).encode() + b"\n\n" + b"".join(parts)))
        return iter(parts)
