//! A book and the tip of its stream as bytes: a cache of the fold, never a source. Dropping every snapshot
//! changes nothing but time, so its layout may change with its version; an unknown version is simply not used. A digest
//! at its end tells bytes that were damaged.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::agreed_state::{agreed, put_agreed};
use super::bytes::Reader;
use super::governed_state::{governed, put_governed};
use super::items::{put_subledgers, subledgers};
use super::wire::{self, AccountV1, CommodityV1, ConditionV1, DecimalV1};
use super::{CodecError, read_front, write};
use crate::account::AccountNo;
use crate::actor::Actor;
use crate::book::{Book, Holding};
use crate::chain::Tip;
use crate::commodity::CommodityNo;
use crate::merkle::{Frontier, Hash};
use crate::period::Month;
use crate::{Seq, Text, Timestamp};

/// Version of the snapshot's layout.
pub const VERSION: u16 = 9;

/// Bytes of one snapshot that a reader accepts.
const SNAPSHOT_BYTES_MAX: usize = 4 << 30;

/// Base, quote and type with the rate of each day.
type RatesV1 = (u16, u16, u8, Vec<(i32, DecimalV1)>);

/// An account with its status, conditions, activity and what it holds.
type KeptAccountV1<'a> = (AccountV1<'a>, u8, Vec<ConditionV1>, Option<u8>, Vec<HoldingV1>);

#[derive(Serialize)]
struct Out<'a> {
    tip: TipV1,
    name: &'a str,
    valuation: u8,
    actors: Vec<(u8, &'a str)>,
    commodities: Vec<CommodityV1<'a>>,
    accounts: Vec<KeptAccountV1<'a>>,
    rates: Vec<RatesV1>,
    periods: Vec<(i32, u8)>,
    reversed: &'a BTreeMap<Seq, Seq>,
}

#[derive(Deserialize)]
struct In<'a> {
    tip: TipV1,
    name: String,
    valuation: u8,
    actors: Vec<(u8, String)>,
    #[serde(borrow)]
    commodities: Vec<CommodityV1<'a>>,
    #[serde(borrow)]
    accounts: Vec<KeptAccountV1<'a>>,
    rates: Vec<RatesV1>,
    periods: Vec<(i32, u8)>,
    reversed: BTreeMap<Seq, Seq>,
}

#[derive(Serialize, Deserialize)]
struct TipV1 {
    org: [u8; 16],
    seq: Seq,
    hash: Hash,
    recorded_at: i64,
    peaks: Vec<Hash>,
}

#[derive(Serialize, Deserialize)]
struct HoldingV1 {
    currency: u16,
    units: i128,
    functional: i128,
}

/// The bytes of a book that stands at a tip.
///
/// # Errors
/// [`CodecError`] when book and tip are not at the same position.
pub fn encode(book: &Book, tip: &Tip) -> Result<Vec<u8>, CodecError> {
    if book.seq != tip.seq {
        return Err(CodecError::new(format!("the book is at seq {} and the tip at {}", book.seq, tip.seq)));
    }
    let accounts = book.accounts.iter().zip(&book.holdings).map(|(account, holdings)| {
        let conditions = account.conditions.iter().map(ConditionV1::from).collect();
        let holdings = holdings.iter().map(|h| HoldingV1 { currency: h.currency.get(), units: h.units, functional: h.functional });
        let activity = account.activity.map(wire::activity_no);
        (AccountV1::from(account), wire::account_status_no(account.status), conditions, activity, holdings.collect())
    });
    let rates = book.rates.iter().map(|((base, quote, kind), days)| {
        let days = days.iter().map(|(date, rate)| (wire::days(*date), wire::decimal_parts(*rate))).collect();
        (base.get(), quote.get(), wire::rate_type_no(*kind), days)
    });
    let out = Out {
        tip: TipV1 {
            org: tip.org.into_bytes(),
            seq: tip.seq,
            hash: tip.hash,
            recorded_at: tip.recorded_at.0,
            peaks: tip.tree.peaks().to_vec(),
        },
        name: &book.name,
        valuation: wire::valuation_no(book.valuation),
        actors: book.actors.iter().map(|actor| (wire::actor_kind_no(actor.kind), actor.identity.as_str())).collect(),
        commodities: book.commodities.iter().map(CommodityV1::from).collect(),
        accounts: accounts.collect(),
        rates: rates.collect(),
        periods: book.periods.iter().map(|(month, status)| (month.ordinal(), wire::period_status_no(*status))).collect(),
        reversed: &book.reversed,
    };
    let mut bytes = Vec::new();
    write(&mut bytes, &out)?;
    put_subledgers(&mut bytes, &book.sub);
    put_agreed(&mut bytes, &book.agreed);
    put_governed(&mut bytes, &book.governed);
    let digest = blake3::hash(&bytes);
    bytes.extend_from_slice(digest.as_bytes());
    Ok(bytes)
}

