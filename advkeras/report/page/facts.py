"""What was done, in words: models, data, attacks, when and where."""

import inspect
import re
from collections.abc import Mapping
from typing import Any

from advkeras import attacks

# What an attack says of its budget: a number, or one a channel.
_EPSILON = re.compile(r"\bepsilon=(\([^)]*\)|[^,)]+)")


def facts(results: Mapping[str, Any]) -> dict[str, str]:
    """Returns what a page says of how its figures were made.

    Args:
        results: As in results.json.
    """
    settings = results.get("settings", {})
    said = {"Model": "; ".join(_models(results))}
    if data := results.get("dataset"):
        said["Images"] = f"{data['name']}, {data['split']}: {data['n']} images"
        if unreadable := data.get("unreadable", {}).get("count"):
            said["Images"] += f", {unreadable} more could not be read"
        if shown := settings.get("examples"):
            shown = ", ".join(map(str, shown)) if _many(shown) else shown
            said["Images"] += f"; attacked: {shown} of them, chosen at random"
    if tried := _attacks(results):
        said["Attacks"] = "; ".join(f"{k}: {v}" for k, v in tried.items())
    if sizes := _epsilons(results):
        said["Epsilon"] = "; ".join(sizes)
    for name, key in (("Runtimes", "runtimes"), ("Copies", "variants")):
        if listed := settings.get(key):
            said[name] = ", ".join(listed)
    if "seed" in settings:
        said["Seed"] = f"{settings['seed']}, of every random choice"
    for name, key in (("When", "date"), ("Where", "platform")):
        if value := results.get(key):
            said[name] = _words(value)
    return {name: text for name, text in said.items() if text}


def models_in_words(results: Mapping[str, Any]) -> dict[str, str]:
    """Returns what each model is, by name, where its card says it."""
    return {
        name: f"{card['network']}, trained on {card['dataset']}, "
        f"{card['split']}; test error {card['test_error']:.2%}."
        for name, card in results.get("cards", {}).items()
    }


def bibtex(results: Mapping[str, Any]) -> str:
    """Returns an entry for a list of references."""
    version = results["versions"].get("advkeras", "")
    year = str(results.get("date", ""))[:4]
    lines = [
        "@software{advkeras,",
        "  author = {{The advkeras authors}},",
        "  title = {advkeras: adversarial examples for Keras models, from "
        "training to device},",
        *([f"  version = {{{version}}},"] if version else []),
        *([f"  year = {{{year}}},"] if year else []),
        "}",
    ]
    return "\n".join(lines)


def _models(results: Mapping[str, Any]) -> list[str]:
    cards = models_in_words(results)
    if cards:
        return [f"{name}: {about.rstrip('.')}" for name, about in cards.items()]
    settings = results.get("settings", {})
    given = settings.get("models") or settings.get("model")
    if isinstance(given, Mapping):
        given = list(given)
    if not given and "source" in results:
        given = results["source"]
    return [", ".join(given) if _many(given) else str(given)] if given else []


def _attacks(results: Mapping[str, Any]) -> dict[str, str]:
    found = results.get("attacks") or results.get("settings", {}).get("attacks")
    if isinstance(found, Mapping):
        kinds: dict[str, list[Any]] = {}
        for name, attack in found.items():
            kinds.setdefault(name.partition("@")[0], []).append(attack)
        # Of several budgets one line: which they are is said beside it.
        return {
            kind: _attack(
                _EPSILON.sub("epsilon=...", str(same[0]))
                if len(same) > 1
                else same[0]
            )
            for kind, same in kinds.items()
        }
    if "matrices" in results:
        return {k: _attack(v["attack"]) for k, v in results["matrices"].items()}
    return {}


def _attack(said: Any) -> str:
    """Returns what an attack does, and how it was set."""
    name = str(said).partition("(")[0]
    if name not in attacks.__all__:
        return _words(said)
    does = inspect.getdoc(getattr(attacks, name)) or ""
    return f"{does.partition('.')[0]}, {said}"


def _epsilons(results: Mapping[str, Any]) -> list[str]:
    results = results.get("evaluation", results)
    found = results.get("robustness")
    if not found:
        return []
    return [
        f"{share:.4g} of the pixel range ({epsilon:.4g} in the images' units, "
        f"{255 * share:.3g} of 255 grey levels)"
        if isinstance(epsilon, (int, float))
        else f"{share:.4g} of the pixel range"
        for share, epsilon in zip(
            found["shares"], results["epsilons"], strict=True
        )
    ]


def _many(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {_words(v)}" for k, v in value.items())
    if _many(value):
        return " and ".join(map(str, value))
    return str(value)
