"""Serves the gallery on a port of this machine: `python -m tests.support.gallery [port]`."""

from __future__ import annotations

import sys

from tests.support.gallery import PAGES, create_gallery

if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8099
    print("\n".join(f"http://127.0.0.1:{port}/{page}" for page in PAGES))
    create_gallery().run("127.0.0.1", port, threaded=True)
