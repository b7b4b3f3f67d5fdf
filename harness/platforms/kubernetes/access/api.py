"""The API server: objects as plain dictionaries, and its errors in one line."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import urllib3
from kubernetes import client, config, dynamic, watch
from kubernetes.config import kube_config
from kubernetes.dynamic.exceptions import NotFoundError, ResourceNotFoundError
from kubernetes.stream.ws_client import create_websocket, get_websocket_url

from harness.errors import BadInput, ClusterError
from harness.platforms import home

Object = dict[str, Any]
_MANAGER = "milvus-harness"
_TIMEOUT_S = 10.0
# How long a watch lasts before it is begun again by itself.
_WATCH_S = 60
# How often a request is tried again while the API server is away for a moment.
_RETRIES = 3
# It says each of them on standard error; what came of it is told by us.
logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
MILVUS = ("milvus.io/v1beta1", "Milvus")


class Unanswered(ClusterError):
    """The API server does not answer: nothing is known, which may be over in a moment."""


class Kube:
    """One context of a kubeconfig. Objects go in and come out as dictionaries."""

    def __init__(self, kubeconfig: Path | None, context: str | None, cache: Path) -> None:
        self._kubeconfig, self._context = kubeconfig, context
        self._client = self._new_client()
        with _told("the API server"):
            self._dynamic = dynamic.DynamicClient(self._client, cache_file=str(cache))

    def close(self) -> None:
        """Let go of the connections; what is asked afterwards opens new ones."""
        _close(self._client)

    @contextmanager
    def core(self) -> Iterator[Any]:
        """Yield the core API with a client of its own, for exec and port-forward. Errors: BadInput."""
        made = self._new_client()
        try:
            yield client.CoreV1Api(made)
        finally:
            _close(made)

    @contextmanager
    def tunnel(self, pod: str, namespace: str, port: int) -> Iterator[Any]:
        """Yield a websocket to a port of a pod, in the API server's channel protocol (v4.channel.k8s.io).

        The client's own port-forward leaves its thread's errors to nobody.
        """
        settings = self._client.configuration
        url = f"{settings.host}/api/v1/namespaces/{namespace}/pods/{pod}/portforward"
        headers = {"sec-websocket-protocol": "v4.channel.k8s.io"}
        self._client.update_params_for_auth(headers, [], ["BearerToken"], url, "GET", None)
        opened = create_websocket(settings, get_websocket_url(url, [("ports", str(port))]), headers)
        try:
            yield opened
        finally:
            opened.shutdown()

    def _new_client(self) -> Any:
        settings = client.Configuration()
        settings.retries = urllib3.Retry(_RETRIES, backoff_factor=0.2)
        try:
            found = kube_config.KubeConfigMerger(str(self._kubeconfig or kube_config.KUBE_CONFIG_DEFAULT_LOCATION))
            # Keys become files: not in /tmp, where they would outlive a killed process.
            loader = kube_config.KubeConfigLoader(
                found.config or kube_config.ConfigNode("it", {}),
                active_context=self._context,
                temp_file_path=str(home.keys()),
            )
            loader.load_and_set(settings)
        except config.ConfigException as error:
            place = str(self._kubeconfig or "the kubeconfig")
            raise BadInput(str(error).rstrip("."), where=place, mend="name a context with --context") from None
        return client.ApiClient(settings)

    def knows(self, kind: str, api: str) -> bool:
        """Whether the API server serves a kind; everybody may ask that. Errors: ClusterError."""
        with _told(kind):
            try:
                self._resource(api, kind)
            except ResourceNotFoundError:
                return False
            return True

    def is_namespaced(self, kind: str, api: str) -> bool:
        """Whether objects of a kind lie in namespaces. Errors: ClusterError."""
        with _told(kind):
            return bool(self._resource(api, kind).namespaced)

    def create(self, body: Mapping[str, Any]) -> None:
        """Make an object that must not be there yet; a field that would be pruned is refused. Errors: ClusterError."""
        with _told(f"{body['kind']} {body['metadata']['name']}"):
            self._resource(body["apiVersion"], body["kind"]).create(
                body=dict(body),
                namespace=body["metadata"].get("namespace"),
                query_params=[("fieldValidation", "Strict")],
                _request_timeout=_TIMEOUT_S,
            )

    def get(self, kind: str, name: str, namespace: str | None = None, api: str = "v1") -> Object | None:
        """Return one object, None where there is none. Errors: ClusterError."""
        with _told(f"{kind} {name}"):
            try:
                found = self._resource(api, kind).get(name=name, namespace=namespace, _request_timeout=_TIMEOUT_S)
            except NotFoundError:
                return None
            return dict(found.to_dict())

    def milvus(self, name: str, namespace: str) -> Object | None:
        """Return a Milvus custom resource, None where there is none. Errors: ClusterError."""
        return self.get(MILVUS[1], name, namespace, MILVUS[0])

    def items(self, kind: str, namespace: str | None = None, *, selector: str = "", api: str = "v1") -> list[Object]:
        """Return all objects of a kind. Errors: ClusterError."""
        return self.listing(kind, namespace, selector=selector, api=api)[0]

    def listing(
        self, kind: str, namespace: str | None = None, *, selector: str = "", api: str = "v1"
    ) -> tuple[list[Object], str]:
        """Return all objects of a kind, and the version from which to watch them. Errors: ClusterError."""
        with _told(kind):
            found = self._resource(api, kind).get(
                namespace=namespace, label_selector=selector or None, _request_timeout=_TIMEOUT_S
            )
            listed = found.to_dict()
            return list(listed["items"]), str(listed["metadata"]["resourceVersion"])

    def watch(
        self, kind: str, namespace: str | None, version: str, opened: Callable[[Any], None], *, api: str = "v1"
    ) -> Iterator[tuple[str, Object]]:
        """Yield what becomes of objects from a version on: ADDED, MODIFIED or DELETED, and the object.

        `opened` is given the answer as it begins: its `shutdown()`, from any thread, ends the watch.
        """

        def listing(**arguments: Any) -> Any:
            answer = self._resource(api, kind).get(**arguments)
            opened(answer)
            return answer

        with _told(kind):
            for event in watch.Watch().stream(
                listing,
                namespace=namespace,
                resource_version=version,
                timeout_seconds=_WATCH_S,
                serialize=False,
                # A server that is gone without a word is noticed soon after it should have ended the watch.
                _request_timeout=(_TIMEOUT_S, _WATCH_S + _TIMEOUT_S),
            ):
                yield str(event["type"]), event["raw_object"]

    def apply(self, body: Mapping[str, Any], namespace: str | None = None, *, dry_run: bool = False) -> Object:
        """Make an object what `body` says; a field that would be pruned is refused. Errors: ClusterError."""
        name = body["metadata"]["name"]
        with _told(f"{body['kind']} {name}"):
            applied = self._resource(body["apiVersion"], body["kind"]).server_side_apply(
                # JSON is YAML, and the client would send a dictionary as a Python literal.
                body=json.dumps(body),
                name=name,
                namespace=namespace or body["metadata"].get("namespace"),
                field_manager=_MANAGER,
                force_conflicts=True,
                dry_run="All" if dry_run else None,
                query_params=[("fieldValidation", "Strict")],
                _request_timeout=_TIMEOUT_S,
            )
            return dict(applied.to_dict())

    def patch(self, kind: str, name: str, namespace: str | None, change: Object, api: str = "v1") -> Object:
        """Merge a change into an object. Errors: ClusterError."""
        with _told(f"{kind} {name}"):
            patched = self._resource(api, kind).patch(
                body=change,
                name=name,
                namespace=namespace,
                content_type="application/merge-patch+json",
                query_params=[("fieldValidation", "Strict")],
                _request_timeout=_TIMEOUT_S,
            )
            return dict(patched.to_dict())

    def delete(
        self, kind: str, name: str, namespace: str | None = None, *, api: str = "v1", grace_s: int | None = None
    ) -> bool:
        """Delete an object; False where there was none. Errors: ClusterError."""
        with _told(f"{kind} {name}"):
            try:
                self._resource(api, kind).delete(
                    name=name, namespace=namespace, grace_period_seconds=grace_s, _request_timeout=_TIMEOUT_S
                )
            except NotFoundError:
                return False
            return True

    def evict(self, pod: str, namespace: str, *, grace_s: int) -> bool:
        """Have a pod leave as a drained node has it; False where a disruption budget forbids it now.

        Errors: ClusterError.
        """
        with _told(f"Pod {pod}"):
            body = {
                "apiVersion": "policy/v1",
                "kind": "Eviction",
                "metadata": {"name": pod, "namespace": namespace},
                "deleteOptions": {"gracePeriodSeconds": grace_s},
            }
            path = f"/api/v1/namespaces/{namespace}/pods/{pod}/eviction"
            try:
                self._dynamic.request("post", path, body=body, _request_timeout=_TIMEOUT_S)
            except client.ApiException as error:
                if error.status != HTTPStatus.TOO_MANY_REQUESTS:
                    raise
                return False
            return True

    def text(self, path: str, query: Mapping[str, str]) -> str:
        """Return what the API server answers as plain text, e.g. a pod's log. Errors: ClusterError."""
        with _told(path):
            answer = self._dynamic.request(
                "get", path, query_params=list(query.items()), serialize=False, _request_timeout=_TIMEOUT_S
            )
            return bytes(answer.data).decode(errors="replace")

    def _resource(self, api: str, kind: str) -> Any:
        return self._dynamic.resources.get(api_version=api, kind=kind)


def _close(made: Any) -> None:
    made.rest_client.pool_manager.clear()
    made.close()


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except ResourceNotFoundError:
        raise ClusterError(
            f"the API server knows no {what.split(maxsplit=1)[0]}", where=what, mend="install its definition"
        ) from None
    except client.ApiException as error:
        # One that starts, or has too much to do, answers that it can't.
        kind = ClusterError if 0 < (error.status or 0) < HTTPStatus.INTERNAL_SERVER_ERROR else Unanswered
        raise kind(_reason(error), where=what, mend=_mend(error.status)) from None
    except (urllib3.exceptions.HTTPError, OSError) as error:
        said = str(getattr(error, "reason", error)).rpartition(": ")[2]
        mend = "see that the Kubernetes cluster is up"
        raise Unanswered(f"the API server does not answer: {said}", where=what, mend=mend) from None


def _reason(error: Any) -> str:
    try:
        return str(json.loads(error.body)["message"])
    except (ValueError, KeyError, TypeError):
        return f"{error.status} {error.reason}"


def _mend(status: int) -> str:
    if status in (401, 403):
        return "give the account the rights of docs/rights.yaml"
    return "mend what it says"
