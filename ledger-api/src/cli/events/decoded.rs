//! Events as JSON: numbers resolved to codes, amounts as decimals in strings, nothing that is not there.

use ledger_core::event::Recorded;
use ledger_core::{
    Account, AccountNo, Actor, ActorNo, BalancedEntry, Book, Commodity, CommodityKind, CommodityNo, Event, Line, LineDetail, QuotedRate,
    Seq, Text, Units,
};
use serde_json::{Map, Value, json};

use super::super::moment::show_time;
use super::super::output::plain;

/// Knows the names behind the numbers.
pub(crate) struct Decoder<'a> {
    pub(super) book: &'a Book,
}

impl<'a> Decoder<'a> {
    pub(crate) fn new(book: &'a Book) -> Self {
        Self { book }
    }

    /// An event: its envelope, its type, and what happened.
    pub(super) fn event(&self, recorded: &Recorded) -> Map<String, Value> {
        let mut map = Map::new();
        map.insert("seq".into(), json!(recorded.seq));
        map.insert("id".into(), json!(recorded.id.to_string()));
        map.insert("recorded_at".into(), json!(show_time(recorded.recorded_at)));
        map.insert("actor".into(), self.actor(recorded.actor));
        put(&mut map, "correlation", recorded.correlation.map(|id| json!(id.to_string())));
        put(&mut map, "causation", recorded.causation.map(|seq| json!(seq)));
        map.insert("type".into(), json!(recorded.event.type_name()));
        let body = self.body(&recorded.event);
        map.extend(body.as_object().cloned().unwrap_or_default());
        map
    }

    /// An event without its envelope.
    pub(super) fn described(&self, seq: Option<Seq>, event: &Event) -> Value {
        let mut map = Map::new();
        put(&mut map, "seq", seq.map(|seq| json!(seq)));
        map.insert("type".into(), json!(event.type_name()));
        map.extend(self.body(event).as_object().cloned().unwrap_or_default());
        Value::Object(map)
    }

    /// What happened, without type and envelope.
    pub(crate) fn body(&self, event: &Event) -> Value {
        match event {
            Event::OrganizationCreated { org, name, functional, valuation } => json!({
                "org": org.to_string(), "name": name.as_str(), "functional_currency": self.code(*functional), "valuation": valuation.as_str(),
            }),
            Event::ActorRegistered { actor, .. } => json!({ "registered": actor_json(actor) }),
            Event::CommodityDefined(commodity) => commodity_json(commodity),
            Event::AccountOpened(account) => self.account_json(account),
            Event::AccountChanged { no, name, sub_type, parent } => json!({
                "account": self.account(*no), "name": name.as_str(), "sub_type": sub_type.as_str(),
                "parent": parent.map(|parent| self.account(parent)),
            }),
            Event::AccountStatusChanged { no, status, reason } => {
                json!({ "account": self.account(*no), "status": status.as_str(), "reason": reason.as_str() })
            }
            Event::AccountConditionsSet { no, conditions } => {
                let conditions: Vec<Value> = conditions
                    .iter()
                    .map(|bound| {
                        let amount = |units: Option<Units>| units.map(|units| self.amount(units, bound.currency));
                        json!({ "currency": self.code(bound.currency), "min": amount(bound.min), "max": amount(bound.max) })
                    })
                    .collect();
                json!({ "account": self.account(*no), "conditions": conditions })
            }
            Event::AccountActivitySet { no, activity } => {
                json!({ "account": self.account(*no), "activity": activity.map(ledger_core::Activity::as_str) })
            }
            Event::RateRecorded(rate) => self.rate_json(rate),
            Event::EntryPosted(entry) => self.entry_json(entry, None),
            Event::EntryReversed { reason, entry } => self.entry_json(entry, Some(reason)),
            Event::PeriodClosed { month, status, reason } => {
                json!({ "month": month.to_string(), "status": status.as_str(), "reason": reason.as_str() })
            }
            Event::PeriodReopened { month, reason } => json!({ "month": month.to_string(), "reason": reason.as_str() }),
            of_a_sub_ledger => self.subledger(of_a_sub_ledger),
        }
    }

    fn account_json(&self, account: &Account) -> Value {
        json!({
            "account": account.code.as_str(), "name": account.name.as_str(), "account_type": account.kind.as_str(),
            "sub_type": account.sub_type.as_str(), "contra": account.contra, "summary": account.summary,
            "parent": account.parent.map(|parent| self.account(parent)),
        })
    }

