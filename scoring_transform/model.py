"""A scoring model: a scoring file whose numbers were checked and made exact."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import structs

from scoring_transform.activities import KINDS, NAMES
from scoring_transform.scoring_file import (
    MOST_DAYS,
    MOST_TOTAL,
    Days,
    ScoringFile,
    Weights,
)
from sync_core.errors import SettingError
from sync_core.mappings import load_mapping, shipped, to_mapping
from sync_core.yaml_lines import parse_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SETTING = "scoring"
FULL = Decimal(100)
MOST_DECIMALS = 6
MOST_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a scoring file's keys stand, for messages.

    Attributes:
        name: The file, or what else it is.
        lines: For each key's path the line it stands on.
    """

    name: str
    lines: Mapping[tuple[str | int, ...], int] = field(default_factory=dict)

    def at(self, key: str) -> str:
        """Return where a key such as ``weights.chat`` or ``levels.0.up_to`` stands."""
        path = tuple(int(p) if p.isdecimal() else p for p in key.split("."))
        line = self.lines.get(path) or self.lines.get(path[:1])
        return f"{self.name}, line {line}" if line else self.name

    def error(self, key: str, text: str) -> SettingError:
        """Return the refusal of a key."""
        return SettingError(f"{self.at(key)}: {text}", setting=key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Everything that decides a score, exact.

    Attributes:
        file: The scoring file it was made from.
        scale: The power of ten that makes every weight a whole number.
        weights: Each activity's weight times ``scale``.
        source: Where it came from, for messages.
    """

    file: ScoringFile
    scale: int
    weights: Mapping[str, int]
    source: str

    @property
    def name(self) -> str:
        """The model's name, which travels with every score."""
        return self.file.name

    @property
    def hash(self) -> str:
        """Twelve hex digits that change when anything that decides a score does."""
        data = msgspec.to_builtins(self.file)
        data["weights"] = {
            name: str(self.weight_of(name).normalize()) for name in NAMES
        }
        text = msgspec.json.encode(data, order="sorted")
        return hashlib.sha256(text).hexdigest()[:12]

    @property
    def on_demand_days(self) -> int | None:
        """Days after the session's end, if the window is counted in days."""
        until = self.file.on_demand_until
        return until.days if isinstance(until, Days) else None

    def weight_of(self, activity: str) -> Decimal:
        """Return an activity's weight as it was written."""
        return Decimal(self.weights[activity]) / self.scale


def read_model(
    path: str | Path | None = None, overrides: Mapping[str, Any] | None = None
) -> Model:
    """Return the model of a scoring file, with some of its keys replaced.

    Args:
        path: A scoring file; the one that is shipped if there is none.
        overrides: Keys of a scoring file that replace the file's own.

    Raises:
        SettingError: Names the file, line and key, and what is allowed.
    """
    where = Path(path or shipped("scoring.yml"))
    file = load_mapping(where, ScoringFile, setting=SETTING)
    if overrides:
        data = msgspec.to_builtins(file) | dict(overrides)
        file = to_mapping(data, ScoringFile, setting=SETTING)
        return to_model(file, Origin(name=f"The settings over {where}"))
    lines = parse_yaml(where.read_text(encoding="utf-8-sig")).lines
    return to_model(file, Origin(name=str(where), lines=lines))


def default_model() -> Model:
    """Return the model with the weights that are shipped."""
    weights = Weights(**{kind.name: kind.default_weight for kind in KINDS})
    return to_model(ScoringFile(weights=weights), Origin(name="The defaults"))


def to_model(file: ScoringFile, source: Origin) -> Model:
    """Return a scoring file's model, or say which number cannot stand."""
    weights = {
        name: _to_decimal(getattr(file.weights, name), f"weights.{name}", source)
        for name in NAMES
    }
    file = _with_days(file, source)
    check_total(weights, source)
    _check_levels(file, source)
    _check_groups(file, source)
    _check_domains(file, source)
    scale = to_scale(weights.values())
    return Model(
        file=file,
        scale=scale,
        weights={name: int(weight * scale) for name, weight in weights.items()},
        source=source.name,
    )


def check_total(weights: Mapping[str, Decimal], source: Origin) -> None:
    """Refuse weights that are not exactly 100 together, and say by how much."""
    total = sum(weights.values(), Decimal(0))
    if total != FULL:
        gap = abs(FULL - total)
        verb = "add" if total < FULL else "take away"
        raise source.error(
            "weights",
            f"the weights total {total:f}, not 100: {verb} {gap:f}. "
            "`leadscore weights reset` restores the defaults.",
        )


def to_scale(numbers: Iterable[Decimal]) -> int:
    """Return the smallest power of ten that makes all of them whole."""
    places = [max(0, -int(n.normalize().as_tuple().exponent)) for n in numbers]
    return int(10 ** max(places, default=0))


def _to_decimal(
    number: float, key: str, source: Origin, most: Decimal = FULL
) -> Decimal:
    """Return a number of the file, exact as it was written."""
    value = Decimal(str(number))
    if not value.is_finite() or value < 0 or value > most:
        raise source.error(
            key,
            f"`{key}` is {str(number)[:MOST_SHOWN]}; allowed are numbers from 0 to "
            f"{most}.",
        )
    if to_scale([value]) > 10**MOST_DECIMALS:
        raise source.error(
            key,
            f"`{key}` is {number}; allowed are numbers with at most {MOST_DECIMALS} "
            "decimals.",
        )
    return value


def _with_days(file: ScoringFile, source: Origin) -> ScoringFile:
    """Return the file with `14 days` written as `{days: 14}`."""
    until = file.on_demand_until
    if isinstance(until, Days) or " " not in until:
        return file
    days = int(until.partition(" ")[0])
    if days > MOST_DAYS:
        raise source.error(
            "on_demand_until",
            f"`on_demand_until` is {until}; allowed are 1 to {MOST_DAYS:,} days.",
        )
    return structs.replace(file, on_demand_until=Days(days))


def _check_levels(file: ScoringFile, source: Origin) -> None:
    limits = [
        _to_decimal(level.up_to, f"levels.{place}.up_to", source)
        for place, level in enumerate(file.levels)
    ]
    _check_names([level.name for level in file.levels], "levels", source)
    if limits != sorted(set(limits)) or limits[-1] != FULL:
        raise source.error(
            "levels",
            "`levels` must rise from the lowest to the highest, and the "
            "last `up_to` must be 100.",
        )


def _check_groups(file: ScoringFile, source: Origin) -> None:
    shares = [
        _to_decimal(group.share, f"p_groups.{place}.share", source)
        for place, group in enumerate(file.p_groups)
    ]
    limits = [
        _to_decimal(
            group.at_least, f"s_groups.{place}.at_least", source, Decimal(MOST_TOTAL)
        )
        for place, group in enumerate(file.s_groups)
    ]
    _check_names([group.name for group in file.p_groups], "p_groups", source)
    _check_names([group.name for group in file.s_groups], "s_groups", source)
    if sum(shares, Decimal(0)) != FULL:
        raise source.error(
            "p_groups",
            f"the shares of `p_groups` total {sum(shares):f}; allowed is a total of "
            "100.",
        )
    if limits != sorted(set(limits), reverse=True) or limits[-1] != 0:
        raise source.error(
            "s_groups",
            "`s_groups` must fall from the best to the lowest, and the "
            "last `at_least` must be 0.",
        )


def _check_names(names: list[str], key: str, source: Origin) -> None:
    if len(set(names)) != len(names):
        raise source.error(
            key, f"two of `{key}` have the same name; allowed is each name once."
        )


def _check_domains(file: ScoringFile, source: Origin) -> None:
    for domain in file.exclude_email_domains:
        if "@" in domain or domain != domain.strip().lower() or "." not in domain:
            raise source.error(
                "exclude_email_domains",
                f"`exclude_email_domains` takes lower-case domains such as "
                f"`example.com`, not `{domain}`.",
            )
