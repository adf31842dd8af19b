"""A play drawn from a seeded probabilistic grammar: a corpus for when there is no network.

Small language models often learn from a megabyte of drama. This file writes one out of a grammar
of its own, so there is nothing to fetch, and one seed gives one text everywhere. Every choice is
drawn with a known probability and shows in the text, so the exact cost of the text, -log P(text),
is known as well: no model can expect a lower loss on a play that it has not seen. There is
something to learn at every range, from spelling to scenes: who is present, who was just spoken to
and so is likely to answer, who is called "thou" and who "you". What the grammar leaves out is
meaning: these people talk, and that is all they do.
"""

import re
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from math import fsum, log
from random import Random

Choice = tuple[str, int]  # the name of a rule, and which of its alternatives was drawn

COMMONS = ("Tamsin", "Orso", "Hobb", "Moll", "Wat", "Perrin")
GENTRY = ("Odile", "Lucan", "Maud", "Piers", "Isaura", "Blaise")

# Words for speaking to one of the commons, and below each the word for one of the gentry.
FAMILIAR = ["thou", "thee", "thy", "art", "hast", "dost", "wilt", "shalt", "canst", "wouldst"]
POLITE = ["you", "you", "your", "are", "have", "do", "will", "shall", "can", "would"]

SHORTEST_SCENE, LONGEST_SCENE = 6, 30  # in speeches


def _words(listing: str) -> dict[str, float]:
    """The words of the listing with weights, each word a little rarer than the last."""
    return {word: 1 / (rank + 30) for rank, word in enumerate(listing.split())}


