//! The context in which events become rows: accounts, commodities and which entries close a year.
//!
//! A fold of events like any projection, kept per projection in `read.account`, `read.commodity`, `read.closing_entry` and
//! `read.control_account`, written in the same transaction as the projection's rows and checkpoint. So a worker that
//! starts in the middle of a stream reads the chart exactly as it stood at the checkpoint, and a rebuild makes it anew.

use std::collections::{BTreeMap, BTreeSet};

use ledger_core::subledger::Side;
use ledger_core::{
    Account, AccountNo, AccountStatus, AccountType, Activity, BalancedEntry, Commodity, CommodityKind, CommodityNo, EntryKind,
};
use ledger_core::{Event, Seq, SubType, Text};
use ledger_store::OrgTx;

use crate::error::{Doing, ProjectionError, to_i64, to_seq};

/// The tables that hold charts: every row names its projection.
pub(crate) const TABLES: [&str; 4] = ["account", "commodity", "closing_entry", "control_account"];

/// Accounts and commodities as of an event. Balance conditions are not kept: no report needs them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chart {
    accounts: Vec<Account>,
    commodities: Vec<Commodity>,
    closing: BTreeSet<Seq>,
    control: BTreeMap<AccountNo, Side>,
    changed: Changes,
}

/// What has changed since it was last written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    accounts: BTreeSet<AccountNo>,
    commodities: BTreeSet<CommodityNo>,
    closing: BTreeSet<Seq>,
    control: BTreeSet<AccountNo>,
}

/// Rows of the chart to be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ChartRows {
    accounts: Vec<Account>,
    commodities: Vec<Commodity>,
    closing: Vec<Seq>,
    control: Vec<(AccountNo, Side)>,
}

impl Chart {
    /// Folds an event.
    pub fn evolve(&mut self, seq: Seq, event: &Event) {
        match event {
            Event::CommodityDefined(commodity) => {
                self.changed.commodities.insert(commodity.no);
                self.commodities.push(commodity.clone());
            }
            Event::AccountOpened(account) => {
                self.changed.accounts.insert(account.no);
                self.accounts.push(Account { conditions: Vec::new(), ..account.clone() });
            }
            Event::AccountChanged { no, name, sub_type, parent } => self.with_account(*no, |account| {
                (account.name, account.sub_type, account.parent) = (name.clone(), *sub_type, *parent);
            }),
            Event::AccountActivitySet { no, activity } => self.with_account(*no, |account| account.activity = *activity),
            Event::ControlAccountSet { no, side } => {
                self.changed.control.insert(*no);
                self.control.insert(*no, *side);
            }
            Event::AccountStatusChanged { no, status, .. } => self.with_account(*no, |account| account.status = *status),
            _ => {
                if let Some(entry) = event.entry()
                    && self.is_closing(entry)
                {
                    self.closing.insert(seq);
                    self.changed.closing.insert(seq);
                }
            }
        }
    }

    fn with_account(&mut self, no: AccountNo, change: impl FnOnce(&mut Account)) {
        if let Some(account) = index(no.get()).and_then(|index| self.accounts.get_mut(index)) {
            change(account);
            self.changed.accounts.insert(no);
        }
    }

    /// Whether the entry closes a year or takes such a closing back: income statements leave both out.
    #[must_use]
    pub fn is_closing(&self, entry: &BalancedEntry) -> bool {
        let header = entry.header();
        header.kind == EntryKind::Closing || header.reverses.is_some_and(|original| self.closing.contains(&original))
    }

    /// Which sub-ledger an account controls, if any.
    #[must_use]
    pub fn control(&self, no: AccountNo) -> Option<Side> {
        self.control.get(&no).copied()
    }

    /// Whether any account controls a sub-ledger.
    #[must_use]
    pub fn has_control_accounts(&self) -> bool {
        !self.control.is_empty()
    }

    /// The control accounts, with their sub-ledgers.
    #[must_use]
    pub const fn control_accounts(&self) -> &BTreeMap<AccountNo, Side> {
        &self.control
    }

