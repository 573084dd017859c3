"""Sends spans, log records and metrics with the OpenTelemetry SDK for Python, as any Python application does.

Usage: python-client.py <host:port of OTLP/gRPC> <host:port of OTLP/HTTP> <items>
"""

import logging
import sys

from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogExporter
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpanExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as HttpMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpanExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def send(service, span_exporter, log_exporter, metric_exporter, items):
    resource = Resource.create({"service.name": service})
    tracing = TracerProvider(resource=resource)
    tracing.add_span_processor(BatchSpanProcessor(span_exporter))
    logs = LoggerProvider(resource=resource)
    logs.add_log_record_processor(BatchLogRecordProcessor(log_exporter))
    logger = logging.getLogger(service)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(LoggingHandler(logger_provider=logs))
    metrics = MeterProvider([PeriodicExportingMetricReader(metric_exporter)], resource=resource)
    meter = metrics.get_meter("python-client")
    done = meter.create_counter("work.done")
    size = meter.create_histogram("work.size")
    tracer = tracing.get_tracer("python-client")
    for index in range(items):
        with tracer.start_as_current_span(f"work {index}", attributes={"index": index}):
            logger.info("did work %d", index)
            done.add(1)
            size.record(index)
    tracing.shutdown()
    logs.shutdown()
    metrics.shutdown()


grpc, http, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
send(
    "python-grpc",
    GrpcSpanExporter(endpoint=grpc, insecure=True),
    GrpcLogExporter(endpoint=grpc, insecure=True),
    GrpcMetricExporter(endpoint=grpc, insecure=True),
    count,
)
send(
    "python-http",
    HttpSpanExporter(endpoint=f"http://{http}/v1/traces", compression=Compression.Gzip),
    HttpLogExporter(endpoint=f"http://{http}/v1/logs", compression=Compression.Gzip),
    HttpMetricExporter(endpoint=f"http://{http}/v1/metrics", compression=Compression.Gzip),
    count,
)
