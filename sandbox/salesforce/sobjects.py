"""Single records: describe, create, read, update, upsert, delete.

REST docs, sObject Basic Information, sObject Rows and Rows by External ID: 201, 200 or
204 by what was done, 300 for several matches, 404 for what is not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.salesforce.call import NOTHING, Call, Reply
from sandbox.salesforce.errors import RowError, SeveralMatch, not_found
from sandbox.salesforce.values import Values, parse_record

if TYPE_CHECKING:
    from sandbox.salesforce.schema import Sobject


def list_objects(call: Call) -> Reply:
    """GET /sobjects."""
    found = []
    for sobject in call.schema.objects.values():
        entry = {k: v for k, v in sobject.to_describe().items() if k != "fields"}
        place = f"{call.base}/sobjects/{sobject.name}"
        found.append({**entry, "urls": {"sobject": place}})
    return Reply(body={"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": found})


def describe(call: Call, kind: str) -> Reply:
    """GET /sobjects/{kind}/describe."""
    return Reply(body=call.schema.find(kind).to_describe())


def create(call: Call, kind: str) -> Reply:
    """POST /sobjects/{kind}: 201 with the id."""
    sobject = call.schema.find(kind)
    return _created(call, sobject, parse_record(sobject, call.json()))


def read(call: Call, kind: str, record_id: str) -> Reply:
    """GET /sobjects/{kind}/{id}."""
    sobject = call.schema.find(kind)
    found = call.records.read(record_id)
    if found is None or found[0] != sobject.name:
        raise not_found()
    names = [n for n in call.params.get("fields", "").split(",") if n]
    chosen = [sobject.find(n).name for n in names] or list(sobject.fields)
    return Reply(body=to_body(call, sobject.name, found[1], chosen))


def update(call: Call, kind: str, record_id: str) -> Reply:
    """PATCH /sobjects/{kind}/{id}: 204."""
    sobject = call.schema.find(kind)
    if call.records.read(record_id) is None:
        raise not_found(
            "Provided external ID field does not exist or is not accessible"
        )
    _change(call, sobject, record_id, parse_record(sobject, call.json()))
    return NOTHING


def delete(call: Call, kind: str, record_id: str) -> Reply:
    """DELETE /sobjects/{kind}/{id}: 204."""
    found = call.records.read(record_id)
    if found is None or found[0] != call.schema.find(kind).name:
        raise not_found()
    call.records.delete(record_id)
    return NOTHING


def upsert(call: Call, kind: str, key: str, value: str) -> Reply:
    """PATCH /sobjects/{kind}/{key}/{value}: 201, 200, 300 or 404.

    REST docs, upsert: 200 with `created: false` since version 46, several matches are
    300 and change nothing, `updateOnly=true` never creates, and a value that ends like
    a file name (`.inc`) is not found when it stands in the address.
    """
    sobject = call.schema.find(kind)
    field = sobject.find(key)
    if not field.is_key or value.lower().endswith(".inc"):
        raise not_found(
            "Provided external ID field does not exist or is not accessible"
        )
    found = call.records.find_by(sobject, field, value)
    if len(found) > 1:
        place = f"{call.base}/sobjects/{sobject.name}"
        raise SeveralMatch([f"{place}/{record_id}" for record_id in found])
    values = parse_record(sobject, call.json())
    if found:
        _change(call, sobject, found[0], values)
        return Reply(body=_success(found[0], created=False), rows=1)
    if call.params.get("updateOnly") == "true":
        raise not_found()
    return _created(call, sobject, {**values, field.name: value})


def to_body(call: Call, kind: str, values: Values, names: list[str]) -> dict[str, Any]:
    """Return a record as JSON, with its type and address first."""
    url = f"{call.base}/sobjects/{kind}/{values['Id']}"
    return {
        "attributes": {"type": kind, "url": url},
        **{name: values.get(name) for name in names},
    }


def _created(call: Call, sobject: Sobject, values: Values) -> Reply:
    try:
        record_id = call.records.create(sobject, values)
    except RowError as error:
        raise error.to_api_error() from error
    return Reply(status=201, body=_success(record_id, created=True), rows=1)


def _change(call: Call, sobject: Sobject, record_id: str, values: Values) -> None:
    try:
        call.records.update(sobject, record_id, values)
    except RowError as error:
        raise error.to_api_error() from error


def _success(record_id: str, *, created: bool) -> dict[str, Any]:
    return {"id": record_id, "success": True, "errors": [], "created": created}
