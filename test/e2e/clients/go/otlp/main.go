// Sends spans and log records with the OpenTelemetry SDK for Go, as any Go application does.
// Usage: go run ./otlp <host:port of OTLP/gRPC> <host:port of OTLP/HTTP> <spans>
// or:    go run ./otlp <host:port of OTLP/gRPC> <host:port of OTLP/HTTP> stall <seconds>, which makes a span every 20 ms with
// each exporter at its defaults at the same time, and prints how many.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
)

func main() {
	if os.Args[3] == "stall" {
		stall()
		return
	}
	spans, err := strconv.Atoi(os.Args[3])
	check(err)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	grpc, err := otlptracegrpc.New(ctx, otlptracegrpc.WithEndpoint(os.Args[1]), otlptracegrpc.WithInsecure(),
		otlptracegrpc.WithCompressor("gzip"))
	check(err)
	send(ctx, grpc, "go-grpc", spans)
	http, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpoint(os.Args[2]), otlptracehttp.WithInsecure(),
		otlptracehttp.WithCompression(otlptracehttp.GzipCompression))
	check(err)
	send(ctx, http, "go-http", spans)
}

func send(ctx context.Context, exporter trace.SpanExporter, service string, spans int) {
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter),
		trace.WithResource(resource.NewSchemaless(attribute.String("service.name", service))))
	tracer := provider.Tracer("go-client")
	for i := 0; i < spans; i++ {
		_, span := tracer.Start(ctx, fmt.Sprintf("work %d", i))
		span.SetAttributes(attribute.Int("index", i))
		span.End()
	}
	check(provider.Shutdown(ctx))
}

func stall() {
	seconds, err := strconv.Atoi(os.Args[4])
	check(err)
	ctx := context.Background()
	grpc, err := otlptracegrpc.New(ctx, otlptracegrpc.WithEndpoint(os.Args[1]), otlptracegrpc.WithInsecure())
	check(err)
	http, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpoint(os.Args[2]), otlptracehttp.WithInsecure())
	check(err)
	var group sync.WaitGroup
	for service, exporter := range map[string]trace.SpanExporter{"stall-go-grpc": grpc, "stall-go-http": http} {
		group.Go(func() { pace(ctx, exporter, service, time.Duration(seconds)*time.Second) })
	}
	group.Wait()
}

func pace(ctx context.Context, exporter trace.SpanExporter, service string, during time.Duration) {
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter),
		trace.WithResource(resource.NewSchemaless(attribute.String("service.name", service))))
	tracer := provider.Tracer("go-stall")
	spans := 0
	for end := time.Now().Add(during); time.Now().Before(end); spans++ {
		_, span := tracer.Start(ctx, fmt.Sprintf("work %d", spans))
		span.End()
		time.Sleep(20 * time.Millisecond)
	}
	check(provider.Shutdown(ctx))
	fmt.Println(service, spans)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
