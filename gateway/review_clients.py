"""Which client releases a submission reaches that they did not reach before, and which it loses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from shared.client_record import read_record
from shared.client_releases import ReleaseTable, TypeRules, join_spans, judge_model, window
from shared.client_releases import Verdict as Use
from shared.contracts.catalog import Change

SPEC = re.compile(r"^(?:/\d+)?/model_specs/\d+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """The supported releases that ask for a type of model, oldest first."""

    table: ReleaseTable
    model_type: str
    releases: tuple[str, ...]

    def strangers_to(self, change: Change) -> str:
        """Releases that cannot read a model with what this change adds, such as `1.13.0 – 1.13.4`; empty for none."""
        if change.after is None:
            return ""
        value = _value(change.after)
        if SPEC.match(change.path) and isinstance(value, dict):
            return self._spans(release for release in self.releases if not _reads_spec(self._rules(release), value))
        if change.path.rpartition("/")[0].endswith("/model_ability") and isinstance(value, str):
            return self._spans(release for release in self.releases if not _knows(self._rules(release), value))
        return ""

    def gained_and_lost(self, before: Sequence[Any], after: Sequence[Any]) -> tuple[str, str]:
        """Releases that can use the records after and could not before, and the other way round."""
        was, now = self._users(before), self._users(after)
        gained = self._spans(release for release in self.releases if release in now - was)
        return gained, self._spans(release for release in self.releases if release in was - now)

    def _users(self, records: Sequence[Any]) -> set[str]:
        readings = [read_record(self.model_type, record) for record in records]
        return {
            release
            for release in self.releases
            if judge_model(self._rules(release), readings, type_=self.model_type, stamped=True).usable
        }

    def _rules(self, release: str) -> TypeRules:
        return self.table.rules[self.model_type][release]

    def _spans(self, releases: Iterable[str]) -> str:
        """Neighbours as one span; only releases that are neighbours in the table of this type are joined."""
        chosen = set(releases)
        judged = [(release, Use("loads" if release in chosen else "skipped")) for release in self.releases]
        return ", ".join(span.text for span in join_spans(judged) if span.verdict.usable)


def clients_of(table: ReleaseTable, model_type: str, clients_from: str) -> Clients:
    """`clients_from` is the oldest release that the hub supports."""
    return Clients(table=table, model_type=model_type, releases=table.asking(model_type, window(table, clients_from)))


def _value(raw: str) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None


def _reads_spec(rules: TypeRules, spec: dict[str, Any]) -> bool:
    return not rules.formats or spec.get("model_format") in rules.formats


def _knows(rules: TypeRules, ability: str) -> bool:
    return rules.abilities is None or ability in rules.abilities
