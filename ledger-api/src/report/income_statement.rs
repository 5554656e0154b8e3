//! The income statement: what was earned and spent in a period. Closing entries are not among the movements it
//! is given: they move a result, they do not earn it.

use ledger_core::{AccountType, SubType};
use serde_json::Value;

use super::statement::{self, Printer, Section, totals_json};
use super::{Balance, Books, Heading, Sums};

/// An income statement.
#[derive(Clone, Debug)]
pub struct IncomeStatement<'a> {
    books: &'a Books,
    revenue: Section,
    cost_of_sales: Option<Section>,
    expenses: Section,
}

impl<'a> IncomeStatement<'a> {
    /// Lays out the movements of a period. Cost of sales stands apart where the chart has such accounts.
    #[must_use]
    pub fn new(books: &'a Books, movements: &[Balance]) -> Self {
        let is_cost = |no| books.account(no).is_some_and(|account| account.sub_type == SubType::CostOfSales);
        let revenue = Section::of_accounts(books, ("Revenue", "Total revenue"), AccountType::Revenue, movements, |_| true);
        let costs = Section::of_accounts(books, ("Cost of sales", "Total cost of sales"), AccountType::Expense, movements, is_cost);
        let expenses = Section::of_accounts(books, ("Expenses", "Total expenses"), AccountType::Expense, movements, |no| !is_cost(no));
        let cost_of_sales = (!costs.lines.is_empty()).then_some(costs);
        Self { books, revenue, cost_of_sales, expenses }
    }

    /// Revenue minus cost of sales.
    #[must_use]
    pub fn gross(&self) -> Sums {
        let mut gross = self.revenue.total.clone();
        if let Some(costs) = &self.cost_of_sales {
            gross.add_all(&costs.total.negated());
        }
        gross
    }

    /// What remains: a profit is positive.
    #[must_use]
    pub fn net(&self) -> Sums {
        let mut net = self.gross();
        net.add_all(&self.expenses.total.negated());
        net
    }

    fn sections(&self) -> Vec<(&'static str, &Section)> {
        let costs = self.cost_of_sales.iter().map(|section| ("cost-of-sales", section));
        [("revenue", &self.revenue)].into_iter().chain(costs).chain([("expenses", &self.expenses)]).collect()
    }

    /// The CSV form: accounts, each section on its natural side.
    ///
    /// # Errors
    /// None that the lines can cause.
    pub fn csv(&self) -> anyhow::Result<String> {
        statement::csv(self.books, &self.sections())
    }

    /// The JSON form.
    #[must_use]
    pub fn json(&self, heading: &Heading) -> Value {
        let mut map = statement::json(self.books, heading, "income-statement", &self.sections());
        map.insert("net_income".into(), totals_json(self.books, &self.net()));
        Value::Object(map)
    }

    /// The table for people, to a depth of the tree of accounts.
    #[must_use]
    pub fn table(&self, heading: &Heading, depth: Option<usize>) -> String {
        let mut printer = Printer::new(self.books, &self.sections().into_iter().map(|(_, section)| section).collect::<Vec<_>>(), depth);
        printer.section(&self.revenue);
        if let Some(costs) = &self.cost_of_sales {
            printer.section(costs);
            printer.total("Gross profit", &self.gross());
            printer.blank();
        }
        printer.section(&self.expenses);
        let net = self.net();
        printer.total(if net.functional() < 0 { "Net loss" } else { "Net income" }, &net);
        let unvalued = self.sections().iter().any(|(_, section)| section.total.has_unvalued());
        format!("{}{}", heading.text("Income statement"), printer.finish(unvalued))
    }
}
