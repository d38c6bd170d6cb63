"""The two errors for users' mistakes; `genscope` prints the message as one line and exits with 2."""


class UserError(Exception):
    """A user's mistake: the message says what is wrong and what to do, in one sentence."""


class CaptureError(UserError):
    """A requested capture can't be made here."""
