//! SAF-T Financial out of the books: header, accounts and parties from opening to closing, the journal of a period with
//! its control totals. Amounts are in the functional currency; a foreign line has its own amount beside it.
//!
//! Parties are written by their codes: names and addresses are no part of the books. Accounts are given the standard
//! account of the same number where the chart follows it, else one of the same type.

use std::collections::BTreeMap;
use std::io::Write;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use ledger_core::{Account, AccountNo, AccountType, SubType};
use ledger_projections::reports::{Journal, JournalLine, JournalRoll, JournalTotals};
use rust_decimal::Decimal;

use super::PartyKind;
use super::accounts::{standard_for, type_of};
use super::names::{TAX_AMOUNT, TAX_BASE};

/// Lines that are fetched at once.
const PAGE: usize = 5_000;
/// Characters of a description that the format has room for.
const DESCRIPTION_MAX: usize = 256;

/// Whose books they are.
#[derive(Clone, Debug)]
pub struct Company {
    /// Its name.
    pub name: String,
    /// Its id; the books know the slug.
    pub id: String,
    /// Code of the functional currency.
    pub currency: String,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// There are lines that the format has no place for.
    #[error("{0} lines have no value in {1}; SAF-T states every amount in it")]
    Unvalued(i64, String),
    /// The read models.
    #[error(transparent)]
    Projection(#[from] ledger_projections::ProjectionError),
    /// The file.
    #[error("the file cannot be written: {0}")]
    Io(#[from] std::io::Error),
}

/// Writes the journal's period to `to`, and answers what was written.
///
/// # Errors
/// [`ExportError`]; what was written by then is not a whole file.
pub async fn write(
    journal: &mut Journal,
    company: &Company,
    now: DateTime<Utc>,
    to: impl Write + Send,
) -> Result<JournalTotals, ExportError> {
    let totals = journal.totals().await?;
    if totals.unvalued > 0 {
        return Err(ExportError::Unvalued(totals.unvalued, company.currency.clone()));
    }
    let rolls = journal.rolls().await?;
    let taxes = journal.tax_codes().await?;
    let mut out = Out { to, depth: 0 };
    out.line("<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    out.line("<AuditFile xmlns=\"urn:StandardAuditFile-Taxation-Financial:NO\">")?;
    out.depth = 1;
    header(&mut out, company, journal.period(), now)?;
    out.open("MasterFiles")?;
    accounts(&mut out, journal, &rolls)?;
    parties(&mut out, journal, &rolls)?;
    tax_table(&mut out, &taxes)?;
    out.close("MasterFiles")?;
    out.open("GeneralLedgerEntries")?;
    out.leaf("NumberOfEntries", &totals.entries.to_string())?;
    out.leaf("TotalDebit", &totals.debit.to_string())?;
    out.leaf("TotalCredit", &totals.credit.to_string())?;
    entries(&mut out, journal, company).await?;
    out.close("GeneralLedgerEntries")?;
    out.close("AuditFile")?;
    out.to.flush()?;
    Ok(totals)
}

fn header<W: Write>(out: &mut Out<W>, company: &Company, (from, to): (NaiveDate, NaiveDate), now: DateTime<Utc>) -> std::io::Result<()> {
    out.open("Header")?;
    out.leaf("AuditFileVersion", "1.30")?;
    out.leaf("AuditFileCountry", "NO")?;
    out.leaf("AuditFileDateCreated", &now.date_naive().to_string())?;
    out.leaf("SoftwareCompanyName", "ledgerd")?;
    out.leaf("SoftwareID", "ledgerd")?;
    out.leaf("SoftwareVersion", env!("CARGO_PKG_VERSION"))?;
    out.open("Company")?;
    out.leaf("RegistrationNumber", &company.id)?;
    out.leaf("Name", &company.name)?;
    out.close("Company")?;
    out.leaf("DefaultCurrencyCode", &company.currency)?;
    out.open("SelectionCriteria")?;
    out.leaf("SelectionStartDate", &from.to_string())?;
    out.leaf("SelectionEndDate", &to.to_string())?;
    out.close("SelectionCriteria")?;
    out.leaf("TaxAccountingBasis", "A")?;
    out.close("Header")
}

/// Two elements of a balance, named after its side.
fn balances<W: Write>(out: &mut Out<W>, opening: Decimal, closing: Decimal) -> std::io::Result<()> {
    for (when, amount) in [("Opening", opening), ("Closing", closing)] {
        let side = if amount.is_sign_negative() && !amount.is_zero() { "Credit" } else { "Debit" };
        out.leaf(&format!("{when}{side}Balance"), &amount.abs().to_string())?;
    }
    Ok(())
}

fn accounts<W: Write>(out: &mut Out<W>, journal: &Journal, rolls: &[JournalRoll]) -> std::io::Result<()> {
    let mut sums: BTreeMap<AccountNo, (Decimal, Decimal)> = BTreeMap::new();
    for roll in rolls {
        let (opening, closing) = sums.entry(roll.account_no).or_default();
        *opening += roll.opening;
        *closing += roll.opening + roll.movement;
    }
    out.open("GeneralLedgerAccounts")?;
    for account in journal.chart().accounts().iter().filter(|account| !account.summary) {
        let (opening, closing) = sums.get(&account.no).copied().unwrap_or_default();
        out.open("Account")?;
        out.leaf("AccountID", &account.code)?;
        out.leaf("AccountDescription", if account.name.is_empty() { &account.code } else { &account.name })?;
        out.leaf("GroupingCategory", "NS4102")?;
        out.leaf("GroupingCode", &standard(account))?;
        out.leaf("AccountType", "GL")?;
        balances(out, opening, closing)?;
        out.close("Account")?;
    }
    out.close("GeneralLedgerAccounts")
}

/// The standard account by the account's own number where that says the same type, else one of its type.
fn standard(account: &Account) -> String {
    let own = type_of(&account.code, None).is_some_and(|(kind, _)| kind == account.kind);
    if own { account.code[..2].to_owned() } else { standard_for(account.kind, account.sub_type).to_owned() }
}

/// Which list a party on an account belongs to.
fn kind_of(account: &Account) -> PartyKind {
    match (account.sub_type, account.kind) {
        (SubType::Receivable, _) => PartyKind::Customer,
        (SubType::Payable, _) | (_, AccountType::Liability | AccountType::Expense) => PartyKind::Supplier,
        _ => PartyKind::Customer,
    }
}

fn parties<W: Write>(out: &mut Out<W>, journal: &Journal, rolls: &[JournalRoll]) -> std::io::Result<()> {
    let mut lists: BTreeMap<(PartyKind, &str), Vec<(&Account, &JournalRoll)>> = BTreeMap::new();
    for roll in rolls {
        if let (Some(party), Some(account)) = (&roll.party, journal.chart().account(roll.account_no)) {
            lists.entry((kind_of(account), party)).or_default().push((account, roll));
        }
    }
    for (kind, list, item) in [(PartyKind::Customer, "Customers", "Customer"), (PartyKind::Supplier, "Suppliers", "Supplier")] {
        let mut begun = false;
        for ((_, party), rolls) in lists.iter().filter(|((of, _), _)| *of == kind) {
            if !std::mem::replace(&mut begun, true) {
                out.open(list)?;
            }
            out.open(item)?;
            out.leaf("Name", party)?;
            out.leaf(kind.id_element(), party)?;
            for (account, roll) in rolls {
                out.open("BalanceAccount")?;
                out.leaf("AccountID", &account.code)?;
                balances(out, roll.opening, roll.opening + roll.movement)?;
                out.close("BalanceAccount")?;
            }
            out.close(item)?;
        }
        if begun {
            out.close(list)?;
        }
    }
    Ok(())
}

fn tax_table<W: Write>(out: &mut Out<W>, codes: &[String]) -> std::io::Result<()> {
    if codes.is_empty() {
        return Ok(());
    }
    out.open("TaxTable")?;
    for code in codes {
        out.open("TaxTableEntry")?;
        out.leaf("TaxType", "MVA")?;
        out.leaf("Description", "Merverdiavgift")?;
        out.open("TaxCodeDetails")?;
        out.leaf("TaxCode", code)?;
        out.leaf("Country", "NO")?;
        out.leaf("StandardTaxCode", code)?;
        out.leaf("BaseRate", "100")?;
        out.close("TaxCodeDetails")?;
        out.close("TaxTableEntry")?;
    }
    out.close("TaxTable")
}

async fn entries<W: Write + Send>(out: &mut Out<W>, journal: &mut Journal, company: &Company) -> Result<(), ExportError> {
    let mut open = None;
    loop {
        let page = journal.next(PAGE).await?;
        if page.is_empty() {
            break;
        }
        for line in &page {
            if open.is_none() {
                out.open("Journal")?;
                out.leaf("JournalID", "GL")?;
                out.leaf("Description", "General ledger")?;
                out.leaf("Type", "GL")?;
            }
            if open != Some(line.seq) {
                if open.is_some() {
                    out.close("Transaction")?;
                }
                open = Some(line.seq);
                transaction(out, line)?;
            }
            if let Some(account) = journal.chart().account(line.account_no) {
                journal_line(out, line, account, company)?;
            }
        }
    }
    if open.is_some() {
        out.close("Transaction")?;
        out.close("Journal")?;
    }
    Ok(())
}

fn transaction<W: Write>(out: &mut Out<W>, line: &JournalLine) -> std::io::Result<()> {
    out.open("Transaction")?;
    out.leaf("TransactionID", &line.seq.to_string())?;
    out.leaf("Period", &line.effective_date.month().to_string())?;
    out.leaf("PeriodYear", &line.effective_date.year().to_string())?;
    out.leaf("TransactionDate", &line.effective_date.to_string())?;
    out.leaf("Description", shortened(&line.description))?;
    if let Some(recorded) = DateTime::from_timestamp_micros(line.recorded_at.0) {
        out.leaf("SystemEntryDate", &recorded.date_naive().to_string())?;
    }
    out.leaf("GLPostingDate", &line.effective_date.to_string())
}

fn journal_line<W: Write>(out: &mut Out<W>, line: &JournalLine, account: &Account, company: &Company) -> std::io::Result<()> {
    let tag = |name: &str| line.tags.as_ref().and_then(|tags| tags.get(name)).and_then(|value| value.as_str());
    out.open("Line")?;
    out.leaf("RecordID", &line.line_no.to_string())?;
    out.leaf("AccountID", &account.code)?;
    out.leaf("ValueDate", &line.effective_date.to_string())?;
    if let Some(party) = &line.party {
        out.leaf(kind_of(account).id_element(), party)?;
    }
    out.leaf("Description", shortened(line.memo.as_deref().unwrap_or(&line.description)))?;
    let sign = if line.functional.is_zero() { line.amount } else { line.functional };
    let side = if sign.is_sign_negative() { "CreditAmount" } else { "DebitAmount" };
    out.open(side)?;
    out.leaf("Amount", &line.functional.abs().to_string())?;
    if line.currency != company.currency {
        out.leaf("CurrencyCode", &line.currency)?;
        out.leaf("CurrencyAmount", &line.amount.abs().to_string())?;
    }
    out.close(side)?;
    if let Some(code) = &line.tax_code {
        out.open("TaxInformation")?;
        out.leaf("TaxType", "MVA")?;
        out.leaf("TaxCode", code)?;
        if let Some(base) = tag(TAX_BASE) {
            out.leaf("TaxBase", base)?;
        }
        if let Some(tax) = tag(TAX_AMOUNT) {
            let element = if side == "CreditAmount" { "CreditTaxAmount" } else { "DebitTaxAmount" };
            out.open(element)?;
            out.leaf("Amount", tax)?;
            out.close(element)?;
        }
        out.close("TaxInformation")?;
    }
    if let Some(document) = &line.document {
        out.leaf("ReferenceNumber", document)?;
    }
    if let Some(due) = line.due_date {
        out.leaf("DueDate", &due.to_string())?;
    }
    out.close("Line")
}

fn shortened(text: &str) -> &str {
    text.char_indices().nth(DESCRIPTION_MAX).map_or(text, |(at, _)| &text[..at])
}

/// Elements, one to a line.
struct Out<W> {
    to: W,
    depth: usize,
}

impl<W: Write> Out<W> {
    fn line(&mut self, text: &str) -> std::io::Result<()> {
        writeln!(self.to, "{:width$}{text}", "", width = self.depth)
    }

    fn open(&mut self, name: &str) -> std::io::Result<()> {
        self.line(&format!("<{name}>"))?;
        self.depth += 1;
        Ok(())
    }

    fn close(&mut self, name: &str) -> std::io::Result<()> {
        self.depth = self.depth.saturating_sub(1);
        self.line(&format!("</{name}>"))
    }

    fn leaf(&mut self, name: &str, text: &str) -> std::io::Result<()> {
        // XML has no place for control characters, not even as numbers.
        let clean: String = text.chars().map(|c| if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') { ' ' } else { c }).collect();
        let text = quick_xml::escape::escape(clean.as_str());
        self.line(&format!("<{name}>{text}</{name}>"))
    }
}
