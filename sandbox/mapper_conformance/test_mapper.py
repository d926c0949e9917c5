"""What a mapper that holds back owes the stages around it. Ids are the names."""
# ruff: noqa: S101 - checks assert

from __future__ import annotations

import dataclasses
import json
import signal
from typing import TYPE_CHECKING

import pytest

from sandbox.mapper_conformance.feed import (
    respelled,
    state,
    to_batches,
    to_lines,
)
from sandbox.mapper_conformance.judging import (
    find_bad_order,
    find_false_state,
    find_misfit,
    groups_of,
    records_of,
    rows_of,
    states_of,
)

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.mapper_conformance.feed import Message
    from sandbox.mapper_conformance.plugin import Kit
    from sandbox.mapper_conformance.running import Mapper, Ran

SIGNALS = [(signal.SIGTERM, 143), (signal.SIGINT, 130)]
FEW = 1_000
MUCH = 4 * 65_536  # what a pipe holds, a few times


def plain(kit: Kit, seed: int, count: int = 3) -> list[Message]:
    """Return some groups one after the other, with the SCHEMAs before them."""
    groups = kit.chance(seed).groups(count)
    return [*kit.feed.schemas, *[m for group in groups for m in group.messages]]


def records_sent(messages: list[Message]) -> list[Message]:
    """Return the RECORDs among messages."""
    return [message for message in messages if message["type"] == "RECORD"]


def ended_well(ran: Ran) -> Ran:
    """Return a run that ended with 0."""
    assert ran.code == 0, ran.log[-2000:]
    return ran


def test_groups_give_records(kit: Kit, mapper: Mapper) -> None:
    """Every complete group has records in the output, else no check means much."""
    data = to_lines(plain(kit, 0, 5))
    ran = ended_well(mapper.run(data))
    assert groups_of(kit.feed, ran.messages) == {f"g{n}" for n in range(5)}


def test_any_order_gives_the_same_records(kit: Kit, mapper: Mapper, seed: int) -> None:
    """Several open groups, shuffled and with repeats, give what plain order gives."""
    groups = kit.chance(seed).groups(4)
    mixed = [*kit.feed.schemas, *kit.chance(seed + 1).mixed(groups)]
    expected = ended_well(mapper.run(to_lines(plain(kit, seed, 4))))
    found = ended_well(mapper.run(to_lines(mixed)))
    assert records_of(kit.feed, expected) == records_of(kit.feed, found)


def test_groups_do_not_touch_each_other(kit: Kit, mapper: Mapper, seed: int) -> None:
    """All groups in one run give what each gives in a run of its own."""
    groups = kit.chance(seed).groups(3)
    alone: list[tuple[str, str]] = []
    for group in groups:
        data = to_lines([*kit.feed.schemas, *group.messages])
        alone += rows_of(kit.feed, ended_well(mapper.run(data)))
    together = ended_well(mapper.run(to_lines(plain(kit, seed))))
    assert sorted(alone) == records_of(kit.feed, together)


def test_repeated_schemas_are_harmless(kit: Kit, mapper: Mapper, seed: int) -> None:
    """A SCHEMA that comes again, also in the middle of a group, changes nothing."""
    messages = plain(kit, seed)
    chance = kit.chance(seed).random
    repeated = [
        other
        for message in messages
        for other in ([*kit.feed.schemas] if chance.random() < 0.2 else []) + [message]  # noqa: PLR2004
    ]
    expected = ended_well(mapper.run(to_lines(messages)))
    found = ended_well(mapper.run(to_lines([*kit.feed.schemas, *repeated])))
    assert records_of(kit.feed, expected) == records_of(kit.feed, found)


