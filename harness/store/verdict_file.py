"""`verdict.json`: what came of a run, for programs. Its schema:

```
{
  "format": 2,
  "verdict": "PASS" | "FAIL" | "INCONCLUSIVE" | "INVALID",
  "exit_code": 0 | 1 | 2 | 3,
  "sentence": why, in one sentence,
  "selection", "seed", "started", "command", "platform", "profile", "milvus", "environment": as in run.json,
  "scenarios": [
    {"name", "title", "skipped": reason}
    or
    {"name", "title", "folder": "scenarios/...", "aborted": "" or why it ended early,
     "superseded": whether a later attempt took its place,
     "verdict", "reasons": [worst first],
     "figures": {figure: {"label", "unit", "relation": "<=" | ">=", "limit": number | null, "value": number,
                          "n", "interval": [low, high] | null, "passed": bool | null, "calibrated": bool,
                          "needed", "kind": "milvus" | "relative" | "slo" | null, "basis": what the limit is made of}},
     "validity": [{"what", "measured", "required", "ok", "otherwise": verdict}],
     "findings": [{"check", "message", "count", "keys": [int], "op_ids": [int], "t_ns": int | null}],
     "marks": {"effect_ns", "healed_ns", "detect_ns", "first_success_ns", "recovered_ns": int | null},
     "clients": {"search" | "stock" | "write" | "read": {"n", "every_s", "detect_s", "first_success_s", "recover_s",
                 "availability", "bad_s", "down_s", "longest_outage_s": number}}}
  ]
}
```
A number that JSON lacks is a string: "inf", "-inf", "nan". Integers stay integers. Times are nanoseconds of the
run's own monotonic clock: differences mean something, the values alone do not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.errors import BadInput
from harness.store.jsonfile import check_format, decode_number, encode_numbers, read_json, write_json
from harness.store.run_record import Judged, RunRecord, RunVerdict, Skipped, is_superseded
from harness.verdict import Client, Finding, Judgement, LimitKind, Marks, SloRow, Validity, Verdict

FORMAT = 2
_OLDEST = 1  # limits had no kind
Json = Mapping[str, Any]
_KIND = ".kind"


def write_verdict(path: Path, run: RunRecord, verdict: RunVerdict) -> None:
    """Replace the file with this run's verdict."""
    entries = verdict.scenarios
    document = {
        **{name: value for name, value in asdict(run).items() if name != "selected"},
        "format": FORMAT,
        "verdict": verdict.verdict.value,
        "exit_code": verdict.verdict.exit_code,
        "sentence": verdict.sentence,
        "scenarios": [_entry_to_json(entry, superseded=is_superseded(entry, entries)) for entry in entries],
    }
    write_json(path, document)


def read_verdict(path: Path) -> RunVerdict:
    """Read the file back. Raises BadInput naming the file where it is missing, newer or not of the schema."""
    document = read_json(path, what="a run's verdict")
    check_format(document, FORMAT, where=path, oldest=_OLDEST)
    try:
        scenarios = tuple(_entry_from_json(entry) for entry in document["scenarios"])
        return RunVerdict(Verdict(document["verdict"]), str(document["sentence"]), scenarios)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        mend = "make it again with `harness recheck`"
        raise BadInput(f"not a run's verdict: {error!r}", where=str(path), mend=mend) from None


@dataclass(frozen=True)
class Difference:
    """What two verdicts of one run say differently: of which scenario (or of the run), what, and what each says."""

    scenario: str
    what: str
    then: str
    now: str


def differences(then: RunVerdict, now: RunVerdict) -> Iterator[Difference]:
    """Yield everything that is not the same bit for bit, by its path in verdict.json, e.g. figures.recover_s.value.

    Where limits had no kind yet, an older harness told less: what it did not tell is no difference.
    """
    before, after = _leaves(then), _leaves(now)
    kinds = any(what.endswith(_KIND) and leaf != "None" for (_, what), leaf in before.items())
    for scenario, what in dict.fromkeys([*before, *(after if kinds else ())]):
        if not kinds and what.endswith((_KIND, ".basis")):
            continue
        was, became = (side.get((scenario, what), "nothing") for side in (before, after))
        if was != became:
            yield Difference(scenario, what, was, became)


def _leaves(verdict: RunVerdict) -> dict[tuple[str, str], str]:
    found = {("the run", "verdict"): verdict.verdict.value, ("the run", "sentence"): verdict.sentence}
    for entry in verdict.scenarios:
        document = encode_numbers(_entry_to_json(entry, superseded=is_superseded(entry, verdict.scenarios)))
        place = Path(entry.folder).name if isinstance(entry, Judged) and entry.folder != "." else entry.name
        found |= {(place, path): leaf for path, leaf in _below(document)}
    return found


def _below(document: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for key, value in document.items():
        if isinstance(value, dict):
            yield from _below(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", str(value)


def _entry_to_json(entry: Judged | Skipped, *, superseded: bool) -> dict[str, Any]:
    if isinstance(entry, Skipped):
        return {"name": entry.name, "title": entry.title, "skipped": entry.reason}
    head = {"name": entry.name, "title": entry.title, "folder": entry.folder}
    return {**head, "aborted": entry.aborted, "superseded": superseded, **_judgement_to_json(entry.judgement)}


def _judgement_to_json(judgement: Judgement) -> dict[str, Any]:
    figures = {row.figure: {k: v for k, v in asdict(row).items() if k != "figure"} for row in judgement.slos}
    return {
        "verdict": judgement.verdict.value,
        "reasons": judgement.reasons,
        "figures": figures,
        "validity": [asdict(one) for one in judgement.validity],
        "findings": [asdict(one) for one in judgement.findings],
        "marks": asdict(judgement.marks),
        "clients": {one.name: {k: v for k, v in asdict(one).items() if k != "name"} for one in judgement.clients},
    }


def _entry_from_json(raw: Json) -> Judged | Skipped:
    if "skipped" in raw:
        return Skipped(raw["name"], raw["title"], raw["skipped"])
    return Judged(raw["name"], raw["title"], raw["folder"], _judgement_from_json(raw), raw["aborted"])


def _judgement_from_json(raw: Json) -> Judgement:
    return Judgement(
        verdict=Verdict(raw["verdict"]),
        reasons=tuple(raw["reasons"]),
        slos=tuple(_slo_from_json(figure, row) for figure, row in raw["figures"].items()),
        validity=tuple(Validity(**{**one, "otherwise": Verdict(one["otherwise"])}) for one in raw["validity"]),
        findings=tuple(
            Finding(**{**one, "keys": tuple(one["keys"]), "op_ids": tuple(one["op_ids"])}) for one in raw["findings"]
        ),
        marks=Marks(**raw["marks"]),
        clients=tuple(_client_from_json(name, numbers) for name, numbers in raw["clients"].items()),
    )


def _client_from_json(name: str, numbers: Json) -> Client:
    return Client(name=name, n=numbers["n"], **{k: decode_number(v) for k, v in numbers.items() if k != "n"})


def _slo_from_json(figure: str, row: Json) -> SloRow:
    numbers = {"limit": _maybe(decode_number, row["limit"]), "value": decode_number(row["value"])}
    told = {"kind": _maybe(LimitKind, row.get("kind")), "interval": _maybe(_interval, row["interval"])}
    return SloRow(figure=figure, **{**row, **numbers, **told})


def _interval(pair: Any) -> tuple[float, float]:
    low, high = pair
    return decode_number(low), decode_number(high)


def _maybe(read: Callable[[Any], Any], value: Any) -> Any:
    return None if value is None else read(value)
