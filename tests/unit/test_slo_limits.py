from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.errors import BadInput
from harness.slo import PROFILES, SCENARIOS, Limits, load_limits
from harness.slo.held import held_to
from harness.slo.limits import limitable
from harness.slo.multiples import Bases, Multiples
from harness.verdict import LimitKind
from tests.unit.judged import DATA, FIGURES

BASES = Bases(session_s=3.0, start_s=4.0, client_ms=1.0, search_ms=1.0)
# Shown; held to nothing until a user's own file says what they must keep to.
INFORMATIVE = {
    *("down_s", "longest_outage_s", "fresh_recover_s", "fresh_p95_ms", "stock_recover_s", "stale_reads"),
    *("recovered_p95_ms", "recovered_p99_ms", "recovered_p95_ratio", "recovered_p99_ratio"),
}
# Held to 0 where no member goes but by the fault's doing, and where all have had the time to share the segments.
MEMBERS = {"unplanned_restarts", "idle_query_nodes"}
NO_ROW: dict[str, Any] = dict.fromkeys(DATA, 0.0)
GATE = ("query-node-killed", "query-nodes-scaled", "rolling-upgrade", "setting-changed")


def seconds(limit: float | Multiples | None) -> float:
    assert isinstance(limit, Multiples)
    return limit.amount(BASES) or 0.0


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_shipped_profiles_limit_every_figure_of_every_scenario(profile: str, scenario: str) -> None:
    limits = load_limits(profile, scenario)
    # A share of what was observed says how long that was, where there is an outage at all.
    lifted = set() if scenario in ("query-nodes-scaled", "data-node-killed", "no-fault") else {"availability"}
    # An upgrade may begin with a release that answers with another key's row.
    lifted |= {"invalid_reads"} if scenario == "rolling-upgrade" else set()
    held = {figure.name for figure in limitable()} - INFORMATIVE - MEMBERS
    assert set(limits.amounts) - MEMBERS == held - lifted
    assert (limits.amounts.get("unplanned_restarts") == 0) == (scenario in (*GATE, "no-fault"))
    assert all(limits.amounts[figure] == 0 for figure in DATA)
    # Neither recovers before every member is up, so writes may not be asked for sooner where nobody has measured.
    assert limits.calibrated or seconds(limits.amounts["write_recover_s"]) >= seconds(limits.amounts["recover_s"])


@pytest.mark.parametrize("scenario", GATE)
def test_on_a_machine_that_starts_faster_than_any_that_was_seen_the_worst_healthy_run_passes(scenario: str) -> None:
    # What a fault costs is in part a wait of Milvus's or of the roll's own, which no fast machine shortens.
    page = (Path(__file__).parents[2] / "docs" / "calibration.md").read_text(encoding="utf-8")
    _, _, rest = page.partition(f"### `{scenario}`")
    lines = [line.strip("|").split("|") for line in rest.partition("###")[0].splitlines() if line.startswith("| ")]
    worst = {row[0].strip(): float(row[-2]) for row in lines if row[-2].strip().replace(".", "").isdigit()}
    fast = held_to(load_limits("fast", scenario), replace(BASES, start_s=1.5)).limits
    for figure in ("bad_s", "wrong_s", "recover_s", "write_recover_s"):
        assert fast[figure] >= 1.2 * worst[figure], figure


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_shipped_limit_is_one_machines(profile: str, scenario: str) -> None:
    held = held_to(load_limits(profile, scenario), BASES)
    assert not [figure for figure, kind in held.kinds.items() if kind is LimitKind.SLO]
    assert set(held.kinds.values()) == {LimitKind.MILVUS, LimitKind.RELATIVE}


def test_every_figure_has_a_name_of_its_own() -> None:
    assert len({figure.name for figure in FIGURES}) == len(FIGURES)


def test_rows_are_held_to_none_unless_a_file_says_false(tmp_path: Path) -> None:
    path = written(tmp_path, "[defaults]\nrecover_s = 5\n[chaos]\nlost_rows = false\n")
    assert load_limits(path, "mine").amounts == {"recover_s": 5.0, **NO_ROW}
    chaos = load_limits(path, "chaos")
    assert chaos.amounts == {name: limit for name, limit in {"recover_s": 5.0, **NO_ROW}.items() if name != "lost_rows"}


