//! Accounts and commodities as small numbers, so that booking compares and indexes integers.

use rustc_hash::FxHashMap;

/// An account of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct AccountId(pub(super) u32);

/// A commodity of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct CurrencyId(pub(super) u32);

impl AccountId {
    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

impl CurrencyId {
    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// All names met so far.
#[derive(Debug, Default)]
pub(super) struct Names<'a> {
    accounts: Table<'a>,
    currencies: Table<'a>,
}

#[derive(Debug, Default)]
struct Table<'a> {
    ids: FxHashMap<&'a str, u32>,
    names: Vec<&'a str>,
}

impl<'a> Table<'a> {
    fn id(&mut self, name: &'a str) -> u32 {
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        // A source is at most 4 GiB, so its names always have a number.
        let id = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.ids.insert(name, id);
        self.names.push(name);
        id
    }
}

impl<'a> Names<'a> {
    pub(super) fn account(&mut self, name: &'a str) -> AccountId {
        AccountId(self.accounts.id(name))
    }

    pub(super) fn currency(&mut self, name: &'a str) -> CurrencyId {
        CurrencyId(self.currencies.id(name))
    }

    pub(super) fn account_name(&self, id: AccountId) -> &'a str {
        self.accounts.names.get(id.index()).copied().unwrap_or_default()
    }

    pub(super) fn currency_name(&self, id: CurrencyId) -> &'a str {
        self.currencies.names.get(id.index()).copied().unwrap_or_default()
    }

    pub(super) fn known_account(&self, name: &str) -> Option<AccountId> {
        self.accounts.ids.get(name).copied().map(AccountId)
    }

    pub(super) fn account_names(&self) -> &[&'a str] {
        &self.accounts.names
    }

    pub(super) fn currencies(&self) -> usize {
        self.currencies.names.len()
    }

    /// The account itself and the accounts above it, as far as the source names them.
    pub(super) fn lineage(&self, id: AccountId) -> impl Iterator<Item = AccountId> {
        let name = self.account_name(id);
        let ends = name.char_indices().filter(|(_, c)| *c == ':').map(|(at, _)| at).chain(std::iter::once(name.len()));
        ends.filter_map(move |end| self.known_account(&name[..end]))
    }
}
