//! `ledgerd bank suggest`, `match` and `unmatch`: what lines may be, and saying what one is.
//!
//! A payment that is recorded for a line goes in under a key of the line, so a command that was killed between the payment
//! and the match does the rest when it is run again, and pays nothing twice.

use std::collections::{BTreeMap, HashSet};

use chrono::{Days, NaiveDate, Utc};
use clap::Args;
use ledger_core::command::{AllocationTarget, ItemRef, RecordPayment, Settles};
use ledger_core::subledger::{DocumentKind, PartyKind, Side};
use ledger_core::{AccountNo, Book, Command, Seq};
use ledger_projections::reports::{GeneralLedger, ItemQuery, LedgerItem, LedgerQuery, Point, open_items};
use ledger_store::OrgStore;
use ledger_store::bank::{LineId, LineQuery, Match, Matched, StoredLine};
use ledger_store::load::{entry_at, load_book};
use ledger_store::writer::{IdempotencyKey, Request};
use serde_json::{Value, json};

use super::keep::{as_json, wording};
use super::{account, line_id, pair};
use crate::bank::matching::{Candidate, Suggestion, suggest as suggestions};
use crate::bank::{BankLine, Status};
use crate::cli::complaint::{Complaint, Outcome};
use crate::cli::output::{self, Format, FormatArg, Sheet, number, print, text};
use crate::cli::shell::{Session, Shell};

/// Days before the first and after the last line from which postings are looked at.
const DAYS_AROUND: Days = Days::new(60);
/// Lines of the general ledger that are read at a time.
const PAGE: usize = 5_000;

/// Arguments of `bank suggest`.
#[derive(Debug, Args)]
pub struct SuggestArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The bank's account in the books
    #[arg(long, value_name = "CODE")]
    pub account: String,
    /// Suggestions for each line at most
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub best: usize,
    #[command(flatten)]
    format: FormatArg,
}

/// Arguments of `bank match`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ledgerd bank match --org acme 3/12 --posting 4711/1
  ledgerd bank match --org acme 3/12 --party C-1042 --pays INV-12 --pays INV-15
  ledgerd bank match --org acme 3/12 --party C-1042")]
pub struct MatchArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The line of the bank: statement and line, as `bank lines` shows them
    #[arg(value_name = "LINE", value_parser = line_id)]
    pub line: LineId,
    /// It is this posting on the account: event and line
    #[arg(long, value_name = "SEQ/LINE", value_parser = posting, conflicts_with_all = ["party", "pays"], required_unless_present = "party")]
    pub posting: Option<(Seq, u32)>,
    /// A payment from or to this party is recorded for it; what is due first is settled unless --pays says what
    #[arg(long, value_name = "CODE")]
    pub party: Option<String>,
    /// A document that it pays; may be repeated, and is done in this order
    #[arg(long, value_name = "DOCUMENT", requires = "party")]
    pub pays: Vec<String>,
}

/// Arguments of `bank unmatch`.
#[derive(Debug, Args)]
pub struct UnmatchArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The line of the bank: statement and line
    #[arg(value_name = "LINE", value_parser = line_id)]
    pub line: LineId,
}

fn posting(words: &str) -> Result<(Seq, u32), String> {
    pair(words, || format!("expected an event and its line such as 4711/1, found `{words}`"))
}

/// What a candidate is, for people and for the next command.
struct Known {
    candidate: Candidate,
    /// The words that accept it.
    accept: String,
}

pub(super) async fn suggest(shell: &Shell, args: SuggestArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let org = session.org_store(&args.org).await?;
    let book = load_book(&org).await?.book;
    let no = account(&book, &args.account)?.no;
    let waiting = org.bank_lines(&LineQuery { account: Some(no), waiting: true, ..LineQuery::default() }).await?;
    let known = candidates(&org, no, &args.account, &waiting).await?;
    let lines: Vec<BankLine> = waiting.iter().map(read_again).collect();
    let candidates: Vec<Candidate> = known.iter().map(|known| known.candidate.clone()).collect();
    let mut found: BTreeMap<usize, Vec<Suggestion>> = BTreeMap::new();
    for suggestion in suggestions(&lines, &candidates) {
        let of_line = found.entry(suggestion.line).or_default();
        if of_line.len() < args.best {
            of_line.push(suggestion);
        }
    }
    print(&match args.format.format {
        Format::Table if waiting.is_empty() => "No line waits: every booked line is matched.\n".to_owned(),
        Format::Table => as_table(&waiting, &found, &known),
        Format::Csv => as_csv(&waiting, &found, &known)?,
        Format::Json => as_json_text(&waiting, &found, &known),
    })?;
    if !waiting.is_empty() {
        shell.remark(&format!(
            "Say what a line is: ledgerd bank match --org {} LINE --party CODE --pays DOCUMENT, or --posting SEQ/LINE",
            args.org
        ));
    }
    Ok(Outcome::Done)
}

