"""Dependencies that go round in a circle: the conductor refuses them only when the job starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

MAX_CYCLES = 10  # reported; further ones mostly are the same knot seen from elsewhere


def cycles(dependencies: Mapping[int, Sequence[int]]) -> Iterator[tuple[int, ...]]:
    """Circles among the numbers, each as the numbers in the order in which they wait.

    Every number that lies on a circle is looked at once, so not all circles of a knot are told,
    but never none. Takes time linear in what is written down.
    """
    done: set[int] = set()
    told = 0
    for start in dependencies:
        if start in done:
            continue
        trail: dict[int, None] = {start: None}
        waiting = [iter(dependencies[start])]
        while waiting and told < MAX_CYCLES:
            number = next(waiting[-1], None)
            if number is None:
                waiting.pop()
                done.add(trail.popitem()[0])
            elif number in trail:
                numbers = list(trail)
                yield tuple(numbers[numbers.index(number) :])
                told += 1
            elif number not in done and number in dependencies:
                trail[number] = None
                waiting.append(iter(dependencies[number]))
        if told >= MAX_CYCLES:
            return