# Rule -> its alternatives -> their weights. In an alternative, <rule> stands for any text of that
# rule, {name} for the one spoken to, and {thou} and its like for the word that suits that person.
GRAMMAR: dict[str, dict[str, float]] = {
    # Who and where. "one" and "answer" have a form for each number of people to pick from. The
    # first of those who may answer is who was spoken to, or in a new scene, who entered first.
    "cast": {"2": 1, "3": 3, "4": 3, "5": 2},
    **{f"one of {n}": {str(i): 1 for i in range(n)} for n in range(1, 13)},
    **{f"answer of {n}": {str(i): 1 if i else 3 for i in range(n)} for n in range(1, 6)},
    "scene": {"goes on": 9, "ends": 1},
    "setting": {"<near> the <place>, <hour>.": 1, "<near> the <adj> <place>.": 1},
    "hour": {"at dawn": 3, "at noon": 2, "late in the evening": 2, "long past midnight": 1},
    # What is said: the first sentence, and no other, names the one spoken to.
    "speech": {"<call>": 1, "<call>\n<rest>": 3},
    "rest": {"<sentence>": 3, "<sentence>\n<rest>": 2},
    "call": {
        "{name}, <claim>.": 4,
        "{name}, <claim>,\n<clause>.": 3,
        "<oath>, {name}, <claim>.": 2,
        "<question>, {name}?": 4,
        "<oath>, {name}!\n<question>?": 1,
        "<order>, {name},\n<threat>.": 2,
        "<cry>, {name}!": 1,
    },
    "sentence": {
        "<claim>.": 4,
        "<claim>,\n<link> <claim>.": 3,
        "<claim>,\n<clause>.": 3,
        "<clause>,\n<claim>.": 3,
        "<question>?": 3,
        "<order>;\n<order>.": 2,
        "<cry>!": 1,
        "<tale>.": 1,
    },
    "claim": {
        "I <will> <act>": 4,
        "I have <do>ed <object>": 2,
        "{thou} <wilt> <act>": 4,
        "{thou} {hast} <do>ed <object>": 2,
        "{thou} {art} <adj> as a <trait> <creature>": 2,
        "{thou} {art} <adj>, <adj> and <adj>": 2,
        "my <heart> <move>s with <virtue> and <virtue>": 2,
        "'tis <virtue> that <move>s in {thee}": 1,
        "<virtue> <move>s <near> the <adj> <place>": 2,
        "<trait> <creature>s <move> <near> the <adj> <place>": 3,
        "the <adj> <sky> <move>s <near> the <place>": 2,
        "<object> is <adj> as {thy} <heart>": 2,
    },
    "clause": {
        "if {thou} <wilt> <do> <object>": 2,
        "<when> the <adj> <sky> <move>s": 2,
        "though <adj> <creature>s <do> <object>": 3,
        "lest the <adj> <person> <do> <object>": 3,
    },
    "question": {
        "where {hast} {thou} <do>ed <object>": 1,
        "why {dost} {thou} <do> <object>": 3,
        "{wilt} {thou} <act>": 4,
        "what <adj> <person> will <do> <object>": 2,
        "is {thy} <heart> <adj> as <object>": 2,
    },
    "order": {"<do> <object>": 4, "let us <act>": 1, "give the <person> {thy} <thing>": 1},
    "threat": {"or <move> <near> the <adj> <place>": 1, "and <how> <do> <object>": 2},
    "cry": {"how <adj>, how <adj> {thou} {art}": 1, "what <trait> <virtue>": 2},
    "tale": {
        "the <man> hath <do>ed his <thing>,\nand now he <move>s <near> the <place>": 3,
        "the <woman> hath <do>ed her <thing>,\nand now she <move>s <near> the <place>": 2,
    },
    "act": {"<do> <object>": 4, "<how> <do> <object>": 2, "<move> <near> the <adj> <place>": 2},
    "object": {"<the> <trait> <thing>": 8, "the <person>'s <thing>": 1},
    "trait": {"<adj>": 3, "<adj>, <adj>": 1},
    "person": {"<man>": 3, "<woman>": 2},
    "the": {"the": 2, "my": 2, "{thy}": 2, "this": 1, "that": 1, "our": 1, "a": 2},
    "will": {"will": 2, "must": 2, "shall": 2, "would": 1, "cannot": 1, "may": 1},
    "wilt": {"{wilt}": 2, "must": 2, "{shalt}": 2, "{wouldst}": 1, "{canst}": 1},
    # Words.
    "oath": _words("nay aye peace welcome alas truly well-met good-day"),
    "link": _words("and but yet for"),
    "when": _words("when while before until"),
    "near": _words("by near past behind under beside over beyond below"),
    "how": _words("gladly never soon twice slowly boldly tonight rarely"),
    "do": _words("""mend burn lift kick wash toss fear want lock pack seal salt lick pawn mock haul
        guard paint trust doubt count open boil claim hoard hunt patch roast"""),
    "move": _words("""sleep wait sing weep wander dance limp laugh kneel creep yawn snore drift swim
        bow howl leap lurk moan rest sulk"""),
    "thing": _words("""ring bell key cloak hat boot rope pie loaf sack tub fork broom sail shoe pot
        comb cup map drum net boat loom chest spoon coin wheel flute jug purse harp bed bowl chair
        cart lamp knife nail pan plate quilt rake robe rug stool sword wig book brick dish door fan
        gown kite mask needle lantern letter"""),
    "adj": _words("""sour shy cold plump vain bold grey deaf fat soft lost red dull keen rude mild
        wise green tame grim sweet proud quiet black weary bitter merry white gentle hollow wicked
        blue wet warm calm brown cheap damp dear dry faint rusty fine firm frail glad pale kind lame
        lean loud golden mad neat plain poor rich pink ripe rough sad sly thin weak wild silver"""),
    "creature": _words("""goat mule crow toad moth crab duck newt hound lamb hen rook bat cat dog
        frog hare"""),
    "place": _words("""mill gate bridge well barn quay tower river market stable meadow cellar
        garden marsh hedge forge pier moor lane kiln loft inn lake wood yard wall wharf cave
        dike"""),
    "sky": _words("moon wind rain tide frost sun fog snow dusk mist hail sea storm"),
    "heart": _words("heart tongue face hand voice brow soul nose chin head throat temper"),
    "virtue": _words("""mercy pride hope grief wit greed joy malice envy anger folly hunger luck
        shame spite zeal grace guilt love sloth thirst truth youth cheer glee rage dread bliss
        thrift sorrow"""),
    "man": _words("miller duke tailor sexton baker tinker bishop cook monk clerk judge priest"),
    "woman": _words("widow queen nun maid nurse dame bride mother"),
}


