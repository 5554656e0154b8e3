//! The tree of an OFX file. In 1.x (SGML) a leaf needs no closing tag and programs forget those of aggregates too;
//! in 2.x (XML) everything is closed. One reader does both: what is not closed where its surroundings are is taken
//! as a leaf in 1.x, and refused in 2.x.

use std::sync::Arc;

use crate::bank::{Refused, fault};
use crate::xml::Element;

/// Elements inside each other at most.
const DEPTH_MAX: usize = 64;
/// Elements of one file at most.
const ELEMENTS_MAX: usize = 4_000_000;

/// The `<OFX>` element.
pub(super) fn tree(text: &str, file: &Arc<str>) -> Result<Element, Refused> {
    let upper_head: String = text.chars().take(4_096).collect::<String>().to_ascii_uppercase();
    let xml = upper_head.contains("<?OFX") || upper_head.trim_start_matches('\u{feff}').trim_start().starts_with("<?XML");
    let Some(start) = upper_head.find("<OFX>") else {
        return Err(Refused(vec![fault(file, 1, "the file has no <OFX> element near its beginning")]));
    };
    // Upper case of ASCII keeps every byte at its place, so the place in the head is the place in the text.
    if upper_head[..start].contains("<!DOCTYPE") {
        return Err(Refused(vec![fault(file, 1, "the document has a DOCTYPE, which is not accepted: it could define entities")]));
    }
    Tree { rest: &text[start..], line: lines_in(&text[..start]) + 1, file, xml, open: Vec::new(), count: 0 }.read()
}

fn lines_in(text: &str) -> u32 {
    u32::try_from(text.bytes().filter(|byte| *byte == b'\n').count()).unwrap_or(u32::MAX)
}

struct Tree<'t> {
    rest: &'t str,
    line: u32,
    file: &'t Arc<str>,
    xml: bool,
    open: Vec<Element>,
    count: usize,
}

impl<'t> Tree<'t> {
    fn read(mut self) -> Result<Element, Refused> {
        loop {
            let Some(tag) = self.tag()? else { return Err(self.error("the file ends before </OFX>: it is cut off")) };
            if let Some(name) = tag.strip_prefix('/') {
                if let Some(root) = self.close(name.trim())? {
                    return Ok(root);
                }
            } else if !tag.starts_with(['?', '!']) {
                self.begin(tag)?;
            }
            let text = self.until('<');
            self.text(&unescaped(text.trim()));
        }
    }

    fn error(&self, problem: impl Into<String>) -> Refused {
        Refused(vec![fault(self.file, self.line, problem)])
    }

    /// Moves on to a mark (or the end) and answers what stood before it.
    fn until(&mut self, mark: char) -> &'t str {
        let at = self.rest.find(mark).unwrap_or(self.rest.len());
        self.advance(at)
    }

    fn advance(&mut self, bytes: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        self.line = self.line.saturating_add(lines_in(taken));
        taken
    }

    /// What stands between the next `<` and `>`. CDATA is read as text, comments are passed over.
    fn tag(&mut self) -> Result<Option<&'t str>, Refused> {
        loop {
            if self.rest.is_empty() {
                return Ok(None);
            }
            let special = [("<![CDATA[", "]]>"), ("<!--", "-->")].into_iter().find(|(start, _)| self.rest.starts_with(start));
            let Some((start, end)) = special else { break };
            let Some(length) = self.rest.find(end) else { return Err(self.error(format!("`{start}` without `{end}`"))) };
            let whole = self.advance(length + end.len());
            if start.contains("CDATA") {
                self.text(&whole[start.len()..length]);
            }
            let text = self.until('<');
            self.text(&unescaped(text.trim()));
        }
        self.advance(1);
        let line = self.line;
        let tag = self.until('>');
        if self.rest.is_empty() || tag.contains('<') {
            self.line = line;
            return Err(self.error("a tag without `>`"));
        }
        self.advance(1);
        Ok(Some(tag.trim()))
    }

    fn begin(&mut self, tag: &str) -> Result<(), Refused> {
        let empty = tag.ends_with('/');
        let name = tag.trim_end_matches('/').split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
        if name.is_empty() {
            return Err(self.error("a tag without a name"));
        }
        self.count += 1;
        // A leaf that has its text is over where the next tag begins.
        if !self.xml && self.open.last().is_some_and(|element| !element.text.is_empty()) {
            self.fold();
        }
        if self.open.len() >= DEPTH_MAX || self.count > ELEMENTS_MAX {
            return Err(self.error(format!("more than {DEPTH_MAX} elements in each other, or more than {ELEMENTS_MAX} in all")));
        }
        self.open.push(Element { name: name.as_str().into(), line: self.line, ..Element::default() });
        if empty && self.open.len() > 1 {
            self.fold();
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        if let Some(element) = self.open.last_mut().filter(|element| element.children.is_empty()) {
            element.text.push_str(text);
        }
    }

    /// Puts the innermost open element into the one around it.
    fn fold(&mut self) {
        if let Some(element) = self.open.pop()
            && let Some(parent) = self.open.last_mut()
        {
            parent.children.push(element);
        }
    }

    /// Closes `name` and everything in it that is still open. An element that was never closed was a leaf: what seemed to
    /// be inside it stood beside it.
    fn close(&mut self, name: &str) -> Result<Option<Element>, Refused> {
        let name = name.to_ascii_uppercase();
        let Some(at) = self.open.iter().rposition(|element| element.name == name) else {
            // The leaf was taken as closed already.
            return if self.xml { Err(self.error(format!("</{name}> closes nothing"))) } else { Ok(None) };
        };
        while self.open.len() > at + 1 {
            let Some(mut left) = self.open.pop() else { break };
            if self.xml {
                return Err(self.error(format!("<{}> of line {} is not closed before </{name}>", left.name, left.line)));
            }
            let inside = std::mem::take(&mut left.children);
            if let Some(parent) = self.open.last_mut() {
                parent.children.push(left);
                parent.children.extend(inside);
            }
        }
        if at == 0 {
            return Ok(self.open.pop());
        }
        self.fold();
        Ok(None)
    }
}

