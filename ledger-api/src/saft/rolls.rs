//! What a SAF-T file says about itself, and whether it adds up: accounts and parties from opening over movement to
//! closing, sub-ledgers against their accounts, and the control totals.

use std::collections::BTreeMap;

use ledger_core::Text;
use ledger_core::money::units_of;
use rust_decimal::Decimal;

use super::entry::Read;
use crate::import::source::{SideTotals, Totals};
use crate::xml::Element;

/// Digits of an amount before and after the point at most.
const WHOLE_DIGITS_MAX: usize = 14;
const FRACTION_DIGITS_MAX: usize = 6;
/// Differences of one sort that are told one by one.
const TOLD_MAX: usize = 50;

/// An account from opening to closing; debit positive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountRoll {
    /// Its id.
    pub account: Text,
    /// Stated opening balance; 0 where none is.
    pub opening: Decimal,
    /// Debits minus credits of the file's transactions.
    pub movement: Decimal,
    /// Stated closing balance, where one is.
    pub closing: Option<Decimal>,
    /// Where it stands.
    pub line: u32,
}

impl AccountRoll {
    /// Opening plus movement.
    #[must_use]
    pub fn computed(&self) -> Decimal {
        self.opening + self.movement
    }

    /// Whether that is the stated closing balance, or none is stated.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.closing.is_none_or(|closing| closing == self.computed())
    }
}

/// Which list a party stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartyKind {
    /// `<Customers>`.
    Customer,
    /// `<Suppliers>`.
    Supplier,
}

impl PartyKind {
    /// The word in messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Supplier => "supplier",
        }
    }

    /// What it is to the organization.
    pub(super) const fn in_books(self) -> ledger_core::subledger::PartyKind {
        match self {
            Self::Customer => ledger_core::subledger::PartyKind::Customer,
            Self::Supplier => ledger_core::subledger::PartyKind::Vendor,
        }
    }

    /// The element that holds its id, in the list and on lines.
    #[must_use]
    pub const fn id_element(self) -> &'static str {
        match self {
            Self::Customer => "CustomerID",
            Self::Supplier => "SupplierID",
        }
    }
}

/// A customer or supplier on one account, from opening to closing; debit positive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartyRoll {
    /// Which list.
    pub kind: PartyKind,
    /// Its id.
    pub id: Text,
    /// The account that its balances are part of.
    pub account: Text,
    /// Stated opening balance; 0 where none is.
    pub opening: Decimal,
    /// Debits minus credits of lines that name it.
    pub movement: Decimal,
    /// Stated closing balance, where one is.
    pub closing: Option<Decimal>,
    /// Where it stands.
    pub line: u32,
}

impl PartyRoll {
    /// Opening plus movement.
    #[must_use]
    pub fn computed(&self) -> Decimal {
        self.opening + self.movement
    }
}

/// A total in the head of the entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ControlTotal {
    /// Transactions.
    NumberOfEntries,
    /// Sum of debits.
    TotalDebit,
    /// Sum of credits.
    TotalCredit,
}

impl ControlTotal {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::NumberOfEntries, Self::TotalDebit, Self::TotalCredit];

    /// The element's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NumberOfEntries => "NumberOfEntries",
            Self::TotalDebit => "TotalDebit",
            Self::TotalCredit => "TotalCredit",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|total| total.as_str() == name)
    }
}

/// Everything that a file states and what its transactions make of it.
#[derive(Clone, Debug, Default)]
pub struct Rolls {
    /// Accounts in the order of the file.
    pub accounts: Vec<AccountRoll>,
    /// Parties in the order of the file, then those that only lines name.
    pub parties: Vec<PartyRoll>,
    /// Control totals as the file states them.
    pub stated: BTreeMap<ControlTotal, Decimal>,
    /// Transactions read.
    pub entries: u64,
    /// Their lines.
    pub lines: u64,
    /// Sum of debits.
    pub debit: Decimal,
    /// Sum of credits.
    pub credit: Decimal,
    dates: Option<(chrono::NaiveDate, chrono::NaiveDate)>,
    account_at: BTreeMap<Text, usize>,
    party_at: BTreeMap<(PartyKind, Text, Text), usize>,
    of_account: BTreeMap<Text, Vec<usize>>,
}

