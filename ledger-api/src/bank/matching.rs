//! What a bank line may be: suggestions out of open items and cash postings, best first, each with its reasons.
//!
//! A pure function over what it is given. It posts nothing, allocates nothing and never decides: two candidates that
//! fit equally well are both suggested, with the same score.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use ledger_core::Text;
use rust_decimal::Decimal;

use super::{BankLine, Status};

/// What a bank line could be about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Candidate {
    /// An invoice, bill or credit that is not settled yet.
    OpenItem {
        /// The caller's key.
        id: Text,
        /// The document's number as the counterparty knows it.
        document: Text,
        /// Who owes or is owed: the name that a bank would write.
        party: Text,
        /// What is open: positive when money is to come in.
        open: Decimal,
        /// Its currency.
        currency: Text,
        /// When it falls due.
        due_date: Option<NaiveDate>,
    },
    /// A line on the bank's account in the books that no bank line was matched with.
    CashPosting {
        /// The caller's key.
        id: Text,
        /// When it was posted.
        date: NaiveDate,
        /// Debit positive: money in.
        amount: Decimal,
        /// Its currency.
        currency: Text,
        /// Cheque number, payment reference.
        reference: Text,
    },
}

/// Why a candidate is suggested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Its document number or reference stands in the line's text or references, as a word of its own.
    Reference,
    /// It has exactly the line's amount.
    AmountEqual,
    /// No other candidate and no other line has this amount.
    AmountUnique,
    /// The counterparty's name is the party's.
    Party,
    /// Its date is at most [`DAYS_NEAR`] days from the line's.
    DateNear,
    /// The line is smaller: a part is paid.
    PartOfIt,
    /// The line is larger: something stays over, or several are paid.
    MoreThanIt,
}

impl Reason {
    /// How much it says. A reference alone outweighs everything that is not one.
    const fn weight(self) -> u32 {
        match self {
            Self::Reference => 100,
            Self::AmountEqual => 40,
            Self::AmountUnique => 15,
            Self::Party => 25,
            Self::DateNear => 10,
            Self::PartOfIt | Self::MoreThanIt => 0,
        }
    }

    /// In words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reference => "its reference is in the text",
            Self::AmountEqual => "the same amount",
            Self::AmountUnique => "the only one with this amount",
            Self::Party => "the same party",
            Self::DateNear => "about the same date",
            Self::PartOfIt => "pays a part of it",
            Self::MoreThanIt => "pays more than it",
        }
    }
}

/// A candidate for a bank line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// Index of the bank line.
    pub line: usize,
    /// Index of the candidate.
    pub candidate: usize,
    /// The sum of what its reasons say; comparable among suggestions for one line only.
    pub score: u32,
    /// Why, strongest first.
    pub reasons: Vec<Reason>,
}

/// Days between a line and a candidate that still count as near.
pub const DAYS_NEAR: u64 = 7;
/// Letters and digits of a reference from which on it is telling.
const REFERENCE_LENGTH_MIN: usize = 3;
/// Suggestions for one line at most.
const SUGGESTIONS_MAX: usize = 10;

/// Suggestions for every booked line in the order of lines, best first; of equal ones in the order of candidates.
/// A candidate is only suggested in its own currency and direction, and for its reference, its party or its exact amount.
#[must_use]
pub fn suggest(lines: &[BankLine], candidates: &[Candidate]) -> Vec<Suggestion> {
    let known: Vec<Known> = candidates.iter().map(Known::of).collect();
    let amounts = Amounts::of(lines, &known);
    let places = Places::of(&known);
    let mut all = Vec::new();
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| line.status == Status::Booked) {
        let said = Said::of(line);
        let suggestion = |at: usize| {
            let mut reasons = reasons(line, &said, known.get(at)?, &amounts)?;
            reasons.sort_unstable();
            let score = reasons.iter().map(|reason| reason.weight()).sum();
            Some(Suggestion { line: index, candidate: at, score, reasons })
        };
        let mut found: Vec<Suggestion> = places.worth_a_look(line, &said).into_iter().filter_map(suggestion).collect();
        found.sort_by(|a, b| b.score.cmp(&a.score).then(a.candidate.cmp(&b.candidate)));
        found.truncate(SUGGESTIONS_MAX);
        all.append(&mut found);
    }
    all
}