    /// The positions of entries that close a year, or take such a closing back.
    #[must_use]
    pub fn closing(&self) -> &BTreeSet<Seq> {
        &self.closing
    }

    /// All accounts, in the order of opening.
    #[must_use]
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// All commodities, in the order of definition; the first is the functional currency.
    #[must_use]
    pub fn commodities(&self) -> &[Commodity] {
        &self.commodities
    }

    /// The account with this number.
    #[must_use]
    pub fn account(&self, no: AccountNo) -> Option<&Account> {
        self.accounts.get(index(no.get())?)
    }

    /// The account with this code.
    #[must_use]
    pub fn account_by_code(&self, code: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.code == code)
    }

    /// The commodity with this number.
    #[must_use]
    pub fn commodity(&self, no: CommodityNo) -> Option<&Commodity> {
        self.commodities.get(index(u32::from(no.get()))?)
    }

    /// The functional currency, once the books have begun.
    #[must_use]
    pub fn functional(&self) -> Option<&Commodity> {
        self.commodities.first()
    }

    /// The account and all accounts below it, by the parents of the chart.
    #[must_use]
    pub fn subtree(&self, root: AccountNo) -> BTreeSet<AccountNo> {
        let mut found = BTreeSet::from([root]);
        // A child may have been opened before it was put under its parent: repeat until nothing is added.
        loop {
            let before = found.len();
            found.extend(
                self.accounts.iter().filter(|a| a.parent.is_some_and(|parent| found.contains(&parent))).map(|a| a.no).collect::<Vec<_>>(),
            );
            if found.len() == before {
                return found;
            }
        }
    }

    /// What has to be written, from now on counted as written.
    pub(crate) fn take_changes(&mut self) -> ChartRows {
        let changed = std::mem::take(&mut self.changed);
        ChartRows {
            accounts: changed.accounts.iter().filter_map(|no| self.account(*no).cloned()).collect(),
            commodities: changed.commodities.iter().filter_map(|no| self.commodity(*no).cloned()).collect(),
            closing: changed.closing.into_iter().collect(),
            control: changed.control.iter().filter_map(|no| self.control(*no).map(|side| (*no, side))).collect(),
        }
    }

    /// The chart of a projection as of its checkpoint.
    ///
    /// # Errors
    /// [`ProjectionError::Damaged`] when rows are missing or hold unknown words.
    pub async fn load(tx: &mut OrgTx, projection: &str) -> Result<Self, ProjectionError> {
        let org = tx.org().0;
        let accounts: Vec<AccountRow> = sqlx::query_as(
            "SELECT account_no, code, name, type, subtype, contra, summary, parent_no, status, activity
               FROM read.account WHERE org_id = $1 AND projection = $2 ORDER BY account_no",
        )
        .bind(org)
        .bind(projection)
        .fetch_all(&mut **tx)
        .await
        .doing("read the chart of accounts")?;
        let commodities: Vec<(i32, String, String, i16, String)> = sqlx::query_as(
            "SELECT commodity_no, code, name, scale, kind FROM read.commodity WHERE org_id = $1 AND projection = $2 ORDER BY commodity_no",
        )
        .bind(org)
        .bind(projection)
        .fetch_all(&mut **tx)
        .await
        .doing("read the commodities")?;
        let closing: Vec<i64> = sqlx::query_scalar("SELECT seq FROM read.closing_entry WHERE org_id = $1 AND projection = $2")
            .bind(org)
            .bind(projection)
            .fetch_all(&mut **tx)
            .await
            .doing("read the closing entries")?;
        let control: Vec<(i32, String)> =
            sqlx::query_as("SELECT account_no, side FROM read.control_account WHERE org_id = $1 AND projection = $2")
                .bind(org)
                .bind(projection)
                .fetch_all(&mut **tx)
                .await
                .doing("read the control accounts")?;
        Ok(Self {
            control: control.into_iter().map(read_control).collect::<Result<_, _>>()?,
            accounts: accounts.into_iter().enumerate().map(|(index, row)| row.read(index)).collect::<Result<_, _>>()?,
            commodities: commodities.into_iter().enumerate().map(|(index, row)| read_commodity(row, index)).collect::<Result<_, _>>()?,
            closing: closing.into_iter().map(|seq| to_seq("seq of a closing entry", seq)).collect::<Result<_, _>>()?,
            changed: Changes::default(),
        })
    }
}

