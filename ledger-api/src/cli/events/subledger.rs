//! The events of the sub-ledgers as JSON.

use ledger_core::subledger::{Document, DocumentLine, Revaluation, Revalued, RevaluedTarget, TaxRow, Terms};
use ledger_core::{Allocation, BalancedEntry, CommodityNo, Event, ItemId, Money, Party, PartyNo};
use serde_json::{Map, Value, json};

use super::decoded::{Decoder, put, tags_json};

impl Decoder<'_> {
    /// What happened in a sub-ledger; nothing for any other event.
    pub(super) fn subledger(&self, event: &Event) -> Value {
        match event {
            Event::PartyRegistered(party) | Event::PartyChanged(party) => self.party_json(party),
            Event::ControlAccountSet { no, side } => json!({ "account": self.account(*no), "side": side.as_str() }),
            Event::DocumentRecorded { document, entry } => self.with_entry(self.document_json(document), entry.as_ref()),
            Event::ItemsAllocated { allocation, entry } => self.with_entry(self.allocation_json(allocation), entry.as_ref()),
            Event::AllocationReversed { allocation, date, reason, entry } => {
                self.with_entry(json!({ "allocation": allocation, "date": date, "reason": reason.as_str() }), entry.as_ref())
            }
            Event::ItemsRevalued { revaluation, entry } => self.with_entry(self.revaluation_json(revaluation), Some(entry)),
            Event::RevaluationReversed { revaluation, entry } => self.with_entry(json!({ "revaluation": revaluation }), Some(entry)),
            other => self.agreed(other),
        }
    }

    pub(super) fn with_entry(&self, mut value: Value, entry: Option<&BalancedEntry>) -> Value {
        if let (Some(map), Some(entry)) = (value.as_object_mut(), entry) {
            map.insert("entry".into(), self.entry_json(entry, None));
        }
        value
    }

    pub(super) fn party(&self, no: PartyNo) -> String {
        self.book.party(no).map_or_else(|| format!("#{}", no.get()), |party| party.code.to_string())
    }

    fn money(&self, money: Money) -> Value {
        json!({ "amount": self.amount(money.units(), money.currency()), "currency": self.code(money.currency()) })
    }

    pub(super) fn functional(&self, units: ledger_core::Units) -> String {
        self.amount(units, CommodityNo::new(1))
    }

    fn party_json(&self, party: &Party) -> Value {
        let mut map = Map::new();
        map.insert("party".into(), json!(party.code.as_str()));
        map.insert("kind".into(), json!(party.kind.as_str()));
        map.insert("terms".into(), Self::terms_json(&party.terms));
        put(&mut map, "currency", party.currency.map(|currency| json!(self.code(currency))));
        put(&mut map, "receivable", party.receivable.map(|no| json!(self.account(no))));
        put(&mut map, "payable", party.payable.map(|no| json!(self.account(no))));
        put(&mut map, "tags", tags_json(&party.tags));
        Value::Object(map)
    }

    fn document_json(&self, document: &Document) -> Value {
        let text = |text: &ledger_core::Text| json!(text.as_str());
        let amount = |units| self.amount(units, document.currency);
        let mut map = Map::new();
        map.insert("document".into(), text(&document.number));
        map.insert("kind".into(), json!(document.kind.as_str()));
        map.insert("side".into(), json!(document.side.as_str()));
        map.insert("series".into(), text(&document.series));
        put(&mut map, "ordinal", document.ordinal.map(|ordinal| json!(ordinal)));
        map.insert("party".into(), json!(self.party(document.party)));
        map.insert("date".into(), json!(document.date));
        map.insert("currency".into(), json!(self.code(document.currency)));
        map.insert("total".into(), json!(amount(document.total)));
        put(&mut map, "reference", document.reference.as_ref().map(text));
        put(&mut map, "order", document.order.map(|seq| json!(seq)));
        put(&mut map, "relates_to", document.relates_to.map(|seq| json!(seq)));
        map.insert("lines".into(), document.lines.iter().map(|line| self.document_line(line, document.currency)).collect());
        map.insert("tax".into(), document.tax.iter().map(|row| self.tax_row(row, document.currency)).collect());
        map.insert("tax_rounding".into(), json!(document.tax_rounding.as_str()));
        map.insert("tax_included".into(), json!(document.tax_included));
        let instalments = document.instalments.iter().map(|part| json!({ "due": part.due, "amount": amount(part.amount) }));
        map.insert("instalments".into(), instalments.collect());
        put(&mut map, "cash_account", document.cash_account.map(|no| json!(self.account(no))));
        map.insert("memo".into(), text(&document.memo));
        put(&mut map, "tags", tags_json(&document.tags));
        let attachments = document.attachments.iter().map(|attachment| {
            let hash = attachment.hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            json!({ "hash": hash, "media_type": attachment.media_type.as_str(), "name": attachment.name.as_str() })
        });
        map.insert("attachments".into(), attachments.collect());
        let origin = document.origin.as_ref();
        let confidence = |origin: &ledger_core::subledger::Origin| origin.confidence.map(|confidence| confidence.to_string());
        put(&mut map, "origin", origin.map(|origin| json!({ "channel": origin.channel.as_str(), "confidence": confidence(origin) })));
        let asked = document.invoice_terms.as_deref().map(|asked| {
            let terms = asked.terms.as_ref().map(Self::terms_json);
            json!({ "terms": terms, "due": asked.due, "control": asked.control.map(|no| self.account(no)) })
        });
        put(&mut map, "invoice_terms", asked);
        Value::Object(map)
    }

    fn terms_json(terms: &Terms) -> Value {
        let part = |part: &ledger_core::subledger::TermsPart| json!({ "share": part.share.to_string(), "days": part.days });
        terms.parts.iter().map(part).collect()
    }

    fn document_line(&self, line: &DocumentLine, currency: CommodityNo) -> Value {
        let mut map = Map::new();
        map.insert("description".into(), json!(line.description.as_str()));
        map.insert("quantity".into(), json!(line.quantity.to_string()));
        map.insert("unit_price".into(), json!(line.unit_price.to_string()));
        map.insert("net".into(), json!(self.amount(line.net, currency)));
        map.insert("account".into(), json!(self.account(line.account)));
        put(&mut map, "tax_code", line.tax_code.as_ref().map(|code| json!(code.as_str())));
        put(&mut map, "tags", tags_json(&line.tags));
        let deferral = line.deferral.as_ref().map(|terms| {
            json!({ "start": terms.start, "end": terms.end, "method": terms.method.as_str(), "account": self.account(terms.account) })
        });
        put(&mut map, "deferral", deferral);
        Value::Object(map)
    }

    fn tax_row(&self, row: &TaxRow, currency: CommodityNo) -> Value {
        json!({
            "line": row.line, "code": row.code.as_str(), "component": row.component.as_str(), "box": row.report_box.as_str(),
            "rate": row.rate.to_string(), "base": self.amount(row.base, currency), "tax": self.amount(row.tax, currency),
            "recoverable": self.amount(row.recoverable, currency), "account": self.account(row.account),
            "reverse_charge": row.reverse_charge,
        })
    }

    fn item(&self, id: ItemId) -> Value {
        let named = self.book.item(id).map(|item| (self.party(item.party), item.document.to_string()));
        json!({
            "seq": id.seq, "line": id.line, "party": named.as_ref().map(|(party, _)| party), "document": named.as_ref().map(|(_, no)| no),
        })
    }

    fn allocation_json(&self, allocation: &Allocation) -> Value {
        json!({
            "date": allocation.date, "from": self.item(allocation.from), "to": self.item(allocation.to),
            "taken": self.money(allocation.taken), "settled": self.money(allocation.settled),
            "functional_from": self.functional(allocation.functional_from), "functional_to": self.functional(allocation.functional_to),
            "realised": self.functional(allocation.realised),
        })
    }

    fn revaluation_json(&self, revaluation: &Revaluation) -> Value {
        let rate = |(currency, rate): &(CommodityNo, rust_decimal::Decimal)| json!([self.code(*currency), rate.to_string()]);
        json!({
            "date": revaluation.date, "rates": revaluation.rates.iter().map(rate).collect::<Value>(),
            "revalued": revaluation.revalued.iter().map(|revalued| self.revalued(revalued)).collect::<Value>(),
        })
    }

    fn revalued(&self, revalued: &Revalued) -> Value {
        let mut map = Map::new();
        match revalued.target {
            RevaluedTarget::Item(id) => map.insert("item".into(), self.item(id)),
            RevaluedTarget::Holding(no) => map.insert("account".into(), json!(self.account(no))),
        };
        map.insert("open".into(), self.money(revalued.money));
        map.insert("carried".into(), json!(self.functional(revalued.carried)));
        map.insert("adjustment".into(), json!(self.functional(revalued.adjustment)));
        Value::Object(map)
    }
}
