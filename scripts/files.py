"""The project's own files, without files that are generated, downloaded or private."""

import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_NOT_OURS = {"__pycache__", "build", "dist", "htmlcov", "miniprogram_npm", "node_modules"}
_VISIBLE = {".ci", ".dockerignore", ".editorconfig", ".gitignore"}


def _ours(name: str) -> bool:
    return name not in _NOT_OURS and not name.endswith(".egg-info") and (not name.startswith(".") or name in _VISIBLE)


def project_files(root: Path = ROOT) -> Iterator[Path]:
    """Yield every file of the project in a stable order, without asking git."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(filter(_ours, folders))
        for name in sorted(filter(_ours, names)):
            path = Path(folder, name)
            if path.is_file():
                yield path