impl ChartRows {
    /// Writes the rows for a projection.
    pub(crate) async fn write(&self, tx: &mut OrgTx, projection: &str) -> Result<(), ProjectionError> {
        if !self.accounts.is_empty() {
            self.write_accounts(tx, projection).await?;
        }
        if !self.commodities.is_empty() {
            self.write_commodities(tx, projection).await?;
        }
        if !self.closing.is_empty() {
            sqlx::query(
                "INSERT INTO read.closing_entry AS c (org_id, projection, seq)
                 SELECT $1, $2, u.seq FROM unnest($3::bigint[]) AS u (seq) ON CONFLICT (org_id, projection, seq) DO NOTHING",
            )
            .bind(tx.org().0)
            .bind(projection)
            .bind(self.closing.iter().map(|seq| to_i64(*seq)).collect::<Vec<_>>())
            .execute(&mut **tx)
            .await
            .doing("remember the closing entries")?;
        }
        if !self.control.is_empty() {
            sqlx::query(
                "INSERT INTO read.control_account AS c (org_id, projection, account_no, side)
                 SELECT $1, $2, u.* FROM unnest($3::integer[], $4::text[]) AS u
                 ON CONFLICT (org_id, projection, account_no) DO UPDATE SET side = excluded.side",
            )
            .bind(tx.org().0)
            .bind(projection)
            .bind(self.control.iter().map(|(no, _)| account_i32(*no)).collect::<Vec<_>>())
            .bind(self.control.iter().map(|(_, side)| side.as_str()).collect::<Vec<_>>())
            .execute(&mut **tx)
            .await
            .doing("remember the control accounts")?;
        }
        Ok(())
    }

    async fn write_accounts(&self, tx: &mut OrgTx, projection: &str) -> Result<(), ProjectionError> {
        let rows = &self.accounts;
        sqlx::query(
            "INSERT INTO read.account AS a (org_id, projection, account_no, code, name, type, subtype, contra, summary, parent_no, status,
                                           activity)
             SELECT $1, $2, u.* FROM unnest($3::integer[], $4::text[], $5::text[], $6::text[], $7::text[], $8::boolean[],
                                            $9::boolean[], $10::integer[], $11::text[], $12::text[]) AS u
             ON CONFLICT (org_id, projection, account_no) DO UPDATE
                SET name = excluded.name, subtype = excluded.subtype, parent_no = excluded.parent_no, status = excluded.status,
                    activity = excluded.activity",
        )
        .bind(tx.org().0)
        .bind(projection)
        .bind(rows.iter().map(|row| account_i32(row.no)).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.code.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.kind.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.sub_type.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.contra).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.summary).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.parent.map(account_i32)).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.status.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.activity.map(Activity::as_str)).collect::<Vec<_>>())
        .execute(&mut **tx)
        .await
        .doing("write the chart of accounts")?;
        Ok(())
    }

    async fn write_commodities(&self, tx: &mut OrgTx, projection: &str) -> Result<(), ProjectionError> {
        let rows = &self.commodities;
        sqlx::query(
            "INSERT INTO read.commodity AS c (org_id, projection, commodity_no, code, name, scale, kind)
             SELECT $1, $2, u.* FROM unnest($3::integer[], $4::text[], $5::text[], $6::smallint[], $7::text[]) AS u
             ON CONFLICT (org_id, projection, commodity_no) DO NOTHING",
        )
        .bind(tx.org().0)
        .bind(projection)
        .bind(rows.iter().map(|row| i32::from(row.no.get())).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.code.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| i16::from(row.scale)).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| kind_word(row.kind)).collect::<Vec<_>>())
        .execute(&mut **tx)
        .await
        .doing("write the commodities")?;
        Ok(())
    }
}

