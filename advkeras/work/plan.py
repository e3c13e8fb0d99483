"""Plan: what units there are to be, where their files lie, and which do."""

import dataclasses
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from advkeras import files
from advkeras.tables import Table

_NAME = "plan.json"


@dataclasses.dataclass(frozen=True)
class State:
    """How far a plan is.

    Attributes:
        done: Folder -> numbers of the first image of those that it holds.
        missing: Folder -> likewise, of those that it does not.
        damaged: Files that are there and cannot be read, relative.
        left_over: What processes that were killed left, relative.
    """

    done: dict[str, list[int]]
    missing: dict[str, list[int]]
    damaged: list[str]
    left_over: list[str]

    @property
    def whole(self) -> bool:
        """Whether all is there and can be read."""
        return not any(self.missing.values()) and not self.damaged

    def table(self) -> Table:
        """Returns what there is of each folder, as a table."""
        return Table(
            "Units of work",
            ("folder", "planned", "done", "missing", "first missing"),
            tuple(
                (
                    folder,
                    str(len(done) + len(self.missing[folder])),
                    str(len(done)),
                    str(len(self.missing[folder])),
                    str(min(self.missing[folder], default="-")),
                )
                for folder, done in self.done.items()
            ),
            names=1,
            name="units",
        )


@dataclasses.dataclass(frozen=True)
class Plan:
    """The units of a run: a folder each kind, a file each shard of images.

    Attributes:
        output: The folder of the run.
        shard: Images of a shard.
        images: Images in all.
        folders: Folder, relative -> all that its files depend on, beside the
            images, as JSON values.
    """

    output: Path
    shard: int
    images: int
    folders: Mapping[str, Mapping[str, Any]]

    def path(self, folder: str, start: int) -> Path:
        """Returns the file of one unit."""
        return self.output / folder / f"{start:09d}.npz"

    def paths(self, folder: str) -> list[Path]:
        """Returns the files of a folder, from the first image."""
        starts = range(0, self.images, self.shard)
        return [self.path(folder, start) for start in starts]

    def write(self) -> None:
        """Writes it, for `read`.

        Raises:
            ValueError: Another plan is there.
        """
        path = self.output / _NAME
        value = {
            "shard": self.shard,
            "images": self.images,
            "folders": {key: dict(of) for key, of in self.folders.items()},
        }
        if path.exists():
            files.check_same(self.output, files.read_json(path), value)
        else:
            files.write_json(path, value)

    @classmethod
    def read(cls, output: str | os.PathLike) -> "Plan":
        """Reads the plan of a run.

        Raises:
            ValueError: There is none, or it is damaged.
        """
        with files.reading("output", output, "a run's, with its plan.json"):
            found = json.loads((Path(output) / _NAME).read_text("utf-8"))
            return cls(
                Path(output),
                int(found["shard"]),
                int(found["images"]),
                dict(found["folders"]),
            )

    def state(self, verify: bool = False) -> State:
        """Looks at what is there.

        Args:
            verify: Whether to read every file, rather than its name.
        """
        done, missing, damaged = {}, {}, []
        starts = range(0, self.images, self.shard)
        for folder in self.folders:
            there = {s for s in starts if self.path(folder, s).is_file()}
            done[folder] = sorted(there)
            missing[folder] = [s for s in starts if s not in there]
            if verify:
                damaged += [
                    self.path(folder, start).relative_to(self.output).as_posix()
                    for start in done[folder]
                    if not _is_whole(self.path(folder, start))
                ]
        left = [
            path.relative_to(self.output).as_posix()
            for path in files.left_aside(self.output)
        ]
        return State(done, missing, damaged, left)


def _is_whole(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except (zipfile.BadZipFile, OSError):
        return False
