"""The facts about the play, each told from the text, the derivation or the grammar's data.

Nothing of the generator is used to check it. `chances` goes from the text to its probability,
summed over every derivation that the text could have (the inside algorithm). Only if there is no
other derivation is it that of the one that the generator followed.
"""

import hashlib
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache

import pytest

from shared.play import (
    COMMONS,
    FAMILIAR,
    GENTRY,
    GRAMMAR,
    LONGEST_SCENE,
    POLITE,
    SHORTEST_SCENE,
    Play,
    write,
)

PEOPLE = [*GENTRY, *COMMONS]


@pytest.fixture(scope="module")
def play() -> Play:
    return write()


@cache
def chance(rule: str, index: int) -> float:
    weights = list(GRAMMAR[rule].values())
    return weights[index] / math.fsum(weights)


def addressed(text: str, listener: str) -> str:
    """Fill in the words that depend on who listens."""
    for familiar, polite in zip(FAMILIAR, POLITE, strict=True):
        text = text.replace(f"{{{familiar}}}", polite if listener in GENTRY else familiar)
    return text.replace("{name}", listener)


def is_start(text: str, at: int) -> bool:
    """Say whether a line or sentence begins there, perhaps with an apostrophe before it."""
    before = text[max(0, at - 3) : at].removesuffix("'")
    return not before or before.endswith(("\n", ". ", "! ", "? "))


@cache
def pieces(alternative: str, listener: str) -> list[str]:
    """Take an alternative apart into a literal, a rule, a literal, a rule, ..., a literal."""
    return re.split("<(.+?)>", addressed(alternative, listener))


def inside(rule: str, text: str, listener: str) -> float:
    """Return the probability that the rule gives the text, over all derivations of it."""

    def says(literal: str, at: int) -> bool:
        found = text[at : at + len(literal)]
        if found.lower() != literal.lower():
            return False
        return all(
            char == (wanted.upper() if is_start(text, at + i) else wanted)
            for i, (char, wanted) in enumerate(zip(found, literal, strict=True))
        )

    @cache
    def ends(rule: str, begin: int) -> dict[int, float]:
        """Where a text of the rule that begins here can end, with the probability of each end."""
        total: defaultdict[int, float] = defaultdict(float)
        for index, alternative in enumerate(GRAMMAR[rule]):
            reached = {begin: chance(rule, index)}
            for turn, piece in enumerate(pieces(alternative, listener)):
                step: defaultdict[int, float] = defaultdict(float)
                for at, so_far in reached.items():
                    if turn % 2:
                        for end, of_slot in ends(piece, at).items():
                            step[end] += so_far * of_slot
                    elif says(piece, at):
                        step[at + len(piece)] += so_far
                reached = step
            for end, probability in reached.items():
                total[end] += probability
        return total

    return ends(rule, 0).get(len(text), 0.0)


def chances(text: str) -> Iterator[float]:
    """Yield the probability of each speech, given the play before it, over all derivations."""
    probability, spoken, present, candidates = 1.0, 0, [""], [""]
    for block in text.removesuffix("\n").split("\n\n"):
        head, said = block.split("\n", 1)
        if said.startswith("Enter "):
            if 0 < spoken < LONGEST_SCENE:
                probability *= chance("scene", 1)
            names = re.split(", | and ", said.removeprefix("Enter ").removesuffix("."))
            present = candidates = [name.title() for name in names]
            probability *= chance("cast", list(GRAMMAR["cast"]).index(str(len(present))))
            probability /= math.perm(len(PEOPLE), len(present))
            probability *= inside("setting", head, "")
            spoken = 0
            continue
        if spoken >= SHORTEST_SCENE:
            probability *= chance("scene", 0)
        speaker = head.removesuffix(":").title()
        probability *= chance(f"answer of {len(candidates)}", candidates.index(speaker))
        others = [name for name in present if name != speaker]
        heard = {name: inside("speech", said, name) / len(others) for name in others}
        yield probability * sum(heard.values())
        listener = max(heard, key=heard.__getitem__)
        candidates = [listener, *(name for name in others if name != listener)]
        probability, spoken = 1.0, spoken + 1


@pytest.mark.parametrize("seed", [1337, 1])
def test_nats_are_those_of_the_text_which_has_no_second_derivation(seed: int) -> None:
    play = write(seed, 50_000)
    costs = [-math.log(probability) for probability in chances(play.text)]
    assert len(costs) > 250
    assert math.fsum(costs) == pytest.approx(play.nats, rel=1e-9)
    assert play.nats_per_character == play.nats / len(play.text)


def test_alternatives_are_drawn_as_often_as_their_weights_say(play: Play) -> None:
    counts = Counter(play.derivation)
    draws = Counter(rule for rule, _ in play.derivation)
    assert draws["adj"] > 10_000
    for rule, n in draws.items():
        expected = [n * chance(rule, index) for index in range(len(GRAMMAR[rule]))]
        chi2 = sum((counts[rule, i] - mean) ** 2 / mean for i, mean in enumerate(expected))
        freedom = len(expected) - 1
        assert chi2 <= freedom + 5 * math.sqrt(2 * freedom)  # five standard deviations


def test_same_seed_gives_this_same_text_everywhere(play: Play) -> None:
    assert hashlib.sha256(play.text.encode()).hexdigest() == (
        "0f88fc482140a075e1a968e62fc94eebe5b1e4af740a9937c7b728fcac7ef598"
    )


def test_shorter_play_is_the_beginning_of_the_longer(play: Play) -> None:
    assert play.text.startswith(write(characters=10_000).text)
