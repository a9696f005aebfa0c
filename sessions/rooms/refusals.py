"""Why a room says no, in words for the person who asked."""

from __future__ import annotations

from community.live.domain import Code, Refuse

NO_ROOM = Refuse(Code.NOT_FOUND, "There is no such room.")
NO_MESSAGE = Refuse(Code.NOT_FOUND, "There is no such message here.")
NO_MEMBER = Refuse(Code.NOT_FOUND, "There is no such member here.")
CLOSED = Refuse(Code.CLOSED, "This room is closed for now. Your words were not sent.")
CLOSED_BY_STEWARD = Refuse(Code.CLOSED, "A steward closed this room. Only a steward opens it again.")
NOBODY_WRITES = Refuse(Code.CLOSED, "Nobody writes here for now. Your words were not sent.")
NO_STEP = Refuse(Code.BAD_FRAME, "There is no such step in this part of the meeting.")
NOT_IN_LINE = Refuse(Code.DENIED, "They are not in line.")
NOT_YOURS = Refuse(Code.DENIED, "That is for the people who keep this room.")
HOSTS_WRITE = Refuse(Code.DENIED, "Only the facilitators write in this part.")
RESTS = Refuse(Code.DENIED, "You are in a meeting. One to one rests until it is over.")
NOT_YOUR_TURN = Refuse(
    Code.NOT_YOUR_TURN, "Someone else has the floor. Raise your hand and you are next in line."
)
