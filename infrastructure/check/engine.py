"""Stands where Pulumi's engine stands while a program is previewed: takes what it declares, and knows of no output yet.

Every output is unknown, which is more than in a first preview, where the engine at least repeats a resource's arguments.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import (
    engine_pb2,
    engine_pb2_grpc,
    provider_pb2,
    resource_pb2,
    resource_pb2_grpc,
)

from infrastructure.recording import ANSWERS, STACK
from infrastructure.settings import PROJECT

_ERROR = engine_pb2.ERROR


@dataclass
class Preview:
    """What one preview of the program came to.

    Attributes:
        declared: types and logical names.
        errors: what the program told the engine of as an error.
    """

    declared: list[tuple[str, str]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


class _Monitor(resource_pb2_grpc.ResourceMonitorServicer):
    def __init__(self, preview: Preview) -> None:
        self._preview = preview

    def SupportsFeature(self, request: Any, _: Any) -> Any:  # noqa: ANN401, N802 - Pulumi's
        # What a program asks of a CLI that has them, but for those by which it would hand over functions.
        known = request.id not in {"transforms", "invokeTransforms", "resourceHooks", "errorHooks"}
        return resource_pb2.SupportsFeatureResponse(hasSupport=known)

    def RegisterResource(self, request: Any, _: Any) -> Any:  # noqa: ANN401, N802 - Pulumi's
        urn = f"urn:pulumi:{STACK}::{PROJECT}::{request.type}::{request.name}"
        if request.custom:
            self._preview.declared.append((request.type, request.name))
        return resource_pb2.RegisterResourceResponse(urn=urn, object=struct_pb2.Struct())

    def RegisterResourceOutputs(self, _request: Any, _: Any) -> Any:  # noqa: ANN401, N802 - Pulumi's
        return empty_pb2.Empty()

    def Invoke(self, request: Any, _: Any) -> Any:  # noqa: ANN401, N802 - Pulumi's
        answer = struct_pb2.Struct()
        getattr(answer, "update")(ANSWERS[request.tok])  # noqa: B009 - not in the stubs
        return provider_pb2.InvokeResponse(**{"return": answer})

    def RegisterPackage(self, _request: Any, _: Any) -> Any:  # noqa: ANN401, N802 - Pulumi's
        return resource_pb2.RegisterPackageResponse(ref="aws")

    def SignalAndWaitForShutdown(self, _request: Any, _: Any) -> Any:  # noqa: ANN401, N802 - Pulumi's
        return empty_pb2.Empty()


class _Engine(engine_pb2_grpc.EngineServicer):
    def __init__(self, preview: Preview) -> None:
        self._preview, self._root = preview, ""

    def Log(self, request: Any, _: Any) -> Any:  # noqa: ANN401, N802 - Pulumi's
        if request.severity == _ERROR:
            self._preview.errors.append(request.message)
        return empty_pb2.Empty()

    def SetRootResource(self, request: Any, _: Any) -> Any:  # noqa: ANN401, N802 - Pulumi's
        self._root = request.urn
        return engine_pb2.SetRootResourceResponse()

    def GetRootResource(self, _request: Any, _: Any) -> Any:  # noqa: ANN401, N802 - Pulumi's
        return engine_pb2.GetRootResourceResponse(urn=self._root)


@contextmanager
def engine() -> Iterator[tuple[str, Preview]]:
    """The engine's address, and what is previewed there, while it is up."""
    preview = Preview()
    with ThreadPoolExecutor(max_workers=8) as workers:
        server = grpc.server(workers, options=[("grpc.max_receive_message_length", 400 * 1024 * 1024)])
        resource_pb2_grpc.add_ResourceMonitorServicer_to_server(_Monitor(preview), server)
        engine_pb2_grpc.add_EngineServicer_to_server(_Engine(preview), server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield f"127.0.0.1:{port}", preview
        finally:
            server.stop(grace=None)
