//! Whom the company trades with: made-up names, each with a currency of its own.

use ledger_core::subledger::PartyKind;

use super::dice::Dice;
use super::entry::Currency;

/// A customer or supplier.
#[derive(Clone, Debug)]
pub(super) struct Party {
    /// What the books call it.
    pub(super) code: String,
    /// What it calls itself; no part of its documents.
    pub(super) name: String,
    pub(super) currency: Currency,
    /// Where it is, as a tag.
    pub(super) region: &'static str,
    /// Buys for its own use and pays sales tax.
    pub(super) taxed: bool,
}

/// Customers and suppliers, the biggest first.
#[derive(Clone, Debug)]
pub(super) struct People {
    pub(super) customers: Vec<Party>,
    pub(super) suppliers: Vec<Party>,
}

/// Who serves the company and is paid for it; their place is their code.
const SERVICES: [&str; 17] = [
    "Meridian Health",
    "Brightside Agency",
    "Valley Power and Water",
    "Boxwright",
    "Alba & Crane LLP",
    "Handy Brothers",
    "Ledgerworks",
    "Longline Telecom",
    "Lift & Stack",
    "Route Motors",
    "Rackspace Partners",
    "Fairgrounds Chicago",
    "Dockside Properties",
    "Guardian Mutual",
    "Interline Freight",
    "Parcel Partners",
    "Transocean Forwarding",
];
/// Who sells for the company and earns commission.
const SELLERS: [&str; 2] = ["Maple Agency", "Harbour Agents Ltd"];

/// The code of somebody who serves the company.
pub(super) fn service(name: &str) -> String {
    SERVICES.iter().position(|known| *known == name).map_or_else(|| name.to_owned(), |place| format!("V-{:02}", place + 1))
}

const AMERICAN: [&str; 24] = [
    "Alder Creek",
    "Bayside",
    "Blue Mesa",
    "Cedar Falls",
    "Copper Hill",
    "Dry Fork",
    "Eastport",
    "Fairmount",
    "Granite State",
    "Harbor View",
    "Iron Bridge",
    "Juniper",
    "Kettle River",
    "Lakeland",
    "Mill Pond",
    "Northgate",
    "Oak Park",
    "Pine Ridge",
    "Quarry Road",
    "Red Barn",
    "Silver Lake",
    "Timber Line",
    "Union Street",
    "Westfield",
];
const EUROPEAN: [&str; 12] = [
    "Brandt & Kern",
    "Delacroix",
    "Eisenhofer",
    "Fontana",
    "Grönlund",
    "Hoekstra",
    "Lindqvist",
    "Marchetti",
    "Núñez",
    "O'Rourke",
    "Pfeiffer",
    "Vandamme",
];
const BRITISH: [&str; 8] = ["Ashdown", "Birchall", "Cartwright", "Dunmore", "Ellery", "Fenwick", "Hargreaves", "Thistlewood"];
const BUYERS: [&str; 5] = ["Hardware", "Builders", "Supply", "Home Center", "Contractors"];
const MAKERS: [&str; 4] = ["Manufacturing", "Tool Works", "Industries", "Products"];

impl People {
    pub(super) fn new() -> Self {
        let customers = crowd("C", &BUYERS, [100, 32, 20]);
        let suppliers = crowd("S", &MAKERS, [30, 12, 8]);
        Self { customers, suppliers }
    }

    /// Everybody, as the books are to know them.
    pub(super) fn contacts(&self) -> Vec<Contact> {
        let contact = |party: &Party, kind| Contact {
            code: party.code.clone(),
            name: party.name.clone(),
            kind,
            currency: party.currency,
            days: if party.currency == Currency::Usd { 30 } else { 45 },
        };
        let plain = |code: String, name: &str, kind| Contact { code, name: name.to_owned(), kind, currency: Currency::Usd, days: 14 };
        let customers = self.customers.iter().map(|party| contact(party, PartyKind::Customer));
        let suppliers = self.suppliers.iter().map(|party| contact(party, PartyKind::Vendor));
        let services = SERVICES.iter().map(|name| plain(service(name), name, PartyKind::Vendor));
        let sellers = SELLERS.iter().zip(1..).map(|(name, no)| plain(format!("A-{no:02}"), name, PartyKind::Payee));
        customers.chain(suppliers).chain(services).chain(sellers).collect()
    }
}

/// A customer, vendor or payee as the books are to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Its code.
    pub code: String,
    /// Its name, which is kept beside history.
    pub name: String,
    /// What it is to the company.
    pub kind: PartyKind,
    /// The currency of its documents.
    pub currency: Currency,
    /// Days until these fall due.
    pub days: u16,
}

/// So many from each region, mixed.
fn crowd(letter: &str, trades: &[&str], counts: [usize; 3]) -> Vec<Party> {
    let regions: [(&[&str], Currency, &str, &str); 3] =
        [(&AMERICAN, Currency::Usd, "US", "Inc."), (&EUROPEAN, Currency::Eur, "EU", "GmbH"), (&BRITISH, Currency::Gbp, "UK", "Ltd")];
    let mut parties = Vec::new();
    for ((names, currency, region, form), count) in regions.into_iter().zip(counts) {
        for number in 0..count {
            let (name, trade) = (names[number % names.len()], trades[number / names.len() % trades.len()]);
            let taxed = currency == Currency::Usd && number % 4 == 3;
            parties.push(Party { code: String::new(), name: format!("{name} {trade} {form}"), currency, region, taxed });
        }
    }
    // Their order is who is big; the same for every seed.
    let mut dice = Dice::new(11);
    for last in (1..parties.len()).rev() {
        parties.swap(last, dice.index(last + 1));
    }
    for (party, no) in parties.iter_mut().zip(1..) {
        party.code = format!("{letter}-{no:03}");
    }
    parties
}

/// One of them; the first come more often than the last.
pub(super) fn pick<'a>(parties: &'a [Party], dice: &mut Dice) -> &'a Party {
    let (one, other) = (dice.index(parties.len()), dice.index(parties.len()));
    &parties[one.min(other)]
}

/// One with a currency.
pub(super) fn pick_in<'a>(parties: &'a [Party], currency: Currency, dice: &mut Dice) -> &'a Party {
    loop {
        let party = pick(parties, dice);
        if party.currency == currency {
            return party;
        }
    }
}
