"""`make check`: linters, types, walls and house rules, side by side, in seconds.

python -m scripts.check                everything
python -m scripts.check NAME …         some of it; names as printed
python -m scripts.check --write        writes README's tables made from code
"""

from __future__ import annotations

import importlib
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from scripts.checks import readme_reactions, readme_section, readme_settings

ROOT = Path(__file__).resolve().parent.parent
Check = Callable[[], str]

TOOLS = {
    "types": ("-m", "mypy"),
    "walls": ("-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-logo"),
    "lint": ("-m", "ruff", "check"),
    "format": ("-m", "ruff", "format", "--check"),
    "golden events": ("-m", "scripts.golden_events"),
}
RULES = (
    "purity",
    "sizes",
    "environment",
    "addresses",
    "habits",
    "readme_settings",
    "readme_reactions",
    "translations",
)


def _tool(*arguments: str) -> Check:
    def run() -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        return "" if done.returncode == 0 else done.stdout + done.stderr or f"exit status {done.returncode}"

    return run


def _rule(name: str) -> Check:
    def run() -> str:
        try:
            problems: list[str] = importlib.import_module(f"scripts.checks.{name}").problems(ROOT)
        except Exception:  # noqa: BLE001 a check that cannot look is a failed check, and the others go on
            return traceback.format_exc()
        return "\n".join(problems)

    return run


def checks() -> dict[str, Check]:
    """Every check by its name; it answers with what is wrong, nothing where all is well."""
    tools = {name: _tool(*arguments) for name, arguments in TOOLS.items()}
    if not (ROOT / "scripts" / "golden_events.py").exists():
        del tools["golden events"]
    return tools | {name: _rule(name) for name in RULES}


def _timed(check: Check) -> tuple[str, float]:
    start = time.monotonic()
    return check(), time.monotonic() - start


def run(chosen: dict[str, Check]) -> int:
    """Prints one line for each check, in order, with what is wrong below it; 1 where anything is."""
    failed = 0
    with ThreadPoolExecutor(max_workers=4) as pool:
        results = {name: pool.submit(_timed, check) for name, check in chosen.items()}
        for name, result in results.items():
            output, seconds = result.result()
            print(f"{'FAILED' if output else 'ok':6} {name} ({seconds:.1f} s)", flush=True)
            if output:
                failed = 1
                print("    " + output.strip().replace("\n", "\n    "), flush=True)
    return failed


def write() -> int:
    """README's tables anew."""
    readme_section.write(ROOT, readme_settings.SECTION, readme_settings.content())
    readme_section.write(ROOT, readme_reactions.SECTION, readme_reactions.content(ROOT))
    return 0


def main(arguments: list[str]) -> int:
    """The exit status."""
    if arguments == ["--write"]:
        return write()
    known = checks()
    if unknown := [name for name in arguments if name not in known]:
        print(f"no such check: {', '.join(unknown)}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    return run({name: check for name, check in known.items() if not arguments or name in arguments})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
