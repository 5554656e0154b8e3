//! Decisions about commodities, accounts and rates.

use rust_decimal::Decimal;

use super::posting::units_or_refusal;
use super::{Book, commodity_kind, text};
use crate::Text;
use crate::account::{Account, AccountNo, AccountStatus, Activity, BalanceCondition};
use crate::command::{ChangeAccount, DefineCommodity, OpenAccount, RecordRate};
use crate::commodity::{Commodity, CommodityNo, default_scale, iso_scale};
use crate::draft::AccountRef;
use crate::event::Event;
use crate::limits::{ACCOUNT_CODE_BYTES_MAX, ACCOUNTS_MAX, COMMODITIES_MAX, COMMODITY_CODE_BYTES_MAX, DESCRIPTION_BYTES_MAX};
use crate::limits::{NAME_BYTES_MAX, REFERENCE_BYTES_MAX, SCALE_MAX};
use crate::money::Units;
use crate::rate::QuotedRate;
use crate::rejection::Rejection;

/// A commodity as it would be defined.
pub(super) fn commodity(no: CommodityNo, code: &str, scale: Option<u8>, name: &str) -> Result<Commodity, Rejection> {
    text::bounded("commodity code", code, COMMODITY_CODE_BYTES_MAX, 0)?;
    text::bounded("commodity name", name, NAME_BYTES_MAX, 0)?;
    let scale = scale.unwrap_or_else(|| default_scale(code));
    if scale > SCALE_MAX {
        return Err(Rejection::ScaleTooLarge { found: scale });
    }
    Ok(Commodity { no, code: code.into(), scale, kind: commodity_kind(iso_scale(code).is_some()), name: name.into() })
}

impl Book {
    pub(super) fn next_commodity(&self, already: usize) -> Result<CommodityNo, Rejection> {
        let count = self.commodities.len() + already;
        if count >= COMMODITIES_MAX {
            return Err(Rejection::LimitExceeded { what: "commodities", limit: COMMODITIES_MAX, found: count + 1, line: 0 });
        }
        Ok(CommodityNo::new(u16::try_from(count + 1).unwrap_or(u16::MAX)))
    }

    pub(super) fn next_account(&self, already: usize) -> Result<AccountNo, Rejection> {
        let count = self.accounts.len() + already;
        if count >= ACCOUNTS_MAX {
            return Err(Rejection::LimitExceeded { what: "accounts", limit: ACCOUNTS_MAX, found: count + 1, line: 0 });
        }
        Ok(AccountNo::new(u32::try_from(count + 1).unwrap_or(u32::MAX)))
    }

    pub(super) fn define_commodity(&self, define: &DefineCommodity) -> Result<Vec<Event>, Rejection> {
        match self.commodity_by_code(&define.code) {
            Some(known) => match define.scale {
                Some(found) if found != known.scale => {
                    Err(Rejection::CommodityDiffers { code: define.code.clone(), scale: known.scale, found })
                }
                _ => Ok(Vec::new()),
            },
            None => {
                let defined = commodity(self.next_commodity(0)?, &define.code, define.scale, &define.name)?;
                Ok(vec![Event::CommodityDefined(defined)])
            }
        }
    }

    pub(super) fn open_account(&self, open: &OpenAccount) -> Result<Vec<Event>, Rejection> {
        text::printable("account code", &open.code, ACCOUNT_CODE_BYTES_MAX, 0)?;
        text::bounded("account name", &open.name, NAME_BYTES_MAX, 0)?;
        let known = self.account_by_code(&open.code);
        let parent = open.parent.as_ref().map(|parent| self.find(parent, 0).map(|account| account.no)).transpose()?;
        let name = if open.name.is_empty() { open.code.clone() } else { open.name.clone() };
        let account = Account {
            no: known.map_or_else(|| self.next_account(0), |known| Ok(known.no))?,
            code: open.code.clone(),
            name,
            kind: open.kind,
            sub_type: open.sub_type,
            contra: open.contra,
            summary: open.summary,
            parent,
            status: AccountStatus::Open,
            conditions: Vec::new(),
            activity: None,
        };
        match known {
            None => Ok(vec![Event::AccountOpened(account)]),
            Some(known) if shape(known) == shape(&account) => Ok(Vec::new()),
            Some(known) => {
                let (expected, found) = (describe(known), describe(&account));
                Err(Rejection::AccountDiffers { account: open.code.clone(), expected, found })
            }
        }
    }

