"""Run a short demo of every lesson on the bundled data, and put the results on one page.

    nox -s demo        # or make demo

A lesson's pyproject.toml has a `[[tool.lesson.demo]]` for each command: the arguments of `python`,
and the `pictures` that it leaves in the run folder `runs/demo/LESSON`, each with a caption.
"""

import os
import shlex
import shutil
import subprocess
import sys
import tomllib
from base64 import b64encode
from datetime import datetime
from html import escape
from mimetypes import guess_type
from pathlib import Path
from string import Template

from house.benchmarks import machine
from shared import cli
from shared.runs import write_text

ROOT = Path(__file__).parents[2]
PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Language models, from a derivative up: the demo</title>
<style>
  :root { color-scheme: light dark; }
  body { max-width: 62rem; margin: 0 auto; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; }
  pre { overflow-x: auto; padding: .75rem; border-radius: .5rem; background: #8882; }
  figure { display: inline-block; width: 28rem; max-width: 100%; margin: 0 1rem 1rem 0; }
  img { width: 100%; border-radius: .5rem; background: white; }
</style>
<h1>Language models, from a derivative up</h1>
<p>A short run of every lesson, on this machine ($machine) at $when, with data that comes with the
repository. With the lectures' data and more time, the programs get much further; the README of each
lesson says how far.</p>
$sections
<p>Next: <code>make setup</code>, then <code>python train.py</code> in a lesson's folder.</p>
</html>
""")


def output(command: list[str], folder: Path) -> str:
    """What `python` prints with these arguments; it is shown as it comes."""
    env = os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}
    lines = []
    with (
        cli.interruptible(),  # Ctrl-C is for the command, which says what it left
        subprocess.Popen(
            [sys.executable, *command],
            cwd=folder,
            env=env,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        ) as process,
    ):
        for line in process.stdout or []:
            print(line, end="", flush=True)
            lines.append(line)
    if process.returncode:
        sys.exit(process.returncode)
    return "".join(lines)


def section(lesson: Path) -> str:
    """Run the commands of a lesson; return what the page shows of them."""
    settings = tomllib.loads((lesson / "pyproject.toml").read_text(encoding="utf-8"))
    parts = [f"<h2>{lesson.name}</h2>\n<p>{escape(settings['project']['description'])}.</p>"]
    for step in settings["tool"]["lesson"]["demo"]:
        prompt = f"{lesson.name}> python {shlex.join(step['command'])}"
        print(f"\n{prompt}", flush=True)
        printed = output(step["command"], lesson)
        parts.append(f"<pre><b>{escape(prompt)}</b>\n{escape(printed)}</pre>")
        for name, caption in step["pictures"].items():
            picture = lesson.parent / "runs" / "demo" / lesson.name / name
            data = f"data:{guess_type(name)[0]};base64,{b64encode(picture.read_bytes()).decode()}"
            label = f"<figcaption>{escape(caption)}</figcaption>"
            parts.append(f'<figure><img src="{data}" alt="">{label}</figure>')
    return "\n".join(parts)


def main(root: Path = ROOT) -> None:
    """Run the demos; leave their run folders and the page in runs/demo."""
    shutil.rmtree(root / "runs" / "demo", ignore_errors=True)
    lessons = sorted(path.parent for path in root.glob("[0-9][0-9]-*/pyproject.toml"))
    sections = "\n".join(section(lesson) for lesson in lessons)
    page = root / "runs" / "demo" / "index.html"
    when = f"{datetime.now():%Y-%m-%d %H:%M}"
    write_text(page, PAGE.substitute(machine=machine(), when=when, sections=sections))
    print(f"\nlook at it: {page}")


if __name__ == "__main__":
    main()
