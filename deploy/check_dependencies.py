#!/usr/bin/env python3
"""Applies .deny.toml (licences, bans, sources) to the locked dependency tree, with Python's standard library alone."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    rules = tomllib.loads((ROOT / ".deny.toml").read_text())
    packages = {}
    for target in rules["graph"]["targets"]:
        packages |= {package["id"]: package for package in packages_of(target)}
    problems = sorted({problem for package in packages.values() for problem in problems_of(package, rules)})
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(packages)} packages, {len(problems)} problems")
    return 1 if problems else 0


def packages_of(target: str) -> list[dict]:
    """The packages that a build for `target` resolves to."""
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", target]
    metadata = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
    resolved = {node["id"] for node in metadata["resolve"]["nodes"]}
    return [package for package in metadata["packages"] if package["id"] in resolved]


def problems_of(package: dict, rules: dict) -> list[str]:
    """What is wrong with a package.

    >>> rules = {"licenses": {"allow": ["MIT"]}, "bans": {"deny": [{"crate": "bad", "reason": "it is"}]},
    ...          "sources": {"allow-registry": ["https://index"]}}
    >>> good = {"name": "good", "version": "1.0.0", "license": "MIT", "source": "registry+https://index",
    ...         "dependencies": []}
    >>> problems_of(good, rules)
    []
    >>> problems_of(good | {"source": None}, rules)
    []
    >>> problems_of(good | {"name": "bad"}, rules)
    ['bad 1.0.0 is banned: it is']
    >>> problems_of(good | {"license": None}, rules)
    ['good 1.0.0: its licence None is not in licenses.allow of .deny.toml']
    >>> problems_of(good | {"source": "git+https://elsewhere"}, rules)
    ['good 1.0.0 comes from git+https://elsewhere, which is not in sources.allow-registry of .deny.toml']
    >>> problems_of(good | {"source": None, "dependencies": [{"name": "any", "req": "*", "path": None}]}, rules)
    ['good 1.0.0 takes any version of any: name one']
    """
    name, source = f"{package['name']} {package['version']}", package["source"]
    problems = []
    if not is_allowed(package["license"] or "", set(rules["licenses"]["allow"])):
        problems.append(f"{name}: its licence {package['license']} is not in licenses.allow of .deny.toml")
    banned = [ban["reason"] for ban in rules["bans"]["deny"] if ban["crate"] == package["name"]]
    problems += [f"{name} is banned: {reason}" for reason in banned]
    if source and source.removeprefix("registry+") not in rules["sources"]["allow-registry"]:
        problems.append(f"{name} comes from {source}, which is not in sources.allow-registry of .deny.toml")
    if source is None:
        any_version = [one["name"] for one in package["dependencies"] if one["req"] == "*" and not one.get("path")]
        problems += [f"{name} takes any version of {one}: name one" for one in any_version]
    return problems


def is_allowed(expression: str, allowed: set[str]) -> bool:
    """Whether an SPDX expression can be satisfied with allowed licences alone.

    >>> [is_allowed(text, {"MIT", "ISC"}) for text in ("MIT", "MIT OR X", "X/MIT", "MIT AND ISC", "(X OR MIT) AND ISC")]
    [True, True, True, True, True]
    >>> [is_allowed(text, {"MIT", "ISC"}) for text in ("", "X", "MIT AND X", "(X OR MIT) AND X", "MIT WITH X", "MIT ISC")]
    [False, False, False, False, False, False]
    >>> is_allowed("Apache-2.0 WITH LLVM-exception", {"Apache-2.0 WITH LLVM-exception"})
    True
    """
    words = re.findall(r"[()]|[^\s()]+", expression.replace("/", " OR ").replace(" WITH ", "\0"))

    def either() -> bool:
        satisfied = both()
        while words and words[0] == "OR":
            words.pop(0)
            satisfied |= both()
        return satisfied

    def both() -> bool:
        satisfied = one()
        while words and words[0] == "AND":
            words.pop(0)
            satisfied &= one()
        return satisfied

    def one() -> bool:
        word = words.pop(0) if words else ""
        if word != "(":
            return word.replace("\0", " WITH ") in allowed
        satisfied = either()
        return satisfied and bool(words) and words.pop(0) == ")"

    return either() and not words


if __name__ == "__main__":
    sys.exit(main())
