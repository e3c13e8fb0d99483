"""What mkdocs.yml has griffe do: an `Example:` of a docstring is code.

griffe knows `Examples:` as code, and takes one in the singular for a remark.
"""

import griffe


class Examples(griffe.Extension):
    """Gives the section the name that griffe knows."""

    def on_object(self, *, obj, **_):
        """Renames the section in the docstring of one object."""
        if obj.docstring is not None:
            obj.docstring.value = obj.docstring.value.replace(
                "\nExample:\n", "\nExamples:\n"
            )
