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
class Folder:
    """Units of one kind: a file each shard of images.

    Attributes:
        images: Images in all.
        shard: Images of a shard; of the last there may be fewer.
        of: All that the files depend on, as JSON values.
    """

    images: int
    shard: int
    of: Mapping[str, Any]

    @property
    def starts(self) -> range:
        """Number of the first image of each shard."""
        return range(0, self.images, self.shard)


@dataclasses.dataclass(frozen=True)
class Plan:
    """The units of a run, by the folders that their files lie in.

    Attributes:
        output: The folder of the run.
        folders: Name, relative to it -> what it holds.
    """

    output: Path
    folders: dict[str, Folder]

    def path(self, folder: str, start: int) -> Path:
        """Returns the file of one unit."""
        return self.output / folder / f"{start:09d}.npz"

    def paths(self, folder: str) -> list[Path]:
        """Returns the files of a folder, from the first image."""
        return [self.path(folder, n) for n in self.folders[folder].starts]

    def add(self, folders: Mapping[str, Folder]) -> None:
        """Adds folders to it, and to its file.

        Raises:
            ValueError: One holds files of something else.
        """
        changed = {
            name: other
            for name, folder in folders.items()
            if (other := _differ(self.folders.get(name), folder))
        }
        for name, other in changed.items():
            # One without a file may have been a mistake.
            if any((self.output / name).glob("*.npz")):
                raise files.of_other(
                    self.output, f"{name} is of other {', '.join(other)}"
                )
        if not changed:
            return
        self.folders.update(folders)
        value = {k: dataclasses.asdict(f) for k, f in self.folders.items()}
        files.write_json(self.output / _NAME, {"folders": value})

    @classmethod
    def begun(cls, output: str | os.PathLike) -> "Plan":
        """Returns the plan of a run, without a folder where it has none.

        Raises:
            ValueError: It is damaged.
        """
        if (Path(output) / _NAME).exists():
            return cls.read(output)
        return cls(Path(output), {})

    @classmethod
    def read(cls, output: str | os.PathLike) -> "Plan":
        """Reads the plan of a run.

        Raises:
            ValueError: There is none, or it is damaged.
        """
        with files.reading("output", output, "a run's, with its plan.json"):
            found = json.loads((Path(output) / _NAME).read_text("utf-8"))
            folders = {
                name: Folder(
                    int(one["images"]), int(one["shard"]), dict(one["of"])
                )
                for name, one in dict(found["folders"]).items()
            }
            return cls(Path(output), folders)

    def state(self, verify: bool = False) -> State:
        """Looks at what is there.

        Args:
            verify: Whether to read every file, rather than its name.
        """
        done, missing, damaged = {}, {}, []
        for folder, planned in self.folders.items():
            starts = planned.starts
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


def _differ(before: Folder | None, now: Folder) -> list[str]:
    """Returns of what a folder is that is another."""
    old, new = _flat(before), _flat(now)
    return sorted(
        k for k in old.keys() | new.keys() if old.get(k) != new.get(k)
    )


def _flat(folder: Folder | None) -> dict[str, Any]:
    """Returns all that a folder is of, as a file has it."""
    if folder is None:
        return {}
    whole = {"images": folder.images, "shard": folder.shard, **folder.of}
    return dict(json.loads(json.dumps(whole)))


def _is_whole(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except (zipfile.BadZipFile, OSError):
        return False