/// Where candidates are found by what can be a reason for them, so that not every line is held against every candidate.
struct Places<'a> {
    by_amount: HashMap<Decimal, Vec<usize>>,
    by_reference: HashMap<&'a str, Vec<usize>>,
    by_party: HashMap<&'a [String], Vec<usize>>,
}

impl<'a> Places<'a> {
    fn of(known: &'a [Known<'_>]) -> Self {
        let mut places = Self { by_amount: HashMap::new(), by_reference: HashMap::new(), by_party: HashMap::new() };
        for (at, candidate) in known.iter().enumerate() {
            places.by_amount.entry(candidate.amount.normalize()).or_default().push(at);
            // The last number tells most: of `INV-2026/17` the rest is in every document's number.
            if let Some(word) = candidate.reference.iter().rfind(|word| word.starts_with(char::is_numeric)) {
                places.by_reference.entry(word).or_default().push(at);
            }
            if !candidate.party.is_empty() {
                places.by_party.entry(&candidate.party).or_default().push(at);
            }
        }
        places
    }

    fn worth_a_look(&self, line: &BankLine, said: &Said) -> BTreeSet<usize> {
        let of_amount = self.by_amount.get(&line.amount.normalize());
        let of_party = self.by_party.get(said.counterparty.as_slice());
        let of_words = said.text.iter().filter_map(|word| self.by_reference.get(word.as_str()));
        of_amount.into_iter().chain(of_party).chain(of_words).flatten().copied().collect()
    }
}

/// A candidate as it is compared.
struct Known<'c> {
    amount: Decimal,
    currency: &'c str,
    date: Option<NaiveDate>,
    reference: Vec<String>,
    party: Vec<String>,
    divisible: bool,
}

impl<'c> Known<'c> {
    fn of(candidate: &'c Candidate) -> Self {
        match candidate {
            Candidate::OpenItem { document, party, open, currency, due_date, .. } => {
                Self { amount: *open, currency, date: *due_date, reference: words(document), party: words(party), divisible: true }
            }
            Candidate::CashPosting { date, amount, currency, reference, .. } => {
                Self { amount: *amount, currency, date: Some(*date), reference: words(reference), party: Vec::new(), divisible: false }
            }
        }
    }
}

/// A line's words as they are compared.
struct Said {
    text: Vec<String>,
    counterparty: Vec<String>,
}

impl Said {
    fn of(line: &BankLine) -> Self {
        let places = [&line.end_to_end, &line.reference].into_iter().flatten().chain([&line.text]);
        let mut text = Vec::new();
        for place in places {
            text.extend(words(place));
            text.push(String::new()); // a reference does not reach from one place into the next
        }
        Self { text, counterparty: line.counterparty.as_deref().map(words).unwrap_or_default() }
    }
}

/// Runs of letters and runs of digits in lower case: `INV-2026/17` and `inv 2026 17` are the same three.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last = None;
    for c in text.chars() {
        let kind = if c.is_numeric() { Some(0) } else { c.is_alphanumeric().then_some(1) };
        if kind.is_some() {
            match words.last_mut() {
                Some(word) if kind == last => word.extend(c.to_lowercase()),
                _ => words.push(c.to_lowercase().collect()),
            }
        }
        last = kind;
    }
    words
}

fn contains(text: &[String], reference: &[String]) -> bool {
    let telling = reference.iter().map(|word| word.chars().count()).sum::<usize>() >= REFERENCE_LENGTH_MIN;
    let digits = reference.iter().any(|word| word.starts_with(char::is_numeric));
    telling && digits && text.windows(reference.len()).any(|window| window == reference)
}