@dataclass(frozen=True)
class Play:
    """A play, what it costs, and the choices that made it."""

    text: str
    nats: float  # -log P(text), summed over the choices
    derivation: tuple[Choice, ...]  # in the order of the text

    @property
    def nats_per_character(self) -> float:
        """The floor under any model's expected loss, in nats per character."""
        return self.nats / len(self.text)


def write(seed: int = 1337, characters: int = 1_000_000) -> Play:
    """A play that ends with the first speech at which it has that many characters.

    The same seed gives the same text on every platform and in every version of Python.
    Raises ValueError if characters is below 1.
    """
    if characters < 1:
        raise ValueError(f"characters is {characters}; it must be at least 1")
    pen = _Pen(seed)
    speeches: list[str] = []
    length = -1  # no blank line before the first speech
    for speech in _speeches(pen):
        speeches.append(speech)
        length += 1 + len(speech)
        if length >= characters:
            break
    nats = fsum(pen.cost[choice] for choice in pen.derivation)
    return Play("\n".join(speeches), nats, tuple(pen.derivation))


class _Pen:
    """Draws alternatives of the grammar's rules, and remembers which."""

    def __init__(self, seed: int) -> None:
        # For one text everywhere: only random() is promised to give the same numbers in every
        # version of Python, and sum(), unlike accumulate(), rounds in its own way since 3.12.
        self.random = Random(seed).random
        self.derivation: list[Choice] = []
        self.cost: dict[Choice, float] = {}  # in nats
        self.bounds: dict[str, list[float]] = {}  # where an alternative ends and the next begins
        self.alternatives: dict[str, list[tuple[Choice, str, list[str]]]] = {}
        for rule, weights in GRAMMAR.items():
            *inner, total = accumulate(weights.values())
            self.bounds[rule] = [bound / total for bound in inner]
            self.alternatives[rule] = []
            for index, (template, weight) in enumerate(weights.items()):
                self.cost[rule, index] = -log(weight / total)
                form = re.sub("<.+?>", "%s", template)
                slots = re.findall("<(.+?)>", template)
                self.alternatives[rule].append(((rule, index), form, slots))

    def draw(self, rule: str) -> str:
        """A text drawn from the rule, with the words in braces still to be filled in."""
        index = bisect(self.bounds[rule], self.random())
        choice, form, slots = self.alternatives[rule][index]
        self.derivation.append(choice)
        return form % tuple(map(self.draw, slots))

    def pick(self, rule: str, people: list[str]) -> str:
        """One of the people, drawn from the form of the rule for that many."""
        return people[int(self.draw(f"{rule} of {len(people)}"))]


def _speeches(pen: _Pen) -> Iterator[str]:
    """Speech after speech without end, with a stage direction where a scene opens."""
    while True:
        people = [*GENTRY, *COMMONS]
        present: list[str] = []
        for _ in range(int(pen.draw("cast"))):
            present.append(pen.pick("one", people))
            people.remove(present[-1])
        *most, last = map(str.upper, present)
        opening = f"{_capitals(pen.draw('setting'))}\nEnter {', '.join(most)} and {last}.\n\n"
        candidates = present
        for spoken in range(LONGEST_SCENE):
            if spoken >= SHORTEST_SCENE and pen.draw("scene") == "ends":
                break
            speaker = pen.pick("answer", candidates)
            others = [person for person in present if person != speaker]
            listener = pen.pick("one", others)
            yield opening + _speech(pen, speaker, listener)
            opening = ""
            candidates = [listener, *(person for person in others if person != listener)]


def _speech(pen: _Pen, speaker: str, listener: str) -> str:
    """What the speaker says to the listener, under the speaker's name."""
    words = POLITE if listener in GENTRY else FAMILIAR
    agreement = dict(zip(FAMILIAR, words, strict=True))
    said = pen.draw("speech").format(name=listener, **agreement)
    return f"{speaker.upper()}:\n{_capitals(said)}\n"


def _capitals(text: str) -> str:
    """The text with a capital at the start of every line and sentence."""
    return re.sub(r"(^|\n|[.!?] )'?[a-z]", lambda start: start[0].upper(), text)
