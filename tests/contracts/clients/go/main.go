// What clickhouse-go does over HTTP, as the backend of Grafana's plug-in uses it: greeting, queries, types, batches, errors; prints JSON.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

func open(user, password string, method clickhouse.CompressionMethod) clickhouse.Conn {
	connection, err := clickhouse.Open(&clickhouse.Options{
		Protocol: clickhouse.HTTP,
		Addr:     []string{os.Getenv("STORE_HOST")},
		Auth: clickhouse.Auth{Database: os.Getenv("STORE_DATABASE"), Username: os.Getenv(user),
			Password: os.Getenv(password)},
		Compression: &clickhouse.Compression{Method: method},
	})
	must(err)
	return connection
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func asked(name string, method clickhouse.CompressionMethod) map[string]any {
	ctx := context.Background()
	seen := map[string]any{}
	writer := open("STORE_USER", "STORE_PASSWORD", method)
	must(writer.Ping(ctx))
	must(writer.Exec(ctx, "CREATE TABLE "+name+" (n UInt64, s String, at DateTime('Asia/Shanghai')) ENGINE = MergeTree ORDER BY n"))
	batch, err := writer.PrepareBatch(ctx, "INSERT INTO "+name)
	must(err)
	for number := range 70000 {
		must(batch.Append(uint64(number), fmt.Sprintf("it's %d", number), time.Unix(1767196800, 0)))
	}
	must(batch.Send())
	var count, total uint64
	must(writer.QueryRow(ctx, "SELECT count(), sum(n) FROM "+name+" WHERE s != $1", "it's 1").Scan(&count, &total))
	seen["written"] = []uint64{count, total}
	var at time.Time
	must(writer.QueryRow(ctx, "SELECT max(at) FROM "+name).Scan(&at))
	seen["zone"] = at.Location().String() + " " + at.Format("15:04")
	rows, err := writer.Query(ctx, "SELECT number, toString(number), [number], toLowCardinality('l'), toNullable(number) FROM numbers(300000)")
	must(err)
	streamed := uint64(0)
	for rows.Next() {
		var number uint64
		var text, low string
		var list []uint64
		var perhaps *uint64
		must(rows.Scan(&number, &text, &list, &low, &perhaps))
		streamed += number + list[0] - *perhaps
	}
	must(rows.Err())
	seen["streamed"] = streamed
	var exception *clickhouse.Exception
	_, err = writer.Query(ctx, "SELECT * FROM nowhere")
	seen["error"] = errors.As(err, &exception) || err != nil
	reader := open("STORE_READER", "STORE_READER_PASSWORD", method)
	var tables []string
	found, err := reader.Query(ctx, "SELECT system.tables.name FROM system.tables WHERE database = currentDatabase() ORDER BY name")
	must(err)
	for found.Next() {
		var table string
		must(found.Scan(&table))
		tables = append(tables, table)
	}
	seen["tables"] = tables
	seen["rejected"] = reader.Exec(ctx, "INSERT INTO "+name+" SELECT 1, '', 0") != nil
	must(writer.Exec(ctx, "DROP TABLE "+name))
	return seen
}

func main() {
	seen := map[string]any{
		"plain": asked("plain", clickhouse.CompressionNone),
		"gzip":  asked("gzip", clickhouse.CompressionGZIP),
		"lz4":   asked("lz4", clickhouse.CompressionLZ4),
		"zstd":  asked("zstd", clickhouse.CompressionZSTD),
	}
	must(json.NewEncoder(os.Stdout).Encode(seen))
}
