"""Change inputs by what they mean: a value of a JSON document becomes another, of another type as a rule."""

import json
import random
import re
from collections.abc import Callable
from typing import Any

ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**63, 1e308, float("inf"), "", "\x00", "\ud800", "a" * 300, "https://[::1", [], {},
    [[]], [{}], [None], {"a": {}}, ["x", 1], "https://evil.example/", "0", "\u202e", 1.5,
)  # fmt: skip
_OBJECT = re.compile(rb"[{\[].*[}\]]", re.DOTALL)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return every place in a document: a list or mapping, and where in it."""
    inside = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    return [(value, key) for key, _one in inside] + [place for _key, one in inside for place in places(one)]


def changed(document: Any, chance: random.Random) -> Any:
    """Return the document with one value replaced, taken away, doubled or renamed."""
    found = places(document)
    if not found:
        return chance.choice(ODD)
    holder, key = chance.choice(found)
    way = chance.randrange(6)
    if way == 0:
        del holder[key]
    elif way == 1 and isinstance(holder, dict):
        other, name = chance.choice(found)
        holder[str(name) if isinstance(other, dict) else key] = holder[key]
    elif way == 2:
        other, name = chance.choice(found)
        holder[key] = json.loads(json.dumps(other[name]))
    elif way == 3:
        holder[key] = [holder[key]]
    else:
        holder[key] = chance.choice(ODD)
    return document


def mutated(data: bytes, most: int, seed: int, otherwise: Callable[[bytes, int], bytes]) -> bytes:
    """Return a changed input; half of the time, and where there is no JSON in it, changed as libFuzzer does."""
    chance = random.Random(seed)
    parts = data.split(b"\n")
    holding = [index for index, part in enumerate(parts) if _OBJECT.search(part)]
    if not holding or chance.random() < 0.5:
        return otherwise(data, most)
    index = chance.choice(holding)
    found = _OBJECT.search(parts[index])
    try:
        text = json.dumps(changed(json.loads(found[0]), chance)).encode()
    except (ValueError, RecursionError):
        return otherwise(data, most)
    parts[index] = parts[index][: found.start()] + text + parts[index][found.end() :]
    return b"\n".join(parts)[:most]
