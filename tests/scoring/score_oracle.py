"""The score said again, slowly, in plain fractions; it shares no code with the product.

Sums are compared exactly here. The product compares them rounded to 9 decimals, which
is the same for as long as two different sums are further apart than that.
"""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from score_worlds import World

NINE = (
    "time_in_session",
    "chat",
    "poll_response",
    "cta_click",
    "raise_hand",
    "reaction",
    "session_rating",
    "file_download",
    "question",
)
FOREVER = float("inf")
DEFAULTS = {
    "levels": [
        {"name": "Low", "up_to": 30},
        {"name": "Medium", "up_to": 60},
        {"name": "High", "up_to": 100},
    ],
    "p_groups": [
        {"name": "Hot", "share": 20},
        {"name": "Warm", "share": 30},
        {"name": "Cold", "share": 50},
    ],
    "s_groups": [
        {"name": "Top", "at_least": 67},
        {"name": "Mid", "at_least": 34},
        {"name": "Low", "at_least": 0},
    ],
}
HALVES = {"truncate": Fraction(0), "half_up": Fraction(1, 2)}


@dataclass(frozen=True)
class Limits:
    """Where the windows of a session begin and end, in seconds."""

    live_from: float
    live_to: float
    demand_to: float

    def cut(self, window: str, begin: float, end: float) -> tuple[float, float]:
        """Return the part of a stay that lies in a window."""
        if window == "live":
            return max(begin, self.live_from), min(end, self.live_to)
        return max(begin, self.live_to), min(end, self.demand_to)

    def window_of(self, moment: float) -> str | None:
        """Return the window of an instant."""
        if self.live_from <= moment < self.live_to:
            return "live"
        if self.live_to <= moment < self.demand_to:
            return "on_demand"
        return None


def seconds(text: str | None) -> float | None:
    """Return an instant as seconds since 1970."""
    if text is None:
        return None
    return dt.datetime.fromisoformat(text).timestamp()


def first(*values: float | None) -> float | None:
    """Return the first value that is there."""
    return next((value for value in values if value is not None), None)


