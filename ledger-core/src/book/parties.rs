//! Decisions about parties and control accounts.

use rust_decimal::Decimal;

use super::recording::Currency;
use super::{Book, FUNCTIONAL, text};
use crate::account::AccountNo;
use crate::command::{ChangeParty, RegisterParty};
use crate::draft::AccountRef;
use crate::entry::Line;
use crate::event::Event;
use crate::limits::{PARTIES_MAX, REFERENCE_BYTES_MAX, TERMS_PARTS_MAX};
use crate::rejection::Rejection;
use crate::subledger::{Party, PartyNo, Side, Terms};
use crate::{Account, Text};

/// Largest share of a part of payment terms, so that shares of any scale can be compared.
const SHARE_MAX: Decimal = Decimal::from_parts(3_567_587_328, 232, 0, false, 0);
/// Digits after the point of a share.
const SHARE_SCALE_MAX: u32 = 12;

impl Book {
    pub(super) fn register(&self, register: &RegisterParty) -> Result<Vec<Event>, Rejection> {
        text::printable("party code", &register.code, REFERENCE_BYTES_MAX, 0)?;
        check_terms(&register.terms)?;
        text::tags(&register.tags, 0)?;
        let known = self.party_by_code(&register.code);
        let currency = self.party_currency(register.currency.as_ref())?;
        let party = Party {
            no: known.map_or_else(|| self.next_party(), |known| Ok(known.no))?,
            code: register.code.clone(),
            kind: register.kind,
            terms: register.terms.clone(),
            currency: currency.as_ref().map(|currency| currency.no),
            receivable: register.receivable.as_ref().map(|account| self.control_account(account, Side::Receivable)).transpose()?,
            payable: register.payable.as_ref().map(|account| self.control_account(account, Side::Payable)).transpose()?,
            tags: register.tags.clone(),
        };
        match known {
            None => {
                let defined = currency.and_then(|currency| currency.definition());
                Ok(defined.into_iter().chain([Event::PartyRegistered(Box::new(party))]).collect())
            }
            Some(known) if *known == party => Ok(Vec::new()),
            Some(_) => Err(Rejection::PartyDiffers { party: register.code.clone() }),
        }
    }

    pub(super) fn change_party(&self, change: &ChangeParty) -> Result<Vec<Event>, Rejection> {
        let known = self.find_party(&change.party, 0)?;
        let mut party = known.clone();
        if let Some(terms) = &change.terms {
            check_terms(terms)?;
            party.terms.clone_from(terms);
        }
        if let Some(tags) = &change.tags {
            text::tags(tags, 0)?;
            party.tags.clone_from(tags);
        }
        let mut defined = None;
        if let Some(currency) = &change.currency {
            let currency = self.party_currency(currency.as_ref())?;
            party.currency = currency.as_ref().map(|currency| currency.no);
            defined = currency.and_then(|currency| currency.definition());
        }
        let control = |account: &Option<AccountRef>, side| account.as_ref().map(|account| self.control_account(account, side)).transpose();
        if let Some(account) = &change.receivable {
            party.receivable = control(account, Side::Receivable)?;
        }
        if let Some(account) = &change.payable {
            party.payable = control(account, Side::Payable)?;
        }
        if party == *known {
            return Ok(Vec::new());
        }
        Ok(defined.into_iter().chain([Event::PartyChanged(Box::new(party))]).collect())
    }

    fn next_party(&self) -> Result<PartyNo, Rejection> {
        let count = self.sub.parties.len();
        if count >= PARTIES_MAX {
            return Err(Rejection::LimitExceeded { what: "parties", limit: PARTIES_MAX, found: count + 1, line: 0 });
        }
        Ok(PartyNo::new(u32::try_from(count + 1).unwrap_or(u32::MAX)))
    }

    pub(super) fn find_party(&self, code: &Text, line: usize) -> Result<&Party, Rejection> {
        self.party_by_code(code).ok_or_else(|| Rejection::PartyUnknown { party: code.clone(), line })
    }

