"""The `genscope` command: its commands, and what each error becomes. Nothing heavy is imported here."""

from __future__ import annotations

import atexit
import gc
import sys

import cyclopts

from genscope import __version__
from genscope.cli import (
    agent_commands,
    answer_commands,
    capture_commands,
    export_commands,
    fleet_commands,
    study_commands,
    view_commands,
)

_HELP = "Where the time, the FLOPs and the memory of a generative model go."
app = cyclopts.App("genscope", version=__version__, help=_HELP, help_format="plaintext")
app.suppress_keyboard_interrupt = False  # main handles Ctrl-C
_GROUPS = (
    view_commands, capture_commands, study_commands, answer_commands, export_commands, agent_commands,
    fleet_commands,
)  # fmt: skip
for group in _GROUPS:
    for command in group.COMMANDS:
        app.command(command)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; 0 is success, 1 a failure, 2 a user's mistake."""
    from genscope.cli import standard_output, usage
    from genscope.errors import UserError

    # garbage in circles is rare: looking for it would take 3 % of a short command, and at its end 10 %
    gc.set_threshold(50_000)
    atexit.register(gc.freeze)
    try:
        status = app(
            arguments, exit_on_error=False, print_error=False, result_action="return_value"
        )
        if sys.stdout is not None:
            sys.stdout.flush()
    except UserError as error:
        return standard_output.complain(str(error))
    except cyclopts.CycloptsError as error:
        return standard_output.complain(usage.what_is_wrong(error))
    except BrokenPipeError:  # the program that read our output has ended
        standard_output.drop_output()
        return 0
    except OSError as error:
        standard_output.drop_output()
        return standard_output.complain(standard_output.reason_of(error), status=1)
    except KeyboardInterrupt:
        return standard_output.complain("interrupted; no partial result was kept", status=130)
    return status if isinstance(status, int) else 0
