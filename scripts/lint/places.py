"""Nothing in the project depends on the machine where it was made, or on a package registry."""

import re

from scripts.lint.source import Breaches, Source

_REGISTRY = re.compile(
    r"\b(?:pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|npmmirror\.com|yarnpkg\.com|deb\.debian\.org"
    r"|proxy\.golang\.org|crates\.io|rubygems\.org|docker\.io|ghcr\.io|quay\.io|mirrors?\.[\w.-]+\.(?:cn|com|org))\b"
    r"|(?:index-url|find-links|registry)(?:\s*[=:]\s*|\s+)['\"]?http|\"resolved\"\s*:\s*\"http",
    re.IGNORECASE,
)
_MACHINE_PATH = re.compile(r"(?<![\w.:/~})-])/(?:home|Users|root|work|workspace|workspaces|builds)/[\w.-]+")


def no_registries(source: Source) -> Breaches:
    """The settings of a machine choose the package mirror, not the project."""
    for number, line in enumerate(source.lines, 1):
        if match := _REGISTRY.search(line):
            yield number, f"names a package registry ({match[0]}): leave it to pip's, npm's or apt's own settings"


def no_machine_paths(source: Source) -> Breaches:
    """A path of one person's machine exists on no other machine."""
    for number, line in enumerate(source.lines, 1):
        if match := _MACHINE_PATH.search(line):
            yield number, f"names a path of one machine ({match[0]}): write it relative to the project, or as a setting"
