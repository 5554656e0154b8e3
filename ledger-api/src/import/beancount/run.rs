//! The directives of a source, taking effect day by day into the sink.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use ledger_core::{DraftEntry, DraftLine, RateType, Text};

use super::Options;
use super::ast::{Balance, CommodityDirective, Directive, Fault, Kind, Parse, Pos, Txn};
use super::draft;
use super::files::SourceFile;
use super::inventory::Met;
use super::ledger::{Booking, Ledger, ScaleTable, methods};
use super::names::{AccountId, CurrencyId};
use super::pads::{self, Padding, Paddings};
use super::parse::Parsed;
use super::tolerance;
use super::watch::Watch;
use crate::import::source::{AccountDecl, CommodityDecl, Item, RateDecl, ReadError, Sink, SourceEntry, SourceNotes, Stop};

/// Hands everything to the sink. The directives of `parsed` are sorted.
pub(super) fn run(files: &[SourceFile], parsed: &Parsed<'_>, options: &Options, sink: &mut dyn Sink) -> Result<SourceNotes, ReadError> {
    declare_commodities(files, parsed, sink)?;
    let codes = (0..u32::try_from(parsed.names.currencies()).unwrap_or(u32::MAX)).map(|id| parsed.names.currency_name(CurrencyId(id)));
    let scales = ScaleTable(codes.map(|code| sink.scale_of(code)).collect());
    let methods = methods(parsed);
    let new_ledger = || Ledger::new(parsed, &scales, &methods);
    let has_pads = parsed.directives.iter().any(|directive| matches!(directive.kind, Kind::Pad { .. }));
    let paddings = if has_pads { pads::compute(new_ledger(), &parsed.directives) } else { Paddings::default() };
    let asserted = parsed.directives.iter().filter_map(|directive| match &directive.kind {
        Kind::Balance(balance) => Some(balance.account),
        _ => None,
    });
    let mut run = Run {
        files,
        options,
        sink,
        watch: Watch::new(&parsed.names, asserted),
        ledger: new_ledger(),
        paddings,
        rounding_account: parsed.settings.rounding_account(),
        notes: SourceNotes { counts: parsed.counts.clone(), ..SourceNotes::default() },
        prices: BTreeSet::new(),
    };
    for (number, directive) in parsed.directives.iter().enumerate() {
        run.take(number, directive)?;
    }
    Ok(run.notes)
}

/// Declares commodities before everything else: the digits of amounts depend on them.
fn declare_commodities(files: &[SourceFile], parsed: &Parsed<'_>, sink: &mut dyn Sink) -> Result<(), Stop> {
    let mut seen = BTreeSet::new();
    for directive in &parsed.commodities {
        let file = &files[directive.file as usize];
        let code = parsed.names.currency_name(directive.currency);
        let declared = if seen.insert(code) {
            commodity(directive, code, file)
        } else {
            Err(Fault::new(directive.pos, "this commodity is declared twice").found(code).remedy("remove one of the commodity directives"))
        };
        match declared {
            Ok(decl) => sink.item(Item::Commodity(decl))?,
            Err(fault) => sink.refuse(file.refusal(*fault, Some(file.excerpt(directive.pos.offset, directive.end))))?,
        }
    }
    Ok(())
}

fn commodity(directive: &CommodityDirective<'_>, code: &str, file: &SourceFile) -> Parse<CommodityDecl> {
    let meta = |key: &str| directive.meta.iter().find(|meta| meta.key == key);
    let scale = match meta("precision") {
        None => None,
        Some(meta) => {
            let value = meta.value.as_deref().unwrap_or_default();
            let digits = value.parse::<u8>().ok().filter(|digits| *digits <= ledger_core::limits::SCALE_MAX);
            Some(digits.ok_or_else(|| {
                Fault::new(meta.pos, format!("expected the digits after the point, 0 to {}", ledger_core::limits::SCALE_MAX)).found(value)
            })?)
        }
    };
    let name = meta("name").and_then(|meta| meta.value.as_deref()).map(Text::from);
    Ok(CommodityDecl { code: code.into(), scale, name, place: file.place(directive.pos) })
}

struct Run<'t, 'r> {
    files: &'r [SourceFile],
    options: &'r Options,
    sink: &'r mut dyn Sink,
    ledger: Ledger<'t>,
    watch: Watch,
    paddings: Paddings,
    rounding_account: String,
    notes: SourceNotes,
    /// Implicit prices given so far: day, commodity, quote, rate.
    prices: BTreeSet<(chrono::NaiveDate, CurrencyId, CurrencyId, Decimal)>,
}

