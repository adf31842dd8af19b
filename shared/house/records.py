"""The best losses that two cores reach in a few minutes, in one table of RESULTS.md.

    nox -s records        # train every record again, three seeds each, and write the table

All settings were chosen on the last tenth of the training split. The dev split was opened for the
figure in the table, the test split once for the record.
"""

import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import mean, stdev

from house.benchmarks import ROOT, Table, machine
from shared.runs import write_text

SEEDS = (1, 2, 3)
PAGE = ROOT / "RESULTS.md"
BLOCK = re.compile(r"(?<=<!-- records -->\n).*(?=<!-- end of records -->)", re.DOTALL)
NANOGPT = "[nanoGPT](https://github.com/karpathy/nanoGPT)'s `baby`, 3 minutes on an A100: 1.4697"
LECTURE = "[the lecture](https://youtube.com/watch?v=kCc8FmEb1nY), 15 minutes on an A100: 1.48"
MAKEMORE = "[lecture 6](https://youtube.com/watch?v=t3YJ5hKiMQ0)'s WaveNet: 1.993"


@dataclass(frozen=True)
class Record:
    """A run of a lesson's `train.py`, and what others have reached with the same data."""

    lesson: str
    what: str
    options: str
    others: str


LONG_CONTEXT = "--block-size 256 --batch-size 8"
RECORDS = (
    Record("02-makemore", "names", "", MAKEMORE),
    Record("03-gpt", "Shakespeare", f"{LONG_CONTEXT} --dropout 0.2 --steps 1500", NANOGPT),
    Record("03-gpt", "Shakespeare", f"{LONG_CONTEXT} --dropout 0.3 --steps 5000", LECTURE),
)


def results(record: Record, seed: int) -> dict[str, float]:
    """What a run of `train.py` reports."""
    with tempfile.TemporaryDirectory() as folder:
        options = [*record.options.split(), "--seed", str(seed), "--runs", folder, "--name", "a"]
        if record.lesson == "02-makemore":
            options.append("--test")
        command = [sys.executable, "train.py", *options]
        subprocess.run(command, check=True, cwd=ROOT / record.lesson, stdout=subprocess.DEVNULL)
        return dict(json.loads((Path(folder) / "a" / "results.json").read_text()))


def main() -> None:
    """Train, print the table, and write it to RESULTS.md."""
    text = ["what", "command", "others"]
    table = Table(text, ["seconds", "seeds", "dev loss", "test loss"])
    for record in RECORDS:
        runs = [results(record, seed) for seed in SEEDS]
        dev, test = ([run[key] for run in runs if key in run] for key in ("dev", "test"))
        table.row(
            f"[{record.lesson}]({record.lesson}/README.md), {record.what}",
            f"`python train.py {record.options}`".replace(" `", "`"),
            record.others,
            f"{min(run['seconds'] for run in runs):.0f}",
            f"{len(runs)}",
            *(
                f"{mean(losses):.4f} ± {stdev(losses):.4f}" if losses else ""
                for losses in (dev, test)
            ),
        )
    lines = ["", *table.lines, "", f"Measured on {date.today()}: {machine()}.", "", ""]
    page = PAGE.read_text(encoding="utf-8")
    write_text(PAGE, BLOCK.sub(lambda _: "\n".join(lines), page))


if __name__ == "__main__":
    main()
