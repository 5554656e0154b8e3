//! The grammar of transactions: strings, tags, links, metadata, postings, costs and prices.

use std::borrow::Cow;

use rust_decimal::Decimal;

use super::ast::{CostSpec, Fault, Incomplete, Meta, Parse, Part, Posting, Price, Txn};
use super::expr;
use super::parse::Parser;

impl<'a> Parser<'a, '_> {
    /// Reads a transaction from after its date, or from after `txn`.
    pub(super) fn transaction(&mut self, keyword: bool) -> Parse<Txn<'a>> {
        let flag = match self.cursor.flag() {
            _ if keyword => '*',
            Some(flag) => flag,
            None => return Err(self.cursor.unexpected("expected a flag such as * or !, or the name of a directive")),
        };
        let (payee, narration) = self.strings()?;
        let (mut tags, mut links) = (Vec::new(), Vec::new());
        self.tags_and_links(&mut tags, &mut links);
        self.cursor.line_end()?;
        let mut txn = Txn { flag, payee, narration, tags, links, meta: self.meta.clone(), postings: Vec::new() };
        let pushed = txn.meta.len();
        while self.body_line() {
            self.body(&mut txn, pushed)?;
        }
        for (tag, _) in &self.tags {
            if !txn.tags.contains(tag) {
                txn.tags.push(tag);
            }
        }
        txn.meta = effective(std::mem::take(&mut txn.meta));
        Ok(txn)
    }

    fn strings(&mut self) -> Parse<(Option<Cow<'a, str>>, Cow<'a, str>)> {
        let mut texts = Vec::new();
        loop {
            self.cursor.blanks();
            if self.cursor.eat(b'|') {
                continue;
            }
            if self.cursor.peek() != Some(b'"') {
                break;
            }
            if texts.len() == 2 {
                return Err(self.cursor.unexpected("a transaction has at most a payee and a narration; this is a third text"));
            }
            texts.push(self.cursor.string()?);
        }
        let narration = texts.pop().unwrap_or_default();
        Ok((texts.pop(), narration))
    }

    fn body(&mut self, txn: &mut Txn<'a>, pushed: usize) -> Parse<()> {
        let next = self.cursor.peek();
        if next.is_some_and(|byte| byte.is_ascii_lowercase()) {
            let meta = self.key_value()?;
            let (list, own) = match txn.postings.last_mut() {
                Some(posting) => (&mut posting.meta, 0),
                None => (&mut txn.meta, pushed),
            };
            if list[own..].iter().any(|other| other.key == meta.key) {
                return Err(Fault::new(meta.pos, "this metadata key stands here twice").found(format!("{}:", meta.key)));
            }
            list.push(meta);
            return self.cursor.line_end();
        }
        let mut ahead = self.cursor.clone();
        if ahead.tag(b'#').is_some() || ahead.tag(b'^').is_some() {
            if !txn.postings.is_empty() {
                return Err(self.cursor.unexpected("tags and links must stand before the first posting"));
            }
            self.tags_and_links(&mut txn.tags, &mut txn.links);
            return self.cursor.line_end();
        }
        let posting = self.posting()?;
        txn.postings.push(posting);
        Ok(())
    }

    fn posting(&mut self) -> Parse<Posting<'a>> {
        let pos = self.cursor.pos();
        let flag = if self.cursor.account_len() > 0 { None } else { self.cursor.flag() };
        let account = self.account()?;
        let mut posting = Posting { pos, flag, account, units: None, cost: None, price: None, meta: Vec::new() };
        if self.cursor.at_line_end() {
            self.cursor.line_end()?;
            return Ok(posting);
        }
        posting.units = Some(self.incomplete()?);
        self.cursor.blanks();
        if self.cursor.peek() == Some(b'{') {
            posting.cost = Some(Box::new(self.cost()?));
            self.cursor.blanks();
        }
        if self.cursor.eat(b'@') {
            let total = self.cursor.eat(b'@');
            let amount = self.incomplete()?;
            posting.price = Some(Box::new(Price { amount, total }));
        }
        self.cursor.line_end()?;
        check_price(&posting)?;
        Ok(posting)
    }

    /// An amount whose number or commodity may be left out.
    fn incomplete(&mut self) -> Parse<Incomplete> {
        self.cursor.blanks();
        let pos = self.cursor.pos();
        let number = if expr::at_number(&self.cursor) { Some(expr::number(&mut self.cursor)?) } else { None };
        self.cursor.blanks();
        let currency = self.cursor.currency().map(|name| self.out.names.currency(name));
        Ok(Incomplete { pos, number, currency })
    }

    fn cost(&mut self) -> Parse<CostSpec<'a>> {
        self.cursor.bump();
        let double = self.cursor.eat(b'{');
        let mut spec = CostSpec { per: Part::Missing, total: Part::Absent, currency: None, date: None, label: None };
        let mut priced = false;
        loop {
            self.cursor.blanks();
            match self.cursor.peek() {
                Some(b'}') => break,
                Some(b',') => {
                    self.cursor.bump();
                    continue;
                }
                _ => self.cost_part(&mut spec, &mut priced, double)?,
            }
            self.cursor.blanks();
            if !matches!(self.cursor.peek(), Some(b',' | b'}')) {
                return Err(self.cursor.unexpected("expected , or } in the cost"));
            }
        }
        self.cursor.bump();
        let closed = self.cursor.peek() == Some(b'}');
        if closed != double {
            let want = if double { "}}" } else { "}" };
            return Err(self.cursor.unexpected(format!("expected the cost to end with {want}")));
        }
        if double {
            self.cursor.bump();
        }
        Ok(spec)
    }

    fn cost_part(&mut self, spec: &mut CostSpec<'a>, priced: &mut bool, double: bool) -> Parse<()> {
        let twice = |pos, what: &str| Err(Fault::new(pos, format!("the cost names {what} twice")));
        let pos = self.cursor.pos();
        if self.cursor.at_date() {
            if spec.date.is_some() {
                return twice(pos, "a date");
            }
            spec.date = Some(self.cursor.date()?);
            return Ok(());
        }
        match self.cursor.peek() {
            Some(b'"') => {
                if spec.label.is_some() {
                    return twice(pos, "a label");
                }
                spec.label = Some(self.cursor.string()?);
                Ok(())
            }
            Some(b'*') => Err(self
                .cursor
                .unexpected("beancount does not book merged lots")
                .remedy("name the lots by cost, date or label, or sell and buy them again at their average cost")),
            _ => {
                if *priced {
                    return twice(pos, "an amount");
                }
                *priced = true;
                self.cost_amount(spec, double)
            }
        }
    }

    fn cost_amount(&mut self, spec: &mut CostSpec<'a>, double: bool) -> Parse<()> {
        let pos = self.cursor.pos();
        let first = if expr::at_number(&self.cursor) { Part::Given(expr::number(&mut self.cursor)?) } else { Part::Missing };
        self.cursor.blanks();
        spec.per = first;
        if self.cursor.eat(b'#') {
            if double {
                return Err(Fault::new(pos, "a total cost in {{ }} cannot have a cost per unit too").remedy("write it as {per # total}"));
            }
            self.cursor.blanks();
            spec.total = if expr::at_number(&self.cursor) { Part::Given(expr::number(&mut self.cursor)?) } else { Part::Missing };
            self.cursor.blanks();
            if self.cursor.currency_len() == 0 {
                return Err(self.cursor.unexpected("expected the commodity of the cost"));
            }
        } else if double {
            spec.total = first;
            spec.per = Part::Given(Decimal::ZERO);
        }
        spec.currency = self.cursor.currency().map(|name| self.out.names.currency(name));
        if spec.currency.is_none() && first == Part::Missing {
            return Err(self.cursor.unexpected("expected an amount, a date or a label in the cost"));
        }
        Ok(())
    }
}

