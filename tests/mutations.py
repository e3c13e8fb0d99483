"""Ways to break a file, the same each time."""

import io
import json
import random
import zipfile

import numpy as np


def cut(content, dice):
    return content[: dice.randrange(len(content))]


def flipped_once(content, dice):
    return _flipped(content, dice, 1)


def flipped_often(content, dice):
    return _flipped(content, dice, dice.randrange(2, 40))


def offsets_changed(content, dice):
    """Changes the small numbers that lead from table to table."""
    changed = bytearray(content)
    for _ in range(4):
        place = 4 * dice.randrange(len(content) // 4)
        changed[place : place + 4] = dice.choice(
            [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\1\0\0\0"]
        )
    return bytes(changed)


def numbers_changed(content, dice):
    """Changes small numbers: what a verifier of the format lets through."""
    numbers = np.frombuffer(content[: len(content) // 4 * 4], "<i4").copy()
    small = np.flatnonzero((numbers > 0) & (numbers < 50))
    if not small.size:
        return _flipped(content, dice, 1)
    for _ in range(dice.choice([1, 1, 2])):
        numbers[dice.choice(small)] = dice.choice([-1, 0, 1, 2, 7, 99, 1 << 30])
    return numbers.tobytes() + content[len(content) // 4 * 4 :]


def other_identifier(content, dice):
    return content[:4] + dice.randbytes(4) + content[8:]


def noise(content, dice):
    # Some with the right identifier, for which more of it is read.
    head = content[: dice.choice([0, 8, 40])]
    return head + dice.randbytes(dice.randrange(1, 4000))


def halves_swapped(content, dice):
    place = dice.randrange(1, len(content))
    return content[place:] + content[:place]


def _flipped(content, dice, n):
    changed = bytearray(content)
    for _ in range(n):
        changed[dice.randrange(len(changed))] ^= dice.randrange(1, 256)
    return bytes(changed)


# Most often what leaves most of the file as it was, and so is read furthest.
MUTATIONS = (
    *[flipped_once] * 3,
    *[flipped_often] * 2,
    *[offsets_changed] * 2,
    *[numbers_changed] * 6,
    *(cut, other_identifier, noise, halves_swapped),
)


# What may stand in JSON where something else is expected.
_VALUES = (None, True, -1, 0, 1e308, 1 << 70, "", "a\nb", [], {}, [[]], {"": 0})


def value_changed(content, dice):
    """Changes a value of JSON, or takes it away, at any depth."""
    whole = json.loads(content)
    places = list(_places(whole))
    chosen = dice.sample(places, min(len(places), dice.choice([1, 1, 3])))
    for holder, key in chosen:
        if isinstance(holder, dict) and dice.random() < 0.2:
            del holder[key]
        else:
            holder[key] = dice.choice(_VALUES)
    return json.dumps(whole).encode()


def _places(value):
    """Yields (what holds it, key or index) of all values inside one."""
    if isinstance(value, (dict, list)):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, held in list(pairs):
            yield value, key
            yield from _places(held)


def member_changed(content, dice):
    """Changes one member of an archive, whose sums then hold again."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        chosen = dice.choice(names)
        with zipfile.ZipFile(changed, "w") as written:
            for name in names:
                member = archive.read(name)
                if name == chosen and member:
                    kind = JSON if name.endswith(".json") else MUTATIONS
                    member = dice.choice(kind)(member, dice)
                written.writestr(name, member)
    return changed.getvalue()


JSON = (*[value_changed] * 6, *MUTATIONS[:7])
ARCHIVE = (*[member_changed] * 4, *MUTATIONS[:7])


def mutated(contents, n, seed, mutations=MUTATIONS):
    """Returns n broken files, the first of them empty."""
    dice = random.Random(seed)
    files = [b""]
    for i in range(n - 1):
        mutate = mutations[i % len(mutations)]
        files.append(mutate(dice.choice(contents), dice))
    return files