    pub(super) fn change_account(&self, change: &ChangeAccount) -> Result<Vec<Event>, Rejection> {
        let account = self.find(&change.account, 0)?;
        change.name.as_ref().map_or(Ok(()), |name| text::printable("account name", name, NAME_BYTES_MAX, 0))?;
        let name = change.name.clone().unwrap_or_else(|| account.name.clone());
        let sub_type = change.sub_type.unwrap_or(account.sub_type);
        let parent = match &change.parent {
            None => account.parent,
            Some(None) => None,
            Some(Some(parent)) => Some(self.parent_for(account, parent)?),
        };
        if (&name, sub_type, parent) == (&account.name, account.sub_type, account.parent) {
            return Ok(Vec::new());
        }
        Ok(vec![Event::AccountChanged { no: account.no, name, sub_type, parent }])
    }

    fn parent_for(&self, account: &Account, parent: &AccountRef) -> Result<AccountNo, Rejection> {
        let parent = self.find(parent, 0)?;
        let mut above = Some(parent.no);
        while let Some(no) = above {
            if no == account.no {
                return Err(Rejection::AccountCycle { account: account.code.clone() });
            }
            above = self.account(no).and_then(|account| account.parent);
        }
        Ok(parent.no)
    }

    pub(super) fn set_account_status(&self, account: &AccountRef, status: AccountStatus, reason: &Text) -> Result<Vec<Event>, Rejection> {
        let account = self.find(account, 0)?;
        text::bounded("reason", reason, DESCRIPTION_BYTES_MAX, 0)?;
        if account.status == status {
            return Err(Rejection::StatusUnchanged { account: account.code.clone(), status: status.as_str() });
        }
        if status == AccountStatus::Closed
            && let Some(rest) = self.holdings(account.no).iter().find(|holding| holding.units != 0 || holding.functional != 0)
        {
            let currency = self.commodity(rest.currency).map(|commodity| commodity.code.clone()).unwrap_or_default();
            let balance = self.display(rest.units, rest.currency);
            return Err(Rejection::AccountNotEmpty { account: account.code.clone(), balance, currency });
        }
        Ok(vec![Event::AccountStatusChanged { no: account.no, status, reason: reason.clone() }])
    }

    /// Whatever it was called before: a statement of any period reads what is said now.
    pub(super) fn set_account_activity(&self, account: &AccountRef, activity: Option<Activity>) -> Result<Vec<Event>, Rejection> {
        let account = self.find(account, 0)?;
        if account.activity == activity {
            return Ok(Vec::new());
        }
        Ok(vec![Event::AccountActivitySet { no: account.no, activity }])
    }

    pub(super) fn set_balance_condition(
        &self,
        account: &AccountRef,
        currency: &Text,
        min: Option<Decimal>,
        max: Option<Decimal>,
    ) -> Result<Vec<Event>, Rejection> {
        let account = self.find(account, 0)?;
        let unknown = || Rejection::CommodityUnknown { code: currency.clone(), line: 0 };
        let commodity = self.commodity_by_code(currency).ok_or_else(unknown)?;
        let bound = |bound: Option<Decimal>| bound.map(|bound| to_units(bound, commodity, 0)).transpose();
        let condition = BalanceCondition { currency: commodity.no, min: bound(min)?, max: bound(max)? };
        let held = self.holdings(account.no).iter().find(|holding| holding.currency == commodity.no).map_or(0, |holding| holding.units);
        self.check_condition(account, &condition, account.natural(held), 0)?;
        let bounded = condition.min.is_some() || condition.max.is_some();
        if account.conditions.contains(&condition) || (!bounded && !account.conditions.iter().any(|known| known.currency == commodity.no)) {
            return Ok(Vec::new());
        }
        let mut conditions: Vec<_> = account.conditions.iter().filter(|known| known.currency != commodity.no).copied().collect();
        conditions.extend(bounded.then_some(condition));
        Ok(vec![Event::AccountConditionsSet { no: account.no, conditions }])
    }