def test_a_scenarios_table_overrides_the_defaults_key_by_key(tmp_path: Path) -> None:
    path = written(tmp_path, "[defaults]\nbad_s = 5\nrecall = 0.9\n[proxy-killed]\nbad_s = 7.5\ncalibrated = true\n")
    assert load_limits(path, "proxy-killed") == Limits(bad_s=7.5, recall=0.9, calibrated=True, **NO_ROW)
    assert load_limits(str(path), "chaos") == Limits(bad_s=5.0, recall=0.9, **NO_ROW)
    assert load_limits(path, "one-of-my-own") == Limits(bad_s=5.0, recall=0.9, **NO_ROW)


def test_a_scenarios_table_may_lift_a_limit_of_the_defaults(tmp_path: Path) -> None:
    path = written(tmp_path, "[defaults]\nbad_s = 5\nrecall = 0.9\n[proxy-killed]\nbad_s = false\n")
    assert load_limits(path, "proxy-killed") == Limits(recall=0.9, **NO_ROW)
    assert load_limits(path, "chaos") == Limits(bad_s=5.0, recall=0.9, **NO_ROW)


def test_a_users_own_scenarios_may_have_tables(tmp_path: Path) -> None:
    path = written(tmp_path, "[mine]\nbad_s = 1\n[my-other]\nbad_s = 2\n")
    assert load_limits(path, "mine", known=["my-other"]) == Limits(bad_s=1.0, **NO_ROW)
    with pytest.raises(BadInput, match="unknown scenario 'my-other'"):
        load_limits(path, "mine")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[defaults]\nrecover = 3", r"unknown limit 'recover' \(.*mine.toml, \[defaults\] recover\): did you mean"),
        ("[chaos]\nbads = 3", r"unknown limit 'bads' \(.*mine.toml, \[chaos\] bads\): did you mean 'bad_s'\?"),
        ("[defaults]\nzzz = 3", r"unknown limit 'zzz' .*: one of calibrated, steady_p95_ms"),
        ("[defaults]\nbad_s = 'few'", r"bad_s = 'few' is no limit .*\[defaults\] bad_s\): give a number of at least 0"),
        ("[defaults]\nbad_s = true", r"bad_s = True is no limit"),
        ("[defaults]\nbad_s = -1", r"bad_s = -1 is no limit"),
        ("[defaults]\nrecover_s = inf", r"recover_s = inf is no limit .*or leave the key out"),
        ("[defaults]\nrecover_s = nan", r"recover_s = nan is no limit"),
        ("[defaults]\nrecall = 95", r"recall = 95 is no limit .*: give a number from 0 to 1"),
        ("[defaults]\nlost_rows = 2", r"lost_rows = 2 is no limit .*: give 0, or leave the key out"),
        ("[defaults]\ncalibrated = 'yes'", r"calibrated = 'yes' is no limit .*: give true or false"),
        ("[proxy-kiled]\nbad_s = 1", r"unknown scenario 'proxy-kiled' \(.*\): did you mean 'proxy-killed'\?"),
        ("bad_s = 1", r"bad_s stands outside a table .*: put it under \[defaults\]"),
        ("chaos = 1", r"chaos stands outside a table"),
        ("[defaults", r"not a TOML file \(.*mine.toml\): correct it"),
    ],
)
def test_a_mistake_is_one_line_that_names_file_and_key(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(BadInput, match=expected) as caught:
        load_limits(written(tmp_path, text), "query-node-killed")
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 4


@pytest.mark.parametrize("name", ["fats", "no/such/file.toml"])
def test_a_file_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(BadInput, match=rf"no limits: No such file or directory \({name}\)"):
        load_limits(name, "chaos")


def test_a_misspelt_profile_is_recognised() -> None:
    with pytest.raises(BadInput, match="did you mean 'default'"):
        load_limits("defualt", "chaos")


def test_bytes_that_are_no_text_are_no_limits(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="not a TOML file"):
        load_limits(path, "chaos")