/// Open items of both sides, and postings on the account that no line was matched with.
async fn candidates(org: &OrgStore, no: AccountNo, code: &str, waiting: &[StoredLine]) -> anyhow::Result<Vec<Known>> {
    let Some((first, last)) = waiting.iter().map(|line| line.line.date).min().zip(waiting.iter().map(|line| line.line.date).max()) else {
        return Ok(Vec::new());
    };
    ledger_projections::catch_up(org, |_| ()).await?;
    let names: BTreeMap<String, String> =
        org.all_party_details().await?.into_iter().filter_map(|details| Some((details.party, details.name?))).collect();
    let mut known = Vec::new();
    let as_of = Utc::now().date_naive().max(last);
    for side in [Side::Receivable, Side::Payable] {
        let query = ItemQuery { side, as_of, point: Point::Latest, party: None };
        for item in open_items(org, &query).await?.rows {
            let name = names.get(&item.party).map_or(item.party.as_str(), String::as_str);
            let candidate = Candidate::OpenItem {
                id: format!("{}/{}", item.seq, item.line).into(),
                document: item.document.as_str().into(),
                party: name.into(),
                open: if side == Side::Receivable { item.open } else { -item.open },
                currency: item.currency.as_str().into(),
                due_date: item.due_date,
            };
            known.push(Known { candidate, accept: format!("--party {} --pays {}", item.party, item.document) });
        }
    }
    postings(org, no, code, (first, last), &mut known).await?;
    Ok(known)
}

async fn postings(org: &OrgStore, no: AccountNo, code: &str, days: (NaiveDate, NaiveDate), known: &mut Vec<Known>) -> anyhow::Result<()> {
    let taken: HashSet<(Seq, u32)> = org.matched_postings(no).await?.into_iter().collect();
    let (from, to) = (days.0.checked_sub_days(DAYS_AROUND), days.1.checked_add_days(DAYS_AROUND));
    let mut ledger = GeneralLedger::open(org, LedgerQuery { account: Some(code.into()), from, to, ..LedgerQuery::default() }).await?;
    loop {
        let page = ledger.next(PAGE).await?;
        if page.is_empty() {
            return Ok(());
        }
        for item in page {
            let LedgerItem::Line(line) = item else { continue };
            if line.account_no != no || taken.contains(&(line.seq, line.line_no)) || line.amount.is_zero() {
                continue;
            }
            let reference = line.document.or(line.external_id).unwrap_or(line.description);
            let id = format!("{}/{}", line.seq, line.line_no);
            let candidate = Candidate::CashPosting {
                id: id.as_str().into(),
                date: line.effective_date,
                amount: line.amount,
                currency: line.currency.as_str().into(),
                reference: reference.as_str().into(),
            };
            known.push(Known { candidate, accept: format!("--posting {id}") });
        }
    }
}

/// A line that is kept, as it was read.
fn read_again(stored: &StoredLine) -> BankLine {
    let line = &stored.line;
    let text = |text: &Option<String>| text.as_deref().map(Into::into);
    BankLine {
        line: stored.id.line,
        date: line.date,
        value_date: line.value_date,
        amount: line.amount,
        currency: line.currency.as_str().into(),
        counterparty: text(&line.counterparty),
        counterparty_account: text(&line.counterparty_account),
        reference: text(&line.reference),
        end_to_end: text(&line.end_to_end),
        text: line.text.as_str().into(),
        status: Status::Booked,
        reversal: line.reversal,
    }
}

fn why(suggestion: &Suggestion) -> String {
    suggestion.reasons.iter().map(|reason| reason.as_str()).collect::<Vec<_>>().join(", ")
}

