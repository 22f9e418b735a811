// What @clickhouse/client does against the store; prints one JSON object for the test next to it.
import { createRequire } from "node:module";

const { createClient } = createRequire(process.env.CLIENT_FOLDER + "/")("@clickhouse/client");
const common = {
  url: process.env.STORE_URL,
  username: process.env.STORE_USER,
  password: process.env.STORE_PASSWORD,
  database: process.env.STORE_DATABASE,
};
const result = {};
for (const packed of [false, true]) {
  const client = createClient({ ...common, compression: { request: packed, response: packed } });
  const seen = {};
  seen.ping = (await client.ping()).success;
  await client.command({ query: "CREATE OR REPLACE TABLE js (n UInt32, s String) ENGINE = MergeTree ORDER BY n" });
  const values = Array.from({ length: 70000 }, (_, n) => ({ n, s: `row ${n}` }));
  const inserted = await client.insert({ table: "js", values, format: "JSONEachRow" });
  seen.written = inserted.summary?.written_rows;
  seen.count = (await (await client.query({ query: "SELECT count() AS c, sum(n) AS s FROM js", format: "JSON" })).json()).data[0];
  const bound = await client.query({
    query: "SELECT {n:UInt32} AS n, {s:String} AS s, {a:Array(String)} AS a",
    query_params: { n: 42, s: "it's", a: ["x", "y'z"] },
    format: "JSONEachRow",
    clickhouse_settings: { max_block_size: "1000" },
  });
  seen.bound = (await bound.json())[0];
  let streamed = 0;
  const large = await client.query({ query: "SELECT number, toString(number) AS t FROM numbers(300000)", format: "JSONEachRow" });
  for await (const rows of large.stream()) streamed += rows.length;
  seen.streamed = streamed;
  const raw = await client.exec({ query: "SELECT 7 FORMAT CSV" });
  let text = "";
  for await (const chunk of raw.stream) text += chunk;
  seen.exec = text;
  try {
    await client.query({ query: "SELECT * FROM nowhere" });
  } catch (error) {
    seen.error = { code: error.code, type: error.type };
  }
  try {
    const failing = await client.query({ query: "SELECT throwIf(number = 5000000), toString(number) FROM numbers(6000000)", format: "JSONEachRow" });
    let rows = 0;
    for await (const some of failing.stream()) rows += some.length;
    seen.broken = `read ${rows} rows without an error`;
  } catch (error) {
    seen.broken = "error";
  }
  await client.close();
  result[packed ? "packed" : "plain"] = seen;
}
console.log(JSON.stringify(result));
