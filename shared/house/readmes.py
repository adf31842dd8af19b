"""What the README of a lesson says of its files, for the lesson's tests."""

import re
from pathlib import Path


def untrue_in_readme(lesson: Path) -> list[str]:
    """Files that the README of a lesson names but that are missing, or not as long as it says."""
    readme = (lesson / "README.md").read_text(encoding="utf-8")
    paths = re.findall(r"\]\(([^):]+)\)", readme)
    found = [path for path in paths if not (lesson / path.partition("#")[0]).exists()]
    for path, lines in re.findall(r"^\| \[`\S+`\]\((\S+)\) \| (\d+) \|", readme, re.MULTILINE):
        n = len((lesson / path).read_text(encoding="utf-8").splitlines())
        if abs(n - int(lines)) > 0.1 * int(lines):
            found.append(f"{path} has {n} lines")
    return found
