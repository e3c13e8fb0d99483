"""Completion of `advkeras` in a shell: names of apps, and their flags.

    eval "$(advkeras completion bash)"

in ~/.bashrc, or the same with zsh in ~/.zshrc. Flags are asked of the app when
they are wanted, so that no shell starts later for them.
"""

import importlib
import os
import sys
from collections.abc import Sequence

from absl import flags

BASH = """\
_advkeras() {{
  local cur="${{COMP_WORDS[COMP_CWORD]}}"
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W "{names} completion" -- "$cur"))
  elif [[ $cur == -* ]]; then
    compopt -o nospace
    COMPREPLY=($(compgen -W \\
      "$("${{COMP_WORDS[0]}}" completion "${{COMP_WORDS[1]}}" 2>/dev/null)" \\
      -- "$cur"))
  fi
}}
complete -o default -F _advkeras advkeras
"""

ZSH = """\
_advkeras() {{
  if ((CURRENT == 2)); then
    compadd -- {names} completion
  elif [[ $PREFIX == -*=* ]]; then
    compset -P '*='
    _files
  elif [[ $PREFIX == -* ]]; then
    compadd -S '' -- $("${{words[1]}}" completion "${{words[2]}}" 2>/dev/null)
  else
    _files
  fi
}}
compdef _advkeras advkeras
"""

SCRIPTS = {"bash": BASH, "zsh": ZSH}


def say(text: str) -> int:
    """Prints a text, of which no more may be wanted than its head.

    Returns:
        The exit code, 0.
    """
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _flags(name: str) -> list[str]:
    """Returns what the flags of an app begin with: --seed=, --clip, --noclip.

    Args:
        name: Of the app, which is imported and not run.
    """
    module = importlib.import_module(f"{__package__}.{name}")
    begun = []
    for flag in flags.FLAGS.get_key_flags_for_module(module.__name__):
        if flag.boolean:
            begun += [f"--{flag.name}", f"--no{flag.name}"]
        else:
            begun.append(f"--{flag.name}=")
    return sorted([*begun, "--help"])


def main(names: Sequence[str], arguments: Sequence[str]) -> int:
    """Prints the script of a shell, or, for the scripts, an app's flags.

    Args:
        names: Of all apps.
        arguments: bash, zsh, or one of the names.

    Returns:
        The exit code: 2 where the arguments are something else.
    """
    if len(arguments) == 1 and arguments[0] in SCRIPTS:
        return say(SCRIPTS[arguments[0]].format(names=" ".join(names)))
    if len(arguments) == 1 and arguments[0] in names:
        return say("\n".join(_flags(arguments[0])))
    print(
        "advkeras: completion is for bash or zsh, as in "
        f"advkeras completion bash. Received: {' '.join(arguments)!r}",
        file=sys.stderr,
    )
    return 2