/// A balance that is broken: its line, what was expected, what was found.
type Broken = (u32, String, String);

/// An amount in the file's currency: as [`number`], within the digits of which any number of lines sums exactly.
pub(super) fn amount(text: &str) -> Option<Decimal> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole = whole.trim_start_matches(['-', '+']).trim_start_matches('0');
    if whole.len() > WHOLE_DIGITS_MAX || fraction.len() > FRACTION_DIGITS_MAX { None } else { number(text) }
}

/// A number of the format: a sign, digits, a point; every digit is kept.
pub(super) fn number(text: &str) -> Option<Decimal> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.'));
    plain.then(|| Decimal::from_str_exact(text).ok()).flatten()
}

/// Stated opening (0 where none) and closing of an account or party, debit positive.
pub(super) fn balances(element: &Element) -> Result<(Decimal, Option<Decimal>), Broken> {
    let side = |name: &str| match element.child(name) {
        None => Ok(None),
        Some(found) => match amount(&found.text) {
            Some(amount) => Ok(Some(amount)),
            None => Err((found.line, format!("<{name}>: expected an amount such as 1250.00"), found.text.to_string())),
        },
    };
    let net = |debit: Option<Decimal>, credit: Option<Decimal>| match (debit, credit) {
        (None, None) => None,
        (debit, credit) => Some(debit.unwrap_or_default() - credit.unwrap_or_default()),
    };
    let opening = net(side("OpeningDebitBalance")?, side("OpeningCreditBalance")?);
    let closing = net(side("ClosingDebitBalance")?, side("ClosingCreditBalance")?);
    Ok((opening.unwrap_or_default(), closing))
}

impl Rolls {
    /// `false` when the account is there already.
    pub(super) fn add_account(&mut self, roll: AccountRoll) -> bool {
        let at = self.accounts.len();
        let new = self.account_at.insert(roll.account.clone(), at).is_none();
        if new {
            self.accounts.push(roll);
        }
        new
    }

    pub(super) fn add_party(&mut self, roll: PartyRoll) {
        let key = (roll.kind, roll.id.clone(), roll.account.clone());
        match self.party_at.get(&key) {
            Some(at) => {
                let known = &mut self.parties[*at];
                known.opening += roll.opening;
                known.closing = known.closing.zip(roll.closing).map(|(a, b)| a + b).or(known.closing).or(roll.closing);
            }
            None => {
                self.of_account.entry(roll.account.clone()).or_default().push(self.parties.len());
                self.party_at.insert(key, self.parties.len());
                self.parties.push(roll);
            }
        }
    }

    /// The party's code in the books: its id, told apart by its list where both lists have the same one.
    pub(super) fn party_code(&self, kind: PartyKind, id: &Text) -> Text {
        let listed = |kind| {
            let from = (kind, id.clone(), Text::default());
            self.party_at.range(from..).next().is_some_and(|((of, other, _), _)| (*of, other) == (kind, id))
        };
        if listed(PartyKind::Customer) && listed(PartyKind::Supplier) {
            format!("{}:{id}", kind.as_str()).as_str().into()
        } else {
            id.clone()
        }
    }

    /// Parties whose balances are part of an account.
    pub(super) fn parties_of<'r>(&'r self, account: &'r Text) -> impl Iterator<Item = &'r PartyRoll> {
        self.of_account.get(account).into_iter().flatten().map(|at| &self.parties[*at])
    }

    /// Adds a transaction's lines to everything that they move.
    pub(super) fn add(&mut self, read: &Read) {
        self.entries += 1;
        let day = read.entry.draft.effective_date;
        self.dates = Some(self.dates.map_or((day, day), |(first, last)| (first.min(day), last.max(day))));
        for line in &read.lines {
            self.lines += 1;
            self.debit += line.debit;
            self.credit += line.credit;
            let movement = line.debit - line.credit;
            match self.account_at.get(&line.account) {
                Some(at) => self.accounts[*at].movement += movement,
                None => {
                    self.add_account(AccountRoll { account: line.account.clone(), movement, line: line.line, ..AccountRoll::default() });
                }
            }
            if let Some((kind, id)) = &line.party {
                let key = (*kind, id.clone(), line.account.clone());
                match self.party_at.get(&key) {
                    Some(at) => self.parties[*at].movement += movement,
                    None => self.add_party(PartyRoll {
                        kind: *kind,
                        id: id.clone(),
                        account: line.account.clone(),
                        opening: Decimal::ZERO,
                        movement,
                        closing: None,
                        line: line.line,
                    }),
                }
            }
        }
    }

