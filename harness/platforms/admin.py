"""What a member says of itself: its health, its version, its settings. Milvus's internal gRPC services."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from contextlib import closing, suppress
from http import HTTPStatus
from typing import Any

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message
from pymilvus.grpc_gen import common_pb2, milvus_pb2

from harness.cluster import Role

# By the name of the port that each listens on.
_SERVICES: Mapping[Role, Mapping[str, str]] = {
    Role.PROXY: {"internal": "/milvus.proto.proxy.Proxy"},
    Role.QUERY_NODE: {"main": "/milvus.proto.query.QueryNode"},
    Role.DATA_NODE: {"main": "/milvus.proto.data.DataNode"},
    Role.INDEX_NODE: {"main": "/milvus.proto.index.IndexNode"},
    Role.COORDINATORS: {
        "main": "/milvus.proto.rootcoord.RootCoord",
        "query": "/milvus.proto.query.QueryCoord",
        "data": "/milvus.proto.data.DataCoord",
    },
}
_GET_VERSION = "/milvus.proto.milvus.MilvusService/GetVersion"
# Two roles are asked through Milvus's debug page, which evaluates an expression behind etcd's root path: the proxy
# has no ShowConfigurations in 2.3, and an index node that has answered one never ends after a SIGTERM (2.3.5).
_ASKED_BY_EXPRESSION = (Role.PROXY, Role.INDEX_NODE)
_EXPRESSION = 'param.GetAll()["{key}"]'
_EXPRESSION_KEY = "by-dev"
_DEADLINE_S = 3.0


def is_healthy(role: Role, ports: Mapping[str, int]) -> bool:
    """Whether every service of the member says that it is healthy (GetComponentStates).

    Its /healthz is no proof: it answers 200 while no component has registered yet.
    """
    with suppress(grpc.RpcError):
        return all(_component_is_healthy(port, service) for service, port in _services(role, ports))
    return False


def _component_is_healthy(port: int, service: str) -> bool:
    request = milvus_pb2.GetComponentStatesRequest()
    answer = _call(port, f"{service}/GetComponentStates", request, milvus_pb2.ComponentStates)
    return bool(answer.state.state_code == common_pb2.StateCode.Healthy)


def _services(role: Role, ports: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return each of the member's internal services with its port."""
    return [(service, ports[name]) for name, service in _SERVICES[role].items() if name in ports]


def version(role: Role, ports: Mapping[str, int]) -> str:
    """Return the version that the member itself reports. Errors: grpc.RpcError where it does not answer."""
    if role is Role.PROXY:
        answer = _call(ports["main"], _GET_VERSION, milvus_pb2.GetVersionRequest(), milvus_pb2.GetVersionResponse)
        return str(answer.version)
    request = milvus_pb2.GetMetricsRequest(request=json.dumps({"metric_type": "system_info"}))
    service, port = _services(role, ports)[0]
    answer = _call(port, f"{service}/GetMetrics", request, milvus_pb2.GetMetricsResponse)
    # A member that is starting or stopping answers with an error instead of its figures.
    return _build_version(json.loads(answer.response)) if answer.response else ""


def setting(role: Role, ports: Mapping[str, int], key: str, root_path: str = _EXPRESSION_KEY) -> str | None:
    """Return a setting in force as the member itself reports it; None where this release can't tell.

    `root_path` is the cluster's etcd.rootPath, which the debug page takes for a password.

    A process with several services must report one value from all of them, or they are joined by a comma.
    Errors: grpc.RpcError, OSError where it does not answer.
    """
    if role in _ASKED_BY_EXPRESSION:
        return _evaluated_setting(ports["metrics"], key.lower(), root_path)
    told = {_service_setting(port, service, key.lower()) for service, port in _services(role, ports)}
    return ",".join(sorted(value for value in told if value is not None)) or None


def _service_setting(port: int, service: str, key: str) -> str | None:
    request_class, response_class = _configuration_messages()
    answer: Any = _call(port, f"{service}/ShowConfigurations", request_class(pattern=key), response_class)
    return next((pair.value for pair in answer.configurations if pair.key.lower() == key), None)


def _evaluated_setting(port: int, key: str, root_path: str) -> str | None:
    query = urllib.parse.urlencode({"auth": root_path, "code": _EXPRESSION.format(key=key)})
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/expr?{query}", timeout=_DEADLINE_S) as answer:
            told = json.loads(answer.read()).get("output")
            return None if told is None else str(told)
    except urllib.error.HTTPError as error:
        if error.code == HTTPStatus.NOT_FOUND:
            return None
        raise


def _build_version(info: Any) -> str:
    """Find the version in a system_info answer, which each role nests at another depth."""
    if isinstance(info, dict):
        if told := info.get("build_version"):
            return str(told)
        info = list(info.values())
    if isinstance(info, list):
        return next((told for part in info if (told := _build_version(part))), "")
    return ""


def _call(port: int, method: str, request: Message, answer_class: Any) -> Any:
    with closing(grpc.insecure_channel(f"127.0.0.1:{port}")) as channel:
        call = channel.unary_unary(
            method,
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=answer_class.FromString,
        )
        return call(request, timeout=_DEADLINE_S)


def _configuration_messages() -> tuple[Any, Any]:
    """Build the two messages of ShowConfigurations: they are in Milvus's internal.proto, which pymilvus lacks."""
    pool = descriptor_pool.DescriptorPool()
    for known in (common_pb2.DESCRIPTOR, *common_pb2.DESCRIPTOR.dependencies):
        _add(pool, known)
    file = descriptor_pb2.FileDescriptorProto(
        name="harness/show_configurations.proto",
        package="harness",
        syntax="proto3",
        dependency=[common_pb2.DESCRIPTOR.name],
    )
    _message(file, "Request", ("pattern", 2, "string", ""))
    _message(file, "Response", ("configurations", 2, "message", ".milvus.proto.common.KeyValuePair"))
    pool.Add(file)
    request, response = (pool.FindMessageTypeByName(f"harness.{name}") for name in ("Request", "Response"))
    return message_factory.GetMessageClass(request), message_factory.GetMessageClass(response)


def _add(pool: descriptor_pool.DescriptorPool, known: Any) -> None:
    for dependency in known.dependencies:
        _add(pool, dependency)
    file = descriptor_pb2.FileDescriptorProto()
    known.CopyToProto(file)
    pool.Add(file)


def _message(file: Any, name: str, field: tuple[str, int, str, str]) -> None:
    field_name, number, kind, type_name = field
    types = descriptor_pb2.FieldDescriptorProto
    added = file.message_type.add(name=name).field.add(name=field_name, number=number)
    added.type = types.TYPE_STRING if kind == "string" else types.TYPE_MESSAGE
    added.label = types.LABEL_OPTIONAL if kind == "string" else types.LABEL_REPEATED
    if type_name:
        added.type_name = type_name
