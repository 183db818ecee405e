"""Becomes a program of the split hub: what it is, with all of its environment, is in a file of its owner's alone.

A command line is for everyone to see and supervisor's own environment setting cannot hold every value.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from pathlib import Path

_SET_PARENT_DEATH_SIGNAL = 1


def main() -> None:
    said = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    # Nobody would end it any more, were supervisor itself killed.
    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, said["stop_signal"])
    os.chdir(said["directory"])
    os.execve(said["command"][0], said["command"], said["environment"])


if __name__ == "__main__":
    main()