/// The marks that OFX writes as names. An ampersand that begins none of them stands for itself.
fn unescaped(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    let names = [("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", " "), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    names.into_iter().fold(text.to_owned(), |text, (name, mark)| text.replace(name, mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(element: &Element) -> String {
        let inside: Vec<String> = element.children.iter().map(shown).collect();
        format!(
            "{}{}{}",
            element.name,
            if element.text.is_empty() { String::new() } else { format!("={}", element.text) },
            match &inside[..] {
                [] => String::new(),
                inside => format!("({})", inside.join(" ")),
            }
        )
    }

    #[test]
    fn both_versions_become_the_same_tree() {
        for (text, wanted) in [
            ("OFXHEADER:100\r\n\r\n<OFX><A><B>1<C>2\r\n</A></OFX>", "OFX(A(B=1 C=2))"),
            ("<OFX><A><B>1</B><C>2</C></A></OFX>", "OFX(A(B=1 C=2))"),
            ("<OFX><A><B><C>2</A><D>3</OFX>", "OFX(A(B C=2) D=3)"),
            ("<ofx><list><x><n>1</x><x><n>2</x><bal><n>3</bal></ofx>", "OFX(LIST X(N=1) X(N=2) BAL(N=3))"),
            (
                "<?xml version=\"1.0\"?><?OFX OFXHEADER=\"200\"?><OFX><A><B>x &amp;lt; y</B><C/><!-- no --></A></OFX>",
                "OFX(A(B=x &lt; y C))",
            ),
            ("<OFX><A>Q&A & <![CDATA[<b>]]></OFX>", "OFX(A=Q&A &<b>)"),
        ] {
            assert_eq!(tree(text, &"x".into()).map(|tree| shown(&tree)), Ok(wanted.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_ofx_is_refused_with_its_line() {
        let deep = format!("<OFX>{}", "<A>".repeat(100));
        for (text, wanted) in [
            ("OFXHEADER:100\n", "x:1: the file has no <OFX>"),
            ("<OFX>\n<A>1", "x:2: the file ends before </OFX>"),
            ("<OFX>\n<A", "x:2: a tag without `>`"),
            ("<OFX>\n<!-- </OFX>", "x:2: `<!--` without `-->`"),
            ("<?OFX?><OFX>\n<A>\n</OFX>", "x:3: <A> of line 2 is not closed before </OFX>"),
            ("<?OFX?><OFX></A></OFX>", "x:1: </A> closes nothing"),
            ("<?xml?><!DOCTYPE OFX [<!ENTITY a \"b\">]><OFX></OFX>", "DOCTYPE"),
            (deep.as_str(), "more than 64 elements"),
        ] {
            let error = tree(text, &"x".into()).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error} instead of {wanted}");
        }
    }
}