def test_any_pieces_give_the_same_output(kit: Kit, mapper: Mapper) -> None:
    """Much input, which a pipe cuts in the middle of lines, is read as a whole."""
    here = dataclasses.replace(mapper, entry="")
    groups = kit.chance(3).groups(1)
    while len(to_lines([m for group in groups for m in group.messages])) < MUCH:
        groups = kit.chance(3).groups(2 * len(groups))
    step = len(groups) // 8
    few: list[tuple[str, str]] = []
    for place in range(0, len(groups), step):
        some = [m for group in groups[place : place + step] for m in group.messages]
        data = to_lines([*kit.feed.schemas, *some])
        few += rows_of(kit.feed, ended_well(here.run(data)))
    everything = [m for group in groups for m in group.messages]
    ran = ended_well(here.run(to_lines([*kit.feed.schemas, *everything])))
    assert sorted(few) == records_of(kit.feed, ran)


def test_a_state_follows_what_it_covers(kit: Kit, mapper: Mapper, seed: int) -> None:
    """When a STATE is out, so are the records of every group that began before it."""
    chance = kit.chance(seed)
    mixed = chance.mixed(chance.groups(4))
    data = to_lines([*kit.feed.schemas, *chance.with_states(mixed)])
    ran = ended_well(mapper.run(data, **kit.settings("prompt")))
    told = groups_of(kit.feed, ran.messages)
    assert not find_false_state(kit.feed, mixed, ran.messages, told)


def test_the_last_state_comes_out(kit: Kit, mapper: Mapper, seed: int) -> None:
    """When every group is complete, the newest STATE is the last line."""
    chance = kit.chance(seed)
    mixed = chance.mixed(chance.groups(3))
    data = to_lines([*kit.feed.schemas, *chance.with_states(mixed)])
    ran = ended_well(mapper.run(data))
    assert ran.messages[-1] == state(len(mixed))


def test_a_tap_that_died_lets_no_state_out(kit: Kit, mapper: Mapper, seed: int) -> None:
    """The input ends anywhere: whatever STATE is out by then is true."""
    chance = kit.chance(seed)
    messages = chance.with_states(chance.mixed(chance.groups(4)))
    whole = mapper.run(to_lines([*kit.feed.schemas, *messages]))
    kept = messages[: chance.random.randrange(len(messages))]
    ran = mapper.run(to_lines([*kit.feed.schemas, *kept]), **kit.settings("prompt"))
    told = groups_of(kit.feed, whole.messages)
    assert not find_false_state(kit.feed, records_sent(kept), ran.messages, told)


def test_a_killed_run_tells_no_lie(kit: Kit, mapper: Mapper, seed: int) -> None:
    """Killed at any line, its STATEs are true, and the next run is whole."""
    chance = kit.chance(seed)
    mixed = chance.mixed(chance.groups(4))
    data = to_lines([*kit.feed.schemas, *chance.with_states(mixed)])
    prompt = kit.settings("prompt")
    calm = ended_well(kit.make().run(data, **prompt))
    line = chance.random.randrange(1, len(calm.messages) + 1)
    killed = mapper.run_until(data, signal.SIGKILL, written=line, **prompt)
    again = ended_well(mapper.run(data, **prompt))
    told = groups_of(kit.feed, calm.messages)
    assert killed.code == -signal.SIGKILL
    assert not find_false_state(kit.feed, mixed, killed.messages, told)
    assert records_of(kit.feed, calm) == records_of(kit.feed, again)


@pytest.mark.parametrize(("number", "code"), SIGNALS, ids=["SIGTERM", "SIGINT"])
def test_a_signal_ends_it_with_its_code(
    kit: Kit, mapper: Mapper, number: signal.Signals, code: int
) -> None:
    """The exit code is 128 and the signal; what was open is not written."""
    first, second = kit.chance(1).groups(2)
    parts = [*second.parts, state(len(first.messages) + len(second.parts))]
    sent = [*kit.feed.schemas, *first.messages, state(len(first.messages)), *parts]
    prompt = kit.settings("prompt")
    calm = [*kit.feed.schemas, *first.messages, state(len(first.messages))]
    written = len(ended_well(kit.make().run(to_lines(calm), **prompt)).messages)
    ran = mapper.run_until(
        to_lines(sent), number, written=written, all_read=True, **prompt
    )
    assert ran.code == code
    assert groups_of(kit.feed, ran.messages) == {first.name}
    assert [state(len(first.messages))] == states_of(ran.messages)


