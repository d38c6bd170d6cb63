"""The one exception that a user's own mistake raises in analysis."""


class UserError(Exception):
    """Something only the user can mend.

    The message is one line: what was found, what was expected, what to do next. The command line
    prints it to stderr and ends with status 2.
    """
