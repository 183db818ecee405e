from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from services.catalog.domain import ANYONE
from services.catalog.search import FACETS, Search
from services.catalog.search.bits import Bits
from tests.unit.catalog.test_search import index_of, indexed

VALUES = st.lists(st.sampled_from("abcd"), unique=True, max_size=3)
# the same few models again and again, so that most puts are changes
CHANGES = st.lists(st.tuples(st.integers(0, 90), VALUES, st.lists(st.integers(0, 5), max_size=2)), max_size=60)


@given(changes=CHANGES, chosen=VALUES, low=st.integers(0, 5), high=st.integers(0, 5))
def test_bits_say_what_the_newest_values_of_each_model_say(
    changes: Sequence[tuple[int, list[str], list[int]]], chosen: list[str], low: int, high: int
) -> None:
    bits, held, numbers = Bits(), dict[str, list[str]](), dict[str, list[int]]()
    for model, values, sizes in changes:
        name = f"model-{model}"
        held[name], numbers[name] = values, sizes
        bits.put(bits.slot(name), {"letter": values}, {"sizes": sizes, "others": [9]})

    def those(models: list[str]) -> int:
        return bits.of_slots([bits.slot(name) for name in models])

    assert bits.any_of("letter", chosen) == those([m for m, has in held.items() if set(has) & set(chosen)])
    assert bits.all_of("letter", chosen) == those([m for m, has in held.items() if set(has) >= set(chosen)])
    assert bits.between("sizes", low, high) == those(
        [m for m, has in numbers.items() if any(low <= n <= high for n in has)]
    )
    expected = Counter(value for values in held.values() for value in values)
    assert dict(bits.counts("letter", bits.everything())) == expected


MODELS = [
    indexed(f"{family}-{number}", abilities=abilities, formats=formats, sizes_b=[size], description=family)
    for number, (family, abilities, formats, size) in enumerate(
        (family, abilities, formats, size)
        for family in ("falcon", "qwen")
        for abilities in (["chat"], ["chat", "tools"], ["vision"])
        for formats in (["pytorch"], ["gptq", "pytorch"], ["awq"])
        for size in (0.5, 7.0, 72.0)
    )
]
INDEX = index_of(*MODELS)
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "ability": st.lists(st.sampled_from(["chat", "tools", "vision"]), min_size=1, max_size=2, unique=True),
        "format": st.lists(st.sampled_from(["pytorch", "gptq", "awq", "none"]), min_size=1, max_size=2, unique=True),
    },
)


@settings(deadline=None)
@given(
    text=st.sampled_from(["", "falcon", "qwen 1", "falcin", "?"]), filters=FILTERS, least=st.sampled_from([None, 7.0])
)
def test_a_facets_count_is_the_number_of_models_that_choosing_it_finds(
    text: str, filters: Mapping[str, list[str]], least: float | None
) -> None:
    counted = INDEX.facets(Search(text=text, filters=filters, size_min_b=least), ANYONE)
    assert list(counted) == list(FACETS)
    for facet in ("ability", "format"):
        for value, count in counted[facet]:
            chosen = [*filters.get(facet, []), value] if facet == "ability" else [value]
            asked = Search(text=text, filters={**filters, facet: chosen}, size_min_b=least)
            assert INDEX.page(asked, ANYONE)[1] == count, (facet, value)
