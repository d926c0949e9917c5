"""sObject Collections: up to 200 records in one request.

REST docs, sObject Collections: a malformed request is 400; a well-formed one is 200,
answered in the order of its records, each with `success`, `errors` and `id`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.salesforce.call import Call, Reply
from sandbox.salesforce.errors import ApiError, RowError, malformed
from sandbox.salesforce.ids import to_long
from sandbox.salesforce.schema import Sobject
from sandbox.salesforce.sobjects import to_body
from sandbox.salesforce.values import Values, parse_record, to_stored

if TYPE_CHECKING:
    from sandbox.salesforce.fields import Field

MAX_RECORDS = 200


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one record."""

    record_id: str
    created: bool | None = None

    def to_entry(self) -> dict[str, Any]:
        """Return its entry in the answer."""
        entry: dict[str, Any] = {"id": self.record_id, "success": True, "errors": []}
        return entry if self.created is None else {**entry, "created": self.created}


Row = tuple[Sobject, Values]
Work = Callable[[Call, Row], Done]


def create(call: Call) -> Reply:
    """POST /composite/sobjects."""
    return _answer(call, _rows(call), _create)


def update(call: Call) -> Reply:
    """PATCH /composite/sobjects: each record names its id."""
    rows = _rows(call)
    ids = Counter(str(values.get("Id", "")) for _, values in rows)

    def change(call: Call, row: Row) -> Done:
        sobject, values = row
        record_id = str(values.get("Id") or "")
        if not record_id:
            raise RowError("MISSING_ARGUMENT", "Id not specified in an update call")
        if not to_long(record_id):
            raise RowError("MALFORMED_ID", f"malformed id {record_id}", ("Id",))
        if ids[record_id] > 1:
            raise RowError("DUPLICATE_VALUE", f"Duplicate id in list: {record_id}")
        call.records.update(sobject, record_id, values)
        return Done(to_long(record_id))

    return _answer(call, rows, change)


def upsert(call: Call, kind: str, key: str) -> Reply:
    """PATCH /composite/sobjects/{kind}/{key}: external ids only, not record ids."""
    sobject = call.schema.find(kind)
    field = sobject.find(key)
    if not field.is_key or field.type == "id":
        raise ApiError(400, "INVALID_FIELD", f"{key} is not an external id field")
    rows = _rows(call)
    if any(row[0].name != sobject.name for row in rows):
        raise malformed("All records must be of the type in the address")
    return _answer(call, rows, _to_upsert(field, rows))


def _to_upsert(field: Field, rows: Sequence[Row]) -> Work:
    keys = Counter(str(values.get(field.name) or "").lower() for _, values in rows)

    def work(call: Call, row: Row) -> Done:
        sobject, values = row
        value = values.get(field.name)
        if keys[str(value or "").lower()] > 1 and value:
            # Seen live in two clients: every row that shares the key is refused.
            raise RowError(
                "DUPLICATE_VALUE",
                f"Duplicate external id specified: {value}",
                (field.name,),
            )
        return upsert_one(call, sobject, field, values)

    return work


def upsert_one(call: Call, sobject: Sobject, field: Field, values: Values) -> Done:
    """Update the record with a key, or create it.

    Raises:
        RowError: There is no key, several records have it, or a rule refuses it.
    """
    value = values.get(field.name)
    if value is None or value == "":
        raise RowError("MISSING_ARGUMENT", f"{field.name} not specified", (field.name,))
    found = call.records.find_by(sobject, field, to_stored(field, value))
    if len(found) > 1:
        ids = ", ".join(found)
        raise RowError(
            "DUPLICATE_EXTERNAL_ID",
            f"{field.name}: more than one record found for external id field: [{ids}]",
            (field.name,),
        )
    if found:
        call.records.update(sobject, found[0], values)
        return Done(found[0], created=False)
    return Done(call.records.create(sobject, values), created=True)


def retrieve(call: Call, kind: str) -> Reply:
    """GET and POST /composite/sobjects/{kind}: by ids; null for those not there."""
    sobject = call.schema.find(kind)
    if call.method == "POST":
        body = call.json()
        ids, names = body.get("ids", []), body.get("fields", [])
    else:
        ids = call.params.get("ids", "").split(",")
        names = call.params.get("fields", "").split(",")
    chosen = ["Id", *(sobject.find(n).name for n in names if n and n != "Id")]
    found = [call.records.read(record_id) for record_id in ids]
    return Reply(
        body=[
            to_body(call, sobject.name, pair[1], chosen)
            if pair and pair[0] == sobject.name
            else None
            for pair in found
        ]
    )


def delete(call: Call) -> Reply:
    """DELETE /composite/sobjects?ids=…."""
    entries = []
    for record_id in call.params.get("ids", "").split(","):
        call.records.delete(record_id)
        entries.append(Done(record_id).to_entry())
    return Reply(body=entries, rows=len(entries))


def _rows(call: Call) -> list[Row]:
    records = call.json().get("records")
    if not isinstance(records, list) or not records:
        raise malformed("Missing the records")
    if len(records) > MAX_RECORDS:
        raise ApiError(
            400,
            "EXCEEDED_MAX_SIZE_REQUEST",
            f"record limit reached. cannot submit more than {MAX_RECORDS} records "
            "into this call",
        )
    return [_row(call, record) for record in records]


def _row(call: Call, record: Any) -> Row:
    attributes = record.get("attributes") if isinstance(record, dict) else None
    if not isinstance(attributes, dict) or not attributes.get("type"):
        raise malformed("Each record must have attributes with a type")
    sobject = call.schema.find(str(attributes["type"]))
    return sobject, parse_record(sobject, record)


def _create(call: Call, row: Row) -> Done:
    return Done(call.records.create(*row))


def _answer(call: Call, rows: Sequence[Row], work: Work) -> Reply:
    all_or_none = call.json().get("allOrNone") is True
    call.db.execute("SAVEPOINT rows")
    ends = [_one(call, number, row, work) for number, row in enumerate(rows)]
    if all_or_none and any(isinstance(end, RowError) for end in ends):
        call.db.execute("ROLLBACK TO rows")
        ends = [end if isinstance(end, RowError) else _ROLLED_BACK for end in ends]
    call.db.execute("RELEASE rows")
    return Reply(body=[_to_entry(end) for end in ends], rows=len(rows))


_ROLLED_BACK = RowError(  # wire sample, doc wording
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using "
    "AllOrNone header",
)


def _one(call: Call, number: int, row: Row, work: Work) -> Done | RowError:
    try:
        if number in call.refused:
            raise call.refused[number]
        return work(call, row)
    except RowError as error:
        return error


def _to_entry(end: Done | RowError) -> dict[str, Any]:
    # Seen live: a refused entry has neither id nor created.
    if isinstance(end, RowError):
        return {"success": False, "errors": [end.to_entry()]}
    return end.to_entry()
