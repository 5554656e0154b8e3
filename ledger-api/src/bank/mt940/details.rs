//! The free part of an MT940 line (`:86:`). Three habits of banks are known: numbered sub-fields (`166?00...?20...`),
//! words between slashes (`/NAME/.../REMI/...`), and plain text. Whatever is not understood stays in the text.

use ledger_core::Text;

use crate::bank::BankLine;

/// Words that begin a part of the numbered sub-fields' purpose.
const PURPOSE_WORDS: [&str; 14] =
    ["EREF+", "KREF+", "MREF+", "CRED+", "DEBT+", "COAM+", "OAMT+", "SVWZ+", "ABWA+", "ABWE+", "IBAN+", "BIC+", "PURP+", "SVCL+"];
/// Words between slashes.
const SLASH_WORDS: [&str; 16] =
    ["TRTP", "CSID", "MARF", "IBAN", "BIC", "NAME", "REMI", "EREF", "ORDP", "BENM", "ISDT", "PREF", "RTRN", "CNTP", "TRCD", "BUSP"];

/// Rows as one text with single blanks.
pub(super) fn plain(lines: &[&str]) -> Text {
    let words: Vec<&str> = lines.iter().flat_map(|line| line.split_whitespace()).collect();
    words.join(" ").into()
}

/// Adds to a line what the free part says about it.
pub(super) fn describe(lines: &[&str], line: &mut BankLine) {
    let joined: String = lines.concat();
    let details = numbered(joined.trim_start()).or_else(|| slashed(&joined)).unwrap_or_else(|| unmarked(lines));
    line.counterparty = details.name.or(line.counterparty.take());
    line.counterparty_account = details.account.or(line.counterparty_account.take());
    line.end_to_end = details.end_to_end.or(line.end_to_end.take());
    let both = [line.text.as_str(), details.text.as_str()];
    line.text = plain(&both);
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Details {
    name: Option<Text>,
    account: Option<Text>,
    end_to_end: Option<Text>,
    text: String,
}

fn filled(text: &str) -> Option<Text> {
    let text = text.trim();
    (!text.is_empty() && text != "NOTPROVIDED" && text != "NONREF").then(|| text.into())
}

/// `166?00GUTSCHRIFT?20EREF+...?32NAME`: a code of three digits, then sub-fields behind a mark and two digits. Rows break anywhere.
fn numbered(text: &str) -> Option<Details> {
    let (code, rest) = text.split_at_checked(3)?;
    let mark = rest.chars().next().filter(|mark| mark.is_ascii_punctuation())?;
    let starts_field = |text: &str| text.as_bytes().get(..2).is_some_and(|two| two.iter().all(u8::is_ascii_digit));
    if !code.bytes().all(|byte| byte.is_ascii_digit()) || !starts_field(&rest[1..]) {
        return None;
    }
    let (mut kind, mut purpose, mut name, mut account, mut iban) = <(String, String, String, String, String)>::default();
    let mut current: Option<&mut String> = None;
    for (index, piece) in rest[1..].split(mark).enumerate() {
        if !starts_field(piece) {
            if let (Some(field), true) = (&mut current, index > 0) {
                field.push(mark);
                field.push_str(piece);
            }
            continue;
        }
        let (number, value) = piece.split_at(2);
        let field = match number.parse::<u8>() {
            Ok(0) => &mut kind,
            Ok(20..=29 | 60..=63) => &mut purpose,
            Ok(31) => &mut account,
            Ok(32 | 33) => &mut name,
            Ok(38) => &mut iban,
            _ => {
                current = None;
                continue;
            }
        };
        field.push_str(value);
        current = Some(field);
    }
    let end_to_end = worded(&purpose, "EREF+").and_then(filled);
    let account = filled(&iban).or_else(|| filled(&account)).or_else(|| worded(&purpose, "IBAN+").and_then(filled));
    Some(Details { name: filled(&name), account, end_to_end, text: format!("{kind} {purpose}") })
}

/// What stands behind a word up to the next one.
fn worded<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let rest = &text[text.find(word)? + word.len()..];
    let end = PURPOSE_WORDS.iter().filter_map(|next| rest.find(next)).min().unwrap_or(rest.len());
    Some(&rest[..end])
}

