//! What the crate `clickhouse` does with its defaults (LZ4 blocks both ways): inserts, reads, errors. Prints JSON.

use clickhouse::{Client, Row};
use serde::{Deserialize, Serialize};
use std::env::var;

#[derive(Row, Serialize, Deserialize)]
struct Entry {
    n: u64,
    s: String,
}

fn client(user: &str, password: &str) -> Client {
    Client::default()
        .with_url(var("STORE_ADDRESS").unwrap())
        .with_database(var("STORE_DATABASE").unwrap())
        .with_user(var(user).unwrap())
        .with_password(var(password).unwrap())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> clickhouse::error::Result<()> {
    let writer = client("STORE_USER", "STORE_PASSWORD");
    let made = "CREATE TABLE entries (n UInt64, s String) ENGINE = MergeTree ORDER BY n";
    writer.query(made).execute().await?;
    let mut insert = writer.insert("entries")?;
    for n in 0..70_000u64 {
        insert.write(&Entry { n, s: format!("it's {n}") }).await?;
    }
    insert.end().await?;
    let reader = client("STORE_READER", "STORE_READER_PASSWORD");
    let bound = "SELECT n, s FROM entries WHERE s = ?";
    let one = reader.query(bound).bind("it's 7").fetch_one::<Entry>().await?;
    let mut rows = reader.query("SELECT number FROM numbers(300000)").fetch::<u64>()?;
    let mut streamed = 0;
    while let Some(number) = rows.next().await? {
        streamed += number;
    }
    let total = reader.query("SELECT sum(n) FROM entries").fetch_one::<u64>().await?;
    let rejected = reader.query("DROP TABLE entries").execute().await.is_err();
    println!(
        "{{\"bound\": {}, \"written\": {total}, \"streamed\": {streamed}, \"rejected\": {rejected}}}",
        one.n
    );
    Ok(())
}
