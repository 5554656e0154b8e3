//! What there is to be asked: the views of the schema `semantic`, as the database has them.

use crate::error::{Doing, StoreError};
use crate::tenant::OrgStore;

/// The views and their columns, in the order that `SELECT *` gives.
///
/// # Errors
/// [`StoreError`] when the server fails.
pub async fn views(store: &OrgStore) -> Result<Vec<(String, Vec<String>)>, StoreError> {
    let mut tx = store.begin_read().await?;
    sqlx::query_as(
        "SELECT c.relname::text, array_agg(a.attname::text ORDER BY a.attnum)
         FROM pg_catalog.pg_class c
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
         WHERE n.nspname = 'semantic' AND c.relkind = 'v' AND a.attnum > 0 AND NOT a.attisdropped
         GROUP BY c.relname",
    )
    .fetch_all(&mut *tx)
    .await
    .doing("list the views that may be asked")
}
