"""A message ready to be sent."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to one recipient, composed once and sent byte for byte the same at each attempt.

    Attributes:
        message_id: with its angle brackets, as in the header.
        sender: envelope address.
        recipient: envelope address.
        content: the complete RFC 5322 message, lines ended by CRLF.
    """

    message_id: str
    sender: str
    recipient: str
    content: bytes