/// `/TRTP/SEPA/IBAN/NL12.../NAME/Somebody/REMI/What for/EREF/123`.
fn slashed(text: &str) -> Option<Details> {
    let word = |at: usize| SLASH_WORDS.iter().find(|word| text[at + 1..].strip_prefix(**word).is_some_and(|rest| rest.starts_with('/')));
    let found: Vec<(usize, &str)> = text.match_indices('/').filter_map(|(at, _)| Some((at, *word(at)?))).collect();
    if found.first()?.0 != 0 {
        return None;
    }
    let mut details = Details::default();
    for (index, (at, word)) in found.iter().enumerate() {
        let end = found.get(index + 1).map_or(text.len(), |(next, _)| *next);
        let value = text.get(at + word.len() + 2..end).unwrap_or_default();
        match *word {
            "NAME" => details.name = filled(value),
            "IBAN" => details.account = filled(value),
            "EREF" => details.end_to_end = filled(value.trim_end_matches('/')),
            "CNTP" => {
                let mut parts = value.split('/');
                details.account = parts.next().and_then(filled);
                details.name = parts.nth(1).and_then(filled);
            }
            "REMI" => details.text = value.trim_start_matches("USTD//").trim_end_matches('/').to_owned(),
            _ => {}
        }
    }
    if details.text.is_empty() {
        details.text = text.to_owned();
    }
    Some(details)
}

/// Plain text, perhaps with an IBAN and a name on its first row.
fn unmarked(lines: &[&str]) -> Details {
    let first = lines.first().copied().unwrap_or_default().trim();
    let (account, name) = first.split_once(' ').unwrap_or((first, ""));
    let text = plain(lines).to_string();
    if !is_iban(account) {
        return Details { text, ..Details::default() };
    }
    Details { account: Some(account.into()), name: filled(name), end_to_end: None, text }
}

fn is_iban(text: &str) -> bool {
    let starts = match text.as_bytes() {
        [a, b, c, d, ..] => a.is_ascii_uppercase() && b.is_ascii_uppercase() && c.is_ascii_digit() && d.is_ascii_digit(),
        _ => false,
    };
    starts && (15..=34).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_habit_gives_who_and_what_for() {
        for (lines, name, account, end_to_end, text) in [
            (
                &["166?00CREDIT?20EREF+INV-0?2107?22SVWZ+two chai", "rs?30BANKDEFF?31DE02100100109307118603?32Jane ?33Doe"][..],
                "Jane Doe",
                "DE02100100109307118603",
                "INV-007",
                "CREDIT EREF+INV-007SVWZ+two chairs",
            ),
            (&["020~00FEE~20why? because"], "", "", "", "FEE why? because"),
            (&["020?00PAY?20a?b?38PL61109010140000071219812874"], "", "PL61109010140000071219812874", "", "PAY a?b"),
            (
                &["/TRTP/SEPA/IBAN/NL02ABNA0123456789/NAME/J. Doe/REMI/invoice 7/ERE", "F/NOTPROVIDED"],
                "J. Doe",
                "NL02ABNA0123456789",
                "",
                "invoice 7",
            ),
            (
                &["/EREF/E-1//CNTP/NL02ABNA0123456789/ABNANL2A/J. Doe///REMI/USTD//two chairs/"],
                "J. Doe",
                "NL02ABNA0123456789",
                "E-1",
                "two chairs",
            ),
            (&["NL02ABNA0123456789 j doe", "", "two  chairs"], "j doe", "NL02ABNA0123456789", "", "NL02ABNA0123456789 j doe two chairs"),
            (&["999PN5477CHEQUE"], "", "", "", "999PN5477CHEQUE"),
            (&["é"], "", "", "", "é"),
            (&["12é?20x"], "", "", "", "12é?20x"),
            (&[""], "", "", "", ""),
        ] {
            let mut line = BankLine::default();
            describe(lines, &mut line);
            let or_none = |text: &str| (!text.is_empty()).then(|| Text::from(text));
            assert_eq!((line.counterparty, line.counterparty_account), (or_none(name), or_none(account)), "{lines:?}");
            assert_eq!((line.end_to_end, line.text.as_str()), (or_none(end_to_end), text), "{lines:?}");
        }
    }
}