def test_no_input_gives_no_output(kit: Kit, mapper: Mapper) -> None:
    """An idle tap writes nothing, so nothing is written."""
    assert ended_well(mapper.run(b"")).messages == []
    assert ended_well(mapper.run(to_lines(kit.feed.schemas))).messages == []


def test_an_idle_run_passes_its_state_on(kit: Kit, mapper: Mapper) -> None:
    """A tap with nothing new still writes its bookmark: that comes out, and no more."""
    sent = [*kit.feed.schemas, state(1), state(2)]
    ran = ended_well(mapper.run(to_lines(sent)))
    assert ran.messages[-1:] == [state(2)]
    assert states_of(ran.messages) == ran.messages


def test_schemas_come_first_and_keys_once(kit: Kit, mapper: Mapper, seed: int) -> None:
    """Each stream is announced before its records, of which no two share a key."""
    chance = kit.chance(seed)
    mixed = [*kit.feed.schemas, *chance.mixed(chance.groups(4))]
    assert not find_bad_order(ended_well(mapper.run(to_lines(mixed))).messages)


def test_records_keep_to_their_schema(kit: Kit, mapper: Mapper, seed: int) -> None:
    """Every field is announced and has an announced type; numbers are plain numbers."""
    ran = ended_well(mapper.run(to_lines(plain(kit, seed))))
    assert not find_misfit(ran.messages)


def test_the_spelling_of_a_number_is_no_matter(
    kit: Kit, mapper: Mapper, seed: int
) -> None:
    """1.50, 1.5 and 15e-1 are one number, whatever the mapper reads them into."""
    messages = plain(kit, seed)
    expected = ended_well(mapper.run(to_lines(respelled(messages))))
    found = ended_well(mapper.run(to_lines(messages)))
    assert rows_of(kit.feed, expected) == rows_of(kit.feed, found)


def test_the_same_input_gives_the_same_output(
    kit: Kit, mapper: Mapper, seed: int
) -> None:
    """Nothing depends on hashing, threads or what a run left behind."""
    data = to_lines(plain(kit, seed))
    here = dataclasses.replace(mapper, entry="")
    first, second = ended_well(here.run(data)), ended_well(here.run(data))
    assert rows_of(kit.feed, first) == rows_of(kit.feed, second)


def test_unknown_streams_are_harmless(kit: Kit, mapper: Mapper) -> None:
    """Streams that are not the mapper's business change nothing."""
    messages = plain(kit, 5)
    schema: Message = {"type": "SCHEMA", "stream": "kit_others"}
    schema["schema"] = {"properties": {"id": {"type": "integer"}}}
    schema["key_properties"] = ["id"]
    other: Message = {"type": "RECORD", "stream": "kit_others", "record": {"id": 1}}
    mixed = [schema, other, *messages[:-1], other, messages[-1]]
    expected = ended_well(mapper.run(to_lines(messages)))
    found = ended_well(mapper.run(to_lines(mixed)))
    ours = {stream for stream, _ in rows_of(kit.feed, expected)}
    rows = [row for row in rows_of(kit.feed, found) if row[0] in ours]
    assert rows_of(kit.feed, expected) == rows


def test_batches_give_the_same_output(
    kit: Kit, mapper: Mapper, tmp_path: Path, seed: int, form: str
) -> None:
    """BATCH files give the lines that the same records give."""
    messages = [*plain(kit, seed), state(1)]
    sent = to_batches(kit.feed, messages, tmp_path / "files", form)
    expected = ended_well(mapper.run(to_lines(respelled(messages))))
    found = ended_well(mapper.run(to_lines(sent)))
    assert rows_of(kit.feed, expected) == rows_of(kit.feed, found)
    assert states_of(expected.messages) == states_of(found.messages)


