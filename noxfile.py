"""One session for each lesson, found by looking; and what holds for the whole repository.

A lesson is a folder `NN-name` with a pyproject.toml. Its session is called `name`: it has an
environment of its own with `shared` and that lesson alone, and runs that lesson's tests.

    nox                      lint, types, and all tests
    nox -s micrograd -- -k engine
    nox -s demo bench setup  not run unless asked for
"""

import hashlib
import sys
import tomllib
from pathlib import Path

import nox

ROOT = Path(__file__).parent
LESSONS = sorted(path.parent for path in ROOT.glob("[0-9][0-9]-*/pyproject.toml"))

nox.options.default_venv_backend = "venv"
nox.options.reuse_existing_virtualenvs = True


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
    own = getattr(session.virtualenv, "location", None)  # `setup` has none but that of nox itself
    stamp = Path(own or sys.prefix) / "lm-lessons-installed"
    if stamp.is_file() and stamp.read_text() == key.hexdigest():
        session.log(f"{session.name}: everything is installed already")
        return
    session.log(f"{session.name}: installing {', '.join(requirements)}")
    python = "python" if own else sys.executable
    session.run_install(python, "-m", "pip", "install", "--quiet", *args, external=not own)
    stamp.write_text(key.hexdigest())


def folders(extras: str = "") -> list[str]:
    """`shared` and every lesson, as requirements."""
    return ["./shared" + extras, *(f"./{lesson.name}{extras}" for lesson in LESSONS)]


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


@nox.session
def types(session: nox.Session) -> None:
    """mypy, strict: the packages, shared, and the programs of the lessons."""
    install(session, "mypy", *folders("[test]"))
    session.run("mypy", "shared/shared")
    for lesson in LESSONS:
        programs = [str(path.relative_to(ROOT)) for path in sorted(lesson.glob("*.py"))]
        session.run("mypy", f"{lesson.name}/{lesson.name[3:]}", *programs)


@nox.session
def shared(session: nox.Session) -> None:
    """The tests of shared, and of the house itself: DICTIONARY.md has examples of every lesson."""
    install(session, *folders("[test]"))
    session.run("pytest", "shared/tests", *session.posargs)


for lesson in LESSONS:
    add_lesson(lesson)


@nox.session(default=False)
def demo(session: nox.Session) -> None:
    """Every lesson's train.py on bundled data, and one page to look at, runs/demo/index.html."""
    install(session, *folders(), "Jinja2")
    session.run("python", "-m", "shared.demo", *session.posargs)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Every lesson's bench.py, or that of the named; with `-- --write`, paste what was measured."""
    install(session, *folders("[test]"))
    if "--write" in session.posargs:
        session.run("python", "-m", "shared.benchmarks")
        return
    wanted = set(session.posargs)
    if unknown := wanted - {lesson.name for lesson in LESSONS}:
        session.error(f"no lesson is called {', '.join(sorted(unknown))}")
    for lesson in LESSONS:
        if not wanted or lesson.name in wanted:
            with session.chdir(lesson):
                session.run("python", "bench.py", "--out", "../runs/bench/benchmarks.json")


@nox.session(default=False, venv_backend="none")
def setup(session: nox.Session) -> None:
    """All lessons, editable, into the environment that nox itself runs in."""
    install(session, *folders())
    session.log("setup: done; now `. .venv/bin/activate`, go into a lesson, `python train.py`")
