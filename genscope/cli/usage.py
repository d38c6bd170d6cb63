"""Say what is wrong with a command line: what the command still needs, and where its help is."""

from __future__ import annotations

import cyclopts


def what_is_wrong(error: cyclopts.CycloptsError) -> str:
    """One sentence that ends with how to see the help of the command that was meant."""
    command = " ".join(("genscope", *(error.command_chain or ())))
    text = " ".join(str(error).split()).removesuffix(", ...").rstrip(".")
    if isinstance(error, cyclopts.MissingArgumentError) and error.argument is not None:
        near = text.partition("Did you mean ")[2]
        text = _missing(command, error.argument, error.keyword)
        text += f"; did you mean {near}" if near else ""
    elif isinstance(error, cyclopts.UnusedCliTokensError) and error.unused_tokens:
        text = (
            f"'{command}' has no place for {error.unused_tokens[0]!r}; leave it out, or put quotes "
            "around a text with spaces"
        )
    return f"{text}; see '{command} --help'"


def _missing(command: str, argument: cyclopts.Argument, keyword: str | None) -> str:
    about = (argument.parameter.help or "").rstrip(".")
    if keyword is not None:
        return f"{keyword} needs a value ({about})"
    # a positional argument has no dashes in the usage line
    name = argument.name if argument.index is None else argument.name.lstrip("-").upper()
    return f"'{command}' needs {name} ({about})"