    pub(super) fn totals(&self, currency: &Text) -> Totals {
        let scale = u8::try_from(self.debit.scale().max(self.credit.scale())).unwrap_or(u8::MAX);
        let units = |amount: Decimal| units_of(amount, scale).unwrap_or_default();
        let sides = SideTotals { scale, debit: units(self.debit), credit: units(self.credit) };
        Totals {
            entries: self.entries,
            lines: self.lines,
            first_date: self.dates.map(|(first, _)| first),
            last_date: self.dates.map(|(_, last)| last),
            currencies: std::iter::once((currency.clone(), sides)).collect(),
        }
    }

    /// What the transactions give for a control total.
    #[must_use]
    pub fn computed(&self, total: ControlTotal) -> Decimal {
        match total {
            ControlTotal::NumberOfEntries => self.entries.into(),
            ControlTotal::TotalDebit => self.debit,
            ControlTotal::TotalCredit => self.credit,
        }
    }

    /// Accounts that have a sub-ledger: account, opening and closing of its parties in sum.
    #[must_use]
    pub fn sub_ledgers(&self) -> Vec<(Text, Decimal, Decimal)> {
        let named = self.of_account.keys().filter(|account| !account.is_empty());
        let sums = named.map(|account| {
            let parties = || self.parties_of(account);
            (account.clone(), parties().map(|party| party.opening).sum(), parties().map(PartyRoll::computed).sum())
        });
        sums.collect()
    }

    /// Sentences about everything that was checked, and each thing that does not tie out.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        for total in ControlTotal::ALL {
            let found = self.computed(total);
            remarks.push(match self.stated.get(&total) {
                None => format!("{} is not stated; the file has {found}", total.as_str()),
                Some(stated) if *stated == found => format!("{} {stated} agrees", total.as_str()),
                Some(stated) => format!("{} is stated as {stated}, but the file has {found}", total.as_str()),
            });
        }
        let agree = self.accounts.iter().filter(|account| account.agrees()).count();
        remarks.push(format!("{agree} of {} accounts close as the file states", self.accounts.len()));
        told(
            &mut remarks,
            self.accounts.iter().filter(|account| !account.agrees()).map(|account| {
                closing("account", &account.account, (account.opening, account.movement, account.computed()), account.closing)
            }),
        );
        let differs = |party: &&PartyRoll| party.closing.is_some_and(|closing| closing != party.computed());
        told(
            &mut remarks,
            self.parties
                .iter()
                .filter(differs)
                .map(|party| closing(party.kind.as_str(), &party.id, (party.opening, party.movement, party.computed()), party.closing)),
        );
        let sides = self.sub_ledgers().into_iter().filter_map(|(account, opening, closing)| {
            let at = self.accounts.get(*self.account_at.get(&account)?)?;
            let differs = at.opening != opening || at.computed() != closing;
            differs.then(|| {
                format!(
                    "the sub-ledger of account {account} opens with {opening} and closes with {closing}, the account itself with {} and {}",
                    at.opening,
                    at.computed()
                )
            })
        });
        told(&mut remarks, sides);
        remarks
    }
}

fn closing(what: &str, id: &str, (opening, movement, computed): (Decimal, Decimal, Decimal), stated: Option<Decimal>) -> String {
    let stated = stated.unwrap_or_default();
    let by = stated - computed;
    format!(
        "{what} {id} opens with {opening}, moves by {movement} and so closes with {computed}, but the file states {stated} (off by {by})"
    )
}

fn told(remarks: &mut Vec<String>, all: impl Iterator<Item = String>) {
    let all: Vec<String> = all.collect();
    let more = all.len().saturating_sub(TOLD_MAX);
    remarks.extend(all.into_iter().take(TOLD_MAX));
    if more > 0 {
        remarks.push(format!("and {more} more like this"));
    }
}
