"""Inside a release: press Update for every type against a hub, or start again with what was stored.

    update update UNPACKED HOME HUB_URL      prints {type: {served, loadable, loaded, problems, missing}}
    update start  UNPACKED HOME              prints {"starts": bool, "error": str}

Real are the release's WorkerActor.update_model_type with its request, its storing, its reload and
its registry; the host that it asks is replaced by HUB_URL, whatever it is.
"""

from __future__ import annotations

import ast
import asyncio
import importlib
import inspect
import json
import sys
import textwrap
import urllib.parse
from pathlib import Path
from typing import Any

from scripts.xinference_client.inside import TYPES, Loaded, load_alone, registered_names, said, stored_list
from scripts.xinference_client.stubs import enter_release


def redirect_requests(hub: str) -> None:
    """Every GET of the release goes to the hub, with the path and the query that it asked for."""
    requests: Any = importlib.import_module("requests")
    real_get = requests.get
    base = urllib.parse.urlsplit(hub)

    def get(url: str, *args: Any, **kwargs: Any) -> Any:
        asked = urllib.parse.urlsplit(url)
        return real_get(asked._replace(scheme=base.scheme, netloc=base.netloc).geturl(), *args, **kwargs)

    requests.get = get


def types_asked_for(worker: type) -> list[str]:
    """The keys of the worker's table of types, read from its source: the table is filled in an actor's start."""
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(worker)))):
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        named = any(isinstance(t, ast.Attribute) and t.attr == "_custom_register_type_to_cls" for t in targets)
        value = getattr(node, "value", None)
        if named and isinstance(value, ast.Dict):
            return [key.value for key in value.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
    raise LookupError("WorkerActor no longer has a table of types: look how this release lists them")


def catch_reload_errors(type_: str) -> list[str]:
    """A list that fills with what the reload raises; the worker itself only logs it."""
    module = importlib.import_module(f"xinference.model.{type_}")
    reload, problems = module.register_builtin_model, list[str]()

    def caught() -> None:
        try:
            reload()
        except Exception as error:
            problems.append(f"reload: {said(error)}")
            raise

    module.register_builtin_model = caught  # type: ignore[attr-defined]
    return problems


def update(worker_class: Any, type_: str, asked: list[str]) -> dict[str, Any]:
    worker = object.__new__(worker_class)
    worker._custom_register_type_to_cls = dict.fromkeys(asked)
    problems = catch_reload_errors(type_)
    try:
        asyncio.run(worker.update_model_type(type_))
    except Exception as error:  # noqa: BLE001 - whatever a release raises is the measurement
        problems.append(f"update: {said(error)}")
    stored = stored_list(type_)
    if not stored.exists():
        return {"served": 0, "loadable": 0, "loaded": 0, "problems": [*problems, "nothing was stored"], "missing": []}
    records = json.loads(stored.read_text(encoding="utf-8"))
    alone = [load_alone(type_, [record]) for record in records]
    whole = load_alone(type_, records)
    wanted = {name for one in alone if not one.error for name in one.names}
    return {
        "served": len(records),
        "loadable": sum(not one.error for one in alone),
        "loaded": loaded_records(alone, whole),
        "problems": problems,
        "missing": sorted(wanted - registered_names(type_)),
    }


def loaded_records(alone: list[Loaded], whole: Loaded) -> int:
    """How many records of the list were read, in order, before the release stopped."""
    left, count = whole.families, 0
    for one in alone:
        if one.error or one.families > left:
            break
        left -= one.families
        count += 1
    return count


def main(arguments: list[str]) -> dict[str, Any]:
    stage, unpacked, home, *hub = arguments
    enter_release(Path(unpacked), home=Path(home))
    if stage == "start":
        try:
            importlib.import_module("xinference.model")
        except Exception as error:  # noqa: BLE001 - whatever a release raises is the measurement
            return {"starts": False, "error": said(error)}
        return {"starts": True, "error": ""}
    redirect_requests(hub[0])
    importlib.import_module("xinference.model")
    worker = importlib.import_module("xinference.core.worker").WorkerActor
    asked = types_asked_for(worker)
    known = {name.lower() for name in asked}
    return {type_: update(worker, type_, asked) for type_ in TYPES if type_ in known}


if __name__ == "__main__":
    print("\n" + json.dumps(main(sys.argv[1:])))