    fn rate_json(&self, rate: &QuotedRate) -> Value {
        json!({
            "base": self.code(rate.base), "quote": self.code(rate.quote), "rate": rate.rate.to_string(),
            "rate_type": rate.kind.as_str(), "date": rate.date, "source": rate.source.as_str(),
        })
    }

    pub(super) fn entry_json(&self, entry: &BalancedEntry, reason: Option<&Text>) -> Value {
        let header = entry.header();
        let mut map = Map::new();
        map.insert("date".into(), json!(header.effective_date));
        map.insert("kind".into(), json!(header.kind.as_str()));
        map.insert("description".into(), json!(header.description.as_str()));
        put(&mut map, "external_id", header.external_id.as_ref().map(|id| json!(id.as_str())));
        put(&mut map, "reverses", header.reverses.map(|seq| json!(seq)));
        put(&mut map, "corrects", header.corrects.map(|seq| json!(seq)));
        put(&mut map, "reason", reason.map(|reason| json!(reason.as_str())));
        put(&mut map, "tags", tags_json(&header.tags));
        map.insert("lines".into(), entry.lines().iter().map(|line| self.line_json(line)).collect());
        Value::Object(map)
    }

    fn line_json(&self, line: &Line) -> Value {
        let mut map = Map::new();
        map.insert("account".into(), json!(self.account(line.account)));
        map.insert("amount".into(), json!(self.amount(line.money.units(), line.money.currency())));
        map.insert("currency".into(), json!(self.code(line.money.currency())));
        let functional = self.book.commodities().first().map_or(0, |commodity| commodity.scale);
        map.insert("functional".into(), json!(line.functional.map(|units| plain(units, functional))));
        if let Some(detail) = &line.detail {
            self.detail(&mut map, detail);
        }
        Value::Object(map)
    }

    fn detail(&self, map: &mut Map<String, Value>, detail: &LineDetail) {
        let text = |text: &Option<Text>| text.as_ref().map(|text| json!(text.as_str()));
        put(map, "party", text(&detail.party));
        put(map, "document", text(&detail.document));
        put(map, "due_date", detail.due_date.map(|date| json!(date)));
        put(map, "tax_code", text(&detail.tax_code));
        put(map, "memo", text(&detail.memo));
        let weight = detail.weight.map(|weight| {
            let currency = weight.currency();
            json!({ "amount": self.amount(weight.units(), currency), "currency": self.code(currency) })
        });
        put(map, "weight", weight);
        let rate = detail.rate.as_ref().map(|rate| {
            json!({
                "rate": rate.rate.to_string(), "quote": self.code(rate.quote), "type": rate.kind.as_str(), "date": rate.date,
                "source": rate.source.as_str(),
            })
        });
        put(map, "rate", rate);
        put(map, "tags", tags_json(&detail.tags));
    }

    pub(super) fn account(&self, no: AccountNo) -> String {
        self.book.account(no).map_or_else(|| format!("#{}", no.get()), |account| account.code.to_string())
    }

    pub(super) fn code(&self, no: CommodityNo) -> String {
        self.book.commodity(no).map_or_else(|| format!("#{}", no.get()), |commodity| commodity.code.to_string())
    }

    pub(super) fn amount(&self, units: Units, currency: CommodityNo) -> String {
        plain(units, self.book.commodity(currency).map_or(0, |commodity| commodity.scale))
    }

    fn actor(&self, no: ActorNo) -> Value {
        let index = usize::try_from(no.0).ok().and_then(|no| no.checked_sub(1));
        index.and_then(|index| self.book.actors().get(index)).map_or_else(|| json!({ "no": no.0 }), actor_json)
    }
}

fn actor_json(actor: &Actor) -> Value {
    json!({ "kind": actor.kind.as_str(), "identity": actor.identity.as_str() })
}

fn commodity_json(commodity: &Commodity) -> Value {
    let kind = match commodity.kind {
        CommodityKind::Iso4217 => "iso4217",
        CommodityKind::Custom => "custom",
    };
    json!({ "commodity": commodity.code.as_str(), "scale": commodity.scale, "kind": kind, "name": commodity.name.as_str() })
}

/// Pairs, not an object: a tag may stand more than once, and their order is history.
pub(super) fn tags_json(tags: &[(Text, Text)]) -> Option<Value> {
    (!tags.is_empty()).then(|| tags.iter().map(|(key, value)| json!([key.as_str(), value.as_str()])).collect())
}

pub(super) fn put(map: &mut Map<String, Value>, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        map.insert(key.to_owned(), value);
    }
}
