//! The file's `option` lines, and what its `plugin` lines would do to the books.

use ledger_core::AccountType;
use rust_decimal::Decimal;

use super::ast::Method;

/// What the options of the first file say; included files may only name account roots again, as in beancount.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    roots: [(String, AccountType); 5],
    pub(super) booking: Method,
    pub(super) multiplier: Decimal,
    /// Tolerances by commodity; `*` for all others.
    pub(super) tolerances: Vec<(String, Decimal)>,
    pub(super) from_cost: bool,
    rounding_leaf: String,
    pub(super) auto_accounts: bool,
    pub(super) implicit_prices: bool,
}

impl Default for Settings {
    fn default() -> Self {
        let root = |name: &str, kind| (name.to_owned(), kind);
        Self {
            roots: [
                root("Assets", AccountType::Asset),
                root("Liabilities", AccountType::Liability),
                root("Equity", AccountType::Equity),
                root("Income", AccountType::Revenue),
                root("Expenses", AccountType::Expense),
            ],
            booking: Method::Strict,
            multiplier: Decimal::new(5, 1),
            tolerances: Vec::new(),
            from_cost: false,
            rounding_leaf: "Rounding".to_owned(),
            auto_accounts: false,
            implicit_prices: false,
        }
    }
}

/// Options without effect on the amounts of entries.
const WITHOUT_EFFECT: &[&str] = &[
    "title",
    "operating_currency",
    "documents",
    "render_commas",
    "display_precision",
    "long_string_maxlines",
    "plugin_processing_mode",
    "insert_pythonpath",
    "allow_pipe_separator",
    "allow_deprecated_none_for_tags_and_links",
    "use_precise_interpolation",
    "account_previous_balances",
    "account_previous_earnings",
    "account_previous_conversions",
    "account_current_earnings",
    "account_current_conversions",
    "account_unrealized_gains",
    "conversion_currency",
    "experiment_explicit_tolerances",
    "use_legacy_fixed_tolerances",
    "default_tolerance",
    "tolerance",
];

/// What became of an option line.
pub(super) enum Outcome {
    /// It is kept.
    Taken,
    /// It is an option of a file that is not the first, which beancount does not read either.
    Elsewhere,
    /// It names another plugin.
    Plugin,
}

impl Settings {
    /// Takes one option; `top` for the first file. The error says what was expected.
    pub(super) fn set(&mut self, key: &str, value: &str, top: bool) -> Result<Outcome, String> {
        if let Some(root) = key.strip_prefix("name_").and_then(root_index) {
            return self.set_root(root, value);
        }
        if key == "plugin" {
            return Ok(Outcome::Plugin);
        }
        let known = WITHOUT_EFFECT.contains(&key);
        match key {
            _ if known && (top || key == "operating_currency") => {}
            "booking_method" if top => {
                self.booking = Method::parse(value).ok_or_else(|| format!("expected a booking method: {}", Method::WORDS))?;
            }
            "tolerance_multiplier" | "inferred_tolerance_multiplier" if top => {
                self.multiplier = positive(value).ok_or("expected a number such as 0.5")?;
            }
            "inferred_tolerance_default" | "default_tolerance_map" if top => {
                let pair = value.split_once(':').and_then(|(code, number)| Some((code.trim().to_owned(), positive(number.trim())?)));
                self.tolerances.push(pair.ok_or("expected a commodity and a tolerance such as CHF:0.005 or *:0.001")?);
            }
            "infer_tolerance_from_cost" if top => self.from_cost = matches!(value.to_lowercase().as_str(), "1" | "true" | "yes" | "on"),
            "account_rounding" if top => value.clone_into(&mut self.rounding_leaf),
            "booking_method"
            | "tolerance_multiplier"
            | "inferred_tolerance_multiplier"
            | "inferred_tolerance_default"
            | "infer_tolerance_from_cost"
            | "account_rounding" => return Ok(Outcome::Elsewhere),
            _ if known => return Ok(Outcome::Elsewhere),
            _ => return Err("beancount has no option of this name".to_owned()),
        }
        Ok(Outcome::Taken)
    }

    fn set_root(&mut self, root: usize, value: &str) -> Result<Outcome, String> {
        let valid = value.chars().next().is_some_and(|c| c.is_uppercase() || !c.is_ascii())
            && value.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || !c.is_ascii());
        if !valid {
            return Err("expected the first part of account names, such as Assets".to_owned());
        }
        value.clone_into(&mut self.roots[root].0);
        Ok(Outcome::Taken)
    }

    /// The type of an account by the first part of its name.
    pub(super) fn kind(&self, account: &str) -> Option<AccountType> {
        let root = account.split(':').next()?;
        self.roots.iter().find(|(name, _)| name == root).map(|(_, kind)| *kind)
    }

    /// The roots, for messages.
    pub(super) fn root_names(&self) -> String {
        self.roots.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// The account that takes residuals of rounding.
    pub(super) fn rounding_account(&self) -> String {
        format!("{}:{}", self.roots[2].0, self.rounding_leaf)
    }

    /// What a plugin line means here.
    pub(super) fn plugin(&mut self, name: &str) -> Plugin {
        let last = name.rsplit('.').next().unwrap_or(name);
        match last {
            "auto_accounts" => self.auto_accounts = true,
            "implicit_prices" => self.implicit_prices = true,
            "auto" => {
                self.auto_accounts = true;
                self.implicit_prices = true;
            }
            _ if CHECKING.contains(&last) => return Plugin::Checks,
            _ if CHANGING.contains(&last) => return Plugin::ChangesBooks,
            _ => return Plugin::Unknown,
        }
        Plugin::Done
    }
}

/// What a plugin does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plugin {
    /// Its work is done here.
    Done,
    /// It only checks.
    Checks,
    /// It adds or changes entries in a way that is not done here.
    ChangesBooks,
    /// Nobody knows.
    Unknown,
}

/// Plugins of beancount that report and change nothing that is kept here.
const CHECKING: &[&str] = &[
    "check_average_cost",
    "check_closing",
    "check_commodity",
    "check_drained",
    "close_tree",
    "coherent_cost",
    "commodity_attr",
    "leafonly",
    "noduplicates",
    "nounused",
    "onecommodity",
    "pedantic",
    "sellgains",
    "unique_prices",
    "link_documents",
    "tag_discovered_documents",
];

/// Plugins that add or change entries.
const CHANGING: &[&str] = &[
    "book_conversions",
    "currency_accounts",
    "depreciate",
    "divert_expenses",
    "exclude_tag",
    "fill_account",
    "forecast",
    "ira_contribs",
    "split_expenses",
    "unrealized",
    "effective_date",
    "amortize_over",
    "recur",
    "split",
    "depr",
    "spread",
    "zerosum",
    "rename_accounts",
];

fn root_index(name: &str) -> Option<usize> {
    ["assets", "liabilities", "equity", "income", "expenses"].iter().position(|root| *root == name)
}

fn positive(text: &str) -> Option<Decimal> {
    text.parse::<Decimal>().ok().filter(|number| !number.is_sign_negative() && *number < Decimal::from(1_000_000))
}
