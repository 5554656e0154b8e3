//! Names and addresses of parties: personal data beside the stream, never in it.
//!
//! History knows a party by its code. What a code stands for is kept here, may be changed, and can be erased without
//! touching a hash. The rules of parties (terms, currency, control accounts) belong in `ledger-core`.

use chrono::{DateTime, Utc};

use crate::error::{Doing, StoreError};
use crate::tenant::OrgStore;

/// What is known of a party; what is not known is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct PartyDetails {
    /// The party's code, as history has it.
    pub party: String,
    /// The name that a bank or an envelope would bear.
    pub name: Option<String>,
    /// Where invoices are sent.
    pub email: Option<String>,
    /// A telephone number.
    pub phone: Option<String>,
    /// A postal address; may have several lines.
    pub address: Option<String>,
    /// A tax registration number.
    pub tax_id: Option<String>,
    /// An account to pay to: an IBAN or a number.
    pub bank_account: Option<String>,
    /// Anything else.
    pub note: Option<String>,
}

impl OrgStore {
    /// Keeps what is known of a party; what stood there before is replaced as a whole.
    ///
    /// # Errors
    /// [`StoreError::Database`] with SQLSTATE 23514 for a field of more than 1,000 bytes (address and note: 4,000).
    pub async fn keep_party_details(&self, details: &PartyDetails, at: DateTime<Utc>, by: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO ledger.party_detail AS d
                    (org_id, party, name, email, phone, address, tax_id, bank_account, note, updated_at, updated_by)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
             ON CONFLICT (org_id, party) DO UPDATE
                SET name = excluded.name, email = excluded.email, phone = excluded.phone, address = excluded.address,
                    tax_id = excluded.tax_id, bank_account = excluded.bank_account, note = excluded.note,
                    updated_at = excluded.updated_at, updated_by = excluded.updated_by",
        )
        .bind(self.org().0)
        .bind(&details.party)
        .bind(&details.name)
        .bind(&details.email)
        .bind(&details.phone)
        .bind(&details.address)
        .bind(&details.tax_id)
        .bind(&details.bank_account)
        .bind(&details.note)
        .bind(at)
        .bind(by)
        .execute(&mut *tx)
        .await
        .doing("keep a party's details")?;
        tx.commit().await
    }

    /// What is known of one party.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn party_details(&self, party: &str) -> Result<Option<PartyDetails>, StoreError> {
        let mut tx = self.begin_read().await?;
        let found = sqlx::query_as(
            "SELECT party, name, email, phone, address, tax_id, bank_account, note
               FROM ledger.party_detail WHERE org_id = $1 AND party = $2",
        )
        .bind(self.org().0)
        .bind(party)
        .fetch_optional(&mut *tx)
        .await
        .doing("read a party's details")?;
        tx.rollback().await?;
        Ok(found)
    }

    /// What is known of every party, by code.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn all_party_details(&self) -> Result<Vec<PartyDetails>, StoreError> {
        let mut tx = self.begin_read().await?;
        let found = sqlx::query_as(
            "SELECT party, name, email, phone, address, tax_id, bank_account, note
               FROM ledger.party_detail WHERE org_id = $1 ORDER BY party",
        )
        .bind(self.org().0)
        .fetch_all(&mut *tx)
        .await
        .doing("read the details of parties")?;
        tx.rollback().await?;
        Ok(found)
    }

    /// Erases what is known of a party, and what banks wrote about it on lines that were matched with its documents.
    /// Answers whether there was anything. Postgres frees the space when it vacuums; backups keep what they have.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails: nothing is erased then.
    pub async fn erase_party_details(&self, party: &str) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let details = sqlx::query("DELETE FROM ledger.party_detail WHERE org_id = $1 AND party = $2")
            .bind(self.org().0)
            .bind(party)
            .execute(&mut *tx)
            .await
            .doing("erase a party's details")?;
        let lines = sqlx::query(
            "UPDATE ledger.bank_line SET counterparty = NULL, counterparty_account = NULL, text = ''
              WHERE org_id = $1 AND matched_party = $2
                AND (counterparty IS NOT NULL OR counterparty_account IS NOT NULL OR text <> '')",
        )
        .bind(self.org().0)
        .bind(party)
        .execute(&mut *tx)
        .await
        .doing("erase a party from bank lines")?;
        tx.commit().await?;
        Ok(details.rows_affected() + lines.rows_affected() > 0)
    }
}
