//! The opening balances of a SAF-T file as one entry, on the day before its period. A control account's balance is
//! split over the customers or suppliers that make it up; what they leave is a line of its own. Balances that do not
//! sum to zero are not mended: the difference stands on an account of that name.

use chrono::NaiveDate;
use ledger_core::draft::DraftDetail;
use ledger_core::limits::ENTRY_LINES_MAX;
use ledger_core::{AccountType, DraftEntry, DraftLine, EntryKind, Text};
use rust_decimal::Decimal;

use super::names::{DIFFERENCE, OPENING_DOCUMENT};
use super::{AccountRoll, Rolls};
use crate::import::source::{AccountDecl, Place, SourceEntry};

/// The opening entry, and what its accounts sum to.
pub(super) struct Opening {
    pub(super) entry: SourceEntry,
    pub(super) difference: Decimal,
}

/// `None` where no account opens with a balance.
pub(super) fn entry(rolls: &Rolls, day: NaiveDate, currency: &Text, place: Place) -> Option<Opening> {
    let mut lines = Vec::new();
    let mut places = Vec::new();
    let parties = rolls.parties.iter().filter(|party| !party.opening.is_zero()).count();
    let split = rolls.accounts.len() + 2 * parties < ENTRY_LINES_MAX;
    for account in &rolls.accounts {
        let before = lines.len();
        if split {
            lines.extend(party_lines(rolls, account, currency));
        }
        let of_parties: Decimal = lines[before..].iter().map(|line: &DraftLine| line.amount).sum();
        let rest = account.opening - of_parties;
        if !rest.is_zero() {
            let mut line = DraftLine::new(account.account.as_str(), rest, currency);
            if lines.len() > before {
                let memo = Some("not in the sub-ledger".into());
                line.detail = Some(Box::new(DraftDetail { memo, ..DraftDetail::default() }));
            }
            lines.push(line);
        }
        places.resize(lines.len(), account.line);
    }
    let difference: Decimal = rolls.accounts.iter().map(|account| account.opening).sum();
    if !difference.is_zero() {
        lines.push(DraftLine::new(DIFFERENCE, -difference, currency));
        places.push(place.line);
    }
    if lines.is_empty() {
        return None;
    }
    let mut draft = DraftEntry::new(day, "Opening balances", lines);
    draft.kind = EntryKind::Opening;
    draft.external_id = Some(format!("saft:opening:{day}").as_str().into());
    Some(Opening { entry: SourceEntry { draft, place, line_places: places, text: None }, difference })
}

fn party_lines<'r>(rolls: &'r Rolls, account: &'r AccountRoll, currency: &'r Text) -> impl Iterator<Item = DraftLine> + 'r {
    let parties = rolls.parties_of(&account.account).filter(|party| !party.opening.is_zero());
    parties.map(move |party| {
        let mut line = DraftLine::new(account.account.as_str(), party.opening, currency);
        line.detail = Some(Box::new(DraftDetail {
            party: Some(rolls.party_code(party.kind, &party.id)),
            document: Some(OPENING_DOCUMENT.into()),
            ..DraftDetail::default()
        }));
        line
    })
}

/// The account of the difference.
pub(super) fn difference_account(place: Place) -> AccountDecl {
    AccountDecl {
        code: DIFFERENCE.into(),
        name: Some("Opening balances that do not sum to zero".into()),
        kind: Some(AccountType::Equity),
        place,
        ..AccountDecl::default()
    }
}