fn as_table(waiting: &[StoredLine], found: &BTreeMap<usize, Vec<Suggestion>>, known: &[Known]) -> String {
    let columns = [text("Line"), text("Date"), number("Amount"), text("Cur."), text("What the bank says"), text("May be"), text("Because")];
    let mut sheet = Sheet::new(columns);
    for (index, stored) in waiting.iter().enumerate() {
        let line = &stored.line;
        let said = [stored.id.to_string(), line.date.to_string(), line.amount.to_string(), line.currency.clone(), wording(line)];
        let none = [(String::new(), "nothing fits".to_owned())];
        let fits: Vec<(String, String)> = found.get(&index).map_or_else(
            || none.to_vec(),
            |found| {
                found
                    .iter()
                    .map(|one| (known.get(one.candidate).map_or_else(String::new, |known| known.accept.clone()), why(one)))
                    .collect()
            },
        );
        for (nth, (accept, because)) in fits.into_iter().enumerate() {
            let blank = || std::array::from_fn(|_| String::new());
            let [id, date, amount, currency, words] = if nth == 0 { said.clone() } else { blank() };
            sheet.row([id, date, amount, currency, words, accept, because]);
        }
    }
    sheet.render()
}

fn as_csv(waiting: &[StoredLine], found: &BTreeMap<usize, Vec<Suggestion>>, known: &[Known]) -> anyhow::Result<String> {
    let rows = found.iter().flat_map(|(index, suggestions)| suggestions.iter().map(move |one| (index, one))).filter_map(|(index, one)| {
        let (stored, known) = (waiting.get(*index)?, known.get(one.candidate)?);
        let line = &stored.line;
        let score = one.score.to_string();
        Some([
            stored.id.to_string(),
            line.date.to_string(),
            line.amount.to_string(),
            line.currency.clone(),
            known.accept.clone(),
            score,
            why(one),
        ])
    });
    output::csv(&["line", "date", "amount", "currency", "accept", "score", "reasons"], rows)
}

fn as_json_text(waiting: &[StoredLine], found: &BTreeMap<usize, Vec<Suggestion>>, known: &[Known]) -> String {
    let one = |suggestion: &Suggestion| {
        let known = known.get(suggestion.candidate)?;
        let what = match &known.candidate {
            Candidate::OpenItem { id, document, open, .. } => {
                json!({ "item": id.as_str(), "document": document.as_str(), "open": open.to_string() })
            }
            Candidate::CashPosting { id, amount, reference, .. } => {
                json!({ "posting": id.as_str(), "amount": amount.to_string(), "reference": reference.as_str() })
            }
        };
        let reasons: Vec<&str> = suggestion.reasons.iter().map(|reason| reason.as_str()).collect();
        Some(json!({ "candidate": what, "accept": known.accept, "score": suggestion.score, "reasons": reasons }))
    };
    let lines = waiting.iter().enumerate().map(|(index, stored)| {
        let mut value = as_json(stored);
        value["suggestions"] = found.get(&index).into_iter().flatten().filter_map(one).collect();
        value
    });
    output::json(&Value::Array(lines.collect()))
}

pub(super) async fn make(shell: &Shell, args: MatchArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let org = session.org_store(&args.org).await?;
    let unknown = || Complaint::refused(format!("there is no bank line {}", args.line)).hint("list them with `ledgerd bank lines`");
    let stored = org.bank_line(args.line).await?.ok_or_else(unknown)?;
    if stored.line.status != "booked" {
        let problem = format!("line {} is {}, not booked: it is in no balance", args.line, stored.line.status);
        return Err(Complaint::refused(problem).hint("wait for the statement on which the bank has booked it").into());
    }
    if let Some(earlier) = stored.repeats {
        let problem = format!("line {} says what line {earlier} said before", args.line);
        return Err(Complaint::refused(problem).hint(format!("match line {earlier}")).into());
    }
    if let Some(found) = &stored.matched {
        let problem = format!("line {} is posting {}/{} already", args.line, found.seq, found.line);
        return Err(Complaint::refused(problem).hint("undo that first with `ledgerd bank unmatch`").into());
    }
    let found = match (&args.posting, &args.party) {
        (Some((seq, line)), _) => check(&org, &stored, *seq, *line).await?,
        (None, Some(party)) => pay(&session, &org, &stored, party, &args.pays).await?,
        (None, None) => return Err(Complaint::usage("say what the line is").hint("give --posting, or --party").into()),
    };
    match org.match_bank_line(args.line, &found, Utc::now(), &session.actor.identity).await? {
        Matched::Yes => print(&format!("Line {} is posting {}/{}.\n", args.line, found.seq, found.line))?,
        Matched::LineTaken => {
            return Err(Complaint::refused(format!("line {} was matched meanwhile", args.line))
                .hint("look at it with `ledgerd bank lines`")
                .into());
        }
        Matched::PostingTaken => {
            let problem = format!("posting {}/{} is another line of the bank already", found.seq, found.line);
            return Err(Complaint::refused(problem).hint("undo that first with `ledgerd bank unmatch`").into());
        }
    }
    Ok(Outcome::Done)
}