class Oracle:
    """Scores one event.

    Args:
        world: The event.
        rules: The settings of a scoring file.
    """

    def __init__(self, world: World, rules: dict[str, Any]) -> None:
        self.world = world
        self.rules = rules
        self.person_of, self.left_out = self._merge()
        self.limits, self.default, self.is_open = self._windows()
        self.values = {w: self._values(w) for w in ("live", "on_demand")}
        self.participants = self._participants()

    def _merge(self) -> tuple[dict[str, str], set[str]]:
        logins: dict[str, list[str]] = {}
        keys: dict[str, str] = {}
        for row in self.world.attendees:
            email = (row["email"] or "").strip().lower()
            who = email if email.count("@") == 1 else "id:" + row["attendee_id"]
            logins.setdefault(who, []).append(row["attendee_id"])
            keys[row["attendee_id"]] = who
        person_of = {login: min(logins[who]) for login, who in keys.items()}
        left_out = set()
        for row in self.world.attendees:
            domain = keys[row["attendee_id"]].rpartition("@")[2]
            if row["role"] in self.rules["exclude_roles"] or (
                domain in self.rules["exclude_email_domains"]
            ):
                left_out.add(person_of[row["attendee_id"]])
        return person_of, left_out

    def _windows(self) -> tuple[dict[str, Limits], Limits, bool]:
        event = self.world.event
        starts, ends = seconds(event["starts_at"]), seconds(event["ends_at"])
        limits = {}
        for row in self.world.sessions:
            begin = first(seconds(row["starts_at"]), starts, -FOREVER)
            end = first(seconds(row["ends_at"]), ends, FOREVER)
            limits[row["session_id"]] = self._limits(begin, end)
        begins = [limit.live_from for limit in limits.values()]
        stops = [limit.live_to for limit in limits.values()]
        default = self._limits(
            min(begins) if begins else first(starts, -FOREVER),
            max(stops) if stops else first(ends, FOREVER),
        )
        judged = list(limits.values()) or [default]
        return limits, default, any(x.demand_to == FOREVER for x in judged)

    def _limits(self, begin: Any, end: Any) -> Limits:
        until = self.rules["on_demand_until"]
        event = self.world.event
        if isinstance(until, dict):
            return Limits(begin, end, end + until["days"] * 86400)
        stop = first(seconds(event["on_demand_ends_at"]), seconds(event["ends_at"]))
        if until == "open" or stop is None or stop <= end:
            return Limits(begin, end, FOREVER)
        return Limits(begin, end, stop)

    def _counted(self) -> list[dict[str, Any]]:
        """Return each activity that counts for somebody, once."""
        unique = {row["activity_id"]: row for row in self.world.activities}
        return [
            row | {"person": self.person_of.get(row["attendee_id"], row["attendee_id"])}
            for row in unique.values()
            if row["activity"] in NINE
            and row["attendee_id"] is not None
            and not row["anonymous"]
            and self.person_of.get(row["attendee_id"]) not in self.left_out
        ]

    def _participants(self) -> set[str]:
        came = {
            self.person_of[row["attendee_id"]]
            for row in self.world.attendees
            if row["attended"]
        }
        did = {row["person"] for row in self._counted() if self._is_presence(row)}
        return (came - self.left_out) | did

    @staticmethod
    def _is_presence(row: dict[str, Any]) -> bool:
        """Return whether a record shows that its person was there at all."""
        if row["activity"] == "time_in_session" and is_stay(row):
            return row["ended_at"] > row["occurred_at"]
        once = ("poll_response", "cta_click", "file_download")
        is_object = row["activity"] in once and row["object_id"] is not None
        if is_object or row["activity"] in ("raise_hand", "session_rating"):
            return row["quantity"] is None or row["quantity"] > 0
        return True

    def _limits_of(self, row: dict[str, Any]) -> Limits:
        return self.limits.get(row["session_id"], self.default)

    def _window_of(self, row: dict[str, Any]) -> str | None:
        if row["window"] in ("live", "on_demand"):
            return str(row["window"])
        moment = seconds(row["occurred_at"])
        if moment is None:
            return str(self.rules["untimed_window"])
        return self._limits_of(row).window_of(moment)

    def _values(self, window: str) -> dict[str, dict[str, int]]:
        """Return for each activity what each person's count is."""
        found: dict[str, dict[str, int]] = {name: {} for name in NINE}
        rows = self._counted()
        for person in {row["person"] for row in rows}:
            own = [row for row in rows if row["person"] == person]
            points = [
                row
                for row in own
                if not is_stay(row) and self._window_of(row) == window
            ]
            found["time_in_session"][person] = self._time(own, points, window)
            for name in NINE[1:]:
                did = [row for row in points if row["activity"] == name]
                found[name][person] = count(name, did)
        return {
            name: {who: value for who, value in people.items() if value > 0}
            for name, people in found.items()
        }

    def _time(
        self, own: list[dict[str, Any]], points: list[dict[str, Any]], window: str
    ) -> int:
        pieces: dict[Any, list[tuple[float, float]]] = {}
        for row in own:
            if is_stay(row):
                begin, end = seconds(row["occurred_at"]), seconds(row["ended_at"])
                assert begin is not None
                assert end is not None
                if row["window"] not in ("live", "on_demand"):
                    begin, end = self._limits_of(row).cut(window, begin, end)
                elif row["window"] != window:
                    continue
                pieces.setdefault(row["session_id"], []).append((begin, end))
        total = sum(covered(stays) for stays in pieces.values())
        for row in points:
            if row["activity"] == "time_in_session":
                total += Fraction(max(0, row["quantity"] or 0))
        bucket = int(self.rules["time_bucket_seconds"])
        return int(total // bucket) * bucket

    def ranks(self, window: str, activity: str) -> tuple[dict[str, int], int, int]:
        """Return everybody's rank in an activity, the last rank and who is ranked."""
        values = self.values[window][activity]
        order = sorted(set(values.values()), reverse=True)
        ranks = {who: order.index(value) + 1 for who, value in values.items()}
        if self.rules["rank_population"] == "all":
            idle = len(self.participants) > len(values)
            return ranks, len(order) + idle, len(self.participants)
        return ranks, len(order), len(values)

    def part(self, window: str, activity: str, who: str) -> Fraction:
        """Return one activity score."""
        ranks, most, _ = self.ranks(window, activity)
        if who not in ranks:
            return Fraction(0)
        weight = Fraction(str(self.rules["weights"][activity]))
        return weight * (most - ranks[who] + 1) / most

    def leads(self, window: str) -> dict[str, dict[str, Any]]:
        """Return what stands in the lead scores of a window."""
        sums = {
            who: sum((self.part(window, name, who) for name in NINE), Fraction(0))
            for who in self.participants
        }
        order = sorted({value for value in sums.values() if value}, reverse=True)
        totals = {who: sums[who] + self._profile(who) for who in sums}
        rows = {}
        for who, value in sums.items():
            rank = order.index(value) + 1 if value else None
            lead = Fraction(100 * (len(order) - rank + 1), len(order)) if rank else 0
            rows[who] = {
                "lead_score": self.display(Fraction(lead)),
                "sum": self.display(value),
                "total": self.display(totals[who]),
                "rank": rank,
                "max_rank": len(order),
                "ranked_attendees": sum(1 for other in sums.values() if other),
                "level": self._level(lead),
                **self._groups(totals, who),
            }
        for who, row in rows.items():
            for kind in ("p_group", "s_group"):
                above = sum(
                    totals[other] > totals[who] and rows[other][kind] == row[kind]
                    for other in rows
                )
                row[f"{kind}_rank"] = above + 1 if totals[who] else None
        return rows

    def _profile(self, who: str) -> Fraction:
        points = [
            Fraction(row["profile_score"] or 0)
            for row in self.world.attendees
            if self.person_of[row["attendee_id"]] == who
        ]
        return max(points, default=Fraction(0))

    def _groups(self, totals: dict[str, Fraction], who: str) -> dict[str, Any]:
        better = sum(1 for other in totals.values() if other > totals[who])
        total = totals[who]
        groups = {"p": self._p_group(better, len(totals)), "s": self._s_group(total)}
        if not total:
            groups["p"] = self._rule("p_groups")[-1]["name"]
        return {
            "absolute_rank": better + 1 if total else None,
            "p_group": groups["p"],
            "s_group": groups["s"],
        }

    def _rule(self, name: str) -> Any:
        return self.rules.get(name, DEFAULTS[name])

    def _p_group(self, better: int, people: int) -> str:
        """Return the group of the first share that reaches beyond the better ones."""
        end = Fraction(0)
        for group in self._rule("p_groups"):
            end += Fraction(str(group["share"]))
            if 100 * better < end * people:
                return str(group["name"])
        raise AssertionError

    def _s_group(self, total: Fraction) -> str:
        for group in self._rule("s_groups"):
            if total >= Fraction(str(group["at_least"])):
                return str(group["name"])
        raise AssertionError

    def _level(self, score: Fraction | int) -> str:
        for level in self._rule("levels"):
            if score <= Fraction(str(level["up_to"])):
                return str(level["name"])
        raise AssertionError

    def summaries(self, window: str) -> dict[tuple[str, str], list[Any]]:
        """Return each group's size, share and averages of a window."""
        rows = self.leads(window)
        own = {who: self.total_of(window, who) for who in rows}
        found = {}
        for kind in ("p", "s"):
            for group in self._rule(f"{kind}_groups"):
                name = group["name"]
                members = [w for w in rows if rows[w][f"{kind}_group"] == name]
                found[kind, name] = self._summary([own[who] for who in members])
        return found

    def _summary(self, members: list[tuple[Fraction, Fraction]]) -> list[Any]:
        count = len(members)
        share = self.display(Fraction(100 * count, len(self.participants)))
        if not members:
            return [0, share, None, None, None]
        engagement = Fraction(sum(e for e, _ in members)) / count
        profile = Fraction(sum(p for _, p in members)) / count
        averages = (engagement + profile, engagement, profile)
        return [count, share, *map(self.display, averages)]

    def total_of(self, window: str, who: str) -> tuple[Fraction, Fraction]:
        """Return somebody's engagement and profile score."""
        parts = [self.part(window, name, who) for name in NINE]
        return sum(parts, Fraction(0)), self._profile(who)

    def display(self, value: Fraction) -> float:
        """Return a score as it is shown."""
        return ((10 * value + HALVES[self.rules["rounding"]]) // 1) / 10

    def unavailable(self) -> list[str]:
        """Return the activities that nobody could have been seen doing."""
        seen = {row["activity"] for row in self.world.activities}
        seen |= set(self.world.event["reported_activities"])
        return [name for name in NINE if name not in seen]


def is_stay(row: dict[str, Any]) -> bool:
    """Return whether a record is a time with a start and an end."""
    has_both = row["occurred_at"] is not None and row["ended_at"] is not None
    return row["activity"] == "time_in_session" and has_both


def covered(stays: list[tuple[float, float]]) -> Fraction:
    """Return how many seconds at least one of the stays covers."""
    edges = sorted({edge for stay in stays for edge in stay})
    return sum(
        (
            Fraction(right) - Fraction(left)
            for left, right in itertools.pairwise(edges)
            if any(begin <= left and right <= end for begin, end in stays)
        ),
        Fraction(0),
    )


def count(activity: str, rows: list[dict[str, Any]]) -> int:
    """Return one person's count of an activity that is not time."""
    amounts = [1 if row["quantity"] is None else row["quantity"] for row in rows]
    done = [row for row, amount in zip(rows, amounts, strict=True) if amount > 0]
    if activity in ("raise_hand", "session_rating"):
        return len({row["session_id"] for row in done})
    if activity in ("poll_response", "cta_click", "file_download"):
        scope = "session_id" if activity == "poll_response" else "event_id"
        objects = {(row[scope], row["object_id"]) for row in done if row["object_id"]}
        unnamed = [row for row in rows if not row["object_id"]]
        return len(objects) + total_of(unnamed)
    return total_of(rows)


def total_of(rows: list[dict[str, Any]]) -> int:
    """Return how many there are of what is simply added."""
    return sum(
        1 if row["quantity"] is None else max(0, int(row["quantity"] // 1))
        for row in rows
    )