fn check_price(posting: &Posting<'_>) -> Parse<()> {
    let Some(price) = posting.price.as_deref() else { return Ok(()) };
    let pos = price.amount.pos;
    if price.amount.number.is_some_and(|number| number.is_sign_negative() && !number.is_zero()) {
        return Err(Fault::new(pos, "a price cannot be negative").remedy("put the sign on the units"));
    }
    if price.total && posting.units.is_none_or(|units| units.number.is_none()) {
        return Err(Fault::new(pos, "a total price needs the number of units").remedy("write the units, or a price per unit with @"));
    }
    let cost_currency = posting.cost.as_ref().and_then(|cost| cost.currency);
    if let (Some(cost), Some(quote)) = (cost_currency, price.amount.currency)
        && cost != quote
    {
        return Err(Fault::new(pos, "the cost and the price of a posting must be in one commodity"));
    }
    Ok(())
}

/// The last value of each key: an entry's own metadata wins over pushed, later pushed over earlier.
fn effective(meta: Vec<Meta<'_>>) -> Vec<Meta<'_>> {
    let mut kept: Vec<Meta<'_>> = Vec::with_capacity(meta.len());
    for item in meta {
        match kept.iter_mut().find(|other| other.key == item.key) {
            Some(other) => *other = item,
            None => kept.push(item),
        }
    }
    kept
}