/// A posting that is there: it must be on the account, and of the line's amount.
async fn check(org: &OrgStore, stored: &StoredLine, seq: Seq, line: u32) -> anyhow::Result<Match> {
    let book = load_book(org).await?.book;
    let nothing =
        || Complaint::refused(format!("there is no posting {seq}/{line}")).hint("see `ledgerd report general-ledger --account CODE`");
    let entry = entry_at(org, seq).await?.ok_or_else(nothing)?;
    let index = usize::try_from(line).ok().and_then(|line| line.checked_sub(1)).ok_or_else(nothing)?;
    let posted = entry.lines().get(index).ok_or_else(nothing)?;
    let commodity = book.commodity(posted.money.currency()).ok_or_else(nothing)?;
    let amount = ledger_core::money::decimal_of(posted.money.units(), commodity.scale);
    if posted.account != stored.account {
        let code = |no| book.account(no).map_or_else(String::new, |account| account.code.to_string());
        let problem = format!("posting {seq}/{line} is on account {}, the bank's is {}", code(posted.account), code(stored.account));
        return Err(Complaint::refused(problem).hint("name the entry's line on the bank's account").into());
    }
    if amount != stored.line.amount || commodity.code != stored.line.currency.as_str() {
        let problem =
            format!("posting {seq}/{line} is {amount} {}, the bank says {} {}", commodity.code, stored.line.amount, stored.line.currency);
        return Err(Complaint::refused(problem).hint("correct the entry, or record what the line is for with --party").into());
    }
    Ok(Match { seq, line, party: posted.detail.as_ref().and_then(|detail| detail.party.as_ref()).map(ToString::to_string) })
}

/// Records the payment that the line is, under a key of the line.
async fn pay(session: &Session, org: &OrgStore, stored: &StoredLine, party: &str, pays: &[String]) -> anyhow::Result<Match> {
    let book = load_book(org).await?.book;
    let account = book.account(stored.account).map(|account| account.code.clone()).unwrap_or_default();
    let kind = kind(&book, party, stored)?;
    let (line, id) = (&stored.line, stored.id);
    let target = |document: &String| AllocationTarget { item: ItemRef::document(party, document), amount: None, settled: None };
    let settles = if pays.is_empty() { Settles::ByDueDate } else { Settles::These(pays.iter().map(target).collect()) };
    let payment = RecordPayment {
        currency: Some(line.currency.as_str().into()),
        reference: line.end_to_end.as_deref().or(line.reference.as_deref()).map(Into::into),
        settles,
        ..RecordPayment::new(kind, party, account.as_str(), line.date, line.amount.abs())
    };
    let canonical = json!([id.to_string(), party, pays]).to_string();
    let key = IdempotencyKey::new(format!("bank-line:{id}"), canonical.as_bytes());
    let request = Request::new(Command::RecordPayment(Box::new(payment)), session.actor.clone()).keyed(key);
    let receipt = session.ledger.submit(org.org(), request).await?;
    for seq in receipt.first_seq..=receipt.last_seq() {
        let Some(entry) = entry_at(org, seq).await? else { continue };
        let place = entry.lines().iter().zip(1_u32..).find(|(posted, _)| posted.account == stored.account);
        if let Some((_, no)) = place {
            return Ok(Match { seq, line: no, party: Some(party.to_owned()) });
        }
    }
    Err(Complaint::refused(format!("the payment at seq {} has no line on account {account}", receipt.first_seq)).into())
}

/// Money in is a payment from a customer or a refund from a vendor; money out the reverse.
fn kind(book: &Book, party: &str, stored: &StoredLine) -> anyhow::Result<DocumentKind> {
    let unknown = || Complaint::refused(format!("there is no party {party:?}")).hint("list them with `ledgerd party list`");
    let buys = book.party_by_code(party).ok_or_else(unknown)?.kind == PartyKind::Customer;
    Ok(match (stored.line.amount.is_sign_positive(), buys) {
        (true, true) => DocumentKind::PaymentIn,
        (false, false) => DocumentKind::PaymentOut,
        _ => DocumentKind::Refund,
    })
}

pub(super) async fn unmatch(shell: &Shell, args: UnmatchArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let org = session.org_store(&args.org).await?;
    if !org.unmatch_bank_line(args.line).await? {
        return Err(Complaint::refused(format!("bank line {} is not matched", args.line))
            .hint("list them with `ledgerd bank lines`")
            .into());
    }
    print(&format!("Line {} waits again; its posting stays.\n", args.line))?;
    Ok(Outcome::Done)
}
