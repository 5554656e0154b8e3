//! MT940 files as messages of tagged fields, whatever envelope the bank put around them.

/// A tagged field: `:61:` and what follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field<'t> {
    /// The tag without its colons.
    pub(super) tag: &'t str,
    /// Its rows, at least one.
    pub(super) lines: Vec<&'t str>,
    /// Line in the file, from 1.
    pub(super) line: u32,
}

impl<'t> Field<'t> {
    /// The row beside the tag.
    pub(super) fn first(&self) -> &'t str {
        self.lines.first().copied().unwrap_or_default()
    }
}

/// One statement message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Message<'t> {
    pub(super) fields: Vec<Field<'t>>,
    pub(super) line: u32,
}

/// All messages, and the fields that stand in none.
pub(super) fn messages(text: &str) -> (Vec<Message<'_>>, Vec<Field<'_>>) {
    let (mut messages, mut strays) = (Vec::<Message<'_>>::new(), Vec::<Field<'_>>::new());
    let (mut open, mut within) = (false, false);
    for (line, number) in text.lines().zip(1_u32..) {
        let line = body(line);
        if let Some((tag, rest)) = tagged(line) {
            if tag == "20" || tag == "25" && !open {
                messages.push(Message { fields: Vec::new(), line: number });
                open = true;
            }
            let fields = match messages.last_mut() {
                Some(message) if open => &mut message.fields,
                _ => &mut strays,
            };
            fields.push(Field { tag, lines: vec![rest], line: number });
            within = true;
        } else if is_end(line) {
            (open, within) = (false, false);
        } else if line.starts_with('{') {
            within = false;
        } else if within {
            let fields = if open { messages.last_mut().map(|message| &mut message.fields) } else { Some(&mut strays) };
            if let Some(field) = fields.and_then(|fields| fields.last_mut()) {
                field.lines.push(line);
            }
        }
    }
    (messages, strays)
}

/// A line without the SWIFT blocks before its text.
fn body(line: &str) -> &str {
    match line.find("{4:") {
        Some(at) if line.starts_with('{') && line[at + 3..].starts_with(':') => &line[at + 3..],
        _ => line,
    }
}

/// `:61:rest` as tag and rest.
fn tagged(line: &str) -> Option<(&str, &str)> {
    let (tag, rest) = line.strip_prefix(':')?.split_once(':')?;
    let bytes = tag.as_bytes();
    let known = matches!(bytes, [a, b] if a.is_ascii_digit() && b.is_ascii_digit() || tag == "NS")
        || matches!(bytes, [a, b, c] if a.is_ascii_digit() && b.is_ascii_digit() && c.is_ascii_uppercase());
    known.then_some((tag, rest))
}

/// `-`, `-}` and what banks make of them.
fn is_end(line: &str) -> bool {
    line.strip_prefix('-').is_some_and(|rest| rest.starts_with('}') || rest.trim_end().bytes().all(|byte| byte == b'X'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let (messages, strays) = messages(text);
        let field = |field: &Field<'_>| format!("{}@{}={}", field.tag, field.line, field.lines.join("|"));
        let list = |fields: &[Field<'_>]| fields.iter().map(field).collect::<Vec<_>>().join(" ");
        let messages: Vec<String> = messages.iter().map(|message| format!("[{}]", list(&message.fields))).collect();
        format!("{} {}", messages.join(""), list(&strays)).trim().to_owned()
    }

    #[test]
    fn envelopes_of_every_kind_are_taken_off() {
        for (text, wanted) in [
            (":20:A\r\n:25:B\r\nmore\r\n-\r\n", "[20@1=A 25@2=B|more]"),
            ("{1:F01}{2:O940}{4:\n:20:A\n:86:x\n\ny\n-}{5:}\n{1:}{4::20:B\n-}", "[20@2=A 86@3=x||y][20@7=B]"),
            ("BANK\n940\nBANK\n:20:A\n:86:-5 EUR: paid\n-x\n", "[20@4=A 86@5=-5 EUR: paid|-x]"),
            (":20:A\n:20:B\n", "[20@1=A][20@2=B]"),
            (":25:A\n:60F:x\n-XX\n:61:stray\nmore\n", "[25@1=A 60F@2=x] 61@4=stray|more"),
            ("nothing", ""),
        ] {
            assert_eq!(shown(text), wanted, "{text:?}");
        }
    }
}
