//! Floors: what raw PostgreSQL does with the same bytes.

use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolCopyExt};
use sqlx::{AssertSqlSafe, Connection};

/// Bytes that one message of a COPY carries.
const COPY_MESSAGE: usize = 256 << 10;

/// Rows in COPY's binary format.
pub(super) struct BinaryRows {
    bytes: Vec<u8>,
}

impl BinaryRows {
    pub(super) fn new() -> Self {
        let mut bytes = b"PGCOPY\n\xff\r\n\0".to_vec();
        bytes.extend_from_slice(&[0; 8]);
        Self { bytes }
    }

    /// Begins a row.
    pub(super) fn row(&mut self, fields: i16) {
        self.bytes.extend_from_slice(&fields.to_be_bytes());
    }

    /// Appends a field in its binary form.
    pub(super) fn field(&mut self, value: &[u8]) {
        self.bytes.extend_from_slice(&i32::try_from(value.len()).unwrap_or(i32::MAX).to_be_bytes());
        self.bytes.extend_from_slice(value);
    }

    /// Copies all rows into a table and answers how long it took until they were durable.
    pub(super) async fn copy_into(mut self, admin: &PgConnectOptions, target: &str) -> anyhow::Result<Duration> {
        self.bytes.extend_from_slice(&(-1_i16).to_be_bytes());
        let pool = sqlx::postgres::PgPoolOptions::new().max_connections(1).connect_with(admin.clone()).await?;
        let started = Instant::now();
        let mut copy = pool.copy_in_raw(&format!("COPY {target} FROM STDIN (FORMAT binary)")).await?;
        for message in self.bytes.chunks(COPY_MESSAGE) {
            copy.send(message).await?;
        }
        copy.finish().await?;
        let took = started.elapsed();
        pool.close().await;
        Ok(took)
    }
}

/// Runs statements of our own as the administrator.
pub(super) async fn execute(admin: &PgConnectOptions, statements: &[&'static str]) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect_with(admin).await?;
    for statement in statements {
        sqlx::query(AssertSqlSafe(*statement)).execute(&mut connection).await?;
    }
    Ok(connection.close().await?)
}
