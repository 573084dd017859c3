import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.util.Properties;

/**
 * Asks as DBeaver, Metabase and other Java tools do, with the defaults of the driver.
 * Usage: java -cp 'lib/0.10.0/*' Jdbc.java <port> <token>
 */
public class Jdbc {
  public static void main(String[] arguments) throws Exception {
    String url = "jdbc:clickhouse://127.0.0.1:" + arguments[0] + "/wayward";
    try (Connection connection = DriverManager.getConnection(url)) {
      System.out.println("valid " + connection.isValid(5));
      try (Statement statement = connection.createStatement()) {
        readRows(statement);
        readTypes(statement);
        System.out.println("error " + errorOf(statement, "SELECT nope"));
        System.out.println("refused " + errorOf(statement, "DROP TABLE otel_traces"));
      }
      bind(connection);
      describe(connection.getMetaData());
    }
    insert(url, arguments[1]);
  }

  static void readRows(Statement statement) throws SQLException {
    ResultSet rows = statement.executeQuery("SELECT number, toString(number) FROM numbers(100000)");
    int count = 0;
    while (rows.next()) {
      if (!rows.getString(2).equals(Integer.toString(count)) || rows.getLong(1) != count) {
        throw new IllegalStateException("row " + count + " is " + rows.getString(2));
      }
      count++;
    }
    System.out.println("rows " + count);
  }

  static void readTypes(Statement statement) throws SQLException {
    ResultSet rows = statement.executeQuery(
        "SELECT toInt8(-1), toUInt64(18446744073709551615), toInt256('-5'), toFloat32(1.5), true, 'a\\nb',"
            + " toDecimal64(1.5, 3), toDate('2026-01-02'), toDateTime64('2026-01-02 03:04:05.678', 3, 'UTC'),"
            + " toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0'), toIPv4('1.2.3.4'), CAST('b' AS Enum8('a' = 1, 'b' = 2)),"
            + " CAST(NULL AS Nullable(String)), 'lc'::LowCardinality(String), map('k', 1), [1, 2], NULL");
    ResultSetMetaData types = rows.getMetaData();
    rows.next();
    for (int column = 1; column <= types.getColumnCount(); column++) {
      String value = String.valueOf(rows.getString(column)).replace("\n", "\\n");
      System.out.println(types.getColumnTypeName(column) + " = " + value);
    }
  }

  static int errorOf(Statement statement, String sql) {
    try {
      statement.execute(sql);
      return 0;
    } catch (SQLException error) {
      return error.getErrorCode();
    }
  }

  static void bind(Connection connection) throws SQLException {
    try (PreparedStatement prepared = connection.prepareStatement("SELECT ? + 1, upper(?)")) {
      prepared.setInt(1, 41);
      prepared.setString(2, "it's");
      ResultSet rows = prepared.executeQuery();
      rows.next();
      System.out.println("bound " + rows.getInt(1) + " " + rows.getString(2));
    }
  }

  static void describe(DatabaseMetaData meta) throws SQLException {
    System.out.println("product " + meta.getDatabaseProductName());
    System.out.println("schemas " + (count(meta.getSchemas()) > 0));
    System.out.println("tables " + count(meta.getTables(null, "wayward", "otel_traces", null)));
    System.out.println("columns " + (count(meta.getColumns(null, "wayward", "otel_traces", "%")) > 20));
    System.out.println("keys " + (count(meta.getPrimaryKeys(null, "wayward", "otel_traces")) >= 0));
    System.out.println("types " + (count(meta.getTypeInfo()) > 10));
  }

  static int count(ResultSet rows) throws SQLException {
    int count = 0;
    while (rows.next()) count++;
    return count;
  }

  static void insert(String url, String token) throws SQLException {
    Properties writer = new Properties();
    writer.setProperty("user", "wayward_writer");
    writer.setProperty("password", token);
    try (Connection connection = DriverManager.getConnection(url, writer);
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE TABLE IF NOT EXISTS j (a UInt64, b String, c DateTime) ENGINE = MergeTree ORDER BY a");
      statement.execute("TRUNCATE TABLE j");
      try (PreparedStatement insert = connection.prepareStatement("INSERT INTO j VALUES (?, ?, ?)")) {
        for (int i = 0; i < 1000; i++) {
          insert.setLong(1, i);
          insert.setString(2, "row\n\n" + i);
          insert.setTimestamp(3, new Timestamp(1_700_000_000_000L));
          insert.addBatch();
        }
        insert.executeBatch();
      }
      ResultSet rows = statement.executeQuery("SELECT count(), sum(a) FROM j");
      rows.next();
      System.out.println("inserted " + rows.getLong(1) + " " + rows.getLong(2));
    }
  }
}
