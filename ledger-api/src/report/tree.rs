//! Accounts as a tree, by their parents or by the colons of plain-text names, with subtotals.
//!
//! Levels that only lead to one account are written in one line (`US:BofA:Checking`).

use ledger_core::{AccountNo, AccountType};

use super::{Books, Sums};

/// An account or a group of accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// What is printed.
    pub label: String,
    /// What was posted to the account itself.
    pub own: Sums,
    /// The same with everything below.
    pub total: Sums,
    /// What is below.
    pub children: Vec<Node>,
    id: String,
    is_name: bool,
}

impl Node {
    /// A line that is no account.
    #[must_use]
    pub fn leaf(label: impl Into<String>, sums: Sums) -> Self {
        let label = label.into();
        Self { id: label.clone(), label, total: sums.clone(), own: sums, ..Self::default() }
    }

    /// A group of lines.
    #[must_use]
    pub fn group(label: impl Into<String>, children: Vec<Self>) -> Self {
        let mut node = Self::leaf(label, Sums::default());
        children.iter().for_each(|child| node.total.add_all(&child.total));
        node.children = children;
        node
    }

    fn add(&mut self, path: &[Step], sums: &Sums) {
        self.total.add_all(sums);
        match path.split_first() {
            None => self.own.add_all(sums),
            Some((step, rest)) => child(&mut self.children, step).add(rest, sums),
        }
    }

    /// Joins levels that lead to one line only.
    fn joined(mut self) -> Self {
        self.children = self.children.into_iter().map(Self::joined).collect();
        if self.is_name && self.own.0.is_empty() && self.children.len() == 1 && self.children[0].is_name {
            let only = self.children.remove(0);
            return Self { label: format!("{}:{}", self.label, only.label), ..only };
        }
        self
    }

    /// The same tree with nothing deeper than `levels` below this node; totals stay.
    #[must_use]
    pub fn pruned(mut self, levels: usize) -> Self {
        if levels == 0 {
            self.children.clear();
            self.own = self.total.clone();
        } else {
            self.children = self.children.into_iter().map(|child| child.pruned(levels - 1)).collect();
        }
        self
    }
}

/// A level on the way to an account.
struct Step {
    id: String,
    label: String,
    is_name: bool,
}

/// The trees of these accounts of one type, in the order of the chart. Accounts without anything are left out.
#[must_use]
pub fn forest(books: &Books, kind: AccountType, accounts: Vec<(AccountNo, Sums)>) -> Vec<Node> {
    let mut accounts: Vec<_> = accounts.into_iter().filter(|(_, sums)| !sums.is_zero()).collect();
    accounts.sort_by_cached_key(|(account, _)| books.order(*account));
    let mut root = Node::default();
    for (account, sums) in &accounts {
        root.add(&path(books, *account), sums);
    }
    let mut nodes = root.children;
    // The one root that only repeats the section's name (`Assets:…`) is not worth a level.
    if let [only] = nodes.as_mut_slice()
        && only.own.0.is_empty()
        && AccountType::parse(&only.label) == Some(kind)
    {
        nodes = std::mem::take(&mut only.children);
    }
    nodes.into_iter().map(Node::joined).collect()
}

fn child<'a>(children: &'a mut Vec<Node>, step: &Step) -> &'a mut Node {
    let index = children.iter().position(|child| child.id == step.id).unwrap_or_else(|| {
        children.push(Node { id: step.id.clone(), label: step.label.clone(), is_name: step.is_name, ..Node::default() });
        children.len() - 1
    });
    &mut children[index]
}

fn path(books: &Books, no: AccountNo) -> Vec<Step> {
    let Some(account) = books.account(no) else {
        let id = format!("#{}", no.get());
        return vec![Step { label: id.clone(), id, is_name: false }];
    };
    let code = account.code.as_str();
    let label = |short: &str| if account.name == account.code { short.to_owned() } else { format!("{short} {}", account.name) };
    if let Some(parent) = account.parent.and_then(|parent| books.account(parent)) {
        let mut steps = path(books, parent.no);
        let below = code.strip_prefix(parent.code.as_str()).and_then(|rest| rest.strip_prefix(':'));
        steps.push(Step { id: code.to_owned(), label: label(below.unwrap_or(code)), is_name: below.is_some() });
        return steps;
    }
    let ends = code.match_indices(':').map(|(end, _)| end).chain([code.len()]);
    let mut steps: Vec<Step> = Vec::new();
    for end in ends {
        let start = steps.last().map_or(0, |step| step.id.len() + 1);
        let name = code.get(start..end).unwrap_or_default();
        let label = if end == code.len() { label(name) } else { name.to_owned() };
        steps.push(Step { id: code[..end].to_owned(), label, is_name: code.contains(':') });
    }
    steps
}