def test_an_open_group_is_withheld(kit: Kit, mapper: Mapper, seed: int) -> None:
    """A group that never ends is not written, nor a STATE over it; the code tells."""
    done, never = kit.chance(seed).groups(2)
    parts = [*done.messages, state(len(done.messages)), *never.parts]
    sent = [*kit.feed.schemas, *parts, state(len(parts) - 1)]
    alone = ended_well(mapper.run(to_lines([*kit.feed.schemas, *done.messages])))
    ran = mapper.run(to_lines(sent), **kit.settings("withhold"))
    assert ran.code != 0, "a group never ended, and the exit code is 0"
    assert groups_of(kit.feed, ran.messages) == groups_of(kit.feed, alone.messages)
    assert [state(len(done.messages))] == states_of(ran.messages)


def test_an_open_group_is_scored_on_request(
    kit: Kit, mapper: Mapper, seed: int
) -> None:
    """With the setting for it, the end of the input completes every group."""
    done, never = kit.chance(seed).groups(2)
    parts = [*done.messages, *never.parts]
    sent = [*kit.feed.schemas, *parts, state(len(parts))]
    closed = [*kit.feed.schemas, *done.messages, *never.messages]
    expected = ended_well(mapper.run(to_lines(closed)))
    ran = ended_well(mapper.run(to_lines(sent), **kit.settings("complete")))
    # A group in which nobody counts may have no record at all.
    assert groups_of(kit.feed, ran.messages) == groups_of(kit.feed, expected.messages)
    assert ran.messages[-1] == state(len(parts))


def write_big_group(kit: Kit, path: Path, rows: int) -> int:
    """Write one group of so many records, and return the size of the file."""
    feed = kit.feed
    stream = feed.stream(feed.batch or feed.streams[0].name)
    chance = kit.chance(0)
    group = chance.group("g0")
    marks = {"{group}": "g0", "{n}": "{n}"}
    some = [chance.drawn(stream.record, marks) for _ in range(FEW)]
    texts = [
        to_lines([{"type": "RECORD", "stream": stream.name, "record": one}])
        for one in some
    ]
    with path.open("wb") as target:
        target.write(to_lines([*feed.schemas, *group.parts]))
        for number in range(rows):
            text = texts[number % FEW]
            target.write(text.replace(b"{n}", str(number).encode()))
        target.write(to_lines([group.closing, state(1)]))
    return path.stat().st_size


def test_memory_stays_bounded(kit: Kit, mapper: Mapper, tmp_path: Path) -> None:
    """A group four times as big needs less than half as much memory as it is bigger."""
    bounded = kit.settings("bounded")
    few, many = tmp_path / "few.jsonl", tmp_path / "many.jsonl"
    grown = -write_big_group(kit, few, kit.memory_rows // 4)
    grown += write_big_group(kit, many, kit.memory_rows)
    first_code, first = mapper.peak(few, **bounded)
    second_code, second = mapper.peak(many, **bounded)
    assert (first_code, second_code) == (0, 0)
    assert second - first < grown / 2, json.dumps(
        {"input grew by": grown, "memory": [first, second]}
    )


def test_nothing_is_left_behind(kit: Kit, mapper: Mapper) -> None:
    """After a run that ended well its folder holds no files of groups."""
    ended_well(mapper.run(to_lines(plain(kit, 1)), **kit.settings("bounded")))
    assert files_below(mapper) == set()


def test_nothing_is_left_after_a_kill(kit: Kit, mapper: Mapper) -> None:
    """What a killed run left on disk, the next one clears away."""
    never, done = kit.chance(2).groups(2)
    settings = {**kit.settings("prompt"), **kit.settings("bounded")}
    calm = to_lines([*kit.feed.schemas, *done.messages])
    lines = len(ended_well(kit.make().run(calm, **settings)).messages)
    data = to_lines([*kit.feed.schemas, *never.parts, *done.messages, *never.parts])
    mapper.run_until(data, signal.SIGKILL, written=lines, **settings)
    ended_well(mapper.run_process(calm, **settings))
    assert files_below(mapper) == set()


def files_below(mapper: Mapper) -> set[str]:
    """Return the files in the folder that the mapper was given."""
    return {path.name for path in mapper.work.rglob("*") if path.is_file()}
