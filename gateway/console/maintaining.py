"""`lint`, `submit` and `pull`: for maintainers anywhere, over HTTP."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from gateway.console.refusals import Refused
from shared.config import Settings, load
from shared.model_facts import TYPES

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
type_option = click.option("--type", "model_type", required=True, type=click.Choice(TYPES))


@click.command(options_metavar="--type T")
@click.argument("file", type=FILE)
@type_option
def lint(file: Path, model_type: str) -> None:
    """Check FILE as the hub would: file:line:column: message; exit code 1 where it would be refused."""
    from gateway.console.hub_client import HubClient

    settings = load()
    document = _text(file)
    report = HubClient(settings.url).post("/validate", {"type": model_type, "document": document})
    for kind in ("errors", "warnings"):
        for problem in sorted(report[kind], key=lambda problem: (problem.get("line", 0), problem.get("column", 0))):
            click.echo(f"{file}:{problem.get('line') or 1}:{problem.get('column') or 1}: {_said(kind, problem)}")
    if not report["ok"]:
        raise SystemExit(1)


def _said(kind: str, problem: dict[str, Any]) -> str:
    where = f" ({problem['path']})" if problem["path"] else ""
    return f"{kind.removesuffix('s')}: {problem['message']}{where}"


@click.command(options_metavar="--type T [--readme F] [--public]")
@click.argument("file", type=FILE)
@type_option
@click.option("--readme", type=FILE, help="The README; without it a revision keeps the one it has.")
@click.option("--public", is_flag=True, help="For everyone once approved; without it a new model is private.")
def submit(file: Path, model_type: str, readme: Path | None, public: bool) -> None:
    """Submit FILE: a new model, or a revision on the latest one where the name exists (needs HUB_API_TOKEN)."""
    from gateway.console.hub_client import HubClient

    settings = load()
    if not settings.api_token:
        raise Refused("HUB_API_TOKEN: expected an API token of scope write, found none; make one in the User Center")
    hub = HubClient(settings.url, settings.api_token)
    document = _text(file)
    body: dict[str, Any] = {"type": model_type, "document": document, "submit": True}
    name = _name(document, file)
    revisions = hub.find(f"/models/{quote(name, safe='')}/revisions") if name else None
    if revisions is None:
        body |= {"readme": _text(readme) if readme else "", "visibility": "public" if public else "private"}
        answer = hub.post("/models", body, key=_key(settings, body))
    else:
        base = max(item["revision"] for item in revisions["items"])
        path = f"/models/{quote(name, safe='')}/revisions"
        before = hub.get(f"{path}/{base}")
        body |= {
            "base_revision": base,
            "readme": _text(readme) if readme else before["readme"],
            "visibility": "public" if public else before["row"]["visibility"],
        }
        answer = hub.post(path, body, key=_key(settings, body))
    # Whoever submits again right away must find it.
    hub.find(f"/models/{quote(answer['name'], safe='')}?min_position={quote(answer['position'])}")
    state = "unchanged" if answer["unchanged"] else answer["state"]
    click.echo(f"{answer['name']}: revision {answer['revision']}, {state}")
    click.echo(f"{settings.url}/models/detail/{quote(answer['name'], safe='')}")


def _key(settings: Settings, body: dict[str, Any]) -> str:
    """Of the content: sent twice, it is submitted once."""
    text = json.dumps([settings.url, body], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _name(document: str, file: Path) -> str:
    """The model's name; the file's where the document has none, empty where the hub will refuse it anyway."""
    try:
        parsed = json.loads(document)
    except (ValueError, RecursionError):
        return ""
    record = parsed[0] if isinstance(parsed, list) and parsed else parsed
    named = record.get("model_name", file.stem) if isinstance(record, dict) else ""
    return named if isinstance(named, str) else ""


@click.command(options_metavar="--type T [--dir D] [--plain]")
@type_option
@click.option("--dir", "directory", type=click.Path(path_type=Path, file_okay=False), help="Xinference's model folder.")
@click.option("--plain", is_flag=True, help="The file alone in --dir, without Xinference's folders.")
def pull(model_type: str, directory: Path | None, plain: bool) -> None:
    """Download the newest list of a type, into the file that Xinference's Update writes below --dir.

    Without --dir the file goes into the current folder. Private models come with HUB_API_TOKEN.
    """
    from gateway.console.hub_client import HubClient

    settings = load()
    records = HubClient(settings.url).feed(model_type, token=settings.api_token)
    name = f"{model_type}_models.json"
    folder = directory or Path()
    target = folder / name if plain or directory is None else folder / "v2" / "builtin" / model_type / name
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{name}.new")
    # As the client itself writes it.
    draft.write_text(json.dumps(records, indent=2, ensure_ascii=False), encoding="utf-8")
    draft.replace(target)
    click.echo(f"{target}: {len(records)} records of type {model_type} from {settings.url}")


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        line = file.read_bytes()[: error.start].count(b"\n") + 1
        raise Refused(f"{file}:{line}:1: expected UTF-8, found the byte {error.object[error.start]:#x}") from error
