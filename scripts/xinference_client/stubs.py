"""Lets an unpacked Xinference release be imported without the packages that only its engines need.

Runs inside the release's own process: standard library only. What is stubbed can be imported,
subclassed, called, decorated with and compared, and means nothing; nothing on the path from
download to registry touches it.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import logging
import os
import sys
import types
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

STUBBED = (
    "PIL",
    "aiohttp",
    "aioprometheus",
    "async_timeout",
    "cloudpickle",
    "fastapi",
    "gradio",
    "gradio_client",
    "huggingface_hub",
    "modelscope",
    "numpy",
    "orjson",
    "peft",
    "psutil",
    "setproctitle",
    "sse_starlette",
    "starlette",
    "tabulate",
    "timm",
    "torch",
    "torchaudio",
    "torchvision",
    "tqdm",
    "transformers",
    "uvicorn",
    "xoscar",
    "yaml",
)
_MARK = "_made_by_stubs"


class _AnyClass(type):
    """A class each of whose attributes is another such class."""

    def __getattr__(cls, name: str) -> Any:
        return _attribute(cls, name)

    def __getitem__(cls, key: object) -> Any:
        return cls

    def __or__(cls, other: object) -> Any:
        return cls

    __ror__ = __or__

    def __iter__(cls) -> Any:
        return iter(())


class _Anything(metaclass=_AnyClass):
    """An object that can be called, entered and asked for anything; false, and a transparent decorator."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return args[0] if len(args) == 1 and callable(args[0]) else self

    def __getattr__(self, name: str) -> Any:
        return _attribute(self, name)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *exc: object) -> None:
        return None

    def __bool__(self) -> bool:
        return False


class _AnyModule(types.ModuleType):
    """A package whose every name is a class of no meaning."""

    __version__ = "0.0.0"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__ = []

    def __getattr__(self, name: str) -> Any:
        return _attribute(self, name)


def _attribute(owner: object, name: str) -> Any:
    """A new stub, but never for a class of the release itself that only derives from one."""
    family = owner if isinstance(owner, type) else type(owner)
    made_here = family is _AnyModule or _MARK in family.__dict__
    if not made_here or (name.startswith("__") and name.endswith("__")):
        raise AttributeError(name)
    made = _AnyClass(name, (_Anything,), {_MARK: True})
    setattr(owner, name, made)
    return made


class StubFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds any module below the given roots; stands last, so what is installed is never replaced."""

    def __init__(self, roots: Sequence[str]) -> None:
        self.roots = frozenset(roots)

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> Any:
        if fullname.partition(".")[0] in self.roots:
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _AnyModule(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        return None


def enter_release(unpacked: Path, *, home: Path) -> None:
    """Make `import xinference` mean this release, with its files in `home` and its logs silent."""
    os.environ["XINFERENCE_HOME"] = str(home)
    os.environ["HF_HUB_OFFLINE"] = "1"
    sys.path.insert(0, str(unpacked))
    sys.meta_path.append(StubFinder(STUBBED))
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