    /// The currency of a party's documents. ISO codes are defined on first use.
    fn party_currency(&self, code: Option<&Text>) -> Result<Option<Currency>, Rejection> {
        code.map(|code| self.currency_for(Some(code), FUNCTIONAL)).transpose()
    }

    /// An account that is a control account of a side.
    pub(super) fn control_account(&self, account: &AccountRef, side: Side) -> Result<AccountNo, Rejection> {
        let account = self.find(account, 0)?;
        match self.control(account.no) {
            Some(found) if found == side => Ok(account.no),
            _ => Err(Rejection::ControlMissing { account: account.code.clone(), side: side.as_str() }),
        }
    }

    pub(super) fn designate(&self, account: &AccountRef, side: Side) -> Result<Vec<Event>, Rejection> {
        let account = self.find(account, 0)?;
        if account.summary {
            return Err(Rejection::AccountSummary { account: account.code.clone(), line: 0 });
        }
        match self.control(account.no) {
            Some(known) if known == side => return Ok(Vec::new()),
            Some(known) => return Err(Rejection::ControlDiffers { account: account.code.clone(), side: known.as_str() }),
            None => {}
        }
        if let Some(rest) = self.holdings(account.no).iter().find(|holding| holding.units != 0 || holding.functional != 0) {
            let currency = self.commodity(rest.currency).map(|commodity| commodity.code.clone()).unwrap_or_default();
            let balance = self.display(rest.units, rest.currency);
            return Err(Rejection::ControlHasBalance { account: account.code.clone(), balance, currency });
        }
        Ok(vec![Event::ControlAccountSet { no: account.no, side }])
    }

    /// Whether any of these accounts is a control account.
    pub(super) fn touches_control<'a>(&self, mut accounts: impl Iterator<Item = &'a AccountRef>) -> bool {
        !self.sub.control.is_empty() && accounts.any(|account| self.find(account, 0).is_ok_and(|found| self.control(found.no).is_some()))
    }

    /// Every line on a control account names a party and a document, and has an amount and a value on one side.
    pub(super) fn check_control(&self, lines: &[Line]) -> Result<(), Rejection> {
        if self.sub.control.is_empty() {
            return Ok(());
        }
        for (index, line) in lines.iter().enumerate() {
            if let Some(account) = self.account(line.account).filter(|account| self.control(account.no).is_some()) {
                self.check_control_line(account, line, index + 1)?;
            }
        }
        Ok(())
    }

    fn check_control_line(&self, account: &Account, line: &Line, no: usize) -> Result<(), Rejection> {
        let code = || account.code.clone();
        let detail = line.detail.as_deref();
        let Some(party) = detail.and_then(|detail| detail.party.as_ref()) else {
            return Err(Rejection::ControlNeedsParty { account: code(), line: no });
        };
        self.find_party(party, no)?;
        if detail.is_none_or(|detail| detail.document.is_none()) {
            return Err(Rejection::ControlNeedsDocument { account: code(), line: no });
        }
        let (units, functional) = (line.money.units(), line.functional.unwrap_or(0));
        let one_sided = functional == 0 || units.signum() == functional.signum();
        if one_sided { Ok(()) } else { Err(Rejection::ControlNeedsAmount { account: code(), line: no }) }
    }
}

pub(super) fn check_terms(terms: &Terms) -> Result<(), Rejection> {
    let found = terms.parts.len();
    if !(1..=TERMS_PARTS_MAX).contains(&found) {
        return Err(Rejection::LimitExceeded { what: "parts of payment terms", limit: TERMS_PARTS_MAX, found, line: 0 });
    }
    let valid = |share: Decimal| share > Decimal::ZERO && share < SHARE_MAX && share.scale() <= SHARE_SCALE_MAX;
    match terms.parts.iter().find(|part| !valid(part.share)) {
        Some(part) => Err(Rejection::TermsInvalid { share: part.share }),
        None => Ok(()),
    }
}
