"""A unified diff of two texts that `git apply` and patch accept, its hunks cut where a person would."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

MAX_EXACT_WORK = 5_000_000
"""Pairs of equal lines up to which difflib compares without its junk heuristic."""
MAX_LINES = 60_000
"""Changed lines of one side above which the middle is shown as one replacement."""

Block = tuple[int, int, int, int]
"""A changed block: old lines [a, b) became new lines [c, d)."""

NO_NEWLINE = "\\ No newline at end of file\n"


def unified(
    before_text: str,
    after_text: str,
    *,
    context: int = 3,
    from_name: str = "a/document.json",
    to_name: str = "b/document.json",
) -> str:
    """The diff with headers, empty for equal texts; lines end with a line feed alone.

    A removed or added record begins at its `{` where the lines around allow it.
    """
    if before_text == after_text:
        return ""
    old, new = _lines(before_text), _lines(after_text)
    written = [f"--- {from_name}\n", f"+++ {to_name}\n"]
    for hunk in _grouped(changed_blocks(old, new), context=context):
        written += _hunk(hunk, old, new, context=context)
    return "".join(written)


def changed_blocks(old: Sequence[str], new: Sequence[str]) -> list[Block]:
    """The blocks of lines that differ, in order, each slid to where it reads best."""
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    middle = _matched(old[head : len(old) - tail], new[head : len(new) - tail])
    blocks = [(a + head, b + head, c + head, d + head) for a, b, c, d in middle]
    return _slid(blocks, old, new)


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    return [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _matched(old: Sequence[str], new: Sequence[str]) -> list[Block]:
    if not old or not new or max(len(old), len(new)) > MAX_LINES:
        return [(0, len(old), 0, len(new))] if old or new else []
    counts = Counter(new)
    work = sum(count * counts[line] for line, count in Counter(old).items())
    matcher = SequenceMatcher(None, old, new, autojunk=work > MAX_EXACT_WORK)
    return [(a, b, c, d) for tag, a, b, c, d in matcher.get_opcodes() if tag != "equal"]


def _slid(blocks: Sequence[Block], old: Sequence[str], new: Sequence[str]) -> list[Block]:
    """Blocks that only add or only remove, moved within equal lines so that they begin at a bracket."""
    slid: list[Block] = []
    for number, block in enumerate(blocks):
        a, b, c, d = block
        if a != b and c != d:
            slid.append(block)
            continue
        lines, start, end = (old, a, b) if c == d else (new, c, d)
        up_limit = (slid[-1][1] if c == d else slid[-1][3]) if slid else 0
        following = blocks[number + 1] if number + 1 < len(blocks) else (len(old), 0, len(new), 0)
        down_limit = following[0] if c == d else following[2]
        move = _best_move(lines, start, end, up=start - up_limit, down=down_limit - end)
        slid.append((a + move, b + move, c + move, d + move))
    return slid


def _best_move(lines: Sequence[str], start: int, end: int, *, up: int, down: int) -> int:
    """By how many lines to move lines[start:end], at most `up` or `down`; 0 where nothing reads better.

    A gap of one line at least is left to the neighbouring blocks, so that blocks never touch.
    """
    moves = [0]
    while -moves[-1] < up - 1 and lines[start + moves[-1] - 1] == lines[end + moves[-1] - 1]:
        moves.append(moves[-1] - 1)
    moves.append(0)
    while moves[-1] < down - 1 and start + moves[-1] < end + moves[-1] < len(lines):
        if lines[start + moves[-1]] != lines[end + moves[-1]]:
            break
        moves.append(moves[-1] + 1)
    opening = [move for move in moves if lines[start + move].strip() in {"{", "["}]
    if not opening:
        return 0
    return min(opening, key=lambda move: (_indent(lines[start + move]), abs(move)))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def _grouped(blocks: Sequence[Block], *, context: int) -> Iterator[list[Block]]:
    group: list[Block] = []
    for block in blocks:
        if group and block[0] - group[-1][1] > 2 * context:
            yield group
            group = []
        group.append(block)
    if group:
        yield group


def _hunk(blocks: Sequence[Block], old: Sequence[str], new: Sequence[str], *, context: int) -> list[str]:
    lead = min(context, blocks[0][0], blocks[0][2])
    a, c = blocks[0][0] - lead, blocks[0][2] - lead
    trail = min(context, len(old) - blocks[-1][1])
    b, d = blocks[-1][1] + trail, blocks[-1][3] + trail
    written = [f"@@ -{_range(a, b)} +{_range(c, d)} @@\n"]
    at = a
    for start, end, new_start, new_end in blocks:
        written += [" " + line for line in old[at:start]]
        written += ["-" + line for line in old[start:end]]
        written += ["+" + line for line in new[new_start:new_end]]
        at = end
    written += [" " + line for line in old[at:b]]
    return [line if line.endswith("\n") else f"{line}\n{NO_NEWLINE}" for line in written]


def _range(start: int, end: int) -> str:
    if end == start:
        return f"{start},0"
    return str(start + 1) if end - start == 1 else f"{start + 1},{end - start}"
