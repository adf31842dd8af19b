"""What several test files need: the lesson's programs."""

import sys
from pathlib import Path

LESSON = Path(__file__).parent.parent
sys.path.insert(0, str(LESSON))  # for train

import train  # noqa: E402
from house.programs import Programs  # noqa: E402
from micrograd.__main__ import Draw, TrainGPT  # noqa: E402

programs = Programs(LESSON, train, {"draw": Draw, "gpt": TrainGPT})
