//! Whom the company trades with: made-up names, each with a currency of its own.

use super::dice::Dice;
use super::entry::Currency;

/// A customer or supplier.
#[derive(Clone, Debug)]
pub(super) struct Party {
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
        let customers = crowd(&BUYERS, [100, 32, 20]);
        let suppliers = crowd(&MAKERS, [30, 12, 8]);
        Self { customers, suppliers }
    }
}

/// So many from each region, mixed.
fn crowd(trades: &[&str], counts: [usize; 3]) -> Vec<Party> {
    let regions: [(&[&str], Currency, &str, &str); 3] =
        [(&AMERICAN, Currency::Usd, "US", "Inc."), (&EUROPEAN, Currency::Eur, "EU", "GmbH"), (&BRITISH, Currency::Gbp, "UK", "Ltd")];
    let mut parties = Vec::new();
    for ((names, currency, region, form), count) in regions.into_iter().zip(counts) {
        for number in 0..count {
            let (name, trade) = (names[number % names.len()], trades[number / names.len() % trades.len()]);
            let taxed = currency == Currency::Usd && number % 4 == 3;
            parties.push(Party { name: format!("{name} {trade} {form}"), currency, region, taxed });
        }
    }
    // Their order is who is big; the same for every seed.
    let mut dice = Dice::new(11);
    for last in (1..parties.len()).rev() {
        parties.swap(last, dice.index(last + 1));
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
