"""The two errors that a user can cause; `genscope` prints their message as one line and exits with 2."""


class UserError(Exception):
    """A user's mistake: the message says what is wrong and what to do, in one sentence."""


class CaptureError(UserError):
    """A capture that was asked for can't be made here."""
