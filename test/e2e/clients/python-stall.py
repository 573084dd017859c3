"""Makes a span every 20 ms for some seconds, with each exporter at its defaults at the same time.

Usage: python-stall.py <host:port of OTLP/gRPC> <host:port of OTLP/HTTP> <seconds>
Prints how many spans each service made.
"""

import sys
import threading
import time

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpanExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

grpc, http, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])


def send(service, exporter):
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("python-stall")
    end = time.monotonic() + seconds
    spans = 0
    while time.monotonic() < end:
        tracer.start_span(f"work {spans}").end()
        spans += 1
        time.sleep(0.02)
    provider.shutdown()
    print(f"{service} {spans}", flush=True)


threads = [
    threading.Thread(target=send, args=("stall-python-grpc", GrpcSpanExporter(endpoint=grpc, insecure=True))),
    threading.Thread(
        target=send, args=("stall-python-http", HttpSpanExporter(endpoint=f"http://{http}/v1/traces"))
    ),
]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