    /// Whether a natural balance stays within a condition.
    pub(super) fn check_condition(
        &self,
        account: &Account,
        condition: &BalanceCondition,
        balance: Units,
        line: usize,
    ) -> Result<(), Rejection> {
        let broken = |bound: Units, relation| Rejection::BalanceCondition {
            account: account.code.clone(),
            currency: self.commodity(condition.currency).map(|commodity| commodity.code.clone()).unwrap_or_default(),
            balance: self.display(balance, condition.currency),
            bound: self.display(bound, condition.currency),
            relation,
            line,
        };
        match (condition.min, condition.max) {
            (Some(min), _) if balance < min => Err(broken(min, "at least")),
            (_, Some(max)) if balance > max => Err(broken(max, "at most")),
            _ => Ok(()),
        }
    }

    /// Records a rate; commodities of ISO 4217 that were not met before are defined with it.
    pub(super) fn record_rate(&self, record: &RecordRate) -> Result<Vec<Event>, Rejection> {
        text::bounded("source", &record.source, REFERENCE_BYTES_MAX, 0)?;
        text::date(record.date, 0)?;
        if record.rate <= Decimal::ZERO || record.base == record.quote {
            return Err(Rejection::RateInvalid { rate: record.rate, line: 0 });
        }
        let mut events = Vec::new();
        let base = self.commodity_or_iso(&record.base, &mut events)?;
        let quote = self.commodity_or_iso(&record.quote, &mut events)?;
        let known = self.rates.get(&(base, quote, record.kind)).and_then(|days| days.get(&record.date));
        if known == Some(&record.rate) {
            return Ok(Vec::new());
        }
        let rate = QuotedRate { base, quote, kind: record.kind, date: record.date, rate: record.rate, source: record.source.clone() };
        events.push(Event::RateRecorded(rate));
        Ok(events)
    }

    fn commodity_or_iso(&self, code: &Text, events: &mut Vec<Event>) -> Result<CommodityNo, Rejection> {
        if let Some(known) = self.commodity_by_code(code) {
            return Ok(known.no);
        }
        if iso_scale(code).is_none() {
            return Err(Rejection::CommodityUnknown { code: code.clone(), line: 0 });
        }
        let defined = commodity(self.next_commodity(events.len())?, code, None, "")?;
        let no = defined.no;
        events.push(Event::CommodityDefined(defined));
        Ok(no)
    }
}

/// What an account is apart from its name, status and conditions.
type Shape = (crate::AccountType, crate::SubType, bool, bool, Option<AccountNo>);

const fn shape(account: &Account) -> Shape {
    (account.kind, account.sub_type, account.contra, account.summary, account.parent)
}

fn describe(account: &Account) -> Text {
    let contra = if account.contra { " contra" } else { "" };
    let summary = if account.summary { " summary" } else { "" };
    let parent = account.parent.map(|parent| format!(" under account #{}", parent.get())).unwrap_or_default();
    Text::from(format!("{}/{}{contra}{summary}{parent}", account.kind.as_str(), account.sub_type.as_str()))
}

/// Minor units of a decimal, or the refusal that names the line.
pub(super) fn to_units(amount: Decimal, commodity: &Commodity, line: usize) -> Result<Units, Rejection> {
    units_or_refusal(amount, &commodity.code, commodity.scale, line)
}
