// Asks through clickhouse-go over HTTP, as Grafana's ClickHouse data source and the OpenTelemetry Collector's exporter do.
// Usage: go run ./sql <host:port> compressions <token>, which pings, reads, fails and inserts with each compression
// or:    go run ./sql <host:port> types, which reads values of all types
// or:    go run ./sql <host:port> queries, which runs the statements of the standard input, a JSON array, and prints how
// many rows each has.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

var ctx = context.Background()

func main() {
	switch os.Args[2] {
	case "compressions":
		compressions(os.Args[1], os.Args[3])
	case "types":
		types(os.Args[1])
	case "queries":
		queries(os.Args[1])
	}
}

func open(address, user, password string, compression *clickhouse.Compression) driver.Conn {
	connection, err := clickhouse.Open(&clickhouse.Options{
		Addr:        []string{address},
		Protocol:    clickhouse.HTTP,
		Compression: compression,
		Auth:        clickhouse.Auth{Database: "wayward", Username: user, Password: password},
		Settings: clickhouse.Settings{
			"max_execution_time": 20,
			// What the Go client's own suite sets for Dynamic and JSON.
			"output_format_native_use_flattened_dynamic_and_json_serialization": 1,
		},
	})
	check(err)
	return connection
}

func compressions(address, token string) {
	methods := map[string]clickhouse.CompressionMethod{"none": clickhouse.CompressionNone, "lz4": clickhouse.CompressionLZ4,
		"zstd": clickhouse.CompressionZSTD, "gzip": clickhouse.CompressionGZIP, "deflate": clickhouse.CompressionDeflate,
		"br": clickhouse.CompressionBrotli}
	for _, name := range []string{"none", "lz4", "zstd", "gzip", "deflate", "br"} {
		compression := &clickhouse.Compression{Method: methods[name], Level: 3}
		reader := open(address, "default", "", compression)
		check(reader.Ping(ctx))
		fmt.Println(name, "rows", countRows(reader))
		_, err := reader.Query(ctx, "SELECT nope")
		fmt.Println(name, "error", code(err))
		fmt.Println(name, "refused", code(reader.Exec(ctx, "DROP TABLE t")))
		writer := open(address, "wayward_writer", token, compression)
		if err := insert(writer); err != nil {
			fmt.Println(name, "insert", code(err))
			continue
		}
		var rows, sum uint64
		check(writer.QueryRow(ctx, "SELECT count(), sum(a) FROM t").Scan(&rows, &sum))
		fmt.Println(name, "inserted", rows, sum)
	}
}

func countRows(connection driver.Conn) int {
	rows, err := connection.Query(ctx, "SELECT number, toString(number), toDateTime(number, 'Asia/Tokyo') FROM numbers(100000)")
	check(err)
	defer rows.Close()
	count := 0
	for ; rows.Next(); count++ {
		var number uint64
		var text string
		var at time.Time
		check(rows.Scan(&number, &text, &at))
		if text != fmt.Sprint(count) || at.Unix() != int64(count) || at.Location().String() != "Asia/Tokyo" {
			check(fmt.Errorf("row %d is %d %s %s", count, number, text, at))
		}
	}
	check(rows.Err())
	return count
}

func insert(connection driver.Conn) error {
	check(connection.Exec(ctx, "CREATE TABLE IF NOT EXISTS t (a UInt64, b LowCardinality(String), c DateTime64(9), "+
		"d Map(LowCardinality(String), String), e Array(Map(LowCardinality(String), String))) ENGINE = MergeTree ORDER BY a"))
	check(connection.Exec(ctx, "TRUNCATE TABLE t"))
	batch, err := connection.PrepareBatch(ctx, "INSERT INTO t")
	if err != nil {
		return err
	}
	for i := range 5000 {
		attributes := map[string]string{"key": fmt.Sprint(i), "other": "\n\n"}
		check(batch.Append(uint64(i), "text", time.Unix(0, int64(i)), attributes, []map[string]string{attributes}))
	}
	return batch.Send()
}

func types(address string) {
	connection := open(address, "default", "", nil)
	var statements []string
	check(json.NewDecoder(os.Stdin).Decode(&statements))
	for _, statement := range statements {
		rows, err := connection.Query(ctx, statement)
		if err != nil {
			fmt.Println("error", code(err))
			continue
		}
		for rows.Next() {
			var values []any
			for _, column := range rows.ColumnTypes() {
				values = append(values, reflect.New(column.ScanType()).Interface())
			}
			check(rows.Scan(values...))
			for index, column := range rows.ColumnTypes() {
				fmt.Printf("%s = %s\n", column.DatabaseTypeName(), text(values[index]))
			}
		}
		check(rows.Err())
	}
}

func text(pointer any) string {
	value := reflect.ValueOf(pointer).Elem()
	for value.Kind() == reflect.Pointer && !value.IsNil() {
		if number, is := value.Interface().(*big.Int); is {
			return number.String()
		}
		value = value.Elem()
	}
	if number, is := value.Addr().Interface().(*big.Int); is {
		return number.String()
	}
	return strings.ReplaceAll(fmt.Sprint(value.Interface()), "\n", "\\n")
}

func queries(address string) {
	connection := open(address, "default", "", &clickhouse.Compression{Method: clickhouse.CompressionGZIP, Level: 3})
	var statements []string
	check(json.NewDecoder(os.Stdin).Decode(&statements))
	for _, statement := range statements {
		rows, err := connection.Query(ctx, statement)
		count := 0
		for err == nil && rows.Next() {
			values := make([]any, 0)
			for _, column := range rows.ColumnTypes() {
				values = append(values, reflect.New(column.ScanType()).Interface())
			}
			if err = rows.Scan(values...); err == nil {
				count++
			}
		}
		if err == nil {
			err = rows.Err()
		}
		if err != nil {
			fmt.Println("error", strings.Join(strings.Fields(err.Error()), " "))
			continue
		}
		fmt.Println("rows", count)
	}
}

// The number of ClickHouse's error.
func code(err error) string {
	var exception *clickhouse.Exception
	if errors.As(err, &exception) {
		return fmt.Sprint(exception.Code)
	}
	return fmt.Sprint(err)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
