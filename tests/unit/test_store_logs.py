"""What members warned of around a moment, by their own logs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from harness.history import NS_PER_S
from harness.store.logs import warned

LOGS = {
    "querynode-1": (
        '[2026/01/02 03:04:05.250 +00:00] [WARN] [delegator/delegator.go:42] ["no target"] [secretAccessKey=abc]\n'
        "[2026/01/02 03:04:05.300 +00:00] [INFO] [server.go:1] [fine]\n"
        "[2026/01/02 05:04:06.000 +02:00] [ERROR] [server.go:2] [late]\n"
        "  a stack without a time [ERROR]\n"
        "[2026/99/99 77:04:06.000 +00:00] [ERROR] no time at all\n"
    ),
    "etcd-1": '{"level":"warn","ts":"2026-01-02T03:04:05.100123Z","msg":"apply took too long"}\n',
    "message-queue-1": "[2026-01-02 03:04:05,900] WARN session expired (kafka.Broker)\n",
}


def at_s(second: float) -> int:
    return round((datetime(2026, 1, 2, 3, 4, tzinfo=UTC).timestamp() + second) * NS_PER_S)


def test_what_warns_is_told_in_the_order_of_its_time(tmp_path: Path) -> None:
    for member, text in LOGS.items():
        (tmp_path / f"{member}.log").write_text(text, encoding="utf-8")
    near, later, never = warned(tmp_path, [(at_s(5), at_s(6)), (at_s(6), at_s(7)), (at_s(8), at_s(9))])
    assert [line.member for line in near.lines] == ["etcd-1", "querynode-1", "message-queue-1"]
    assert near.lines[0].t_ns == at_s(5.1)
    assert [line.text.endswith("[late]") for line in later.lines] == [True]
    assert never.count == 0


def test_a_secret_in_a_log_is_not_told(tmp_path: Path) -> None:
    (tmp_path / "querynode-1.log").write_text(LOGS["querynode-1"], encoding="utf-8")
    (found,) = warned(tmp_path, [(at_s(5), at_s(6))])
    assert "abc" not in found.lines[0].text
    assert "secretAccessKey=\u2026" in found.lines[0].text


def test_of_many_the_first_are_told_and_all_are_counted(tmp_path: Path) -> None:
    line = "[2026/01/02 03:04:05.250 +00:00] [WARN] [again]\n"
    (tmp_path / "proxy-1.log").write_text(line * 1000, encoding="utf-8")
    (found,) = warned(tmp_path, [(at_s(5), at_s(6))])
    assert (len(found.lines), found.count) == (5, 1000)
