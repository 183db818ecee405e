"""Submissions over HTTP while the hub is killed; `python -m tests.support.kill_rounds` is the long version."""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.support.hub_process import HubProcess
from tests.support.real_data import environment_without_git_config

SENDERS = 16
SETTLED_S = 180.0


@dataclass(kw_only=True)
class Submission:
    """One client that sends its model until it is answered, always with the same key."""

    name: str
    key: str
    answer: dict[str, Any] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        record = {
            "version": 2,
            "context_length": 4096,
            "model_name": self.name,
            "model_lang": ["en"],
            "model_ability": ["chat"],
            "model_specs": [
                {
                    "model_format": "pytorch",
                    "model_size_in_billions": 7,
                    "model_src": {
                        "huggingface": {
                            "quantizations": ["none"],
                            "model_id": f"someone/{self.name}",
                            "model_revision": "main",
                        }
                    },
                }
            ],
        }
        return {"type": "llm", "document": json.dumps(record), "visibility": "public", "readme": f"# {self.name}\n"}

    def send(self, hub: HubProcess, token: str) -> bool:
        """Whether it was acknowledged; a refusal is an error of the hub."""
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": self.key}
        try:
            answer = requests.post(f"{hub.url}/api/v1/models", json=self.body(), headers=headers, timeout=60)
        except requests.RequestException:
            return False
        if answer.status_code >= 500:
            return False
        assert answer.status_code == 201, (self.name, answer.status_code, answer.text)
        self.answer = answer.json()
        return True


@dataclass(frozen=True, kw_only=True)
class Round:
    """What a round came to."""

    acknowledged: int
    at_kill: int


def kill_amid(hub: HubProcess, token: str, submissions: list[Submission], chance: random.Random) -> Round:
    """Sends all at once, kills the hub after a random number of answers and a random moment; starts it and sends on."""
    enough = threading.Event()
    answered = threading.Semaphore(0)
    kill_after = chance.randrange(len(submissions))

    def send(submission: Submission) -> None:
        if not enough.is_set() and submission.send(hub, token):
            answered.release()

    with ThreadPoolExecutor(SENDERS) as pool:
        sent = [pool.submit(send, submission) for submission in submissions]
        for _ in range(kill_after):
            assert answered.acquire(timeout=60), "no submission is acknowledged any more"
        time.sleep(chance.random() * 0.05)
        hub.kill()
        enough.set()
    for future in sent:
        future.result()
    at_kill = sum(bool(submission.answer) for submission in submissions)
    acknowledged = {submission.name for submission in submissions if submission.answer}
    hub.start()
    listed = {name for name in acknowledged if _is_there(hub, name, token)}
    assert listed == acknowledged, f"lost: {acknowledged - listed}"
    for submission in submissions:
        # Also those that were answered: a repeat changes nothing.
        assert submission.send(hub, token), submission.name
    return Round(acknowledged=len(submissions), at_kill=at_kill)


def _is_there(hub: HubProcess, name: str, token: str) -> bool:
    headers = {"Authorization": f"Bearer {token}"}
    query = {"min_position": "registry:1"}
    return requests.get(f"{hub.url}/api/v1/models/{name}", headers=headers, params=query, timeout=30).status_code == 200


def require_each_once(hub: HubProcess, token: str, submissions: list[Submission]) -> None:
    """Every model with one revision, one draft pull request, one branch, one commit; the doctor finds nothing."""
    names = {submission.name for submission in submissions}
    pulls = _settled(hub, token, names)
    for submission in submissions:
        revisions = hub.get(f"/models/{submission.name}/revisions", token)
        assert revisions["total"] == 1, revisions
        assert revisions["items"][0]["revision"] == submission.answer["revision"] == 1
        assert pulls[submission.name]["state"] == "draft", pulls[submission.name]
    files = [json.loads(file.read_text()) for file in sorted((hub.data / "upstream.git/hub-pulls").glob("*.json"))]
    assert len(files) == len({file["branch"] for file in files}) == len(names)
    assert all(file["state"] == "open" for file in files)
    for file in files:
        assert _git(hub, "rev-list", "--count", f"main..{file['branch']}") == "1", file["branch"]
    branches = _git(hub, "for-each-ref", "--format=%(refname:short)", "refs/heads").split()
    assert sorted(branches) == sorted(["main", *(file["branch"] for file in files)])
    hub.require_clean()


def _settled(hub: HubProcess, token: str, names: set[str]) -> dict[str, Any]:
    """Every pull request, once none of them is waiting for the bot."""
    end = time.monotonic() + SETTLED_S
    while True:
        found: dict[str, Any] = {}
        page = 1
        while True:
            answer = hub.get("/pulls", token, page=page, per_page=200)
            found |= {item["name"]: item for item in answer["items"]}
            if page * 200 >= answer["total"]:
                break
            page += 1
        waiting = [name for name in names if found.get(name, {}).get("state") in (None, "queued", "failed")]
        if not waiting and hub.get("/operations", token)["upstream"]["due"] == 0:
            return found
        assert time.monotonic() < end, f"still waiting: {sorted(waiting)[:5]}"
        time.sleep(0.2)


def _git(hub: HubProcess, *arguments: str) -> str:
    command = ["git", f"--git-dir={hub.data / 'upstream.git'}", *arguments]
    environment = environment_without_git_config()
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.strip()


def run_rounds(folder: Path, *, submissions: int, rounds: int, seed: int) -> list[Round]:
    """`rounds` times `submissions` at once, each time killed; then everything is there once."""
    chance = random.Random(seed)
    hub = HubProcess(folder)
    try:
        hub.start()
        token = hub.token("operator")
        everything: list[Submission] = []
        happened = []
        for number in range(rounds):
            batch = [
                Submission(name=f"kill-{number}-{index}", key=f"{seed}-{number}-{index}")
                for index in range(submissions)
            ]
            happened.append(kill_amid(hub, token, batch, chance))
            everything += batch
        require_each_once(hub, token, everything)
        return happened
    finally:
        hub.end()


def main() -> None:
    parser = argparse.ArgumentParser(description="kill -9 amid concurrent submissions, again and again")
    parser.add_argument("--submissions", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        for number, happened in enumerate(
            run_rounds(Path(folder), submissions=asked.submissions, rounds=asked.rounds, seed=asked.seed), start=1
        ):
            print(f"round {number}: killed after {happened.at_kill} of {happened.acknowledged}; each is there once")
        print(f"{asked.rounds} rounds in {time.monotonic() - started:.0f} s; doctor found nothing")


if __name__ == "__main__":
    main()