impl<'t> Run<'t, '_> {
    fn take(&mut self, number: usize, directive: &'t Directive<'t>) -> Result<(), Stop> {
        let done = match &directive.kind {
            Kind::Open(open) => match self.ledger.open(open, directive) {
                Ok(()) => return self.declare(open.account, directive.file, directive.pos),
                Err(fault) => Err(fault),
            },
            Kind::Close(account) => self.ledger.close(*account, directive),
            Kind::Balance(balance) => self.balance(number, balance, directive),
            Kind::Txn(txn) => match self.ledger.post(directive, txn) {
                Ok(booking) => return self.entry(directive, txn, &booking),
                Err(fault) => Err(fault),
            },
            Kind::Pad { account, source } => return self.pad(number, *account, *source, directive),
            Kind::Price { base, rate, quote } => return self.price(directive, *base, *rate, *quote),
        };
        match done {
            Ok(()) => Ok(()),
            Err(fault) => self.refuse(directive, *fault),
        }
    }

    fn file(&self, directive: &Directive<'_>) -> &SourceFile {
        &self.files[directive.file as usize]
    }

    fn refuse(&mut self, directive: &Directive<'_>, fault: Fault) -> Result<(), Stop> {
        let file = self.file(directive);
        let error = file.refusal(fault, Some(file.excerpt(directive.pos.offset, directive.end)));
        self.sink.refuse(error)
    }

    fn count(&mut self, what: &str, times: u64) {
        if times > 0 {
            *self.notes.counts.entry(what.to_owned()).or_default() += times;
        }
    }

    fn name(&self, account: AccountId) -> &'t str {
        self.ledger.parsed.names.account_name(account)
    }

    fn currency(&self, currency: CurrencyId) -> &'t str {
        self.ledger.parsed.names.currency_name(currency)
    }

    fn declare(&mut self, account: AccountId, file: u32, pos: Pos) -> Result<(), Stop> {
        let code = self.name(account);
        let kind = self.ledger.parsed.settings.kind(code);
        let place = self.files[file as usize].place(pos);
        self.sink.item(Item::Account(AccountDecl { code: code.into(), kind, place, ..AccountDecl::default() }))
    }

    /// Declares accounts that the file uses without opening them.
    fn declare_automatic(&mut self, directive: &Directive<'_>) -> Result<(), Stop> {
        for account in std::mem::take(&mut self.ledger.opened) {
            self.count("accounts opened by the auto_accounts plugin", 1);
            self.declare(account, directive.file, directive.pos)?;
        }
        Ok(())
    }

    fn entry(&mut self, directive: &'t Directive<'t>, txn: &'t Txn<'t>, booking: &Booking<'t>) -> Result<(), Stop> {
        self.declare_automatic(directive)?;
        for posting in &booking.postings {
            if self.watch.add(posting.account, posting.currency, posting.units).is_none() {
                let fault = Fault::new(posting.pos, "the balance of this account becomes too large to keep exactly");
                return self.refuse(directive, *fault);
            }
        }
        if booking.postings.is_empty() {
            self.count("transactions without postings left out", 1);
            return Ok(());
        }
        let names = &self.ledger.parsed.names;
        let rounding = booking.rounded.then_some(self.rounding_account.as_str());
        let built = draft::build(directive.date, txn, &booking.postings, names, rounding);
        self.count("tags and metadata left out, over the limits of the ledger", built.left_out);
        self.count("entries with a line of rounding", u64::from(booking.rounded));
        self.count("amounts left out and computed to more digits than beancount would", u64::from(booking.finer));
        self.send(directive, built.draft, built.line_places)?;
        if self.ledger.parsed.settings.implicit_prices { self.implicit_prices(directive, booking) } else { Ok(()) }
    }

    fn send(&mut self, directive: &Directive<'_>, draft: DraftEntry, line_places: Vec<u32>) -> Result<(), Stop> {
        let file = self.file(directive);
        let text = self.options.keep_text.then(|| file.excerpt(directive.pos.offset, directive.end));
        let mut place = file.place(Pos { offset: 0, ..directive.pos });
        place.column = 1;
        self.sink.item(Item::Entry(Box::new(SourceEntry { draft, place, line_places, text })))
    }

    fn implicit_prices(&mut self, directive: &Directive<'_>, booking: &Booking<'t>) -> Result<(), Stop> {
        for (posting, met) in booking.postings.iter().zip(&booking.met) {
            let cost = posting.cost.as_ref().filter(|_| *met != Met::Reduced).map(|cost| (cost.number, cost.currency));
            let Some((rate, quote)) = posting.price.or(cost) else { continue };
            if self.prices.insert((directive.date, posting.currency, quote, rate)) {
                self.price(directive, posting.currency, rate, quote)?;
            }
        }
        Ok(())
    }

    fn price(&mut self, directive: &Directive<'_>, base: CurrencyId, rate: Decimal, quote: CurrencyId) -> Result<(), Stop> {
        if rate.is_zero() || rate.is_sign_negative() || base == quote {
            self.count("prices of zero, below zero or in the commodity itself left out", 1);
            return Ok(());
        }
        let place = self.file(directive).place(directive.pos);
        let (base, quote) = (self.currency(base).into(), self.currency(quote).into());
        self.sink.item(Item::Rate(RateDecl { date: directive.date, base, quote, rate, kind: RateType::Spot, source: None, place }))
    }

    fn balance(&mut self, number: usize, balance: &Balance, directive: &Directive<'_>) -> Parse<()> {
        self.ledger.check_known(balance.account, directive.date, directive.pos)?;
        self.ledger.check_currency(balance.account, balance.currency, balance.number_pos)?;
        if let Some(fault) = self.paddings.faults.remove(&number) {
            return Err(fault);
        }
        self.count("balance assertions checked", 1);
        let Some(watched) = self.watch.above(balance.account).last().copied() else { return Ok(()) };
        let held = self.watch.total(watched, balance.currency);
        let tolerance = tolerance::of_balance(balance.number, balance.tolerance, &self.ledger.parsed.settings);
        let difference = held.checked_sub(balance.number);
        if difference.is_some_and(|difference| difference.abs() <= tolerance) {
            return Ok(());
        }
        let code = self.currency(balance.currency);
        let by = difference.map_or_else(String::new, |difference| {
            let way = if difference.is_sign_negative() { "too little" } else { "too much" };
            format!(", {} {code} {way}", difference.abs())
        });
        let (name, date) = (self.name(balance.account), directive.date);
        Err(Fault::new(balance.number_pos, format!("{name} holds {held} {code} at the start of {date}{by}"))
            .found(format!("{} {code}", balance.number))
            .remedy("correct the balance or the transactions before it; a pad fills the difference"))
    }

    fn pad(&mut self, number: usize, account: AccountId, source: AccountId, directive: &'t Directive<'t>) -> Result<(), Stop> {
        let paddings = self.paddings.inserted.remove(&number).unwrap_or_default();
        if paddings.is_empty() {
            let fault = Fault::new(directive.pos, "this pad has nothing to fill before the next pad of its account")
                .found(self.name(account))
                .remedy("remove it, or add a balance after it");
            return self.refuse(directive, *fault);
        }
        for padding in paddings {
            match self.check_padding(&padding, [account, source], directive) {
                Ok(()) => self.send_padding(&padding, account, source, directive)?,
                Err(fault) => self.refuse(directive, *fault)?,
            }
        }
        Ok(())
    }

    fn check_padding(&mut self, padding: &Padding, accounts: [AccountId; 2], directive: &Directive<'_>) -> Parse<()> {
        for account in accounts {
            self.ledger.check_active(account, directive.date, directive.pos)?;
            self.ledger.check_currency(account, padding.currency, directive.pos)?;
        }
        self.ledger.check_precision(padding.difference, padding.currency, directive.pos)?;
        let large = || Fault::new(directive.pos, "the balance becomes too large to keep exactly");
        self.watch.add(accounts[0], padding.currency, padding.difference).ok_or_else(large)?;
        self.watch.add(accounts[1], padding.currency, -padding.difference).ok_or_else(large)
    }

    fn send_padding(&mut self, padding: &Padding, account: AccountId, source: AccountId, directive: &Directive<'_>) -> Result<(), Stop> {
        self.declare_automatic(directive)?;
        self.count("padding entries inserted", 1);
        let code = self.currency(padding.currency);
        let line = |account, amount| DraftLine::new(self.name(account), amount, code);
        let lines = vec![line(account, padding.difference), line(source, -padding.difference)];
        let text = format!("(Padding inserted for Balance of {} {code} for difference {} {code})", padding.expected, padding.difference);
        let mut draft = DraftEntry::new(directive.date, &text, lines);
        draft.tags = vec![("flag".into(), "P".into())];
        let line = directive.pos.line;
        self.send(directive, draft, vec![line, line])
    }
}
