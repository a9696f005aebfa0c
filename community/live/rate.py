"""How often one member may write to one room: a token bucket before the queue; repeating a key costs nothing."""

from __future__ import annotations

from collections import OrderedDict

from django.conf import settings

from community.live.clock import clock

REMEMBERED = 20_000
FRAMES_PER_SECOND = 50
FRAMES_AT_ONCE = 40
REST_SECONDS = 2.0


class Bucket:
    __slots__ = ("at", "tokens")

    def __init__(self, tokens: float, at: float) -> None:
        self.tokens = tokens
        self.at = at


class Rate:
    """`per_minute` tokens at once, refilled evenly over a minute."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[tuple[int, int], Bucket] = OrderedDict()
        self._paid: OrderedDict[tuple[int, int, str], None] = OrderedDict()

    def allow(self, member_id: int, log_id: int, key: str | None) -> bool:
        """Take a token, unless this key has paid already."""
        place = (member_id, log_id, key or "")
        if key is not None and place in self._paid:
            return True
        room = (member_id, log_id)
        per_minute = settings.PORCHLIGHT_SENDS_PER_MIN
        now = clock.monotonic()
        bucket = self._buckets.get(room)
        if bucket is None:
            bucket = self._buckets[room] = Bucket(per_minute, now)
        self._buckets.move_to_end(room)
        bucket.tokens = min(per_minute, bucket.tokens + (now - bucket.at) * per_minute / 60)
        bucket.at = now
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        if key is not None:
            self._paid[place] = None
        while len(self._paid) > REMEMBERED:
            self._paid.popitem(last=False)
        while len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)
        return True


class Patience:
    """How much one member may ask for beside what is written: all their sockets together, so that coming back gains
    nothing. The unit is a frame that costs next to nothing; a question to the database counts as several.

    There is hardly a burst: what one person sends at once would hold up everyone else just as long.
    """

    def __init__(self) -> None:
        self._buckets: OrderedDict[int, Bucket] = OrderedDict()

    def charge(self, member_id: int, cost: float) -> float:
        """For how many seconds this member is now to be neither read from nor answered; mostly 0."""
        now = clock.monotonic()
        bucket = self._buckets.setdefault(member_id, Bucket(FRAMES_AT_ONCE, now))
        self._buckets.move_to_end(member_id)
        tokens = min(FRAMES_AT_ONCE, bucket.tokens + (now - bucket.at) * FRAMES_PER_SECOND) - cost
        bucket.tokens = max(tokens, -REST_SECONDS * FRAMES_PER_SECOND)
        bucket.at = now
        while len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)
        return max(0.0, -bucket.tokens / FRAMES_PER_SECOND)


class Callers:
    """Whose sign-in is behind a session key, as far as this process has seen: enough to let them wait outside."""

    def __init__(self) -> None:
        self._members: OrderedDict[str, int] = OrderedDict()

    def recognise(self, session_key: str) -> int | None:
        return self._members.get(session_key)

    def remember(self, session_key: str, member_id: int) -> bool:
        """Whether this was news."""
        news = self._members.get(session_key) != member_id
        self._members[session_key] = member_id
        self._members.move_to_end(session_key)
        while len(self._members) > REMEMBERED:
            self._members.popitem(last=False)
        return news


rate = Rate()
patience = Patience()
callers = Callers()
