"""Apps that are killed at random moments, and started again."""

import random
import subprocess

from tests.campaigns import running
from tests.campaigns.row import Row

# App -> kills, of the whole.
KILLS = {
    "train": 8,
    "train by AdamW": 8,
    "transfer_eval": 10,
    "edge_eval": 12,
    "evaluate": 8,
    "quickstart": 4,
}
_IN_ONE_FOLDER = 3  # kills, at most


def run(share, seed, folder, apps=tuple(KILLS)):
    """Kills each app, and starts it again until it is done.

    What it ends with has to be what it would have ended with, and nothing of
    it may live on.
    """
    parts, temporary, failures = [], 0, []
    for name in apps:
        kills = KILLS[name]
        app = running.APPS[name]
        dice = random.Random(f"{seed} {name}")
        here = folder / name.replace(" ", "-")
        seconds = app.reference(here / "reference")
        left, lives = max(1, round(kills * share)), 0
        while left:
            life = here / str(lives)
            most = dice.randint(1, min(left, _IN_ONE_FOLDER))
            moments = [dice.uniform(0, seconds) for _ in range(most)]
            killed, said = _live(app, life, moments)
            said += running.differences(here / "reference", life)
            at = ", ".join(f"{moment / seconds:.0%}" for moment in killed)
            failures += [f"{name}, killed at {at}: {x}" for x in said]
            parts += [moment / seconds for moment in killed]
            temporary += len(list((life / "tmp").iterdir()))
            left -= len(killed)
            lives += 1
    return [
        Row(
            "an app is killed at a random moment, and started again",
            len(parts),
            tuple(failures),
            f"{len(apps)} apps, killed at {min(parts):.0%} to "
            f"{max(parts):.0%} of their time; {temporary} files or folders "
            "left in TMPDIR",
        )
    ]


def _live(app, folder, moments):
    """Kills an app at moments, each after a start, and lets it end.

    Returns:
        The moments that it was still at work, and what was wrong.
    """
    killed, said = [], []
    for moment in moments:
        process = app.start(
            folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            process.wait(moment)
            break  # there was less left to do
        except subprocess.TimeoutExpired:
            said += [f"lives on: {x}" for x in running.kill(process)]
            killed.append(moment)
    if wrong := app.finish(folder):
        said.append(wrong)
    return killed, said
