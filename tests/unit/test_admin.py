"""What a member says of itself, asked over real gRPC and HTTP from a stand-in."""

from __future__ import annotations

import http.server
import json
import threading
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from pymilvus.grpc_gen import common_pb2, milvus_pb2

from harness.cluster import Role
from harness.platforms import admin
from harness.platforms.local.commands import PORTS

Answers = Mapping[str, Callable[[bytes], bytes]]


class Handlers(grpc.GenericRpcHandler):  # type: ignore[misc]  # gRPC ships no types
    """Answers each method by its whole name; any other is unimplemented."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def service(self, call: Any) -> Any:
        answer = self._answers.get(call.method)
        return answer and grpc.unary_unary_rpc_method_handler(lambda request, _: answer(request))


@contextmanager
def serving(answers: Answers) -> Iterator[int]:
    server = grpc.server(ThreadPoolExecutor(2), handlers=[Handlers(answers)])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield int(port)
    finally:
        server.stop(0).wait()


def ports(role: Role, port: int) -> dict[str, int]:
    return dict.fromkeys(PORTS[role], port)


def states(code: int) -> Callable[[bytes], bytes]:
    answer = milvus_pb2.ComponentStates(state=milvus_pb2.ComponentInfo(state_code=code))
    return lambda _: bytes(answer.SerializeToString())


COORDINATORS = [f"/milvus.proto.{name}" for name in ("rootcoord.RootCoord", "query.QueryCoord", "data.DataCoord")]
HEALTHY, ABNORMAL = common_pb2.StateCode.Healthy, common_pb2.StateCode.Abnormal


def test_a_member_is_healthy_when_all_of_its_services_say_so() -> None:
    well = {f"{service}/GetComponentStates": states(HEALTHY) for service in COORDINATORS}
    ill = well | {f"{COORDINATORS[1]}/GetComponentStates": states(ABNORMAL)}
    partly = dict(list(well.items())[:2])
    for answers, healthy in ((well, True), (ill, False), (partly, False)):
        with serving(answers) as port:
            assert admin.is_healthy(Role.COORDINATORS, ports(Role.COORDINATORS, port)) is healthy


def test_a_proxy_is_asked_on_its_internal_port() -> None:
    with serving({"/milvus.proto.proxy.Proxy/GetComponentStates": states(HEALTHY)}) as port:
        assert admin.is_healthy(Role.PROXY, {"main": 1, "internal": port, "metrics": 1})


@pytest.mark.parametrize(
    "info",
    [
        {"system_info": {"build_version": "v2.3.5"}},
        {"nodes_info": [{"x": 1}, {"infos": {"system_info": {"build_version": "v2.3.5"}}}]},
    ],
)
def test_the_version_is_found_however_deep_a_role_hides_it(info: Any) -> None:
    answer = milvus_pb2.GetMetricsResponse(response=json.dumps(info))
    with serving({"/milvus.proto.query.QueryNode/GetMetrics": lambda _: answer.SerializeToString()}) as port:
        assert admin.version(Role.QUERY_NODE, ports(Role.QUERY_NODE, port)) == "v2.3.5"


def test_a_member_that_is_stopping_has_no_version() -> None:
    with serving({"/milvus.proto.query.QueryNode/GetMetrics": lambda _: b""}) as port:
        assert admin.version(Role.QUERY_NODE, ports(Role.QUERY_NODE, port)) == ""


def test_the_proxy_tells_its_version_as_to_any_client() -> None:
    answer = milvus_pb2.GetVersionResponse(version="v2.3.0")
    with serving({"/milvus.proto.milvus.MilvusService/GetVersion": lambda _: answer.SerializeToString()}) as port:
        assert admin.version(Role.PROXY, ports(Role.PROXY, port)) == "v2.3.0"


def configured(value: str) -> Callable[[bytes], bytes]:
    """Answer ShowConfigurations as Milvus does: every key that begins like the one that was asked for."""
    request_class, response_class = admin._configuration_messages()

    def answer(request: bytes) -> bytes:
        key = request_class.FromString(request).pattern
        pairs = {f"{key}.more": "other", key.upper(): value}
        pair = common_pb2.KeyValuePair
        parts = [pair(key=k, value=v).SerializeToString() for k, v in pairs.items()]
        # Field 2, length-delimited; the first field is the status, which is not looked at.
        return b"".join(b"\x12" + bytes([len(part)]) + part for part in parts)

    assert response_class.FromString(answer(b"")).configurations
    return answer


def test_a_setting_is_read_back_by_its_whole_name_in_any_case() -> None:
    with serving({"/milvus.proto.query.QueryNode/ShowConfigurations": configured("7")}) as port:
        assert admin.setting(Role.QUERY_NODE, ports(Role.QUERY_NODE, port), "Common.Key") == "7"


@pytest.mark.parametrize(("values", "told"), [(("1", "1", "1"), "1"), (("1", "2", "1"), "1,2")])
def test_services_of_one_process_that_differ_are_both_told(values: tuple[str, ...], told: str) -> None:
    answers = {f"{s}/ShowConfigurations": configured(v) for s, v in zip(COORDINATORS, values, strict=True)}
    with serving(answers) as port:
        assert admin.setting(Role.COORDINATORS, ports(Role.COORDINATORS, port), "a.b") == told


class _Expressions(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(json.dumps({"output": f"asked {query['code'][0]}"}).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize(("status", "told"), [(200, 'asked param.GetAll()["a.b"]'), (404, None)])
@pytest.mark.parametrize("role", [Role.PROXY, Role.INDEX_NODE])
def test_roles_that_cannot_tell_otherwise_are_asked_by_their_debug_page(
    role: Role, status: int, told: str | None
) -> None:
    handler = type("Handler", (_Expressions,), {"status": status})
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        assert admin.setting(role, ports(role, server.server_address[1]), "A.b") == told
        server.shutdown()
        thread.join()