/// How often an amount of a currency occurs.
struct Amounts<'a> {
    lines: HashMap<(&'a str, Decimal), usize>,
    candidates: HashMap<(&'a str, Decimal), usize>,
}

impl<'a> Amounts<'a> {
    fn of(lines: &'a [BankLine], known: &[Known<'a>]) -> Self {
        let mut amounts = Self { lines: Default::default(), candidates: Default::default() };
        for line in lines.iter().filter(|line| line.status == Status::Booked) {
            *amounts.lines.entry((line.currency.as_str(), line.amount.normalize())).or_default() += 1;
        }
        for candidate in known {
            *amounts.candidates.entry((candidate.currency, candidate.amount.normalize())).or_default() += 1;
        }
        amounts
    }

    fn unique(&self, currency: &str, amount: Decimal) -> bool {
        let key = (currency, amount.normalize());
        self.lines.get(&key) == Some(&1) && self.candidates.get(&key) == Some(&1)
    }
}

fn reasons(line: &BankLine, said: &Said, known: &Known<'_>, amounts: &Amounts<'_>) -> Option<Vec<Reason>> {
    let same_direction = line.amount.is_sign_negative() == known.amount.is_sign_negative();
    if line.amount.is_zero() || known.amount.is_zero() || line.currency != known.currency || !same_direction {
        return None;
    }
    let equal = line.amount == known.amount;
    if !equal && !known.divisible {
        return None;
    }
    let mut reasons = Vec::new();
    if contains(&said.text, &known.reference) {
        reasons.push(Reason::Reference);
    }
    if !known.party.is_empty() && known.party == said.counterparty {
        reasons.push(Reason::Party);
    }
    if equal {
        reasons.push(Reason::AmountEqual);
        if amounts.unique(&line.currency, line.amount) {
            reasons.push(Reason::AmountUnique);
        }
    }
    if reasons.is_empty() {
        return None;
    }
    if !equal {
        reasons.push(if line.amount.abs() < known.amount.abs() { Reason::PartOfIt } else { Reason::MoreThanIt });
    }
    if known.date.is_some_and(|date| (line.date - date).num_days().unsigned_abs() <= DAYS_NEAR) {
        reasons.push(Reason::DateNear);
    }
    Some(reasons)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn paid(date: &str, amount: &str, currency: &str, who: &str, text: &str) -> BankLine {
        BankLine {
            date: day(date),
            amount: amount.parse().unwrap(),
            currency: currency.into(),
            counterparty: (!who.is_empty()).then(|| who.into()),
            text: text.into(),
            ..BankLine::default()
        }
    }

    fn item(document: &str, party: &str, open: &str, due: &str) -> Candidate {
        Candidate::OpenItem {
            id: document.into(),
            document: document.into(),
            party: party.into(),
            open: open.parse().unwrap(),
            currency: "EUR".into(),
            due_date: due.parse().ok(),
        }
    }

    fn posting(date: &str, amount: &str, reference: &str) -> Candidate {
        Candidate::CashPosting {
            id: "p".into(),
            date: day(date),
            amount: amount.parse().unwrap(),
            currency: "EUR".into(),
            reference: reference.into(),
        }
    }

    /// Each candidate that is suggested for the first line: its index and its reasons.
    fn found(lines: &[BankLine], candidates: &[Candidate]) -> Vec<(usize, Vec<Reason>)> {
        let all = suggest(lines, candidates);
        all.into_iter().filter(|suggestion| suggestion.line == 0).map(|suggestion| (suggestion.candidate, suggestion.reasons)).collect()
    }

    #[test]
    fn reasons_follow_from_what_is_written() {
        use Reason::{AmountEqual, AmountUnique, DateNear, MoreThanIt, PartOfIt, Party, Reference};
        let items = [
            item("INV-2026/17", "Ada Ltd", "119.00", "2026-01-20"),
            item("INV-2026/18", "Ada Ltd", "50.00", "2026-06-30"),
            item("B-9", "Bo", "-80.00", ""),
            posting("2026-01-16", "119.00", "chq 4711"),
        ];
        for (what, line, wanted) in [
            (
                "a reference in other punctuation outweighs an equal amount",
                paid("2026-01-15", "119.00", "EUR", "", "Rg inv 2026 17 thanks"),
                vec![(0, vec![Reference, AmountEqual, DateNear]), (3, vec![AmountEqual, DateNear])],
            ),
            (
                "a part, and more than it",
                paid("2026-01-15", "60", "EUR", "", "INV-2026/17 INV-2026/18"),
                vec![(0, vec![Reference, DateNear, PartOfIt]), (1, vec![Reference, MoreThanIt])],
            ),
            (
                "the party alone is a reason",
                paid("2026-06-29", "50.0", "EUR", "ADA LTD.", ""),
                vec![(1, vec![AmountEqual, AmountUnique, Party, DateNear]), (0, vec![Party, PartOfIt])],
            ),
            ("a longer number is another one", paid("2026-03-01", "7", "EUR", "", "INV-2026/170 X2026/17"), vec![]),
            ("another currency", paid("2026-01-15", "119.00", "USD", "Ada Ltd", "INV-2026/17"), vec![]),
            ("the other direction", paid("2026-01-15", "-119.00", "EUR", "Ada Ltd", "INV-2026/17"), vec![]),
            ("a bill that was paid", paid("2026-01-15", "-80", "EUR", "", ""), vec![(2, vec![AmountEqual, AmountUnique])]),
            ("a reference too short to tell", paid("2026-01-15", "-1", "EUR", "", "B-9"), vec![]),
            ("cash postings are never split", paid("2026-01-15", "20", "EUR", "", "chq 4711"), vec![]),
            ("nothing moved", paid("2026-01-15", "0", "EUR", "Ada Ltd", "INV-2026/17"), vec![]),
        ] {
            assert_eq!(found(&[line], &items), wanted, "{what}");
        }
    }

    #[test]
    fn equal_ones_are_all_suggested_and_none_is_unique() {
        let items = [item("A-100", "", "10", ""), item("A-101", "", "10.00", "")];
        let line = paid("2026-01-15", "10.0", "EUR", "", "");
        assert_eq!(found(std::slice::from_ref(&line), &items), vec![(0, vec![Reason::AmountEqual]), (1, vec![Reason::AmountEqual])]);
        assert_eq!(found(&[line.clone(), line], &items[..1]), vec![(0, vec![Reason::AmountEqual])], "another line has the amount too");
    }

    #[test]
    fn references_are_looked_for_where_payers_write_them() {
        let items = [item("INV-700", "", "10", "")];
        for place in ["end to end", "reference", "text"] {
            let mut line = paid("2026-01-15", "3", "EUR", "", "");
            match place {
                "end to end" => line.end_to_end = Some("INV700".into()),
                "reference" => line.reference = Some("inv/700".into()),
                _ => line.text = "pays INV-700.".into(),
            }
            assert_eq!(found(&[line], &items), vec![(0, vec![Reason::Reference, Reason::PartOfIt])], "{place}");
        }
        let mut split = paid("2026-01-15", "3", "EUR", "", "700");
        split.end_to_end = Some("INV".into());
        assert_eq!(found(&[split], &items), vec![], "not across two places");
    }

    #[test]
    fn pending_lines_are_not_matched() {
        let line = BankLine { status: Status::Pending, ..paid("2026-01-15", "10", "EUR", "", "INV-700") };
        assert!(suggest(&[line], &[item("INV-700", "", "10", "")]).is_empty());
    }
}