#[derive(sqlx::FromRow)]
struct AccountRow {
    account_no: i32,
    code: String,
    name: String,
    #[sqlx(rename = "type")]
    kind: String,
    subtype: String,
    contra: bool,
    summary: bool,
    parent_no: Option<i32>,
    status: String,
    activity: Option<String>,
}

impl AccountRow {
    fn read(self, index: usize) -> Result<Account, ProjectionError> {
        Ok(Account {
            no: AccountNo::new(expect_no("account_no", self.account_no, index)?),
            code: Text::from(self.code),
            name: Text::from(self.name),
            kind: AccountType::parse(&self.kind).ok_or(ProjectionError::Damaged { what: "type of an account", found: self.kind })?,
            sub_type: SubType::parse(&self.subtype)
                .ok_or(ProjectionError::Damaged { what: "subtype of an account", found: self.subtype })?,
            contra: self.contra,
            summary: self.summary,
            parent: self.parent_no.and_then(|no| u32::try_from(no).ok()).map(AccountNo::new),
            status: parse_status(&self.status).ok_or(ProjectionError::Damaged { what: "status of an account", found: self.status })?,
            conditions: Vec::new(),
            activity: self.activity.map(read_activity).transpose()?,
        })
    }
}

fn read_commodity((no, code, name, scale, kind): (i32, String, String, i16, String), index: usize) -> Result<Commodity, ProjectionError> {
    let no = expect_no("commodity_no", no, index)?;
    Ok(Commodity {
        no: CommodityNo::new(u16::try_from(no).unwrap_or(u16::MAX)),
        code: Text::from(code),
        scale: u8::try_from(scale).map_err(|_| ProjectionError::Damaged { what: "scale of a commodity", found: scale.to_string() })?,
        kind: if kind == kind_word(CommodityKind::Iso4217) { CommodityKind::Iso4217 } else { CommodityKind::Custom },
        name: Text::from(name),
    })
}

fn read_activity(word: String) -> Result<Activity, ProjectionError> {
    Activity::parse(&word).ok_or(ProjectionError::Damaged { what: "activity of an account", found: word })
}

fn read_control((no, side): (i32, String)) -> Result<(AccountNo, Side), ProjectionError> {
    let no = u32::try_from(no).map_err(|_| ProjectionError::Damaged { what: "number of a control account", found: no.to_string() })?;
    let side = Side::parse(&side).ok_or(ProjectionError::Damaged { what: "side of a control account", found: side })?;
    Ok((AccountNo::new(no), side))
}

/// Numbers count from 1 without gaps: a missing row must not shift the others.
fn expect_no(what: &'static str, found: i32, index: usize) -> Result<u32, ProjectionError> {
    u32::try_from(found)
        .ok()
        .filter(|no| usize::try_from(*no).is_ok_and(|no| no == index + 1))
        .ok_or_else(|| ProjectionError::Damaged { what, found: format!("{found} where {} was due", index + 1) })
}

const fn kind_word(kind: CommodityKind) -> &'static str {
    match kind {
        CommodityKind::Iso4217 => "iso4217",
        CommodityKind::Custom => "custom",
    }
}

fn parse_status(word: &str) -> Option<AccountStatus> {
    [AccountStatus::Open, AccountStatus::Locked, AccountStatus::Closed].into_iter().find(|status| status.as_str() == word)
}

fn index(no: u32) -> Option<usize> {
    usize::try_from(no).ok()?.checked_sub(1)
}

/// An account's number as Postgres keeps it. Charts end at a million.
pub(crate) fn account_i32(no: AccountNo) -> i32 {
    i32::try_from(no.get()).unwrap_or(i32::MAX)
}
