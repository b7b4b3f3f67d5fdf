"""What the self-test's rows are planted in: short scenarios, calm ones and such with a fault."""

from __future__ import annotations

from dataclasses import replace

from harness.actions.kill import Kill
from harness.actions.nothing import Nothing
from harness.actions.scale import Scale
from harness.actions.upgrade import Upgrade
from harness.cluster import Role
from harness.plan.scenario import Scenario
from harness.plan.specs import DataSpec, TrafficSpec

# Windows are short here: what a check makes of ten seconds it makes of thirty.
_SHORT = {"window_s": 10, "steady_s": 10, "readback_gap_s": 2, "acked_writes_min": 50}
# A key is upserted every five seconds: Milvus 2.3 answers a Strong read with a key's first version where it meets
# another upsert of that key, and this is about the harness.
_TRAFFIC = TrafficSpec(search_rate=100, insert_rate=10, delete_rate=2, upsert_rate=2, read_rate=10, stock_rate=2)
# A segment of 1,024 rows and less has no index.
ROWS = DataSpec(rows=8000, dim=32, clusters=16, segments=4, queries=50)
CALM = Scenario(
    "selftest",
    "Nothing is done",
    faults=(Nothing(),),
    data=ROWS,
    traffic=_TRAFFIC,
    steady_s=15,
    observe_s=15,
    thresholds=_SHORT,
)
KILLED = replace(CALM, title="A query node is killed", faults=(Kill(Role.QUERY_NODE),), observe_s=40)
# A node that is restarted beside the plan has to be watched for as long as one that a fault kills.
RESTARTED = replace(CALM, title="A node is restarted", observe_s=40)
SCALED = replace(
    CALM,
    title="A query node more",
    faults=(Scale(Role.QUERY_NODE, 3),),
    settings={"queryCoord.autoBalance": "false"},
)
BEFORE = "2.3.4"
UPGRADED = replace(CALM, title="An upgrade", milvus=BEFORE, faults=(Upgrade("2.3.5"),), observe_s=40)
# Reads that wait for two seconds would meet another upsert of their key.
UNHURRIED = replace(CALM, title="A patient client", traffic=replace(_TRAFFIC, deadline_s=5, read_rate=0), observe_s=25)
SILENT = replace(
    CALM, title="No writer", traffic=replace(_TRAFFIC, insert_rate=0, delete_rate=0, upsert_rate=0, read_rate=0)
)
AIMED_AT_NOTHING = replace(CALM, title="Nobody to hit", faults=(Kill(Role.STREAMING_NODE),))
SEVERAL = replace(CALM, title="Several ways in", traffic=replace(_TRAFFIC, processes=3, stock_rate=0))