/// The book and tip in these bytes.
///
/// # Errors
/// [`CodecError`] when the bytes are not a snapshot of this version, or not those that were written.
pub fn decode(bytes: &[u8]) -> Result<(Book, Tip), CodecError> {
    let (bytes, digest) = bytes.split_last_chunk::<32>().ok_or_else(|| CodecError::new("the snapshot is cut off"))?;
    if blake3::hash(bytes).as_bytes() != digest {
        return Err(CodecError::new("the snapshot's bytes were changed: its digest differs"));
    }
    let (snapshot, rest) = read_front::<In<'_>, SNAPSHOT_BYTES_MAX>(bytes)?;
    let org = Uuid::from_bytes(snapshot.tip.org);
    let tree = Frontier::restore(snapshot.tip.seq, snapshot.tip.peaks).ok_or_else(|| CodecError::new("the tree does not fit the seq"))?;
    let recorded_at = Timestamp(snapshot.tip.recorded_at);
    let tip = Tip { org, seq: snapshot.tip.seq, hash: snapshot.tip.hash, recorded_at, tree };
    let mut from = Reader { rest };
    let mut book = Book::default();
    book.sub = subledgers(&mut from)?;
    book.agreed = agreed(&mut from)?;
    book.governed = governed(&mut from)?;
    if !from.rest.is_empty() {
        return Err(CodecError::new(format!("{} bytes are left over", from.rest.len())));
    }
    (book.seq, book.org) = (tip.seq, Some(org));
    (book.name, book.valuation, book.reversed) = (snapshot.name.into(), wire::valuation_of(snapshot.valuation)?, snapshot.reversed);
    for (kind, identity) in snapshot.actors {
        book.actors.push(Actor { kind: wire::actor_kind_of(kind)?, identity: Text::from(identity) });
    }
    book.index_actors();
    for commodity in snapshot.commodities {
        let commodity = commodity.upcast()?;
        check_place(commodity.no.index(), book.commodities.len())?;
        book.add_commodity(commodity);
    }
    for (account, status, conditions, activity, holdings) in snapshot.accounts {
        let mut account = account.upcast()?;
        account.status = wire::account_status_of(status)?;
        account.activity = activity.map(wire::activity_of).transpose()?;
        account.conditions = conditions.into_iter().map(ConditionV1::upcast).collect();
        let no: AccountNo = account.no;
        check_place(no.index(), book.accounts.len())?;
        book.add_account(account);
        if let Some(slot) = book.holdings.get_mut(no.index()) {
            slot.extend(holdings.into_iter().map(|h| Holding {
                currency: CommodityNo::new(h.currency),
                units: h.units,
                functional: h.functional,
            }));
        }
    }
    for (base, quote, kind, days) in snapshot.rates {
        let key = (CommodityNo::new(base), CommodityNo::new(quote), wire::rate_type_of(kind)?);
        let days = days.into_iter().map(|(day, rate)| Ok((wire::date(day)?, wire::decimal(rate)?)));
        book.rates.insert(key, days.collect::<Result<_, CodecError>>()?);
    }
    for (month, status) in snapshot.periods {
        book.periods.insert(Month::from_ordinal(month), wire::period_status_of(status)?);
    }
    Ok((book, tip))
}

/// Numbers are places in the order of definition.
pub(super) fn check_place(found: usize, expected: usize) -> Result<(), CodecError> {
    if found == expected { Ok(()) } else { Err(CodecError::new("the snapshot's numbers have gaps")) }
}
