// What the JDBC driver does with its defaults (compressed blocks both ways), as DBeaver and Metabase use it. Prints JSON.

import java.sql.*;
import java.util.*;

public class StoreClient {
    static final Map<String, String> seen = new TreeMap<>();

    public static void main(String[] arguments) throws Exception {
        String address = System.getenv("STORE_ADDRESS") + "/" + System.getenv("STORE_DATABASE");
        try (Connection writer = open(address, "STORE_USER", "STORE_PASSWORD")) {
            write(writer);
            read(writer);
        }
        try (Connection reader = open(address, "STORE_READER", "STORE_READER_PASSWORD")) {
            look(reader);
        }
        List<String> parts = new ArrayList<>();
        seen.forEach((name, value) -> parts.add("\"" + name + "\": \"" + value.replace("\"", "'") + "\""));
        System.out.println("{" + String.join(", ", parts) + "}");
    }

    static Connection open(String address, String user, String password) throws SQLException {
        Properties who = new Properties();
        who.setProperty("user", System.getenv(user));
        who.setProperty("password", System.getenv(password));
        return DriverManager.getConnection("jdbc:clickhouse:" + address, who);
    }

    static void write(Connection connection) throws SQLException {
        connection.createStatement().execute(
            "CREATE TABLE rows (n UInt64, s String, at DateTime('Asia/Shanghai'), l LowCardinality(String)) ENGINE = MergeTree ORDER BY n");
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO rows VALUES (?, ?, ?, ?)")) {
            for (int number = 0; number < 5000; number++) {
                insert.setLong(1, number);
                insert.setString(2, "it's " + number);
                insert.setString(3, "2026-01-01 00:00:00");
                insert.setString(4, "l" + number % 7);
                insert.addBatch();
            }
            insert.executeBatch();
        }
    }

    static void read(Connection connection) throws SQLException {
        try (ResultSet row = connection.createStatement().executeQuery("SELECT count(), sum(n), max(s) FROM rows")) {
            row.next();
            seen.put("written", row.getLong(1) + " " + row.getLong(2) + " " + row.getString(3));
        }
        try (ResultSet row = connection.createStatement().executeQuery(
                "SELECT toDecimal64(1.5, 2) AS d, [1, 2] AS a, map('k', 'v') AS m, NULL AS e, toUUID('00000000-0000-0000-0000-000000000001') AS u, "
                + "toUnixTimestamp(min(at)) AS t FROM rows")) {
            row.next();
            seen.put("types", row.getBigDecimal("d").stripTrailingZeros() + " " + row.getObject("e") + " " + row.getString("u") + " " + row.getLong("t"));
        }
        long total = 0;
        try (ResultSet rows = connection.createStatement().executeQuery("SELECT number FROM numbers(300000)")) {
            while (rows.next()) total += rows.getLong(1);
        }
        seen.put("streamed", String.valueOf(total));
        try (PreparedStatement bound = connection.prepareStatement("SELECT count() FROM rows WHERE s = ? AND n < ?")) {
            bound.setString(1, "it's 7");
            bound.setInt(2, 100);
            try (ResultSet row = bound.executeQuery()) {
                row.next();
                seen.put("bound", String.valueOf(row.getLong(1)));
            }
        }
        try {
            connection.createStatement().executeQuery("SELECT * FROM nowhere");
        } catch (SQLException error) {
            seen.put("error", String.valueOf(error.getErrorCode()));
        }
    }

    static void look(Connection connection) throws SQLException {
        DatabaseMetaData about = connection.getMetaData();
        String database = System.getenv("STORE_DATABASE");
        try (ResultSet tables = about.getTables(null, database, "%", null)) {
            List<String> names = new ArrayList<>();
            while (tables.next()) names.add(tables.getString("TABLE_NAME"));
            seen.put("tables", String.join(" ", names));
        }
        try (ResultSet columns = about.getColumns(null, database, "rows", "%")) {
            List<String> names = new ArrayList<>();
            while (columns.next()) names.add(columns.getString("COLUMN_NAME") + ":" + columns.getString("TYPE_NAME"));
            seen.put("columns", String.join(" ", names));
        }
        try {
            connection.createStatement().execute("INSERT INTO rows VALUES (1, '', 0, '')");
        } catch (SQLException error) {
            seen.put("rejected", String.valueOf(error.getErrorCode()));
        }
    }
}
