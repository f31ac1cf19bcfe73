"""What one run on an account has learned of the server holds for all of them, on whatever machine, within a
second; and each uses no more of the account's connections than are its own.

What the gates and the levels have learned here is told as `Lessons`; what others tell is put into the same
gates. Of a server that refuses everything one run alone tries whether it takes mail again: whoever was there
first.
"""

from __future__ import annotations

from sendbatch.delivery.building import Building
from sendbatch.delivery.connections import Opener
from sendbatch.delivery.steering import Steering
from sendbatch.delivery.traffic import Traffic
from sendbatch.limits.declared import Limits
from sendbatch.limits.lessons import Lessons, read
from sendbatch.limits.peers import Other, Peers
from sendbatch.smtp.levels import Levels


class Learning:
    def __init__(
        self,
        peers: Peers,
        limits: Limits,
        levels: Levels,
        steering: Steering,
        traffic: Traffic,
        building: Building,
        opener: Opener,
    ) -> None:
        self._peers, self._limits, self._levels = peers, limits, levels
        self._steering, self._traffic, self._building = steering, traffic, building
        self._opener = opener
        self._heard: dict[str, str] = {}  # what each of the others told last
        self._yields_to = ""  # the id of the run that tries whether the server takes mail again
        self._connections = -1
        self._parts = 1

    def exchange(self) -> None:
        """Hear what others know by now, and tell what this one does. It waits for nobody."""
        beside = self._peers.beside()
        self._take(beside.connections, beside.parts)
        for other in beside.others:
            if self._heard.get(other.id) != other.lessons:
                self._heard[other.id] = other.lessons
                self._learn(read(other.lessons), other.age)
        self._brake(beside.others)
        self._building.failed_elsewhere(beside.unbuildable)
        # what may be open before this is looked at again is in use, for all that others know
        in_use = max(self._opener.in_use, self._connections)
        self._peers.tell(in_use, str(self._lessons(beside.parts)), self._building.failed)

    def _take(self, connections: int, parts: int) -> None:
        if connections != self._connections:
            self._connections = connections
            self._limits.connections.lease(connections)
            self._traffic.look_again()
        if parts != self._parts:
            self._parts = parts
            self._traffic.share(parts)

    def _lessons(self, parts: int) -> Lessons:
        limits, brake = self._limits, self._limits.brake
        slower, tries = limits.back_off.learned, brake.on and not brake.yields
        return Lessons(
            slower=None if slower is None else slower * parts,
            per_connection=limits.connections.learned,
            level=self._levels.learned,
            braked=max(brake.pause, 1.0) if tries else None,
            over=tries and brake.over,
        )

    def _learn(self, told: Lessons, age: float) -> None:
        if told.per_connection is not None:
            self._steering.heard_of_limit(told.per_connection)
        if told.slower is not None:
            self._steering.heard_slower(told.slower / self._parts, age)
        if told.level is not None:
            self._levels.heard(told.level)

    def _brake(self, others: tuple[Other, ...]) -> None:
        """Of all that meet a server which refuses everything, the first one tries."""
        brake = self._limits.brake
        told = {one.id: read(one.lessons) for one in others}
        braked = [one for one in others if told[one.id].braked is not None]
        trying = [one for one in braked if one.is_alive]
        if brake.yields and self._yields_to not in {one.id for one in trying}:
            ended = next((one for one in braked if one.id == self._yields_to), None)
            over = ended is not None and ended.is_ours and told[ended.id].over
            self._yields_to = ""
            self._steering.heard_of_brake(takes_mail=ended is None, over=over)
            self._traffic.look_again()
        for one in trying:
            if not brake.yields and (one.is_first or not brake.on) and brake.yield_to_another():
                self._yields_to = one.id
                self._steering.yields()
                self._traffic.look_again()
