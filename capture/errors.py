"""The one exception for what a user can put right: what was found, what was expected, what to do."""


class CaptureError(Exception):
    """A capture can't be made as asked; the message is one sentence a user can act on."""
