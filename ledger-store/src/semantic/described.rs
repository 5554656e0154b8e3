//! What the views say of themselves: their comments in the database are their documentation, and the only one.

use crate::error::{Doing, StoreError};
use crate::tenant::OrgStore;

/// A view, as its comments describe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewDescribed {
    /// Its name.
    pub name: String,
    /// What one row of it is, and what else holds for all of it.
    pub comment: String,
    /// Its columns, in order.
    pub columns: Vec<ColumnDescribed>,
}

/// A column of a view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnDescribed {
    /// Its name.
    pub name: String,
    /// Its type in SQL.
    pub sql_type: String,
    /// Unit, sign, currency, legal values.
    pub comment: String,
}

/// A view's name and comment, and a column's name, type and comment.
type Found = (String, Option<String>, String, String, Option<String>);

/// Every view that may be asked, by name.
///
/// # Errors
/// [`StoreError`] when the server fails.
pub async fn described(org: &OrgStore) -> Result<Vec<ViewDescribed>, StoreError> {
    let doing = "read what the views say of themselves";
    let mut tx = org.begin_read().await?;
    let rows: Vec<Found> = sqlx::query_as(
        "SELECT c.relname::text, obj_description(c.oid, 'pg_class'), a.attname::text, format_type(a.atttypid, a.atttypmod),
                col_description(c.oid, a.attnum)
           FROM pg_catalog.pg_class AS c
           JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = 'semantic'
           JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
          WHERE c.relkind = 'v'
          ORDER BY c.relname, a.attnum",
    )
    .fetch_all(&mut *tx)
    .await
    .doing(doing)?;
    tx.rollback().await?;
    let mut views: Vec<ViewDescribed> = Vec::new();
    for (view, comment, name, sql_type, said) in rows {
        let column = ColumnDescribed { name, sql_type, comment: said.unwrap_or_default() };
        match views.last_mut() {
            Some(last) if last.name == view => last.columns.push(column),
            _ => views.push(ViewDescribed { name: view, comment: comment.unwrap_or_default(), columns: vec![column] }),
        }
    }
    Ok(views)
}
