"""Where a first import reads upstream's catalogue: a wheel, a directory or a bare repository, either layout."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from shared.errors import Invalid, Unavailable

ROOT = "xinference/model/"
GIT_TIMEOUT_S = 60
PIP_TIMEOUT_S = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """`origin` names it for people; `files` are upstream's catalogue files by path in the repository."""

    origin: str
    files: dict[str, bytes] = field(default_factory=dict)


def is_catalogue_file(path: str) -> bool:
    """Whether upstream's repository keeps model records there, in one of its layouts."""
    if not path.startswith(ROOT) or not path.endswith(".json"):
        return False
    parts = path.removeprefix(ROOT).split("/")
    if len(parts) == 2:
        return parts[1] in ("llm_family.json", "model_spec.json")
    return len(parts) == 3 and parts[1] == "models"


def read_source(source: str, *, cache_dir: Path, branch: str = "main") -> Source:
    """The catalogue files of `pypi:<package>==<version>`, a wheel, a directory or a bare repository.

    Raises Invalid where there are none, Unavailable where the package index does not answer.
    """
    if source.startswith("pypi:"):
        requirement = source.removeprefix("pypi:")
        return _found(Source(origin=requirement, files=_from_wheel(_downloaded(requirement, cache_dir))), source)
    path = Path(source)
    if path.suffix == ".whl" and path.is_file():
        parts = path.name.split("-")
        return _found(Source(origin=f"{parts[0]}=={parts[1]}", files=_from_wheel(path)), source)
    if (path / "HEAD").is_file() and (path / "objects").is_dir():
        return _found(_from_repository(path, branch), source)
    if path.is_dir():
        return _found(Source(origin=path.name or "directory", files=dict(_from_directory(path))), source)
    raise Invalid(
        f"catalogue source {source}: expected pypi:<package>==<version>, a wheel, a directory or a bare repository "
        "of upstream's tree, found nothing there; correct HUB_CATALOG_SOURCE"
    )


def _found(source: Source, name: str) -> Source:
    if not source.files:
        raise Invalid(
            f"catalogue source {name}: expected model files under {ROOT}, found none; correct HUB_CATALOG_SOURCE"
        )
    return source


def _downloaded(requirement: str, cache_dir: Path) -> Path:
    package, _, version = requirement.partition("==")
    pattern = f"{package.replace('-', '_')}-{version}-*.whl"
    if kept := sorted(cache_dir.glob(pattern)):
        return kept[0]
    cache_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache_dir) as folder:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary",
            ":all:",
            "--disable-pip-version-check",
            "--dest",
            folder,
            requirement,
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PIP_TIMEOUT_S, check=False)
        wheels = sorted(Path(folder).glob("*.whl"))
        if done.returncode != 0 or not wheels:
            last = done.stderr.strip().splitlines()[-1:] or ["pip said nothing"]
            raise Unavailable(
                f"catalogue source pypi:{requirement}: the package index gave no wheel ({last[0]}); check the network, "
                "or set HUB_CATALOG_SOURCE to a wheel's path or to none"
            )
        return wheels[0].replace(cache_dir / wheels[0].name)


def _from_wheel(path: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(path) as wheel:
            return {name: wheel.read(name) for name in wheel.namelist() if is_catalogue_file(name)}
    except zipfile.BadZipFile as error:
        raise Invalid(f"catalogue source {path.name}: expected a wheel, found no zip file; fetch it again") from error


def _from_directory(root: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted((root / ROOT).rglob("*.json")):
        name = path.relative_to(root).as_posix()
        if is_catalogue_file(name):
            yield name, path.read_bytes()


def _from_repository(path: Path, branch: str) -> Source:
    head = _git(path, "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}^{{commit}}").decode().strip()
    with tempfile.TemporaryFile() as file:
        file.write(_git(path, "archive", "--format=tar", head))
        file.seek(0)
        with tarfile.open(fileobj=file) as archive:
            members = [member for member in archive if member.isfile() and is_catalogue_file(member.name)]
            files = {member.name: extracted.read() for member in members if (extracted := archive.extractfile(member))}
    return Source(origin=head[:12], files=files)


def _git(path: Path, *arguments: str) -> bytes:
    command = ["git", f"--git-dir={path}", *arguments]
    done = subprocess.run(command, capture_output=True, timeout=GIT_TIMEOUT_S, check=False)
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip() or "the branch is not there"
        raise Invalid(f"catalogue source {path}: git {arguments[0]} failed ({said}); correct HUB_CATALOG_SOURCE")
    return done.stdout
