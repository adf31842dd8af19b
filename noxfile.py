"""One session for each lesson, found by looking; and what holds for the whole repository.

A lesson is a folder `NN-name` with a pyproject.toml. Its session is called `name`: in an
environment of its own, with `shared` and that lesson alone, it runs that lesson's tests. The
sessions of the house share one environment, the one that nox itself runs in, which `setup` fills.

    nox                      lint, types, and all tests
    nox -s micrograd -- -k engine
    nox -s lectures          the lectures as live notebooks, in the browser
    nox -s demo bench records browser setup  not run unless asked for, either
"""

import hashlib
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Any

import nox

ROOT = Path(__file__).parent
LESSONS = sorted(path.parent for path in ROOT.glob("[0-9][0-9]-*/pyproject.toml"))
UV = shutil.which("uv") or shutil.which("uv", path=Path(sys.executable).parent)

nox.options.default_venv_backend = "uv" if UV else "venv"
nox.options.reuse_existing_virtualenvs = True
nox.options.allow_parallel = True  # nox --parallel 2

HOUSE: dict[str, Any] = {"venv_backend": "none", "requires": ["setup"]}


def install(session: nox.Session, *requirements: str) -> None:
    """Install under the pins of constraints.txt, unless this environment has just these already.

    A requirement that is a folder of this repository, perhaps with extras, is installed editable.
    """
    args = ["-c", "constraints.txt"]
    key = hashlib.sha256(Path("constraints.txt").read_bytes())
    for requirement in requirements:
        folder = Path(requirement.partition("[")[0])
        if folder.is_dir():
            args.append("--editable")
            key.update((folder / "pyproject.toml").read_bytes())
        args.append(requirement)
    key.update(" ".join([str(ROOT), *args]).encode())
    own = getattr(session.virtualenv, "location", None)
    stamp = Path(own or sys.prefix) / f"lm-lessons-installed-{session.name}"
    if stamp.is_file() and stamp.read_text() == key.hexdigest():
        session.log(f"{session.name}: everything is installed already")
        return
    session.log(f"{session.name}: installing {', '.join(requirements)}")
    if UV:
        command = [UV, "pip", "install", "--python", own or sys.prefix]
    else:  # what is imported is compiled then; the rest would cost minutes, and a tenth of the disk
        command = ["python" if own else sys.executable, "-m", "pip", "install", "--no-compile"]
    session.run_install(*command, "--quiet", *args, external=True)
    stamp.write_text(key.hexdigest())


def python(session: nox.Session, *args: str) -> None:
    """Run Python in the environment that nox runs in."""
    session.run(sys.executable, *args, external=True)


def add_lesson(lesson: Path) -> None:
    def tests(session: nox.Session) -> None:
        install(session, "./shared", f"./{lesson.name}[test]")
        session.run("pytest", f"{lesson.name}/tests", *session.posargs)
        settings = tomllib.loads((lesson / "pyproject.toml").read_text(encoding="utf-8"))
        proof = settings.get("tool", {}).get("lesson", {}).get("proof")
        if proof and not session.posargs:
            with session.chdir(lesson):
                session.run("python", *proof)

    nox.session(tests, name=lesson.name[3:])


@nox.session
def lint(session: nox.Session) -> None:
    """ruff: check and format; with `-- --fix`, mend what can be mended."""
    install(session, "ruff")
    fix = "--fix" in session.posargs
    session.run("ruff", "check", ".", *(["--fix"] if fix else []))
    session.run("ruff", "format", ".", *([] if fix else ["--check"]))


for lesson in LESSONS:
    add_lesson(lesson)


@nox.session(**HOUSE)
def types(session: nox.Session) -> None:
    """mypy, strict: the packages, shared, and the programs of the lessons."""
    python(session, "-m", "mypy", "shared/shared", "shared/house")
    for lesson in LESSONS:
        programs = [str(path.relative_to(ROOT)) for path in sorted(lesson.glob("*.py"))]
        python(session, "-m", "mypy", f"{lesson.name}/{lesson.name[3:]}", *programs)


@nox.session(**HOUSE)
def shared(session: nox.Session) -> None:
    """The tests of shared, and of the house itself."""
    python(session, "-m", "pytest", "shared/tests", *session.posargs)


@nox.session(**HOUSE, default=False, allow_parallel=False)
def lectures(session: nox.Session) -> None:
    """The lectures as live notebooks: a page that lists them, in the browser."""
    folders = [str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("[0-9][0-9]-*/lectures"))]
    python(session, "-m", "marimo", "run", *folders, *session.posargs)


@nox.session(**HOUSE, default=False, allow_parallel=False)
def browser(session: nox.Session) -> None:
    """The notebooks as their readers see them: in Chromium, which must be installed."""
    install(session, "./shared[browser]")
    python(session, "-m", "pytest", "shared/browser", *session.posargs)


@nox.session(**HOUSE, default=False, allow_parallel=False)
def demo(session: nox.Session) -> None:
    """Every lesson's train.py on bundled data, and one page to look at, runs/demo/index.html."""
    python(session, "-m", "house.demo")


@nox.session(**HOUSE, default=False, allow_parallel=False)
def bench(session: nox.Session) -> None:
    """Every lesson's bench.py, or that of the named; with `-- --write`, paste what was measured."""
    if "--write" in session.posargs:
        python(session, "-m", "house.benchmarks")
        return
    wanted = session.posargs or [lesson.name for lesson in LESSONS]
    for name in wanted:
        with session.chdir(ROOT / name):
            python(session, "bench.py")


@nox.session(**HOUSE, default=False, allow_parallel=False)
def records(session: nox.Session) -> None:
    """Train the best that two cores reach in a few minutes, and write the table in RESULTS.md."""
    python(session, "-m", "house.records")


@nox.session(default=False, venv_backend="none")
def setup(session: nox.Session) -> None:
    """All lessons, editable, with what the house needs, into the environment that nox runs in."""
    lessons = [f"./{lesson.name}[lectures,test]" for lesson in LESSONS]
    install(session, "mypy", "./shared[lectures,test]", *lessons)
    session.log("setup: done; now `. .venv/bin/activate`, go into a lesson, `python train.py`")
