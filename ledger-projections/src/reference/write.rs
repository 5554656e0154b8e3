//! Rows into the tables, as sets. Documents and their like come once; of the others the last row counts.

use ledger_store::OrgTx;

use super::fold::References;
use crate::error::{Doing, ProjectionError};

/// Writes the rows of a batch.
pub(super) async fn write(tx: &mut OrgTx, batch: &References) -> Result<(), ProjectionError> {
    if !batch.actors.is_empty() {
        actors(tx, batch).await?;
    }
    if !batch.parties.is_empty() {
        parties(tx, batch).await?;
    }
    if !batch.documents.is_empty() {
        documents(tx, batch).await?;
    }
    if !batch.periods.is_empty() {
        periods(tx, batch).await?;
    }
    if !batch.rates.is_empty() {
        rates(tx, batch).await?;
    }
    Ok(())
}

async fn actors(tx: &mut OrgTx, batch: &References) -> Result<(), ProjectionError> {
    sqlx::query(
        "INSERT INTO read.actor AS a (org_id, actor_no, kind, identity)
         SELECT $1, u.* FROM unnest($2::integer[], $3::text[], $4::text[]) AS u
         ON CONFLICT (org_id, actor_no) DO UPDATE SET kind = excluded.kind, identity = excluded.identity",
    )
    .bind(tx.org().0)
    .bind(batch.actors.keys().copied().collect::<Vec<_>>())
    .bind(batch.actors.values().map(|row| row.kind).collect::<Vec<_>>())
    .bind(batch.actors.values().map(|row| row.name.as_str()).collect::<Vec<_>>())
    .execute(&mut **tx)
    .await
    .doing("write who acted")?;
    Ok(())
}

async fn parties(tx: &mut OrgTx, batch: &References) -> Result<(), ProjectionError> {
    sqlx::query(
        "INSERT INTO read.party AS p (org_id, party_no, code, kind)
         SELECT $1, u.* FROM unnest($2::integer[], $3::text[], $4::text[]) AS u
         ON CONFLICT (org_id, party_no) DO UPDATE SET code = excluded.code, kind = excluded.kind",
    )
    .bind(tx.org().0)
    .bind(batch.parties.keys().copied().collect::<Vec<_>>())
    .bind(batch.parties.values().map(|row| row.name.as_str()).collect::<Vec<_>>())
    .bind(batch.parties.values().map(|row| row.kind).collect::<Vec<_>>())
    .execute(&mut **tx)
    .await
    .doing("write parties")?;
    Ok(())
}

async fn documents(tx: &mut OrgTx, batch: &References) -> Result<(), ProjectionError> {
    let rows = || batch.documents.values();
    sqlx::query(
        "INSERT INTO read.document AS d (org_id, seq, kind, side, number, party_no, date, relates_seq, channel, confidence)
         SELECT $1, u.* FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::integer[], $7::date[], $8::bigint[],
                                    $9::text[], $10::numeric[]) AS u
         RETURNING d.seq",
    )
    .bind(tx.org().0)
    .bind(batch.documents.keys().copied().collect::<Vec<_>>())
    .bind(rows().map(|row| row.kind).collect::<Vec<_>>())
    .bind(rows().map(|row| row.side).collect::<Vec<_>>())
    .bind(rows().map(|row| row.number.as_str()).collect::<Vec<_>>())
    .bind(rows().map(|row| row.party_no).collect::<Vec<_>>())
    .bind(rows().map(|row| row.date).collect::<Vec<_>>())
    .bind(rows().map(|row| row.relates_seq).collect::<Vec<_>>())
    .bind(rows().map(|row| row.channel.as_deref()).collect::<Vec<_>>())
    .bind(rows().map(|row| row.confidence).collect::<Vec<_>>())
    .execute(&mut **tx)
    .await
    .doing("insert documents")?;
    Ok(())
}

async fn periods(tx: &mut OrgTx, batch: &References) -> Result<(), ProjectionError> {
    sqlx::query(
        "INSERT INTO read.period AS p (org_id, month, status, closed_at)
         SELECT $1, u.* FROM unnest($2::date[], $3::text[], $4::timestamptz[]) AS u
         ON CONFLICT (org_id, month) DO UPDATE SET status = excluded.status, closed_at = excluded.closed_at",
    )
    .bind(tx.org().0)
    .bind(batch.periods.keys().copied().collect::<Vec<_>>())
    .bind(batch.periods.values().map(|row| row.status).collect::<Vec<_>>())
    .bind(batch.periods.values().map(|row| row.closed_at).collect::<Vec<_>>())
    .execute(&mut **tx)
    .await
    .doing("write periods")?;
    Ok(())
}

async fn rates(tx: &mut OrgTx, batch: &References) -> Result<(), ProjectionError> {
    sqlx::query(
        "INSERT INTO read.fx_rate AS r (org_id, date, base, quote, kind, rate, source)
         SELECT $1, u.* FROM unnest($2::date[], $3::text[], $4::text[], $5::text[], $6::numeric[], $7::text[]) AS u
         ON CONFLICT (org_id, date, base, quote, kind) DO UPDATE SET rate = excluded.rate, source = excluded.source",
    )
    .bind(tx.org().0)
    .bind(batch.rates.keys().map(|key| key.0).collect::<Vec<_>>())
    .bind(batch.rates.keys().map(|key| key.1.as_str()).collect::<Vec<_>>())
    .bind(batch.rates.keys().map(|key| key.2.as_str()).collect::<Vec<_>>())
    .bind(batch.rates.keys().map(|key| key.3).collect::<Vec<_>>())
    .bind(batch.rates.values().map(|row| row.0).collect::<Vec<_>>())
    .bind(batch.rates.values().map(|row| row.1.as_str()).collect::<Vec<_>>())
    .execute(&mut **tx)
    .await
    .doing("write rates")?;
    Ok(())
}
